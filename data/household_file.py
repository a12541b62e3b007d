"""The file of a household beyond its card (一户一档): appraisals of its houses, demands, marks; one query each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

MOST = 50


def appraisals_of(session: Session, household_id: int) -> list[dict[str, Any]]:
    """Appraisals of all houses of a household that no other supersedes, newest first; 50 at most.

    Returns
    -------
    list of dict
        ``id, house_id, house_code, appraised_on, result, standard, appraiser, stands``; ``appraised_on`` is None
        where the day is not known.
    """
    rows = session.execute(
        text("""
            select a.id, a.house_id, o.code as house_code, a.appraised_on, a.result, a.standard, a.appraiser,
                   a.id = (select l.id from latest_appraisal l where l.house_id = a.house_id) as stands
              from house o join appraisal a on a.house_id = o.id
             where o.household_id = :id and not exists (select 1 from appraisal s where s.supersedes = a.id)
             order by a.appraised_on desc nulls last, a.id desc limit :most"""),
        {"id": household_id, "most": MOST},
    )
    return [dict(row) for row in rows.mappings()]


def demands_of(session: Session, household_id: int) -> list[dict[str, Any]]:
    """Demands raised at visits to a household: ``words, solved, raised_at``, newest first; 50 at most."""
    rows = session.execute(
        text("""
            select words, solved, raised_at from demand
             where household_id = :id order by raised_at desc, id limit :most"""),
        {"id": household_id, "most": MOST},
    )
    return [dict(row) for row in rows.mappings()]


def marks_of(session: Session, household_id: int) -> list[dict[str, Any]]:
    """Marks made of a household in the field, newest first; 50 at most.

    Returns
    -------
    list of dict
        ``no, kind, state, grade, at, marked_by, remark``.
    """
    rows = session.execute(
        text("""
            select no, kind, state, grade, at, marked_by, remark from mark
             where household_id = :id order by at desc, no desc limit :most"""),
        {"id": household_id, "most": MOST},
    )
    return [dict(row) for row in rows.mappings()]
