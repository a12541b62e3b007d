"""Stories of phones on a network that fails, against the server as it is: 0 lost, 0 doubled, 0 silent."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.factory import create_app
from data.folding import fold
from tests.field_faults import Fate, fate_of, tell_story
from tests.field_mutants import MUTANTS
from tests.web.conftest import Web, commit_web

# A thousand of them, and servers with a fault built in, are told by ``tests/benchmarks/bench_sync_faults.py``.
STORIES = 10


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = commit_web("fangtu_test_faults")
    fold(made.owner)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    # Faults come out as they are made: the server's own answer to them is no test's matter.
    made = create_app(web.settings)
    made.config["PROPAGATE_EXCEPTIONS"] = False
    return made


@pytest.fixture(scope="module")
def fate(app: Flask) -> Iterator[Fate]:
    with fate_of(app) as made:
        yield made


@pytest.mark.parametrize("seed", range(STORIES))
def test_nothing_is_lost_doubled_or_silent(app: Flask, web: Web, fate: Fate, seed: int) -> None:
    assert tell_story(app, web, fate, seed).saved


@pytest.mark.parametrize("name", ["acknowledged before it is committed", "no photograph is said to be lacking"])
def test_a_server_with_a_fault_built_in_is_found_out(app: Flask, web: Web, fate: Fate, name: str) -> None:
    assert any(fails(app, web, fate, name, seed) for seed in range(40))


def fails(app: Flask, web: Web, fate: Fate, name: str, seed: int) -> bool:
    """Whether a story finds out a fault."""
    with MUTANTS[name]():
        try:
            tell_story(app, web, fate, seed)
        except AssertionError:
            return True
    return False
