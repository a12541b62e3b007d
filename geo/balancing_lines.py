"""Straight lines worth looking at as cuts: midway between two neighbouring places, in directions all round."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# Directions that are tried: every 7.5 degrees, all round, because the sides may be of different size.
_ANGLES = 48
# Parts of the half circle, to begin the same area in several ways.
SECTORS = 2
# Directions and lines of each where a straight line meets the area more than once.
_HARD_ANGLES, _HARD_LINES = 12, 24
# Two places closer than this across a line, in metres, are not told apart by it.
LEAST_GAP_M = 1e-3


def _directions(count: int) -> Floats:
    turns = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(turns), np.sin(turns)])


_HALF_CIRCLE = _directions(_ANGLES)[:, : _ANGLES // 2]


def sector_of(lines: Floats) -> npt.NDArray[np.int64]:
    """Which part of the half circle each line's direction lies in."""
    turn = np.round(np.arctan2(lines[1], lines[0]) % np.pi, 9)
    return (turn / np.pi * SECTORS).astype(np.int64) % SECTORS


def lines_between(at: Floats, weights: Floats, allowed: tuple[float, float]) -> Floats:
    """Lines midway between neighbouring places: ``nx, ny, offset, missed``, shape (4, m).

    For each direction the two widest gaps among the places that keep what is allowed, since a border through a gap does
    not run past somebody's door, and those nearest to the least, the middle and the most of it.
    """
    # Places are put in order along half a circle of directions; the other half is the same order backwards.
    along = _HALF_CIRCLE.T @ at.T
    order = np.argsort(along, axis=1)
    along = np.take_along_axis(along, order, axis=1)
    gaps = np.diff(along, axis=1)
    held = np.cumsum(weights[order], axis=1)[:, :-1]
    low, high = allowed
    whole = float(weights.sum())
    found = [_gaps(gaps, held, low, high)]
    # Where both sides may hold the same, the way back has the same lines.
    if abs(low + high - whole) > 1e-9:
        found.append(_gaps(gaps, whole - held, low, high))
    lines = []
    for (rows, columns, missed), sign in zip(found, (1.0, -1.0), strict=False):
        offsets = (along[rows, columns] + along[rows, columns + 1]) / 2
        lines.append(np.stack([sign * _HALF_CIRCLE[0, rows], sign * _HALF_CIRCLE[1, rows], sign * offsets, missed]))
    return np.concatenate(lines, axis=1)


def _gaps(gaps: Floats, held: Floats, low: float, high: float) -> tuple[Ints, Ints, Floats]:
    """Direction and gap of the lines that are worth measuring, and by how much each misses what is allowed."""
    missed = np.maximum(np.maximum(low - held, held - high), 0.0)
    missed[gaps < LEAST_GAP_M] = np.inf
    least = missed.min(axis=1)
    is_shut = missed > least[:, None]
    wide = np.where(is_shut, -1.0, gaps)
    rows = np.arange(len(gaps))
    first = wide.argmax(axis=1)
    wide[rows, first] = -1.0
    second = wide.argmax(axis=1)
    second = np.where(wide[rows, second] > 0, second, first)
    picked = [first, second]
    for goal in (low, (low + high) / 2, high):
        away = np.abs(held - goal)
        away[is_shut] = np.inf
        picked.append(away.argmin(axis=1))
    told = np.isfinite(least)
    keys = np.unique(np.concatenate([(rows * gaps.shape[1] + columns)[told] for columns in picked]))
    directions, columns = np.divmod(keys, gaps.shape[1])
    return directions, columns, least[directions]


def swept_lines(at: Floats, weights: Floats, allowed: tuple[float, float]) -> Floats:
    """Lines in fewer directions, spread over all gaps of each: one way first, then the same ones back.

    As of :func:`lines_between`, but ``missed`` differs within a direction.
    """
    low, high = allowed
    made = []
    for normal in _directions(_HARD_ANGLES * 2)[:, :_HARD_ANGLES].T:
        along = at @ normal
        order = np.argsort(along)
        along, held = along[order], np.cumsum(weights[order])
        gaps = np.flatnonzero(np.diff(along) >= LEAST_GAP_M)
        if not len(gaps):
            continue
        picked = gaps[np.unique(np.linspace(0, len(gaps) - 1, min(len(gaps), _HARD_LINES)).round().astype(int))]
        offsets = (along[picked] + along[picked + 1]) / 2
        sides = np.stack([held[picked], held[-1] - held[picked]])
        ways = np.broadcast_to(normal[:, None], (2, len(picked)))
        made.append((ways, offsets, np.maximum(np.maximum(low - sides, sides - high), 0.0)))
    if not made:
        return np.zeros((4, 0))
    there = np.concatenate([np.vstack([ways, offsets, missed[0]]) for ways, offsets, missed in made], axis=1)
    back = np.concatenate([np.vstack([-ways, -offsets, missed[1]]) for ways, offsets, missed in made], axis=1)
    return np.concatenate([there, back], axis=1)
