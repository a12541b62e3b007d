"""The worker beside the web server: recorded, started again when it dies, stopped and nothing else."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.launch import background
from app.launch.background import KeptWorker, find_worker, stop_worker
from app.launch.places import Places
from app.launch.processes import Process, identify, read_json


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A checkout whose Python only waits, under the command line of the worker."""
    made = Places(tmp_path, tmp_path / "var")
    made.make()
    made.python.parent.mkdir(parents=True)
    made.python.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'import time; time.sleep(60)' \"$@\"\n")
    made.python.chmod(0o755)
    return made


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_worker_is_found_by_its_record_and_stopped(places: Places) -> None:
    assert find_worker(places) is None
    assert not stop_worker(places)
    KeptWorker(places, {"PATH": os.environ["PATH"]})
    until(lambda: find_worker(places))
    process = find_worker(places)
    assert process is not None
    assert "PYTHONPATH=" + str(places.root) in (Path("/proc") / str(process.pid) / "environ").read_text()
    assert stop_worker(places)
    assert identify(process.pid) != process
    assert find_worker(places) is None
    assert not (places.run / background.RECORD).exists()


def test_a_worker_that_dies_is_started_again_after_a_pause(places: Places) -> None:
    kept = KeptWorker(places, {"PATH": os.environ["PATH"]})
    until(lambda: find_worker(places))
    first = find_worker(places)
    assert first is not None
    kept.look()
    assert find_worker(places) == first
    os.kill(first.pid, signal.SIGKILL)
    until(lambda: identify(first.pid) != first)
    kept.look()
    assert find_worker(places) is None  # not at once: one that cannot start must not be started without end

    def next_one() -> Process | None:
        kept.look()
        return find_worker(places)

    until(next_one)
    second = find_worker(places)
    assert second is not None
    assert second != first
    assert stop_worker(places)


def test_a_foreign_process_with_the_recorded_number_is_left_alone(places: Places) -> None:
    me = identify(os.getpid())
    assert me is not None
    (places.run / background.RECORD).write_text(f'{{"pid": {me.pid}, "started": {me.started}}}')
    assert find_worker(places) is None  # pytest is no worker
    assert not stop_worker(places)
    assert read_json(places.run / background.RECORD) == {}
