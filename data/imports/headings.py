"""Which column is which field: what the user says, what was accepted before, and a dictionary of the words ledgers use.

Every heading gets a decision with a confidence. From :data:`USED_FROM` on a column is read without asking; below it is
only proposed on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data.imports.dictionary import (
    NO_HINTS,
    REASONS,
    HeadingHints,
    find_left_out,
    fold_heading,
    read_hints,
)
from data.imports.fields import fields_of
from data.imports.meanings import Meaning, is_foreign, is_of_persons, look_up, of_a_person
from geo.errors import FangtuError, Text

USED_FROM = 0.7
_REMEMBERED, _PATTERN, _FOREIGN = 0.95, 0.9, 0.5
_OTHER_TABLE = Text(
    "整张表像是另一种台账；如果要导入，请指明字段",
    "the whole table looks like another ledger; say what the column is if it is to be read",
)


class MappingWrong(FangtuError):
    """A column given with ``--map`` is not in the file, or its field does not exist."""

    code = "mapping_wrong"


@dataclass(frozen=True)
class Decision:
    """What one column is taken for.

    Attributes
    ----------
    heading : str
        As the file has it.
    field : str or None
        None for a column that is not read.
    how : str
        ``told`` (by the user), ``remembered`` (from an earlier file), ``exact``, ``likely`` (to be looked at),
        ``left_out`` (known, and not read) or ``unknown``.
    confidence : float
        0 to 1; of a column that is left out, how sure that is.
    why : Text or None
        Why it is left out, or what to look at.
    hints : HeadingHints
        Unit and options that the heading names.
    """

    heading: str
    field: str | None
    how: str
    confidence: float
    why: Text | None = None
    hints: HeadingHints = NO_HINTS


class Columns(NamedTuple):
    """How the columns of a sheet are understood.

    Attributes
    ----------
    used : dict of str to list of str
        Field name to its columns, in the order of the sheet (one, unless the field repeats).
    unused : list of str
        Columns that are not read.
    decisions : tuple of Decision
        One for each heading, in the order of the sheet.
    """

    used: dict[str, list[str]]
    unused: list[str]
    decisions: tuple[Decision, ...] = ()

    def hints(self, heading: str) -> HeadingHints:
        """Give what a heading says of its cells."""
        return next((d.hints for d in self.decisions if d.heading == heading), NO_HINTS)


def match_columns(
    headings: Sequence[str], kind: str, mapping: Mapping[str, str], remembered: Mapping[str, str] | None = None
) -> Columns:
    """Say which column is which field.

    Parameters
    ----------
    headings : sequence of str
        Column names as the file has them, all different.
    kind : str
        Kind of file (``data.imports.fields``).
    mapping : mapping of str to str
        Heading to field as the user says; goes before everything. A field of ``-`` leaves the column out. Headings that
        this sheet does not have are left to :func:`check_mapping`.
    remembered : mapping of str to str, optional
        The same, as accepted for an earlier file of the sender; fields that this kind has no more are passed over.

    Raises
    ------
    MappingWrong
        If a field of ``mapping`` does not exist.
    """
    fields = fields_of(kind)
    for field in mapping.values():
        if field != "-" and field not in fields:
            known = ", ".join(fields)
            raise MappingWrong(
                Text(f"没有字段“{field}”。可用字段：{known}。", f"There is no field '{field}'. Fields: {known}."),
                found=field,
            )
    before = {heading: field for heading, field in (remembered or {}).items() if field == "-" or field in fields}
    told = _by_heading(headings, mapping)
    kept = _by_heading(headings, before)
    settled: dict[str, Decision] = {}
    meanings: list[tuple[int, str, Meaning]] = []
    for at, heading in enumerate(headings):
        said = told.get(heading) or kept.get(heading)
        how, confidence = ("told", 1.0) if heading in told else ("remembered", _REMEMBERED)
        if said == "-":
            settled[heading] = Decision(heading, None, how, confidence, Text("按说明不读取", "left out as asked"))
        elif said:
            rank = -2 if heading in told else -1
            meanings.append((at, heading, Meaning(said, how, confidence, rank, None, read_hints(heading))))
        else:
            found = list(look_up(heading, kind))
            meanings += [(at, heading, meaning) for meaning in found]
            if not found:
                settled[heading] = _left_out_or_unknown(heading, kind)
    if is_foreign(headings, kind, meanings):
        for heading in {heading for _, heading, meaning in meanings if meaning.how in ("exact", "likely")}:
            settled[heading] = Decision(heading, None, "left_out", _FOREIGN, _OTHER_TABLE, read_hints(heading))
        meanings = [found for found in meanings if found[1] not in settled]
    if is_of_persons(meanings):
        meanings = [(at, heading, of_a_person(heading, meaning)) for at, heading, meaning in meanings]
    _settle(meanings, kind, settled)
    decisions = tuple(settled[heading] for heading in headings)
    used: dict[str, list[str]] = {}
    for decision in decisions:
        if decision.field and decision.confidence >= USED_FROM:
            used.setdefault(decision.field, []).append(decision.heading)
    taken = {heading for names in used.values() for heading in names}
    return Columns(used, [heading for heading in headings if heading not in taken], decisions)


def check_mapping(headings: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Refuse a ``--map`` for a column that no sheet of the file has.

    Raises
    ------
    MappingWrong
        Naming the column, and the columns there are.
    """
    known = {*headings, *(fold_heading(heading) for heading in headings)}
    for heading in mapping:
        if heading not in known and fold_heading(heading) not in known:
            listed = "、".join(headings)[:500]
            raise MappingWrong(
                Text(
                    f"文件里没有“{heading}”这一列。有：{listed}。",
                    f"The file has no column '{heading}'. It has: {listed}.",
                ),
                found=heading,
            )


