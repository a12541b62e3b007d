"""Campaigns: opening one from its plan, and which campaign and round a page speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.rules.plan import Plan
from data.tables import Campaign, Round
from geo.errors import FangtuError, Text


class CampaignUnknown(FangtuError):
    """No campaign with that id or code is visible to the one who asks."""

    code = "campaign_unknown"


def open_campaign(session: Session, plan: Plan, jurisdiction: tuple[int, int] = EVERYWHERE) -> Campaign:
    """Open a campaign for an area; its households are enrolled in every round by the database.

    A campaign with the same id is brought up to date: names, target and rule; its rounds are added to, never removed.
    Visits already judged are judged anew by ``data.judging.judge_again`` when the rule changed.
    """
    campaign = session.scalar(select(Campaign).where(Campaign.code == plan.id))
    if campaign is None:
        campaign = Campaign(code=plan.id, cohort=plan.cohort, jur=jurisdiction[0], jur_end=jurisdiction[1])
        session.add(campaign)
    campaign.name_zh, campaign.name_en, campaign.target = plan.name_zh, plan.name_en, plan.target
    campaign.plan, campaign.plan_text = plan.stored(), plan.text
    session.flush()
    known = {r.no: r for r in session.scalars(select(Round).where(Round.campaign_id == campaign.id))}
    for planned in plan.rounds:
        row = known.get(planned.no)
        if row is None:
            row = Round(campaign_id=campaign.id, no=planned.no, jur=campaign.jur, jur_end=campaign.jur_end)
            session.add(row)
        row.name_zh, row.name_en = planned.name_zh, planned.name_en
        row.starts_on, row.ends_on = planned.starts_on, planned.ends_on
    session.flush()
    return campaign


def list_campaigns(session: Session) -> Sequence[Campaign]:
    """Campaigns visible to the one who asks, newest first."""
    return session.scalars(select(Campaign).order_by(Campaign.id.desc())).all()


def list_rounds(session: Session, campaign_id: int) -> Sequence[Round]:
    """Rounds of a campaign in order."""
    return session.scalars(select(Round).where(Round.campaign_id == campaign_id).order_by(Round.no)).all()


def find_campaign(session: Session, wanted: str | None) -> Campaign:
    """Campaign by number or code; without one the newest.

    Raises
    ------
    CampaignUnknown
        If there is none; the message lists those that are to be had.
    """
    campaigns = list_campaigns(session)
    if wanted in (None, ""):
        if campaigns:
            return campaigns[0]
    else:
        for campaign in campaigns:
            if wanted in (str(campaign.id), campaign.code):
                return campaign
    codes = ", ".join(c.code for c in campaigns)
    raise CampaignUnknown(
        Text(
            f"没有行动“{wanted or ''}”。现有：{codes or '无'}。可用 ./fangtu import campaigns 文件.toml 导入实施方案。",
            f"No campaign '{wanted or ''}'. There are: {codes or 'none'}. "
            "Import a plan: ./fangtu import campaigns FILE.toml",
        ),
        found=wanted,
    )


def current_round(rounds: Sequence[Round], wanted: str | None, today: date) -> int:
    """Number of the round asked for, else of the latest that has begun, else of the first.

    Raises
    ------
    CampaignUnknown
        If that round does not exist.
    """
    if wanted not in (None, ""):
        for planned in rounds:
            if str(planned.no) == wanted:
                return planned.no
        raise CampaignUnknown(Text(f"没有第 {wanted} 轮。", f"There is no round {wanted}."), found=wanted)
    begun = [r.no for r in rounds if r.starts_on is None or r.starts_on <= today]
    return begun[-1] if begun else rounds[0].no
