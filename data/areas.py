"""Areas and membership: which village and grid a place belongs to is decided here and nowhere else.

Rule: a place belongs to the areas whose boundary covers it (edge included); on a shared edge the lowest code wins; a
place outside every area belongs to none and is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.db import rows_changed
from geo.errors import FangtuError, Text
from geo.tiles import box_ranges

DIGITS = {"province": 2, "city": 4, "county": 6, "township": 9, "village": 12, "grid": 15}
EVERYWHERE = (0, 10**15)
BOUNDARIES_LOCK = 7305418926003
SETTLEMENTS = ("natural_village", "group")
# So many points are compared with each area without an index of their own.
_FEW = 5000


class CodeUnknown(FangtuError):
    """No current area has this code, alias or name."""

    code = "area_unknown"


def number_range(code: str) -> tuple[int, int]:
    """Jurisdiction numbers ``[jur, jur_end)`` of an official code of 2 to 15 digits.

    A village inside a county is a sub-range of the county's range, so that "inside" is a comparison of whole numbers.

    >>> number_range("370725108")
    (370725108000000, 370725109000000)
    """
    if not code.isascii() or not code.isdigit() or not 1 <= len(code) <= 15:
        raise CodeUnknown(
            Text(f"辖区代码“{code}”应为 2 至 15 位数字。", f"Area code '{code}' must be 2 to 15 digits."), found=code
        )
    width = 10 ** (15 - len(code))
    return int(code) * width, (int(code) + 1) * width


def area_range(session: Session, code: str | None) -> tuple[int, int]:
    """Range of a known area or grid by its current code, an older code or its name; everything for None.

    Raises
    ------
    CodeUnknown
        If nothing has that code or name, or several areas share the name.
    """
    if not code:
        return EVERYWHERE
    found = session.execute(
        text("""
            select distinct jur, jur_end from (
                select jur, jur_end, 1 as pick from area where code = :code and valid_to is null
                union all select jur, jur_end, 1 from grid where code = :code
                union all select jur, jur_end, 2 from area_alias where code = :code
                union all select jur, jur_end, 3 from area where name = :code and valid_to is null) found
            where pick = (select min(pick) from (
                select 1 as pick from area where code = :code and valid_to is null
                union all select 1 from grid where code = :code
                union all select 2 from area_alias where code = :code
                union all select 3 from area where name = :code and valid_to is null) best)"""),
        {"code": code},
    ).all()
    if len(found) != 1:
        how = Text("有多个同名辖区", "several areas share it") if found else Text("没有这个辖区", "no area has it")
        raise CodeUnknown(
            Text(f"辖区“{code}”：{how.zh}。请用 12 位代码。", f"Area '{code}': {how.en}. Use the 12-digit code."),
            found=code,
        )
    return found[0].jur, found[0].jur_end


# The areas a place can belong to, as the rule below reads them.
VILLAGES = "select id, code, geom from area where level = 'village' and valid_to is null and geom is not null"
GRIDS = "select id, code, village_id, geom from grid where true"


def members_of(points: str, *, villages: str = VILLAGES, grids: str = GRIDS) -> str:
    """SQL that says to which village and grid each place belongs: the module's rule, for writing and for recounting.

    Polygon outer, points inner: the prepared polygon is used again for each of its points (five times less work than
    the planner's own choice at a million households).

    Parameters
    ----------
    points : str
        A table with ``id`` and ``geom`` (EPSG:4326 points, indexed); never user input.
    villages, grids : str
        Queries of the villages and grids there are, or would be; never user input.

    Returns
    -------
    str
        A query of ``id, village_id, grid_id``, a row for each point; a grid of another village does not count.
    """
    return f"""
        select s.id, coalesce(v.area_id, g.village_id) as village_id,
               case when v.area_id is null or g.village_id = v.area_id then g.area_id end as grid_id
        from {points} s
        left join (
            select distinct on (p.id) p.id, v.id as area_id
            from ({villages} offset 0) v
            cross join lateral (select i.id from {points} i where st_covers(v.geom, i.geom) offset 0) p
            order by p.id, v.code) v on v.id = s.id
        left join (
            select distinct on (p.id) p.id, g.id as area_id, g.village_id
            from ({grids} offset 0) g
            cross join lateral (select i.id from {points} i where st_covers(g.geom, i.geom) offset 0) p
            order by p.id, g.code) g on g.id = s.id
        where s.geom is not null"""


def hold_boundaries(session: Session, *, change: bool = False) -> None:
    """Until the end of the transaction no boundary changes; with ``change`` nobody else decides by the present ones.

    Whoever places a household holds them, and whoever decides anew after a change of boundaries waits for all who do:
    otherwise a household placed meanwhile would keep the area it had by the old boundary.
    """
    how = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    session.execute(text(f"select {how}(:lock)"), {"lock": BOUNDARIES_LOCK})


def assign_places(session: Session, table: str, *, where: str = "true", params: dict[str, Any] | None = None) -> int:
    """Set ``village_id``, ``grid_id`` of the placed rows of a table by their position, in one statement.

    Parameters
    ----------
    table : str
        A table (or staging table) with ``geom`` (EPSG:4326 point), ``village_id``, ``grid_id``; never user input.
    where : str
        SQL condition on alias ``h`` that limits the rows looked at; never user input.
    params : dict, optional
        Values of the condition.

    Returns
    -------
    int
        How many rows changed. Rows without a position keep what they have.
    """
    values = params or {}
    # A table of its own: an index made on rows that this transaction has changed before would not be used in it.
    session.execute(text("drop table if exists spot"))
    session.execute(
        text(f"""
            create temporary table spot on commit drop as
            select h.id, h.geom from {table} h where {where} and h.geom is not null"""),
        values,
    )
    session.execute(text("create index on spot using gist (geom)"))
    session.execute(text("analyze spot"))
    # The planner cannot guess how many points are inside, so it must not loop over them again.
    session.execute(text("set local enable_nestloop = off"))
    result = session.execute(
        text(f"""
            update {table} t set village_id = found.village_id, grid_id = found.grid_id
              from ({members_of("spot")}) found
             where t.id = found.id and (t.village_id, t.grid_id) is distinct from (found.village_id, found.grid_id)""")
    )
    session.execute(text("set local enable_nestloop = on"))
    return rows_changed(result)


def list_places(session: Session, points: str) -> None:
    """Say where the places of a temporary table belong, for rows that are still to be written.

    Parameters
    ----------
    points : str
        A temporary table with ``id`` and ``geom`` (EPSG:4326 points), just filled; never user input. It gets a spatial
        index.

    Notes
    -----
    The answer is the temporary table ``placed`` (``id, village_id, grid_id, jur``), a row for each point; ``jur`` is
    that of the grid, else of the village, else null.
    """
    session.execute(text(f"create index on {points} using gist (geom)"))
    session.execute(text(f"analyze {points}"))
    session.execute(text("drop table if exists pg_temp.placed"))
    # As in assign_places.
    session.execute(text("set local enable_nestloop = off"))
    session.execute(
        text(f"""
            create temporary table placed on commit drop as
            select m.id, m.village_id, m.grid_id, coalesce(g.jur, v.jur) as jur
            from ({members_of(points)}) m
            left join grid g on g.id = m.grid_id left join area v on v.id = m.village_id""")
    )
    session.execute(text("set local enable_nestloop = on"))
    session.execute(text("analyze placed"))


def settle_jurisdiction(
    session: Session, table: str, *, where: str = "true", params: dict[str, Any] | None = None
) -> int:
    """Set ``jur`` from the grid, else the village, else the township the row was in; returns the rows changed.

    ``table`` and ``where`` as in :func:`assign_places`.
    """
    result = session.execute(
        text(f"""
            update {table} t set jur = settled.jur
              from (select h.id, coalesce(g.jur, v.jur, h.jur / 1000000 * 1000000) as jur
                    from {table} h left join grid g on g.id = h.grid_id left join area v on v.id = h.village_id
                    where {where}) settled
             where t.id = settled.id and t.jur <> settled.jur"""),
        params or {},
    )
    return rows_changed(result)


def reassign_within(session: Session, shape: str) -> dict[str, int]:
    """After a boundary changed: decide anew for what lies in its old or new shape, and only for that.

    Parameters
    ----------
    session : Session
        As the owner: the spatial index serves only those whom row-level security does not filter.
    shape : str
        Land that changed hands, or the old and the new boundary together, EPSG:4326, as hexadecimal EWKB or
        EWKT; not empty.

    Returns
    -------
    dict
        ``households``, ``houses``, ``sites``, ``visits``: how many changed their village, grid or jurisdiction.
    """
    hold_boundaries(session, change=True)
    where = "h.geom && cast(:shape as geometry) and st_intersects(cast(:shape as geometry), h.geom)"
    touched = {"shape": shape}
    moved = {"households": _reassign(session, "household", where, touched)}
    for name, table in (("houses", "house"), ("sites", "renovation_site")):
        moved[name] = _reassign(session, table, where, touched)
    # Visits have no index of their geometry; they are found by the z-order of their tile.
    west, south, east, north = session.execute(
        text("select st_xmin(g), st_ymin(g), st_xmax(g), st_ymax(g) from cast(:shape as geometry) g"), touched
    ).one()
    ranges = box_ranges(west, south, east, north)
    there = """
        h.id in (select i.id from unnest(cast(:lows as bigint[]), cast(:highs as bigint[])) r (low, high)
                   join visit i on i.morton >= r.low and i.morton < r.high)"""
    moved["visits"] = place_visits(
        session,
        where=f"{there} and {where}",
        params={**touched, "lows": [low for low, _ in ranges], "highs": [high for _, high in ranges]},
    )
    return moved


def _reassign(session: Session, table: str, where: str, values: dict[str, str]) -> int:
    """Decide anew for the rows of one table; only those that change are written, once each.

    A house or site follows its household's number; alone it follows its own position. A settlement belongs to one
    village: a household that leaves the village leaves the settlement as well.
    """
    jur = "coalesce(g.jur, v.jur, h.jur / 1000000 * 1000000)"
    wanted = {"village_id": "m.village_id", "grid_id": "m.grid_id", "jur": jur}
    settlement = ""
    if table == "household":
        wanted["group_id"] = "case when s.parent_id = m.village_id then h.group_id end"
        settlement = "left join area s on s.id = h.group_id"
    else:
        wanted["jur"] = f"case when h.household_id is null then {jur} else h.jur end"
    near = " and geom && cast(:shape as geometry)"
    begin = _gather(session, table, where, values)
    # The planner cannot guess how many points are inside, so it must not loop over them again.
    session.execute(text("set local enable_nestloop = off"))
    rows = session.execute(
        text(f"""
            {begin}
            select h.id, {", ".join(f"{sql} as {name}" for name, sql in wanted.items())}
              from ({members_of("spot", villages=VILLAGES + near, grids=GRIDS + near)}) m join spot h on h.id = m.id
              left join grid g on g.id = m.grid_id left join area v on v.id = m.village_id {settlement}
             where ({", ".join(f"h.{name}" for name in wanted)}) is distinct from ({", ".join(wanted.values())})"""),
        values,
    ).all()
    session.execute(text("set local enable_nestloop = on"))
    if not rows:
        return 0
    # How many they are is known now: a few are found by their key, many in one pass.
    result = session.execute(
        text(f"""
            update {table} t set {", ".join(f"{name} = f.{name}" for name in wanted)}
              from unnest({", ".join(f"cast(:{name} as bigint[])" for name in ("id", *wanted))})
                   as f (id, {", ".join(wanted)})
             where t.id = f.id"""),
        {name: [getattr(row, name) for row in rows] for name in ("id", *wanted)},
    )
    return rows_changed(result)


def _gather(session: Session, table: str, where: str, values: dict[str, str]) -> str:
    """Gather the rows that are decided anew as ``spot``; gives what the statement that uses them begins with.

    A few are read in passing; for many a table of their own with an index is less work.
    """
    picked = f"select h.* from {table} h where {where}"
    there = session.scalar(
        text(f"""
            select count(*) from (
                select 1 from {table} h where h.geom && cast(:shape as geometry) limit {_FEW + 1}) h"""),
        values,
    )
    if (there or 0) <= _FEW:
        return f"with spot as materialized ({picked})"
    session.execute(text("drop table if exists spot"))
    session.execute(text(f"create temporary table spot on commit drop as {picked}"), values)
    session.execute(text("create index on spot using gist (geom)"))
    session.execute(text("analyze spot"))
    return ""


def place_visits(session: Session, *, where: str = "true", params: dict[str, Any] | None = None) -> int:
    """Set the jurisdiction number of visits' own positions, and of visits to no known house their ``jur`` as well."""
    result = session.execute(
        text(f"""
            with spot as (select h.id, h.geom, h.jur, h.household_id from visit h where {where} and h.geom is not null),
            inside as (
                select distinct on (id) id, jur from (
                    select s.id, g.jur, 1 as pick, g.code from spot s join grid g on st_covers(g.geom, s.geom)
                    union all
                    select s.id, v.jur, 2, v.code from spot s join area v on st_covers(v.geom, s.geom)
                     where v.level = 'village' and v.valid_to is null) found
                order by id, pick, code)
            update visit t
               set place_jur = i.jur,
                   jur = case when t.household_id is null then coalesce(i.jur, t.jur / 1000000 * 1000000) else t.jur end
              from spot s left join inside i on i.id = s.id
             where t.id = s.id and (t.place_jur is distinct from i.jur
                   or (t.household_id is null and t.jur <> coalesce(i.jur, t.jur / 1000000 * 1000000)))"""),
        params or {},
    )
    return rows_changed(result)


def breadcrumb(session: Session, jur: int, jur_end: int) -> Sequence[Row[Any]]:
    """Areas that contain a range, largest first (``code, name, level``)."""
    return session.execute(
        text("""
            select code, name, level from area
             where jur <= :jur and jur_end >= :jur_end and valid_to is null
               and level in ('province', 'city', 'county', 'township', 'village')
             order by jur_end - jur desc"""),
        {"jur": jur, "jur_end": jur_end},
    ).all()
