"""Why a household is left out and what would help most cheaply; who else could visit one that is planned.

A remedy is a place in the plan where the household fits once what the remedy grants is granted, with all times kept.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.errors import Text
from geo.routing.crews import FAR, NO_LIMIT, Ints, crews_of, make_piece
from geo.routing.plan import Plan, Unplanned
from geo.routing.problem import Household, Problem
from geo.routing.reasons import REASONS, Reason, Remedy, RunnerUp
from geo.routing.searching import Search, empty_routes
from geo.routing.slots import CREW, FLOOR, LEAVE, NEXT, OLD, PRICELESS, Days
from geo.routing.swaps import swaps_for
from geo.routing.timetable import routes_of
from geo.routing.travel import NO_WAY
from geo.routing.trials import Trial, cheapest

# How much longer a shift may be made by a remedy, seconds.
LONGER_S = 3 * 3600
# For so many households remedies are looked for: nobody reads more.
MOST_REMEDIES = 500


class Explainer:
    """Answers about one plan; what they have in common is worked out once.

    Parameters
    ----------
    closed : collection of (str, int)
        Inspectors with days whose routes are locked as a whole: nothing comes into them and nothing goes out, so that
        nothing is offered there.

    Raises
    ------
    Unfit
        If the plan does not keep its own times.
    """

    def __init__(self, problem: Problem, plan: Plan, closed: Collection[tuple[str, int]] = ()) -> None:
        self.problem, self.plan = problem, plan
        self.crews = crews_of(problem)
        self.open: NDArray[np.bool_] = np.array(
            [(problem.inspectors[crew.inspector].id, crew.day) not in closed for crew in self.crews], dtype=bool
        )
        self._locked = {lock.household: lock.inspector for lock in problem.locks if lock.inspector is not None}
        done = {one.household for one in problem.done}
        todo = [at for at, one in enumerate(problem.households) if one.id not in done]
        # Who could go if no route were locked, and who can.
        self.unlocked = make_piece(problem, todo, self.crews, with_matrix=len(todo) <= 1000)
        self.piece = self.unlocked
        if not self.open.all():
            self.piece = replace(self.unlocked, allowed=self.unlocked.allowed & self.open[None, :])
        self.position = {at: own for own, at in enumerate(todo)}
        self.routes = [
            [self.position[item] if item >= 0 else item for item in route]
            for route in routes_of(problem, self.crews, plan)
        ]
        self.search = Search(self.piece, self.routes)
        # Gaps of the same routes with one visit more, and with a longer day.
        self._gaps: dict[tuple[bool, int], list[Ints]] = {}
        self.left = np.array([house for house, crew in enumerate(self.search.where) if crew < 0], dtype=np.int64)
        self.full = np.array(
            [
                sum(item >= 0 for item in route) >= crew.most
                for crew, route in zip(self.piece.crews, self.routes, strict=True)
            ]
        )

    def kinds(self) -> list[str]:
        """Kind of reason of each household left out, in the order of ``left``."""
        if not len(self.left):
            return []
        if not self.crews:
            return [self._nobody(int(house)) for house in self.left]
        piece, left = self.piece, self.left
        empty = Search(self.unlocked, empty_routes(piece), days=self.search.days)
        alone = empty.prices.by_crew(left, empty.gaps) < PRICELESS
        now = self.search.prices.by_crew(left, self.search.gaps) < PRICELESS
        lowest = np.array(
            [min((piece.worth[item] for item in route if item >= 0), default=np.inf) for route in self.routes]
        )
        found = []
        for row, house in enumerate(left.tolist()):
            owner, row_of = self.search.owner_of(house), self.search.row_of(house)
            able = self.unlocked.allowed[house]
            able = able if owner < 0 else able & (self.search.leads == owner)
            tie = "together" if row_of >= 0 else "group"
            if row_of >= 0:
                able = able & (np.arange(len(self.crews)) == row_of)
            may = able & self.open
            if (now[row] & may).any():
                found.append("fits")
            elif not able.any():
                bound = max(owner, row_of) >= 0 and self.unlocked.allowed[house].any()
                found.append(tie if bound else self._nobody(house))
            elif not (alone[row] & able).any():
                found.append(self._not_alone(house, able))
            elif not (alone[row] & may).any():
                found.append("closed")
            elif max(owner, row_of) >= 0:
                found.append(tie)
            elif not (alone[row] & may & ~self.full).any():
                low = lowest[alone[row] & may].min() < piece.worth[house]
                found.append("outweighed" if low else "full")
            else:
                found.append("no_gap")
        return found

    def _nobody(self, house: int) -> str:
        """Why no crew may visit a household at all."""
        one = self.household(house)
        crews = [crew for crew in self.piece.crews if crew.most > 0]
        if self._bound(one):
            who = self.problem.by_inspector[self._bound(one)]
            crews = [crew for crew in crews if who in crew.people]
            if not crews:
                return "absent"
        if not any(one.skills <= crew.skills for crew in crews):
            return "no_skill"
        if one.pair and not any(len(crew.people) > 1 for crew in crews):
            return "no_pair"
        return "no_window"

    def _not_alone(self, house: int, may: NDArray[np.bool_]) -> str:
        """Why nobody could visit a household even on a day with nothing else."""
        place = int(self.piece.place[house])
        chosen = [crew for crew, able in zip(self.piece.crews, may, strict=True) if able]
        if all(int(self.piece.seconds(crew.mode, crew.start, place)) >= NO_WAY for crew in chosen):
            return "no_way"
        meets = any(
            int(self.piece.opens[number, house, crew.day]) <= crew.ends
            and int(self.piece.closes[number, house, crew.day]) >= crew.begins
            for crew in chosen
            for number in range(self.piece.opens.shape[0])
        )
        return "too_far" if meets else "no_window"

    def household(self, house: int) -> Household:
        return self.problem.households[int(self.piece.houses[house])]

    def _bound(self, one: Household) -> str:
        return one.inspector or self._locked.get(one.id, "")

    def reasons(self, kinds: Sequence[str] | None = None, most_remedies: int = MOST_REMEDIES) -> list[Reason]:
        """A sentence for each household left out, with the cheapest remedy.

        Parameters
        ----------
        kinds : sequence of str, optional
            As :meth:`kinds` gives them, if they are known.
        most_remedies : int
            For so many of the highest priority remedies are looked for.

        Returns
        -------
        list of Reason
            In the order of the problem. The cheapest is the one that adds the fewest minutes of work; a swap, which
            leaves out somebody else, is told only where nothing else helps.
        """
        kinds = self.kinds() if kinds is None else kinds
        if not kinds:
            return []
        if not self.crews:
            return [
                Reason(self.household(house).id, kind, self._sentence(house, kind), None)
                for house, kind in zip(self.left.tolist(), kinds, strict=True)
            ]
        order = np.argsort(-self.piece.worth[self.left], kind="stable")[:most_remedies]
        looked_for = self.left[np.sort(order)]
        # Waiving who has to go helps only where that is asked for.
        bound = looked_for[~self.piece.allowed[looked_for].all(axis=1)]
        fitting = {int(house) for house, kind in zip(self.left, kinds, strict=True) if kind == "fits"}
        fits = np.array([house for house in looked_for.tolist() if house in fitting], dtype=np.int64)
        trials = [
            Trial(self, "insert", self.piece, self.search.days, self.search.gaps, fits),
            self._trial("one_more", looked_for, most=True),
            self._trial("longer", looked_for, longer=LONGER_S),
            self._trial("other_time", looked_for, any_time=True),
            self._trial("anyone", bound, anyone=True),
        ]
        remedies = {house: cheapest(trials, house) for house in looked_for.tolist()}
        helpless = np.array([house for house, remedy in remedies.items() if remedy is None], dtype=np.int64)
        remedies |= swaps_for(self, helpless)
        remedies |= self._two_at_once([house for house, remedy in remedies.items() if remedy is None])
        return [
            Reason(self.household(house).id, kind, self._sentence(house, kind), remedies.get(house))
            for house, kind in zip(self.left.tolist(), kinds, strict=True)
        ]

    def _two_at_once(self, houses: Sequence[int]) -> dict[int, Remedy | None]:
        """Remedies that grant one visit more beside something else, for households that nothing alone helps."""
        if not houses:
            return {}
        left = np.array(houses, dtype=np.int64)
        trials = (
            self._trial("other_time_and_more", left, most=True, any_time=True),
            self._trial("anyone_and_more", left, most=True, anyone=True),
            self._trial("longer_and_more", left, most=True, longer=LONGER_S),
        )
        return {house: cheapest(trials, house) for house in houses}

    def _sentence(self, house: int, kind: str) -> Text:
        one = self.household(house)
        owner, row_of = self.search.owner_of(house), self.search.row_of(house)
        owner = self.search.lead[row_of] if kind == "together" else owner
        who = self.problem.inspectors[owner].called if owner >= 0 else self._bound(one)
        text = REASONS[kind].fill(who=who, what="、".join(sorted(one.skills)))
        return Text(f"{one.called}：{text.zh}。", f"{one.called}: {text.en}.")

    def _trial(
        self,
        kind: str,
        left: Ints,
        *,
        most: bool = False,
        longer: int = 0,
        any_time: bool = False,
        anyone: bool = False,
    ) -> Trial:
        """The same plan with something granted."""
        piece = self.piece
        crews = tuple(
            replace(crew, most=NO_LIMIT if most and crew.most > 0 else crew.most, ends=crew.ends + longer)
            for crew in piece.crews
        )
        granted = replace(piece, crews=crews)
        working = np.array([crew.most > 0 for crew in crews]) & self.open
        if any_time:
            opens, closes = piece.opens.copy(), piece.closes.copy()
            opens[:, left], closes[:, left] = FAR, -1
            opens[0, left], closes[0, left] = 0, FAR - 1
            allowed = piece.allowed.copy()
            for house in left.tolist():
                # Whoever may go on some day may then go on every day.
                allowed[house] = working & (allowed[house].all() or self._able(house))
            granted = replace(granted, opens=opens, closes=closes, allowed=allowed)
        if anyone:
            allowed = piece.allowed.copy()
            allowed[left] = working
            granted = replace(granted, allowed=allowed)
        # The gaps of what is visited depend on the crews alone.
        days = Days(granted, self.search.days)
        if not most and not longer:
            gaps = self.search.gaps
        else:
            if (most, longer) not in self._gaps:
                self._gaps[most, longer] = [days.gaps(number, route)[0] for number, route in enumerate(self.routes)]
            gaps = self._gaps[most, longer]
        return Trial(self, kind, granted, days, gaps, left)

    def _able(self, house: int) -> NDArray[np.bool_]:
        """Crews that may visit a household by who they are, whatever the day."""
        one = self.household(house)
        who = self.problem.by_inspector[self._bound(one)] if self._bound(one) else None
        return np.array(
            [
                one.skills <= crew.skills
                and (not one.pair or len(crew.people) > 1)
                and (who is None or who in crew.people)
                for crew in self.piece.crews
            ]
        )

    def who(self, number: int) -> Any:
        return self.problem.inspectors[self.crews[number].inspector]

    def runners_up(self) -> list[RunnerUp]:
        """For each planned household the other inspector who could visit it at the least extra travel.

        Returns
        -------
        list of RunnerUp
            In the order of the problem; without those that nobody else could visit as the plan is.
        """
        houses = np.array([house for house, crew in enumerate(self.search.where) if crew >= 0], dtype=np.int64)
        if not len(houses):
            return []
        table = np.concatenate(self.search.gaps, axis=1)
        lead = self.search.leads[table[CREW]]
        own = np.array(self.search.where, dtype=np.int64)[houses]
        found = []
        for rows, price in self.search.prices.in_turn(houses, table):
            price[lead[None, :] == self.search.leads[own[rows]][:, None]] = PRICELESS
            for row, at in enumerate(price.argmin(axis=1).tolist(), rows.start):
                house = int(houses[row])
                if price[row - rows.start, at] >= PRICELESS or self.search.owner_of(house) >= 0:
                    continue
                number = int(table[CREW, at])
                place = int(self.piece.place[house])
                mode = self.crews[number].mode
                there = int(self.piece.seconds(mode, int(table[0, at]), place))
                moment = np.array([[max(int(table[LEAVE, at]) + there, int(table[FLOOR, at]))]], dtype=np.int64)
                start = int(self.search.prices.starts(houses[row : row + 1], moment, np.array([number]))[0, 0])
                extra = float(price[row - rows.start, at]) - self._saved(house)
                one = self.household(house)
                found.append(RunnerUp(one.id, self.who(number).id, self.crews[number].day, start, round(extra / 60, 1)))
        return found

    def _saved(self, house: int) -> float:
        """Seconds of travel that the plan would be shorter without a visit."""
        number = self.search.where[house]
        at = self.routes[number].index(house)
        gaps, crew = self.search.gaps[number], self.piece.crews[number]
        direct = int(self.piece.seconds(crew.mode, int(gaps[0, at]), int(gaps[NEXT, at + 1])))
        return float(gaps[OLD, at] + gaps[OLD, at + 1] - direct) + float(self.piece.extra[house, number])


def name_reasons(problem: Problem, plan: Plan, closed: Collection[tuple[str, int]] = ()) -> Plan:
    """The plan with the kind of reason for each household left out; ``closed`` as :class:`Explainer` has it."""
    if not plan.unplanned:
        return plan
    explainer = Explainer(problem, plan, closed)
    kinds = {
        explainer.household(int(house)).id: kind for house, kind in zip(explainer.left, explainer.kinds(), strict=True)
    }
    return replace(plan, unplanned=tuple(Unplanned(one.household, kinds[one.household]) for one in plan.unplanned))


def explain_plan(problem: Problem, plan: Plan, *, named: bool = False) -> list[Reason]:
    """A sentence and a remedy for each household left out; see :meth:`Explainer.reasons`.

    Parameters
    ----------
    named : bool
        Whether the kinds of reasons in the plan are ours, as in one just made, and need not be looked for again.
    """
    kinds = {one.household: one.reason for one in plan.unplanned} if named else {}
    explainer = Explainer(problem, plan)
    known = [kinds[explainer.household(int(house)).id] for house in explainer.left] if named else None
    return explainer.reasons(known)
