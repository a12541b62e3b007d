"""The network of the store in memory: edges of a box, and the net of each way of moving, kept until roads change."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.roads.gaps import Gap
from geo.roads.mending import attach
from geo.roads.modes import all_modes, mode_named
from geo.roads.net import Edges, Net, make_net
from geo.roads.straight import FACTORS

Box = tuple[float, float, float, float]

# Boxes are widened to this raster, so that plans of one place share a net.
_RASTER_DEG = 0.05
# Ways may lead round by as much: some 3 km, a tenth of the extent where that is more.
_MARGIN_DEG = 0.03
_KEPT = 6


@dataclass(eq=False)
class Network:
    """Roads of a box.

    Attributes
    ----------
    edges : Edges
    sources, names : ndarray of object, shape (m,)
    version : int
    gaps : dict
        By way of moving and reach, as they were found.
    """

    edges: Edges
    sources: NDArray[np.object_]
    names: NDArray[np.object_]
    version: int
    gaps: dict[tuple[str, float], list[Gap]] = field(default_factory=dict)
    _nets: dict[str, Net] = field(default_factory=dict)

    def net(self, mode: str) -> Net:
        """Give the net of a way of moving, made when first asked for."""
        if mode not in self._nets:
            self._nets[mode] = make_net(self.edges, mode_named(mode))
        return self._nets[mode]


@dataclass(frozen=True)
class State:
    """Version of the roads, the detour factors fitted to them by band of distance, and which database it is."""

    version: int = 0
    factors: tuple[float, ...] = FACTORS
    pairs: int = 0
    database: int = 0


_held: OrderedDict[tuple[Any, ...], Network] = OrderedDict()
_lock = threading.Lock()


def read_state(session: Session) -> State:
    """Read version and factors; the defaults before the first road."""
    row = session.execute(
        text("""
            select s.version, s.factors, s.pairs, d.oid from pg_database d left join road_state s on true
             where d.datname = current_database()""")
    ).one()
    factors = tuple(row.factors) if row.factors else FACTORS
    return State(int(row.version or 0), factors, int(row.pairs or 0), int(row.oid))


def box_of(points: NDArray[np.float64]) -> Box | None:
    """Give the box of places with the margin in which ways between them may run; None without a place.

    Parameters
    ----------
    points : ndarray of float64, shape (n, 2)
        Longitude and latitude; NaN is passed over.
    """
    known = points[np.isfinite(points).all(axis=1)]
    if not len(known):
        return None
    low, high = known.min(axis=0), known.max(axis=0)
    margin = np.maximum(_MARGIN_DEG, 0.1 * (high - low))
    west, south = np.floor((low - margin) / _RASTER_DEG) * _RASTER_DEG
    east, north = np.ceil((high + margin) / _RASTER_DEG) * _RASTER_DEG
    return float(west), float(south), float(east), float(north)


def load_network(session: Session, box: Box) -> Network:
    """Load the roads that meet a box, from memory where nothing has changed.

    Parameters
    ----------
    session : Session
        Anybody's who is signed in, or the owner's; nobody else's finds a road.
    box : (west, south, east, north)
        Degrees.
    """
    state = read_state(session)
    place = state.database, box, state.version
    with _lock:
        if place in _held:
            _held.move_to_end(place)
            return _held[place]
    found = _read(session, box, state.version)
    with _lock:
        if len(found.edges):
            _held[place] = found
            while len(_held) > _KEPT:
                _held.popitem(last=False)
    return found


def _read(session: Session, box: Box, version: int) -> Network:
    rows = session.execute(
        text("select * from sec.roads_within(:west, :south, :east, :north)"),
        dict(zip(("west", "south", "east", "north"), box, strict=True)),
    ).all()
    lines = np.array(shapely.from_wkb([bytes(row.shape) for row in rows]), dtype=object).reshape(len(rows))
    edges = Edges(
        np.array([row.id for row in rows], dtype=np.int64),
        lines,
        np.array([row.length_m for row in rows], dtype=float),
        np.array([row.road_class for row in rows], dtype=object),
        np.array([row.oneway for row in rows], dtype=np.int64),
        {name: np.array([getattr(row, name) for row in rows], dtype=bool) for name in all_modes()},
    )
    sources = {row.id: row.source for row in rows}
    names = {row.id: row.name for row in rows}
    _, group = np.unique([row.source for row in rows], return_inverse=True)
    joined = attach(edges, group.ravel().astype(np.int64))
    return Network(
        joined,
        np.array([sources[one] for one in joined.ids.tolist()], dtype=object),
        np.array([names[one] for one in joined.ids.tolist()], dtype=object),
        version,
    )
