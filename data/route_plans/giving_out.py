"""A plan is given out to phones, and taken back; its households are reserved for those who go there."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, text
from sqlalchemy.orm import Session

from data.assigning import grid_kind
from data.audit import record
from data.db import rows_changed
from data.local_time import today
from data.masks import mask_name
from data.route_plans.keeping import key_of, load_plan
from data.route_plans.listing import settled_plan
from data.route_plans.refusals import being_solved, changed_meanwhile, refuse
from data.rules.visitors import kinds_of
from data.rules.words import VISITED
from data.tables import Campaign, Round, RoutePlan
from geo.routing.verify import verify_plan

_VISITED = f"({', '.join(str(int(status)) for status in VISITED)})"
# Whom somebody has reserved, or has been assigned as another kind, stays with him: that is told, and the plan goes out.
_RESERVE = f"""
    insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until, route_plan_id)
    select p.campaign_id, p.round_no, s.household_id, s.jur, p.kind, s.account_id, w.name,
           cast(r.on_day + 1 as timestamptz), p.id
      from route_plan p
      join route_stop s on s.plan_id = p.id and s.published and not s.done
      join route r on r.plan_id = s.plan_id and r.published and r.account_id = s.account_id and r.day = s.day
      join standing t on t.campaign_id = p.campaign_id and t.round_no = p.round_no and t.household_id = s.household_id
      join unnest(cast(:accounts as bigint[]), cast(:names as text[])) as w (id, name) on w.id = s.account_id
      left join assignment a on a.campaign_id = p.campaign_id and a.round_no = p.round_no
                            and a.household_id = s.household_id and not a.repeats
     where p.id = :plan and t.status not in {_VISITED} and r.on_day >= :today
       and (a.household_id is null or a.kind = p.kind or a.account_id = s.account_id)
    on conflict (campaign_id, round_no, household_id) where ended_at is null do nothing"""
_MISSED = f"""
    select s.household_id, h.code, h.head_name, coalesce(v.who, a.owner) as who
      from route_plan p
      join route_stop s on s.plan_id = p.id and s.published and not s.done
      join household h on h.id = s.household_id
      join standing t on t.campaign_id = p.campaign_id and t.round_no = p.round_no and t.household_id = s.household_id
      left join reservation v on v.campaign_id = p.campaign_id and v.round_no = p.round_no
                             and v.household_id = s.household_id and v.ended_at is null and v.until > now()
      left join assignment a on a.campaign_id = p.campaign_id and a.round_no = p.round_no
                            and a.household_id = s.household_id and not a.repeats
     where p.id = :plan and t.status not in {_VISITED} and v.account_id is distinct from s.account_id
       and coalesce(v.who, a.owner) is not null
     order by s.household_id"""


def publish(session: Session, plan_id: int, revision: int) -> dict[str, Any]:
    """Give a plan out: from now on phones carry it, and its households are reserved until the end of their day.

    What was given out of it before is taken back.

    Parameters
    ----------
    revision : int
        That was seen.

    Returns
    -------
    dict
        ``revision``, ``inspectors``, ``visits``, ``reserved``, and ``taken``: households that somebody else has, with
        the name of who (``household``, ``code``, ``head``, ``who``).

    Raises
    ------
    RecordUnknown
        If there is no such plan for the asker.
    RouteConflict
        If it is another one by now, or is being solved.
    RouteRefused
        If nothing is planned, the round has ended, or a rule is broken.
    """
    row = settled_plan(session, plan_id, lock=True)
    if row.state == "solving":
        raise being_solved()
    if row.revision != revision:
        raise changed_meanwhile(row.revision)
    kept = load_plan(session, row)
    if not kept.plan.routes:
        raise refuse("方案里没有排入任何一户，不能发布。", "Nobody is planned; there is nothing to give out.")
    planned = session.get_one(Round, (row.campaign_id, row.round_no))
    if planned.ends_on is not None and planned.ends_on < today():
        raise refuse(
            f"本轮已于 {planned.ends_on} 结束，不能发布。",
            f"The round ended on {planned.ends_on}; the plan cannot be given out.",
            found=planned.ends_on.isoformat(),
        )
    verdict = verify_plan(kept.problem, kept.plan)
    if not verdict.good:
        raise refuse(
            "方案里的农户或走访员已有变动，路线不再成立。请重新规划。",
            "Households or inspectors of the plan have changed, so that it no longer holds. Plan anew.",
            kind=verdict.violations[0].kind,
        )
    _take_back(session, plan_id)
    keys = sorted(key_of(stop.household) for route in kept.plan.routes for stop in route.stops)
    # In one order and behind the same lock as every reservation and visit.
    session.execute(text("select 1 from household where id = any (:ids) order by id for no key update"), {"ids": keys})
    row.published_revision, row.state, row.updated_at = row.revision, "published", func.now()
    session.flush()
    for statement in _COPY:
        session.execute(text(statement), {"plan": plan_id, "revision": row.revision})
    reserved, taken = _reserve(session, row, keys)
    record(
        session,
        act="route_publish",
        object_kind="route_plan",
        object_id=plan_id,
        details={"revision": row.revision, "visits": kept.plan.visits, "reserved": reserved},
        jur=row.jur,
    )
    return {
        "revision": row.revision,
        "inspectors": len({route.inspector for route in kept.plan.routes}),
        "visits": kept.plan.visits,
        "reserved": reserved,
        "taken": taken,
    }


_COPY = (
    """insert into route (plan_id, published, account_id, day, on_day, campaign_id, round_no, jur, jur_end, revision,
                          mode, companions, leave_s, back_s, back_travel_s, back_travel_m, breaks)
       select plan_id, true, account_id, day, on_day, campaign_id, round_no, jur, jur_end, :revision, mode, companions,
              leave_s, back_s, back_travel_s, back_travel_m, breaks
         from route where plan_id = :plan and not published""",
    """insert into route_stop (plan_id, published, household_id, jur, account_id, day, position, arrival_s, start_s,
                               leave_s, travel_s, travel_m, estimated, done)
       select plan_id, true, household_id, jur, account_id, day, position, arrival_s, start_s, leave_s, travel_s,
              travel_m, estimated, done from route_stop where plan_id = :plan and not published""",
)


def _reserve(session: Session, row: RoutePlan, keys: list[int]) -> tuple[int, list[dict[str, Any]]]:
    campaign = session.get_one(Campaign, row.campaign_id)
    if grid_kind(kinds_of(campaign.plan), row.kind).repeats:
        return 0, []
    session.execute(
        text("""
            update reservation set ended_at = until
             where campaign_id = :campaign and round_no = :round and household_id = any (:ids) and ended_at is null
               and until <= clock_timestamp()"""),
        {"campaign": row.campaign_id, "round": row.round_no, "ids": keys},
    )
    people = session.execute(
        text("""
            select distinct a.account_id, a.full_name from sec.assignable() a
              join route r on r.account_id = a.account_id where r.plan_id = :plan and r.published"""),
        {"plan": row.id},
    ).all()
    made = session.execute(
        text(_RESERVE),
        {
            "plan": row.id,
            "today": today(),
            "accounts": [one.account_id for one in people],
            "names": [one.full_name for one in people],
        },
    )
    taken = [
        {"household": one.household_id, "code": one.code, "head": mask_name(one.head_name), "who": one.who}
        for one in session.execute(text(_MISSED), {"plan": row.id})
    ]
    return rows_changed(made), taken


def withdraw(session: Session, plan_id: int) -> None:
    """Take back what was given out of a plan: it goes from phones, and its reservations end.

    Raises
    ------
    RecordUnknown
        If there is no such plan for the asker.
    RouteRefused
        If nothing of it is given out.
    """
    row = settled_plan(session, plan_id, lock=True)
    if row.published_revision is None:
        raise refuse("方案没有发布，不用撤回。", "The plan is not given out; there is nothing to take back.")
    _take_back(session, plan_id)
    row.published_revision, row.updated_at = None, func.now()
    row.state = "withdrawn" if row.state == "published" else row.state
    session.flush()
    record(session, act="route_withdraw", object_kind="route_plan", object_id=plan_id, jur=row.jur)


def _take_back(session: Session, plan_id: int) -> None:
    session.execute(text("delete from route where plan_id = :plan and published"), {"plan": plan_id})
    session.execute(
        text("""
            update reservation set ended_at = clock_timestamp()
             where route_plan_id = :plan and ended_at is null"""),
        {"plan": plan_id},
    )