def _by_heading(headings: Sequence[str], said: Mapping[str, str]) -> dict[str, str]:
    """Find the columns that are meant: by the heading as it stands, else by its folded form."""
    folded = {fold_heading(heading): field for heading, field in said.items() if heading not in headings}
    return {
        heading: field
        for heading in headings
        if (field := said.get(heading) or folded.get(fold_heading(heading))) is not None
    }


def _left_out_or_unknown(heading: str, kind: str) -> Decision:
    line = find_left_out(heading, kind)
    if line is None:
        return Decision(heading, None, "unknown", 0.0, None, read_hints(heading))
    sure = _PATTERN if "*" in line.heading else 1.0
    return Decision(heading, None, "left_out", sure, REASONS[line.reason], read_hints(heading))


def _settle(meanings: list[tuple[int, str, Meaning]], kind: str, settled: dict[str, Decision]) -> None:
    """Give each field its best column, and each other column its next meaning, or leave it out naming the better."""
    fields = fields_of(kind)
    holders: dict[str, str] = {}
    # What somebody said goes first, then what was accepted before, then the dictionary.
    for _, heading, meaning in sorted(meanings, key=lambda m: (min(m[2].rank, 0), -m[2].confidence, m[2].rank, m[0])):
        if heading in settled and settled[heading].field:
            continue
        holder = holders.get(meaning.field)
        if holder is None or fields[meaning.field].repeats:
            holders.setdefault(meaning.field, heading)
            settled[heading] = Decision(
                heading, meaning.field, meaning.how, meaning.confidence, meaning.why, meaning.hints
            )
        elif meaning.confidence < USED_FROM:
            settled.setdefault(heading, Decision(heading, None, "unknown", 0.0, None, meaning.hints))
        elif heading not in settled:
            label = fields[meaning.field].label
            why = Text(f"“{holder}”已作为{label.zh}", f"“{holder}” is read as {label.en}")
            settled[heading] = Decision(heading, None, "left_out", meaning.confidence, why, meaning.hints)
