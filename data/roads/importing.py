"""Roads from a file: lines are cut and joined to edges, and take the place of what their source had brought before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text

from data.db import rows_changed
from data.imports.checks import load_checks
from data.imports.limits import RULE, load_ground
from data.imports.merge import Job
from data.imports.report import ImportRefused
from data.imports.staging import copy_rows, make_stage
from data.roads.classes import RoadFacts, read_road
from data.roads.datum import check_roads_datum
from data.roads.fitting import fit_detour
from geo.errors import Text
from geo.roads.noding import Noded, node_lines

SNAP_M, MOST_SNAP_M = 3.0, 50.0
BY_HAND = "edit"
# Ends listed by name in the report; all are counted.
_LISTED = 20
_COLUMNS = {
    "source": "text",
    "road_class": "text",
    "name": "text",
    "width_m": "real",
    "oneway": "smallint",
    "level": "smallint",
    "walk": "boolean",
    "ebike": "boolean",
    "car": "boolean",
    "length_m": "double precision",
    "shape": "text",
}
_LINES = Text("线", "a line")
# Nobody visits along roads that begin farther from every house than this; metres.
_FAR_M = 20_000
# Distance from a box to the nearest house, metres; null without houses.
_NEAREST_HOUSE = """
    select st_distance(geom::geography, st_makeenvelope(:w, :s, :e, :n, 4326)::geography) from household
     where geom is not null and removed_at is null
     order by geom <-> st_makeenvelope(:w, :s, :e, :n, 4326) limit 1"""


def import_roads(job: Job) -> None:
    """Make a file's lines the roads of its source.

    Rows that are no lines, no roads, or outside are refused; edges that are stored already stay as they are.

    Raises
    ------
    ImportRefused
        If there is no line at all, the tolerance makes no sense, or the lines lie beside the houses by as much as a
        wrong coordinate system moves them.
    """
    session, report = job.session, job.report
    source = _source_name(job)
    snap = _tolerance(job)
    lines, facts = _lines(job)
    if not lines:
        raise _no_lines(job)
    check_roads_datum(job, lines, source)
    _tell_far(job, lines)
    from geo.crs import STORED, metric_crs, mover

    west, south, east, north = shapely.total_bounds(lines)
    metric = metric_crs(float(west + east) / 2, float(south + north) / 2)
    plane = shapely.transform(np.array(lines, dtype=object), mover(STORED, metric))
    net = node_lines(list(plane), snap_m=snap, noded=job.records.has("osm_id"), level=[one.level for one in facts])
    shapes = shapely.transform(net.lines, mover(metric, STORED))
    make_stage(session, "stage_road", _COLUMNS)
    copy_rows(session, "stage_road", list(_COLUMNS), _stage_rows(source, net, shapes, facts))
    counts = _replace(job, source)
    report.count(**counts, crossings=net.crossings, doubles=net.doubles, ends_joined=len(net.joined))
    _tell_joined(job, net, mover(metric, STORED))
    session.execute(text("analyze road_edge"))
    fit_detour(session, (float(west), float(south), float(east), float(north)))


def _tell_far(job: Job, lines: list[Any]) -> None:
    """Warn of roads that lie where nobody lives: of another place, or with latitude and longitude exchanged."""
    west, south, east, north = (float(side) for side in shapely.total_bounds(lines))
    away = job.session.scalar(text(_NEAREST_HOUSE), {"w": west, "s": south, "e": east, "n": north})
    if away is None or away <= _FAR_M:
        return
    km = round(away / 1000)
    job.report.warn(
        Text(
            f"道路离最近的农户 {km:,} 公里：可能是别处的文件，或经度、纬度颠倒",
            f"the roads are {km:,} km from the nearest house: a file of another place perhaps, or longitude and "
            "latitude exchanged",
        ),
        found=f"{west:.4f}, {south:.4f} – {east:.4f}, {north:.4f}",
        expected=Text("农户附近的道路", "roads near the houses"),
    )


def _no_lines(job: Job) -> ImportRefused:
    """That there is no road in the file, with what was wrong with the first row: all of them are likely alike."""
    first = next(iter(job.report.problems), None)
    zh = "" if first is None else f"第 {first.row} 行：{first.reason.zh}。"
    en = "" if first is None else f" Row {first.row}: {first.reason.en}."
    return ImportRefused(
        Text(
            f"没有导入：文件里没有一条可用的道路中心线。{zh}需要线图层（LineString），坐标为经度、纬度或平面坐标。",
            f"Not imported: there is no line of a road in the file.{en} A layer of lines (LineString) is needed, in "
            "longitude and latitude, or metres.",
        ),
        found=job.report.read,
    )


def _source_name(job: Job) -> str:
    """Give the name of the source: as asked, else that of the file without its endings."""
    file_name = job.session.scalar(text("select file_name from batch where id = :batch"), {"batch": job.batch})
    name = (job.options.source or str(file_name).split(".")[0]).strip()[:100] or "roads"
    if name == BY_HAND:
        raise ImportRefused(
            Text(
                f"来源名称“{BY_HAND}”留给手工补的路，请另取名称。",
                f"The name '{BY_HAND}' is kept for roads mended by hand; choose another.",
            ),
            found=name,
        )
    return name


def _tolerance(job: Job) -> float:
    given = job.options.snap_m
    if given is None:
        return 0.0 if job.records.has("osm_id") else SNAP_M
    if not 0 <= given <= MOST_SNAP_M:
        raise ImportRefused(
            Text(
                f"捕捉容差应为 0 到 {MOST_SNAP_M:g} 米，这里是 {given:g} 米。",
                f"The snapping tolerance is 0 to {MOST_SNAP_M:g} m, here it is {given:g} m.",
            ),
            found=given,
        )
    return given


def _lines(job: Job) -> tuple[list[Any], list[RoadFacts]]:
    """Take the lines of the rows; each part of a line in several parts is a line of its own."""
    records = job.records
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    rules: dict[int, str] = {}
    ground = load_ground(job.session, job.limits)
    names = list(records.values)
    lines: list[Any] = []
    facts: list[RoadFacts] = []
    for at in range(len(records)):
        shape = records.geometry[at]
        if shape is None or shape.is_empty:
            refused[at] = (None, None, _LINES, Text("没有图形", "there is no geometry"))
            continue
        if shape.geom_type not in ("LineString", "MultiLineString", "LinearRing"):
            refused[at] = (None, shape.geom_type, _LINES, Text("不是线", "it is no line"))
            continue
        if ground is not None and not ground.intersects(shape):
            refused[at] = (None, None, None, load_checks().words(RULE))
            rules[at] = RULE
            continue
        road = read_road({name: records.values[name][at] for name in names})
        parts = [part for part in shapely.get_parts(shape) if part.length > 0]
        if road is None:
            word = records.column("road_class")[at]
            refused[at] = ("road_class", word, None, Text("不是能走的路", "it is no road one can go on"))
        elif not parts:
            refused[at] = (None, None, _LINES, Text("线没有长度", "the line has no length"))
        else:
            lines += [shapely.force_2d(part) for part in parts]
            facts += [road] * len(parts)
    job.records = records.refuse(job.report, refused, rules)
    return lines, facts


def _stage_rows(source: str, net: Noded, shapes: Any, facts: list[RoadFacts]) -> Iterator[tuple[Any, ...]]:
    import pyproj

    ellipsoid = pyproj.Geod(ellps="GRS80")
    written = shapely.to_wkb(shapely.set_srid(shapes, 4326), hex=True, include_srid=True)
    for shape, wkb, origin in zip(shapes, written, net.origin, strict=True):
        road = facts[int(origin)]
        length = ellipsoid.geometry_length(shape)
        yield (
            source,
            road.road_class,
            road.name,
            road.width_m,
            road.oneway,
            road.level,
            *(road.allowed[mode] for mode in ("walk", "ebike", "car")),
            length,
            wkb,
        )


def _replace(job: Job, source: str) -> dict[str, int]:
    """Write what is new of a source and, unless it is added to, take away what is gone."""
    session = job.session
    same = """
        e.source = s.source and e.geom && s.shape::geometry and e.geom = s.shape::geometry
        and (e.road_class, e.name, e.width_m, e.oneway, e.level, e.walk, e.ebike, e.car) is not distinct from
            (s.road_class, s.name, s.width_m, s.oneway, s.level, s.walk, s.ebike, s.car)"""
    values = {"source": source, "jur": job.scope.jur, "end": job.scope.jur_end, "batch": job.batch}
    removed = 0
    if not job.options.keep:
        removed = rows_changed(
            session.execute(
                text(f"""
                    delete from road_edge e where e.source = :source and e.jur >= :jur and e.jur < :end
                       and not exists (select 1 from stage_road s where {same})"""),
                values,
            )
        )
    inserted = rows_changed(
        session.execute(
            text(f"""
                insert into road_edge (source, road_class, name, width_m, oneway, level, walk, ebike, car, length_m,
                                       geom, jur, batch_id)
                select s.source, s.road_class, s.name, s.width_m, s.oneway, s.level, s.walk, s.ebike, s.car, s.length_m,
                       s.shape::geometry, :jur, :batch
                  from stage_road s where not exists (select 1 from road_edge e where {same})"""),
            values,
        )
    )
    staged = int(session.scalar(text("select count(*) from stage_road")) or 0)
    return {"inserted": inserted, "updated": 0, "unchanged": staged - inserted, "edges_removed": removed}


def _tell_joined(job: Job, net: Noded, to_degrees: Any) -> None:
    """List the ends that were moved, the farthest first."""
    if not net.joined:
        return
    farthest = sorted(net.joined, key=lambda one: -one.moved_m)
    places = to_degrees(np.array([one.after for one in farthest[:_LISTED]]))
    for one, (lon, lat) in zip(farthest, places, strict=False):
        job.report.warn(
            Text("路的端点已移到相邻道路上", "an end of a road was moved onto the road beside it"),
            found=f"{one.moved_m:.1f} m ({lon:.5f}, {lat:.5f})",
        )
