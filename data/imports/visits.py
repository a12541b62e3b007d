"""Visits (走访) from registers, phones' exports and map layers; none is lost, also those to no known household."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.duplicates import find_companions, refresh_duplicates
from data.following import DISTANCE
from data.imports.limits import refuse_foreign, refuse_outside
from data.imports.linking import find_households, find_people, keep_unnamed
from data.imports.merge import (
    PLACE,
    PLACE_COLUMNS,
    Job,
    count_merge,
    keep_better_places,
    keep_stored,
    merge_stage,
    place_cells,
    refuse_repeats,
)
from data.imports.staging import copy_rows, make_stage, settle_stage
from data.imports.suspects import refresh_suspects
from data.imports.visit_rows import NAMESPACE, Register, read_register
from data.rules.validity import check_visit
from data.visit_facts import facts_for

STAGE = "stage_visit"
_FACTS = (
    "household_ref",
    "visitor",
    "visitor_kind",
    "companions",
    "started_at",
    "ended_at",
    "minutes",
    "mode",
    "reason",
    "outcome",
    "source_status",
    "ruling",
    "remark",
)
_COLUMNS = {
    "at": "integer",
    "id": "uuid",
    "natural_key": "text",
    "campaign_id": "bigint",
    "round_no": "smallint",
    **dict.fromkeys(_FACTS, "text"),
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "minutes": "double precision",
    "head_name": "text",
    "person_index": "bytea",
    "jur": "bigint",
    **PLACE,
}
_LATER = {
    "is_new": "boolean",
    "household_id": "bigint",
    "village_id": "bigint",
    "grid_id": "bigint",
    "place_jur": "bigint",
    "distance_m": "double precision",
    "fix_age_s": "double precision",
    "verdict": "text",
    "counts": "boolean",
    "rule_version": "integer",
    "companion_ids": "bigint[]",
    "address": "text",
    "house_no": "text",
}


def import_visits(job: Job) -> None:
    """Merge the visits of a file.

    The natural key is the record's own code (a UUID as it is, else inside campaign and area), else household, start,
    visitor and way. A visit to no known household is kept, listed, and joined when the household comes. Its verdict is
    that of ``data.rules.validity`` under its campaign's rule.
    """
    session, report = job.session, job.report
    register = read_register(job)
    keys = refuse_repeats(job, _natural_keys(job, register))
    register = register.keep(job.records)
    make_stage(session, STAGE, _COLUMNS | _LATER)
    copy_rows(session, STAGE, list(_COLUMNS), _stage_rows(job, keys, register))
    settle_stage(session, STAGE)
    # Our own exports give a visit's UUID where the source had a code of its own.
    session.execute(text(f"update {STAGE} s set natural_key = t.natural_key from visit t where t.id = s.id"))
    session.execute(
        text(f"""
            update {STAGE} s set is_new = false, id = t.id, campaign_id = t.campaign_id, round_no = t.round_no,
                   fix_age_s = t.fix_age_s
              from visit t where t.natural_key = s.natural_key""")
    )
    session.execute(text(f"update {STAGE} set is_new = true where is_new is null"))
    refuse_foreign(job, STAGE, "visit")
    keep_unnamed(session, STAGE, "visit")
    keep_stored(session, STAGE, "visit", [fact for fact in _FACTS if fact != "minutes"], measures=["minutes"])
    session.execute(text(f"update {STAGE} set mode = coalesce(mode, 'home'), outcome = coalesce(outcome, 'done')"))
    report.count(kept_place=keep_better_places(session, STAGE, "visit"))
    find_households(session, STAGE, job.scope, job.limits)
    keep_stored(session, STAGE, "visit", ["household_id"])
    find_people(job, STAGE)
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    _join(job)
    refuse_outside(job, STAGE)
    _judge(job, register)
    find_companions(session, STAGE)
    homes = _households(job)
    joined = ["household_id", "jur", "place_jur", "distance_m", "verdict", "counts", "rule_version", "companion_ids"]
    columns = ["campaign_id", "round_no", *_FACTS, *joined, *PLACE_COLUMNS]
    inserted, updated = merge_stage(session, STAGE, "visit", columns, job.batch)
    count_merge(job, inserted, updated)
    pairs = session.execute(text(f"select distinct campaign_id, visitor from {STAGE}")).all()
    refresh_suspects(session, {(row.campaign_id, row.visitor) for row in pairs}, job.limits)
    refresh_duplicates(session, homes, job.limits)
    _count(job)


def _natural_keys(job: Job, register: Register) -> list[str]:
    records = job.records
    names = ("code", "household_code", "visitor", "mode", "remark", "id_number", "head_name")
    keys = []
    for at, (code, named, visitor, mode, remark, person, head) in enumerate(
        zip(*(records.column(name) for name in names), strict=True)
    ):
        # Without its code a household is told by its head.
        household = named or (job.sealer.index(person, "id_number").hex() if person else head)
        campaign = register.campaigns[at].code
        own = _as_uuid(code) if code else None
        if own:
            keys.append(str(own))
        elif code:
            keys.append(f"{campaign}:{job.scope.key}:{code}")
        else:
            start = register.starts[at]
            shape = records.geometry[at]
            # Without a start the remark tells two visits apart, without a household their place.
            told = [household, start.timestamp() if start else None, visitor, mode]
            told += [None if start else remark, None if household or shape is None else shape.wkt]
            told_text = "|".join(str(part or "") for part in told)
            keys.append(f"{campaign}:{job.scope.key}:at:{hashlib.sha256(told_text.encode()).hexdigest()[:32]}")
    return keys


def _as_uuid(code: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(code) if len(code) >= 32 else None
    except ValueError:
        return None


def _stage_rows(job: Job, keys: list[str], register: Register) -> Iterator[tuple[Any, ...]]:
    records = job.records
    places = place_cells(records)
    before = [records.column(name) for name in ("household_code", "visitor", "visitor_kind", "companions")]
    reasons, ruled, remarks = records.column("reason"), records.column("ruled"), records.column("remark")
    modes, status = records.column("mode"), records.column("source_status")
    heads, people = records.column("head_name"), records.column("id_number")
    for at, key in enumerate(keys):
        yield (
            at,
            str(_as_uuid(key) or uuid.uuid5(NAMESPACE, key)),
            key,
            register.campaigns[at].id,
            register.rounds[at],
            *(column[at] for column in before),
            register.starts[at],
            register.ends[at],
            register.minutes[at],
            modes[at],
            reasons[at],
            register.outcomes[at],
            status[at],
            ruled[at],
            remarks[at],
            heads[at],
            job.sealer.index(people[at], "id_number") if people[at] else None,
            job.scope.township_jur,
            *places[at],
        )


def _join(job: Job) -> None:
    """Set the jurisdiction of the visit's own place, and that of the household where it is known, with the distance."""
    job.session.execute(
        text(f"""
            update {STAGE} s set place_jur = coalesce(g.jur, a.jur)
              from {STAGE} o left join grid g on g.id = o.grid_id left join area a on a.id = o.village_id
             where o.at = s.at""")
    )
    job.session.execute(
        text(f"""
            update {STAGE} v set jur = h.jur, distance_m = {DISTANCE} from household h where h.id = v.household_id""")
    )


