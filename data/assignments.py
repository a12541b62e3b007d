"""Who is to visit whom (指派): giving households chosen on the map to somebody, and who has how much."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.assigning import (
    DRAWN,
    Assigned,
    Change,
    Owner,
    Range,
    assignable_people,
    lock_round,
)
from data.assigning_acts import write_act
from data.rules.sharing import Ranges
from data.rules.visitors import VisitorKind
from data.rules.words import VISITED
from geo.errors import FangtuError, Text

MOST_DRAWN = 20_000
MOST_NAME = 100
_UNKNOWN = Text("没有这一户，或它不在您的辖区，或不在本轮", "No such household in your area of duty and in this round")
_VISITED = Text("本轮已走访", "Visited in this round already")
_ELSEWHERE = Text("不在这个人的辖区", "Outside this person's area of duty")
_RESERVED = Text("别人已预约，正要去", "Reserved by somebody who is on the way")
_SAME = Text("本来就是", "As it was")


class CannotAssign(FangtuError):
    """Nobody of that name or account can be assigned to, or too many households were named."""

    code = "cannot_assign"


@dataclass
class Drawn:
    """What an act drawn by hand did: its number (None if nothing changed), and who was left out and why."""

    act_id: int | None = None
    assigned: int = 0
    from_others: int = 0
    left_out: list[tuple[int, Text]] = field(default_factory=list)

    def reasons(self) -> dict[Text, int]:
        """Households left out, by reason."""
        found: dict[Text, int] = {}
        for _, why in self.left_out:
            found[why] = found.get(why, 0) + 1
        return found


def assign_drawn(
    session: Session,
    asker: Asker,
    campaign_id: int,
    round_no: int,
    kind: VisitorKind,
    owner: Owner | None,
    household_ids: Collection[int],
) -> Drawn:
    """Give households chosen on the map to somebody, or to nobody.

    Parameters
    ----------
    owner : Owner or None
        An account the asker may assign to, or the name of a unit; None takes away what the kind has of them.
    household_ids : collection of int
        Of kinds that do not repeat the household leaves the one who had it, whatever the kind.

    Returns
    -------
    Drawn
        Left out are households the asker does not see in the round, those outside the person's duty, and, but for kinds
        that repeat, those visited already or reserved by somebody else.

    Raises
    ------
    CannotAssign
        If the asker may not assign to that account, the name is empty or too long, or too many households are named.
    """
    if len(household_ids) > MOST_DRAWN:
        raise CannotAssign(
            Text(
                f"一次最多指派 {MOST_DRAWN} 户，选了 {len(household_ids)} 户。",
                f"At most {MOST_DRAWN} households at once; {len(household_ids)} were chosen.",
            ),
            found=len(household_ids),
        )
    owner, ranges = _check_owner(session, owner)
    lock_round(session, campaign_id, round_no)
    done = Drawn()
    wanted = sorted(set(household_ids))
    rows = {
        row.household_id: row
        for row in session.execute(_DRAWN, {"campaign": campaign_id, "round": round_no, "ids": wanted})
    }
    stored = _stored(session, campaign_id, round_no, wanted)
    changes: list[Change] = []
    for key in wanted:
        row = rows.get(key)
        mine = stored.get((key, kind.kind))
        others = [
            (name, one)
            for (home, name), one in stored.items()
            if home == key and name != kind.kind and not one.repeats and not kind.repeats
        ]
        why: Text | None = None
        if row is None:
            why = _UNKNOWN
        elif ranges is not None and not any(low <= row.jur < end for low, end in ranges):
            why = _ELSEWHERE
        elif not kind.repeats and row.status in VISITED:
            why = _VISITED
        elif not kind.repeats and owner is not None and row.reserved_by not in (None, owner.account_id):
            why = _RESERVED
        elif (mine.owner if mine else None) == owner and (owner is None or not others):
            why = _SAME
        if why is not None or row is None:
            done.left_out.append((key, why or _UNKNOWN))
            continue
        if owner is not None:
            changes += [Change(key, row.jur, name, False, one, None) for name, one in others]
        changes.append(Change(key, row.jur, kind.kind, kind.repeats, mine, owner))
        done.assigned += 1
        done.from_others += owner is not None and (mine is not None or bool(others))
    counts = {
        "assigned" if owner is not None else "removed": done.assigned,
        "from_others": done.from_others,
        "left_out": len(done.left_out),
    }
    done.act_id = write_act(session, asker, campaign_id, round_no, DRAWN, changes, counts)
    return done


@dataclass(frozen=True)
class Tally:
    """How far one owner of a kind is: ``visited`` of ``households``."""

    kind: str
    owner: Owner
    households: int
    visited: int


def tallies(
    session: Session, campaign_id: int, round_no: int, kinds: Sequence[VisitorKind], within: Range
) -> list[Tally]:
    """What each owner has and how much of it is visited, of what the asker sees inside a range.

    Of kinds that repeat, a household is visited when that kind came; else when anybody did.
    """
    names = {kind.kind: [kind.kind, kind.name.zh, kind.name.en] for kind in kinds}
    rows = session.execute(
        text(f"""
            select a.kind, a.account_id, a.owner, s.kinds, count(*) as n,
                   count(*) filter (where s.status in {_VISITED_SQL}) as visited, a.repeats
              from assignment a join standing s using (campaign_id, round_no, household_id)
             where a.campaign_id = :campaign and a.round_no = :round and a.jur >= :lo and a.jur < :hi
               and s.campaign_id = :campaign and s.round_no = :round and s.jur >= :lo and s.jur < :hi
             group by 1, 2, 3, 4, 7"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    )
    found: dict[tuple[str, Owner], list[int]] = {}
    for row in rows:
        sums = found.setdefault((row.kind, Owner(row.account_id, row.owner)), [0, 0])
        sums[0] += row.n
        if not row.repeats or set(row.kinds) & set(names.get(row.kind, ())):
            sums[1] += row.visited
    order = {kind.kind: at for at, kind in enumerate(kinds)}
    return [
        Tally(kind, owner, *sums)
        for (kind, owner), sums in sorted(
            found.items(), key=lambda one: (order.get(one[0][0], 99), one[0][1].name, one[0][1].account_id or 0)
        )
    ]


