"""A large problem cut into parts that are planned alone: villages, or clusters of places, with inspectors of their own.

Cutting is worth more than any search: 2,000 households in one piece are out of reach, village by village they take
seconds. What is lost at the borders is won back afterwards, where ``geo.routing.solve`` plans neighbouring routes anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from geo.routing.crews import Crew, Ints
from geo.routing.problem import Problem

# Households of a part: about a village, and never more than the solver is good at.
WANTED, MOST = 112, 250
# Up to so many inspectors each gets the part that is best for all together; above, the nearest that has room.
_MATCHED = 1500

Part = tuple[list[int], list[int]]


def cut(problem: Problem, houses: Sequence[int], crews: Sequence[Crew]) -> list[Part]:
    """Cut households and crews into parts.

    Parameters
    ----------
    houses : sequence of int
        Positions in the problem.
    crews : sequence of Crew

    Returns
    -------
    list of (list of int, list of int)
        Positions of households and of crews; every household and every crew is in one part.
    """
    inspectors = sorted({crew.inspector for crew in crews if crew.most > 0})
    spots = problem.travel.coordinates(0)
    here = np.asarray(houses, dtype=np.int64)
    xy = spots[np.array([problem.households[at].place for at in houses], dtype=np.int64)]
    label = _labels(problem, here, xy, max(1, min(len(inspectors), -(-len(here) // WANTED))))
    need = _need(problem, here, crews)
    many = int(label.max()) + 1
    centres = np.array([xy[label == part].mean(axis=0) for part in range(many)])
    share = np.array([need[label == part].sum() for part in range(many)])
    starts = spots[np.array([problem.inspectors[at].start for at in inspectors], dtype=np.int64)]
    part_of = dict(zip(inspectors, _match(starts, centres, share).tolist(), strict=True))
    locked = {lock.household: lock.inspector for lock in problem.locks if lock.inspector is not None}
    for row, at in enumerate(here.tolist()):
        who = _bound(problem, at, locked)
        if who in part_of:
            label[row] = part_of[who]
    # A group has one inspector, so it lies in one part.
    of_group: dict[str, int] = {}
    for row, at in enumerate(here.tolist()):
        group = problem.households[at].group
        if group is not None:
            label[row] = of_group.setdefault(group, int(label[row]))
    # So does what is visited in a row.
    of_row: dict[str, int] = {}
    for row, at in enumerate(here.tolist()):
        together = problem.households[at].together
        if together is not None:
            label[row] = of_row.setdefault(together, int(label[row]))
    parts: list[Part] = [([], []) for _ in range(many)]
    for row, at in enumerate(here.tolist()):
        parts[label[row]][0].append(at)
    for number, crew in enumerate(crews):
        parts[part_of.get(crew.inspector, 0)][1].append(number)
    return [part for part in parts if part[0] or part[1]]


def _bound(problem: Problem, at: int, locked: Mapping[str, str]) -> int:
    """The inspector a household is bound to; -1 if none."""
    one = problem.households[at]
    if one.inspector is not None:
        return problem.by_inspector[one.inspector]
    return problem.by_inspector[locked[one.id]] if one.id in locked else -1


def _need(problem: Problem, houses: Ints, crews: Sequence[Crew]) -> NDArray[np.float64]:
    """How far each household is likely to be visited: those of the highest priorities, as many as there are visits."""
    priority = np.array([problem.households[at].priority for at in houses], dtype=float)
    slots = sum(min(crew.most, len(houses)) for crew in crews)
    if slots >= len(houses):
        return np.ones(len(houses))
    edge = np.sort(priority)[::-1][max(0, slots - 1)]
    above = priority > edge
    on_it = priority == edge
    return np.where(above, 1.0, np.where(on_it, max(0, slots - above.sum()) / max(1, on_it.sum()), 0.0))


def _labels(problem: Problem, houses: Ints, xy: NDArray[np.float64], most_parts: int) -> Ints:
    """Part of each household: its village, small ones joined and large ones cut, at most so many parts."""
    names = [problem.households[at].village for at in houses]
    if all(name is not None for name in names):
        label = np.unique(np.array(names, dtype=str), return_inverse=True)[1].reshape(-1).astype(np.int64)
    else:
        label = _clusters(xy, most_parts)
    # Large ones are cut first, so that none is over the limit whatever is joined later.
    for part in range(int(label.max()) + 1):
        rows = np.flatnonzero(label == part)
        if len(rows) > MOST:
            inner = _clusters(xy[rows], -(-len(rows) // WANTED))
            label[rows] = np.where(inner == 0, part, int(label.max()) + inner)
    sizes = np.bincount(label)
    while len(sizes) > 1 and (len(sizes) > most_parts or sizes.min() < WANTED // 3):
        small = int(sizes.argmin())
        centres = np.array([xy[label == part].mean(axis=0) for part in range(len(sizes))])
        away = np.sqrt(((centres - centres[small]) ** 2).sum(axis=1))
        away[small] = np.inf
        # A part that would get too large is passed over as long as there is another one.
        away = np.where(sizes + sizes[small] > MOST, away + 1e12, away)
        label[label == small] = int(away.argmin())
        label[label > small] -= 1
        sizes = np.bincount(label)
    return label


def _clusters(xy: NDArray[np.float64], many: int) -> Ints:
    """k-means with fixed starts, empty clusters left out."""
    if many <= 1 or len(xy) <= many:
        return np.zeros(len(xy), dtype=np.int64)
    from scipy.cluster.vq import kmeans2

    _, label = kmeans2(xy, many, iter=20, minit="++", seed=1)
    return np.unique(label, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _match(starts: NDArray[np.float64], centres: NDArray[np.float64], share: NDArray[np.float64]) -> Ints:
    """Part of each inspector: near, and as many for a part as its share of the visits asks for."""
    many = len(starts)
    if not many:
        return np.zeros(0, dtype=np.int64)
    exact = share / max(1e-9, share.sum()) * many
    quota = np.floor(exact).astype(int)
    for part in np.argsort(quota - exact, kind="stable")[: many - quota.sum()]:
        quota[part] += 1
    away = np.sqrt(((starts[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2))
    if many <= _MATCHED:
        from scipy.optimize import linear_sum_assignment

        slots = np.repeat(np.arange(len(centres)), quota)
        rows, columns = linear_sum_assignment(away[:, slots])
        found = np.zeros(many, dtype=np.int64)
        found[rows] = slots[columns]
        return found
    found = np.zeros(many, dtype=np.int64)
    taken: dict[int, int] = defaultdict(int)
    for row in range(many):
        part = next(int(at) for at in np.argsort(away[row], kind="stable") if taken[int(at)] < quota[at])
        found[row] = part
        taken[part] += 1
    return found
