"""Judging stored visits by their campaign's rule: the verdict is kept with each visit and can be reached again.

Visits of the same facts are judged once, by the database's own text of those facts: a million of them are not brought
here one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.db import rows_changed
from data.duplicates import refresh_duplicates
from data.rules.plan import VisitRule
from data.rules.validity import VisitFacts, check_visit
from data.tables import Campaign
from data.visit_facts import Facts, facts_for


@dataclass(frozen=True)
class Alike:
    """Visits with the same facts and the same verdict: the text of the facts, the verdict, and how many they are."""

    key: str
    facts: VisitFacts
    verdict: str
    visits: int


def kinds_of_visits(session: Session, campaign_id: int, facts: Facts) -> list[Alike]:
    """The visits of a campaign by the facts asked for and the verdict kept."""
    rows: Sequence[Row[tuple[object, ...]]] = session.execute(
        text(f"""
            select {facts.key("v")} as key, verdict, count(*) as n, {facts.select("v")} from visit v
             where campaign_id = :campaign group by key, verdict, {facts.group("v")}"""),
        {"campaign": campaign_id},
    ).all()
    return [Alike(row.key, facts.read(row[3:]), row.verdict, row.n) for row in rows]


def judged_otherwise(kinds: Sequence[Alike], rule: VisitRule) -> list[tuple[Alike, str]]:
    """Those that a rule judges otherwise than the verdict kept, each with its verdict by the rule."""
    return [(one, verdict) for one in kinds if (verdict := check_visit(one.facts, rule)) != one.verdict]


def judged_differently(session: Session) -> int:
    """How many stored verdicts the campaigns' rules would not reach today."""
    different = 0
    for campaign in session.query(Campaign).all():
        rule = VisitRule.from_plan(campaign.plan)
        kinds = kinds_of_visits(session, campaign.id, facts_for(rule))
        different += sum(one.visits for one, _ in judged_otherwise(kinds, rule))
    return different


def judge_again(session: Session, campaign_id: int) -> int:
    """Judge all visits of a campaign by its present rule and store what changed; returns how many did.

    Those get the campaign's present version; a verdict that stays keeps the version by which it was reached.
    """
    campaign = session.get(Campaign, campaign_id)
    if campaign is None:
        return 0
    changed = _store(session, campaign)
    # Which of them were one too many rests on what counts, and on the kinds the plan names.
    refresh_duplicates(session, None, campaign_id=campaign_id)
    return changed


def _store(session: Session, campaign: Campaign) -> int:
    rule = VisitRule.from_plan(campaign.plan)
    facts = facts_for(rule)
    changes = judged_otherwise(kinds_of_visits(session, campaign.id, facts), rule)
    if not changes:
        return 0
    verdicts = {one.key: verdict for one, verdict in changes}
    result = session.execute(
        text(f"""
            update visit v set verdict = n.verdict, counts = n.verdict = 'valid', rule_version = :version,
                   updated_at = now()
              from unnest(cast(:keys as text[]), cast(:verdicts as text[])) as n (key, verdict)
             where v.campaign_id = :campaign and {facts.key("v")} = n.key and v.verdict <> n.verdict"""),
        {
            "campaign": campaign.id,
            "version": campaign.version,
            "keys": list(verdicts),
            "verdicts": list(verdicts.values()),
        },
    )
    return rows_changed(result)
