"""Working out who is to visit whom, by the plan's rule or by grid, before anything is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.scope import Gazetteer, Scope
from data.rules.sharing import Held, Home, Party, Ranges, Sharing, Unmet, share_out
from data.rules.visitors import VisitorKind, find_kind
from data.rules.words import VISITED
from geo.errors import FangtuError, Text

BY_RULE, BY_GRID, DRAWN = "rule", "grid", "drawn"
Range = tuple[int, int]


class KindUnknown(FangtuError):
    """The plan has no such kind of visitors."""

    code = "kind_unknown"


class Owner(NamedTuple):
    """Who has a household: an account where it is one, and the name people read."""

    account_id: int | None
    name: str


class Assigned(NamedTuple):
    """An assignment as it is stored."""

    owner: Owner
    how: str
    act_id: int
    repeats: bool


@dataclass(frozen=True)
class Change:
    """One household and kind whose owner changes; ``before`` or ``after`` is None where there is none."""

    household_id: int
    jur: int
    kind: str
    repeats: bool
    before: Assigned | None
    after: Owner | None


@dataclass
class Proposal:
    """What the rule would make of a round.

    Attributes
    ----------
    changes : list of Change
    tallies : dict of (str, Owner) to int
        Households by kind and owner, afterwards.
    unmet : list of Unmet
        With ``code`` also ``village_unknown``: a unit of a village that is not here.
    kept_drawn, kept_visited : int
        Assignments that stay because people drew them, or because the household is visited.
    households : int
        Households of the round in the area.
    """

    changes: list[Change]
    tallies: dict[tuple[str, Owner], int]
    unmet: list[Unmet]
    kept_drawn: int
    kept_visited: int
    households: int

    def counts(self) -> dict[str, int]:
        """Numbers of the act: new, with another owner, taken away, and kept."""
        return {
            "added": sum(1 for change in self.changes if change.before is None),
            "moved": sum(1 for change in self.changes if change.before is not None and change.after is not None),
            "removed": sum(1 for change in self.changes if change.after is None),
            "kept_drawn": self.kept_drawn,
            "kept_visited": self.kept_visited,
        }


@dataclass
class _Ground:
    """A round in an area as it is now."""

    homes: list[Home] = field(default_factory=list)
    stored: dict[tuple[int, str], Assigned] = field(default_factory=dict)


def propose_by_rule(
    session: Session,
    campaign_id: int,
    round_no: int,
    kinds: Sequence[VisitorKind],
    within: Range,
    *,
    duty: Ranges | None = None,
) -> Proposal:
    """Share a round out as the plan says.

    Parameters
    ----------
    kinds : sequence of VisitorKind
        All of the plan.
    within : (int, int)
        Range of jurisdiction numbers; only what the asker sees inside it.
    duty : tuple of (int, int), optional
        Only people whose own duty lies in it; for the owner, who sees everybody. Without it, all the session sees.

    Returns
    -------
    Proposal
        What people drew by hand stays, and who had a household that is visited keeps it.
    """
    ground = _read_ground(session, campaign_id, round_no, within)
    people = _people(session, duty)
    demands: list[tuple[VisitorKind, list[Party]]] = []
    unmet: list[Unmet] = []
    gazetteer = Gazetteer(session, Scope("", *within))
    for kind in kinds:
        parties, lost = _parties(session, kind, people, gazetteer, within)
        demands.append((kind, parties))
        unmet += lost
    proposal = _compare(ground, demands, kinds, BY_RULE)
    proposal.unmet[:0] = unmet
    return proposal


def propose_by_grid(
    session: Session,
    campaign_id: int,
    round_no: int,
    kinds: Sequence[VisitorKind],
    within: Range,
    kind: VisitorKind,
    *,
    duty: Ranges | None = None,
) -> Proposal:
    """Give each grid's people its households, as visitors of one kind; ``duty`` as of :func:`propose_by_rule`.

    A grid's people are the inspectors with the narrowest duty that holds it; several share it. Households of other
    kinds stay with them.
    """
    ground = _read_ground(session, campaign_id, round_no, within)
    by_place = VisitorKind(kind.kind, kind.name, "remainder", repeats=kind.repeats)
    return _compare(ground, [(by_place, _inspectors(_people(session, duty)))], kinds, BY_GRID)


def grid_kind(kinds: Sequence[VisitorKind], wanted: str | None) -> VisitorKind:
    """The kind that is given households by grid: the one that is named, else the one that takes what is left.

    Raises
    ------
    KindUnknown
        If the plan has no such kind.
    """
    if not wanted:
        return next((kind for kind in kinds if kind.rule == "remainder"), kinds[-1])
    return kind_named(kinds, wanted)


def kind_named(kinds: Sequence[VisitorKind], wanted: str) -> VisitorKind:
    """The kind of a key or name.

    Raises
    ------
    KindUnknown
        If the plan has no such kind; the message lists those it has.
    """
    kind = find_kind(kinds, wanted)
    if kind is None:
        there = "、".join(one.kind for one in kinds)
        raise KindUnknown(
            Text(
                f"实施方案没有走访人员类别“{wanted}”。现有：{there}。",
                f"The plan has no kind of visitors '{wanted}'. There are: {there}.",
            ),
            found=wanted,
        )
    return kind


def assignable_people(session: Session) -> list[tuple[Owner, str, Ranges]]:
    """Whom the asker may assign to, with role and duty, the narrowest duty first."""
    return [(Owner(*key), role, ranges) for key, (role, ranges) in _people(session).items()]


def lock_round(session: Session, campaign_id: int, round_no: int) -> None:
    """Let one act after the other assign households of a round; held until the transaction ends."""
    session.execute(
        text("select pg_advisory_xact_lock(73054190, hashint8(:campaign * 1000 + :round))"),
        {"campaign": campaign_id, "round": round_no},
    )


def _read_ground(session: Session, campaign_id: int, round_no: int, within: Range) -> _Ground:
    keys = {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]}
    ground = _Ground()
    for row in session.execute(
        text("""
            select household_id, jur, x, y, key_groups, status from standing
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi"""),
        keys,
    ):
        # World pixels of Web Mercator: metres but for one factor, which compares nothing differently.
        ground.homes.append(
            Home(row.household_id, row.jur, row.x, row.y, frozenset(row.key_groups), row.status in VISITED)
        )
    present = {home.id for home in ground.homes}
    for row in session.execute(
        text("""
            select household_id, kind, account_id, owner, how, act_id, repeats from assignment
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi"""),
        keys,
    ):
        if row.household_id in present:
            ground.stored[row.household_id, row.kind] = Assigned(
                Owner(row.account_id, row.owner), row.how, row.act_id, row.repeats
            )
    return ground


def _compare(
    ground: _Ground, demands: Sequence[tuple[VisitorKind, list[Party]]], kinds: Sequence[VisitorKind], how: str
) -> Proposal:
    """What differs between what is and what the rule makes of it."""
    asked = {kind.kind for kind, _ in demands}
    visited = {home.id for home in ground.homes if home.visited}
    held: dict[tuple[int, str], Held] = {}
    drawn = done = 0
    for (home, name), one in ground.stored.items():
        drawn += one.how == DRAWN
        done += one.how != DRAWN and home in visited
        # By grid, one kind is shared out and the others are as they are.
        kept = one.how == DRAWN or home in visited or (how == BY_GRID and name not in asked)
        held[home, name] = Held(*one.owner, kept=kept)
    shared: Sharing = share_out(ground.homes, demands, held)
    repeats = {kind.kind: kind.repeats for kind in kinds}
    jurs = {home.id: home.jur for home in ground.homes}
    changes = []
    for key in sorted(ground.stored.keys() | shared.owners.keys()):
        before, holder = ground.stored.get(key), shared.owners.get(key)
        after = Owner(*holder.key) if holder is not None else None
        if (before.owner if before else None) != after:
            again = repeats.get(key[1], before.repeats if before else False)
            changes.append(Change(key[0], jurs[key[0]], key[1], again, before, after))
    tallies = Counter((name, Owner(*holder.key)) for (_, name), holder in shared.owners.items())
    return Proposal(changes, dict(tallies), shared.unmet, drawn, done, len(ground.homes))


def _people(session: Session, duty: Ranges | None = None) -> dict[tuple[int | None, str], tuple[str, Ranges]]:
    people: dict[tuple[int | None, str], tuple[str, Ranges]] = {}
    for row in session.execute(text("select account_id, full_name, role, jur, jur_end from sec.assignable()")):
        if duty is not None and not any(low <= row.jur and row.jur_end <= high for low, high in duty):
            continue
        key = (row.account_id, row.full_name)
        ranges = people[key][1] if key in people else ()
        people[key] = (row.role, (*ranges, (row.jur, row.jur_end)))
    return people


def _inspectors(people: dict[tuple[int | None, str], tuple[str, Ranges]]) -> list[Party]:
    return [Party(*key, ranges) for key, (role, ranges) in people.items() if role == "inspector"]


def _parties(
    session: Session,
    kind: VisitorKind,
    people: dict[tuple[int | None, str], tuple[str, Ranges]],
    gazetteer: Gazetteer,
    within: Range,
) -> tuple[list[Party], list[Unmet]]:
    """Who is of a kind: the units of the plan; else inspectors for what is left, and one unit for each village."""
    villages = _villages(session, within)
    if not kind.units:
        if kind.rule == "remainder":
            return _inspectors(people), []
        if kind.rule == "near":
            return [], [Unmet(kind.kind, None, "nobody", 1, 0)]
        if kind.rule == "count" and kind.count is None:
            return [], [Unmet(kind.kind, None, "no_number", 0, 0)]
        return [
            Party(None, f"{village.name} {kind.name.zh}", ((village.jur, village.jur_end),))
            for village in villages.values()
        ], []
    known = {key[1]: key for key in people}
    named_twice = {name for name, n in Counter(key[1] for key in people).items() if n > 1}
    parties, lost = [], []
    homes = _own_houses(session, [unit.name for unit in kind.units], within) if kind.rule == "near" else {}
    for unit in kind.units:
        village_id = gazetteer.find(unit.village) if unit.village else None
        if unit.village and village_id not in villages:
            lost.append(Unmet(kind.kind, unit.name, "village_unknown", unit.households or 0, 0))
            continue
        village = villages[village_id] if village_id is not None else None
        ranges = ((village.jur, village.jur_end),) if village else (within,)
        # A unit that is one person with an account is that account.
        account = known.get(unit.name) if unit.name not in named_twice else None
        places = [place for jur, place in homes.get(unit.name, ()) if ranges[0][0] <= jur < ranges[0][1]]
        middle = (village.x, village.y) if village and village.x is not None else None
        parties.append(
            Party(
                account[0] if account else None,
                unit.name,
                ranges,
                unit.households,
                places[0] if len(places) == 1 else middle,
            )
        )
    return parties, lost


def _villages(session: Session, within: Range) -> dict[int, Any]:
    rows = session.execute(
        text("""
            select id, name, jur, jur_end, world_x(coalesce(centre, label)) as x, world_y(coalesce(centre, label)) as y
              from area where level = 'village' and valid_to is null and jur >= :lo and jur_end <= :hi order by jur"""),
        {"lo": within[0], "hi": within[1]},
    )
    return {row.id: row for row in rows}


def _own_houses(session: Session, names: Sequence[str], within: Range) -> dict[str, list[tuple[int, Any]]]:
    """Places of the households whose heads have these names: where a committee member is taken to live."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for row in session.execute(
        text("""
            select head_name, jur, x, y from household
             where head_name = any (:names) and jur >= :lo and jur < :hi and x is not null and removed_at is null"""),
        {"names": list(names), "lo": within[0], "hi": within[1]},
    ):
        found.setdefault(row.head_name, []).append((row.jur, (row.x, row.y)))
    return found
