"""Findings (扣分项): what deducts points from a village by the work plan (千分制倒扣分), when a talk (约谈) is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.households import LEAST_REASON, MOST_REASON, ReasonTooShort
from data.rulings import rule_visits
from data.tables import Campaign, Finding
from geo.errors import FangtuError, Text

FALSE_VISIT, UNTRUE_RECORD = "false_visit", "untrue_record"
KINDS = {
    FALSE_VISIT: Text("虚假入户", "False visit"),
    UNTRUE_RECORD: Text("走访内容不实", "Untrue record of a visit"),
}
OPEN, ANSWERED, CONFIRMED, WITHDRAWN = "open", "answered", "confirmed", "withdrawn"
STATES = {
    OPEN: Text("待说明", "Open"),
    ANSWERED: Text("已说明，待认定", "Answered"),
    CONFIRMED: Text("已认定", "Confirmed"),
    WITHDRAWN: Text("已撤回", "Withdrawn"),
}
ACTS = {"answer": ANSWERED, "confirm": CONFIRMED, "withdraw": WITHDRAWN}


class FindingClosed(FangtuError):
    """A finding was confirmed or withdrawn before."""

    code = "finding_closed"

    def __init__(self, state: str) -> None:
        super().__init__(
            Text(
                f"没有改动：这一项{STATES[state].zh}。",
                f"Nothing was changed: this finding is {STATES[state].en.lower()}.",
            ),
            found=state,
        )


@dataclass(frozen=True)
class Score:
    """What a kind of finding costs by the work plan; ``points`` is 0 where the plan names no such kind."""

    name_zh: str
    name_en: str
    points: float
    clause: str | None


@dataclass(frozen=True)
class VillageScore:
    """A village's account: points left of ``start`` once confirmed findings are deducted, and whether a talk is due.

    ``talk`` is due by confirmed findings, ``talk_near`` if those still open were confirmed as well. ``start``, ``left``
    are None where the plan has no scoring.
    """

    village_id: int
    code: str
    name: str
    open: int
    confirmed: int
    lost: float
    start: float | None
    left: float | None
    talk_at: int | None
    talk: bool
    talk_near: bool

    def as_json(self) -> dict[str, Any]:
        """The row as JSON."""
        return asdict(self)


def score_of(plan: Mapping[str, Any], kind: str) -> Score:
    """Name, points and clause of a kind, as the campaign's plan sets them (``[[score]]``)."""
    words = KINDS.get(kind, Text(kind, kind))
    for one in plan.get("score", ()):
        if one.get("key") == kind:
            return Score(
                str(one.get("name_zh") or words.zh),
                str(one.get("name_en") or words.en),
                float(one.get("points") or 0),
                one.get("clause"),
            )
    return Score(words.zh, words.en, 0.0, None)


def scores_of(plan: Mapping[str, Any]) -> dict[str, Score]:
    """Every kind that can be found: those the plan names, in its order, then those a look-back finds, by key."""
    keys = [str(one["key"]) for one in plan.get("score", ()) if one.get("key")]
    return {key: score_of(plan, key) for key in dict.fromkeys([*keys, *KINDS])}


