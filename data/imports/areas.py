"""Areas (辖区): official lists, boundaries, natural villages, grids, and lists of changed codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from data.db import rows_changed
from data.imports.area_codes import range_of
from data.imports.area_entries import Entry
from data.imports.area_rows import read_entries
from data.imports.atlas import load_atlas
from data.imports.derive import derive_boundaries, reassign
from data.imports.grids import merge_grids
from data.imports.limits import load_ground
from data.imports.merge import Job
from data.imports.recode import retire_older
from data.imports.scope import Gazetteer
from data.imports.staging import copy_rows, make_stage, settle_stage
from geo.errors import Text
from geo.shapes import as_multipolygon, clean_polygons, label_point

_STAGE = {
    "code": "text",
    "name": "text",
    "level": "text",
    "parent_code": "text",
    "jur": "bigint",
    "jur_end": "bigint",
    "shape": "text",
    "spot": "text",
    "source": "text",
    "valid_from": "date",
}


def import_areas(job: Job) -> None:
    """Merge a list or layer of areas.

    Rows join what is there by code, by an older code, or by name inside ``--area``. A list sets names, a layer sets
    boundaries; another name than the stored one is kept as an alias. Boundaries decide membership anew within the old
    and the new shape; villages without a boundary get a derived one.
    """
    session, report = job.session, job.report
    entries = read_entries(job, load_atlas(session, job.limits))
    shapes = _clean_shapes(job, entries)
    areas = [entry for entry in entries if entry.level != "grid"]
    grids = [entry for entry in entries if entry.level == "grid"]
    before = _shapes_before(job, areas)
    inserted, changed = _merge_areas(job, areas, shapes)
    changed |= _merge_aliases(job, areas)
    changed |= retire_older(job, areas)
    _adopt(job)
    grid_shapes, new_grids, changed_grids = merge_grids(job, grids, shapes)
    moved = reassign(session, [*_shapes_changed(job, before, shapes), *grid_shapes])
    derived = derive_boundaries(session, job.scope, job.limits)
    for name, why in derived.lacking[:50]:
        report.warn(
            Text(f"没有边界，也推不出：{why.zh}", f"has no boundary and none can be derived: {why.en}"), found=name
        )
    placed = _place_by_ledger(job)
    inserted |= new_grids
    changed = (changed | changed_grids) - inserted
    codes = [entry.code for entry in entries if entry.at is not None]
    new = len(set(codes) & inserted)
    updated = sum(code in changed for code in codes)
    report.count(
        inserted=new,
        updated=updated,
        unchanged=len(codes) - new - updated,
        upper=len(inserted - set(codes)),
        derived=derived.changed,
        moved=moved["households"] + derived.moved + placed,
    )


def _clean_shapes(job: Job, entries: list[Entry]) -> dict[str, BaseGeometry]:
    """Give the valid boundary of each code; parts in several rows are united, and what was mended is reported."""
    records = job.records
    drawn = [e for e in entries if e.shape is not None]
    frame = gpd.GeoDataFrame(geometry=gpd.GeoSeries(np.array([e.shape for e in drawn], dtype=object), crs="EPSG:4326"))
    shapes: dict[str, BaseGeometry] = {}
    ground = load_ground(job.session, job.limits)
    for entry, cleaned in zip(drawn, clean_polygons(frame), strict=True):
        assert entry.at is not None
        for note in cleaned.notes:
            job.report.warn(note, row=records.rows[entry.at], sheet=records.sheets[entry.at], found=entry.name)
        if cleaned.geometry is None:
            continue
        known = shapes.get(entry.code)
        if known is not None:
            job.report.warn(
                Text("同一代码的几个面已合为一个", "several shapes of one code were united"),
                row=records.rows[entry.at],
                sheet=records.sheets[entry.at],
                found=entry.code,
            )
        shape = cleaned.geometry if known is None else shapely.union(known, cleaned.geometry)
        if ground is not None and not ground.covers(shape):
            shape = shapely.intersection(shape, ground)
            job.report.warn(
                Text("边界超出本辖区的部分已裁去", "what of the boundary lies outside your area was cut off"),
                row=records.rows[entry.at],
                sheet=records.sheets[entry.at],
                found=entry.name,
            )
        shapes[entry.code] = as_multipolygon(shape)
    return shapes


def _shapes_before(job: Job, areas: list[Entry]) -> dict[str, BaseGeometry | None]:
    rows = job.session.execute(
        text("""
            select code, st_asbinary(geom) as geom from area
             where code = any (:codes) and valid_to is null and level = 'village'"""),
        {"codes": [entry.code for entry in areas if entry.shape is not None]},
    )
    return {row.code: shapely.from_wkb(bytes(row.geom)) if row.geom is not None else None for row in rows}


def _shapes_changed(
    job: Job, before: dict[str, BaseGeometry | None], shapes: dict[str, BaseGeometry]
) -> list[BaseGeometry | None]:
    """Give old and new shapes of villages whose boundary is another now; those of new villages too."""
    rows = job.session.execute(
        text("select code from area where code = any (:codes) and valid_to is null and level = 'village'"),
        {"codes": list(shapes)},
    )
    found: list[BaseGeometry | None] = []
    for (code,) in rows:
        old, new = before.get(code), shapes[code]
        if old is None or not shapely.equals_exact(old, new):
            found += [old, new]
    return found


def _merge_areas(job: Job, areas: list[Entry], shapes: dict[str, BaseGeometry]) -> tuple[set[str], set[str]]:
    """Insert and update areas; gives the codes inserted and those changed."""
    session = job.session
    make_stage(session, "stage_area", _STAGE)
    copy_rows(session, "stage_area", list(_STAGE), _stage_rows(job, areas, shapes))
    session.execute(
        text("""
            alter table stage_area
              add column geom geometry(multipolygon, 4326), add column centre geometry(point, 4326)""")
    )
    session.execute(text("update stage_area set geom = shape::geometry, centre = spot::geometry"))
    # A tenth of a millimetre is no other place: spreadsheets keep 15 digits.
    session.execute(
        text("""
            update stage_area s set centre = a.centre from area a
             where a.code = s.code and a.valid_to is null and abs(st_x(s.centre) - st_x(a.centre)) < 1e-9
               and abs(st_y(s.centre) - st_y(a.centre)) < 1e-9""")
    )
    settle_stage(session, "stage_area", place=None)
    rows = session.execute(
        text("""
            with written as (
                insert into area as a (code, name, level, jur, jur_end, geom, centre, source, valid_from, batch_id)
                select code, name, level, jur, jur_end, geom, centre, source, valid_from, :batch from stage_area
                order by length(code), code
                on conflict (code) where valid_to is null do update set
                    name = case when excluded.geom is null then excluded.name else a.name end,
                    geom = coalesce(excluded.geom, a.geom),
                    derived = a.derived and excluded.geom is null,
                    centre = coalesce(excluded.centre, a.centre),
                    source = case when excluded.geom is null then a.source else excluded.source end,
                    valid_from = coalesce(excluded.valid_from, a.valid_from),
                    batch_id = excluded.batch_id, updated_at = now()
                where (a.name, a.geom, a.derived, a.centre, a.valid_from, a.source) is distinct from (
                    case when excluded.geom is null then excluded.name else a.name end,
                    coalesce(excluded.geom, a.geom), a.derived and excluded.geom is null,
                    coalesce(excluded.centre, a.centre), coalesce(excluded.valid_from, a.valid_from),
                    case when excluded.geom is null then a.source else excluded.source end)
                returning a.code, xmax = 0 as is_new)
            select code, is_new from written"""),
        {"batch": job.batch},
    ).all()
    return {row.code for row in rows if row.is_new}, {row.code for row in rows if not row.is_new}


def _stage_rows(job: Job, areas: list[Entry], shapes: dict[str, BaseGeometry]) -> Iterator[tuple[Any, ...]]:
    done: set[str] = set()
    systems = job.records.system
    for entry in sorted(areas, key=lambda e: e.shape is None):
        if entry.code in done:
            continue
        done.add(entry.code)
        shape = shapes.get(entry.code)
        spot = entry.spot
        if spot is None and shape is not None and not entry.has_centre:
            spot = label_point(shape)
        yield (
            entry.code,
            entry.name,
            entry.level,
            entry.parent,
            *range_of(entry.code),
            _hex(shape),
            _hex(spot),
            systems[entry.at] if shape is not None and entry.at is not None else None,
            entry.valid_from,
        )


def _hex(shape: BaseGeometry | None) -> str | None:
    if shape is None:
        return None
    return str(shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True))


def _merge_aliases(job: Job, areas: list[Entry]) -> set[str]:
    """Add other names and older codes; gives the codes of areas that got any."""
    session = job.session
    make_stage(session, "stage_alias", {"area_code": "text", "name": "text", "code": "text", "valid_to": "date"})
    aliases = {
        (entry.code, name, code, day): None for entry in areas for name, code, day in entry.aliases if name or code
    }
    copy_rows(session, "stage_alias", ["area_code", "name", "code", "valid_to"], aliases)
    rows = session.execute(
        text("""
            with added as (
                insert into area_alias as x (area_id, jur, jur_end, name, code, valid_to)
                select a.id, a.jur, a.jur_end, s.name, s.code, max(s.valid_to) from stage_alias s
                join area a on a.code = s.area_code and a.valid_to is null
                where s.code is not null or s.name is distinct from a.name
                group by a.id, s.name, s.code
                on conflict (area_id, name, code) do update set valid_to = excluded.valid_to
                where excluded.valid_to is not null and x.valid_to is distinct from excluded.valid_to
                returning area_id)
            select distinct a.code from added join area a on a.id = added.area_id""")
    )
    return set(rows.scalars())


def _adopt(job: Job) -> None:
    """Set parents: the one a list states, else the nearest area there is whose code begins the own one."""
    job.session.execute(
        text("""
            update area a set parent_id = p.id
              from stage_area s join area p on p.code = s.parent_code and p.valid_to is null
             where a.code = s.code and a.valid_to is null and p.id <> a.id and a.parent_id is distinct from p.id""")
    )
    job.session.execute(
        text(f"""
            with nearest as (
                select a.id, (
                    select p.id from area p
                     where p.valid_to is null and p.id <> a.id and length(p.code) < length(a.code)
                       and p.code in (
                           left(a.code, 12), left(a.code, 9), left(a.code, 6), left(a.code, 4), left(a.code, 2))
                     order by length(p.code) desc limit 1) as parent_id
                from area a left join area q on q.id = a.parent_id
                where a.valid_to is null and a.jur >= :jur and a.jur < :jur_end and {job.limits.sql_area("a")}
                  and not exists (select 1 from stage_area s where s.code = a.code and s.parent_code = q.code))
            update area a set parent_id = n.parent_id from nearest n
             where a.id = n.id and n.parent_id is not null and a.parent_id is distinct from n.parent_id
               and (a.parent_id is null or length((select code from area q where q.id = a.parent_id))
                    < length((select code from area q where q.id = n.parent_id)))"""),
        {"jur": job.scope.jur, "jur_end": job.scope.jur_end},
    )


def _place_by_ledger(job: Job) -> int:
    """Put households without position and village in the village their ledger states, if it is known now."""
    session = job.session
    rows = session.execute(
        text("""
            select distinct stated_area from household
             where geom is null and village_id is null and stated_area is not null
               and jur >= :jur and jur < :jur_end"""),
        {"jur": 0 if not job.scope.code else job.scope.jur, "jur_end": job.scope.jur_end},
    ).scalars()
    gazetteer = Gazetteer(session, job.scope)
    found = {name: village for name, village in gazetteer.find_all(rows).items() if village}
    if not found:
        return 0
    make_stage(session, "stage_stated", {"name": "text", "village_id": "bigint"})
    copy_rows(session, "stage_stated", ["name", "village_id"], found.items())
    result = session.execute(
        text("""
            update household h set village_id = a.id, jur = a.jur, updated_at = now()
              from stage_stated s join area a on a.id = s.village_id
             where h.stated_area = s.name and h.geom is null and h.village_id is null
               and h.jur >= :jur and h.jur < :jur_end"""),
        {"jur": 0 if not job.scope.code else job.scope.jur, "jur_end": job.scope.jur_end},
    )
    return rows_changed(result)
