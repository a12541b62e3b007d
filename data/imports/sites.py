"""Renovation sites (改造点) from ledgers and map layers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.gazetteer import load_gazetteer
from data.imports.geocoding import read_places
from data.imports.limits import refuse_foreign, refuse_outside
from data.imports.linking import (
    find_households,
    find_people,
    keep_unnamed,
    keep_villages,
    lend_places,
    settle_places,
)
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
from data.rules.words import STAGE as STAGE_WORDS
from geo.errors import Text

STAGE = "stage_site"
DATES = ("approved_on", "started_on", "completed_on", "accepted_on", "paid_on")
_FACTS = ("code", "household_ref", "method", "grade_before", "stage", *DATES, "subsidy_yuan", "remark")
_COLUMNS = {
    "at": "integer",
    "line": "integer",
    "owner": "integer",
    "natural_key": "text",
    "known_id": "bigint",
    "code": "text",
    "household_ref": "text",
    "house_ref": "text",
    "method": "text",
    "grade_before": "text",
    "stage": "text",
    **dict.fromkeys(DATES, "date"),
    "subsidy_yuan": "numeric(14, 2)",
    "remark": "text",
    "head_name": "text",
    "person_index": "bytea",
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
    "address": "text",
    "house_no": "text",
}


def import_sites(job: Job) -> None:
    """Merge the renovation sites of a file.

    The natural key is the code within its township, else household, house, method and year of approval. A site without
    coordinates stands at its household's place; without a stage it is at the last one that has a date.
    """
    _refuse_incomplete(job)
    gazetteer = Gazetteer(job.session, job.scope)
    keys = refuse_repeats(job, _natural_keys(job, gazetteer))
    load_sites(job, keys, gazetteer)
    match_exported(job, STAGE, "renovation_site")
    know_sites(job)
    find_households(job.session, STAGE, job.scope, job.limits)
    settle_sites(job)
    merge_sites(job)


def load_sites(
    job: Job,
    keys: Sequence[str],
    gazetteer: Gazetteer,
    lines: Sequence[int] = (),
    owners: Sequence[int] = (),
) -> None:
    """Put the rows on the stage; parameters as for :func:`data.imports.houses.load_houses`."""
    make_stage(job.session, STAGE, _COLUMNS | _LATER)
    copy_rows(job.session, STAGE, list(_COLUMNS), _stage_rows(job, keys, gazetteer, lines, owners))
    settle_stage(job.session, STAGE)


def know_sites(job: Job) -> None:
    """Know the stored sites again; those outside what the import may touch are refused."""
    session = job.session
    match_existing(session, STAGE, "renovation_site")
    refuse_foreign(job, STAGE, "renovation_site")
    keep_unnamed(session, STAGE, "renovation_site")
    keep_stored(session, STAGE, "renovation_site", [fact for fact in _FACTS if fact != "stage"])
    _reach_stages(job)
    _keep_gates(job)


def settle_sites(job: Job) -> None:
    """Find households that are named otherwise than by code, and decide house, place and jurisdiction."""
    session = job.session
    keep_stored(session, STAGE, "renovation_site", ["household_id", "house_id"])
    _find_houses(job)
    job.report.count(kept_place=keep_better_places(session, STAGE, "renovation_site"))
    keep_villages(session, STAGE, "renovation_site")
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    find_people(job, STAGE)
    lend_places(session, STAGE)
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
    refuse_outside(job, STAGE)


def merge_sites(job: Job) -> None:
    """Write the staged sites."""
    columns = [*_FACTS, "household_id", "house_id", "jur", "village_id", "grid_id", *PLACE_COLUMNS]
    inserted, updated = merge_stage(job.session, STAGE, "renovation_site", columns, job.batch)
    count_merge(job, inserted, updated)
    job.report.count(
        unmatched=job.session.scalar(
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
    names = ("code", "household_code", "house_code", "method", "approved_on", "stated_area", "fangtu_id", "id_number")
    keys: list[str] = []
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    for at, (code, household, house, method, day, stated, own, person) in enumerate(
        zip(*(records.column(name) for name in names), strict=True)
    ):
        scope = gazetteer.key_scope(stated)
        # Without its code a household is told by its head.
        owner = household or (job.sealer.index(person, "id_number").hex() if person else None)
        if code:
            keys.append(f"{scope}:{code}")
        elif owner or house:
            told = "|".join(str(part or "") for part in (owner, house, method, day.year if day else ""))
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


def _stage_rows(
    job: Job, keys: Sequence[str], gazetteer: Gazetteer, lines: Sequence[int], owners: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    records = job.records
    blank = [None] * len(records)
    names = load_gazetteer(job.session, job.scope.jur, job.scope.jur_end)
    told = read_places(names, blank, records.column("stated_area"), blank)
    dates = {name: records.column(name) for name in DATES}
    stages = records.column("stage")
    places = place_cells(records)
    own, people = records.column("fangtu_id"), records.column("id_number")
    plain = [records.column(name) for name in ("code", "household_code", "house_code", "method", "grade_before")]
    subsidies, remarks, heads = (records.column(name) for name in ("subsidy_yuan", "remark", "head_name"))
    for at, key in enumerate(keys):
        village = told[at].village
        yield (
            at,
            lines[at] if lines else at,
            owners[at] if owners else None,
            key,
            own[at],
            *(column[at] for column in plain),
            stages[at],
            *(dates[name][at] for name in DATES),
            subsidies[at],
            remarks[at],
            heads[at],
            job.sealer.index(people[at], "id_number") if people[at] else None,
            village,
            gazetteer.jur[village] if village else job.scope.township_jur,
            *places[at],
        )


def _reach_stages(job: Job) -> None:
    """Without a stated stage a site is at the last one that has a date, or where it was, whichever is later."""
    order = list(STAGE_WORDS)
    dated = " ".join(f"when s.{day} is not null then {order.index(day[:-3]) + 1}" for day in reversed(DATES))
    job.session.execute(
        text(f"""
            update {STAGE} p set stage = (cast(:order as text[]))[n.place]
              from (select s.at, greatest(coalesce(array_position(cast(:order as text[]), t.stage), 1),
                                          case {dated} else 1 end) as place
                      from {STAGE} s left join renovation_site t on t.id = s.id and not s.is_new
                     where s.stage is null) n
             where n.at = p.at"""),
        {"order": order},
    )


def _keep_gates(job: Job) -> None:
    """A site that has passed gates by hand keeps what they say; a file that says otherwise is told so."""
    by_gates = ("method", "grade_before", "stage", *DATES)
    other = job.session.execute(
        text(f"""
            select s.at, s.stage, t.stage as stands from {STAGE} s join renovation_site t on t.id = s.id
             where not s.is_new and exists (select 1 from site_gate g where g.site_id = t.id)
               and ({", ".join(f"s.{name}" for name in by_gates)})
                   is distinct from ({", ".join(f"t.{name}" for name in by_gates)})
             order by s.at"""),
    ).all()
    for row in other:
        stands, told = STAGE_WORDS[row.stands], STAGE_WORDS[row.stage]
        job.report.warn(
            Text(
                f"这处改造在系统里逐环节办理，保留系统记录（{stands.zh}）",
                f"this renovation is kept gate by gate here; what stands ({stands.en}) is kept",
            ),
            row=job.records.rows[row.at],
            sheet=job.records.sheets[row.at],
            column="stage",
            found=told.zh,
        )
    job.session.execute(
        text(f"""
            update {STAGE} s set {", ".join(f"{name} = t.{name}" for name in by_gates)} from renovation_site t
             where t.id = s.id and not s.is_new and exists (select 1 from site_gate g where g.site_id = t.id)""")
    )


def _find_houses(job: Job) -> None:
    job.session.execute(
        text(f"""
            update {STAGE} s set house_id = h.id, household_id = coalesce(s.household_id, h.household_id)
              from house h where s.house_ref is not null and h.natural_key = :key || ':' || s.house_ref
               and {job.limits.sql("h.jur")}"""),
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
