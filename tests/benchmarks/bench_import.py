"""How long 48,000 households take: COPY and set-based merging, beside the same rows inserted one by one.

Run with ``python -m tests.benchmarks.bench_import [rows]``; it makes and drops a database of its own.
"""

from __future__ import annotations

import csv
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, text

from data.db import owner_engine
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.samples.files import write_township
from data.samples.township import TOWNSHIP, make_township
from data.settings import Settings
from tests.conftest import fresh_database

DATABASE = "fangtu_bench_import"
ROWS = 48_000
SLOW_ROWS = 2_000
INSERT = text("""
    insert into household
        (natural_key, code, head_name, people, address, house_no, stated_area, jur, village_id, geom, quality)
    select :key, :code, :head, :people, :address, :house_no, :village, coalesce(a.jur, 0), a.id, p.geom, 3
    from (select st_setsrid(st_makepoint(:lon, :lat), 4326) as geom) p
    left join area a on a.level = 'village' and st_covers(a.geom, p.geom) limit 1""")


def main(rows: int = ROWS) -> dict[str, float]:
    """Measure and print; gives seconds of both ways for the same number of rows, and their ratio."""
    settings = fresh_database(DATABASE)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_township(make_township(), folder)
        ledger = _enlarge(paths["households"], Path(folder, "many.csv"), rows)
        engine = owner_engine(settings)
        for name, kind in (("areas", "areas"), ("boundaries", "areas"), ("campaign", "campaigns")):
            import_file(engine, settings, kind, paths[name], ImportOptions(area=None if kind == "areas" else TOWNSHIP))
        slow = _one_by_one(settings, ledger, SLOW_ROWS) / SLOW_ROWS * rows
        began, began_cpu = time.perf_counter(), time.process_time()
        report = import_file(engine, settings, "households", ledger, ImportOptions(area=TOWNSHIP))
        fast, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        began = time.perf_counter()
        again = import_file(engine, settings, "households", ledger, ImportOptions(area=TOWNSHIP))
        repeat = time.perf_counter() - began
        engine.dispose()
    assert (report.read, report.refused, report.counts["inserted"]) == (rows, 0, rows)
    assert again.counts["unchanged"] == rows
    print(f"{rows} households from csv: {fast:.1f} s (of it Python {cpu:.1f} s); the same file again: {repeat:.1f} s")
    print(f"row by row, without sealing, from {SLOW_ROWS} rows: {slow:.1f} s; ratio {slow / fast:.1f}")
    _drop(settings)
    return {"fast_s": fast, "slow_s": slow, "ratio": slow / fast, "again_s": repeat}


def _enlarge(source: Path, target: Path, rows: int) -> Path:
    """Write a ledger of as many rows by repeating the sample's under new codes."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        given = list(csv.DictReader(file))
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(given[0]))
        writer.writeheader()
        for number in range(rows):
            row = dict(given[number % len(given)])
            row["户编号"] += f"-{number // len(given)}"
            writer.writerow(row)
    return target


def _one_by_one(settings: Settings, ledger: Path, rows: int) -> float:
    """Insert rows one statement each, with the same triggers, and take them back."""
    engine = owner_engine(settings)
    with ledger.open(encoding="utf-8-sig", newline="") as file:
        given = [row for row, _ in zip(csv.DictReader(file), range(rows), strict=False)]
    began = time.perf_counter()
    with engine.connect() as connection:
        for row in given:
            connection.execute(
                INSERT,
                {
                    "key": f"slow:{row['户编号']}",
                    "code": row["户编号"],
                    "head": row["户主姓名"],
                    "people": int(row["家庭人口"] or 0),
                    "address": row["地址"],
                    "house_no": row["门牌号"],
                    "village": row["村"],
                    "lon": float(row["经度"] or 0),
                    "lat": float(row["纬度"] or 0),
                },
            )
        seconds = time.perf_counter() - began
        connection.rollback()
    engine.dispose()
    return seconds


def _drop(settings: Settings) -> None:
    server = create_engine(settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'drop database if exists "{DATABASE}" with (force)'))
    server.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
