"""What it costs to take in a visit from a phone, and 900 phones that come back within a minute.

Makes a database of its own, serves it with two processes as ``./fangtu serve`` does, and hands in visits and
photographs over HTTP from a process of its own. Run: ``python -m tests.benchmarks.bench_sync [--phones 900]``.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import io
import json
import os
import random
import statistics
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.tables import Account, Duty
from tests.benchmarks.bench_live import cpu_s, servers
from tests.benchmarks.field_load import Handed, PhoneWork, hand_in
from tests.benchmarks.figures import AnswersDiffer, Figure, alone, drop_database, load_average, p95
from tests.browser.stand import Stand, commit_township, served
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP

ABOUT = "Visits a second that phones can hand in, what a phone is told, and 900 phones that come back within a minute."
DATABASE = "fangtu_bench_sync"
RATE, WITHIN_MS, DRAINED_S = 150.0, 500.0, 600.0
LOW = number_range(TOWNSHIP)[0]
VILLAGES, HOUSEHOLDS, PHONES = 40, 12_000, 900
WORKERS, LINES, AT_ONCE = 2, 16, 3000
VISITS_EACH, PHOTOS_EACH, SPREAD_S, PICTURES = 3, 1, 60.0, 12
PULLS = 20
# A county's worth of villages beside the small township, each with its shape, so that a place is looked up among many.
_PLACES = """
    insert into area (code, name, level, jur, jur_end, geom)
    select (:low / 1000 + v + 10)::text, 'B' || v, 'village', :low + (v + 10) * 1000, :low + (v + 11) * 1000,
           st_multi(st_makeenvelope(119 + v * 0.01, 36, 119 + (v + 1) * 0.01, 36.01, 4326))
      from generate_series(0, :villages - 1) v"""
_HOMES = """
    insert into household (natural_key, code, head_name, jur, village_id, quality, geom)
    select 'bench:' || n, 'B' || n, '某', a.jur, a.id, 3,
           st_setsrid(st_makepoint(119 + v * 0.01 + random() * 0.01, 36 + random() * 0.01), 4326)
      from generate_series(1, :n) n cross join lateral (select n % :villages as v) k
      join area a on a.jur = :low + (v + 10) * 1000 and a.level = 'village'"""
_STORED = """
    select count(*), count(distinct v.id), (select count(*) from synced_item),
           (select count(*) from synced_photo where received_at is not null),
           (select count(*) from synced_photo), (select count(*) from audit where act = 'visit_add'),
           (select count(*) from attachment)
      from visit v where v.entered_at is not null"""


def run(households: int | None = None, phones: int = PHONES) -> list[Figure]:
    """Measure both; the database is made anew and dropped."""
    stand = commit_township(DATABASE)
    try:
        homes, tokens = _enlarge(stand, households or HOUSEHOLDS)
        with tempfile.TemporaryDirectory() as folder:
            pictures = _pictures(Path(folder))
            # As many threads as a deployment has; streams are none here.
            with served(stand.settings, Path(folder, "web.log"), workers=WORKERS) as site:
                return [
                    *_pulling(stand, site, tokens),
                    *_steady(stand, site, homes, tokens),
                    *_returning(stand, site, homes, tokens, pictures, phones),
                ]
    finally:
        stand.owner.dispose()
        drop_database(stand.settings)


def _pulling(stand: Stand, site: str, tokens: list[str]) -> list[Figure]:
    """A phone of a village that is told everything, and then that nothing changed."""
    where, device = urlsplit(site).netloc, str(uuid.uuid4())

    def pull(since: str) -> tuple[dict[str, Any], int]:
        line = http.client.HTTPConnection(where, timeout=60)
        headers = {"Authorization": f"Bearer {tokens[0]}", "X-Fangtu-Device": device, "Accept-Encoding": "gzip"}
        line.request("GET", f"/api/v1/pull?since={since}", headers=headers)
        answer = line.getresponse()
        body = answer.read()
        line.close()
        return json.loads(gzip.decompress(body) if answer.headers["Content-Encoding"] else body), len(body)

    for _ in range(4):
        told, size = pull("")
    figures = []
    for what, since in (("whole", ""), ("of which nothing changed", told["since"])):
        with _spent(stand) as spent:
            for _ in range(PULLS):
                again, size = pull(since)
                since = again["since"] if since else ""
        each = 1000 * (spent["web"] + spent["database"]) / PULLS
        figures.append(
            Figure(
                f"processor time of a pull {what}",
                each,
                "ms",
                conditions=f"village of {len(told['households'])} households; {size / 1000:.1f} kB sent; of it "
                f"{1000 * spent['database'] / PULLS:.1f} ms in the database; {PULLS} pulls; {load_average()}",
            )
        )
    return figures


def _steady(stand: Stand, site: str, homes: dict[int, list[Any]], tokens: list[str]) -> list[Figure]:
    """Visits over some lines without a pause."""
    share = AT_ONCE // LINES
    figures = []
    # The first requests of a process prepare statements and read the plan.
    hand_in(site, _phones(stand, homes, tokens, LINES, 10, 0, 0.0), [])
    with _spent(stand) as spent:
        found = hand_in(site, _phones(stand, homes, tokens, LINES, share, 0, 0.0), [])
    _check(stand, found)
    many = len(found.visits)
    each = {name: 1000 * seconds / many for name, seconds in spent.items()}
    told = f"{WORKERS} processes, {LINES} lines without a pause, {many} visits; {load_average()}"
    figures.append(
        Figure(
            "processor time for a visit handed in",
            each["web"] + each["database"],
            "ms",
            2000 / RATE,
            peer=f"of it {each['web']:.2f} ms in the program, {each['database']:.2f} in the database",
            conditions=f"two cores give {2000 / (each['web'] + each['database']):.0f} visits a second then; {told}",
        )
    )
    rate = many / found.done_s
    figures.append(
        Figure(
            "visits handed in a second",
            rate,
            "/s",
            RATE,
            at_least=True,
            conditions=f"p95 {1000 * p95(found.visits):.0f} ms; {_clients(found)}; {told}",
        )
    )
    return figures


def _returning(
    stand: Stand, site: str, homes: dict[int, list[Any]], tokens: list[str], pictures: list[str], phones: int
) -> list[Figure]:
    """Phones that come back within a minute, each with visits and photographs."""
    with _spent(stand) as spent:
        work = _phones(stand, homes, tokens, phones, VISITS_EACH, PHOTOS_EACH, SPREAD_S)
        found = hand_in(site, work, pictures)
    _check(stand, found)
    busy = spent["web"] + spent["database"]
    told = (
        f"{phones} phones, {VISITS_EACH} visits and {VISITS_EACH * PHOTOS_EACH} photographs each, within "
        f"{SPREAD_S:.0f} s; median {1000 * statistics.median(found.visits):.0f} ms, largest "
        f"{1000 * max(found.visits):.0f} ms, {found.put_off} put off; {busy:.0f} s of processor time; "
        f"{_clients(found)}; {load_average()}"
    )
    drained = f"{found.shed} times put off by 429; {len(found.photos)} photographs"
    return [
        Figure("p95 of a visit, phones returning", 1000 * p95(found.visits), "ms", WITHIN_MS, conditions=told),
        Figure("all visits in after", found.visits_done_s, "s", conditions="none lost, none doubled"),
        Figure("all photographs in after", found.done_s, "s", DRAINED_S, conditions=drained),
    ]


def _clients(found: Handed) -> str:
    return f"the clients took {found.cpu_s:.1f} s of the same cores and were late by {1000 * found.late_s:.1f} ms (p95)"


def _check(stand: Stand, found: Handed) -> None:
    """Nothing lost, nothing doubled, nothing half stored."""
    if found.failed:
        raise AnswersDiffer(f"{len(found.failed)} were refused: {found.failed[:3]}")
    with Session(stand.owner) as session:
        visits, distinct, items, photos, named, audited, kept = session.execute(text(_STORED)).one()
    if not visits == distinct == items == audited or not photos == named == kept:
        raise AnswersDiffer(f"{visits} visits, {items} items, {audited} audited; {photos} of {named} photographs")


def _phones(
    stand: Stand, homes: dict[int, list[Any]], tokens: list[str], phones: int, visits: int, photos: int, spread_s: float
) -> list[PhoneWork]:
    made = []
    for number in range(phones):
        village = number % VILLAGES
        places = [homes[village].pop() for _ in range(visits)]
        bodies = [_body(stand, place, number) for place in places]
        made.append(PhoneWork(tokens[village], spread_s * number / phones, bodies, photos))
    return made


def _body(stand: Stand, place: Any, number: int) -> dict[str, Any]:
    start = datetime(2026, 5, 6, 1, 0, tzinfo=UTC) + timedelta(minutes=number)
    end = start + timedelta(minutes=35)
    return {
        "schema": 1,
        "household_id": place.id,
        "household_ref": place.code,
        "campaign": stand.town.campaign_id,
        "round": 1,
        "kind": None,
        "started_at": start.isoformat(),
        "ended_at": end.isoformat(),
        "entered_at": end.isoformat(),
        "duration_s": 2100.0,
        "duration_by": "monotonic",
        "clock_offset_ms": 150,
        "mode": "home",
        "outcome": "done",
        "fix": {"lon": place.lon, "lat": place.lat, "accuracy_m": 9.5, "at": end.isoformat(), "distance_m": 4.0},
        "work": ["policy_card", "gas_safety"],
        "form_version": 1,
        "answers": {f"q{n}": "没有" for n in range(9)},
        "satisfaction": 5,
        "remark": "一切正常",
    }


def _enlarge(stand: Stand, households: int) -> tuple[dict[int, list[Any]], list[str]]:
    """Villages with households, and an inspector of each; gives the households by village and the tokens."""
    keys = {"low": LOW, "villages": VILLAGES, "n": households}
    with Session(stand.owner) as session, session.begin():
        session.execute(text(_PLACES), keys)
        session.execute(text(_HOMES), keys)
        tokens = []
        for number in range(VILLAGES):
            low, high = LOW + (number + 10) * 1000, LOW + (number + 11) * 1000
            account = Account(username=f"bench{number}", full_name="某", role="inspector", jur=low, jur_end=high)
            session.add(account)
            session.flush()
            session.add(Duty(account_id=account.id, jur=low, jur_end=high))
            session.flush()
            tokens.append(f"bench-sync-{number}")
            open_session(session, stand.settings, account.id, tokens[-1])
        rows = session.execute(
            text("""
                select id, code, st_x(geom) as lon, st_y(geom) as lat, (jur - :low) / 1000 - 10 as village
                  from household where natural_key like 'bench:%' order by id"""),
            keys,
        ).all()
    homes: dict[int, list[Any]] = {}
    for row in rows:
        homes.setdefault(row.village, []).append(row)
    with stand.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze household, standing, visit, area, map_version"))
    return homes, tokens


def _pictures(folder: Path) -> list[str]:
    """Pictures of the size a phone sends: 1,280 by 960, 150 to 250 kB."""
    chance = np.random.default_rng(5)
    names = []
    for number in range(PICTURES):
        rough = chance.integers(0, 255, (60, 80, 3), dtype=np.uint8)
        soft = np.asarray(Image.fromarray(rough).resize((1280, 960), Image.Resampling.BICUBIC), dtype=np.int16)
        noisy = np.clip(soft + chance.integers(-9, 9, soft.shape), 0, 255).astype(np.uint8)
        out = io.BytesIO()
        Image.fromarray(noisy).save(out, "JPEG", quality=75)
        path = folder / f"{number}.jpg"
        path.write_bytes(out.getvalue())
        names.append(str(path))
    random.Random(1).shuffle(names)
    return names


@contextmanager
def _spent(stand: Stand) -> Iterator[dict[str, float]]:
    """Processor seconds of the web processes and of the database's sessions with them."""
    found: dict[str, float] = {}
    web, before = servers(), {}
    for pid in _backends(stand):
        before[pid] = cpu_s([pid])
    began = cpu_s(web)
    yield found
    found["web"] = cpu_s(web) - began
    found["database"] = sum(cpu_s([pid]) - before.get(pid, 0.0) for pid in _backends(stand))


def _backends(stand: Stand) -> list[int]:
    with Session(stand.owner) as session:
        pids = session.scalars(
            text("select pid from pg_stat_activity where datname = current_database() and application_name = 'fangtu'")
        )
        return [pid for pid in pids if os.path.exists(f"/proc/{pid}")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int)
    parser.add_argument("--phones", type=int, default=PHONES)
    options = parser.parse_args()
    sys.exit(alone(lambda: run(options.households, options.phones)))