def add_finding(
    session: Session,
    campaign: Campaign,
    round_no: int,
    kind: str,
    *,
    account_id: int | None,
    household_id: int,
    pick_id: int | None = None,
    visit_no: int | None = None,
    remark: str | None = None,
    score: Score | None = None,
) -> int:
    """Write down that something was found at a household; its points are the plan's of today. Returns its key.

    A look-back finds one thing at a household: found again, the finding is opened again; another one takes its place.

    Parameters
    ----------
    visit_no : int, optional
        Number of the visit it is about; the household's last one that counts by default.
    score : Score, optional
        In place of the plan's.

    Raises
    ------
    FindingClosed
        If a person has confirmed something else that the same look-back found.
    """
    score = score or score_of(campaign.plan, kind)
    home = session.execute(
        text("""
            select h.jur, h.village_id, (
                select v.no from visit v where v.household_id = h.id and v.campaign_id = :campaign
                   and v.round_no = :round and v.counts and v.superseded_by is null
                 order by coalesce(v.ended_at, v.started_at) desc nulls last, v.no desc limit 1) as visit_no
              from household h where h.id = :home"""),
        {"home": household_id, "campaign": campaign.id, "round": round_no},
    ).one()
    if pick_id is not None:
        withdraw_of_pick(session, pick_id, but=kind)
        held = session.execute(
            select(Finding.id, Finding.state).where(Finding.pick_id == pick_id, Finding.kind == kind)
        ).one_or_none()
        if held is not None:
            if held.state == WITHDRAWN:
                _set_state(session, held.id, OPEN, None)
            return int(held.id)
    made = Finding(
        campaign_id=campaign.id,
        round_no=round_no,
        kind=kind,
        name_zh=score.name_zh,
        name_en=score.name_en,
        points=score.points,
        clause=score.clause,
        source="lookback" if pick_id is not None else "person",
        village_id=home.village_id,
        household_id=household_id,
        jur=home.jur,
        visit_no=visit_no if visit_no is not None else home.visit_no,
        pick_id=pick_id,
        remark=remark,
        account_id=account_id,
    )
    session.add(made)
    session.flush()
    record(
        session,
        act="finding_add",
        object_kind="household",
        object_id=household_id,
        fields=["finding"],
        details={"finding": made.id, "kind": kind, "points": score.points},
        jur=home.jur,
    )
    return int(made.id)


def withdraw_of_pick(session: Session, pick_id: int, *, but: str | None = None) -> None:
    """Withdraw what a look-back found (``but`` for one kind), when its result turns out otherwise.

    Raises
    ------
    FindingClosed
        If a person has confirmed it: then a person withdraws nothing by correcting a result.
    """
    for held in session.execute(
        select(Finding.id, Finding.state).where(
            Finding.pick_id == pick_id, Finding.kind != (but or ""), Finding.state != WITHDRAWN
        )
    ).all():
        if held.state == CONFIRMED:
            raise FindingClosed(CONFIRMED)
        _set_state(session, held.id, WITHDRAWN, None)


def settle_finding(session: Session, asker: Asker, finding_id: int, act: str, words: str) -> Finding:
    """Answer, confirm or withdraw a finding, with words that say why.

    Confirming a false visit rules the household's visits of that round false, which takes them out of coverage.

    Parameters
    ----------
    act : str
        A key of :data:`ACTS`.
    words : str
        The village's explanation, or the reason of the decision.

    Raises
    ------
    RecordUnknown
        If there is no such finding in the asker's area of duty.
    FindingClosed
        If it is confirmed or withdrawn already.
    ReasonTooShort
        If the words are fewer than four characters.
    RulingRefused
        If a visit to be ruled false is the asker's own.
    """
    finding = session.scalar(select(Finding).where(Finding.id == finding_id).with_for_update())
    if finding is None:
        raise RecordUnknown
    if finding.state in (CONFIRMED, WITHDRAWN):
        raise FindingClosed(finding.state)
    said = words.strip()[:MOST_REASON]
    if len(said) < LEAST_REASON:
        raise ReasonTooShort(
            Text("没有保存：请写明理由，至少四个字。", "Not saved: say why, in at least four characters."),
            found=len(said),
        )
    if act == "confirm" and finding.kind == FALSE_VISIT and finding.household_id is not None:
        numbers = session.scalars(
            text("""
                select no from visit where household_id = :home and campaign_id = :campaign and round_no = :round
                   and counts and superseded_by is null order by no"""),
            {"home": finding.household_id, "campaign": finding.campaign_id, "round": finding.round_no},
        ).all()
        if numbers:
            rule_visits(session, asker, numbers, "false", said)
    _set_state(session, finding.id, ACTS[act], said)
    record(
        session,
        act=f"finding_{act}",
        object_kind="household" if finding.household_id is not None else "finding",
        object_id=finding.household_id if finding.household_id is not None else finding.id,
        fields=["finding"],
        reason=said,
        details={"finding": finding.id, "kind": finding.kind},
        jur=finding.jur,
    )
    session.refresh(finding)
    return finding


