"""Ledgers of rural houses (农房台账): a row is a household, with its house and its renovation if it tells of them.

A row is taken as a whole or refused as a whole. A household may have several rows where house or site codes tell them
apart. Its house and its renovation belong to the household of the row, whether codes say so or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import text

from data.imports import households, houses, sites
from data.imports.checks import load_checks
from data.imports.households import Key
from data.imports.ledger_claims import claim_houses, claim_sites
from data.imports.matching import match_places
from data.imports.merge import Job
from data.imports.recognising import check_staged
from data.imports.report import ImportReport, Problem
from data.imports.rows import Records
from data.imports.scope import Gazetteer
from geo.counting import counted
from geo.errors import Text

_HOUSE = {"house_code": "code", "code": "household_code"} | {
    name: name
    for name in ("grade", "appraised_on", "standard", "appraiser", "structure", "built_year", "area_m2", "storeys")
}
_HOUSE_PLACE = ("address", "house_no", "stated_area", "accuracy_m", "quality", "placed_by")
_SITE = {"site_code": "code", "code": "household_code", "method": "method", "subsidy_yuan": "subsidy_yuan"} | {
    day: day for day in sites.DATES
}
_SITE_BESIDE = ("grade_before", "stage", "stated_area")
_OUTCOMES = ("inserted", "updated", "unchanged")


@dataclass
class _Part:
    """What one table gets of a ledger: its job, its stage, and which lines of the file it has."""

    name: str
    stage: str
    job: Job
    lines: list[int]


@dataclass(frozen=True)
class _Lines:
    """The file's rows: ``whole`` as read, and for each line that is taken the line that tells of its household first.

    ``house_of`` gives the line that tells of the house a line speaks of, where one does.
    """

    whole: Records
    owners: Mapping[int, int]
    house_of: Mapping[int, int]

    @property
    def places(self) -> dict[tuple[str, int], int]:
        """Line by sheet and row."""
        return {place: line for line, place in enumerate(zip(self.whole.sheets, self.whole.rows, strict=True))}


def import_ledger(job: Job) -> None:
    """Merge the households, houses and renovation sites of a ledger, in one batch.

    Counts: ``inserted``, ``updated`` and ``unchanged`` are those of households; the same with ``households_``,
    ``houses_`` and ``sites_`` before them for each part.
    """
    gazetteer = Gazetteer(job.session, job.scope)
    keys = households.read_keys(job, gazetteer)
    whole = job.records
    owners = _owners(job, keys)
    people = _people(job, whole, owners)
    households.stage_households(people.job, [keys[line] for line in people.lines], gazetteer, people.lines)
    homes, house_of = _homes(job, whole, owners, gazetteer)
    lines = _Lines(whole, owners, house_of)
    works = _works(job, lines, gazetteer)
    parts = [people, homes, works]
    _refuse_whole(job, lines, parts)
    households.merge_households(people.job)
    houses.settle_houses(homes.job)
    houses.merge_houses(homes.job)
    sites.settle_sites(works.job)
    sites.merge_sites(works.job)
    households.follow_merge(people.job)
    _add_up(job, parts)
    job.report.count(**match_places(job))


def _owners(job: Job, keys: Sequence[Key]) -> dict[int, int]:
    """Give for each line the line that tells of its household first; rows that only repeat it are refused.

    A second row of a household needs a house or site code of its own, and the same head.
    """
    records = job.records
    codes = list(zip(records.column("house_code"), records.column("site_code"), strict=True))
    names = records.column("head_name")
    first: dict[str, int] = {}
    seen: set[tuple[Any, ...]] = set()
    owners: dict[int, int] = {}
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    for line, key in enumerate(keys):
        owner = first.setdefault(key.natural, line)
        mark = (key.natural, *codes[line])
        other_head = names[line] and names[owner] and names[line] != names[owner]
        if owner != line and (mark in seen or not any(codes[line]) or other_head):
            sheet = f"{records.sheets[owner]} " if records.sheets[owner] != records.sheets[line] else ""
            words = load_checks().words("repeat_in_file", place=sheet, row=records.rows[owner])
            refused[line] = ("code", records.column("code")[line], None, words)
        else:
            seen.add(mark)
            owners[line] = owner
    job.records = records.refuse(job.report, refused, dict.fromkeys(refused, "repeat_in_file"))
    return owners


def _people(job: Job, whole: Records, owners: Mapping[int, int]) -> _Part:
    lines = sorted(set(owners.values()))
    return _part("households", households.STAGE, job, whole.keep(_mask(whole, lines)), lines)


def _homes(job: Job, whole: Records, owners: Mapping[int, int], gazetteer: Gazetteer) -> tuple[_Part, dict[int, int]]:
    """Stage the houses the rows tell of, each as its household's; gives also which line tells of each line's house."""
    told = _tells(whole, [name for name in _HOUSE if name != "code"])
    codes = whole.column("house_code")
    teller: dict[tuple[int, Any], int] = {}
    for line, owner in owners.items():
        if told[line] and (codes[line] or owner == line):
            teller.setdefault((owner, codes[line]), line)
    house_of = {line: at for line, owner in owners.items() if (at := teller.get((owner, codes[line]))) is not None}
    lines = sorted(set(teller.values()))
    part = _part("houses", houses.STAGE, job, _rename(whole, lines, _HOUSE, _HOUSE_PLACE, placed=True), lines)
    keys = _keys(part, gazetteer)
    houses.load_houses(part.job, keys, gazetteer, part.lines, [owners[line] for line in part.lines])
    claim_houses(part.job)
    houses.know_houses(part.job)
    houses.check_owners(part.job)
    return part, house_of


def _works(job: Job, lines: _Lines, gazetteer: Gazetteer) -> _Part:
    """Stage the renovation sites the rows tell of."""
    whole, owners = lines.whole, lines.owners
    told = _tells(whole, [name for name in _SITE if name != "code"])
    there = [line for line in owners if told[line]]
    part = _part("sites", sites.STAGE, job, _rename(whole, there, _SITE, _SITE_BESIDE), there)
    keys = _keys(part, gazetteer)
    sites.load_sites(part.job, keys, gazetteer, part.lines, [owners[line] for line in part.lines])
    claim_sites(part.job, lines.house_of)
    sites.know_sites(part.job)
    if whole.has("method"):
        check_staged(part.job, sites.STAGE, "method_missing", "method", "s.method is null")
        return part
    # Without a column of methods new sites cannot be told from one another; households and houses still can.
    dropped = _drop(part, part.job.session.scalars(text(f"select line from {sites.STAGE} where method is null")).all())
    if dropped:
        job.report.warn(
            Text(
                f"没有改造方式一列：{dropped} 行的补助资金和改造日期没有导入",
                f"there is no column of methods: subsidies and dates of renovation of "
                f"{counted(dropped, 'row')} were left out",
            ),
            code="method_missing",
            n=dropped,
        )
    return part


def _keys(part: _Part, gazetteer: Gazetteer) -> list[str]:
    """Give each record the key of its code, else one of its line; a code that another household has is refused."""
    records = part.job.records
    keys = []
    first: dict[str, int] = {}
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    for at, (code, stated) in enumerate(zip(records.column("code"), records.column("stated_area"), strict=True)):
        key = (
            f"{gazetteer.key_scope(stated)}:{code}" if code else f"{gazetteer.key_scope(stated)}:line:{part.lines[at]}"
        )
        before = first.setdefault(key, at)
        if before != at:
            words = load_checks().words("repeat_in_file", place="", row=records.rows[before])
            refused[at] = ("code", code, None, words)
        else:
            keys.append(key)
    part.job.records = records.refuse(part.job.report, refused, dict.fromkeys(refused, "repeat_in_file"))
    part.lines = [line for at, line in enumerate(part.lines) if at not in refused]
    return keys


def _refuse_whole(job: Job, lines: _Lines, parts: Sequence[_Part]) -> None:
    """Take a row that one part refused out of all of them; with its first row a household's other rows go too."""
    places = lines.places
    gone: set[int] = set()
    said: set[int] = set()
    for part in parts:
        said |= {places[p.sheet, p.row] for p in part.job.report.problems if p.sheet is not None and p.row is not None}
    gone = {line for line, owner in lines.owners.items() if line in said or owner in said}
    for line in sorted(gone - said):
        owner = lines.owners[line]
        reason = Text(
            f"同一户的第 {lines.whole.rows[owner]} 行没有被接受",
            f"row {lines.whole.rows[owner]} of the same household was not taken",
        )
        problem = Problem(lines.whole.sheets[line], lines.whole.rows[line], None, None, None, reason)
        job.report.problems.append(problem)
    for part in parts:
        _drop(part, gone)
        job.report.problems += part.job.report.problems
        job.report.warnings += part.job.report.warnings
        part.job.report.problems, part.job.report.warnings = [], []
    job.report.refused += len(gone)
    job.report.accepted -= len(gone)
    job.records = lines.whole.keep(line in lines.owners and line not in gone for line in range(len(lines.whole)))


