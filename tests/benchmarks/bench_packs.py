"""How large offline packs come out with a real base map: communes of a mapped country, each as a village.

Liechtenstein (OpenStreetMap, ODbL, not shipped: ``liechtenstein.osm.pbf`` in the folder of outside data) is mapped with
more in it than villages here are. Run with ``python -m tests.benchmarks.bench_packs``.
"""

from __future__ import annotations

import statistics
import sys
import time

from geoalchemy2.shape import from_shape
from shapely.geometry import MultiPolygon
from sqlalchemy.orm import Session

from data.areas import number_range
from data.imports.run import ImportOptions, import_file
from data.pack_making import make_packs
from data.pack_tiles import LAST_ZOOM, MOST_BYTES
from data.tables import Area
from tests.benchmarks.bench_grids import OUTSIDE, liechtenstein_communes
from tests.benchmarks.figures import Figure, Unavailable, alone, drop_database, load_average
from tests.browser.stand import commit_township
from tests.township import TOWNSHIP

ABOUT = "Size of an offline pack of a village, and the processor time to make one, with a real base map."
DATABASE = "fangtu_bench_packs"
FIRST = 500


def run(households: int | None = None) -> list[Figure]:
    """Make the packs of all communes; the number of households has no meaning here."""
    file = OUTSIDE / "liechtenstein.osm.pbf"
    if not file.exists():
        raise Unavailable(f"{file} is not there: an OpenStreetMap extract, not shipped.")
    stand = commit_township(DATABASE)
    try:
        report = import_file(stand.owner, stand.settings, "base", file, ImportOptions())
        low = number_range(TOWNSHIP)[0]
        with Session(stand.owner) as session, session.begin():
            villages = []
            for number, place in enumerate(liechtenstein_communes(), FIRST):
                shape = place.shape if isinstance(place.shape, MultiPolygon) else MultiPolygon([place.shape])
                jur = low + number * 1000
                village = Area(
                    code=str(jur // 1000), name=place.name, level="village", jur=jur, jur_end=jur + 1000,
                    geom=from_shape(shape, 4326),
                )  # fmt: skip
                session.add(village)
                session.flush()
                villages.append(village.id)
        sizes, cut = [], 0
        began = time.process_time()
        with Session(stand.owner) as session, session.begin():
            for village in villages:
                for pack in make_packs(session, stand.settings, village):
                    sizes.append((pack.size_bytes or 0) / 1e6)
                    cut += (pack.last_zoom or 0) < LAST_ZOOM
        told = (
            f"{len(sizes)} packs of {len(villages)} communes of Liechtenstein, {report.accepted} features of the base "
            f"map; median {statistics.median(sizes):.2f} MB; {cut} without their deepest levels"
        )
        spent = (time.process_time() - began) / len(villages)
        return [
            Figure("largest offline pack", round(max(sizes), 2), "MB", MOST_BYTES / 1e6, conditions=told),
            Figure("packs cut to keep the size", cut, "", 0, conditions=told),
            Figure("processor time of the program for a village", spent, "s", conditions=load_average()),
        ]
    finally:
        stand.owner.dispose()
        drop_database(stand.settings)


if __name__ == "__main__":
    sys.exit(alone(run))
