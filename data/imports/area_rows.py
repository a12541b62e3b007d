"""What each row of a file of areas means: which area, of what level, under which parent, with which other names."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from data.areas import DIGITS
from data.imports.area_codes import level_of, neat_code, next_code, parent_prefix, read_level
from data.imports.atlas import Atlas, Known
from data.imports.checks import load_checks
from data.imports.limits import RULE, load_ground
from data.imports.merge import Job
from data.imports.scope import Gazetteer, display_village, fold_village
from data.imports.values import LOCAL_ZONE
from data.rules.words import LEVEL
from geo.errors import Text

_UPPER = (("prov", "province"), ("city", "city"), ("county", "county"), ("town", "township"))
# How much of a boundary may lie outside one's own area: two drawings of one line are never quite the same.
OVERHANG = 0.02
Refusal = tuple[str | None, Any, Text | None, Text]
Alias = tuple[str | None, str | None, date | None]


@dataclass
class Entry:
    """One area as a row states it; ``at`` is the record's place, None for areas named only in passing."""

    at: int | None
    code: str
    name: str
    level: str
    parent: str | None
    shape: BaseGeometry | None = None
    spot: BaseGeometry | None = None
    has_centre: bool = False
    valid_from: date | None = None
    aliases: list[Alias] = field(default_factory=list)


