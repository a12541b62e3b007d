"""The plan of a whole problem while it is made: routes of all crews, and neighbouring ones planned anew together."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from geo.routing.crews import Crew, Ints, make_piece
from geo.routing.explain import name_reasons
from geo.routing.filling import fill
from geo.routing.plan import Plan
from geo.routing.problem import Problem
from geo.routing.searching import Routes, Search
from geo.routing.team import Job, Team
from geo.routing.timetable import make_plan

if TYPE_CHECKING:
    from geo.routing.solve import Budget

# Visits of routes that are planned anew together, and left-out households among them.
_TOGETHER, _LEFT_OUT = 90, 40
# Parts planned anew at the same time, whatever the number of workers, so that this does not change the plan.
_AT_ONCE = 2


class Whole:
    """Routes of all crews of a problem.

    Attributes
    ----------
    routes : list of list of int
        By crew: positions of households in the problem, breaks as ``-1 - i``.
    left : set of int
        Positions of households left out; what is done is neither here nor in the routes.
    """

    def __init__(self, problem: Problem, crews: tuple[Crew, ...]) -> None:
        self.problem, self.crews = problem, crews
        done = {one.household for one in problem.done}
        self.todo = np.array([at for at, one in enumerate(problem.households) if one.id not in done], dtype=np.int64)
        self.routes: Routes = [[-1 - at for at in range(len(crew.breaks))] for crew in crews]
        self.left = set(self.todo.tolist())
        self._spots = problem.travel.coordinates(0)
        self._sums = np.zeros((len(crews), 4), dtype=np.int64)
        for number in range(len(crews)):
            self._count(number)

    def take(self, houses: Ints, numbers: Sequence[int], routes: Routes) -> None:
        """Put routes of a part in place; they count in positions of the part."""
        for number in numbers:
            self.left.update(item for item in self.routes[number] if item >= 0)
        for number, route in zip(numbers, routes, strict=True):
            self.routes[number] = [int(houses[item]) if item >= 0 else item for item in route]
            self.left.difference_update(item for item in self.routes[number] if item >= 0)
            self._count(number)

    def sums(self) -> tuple[int, int, int, int]:
        """Visits and their weight, those done with them; seconds and metres still to be travelled."""
        visits, weight, seconds, metres = self._sums.sum(axis=0).tolist()
        return visits, weight, seconds, metres

    def _count(self, number: int) -> None:
        """Sums of one crew, kept so that telling the progress of a county does not count all of it each time."""
        crew = self.crews[number]
        items = [item for item in self.routes[number] if item >= 0]
        before = [self.problem.by_household[one.household] for one in crew.done]
        weight = sum(self.problem.households[at].priority for at in items + before)
        seconds = metres = 0
        if items:
            places = [crew.start, *[self.problem.households[at].place for at in items], crew.end]
            ends = np.array(places, dtype=np.int64)
            seconds = int(self.problem.travel.seconds(crew.mode, ends[:-1], ends[1:]).sum())
            metres = int(np.sum(self.problem.travel.metres(crew.mode, ends[:-1], ends[1:])))
        self._sums[number] = len(items) + len(before), weight, seconds, metres

    def plan(self, rounds: int = 0) -> Plan:
        """The plan with times, and the kind of reason for each household left out."""
        return name_reasons(self.problem, make_plan(self.problem, self.crews, self.routes, rounds))

    def join(self) -> None:
        """Put in what parts left out, wherever it fits in the whole."""
        if not self.left:
            return
        piece = make_piece(self.problem, self.todo, self.crews, with_matrix=False)
        position = {int(at): own for own, at in enumerate(piece.houses)}
        search = Search(piece, [[position[item] if item >= 0 else item for item in route] for route in self.routes])
        fill(search)
        self.take(piece.houses, range(len(self.crews)), search.routes)

    def improve(
        self,
        budget: Budget,
        seed: int,
        team: Team,
        told: Callable[[], None],
        *,
        longest: float = 0.0,
        kept_back: float = 0.0,
    ) -> int:
        """Plan neighbouring routes anew until the budget is used; rounds made.

        ``longest`` is how many seconds a round may be expected to take before one was made, ``kept_back`` how many are
        needed afterwards.
        """
        rng = random.Random(seed)  # noqa: S311
        rounds, since = 0, budget.left
        # Nothing is begun that would hardly be done in time.
        while not budget.stopped and budget.left > longest + kept_back and budget.share(rounds, since) < 1.0:
            began = budget.left
            jobs: list[Job] = []
            taken: set[int] = set()
            used: set[int | str] = set()
            for at in range(_AT_ONCE):
                job = self._neighbours(rng, taken, used, rounds + at)
                if job is not None:
                    jobs.append(job)
            if not jobs:
                break
            changed = False
            for job, routes in team.run(jobs, lambda: budget.stopped):
                changed |= routes != job[2]
                self.take(job[0], job[1], routes)
            rounds += _AT_ONCE
            longest = max(longest, began - budget.left) if began < float("inf") else 0.0
            if changed:
                told()
        return rounds

    def _neighbours(self, rng: random.Random, taken: set[int], used: set[int | str], number: int) -> Job | None:
        """Crews near a household left out, or near any, on one day or on all; none of those taken.

        What is chosen is added to ``taken`` (crews) and ``used`` (households left out, and groups they belong to).
        """
        working = [at for at, crew in enumerate(self.crews) if crew.most > 0]
        if not working:
            return None
        middles = self._middles()
        left = sorted(self.left)
        seed = rng.choice(working)
        spot = middles[seed]
        if left and rng.random() < 0.6:
            weights = [self.problem.households[at].priority + 1 for at in left]
            spot = self._spots[self.problem.households[rng.choices(left, weights)[0]].place]
        away = np.sqrt(((middles - spot) ** 2).sum(axis=1))
        near = [int(at) for at in np.argsort(away, kind="stable") if self.crews[int(at)].most > 0]
        day = self.crews[near[0]].day if len(self.problem.days) > 1 and rng.random() < 0.5 else None
        chosen: list[int] = []
        visits = 0
        if day is None:
            # All days of the nearest inspectors, so that visits can change their day.
            order = list(dict.fromkeys(self.crews[at].inspector for at in near))
            near = [at for who in order for at in working if self.crews[at].inspector == who]
        for at in near:
            if at in taken or (day is not None and self.crews[at].day != day):
                continue
            visits += sum(item >= 0 for item in self.routes[at])
            if chosen and visits > _TOGETHER:
                break
            chosen.append(at)
        if not chosen:
            return None
        taken.update(chosen)
        chosen.sort()
        extra = self._left_near(left, spot, used, self._rows_outside(chosen))
        houses = [item for at in chosen for item in self.routes[at] if item >= 0] + extra
        if not houses:
            return None
        position = {at: own for own, at in enumerate(houses)}
        routes = [[position[item] if item >= 0 else item for item in self.routes[at]] for at in chosen]
        return np.array(houses, dtype=np.int64), chosen, routes, "renew", number, self._owners(chosen)

    def _left_near(
        self, left: Sequence[int], spot: np.ndarray[Any, Any], used: set[int | str], rows_outside: set[str | None]
    ) -> list[int]:
        """Households left out near a spot, of which no other part has one, or one of its group or its row."""
        if not left:
            return []
        places = [self.problem.households[at].place for at in left]
        away = ((self._spots[places] - spot) ** 2).sum(axis=1)
        found = []
        for row in np.argsort(away, kind="stable").tolist():
            one = self.problem.households[left[row]]
            group, together = one.group, one.together
            is_free = together is None or (together not in rows_outside and f"row {together}" not in used)
            if left[row] not in used and (group is None or group not in used) and is_free:
                found.append(left[row])
            if len(found) == _LEFT_OUT:
                break
        used.update(found)
        used.update(group for at in found if (group := self.problem.households[at].group) is not None)
        used.update(f"row {row}" for at in found if (row := self.problem.households[at].together) is not None)
        return found

    def _rows_outside(self, chosen: Sequence[int]) -> set[str | None]:
        """What is visited in a row by other crews than the chosen: nobody of it can be planned by these."""
        inside = set(chosen)
        return {
            self.problem.households[item].together
            for at, route in enumerate(self.routes)
            if at not in inside
            for item in route
            if item >= 0
        }

    def _middles(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Where each crew is on average; its start while it visits nobody."""
        return np.array(
            [
                self._spots[[self.problem.households[item].place for item in route if item >= 0] or [crew.start]].mean(
                    axis=0
                )
                for crew, route in zip(self.crews, self.routes, strict=True)
            ]
        )

    def _owners(self, chosen: Sequence[int]) -> dict[str, int]:
        """Inspectors of groups that are visited by other crews than the chosen."""
        inside = set(chosen)
        return {
            group: crew.inspector
            for at, (crew, route) in enumerate(zip(self.crews, self.routes, strict=True))
            if at not in inside
            for item in route
            if item >= 0 and (group := self.problem.households[item].group) is not None
        }
