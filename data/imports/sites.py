"""Renovation sites (改造点) from ledgers and map layers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.imports.linking import find_households, lend_places, settle_places
from data.imports.merge import (
    PLACE,
    PLACE_COLUMNS,
    Job,
    count_merge,
    keep_better_places,
    keep_stored,
    match_existing,
    match_exported,
    merge_stage,
    place_cells,
    refuse_repeats,
)
from data.imports.scope import Gazetteer
from data.imports.staging import copy_rows, make_stage, settle_stage
from geo.errors import Text

STAGE = "stage_site"
_STAGE_DATES = (
    ("paid", "paid_on"),
    ("accepted", "accepted_on"),
    ("completed", "completed_on"),
    ("started", "started_on"),
    ("approved", "approved_on"),
)
_DATES = ("approved_on", "started_on", "completed_on", "accepted_on", "paid_on")
_FACTS = ("code", "household_ref", "method", "grade_before", "stage", *_DATES, "remark")
_COLUMNS = {
    "at": "integer",
    "natural_key": "text",
    "known_id": "bigint",
    "code": "text",
    "household_ref": "text",
    "house_ref": "text",
    "method": "text",
    "grade_before": "text",
    "stage": "text",
    **dict.fromkeys(_DATES, "date"),
    "remark": "text",
    "village_id": "bigint",
    "jur": "bigint",
    **PLACE,
}
_LATER = {
    "id": "bigint",
    "is_new": "boolean",
    "household_id": "bigint",
    "house_id": "bigint",
    "grid_id": "bigint",
}


def import_sites(job: Job) -> None:
    """Merge the renovation sites of a file.

    The natural key is the code within its township, else household, house, method and year of approval. A site without
    coordinates stands at its household's place; without a stage it is at the last one that has a date.
    """
    session, report = job.session, job.report
    _refuse_incomplete(job)
    gazetteer = Gazetteer(session, job.scope)
    keys = refuse_repeats(job, _natural_keys(job, gazetteer))
    make_stage(session, STAGE, _COLUMNS | _LATER)
    copy_rows(session, STAGE, list(_COLUMNS), _stage_rows(job, keys, gazetteer))
    settle_stage(session, STAGE)
    match_exported(job, STAGE, "renovation_site")
    match_existing(session, STAGE, "renovation_site")
    keep_stored(session, STAGE, "renovation_site", _FACTS)
    report.count(kept_place=keep_better_places(session, STAGE, "renovation_site"))
    find_households(session, STAGE, job.scope.jur, job.scope.jur_end, job.scope.key)
    keep_stored(session, STAGE, "renovation_site", ["household_id", "house_id"])
    _find_houses(job)
    lend_places(session, STAGE)
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    settle_places(session, STAGE)
    # A key to a house holds only inside one jurisdiction; the house's own household decides it.
    session.execute(
        text(f"""
            update {STAGE} s set house_id = null from house h where h.id = s.house_id and h.jur <> s.jur
               and s.household_id is not null""")
    )
    session.execute(
        text(f"update {STAGE} s set jur = h.jur from house h where h.id = s.house_id and s.household_id is null")
    )
    columns = [*_FACTS, "household_id", "house_id", "jur", "village_id", "grid_id", *PLACE_COLUMNS]
    inserted, updated = merge_stage(session, STAGE, "renovation_site", columns, job.batch)
    count_merge(job, inserted, updated)
    report.count(
        unmatched=session.scalar(
            text(f"select count(*) from {STAGE} where household_ref is not null and household_id is null")
        )
        or 0
    )


def _refuse_incomplete(job: Job) -> None:
    records = job.records
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {
        at: ("method", None, Text("改造方式", "a method"), Text("没有改造方式", "the method is missing"))
        for at, method in enumerate(records.column("method"))
        if method is None
    }
    job.records = records.refuse(job.report, refused)


def _natural_keys(job: Job, gazetteer: Gazetteer) -> list[str]:
    records = job.records
    names = ("code", "household_code", "house_code", "method", "approved_on", "stated_area", "fangtu_id")
    keys: list[str] = []
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    for at, (code, household, house, method, day, stated, own) in enumerate(
        zip(*(records.column(name) for name in names), strict=True)
    ):
        scope = gazetteer.key_scope(stated)
        if code:
            keys.append(f"{scope}:{code}")
        elif household or house:
            told = "|".join(str(part or "") for part in (household, house, method, day.year if day else ""))
            keys.append(f"{scope}:at:{hashlib.sha256(told.encode()).hexdigest()[:32]}")
        elif own:
            keys.append(f"{scope}:own:{own}")
        else:
            refused[at] = (
                "code",
                None,
                Text("改造编号、户编号或房屋编号", "a site, household or house code"),
                Text("无法辨认是哪一处", "nothing tells which site it is"),
            )
            keys.append("")
    job.records = records.refuse(job.report, refused)
    return [key for at, key in enumerate(keys) if at not in refused]


def _stage_rows(job: Job, keys: list[str], gazetteer: Gazetteer) -> Iterator[tuple[Any, ...]]:
    records = job.records
    stated = records.column("stated_area")
    villages = gazetteer.find_all(stated)
    dates = {name: records.column(name) for name in _DATES}
    stages = records.column("stage")
    places = place_cells(records)
    own = records.column("fangtu_id")
    plain = [records.column(name) for name in ("code", "household_code", "house_code", "method", "grade_before")]
    remarks = records.column("remark")
    for at, key in enumerate(keys):
        village = villages.get(stated[at]) if stated[at] else None
        reached = next((stage for stage, day in _STAGE_DATES if dates[day][at]), "found")
        yield (
            at,
            key,
            own[at],
            *(column[at] for column in plain),
            stages[at] or reached,
            *(dates[name][at] for name in _DATES),
            remarks[at],
            village,
            gazetteer.jur[village] if village else job.scope.township_jur,
            *places[at],
        )


def _find_houses(job: Job) -> None:
    job.session.execute(
        text(f"""
            update {STAGE} s set house_id = h.id, household_id = coalesce(s.household_id, h.household_id)
              from house h where s.house_ref is not null and h.natural_key = :key || ':' || s.house_ref"""),
        {"key": job.scope.key},
    )
    job.session.execute(
        text(f"""
            update {STAGE} s set house_id = found.id, household_id = coalesce(s.household_id, found.household_id)
              from (select code, min(id) as id, min(household_id) as household_id from house
                     where jur >= :jur and jur < :jur_end and code in (select house_ref from {STAGE})
                     group by code having count(*) = 1) found
             where s.house_id is null and s.house_ref = found.code"""),
        {"jur": job.scope.jur, "jur_end": job.scope.jur_end},
    )
