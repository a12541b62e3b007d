"""What an edit of boundaries would make of the areas concerned: which shape changes into which; nothing is written.

A plan is made twice of the same wish, for the preview as the asker and for the edit itself as the owner. Its
``revision`` says what it was made of: if the areas round about have changed between the two, it differs, and the edit
is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import RecordUnknown
from data.edit_refusals import EditRefused
from data.imports.area_codes import next_code
from data.imports.limits import Limits
from data.tables.edits import ACTS
from geo.drawing import SNAP_M, DrawingRefused
from geo.editing import (
    area_m2,
    changed_ground,
    clean_drawing,
    find_overlaps,
    follow_neighbours,
    merge_shapes,
    read_drawing,
    snap_shape,
    split_shape,
    touched_ground,
)
from geo.errors import Text
from geo.shapes import SLIVER_M2, as_multipolygon

MOST_MERGED = 20
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Wish:
    """What somebody wants done to boundaries.

    Attributes
    ----------
    act : str
        ``draw`` a new grid in a village, ``change`` the boundary of an area, ``split`` or ``merge`` grids.
    codes : tuple of str
        The area; the village for ``draw``; the grids for ``merge``.
    geometry : shapely geometry or None
        As drawn, EPSG:4326: an area for ``draw`` and ``change``, a line for ``split``.
    name : str or None
        Of the new grid.
    snap : bool
        Lay the edge onto those of neighbours that run close by.
    follow : bool
        Let neighbours of the same level give way and take what becomes free.
    """

    act: str
    codes: tuple[str, ...]
    geometry: BaseGeometry | None = None
    name: str | None = None
    snap: bool = True
    follow: bool = True


@dataclass(frozen=True)
class Change:
    """One area's shape before and after; ``id`` is None for a new grid, ``after`` for one that is merged away."""

    level: str
    code: str
    name: str
    id: int | None
    village_id: int
    before: MultiPolygon | None
    after: MultiPolygon | None


@dataclass(frozen=True)
class Plan:
    """What an edit would change.

    Attributes
    ----------
    wish : Wish
    level : str
        ``village`` or ``grid``.
    within : tuple of (int, int)
        The range whoever edits has to answer for as a whole: the village of grids, the township of villages.
    parent : str
        Name of the area above.
    changes : tuple of Change
        The area the wish is about first; no change twice.
    notes : tuple of Text
        What was repaired, cut off or laid onto a neighbour, and what stays doubtful.
    overlaps : tuple of (str, str, float)
        Code, name and square metres of areas of the same level that are covered twice afterwards.
    revision : str
        Of the areas concerned and those round them.
    """

    wish: Wish
    level: str
    within: tuple[int, int]
    parent: str
    changes: tuple[Change, ...]
    notes: tuple[Text, ...] = ()
    overlaps: tuple[tuple[str, str, float], ...] = ()
    revision: str = ""

    @property
    def ground(self) -> str:
        """Land that changes hands, as hexadecimal EWKB: only there can memberships change."""
        return hex_of(shapely.union_all([changed_ground(change.before, change.after) for change in self.changes]))


@dataclass(frozen=True)
class Known:
    """An area as the store has it."""

    id: int
    code: str
    name: str
    shape: MultiPolygon | None


@dataclass
class _Scene:
    """The area above, the areas of one level in it, and what a wish makes of them."""

    level: str
    within: tuple[int, int]
    parent: Known
    known: dict[str, Known]
    notes: list[Text] = field(default_factory=list)


