"""The own cluster against real PostgreSQL: made whole or not at all, found again after a kill, stopped alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.launch.cluster import describe_cluster, find_cluster, find_postmaster, is_made, start_cluster, stop_cluster
from app.launch.console import Console
from app.launch.packages import find_programs
from app.launch.places import Places
from app.launch.postgres import Cluster
from app.launch.processes import end


@pytest.fixture
def places() -> Iterator[Places]:
    """A folder that the server's account can reach, which pytest's own folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="fangtu-test-"))
    folder.chmod(0o755)
    made = Places(folder, folder / "var")
    made.make()
    yield made
    shutil.rmtree(folder)


@pytest.fixture
def cluster(places: Places) -> Iterator[Cluster]:
    programs = find_programs()
    assert programs is not None
    found = find_cluster(places, programs)
    yield found
    stop_cluster(places, found)


def test_a_cluster_is_made_killed_found_again_and_stopped(places: Places, cluster: Cluster) -> None:
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console("en", nowhere, places.logs / "setup.log")
        leftover = cluster.place.base / ".making-killed" / "data"
        assert describe_cluster(cluster, external=False)["state"] == "absent"

        assert start_cluster(places, cluster, console, stay=False)
        assert is_made(cluster)
        assert not start_cluster(places, cluster, console, stay=False), "already running, and its keeper lives"
        first = find_postmaster(cluster)
        assert first is not None
        environment = Path(f"/proc/{first.pid}/environ").read_text().split("\0")
        assert "MALLOC_TRIM_THRESHOLD_=8388608" in environment
        assert not any(line.startswith("PG") for line in environment)

        assert end(first, signal.SIGKILL, 5)
        assert find_postmaster(cluster) is None
        assert (cluster.data / "postmaster.pid").exists()
        assert start_cluster(places, cluster, console, stay=True) is False, "meant to stay"
        assert json.loads((places.run / "cluster.json").read_text())["keeper"] is None

        (places.secrets / "cluster.json").unlink()
        start_cluster(places, cluster, console, stay=False)
        assert describe_cluster(cluster, external=False)["state"] == "running", "a lost password is set anew"

        assert stop_cluster(places, cluster)
        assert not stop_cluster(places, cluster)
        assert describe_cluster(cluster, external=False)["state"] == "stopped"

        shutil.rmtree(cluster.data)
        leftover.mkdir(parents=True)
        start_cluster(places, cluster, console, stay=False)
        assert is_made(cluster)
        assert not leftover.exists()
