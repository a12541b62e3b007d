"""The fields of each kind of file: what they are called, how a cell is read, and what its heading adds to that."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from data.imports.dictionary import HeadingHints, spellings
from data.imports.findings import Parser
from data.imports.forms import FORMS, Form, with_legend
from data.imports.measures import UNITS, read_area, read_minutes, read_money
from geo.errors import FangtuError, Text

_WORDS = Path(__file__).with_name("fields.toml")
# Sheets of the templates that hold no data.
EXAMPLES = Text("示例", "Examples")
GUIDE = Text("填写说明", "How to fill in")
_MEASURES: dict[str, Callable[[str | None], Parser]] = {
    "area": read_area,
    "money": read_money,
    "minutes": read_minutes,
}


class KindUnknown(FangtuError):
    """There is no such kind of file to import or export."""

    code = "kind_unknown"


@dataclass(frozen=True)
class Field:
    """One field of a kind.

    Attributes
    ----------
    name : str
        As ``--map`` and our own files call it.
    label, about : Text
        What people read: its name and what it means.
    form : Form
        How a cell is read.
    words : tuple of str
        How columns are called; of several in one file the one that stands first here is read.
    required : bool
        A file without the column is refused.
    repeats : bool
        Several columns may have it; the values then form a list in their order.
    examples : tuple of str
        Cells for the examples of the template; empty for a field that the template does not offer.
    """

    name: str
    label: Text
    about: Text
    form: Form
    words: tuple[str, ...]
    required: bool = False
    repeats: bool = False
    examples: tuple[str, ...] = ()

    @property
    def parse(self) -> Parser:
        """Read a cell whose heading says nothing of units or options."""
        return self.form.parse

    def reader(self, hints: HeadingHints) -> Parser:
        """Give the reader of a column whose heading says its unit (``万元``) or its options (``1未鉴定/2A``)."""
        measure = self.form.measure
        parse = self.form.parse
        if measure and hints.unit in UNITS[measure]:
            parse = _MEASURES[measure](hints.unit)
        if self.form.has_legend and hints.legend:
            return with_legend(parse, hints.legend)
        return parse


_REQUIRED = {("sites", "method")}
_REPEATS = {("areas", "old_code"), ("areas", "old_name")}
KINDS = (*FORMS, "campaigns")


@lru_cache(maxsize=1)
def all_fields() -> Mapping[str, Mapping[str, Field]]:
    """Give the fields of every kind of table, by kind and name."""
    return {kind: fields_of(kind) for kind in FORMS}


@cache
def fields_of(kind: str) -> Mapping[str, Field]:
    """Give the fields of a kind by name.

    Raises
    ------
    KindUnknown
        If there is no such kind of table.
    """
    if kind not in FORMS:
        raise unknown_kind(kind)
    told = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    words: dict[str, list[tuple[int, str]]] = {}
    for lines in spellings(kind).values():
        for line in lines:
            words.setdefault(line.field, []).append((line.rank, line.heading))
    fields = {}
    for name, form in FORMS[kind].items():
        facts = told.get(kind, {}).get(name) or told["all"][name]
        fields[name] = Field(
            name,
            Text(*facts["label"]),
            Text(*facts["about"]),
            form,
            tuple(word for _, word in sorted(words[name])),
            (kind, name) in _REQUIRED,
            (kind, name) in _REPEATS,
            tuple(facts.get("examples", ())),
        )
    return fields


def unknown_kind(kind: str) -> KindUnknown:
    """Build the error for a kind there is not."""
    known = ", ".join(KINDS)
    return KindUnknown(
        Text(f"不认识的类别“{kind}”，应为：{known}。", f"Unknown kind '{kind}'; expected one of: {known}."),
        found=kind,
    )
