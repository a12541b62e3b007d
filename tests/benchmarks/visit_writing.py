"""What keeping coverage costs who writes: single visits, many in one statement, and eight writers in one grid.

Visits are inserted with the triggers and without, by turns (single ones one after the other), and taken out again.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from operator import attrgetter
from typing import Any

import psycopg2

from tests.benchmarks.county_store import ROUND, CountyStore
from tests.benchmarks.figures import AnswersDiffer, Figure, Spent, backend_cpu, connect, load_average

TRIGGER_WITHIN_MS, HOT_SHARE = 0.2, 0.6
WRITERS, PER_WRITER, SINGLE, MANY = 8, 100, 300, 20_000
TURNS, SINGLE_TURNS = 3, 9
KEEPS = "visit_inserted"  # the trigger that keeps coverage when visits come in
# Households of one township, as a team visits them in a day, or of the whole county: of a million no two are near.
NEAR, FAR = "in one township", "anywhere in the county"
_INSERT = """
    insert into visit (id, natural_key, campaign_id, round_no, household_id, jur, mode, outcome, minutes, verdict,
                       counts)
    select u.id, u.id::text, %(campaign)s, %(round)s, h.id, h.jur, 'home', 'done', 45, 'valid', true
    from unnest(%(ids)s::uuid[], %(homes)s::bigint[]) as u (id, home) join household h on h.id = u.home"""


def writing(store: CountyStore) -> list[Figure]:
    """Insert visits with the triggers and without, by turns; what was written is taken out again."""
    owner = connect(store.settings)
    figures: list[Figure] = []
    try:
        with owner.cursor() as cursor:
            cursor.execute("set synchronous_commit = off")
            cursor.execute("select array_agg(id order by id) from household")
            homes = cursor.fetchone()[0]
            cursor.execute("""
                select array_agg(id order by id) from household where jur / 1000000 = (
                    select jur / 1000000 from household group by 1 order by count(*) desc, 1 limit 1)""")
            township = cursor.fetchone()[0]
            cursor.execute("""
                select array_agg(h.id order by h.id) from household h where grid_id = (
                    select grid_id from household group by 1 order by count(*) desc limit 1)""")
            hot = cursor.fetchone()[0]
        many, burst = ({True: [], False: []} for _ in range(2))
        folding: list[tuple[int, float]] = []
        chance = random.Random(3)
        single = {NEAR: _singles(store, owner, township, chance), FAR: _singles(store, owner, homes, chance)}
        for _ in range(TURNS):
            for kept in (False, True):
                _set_triggers(owner, kept)
                many[kept].append(_many(store, owner, chance.sample(homes, min(MANY, len(homes)))))
                burst[kept].append(_burst(store, hot))
                if kept:
                    folding.append(_fold(owner))
                _take_out(owner)
                _fold(owner)
        figures = [
            *(_cost_of_one(store, where, turns) for where, turns in single.items()),
            *_cost(store, many, burst, len(hot)),
            _cost_of_folding(store, folding),
        ]
    finally:
        _take_out(owner)
        _set_triggers(owner, True)
        owner.close()
    from data.db import owner_session
    from data.recheck import recheck

    with owner_session(store.owner) as session:
        drift = recheck(session)["drift"]
    if drift:
        raise AnswersDiffer(f"{drift} rows are kept otherwise than counted after the writing")
    return figures


def _cost_of_one(store: CountyStore, where: str, turns: dict[bool, list[Spent]]) -> Figure:
    """In one township it is mostly the counters that are measured; elsewhere pages have to be fetched as well.

    What is added is the middle one of the differences of its turns.
    """
    one, cpu = (
        {kept: statistics.median(part(turn) for turn in those) * 1000 for kept, those in turns.items()}
        for part in (attrgetter("wall"), attrgetter("cpu"))
    )
    more = [(kept.wall - bare.wall) * 1000 for bare, kept in zip(turns[False], turns[True], strict=True)]
    return Figure(
        f"what keeping coverage adds to a visit, {where}",
        statistics.median(more),
        "ms",
        TRIGGER_WITHIN_MS,
        peer=f"with {one[True]:.2f} ms, without {one[False]:.2f} ms",
        ratio=one[True] / one[False],
        conditions=f"{store.households} households, median of {SINGLE_TURNS} turns, synchronous_commit off, "
        f"{load_average()}; {SINGLE} single inserts of each in a turn, one with and one without: {min(more):.2f} to "
        f"{max(more):.2f} ms; processor time of the database {cpu[True]:.2f} and {cpu[False]:.2f} ms, so "
        f"{cpu[True] - cpu[False]:.2f}",
    )


def _cost(store: CountyStore, many: dict[bool, list[float]], burst: dict[bool, list[float]], hot: int) -> list[Figure]:
    bulk = {kept: statistics.median(turns) for kept, turns in many.items()}
    rate = {kept: statistics.median(turns) for kept, turns in burst.items()}
    told = f"{store.households} households, median of {TURNS} turns, synchronous_commit off, {load_average()}"
    return [
        Figure(
            "many visits in one statement",
            bulk[True],
            "s",
            peer=f"without {bulk[False]:.2f} s",
            ratio=bulk[True] / bulk[False],
            conditions=f"{told}; {min(MANY, store.households)} visits",
        ),
        Figure(
            f"{WRITERS} writers on one grid keep of their rate",
            rate[True] / rate[False],
            "",
            HOT_SHARE,
            at_least=True,
            peer=f"{rate[True]:.0f} visits a second, without {rate[False]:.0f}",
            conditions=f"{told}; {hot} households, {WRITERS * PER_WRITER} visits a turn",
        ),
    ]


def _fold(owner: Any) -> tuple[int, float]:
    """Changes folded in, and the seconds it took; what single writers do not wait for."""
    began = time.perf_counter()
    with owner.cursor() as cursor:
        cursor.execute("select fold_changes()")
        return int(cursor.fetchone()[0]), time.perf_counter() - began


def _cost_of_folding(store: CountyStore, folding: list[tuple[int, float]]) -> Figure:
    changes, seconds = statistics.median(n for n, _ in folding), statistics.median(spent for _, spent in folding)
    return Figure(
        "folding in, for a thousand changes",
        seconds / changes * 1_000_000,
        "ms",
        peer=f"{changes:.0f} changes in {seconds:.2f} s, by the background program",
        conditions=f"{store.households} households, median of {len(folding)} turns, {load_average()}",
    )


def _set_triggers(owner: Any, kept: bool) -> None:
    with owner.cursor() as cursor:
        for name in (KEEPS, "visit_deleted"):
            cursor.execute(f"alter table visit {'enable' if kept else 'disable'} trigger {name}")


def _values(store: CountyStore, homes: list[int]) -> dict[str, Any]:
    return {
        "campaign": store.campaign_id,
        "round": ROUND,
        "ids": [f"00000000-0000-4000-8000-{uuid.uuid4().hex[:12]}" for _ in homes],
        "homes": homes,
    }


def _singles(store: CountyStore, owner: Any, homes: list[int], chance: random.Random) -> dict[bool, list[Spent]]:
    """Turns of single visits, kept and not kept one after the other, each on a connection of its own.

    So both meet the same moments of the machine. Before each turn what the last one changed is folded in, as the
    background program does every second. A first one, which fetches pages and plans queries, is left out.
    """
    turns: dict[bool, list[Spent]] = {True: [], False: []}
    with closing(connect(store.settings)) as kept, _unkept(store) as bare:
        with kept.cursor() as cursor:
            cursor.execute("set synchronous_commit = off")
        for turn in range(SINGLE_TURNS + 1):
            _fold(owner)
            spent = _turn(store, {True: kept, False: bare}, chance.sample(homes, min(2 * SINGLE, len(homes))))
            for which, one in spent.items():
                if turn:
                    turns[which].append(one)
    _take_out(owner)
    _fold(owner)
    return turns


@contextmanager
def _unkept(store: CountyStore) -> Iterator[Any]:
    """A connection whose visits fire every trigger but the one that keeps coverage; no other connection notices."""
    with closing(connect(store.settings)) as bare, bare.cursor() as cursor:
        cursor.execute("reset role")  # only the superuser may say which triggers fire
        cursor.execute(
            "select quote_ident(tgname) from pg_trigger where tgrelid = 'visit'::regclass and tgname <> %s", [KEEPS]
        )
        others = [name for (name,) in cursor.fetchall()]
        try:
            for name in others:
                cursor.execute(f"alter table visit enable always trigger {name}")
            cursor.execute("set session_replication_role = replica")
            cursor.execute("set role fangtu_owner")
            cursor.execute("set synchronous_commit = off")
            yield bare
        finally:
            cursor.execute("reset role")
            for name in others:
                cursor.execute(f"alter table visit enable trigger {name}")


def _turn(store: CountyStore, connections: dict[bool, Any], homes: list[int]) -> dict[bool, Spent]:
    """Seconds of the middle visit by the clock, and processor seconds of the database for one, with and without."""
    cursors = {kept: connection.cursor() for kept, connection in connections.items()}
    before = {kept: backend_cpu(connection.info.backend_pid) for kept, connection in connections.items()}
    times: dict[bool, list[float]] = {True: [], False: []}
    for number, home in enumerate(homes):
        kept = number % 4 in (0, 3)  # with, without, without, with: neither is always the one that follows
        values = _values(store, [home])
        began = time.perf_counter()
        cursors[kept].execute(_INSERT, values)
        times[kept].append(time.perf_counter() - began)
    return {
        kept: Spent(
            statistics.median(spent),
            (backend_cpu(connections[kept].info.backend_pid) - before[kept]) / len(spent),
        )
        for kept, spent in times.items()
    }


def _many(store: CountyStore, owner: Any, homes: list[int]) -> float:
    values = _values(store, homes)
    began = time.perf_counter()
    with owner.cursor() as cursor:
        cursor.execute(_INSERT, values)
    return time.perf_counter() - began


def _burst(store: CountyStore, hot: list[int]) -> float:
    """Visits a second of eight writers whose households are all in one grid."""
    faults: list[Exception] = []

    def write(number: int) -> None:
        connection, chance = connect(store.settings), random.Random(number)
        try:
            with connection.cursor() as cursor:
                cursor.execute("set synchronous_commit = off")
                for _ in range(PER_WRITER):
                    cursor.execute(_INSERT, _values(store, [chance.choice(hot)]))
        except psycopg2.Error as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(WRITERS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return WRITERS * PER_WRITER / (time.perf_counter() - began)


def _take_out(owner: Any) -> None:
    """Remove what was inserted, and count anew the households whose visits came while nothing was kept."""
    with owner.cursor() as cursor:
        cursor.execute("""
            with gone as (delete from visit where id >= '00000000-0000-4000-8000-000000000000'
                             and id <= '00000000-0000-4000-8000-ffffffffffff'
                          returning campaign_id, round_no, household_id)
            select coalesce(array_agg(campaign_id), '{}'), coalesce(array_agg(round_no), '{}'),
                   coalesce(array_agg(household_id), '{}') from gone""")
        cursor.execute("select refresh_standing(%s::bigint[], %s::smallint[], %s::bigint[])", cursor.fetchone())
