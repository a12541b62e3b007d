"""Whether pages answer while the worker imports: p95 of the map's addresses without and with an import of 48,000 rows.

    .venv/bin/python -m tests.benchmarks.bench_responsive [--rows 48000] [--seconds 30] [--people 4]

The sample township is served by gunicorn as an installation would, with the worker beside it, in a database of its own
that is dropped afterwards. ``--people`` askers ask without a pause: the times of a busy hour, not of one person.
"""

from __future__ import annotations

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from data.imports.choices import NO_CHOICES, trial_mark
from data.samples.township import TOWNSHIP
from data.sealing import load_sealer
from data.settings import ROOT
from data.tables import Upload
from data.upload_files import upload_writer
from tests.benchmarks.figures import AnswersDiffer, Figure, load_average, p95
from tests.browser.sample import LEADER, commit_sample
from tests.browser.stand import Stand, add_account, served

ABOUT = "The map's addresses while the worker imports, beside the same without; 48,000 rows without --households."
DATABASE = "fangtu_bench_responsive"
ADDRESSES = ("/map/setup.json", "/map/areas.json?by=village", "/map/heat.json", "/coverage", "/api/v1/search?q=1")
SENDER = "sender"
WITHIN = 3.0


def main() -> int:
    """Measure, print, and give 1 if the p95 during the import is more than three times that without."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=48_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--people", type=int, default=4)
    chosen = parser.parse_args()
    return int(not measure(chosen.rows, chosen.seconds, chosen.people).met)


def run(households: int | None = None) -> list[Figure]:
    """Measure half a minute without an import, then the whole of one."""
    return [measure(households or 48_000, 30, 4)]


def measure(rows: int, seconds: float, people: int) -> Figure:
    """Ask without and with an import, print both and give the worst ratio of the p95."""
    stand = commit_sample(DATABASE)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            served(stand.settings, Path(folder, "web.log"), workers=2) as site,
        ):
            ask(site, stand, 3, people)  # the first answers make what is kept
            calm = ask(site, stand, seconds, people)
            key = send(stand, rows)
            begun = time.monotonic()
            with Path(folder, "worker.log").open("wb") as log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", "app.cli", "worker"],
                    cwd=ROOT,
                    env=environment(stand),
                    stdout=log,
                    stderr=log,
                )
            try:
                wait(lambda: state(stand, key) == "running")
                busy = ask(site, stand, 600, people, lambda: state(stand, key) == "running")
                took = time.monotonic() - begun
            finally:
                worker.terminate()
                worker.wait(30)
            told = state(stand, key)
    finally:
        drop(stand)
    print(f"import of {rows:,} rows beside {people} askers: {told} after {took:.0f} s")
    if told != "done":
        raise AnswersDiffer(f"the import beside the askers ended as {told}, so their times say nothing")
    return Figure(
        "p95 of the map's addresses during an import",
        report(calm, busy),
        "times that without",
        WITHIN,
        conditions=f"{rows} rows, {people} askers without pause, the worst of {len(ADDRESSES)} addresses, "
        f"{load_average()} after",
    )


def ask(
    site: str, stand: Stand, seconds: float, people: int, goes_on: Callable[[], bool] = lambda: True
) -> dict[str, list[float]]:
    """Ask all addresses in turn for a while; seconds of each answer by address."""
    took: dict[str, list[float]] = {address: [] for address in ADDRESSES}
    end, over = time.monotonic() + seconds, threading.Event()
    faults: list[str] = []

    def one() -> None:
        connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
        headers = {"Authorization": f"Bearer {stand.tokens[LEADER]}", "Accept-Encoding": "gzip"}
        while not over.is_set():
            for address in ADDRESSES:
                begun = time.perf_counter()
                connection.request("GET", address, headers=headers)
                answer = connection.getresponse()
                answer.read()
                took[address].append(time.perf_counter() - begun)
                if answer.status != http.HTTPStatus.OK:
                    faults.append(f"{address}: {answer.status}")
        connection.close()

    threads = [threading.Thread(target=one, daemon=True) for _ in range(people)]
    for thread in threads:
        thread.start()
    while time.monotonic() < end and goes_on():
        time.sleep(0.25)
    over.set()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"refused: {faults[:5]}")
    return took


def send(stand: Stand, rows: int) -> uuid.UUID:
    """An upload of so many households inside the township, tried, with its import waiting."""
    with stand.owner.connect() as connection:
        lon, lat = connection.execute(
            text("select st_x(c), st_y(c) from (select st_pointonsurface(geom) c from area where code = :code) p"),
            {"code": TOWNSHIP},
        ).one()
    lines = ["户编号,户主姓名,家庭人口,经度,纬度"]
    for n in range(rows):
        spot = (lon + n % 300 * 3e-5, lat + n // 300 % 300 * 3e-5)
        lines.append(f"B{n},赵新{n},{n % 7 + 1},{spot[0]:.6f},{spot[1]:.6f}")
    content, key = "\n".join(lines).encode(), uuid.uuid4()
    writer = upload_writer(stand.settings, load_sealer(stand.settings.key_file), key)
    writer.write(content)
    digest = writer.finish()
    with Session(stand.owner) as session, session.begin():
        jur, jur_end = session.execute(
            text("select jur, jur_end from area where code = :code"), {"code": TOWNSHIP}
        ).one()
        add_account(session, stand, SENDER, "supervisor", "吕主管", (jur, jur_end))
        account = stand.accounts[SENDER]
        upload = Upload(
            id=key,
            account_id=account,
            jur=jur,
            jur_end=jur_end,
            file_name="many.csv",
            size_bytes=len(content),
            sha256=digest,
            kind="households",
            choices={**NO_CHOICES, "crs": "wgs84"},  # stated, since these places stand beside no house or road
            expires_at=text("now() + interval '1 day'"),
        )
        session.add(upload)
        session.flush()
        session.refresh(upload)
        upload.trial = {"mark": trial_mark(upload), "remembered": {}, "counts": {}, "report": {"zh": {}, "en": {}}}
        session.execute(
            text("""
                insert into job (kind, account_id, jur, jur_end, upload_id, payload)
                values ('import', :account, :jur, :jur_end, :id, jsonb_build_object('mark', cast(:mark as text)))"""),
            {"account": account, "jur": jur, "jur_end": jur_end, "id": key, "mark": trial_mark(upload)},
        )
    return key


def state(stand: Stand, key: uuid.UUID) -> str:
    """State of the upload's job."""
    with stand.owner.connect() as connection:
        return str(connection.scalar(text("select state from job where upload_id = :id"), {"id": key}))


