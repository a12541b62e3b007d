"""How long 48,000 households take, and how much memory: as csv and as a workbook, beside rows inserted one by one.

Run with ``python -m tests.benchmarks.bench_import [rows]``; it makes and drops a database of its own.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook
from sqlalchemy import create_engine, text
from stdnum.cn import ric

from data.db import owner_engine, owner_session
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.imports.undo import undo_batch
from data.samples.files import write_township
from data.samples.township import TOWNSHIP, make_township
from data.settings import ROOT, Settings
from tests.benchmarks.figures import Figure, load_average
from tests.conftest import fresh_database

ABOUT = "Import of a ledger as csv and as a workbook beside one INSERT for each row; 48,000 rows without --households."
WITHIN_S = 40
DATABASE = "fangtu_bench_import"
ROWS = 48_000
SLOW_ROWS = 2_000
INSERT = text("""
    insert into household
        (natural_key, code, head_name, people, address, house_no, stated_area, jur, village_id, geom, quality)
    select :key, :code, :head, :people, :address, :house_no, :village, coalesce(a.jur, 0), a.id, p.geom, 3
    from (select st_setsrid(st_makepoint(:lon, :lat), 4326) as geom) p
    left join area a on a.level = 'village' and st_covers(a.geom, p.geom) limit 1""")
# One import in a process of its own, as the worker does it; prints seconds and totals.
_PROGRAM = """
import json, sys, time
from data.db import owner_engine, owner_session
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.settings import load_settings
database, path, area = sys.argv[1:]
settings = load_settings(database=database)
began, cpu = time.perf_counter(), time.process_time()
report = import_file(owner_engine(settings), settings, "households", path, ImportOptions(area=area))
print(json.dumps({"s": time.perf_counter() - began, "python_s": time.process_time() - cpu, "batch": report.batch,
                  "read": report.read, "refused": report.refused, **report.counts}))
"""


def run(households: int | None = None) -> list[Figure]:
    """Measure once; the goal is one for 48,000 rows."""
    rows = households or ROWS
    before = load_average()
    found = main(rows)
    told = f"{rows} rows, 1 run, {before} before"
    slow = f"row by row {found['slow_s']:.0f} s (scaled from {SLOW_ROWS} rows)"
    goal = WITHIN_S if rows == ROWS else None
    return [
        Figure("import of csv", found["csv_s"], "s", goal, peer=slow, ratio=found["ratio"], conditions=told),
        Figure("the same csv again", found["csv_again_s"], "s", conditions=told),
        Figure("import of a workbook", found["xlsx_s"], "s", conditions=told),
        Figure("most memory", max(found["csv_mib"], found["xlsx_mib"]), "MiB", conditions=told),
    ]


class Run(NamedTuple):
    """One import: its report with ``s`` and ``python_s``, and the most memory of importer, reader, and both at once."""

    report: dict[str, Any]
    importer_mib: float
    reader_mib: float
    both_mib: float


def main(rows: int = ROWS) -> dict[str, float]:
    """Measure and print; gives seconds and mebibytes of each way."""
    settings = fresh_database(DATABASE)
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = write_township(make_township(), folder)
        ledger = _enlarge(paths["households"], Path(folder, "many.csv"), rows)
        book = _as_workbook(ledger, Path(folder, "many.xlsx"))
        engine = owner_engine(settings)
        for name, kind in (("areas", "areas"), ("boundaries", "areas"), ("campaign", "campaigns")):
            import_file(engine, settings, kind, paths[name], ImportOptions(area=None if kind == "areas" else TOWNSHIP))
        slow = _one_by_one(settings, ledger, SLOW_ROWS) / SLOW_ROWS * rows
        for path in (ledger, book):
            run = _measure(path)
            assert (run.report["read"], run.report["refused"], run.report["inserted"]) == (rows, 0, rows), run.report
            again = _measure(path)
            assert again.report["unchanged"] == rows
            began = time.perf_counter()
            with owner_session(engine) as session:
                undo_batch(session, again.report["batch"])
                undone = undo_batch(session, run.report["batch"])
            undo_s = time.perf_counter() - began
            assert undone.removed["household"] == rows
            form = path.suffix[1:]
            print(
                f"{rows} households from {form}: {run.report['s']:.1f} s (of it Python {run.report['python_s']:.1f} s);"
                f" the same file again: {again.report['s']:.1f} s; taking it back: {undo_s:.1f} s;"
                f" most memory: importer {run.importer_mib:.0f} MiB, reader {run.reader_mib:.0f} MiB,"
                f" both at once {run.both_mib:.0f} MiB; again {again.both_mib:.0f} MiB"
            )
            found |= {f"{form}_s": run.report["s"], f"{form}_again_s": again.report["s"], f"{form}_undo_s": undo_s}
            found |= {f"{form}_mib": max(run.both_mib, again.both_mib)}
        engine.dispose()
    fast = found["csv_s"]
    print(f"row by row, without sealing, from {SLOW_ROWS} rows: {slow:.1f} s; ratio to csv {slow / fast:.1f}")
    _drop(settings)
    return {**found, "slow_s": slow, "ratio": slow / fast}


def _measure(path: Path) -> Run:
    """Import in a process of its own, and watch its memory and that of what it starts."""
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, DATABASE, str(path), TOWNSHIP], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    importer = reader = both = 0.0
    while process.poll() is None:
        own, _ = _memory(process.pid)
        started = [_memory(child) for child in _children(process.pid)]
        importer = max(importer, _memory(process.pid)[1])
        reader = max([reader, *(most for _, most in started)])
        both = max(both, own + sum(now for now, _ in started))
        time.sleep(0.02)
    assert process.stdout is not None
    return Run(json.loads(process.stdout.read().splitlines()[-1]), importer, reader, both)


def _memory(pid: int) -> tuple[float, float]:
    """Resident memory of a process now, and at most so far, in MiB."""
    try:
        told = dict(line.split(":", 1) for line in Path("/proc", str(pid), "status").read_text().splitlines())
        return int(told["VmRSS"].split()[0]) / 1024, int(told["VmHWM"].split()[0]) / 1024
    except (OSError, KeyError):
        return 0.0, 0.0


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path("/proc", str(pid), "task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []


def _enlarge(source: Path, target: Path, rows: int) -> Path:
    """Write a ledger of as many rows by repeating the sample's under new codes and ID numbers, side by side."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        given = list(csv.DictReader(file))
    with target.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(given[0]))
        writer.writeheader()
        for number in range(rows):
            row, copy = dict(given[number % len(given)]), number // len(given)
            row["户编号"] += f"-{copy}"
            row["身份证号"] = _id_number(number)
            if row["门牌号"]:
                row["门牌号"] += f"-{copy}"
            if row["经度"]:
                row["经度"] = f"{float(row['经度']) + copy * 1e-6:.7f}"
            writer.writerow(row)
    return target


def _id_number(number: int) -> str:
    """Give nobody's ID number: the county code 340299 was never given out."""
    born = date(1930, 1, 1) + timedelta(days=number % 25_000)
    base = f"340299{born:%Y%m%d}{1 + number // 25_000:03d}"
    return base + ric.calc_check_digit(base + "0")


def _as_workbook(source: Path, target: Path) -> Path:
    """Write the same rows as a workbook, numbers as numbers."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("农户")
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        head = next(lines)
        numeric = {head.index(name) for name in ("经度", "纬度", "家庭人口", "定位误差(米)")}
        sheet.append(head)
        for row in lines:
            sheet.append([float(cell) if cell and at in numeric else cell or None for at, cell in enumerate(row)])
    book.save(target)
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