_VISITED_SQL = f"({', '.join(str(int(status)) for status in VISITED)})"
_DRAWN = text("""
    select s.household_id, s.jur, s.status, r.account_id as reserved_by
      from standing s left join reservation r
        on r.campaign_id = s.campaign_id and r.round_no = s.round_no and r.household_id = s.household_id
           and r.ended_at is null and r.until > now()
     where s.campaign_id = :campaign and s.round_no = :round and s.household_id = any (:ids)""")


def _check_owner(session: Session, owner: Owner | None) -> tuple[Owner | None, Ranges | None]:
    if owner is None:
        return None, None
    if owner.account_id is not None:
        for known, _, ranges in assignable_people(session):
            if known.account_id == owner.account_id:
                return known, ranges
        raise CannotAssign(
            Text(
                "没有这个人，或其辖区不全在您的辖区内。请刷新后重选。",
                "There is no such person whose area of duty lies inside yours. Refresh and choose again.",
            ),
            found=owner.account_id,
        )
    name = owner.name.strip()
    if not 0 < len(name) <= MOST_NAME:
        raise CannotAssign(
            Text(f"单位名称应为 1 至 {MOST_NAME} 个字。", f"The name of a unit has 1 to {MOST_NAME} characters."),
            found=len(name),
        )
    return Owner(None, name), None


def _stored(
    session: Session, campaign_id: int, round_no: int, household_ids: Sequence[int]
) -> dict[tuple[int, str], Assigned]:
    rows = session.execute(
        text("""
            select household_id, kind, account_id, owner, how, act_id, repeats from assignment
             where campaign_id = :campaign and round_no = :round and household_id = any (:ids)"""),
        {"campaign": campaign_id, "round": round_no, "ids": list(household_ids)},
    )
    return {
        (row.household_id, row.kind): Assigned(Owner(row.account_id, row.owner), row.how, row.act_id, row.repeats)
        for row in rows
    }
