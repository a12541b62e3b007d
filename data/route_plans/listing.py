"""The plans of a round, newest first, each in one line; and what became of a plan whose worker ended otherwise."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.households import iso
from data.jobs import OPEN
from data.route_plans.keeping import find_plan
from data.route_plans.solving import stop_solving
from data.tables import Job, RoutePlan

MOST_LISTED = 100


def list_plans(session: Session, campaign_id: int, round_no: int) -> list[dict[str, Any]]:
    """Plans of a round that the asker may see, newest first, at most :data:`MOST_LISTED`."""
    rows = session.execute(
        text("""
            select p.id, p.state, p.revision, p.published_revision, p.kind, p.days, p.made_at, p.updated_at,
                   p.estimated,                   a.full_name as made_by,
                   (select count(*) from route_stop s where s.plan_id = p.id and not s.published) as visits,
                   (select count(*) from route_unplanned u where u.plan_id = p.id) as unplanned,
                   (select count(distinct r.account_id) from route r where r.plan_id = p.id and not r.published)
                       as inspectors
              from route_plan p left join account a on a.id = p.made_by
             where p.campaign_id = :campaign and p.round_no = :round
             order by p.made_at desc, p.id desc limit :most"""),
        {"campaign": campaign_id, "round": round_no, "most": MOST_LISTED},
    )
    return [
        {
            **row._mapping,
            "days": [day.isoformat() for day in row.days],
            "made_at": iso(row.made_at),
            "updated_at": iso(row.updated_at),
        }
        for row in rows
    ]


def settled_plan(session: Session, plan_id: int, *, lock: bool = False) -> RoutePlan:
    """The row of a plan; one whose job ended without a word, as where it was cancelled, is no longer being solved.

    Raises
    ------
    RecordUnknown
        If there is none the asker may see.
    """
    row = find_plan(session, plan_id, lock=lock)
    if row.state == "solving" and row.job_id is not None:
        job = session.get(Job, row.job_id)
        # Other people's jobs are not seen; then the plan is as it says.
        if job is not None and (job.state not in OPEN or job.cancel_asked_at is not None) and row_may_change(session):
            stop_solving(session, find_plan(session, plan_id, lock=True))
            session.refresh(row)
    return row


def row_may_change(session: Session) -> bool:
    """Whether the asker's role may change plans; leaders look on."""
    asker = session.info.get("asker")
    return asker is None or asker.role.value in ("supervisor", "admin")
