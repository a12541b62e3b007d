"""Findings (扣分项) that a person writes down: at a household, or of a visit that was ruled false."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.findings import Score, add_finding, scores_of
from data.households import LEAST_REASON, MOST_REASON, ReasonTooShort
from data.tables import Campaign
from geo.errors import FangtuError, Text

MOST_POINTS, MOST_CLAUSE = 1000, 300


class FindingRefused(FangtuError):
    """A finding that a person may not write down like this; nothing was changed."""

    code = "finding_refused"


def find_by_hand(
    session: Session,
    asker: Asker,
    campaign: Campaign,
    round_no: int,
    kind: str,
    remark: str,
    *,
    household: str | None = None,
    visit_no: int | None = None,
    points: float | None = None,
    clause: str | None = None,
) -> int:
    """Write down what a person found. Returns its key.

    Parameters
    ----------
    kind : str
        A key of :func:`scores_of`.
    remark : str
        What was found, in at least four characters.
    household : str, optional
        Code of the household; without it, that of the visit.
    visit_no : int, optional
        Number of the visit it is about.
    points, clause : optional
        In place of the plan's; points are 0 to :data:`MOST_POINTS`.

    Raises
    ------
    FindingRefused
        If the kind is none of the plan's, the points are no number of that size, there is no such household or visit
        of this round in the asker's area of duty, several households have the code, or the same was found of the visit.
    ReasonTooShort
        If the remark is too short.
    """
    said = remark.strip()[:MOST_REASON]
    if len(said) < LEAST_REASON:
        raise ReasonTooShort(
            Text(
                "没有保存：请写明查到什么，至少四个字。", "Not saved: say what was found, in at least four characters."
            ),
            found=len(said),
        )
    known = scores_of(campaign.plan)
    if kind not in known:
        raise FindingRefused(
            Text("没有保存：方案没有这种扣分项。", "Not saved: the plan has no such finding."), found=kind
        )
    if points is not None and not 0 <= points <= MOST_POINTS:
        raise FindingRefused(
            Text(f"没有保存：扣分应为 0 到 {MOST_POINTS}。", f"Not saved: points are 0 to {MOST_POINTS}."), found=points
        )
    # Of a visit the one that its household has; else by the code, which is unique in a village only.
    homes = session.scalars(
        text("""
            select distinct h.id from household h left join visit v on v.household_id = h.id and v.no = :visit
                and v.campaign_id = :campaign and v.round_no = :round and v.superseded_by is null
             where (cast(:visit as bigint) is null or v.no is not null)
               and (cast(:code as text) is null or h.code = :code)
               and (cast(:visit as bigint) is not null or h.removed_at is null) limit 2"""),
        {"visit": visit_no, "code": household or None, "campaign": campaign.id, "round": round_no},
    ).all()
    if not (household or visit_no is not None) or len(homes) != 1:
        raise FindingRefused(
            Text(
                "没有保存：辖区内没有这一户或这次走访，或户编号重复。",
                "Not saved: there is no such household or visit in your area, or several households have that code.",
            ),
            found=household or visit_no,
        )
    if visit_no is not None and session.scalar(
        text("""
            select exists (select 1 from finding where campaign_id = :campaign and round_no = :round and kind = :kind
                              and visit_no = :visit and state <> 'withdrawn')"""),
        {"campaign": campaign.id, "round": round_no, "kind": kind, "visit": visit_no},
    ):
        raise FindingRefused(
            Text("没有保存：这次走访已经记过这一项。", "Not saved: the same was written down of this visit before."),
            found=visit_no,
        )
    plan = known[kind]
    score = Score(
        plan.name_zh,
        plan.name_en,
        plan.points if points is None else points,
        (clause or "").strip()[:MOST_CLAUSE] or plan.clause,
    )
    return add_finding(
        session,
        campaign,
        round_no,
        kind,
        account_id=asker.account_id,
        household_id=homes[0],
        visit_no=visit_no,
        remark=said,
        score=score,
    )
