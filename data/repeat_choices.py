"""What supervisors make of second visits of a round (重复走访): one joint visit, or one that does not count."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.duplicates import FLAG, refresh_duplicates
from data.masks import shown_name
from data.rules.repeats import BETWEEN_NAMES, names_in
from data.rulings import checked_words, set_ruling
from geo.errors import FangtuError, Text

JOINT, VOID = "joint", "void"
SETTLERS = (Role.SUPERVISOR, Role.LEADER)
PAGE = 20
MOST_SETTLED = 20
_DAY = "(coalesce({v}.started_at, {v}.ended_at) at time zone 'Asia/Shanghai')::date"
_SAME_DAY = f"{_DAY.format(v='o')} is not distinct from {_DAY.format(v='v')}"
# Twin of ``went_together`` in data/rules/repeats.py.
_TOGETHER = f"""({_SAME_DAY} and (o.visitor = any (regexp_split_to_array(coalesce(v.companions, ''), :between))
                 or v.visitor = any (regexp_split_to_array(coalesce(o.companions, ''), :between))))"""
# The visit that was there before, or first among those that count and did not go together with this one.
_OTHER = f"""
    cross join lateral (
        select o.id as other_id, o.no as other, o.visitor as other_visitor, o.visitor_kind as other_kind,
               o.companions as other_companions, coalesce(o.started_at, o.ended_at) as other_at,
               o.minutes as other_minutes, o.mode as other_mode, {_SAME_DAY} as same_day
          from visit o
         where o.household_id = v.household_id and o.campaign_id = v.campaign_id and o.round_no = v.round_no
           and o.id <> v.id and o.counts and o.superseded_by is null and not coalesce({_TOGETHER}, false)
         order by :flag = any (o.suspect), coalesce(o.started_at, o.ended_at) nulls last, o.no limit 1) other"""
_OPEN = f"""
    from (select v.id from visit v
           where v.campaign_id = :campaign and v.round_no = :round and v.jur >= :lo and v.jur < :hi
             and 'duplicate' = any (v.suspect)
          union
          select f.visit_id from field_visit f
           where f.jur >= :lo and f.jur < :hi and 'duplicate' = any (f.flags)) doubtful
    join visit v on v.id = doubtful.id {_OTHER}
   where v.campaign_id = :campaign and v.round_no = :round and v.counts and v.superseded_by is null
     and not exists (select 1 from repeat_choice c where c.visit_id = v.id and c.undone_at is null)"""


class RepeatRefused(FangtuError):
    """A choice about a second visit that is not taken, or not taken back; nothing was changed."""

    code = "repeat_refused"


@dataclass(frozen=True)
class Repeats:
    """Second visits of a round: a page of those that wait, how many there are, and what was settled last."""

    rows: list[dict[str, Any]]
    total: int
    page: int
    pages: int
    settled: list[dict[str, Any]]


def list_repeats(
    session: Session, asker: Asker, campaign_id: int, round_no: int, within: tuple[int, int], page: int = 1
) -> Repeats:
    """Second visits of a round that wait for a person, the newest first, each with the visit it is held against.

    Visits that went together are none. ``may_settle`` is false for the own visit and for who may not rule,
    ``may_join`` where both were not made on one day or a name is missing.
    """
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "flag": FLAG,
        "between": BETWEEN_NAMES,
        "limit": PAGE,
    }
    total = int(session.scalar(text(f"select count(*) {_OPEN}"), keys) or 0)
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = session.execute(
        text(f"""
            select w.*, h.code, h.head_name, a.name as village, sec.is_own_visit(w.id) as is_own
              from (select v.no, v.id, v.household_id, v.visitor, v.visitor_kind, v.companions, v.minutes, v.mode,
                           coalesce(v.started_at, v.ended_at) as at, other.* {_OPEN}
                     order by coalesce(v.started_at, v.ended_at) desc nulls last, v.no desc
                     limit :limit offset :skip) w
              join household h on h.id = w.household_id left join area a on a.id = h.village_id
             order by w.at desc nulls last, w.no desc"""),
        {**keys, "skip": PAGE * (page - 1)},
    )
    listed = []
    for row in rows:
        may_settle = asker.role in SETTLERS and not row.is_own
        listed.append(
            {
                **row._mapping,
                "head_name": shown_name(row.head_name or "", asker.role),
                "may_settle": may_settle,
                "may_join": may_settle and _may_join(row),
            }
        )
    return Repeats(listed, total, page, pages, _settled(session, asker, keys))


def settle_repeat(session: Session, asker: Asker, number: int, choice: str, reason: str) -> None:
    """Make of a second visit one joint visit with the other, or let it not count.

    Parameters
    ----------
    number : int
        Of the visit.
    choice : str
        ``joint``: the other's visitor becomes a companion of this visit, and neither is a repeat. ``void``: this visit
        is ruled void.
    reason : str
        In the person's own words; kept, and written into the audit.

    Raises
    ------
    RecordUnknown
        If there is no such visit in the asker's area of duty.
    RepeatRefused
        If there is no other visit that counts, it is settled already, it is the asker's own, or the two cannot have
        been made together.
    RulingRefused
        If the reason is missing.
    """
    visit = _hold(session, asker, number)
    if choice not in (JOINT, VOID):
        raise RepeatRefused(Text("没有保存：请选择记为陪同或不计入。", "Not saved: choose joint or not counted."))
    words = checked_words(reason)
    if visit.other_id is None:
        raise RepeatRefused(
            Text(
                "没有改动：本轮没有另一条计入的走访，或已处理过。",
                "Nothing was changed: no other visit of the round counts, or it is settled already.",
            )
        )
    if choice == JOINT:
        before, after = _join(session, visit)
    else:
        before = {"ruling": visit.ruling, "suspect": [one for one in visit.suspect if one != FLAG]}
        after = {"ruling": VOID}
        set_ruling(session, number, visit.campaign_id, VOID, [])
    session.execute(
        text("""
            insert into repeat_choice (visit_id, other_id, household_id, jur, choice, reason, before, after, account_id,
                                       actor)
            values (:visit, :other, :household, :jur, :choice, :reason, cast(:before as jsonb), cast(:after as jsonb),
                    :account, :actor)"""),
        {
            "visit": visit.id,
            "other": visit.other_id,
            "household": visit.household_id,
            "jur": visit.jur,
            "choice": choice,
            "reason": words,
            "before": json.dumps(before, ensure_ascii=False),
            "after": json.dumps(after, ensure_ascii=False),
            "account": asker.account_id,
            "actor": asker.full_name,
        },
    )
    refresh_duplicates(session, {visit.household_id}, campaign_id=visit.campaign_id)
    _record(session, visit, "repeat_settle", words, {"choice": choice, "other": visit.other})


def undo_repeat(session: Session, asker: Asker, number: int) -> None:
    """Take back what was made of a second visit; it is as before, and waits again.

    Raises
    ------
    RecordUnknown
        If there is no such visit in the asker's area of duty.
    RepeatRefused
        If nothing was chosen about it, it was changed since, or it is the asker's own.
    """
    visit = _hold(session, asker, number)
    chosen = session.execute(
        text("""
            select id, choice, before, after from repeat_choice
             where visit_id = :visit and undone_at is null for update"""),
        {"visit": visit.id},
    ).one_or_none()
    if chosen is None:
        raise RepeatRefused(Text("没有改动：这条走访还没有处理。", "Nothing was changed: this visit is not settled."))
    now = {"companions": visit.companions} if chosen.choice == JOINT else {"ruling": visit.ruling}
    if visit.superseded_by is not None or any(chosen.after[name] != value for name, value in now.items()):
        raise RepeatRefused(
            Text(
                "没有撤销：这条走访之后又改过，请在该户页面上核对。",
                "Not taken back: the visit was changed since. Check it on the page of the household.",
            )
        )
    if chosen.choice == JOINT:
        _set_companions(session, visit, chosen.before["companions"], chosen.before["companion_ids"])
    else:
        set_ruling(session, number, visit.campaign_id, chosen.before["ruling"], chosen.before["suspect"])
    session.execute(
        text("update repeat_choice set undone_at = clock_timestamp(), undone_by = :account where id = :id"),
        {"account": asker.account_id, "id": chosen.id},
    )
    refresh_duplicates(session, {visit.household_id}, campaign_id=visit.campaign_id)
    _record(session, visit, "repeat_undo", None, {"choice": chosen.choice})


def _may_join(visit: Row[Any]) -> bool:
    """Whether two visits may have been one: on one day, by two people who are named."""
    names = [(name or "").strip() for name in (visit.visitor, visit.other_visitor)]
    return bool(visit.same_day and all(names) and names[0] != names[1])


def _hold(session: Session, asker: Asker, number: int) -> Row[Any]:
    """The visit, held until the transaction ends, with the one it is held against, if it may be settled."""
    if asker.role not in SETTLERS:
        raise RepeatRefused(Text("没有保存：只有主管或领导可以处理。", "Not saved: a supervisor or leader settles it."))
    row = session.execute(
        text(f"""
            select v.no, v.id, v.campaign_id, v.household_id, v.jur, v.visitor, v.companions, v.companion_ids, v.ruling,
                   v.suspect, v.superseded_by, sec.is_own_visit(v.id) as is_own, other.*
              from (select v.*, v.counts and v.superseded_by is null and not exists (
                               select 1 from repeat_choice c where c.visit_id = v.id and c.undone_at is null) as is_open
                      from visit v where v.no = :no and v.household_id is not null for update) v
              left join lateral (select other.* from (select 1) one {_OTHER}) other on v.is_open"""),
        {"no": number, "flag": FLAG, "between": BETWEEN_NAMES},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.is_own:
        raise RepeatRefused(
            Text(
                "没有保存：不能处理自己的走访，请交他人处理。",
                "Not saved: nobody settles their own visits; leave them to another.",
            )
        )
    return row


def _join(session: Session, visit: Row[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if not _may_join(visit):
        raise RepeatRefused(
            Text(
                "没有保存：两次走访不在同一天，或没有走访员姓名，不能记为陪同。",
                "Not saved: the two were not made on one day, or a visitor is not named: they are no joint visit.",
            )
        )
    known = names_in(visit.companions)
    names = [one for one in (visit.companions, None if visit.other_visitor in known else visit.other_visitor) if one]
    companions = "、".join(names)
    ids = session.scalar(
        text("select sec.known_people(cast(:names as text[]), :jur)"),
        {"names": sorted(names_in(companions)), "jur": visit.jur},
    )
    _set_companions(session, visit, companions, list(ids or []))
    return {"companions": visit.companions, "companion_ids": list(visit.companion_ids)}, {"companions": companions}


def _set_companions(session: Session, visit: Row[Any], companions: str | None, ids: list[int]) -> None:
    session.execute(
        text("update visit set companions = :companions, companion_ids = :ids, updated_at = now() where no = :no"),
        {"companions": companions, "ids": ids, "no": visit.no},
    )


def _settled(session: Session, asker: Asker, keys: dict[str, Any]) -> list[dict[str, Any]]:
    rows = session.execute(
        text("""
            select v.no, v.visitor, coalesce(v.started_at, v.ended_at) as at, c.choice, c.reason, c.actor,
                   c.at as settled_at, o.visitor as other_visitor, c.household_id, h.code, h.head_name,
                   sec.is_own_visit(v.id) as is_own
              from repeat_choice c join visit v on v.id = c.visit_id left join visit o on o.id = c.other_id
              join household h on h.id = c.household_id
             where c.jur >= :lo and c.jur < :hi and c.undone_at is null and v.campaign_id = :campaign
               and v.round_no = :round
             order by c.at desc, c.id desc limit :most"""),
        {**keys, "most": MOST_SETTLED},
    )
    return [
        {
            **row._mapping,
            "head_name": shown_name(row.head_name or "", asker.role),
            "may_settle": asker.role in SETTLERS and not row.is_own,
        }
        for row in rows
    ]


def _record(session: Session, visit: Row[Any], act: str, reason: str | None, details: dict[str, Any]) -> None:
    fields = ("companions",) if details["choice"] == JOINT else ("ruling",)
    record(
        session,
        act=act,
        object_kind="visit",
        object_id=visit.no,
        fields=fields,
        reason=reason,
        details=details,
        jur=visit.jur,
    )
