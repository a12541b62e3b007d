"""Look-backs (回头看) in the store: what is proved of each village, whom to ask next, and what was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.findings import FALSE_VISIT, UNTRUE_RECORD, add_finding, withdraw_of_pick
from data.rules.lookback import (
    NOT_REACHED,
    NOT_VISITED,
    RESULTS,
    UNTRUE,
    Claim,
    LookbackError,
    Verdict,
    judge,
    proved_visits,
)
from data.rules.words import MODE
from data.tables import Campaign, Lookback, LookbackPick
from geo.errors import Text

# A village some of whose households were deleted after the draw: nothing can be said of it any more.
VOID = "void"


class OwnVisit(LookbackError):
    """Nobody looks back at a visit of their own."""

    code = "own_visit"


@dataclass(frozen=True)
class VillageState:
    """A village of a look-back: what is to be proved, and how far it has come.

    ``needed`` real visits make the coverage; ``verdict`` is None where households are gone (``state`` void).
    """

    village_id: int
    code: str
    name: str
    eligible: int
    counted: int
    needed: int
    state: str
    verdict: Verdict | None

    def as_json(self) -> dict[str, Any]:
        """The row as JSON."""
        told = asdict(self)
        verdict = told.pop("verdict") or {}
        return {**told, **{name: verdict.get(name) for name in _VERDICT}}


_VERDICT = ("asked", "decided_at", "false", "unreached", "still", "by_count")


def list_lookbacks(session: Session, campaign_id: int, round_no: int) -> Sequence[Lookback]:
    """Look-backs of a round visible to the one who asks, newest first."""
    return session.scalars(
        select(Lookback)
        .where(Lookback.campaign_id == campaign_id, Lookback.round_no == round_no)
        .order_by(Lookback.id.desc())
    ).all()


def find_lookback(session: Session, lookback_id: int) -> Lookback:
    """A look-back by its key.

    Raises
    ------
    RecordUnknown
        If there is none in the asker's area of duty.
    """
    found = session.get(Lookback, lookback_id)
    if found is None:
        raise RecordUnknown
    return found


def village_states(
    session: Session, lookback: Lookback, within: tuple[int, int] = EVERYWHERE
) -> Sequence[VillageState]:
    """How far the look-back has come in each village that lies wholly in the asker's duty, in the order of codes."""
    villages = session.execute(
        text("""
            select l.village_id, l.eligible, l.counted, v.code, v.name from lookback_village l
              join area v on v.id = l.village_id
             where l.lookback_id = :id and l.jur >= :low and l.jur_end <= :high order by v.code"""),
        {"id": lookback.id, "low": within[0], "high": within[1]},
    ).all()
    weights, results = _drawn(session, lookback, [row.village_id for row in villages])
    states = []
    for row in villages:
        claim = Claim(row.eligible, row.counted, lookback.coverage, lookback.error)
        verdict = None
        if len(weights[row.village_id]) == row.counted:
            verdict = judge(claim, weights[row.village_id], results[row.village_id])
        states.append(
            VillageState(
                village_id=row.village_id,
                code=row.code,
                name=row.name,
                eligible=row.eligible,
                counted=row.counted,
                needed=claim.needed,
                state=verdict.state if verdict else VOID,
                verdict=verdict,
            )
        )
    return states


def proved_in(session: Session, lookback: Lookback, state: VillageState) -> int | None:
    """Real visits of a village that are proved so far, at the look-back's error; None where households are gone."""
    if state.verdict is None:
        return None
    weights, results = _drawn(session, lookback, [state.village_id])
    claim = Claim(state.eligible, state.counted, lookback.coverage, lookback.error)
    return proved_visits(claim, weights[state.village_id], results[state.village_id])


def _drawn(
    session: Session, lookback: Lookback, villages: Sequence[int]
) -> tuple[Mapping[int, list[float]], Mapping[int, list[str | None]]]:
    weights: dict[int, list[float]] = defaultdict(list)
    results: dict[int, list[str | None]] = defaultdict(list)
    for row in session.execute(
        text("""
            select village_id, weight, result from lookback_pick
             where lookback_id = :id and village_id = any (:villages) order by village_id, no"""),
        {"id": lookback.id, "villages": list(villages)},
    ):
        weights[row.village_id].append(row.weight)
        results[row.village_id].append(row.result)
    return weights, results


def village_picks(session: Session, lookback: Lookback, village_id: int, *, ahead: int) -> list[dict[str, Any]]:
    """Households of a village in the order drawn: all up to the last with a result, and as many more as ``ahead``."""
    rows = session.execute(
        text("""
            select p.id, p.no, p.household_id, p.reasons, p.result, p.mode, p.satisfied, p.tries, p.looked_by,
                   p.looked_at, p.remark, h.code, h.head_name, h.address, st_x(h.geom) as lon, st_y(h.geom) as lat,
                   (select string_agg(distinct coalesce(v.visitor, '-'), '、') from visit v
                     where v.household_id = h.id and v.campaign_id = :campaign and v.round_no = :round
                       and v.superseded_by is null and v.counts) as visitors
              from lookback_pick p join household h on h.id = p.household_id
             where p.lookback_id = :id and p.village_id = :village
               and p.no <= :ahead + coalesce((select max(o.no) from lookback_pick o
                    where o.lookback_id = :id and o.village_id = :village and o.result is not null), 0)
             order by p.no"""),
        {
            "id": lookback.id,
            "village": village_id,
            "ahead": ahead,
            "campaign": lookback.campaign_id,
            "round": lookback.round_no,
        },
    )
    return [dict(row._mapping) for row in rows]


