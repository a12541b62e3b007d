"""The alarm for roads in a wrong coordinate system: houses stand beside roads, and moved roads leave them behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text

from data.imports.merge import Job
from data.imports.report import ImportRefused
from data.roads.words import shift_words
from geo.datum import LEAST_PLACES
from geo.errors import Text
from geo.roads.shift import find_shift

_MOST = 3_000
# As far as a misread system moves a road, and a little more.
_AROUND_DEG = 0.008
# Homes that are known well, and buildings of the base map: what may be misread itself is no witness.
_GROUND = f"""
    select st_asbinary(spot) from (
        select h.geom as spot, md5(h.id::text) as mixed from household h
         where h.geom && st_makeenvelope(:w, :s, :e, :n, 4326) and h.quality <= 2 and h.removed_at is null
           and h.jur >= :jur and h.jur < :jur_end
        union all
        select st_centroid(f.geom), md5(f.id::text) from base_feature f
         where f.kind = 'building' and f.geom && st_makeenvelope(:w, :s, :e, :n, 4326)) g
     order by mixed limit {_MOST}"""
_OTHERS = """
    select st_asbinary(geom) from road_edge
     where geom && st_makeenvelope(:w, :s, :e, :n, 4326) and source <> :source"""


def check_roads_datum(job: Job, lines: Sequence[Any], source: str) -> None:
    """Refuse roads that lie beside the houses where another system brings them there; else, or if stated, only tell.

    Parameters
    ----------
    job : Job
    lines : sequence of LineString
        In EPSG:4326 as read.
    source : str
        What they take the place of.

    Raises
    ------
    ImportRefused
        Names how far the houses are from the roads, and the system in which they would be beside them.
    """
    west, south, east, north = (float(side) for side in shapely.total_bounds(lines))
    reach = {"w": west - _AROUND_DEG, "s": south - _AROUND_DEG, "e": east + _AROUND_DEG, "n": north + _AROUND_DEG}
    rows = job.session.scalars(text(_GROUND), {**reach, "jur": job.scope.jur, "jur_end": job.scope.jur_end})
    places = shapely.get_coordinates(shapely.from_wkb([bytes(row) for row in rows]))
    if len(places) < LEAST_PLACES:
        return
    # A file with one more road need not lead past every house: what other sources have brought counts as well.
    others = job.session.scalars(text(_OTHERS), {**reach, "source": source})
    beside = np.array([shapely.from_wkb(bytes(row)) for row in others], dtype=object)
    shift = find_shift(np.array(lines, dtype=object), places, beside)
    if not shift.alarm:
        return
    likely = shift.likely
    if job.options.crs is not None or likely is None:
        job.report.warn(shift_words(shift), code="datum_shift")
        return
    words = shift_words(shift)
    raise ImportRefused(
        Text(
            f"没有导入：{words.zh}请指明坐标系：--crs {likely}；若确实是 wgs84，用 --crs wgs84。",
            f"Not imported: {words.en} Say which system it is: --crs {likely}; if it really is wgs84, --crs wgs84.",
        ),
        likely=likely,
        shift_m=round(shift.median_m),
    )
