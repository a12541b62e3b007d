"""A database that repairs itself after a power cut is waited for as long as it gets on."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path

import pytest

from app.launch import postgres
from app.launch.console import Console, LaunchError
from app.launch.places import Account, ClusterPlace
from app.launch.postgres import Cluster

PID = 4711


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A data folder with the pid file of a server that is starting."""
    monkeypatch.setattr(postgres, "START_S", 0.4)
    place = ClusterPlace(tmp_path, tmp_path / "run")
    made = Cluster(place, Account("root", 0, 0), tmp_path, "15")
    made.data.mkdir(parents=True)
    place.log.write_text("LOG: starting\n")
    tell(made, "starting")
    return made


def tell(cluster: Cluster, state: str) -> None:
    lines = [str(PID), str(cluster.data), "0", "5432", "run", "localhost", "0 0", state]
    (cluster.data / "postmaster.pid").write_text("\n".join(lines) + "\n")


def wait(cluster: Cluster, *, has_ended: bool = False) -> None:
    console = Console("en", io.StringIO())
    postgres._wait_until_ready(cluster, PID, 0, console, has_ended=lambda: has_ended)


def test_it_is_waited_for_while_its_log_grows(cluster: Cluster) -> None:
    def repair() -> None:
        for second in range(8):
            time.sleep(0.2)
            with cluster.place.log.open("a") as log:
                log.write(f"LOG: redo in progress, elapsed time: {second} s\n")
        tell(cluster, "ready")

    began = time.monotonic()
    worker = threading.Thread(target=repair)
    worker.start()
    wait(cluster)
    worker.join()
    assert time.monotonic() - began > postgres.START_S


def test_one_that_is_silent_or_has_ended_is_not_waited_for(cluster: Cluster) -> None:
    with pytest.raises(LaunchError, match="LOG: starting"):
        wait(cluster)
    with cluster.place.log.open("a") as log:
        log.write("FATAL: out of memory\n")
    with pytest.raises(LaunchError, match="out of memory"):
        wait(cluster, has_ended=True)
