"""A thousand stories of phones on a network that fails, and servers with a fault built in that they must find out.

Makes a database of its own. Run: ``python -m tests.benchmarks.bench_sync_faults [--stories 1000] [--from 0]``.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time

from flask import Flask

from app.factory import create_app
from data.db import owner_session
from data.folding import fold
from data.recheck import recheck
from tests.benchmarks.figures import AnswersDiffer, Figure, alone, drop_database, load_average
from tests.field_faults import Fate, fate_of, tell_story
from tests.field_mutants import MUTANTS, Mutant
from tests.web.conftest import Web, commit_web

ABOUT = "Stories of phones on a network that fails: nothing lost, doubled or silent; planted faults found out."
DATABASE = "fangtu_bench_faults"
STORIES, STEPS, TRIES = 1000, 25, 60


def run(households: int | None = None, stories: int = STORIES, first: int = 0) -> list[Figure]:
    """Tell the stories; the first that fails ends the run with its seed."""
    logging.disable(logging.CRITICAL)
    web = commit_web(DATABASE)
    fold(web.owner)
    app = create_app(web.settings)
    saved = refused = 0
    try:
        with fate_of(app) as fate:
            began = time.process_time()
            for seed in range(first, first + stories):
                try:
                    told = tell_story(app, web, fate, seed, STEPS)
                except AssertionError as error:
                    raise AnswersDiffer(f"story {seed}: {error}") from error
                saved += len(told.saved)
                refused += len(told.kept)
            spent = time.process_time() - began
            fold(web.owner)
            with owner_session(web.owner) as session:
                drift = recheck(session)["drift"]
            if drift:
                raise AnswersDiffer(f"{drift} rows are kept otherwise than counted after the stories")
            found = {name: _found_after(app, web, fate, mutant) for name, mutant in MUTANTS.items()}
    finally:
        app.extensions["fangtu"].engine.dispose()
        web.owner.dispose()
        drop_database(web.settings)
        logging.disable(logging.NOTSET)
    missed = [name for name, seed in found.items() if seed is None]
    tries = ", ".join(f"{name}: {seed}" for name, seed in found.items())
    return [
        Figure(
            "stories in which something was lost, doubled or silent",
            0,
            "",
            0,
            conditions=f"{stories} stories of {STEPS} steps from seed {first}, {saved} visits of 3 phones, {refused} "
            f"refusals kept; {spent:.0f} s of processor time in the program; {load_average()}",
        ),
        Figure(
            "servers with a fault built in that are found out",
            len(found) - len(missed),
            "",
            len(MUTANTS),
            at_least=True,
            peer=f"missed: {missed}" if missed else "none missed",
            conditions=f"stories needed: {tries}",
        ),
    ]


def _found_after(app: Flask, web: Web, fate: Fate, mutant: Mutant) -> int | None:
    """How many stories it takes until one fails; None if that many do not."""
    with mutant():
        for seed in range(TRIES):
            try:
                tell_story(app, web, fate, seed, STEPS)
            except (AssertionError, OSError):
                break
        else:
            return None
    # Found out by the fault itself, and not by what another one left behind.
    tell_story(app, web, fate, seed, STEPS)
    return seed + 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stories", type=int, default=STORIES)
    parser.add_argument("--from", type=int, default=0, dest="first")
    options = parser.parse_args()
    sys.exit(alone(lambda: run(stories=options.stories, first=options.first)))
