"""Natural villages of the sample: courtyards in rows along lanes, as country settlements of North China are built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from data.samples.terrain import Floats, Waves, parts_of

_ROW_PITCH_M = 28.0
_SLOT_PITCH_M = 17.4
_CROSS_LANE_M = 8.5
_ROWS, _SLOTS = 13, 24
_EMPTY_SHARE = 0.07


@dataclass(frozen=True)
class Settlement:
    """One built-up natural village on the plane (metres); its yards are numbered row by row from north to south.

    Attributes
    ----------
    yards : ndarray of Polygon, shape (n,)
        Walled courtyards, none touching another.
    houses : ndarray of Polygon, shape (n,)
        The dwelling in each yard: an L along its north wall, at most 15 m × 12 m.
    second_houses : ndarray of Polygon, shape (n,)
        Where a second building would stand: along the south wall.
    middles : ndarray, shape (n, 2)
        Middle of each dwelling.
    rows, numbers : ndarray of int, shape (n,)
        Row from the north and place in the row from the west, both from 1: the house number 门牌号.
    lanes : list of LineString
    ground : Polygon or MultiPolygon
        The soft-edged built-up area.
    """

    yards: np.ndarray
    houses: np.ndarray
    second_houses: np.ndarray
    middles: Floats
    rows: np.ndarray
    numbers: np.ndarray
    lanes: list[LineString]
    ground: BaseGeometry


def build_settlement(
    centre: Floats, count: int, home: Polygon, blocked: BaseGeometry, slope: float, rng: np.random.Generator
) -> Settlement:
    """Fill the ground round a centre with exactly ``count`` courtyards.

    Parameters
    ----------
    centre : ndarray, shape (2,)
        Where the settlement begins, metres.
    count : int
        Courtyards to build.
    home : Polygon
        Ground of the village; no yard comes nearer than 12 m to its border.
    blocked : BaseGeometry
        Roads, water and yards of other settlements, each with its clearance.
    slope : float
        0 on the plain to 1 in the hills, where rows turn with the slope.
    rng : numpy.random.Generator

    Returns
    -------
    Settlement

    Raises
    ------
    ValueError
        If there is no room for that many.
    """
    angle = np.radians(rng.normal(0, 4.0) + slope * rng.normal(0, 14))
    row, slot, x, y = _lattice(rng)
    wide = rng.uniform(0.95, 2.3)
    ragged = Waves(rng, 260, 8)
    reach = np.hypot(x / wide, y) * (1 + 0.21 * ragged(x, y)) + rng.normal(0, 3, len(x))
    reach[rng.random(len(x)) < _EMPTY_SHARE] += 160
    width, depth = rng.uniform(14.6, 15.9, len(x)), rng.uniform(16.4, 18.4, len(x))
    turn = _rotation(angle)
    corners = _box(x, y, width, depth) @ turn.T + centre
    yards = np.asarray(shapely.polygons(corners))
    room = home.buffer(-12, quad_segs=2)
    near = blocked.intersection(shapely.box(*shapely.total_bounds(yards)))
    shapely.prepare(near)
    shapely.prepare(room)
    free = shapely.contains(room, yards) & ~shapely.intersects(near, yards)
    candidates = np.flatnonzero(free)
    if len(candidates) < count:
        raise ValueError(f"room for {len(candidates)} of {count} yards at {centre}")
    chosen = np.sort(candidates[np.argsort(reach[candidates], kind="stable")[:count]])
    row, slot, x, y, width, depth = (f[chosen] for f in (row, slot, x, y, width, depth))
    dwellings, sheds, middles = _dwellings(x, y, width, depth, rng)
    lanes = [LineString(np.asarray(lane.simplify(1.2).coords) @ turn.T + centre) for lane in _lanes(row, slot, x, y)]
    ground = shapely.union_all(shapely.buffer(yards[chosen], 17, quad_segs=3))
    ground = ground.buffer(16, quad_segs=4).buffer(-19, quad_segs=4).simplify(1.5)
    number = np.concatenate([np.arange(1, (row == k).sum() + 1) for k in np.unique(row)])
    return Settlement(
        yards=yards[chosen],
        houses=np.array([shapely.transform(shape, lambda xy: xy @ turn.T + centre) for shape in dwellings]),
        second_houses=np.asarray(shapely.polygons(sheds @ turn.T + centre)),
        middles=middles @ turn.T + centre,
        rows=np.unique(row, return_inverse=True)[1] + 1,
        numbers=number,
        lanes=lanes,
        ground=shapely.union_all([Polygon(part.exterior) for part in parts_of(ground)]),
    )


def _lattice(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, Floats, Floats]:
    """Places for yards: rows from north to south, each cut into blocks by cross lanes; row, slot, x, y."""
    row, slot = (
        field.ravel() for field in np.meshgrid(np.arange(2 * _ROWS + 1), np.arange(2 * _SLOTS + 1), indexing="ij")
    )
    block = int(rng.integers(6, 10))
    shift = int(rng.integers(0, block))
    bend = rng.normal(0, 0.00022)
    x = (slot - _SLOTS) * _SLOT_PITCH_M + np.floor((slot + shift) / block) * _CROSS_LANE_M
    x = x - x[slot == _SLOTS][0] + rng.uniform(-0.7, 0.7, len(x))
    x += rng.normal(0, 2.2, 2 * _ROWS + 1)[row]
    wobble = Waves(rng, 260, 6)
    y = (_ROWS - row) * _ROW_PITCH_M + bend * x**2 + 2.2 * wobble(x, row * 5.0) + rng.normal(0, 0.45, len(x))
    return row, slot, x, y


def _dwellings(
    x: Floats, y: Floats, width: Floats, depth: Floats, rng: np.random.Generator
) -> tuple[list[Polygon], Floats, Floats]:
    """Dwellings along the north walls with a wing to the west or east, sheds along the south walls, and middles."""
    half = width / 2 - 0.5
    north = y + depth / 2 - 0.5
    hall = rng.uniform(5.8, 7.2, len(x))
    wing = np.where(rng.random(len(x)) < 0.72, rng.uniform(3.6, 5.2, len(x)), 0.0)
    wing_width = rng.uniform(3.4, 4.6, len(x))
    side = np.where(rng.random(len(x)) < 0.6, -1.0, 1.0)
    shapes = []
    for k in range(len(x)):
        top, low, base = north[k], north[k] - hall[k], north[k] - hall[k] - wing[k]
        if wing[k] == 0:
            ring = [(-half[k], top), (half[k], top), (half[k], low), (-half[k], low)]
        else:
            inner = half[k] - wing_width[k]
            ring = [(-half[k], top), (half[k], top), (half[k], low), (-inner, low), (-inner, base), (-half[k], base)]
        shapes.append(Polygon([(x[k] - side[k] * u, v) for u, v in ring]))
    sheds = _box(x - side * 3.3, y - depth / 2 + 2.3, np.full(len(x), 6.5), np.full(len(x), 3.4))
    return shapes, sheds, np.column_stack([x, north - hall / 2])


def _lanes(row: np.ndarray, slot: np.ndarray, x: Floats, y: Floats) -> list[LineString]:
    """A lane along the south of each row, and lanes across where blocks of several rows part."""
    lanes = []
    for number in np.unique(row):
        members = np.flatnonzero(row == number)
        for run in np.split(members, np.flatnonzero(np.diff(x[members]) > 62) + 1):
            if len(run) >= 3:
                line = np.column_stack([x[run], y[run] - _ROW_PITCH_M / 2])
                line = np.vstack([line[0] - (13, 0), line, line[-1] + (13, 0)])
                lanes.append(LineString(line))
    gaps = np.flatnonzero((np.diff(slot) == 1) & (np.diff(x) > _SLOT_PITCH_M + _CROSS_LANE_M * 0.65))
    for number in np.unique(slot[gaps]):
        at = gaps[slot[gaps] == number]
        if len(at) >= 3:
            line = np.column_stack([(x[at] + x[at + 1]) / 2, (y[at] + y[at + 1]) / 2])
            line = np.vstack([line[0] + (0, 16), line, line[-1] - (0, 16)])
            for part in np.split(line, np.flatnonzero(-np.diff(line[:, 1]) > _ROW_PITCH_M * 2.6) + 1):
                if len(part) >= 3:
                    lanes.append(LineString(part))
    return lanes


def _box(x: Floats, y: Floats, width: Floats, depth: Floats) -> Floats:
    """Corners of upright rectangles, shape (n, 5, 2)."""
    dx = np.column_stack([-width, width, width, -width, -width]) / 2
    dy = np.column_stack([-depth, -depth, depth, depth, -depth]) / 2
    return np.stack([x[:, None] + dx, y[:, None] + dy], axis=2)


def _rotation(angle: float) -> Floats:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
