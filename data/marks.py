"""Marks from the field (标房): keeping what a phone sends, and applying at once what a correction may."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.audit import record
from data.masks import mask_name
from data.rules.marks import AT_ONCE
from data.rules.words import DILAPIDATED, NOT_PLACED
from data.sync.mark_bodies import ToldChange, ToldMark, plain
from data.sync.refusals import Sender

KIND = "mark"
PHONE_SYSTEM = "wgs84"
ON_THE_SPOT = 1
ROUGH_M = 50.0
CLOCK_OFF_S = 300.0
# Web Mercator ends here; a place beyond is none of a household's.
_MOST_LAT = 85.0

# Column of each field that can be corrected.
COLUMNS = {
    "address": "address",
    "house_no": "house_no",
    "people": "people",
    "key_groups": "key_groups",
    "hamlet": "stated_hamlet",
    "head_name": "head_name",
}


@dataclass(frozen=True)
class _Decided:
    """A field of a correction: what stands there now, and whether it may be applied at once."""

    change: ToldChange
    now: Any
    applies: bool


def store_mark(session: Session, sender: Sender, mark_id: uuid.UUID, told: ToldMark, received_at: datetime) -> None:
    """Store a mark with its fields; those that may be and that nobody has changed meanwhile are applied.

    A household or house that the sender does not see is treated as none: the mark is kept with the number the phone has
    for it, in the jurisdiction of its place if that is in the duty, else in the first area of duty.
    """
    home = _household(session, told.household_id)
    house = _house(session, told.house_id)
    if home is None and house is not None and told.household_id is None:
        home = _household(session, house.household_id)
    jur, inside = _jurisdiction(session, sender, told, home, house)
    flags = _flags(told, received_at)
    gone = (told.household_id is not None and home is None) or (told.house_id is not None and house is None)
    flags += ["household_gone"] if gone else []
    flags += [] if inside else ["elsewhere"]
    named = str(told.household_id or told.house_id) if gone else None
    decided = [_decide(change, home) for change in told.changes]
    state = "suspected" if told.kind == "impression" and _is_suspected(told) else "proposed"
    if decided and all(one.applies for one in decided):
        state = "accepted"
    spot = _spot(session, told, home, house)
    session.execute(
        text("""
            insert into mark (id, kind, account_id, marked_by, household_id, household_ref, house_id, jur, at,
                              accuracy_reason, outline, grade, parts, suspected, base_revision, remark, flags, state,
                              geom, source_system, placed_by, accuracy_m, quality)
            values (:id, :kind, :account, :who, :household, :ref, :house, :jur, :at, :accuracy_reason,
                    st_setsrid(st_geomfromgeojson(:outline), 4326), :grade, cast(:parts as jsonb), :suspected,
                    :revision, :remark, :flags, :state,
                    st_setsrid(st_makepoint(cast(:lon as float8), cast(:lat as float8)), 4326), :system, :placed_by,
                    :accuracy, :quality)"""),
        {
            "id": str(mark_id),
            "kind": told.kind,
            "account": sender.account_id,
            "who": sender.name,
            "household": home.id if home else None,
            "ref": named,
            "house": house.id if house else None,
            "jur": jur,
            "at": told.at,
            "accuracy_reason": told.accuracy_reason,
            "outline": told.outline,
            "grade": told.grade,
            "parts": json.dumps(told.parts) if told.parts else None,
            "suspected": _is_suspected(told),
            "revision": told.base_revision,
            "remark": told.remark,
            "flags": flags,
            "state": state,
            **spot,
        },
    )
    for one in decided:
        _keep_change(session, mark_id, one, home, jur)
    record(
        session,
        act="mark_add",
        object_kind=KIND,
        object_id=mark_id,
        fields=[change.field for change in told.changes],
        details={"kind": told.kind} | ({"for": sender.account_id} if sender.account_id != sender.sent_by else {}),
        jur=jur,
    )


def mark_answer(session: Session, mark_id: uuid.UUID) -> dict[str, Any]:
    """State and flags of an accepted mark and, of a correction, the state of each field: what its receipt adds."""
    row = session.execute(
        text("""
            select m.state, m.flags, (select jsonb_object_agg(c.field, c.state) from mark_change c
                                       where c.mark_id = m.id) as fields
              from mark m where m.id = :id"""),
        {"id": str(mark_id)},
    ).one_or_none()
    if row is None:
        return {"state": None, "flags": [], "fields": {}}
    return {"state": row.state, "flags": list(row.flags), "fields": row.fields or {}}


def current_values(home: Row[Any]) -> dict[str, Any]:
    """What stands in the fields of a household that can be corrected, as values are compared."""
    return {field: plain(getattr(home, column)) for field, column in COLUMNS.items()}


def is_unchanged(field: str, base: Any, now: Any, group_name: str | None = None) -> bool:
    """Whether a field still is as the phone had it, which knows names of heads masked and a hamlet by its area."""
    if base == now:
        return True
    if field == "head_name":
        return isinstance(now, str) and base == mask_name(now)
    return field == "hamlet" and group_name is not None and base == group_name


def hold_household(session: Session, household_id: int) -> Row[Any] | None:
    """A household's fields, held until the transaction ends; None if the asker sees none."""
    return session.execute(
        text(f"""
            select h.id, h.jur, h.revision, {", ".join(f"h.{column}" for column in COLUMNS.values())},
                   (select a.name from area a where a.id = h.group_id) as group_name
              from household h where h.id = :id and h.removed_at is null for update of h"""),
        {"id": household_id},
    ).one_or_none()


