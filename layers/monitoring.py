"""Coverage of the monthly monitoring (动态监测) as surfaces: the share of monitored households that were checked."""

from __future__ import annotations

from layers.drawn import Drawn


def monitoring_layer(source: str) -> Drawn:
    """Areas coloured by the share of their monitored households that were checked in a round.

    Parameters
    ----------
    source : str
        Address of the areas as GeoJSON with counts; level and round are added by the page. The classes are those of
        :func:`layers.coverage.coverage_classes` with all households as the target.
    """
    return Drawn("monitoring", {"url": source})