def wait(condition: Callable[[], bool]) -> None:
    """Wait for the worker to begin."""
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the worker did not begin")
        time.sleep(0.1)


def environment(stand: Stand) -> dict[str, str]:
    """What the worker needs to find this database."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FANGTU_")} | {
        "FANGTU_DATABASE_URL": stand.settings.admin_url.render_as_string(hide_password=False),
        "FANGTU_VAR_DIR": str(stand.settings.var),
        "FANGTU_KEY_FILE": str(stand.settings.key_file),
    }


def report(calm: dict[str, list[float]], busy: dict[str, list[float]]) -> float:
    """Print both distributions; gives how many times as slow the worst address is during the import."""
    print(
        f"{'address':<30} {'p50':>8} {'p95':>8} {'n':>6}   {'p50':>8} {'p95':>8} {'n':>6}  ms, without / with an import"
    )
    worst = 0.0
    for address in ADDRESSES:
        figures = [
            (statistics.median(s[address]) * 1000, p95(s[address]) * 1000, len(s[address])) for s in (calm, busy)
        ]
        print(f"{address:<30} " + "   ".join(f"{a:>8.0f} {b:>8.0f} {n:>6}" for a, b, n in figures))
        worst = max(worst, figures[1][1] / figures[0][1])
    print(
        f"p95 at most {worst:.1f} times that without an import ({'within' if worst <= WITHIN else 'OVER'} {WITHIN:g})"
    )
    return worst


def drop(stand: Stand) -> None:
    """Remove the database."""
    stand.owner.dispose()
    server = create_engine(stand.settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'drop database if exists "{DATABASE}" with (force)'))
    server.dispose()


if __name__ == "__main__":
    sys.exit(main())
