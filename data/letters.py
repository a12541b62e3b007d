"""Whole numbers as letters, for answers of a million numbers: sooner written than in decimals, and as small."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BITS, _MORE, _FIRST = 5, 32, 63


def as_letters(numbers: NDArray[np.int64]) -> str:
    """Write numbers one after the other, five bits to a letter, the lowest first; all but the last letter say "more".

    Parameters
    ----------
    numbers : ndarray of int64, shape (n,)
        None below 0.

    Returns
    -------
    str
        Letters from ``?`` (63) to ``~`` (126). As in the Encoded Polyline Algorithm Format, without its signs; read
        back by ``static/js/map/letters.js``.

    Raises
    ------
    ValueError
        If one is below 0.
    """
    if not len(numbers):
        return ""
    most = int(numbers.max())
    if numbers.min() < 0:
        raise ValueError("numbers below 0 have no letters")
    lengths = np.ones(len(numbers), dtype=np.int64)
    for n in range(1, -(-most.bit_length() // _BITS)):
        lengths += numbers >> (_BITS * n) > 0
    ends = np.cumsum(lengths)
    letters = np.empty(ends[-1], dtype=np.uint8)
    at, left, rest = ends - lengths, lengths, numbers
    while len(rest):
        letters[at] = (rest & (_MORE - 1)) + _MORE * (left > 1) + _FIRST
        more = left > 1
        at, left, rest = at[more] + 1, left[more] - 1, rest[more] >> _BITS
    return letters.tobytes().decode("ascii")
