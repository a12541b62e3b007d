"""Invented households: codes, heads, numbers that belong to nobody, and how well their places are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.samples.names import Unit, kin_of, person_name
from data.samples.settlements import Settlement
from data.samples.terrain import Floats, degrees_of

# 昌乐 and three counties around it; with the sequence 000, which is never issued, such a number is nobody's.
_ID_AREAS = ("370725", "370724", "370784", "370783")
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_PHONE_START = 19_900_000_000
_CARD_START = "6200000000"
_KEY_GROUPS = (("老党员", 0.035), ("困难群众", 0.045), ("孤寡老人", 0.028), ("留守儿童", 0.02), ("上访老户", 0.0022))
# How far off a position of each quality may be, metres.
_ACCURACY_M = {2: 5.0, 3: 15.0, 4: 40.0}
APPROXIMATE, UNPLACED, OUTSIDE = 14, 3, 2
OUTSIDE_AT = ((-5700.0, 4700.0), (5900.0, -4500.0))


@dataclass(frozen=True)
class Home:
    """Where natural villages belong and what they are called; one for each settlement, in order."""

    unit: Unit
    code: str
    name: str
    centre: Floats


def id_number(birth: pd.Timestamp, area: str) -> str:
    """An 18-character ID number with the check character of GB 11643 and the sequence 000, which nobody has."""
    body = f"{area}{birth:%Y%m%d}000"
    return body + _ID_CHECK[sum(int(d) * w for d, w in zip(body, _ID_WEIGHTS, strict=True)) % 11]


def card_number(serial: int) -> str:
    """A 19-digit card number that passes the Luhn check, from a payment network's range of test numbers."""
    body = f"{_CARD_START}{serial:08d}"
    total = sum(sum(divmod(int(d) * 2, 10)) if k % 2 == 0 else int(d) for k, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def make_households(homes: list[Home], settlements: list[Settlement], rng: np.random.Generator) -> pd.DataFrame:
    """One household for each courtyard.

    Parameters
    ----------
    homes : list of Home
        One for each settlement.
    settlements : list of Settlement
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        In the order of the villages' codes, natural villages and courtyards: ``code`` (village code and four digits),
        ``head_name``, ``id_number``, ``phone``, ``bank_card``, ``people``, ``key_groups`` (joined by ``、``),
        ``village_code``, ``stated_area`` (the village's name),
        ``natural_village_code``, ``natural_village``, ``house_no``, ``address``,
        ``quality`` (1 to 4 here), ``accuracy_m``, ``x``, ``y`` (metres on the plane, the dwelling's middle) and
        ``settlement``, ``yard`` (indices into ``settlements``).
    """
    order = sorted(range(len(homes)), key=lambda k: homes[k].code)
    total = sum(len(settlements[k].yards) for k in order)
    phones = _PHONE_START + rng.permutation(20_000)[:total]
    rows: list[dict[str, object]] = []
    serial: dict[str, int] = {}
    for k in order:
        home, place = homes[k], settlements[k]
        kin = kin_of(home.name, rng)
        for yard in range(len(place.yards)):
            serial[home.unit.code] = serial.get(home.unit.code, 0) + 1
            woman = rng.random() < 0.19
            born = pd.Timestamp(int(np.clip(rng.normal(1964, 12), 1931, 1999)), 1, 1) + pd.Timedelta(
                days=int(rng.integers(0, 365))
            )
            house_no = f"{place.rows[yard]}排{place.numbers[yard]}号"
            quality = int(rng.choice([1, 2, 3, 4], p=[0.13, 0.22, 0.61, 0.04]))
            rows.append(
                {
                    "code": f"{home.unit.code}-{serial[home.unit.code]:04d}",
                    "head_name": person_name(kin, bool(woman), rng),
                    "id_number": id_number(born, _ID_AREAS[int(rng.integers(0, 499)) % len(_ID_AREAS)]),
                    "phone": str(phones[len(rows)]) if rng.random() < 0.93 else "",
                    "bank_card": card_number(20_000 + len(rows) * 7) if rng.random() < 0.88 else "",
                    "people": int(np.clip(rng.poisson(2.1) + 1, 1, 9)),
                    "key_groups": "、".join(word for word, share in _KEY_GROUPS if rng.random() < share),
                    "village_code": home.unit.code,
                    "stated_area": home.unit.name,
                    "natural_village_code": home.code,
                    "natural_village": home.name,
                    "house_no": house_no,
                    "address": f"山东省潍坊市昌乐县鄌郚镇{home.unit.name}{home.name}{house_no}",
                    "quality": quality,
                    "accuracy_m": float(rng.integers(3, 13)) if quality == 1 else _ACCURACY_M[quality],
                    "x": place.middles[yard, 0],
                    "y": place.middles[yard, 1],
                    "settlement": k,
                    "yard": yard,
                }
            )
    frame = pd.DataFrame(rows)
    frame["id_number"] = _distinct_ids(frame["id_number"])
    return frame


def _distinct_ids(numbers: pd.Series) -> list[str]:
    """The numbers, with the birthday moved on to the next free one where two people would share a number."""
    seen: set[str] = set()
    result = []
    for number in numbers:
        while number in seen:
            number = id_number(pd.Timestamp(number[6:14]) + pd.Timedelta(days=1), number[:6])
        seen.add(number)
        result.append(number)
    return result


def place_households(
    households: pd.DataFrame, homes: list[Home], least_covered: str, movable: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Give positions as a ledger holds them, a few of them poor.

    Parameters
    ----------
    households : DataFrame
        From :func:`make_households`.
    homes : list of Home
    least_covered : str
        Code of the village in whose last natural village 14 households are known only to the settlement.
    movable : ndarray of bool
        Households that may be left without a position (3) or get one outside every area (2).
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        With ``lon``, ``lat`` (EPSG:4326, 7 decimals; empty when not placed), ``quality`` and ``accuracy_m`` changed.
    """
    placed = households.copy()
    shown = placed[["x", "y"]].to_numpy(float).copy()
    homes_by_code = {home.code: home for home in homes}
    last = placed.loc[placed["village_code"] == least_covered, "natural_village_code"].max()
    vague = np.sort(rng.choice(np.flatnonzero(placed["natural_village_code"] == last), APPROXIMATE, replace=False))
    shown[vague] = homes_by_code[str(last)].centre
    placed.loc[placed.index[vague], ["quality", "accuracy_m"]] = [5, 300.0]
    odd = rng.choice(
        np.flatnonzero(movable & (placed["village_code"] != least_covered)), UNPLACED + OUTSIDE, replace=False
    )
    # A ledger whose coordinates were copied from the wrong line: two houses fall beyond the township's border.
    shown[odd[:OUTSIDE]] = OUTSIDE_AT
    placed.loc[placed.index[odd[:OUTSIDE]], "quality"] = 3
    degrees = degrees_of(shown)
    degrees[odd[OUTSIDE:]] = np.nan
    placed.loc[placed.index[odd[OUTSIDE:]], ["quality", "accuracy_m"]] = [7, np.nan]
    placed["lon"], placed["lat"] = degrees.T
    return placed
