"""Coverage (覆盖率) as surfaces: villages, natural villages, grids and townships by class."""

from __future__ import annotations

from layers.drawn import Drawn

# Fixed breaks, half-open; above the last one comes the campaign's target.
BREAKS = [0.5, 0.7, 0.85]


def coverage_layer(source: str) -> Drawn:
    """Areas coloured by the share of their eligible households with a valid visit.

    Parameters
    ----------
    source : str
        Address of the areas as GeoJSON with counts; the level is added by the page.
    """
    return Drawn("areas", {"url": source, "breaks": BREAKS})
