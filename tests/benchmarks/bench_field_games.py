"""A thousand games of the phone's own modules against the real server, and faults planted into both.

Makes a database of its own. Run: ``python -m tests.benchmarks.bench_field_games [--runs 1000] [--from 1]``; a seed that
fails is played again by ``--runs 1 --from SEED``.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.folding import fold
from tests.benchmarks.figures import Figure, alone, backend_cpu, drop_database, load_average
from tests.field_games import STEPS, Games, Played, games_on
from tests.field_modules import PLANTED, with_fault
from tests.field_mutants import MUTANTS
from tests.web.conftest import Web, commit_web

ABOUT = (
    "A thousand games of phones and faults against the real server: nothing lost, doubled or silent; mutants caught."
)
DATABASE = "fangtu_bench_games"
RUNS, TRIES, LINES = 1000, 100, 2


def run(households: int | None = None, runs: int = RUNS, first: int = 1, only_runs: bool = False) -> list[Figure]:
    """Play; the number of households has no meaning here."""
    logging.disable(logging.CRITICAL)
    web = commit_web(DATABASE)
    fold(web.owner)
    try:
        with games_on(web) as games:
            figures = _play(web, games, range(first, first + runs))
            return figures if only_runs else [*figures, *_caught(games)]
    finally:
        web.owner.dispose()
        drop_database(web.settings)
        logging.disable(logging.NOTSET)


def _play(web: Web, games: Games, seeds: range) -> list[Figure]:
    began = time.process_time()
    played = games.play(seeds, lines=LINES)
    program, database = time.process_time() - began, _database_s(web)
    for failed in played.failed:
        print(json.dumps(failed, ensure_ascii=False), flush=True)
    each = 1000 / played.runs
    faults = ", ".join(f"{name} {many}" for name, many in sorted(played.injected.items()))
    return [
        Figure(
            "games in which something was lost, doubled or silent",
            len(played.failed),
            "",
            0,
            peer=f"seeds {[failed['seed'] for failed in played.failed]}" if played.failed else "",
            conditions=f"{played.runs} games of {STEPS} acts of 3 phones from seed {seeds.start}; {played.saved} "
            f"visits and marks, {played.photos} photographs said to be saved; {played.requests} requests; "
            f"{load_average()}",
        ),
        Figure("faults made in them", played.injected.total(), "", conditions=faults),
        Figure(
            "processor time of a game",
            (played.cpu_s + program + database) * each,
            "ms",
            conditions=f"phones {played.cpu_s * each:.0f}, server {program * each:.0f}, database "
            f"{database * each:.0f}; {load_average()}",
        ),
    ]


def _database_s(web: Web) -> float:
    """Processor seconds of the sessions that the application holds now."""
    with Session(web.owner) as session:
        asked = "select pid from pg_stat_activity where datname = current_database() and application_name = 'fangtu'"
        return sum(backend_cpu(pid) for pid in session.scalars(text(asked)))


def _caught(games: Games) -> list[Figure]:
    """How many games it takes until a planted fault is caught, in the phone and in the server."""
    phone: dict[str, Played] = {}
    with TemporaryDirectory() as folder:
        for number, name in enumerate(PLANTED):
            static = with_fault(name, Path(folder, str(number)))
            phone[name] = games.play(range(1, TRIES + 1), static=static, until_wrong=True)
    server: dict[str, Played] = {}
    for name, mutant in MUTANTS.items():
        with mutant():
            server[name] = games.play(range(1, TRIES + 1), until_wrong=True)
    return [_as_figure(f"faults planted into the {where} that are caught", of) for where, of in
            (("phone", phone), ("server", server))]  # fmt: skip


def _as_figure(what: str, found: dict[str, Played]) -> Figure:
    missed = [name for name, played in found.items() if not played.failed]
    tries = ", ".join(f"{name}: {played.runs}" for name, played in found.items())
    return Figure(
        what,
        len(found) - len(missed),
        "",
        len(found),
        at_least=True,
        peer=f"missed: {missed}" if missed else "none missed",
        conditions=f"games needed: {tries}",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--from", type=int, default=1, dest="first")
    parser.add_argument("--only-runs", action="store_true", help="without the planted faults")
    options = parser.parse_args()
    sys.exit(alone(lambda: run(runs=options.runs, first=options.first, only_runs=options.only_runs)))
