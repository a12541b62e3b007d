"""What an import was asked for, and what it reports: totals, refused rows, doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from data.imports.checks import load_checks
from geo.errors import FangtuError, Text


class ImportRefused(FangtuError):
    """The file as a whole cannot be imported: nothing was changed."""

    code = "import_refused"


class Progress(Protocol):
    """Gets a sentence for each step, and how many of how many rows it has done where that is known."""

    def __call__(self, text: Text, done: int | None = None, total: int | None = None, /) -> None:
        """Tell a step."""


@dataclass(frozen=True)
class ImportOptions:
    """How to read a file.

    Attributes
    ----------
    area : str or None
        Code, older code or name of the area the file speaks of; settles which codes and names are meant.
    crs : str or None
        Coordinate system of the file (see ``geo.crs.parse_system``); by default what the file says, else WGS-84.
    mapping : mapping of str to str
        Column heading to field name, for headings the dictionary does not know.
    dry_run : bool
        Do everything, report, and take it back.
    campaign : str or None
        Campaign of visits (its id in the work plan), when the file does not say.
    round : int or None
        Round of visits, when the file does not say.
    level : str or None
        Level of areas without a telling code: a key of ``data.rules.words.LEVEL``.
    sheet : str or None
        Read this sheet or layer only.
    swapped : bool
        The file has latitude or northing first.
    within : tuple of (int, int) or None
        Ranges ``[from, to)`` of jurisdiction numbers that the import may touch; None for all (the command line). With
        ranges ``area`` is required, and lies inside one of them.
    account_id : int or None
        Who imports; None for the machine's operator.
    sender : str or None
        Who sent the file, the name of an office; its headings are remembered for it.
    file_name : str or None
        What people call the file, where it is read from a working copy of another name.
    remembered : mapping of str to str
        Column heading to field name, as accepted for an earlier file of this sender.
    file_name : str or None
        What people call the file, where the path is a working copy; by default the path's own name.
    source : str or None
        Roads: what the source is called whose roads the file replaces; by default the name of the file.
    snap_m : float or None
        Roads: how far a dangling end may be moved, metres; by default 3, and 0 for OpenStreetMap.
    keep : bool
        Roads: add to what the source has brought before, rather than replace it.
    """

    area: str | None = None
    crs: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    campaign: str | None = None
    round: int | None = None
    level: str | None = None
    sheet: str | None = None
    swapped: bool = False
    within: tuple[tuple[int, int], ...] | None = None
    account_id: int | None = None
    sender: str | None = None
    file_name: str | None = None
    remembered: Mapping[str, str] = field(default_factory=dict)
    source: str | None = None
    snap_m: float | None = None
    keep: bool = False


@dataclass(frozen=True)
class Problem:
    """Why a row was refused, or a doubt about one that was accepted.

    ``found`` never holds a personal number in full. ``row`` is the row number people see in the file, None for a
    remark about the whole file. ``code`` is the rule of ``checks.toml``, if it is one of those. ``n`` is how many
    places it stands for: more than 1 where further ones of a kind are not listed one by one.
    """

    sheet: str | None
    row: int | None
    column: str | None
    found: str | None
    expected: Text | None
    reason: Text
    refused: bool = True
    code: str | None = None
    n: int = 1

    def to_json(self, language: str) -> dict[str, Any]:
        """Give the keys other programs read, in one language."""
        return {
            "sheet": self.sheet,
            "row": self.row,
            "column": self.column,
            "found": self.found,
            "expected": self.expected.in_language(language) if self.expected else None,
            "reason": self.reason.in_language(language),
            "code": self.code,
        }


@dataclass(frozen=True)
class Group:
    """How many places one rule speaks of, refusing or not; ``unit`` says what they are: row, column or file."""

    code: str | None
    reason: Text
    n: int
    refused: bool
    unit: str = "row"

    def to_json(self, language: str) -> dict[str, Any]:
        """Give it as plain values, in one language."""
        return {
            "code": self.code,
            "reason": self.reason.in_language(language),
            "n": self.n,
            "refused": self.refused,
            "unit": self.unit,
        }


@dataclass
class ImportReport:
    """Totals of one batch: ``read`` = ``accepted`` + ``refused``; ``ignored`` are head, title, total and remark rows.

    Attributes
    ----------
    batch : int or None
        Number of the batch; None after a dry run.
    problems : list of Problem
        Refused rows.
    warnings : list of Problem
        Doubts about accepted rows or the file.
    columns : dict of str to str
        Heading to the field it was understood as.
    ignored_columns : list of str
        Headings that were not used.
    counts : dict of str to int
        Further totals of the kind: ``inserted``, ``updated``, ``unchanged``, ``outside``, ``unmatched``, ``moved`` …
    """

    kind: str
    batch: int | None = None
    read: int = 0
    accepted: int = 0
    refused: int = 0
    ignored: int = 0
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    ignored_columns: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    dry_run: bool = False

    def count(self, **numbers: int) -> None:
        """Add to the further totals."""
        for name, number in numbers.items():
            self.counts[name] = self.counts.get(name, 0) + int(number)

    def warn(
        self,
        reason: Text,
        *,
        row: int | None = None,
        sheet: str | None = None,
        column: str | None = None,
        found: object = None,
        expected: Text | None = None,
        code: str | None = None,
        n: int = 1,
    ) -> None:
        """Note a doubt that refuses nothing."""
        shown = None if found is None else str(found)[:200]
        self.warnings.append(Problem(sheet, row, column, shown, expected, reason, refused=False, code=code, n=n))

    def groups(self) -> list[Group]:
        """Give totals for each rule: refusing ones first, the most frequent first."""
        first: dict[tuple[bool, str | Text], Problem] = {}
        totals: Counter[tuple[bool, str | Text]] = Counter()
        for problem in (*self.problems, *self.warnings):
            key = (problem.refused, problem.code or problem.reason)
            first.setdefault(key, problem)
            totals[key] += problem.n
        ordered = sorted(totals.items(), key=lambda item: (not item[0][0], -item[1]))
        return [Group(first[key].code, _words_of(first[key]), n, key[0], _unit_of(first[key])) for key, n in ordered]

    def to_json(self, language: str = "zh") -> dict[str, Any]:
        """Give the report as plain values, sentences in one language (``zh`` or ``en``)."""
        return {
            "batch": self.batch,
            "read": self.read,
            "accepted": self.accepted,
            "refused": self.refused,
            "ignored": self.ignored,
            "problems": [problem.to_json(language) for problem in self.problems],
            "warnings": [problem.to_json(language) for problem in self.warnings],
            "kind": self.kind,
            "dry_run": self.dry_run,
            "columns": dict(self.columns),
            "ignored_columns": list(self.ignored_columns),
            "groups": [group.to_json(language) for group in self.groups()],
            **self.counts,
        }


def _unit_of(problem: Problem) -> str:
    if problem.row is not None:
        return "row"
    return "file" if problem.column is None else "column"


def _words_of(problem: Problem) -> Text:
    """Give the words of a problem's rule for several rows; the problem's own where it is of no rule."""
    rule = load_checks().rules.get(problem.code or "")
    return rule.words_for_all if rule else problem.reason
