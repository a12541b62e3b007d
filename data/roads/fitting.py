"""The detour factor (绕行系数) fitted to the roads there are, for ways where there is none."""

from __future__ import annotations

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.roads.network import Box, load_network
from geo.roads.straight import FACTORS, fit_factors, great_circle_m
from geo.roads.ways import Spots, measure_ways

_SAMPLE = 200
_SEED = 20261127


def fit_detour(session: Session, box: Box) -> None:
    """Fit the factors to ways between places on the roads of a box, and store them.

    Places are drawn by the length of the edges, by a fixed seed: equal roads give equal factors. Without a road the
    defaults are stored.

    Parameters
    ----------
    session : Session
        As the owner.
    box : (west, south, east, north)
    """
    net = load_network(session, box).net("walk")
    factors: tuple[float, ...] = FACTORS
    pairs = 0
    if len(net.used):
        rng = np.random.default_rng(_SEED)
        edge = rng.choice(len(net.used), _SAMPLE, p=net.length_m / net.length_m.sum())
        share = rng.random(_SAMPLE)
        spots = Spots(edge.astype(np.int64), share, np.zeros(_SAMPLE))
        from shapely import get_coordinates, line_interpolate_point

        places = get_coordinates(line_interpolate_point(net.lines[edge], share, normalized=True))
        lonlat = net.edges.to_degrees(places)
        upper = np.triu_indices(_SAMPLE, 1)
        straight = great_circle_m(lonlat[:, None], lonlat[None, :])[upper]
        factors, pairs = fit_factors(straight, measure_ways(net, spots).metres[upper])
    session.execute(
        text("""
            insert into road_state (id, version, factors, pairs, fitted_at) values (1, 1, :factors, :pairs, now())
            on conflict (id) do update set factors = excluded.factors, pairs = excluded.pairs, fitted_at = now()"""),
        {"factors": list(factors), "pairs": pairs},
    )