def _drop(part: _Part, lines: Iterable[int]) -> int:
    """Take lines off a part's stage and records; returns how many were there."""
    session, stage = part.job.session, part.stage
    found = session.scalars(
        text(f"delete from {stage} where line = any (:lines) returning line"), {"lines": sorted(lines)}
    ).all()
    left = session.scalars(text(f"select at from {stage} order by at")).all()
    part.job.records = part.job.records.keep(_mask(part.job.records, left))
    session.execute(
        text(f"""
            update {stage} s set at = n.place
              from (select at, row_number() over (order by at) - 1 as place from {stage}) n
             where n.at = s.at and n.at <> n.place""")
    )
    return len(found)


def _add_up(job: Job, parts: Sequence[_Part]) -> None:
    for part in parts:
        counts = part.job.report.counts
        outcomes = {name: counts.pop(name, 0) for name in _OUTCOMES}
        job.report.count(**{f"{part.name}_{name}": number for name, number in outcomes.items()})
        if part.name == "households":
            job.report.count(**outcomes)
        job.report.count(**counts)
        job.report.warnings += part.job.report.warnings


def _part(name: str, stage: str, job: Job, records: Records, lines: list[int]) -> _Part:
    report = ImportReport(job.report.kind, dry_run=job.report.dry_run)
    return _Part(name, stage, replace(job, records=records, report=report), lines)


def _tells(whole: Records, names: Sequence[str]) -> list[bool]:
    columns = [whole.column(name) for name in names]
    return [any(value is not None for value in row) for row in zip(*columns, strict=True)]


def _rename(
    whole: Records, lines: Sequence[int], names: Mapping[str, str], beside: Sequence[str], *, placed: bool = False
) -> Records:
    """Give the lines as records of another kind; ``names`` maps the ledger's fields to that kind's."""
    some = whole.keep(_mask(whole, lines))
    fields = {**names, **{name: name for name in beside}}
    headings = {(sheet, fields[name]): heading for (sheet, name), heading in some.headings.items() if name in fields}
    values = {new: some.values[old] for old, new in fields.items() if old in some.values}
    if placed:
        return Records(some.sheets, some.rows, values, some.geometry, some.system, headings)
    nowhere = np.full(len(some), None, dtype=object)
    return Records(some.sheets, some.rows, values, nowhere, [None] * len(some), headings)


def _mask(records: Records, places: Iterable[int]) -> list[bool]:
    kept = set(places)
    return [at in kept for at in range(len(records))]
