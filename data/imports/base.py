"""The local base map (底图): roads, water, woods, settlements, farmland and buildings from any layer or extract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import shapely
from sqlalchemy import text

from data.db import rows_changed
from data.imports.checks import load_checks
from data.imports.limits import RULE, load_ground
from data.imports.merge import Job
from data.imports.staging import copy_rows, make_stage
from geo.errors import Text
from geo.shapes import as_multipolygon

KINDS = ("water", "woods", "settlement", "farmland", "road_highway", "road_main", "road_lane", "building")
_WORDS = {
    "water": "水系 水体 水库 河流 湖泊 池塘 river stream canal drain ditch riverbank reservoir basin lake pond water",
    "woods": "林地 森林 树林 wood forest scrub orchard park grass grassland meadow nature_reserve heath",
    "settlement": "居民地 聚落 村庄 residential village hamlet settlement commercial industrial retail",
    "farmland": "耕地 农田 farmland farmyard farm vineyard allotments greenhouse_horticulture",
    "road_highway": "高速 高速公路 motorway trunk motorway_link trunk_link 国道",
    "road_main": "主路 公路 省道 县道 乡道 primary secondary tertiary primary_link secondary_link tertiary_link",
    "road_lane": "小路 村道 巷 unclassified residential_road living_street service track path footway cycleway steps "
    "pedestrian road bridleway busway construction",
    "building": "房屋 建筑 yes house",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in (kind, *words.split())}


def import_base(job: Job) -> None:
    """Add features to the base map; one with the same kind, name and shape is there already.

    The kind comes from a column of ours, or from OpenStreetMap's own tags; what has no place on the base map is
    refused by name.
    """
    session, report = job.session, job.report
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    rules: dict[int, str] = {}
    kinds: list[str | None] = []
    ground = load_ground(session, job.limits)
    for at in range(len(job.records)):
        kind, found = _kind(job, at)
        kinds.append(kind)
        shape = job.records.geometry[at]
        if shape is None or shape.is_empty:
            refused[at] = (None, None, Text("线或面", "a line or an area"), Text("没有图形", "there is no geometry"))
        elif ground is not None and not ground.intersects(shape):
            refused[at] = (None, None, None, load_checks().words(RULE))
            rules[at] = RULE
        elif kind is None:
            listed = ", ".join(KINDS)
            refused[at] = ("kind", found, Text(listed, listed), Text("不是底图的类别", "the base map has no such kind"))
    kept = [kind for at, kind in enumerate(kinds) if at not in refused]
    job.records = job.records.refuse(report, refused, rules)
    make_stage(session, "stage_base", {"kind": "text", "name": "text", "shape": "text"})
    copy_rows(session, "stage_base", ["kind", "name", "shape"], _stage_rows(job, kept))
    result = session.execute(
        text("""
            with staged as (
                select kind, name, shape::geometry as geom from stage_base group by kind, name, shape)
            insert into base_feature (kind, name, geom, jur, batch_id)
            select s.kind, s.name, s.geom, :jur, :batch from staged s
             where not exists (
                select 1 from base_feature b
                 where b.kind = s.kind and b.name is not distinct from s.name
                   and b.geom && s.geom and b.geom = s.geom)"""),
        {"jur": job.scope.jur, "batch": job.batch},
    )
    inserted = rows_changed(result)
    report.count(inserted=inserted, updated=0, unchanged=len(job.records) - inserted)
    session.execute(text("analyze base_feature"))


def _kind(job: Job, at: int) -> tuple[str | None, Any]:
    """Give our kind of a feature and the word it was read from."""
    records = job.records
    tags = {name: records.column(name)[at] for name in ("kind", "highway", "waterway", "natural", "landuse", "water")}
    if tags["highway"]:
        return _KIND_OF.get(f"{tags['highway']}_road") or _KIND_OF.get(tags["highway"], "road_lane"), tags["highway"]
    if tags["waterway"] or tags["water"]:
        return "water", tags["waterway"] or tags["water"]
    for name in ("natural", "landuse", "kind"):
        if tags[name]:
            word = str(tags[name]).strip().casefold()
            # What a tag of land says that we do not draw is still land without buildings.
            return _KIND_OF.get(word) or (
                None if name == "kind" else "farmland" if name == "landuse" else "woods"
            ), word
    return None, None


def _stage_rows(job: Job, kinds: list[str | None]) -> Iterator[tuple[Any, ...]]:
    for kind, name, shape in zip(kinds, job.records.column("name"), job.records.geometry, strict=True):
        mended = shape if shape.is_valid or not shape.geom_type.endswith("Polygon") else as_multipolygon(shape)
        if not mended.is_empty:
            yield kind, name, shapely.to_wkb(shapely.set_srid(mended, 4326), hex=True, include_srid=True)
