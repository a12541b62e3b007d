"""Rules that rows are checked by: their severity and words (``checks.toml``), and the checks across a whole file.

A parser names the rule that a cell breaks; whether that refuses the row or only warns stands in the table.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from data.imports.findings import Cannot, Doubtful
from data.numbers import normalise
from geo.counting import with_forms
from geo.errors import Text

if TYPE_CHECKING:
    from data.imports.report import ImportReport
    from data.imports.rows import Records

REFUSE, WARN = "refuse", "warn"
SHOWN_PER_RULE = 200
_TABLE = Path(__file__).with_name("checks.toml")
_STEPS = ("approved_on", "started_on", "completed_on", "accepted_on", "paid_on")
_DAYS = ("appraised_on", *_STEPS, "visited_on")
_STEP_NAMES = {
    "approved_on": Text("批准日期", "the approval"),
    "started_on": Text("开工日期", "the start"),
    "completed_on": Text("竣工日期", "the completion"),
    "accepted_on": Text("验收日期", "the acceptance"),
    "built_year": Text("建造年份", "the year of building"),
}


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    code : str
        Stands in reports and in ``batch_problem``; it stays, the words may change.
    severity : str
        ``refuse`` or ``warn``.
    words : Text
        The reason, with places to fill in braces.
    words_for_all : Text
        The same for several rows together, without what is a fact of one row.
    fields : tuple of str
        Fields it speaks of; empty where it is about any.
    in_kind : mapping of str to str
        Kinds of file with another severity.
    """

    code: str
    severity: str
    words: Text
    words_for_all: Text
    fields: tuple[str, ...] = ()
    in_kind: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checks:
    """All rules by code."""

    rules: Mapping[str, Rule]

    def refuses(self, code: str, kind: str) -> bool:
        """Whether a row of this kind that breaks the rule is refused."""
        rule = self.rules[code]
        return rule.in_kind.get(kind, rule.severity) == REFUSE

    def words(self, code: str, **facts: Any) -> Text:
        """Give the reason with its facts filled in; a fact may be a ``Text`` of its own."""
        words = self.rules[code].words
        chinese = {name: fact.zh if isinstance(fact, Text) else fact for name, fact in facts.items()}
        english = {name: fact.en if isinstance(fact, Text) else fact for name, fact in facts.items()}
        return Text(words.zh.format(**chinese), with_forms(words.en, english).format(**english))

    def about(self, name: str) -> list[Rule]:
        """Give the rules that speak of a field, in the order of the table."""
        return [rule for rule in self.rules.values() if name in rule.fields]


@cache
def load_checks(path: Path = _TABLE) -> Checks:
    """Read a table of rules.

    Raises
    ------
    ValueError
        If a severity is neither ``refuse`` nor ``warn``, or words that name a fact of one row have no other form
        (``all_zh``, ``all_en``) for several.
    """
    rules = {}
    for code, told in tomllib.loads(path.read_text(encoding="utf-8")).items():
        severities = {told["severity"], *told.get("in_kind", {}).values()}
        if not severities <= {REFUSE, WARN}:
            raise ValueError(f"{path.name}: rule {code} has the severities {sorted(severities)}")
        words = Text(told["zh"], told["en"])
        for_all = Text(told.get("all_zh", words.zh), told.get("all_en", words.en))
        if "{" in for_all.zh + for_all.en:
            raise ValueError(f"{path.name}: rule {code} has no words for several rows (all_zh, all_en)")
        fields, in_kind = tuple(told.get("fields", ())), told.get("in_kind", {})
        rules[code] = Rule(code, told["severity"], words, for_all, fields, in_kind)
    return Checks(rules)


def cannot(code: str, expected: Text, **facts: Any) -> Cannot:
    """Make the error of a cell that breaks a rule and has no value to take."""
    return Cannot(expected, load_checks().words(code, **facts), code)


def doubt(code: str, value: Any, **facts: Any) -> Doubtful:
    """Make the value of a cell that breaks a rule and can be taken all the same."""
    return Doubtful(value, load_checks().words(code, **facts), code)


def check_records(
    records: Records, kind: str, report: ImportReport, checks: Checks | None = None, *, on: date | None = None
) -> Records:
    """Check the rows of a file against one another and their days against each other.

    Parameters
    ----------
    records : Records, n rows
        As :func:`data.imports.rows.read_records` gives them; n = 0 is allowed.
    kind : str
    report : ImportReport
        Gets refused rows and warnings with the rule's code.
    checks : Checks, optional
        The shipped table by default.
    on : date, optional
        The day that future begins after; today in Beijing by default.

    Returns
    -------
    Records
        Those that are not refused. Of two rows that cannot both be right the later one is refused.
    """
    checks = checks or load_checks()
    today = on or datetime.now(ZoneInfo("Asia/Shanghai")).date()
    found = [*_check_days(records, today), *_check_repeats(records, kind)]
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    codes: dict[int, str] = {}
    told: dict[str, int] = {}
    for code, at, name, facts in found:
        reason = checks.words(code, **facts)
        if checks.refuses(code, kind):
            if codes.setdefault(at, code) == code:
                refused[at] = (name, records.column(name)[at], None, reason)
            continue
        told[code] = told.get(code, 0) + 1
        if told[code] <= SHOWN_PER_RULE:
            _warn(records, report, code, at, name, reason)
    for code, number in told.items():
        if number > SHOWN_PER_RULE:
            more = number - SHOWN_PER_RULE
            report.warn(Text(f"同类提示还有 {more} 处", f"{more} more doubts of this kind"), code=code, n=more)
    return records.refuse(report, refused, codes)