class _Unclear(Exception):
    """A row that names no area."""

    def __init__(
        self, field: str | None, found: Any, expected: Text | None, reason: Text, rule: str | None = None
    ) -> None:
        super().__init__(reason.en)
        self.refusal: Refusal = (field, found, expected, reason)
        self.rule = rule


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
            _compare(job, entry, first)
        except _Unclear as unclear:
            refused[at] = unclear.refusal
            if unclear.rule:
                rules[at] = unclear.rule
            continue
        first.setdefault(entry.code, entry)
        entries.append(entry)
    _warn_of_twins(job, entries)
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
    parent = _note_upper(job, at, atlas, upper)
    if level is None and code and (known := atlas.find_code(code)):
        level = known.level
    level = level or told
    if level is None:
        raise _Unclear(
            "level" if said else "code",
            said or raw,
            Text("级别：" + "、".join(t.zh for t in LEVEL.values()), "a level: " + ", ".join(LEVEL)),
            Text("看不出是哪一级；可用 --level 说明", "its level is unclear; say it with --level"),
        )
    if code and told != level and code.isdigit() and level in DIGITS and not atlas.find_code(code):
        raise _Unclear(
            "code",
            raw,
            Text(f"{LEVEL[level].zh}代码为 {DIGITS[level]} 位", f"{DIGITS[level]} digits for a {level}"),
            Text("代码位数与级别不符", "the number of digits does not fit the level"),
        )
    if code and told == level and not job.limits.holds_area(code, level):
        raise _outside()
    shape, spot = _shape_and_spot(job, at)
    known = _find(job, atlas, code, name, level, parent_of(job, at, atlas, gazetteer, parent, code), told)
    shown = display_village(name) if name and level == "village" else name
    if known is None:
        known = _new_area(job, at, atlas, code if told == level else None, shown, level, gazetteer, parent)
    aliases = _aliases(job, at, name, level, code if told != level else None)
    _require_inside(job, known, aliases)
    if code and code != known.code and level_of(code) == level and atlas.older.get(code) != known.code:
        aliases.append((None, code, None))
    if shown and shown != known.name:
        _note_other_name(job, at, known, shown, shape is not None, aliases)
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
            raise _Unclear(
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


def _outside() -> _Unclear:
    return _Unclear(None, None, None, load_checks().words(RULE), RULE)


def _note_upper(job: Job, at: int, atlas: Atlas, upper: dict[str, Entry]) -> str | None:
    """Take in the areas above that a row names beside its own; gives the code of the nearest."""
    parent: str | None = None
    for column, level in _UPPER:
        code, name = job.records.column(f"{column}_code")[at], job.records.column(f"{column}_name")[at]
        if not code or not name:
            continue
        code = neat_code(code, level)
        if len(code) != DIGITS[level]:
            continue
        known = atlas.by_code.get(code)
        if known is None and not job.limits.holds_area(code, level):
            continue
        if known is None:
            known = atlas.add(Known(code, name, level, parent))
            upper[code] = Entry(None, code, name, level, parent)
        elif fold_village(known.name) != fold_village(name) and code in upper:
            job.report.warn(
                Text(f"代码 {code} 有两个名称，用“{known.name}”", f"code {code} has two names; '{known.name}' is used"),
                row=job.records.rows[at],
                sheet=job.records.sheets[at],
                found=name,
            )
        parent = known.code
    return parent


def parent_of(job: Job, at: int, atlas: Atlas, gazetteer: Gazetteer, upper: str | None, code: str | None) -> str | None:
    """Code of the parent a row states by code or name, else by its own code, else the area of the import."""
    stated, name = job.records.column("parent_code")[at], job.records.column("parent_name")[at]
    if stated:
        found = atlas.find_code(neat_code(stated, None)) or atlas.find_code(stated)
        if found:
            return found.code
    if name:
        village = gazetteer.find(name)
        twins = atlas.find_name("village", name, job.scope.code)
        if village:
            return gazetteer.code[village]
        if len(twins) == 1:
            return twins[0].code
    if code and level_of(code):
        return parent_prefix(code)
    return upper or job.scope.code or None


def _find(
    job: Job, atlas: Atlas, code: str | None, name: str | None, level: str, parent: str | None, told: str | None
) -> Known | None:
    """Find the area a row means among those there are: by code, older code, else by name under its parent."""
    if code:
        found = atlas.find_code(code)
        if found and found.level == level:
            return found
        if told == level:
            return None
    if not name:
        return None
    within = parent or job.scope.code
    twins = [known for known in atlas.find_name(level, name, within) if _below(known, within)]
    return twins[0] if len(twins) == 1 else None


def _below(known: Known, within: str) -> bool:
    return not within or known.parent == within or known.code.startswith(within)


def _new_area(
    job: Job,
    at: int,
    atlas: Atlas,
    code: str | None,
    name: str | None,
    level: str,
    gazetteer: Gazetteer,
    upper: str | None,
) -> Known:
    if not name and level != "grid":
        raise _Unclear("name", None, Text("名称", "a name"), Text("没有名称", "it has no name"))
    parent = parent_of(job, at, atlas, gazetteer, upper, code)
    if code is None:
        needs_village = level in ("natural_village", "group", "grid")
        if parent is None or (needs_village and level_of(parent) != "village"):
            parent = _covering_village(job, at) if needs_village else parent
        if parent is None:
            raise _Unclear(
                "code",
                job.records.column("code")[at],
                Text("代码，或用 --area 说明属于哪个辖区", "a code, or --area for the area it belongs to"),
                Text("没有代码，也不知道属于哪个辖区", "it has no code, and its parent is unknown"),
            )
        try:
            code = next_code(parent, level, atlas.codes)
        except ValueError:
            raise _Unclear(
                "code",
                None,
                Text("上一级的辖区代码", "the code of an area one level above"),
                Text(f"不能在 {parent} 之下编号", f"it cannot be numbered under {parent}"),
            ) from None
    if level in ("natural_village", "group", "grid") and not atlas.find_code(code[:12]):
        raise _Unclear(
            "parent_code",
            code[:12],
            Text("已有的行政村", "a village that is known"),
            Text(
                "所属的村不在辖区名录中；请先导入村", "its village is not in the list of areas; import villages first"
            ),
        )
    return Known(code, name or f"{code[-3:]}网格", level, parent)


def _covering_village(job: Job, at: int) -> str | None:
    """Village whose boundary covers the row's shape, for settlements and grids that state none."""
    geometry = job.records.geometry[at]
    if geometry is None:
        return None
    point = geometry.representative_point()
    return job.session.scalar(
        text(f"""
            select code from area a where level = 'village' and valid_to is null and {job.limits.sql("a.jur")}
               and st_covers(geom, st_setsrid(st_makepoint(:x, :y), 4326)) order by code limit 1"""),
        {"x": point.x, "y": point.y},
    )


def _aliases(job: Job, at: int, name: str | None, level: str, local_code: str | None) -> list[Alias]:
    records = job.records
    day = records.column("valid_to")[at]
    aliases: list[Alias] = [(alias, None, None) for alias in records.column("aliases")[at] or ()]
    if name and level == "village" and display_village(name) != name:
        aliases.append((name, None, None))
    codes, names = records.column("old_code")[at] or [], records.column("old_name")[at] or []
    for number in range(max(len(codes), len(names))):
        older = neat_code(codes[number], level) if number < len(codes) and codes[number] else None
        other = names[number] if number < len(names) else None
        own = records.column("code")[at]
        if older and older != own:
            aliases.append((other, older, day))
        elif other and other != name:
            aliases.append((other, None, day))
    # A short number is only known inside its village; as an older code it would name areas everywhere.
    if local_code and len(local_code) >= 6:
        aliases.append((None, local_code, None))
    return aliases


def _note_other_name(job: Job, at: int, known: Known, name: str, drawn: bool, aliases: list[Alias]) -> None:
    """Keep a differing name: a layer's as an alias of the stored one; a list renames, and the old name is an alias."""
    if drawn or fold_village(known.name) == fold_village(name):
        aliases.append((name, None, None))
        return
    if any(alias == name for alias, _, _ in aliases):
        return
    job.report.warn(
        Text(f"{known.code} 原名“{known.name}”，改名", f"{known.code} was '{known.name}'; renamed"),
        row=job.records.rows[at],
        sheet=job.records.sheets[at],
        found=name,
    )
    aliases.append((known.name, None, datetime.now(LOCAL_ZONE).date()))
    known.name = name


def _compare(job: Job, entry: Entry, first: dict[str, Entry]) -> None:
    """Refuse a second row for an area, unless it adds a part of its shape or an older code."""
    before = first.get(entry.code)
    assert entry.at is not None
    if before is None or before.at is None:
        return
    row = job.records.rows[before.at]
    own, other = job.records.column("name")[entry.at], job.records.column("name")[before.at]
    if own and other and fold_village(own) != fold_village(other):
        raise _Unclear(
            "name",
            own,
            Text(f"“{other}”（第 {row} 行）", f"'{other}' (row {row})"),
            Text("同一代码有两个名称", "one code has two names"),
        )
    if (entry.shape is None or before.shape is None) and not any(code for _, code, _ in entry.aliases):
        raise _Unclear(
            "code",
            job.records.column("code")[entry.at],
            Text("每个辖区只出现一次", "each area once only"),
            Text(f"与第 {row} 行重复", f"the same area as row {row}"),
        )


def _warn_of_twins(job: Job, entries: list[Entry]) -> None:
    names: dict[tuple[str, str | None, str], Entry] = {}
    for entry in entries:
        twin = names.setdefault((entry.level, entry.parent, entry.name), entry)
        if twin.code != entry.code and entry.at is not None:
            job.report.warn(
                Text(
                    f"同一上级下有两个“{entry.name}”：{twin.code}、{entry.code}",
                    f"two areas named '{entry.name}' under one parent: {twin.code}, {entry.code}",
                ),
                row=job.records.rows[entry.at],
                sheet=job.records.sheets[entry.at],
                found=entry.name,
            )


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
