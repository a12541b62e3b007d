"""Villages split and merged: what becomes of the villages, their grids, settlements and numbers.

The number of a grid begins with its village's code, so that grids that come to another village get numbers there. What
one village was stays together: the grids of a village that ends, with one for its land that had none, are what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import SETTLEMENTS, number_range
from data.edit_changes import NEW_VILLAGE, Change, Heirs, new_codes
from data.edit_refusals import EditRefused
from data.edit_scenes import Known, Scene
from data.edit_wishes import LONGEST_NAME, Wish
from geo.drawn import MIN_M2
from geo.editing import merge_shapes, split_shape
from geo.errors import Text
from geo.measuring import area_m2, without_slivers
from geo.shapes import as_multipolygon


def split_village(session: Session, scene: Scene, wish: Wish) -> tuple[list[Change], list[Heirs]]:
    """Cut a village in two: the larger part stays what it was, the other one is a village of its own.

    A grid on the far side goes along and keeps its last three digits; one that lies on both sides is cut, and its part
    there is a new grid. Settlements go along whole.

    Raises
    ------
    EditRefused
        If the village has no boundary, the line makes more than two parts, the new village has no name or its code is
        not free, or a campaign is set for just this village.
    DrawingRefused
        If the line does not cut it.
    """
    assert wish.geometry is not None
    own = scene.known[wish.codes[0]]
    if own.shape is None:
        raise EditRefused(Text("没有分割：这个村还没有边界。", "Not split: the village has no boundary yet."))
    _require_no_campaign(session, [own])
    parts = split_shape(own.shape, wish.geometry)
    if len(parts) != 2:
        raise EditRefused(
            Text("没有分割：一次把一个村分成两个。", "Not split: a village is split into two at a time."),
            found=len(parts),
        )
    code = _new_code(session, scene, wish.code)
    if wish.name is None:
        raise EditRefused(Text("请填新村的名称。", "Give the new village a name."))
    there, here = sorted(parts, key=area_m2)
    changes = [
        Change("village", own.code, own.name, own.id, own.id, own.shape, here),
        Change("village", code, wish.name, None, NEW_VILLAGE, None, there),
    ]
    heirs = [Heirs(own.code, (own.code, code))]
    for grid in _grids(session, own):
        shape = as_multipolygon(shapely.from_wkb(bytes(grid.geom)))
        crossed = as_multipolygon(shapely.intersection(shape, there))
        rest = as_multipolygon(shapely.difference(shape, there))
        moved = code + grid.code[-3:]
        if area_m2(crossed) < MIN_M2:
            continue
        if area_m2(rest) < MIN_M2:
            changes.append(Change("grid", moved, grid.name, grid.id, NEW_VILLAGE, shape, shape, was=grid.code))
            heirs.append(Heirs(grid.code, (moved,)))
        else:
            changes.append(Change("grid", grid.code, grid.name, grid.id, own.id, shape, without_slivers(rest)[0]))
            crossed = without_slivers(crossed)[0]
            changes.append(Change("grid", moved, grid.name, None, NEW_VILLAGE, None, crossed))
            heirs.append(Heirs(grid.code, (grid.code, moved)))
    for settlement in _settlements(session, own):
        outline, place = _shape(settlement), _place(settlement)
        if place is not None and shapely.covers(there, place):
            moved = code + settlement.code[12:] if settlement.code.startswith(f"{own.code}-") else settlement.code
            changes.append(
                Change(
                    settlement.level,
                    moved,
                    settlement.name,
                    settlement.id,
                    NEW_VILLAGE,
                    outline,
                    outline,
                    settlement.code,
                )
            )
    return changes, heirs


def merge_villages(session: Session, scene: Scene, wish: Wish) -> tuple[list[Change], list[Heirs]]:
    """Unite villages: the first stays, the others end and are older codes and names of it.

    Their grids get the next free numbers of the one that stays; land of a village that ends and lies in none of its
    grids becomes a grid that has its name. So whoever answered for that village answers for just that land.

    Raises
    ------
    EditRefused
        If one of them has no boundary, or a campaign is set for just a village that ends.
    DrawingRefused
        If they do not border on one another.
    """
    if len(wish.codes) < 2:
        raise EditRefused(Text("请选要并入的村。", "Choose the village to be merged in."))
    kept, *others = (scene.known[code] for code in wish.codes)
    bare = [area.name for area in (kept, *others) if area.shape is None]
    if bare:
        raise EditRefused(
            Text(
                f"没有合并：{'、'.join(bare)}还没有边界，请先画。",
                f"Not merged: {', '.join(bare)} has no boundary yet; draw it first.",
            )
        )
    _require_no_campaign(session, others)
    united = merge_shapes([area.shape for area in (kept, *others) if area.shape is not None])
    changes = [Change("village", kept.code, wish.name or kept.name, kept.id, kept.id, kept.shape, united)]
    changes += [
        Change("village", area.code, area.name, area.id, area.id, area.shape, None, gone=True) for area in others
    ]
    grids = [(area, _grids(session, area)) for area in others]
    codes = iter(new_codes(session, kept.code, "grid", sum(len(rows) + 1 for _, rows in grids)))
    names = {grid.name for grid in _grids(session, kept)}
    heirs = []
    for area, rows in grids:
        shapes = [as_multipolygon(shapely.from_wkb(bytes(grid.geom))) for grid in rows]
        rest = without_slivers(as_multipolygon(shapely.difference(area.shape, shapely.union_all(shapes))))[0]
        to = []
        if area_m2(rest) >= MIN_M2 or not rows:
            code = next(codes)
            changes.append(Change("grid", code, area.name, None, kept.id, None, rest))
            to.append(code)
        for grid, shape in zip(rows, shapes, strict=True):
            code = next(codes)
            # Most villages call their first grid 001: two in one village are told apart by where they come from.
            name = grid.name if grid.name not in names else f"{area.name} {grid.name}"[:LONGEST_NAME]
            names.add(name)
            changes.append(Change("grid", code, name, grid.id, kept.id, shape, shape, was=grid.code))
            heirs.append(Heirs(grid.code, (code,)))
            to.append(code)
        heirs.append(Heirs(area.code, tuple(to)))
    for level in SETTLEMENTS:
        moved = [row for area in others for row in _settlements(session, area) if row.level == level]
        for row, code in zip(moved, new_codes(session, kept.code, level, len(moved)), strict=True):
            outline = _shape(row)
            changes.append(Change(level, code, row.name, row.id, kept.id, outline, outline, was=row.code))
    return changes, heirs


def _new_code(session: Session, scene: Scene, code: str | None) -> str:
    """Check the code of a new village: of the township, and never used before."""
    prefix = scene.parent.code
    if code is None or not (code.isascii() and code.isdigit()) or len(code) != 12 or not code.startswith(prefix):
        raise EditRefused(
            Text(
                f"请填新村的 12 位代码，以 {prefix} 开头。",
                f"Give the new village's code: 12 digits that begin with {prefix}.",
            ),
            found=code,
        )
    low, high = number_range(code)
    used = session.scalar(
        text("""
            select exists (select 1 from area where code = :code)
                   or exists (select 1 from area_alias where code = :code)
                   or exists (select 1 from grid where jur >= :low and jur < :high)"""),
        {"code": code, "low": low, "high": high},
    )
    if used:
        raise EditRefused(
            Text(f"代码 {code} 已经用过，请换一个。", f"The code {code} has been used before; give another."),
            found=code,
        )
    return code


def _require_no_campaign(session: Session, areas: Sequence[Known]) -> None:
    """Refuse where a campaign is set for a village or a part of it: it would lose households on the way."""
    for area in areas:
        low, high = number_range(area.code)
        name = session.scalar(
            text("select name_zh from campaign where jur >= :low and jur_end <= :high order by id limit 1"),
            {"low": low, "high": high},
        )
        if name is not None:
            raise EditRefused(
                Text(
                    f"没有应用：行动“{name}”只针对{area.name}，改动会使它少了农户。",
                    f"Not applied: the campaign '{name}' is set for {area.name} alone and would lose households.",
                )
            )


def _grids(session: Session, village: Known) -> Sequence[Row[Any]]:
    return session.execute(
        text("select id, code, name, st_asbinary(geom) as geom from grid where village_id = :id order by code"),
        {"id": village.id},
    ).all()


def _settlements(session: Session, village: Known) -> Sequence[Row[Any]]:
    return session.execute(
        text("""
            select id, code, name, level, st_asbinary(geom) as geom, st_asbinary(centre) as centre from area
             where parent_id = :id and level = any (:levels) and valid_to is null order by code"""),
        {"id": village.id, "levels": list(SETTLEMENTS)},
    ).all()


def _shape(row: Row[Any]) -> MultiPolygon | None:
    return as_multipolygon(shapely.from_wkb(bytes(row.geom))) if row.geom is not None else None


def _place(row: Row[Any]) -> BaseGeometry | None:
    """Where a settlement lies: its centre, else a place inside its outline."""
    if row.centre is not None:
        return shapely.from_wkb(bytes(row.centre))
    return shapely.point_on_surface(shapely.from_wkb(bytes(row.geom))) if row.geom is not None else None