Finding = tuple[str, int, str, dict[str, Any]]
"""Code of the rule, place of the record, field, facts for the words."""


def _check_days(records: Records, today: date) -> Iterator[Finding]:
    for name in _DAYS:
        for at, day in enumerate(records.column(name) if records.has(name) else ()):
            if day is not None and day > today:
                yield "date_future", at, name, {}
    years = records.column("built_year")
    for at, year in enumerate(years if records.has("built_year") else ()):
        if year is not None and year > today.year:
            yield "date_future", at, "built_year", {}
    if records.has("built_year") and records.has("appraised_on"):
        for at, (year, day) in enumerate(zip(years, records.column("appraised_on"), strict=True)):
            if year is not None and day is not None and day.year < year:
                yield "date_order", at, "appraised_on", {"other": _STEP_NAMES["built_year"], "day": year}
    steps = [(name, records.column(name)) for name in _STEPS if records.has(name)]
    for at in range(len(records) if len(steps) > 1 else 0):
        latest: tuple[date, str] | None = None
        for name, column in steps:
            day = column[at]
            if day is None:
                continue
            # A first of January may stand for a year alone, which contradicts nothing later in that year.
            whole_year = (day.month, day.day) == (1, 1) and latest is not None and day.year == latest[0].year
            if latest is not None and day < latest[0] and not whole_year:
                yield "date_order", at, name, {"other": _STEP_NAMES[latest[1]], "day": latest[0].isoformat()}
            if latest is None or day > latest[0]:
                latest = (day, name)


def _check_repeats(records: Records, kind: str) -> Iterator[Finding]:
    keys = {
        "households": ("code", "stated_area"),
        "ledger": ("code", "house_code", "site_code", "stated_area"),
        "houses": ("code", "stated_area"),
        "sites": ("code", "stated_area"),
    }.get(kind)
    if keys is None:
        return
    columns = [records.column(name) for name in keys]
    repeated: set[int] = set()
    # A ledger may have a household twice, with another house; what is numbered only once is a record twice.
    for at, before in _twins(zip(*columns, strict=True), lambda key: bool(key[0])):
        if kind != "ledger" or columns[1][at] or columns[2][at]:
            repeated.add(at)
            yield "repeat_in_file", at, "code", _place_of(records, at, before)
    if kind not in ("households", "ledger"):
        return
    codes = records.column("code")
    numbers = [normalise(value, "id_number") if value else None for value in records.column("id_number")]
    for at, before in _twins(((number,) for number in numbers), lambda key: bool(key[0])):
        if at not in repeated and not (kind == "ledger" and _one_household(codes, records, at, before)):
            repeated.add(at)
            yield "same_id_in_file", at, "id_number", _place_of(records, at, before)
    yield from _check_neighbours(records, kind, numbers, repeated)


def _check_neighbours(records: Records, kind: str, numbers: list[str | None], repeated: set[int]) -> Iterator[Finding]:
    """Rows that may be one household, or stand at one house number; those refused already are not told again."""
    parts = ("stated_area", "natural_village", "house_no", "address")
    stated, hamlet, door, address = ([_folded(value) for value in records.column(name)] for name in parts)
    names = [_folded(value) for value in records.column("head_name")]
    codes = records.column("code")
    for at, before in _twins(zip(names, stated, hamlet, door, address, strict=True), _is_placed):
        if at not in repeated and not (kind == "ledger" and _one_household(codes, records, at, before)):
            yield "same_name_and_place_in_file", at, "head_name", _place_of(records, at, before)
    households = [code or number or name for code, number, name in zip(codes, numbers, names, strict=True)]
    first: dict[tuple[str, ...], int] = {}
    for at, key in enumerate(zip(stated, hamlet, door, strict=True)):
        if not key[2] or at in repeated:
            continue
        before = first.setdefault(key, at)
        if before != at and households[before] != households[at]:
            yield "house_no_repeats", at, "house_no", _place_of(records, at, before)


def _is_placed(key: tuple[str, ...]) -> bool:
    """Whether a name stands with more than its village: namesakes in one village are common."""
    return bool(key[0]) and any(key[2:])


def _one_household(codes: list[Any], records: Records, at: int, before: int) -> bool:
    """Whether two rows of a ledger say that they are of one household: the same code, or the same head without one."""
    names = records.column("head_name")
    return codes[at] == codes[before] and (codes[at] is not None or names[at] == names[before])


def _twins(keys: Iterable[tuple[Any, ...]], counts: Any) -> Iterator[tuple[int, int]]:
    first: dict[tuple[Any, ...], int] = {}
    for at, key in enumerate(keys):
        if counts(key):
            before = first.setdefault(key, at)
            if before != at:
                yield at, before


def _place_of(records: Records, at: int, before: int) -> dict[str, Any]:
    sheet = f"{records.sheets[before]} " if records.sheets[before] != records.sheets[at] else ""
    return {"place": sheet, "row": records.rows[before]}


def _folded(value: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", value).split()).casefold() if isinstance(value, str) else ""


def _warn(records: Records, report: ImportReport, code: str, at: int, name: str, reason: Text) -> None:
    report.warn(
        reason,
        row=records.rows[at],
        sheet=records.sheets[at],
        column=records.headings.get((records.sheets[at], name)),
        code=code,
    )
