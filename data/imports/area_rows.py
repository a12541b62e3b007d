"""What each row of a file of areas means: which area, of what level, under which parent, with which other names."""

from __future__ import annotations

from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from data.areas import DIGITS
from data.imports.area_codes import level_of, neat_code, read_level
from data.imports.area_entries import Alias, Entry, Refusal, Unclear
from data.imports.area_names import aliases_of, note_other_name, refuse_twice, warn_of_twins
from data.imports.area_parents import find_area, new_area, note_upper, parent_of
from data.imports.atlas import Atlas, Known
from data.imports.checks import load_checks
from data.imports.limits import RULE, load_ground
from data.imports.merge import Job
from data.imports.scope import Gazetteer, display_village
from data.rules.words import LEVEL
from geo.errors import Text

# How much of a boundary may lie outside one's own area: two drawings of one line are never quite the same.
OVERHANG = 0.02


def read_entries(job: Job, atlas: Atlas) -> list[Entry]:
    """Understand every row; rows that name no area are refused.

    Returns
    -------
    list of Entry
        Areas named in passing (township, county … of a village list) first. Grids without a number are numbered from
        west to east in their village, after those there are.
    """
    records = job.records
    upper: dict[str, Entry] = {}
    entries: list[Entry] = []
    refused: dict[int, Refusal] = {}
    rules: dict[int, str] = {}
    first: dict[str, Entry] = {}
    ground = load_ground(job.session, job.limits)
    gazetteer = Gazetteer(job.session, job.scope)
    codes = records.column("code")
    numbered = [at for at in range(len(records)) if codes[at]]
    # Those without a code get numbers from west to east, after all that have one.
    unnumbered = sorted((at for at in range(len(records)) if not codes[at]), key=lambda at: _west(records.geometry[at]))
    for at in (*numbered, *unnumbered):
        try:
            entry = _read_entry(job, at, atlas, gazetteer, upper)
            _require_on_ground(job, entry, ground)
            refuse_twice(job, entry, first)
        except Unclear as unclear:
            refused[at] = unclear.refusal
            if unclear.rule:
                rules[at] = unclear.rule
            continue
        first.setdefault(entry.code, entry)
        entries.append(entry)
    warn_of_twins(job, entries)
    old_places = [at for at in range(len(records)) if at not in refused]
    job.records = records.refuse(job.report, refused, rules)
    new_place = {old: new for new, old in enumerate(old_places)}
    for entry in entries:
        assert entry.at is not None
        entry.at = new_place[entry.at]
    return [*upper.values(), *sorted(entries, key=lambda e: e.at or 0)]


def _read_entry(job: Job, at: int, atlas: Atlas, gazetteer: Gazetteer, upper: dict[str, Entry]) -> Entry:
    records = job.records
    raw, name = records.column("code")[at], records.column("name")[at]
    said = records.column("level")[at]
    level = read_level(said) or read_level(job.options.level)
    code = neat_code(raw, level) if raw else None
    told = level_of(code) if code else None
    parent = note_upper(job, at, atlas, upper)
    if level is None and code and (known := atlas.find_code(code)):
        level = known.level
    level = level or told
    if level is None:
        raise Unclear(
            "level" if said else "code",
            said or raw,
            Text("级别：" + "、".join(t.zh for t in LEVEL.values()), "a level: " + ", ".join(LEVEL)),
            Text("看不出是哪一级；可用 --level 说明", "its level is unclear; say it with --level"),
        )
    if code and told != level and code.isdigit() and level in DIGITS and not atlas.find_code(code):
        raise Unclear(
            "code",
            raw,
            Text(f"{LEVEL[level].zh}代码为 {DIGITS[level]} 位", f"{DIGITS[level]} digits for a {level}"),
            Text("代码位数与级别不符", "the number of digits does not fit the level"),
        )
    if code and told == level and not job.limits.holds_area(code, level):
        raise _outside()
    shape, spot = _shape_and_spot(job, at)
    known = find_area(job, atlas, code, name, level, parent_of(job, at, atlas, gazetteer, parent, code), told)
    shown = display_village(name) if name and level == "village" else name
    if known is None:
        known = new_area(job, at, atlas, code if told == level else None, shown, level, gazetteer, parent)
    aliases = aliases_of(job, at, name, level, code if told != level else None)
    _require_inside(job, known, aliases)
    if code and code != known.code and level_of(code) == level and atlas.older.get(code) != known.code:
        aliases.append((None, code, None))
    if shown and shown != known.name:
        note_other_name(job, at, known, shown, shape is not None, aliases)
    names = [alias for alias, _, _ in aliases if alias]
    atlas.add(known, names)
    for _, older, _ in aliases:
        if older and older not in atlas.by_code:
            atlas.older[older] = known.code
    return Entry(
        at,
        known.code,
        known.name,
        level,
        known.parent,
        shape,
        spot,
        known.has_centre,
        records.column("valid_from")[at],
        aliases,
    )


def _require_inside(job: Job, known: Known, aliases: list[Alias]) -> None:
    """Refuse an area that the import may not change, or that takes the code of another for an older one of its own."""
    inside = job.limits.holds_area(known.code, known.level)
    for _, older, _ in aliases:
        if older and (told := level_of(older)):
            inside = inside and job.limits.holds_area(older, told)
    if not inside:
        raise _outside()


def _require_on_ground(job: Job, entry: Entry, ground: BaseGeometry | None) -> None:
    """Refuse a boundary or centre that is not on the land of the import; a slight overhang is cut off later."""
    if job.limits.ranges is None:
        return
    if ground is None:
        if entry.shape is not None:
            raise Unclear(
                None,
                None,
                Text("请上级先导入本辖区的边界", "the boundary of your own area, imported by the level above"),
                Text("本辖区自己的边界还没有", "your own area has no boundary yet"),
            )
        return
    shape = shapely.make_valid(entry.shape) if entry.shape is not None else None
    if (entry.spot is not None and not ground.covers(entry.spot)) or (
        shape is not None and shapely.difference(shape, ground).area > OVERHANG * shape.area
    ):
        raise _outside()


def _outside() -> Unclear:
    return Unclear(None, None, None, load_checks().words(RULE), RULE)


def _shape_and_spot(job: Job, at: int) -> tuple[BaseGeometry | None, BaseGeometry | None]:
    """Take polygons as boundary, points as centre; a boundary marked as derived by our own export is left out."""
    geometry = job.records.geometry[at]
    if geometry is None:
        return None, None
    if geometry.geom_type == "Point":
        return None, geometry
    return (None, None) if job.records.column("derived")[at] else (geometry, None)


def _west(geometry: Any) -> tuple[float, float]:
    return (geometry.centroid.x, -geometry.centroid.y) if geometry is not None else (0.0, 0.0)
