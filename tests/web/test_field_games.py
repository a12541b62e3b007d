"""Some of the games of the phone's own modules against the server, and some faults that they have to find out.

A thousand of them, with every planted fault, are played by ``tests/benchmarks/bench_field_games.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.folding import fold
from tests.field_games import Games, games_on
from tests.field_modules import with_changes, with_fault
from tests.field_mutants import MUTANTS
from tests.web.conftest import commit_web

SEEDS = range(1, 14)
# What happens in them of what a phone goes through.
FAULTS = {
    "answer lost",
    "browser killed",
    "clock moved by up to 3 days",
    "late copy",
    "offline",
    "server:killed_after",
    "server:killed_before:1",
    "server:killed_in_body",
    "taken back after it was sent",
    "taken back while it is sent",
    "update in mid-form",
    "visit corrected",
}


@pytest.fixture(scope="module")
def games() -> Iterator[Games]:
    web = commit_web("fangtu_test_games")
    fold(web.owner)
    with games_on(web) as made:
        yield made
    web.owner.dispose()


def test_nothing_is_lost_doubled_or_silent(games: Games) -> None:
    played = games.play(SEEDS, lines=2)
    assert played.failed == []
    assert played.runs == len(SEEDS)
    assert played.saved > 0
    assert set(played.injected) >= FAULTS


def test_a_fault_planted_into_the_phone_is_found_out(games: Games, tmp_path: Path) -> None:
    static = with_fault("a photo is deleted before it is confirmed", tmp_path)
    assert games.play(SEEDS, static=static, until_wrong=True).failed


def test_a_server_with_a_fault_built_in_is_found_out(games: Games) -> None:
    with MUTANTS["acknowledged before it is committed"]():
        assert games.play(SEEDS, until_wrong=True).failed


def test_a_game_that_hangs_is_cut_off_and_says_what_it_waits_for(games: Games, tmp_path: Path) -> None:
    waits = ("const bytes = await rowBytes(key, started);", "const bytes = await new Promise(() => {});")
    static = with_changes("sender.js", (waits,), tmp_path)
    (failed,) = games.play(SEEDS, static=static, until_wrong=True, step_s=0.5).failed
    (problem,) = failed["problems"]
    assert problem.startswith("hangs for 0.5 s at ")
    assert "lock fangtu-send-" in problem
    assert failed["steps"]
