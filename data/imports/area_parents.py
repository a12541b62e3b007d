"""Which area a row means among those there are, under which parent, and the number of one that is new."""

from __future__ import annotations

from sqlalchemy import text

from data.areas import DIGITS
from data.imports.area_codes import level_of, neat_code, next_code, parent_prefix
from data.imports.area_entries import Entry, Unclear
from data.imports.atlas import Atlas, Known
from data.imports.merge import Job
from data.imports.scope import Gazetteer, fold_village
from geo.errors import Text

_UPPER = (("prov", "province"), ("city", "city"), ("county", "county"), ("town", "township"))


def note_upper(job: Job, at: int, atlas: Atlas, upper: dict[str, Entry]) -> str | None:
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
    """Code of the parent a row states by code or name, else by its own code, else the area of the import.

    None if the row states none and the import is for no one area.
    """
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


def find_area(
    job: Job, atlas: Atlas, code: str | None, name: str | None, level: str, parent: str | None, told: str | None
) -> Known | None:
    """Find the area a row means among those there are: by code, older code, else by name under its parent.

    Parameters
    ----------
    job : Job
    atlas : Atlas
    code, name : str or None
        As the row states them.
    level : str
    parent : str or None
        Code of the area above; without one the area of the import.
    told : str or None
        The level that the code itself tells of.

    Returns
    -------
    Known or None
        None also where several areas have the name.
    """
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


def new_area(
    job: Job,
    at: int,
    atlas: Atlas,
    code: str | None,
    name: str | None,
    level: str,
    gazetteer: Gazetteer,
    upper: str | None,
) -> Known:
    """Give an area that is not known yet its code, number and parent.

    Parameters
    ----------
    job : Job
    at : int
        Place of the row among the records.
    atlas : Atlas
    code : str or None
        Its code, of the form that its level has; without one it is numbered under its parent.
    name : str or None
        Only a grid may have none: it is named by its number.
    level : str
    gazetteer : Gazetteer
    upper : str or None
        Code of the nearest area above that the row names beside its own.

    Raises
    ------
    Unclear
        Without a name, without a parent, where it cannot be numbered, or where its village is not known.
    """
    if not name and level != "grid":
        raise Unclear("name", None, Text("名称", "a name"), Text("没有名称", "it has no name"))
    parent = parent_of(job, at, atlas, gazetteer, upper, code)
    if code is None:
        needs_village = level in ("natural_village", "group", "grid")
        if parent is None or (needs_village and level_of(parent) != "village"):
            parent = _covering_village(job, at) if needs_village else parent
        if parent is None:
            raise Unclear(
                "code",
                job.records.column("code")[at],
                Text("代码，或用 --area 说明属于哪个辖区", "a code, or --area for the area it belongs to"),
                Text("没有代码，也不知道属于哪个辖区", "it has no code, and its parent is unknown"),
            )
        try:
            code = next_code(parent, level, atlas.codes)
        except ValueError:
            raise Unclear(
                "code",
                None,
                Text("上一级的辖区代码", "the code of an area one level above"),
                Text(f"不能在 {parent} 之下编号", f"it cannot be numbered under {parent}"),
            ) from None
    if level in ("natural_village", "group", "grid") and not atlas.find_code(code[:12]):
        raise Unclear(
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
