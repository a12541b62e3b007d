"""Reading a work plan (实施方案) from TOML: all its faults at once, each with line, field and what is expected."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from data.rules.plan_fields import TABLES, Table, Unexpected
from data.rules.plan_lines import Path, line_at, lines_of
from geo.errors import Text

MOST_FAULTS = 100
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_ALL = "all_households"


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of a plan.

    Attributes
    ----------
    line : int
        Line of the text, from 1.
    field : str
        As in ``round[2].ends_on``; tables of a list are numbered from 1. Empty for the text as a whole.
    found : str or None
        What stands there, as TOML would write it; None if nothing does.
    expected : Text
    """

    line: int
    field: str
    found: str | None
    expected: Text

    @property
    def sentence(self) -> Text:
        """The fault in one sentence."""
        zh, en = f"第 {self.line} 行", f"Line {self.line}"
        if self.field:
            zh, en = f"{zh} {self.field}", f"{en}, {self.field}"
        if self.found is None:
            return Text(f"{zh}：应为{self.expected.zh}", f"{en}: expected {self.expected.en}")
        return Text(
            f"{zh}：写的是 {self.found}，应为{self.expected.zh}",
            f"{en}: found {self.found}, expected {self.expected.en}",
        )


@dataclass
class Reading:
    """What was read: the content as stored (all tables there, defaults filled in, days still days), and the faults."""

    content: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)

    def fault(self, path: Path, found: Any, expected: Text) -> None:
        """Note a fault at a place."""
        self.faults.append(Fault(line_at(self.lines, path), name_of(path), _shown(found), expected))


def name_of(path: Path) -> str:
    """A path as people read it: ``("round", 1, "no")`` is ``round[2].no``."""
    name = ""
    for part in path:
        name += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def read_text(text: str) -> Reading:
    """Read a plan and check each field, and that what is named is there.

    Parameters
    ----------
    text : str
        The TOML.

    Returns
    -------
    Reading
        With at most ``MOST_FAULTS`` faults, in the order of their lines. ``content`` is whole only without faults.
    """
    text = text.replace("\r\n", "\n")
    reading = Reading(lines=lines_of(text))
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = _AT.search(str(error))
        line = int(said[1]) if said and said[1] else max(1, text.rstrip("\n").count("\n") + 1)
        what = _AT.sub("", str(error)).strip()
        reading.faults.append(
            Fault(line, "", _line_shown(text, line), Text(f"有效的 TOML（{what}）", f"valid TOML ({what})"))
        )
        return reading
    for name in raw.keys() - TABLES.keys():
        reading.fault((name,), name, _nearest(name, list(TABLES), Text("节", "table")))
    for name, table in TABLES.items():
        reading.content[name] = _take(reading, (name,), table, raw.get(name))
    if "visit" not in raw:
        reading.fault(("visit",), None, Text("一节 [visit]", "a table [visit]"))
    if not reading.content["round"]:
        reading.fault(("round",), None, Text("至少一轮 [[round]]", "at least one [[round]]"))
    _check_names(reading)
    _check_order(reading)
    reading.faults = sorted(reading.faults, key=lambda one: one.line)[:MOST_FAULTS]
    return reading


def _take(reading: Reading, path: Path, table: Table, raw: Any) -> Any:
    """A table or a list of tables as it is stored."""
    if not table.listed:
        if raw is not None and not isinstance(raw, dict):
            reading.fault(path, raw, Text(f"一节 [{path[-1]}]", f"a table [{path[-1]}]"))
            raw = None
        # Without them there is no campaign: what they lack is told, or filled in.
        if raw is None and path not in (("campaign",), ("visit",)):
            return {}
        return _take_one(reading, path, table, raw or {})
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(one, dict) for one in raw):
        name = ".".join(part for part in path if isinstance(part, str))
        reading.fault(path, raw, Text(f"若干节 [[{name}]]", f"tables [[{name}]]"))
        return []
    return [_take_one(reading, (*path, at), table, one) for at, one in enumerate(raw)]


def _take_one(reading: Reading, path: Path, table: Table, raw: dict[str, Any]) -> dict[str, Any]:
    inner = table.inner or {}
    taken: dict[str, Any] = {}
    for name in raw.keys() - table.fields.keys() - inner.keys():
        reading.fault((*path, name), name, _nearest(name, [*table.fields, *inner], Text("字段", "field")))
    for name, one in table.fields.items():
        if name not in raw:
            if one.required:
                reading.fault((*path, name), None, Text("必填的值", "a value; it is required"))
            elif one.default is not None:
                taken[name] = list(one.default) if isinstance(one.default, list) else one.default
            continue
        try:
            taken[name] = one.take(raw[name])
        except Unexpected as unexpected:
            reading.fault((*path, name), raw[name], unexpected.expected)
    for name, within in inner.items():
        taken[name] = _take(reading, (*path, name), within, raw.get(name))
    return taken


