"""Grids (网格): polygons of a village, numbered inside it."""

from __future__ import annotations

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text

from data.imports.area_entries import Entry
from data.imports.merge import Job
from data.imports.staging import copy_rows, make_stage
from geo.counting import counted, form
from geo.errors import Text


def merge_grids(
    job: Job, grids: list[Entry], shapes: dict[str, BaseGeometry]
) -> tuple[list[BaseGeometry | None], set[str], set[str]]:
    """Insert and update grids.

    A grid exists by its boundary: one that a list names before its boundary is known is accepted, reported and waits
    for the layer.

    Returns
    -------
    tuple
        Old and new shapes of changed grids, codes inserted, codes changed.
    """
    session = job.session
    before = {
        row.code: (row.name, shapely.from_wkb(bytes(row.geom)))
        for row in session.execute(
            text("select code, name, st_asbinary(geom) as geom from grid where code = any (:codes)"),
            {"codes": [entry.code for entry in grids]},
        )
    }
    waiting = [entry for entry in grids if entry.code not in shapes and entry.code not in before]
    if waiting:
        job.report.warn(
            Text(
                f"{len(waiting)} 个网格还没有边界，等导入网格图层后生效",
                f"{counted(len(waiting), 'grid has', 'grids have')} no boundary yet; "
                f"{form(len(waiting), 'it begins', 'they begin')} with the layer of grids",
            )
        )
        job.report.count(waiting=len(waiting))
    make_stage(session, "stage_grid", {"code": "text", "name": "text", "shape": "text"})
    rows = {}
    changed: list[BaseGeometry | None] = []
    for entry in grids:
        old_name, old = before.get(entry.code, (None, None))
        shape = shapes.get(entry.code, old)
        if shape is None:
            continue
        name = entry.name if entry.code not in shapes or old_name is None else old_name
        rows[entry.code] = (
            entry.code,
            name,
            shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True),
        )
        if old is None or not shapely.equals_exact(old, shape):
            changed += [old, shape]
    copy_rows(session, "stage_grid", ["code", "name", "shape"], rows.values())
    written = session.execute(
        text("""
            with written as (
                insert into grid as g (code, name, village_id, jur, jur_end, geom, batch_id)
                select s.code, s.name, a.id, s.code::bigint, s.code::bigint + 1, s.shape::geometry, :batch
                from stage_grid s join area a on a.code = left(s.code, 12) and a.valid_to is null
                order by s.code
                on conflict (code) do update set name = excluded.name, geom = excluded.geom,
                    batch_id = excluded.batch_id, village_id = excluded.village_id, updated_at = now()
                where (g.name, g.geom, g.village_id)
                      is distinct from (excluded.name, excluded.geom, excluded.village_id)
                returning g.code, xmax = 0 as is_new)
            select code, is_new from written"""),
        {"batch": job.batch},
    ).all()
    return changed, {row.code for row in written if row.is_new}, {row.code for row in written if not row.is_new}
