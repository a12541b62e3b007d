"""Changing single numbers in the text of a work plan; its comments, its order and all else stay as they are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from data.rules.plan_lines import Path, lines_of, value_end
from data.rules.plan_reading import name_of
from geo.errors import FangtuError, Text

# What the form offers: numbers, days, times and switches; names, clauses and lists are for the text.
FORM: dict[str, tuple[str, ...]] = {
    "campaign": ("target",),
    "cohort": ("since", "until"),
    "stage": ("starts_on", "ends_on"),
    "round": ("starts_on", "ends_on", "target"),
    "visit": (
        "min_minutes",
        "remote_needs_reason",
        "per_inspector_day",
        "max_distance_m",
        "max_accuracy_m",
        "max_fix_age_s",
        "earliest",
        "latest",
    ),
    "visitor": ("share", "count", "due_on"),
    "deadline": ("days", "at_most"),
    "scoring": ("start", "talk_at"),
    "score": ("points",),
}
_DAYS = ("since", "until", "starts_on", "ends_on", "due_on")
_FLAGS = ("remote_needs_reason",)
_CLOCKS = ("earliest", "latest")
_PART = re.compile(r"([a-z_]+)(?:\[([1-9]\d{0,3})\])?\Z")


class FieldUnknown(FangtuError):
    """No field of that name is in the form."""

    code = "field_unknown"

    def __init__(self, field: str) -> None:
        super().__init__(
            Text(f"表单中没有“{field}”。请在文本中修改。", f"The form has no '{field}'. Change it in the text."),
            found=field,
        )


def form_of(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of a plan as a form shows them.

    Parameters
    ----------
    content : mapping
        As read without faults.

    Returns
    -------
    list of dict
        ``{table, name_zh, name_en, fields}`` for each table there is; ``fields`` with ``field`` (as in faults),
        ``key``, ``kind`` (``number``, ``day``, ``clock``, ``flag``), ``value`` (None where it is not stated), and
        ``clause`` and ``clause_ref`` where the number has its own; those of the table beside ``fields``.
    """
    form = []
    for table, keys in FORM.items():
        content_of = content.get(table)
        rows = content_of if isinstance(content_of, list) else [content_of] if content_of else []
        for at, row in enumerate(rows):
            path: Path = (table, at) if isinstance(content_of, list) else (table,)
            fields = [
                {
                    "field": name_of((*path, key)),
                    "key": key,
                    "kind": kind_of(key),
                    "value": row.get(key),
                    "clause": row.get("clauses", {}).get(key),
                    "clause_ref": row.get("clause_refs", {}).get(key),
                }
                for key in keys
                if _is_asked(table, key, row)
            ]
            if not fields:
                continue
            names = {name: row.get(name) for name in ("name_zh", "name_en", "clause", "clause_ref")}
            form.append({"table": table, **names, "fields": fields})
    return form


def _is_asked(table: str, key: str, row: Mapping[str, Any]) -> bool:
    """Whether a field says anything for this row: days of renovations, shares of those who have one."""
    if key in row:
        return True
    if table == "cohort":
        return row["rule"] in ("renovated", "new_renovation")
    if table == "visitor" and key in ("share", "count"):
        return bool(row["rule"] == key)
    return True


def kind_of(key: str) -> str:
    """How a field is entered."""
    return "day" if key in _DAYS else "flag" if key in _FLAGS else "clock" if key in _CLOCKS else "number"


def change_value(text: str, field: str, value: Any) -> str:
    """Set one field of the form in the text, or take it out.

    Parameters
    ----------
    text : str
        A plan that is valid TOML.
    field : str
        As in ``round[2].ends_on``.
    value : str, int, float, bool or None
        As entered; None takes the line out. It is written as TOML even where it is not what the field takes: the
        reader says so then, with the line.

    Raises
    ------
    FieldUnknown
        If the form has no such field, or the plan no such table.
    """
    path = _path_of(field)
    lines = lines_of(text)
    rows = text.split("\n")
    if path not in lines:
        if value is None:
            return text
        if path[:-1] not in lines:
            raise FieldUnknown(field)
        rows.insert(lines[path[:-1]], f"{path[-1]} = {_written(str(path[-1]), value)}")
        return "\n".join(rows)
    at = lines[path] - 1
    if value is None:
        del rows[at]
        return "\n".join(rows)
    begin = rows[at].index("=") + 1
    end = value_end(rows[at], begin)
    rows[at] = f"{rows[at][:begin]} {_written(str(path[-1]), value)}{rows[at][end:]}"
    return "\n".join(rows)


def _path_of(field: str) -> Path:
    head, dot, key = field.rpartition(".")
    part = _PART.match(head)
    if not dot or part is None or key not in FORM.get(part[1], ()):
        raise FieldUnknown(field)
    return (part[1], int(part[2]) - 1, key) if part[2] else (part[1], key)


def _written(key: str, value: Any) -> str:
    """A value as TOML: days stand without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if key in _DAYS and re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        return str(value)
    return json.dumps(str(value), ensure_ascii=False)
