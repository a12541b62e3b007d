"""What an inspector has of plans: the own days as given out, carried by the phone, and the order they are gone in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.local_time import today
from data.route_plans.refusals import changed_meanwhile, refuse

# A day that is over is told a little longer, so that its order can still be reported.
_PAST_DAYS = 2


def own_route(session: Session, asker: Asker, campaign_id: int, round_no: int) -> list[dict[str, Any]]:
    """What is given out to the asker in a round, from the day before yesterday on, by day and order.

    Returns
    -------
    list of dict
        ``plan, revision, day`` (date), ``household, position`` (from 0), ``start, leave`` (second of the day), ``lead``
        (False for who comes along) and ``reported`` (place as last told, or None).
    """
    rows = session.execute(
        text("""
            select s.plan_id as plan, r.revision, r.on_day, s.household_id as household, s.position, s.start_s,
                   s.leave_s, r.account_id = :account as lead, s.reported
              from route r
              join route_stop s on s.plan_id = r.plan_id and s.published and s.account_id = r.account_id
                               and s.day = r.day
             where r.published and r.campaign_id = :campaign and r.round_no = :round and r.on_day >= :since
               and (r.account_id = :account or :account = any (r.companions))
             order by r.on_day, s.plan_id, r.account_id, s.position"""),
        {
            "account": asker.account_id,
            "campaign": campaign_id,
            "round": round_no,
            "since": today() - timedelta(days=_PAST_DAYS),
        },
    )
    return [
        {
            "plan": row.plan,
            "revision": row.revision,
            "day": row.on_day.isoformat(),
            "household": row.household,
            "position": row.position,
            "start": row.start_s,
            "leave": row.leave_s,
            "lead": row.lead,
            "reported": row.reported,
        }
        for row in rows
    ]


def has_route(session: Session, asker: Asker, plan_id: int) -> bool:
    """Whether anything of a plan is given out to the asker."""
    return (
        session.scalar(
            text("select 1 from route where plan_id = :plan and published and account_id = :account limit 1"),
            {"plan": plan_id, "account": asker.account_id},
        )
        is not None
    )


def report_order(
    session: Session, asker: Asker, plan_id: int, day: date, revision: int, households: Sequence[int]
) -> int:
    """Keep the order in which a day is gone, as the inspector said; telling it again changes nothing.

    Parameters
    ----------
    revision : int
        Of what the phone carries.
    households : sequence of int
        All or some of the day, in order; the others have no place told.

    Returns
    -------
    int
        How many households have a place now.

    Raises
    ------
    RecordUnknown
        If nothing of the plan is given out to the asker that day.
    RouteConflict
        If something else was given out since.
    RouteRefused
        If a household is none of the day's.
    """
    keys = {"plan": plan_id, "account": asker.account_id, "on": day}
    route = session.execute(
        text("""
            select day, revision from route
             where plan_id = :plan and published and account_id = :account and on_day = :on"""),
        keys,
    ).one_or_none()
    if route is None:
        raise RecordUnknown
    if route.revision != revision:
        raise changed_meanwhile(route.revision)
    there = set(
        session.scalars(
            text("""
                select household_id from route_stop
                 where plan_id = :plan and published and account_id = :account and day = :day"""),
            {**keys, "day": route.day},
        )
    )
    strange = [key for key in households if key not in there]
    if strange:
        raise refuse(
            f"编号为 {strange[0]} 的户不在当天的路线里。",
            f"Household {strange[0]} is none of that day's route.",
            found=strange[0],
        )
    session.execute(
        text("""
            update route_stop s
               set reported = (select min(k.at) - 1 from unnest(cast(:ids as bigint[])) with ordinality as k (id, at)
                                where k.id = s.household_id)
             where s.plan_id = :plan and s.published and s.account_id = :account and s.day = :day"""),
        {**keys, "day": route.day, "ids": list(households)},
    )
    session.execute(
        text("""
            update route set reported_at = clock_timestamp()
             where plan_id = :plan and published and account_id = :account and day = :day"""),
        {**keys, "day": route.day},
    )
    return len(set(households))
