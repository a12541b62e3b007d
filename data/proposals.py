"""Where households without a position may be: from their house, house number, building, natural village or village.

Computed for a list of households at once, from what the asker may see; nothing is stored before a person accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.geocoding import Told, read_place
from data.imports.scope import fold_village
from data.rules.words import BY_HAMLET, BY_NUMBER, BY_VILLAGE, EXACT_QUALITY, IMPORTED
from geo.addresses.gazetteer import Gazetteer
from geo.addresses.parts import Parts, split_parts
from geo.errors import Text
from geo.house_numbers import interpolate, number_in

METHODS = {
    "house": Text("房屋所在", "Where its house stands"),
    "house_number": Text("按门牌号推算", "Between house numbers"),
    "building": Text("自然村唯一空闲的房屋轮廓", "The only free building of its natural village"),
    "hamlet": Text("自然村中心", "Natural-village centre"),
    "village": Text("村中心", "Village centre"),
}
_HAMLETS = ("natural_village", "group")
_LANE_WORD = re.compile("[组队社路街巷弄道]|胡同")
_ENDING = re.compile("^(?:村民委员会|居民委员会|村委会|居委会|社区|村)")
# Keys of village and natural village (0 for none), group, lane.
Lane = tuple[int, int, str | None, str | None]


@dataclass(frozen=True)
class Proposal:
    """One place a household may be put at.

    Attributes
    ----------
    method : str
        Key of :data:`METHODS`.
    lon, lat : float or None
        EPSG:4326; of ``hamlet`` and ``village`` the area's centre, None if that is not known.
    quality : int
        Rung of the ladder it would have.
    why : Text
        One sentence.
    area_id : int or None
        The area of ``hamlet`` and ``village``.
    """

    method: str
    lon: float | None
    lat: float | None
    quality: int
    why: Text
    area_id: int | None = None


@dataclass
class Outlook:
    """What can be said of one household: proposals (best first), areas it may be in when that is ambiguous, and why."""

    proposals: list[Proposal] = field(default_factory=list)
    candidates: list[dict[str, Any]] = field(default_factory=list)
    why: Text | None = None


def propose(
    session: Session, households: Sequence[Mapping[str, Any]], gazetteer: Gazetteer, *, explain: bool = True
) -> dict[int, Outlook]:
    """Say where households may be.

    Parameters
    ----------
    session : Session
        Sees what the asker may see.
    households : sequence of mappings
        ``id, address, house_no, stated_area, stated_hamlet, village_id, group_id, village, hamlet``, the last two the
        names of the areas they are known to belong to; n = 0 is allowed.
    gazetteer : Gazetteer
        Areas the asker answers for.
    explain : bool
        Whether ``why`` is wanted also where nothing new can be said of the area.

    Returns
    -------
    dict of int to Outlook
        For every household, by its key. A fixed number of queries, however many households.
    """
    told = {
        row["id"]: read_place(gazetteer, row["address"], row["stated_area"], row["stated_hamlet"])
        for row in households
        if explain or row["group_id"] is None
    }
    found = {row["id"]: Outlook(why=told[row["id"]].why if row["id"] in told else None) for row in households}
    for source in (_houses(session, households), _numbers(session, households), _buildings(session, households)):
        for key, proposal in source.items():
            found[key].proposals.append(proposal)
    _areas(session, [row for row in households if row["group_id"] is None], told, found)
    return found


def _houses(session: Session, households: Sequence[Mapping[str, Any]]) -> dict[int, Proposal]:
    """The place of a household's house, if it has one placed house only."""
    rows = session.execute(
        text(f"""
            select household_id, min(st_x(geom)) as lon, min(st_y(geom)) as lat, min(quality) as quality,
                   min(code) as code
              from house
             where household_id = any (:ids) and geom is not null and quality <= {EXACT_QUALITY}
               and placed_by is distinct from 'household'
             group by household_id having count(*) = 1"""),
        {"ids": [row["id"] for row in households]},
    )
    return {
        row.household_id: Proposal(
            "house",
            row.lon,
            row.lat,
            max(row.quality, IMPORTED),
            Text(f"它的房屋 {row.code} 已有位置。", f"Its house {row.code} has a place.")
            if row.code
            else Text("它的房屋已有位置。", "Its house has a place."),
        )
        for row in rows
    }


def _numbers(session: Session, households: Sequence[Mapping[str, Any]]) -> dict[int, Proposal]:
    """Places between two known house numbers of the same lane, or of the same natural village where there is none."""
    wanted: dict[Lane, list[tuple[int, int]]] = {}
    for row in households:
        lane, number = _lane(row)
        if lane is not None and number is not None:
            wanted.setdefault(lane, []).append((row["id"], number))
    if not wanted:
        return {}
    known: dict[Lane, list[tuple[int, tuple[float, float]]]] = {}
    rows = session.execute(
        text(f"""
            select h.address, h.house_no, h.village_id, h.group_id, v.name as village, g.name as hamlet,
                   st_x(h.geom) as lon, st_y(h.geom) as lat
              from household h join area v on v.id = h.village_id left join area g on g.id = h.group_id
             where h.village_id = any (:villages) and coalesce(h.group_id, 0) = any (:groups) and h.geom is not null
               and h.quality <= {IMPORTED} and h.removed_at is null and coalesce(h.house_no, h.address) is not null"""),
        {"villages": list({lane[0] for lane in wanted}), "groups": list({lane[1] for lane in wanted})},
    )
    for place in rows:
        lane, number = _lane(dict(place._mapping))
        if lane in wanted and number is not None:
            known.setdefault(lane, []).append((number, (place.lon, place.lat)))
    found = {}
    for lane, homes in wanted.items():
        for key, number in homes:
            spot = interpolate(number, known.get(lane, ()))
            if spot is not None:
                why = Text(
                    f"{number} 号位于同一侧两个已知门牌之间。",
                    f"Number {number} lies between two known numbers on its side.",
                )
                found[key] = Proposal("house_number", *spot, BY_NUMBER, why)
    return found


