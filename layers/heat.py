"""Heatmaps (热力): households visited, not yet visited, and dilapidated houses, per hectare."""

from __future__ import annotations

from layers.drawn import Drawn

BANDWIDTH_M = 250
# Households per hectare; fixed at every zoom and day, so that two pictures can be compared.
BREAKS = [0, 1, 3, 6, 10]


def heat_layer(source: str) -> Drawn:
    """Density from server-side cells, smoothed over a bandwidth in metres.

    Parameters
    ----------
    source : str
        Address of the cells; the kind is added by the page.
    """
    return Drawn("heat", {"url": source, "bandwidth_m": BANDWIDTH_M, "breaks": BREAKS})