def read_wish(given: Mapping[str, Any]) -> Wish:
    """Read a wish as a page or another program sends it.

    Raises
    ------
    EditRefused, DrawingRefused
        If it is not well formed.
    """
    act, codes, name = given.get("act"), given.get("areas"), given.get("name")
    if act not in ACTS:
        raise EditRefused(
            Text("没有这种编辑。应为 draw、change、split 或 merge。", "No such edit: draw, change, split or merge."),
            found=act if isinstance(act, str) else None,
            expected=list(ACTS),
        )
    if not isinstance(codes, list) or not codes or not all(isinstance(code, str) and len(code) <= 20 for code in codes):
        raise EditRefused(Text("请先选一个区域。", "Choose an area first."), found=None)
    if len(set(codes)) != len(codes) or len(codes) > (MOST_MERGED if act == "merge" else 1):
        raise EditRefused(
            Text(
                f"一次只改一个区域；合并最多 {MOST_MERGED} 个。",
                f"One area at a time; at most {MOST_MERGED} are merged.",
            ),
            found=len(codes),
        )
    if name is not None and not isinstance(name, str):
        raise EditRefused(Text("名称应为文字。", "A name is text."))
    kinds = ("LineString", "MultiLineString") if act == "split" else ("Polygon", "MultiPolygon")
    geometry = None if act == "merge" else read_drawing(given.get("geometry"), kinds)
    return Wish(
        act,
        tuple(codes),
        geometry,
        _clean_name(name),
        snap=given.get("snap", True) is not False,
        follow=given.get("follow", True) is not False,
    )


def write_wish(wish: Wish) -> dict[str, Any]:
    """Give a wish as it is sent and kept with a job; the same numbers come back by :func:`read_wish`."""
    return {
        "act": wish.act,
        "areas": list(wish.codes),
        "geometry": geojson_of(wish.geometry),
        "name": wish.name,
        "snap": wish.snap,
        "follow": wish.follow,
    }


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
    scene = _open_scene(session, wish, limits)
    if wish.act == "merge":
        changes = _merge(scene, wish)
    elif wish.act == "split":
        changes = _split(session, scene, wish)
    else:
        changes = _draw(session, scene, wish)
    if not any(_differs(change) for change in changes):
        raise EditRefused(Text("边界没有变化，不用应用。", "The boundary is as it was; there is nothing to apply."))
    if scene.level == "village":
        _warn_of_grids(session, scene, changes)
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
    listed = tuple(
        (pair, "、".join(names[code] for code in pair.split()), size) for pair, size in sorted(overlaps.items())
    )
    return Plan(
        wish,
        scene.level,
        scene.within,
        scene.parent.name,
        tuple(changes),
        tuple(scene.notes),
        listed,
        _revision(scene, changes),
    )


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
    """Give a village or grid as it is stored, of those the asker may see.

    Raises
    ------
    RecordUnknown
        If there is none.
    """
    village, level = _village(session, code), "village"
    if village is None:
        of_grid = session.scalar(
            text("select a.code from grid g join area a on a.id = g.village_id where g.code = :code"), {"code": code}
        )
        village, level = _village(session, of_grid) if of_grid else None, "grid"
    if village is None:
        raise RecordUnknown
    scene = _in_village(session, village, Limits()) if level == "grid" else _in_parent(session, village)
    own = scene.known.get(code)
    if own is None:
        raise RecordUnknown
    others = [area for area in scene.known.values() if area is not own]
    return Found(scene.level, own.code, own.name, own.shape, scene.parent, others)


def level_of_code(code: str) -> str | None:
    """Level of an area that can be edited, by the length of its code."""
    return {12: "village", 15: "grid"}.get(len(code)) if code.isascii() and code.isdigit() else None


def hex_of(shape: BaseGeometry) -> str:
    """A shape in EPSG:4326 as hexadecimal EWKB, to the bit."""
    return str(shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True))


def geojson_of(shape: BaseGeometry | None) -> dict[str, Any] | None:
    """A shape as GeoJSON with all digits; None for none."""
    if shape is None:
        return None
    found: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return found