def find_pick(session: Session, pick_id: int) -> LookbackPick:
    """A drawn household by the key of its draw.

    Raises
    ------
    RecordUnknown
        If there is none in the asker's area of duty.
    """
    found = session.scalar(select(LookbackPick).where(LookbackPick.id == pick_id).with_for_update())
    if found is None:
        raise RecordUnknown
    return found


def record_result(
    session: Session,
    asker: Asker,
    pick_id: int,
    *,
    result: str,
    mode: str,
    looked_by: str | None = None,
    satisfied: bool | None = None,
    remark: str | None = None,
) -> LookbackPick:
    """Write down what a look-back found at one household; a false visit becomes a finding.

    Parameters
    ----------
    result : str
        One of ``data.rules.lookback.RESULTS``.
    mode : str
        home, phone, wechat or sms, as far as the plan allows it (``visit.lookback_modes``).
    looked_by : str, optional
        Who asked the household; the asker by default.
    satisfied : bool, optional
        Whether the household is.
    remark : str, optional
        What is new.

    Raises
    ------
    RecordUnknown
        If there is no such draw in the asker's area of duty.
    LookbackError
        If result or mode is not to be had; :class:`OwnVisit` if whoever looked back, or writes it down, is a visitor of
        this household in this round.
    FindingClosed
        If a person has confirmed the finding that the earlier result made.
    """
    pick = find_pick(session, pick_id)
    lookback = find_lookback(session, pick.lookback_id)
    campaign = session.get_one(Campaign, lookback.campaign_id)
    if result not in RESULTS:
        raise LookbackError(
            Text(f"没有这种结果：{result}。", f"There is no result '{result}'."), found=result, expected=list(RESULTS)
        )
    modes = modes_of(campaign)
    if mode not in modes:
        raise LookbackError(
            Text(
                f"方案不允许这种回头看方式。可用：{'、'.join(MODE[one].zh for one in modes)}。",
                f"The plan allows no look-back in this way. There are: {', '.join(modes)}.",
            ),
            found=mode,
            expected=list(modes),
        )
    who = (looked_by or "").strip()[:60] or asker.full_name
    _refuse_visitor(session, asker, lookback, pick.household_id, who)
    if result in (NOT_VISITED, UNTRUE):
        add_finding(
            session,
            campaign,
            lookback.round_no,
            FALSE_VISIT if result == NOT_VISITED else UNTRUE_RECORD,
            account_id=asker.account_id,
            household_id=pick.household_id,
            pick_id=pick.id,
            remark=(remark or "").strip()[:500] or None,
        )
    else:
        withdraw_of_pick(session, pick.id)
    session.execute(
        text("""
            update lookback_pick
               set result = :result, mode = :mode, satisfied = :satisfied, tries = tries + :tries,
                   account_id = :account, looked_by = :who, looked_at = now(), remark = :remark
             where id = :id"""),
        {
            "id": pick.id,
            "result": result,
            "mode": mode,
            "satisfied": satisfied,
            "tries": int(result == NOT_REACHED),
            "account": asker.account_id,
            "who": who,
            "remark": (remark or "").strip()[:500] or None,
        },
    )
    record(
        session,
        act="lookback_result",
        object_kind="household",
        object_id=pick.household_id,
        fields=["lookback"],
        details={"lookback": lookback.id, "no": pick.no, "result": result, "mode": mode},
        jur=pick.jur,
    )
    session.refresh(pick)
    return pick


def modes_of(campaign: Campaign) -> tuple[str, ...]:
    """Ways of looking back that the plan allows; all where it says nothing."""
    told = campaign.plan["visit"].get("lookback_modes") or tuple(MODE)
    return tuple(mode for mode in MODE if mode in told)


def _refuse_visitor(session: Session, asker: Asker, lookback: Lookback, household_id: int, who: str) -> None:
    own = session.scalar(
        text("""
            select exists (
                select 1 from visit where household_id = :home and campaign_id = :campaign and round_no = :round
                   and superseded_by is null
                   and (account_id = :account or btrim(visitor) = any (cast(:names as text[]))))"""),
        {
            "home": household_id,
            "campaign": lookback.campaign_id,
            "round": lookback.round_no,
            "account": asker.account_id,
            "names": list({who, asker.full_name, asker.username}),
        },
    )
    if own:
        raise OwnVisit(
            Text(
                "没有保存：回头看的人不能是走访这一户的人。请换人回访。",
                "Not saved: whoever visited this household does not look back at it. Let somebody else ask.",
            )
        )
