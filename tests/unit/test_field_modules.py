"""The phone's own modules, in Node: what they compute, and that no fault of net, server or phone loses a visit."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.field_modules import PACKAGES, PLANTED, STATIC, play, run_node, with_fault

GAMES = 60
# As many games as make sure each fault is caught; seeds are fixed, so it is always the same games.
GAMES_WITH_FAULT = 40


def test_no_game_of_faults_loses_or_doubles_a_visit() -> None:
    told = play(1, GAMES)
    assert told["failed"] == []
    assert told["runs"] == GAMES
    assert told["visits"] > GAMES


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_fault_is_caught(name: str, tmp_path: Path) -> None:
    assert play(1, GAMES_WITH_FAULT, static=with_fault(name, tmp_path))["wrong"] > 0


def test_the_modules_compute_what_they_say() -> None:
    assert json.loads(run_node("modules.mjs", STATIC / "js" / "field", PACKAGES / "fake-indexeddb")) == []


def test_the_export_is_a_zip_that_others_read() -> None:
    packed = bytes.fromhex(run_node("zip.mjs", STATIC / "js" / "field").strip())
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "outbox.json": b'{"schema":1}',
            "visits/户.json": "走访".encode(),
            "empty": b"",
        }