def list_findings(
    session: Session,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    *,
    limit: int = 200,
) -> list[dict[str, Any]]:
    """Findings of a round inside a range of jurisdiction numbers: those that wait for somebody first, newest first."""
    rows = session.execute(
        text("""
            select f.id, f.kind, f.name_zh, f.name_en, f.points, f.clause, f.source, f.state, f.remark, f.answer,
                   f.visit_no, f.created_at, f.household_id, h.code as household_code, h.head_name,
                   v.code as village_code, v.name as village
              from finding f
              left join household h on h.id = f.household_id
              left join area v on v.id = f.village_id
             where f.campaign_id = :campaign and f.round_no = :round and f.jur >= :low and f.jur < :high
             order by f.state in ('confirmed', 'withdrawn'), f.created_at desc, f.id desc limit :limit"""),
        {"campaign": campaign_id, "round": round_no, "low": within[0], "high": within[1], "limit": limit},
    )
    return [{**row._mapping, "points": float(row.points)} for row in rows]


def count_waiting(session: Session, campaign_id: int, round_no: int, within: tuple[int, int]) -> int:
    """Findings of a round inside a range of jurisdiction numbers that wait for a person to confirm or withdraw them."""
    return int(
        session.scalar(
            text("""
                select count(*) from finding
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
                   and state in ('open', 'answered')"""),
            {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
        )
        or 0
    )


def village_scores(
    session: Session,
    campaign: Campaign,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    duty: Sequence[tuple[int, int]] = (EVERYWHERE,),
) -> Sequence[VillageScore]:
    """The account of each village inside the range that has findings, most points lost first.

    Only of villages that lie wholly in one range of the duty: of others a part would be counted.
    """
    scoring: Mapping[str, Any] = campaign.plan.get("scoring") or {}
    start, talk_at = scoring.get("start"), scoring.get("talk_at")
    rows = session.execute(
        text("""
            select v.id, v.code, v.name, v.jur, v.jur_end,
                   count(*) filter (where f.state in ('open', 'answered')) as open,
                   count(*) filter (where f.state = 'confirmed') as confirmed,
                   coalesce(sum(f.points) filter (where f.state = 'confirmed'), 0) as lost
              from finding f join area v on v.id = f.village_id
             where f.campaign_id = :campaign and f.round_no = :round and f.jur >= :low and f.jur < :high
               and f.state <> 'withdrawn'
             group by v.id, v.code, v.name, v.jur, v.jur_end order by lost desc, confirmed desc, open desc, v.code"""),
        {"campaign": campaign.id, "round": round_no, "low": within[0], "high": within[1]},
    )
    return [
        VillageScore(
            village_id=row.id,
            code=row.code,
            name=row.name,
            open=row.open,
            confirmed=row.confirmed,
            lost=float(row.lost),
            start=None if start is None else float(start),
            left=None if start is None else float(start) - float(row.lost),
            talk_at=talk_at,
            talk=talk_at is not None and row.confirmed >= talk_at,
            talk_near=talk_at is not None and row.confirmed < talk_at <= row.confirmed + row.open,
        )
        for row in rows
        if any(low <= row.jur and row.jur_end <= high for low, high in duty)
    ]


def _set_state(session: Session, finding_id: int, state: str, answer: str | None) -> None:
    session.execute(
        text("""
            update finding set state = :state, answer = coalesce(:answer, answer), updated_at = now()
             where id = :id"""),
        {"id": finding_id, "state": state, "answer": answer},
    )