def _households(job: Job) -> list[int]:
    """Households of the staged visits, and those that the stored ones had before."""
    return list(
        job.session.scalars(
            text(f"""
                select household_id from {STAGE} where household_id is not null
                union select t.household_id from {STAGE} s join visit t on t.id = s.id
                       where t.household_id is not null""")
        )
    )


def _judge(job: Job, register: Register) -> None:
    """Reach the verdicts on what is to be stored, each by the rule of its campaign."""
    session = job.session
    rules = {campaign.id: campaign.rule for campaign in register.known}
    versions = {campaign.id: campaign.version for campaign in register.known}
    facts = facts_for(*rules.values())
    rows = session.execute(text(f"select at, campaign_id, {facts.select('s')} from {STAGE} s")).all()
    verdicts = (
        (row.at, check_visit(facts.read(row[2:]), rules[row.campaign_id]), versions[row.campaign_id]) for row in rows
    )
    make_stage(session, "stage_verdict", {"at": "integer", "verdict": "text", "version": "integer"})
    copy_rows(session, "stage_verdict", ["at", "verdict", "version"], verdicts)
    # A visit that is there keeps the version by which its verdict was reached, as long as that says the same.
    session.execute(
        text(f"""
            update {STAGE} s set verdict = n.verdict, counts = n.verdict = 'valid', rule_version = coalesce((
                       select v.rule_version from visit v where v.natural_key = s.natural_key
                          and v.campaign_id = s.campaign_id and v.verdict = n.verdict), n.version)
              from stage_verdict n where n.at = s.at""")
    )


def _count(job: Job) -> None:
    row = job.session.execute(
        text(f"""
            select count(*) filter (where household_id is null) as unmatched,
                   count(*) filter (where counts) as valid,
                   count(*) filter (where geom is not null and village_id is null) as outside from {STAGE}""")
    ).one()
    job.report.count(unmatched=row.unmatched, valid=row.valid, outside=row.outside)
