"""Is the road network fit to measure ways along? Its parts, gaps, households far from any road, and shifted roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.roads.network import Box, Network, box_of, load_network, read_state
from geo.roads.gaps import REACH_M, Gap, find_gaps
from geo.roads.net import Net
from geo.roads.shift import Shift, find_shift
from geo.roads.ways import find_spots

FAR_M = 200.0
MOST_LISTED = 200
# Known on the spot, from imagery, from a file or by house number; a village's centre is nobody's door.
_EXACT = 4
_WITNESS = 2
_LEAST_WITNESSES, _MOST_WITNESSES = 20, 3_000


@dataclass(frozen=True)
class Part:
    """A part of the network (连通分量) that hangs together.

    Attributes
    ----------
    number : int
        0 is the longest.
    metres : float
    households : int
        Of those the asker may see, how many join it.
    at : (float, float)
        A place on it.
    """

    number: int
    metres: float
    households: int
    at: tuple[float, float]


@dataclass(frozen=True)
class FarHousehold:
    """A household with no road near."""

    id: int
    code: str | None
    head_name: str | None
    village: str | None
    at: tuple[float, float]
    off_m: float


@dataclass(frozen=True)
class Settled:
    """What was said of a gap and holds."""

    id: int
    key: str
    choice: str
    length_m: float
    line: tuple[tuple[float, float], tuple[float, float]]
    actor: str
    at: Any


@dataclass(frozen=True, eq=False)
class Health:
    """The state of the network round an area, for one way of moving.

    Attributes
    ----------
    mode : str
    version : int
        Of the roads.
    box : (west, south, east, north) or None
        None where nothing is known of the area.
    edges : int
    metres : float
    parts : list of Part
        The longest first.
    gaps : list of Gap
        Without those that were settled; the shortest first.
    settled : list of Settled
    households, far_total : int
        Households with an exact place, and of these, those with no road within :data:`FAR_M`.
    far : list of FarHousehold
        The farthest first, at most :data:`MOST_LISTED`.
    shift : Shift
    factors : tuple of float
        Detour by band of distance.
    pairs : int
        How many ways the factors were fitted to; 0 for the defaults.
    """

    mode: str
    version: int
    box: Box | None
    edges: int
    metres: float
    parts: list[Part]
    gaps: list[Gap]
    settled: list[Settled]
    households: int
    far_total: int
    far: list[FarHousehold]
    shift: Shift
    factors: tuple[float, ...]
    pairs: int


def check_health(session: Session, within: tuple[int, int], mode: str = "ebike", reach_m: float = REACH_M) -> Health:
    """Look at the roads of an area and just around it.

    Parameters
    ----------
    session : Session
        Of somebody signed in, who sees roads everywhere and households in the own area of duty; or of the owner.
    within : (int, int)
        Range of jurisdiction numbers.
    mode : str
        ``walk``, ``ebike`` or ``car``.
    reach_m : float
        How long a gap may be.
    """
    state = read_state(session)
    box = _box(session, within)
    if box is None:
        return Health(mode, state.version, None, 0, 0.0, [], [], [], 0, 0, [], Shift(float("nan")), state.factors, 0)
    network = load_network(session, box)
    net = network.net(mode)
    homes = _homes(session, within)
    spots = find_spots(net, net.edges.to_plane(np.array([(row.lon, row.lat) for row in homes]).reshape(-1, 2)))
    # A household with no road at all is as far as can be.
    off = np.where(spots.there, spots.off_m, np.inf)
    far = np.flatnonzero(off > FAR_M) if len(net.used) else np.empty(0, dtype=np.int64)
    near = spots.there & (off <= FAR_M)
    joined = np.bincount(net.edge_component[spots.edge[near]], minlength=len(net.component_metres()))
    settled = _settled(session, within)
    closed = {one.key for one in settled}
    return Health(
        mode=mode,
        version=state.version,
        box=box,
        edges=len(net.used),
        metres=float(net.length_m.sum()),
        parts=_parts(net, joined),
        gaps=[gap for gap in gaps_of(network, mode, reach_m) if gap.key not in closed],
        settled=settled,
        households=len(homes),
        far_total=len(far),
        far=[_far(homes[at], float(off[at])) for at in far[np.argsort(-off[far], kind="stable")][:MOST_LISTED]],
        shift=_shift(session, network, homes),
        factors=state.factors,
        pairs=state.pairs,
    )


def gaps_of(network: Network, mode: str, reach_m: float) -> list[Gap]:
    """Give the gaps of a network, found once."""
    key = mode, reach_m
    if key not in network.gaps:
        network.gaps[key] = find_gaps(network.net(mode), reach_m)
    return network.gaps[key]


def _box(session: Session, within: tuple[int, int]) -> Box | None:
    """Give the box of an area with a margin, of its boundaries, else of its households."""
    row = session.execute(
        text("""
            select st_xmin(b) as w, st_ymin(b) as s, st_xmax(b) as e, st_ymax(b) as n from (
                select st_extent(g) as b from (
                    select geom as g from area
                     where geom is not null and valid_to is null and jur >= :lo and jur_end <= :hi
                    union all
                    select geom from household
                     where geom is not null and removed_at is null and jur >= :lo and jur < :hi) shapes) boxes
             where b is not null"""),
        {"lo": within[0], "hi": within[1]},
    ).one_or_none()
    return None if row is None else box_of(np.array([(row.w, row.s), (row.e, row.n)], dtype=float))


def _homes(session: Session, within: tuple[int, int]) -> list[Any]:
    return list(
        session.execute(
            text("""
                select h.id, h.code, h.head_name, h.quality, a.name as village, st_x(h.geom) as lon, st_y(h.geom) as lat
                  from household h left join area a on a.id = h.village_id
                 where h.geom is not null and h.quality <= :exact and h.removed_at is null
                   and h.jur >= :lo and h.jur < :hi order by h.id"""),
            {"exact": _EXACT, "lo": within[0], "hi": within[1]},
        )
    )


def _parts(net: Net, joined: Any) -> list[Part]:
    parts = []
    for number, metres in enumerate(net.component_metres()):
        longest = np.flatnonzero(net.edge_component == number)
        edge = longest[np.argmax(net.length_m[longest])]
        middle = shapely.get_coordinates(shapely.line_interpolate_point(net.lines[edge], 0.5, normalized=True))
        lon, lat = net.edges.to_degrees(middle)[0]
        parts.append(Part(number, float(metres), int(joined[number]), (float(lon), float(lat))))
    return parts


def _far(row: Any, off_m: float) -> FarHousehold:
    return FarHousehold(row.id, row.code, row.head_name, row.village, (float(row.lon), float(row.lat)), off_m)


def _settled(session: Session, within: tuple[int, int]) -> list[Settled]:
    rows = session.execute(
        text("""
            select id, key, choice, length_m, actor, at,
                   st_x(st_startpoint(geom)) as ax, st_y(st_startpoint(geom)) as ay,
                   st_x(st_endpoint(geom)) as bx, st_y(st_endpoint(geom)) as by from road_gap
             where undone_at is null and jur >= :lo and jur < :hi order by at desc, id desc"""),
        {"lo": within[0], "hi": within[1]},
    )
    return [
        Settled(row.id, row.key, row.choice, row.length_m, ((row.ax, row.ay), (row.bx, row.by)), row.actor, row.at)
        for row in rows
    ]


def _shift(session: Session, network: Network, homes: list[Any]) -> Shift:
    """Compare roads of files with houses whose place is known well: households seen on the spot, or buildings."""
    places = [(row.lon, row.lat) for row in homes if row.quality <= _WITNESS][:_MOST_WITNESSES]
    if not len(network.edges):
        return Shift(float("nan"))
    if len(places) < _LEAST_WITNESSES:
        west, south, east, north = shapely.total_bounds(network.edges.lines)
        rows = session.execute(
            text("""
                select st_x(spot) as lon, st_y(spot) as lat from (
                    select st_centroid(geom) as spot from base_feature
                     where kind = 'building' and geom && st_makeenvelope(:w, :s, :e, :n, 4326) limit :most) b"""),
            {"w": float(west), "s": float(south), "e": float(east), "n": float(north), "most": _MOST_WITNESSES},
        )
        places = [(row.lon, row.lat) for row in rows]
    if len(places) < _LEAST_WITNESSES:
        return Shift(float("nan"))
    return find_shift(network.edges.lines, np.array(places, dtype=float))
