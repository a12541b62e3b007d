"""Judging stored visits by their campaign's rule: the verdict is kept with each visit and can be reached again."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.duplicates import refresh_duplicates
from data.rules.plan import VisitRule
from data.rules.validity import VisitFacts, check_visit
from data.tables import Campaign


def judged_differently(session: Session) -> int:
    """How many stored verdicts the campaigns' rules would not reach today.

    Visits of the same facts are judged once: a million of them are not brought here one by one.
    """
    different = 0
    for campaign in session.query(Campaign).all():
        rule = VisitRule.from_plan(campaign.plan)
        rows = session.execute(
            text("""
                select mode, outcome, minutes, reason, source_status, ruling, verdict, count(*) as n from visit
                 where campaign_id = :campaign group by 1, 2, 3, 4, 5, 6, 7"""),
            {"campaign": campaign.id},
        )
        different += sum(row.n for row in rows if check_visit(VisitFacts(*row[:6]), rule) != row.verdict)
    return different


def judge_again(session: Session, campaign_id: int) -> int:
    """Judge all visits of a campaign by its present rule and store what changed; returns how many did."""
    changes = [{"id": row.id, "verdict": verdict} for row, verdict in _changes(session, campaign_id)]
    if changes:
        session.execute(
            text("""
                update visit v set verdict = n.verdict, counts = n.verdict = 'valid', updated_at = now()
                  from unnest(cast(:ids as uuid[]), cast(:verdicts as text[])) as n (id, verdict) where v.id = n.id"""),
            {"ids": [str(c["id"]) for c in changes], "verdicts": [c["verdict"] for c in changes]},
        )
    # Which of them were one too many rests on what counts, and on the kinds the plan names.
    refresh_duplicates(session, None, campaign_id=campaign_id)
    return len(changes)


def _changes(session: Session, campaign_id: int) -> Iterator[tuple[Row[tuple[object, ...]], str]]:
    for campaign in session.query(Campaign).all():
        if campaign.id != campaign_id:
            continue
        rule = VisitRule.from_plan(campaign.plan)
        rows = session.execute(
            text("""
                select id, mode, outcome, minutes, reason, source_status, ruling, verdict from visit
                 where campaign_id = :campaign"""),
            {"campaign": campaign.id},
        )
        for row in rows:
            facts = VisitFacts(row.mode, row.outcome, row.minutes, row.reason, row.source_status, row.ruling)
            verdict = check_visit(facts, rule)
            if verdict != row.verdict:
                yield row, verdict
