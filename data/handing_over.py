"""Handing over work (移交): what somebody still has to visit goes to somebody else, as acts of assignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.assigning import Owner, kind_named
from data.assignments import CannotAssign, assign_drawn
from data.rules.visitors import VisitorKind
from data.rules.words import VISITED
from geo.errors import Text


@dataclass(frozen=True)
class OpenWork:
    """How many households an account still has to visit in a round, of what the asker sees."""

    account_id: int
    name: str
    households: int


@dataclass(frozen=True)
class HandedOver:
    """What was handed over: how many households, and how many could not be, by reason."""

    households: int
    left_out: dict[Text, int]


_OPEN = f"""
    from assignment a join standing s using (campaign_id, round_no, household_id)
   where a.campaign_id = :campaign and a.round_no = :round and a.account_id is not null
     and s.campaign_id = :campaign and s.round_no = :round
     and s.status not in ({", ".join(str(int(status)) for status in VISITED)})"""


def open_work(session: Session, campaign_id: int, round_no: int) -> list[OpenWork]:
    """Accounts that still have households to visit in a round, by name."""
    rows = session.execute(
        text(f"""
            select a.account_id, a.owner, count(distinct a.household_id) as n {_OPEN}
             group by 1, 2 order by 2, 1"""),
        {"campaign": campaign_id, "round": round_no},
    )
    return [OpenWork(row.account_id, row.owner, row.n) for row in rows]


def hand_over(
    session: Session,
    asker: Asker,
    campaign_id: int,
    round_no: int,
    kinds: Sequence[VisitorKind],
    *,
    giver: int,
    taker: int,
) -> HandedOver:
    """Assign what one account still has to visit to another, kind by kind; each is an act that can be taken back.

    Parameters
    ----------
    kinds : sequence of VisitorKind
        Of the plan.
    giver, taker : int
        Accounts; the taker is one the asker may assign to. Households outside the taker's area of duty stay.

    Raises
    ------
    CannotAssign
        If both are the same, nothing is left to hand over, or the asker may not assign to the taker.
    """
    if giver == taker:
        raise CannotAssign(Text("没有移交：请选两个不同的人。", "Not handed over: choose two different persons."))
    rows = session.execute(
        text(f"select a.kind, a.household_id {_OPEN} and a.account_id = :giver order by 1, 2"),
        {"campaign": campaign_id, "round": round_no, "giver": giver},
    )
    by_kind: dict[str, list[int]] = {}
    for row in rows:
        by_kind.setdefault(row.kind, []).append(row.household_id)
    if not by_kind:
        raise CannotAssign(
            Text("没有移交：这个人名下没有未走访的户。", "Not handed over: this person has no household left to visit.")
        )
    moved, left_out = 0, dict[Text, int]()
    for kind, households in by_kind.items():
        done = assign_drawn(
            session, asker, campaign_id, round_no, kind_named(kinds, kind), Owner(taker, ""), households
        )
        moved += done.assigned
        for why, n in done.reasons().items():
            left_out[why] = left_out.get(why, 0) + n
    return HandedOver(moved, left_out)