def _open_scene(session: Session, wish: Wish, limits: Limits) -> _Scene:
    """Find the area above and the areas of the level in it; the asker has to answer for the former as a whole."""
    levels = {level_of_code(code) for code in wish.codes}
    if len(levels) != 1 or None in levels:
        raise RecordUnknown
    level = "grid" if wish.act == "draw" else str(levels.pop())
    villages = {code[:12] for code in wish.codes}
    if wish.act == "draw" and len(wish.codes[0]) != 12:
        raise RecordUnknown
    if level == "village" and wish.act != "change":
        raise EditRefused(
            Text(
                "村的设立和撤并由上级批准、由代码表发布，这里只能改村的边界。请导入新的代码表。",
                "Villages are founded and merged by the level above and published as a list of codes; here only their "
                "boundary is changed. Import the new list.",
            ),
            found=wish.act,
        )
    if len(villages) > 1:
        raise EditRefused(
            Text("只能合并同一个村的网格。", "Only grids of one village can be merged."), found=sorted(villages)
        )
    village = _village(session, villages.pop())
    if village is None:
        raise RecordUnknown
    scene = _in_village(session, village, limits) if level == "grid" else _in_parent(session, village)
    if wish.act != "draw" and not all(code in scene.known for code in wish.codes):
        raise RecordUnknown
    if not limits.holds(*scene.within):
        # Of an area outside the asker knows nothing; of the own one its name.
        if not limits.meets(village.jur, village.jur_end):
            raise RecordUnknown
        raise EditRefused(
            Text(
                f"{village.name}的这条边界由上一级划定。请联系{scene.parent.name}的主管。"
                if level == "village"
                else f"只有负责{village.name}全村的人才能改它的网格。请联系上一级主管。",
                f"This boundary of {village.name} is set by the level above. Ask the supervisor of {scene.parent.name}."
                if level == "village"
                else f"Only who answers for all of {village.name} changes its grids. Ask the supervisor above.",
            )
        )
    return scene


def _village(session: Session, code: str) -> Row[Any] | None:
    return session.execute(
        text("""
            select a.id, a.code, a.name, st_asbinary(a.geom) as geom, a.jur, a.jur_end, a.parent_id from area a
             where a.code = :code and a.level = 'village' and a.valid_to is null"""),
        {"code": code},
    ).one_or_none()


def _in_village(session: Session, village: Row[Any], limits: Limits) -> _Scene:
    rows = session.execute(
        text("select id, code, name, st_asbinary(geom) as geom from grid where village_id = :id order by code"),
        {"id": village.id},
    )
    within = (village.jur, village.jur_end)
    if village.geom is None:
        # Without a boundary of the village its grids decide who belongs to it, and people come from outside of it.
        township = number_range(village.code[:9])
        within = township if limits.holds(*township) else within
    return _Scene("grid", within, _known(village), {row.code: _known(row) for row in rows})


def _in_parent(session: Session, village: Row[Any]) -> _Scene:
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
    return _Scene("village", (parent.jur, parent.jur_end), _known(parent), {row.code: _known(row) for row in rows})


def _known(row: Row[Any]) -> Known:
    shape = as_multipolygon(shapely.from_wkb(bytes(row.geom))) if row.geom is not None else None
    return Known(row.id, row.code, row.name, shape)


def _draw(session: Session, scene: _Scene, wish: Wish) -> list[Change]:
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
        code = _free_codes(session, scene, 1)[0]
        first = Change("grid", code, wish.name or default_name(code), None, scene.parent.id, None, shape)
    changes = [first]
    if wish.follow:
        followed = follow_neighbours(first.before, shape, others)
        changes += [_changed(scene, scene.known[code], other) for code, other in sorted(followed.shapes.items())]
        if followed.left >= SLIVER_M2:
            _note_left(scene, followed.left)
    elif first.before is not None:
        left = area_m2(shapely.difference(first.before, shapely.union_all([shape, *others.values()])))
        if left >= SLIVER_M2:
            _note_left(scene, left)
    return changes


