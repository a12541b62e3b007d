"""What an edit of boundaries would make of the areas concerned: which shape changes into which; nothing is written.

A plan is made twice of the same wish, for the preview as the asker and for the edit itself as the owner. Its
``revision`` says what it was made of: if the areas round about have changed between the two, it differs, and the edit
is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import shapely
from shapely import GeometryCollection, MultiPolygon
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import SETTLEMENTS
from data.edit_changes import Change, Heirs, default_name, free_codes
from data.edit_refusals import EditRefused
from data.edit_scenes import Known, Scene, open_scene
from data.edit_shapes import hex_of
from data.edit_villages import merge_villages, split_village
from data.edit_wishes import Wish
from data.grid_making import Making, make_grids
from data.imports.limits import Limits
from geo.drawing import SNAP_M, DrawingRefused
from geo.drawn import clean_drawing
from geo.editing import (
    changed_ground,
    find_overlaps,
    follow_neighbours,
    merge_shapes,
    snap_shape,
    split_shape,
)
from geo.errors import Text
from geo.measuring import area_m2
from geo.shapes import SLIVER_M2, as_multipolygon

# Areas this close to a change are part of what it rests on: some twenty metres.
_MARGIN_DEG = 2e-4


@dataclass(frozen=True)
class Plan:
    """What an edit would change.

    Attributes
    ----------
    wish : Wish
    level : str
        ``village``, ``grid``, ``natural_village`` or ``group``.
    within : tuple of (int, int)
        The range whoever edits has to answer for as a whole: the village of grids and settlements, the township of
        villages.
    parent : str
        Name of the area above.
    changes : tuple of Change
        The area the wish is about first; no change twice.
    heirs : tuple of Heirs
        Who answers for land whose number changes.
    notes : tuple of Text
        What was repaired, cut off or laid onto a neighbour, and what stays doubtful.
    overlaps : tuple of (str, str, float)
        Code, name and square metres of areas of the same level that are covered twice afterwards.
    revision : str
        Of the areas concerned and those round them.
    making : Making or None
        How even and compact grids are that were made.
    """

    wish: Wish
    level: str
    within: tuple[int, int]
    parent: str
    changes: tuple[Change, ...]
    heirs: tuple[Heirs, ...] = ()
    notes: tuple[Text, ...] = ()
    overlaps: tuple[tuple[str, str, float], ...] = ()
    revision: str = ""
    making: Making | None = None

    @cached_property
    def ground(self) -> str | None:
        """Land that changes hands, as hexadecimal EWKB: only there can memberships change; None for none."""
        shapes = shapely.union_all([changed_ground(change.before, change.after) for change in self.changes])
        return None if shapes.is_empty else hex_of(shapes)

    @property
    def is_of_settlements(self) -> bool:
        """Whether it is about settlements, on which no jurisdiction rests."""
        return self.level in SETTLEMENTS


def plan_edit(session: Session, wish: Wish, limits: Limits) -> Plan:
    """Work out what a wish makes of the boundaries; nothing is written.

    Parameters
    ----------
    session : Session
        As the asker or as the owner; both see the same areas, since the asker has to answer for the area above.
    wish : Wish
    limits : Limits
        Areas of duty of whoever edits.

    Raises
    ------
    RecordUnknown
        If there is no such area inside the limits.
    EditRefused
        If the area is the asker's own, whose outer boundary the level above sets; or the act is none for its level.
    DrawingRefused
        If what was drawn cannot become a boundary.
    """
    scene = open_scene(session, wish, limits)
    heirs: list[Heirs] = []
    making: Making | None = None
    if scene.level == "village" and wish.act != "change":
        if wish.act == "delete":
            raise EditRefused(
                Text("村不能直接删除，请与相邻的村合并。", "A village is not deleted; merge it with its neighbour."),
                found=wish.act,
            )
        changes, heirs = (split_village if wish.act == "split" else merge_villages)(session, scene, wish)
    elif wish.act == "grids":
        changes, heirs, making = make_grids(session, scene, wish)
    elif wish.act == "delete":
        changes = _delete(scene, wish)
    elif wish.act == "merge":
        changes = _merge(scene, wish)
    elif wish.act == "split":
        changes = _split(session, scene, wish)
    else:
        changes = _draw(session, scene, wish)
    if not any(_differs(change) for change in changes):
        raise EditRefused(Text("边界没有变化，不用应用。", "The boundary is as it was; there is nothing to apply."))
    if scene.level == "village" and wish.act == "change":
        _warn_of_grids(session, scene, changes)
    return Plan(
        wish,
        scene.level,
        scene.within,
        scene.parent.name,
        tuple(changes),
        tuple(heirs),
        tuple(scene.notes),
        _overlaps(scene, [change for change in changes if change.level == scene.level]),
        _revision(scene, changes, is_made=making is not None),
        making,
    )


def _overlaps(scene: Scene, changes: Sequence[Change]) -> tuple[tuple[str, str, float], ...]:
    """Give the pairs of areas of the level that would both cover the same land."""
    after = {code: area.shape for code, area in scene.known.items() if area.shape is not None}
    for change in changes:
        after.pop(change.code, None)
        if change.after is not None:
            after[change.code] = change.after
    names = {**{code: area.name for code, area in scene.known.items()}, **{c.code: c.name for c in changes}}
    overlaps: dict[str, float] = {}
    for change in changes:
        if change.after is None:
            continue
        others = {code: shape for code, shape in after.items() if code != change.code}
        for code, size in find_overlaps(change.after, others):
            pair = f"{min(change.code, code)} {max(change.code, code)}"
            overlaps.setdefault(pair, size)
    return tuple(
        (pair, "、".join(names[code] for code in pair.split()), size) for pair, size in sorted(overlaps.items())
    )


def _draw(session: Session, scene: Scene, wish: Wish) -> list[Change]:
    assert wish.geometry is not None
    own = scene.known[wish.codes[0]] if wish.act == "change" else None
    others = {code: area.shape for code, area in scene.known.items() if area is not own and area.shape is not None}
    drawn = clean_drawing(wish.geometry, within=scene.parent.shape)
    scene.notes += drawn.notes
    shape = drawn.shape
    if wish.snap:
        snapped = snap_shape(shape, others.values(), within=scene.parent.shape)
        scene.notes += snapped.notes
        shape = snapped.shape
        if shape.is_empty:
            raise DrawingRefused(
                Text(
                    f"没有应用：画的形状处处离相邻边界不足 {SNAP_M:g} 米。",
                    f"Not applied: what was drawn lies within {SNAP_M:g} m of its neighbours' edges everywhere.",
                )
            )
    if own is not None:
        first = _changed(scene, own, shape)
    else:
        code = free_codes(session, scene, 1)[0]
        first = Change(scene.level, code, wish.name or default_name(code), None, scene.parent.id, None, shape)
    changes = [first]
    if wish.follow:
        followed = follow_neighbours(first.before, shape, others)
        changes += [_changed(scene, scene.known[code], other) for code, other in sorted(followed.shapes.items())]
        if followed.left >= SLIVER_M2 and scene.level not in SETTLEMENTS:
            _note_left(scene, followed.left)
    elif first.before is not None and scene.level not in SETTLEMENTS:
        left = area_m2(shapely.difference(first.before, shapely.union_all([shape, *others.values()])))
        if left >= SLIVER_M2:
            _note_left(scene, left)
    return changes


def _split(session: Session, scene: Scene, wish: Wish) -> list[Change]:
    assert wish.geometry is not None
    own = scene.known[wish.codes[0]]
    if own.shape is None:
        raise EditRefused(Text("没有分割：它还没有边界，请先画。", "Not split: it has no boundary yet; draw it first."))
    parts = split_shape(own.shape, wish.geometry)
    # The largest part keeps the number; the others are numbered from west to east after those there are.
    kept = max(range(len(parts)), key=lambda at: area_m2(parts[at]))
    codes = iter(free_codes(session, scene, len(parts) - 1))
    changes = [_changed(scene, own, parts[kept])]
    for at, part in enumerate(parts):
        if at != kept:
            code = next(codes)
            name = wish.name if wish.name and len(parts) == 2 else default_name(code)
            changes.append(Change(scene.level, code, name, None, scene.parent.id, None, part))
    return changes


def _merge(scene: Scene, wish: Wish) -> list[Change]:
    """Unite grids, which have to border on one another, or settlements, which may lie apart; the lowest code stays."""
    if len(wish.codes) < 2:
        raise EditRefused(
            Text("请选两个以上相邻的网格或自然村。", "Choose two or more neighbouring grids or settlements.")
        )
    areas = [scene.known[code] for code in sorted(wish.codes)]
    shapes = [area.shape for area in areas if area.shape is not None]
    merged: MultiPolygon | None
    if scene.level in SETTLEMENTS:
        merged = as_multipolygon(shapely.union_all(shapes)) if shapes else None
    else:
        merged = merge_shapes(shapes)
    kept = replace(_changed(scene, areas[0], merged), name=wish.name or areas[0].name)
    return [kept, *(replace(_changed(scene, area, None), gone=True) for area in areas[1:])]


def _delete(scene: Scene, wish: Wish) -> list[Change]:
    if scene.level == "grid":
        raise EditRefused(
            Text("网格不能直接删除，请与相邻的网格合并。", "A grid is not deleted; merge it with its neighbour."),
            found=wish.act,
        )
    return [replace(_changed(scene, scene.known[wish.codes[0]], None), gone=True)]


def _changed(scene: Scene, area: Known, shape: MultiPolygon | None) -> Change:
    village = area.id if scene.level == "village" else scene.parent.id
    return Change(scene.level, area.code, area.name, area.id, village, area.shape, shape)


def _warn_of_grids(session: Session, scene: Scene, changes: Sequence[Change]) -> None:
    """Say which grids lie partly outside the new boundary of their village."""
    after = {change.village_id: change.after for change in changes if change.after is not None}
    rows = session.execute(
        text("""
            select g.name, g.village_id, v.name as village, st_asbinary(g.geom) as geom from grid g
              join area v on v.id = g.village_id where g.village_id = any (:ids) order by g.code"""),
        {"ids": list(after)},
    )
    for row in rows:
        out = area_m2(shapely.difference(shapely.from_wkb(bytes(row.geom)), after[row.village_id]))
        if out >= SLIVER_M2 * 10:
            scene.notes.append(
                Text(
                    f"{row.village} {row.name}有 {out:,.0f} 平方米在新村界外：归了别村的农户不再归这个网格",
                    f"{out:,.0f} m² of {row.village} {row.name} lie outside the new boundary of its village: "
                    "households another village covers leave the grid",
                )
            )


def _note_left(scene: Scene, size: float) -> None:
    scene.notes.append(
        Text(
            f"有 {size:,.0f} 平方米不再属于任何同级区域",
            f"{size:,.0f} m² belong to no area of this level any more",
        )
    )


def _revision(scene: Scene, changes: Sequence[Change], *, is_made: bool) -> str:
    """Sign of what the plan rests on: the areas concerned, those that touch them, and the boundary above."""
    ground = GeometryCollection(
        [shape for change in changes for shape in (change.before, change.after) if shape is not None]
    )
    # Empty without any shape: then nothing is near.
    near = ground if ground.is_empty else shapely.box(*ground.bounds).buffer(_MARGIN_DEG, join_style="mitre")
    concerned = {change.code for change in changes}
    digest = hashlib.sha256()
    for area in (scene.parent, *(scene.known[code] for code in sorted(scene.known))):
        is_near = area.shape is not None and shapely.intersects(area.shape, near)
        if area is scene.parent or area.code in concerned or is_near:
            digest.update(f"{area.code}\0{area.name}\0{hex_of(area.shape) if area.shape else ''}\n".encode())
    for change in changes:
        if is_made and change.after is not None:
            # Made from households: if one has come or moved since, they are other grids than were looked at.
            digest.update(f"{change.code}\0{hex_of(change.after)}\n".encode())
        if change.level != scene.level:
            before = hex_of(change.before) if change.before else ""
            digest.update(f"{change.was}\0{change.code}\0{change.name}\0{before}\n".encode())
    return digest.hexdigest()[:32]


def _differs(change: Change) -> bool:
    if change.before is None or change.after is None:
        return change.gone or change.id is None or change.before is not change.after
    return not shapely.equals(change.before, change.after)
