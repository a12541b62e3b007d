"""Changes of a plan one after the other, each with the whole plan after it: undo goes back along them, redo forward."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from data.route_plans.held import Held
from data.tables import RouteChange, RoutePlan
from geo.routing.plan import Plan

# So many steps can be undone.
MOST_STEPS = 60
SOLVED = "solve"


def note_change(
    session: Session,
    row: RoutePlan,
    act: str,
    wanted: dict[str, Any],
    price: dict[str, Any],
    plan: Plan,
    held: Held,
    account_id: int | None,
) -> None:
    """Write down a change; the plan stands at it from now on, and what had been undone is out of reach."""
    last = session.scalar(select(func.max(RouteChange.no)).where(RouteChange.plan_id == row.id)) or 0
    session.execute(
        insert(RouteChange).inline(),
        [
            {
                "plan_id": row.id,
                "no": last + 1,
                "before_no": row.change_no,
                "jur": row.jur,
                "jur_end": row.jur_end,
                "revision": row.revision,
                "act": act,
                "wanted": wanted,
                "price": price,
                "routes": plan.as_json(),
                "held": held.as_json(),
                "account_id": account_id,
            }
        ],
    )
    session.execute(delete(RouteChange).where(RouteChange.plan_id == row.id, RouteChange.no <= last + 1 - MOST_STEPS))
    row.change_no = last + 1


def note_solved(session: Session, row: RoutePlan, plan: Plan, held: Held) -> None:
    """Write down a plan as it was solved: where undo ends."""
    note_change(session, row, SOLVED, {}, {}, plan, held, row.made_by)


def change_at(session: Session, row: RoutePlan, no: int) -> RouteChange | None:
    """One change by its number."""
    return session.get(RouteChange, (row.id, no))


def step_back(session: Session, row: RoutePlan) -> RouteChange | None:
    """The change before the one the plan stands at; None where undo ends."""
    now = change_at(session, row, row.change_no)
    return None if now is None else change_at(session, row, now.before_no)


def step_forward(session: Session, row: RoutePlan) -> RouteChange | None:
    """The newest change that follows the one the plan stands at; None if nothing was undone."""
    return session.scalars(
        select(RouteChange)
        .where(RouteChange.plan_id == row.id, RouteChange.before_no == row.change_no)
        .order_by(RouteChange.no.desc())
        .limit(1)
    ).one_or_none()
