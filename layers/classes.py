"""Classes of a choropleth made from the data (自动分级): natural breaks, quantiles, equal intervals, by mapclassify.

They show what stands out among the areas seen; unlike the fixed classes they cannot be compared with another map.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCHEMES = ("natural", "quantiles", "equal")
MOST_CLASSES = 5
# The search for natural breaks grows with the square of the values: of more, as many are taken in equal steps.
MOST_VALUES = 400


@dataclass(frozen=True)
class ValueClass:
    """Values above ``low`` up to and with ``high``, ``n`` of them; the first class holds its ``low`` as well."""

    low: float
    high: float
    n: int


def classify(values: Sequence[float], scheme: str, most: int = MOST_CLASSES) -> list[ValueClass]:
    """Divide values into classes.

    Parameters
    ----------
    values : sequence of float
        One for each area, in any order: the same values give the same classes.
    scheme : str
        ``natural`` (Fisher and Jenks: least squared distance from the class means), ``quantiles`` (as many areas in
        each) or ``equal`` (intervals of one width).
    most : int
        Classes to make; fewer are made of fewer distinct values. Equal values are never parted, so quantiles of many
        equal values have fewer or unequal classes.

    Returns
    -------
    list of ValueClass
        In ascending order, from the least value to the largest; with ``equal`` some may be empty. None of no value,
        one of one distinct value.

    Raises
    ------
    ValueError
        If the scheme is none of :data:`SCHEMES`.

    Notes
    -----
    Of more than :data:`MOST_VALUES` values the natural breaks are those of as many in equal steps of their order, the
    least and the largest among them.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {SCHEMES}, not {scheme!r}")
    ordered = np.sort(np.asarray(values, dtype=float))
    distinct = np.unique(ordered)
    if not len(distinct):
        return []
    if len(distinct) == 1:
        return [ValueClass(float(distinct[0]), float(distinct[0]), len(ordered))]
    edges = _edges(ordered, distinct, scheme, min(most, len(distinct)))
    highs = [*edges, float(distinct[-1])]
    lows = [float(distinct[0]), *edges]
    upto = [int(np.searchsorted(ordered, high, side="right")) for high in highs]
    return [
        ValueClass(low, high, n - before)
        for low, high, n, before in zip(lows, highs, upto, [0, *upto[:-1]], strict=True)
    ]


def _edges(ordered: np.ndarray, distinct: np.ndarray, scheme: str, many: int) -> list[float]:
    """Bounds between the classes, ascending, each below the largest value."""
    import mapclassify  # brings scikit-learn along, which pages without such classes need not load

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that numba would be quicker, and that ties leave fewer classes
        if scheme == "equal":
            bins = mapclassify.EqualInterval(ordered, k=many).bins
        elif scheme == "quantiles":
            bins = mapclassify.Quantiles(ordered, k=many).bins
        else:
            sample = ordered
            if len(ordered) > MOST_VALUES:
                sample = ordered[np.linspace(0, len(ordered) - 1, MOST_VALUES).round().astype(int)]
            many = min(many, len(np.unique(sample)))
            bins = mapclassify.FisherJenks(sample, k=many).bins if many > 1 else []
    largest = float(distinct[-1])
    return sorted({float(edge) for edge in bins if float(edge) < largest})
