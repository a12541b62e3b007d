"""What village and natural village a row without coordinates is meant to lie in, and how sure that is.

The address, the ledger's village column and its column of natural villages are read together (``geo.addresses``). What
is ambiguous or only nearly spelt like a name is never taken: it goes to the work list with its candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from geo.addresses.gazetteer import Gazetteer
from geo.errors import Text

BY_HAMLET, BY_VILLAGE, NEAR_SPELLING, AMBIGUOUS, UNKNOWN = "hamlet", "village", "near_spelling", "ambiguous", "unknown"


@dataclass(frozen=True)
class Told:
    """What a row says of its place.

    Attributes
    ----------
    village, hamlet : int or None
        Keys of the areas that are certain.
    how : str or None
        ``hamlet`` or ``village`` (certain), ``near_spelling`` (a proposal), ``ambiguous`` or ``unknown``; None where
        nothing is said.
    candidates : tuple of int
        Keys of what it may be instead: villages, or hamlets of a certain village; most likely first.
    why : Text
        One sentence for people.
    """

    village: int | None
    hamlet: int | None
    how: str | None
    candidates: tuple[int, ...]
    why: Text


def read_place(gazetteer: Gazetteer, address: str | None, stated: str | None, hamlet: str | None) -> Told:
    """Say where a row is meant to lie.

    Parameters
    ----------
    gazetteer : Gazetteer
        Areas that come into question.
    address, stated, hamlet : str or None
        As the ledger has them; ``stated`` is its village column, ``hamlet`` its natural village or group.

    Returns
    -------
    Told
        A near spelling settles a village only where the village column, spelt as known, says the same; the natural
        village only where the two columns do without the address.
    """
    found = gazetteer.locate(address, stated=stated, hamlet=hamlet)
    if not found.typo:
        how: str | None
        if found.village is None:
            how = AMBIGUOUS if found.candidates else UNKNOWN if address or stated or hamlet else None
        else:
            how = BY_HAMLET if found.hamlet is not None else BY_VILLAGE
        return Told(found.village, found.hamlet, how, found.candidates, found.why)
    sure = gazetteer.locate(None, stated=stated, hamlet=hamlet)
    if sure.typo:
        sure = gazetteer.locate(None, stated=stated)
    near = found.hamlet if found.hamlet is not None else found.village
    meant = (near,) if near is not None else found.candidates
    if sure.typo or sure.village is None or sure.village != found.village:
        return Told(None, None, NEAR_SPELLING, meant, found.why)
    if sure.hamlet is not None:
        return Told(sure.village, sure.hamlet, BY_HAMLET, (), sure.why)
    return Told(sure.village, None, BY_VILLAGE, meant if found.hamlet is not None else (), found.why)


def read_places(
    gazetteer: Gazetteer,
    addresses: Sequence[str | None],
    stated: Sequence[str | None],
    hamlets: Sequence[str | None],
) -> list[Told]:
    """Give :func:`read_place` for each row, n rows; each different one is read once."""
    known: dict[tuple[str | None, str | None, str | None], Told] = {}
    out = []
    for key in zip(addresses, stated, hamlets, strict=True):
        told = known.get(key)
        if told is None:
            told = known[key] = read_place(gazetteer, *key)
        out.append(told)
    return out