def _lane(row: Mapping[str, Any]) -> tuple[Lane | None, int | None]:
    """Give what house numbers are counted in (village, natural village, group, lane), and the number."""
    if row["village_id"] is None:
        return None, None
    own = split_parts(row["house_no"]) if row["house_no"] else Parts()
    number = number_in(own.house_no)
    address = row["address"]
    # With a number of its own the address can only add a group or a lane.
    parts = split_parts(_tail(address, row)) if address and (number is None or _LANE_WORD.search(address)) else Parts()
    lane, group = own.lane or parts.lane, own.group or parts.group
    if lane is None and group is None and row["group_id"] is None:
        return None, None
    return (row["village_id"], row["group_id"] or 0, group, lane), number or number_in(parts.house_no)


def _tail(address: str, row: Mapping[str, Any]) -> str:
    """Give what follows the names of village and natural village in an address; all of it if it has neither."""
    names = {form for name in (row["village"], row["hamlet"]) if name for form in (name, fold_village(name))}
    end = max((address.rfind(name) + len(name) for name in names if name in address), default=0)
    return _ENDING.sub("", address[end:])


def _buildings(session: Session, households: Sequence[Mapping[str, Any]]) -> dict[int, Proposal]:
    """The only building nobody lives in, for the only household of a natural village that has no place."""
    hamlets = {row["group_id"] for row in households if row["group_id"] is not None}
    if not hamlets:
        return {}
    rows = session.execute(
        text("""
            select b.area_id, min(b.lon) as lon, min(b.lat) as lat, min(h.id) as household_id
              from sec.free_buildings(cast(:areas as bigint[])) b
              join (select group_id, min(id) as id from household
                     where group_id = any (:areas) and geom is null and removed_at is null
                     group by group_id having count(*) = 1) h on h.group_id = b.area_id
             group by b.area_id having count(*) = 1"""),
        {"areas": list(hamlets)},
    )
    why = Text(
        "自然村里只有这一户未定位，也只有这一处房屋轮廓没有住户。",
        "It is the only household of its natural village without a place, and this the only building without one.",
    )
    ids = {row["id"] for row in households}
    return {
        row.household_id: Proposal("building", row.lon, row.lat, BY_NUMBER, why)
        for row in rows
        if row.household_id in ids
    }


def _areas(
    session: Session,
    households: Sequence[Mapping[str, Any]],
    told: Mapping[int, Told],
    found: Mapping[int, Outlook],
) -> None:
    """Add the area a household is meant to be in where that is known better than stored, or the areas it may be in."""
    meant: dict[int, tuple[int, ...]] = {}
    for row in households:
        said = told[row["id"]]
        if row["village_id"] is None:
            near = (said.hamlet or said.village,) if said.village is not None else said.candidates
        elif said.village == row["village_id"]:
            near = (said.hamlet,) if said.hamlet is not None else said.candidates
        else:
            near = ()
        meant[row["id"]] = tuple(key for key in near if key is not None)
    areas = describe_areas(session, {key for keys in meant.values() for key in keys})
    for row in households:
        listed = [areas[key] for key in meant[row["id"]] if key in areas]
        if row["village_id"] is not None:
            listed = [area for area in listed if area["parent_id"] == row["village_id"]]
        if len(listed) == 1:
            area = listed[0]
            is_hamlet = area["level"] in _HAMLETS
            method, quality = ("hamlet", BY_HAMLET) if is_hamlet else ("village", BY_VILLAGE)
            found[row["id"]].proposals.append(
                Proposal(method, area["lon"], area["lat"], quality, told[row["id"]].why, area["area_id"])
            )
        else:
            found[row["id"]].candidates += listed


def describe_areas(session: Session, keys: set[int]) -> dict[int, dict[str, Any]]:
    """Name, township and centre of villages and natural villages, by key."""
    if not keys:
        return {}
    rows = session.execute(
        text("""
            select a.id as area_id, a.name, a.level, a.parent_id, st_x(a.spot) as lon, st_y(a.spot) as lat,
                   (select t.name from area t
                     where t.level = 'township' and t.valid_to is null and t.jur <= a.jur and t.jur_end >= a.jur_end
                     limit 1) as township
              from (select *, coalesce(centre, label) as spot from area) a
             where a.id = any (:keys)"""),
        {"keys": list(keys)},
    )
    return {row.area_id: dict(row._mapping) for row in rows}
