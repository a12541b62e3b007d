"""Renovations of a county since 2009, as their supervisor works with them: list, filters, map and export.

Requests go through the application in this process, with session, access rules, row-level security and compression, but
without a socket. Run alone with ``python -m tests.benchmarks.bench_renovation``.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from app.session import COOKIE
from data.exports import export_file
from data.renovation.totals import renovation_totals
from geo.tiles import world_xy
from tests.benchmarks.figures import Figure, Unavailable, alone, drop_database, load_average
from tests.browser.stand import Stand, commit_township
from tests.township import SOUTH, TOWNSHIP, VILLAGES, WEST

ABOUT = "48,000 renovations: one page of the list, filters, totals, map tiles and the export."
DATABASE = "fangtu_bench_renovation"
SITES = 48_000
ROUNDS = 7
WITHIN_MS = 1000.0
EXPORT_WITHIN_S = 60.0
PAGES = {
    "list": "/sites",
    "last page of the list": "/sites?page=960",
    "filter by stage and class": "/sites?stage=accepted&kind=d_rebuild",
    "filter by late payment": "/sites?late=1",
    "filter by village and standstill": "/sites?stalled=1&village={village}",
    "money of a year": "/money?year=2024",
    "totals": "/api/v1/houses/totals",
    "middle page of the list": "/sites?page=480",
    "list as JSON": "/api/v1/sites?size=50",
    "map's numbers of sites and payments": "/map/renovation.json",
    "map's density of danger": "/map/danger.json",
    "looking before all that fit pass": "/sites/all?stage=approved&gate=agreed",
}
# Villages lie beside each other, so that their sites fill the township.
_MAKE = (
    """
    insert into household (natural_key, code, head_name, aid_group, geom, quality, village_id, jur)
    select 'bench:' || n, 'B' || n, '测户' || n, 'minimum_living',
           st_setsrid(st_makepoint(:west + 0.03 * ((n * 7919) % 30011) / 30011.0,
                                   :south + 0.01 * ((n * 104729) % 10007) / 10007.0), 4326),
           3, v.id, v.jur
      from generate_series(cast(1 as bigint), :sites) n
      join area v on v.code = (cast(:villages as text[]))[cast(1 + ((n * 7919) % 30011) * 3 / 30011 as integer)]
    """,
    """
    insert into renovation_site (natural_key, code, household_id, jur, village_id, geom, quality, method, grade_before,
                                 stage, approved_on, started_on, completed_on, accepted_on, paid_on, responsible)
    select 'bench:' || h.code, 'G' || h.code, h.id, h.jur, h.village_id, h.geom, h.quality,
           case n % 4 when 0 then 'rebuild' when 1 then 'turn_key' else 'repair' end,
           case when n % 4 < 2 then 'D' else 'C' end,
           case when n % 100 < 2 then 'approved' when n % 100 < 5 then 'started' when n % 100 < 9 then 'accepted'
                else 'paid' end,
           day, case when n % 100 >= 2 then day + 20 end, case when n % 100 >= 5 then day + 90 end,
           case when n % 100 >= 5 then day + 100 end, case when n % 100 >= 9 then day + 120 end,
           case when n % 7 > 0 then '责任人' || n % 40 end
      from (select h.*, substr(h.code, 2)::integer as n,
                   date '2009-03-01' + (substr(h.code, 2)::integer * 13) % 6200 as day
              from household h where h.natural_key like 'bench:%') h
    """,
)


def run(households: int | None = None) -> list[Figure]:
    """Make the sites, ask for each address in turn, round after round, and export once."""
    sites = households or SITES
    stand = commit_township(DATABASE)
    try:
        with Session(stand.owner) as session, session.begin():
            for statement in _MAKE:
                keys = {"sites": sites, "west": WEST, "south": SOUTH, "villages": list(VILLAGES)}
                session.execute(text(statement), {k: v for k, v in keys.items() if f":{k}" in statement})
        with stand.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("vacuum analyze renovation_site"))
            connection.execute(text("vacuum analyze household"))
        return [*_asked(stand, sites), _summed(stand, sites), _exported(stand, sites)]
    finally:
        stand.owner.dispose()
        drop_database(stand.settings)


def _asked(stand: Stand, sites: int) -> list[Figure]:
    x, y = world_xy(WEST + 0.015, SOUTH + 0.005, zoom=14)
    village = stand.town.areas[VILLAGES[0]]
    addresses = {name: path.format(village=village) for name, path in PAGES.items()}
    addresses["map tile with sites at zoom 14"] = f"/api/v1/tiles/records/14/{int(x)}/{int(y)}.mvt"
    client = create_app(stand.settings).test_client()
    client.set_cookie(COOKIE, stand.tokens["supervisor"])
    spent: dict[str, list[float]] = {name: [] for name in addresses}
    for number in range(ROUNDS + 1):
        for name, path in addresses.items():
            began = time.perf_counter()
            answer = client.get(path, headers={"Accept-Encoding": "gzip", "Cache-Control": "no-cache"})
            wall = (time.perf_counter() - began) * 1000
            if answer.status_code != 200:
                raise Unavailable(f"{path} answers {answer.status_code}")
            if number:  # the first fills caches and pools
                spent[name].append(wall)
    told = f"{sites} sites, median of {ROUNDS}; {load_average()}"
    return [
        Figure(f"renovations: {name}", round(statistics.median(times), 1), "ms", WITHIN_MS, conditions=told)
        for name, times in spent.items()
    ]


def _summed(stand: Stand, sites: int) -> Figure:
    """Counts of the totals against plain counts of the rows."""
    with Session(stand.owner) as session:
        found = renovation_totals(session, (0, 10**15))["sites"]
        plain = session.scalar(text("select count(*) from renovation_site"))
    for by in ("class", "grade", "method", "stage", "state"):
        if sum(found[f"by_{by}"].values()) != plain:
            raise Unavailable(f"the counts by {by} do not add up to {plain}")
    return Figure("renovations: sites counted by every key", float(plain or 0), "", sites, at_least=True)


def _exported(stand: Stand, sites: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        began, out = time.perf_counter(), Path(folder, "sites.xlsx")
        rows = export_file(stand.owner, "sites", out, area=TOWNSHIP)
        wall, size = time.perf_counter() - began, out.stat().st_size
    told = f"{rows} rows, {size / 1e6:.1f} MB; {load_average()}"
    return Figure("renovations: export to a workbook", round(wall, 1), "s", EXPORT_WITHIN_S, conditions=told)


if __name__ == "__main__":
    sys.exit(alone(run))
