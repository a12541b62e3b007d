"""Campaigns: opening one from its plan, and which campaign and round a page speaks of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.rules.plan import Plan, PlanError, read_plan
from data.rules.plan_reading import read_text
from data.tables import Campaign, CampaignVersion, Round
from geo.errors import FangtuError, Text

MOST_BYTES = 1 << 20


class CampaignUnknown(FangtuError):
    """No campaign with that id or code is visible to the one who asks."""

    code = "campaign_unknown"


class PlanTooLong(FangtuError):
    """A text that is no work plan for its size."""

    code = "plan_too_long"

    def __init__(self) -> None:
        super().__init__(Text("方案文本过长，最多 200 KB。", "The text of the plan is too long: 200 kB at most."))


class PlanUnreadable(FangtuError):
    """A file that is no text of sensible size."""

    code = "plan_unreadable"

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                f"读不了“{name}”：应为不超过 1 MB 的 UTF-8 TOML 文本。",
                f"Cannot read '{name}': expected a TOML text in UTF-8 of at most 1 MB.",
            ),
            found=name,
        )


def read_plan_file(path: Path) -> str:
    """The text of a work plan.

    Raises
    ------
    PlanUnreadable
        If it is larger than ``MOST_BYTES``, no UTF-8, or cannot be opened.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PlanUnreadable(path.name)
        return path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise PlanUnreadable(path.name) from error


def open_campaign(
    session: Session,
    plan: Plan,
    jurisdiction: tuple[int, int] = EVERYWHERE,
    *,
    made_by: int | None = None,
    note: str | None = None,
) -> Campaign:
    """Open a campaign for an area; its households are enrolled in every round by the database.

    A campaign with the same id is brought up to date: a plan of another text is a new version of it. Its rounds are
    added to and changed, never removed; a round whose cohort changes loses and gains households by the database.
    Visits already judged are judged anew by ``data.judging.judge_again``.

    Parameters
    ----------
    jurisdiction : tuple of int
        Range of a new campaign; one that is there keeps its own.
    made_by : int, optional
        The account that applies the plan; none for the operator.
    note : str, optional
        Why, in that person's words.
    """
    campaign = session.scalar(select(Campaign).where(Campaign.code == plan.id).with_for_update())
    changed = campaign is None or campaign.plan_text != plan.text
    if campaign is None:
        campaign = Campaign(code=plan.id, version=0, jur=jurisdiction[0], jur_end=jurisdiction[1])
        session.add(campaign)
    campaign.name_zh, campaign.name_en, campaign.target = plan.name_zh, plan.name_en, plan.target
    campaign.plan, campaign.plan_text, campaign.cohort = plan.stored(), plan.text, plan.cohort
    if changed:
        # After a version that was taken back the numbers go on from the one that is left.
        campaign.version = (campaign.version or 0) + 1
    session.flush()
    if changed:
        session.add(
            CampaignVersion(
                campaign_id=campaign.id,
                no=campaign.version,
                jur=campaign.jur,
                jur_end=campaign.jur_end,
                plan=campaign.plan,
                plan_text=campaign.plan_text,
                made_by=made_by,
                note=note,
            )
        )
    known = {r.no: r for r in session.scalars(select(Round).where(Round.campaign_id == campaign.id))}
    for planned in plan.rounds:
        row = known.get(planned.no)
        if row is None:
            row = Round(campaign_id=campaign.id, no=planned.no, jur=campaign.jur, jur_end=campaign.jur_end)
            session.add(row)
        row.name_zh, row.name_en = planned.name_zh, planned.name_en
        row.starts_on, row.ends_on = planned.starts_on, planned.ends_on
        row.cohort_rule, row.cohort_groups = planned.cohort.rule, list(planned.cohort.groups)
        row.cohort_since, row.cohort_until = planned.cohort.since, planned.cohort.until
        row.target = planned.target if planned.target != plan.target else None
    session.flush()
    return campaign


def whole_plan(campaign: Campaign) -> dict[str, Any]:
    """The plan of a campaign with all its tables; of one stored before there were so many, from its text."""
    if "campaign" in campaign.plan:
        return campaign.plan
    try:
        return read_plan(campaign.plan_text).stored()
    except PlanError:
        return {**read_text("").content, "campaign": {}, **campaign.plan}


def list_campaigns(session: Session) -> Sequence[Campaign]:
    """Campaigns visible to the one who asks, newest first."""
    return session.scalars(select(Campaign).order_by(Campaign.id.desc())).all()


def list_rounds(session: Session, campaign_id: int) -> Sequence[Round]:
    """Rounds of a campaign in order."""
    return session.scalars(select(Round).where(Round.campaign_id == campaign_id).order_by(Round.no)).all()


def target_of(campaign: Campaign, planned: Round) -> float:
    """Share of the eligible households that are to be visited: the round's own, else the campaign's."""
    return float(campaign.target if planned.target is None else planned.target)


def find_campaign(session: Session, wanted: str | None, campaigns: Sequence[Campaign] | None = None) -> Campaign:
    """Campaign by number or code; without one the newest.

    Parameters
    ----------
    campaigns : sequence of Campaign, optional
        Those of :func:`list_campaigns`, where they are at hand.

    Raises
    ------
    CampaignUnknown
        If there is none; the message lists those that are to be had.
    """
    campaigns = list_campaigns(session) if campaigns is None else campaigns
    if wanted in (None, ""):
        if campaigns:
            return campaigns[0]
    else:
        for campaign in campaigns:
            if wanted in (str(campaign.id), campaign.code):
                return campaign
    if not campaigns and wanted in (None, ""):
        raise CampaignUnknown(
            Text(
                "还没有行动。请主管在“行动”页载入实施方案，或用 ./fangtu campaign load 文件.toml。",
                "There is no campaign yet. A supervisor loads a work plan on the page Campaigns, or use "
                "./fangtu campaign load FILE.toml",
            )
        )
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
