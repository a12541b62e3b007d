"""Splitting an address into province, city, county, town and village by the nation's own lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from geo.addresses.nation import Division, Nation, nation, stem_of

_TOWN = re.compile(r"[\u4e00-\u9fff]{1,7}?(?:镇|乡|街道|苏木)(?![镇乡])")
_VILLAGE = re.compile(
    r"(?:(?![省市县区镇乡])[\u4e00-\u9fff]){1,8}?(?:村民委员会|居民委员会|村委会|居委会|社区|村)(?![村委民居])"
)
# A stem followed by one of these is the beginning of another name: 重庆路, 太平镇, 河南村.
_GOES_ON = re.compile(r"[路街巷村镇乡桥]|社区|大道")


@dataclass(frozen=True)
class Divisions:
    """Full names of each level, empty where the address does not tell; ``detail`` is what follows the county."""

    province: str
    city: str
    county: str
    town: str
    village: str
    detail: str


@dataclass(frozen=True)
class _Reading:
    """One way to read the beginning of an address: its length, and how many characters are names in full."""

    chain: tuple[Division, ...]
    length: int
    full: int


def split_divisions(text: str, *, towns: bool, renew: bool) -> Divisions:
    """Split the beginning of an address into administrative divisions.

    Parameters
    ----------
    text : str
        An address; levels may be missing or written without 省, 市, 县, 区.
    towns : bool
        Read town and village as well. They are recognised by their endings (镇, 乡, 街道; 村, 社区 …); a village only
        directly after its town. Both stay part of ``detail``.
    renew : bool
        Give renamed units (襄樊市) their name of today. A mere change of kind (新津县, now 新津区) is followed always.

    Returns
    -------
    Divisions
        A county whose name several provinces share stays without province and city unless the address names them;
        a county right below its province has no city. All empty but ``detail`` if nothing is recognised.

    Notes
    -----
    Levels as in GB/T 2260. The reading that explains most characters counts; of equal ones the one with more levels,
    then the one of the higher level (湘潭: the city), then units of today before former ones.
    """
    table = nation()
    readings = sorted(_readings(text, table), key=_rank, reverse=True)
    if not readings:
        return Divisions("", "", "", "", "", text)
    best = [reading for reading in readings if _rank(reading) == _rank(readings[0])]
    places = {_place(reading.chain, table, renew) for reading in best}
    length = best[0].length
    if len(places) > 1:
        kept = {(county,) for _, _, county in places}
        # Several namesakes: the name is known, where it lies is not. Bare stems of namesakes tell nothing.
        if len(kept) > 1 or best[0].full < length:
            return Divisions("", "", "", "", "", text)
        places = {("", "", next(iter(kept))[0])}
    province, city, county = next(iter(places))
    if city and not county:
        zone = next((zone for zone in table.zones if text.startswith(zone, length)), "")
        county, length = zone, length + len(zone)
    detail = text[length:]
    town = village = ""
    if towns and county:
        found = _TOWN.match(detail)
        if found:
            town = found[0]
            inside = _VILLAGE.match(detail, found.end())
            village = inside[0] if inside else ""
    return Divisions(province, city, county, town, village, detail)


def _rank(reading: _Reading) -> tuple[int, int, int, int, int]:
    last = reading.chain[-1]
    current = sum(d.current for d in reading.chain)
    height = {"province": 2, "city": 1, "county": 0}[last.level]
    return (reading.length, reading.full, len(reading.chain), height, current)


def _readings(text: str, table: Nation) -> Iterator[_Reading]:
    """Give all ways to read the beginning as province, city and county, each of which may be missing."""
    heads = list(_names_at(text, 0, table))
    for first, length, full in heads:
        yield from _follow(text, table, _Reading((first,), length, full))


def _follow(text: str, table: Nation, so_far: _Reading) -> Iterator[_Reading]:
    yield so_far
    last = so_far.chain[-1]
    for division, length, full in _names_at(text, so_far.length, table):
        if _below(division, last, table):
            chain = (*so_far.chain, division)
            yield from _follow(text, table, _Reading(chain, so_far.length + length, so_far.full + full))


def _names_at(text: str, start: int, table: Nation) -> Iterator[tuple[Division, int, int]]:
    """Give the divisions whose full name or stem stands at a place, with its length and that of the full name."""
    for end in range(min(len(text), start + 15), start + 1, -1):
        piece = text[start:end]
        for division in table.by_name.get(piece, ()):
            yield division, len(piece), len(piece)
        if _GOES_ON.match(text, end):
            continue
        for division in table.by_stem.get(piece, ()):
            yield division, len(piece), 0


def _below(division: Division, above: Division, table: Nation) -> bool:
    if above.level == "province":
        return division.level != "province" and division.province == above.province
    if above.level == "city" and division.level == "county":
        # A county moved to another city still stands under its former one in older addresses, and the other way.
        return division.province == above.province and (
            division.city == above.city
            or (table.now(division).city or division.province) == (table.now(above).city)
            or table.moved(above.province, above.name, division.name) is not None
        )
    return False


def _place(chain: tuple[Division, ...], table: Nation, renew: bool) -> tuple[str, str, str]:
    """Give province, city and county of a chain, each as it is called today if that is wanted."""
    last, above = chain[-1], chain[-2] if len(chain) > 1 else None
    if last.level == "county" and above is not None and above.level == "city":
        last = (table.moved(above.province, above.name, last.name) if renew else None) or last
    today = table.now(last)
    if renew or stem_of(today.name) == stem_of(last.name):
        last = today
    if last.level == "province":
        # A municipality (直辖市) is its own city.
        return last.name, last.name if last.name.endswith("市") else "", ""
    if last.level == "city":
        return last.province, last.name, ""
    return last.province, last.city, last.name
