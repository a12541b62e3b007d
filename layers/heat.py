"""Heatmaps (热力): households visited or not, dilapidated houses, demands; per hectare, or per household."""

from __future__ import annotations

from layers.drawn import Drawn

BANDWIDTH_M = 250
# Households per hectare; fixed at every zoom and day, so that two pictures can be compared.
BREAKS = [0, 1, 3, 6, 10]
# Of demands, which few households raise, a tenth.
BREAKS_OF = {"demands": [0, 0.1, 0.3, 0.6, 1]}
# Shares of the households within the bandwidth, fixed as well; every class is drawn, from the first on. Those of visits
# are the lines of the coverage map, so that both maps say the same of a place.
SHARES = {
    "unvisited": [0, 0.15, 0.3, 0.5],
    "visited": [0, 0.5, 0.7, 0.85],
    "dilapidated": [0, 0.02, 0.05, 0.1],
    "demands": [0, 0.02, 0.05, 0.1],
}
# With fewer households than this within the bandwidth a share is chance, and speaks of single households.
LEAST_HOUSEHOLDS = 5


def heat_layer(source: str) -> Drawn:
    """Density or share from server-side cells, smoothed over a bandwidth in metres.

    Parameters
    ----------
    source : str
        Address of the cells; the kind is added by the page.
    """
    return Drawn("heat", {"url": source, "bandwidth_m": BANDWIDTH_M, "breaks": BREAKS})
