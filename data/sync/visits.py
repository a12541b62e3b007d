"""Storing a visit from a phone: judged, joined to its household, with its demands and answers, in one transaction."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.audit import record
from data.duplicates import others_of, refresh_duplicates
from data.following import DISTANCE
from data.households import iso
from data.prepared import Prepared
from data.rules.repeats import Told, went_together
from data.rules.validity import check_visit, is_far_from_house
from data.sync.campaign_rules import OpenRound, find_round
from data.sync.demands import keep_demands
from data.sync.refusals import ItemUnfit, Sender
from data.sync.visit_bodies import ToldVisit, flags_of
from geo.errors import Text

KIND = "visit"
ON_THE_SPOT, PHONE_SYSTEM = 1, "wgs84"
# Web Mercator ends there; a fix beyond it is none on land.
_MOST_LAT = 85.0

# The household is locked first, as whoever reserves it does, and so cannot move until the visit is stored.
_FACTS = """
    with h as materialized (
        select id, jur, geom, quality, removed_at from household where id = :household for no key update),
    place as materialized (
        select case when :lon is not null then st_setsrid(st_makepoint(:lon, :lat), 4326) end as geom)
    select v.household_id, v.household_jur, v.removed_at, v.place_jur, v.geom as place, v.distance_m, {facts}
      from (select h.id as household_id, h.jur as household_jur, h.removed_at, v.geom, {distance} as distance_m,
                   case when v.geom is not null then sec.jur_of_place(v.geom) end as place_jur,
                   :mode as mode, :outcome as outcome, :minutes as minutes, :reason as reason,
                   :source_status as source_status, cast(null as text) as ruling, :accuracy as accuracy_m,
                   :fix_age as fix_age_s, :started as started_at
              from place v left join h on true) v"""
_FACT_TYPES = {
    "household": "bigint",
    "lon": "float8",
    "lat": "float8",
    "mode": "text",
    "outcome": "text",
    "minutes": "float8",
    "reason": "text",
    "source_status": "text",
    "accuracy": "float8",
    "fix_age": "float8",
    "started": "timestamptz",
}
_COLUMNS = {
    "id": "uuid",
    "campaign_id": "bigint",
    "round_no": "smallint",
    "household_id": "bigint",
    "household_ref": "text",
    "jur": "bigint",
    "account_id": "bigint",
    "visitor": "text",
    "visitor_kind": "text",
    "companions": "text",
    "companion_ids": "bigint[]",
    "started_at": "timestamptz",
    "ended_at": "timestamptz",
    "entered_at": "timestamptz",
    "minutes": "float8",
    "mode": "text",
    "reason": "text",
    "outcome": "text",
    "source_status": "text",
    "place_jur": "bigint",
    "distance_m": "float8",
    "fix_age_s": "float8",
    "suspect": "text[]",
    "verdict": "text",
    "counts": "boolean",
    "rule_version": "integer",
    "answers": "jsonb",
    "remark": "text",
    "geom": "geometry",
    "source_system": "text",
    "placed_by": "text",
    "accuracy_m": "float8",
    "quality": "smallint",
}
# A correction may have come before the visit that it corrects.
_INSERT = Prepared(
    f"""insert into visit (natural_key, superseded_by, {", ".join(_COLUMNS)})
        values (cast(:id as text), sec.correction_of(:id, :account_id, :supersedes),
            {", ".join(f":{name}" for name in _COLUMNS)})""",
    {**_COLUMNS, "supersedes": "uuid"},
)
_STANDS = Prepared(
    """select s.status, s.visits, s.valid_visits,
              exists (select 1 from assignment a where a.campaign_id = :campaign and a.round_no = :round
                         and a.household_id = :household) as assigned,
              exists (select 1 from assignment a where a.campaign_id = :campaign and a.round_no = :round
                         and a.household_id = :household and a.account_id = :account) as own,
              exists (select 1 from reservation r where r.campaign_id = :campaign and r.round_no = :round
                         and r.household_id = :household and r.account_id = :account and r.ended_at is null) as reserved
         from (values (1)) one left join standing s
           on s.campaign_id = :campaign and s.round_no = :round and s.household_id = :household""",
    {"campaign": "bigint", "round": "smallint", "household": "bigint", "account": "bigint"},
)
_BESIDE = Prepared(
    """insert into field_visit (visit_id, household_id, jur, supersedes, outcome_reason, fix_reason, duration_by,
                                clock_offset_ms, work, form_version, satisfaction, return_at, return_when, flags)
       values (:visit, :household, :jur, :supersedes, :outcome_reason, :fix_reason, :duration_by, :offset, :work,
               :form, :satisfaction, :return_at, :return_when, :flags)""",
    {
        "visit": "uuid",
        "household": "bigint",
        "jur": "bigint",
        "supersedes": "uuid",
        "outcome_reason": "text",
        "fix_reason": "text",
        "duration_by": "text",
        "offset": "bigint",
        "work": "text[]",
        "form": "integer",
        "satisfaction": "smallint",
        "return_at": "timestamptz",
        "return_when": "text",
        "flags": "text[]",
    },
)
_prepared: dict[str, Prepared] = {}


@dataclass(frozen=True)
class _Placed:
    """Where a visit belongs, and what the database knows of it."""

    household_id: int | None
    jur: int
    place_jur: int | None
    place: Any
    distance_m: float | None
    is_gone: bool
    verdict: str


def store_visit(session: Session, sender: Sender, visit_id: uuid.UUID, told: ToldVisit, received_at: datetime) -> None:
    """Store a visit with everything that was said at it.

    A household that the sender does not see is treated as no known house: the visit is kept with the name the phone has
    for it, in the jurisdiction of its place, else in the first area of duty.

    Raises
    ------
    ItemUnfit
        If there is no such campaign and round where the sender works.
    """
    planned = find_round(session, told.campaign_id, told.round_no)
    if planned is None:
        found = f"{told.campaign_id}/{told.round_no}"
        raise ItemUnfit("campaign", found, Text("您辖区内的行动和轮次", "a campaign and round of your area of duty"))
    rule = planned.ruling.rule
    # A plan that goes by a source's words of status means by the first of them what the phone calls done.
    is_done = told.outcome in rule.done_outcomes
    source_status = rule.done_statuses[0] if rule.done_statuses and is_done else None
    placed = _place(session, sender, told, planned, source_status)
    suspect = []
    if placed.verdict == "valid" and is_far_from_house(
        told.mode, placed.distance_m, told.fix.accuracy_m if told.fix else None
    ):
        suspect.append("far_from_house")
    _insert(session, sender, visit_id, told, planned, placed, source_status, suspect)
    homes = {placed.household_id} if placed.household_id else set()
    if told.supersedes is not None:
        homes |= _supersede(session, visit_id, told.supersedes)
    flags = flags_of(
        told,
        received_at=received_at,
        distance_m=placed.distance_m,
        starts_on=planned.starts_on,
        ends_on=planned.ends_on,
    )
    flags += _among_others(session, sender, visit_id, told, placed)
    _keep_beside(session, visit_id, told, placed, flags)
    if told.demands:
        keep_demands(session, visit_id, told)
    if "duplicate" in flags or told.supersedes is not None:
        refresh_duplicates(session, homes, campaign_id=told.campaign_id)
    record(
        session,
        act="visit_add",
        object_kind=KIND,
        object_id=visit_id,
        details={"for": sender.account_id} if sender.account_id != sender.sent_by else None,
        jur=placed.jur,
    )


def visit_answer(session: Session, visit_id: uuid.UUID) -> dict[str, Any]:
    """Flags of an accepted visit and how its household stands now: what its receipt adds.

    Returns
    -------
    dict
        ``flags`` (list of str), ``household`` (``id``, ``status``; both None where there is none, or not any more
        within the asker's duty) and ``others``: who was there too, where the visit is flagged as a second one.
    """
    row = session.execute(
        text("""
            select f.flags, v.household_id, v.account_id, s.status from visit v join field_visit f on f.visit_id = v.id
              left join standing s on s.campaign_id = v.campaign_id and s.round_no = v.round_no
                                  and s.household_id = v.household_id
             where v.id = :id"""),
        {"id": str(visit_id)},
    ).one_or_none()
    if row is None:
        return {"flags": [], "household": {"id": None, "status": None}, "others": []}
    others = others_of(session, [visit_id], row.account_id) if "duplicate" in row.flags else {}
    return {
        "flags": list(row.flags),
        "household": {"id": row.household_id, "status": row.status},
        "others": [{"visitor": one["visitor"], "at": iso(one["at"])} for one in others.get(visit_id, [])],
    }


def _place(session: Session, sender: Sender, told: ToldVisit, planned: OpenRound, source_status: str | None) -> _Placed:
    """Find and lock the household, find the place, and judge the visit by its facts as the database has them."""
    ruling = planned.ruling
    query = _FACTS.format(facts=ruling.facts.select("v"), distance=DISTANCE)
    statement = _prepared.setdefault(query, Prepared(query, _FACT_TYPES))
    fix = told.fix if told.fix and abs(told.fix.lat) <= _MOST_LAT else None
    row = statement.run(
        session,
        {
            "household": told.household_id,
            "lon": fix.lon if fix else None,
            "lat": fix.lat if fix else None,
            "mode": told.mode,
            "outcome": told.outcome,
            "minutes": told.minutes,
            "reason": told.reason,
            "source_status": source_status,
            "accuracy": fix.accuracy_m if fix else None,
            "fix_age": told.fix_age_s if fix else None,
            "started": told.started_at,
        },
    ).one()
    within = row.place_jur is not None and any(low <= row.place_jur < high for low, high in sender.duty)
    jur = row.household_jur or (row.place_jur if within else sender.duty[0][0])
    return _Placed(
        household_id=row.household_id,
        jur=jur,
        place_jur=row.place_jur,
        place=row.place,
        distance_m=row.distance_m,
        is_gone=told.household_id is not None and (row.household_id is None or row.removed_at is not None),
        verdict=check_visit(ruling.facts.read(row[6:]), ruling.rule),
    )


def _insert(
    session: Session,
    sender: Sender,
    visit_id: uuid.UUID,
    told: ToldVisit,
    planned: OpenRound,
    placed: _Placed,
    source_status: str | None,
    suspect: list[str],
) -> None:
    has_place = placed.place is not None
    named = told.household_ref or (str(told.household_id) if told.household_id else None)
    _INSERT.run(
        session,
        {
            "id": str(visit_id),
            "campaign_id": told.campaign_id,
            "round_no": told.round_no,
            "household_id": placed.household_id,
            "household_ref": named,
            "jur": placed.jur,
            "account_id": sender.account_id,
            "visitor": sender.name,
            "visitor_kind": planned.ruling.kind_of(told.kind),
            "companions": "、".join(told.companions) or None,
            "companion_ids": _companions(session, told.companions, placed.jur),
            "started_at": told.started_at,
            "ended_at": told.ended_at,
            "entered_at": told.entered_at,
            "minutes": told.minutes,
            "mode": told.mode,
            "reason": told.reason,
            "outcome": told.outcome,
            "source_status": source_status,
            "place_jur": placed.place_jur,
            "distance_m": placed.distance_m,
            "fix_age_s": told.fix_age_s if has_place else None,
            "suspect": suspect,
            "verdict": placed.verdict,
            "counts": placed.verdict == "valid",
            "rule_version": planned.version,
            "answers": json.dumps(told.answers, ensure_ascii=False) if told.answers else None,
            "remark": told.remark,
            "geom": placed.place,
            "source_system": PHONE_SYSTEM if has_place else None,
            "placed_by": "phone" if has_place else None,
            "accuracy_m": told.fix.accuracy_m if told.fix and has_place else None,
            "quality": ON_THE_SPOT if has_place else 7,
            "supersedes": str(told.supersedes) if told.supersedes else None,
        },
    )


def _companions(session: Session, names: tuple[str, ...], jur: int) -> list[int]:
    if not names:
        return []
    found = session.scalar(
        text("select sec.known_people(cast(:names as text[]), :jur)"), {"names": list(names), "jur": jur}
    )
    return list(found or [])


def _supersede(session: Session, visit_id: uuid.UUID, old: uuid.UUID) -> set[int]:
    """Set a corrected visit of the same person aside, wherever it lies by now; gives its household."""
    rows = session.execute(
        text("select household_id from sec.set_aside(cast(:old as uuid), cast(:new as uuid))"),
        {"new": str(visit_id), "old": str(old)},
    )
    return {row.household_id for row in rows}


def _among_others(session: Session, sender: Sender, visit_id: uuid.UUID, told: ToldVisit, placed: _Placed) -> list[str]:
    """What is odd about a visit beside what else is known of its household; ends a reservation of the sender's own."""
    flags = ["household_gone"] if placed.is_gone else []
    if placed.household_id is None:
        return flags
    where = {"campaign": told.campaign_id, "round": told.round_no, "household": placed.household_id}
    row = _STANDS.run(session, {**where, "account": sender.account_id}).one()
    if placed.verdict == "valid" and (row.valid_visits or 0) > 1 and _is_second(session, sender, visit_id, told, where):
        flags.append("duplicate")
    if row.assigned and not row.own:
        flags.append("not_assigned")
    if row.reserved:
        session.execute(
            text("""
                update reservation set ended_at = clock_timestamp()
                 where campaign_id = :campaign and round_no = :round and household_id = :household
                   and account_id = :account and ended_at is null"""),
            {**where, "account": sender.account_id},
        )
    return flags


def _is_second(session: Session, sender: Sender, visit_id: uuid.UUID, told: ToldVisit, where: dict[str, Any]) -> bool:
    """Whether a visit that counts is one too many: others count that did not go together with this one."""
    rows = session.execute(
        text("""
            select visitor, companions, started_at, ended_at from visit
             where campaign_id = :campaign and round_no = :round and household_id = :household and counts
               and superseded_by is null and id <> cast(:visit as uuid)"""),
        {**where, "visit": str(visit_id)},
    )
    this = Told(sender.name, None, "、".join(told.companions), told.started_at, told.ended_at)
    return not all(
        went_together(this, Told(row.visitor, None, row.companions, row.started_at, row.ended_at)) for row in rows
    )


def _keep_beside(session: Session, visit_id: uuid.UUID, told: ToldVisit, placed: _Placed, flags: list[str]) -> None:
    _BESIDE.run(
        session,
        {
            "visit": str(visit_id),
            "household": placed.household_id,
            "jur": placed.jur,
            "supersedes": str(told.supersedes) if told.supersedes else None,
            "outcome_reason": told.outcome_reason,
            "fix_reason": told.fix_reason,
            "duration_by": told.duration_by,
            "offset": told.clock_offset_ms,
            "work": list(told.work),
            "form": told.form_version,
            "satisfaction": told.satisfaction,
            "return_at": told.return_at,
            "return_when": told.return_when,
            "flags": flags,
        },
    )