def _split(session: Session, scene: _Scene, wish: Wish) -> list[Change]:
    assert wish.geometry is not None
    own = scene.known[wish.codes[0]]
    if own.shape is None:
        raise RecordUnknown
    parts = split_shape(own.shape, wish.geometry)
    # The largest part keeps the number; the others are numbered from west to east after those there are.
    kept = max(range(len(parts)), key=lambda at: area_m2(parts[at]))
    codes = iter(_free_codes(session, scene, len(parts) - 1))
    changes = [_changed(scene, own, parts[kept])]
    for at, part in enumerate(parts):
        if at != kept:
            code = next(codes)
            name = wish.name if wish.name and len(parts) == 2 else default_name(code)
            changes.append(Change("grid", code, name, None, scene.parent.id, None, part))
    return changes


def _merge(scene: _Scene, wish: Wish) -> list[Change]:
    if len(wish.codes) < 2:
        raise EditRefused(Text("请选两个以上相邻的网格。", "Choose two or more neighbouring grids."))
    areas = [scene.known[code] for code in sorted(wish.codes)]
    shapes = [area.shape for area in areas if area.shape is not None]
    merged = merge_shapes(shapes)
    kept = replace(_changed(scene, areas[0], merged), name=wish.name or areas[0].name)
    return [kept, *(replace(_changed(scene, area, merged), after=None) for area in areas[1:])]


def _changed(scene: _Scene, area: Known, shape: MultiPolygon) -> Change:
    village = area.id if scene.level == "village" else scene.parent.id
    return Change(scene.level, area.code, area.name, area.id, village, area.shape, shape)


def default_name(code: str) -> str:
    """Name of a grid nobody has named."""
    return f"{code[-3:]}网格"


def _free_codes(session: Session, scene: _Scene, count: int) -> list[str]:
    """Numbers no grid of the village has or had before it was merged away."""
    taken = set(scene.known)
    taken |= set(
        session.scalars(
            text("""
                select c->>'code' from area_edit e join batch b on b.id = e.batch_id,
                       jsonb_array_elements(e.changes) c
                 where e.jur = :jur and e.jur_end = :jur_end and e.act = 'merge' and b.undone_at is null"""),
            {"jur": scene.within[0], "jur_end": scene.within[1]},
        )
    )
    codes = []
    for _ in range(count):
        try:
            code = next_code(scene.parent.code, "grid", taken)
        except ValueError:
            raise EditRefused(
                Text("这个村的网格编号已用完（001–999）。", "The village has no grid number left (001-999).")
            ) from None
        codes.append(code)
        taken.add(code)
    return codes


def _warn_of_grids(session: Session, scene: _Scene, changes: Sequence[Change]) -> None:
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


def _note_left(scene: _Scene, size: float) -> None:
    scene.notes.append(
        Text(
            f"有 {size:,.0f} 平方米不再属于任何同级区域",
            f"{size:,.0f} m² belong to no area of this level any more",
        )
    )


def _revision(scene: _Scene, changes: Sequence[Change]) -> str:
    """Sign of what the plan rests on: the areas concerned, those that touch them, and the boundary above."""
    ground = shapely.union_all([touched_ground(change.before, change.after) for change in changes])
    near = shapely.box(*ground.buffer(2e-4).bounds)
    concerned = {change.code for change in changes}
    digest = hashlib.sha256()
    for area in (scene.parent, *(scene.known[code] for code in sorted(scene.known))):
        is_near = area.shape is not None and shapely.intersects(area.shape, near)
        if area is scene.parent or area.code in concerned or is_near:
            digest.update(f"{area.code}\0{area.name}\0{hex_of(area.shape) if area.shape else ''}\n".encode())
    return digest.hexdigest()[:32]


def _differs(change: Change) -> bool:
    if change.before is None or change.after is None:
        return True
    return not shapely.equals(change.before, change.after)


def _clean_name(name: str | None) -> str | None:
    cleaned = re.sub(r"[\s\x00-\x1f\x7f]+", " ", name or "").strip()
    if len(cleaned) > _LONGEST_NAME:
        raise EditRefused(
            Text(f"名称最多 {_LONGEST_NAME} 个字。", f"A name has {_LONGEST_NAME} characters at most."),
            found=len(cleaned),
        )
    return cleaned or None
