"""Coverage (覆盖率) as surfaces: villages, natural villages, grids and townships by class."""

from __future__ import annotations

from layers.drawn import Drawn

# Fixed breaks, half-open; above the last one comes the campaign's target.
BREAKS = [0.5, 0.7, 0.85]
REACHED = 5


def coverage_layer(source: str, *, classes: str | None = None) -> Drawn:
    """Areas coloured by the share of their eligible households with a valid visit.

    Parameters
    ----------
    source : str
        Address of the areas as GeoJSON with counts; the level is added by the page.
    classes : str, optional
        Address of classes made from the data; level, figure and scheme are added by the page.
    """
    return Drawn("areas", {"url": source, "breaks": BREAKS, "classes": classes})


def coverage_classes(target: float) -> list[tuple[int, float | None, float | None]]:
    """Classes of coverage, least covered first: number of the colour, and bounds ``[low, high)``; None = open.

    The twin of ``coverageClasses`` in ``static/js/map/classes.js``: breaks at or above the target fall away, and the
    last class, :data:`REACHED`, begins at the target.
    """
    lines = [line for line in BREAKS if line < target] + [target]
    lows: list[float | None] = [None, *lines]
    highs: list[float | None] = [*lines, None]
    numbers = [*range(1, len(lines) + 1), REACHED]
    return list(zip(numbers, lows, highs, strict=True))


def class_of(ratio: float | None, target: float) -> int | None:
    """Number of the class of an unrounded ratio; None without one."""
    if ratio is None:
        return None
    return next(
        number
        for number, low, high in coverage_classes(target)
        if (low is None or ratio >= low) and (high is None or ratio < high)
    )
