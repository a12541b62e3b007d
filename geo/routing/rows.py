"""Neighbours who are visited in a row (一并走访): found by distance alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Metres of a degree of latitude.
_DEGREE_M = 111_320.0


def near_rows(spots: NDArray[np.float64], metres: float, most: int) -> list[list[int]]:
    """Rows of neighbours.

    Parameters
    ----------
    spots : ndarray of float64, shape (n, 2)
        Longitude and latitude, degrees; n = 0 is allowed.
    metres : float
        The most from the first of a row to each of the others, straight.
    most : int
        The most in one row.

    Returns
    -------
    list of list of int
        Positions; nobody is in two rows, and no row has fewer than two. The same spots give the same rows.
    """
    if len(spots) < 2:
        return []
    flat = spots * _DEGREE_M
    flat[:, 0] *= np.cos(np.radians(spots[:, 1].mean()))
    from scipy.spatial import KDTree  # heavy, and the web server reads this module at its start

    tree = KDTree(flat)
    free = np.ones(len(spots), dtype=bool)
    rows = []
    for at in range(len(spots)):
        if not free[at]:
            continue
        near = [one for one in tree.query_ball_point(flat[at], metres) if free[one]]
        near.sort(key=lambda one: (float(((flat[one] - flat[at]) ** 2).sum()), one))
        row = near[:most]
        free[row] = False
        if len(row) > 1:
            rows.append(row)
    return rows
