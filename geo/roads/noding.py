"""From lines to edges that meet in nodes: crossings, touching and dangling ends, doubles.

What an end is joined to lies within the tolerance (捕捉容差) that the caller states, always: an end is moved once and
onto something that is not moved itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]

# Places nearer than this are one: drawing programs round to millimetres, and computed crossings to less.
SAME_M = 0.01


@dataclass(frozen=True)
class Joined:
    """An end that was moved.

    Attributes
    ----------
    before, after : (float, float)
        In the plane of the lines, metres.
    moved_m : float
        At most the tolerance.
    """

    before: tuple[float, float]
    after: tuple[float, float]
    moved_m: float


@dataclass(frozen=True, eq=False)
class Noded:
    """Edges that meet in nodes: ends that belong together have the same coordinates to the last bit.

    Attributes
    ----------
    lines : ndarray of LineString, shape (m,)
    origin : ndarray of int64, shape (m,)
        Which of the lines given each is a piece of.
    joined : list of Joined
        Ends that were moved by more than :data:`SAME_M`.
    crossings : int
        Crossings without a vertex that became nodes.
    doubles : int
        Pieces left out because another one lies on the same ground.
    """

    lines: Objects
    origin: NDArray[np.int64]
    joined: list[Joined]
    crossings: int
    doubles: int


def node_lines(
    lines: Sequence[LineString], *, snap_m: float, noded: bool = False, level: Sequence[int] | None = None
) -> Noded:
    """Cut lines where they meet and join ends that nearly do.

    Parameters
    ----------
    lines : sequence of LineString, length n
        In a plane of metres; each at least two different points.
    snap_m : float
        How far an end may be moved, metres; 0 for not at all.
    noded : bool
        The lines meet in shared vertices already, as in OpenStreetMap: a crossing without a shared vertex is a bridge
        or a tunnel, and stays one.
    level : sequence of int, length n, optional
        Lines of different level (bridge, tunnel) do not meet where they cross; their ends do. 0 for all by default.

    Returns
    -------
    Noded
        Pieces shorter than :data:`SAME_M` are gone.
    """
    work = np.array(lines, dtype=object)
    if not len(work):
        return Noded(work, np.empty(0, np.int64), [], 0, 0)
    levels = np.zeros(len(work), np.int64) if level is None else np.asarray(level, dtype=np.int64)
    cuts = _Cuts(work)
    _cut_at_shared_vertices(work, levels, cuts, noded)
    crossings = 0 if noded else _cut_at_crossings(work, levels, cuts)
    joined = _join_ends(work, levels, cuts, max(snap_m, SAME_M))
    pieces, origin = cuts.apply(work)
    pieces, origin = _weld(pieces, origin)
    kept = _first_of_doubles(pieces)
    told = [one for one in joined if one.moved_m > SAME_M]
    return Noded(pieces[kept], origin[kept], told, crossings, int(len(pieces) - len(kept)))


class _Cuts:
    """Where each line is cut: metres along it, and the place that becomes a node there."""

    def __init__(self, lines: Objects) -> None:
        self.places: list[list[tuple[float, tuple[float, float]]]] = [[] for _ in lines]

    def add(self, line: int, along: float, place: tuple[float, float]) -> None:
        self.places[line].append((along, place))

    def apply(self, lines: Objects) -> tuple[Objects, NDArray[np.int64]]:
        """Give the pieces, and the line each comes from."""
        pieces, origin = [], []
        for at, line in enumerate(lines):
            for piece in _split(shapely.get_coordinates(line), self.places[at]):
                pieces.append(piece)
                origin.append(at)
        return _lines_of(pieces), np.array(origin, dtype=np.int64)


def _lines_of(coordinates: Sequence[Floats]) -> Objects:
    if not coordinates:
        return np.empty(0, dtype=object)
    owners = np.repeat(np.arange(len(coordinates)), [len(one) for one in coordinates])
    return np.asarray(shapely.linestrings(np.concatenate(coordinates), indices=owners), dtype=object)


def _split(xy: Floats, places: list[tuple[float, tuple[float, float]]]) -> list[Floats]:
    if not places:
        return [xy]
    steps = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    whole = steps[-1]
    inner = sorted(place for place in places if SAME_M < place[0] < whole - SAME_M)
    pieces, begin, done = [], xy[0], 0.0
    for along, place in inner:
        if along - done <= SAME_M:
            continue
        between = xy[(steps > done + 1e-9) & (steps < along - 1e-9)]
        pieces.append(np.vstack([begin, between, place]))
        begin, done = np.array(place), along
    between = xy[(steps > done + 1e-9) & (steps < whole - 1e-9)]
    pieces.append(np.vstack([begin, between, xy[-1]]))
    return pieces


def _cut_at_shared_vertices(lines: Objects, levels: NDArray[np.int64], cuts: _Cuts, noded: bool) -> None:
    """Cut lines at vertices they share with another line, or pass twice; ends cut whatever they lie on."""
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    key = np.ascontiguousarray(np.round(xy, 4)).view([("x", "f8"), ("y", "f8")]).ravel()
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    first = np.concatenate([[True], owner[1:] != owner[:-1]])
    is_end = first | np.concatenate([first[1:], [True]])
    has_end = np.zeros(len(count), dtype=bool)
    has_end[place[is_end]] = True
    apart = np.zeros(len(count), dtype=bool)
    if not noded:
        low, high = np.full(len(count), np.iinfo(np.int64).max), np.full(len(count), np.iinfo(np.int64).min)
        np.minimum.at(low, place, levels[owner])
        np.maximum.at(high, place, levels[owner])
        apart = low != high
    shared = (count[place] > 1) & (has_end[place] | ~apart[place]) & ~is_end
    step = np.hypot(*np.diff(xy, axis=0, prepend=xy[:1]).T)
    step[first] = 0.0
    along = np.cumsum(step)
    along -= np.repeat(along[first], np.diff(np.append(np.flatnonzero(first), len(xy))))
    for at in np.flatnonzero(shared):
        cuts.add(int(owner[at]), float(along[at]), (float(xy[at, 0]), float(xy[at, 1])))


def _cut_at_crossings(lines: Objects, levels: NDArray[np.int64], cuts: _Cuts) -> int:
    """Cut both lines where two of one level cross without a vertex; gives at how many places."""
    tree = shapely.STRtree(lines)
    one, other = tree.query(lines, predicate="crosses")
    pairs = (one < other) & (levels[one] == levels[other])
    one, other = one[pairs], other[pairs]
    met = shapely.intersection(lines[one], lines[other])
    found, owner = shapely.get_parts(met, return_index=True)
    points = shapely.get_type_id(found) == 0
    found, owner = found[points], owner[points]
    places = shapely.get_coordinates(found)
    for line in (one[owner], other[owner]):
        for at, along, place in zip(line, shapely.line_locate_point(lines[line], found), places, strict=True):
            cuts.add(int(at), float(along), (float(place[0]), float(place[1])))
    return len(found)


def _join_ends(lines: Objects, levels: NDArray[np.int64], cuts: _Cuts, tolerance: float) -> list[Joined]:
    """Move dangling ends onto what lies within the tolerance: first other ends, then lines; the nearest first.

    An end that was moved, and what something was moved onto, stays where it is from then on. So nothing is moved
    twice, and nothing by more than the tolerance.
    """
    counts = np.asarray(shapely.get_num_coordinates(lines), dtype=np.int64)
    last = np.cumsum(counts) - 1
    xy = shapely.get_coordinates(lines)
    where = np.column_stack([last - counts + 1, last]).ravel()  # of each end among the coordinates
    owner = np.repeat(np.arange(len(lines)), 2)
    ends = xy[where].copy()
    points = np.asarray(shapely.points(ends), dtype=object)
    dangling = _dangling(points)
    moves: list[Joined] = []
    loose = np.flatnonzero(dangling)
    state = _Ends(ends, owner, done=np.zeros(len(ends), dtype=bool), fixed=~dangling, moves=moves, levels=levels)
    # An end that lies on a line already is drawn where it belongs; it only becomes a node.
    _onto_lines(state, lines, cuts, SAME_M)
    _onto_ends(state, loose, lines, tolerance)
    _onto_lines(state, lines, cuts, tolerance)
    _move_ends(lines, counts, where, ends, xy, cuts)
    return moves


@dataclass(eq=False)
class _Ends:
    """Ends on their way: where they are, whose they are, whether they were moved or must stay."""

    xy: Floats
    owner: NDArray[np.int64]
    done: Flags
    fixed: Flags
    moves: list[Joined]
    levels: NDArray[np.int64]


def _onto_ends(state: _Ends, loose: NDArray[np.int64], lines: Objects, tolerance: float) -> None:
    """Move dangling ends onto other ends."""
    ends, owner, length = state.xy, state.owner, shapely.length(lines)
    points = np.asarray(shapely.points(ends), dtype=object)
    mine, near = shapely.STRtree(points).query(points[loose], predicate="dwithin", distance=tolerance)
    mine = loose[mine]
    # The two ends of a short line are no gap.
    apart_enough = (mine != near) & ((owner[mine] != owner[near]) | (length[owner[mine]] > 3 * tolerance))
    mine, near = mine[apart_enough], near[apart_enough]
    apart = np.hypot(*(ends[mine] - ends[near]).T)
    for at in np.lexsort((near, mine, apart)):
        end, onto = int(mine[at]), int(near[at])
        distance = float(np.hypot(*(ends[end] - ends[onto])))
        if state.done[end] or state.fixed[end] or distance > tolerance:
            continue
        if owner[end] != owner[onto] and shapely.distance(lines[owner[end]], shapely.Point(ends[onto])) <= SAME_M:
            continue  # a stub beyond a junction of its own line is joined already
        state.moves.append(Joined(_pair(ends[end]), _pair(ends[onto]), distance))
        ends[end] = ends[onto]
        state.done[[end, onto]] = state.fixed[[end, onto]] = True


def _onto_lines(state: _Ends, lines: Objects, cuts: _Cuts, tolerance: float) -> None:
    """Move dangling ends onto the middle of lines of their level."""
    left = np.flatnonzero(~state.done & ~state.fixed)
    if not len(left):
        return
    points = np.asarray(shapely.points(state.xy), dtype=object)
    mine, line = shapely.STRtree(lines).query(points[left], predicate="dwithin", distance=tolerance)
    mine = left[mine]
    other = (state.owner[mine] != line) & (state.levels[state.owner[mine]] == state.levels[line])
    mine, line = mine[other], line[other]
    apart = np.asarray(shapely.distance(points[mine], lines[line]))
    for at in np.lexsort((line, mine, apart)):
        end, onto = int(mine[at]), int(line[at])
        if state.done[end]:
            continue
        along = float(shapely.line_locate_point(lines[onto], points[end]))
        place = _pair(shapely.get_coordinates(shapely.line_interpolate_point(lines[onto], along))[0])
        if tolerance > SAME_M and shapely.distance(lines[state.owner[end]], shapely.Point(place)) <= SAME_M:
            continue  # as above
        state.moves.append(Joined(_pair(state.xy[end]), place, float(apart[at])))
        cuts.add(onto, along, place)
        state.xy[end] = place
        state.done[end] = state.fixed[end] = True


def _dangling(points: Objects) -> Flags:
    """Which ends touch no other end; those that lie on the middle of a line dangle too, and are joined there."""
    mine, near = shapely.STRtree(points).query(points, predicate="dwithin", distance=1e-6)
    touches = np.zeros(len(points), dtype=bool)
    touches[mine[mine != near]] = True
    return ~touches


def _move_ends(
    lines: Objects, counts: NDArray[np.int64], where: NDArray[np.int64], ends: Floats, xy: Floats, cuts: _Cuts
) -> None:
    """Set the ends of the lines to where they were moved, and let cuts follow the lengths."""
    changed = np.flatnonzero((xy[where] != ends).any(axis=1))
    first = np.cumsum(counts) - counts
    for line in np.unique(changed // 2):
        part = slice(int(first[line]), int(first[line] + counts[line]))
        old = xy[part]
        new = old.copy()
        new[0], new[-1] = ends[2 * line], ends[2 * line + 1]
        before, after = _steps(old), _steps(new)
        cuts.places[line] = [(float(np.interp(along, before, after)), place) for along, place in cuts.places[line]]
        lines[line] = LineString(new)


def _steps(xy: Floats) -> Floats:
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])


def _weld(pieces: Objects, origin: NDArray[np.int64]) -> tuple[Objects, NDArray[np.int64]]:
    """Give ends within :data:`SAME_M` of one another the same coordinates; drop pieces that vanish by that."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    counts = shapely.get_num_coordinates(pieces)
    last = np.cumsum(counts) - 1
    xy = shapely.get_coordinates(pieces)
    where = np.column_stack([last - counts + 1, last]).ravel()
    ends = xy[where]
    pairs = cKDTree(ends).query_pairs(SAME_M, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(ends), len(ends)))
    _, label = connected_components(links, directed=False)
    _, first = np.unique(label, return_index=True)
    xy[where] = ends[first[label]]
    owners = np.repeat(np.arange(len(pieces)), counts)
    welded = np.asarray(shapely.linestrings(xy, indices=owners), dtype=object)
    alive = shapely.length(welded) > SAME_M
    return welded[alive], origin[alive]


def _first_of_doubles(pieces: Objects) -> NDArray[np.int64]:
    """Which pieces to keep, so that no two lie on the same ground in either direction."""
    rounded = shapely.normalize(shapely.set_precision(pieces, 0.001, mode="pointwise"))
    return np.sort(np.unique(shapely.to_wkb(rounded), return_index=True)[1]).astype(np.int64)


def _pair(xy: Floats) -> tuple[float, float]:
    return float(xy[0]), float(xy[1])
