"""Drawing a look-back (回头看): every village's counted households in an order that is frozen with its weights."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, insert, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker
from data.audit import record
from data.rules.lookback_claim import USUAL, Claim, LookbackError, Plan
from data.rules.lookback_draw import Facts, draw_order, reasons_of, weights_of
from data.rules.words import VISITED, Status
from data.tables import Campaign, Lookback, LookbackPick, LookbackVillage
from geo.errors import Text

_PIECE = 5000


def draw_lookback(
    session: Session,
    campaign: Campaign,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    *,
    coverage: float,
    error: float,
    plan: Plan = USUAL,
    seed: str | None = None,
    asker: Asker | None = None,
) -> Lookback:
    """Draw whom to look back at, in every village inside a range of jurisdiction numbers, and freeze it.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers; villages that lie wholly inside it are drawn from.
    coverage, error : float
        The claim for each village, "true coverage >= coverage", and the greatest probability of a wrong statement.
    plan : Plan, optional
        For which villages it is made to be short, and when it is to be given up.
    asker : Asker, optional
        Who draws, as the application's role; None as the owner.
    seed : str, optional
        Of the draw; made up by default, so that nobody knows it before the visits are done.

    Raises
    ------
    LookbackError
        If coverage or error is none, no village with households of the round lies inside, or the range reaches beyond
        one area of the asker's duty.
    """
    Claim(1, 1, coverage, error)  # says what is wrong with them
    low, high = max(within[0], campaign.jur), min(within[1], campaign.jur_end)
    if asker is not None and not asker.covers(low, high):
        raise LookbackError(
            Text(
                "没有抽取：请先选定您负责的一个辖区。",
                "Nothing was drawn: choose one area that you answer for.",
            )
        )
    villages = session.execute(
        text("""
            select v.id, v.jur, v.jur_end, count(*) as eligible,
                   count(*) filter (where s.status = any (:visited)) as counted
              from standing s
              join household h on h.id = s.household_id
              join area v on v.id = h.village_id
             where s.campaign_id = :campaign and s.round_no = :round and s.jur >= :low and s.jur < :high
               and v.jur >= :low and v.jur_end <= :high
             group by v.id, v.jur, v.jur_end order by v.jur, v.id"""),
        {"campaign": campaign.id, "round": round_no, "low": low, "high": high, "visited": list(map(int, VISITED))},
    ).all()
    if not villages:
        raise LookbackError(
            Text(
                "没有抽取：这个辖区里没有本轮应走访的农户。请换一个村或乡镇。",
                "Nothing was drawn: no households of this round lie in this area. Choose a village or township.",
            )
        )
    drawn = Lookback(
        campaign_id=campaign.id,
        round_no=round_no,
        coverage=coverage,
        error=error,
        reckoned=plan.reckoned,
        power=plan.power,
        seed=seed or secrets.token_hex(8),
        jur=low,
        jur_end=high,
        account_id=asker.account_id if asker else None,
    )
    session.add(drawn)
    session.flush()
    session.execute(
        insert(LookbackVillage).inline(),
        [
            {
                "lookback_id": drawn.id,
                "village_id": one.id,
                "jur": one.jur,
                "jur_end": one.jur_end,
                "eligible": one.eligible,
                "counted": one.counted,
            }
            for one in villages
        ],
    )
    homes = _counted(session, campaign, round_no, low, high)
    rows = _picks(drawn, {one.id for one in villages}, homes, campaign.plan["visit"].get("min_minutes"))
    for start in range(0, len(rows), _PIECE):
        session.execute(insert(LookbackPick).inline(), rows[start : start + _PIECE])
    record(
        session,
        act="lookback_draw",
        object_kind="lookback",
        object_id=drawn.id,
        fields=[],
        details={"coverage": coverage, "error": error, "villages": len(villages), "households": len(rows)},
        jur=low,
    )
    return drawn


def _counted(session: Session, campaign: Campaign, round_no: int, low: int, high: int) -> Sequence[Row[Any]]:
    """Households that count as visited, with what makes their visits more or less worth a look."""
    return session.execute(
        text("""
            with told as (
                select household_id, coalesce('account ' || account_id, visitor, '-') as who, counts, mode, minutes,
                       suspect <> '{}' as suspect, verdict = 'ruled_false' as ruled
                  from visit
                 where campaign_id = :campaign and round_no = :round and superseded_by is null
                   and jur >= :low and jur < :high),
            visitors as (
                select who, count(*) filter (where counts) as all_of,
                       count(*) filter (where counts and suspect) as doubts,
                       count(*) filter (where ruled) as ruled from told group by who),
            homes as (
                select t.household_id, max(v.all_of) as all_of, max(v.doubts) as doubts, max(v.ruled) as ruled,
                       max(t.minutes) filter (where t.mode = 'home') as minutes
                  from told t join visitors v using (who) where t.counts group by t.household_id)
            select h.id, h.jur, h.village_id, h.natural_key, h.key_groups <> '{}' as key_group, s.status,
                   o.all_of, o.doubts, o.ruled, o.minutes, exists (
                       select 1 from lookback_pick p join lookback b on b.id = p.lookback_id
                        where p.household_id = h.id and b.campaign_id = :campaign and p.result is not null) as looked_at
              from standing s
              join household h on h.id = s.household_id
              left join homes o on o.household_id = h.id
             where s.campaign_id = :campaign and s.round_no = :round and s.status = any (:visited)
               and s.jur >= :low and s.jur < :high and h.village_id is not null
             order by h.id"""),
        {
            "campaign": campaign.id,
            "round": round_no,
            "low": low,
            "high": high,
            "visited": list(map(int, VISITED)),
        },
    ).all()


def _picks(drawn: Lookback, villages: set[int], homes: Sequence[Row[Any]], least: float | None) -> list[dict[str, Any]]:
    by_village: dict[int, list[Row[Any]]] = defaultdict(list)
    for home in homes:
        if home.village_id in villages:
            by_village[home.village_id].append(home)
    rows = []
    for village_id, inside in sorted(by_village.items()):
        reasons = [reasons_of(_facts(home, least)) for home in inside]
        weights = weights_of(reasons)
        order = draw_order(drawn.seed, [home.natural_key for home in inside], weights)
        for no, at in enumerate(order, start=1):
            home = inside[at]
            rows.append(
                {
                    "lookback_id": drawn.id,
                    "village_id": village_id,
                    "no": no,
                    "household_id": home.id,
                    "jur": home.jur,
                    "weight": weights[at],
                    "reasons": list(reasons[at]),
                }
            )
    return rows


def _facts(home: Row[Any], least: float | None) -> Facts:
    known = least is not None and home.minutes is not None
    return Facts(
        suspect=home.status == Status.SUSPECT,
        visitor_suspect=home.doubts or 0,
        visitor_all=home.all_of or 0,
        visitor_false=home.ruled or 0,
        remote=home.status == Status.REMOTE,
        spare_minutes=home.minutes - least if known else None,
        looked_at=home.looked_at,
        key_group=home.key_group,
    )