def write_field(session: Session, household_id: int, field: str, value: Any) -> None:
    """Give one field of a household another value; its revision grows."""
    as_list = field == "key_groups"
    session.execute(
        text(f"""
            update household set {COLUMNS[field]} = :value, revision = revision + 1, updated_at = now()
             where id = :id"""),
        {"id": household_id, "value": (value or []) if as_list else value},
    )


def _decide(change: ToldChange, home: Row[Any] | None) -> _Decided:
    now = current_values(home)[change.field] if home else None
    same = home is not None and is_unchanged(change.field, change.base, now, home.group_name)
    return _Decided(change, now, same and change.field in AT_ONCE)


def _keep_change(session: Session, mark_id: uuid.UUID, one: _Decided, home: Row[Any] | None, jur: int) -> None:
    if one.applies and home is not None:
        write_field(session, home.id, one.change.field, one.change.value)
    session.execute(
        text("""
            insert into mark_change (mark_id, field, jur, base, value, before, state)
            values (:mark, :field, :jur, cast(:base as jsonb), cast(:value as jsonb), cast(:before as jsonb),
                    :state)"""),
        {
            "mark": str(mark_id),
            "field": one.change.field,
            "jur": jur,
            "base": as_json(one.change.base),
            "value": as_json(one.change.value),
            "before": as_json(one.now) if one.applies else None,
            "state": "applied" if one.applies else "proposed",
        },
    )


def _household(session: Session, household_id: int | None) -> Row[Any] | None:
    return hold_household(session, household_id) if household_id is not None else None


def _house(session: Session, house_id: int | None) -> Row[Any] | None:
    if house_id is None:
        return None
    return session.execute(
        text("select id, jur, household_id from house where id = :id"), {"id": house_id}
    ).one_or_none()


def _jurisdiction(
    session: Session, sender: Sender, told: ToldMark, home: Row[Any] | None, house: Row[Any] | None
) -> tuple[int, bool]:
    """Where a mark belongs, and whether its place lies where the sender works."""
    found: int | None = None
    if told.place is not None:
        found = session.scalar(
            text("select sec.jur_of_place(st_setsrid(st_makepoint(:lon, :lat), 4326))"),
            {"lon": told.place[0], "lat": told.place[1]},
        )
    inside = found is not None and any(low <= found < high for low, high in sender.duty)
    if home is not None:
        return home.jur, inside or told.place is None
    if house is not None:
        return house.jur, inside or told.place is None
    return (found if found is not None and inside else sender.duty[0][0]), inside or told.place is None


def _spot(session: Session, told: ToldMark, home: Row[Any] | None, house: Row[Any] | None) -> dict[str, Any]:
    """Where a mark is drawn: where it was made, else at the house or household it speaks of, else nowhere."""
    if told.place is not None and abs(told.place[1]) <= _MOST_LAT:
        lon, lat = told.place
        return {
            "lon": lon,
            "lat": lat,
            "system": PHONE_SYSTEM,
            "placed_by": "phone",
            "accuracy": told.accuracy_m,
            "quality": ON_THE_SPOT,
        }
    known = None
    if told.place is None and (home is not None or house is not None):
        known = session.execute(
            text("""
                select st_x(geom) as lon, st_y(geom) as lat, source_system as system, placed_by, accuracy_m as accuracy,
                       quality
                  from (select 1 as turn, geom, source_system, 'house' as placed_by, accuracy_m, quality from house
                         where id = :house
                        union all select 2, geom, source_system, 'household', accuracy_m, quality from household
                         where id = :home) known
                 where geom is not null order by turn limit 1"""),
            {"house": house.id if house else None, "home": home.id if home else None},
        ).one_or_none()
    if known is not None:
        return dict(known._mapping)
    return {**dict.fromkeys(("lon", "lat", "system", "placed_by", "accuracy")), "quality": NOT_PLACED}


def _flags(told: ToldMark, received_at: datetime) -> list[str]:
    flags = []
    ahead_s = (told.at - received_at).total_seconds()
    if abs(told.clock_offset_ms or 0) > 1000 * CLOCK_OFF_S or ahead_s > CLOCK_OFF_S:
        flags.append("clock_off")
    if told.place is not None and (told.accuracy_m is None or told.accuracy_m > ROUGH_M):
        flags.append("rough")
    return flags


def _is_suspected(told: ToldMark) -> bool:
    """Whether a house is to be appraised: said so, or thought to be of grade C or D."""
    return told.suspected or told.grade in DILAPIDATED


def as_json(value: Any) -> str | None:
    """A value as the database takes it; nothing for none."""
    return None if value is None else json.dumps(value, ensure_ascii=False)
