"""The areas an edit is about: the one above, for which the asker answers as a whole, and those of one level in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import shapely
from shapely import MultiPolygon
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import SETTLEMENTS, number_range
from data.askers import RecordUnknown
from data.edit_refusals import EditRefused
from data.edit_wishes import Wish
from data.imports.limits import Limits
from geo.errors import Text
from geo.shapes import as_multipolygon


@dataclass(frozen=True)
class Known:
    """An area as the store has it."""

    id: int
    code: str
    name: str
    shape: MultiPolygon | None


@dataclass
class Scene:
    """The area above, the areas of one level in it, and what a wish makes of them."""

    level: str
    within: tuple[int, int]
    parent: Known
    known: dict[str, Known]
    notes: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """One area with its shape, the area above and those beside it."""

    level: str
    code: str
    name: str
    shape: MultiPolygon | None
    parent: Known
    neighbours: list[Known]


def find_area(session: Session, code: str) -> Found:
    """Give a village, grid or settlement as it is stored, of those the asker may see.

    Raises
    ------
    RecordUnknown
        If there is none.
    """
    level, of_village = _level_and_village(session, code)
    village = _village(session, of_village)
    scene = _in_parent(session, village) if level == "village" else _in_village(session, village, Limits(), level)
    own = scene.known.get(code)
    if own is None:
        raise RecordUnknown
    others = [area for area in scene.known.values() if area is not own]
    return Found(scene.level, own.code, own.name, own.shape, scene.parent, others)


def open_scene(session: Session, wish: Wish, limits: Limits) -> Scene:
    """Find the area above and the areas of the level in it; the asker has to answer for the former as a whole.

    Raises
    ------
    RecordUnknown
        If there is no such area inside the limits.
    EditRefused
        If the areas are not of one level and place, or their boundary is the level above's to set.
    """
    if wish.act in ("draw", "grids"):
        level, of_village = wish.level, wish.codes[0]
        villages = {of_village}
    else:
        found = {_level_and_village(session, code) for code in wish.codes}
        villages = {code for _, code in found}
        levels = {level for level, _ in found}
        if not all(limits.meets(*number_range(code)) for code in villages):
            raise RecordUnknown
        if len(levels) != 1:
            raise EditRefused(
                Text("只能合并同一级的区域。", "Only areas of one level can be merged."), found=sorted(levels)
            )
        level = levels.pop()
    if len(villages) > 1 and level != "village":
        raise EditRefused(
            Text("只能合并同一个村的网格或自然村。", "Only grids or settlements of one village can be merged."),
            found=sorted(villages),
        )
    village = _village(session, min(villages))
    scene = _in_parent(session, village) if level == "village" else _in_village(session, village, limits, level)
    if wish.act not in ("draw", "grids") and not all(code in scene.known for code in wish.codes):
        raise RecordUnknown
    if not limits.holds(*scene.within):
        # Of an area outside the asker knows nothing; of the own one its name.
        if not limits.meets(village.jur, village.jur_end):
            raise RecordUnknown
        raise EditRefused(
            Text(
                f"{village.name}的这条边界由上一级划定。请联系{scene.parent.name}的主管。"
                if level == "village"
                else f"只有负责{village.name}全村的人才能改它的网格和自然村。请联系上一级主管。",
                f"This boundary of {village.name} is set by the level above. Ask the supervisor of {scene.parent.name}."
                if level == "village"
                else f"Only who answers for all of {village.name} changes its grids and settlements. "
                "Ask the supervisor above.",
            )
        )
    return scene


def _level_and_village(session: Session, code: str) -> tuple[str, str]:
    """Level of an area that can be edited, and the code of the village it is or lies in."""
    row = session.execute(
        text("""
            select a.level, coalesce(v.code, a.code) as village from area a
              left join area v on v.id = a.parent_id and v.level = 'village' and a.level <> 'village'
             where a.code = :code and a.valid_to is null
               and (a.level = 'village' or (a.level = any (:settlements) and v.valid_to is null and v.id is not null))
            union all
            select 'grid', v.code from grid g join area v on v.id = g.village_id where g.code = :code limit 1"""),
        {"code": code, "settlements": list(SETTLEMENTS)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row.level, row.village


def _village(session: Session, code: str) -> Row[Any]:
    row = session.execute(
        text("""
            select a.id, a.code, a.name, st_asbinary(a.geom) as geom, a.jur, a.jur_end, a.parent_id from area a
             where a.code = :code and a.level = 'village' and a.valid_to is null"""),
        {"code": code},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _in_village(session: Session, village: Row[Any], limits: Limits, level: str) -> Scene:
    if level == "grid":
        areas = "select id, code, name, st_asbinary(geom) as geom from grid where village_id = :id order by code"
    else:
        areas = """select id, code, name, st_asbinary(geom) as geom from area
                    where parent_id = :id and level = :level and valid_to is null order by code"""
    rows = session.execute(text(areas), {"id": village.id} if level == "grid" else {"id": village.id, "level": level})
    within = (village.jur, village.jur_end)
    if village.geom is None and level == "grid":
        # Without a boundary of the village its grids decide who belongs to it, and people come from outside of it.
        township = number_range(village.code[:9])
        within = township if limits.holds(*township) else within
    return Scene(level, within, _known(village), {row.code: _known(row) for row in rows})


def _in_parent(session: Session, village: Row[Any]) -> Scene:
    parent = session.execute(
        text("""
            select id, code, name, st_asbinary(geom) as geom, jur, jur_end from area
             where id = coalesce(:parent, (
                select id from area where level = 'township' and valid_to is null
                   and jur <= :jur and jur_end >= :jur_end order by code limit 1))"""),
        {"parent": village.parent_id, "jur": village.jur, "jur_end": village.jur_end},
    ).one_or_none()
    if parent is None:
        raise RecordUnknown
    rows = session.execute(
        text("""
            select id, code, name, st_asbinary(geom) as geom from area
             where (parent_id = :id or (parent_id is null and jur >= :jur and jur_end <= :jur_end))
               and level = 'village' and valid_to is null order by code"""),
        {"id": parent.id, "jur": parent.jur, "jur_end": parent.jur_end},
    )
    return Scene("village", (parent.jur, parent.jur_end), _known(parent), {row.code: _known(row) for row in rows})


def _known(row: Row[Any]) -> Known:
    shape = as_multipolygon(shapely.from_wkb(bytes(row.geom))) if row.geom is not None else None
    return Known(row.id, row.code, row.name, shape)
