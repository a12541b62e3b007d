"""Games of the phone's own modules against the server as it is: whatever happens, 0 lost, 0 doubled, 0 silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from data.folding import fold
from tests.field_games import Games, games_on
from tests.field_modules import with_fault
from tests.field_mutants import MUTANTS
from tests.web.conftest import Web, commit_web

# A thousand of them, and every planted fault, are played by ``./fangtu bench field_games``.
SEEDS = range(1, 21)
FEW = range(1, 4)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = commit_web("fangtu_test_games")
    fold(made.owner)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def games(web: Web) -> Iterator[Games]:
    with games_on(web) as made:
        yield made


def test_nothing_is_lost_doubled_or_silent(games: Games) -> None:
    played = games.play(SEEDS, lines=2)
    assert played.failed == []
    assert played.runs == len(SEEDS)
    assert played.saved > len(SEEDS)
    assert len(played.injected) > 20


@pytest.mark.parametrize(
    "name", ["a new id for each attempt", "a photo is deleted before it is confirmed", "done before it is sent"]
)
def test_a_fault_planted_into_the_phone_is_caught(games: Games, name: str, tmp_path: Path) -> None:
    assert games.play(FEW, static=with_fault(name, tmp_path), until_wrong=True).failed


@pytest.mark.parametrize("name", ["acknowledged before it is committed", "no photograph is said to be lacking"])
def test_a_server_with_a_fault_built_in_is_found_out(games: Games, name: str) -> None:
    with MUTANTS[name]():
        assert games.play(FEW, until_wrong=True).failed