def _check_names(reading: Reading) -> None:
    """Each key once, and what a field names must be there."""
    content = reading.content
    for name, table in TABLES.items():
        if not table.listed:
            continue
        keys = [one.get(table.named_by) for one in content[name]]
        for at, key in enumerate(keys):
            if key is not None and key in keys[:at]:
                reading.fault((name, at, table.named_by), key, Text("不重复的编号", "a key that is not taken yet"))
    cohorts = [_ALL, *(one["key"] for one in content["cohort"] if "key" in one)]
    stages = [one["key"] for one in content["stage"] if "key" in one]

    def known(path: Path, value: str | None, among: list[str], table: str) -> None:
        if value is not None and value not in among:
            listed = "、".join(among) or "—", ", ".join(among) or "there is none"
            expected = Text(f"[[{table}]] 之一：{listed[0]}", f"a key of [[{table}]]: {listed[1]}")
            reading.fault(path, value, expected)

    known(("campaign", "cohort"), content["campaign"].get("cohort"), cohorts, "cohort")
    for at, one in enumerate(content["round"]):
        known(("round", at, "cohort"), one.get("cohort"), cohorts, "cohort")
        known(("round", at, "stage"), one.get("stage"), stages, "stage")
    for at, one in enumerate(content["deadline"]):
        known(("deadline", at, "after"), one.get("after"), stages, "stage")
        known(("deadline", at, "stage"), one.get("stage"), stages, "stage")


def _check_order(reading: Reading) -> None:
    """Numbers in order, ends after beginnings, and what a rule needs beside it."""
    content = reading.content
    numbers = [one.get("no") for one in content["round"]]
    for at, no in enumerate(numbers):
        if no is not None and no != at + 1:
            reading.fault(
                ("round", at, "no"), no, Text(f"{at + 1}（从 1 起连续编号）", f"{at + 1}: rounds count 1, 2, 3 …")
            )
    for name, first, last in (
        ("round", "starts_on", "ends_on"),
        ("stage", "starts_on", "ends_on"),
        ("cohort", "since", "until"),
        ("deadline", "days", "at_most"),
    ):
        for at, one in enumerate(content[name]):
            if one.get(first) is not None and one.get(last) is not None and one[last] < one[first]:
                expected = Text(f"不小于 {first}（{_shown(one[first])}）", f"not before {first} ({_shown(one[first])})")
                reading.fault((name, at, last), one[last], expected)
    for at, one in enumerate(content["cohort"]):
        if one.get("rule") == "key_groups" and not one.get("groups", True):
            reading.fault(("cohort", at, "groups"), None, Text("至少一类重点户", "at least one key group"))
    for at, one in enumerate(content["visitor"]):
        if one.get("rule") == "share" and "share" not in one and not _faulty(reading, ("visitor", at, "share")):
            reading.fault(("visitor", at, "share"), None, Text("比例，如 0.3", "a share such as 0.3"))
    visit = content["visit"]
    if visit.get("earliest") and visit.get("latest") and visit["latest"] <= visit["earliest"]:
        expected = Text(f"晚于 {visit['earliest']}", f"later than {visit['earliest']}")
        reading.fault(("visit", "latest"), visit["latest"], expected)
    units: set[tuple[str, str | None]] = set()
    for at, one in enumerate(content["visitor"]):
        for within, unit in enumerate(one["unit"]):
            # A unit may have several villages, each with its number of households.
            if (named := (unit.get("name", ""), unit.get("village"))) in units:
                expected = Text("不重复的单位和村", "a unit and village that are not named before")
                reading.fault(("visitor", at, "unit", within, "name"), unit.get("name"), expected)
            units.add(named)
    for at, one in enumerate(content["figure"]):
        ratio = one.get("ratio_of", [])
        if ratio and (len(ratio) != 2 or not ratio[1]):
            expected = Text("两个数 [分子, 分母]，分母大于 0", "two numbers [part, whole], the whole above 0")
            reading.fault(("figure", at, "ratio_of"), ratio, expected)


def _faulty(reading: Reading, path: Path) -> bool:
    return any(one.field == name_of(path) for one in reading.faults)


def _nearest(name: str, known: list[str], kind: Text) -> Text:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return Text(f"已知的{kind.zh}；最接近的是 {near[0]}", f"a known {kind.en}; the nearest is {near[0]}")
    listed = ", ".join(known)
    return Text(f"已知的{kind.zh}：{listed}", f"a known {kind.en}: {listed}")


def _shown(value: Any) -> str | None:
    """A value as TOML would write it, short."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    return str(value)[:80]


def _line_shown(text: str, line: int) -> str | None:
    rows = text.split("\n")
    return rows[line - 1].strip()[:80] or None if line <= len(rows) else None
