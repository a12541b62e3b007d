"""What a phone is told before it goes out: the households of the duty as they stand, and afterwards only what changed.

For each phone it is remembered which households it was told of and in which state. So it gets what is new to it and
the numbers of what is gone, whatever the reason: a visit, a move, a changed duty.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.campaigns import whole_plan
from data.households import iso
from data.masks import mask_name
from data.prepared import Prepared
from data.rules.plan import VisitRule
from data.rules.visitors import kinds_of
from data.sync.refusals import ItemUnfit
from data.tables import Campaign, Round
from geo.errors import Text

PAGE = 500
# Rows are looked through in steps of this many; only those new to the phone are sent.
_STEP = 2000
# States remembered of one phone, and of one account: the answer to the last request may have been lost.
_OF_DEVICE, _OF_ACCOUNT = 3, 30
_WORD = Text("上次返回的值", "what the last answer gave")

_HOUSEHOLDS = Prepared(
    """
    select h.id, h.code, h.head_name, h.address, h.house_no, h.people, h.key_groups, v.code as village_code,
           v.name as village_name, t.name as hamlet, g.id as grid_id, g.name as grid_name,
           case when h.quality <= 4 then st_x(h.geom) end as lon, case when h.quality <= 4 then st_y(h.geom) end as lat,
           h.quality, h.revision, w.grade, s.status, l.at, l.outcome, l.visitor, l.minutes, l.return_at,
           o.household_id is not null as assigned, r.who, r.until
      from household h
      left join area v on v.id = h.village_id
      left join area t on t.id = h.group_id
      left join grid g on g.id = h.grid_id
      left join standing s on s.campaign_id = :campaign and s.round_no = :round and s.household_id = h.id
      left join lateral (
        select max(grade) as grade from house u where u.household_id = h.id) w on true
      left join lateral (
        select coalesce(i.ended_at, i.started_at) as at, i.outcome, i.visitor, i.minutes, f.return_at
          from visit i left join field_visit f on f.visit_id = i.id
         where i.household_id = h.id and i.campaign_id = :campaign and i.round_no = :round
           and i.superseded_by is null
         order by coalesce(i.ended_at, i.started_at) desc nulls last, i.no desc limit 1) l on true
      left join (select distinct household_id from assignment
                  where campaign_id = :campaign and round_no = :round and account_id = :account) o
        on o.household_id = h.id
      left join reservation r on r.campaign_id = :campaign and r.round_no = :round and r.household_id = h.id
                             and r.ended_at is null and r.until > now()
     where h.removed_at is null and h.id > :after
     order by h.id limit :limit""",
    {"campaign": "bigint", "round": "smallint", "account": "bigint", "after": "bigint", "limit": "bigint"},
)


# Changes with the way households are told, so that nobody who was told in an older way is left with it.
_RECIPE = hashlib.sha256(f"1 {_HOUSEHOLDS.text}".encode()).hexdigest()[:12]
# The state of everything, and whether the phone was told all of just this one.
_STATE = Prepared(
    """select s.seen, exists (
           select 1 from pulled p where p.id = :since and p.account_id = :account and p.device_id = :device
              and p.complete and p.seen = s.seen) as is_known
         from (select concat_ws(' ', :recipe, sec.pull_state(:campaign, :round)) as seen offset 0) s""",
    {
        "since": "uuid",
        "account": "bigint",
        "device": "uuid",
        "recipe": "text",
        "campaign": "bigint",
        "round": "smallint",
    },
)
_KIND = Prepared(
    """select kind from assignment
        where campaign_id = :campaign and round_no = :round and account_id = :account
        group by kind order by count(*) desc, kind limit 1""",
    {"campaign": "bigint", "round": "smallint", "account": "bigint"},
)


@dataclass(frozen=True)
class Page:
    """One page of what a phone is told.

    Attributes
    ----------
    since : str
        For the next time, once the last page has come.
    is_full : bool
        Whether everything is told anew: then what the phone has besides is to go.
    more : str or None
        For the next page.
    households : list of dict
    gone : list of int
        Households that are no longer the asker's.
    """

    since: str
    is_full: bool
    more: str | None
    households: list[dict[str, Any]]
    gone: list[int]


@dataclass
class _State:
    """What a phone has been told: numbers of households, ascending, with a mark of their state."""

    id: uuid.UUID
    base: uuid.UUID | None
    marks: dict[int, int]


def pull(
    session: Session,
    asker: Asker,
    device_id: uuid.UUID,
    campaign_id: int,
    round_no: int,
    *,
    since: str | None,
    after: str | None,
) -> Page:
    """Tell a phone of the households of the asker's duty, at most ``PAGE`` at a time.

    Parameters
    ----------
    since : str or None
        What an earlier answer gave; without it, or where that is forgotten, everything is told.
    after : str or None
        ``more`` of the page before; the same page may be asked for again.

    Raises
    ------
    ItemUnfit
        If ``after`` is none of the asker's.
    """
    seen = None
    if after is None:
        known_as = _key(since) if since else None
        values = {"since": str(known_as) if known_as else None, "account": asker.account_id, "device": str(device_id)}
        where = {"campaign": campaign_id, "round": round_no, "recipe": _RECIPE}
        state_now = _STATE.run(session, {**values, **where}).one()
        seen = state_now.seen
        if known_as and state_now.is_known:
            return Page(known_as.hex, False, None, [], [])
        # What was told only in part is no state to begin from.
        base = _find(session, asker, device_id, _key(since), complete=True) if since else None
        state, last = _State(uuid.uuid4(), base.id if base else None, {}), 0
    else:
        state, last = _resume(session, asker, device_id, after)
        base = _find(session, asker, device_id, state.base) if state.base else None
    known = base.marks if base else {}
    told: list[dict[str, Any]] = []
    keys = {"campaign": campaign_id, "round": round_no, "account": asker.account_id}
    has_more = True
    while has_more and len(told) < PAGE:
        rows = _HOUSEHOLDS.run(session, {**keys, "after": last, "limit": _STEP}).all()
        has_more = len(rows) == _STEP
        for at, row in enumerate(rows):
            household = _told(row)
            mark = _mark(household)
            if known.get(row.id) != mark:
                told.append(household)
            state.marks[row.id] = mark
            last = row.id
            if len(told) == PAGE:
                has_more = has_more or at + 1 < len(rows)
                break
    _keep(session, asker, device_id, state, is_new=after is None, complete=not has_more, seen=seen)
    # Only at the end is it known who is not among them.
    gone = [] if has_more else sorted(known.keys() - state.marks.keys())
    more = f"{state.id.hex}.{last}" if has_more else None
    return Page(state.id.hex, base is None, more, told, gone)


def _told(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "head": mask_name(row.head_name),
        "address": row.address,
        "house_no": row.house_no,
        "people": row.people,
        "key_groups": list(row.key_groups),
        "village": {"code": row.village_code, "name": row.village_name} if row.village_code else None,
        "hamlet": row.hamlet,
        "grid": {"id": row.grid_id, "name": row.grid_name} if row.grid_id else None,
        "lon": row.lon,
        "lat": row.lat,
        "quality": row.quality,
        "revision": row.revision,
        "grade": row.grade,
        "status": row.status,
        "last": {"at": iso(row.at), "outcome": row.outcome, "visitor": row.visitor, "minutes": row.minutes}
        if row.outcome
        else None,
        "assigned": row.assigned,
        "reserved": {"who": row.who, "until": iso(row.until)} if row.who else None,
        "return_at": iso(row.return_at),
    }


def _mark(household: dict[str, Any]) -> int:
    written = json.dumps(household, ensure_ascii=False, separators=(",", ":")).encode()
    return int.from_bytes(hashlib.blake2b(written, digest_size=8).digest(), "big", signed=True)


def _key(word: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(hex=word)
    except ValueError:
        return None


def _find(
    session: Session, asker: Asker, device_id: uuid.UUID, key: uuid.UUID | None, *, complete: bool = False
) -> _State | None:
    if key is None:
        return None
    row = session.execute(
        text("""
            select id, base, ids, marks from pulled
             where id = cast(:id as uuid) and account_id = :account and device_id = cast(:device as uuid)
               and (complete or not :complete)"""),
        {"id": str(key), "account": asker.account_id, "device": str(device_id), "complete": complete},
    ).one_or_none()
    return None if row is None else _State(row.id, row.base, dict(zip(row.ids, row.marks, strict=True)))


def _resume(session: Session, asker: Asker, device_id: uuid.UUID, after: str) -> tuple[_State, int]:
    name, _, number = after.partition(".")
    found = _find(session, asker, device_id, _key(name))
    if found is None or not (number.isascii() and number.isdigit() and len(number) < 18):
        raise ItemUnfit("after", after, _WORD)
    last = int(number)
    # A page that is asked for again is made anew.
    found.marks = {key: mark for key, mark in found.marks.items() if key <= last}
    return found, last


def _keep(
    session: Session,
    asker: Asker,
    device_id: uuid.UUID,
    state: _State,
    *,
    is_new: bool,
    complete: bool,
    seen: str | None,
) -> None:
    values = {
        "id": str(state.id),
        "account": asker.account_id,
        "device": str(device_id),
        "base": str(state.base) if state.base else None,
        "ids": list(state.marks),
        "marks": list(state.marks.values()),
        "complete": complete,
        "seen": seen,
    }
    if not is_new:
        session.execute(
            text("""
                update pulled set ids = cast(:ids as bigint[]), marks = cast(:marks as bigint[]), complete = :complete,
                       at = clock_timestamp()
                 where id = cast(:id as uuid)"""),
            values,
        )
        return
    session.execute(
        text("""
            insert into pulled (id, account_id, device_id, base, ids, marks, complete, seen)
            values (cast(:id as uuid), :account, cast(:device as uuid), cast(:base as uuid), cast(:ids as bigint[]),
                    cast(:marks as bigint[]), :complete, :seen)"""),
        values,
    )
    session.execute(
        text(f"""
            delete from pulled p using (
                select id, row_number() over (partition by device_id order by at desc) as of_device,
                       row_number() over (order by at desc) as of_account
                  from pulled where account_id = :account) k
             where p.id = k.id and (k.of_device > {_OF_DEVICE} or k.of_account > {_OF_ACCOUNT})
               and p.id is distinct from cast(:base as uuid)"""),
        values,
    )


def campaign_told(
    campaign: Campaign, rounds: Sequence[Round], round_no: int, assigned_kind: str | None
) -> dict[str, Any]:
    """The campaign and round of a pull, with what its plan asks of a visit.

    Parameters
    ----------
    assigned_kind : str or None
        Kind of visitors as which the asker is to visit; None for that which takes what is left.
    """
    planned = next(one for one in rounds if one.no == round_no)
    rule, kinds = VisitRule.from_plan(campaign.plan), kinds_of(campaign.plan)
    kind = next((one for one in kinds if one.kind == assigned_kind), None) or next(
        (one for one in kinds if one.rule == "remainder"), kinds[-1]
    )
    return {
        "id": campaign.id,
        "name_zh": campaign.name_zh,
        "name_en": campaign.name_en,
        "round": round_no,
        "round_name_zh": planned.name_zh,
        "round_name_en": planned.name_en,
        "starts_on": _day(planned.starts_on),
        "ends_on": _day(planned.ends_on),
        "plan_version": campaign.version,
        "visit": {
            "min_minutes": rule.min_minutes,
            "remote_modes": list(rule.remote_modes),
            "remote_needs_reason": rule.remote_needs_reason,
            "remote_reasons": list(rule.remote_reasons),
            "lookback_modes": list(rule.lookback_modes),
        },
        "kind": {"key": kind.kind, "name_zh": kind.name.zh, "name_en": kind.name.en},
    }


def form_told(campaign: Campaign) -> dict[str, Any]:
    """Questionnaire, work list and classes of demands of a plan; ``version`` is that of the plan."""
    plan = whole_plan(campaign)
    return {
        "version": campaign.version,
        "questions": [
            {
                "key": one["key"],
                "topic": one.get("topic"),
                "also": list(one.get("also") or ()),
                "zh": one["text_zh"],
                "en": one["text_en"],
            }
            for one in plan.get("question") or ()
        ],
        "work": _named(plan.get("work")),
        "demand_classes": _named(plan.get("demand_class")),
    }


def assigned_kind(session: Session, asker: Asker, campaign_id: int, round_no: int) -> str | None:
    """The kind of visitors as which most households of the round are assigned to the asker; None without any."""
    found: str | None = _KIND.run(
        session, {"campaign": campaign_id, "round": round_no, "account": asker.account_id}
    ).scalar()
    return found


def _named(rows: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [{"key": one["key"], "zh": one["name_zh"], "en": one["name_en"]} for one in rows or ()]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
