"""Stale pid files: a number alone never makes a process ours."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.launch.console import LaunchError
from app.launch.keys import cluster_password, demo_password, keep_cluster_password, make_keys, write_database
from app.launch.places import Places
from app.launch.processes import (
    Process,
    WebServer,
    end,
    identify,
    is_same,
    pids_in,
    read_json,
    read_web_server,
    write_private,
    write_web_server,
)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A /proc with one gunicorn, number 70, started at tick 5000, whose name holds a parenthesis."""
    folder = tmp_path / "proc" / "70"
    folder.mkdir(parents=True)
    (folder / "stat").write_text("70 (guni) corn) S 1 70 70 " + "0 " * 15 + "5000 0 0\n")
    (folder / "cmdline").write_bytes(b"/x/.venv/bin/gunicorn\0app.factory:wsgi()\0")
    (folder / "cwd").symlink_to(tmp_path)
    return tmp_path / "proc"


def test_a_process_is_known_by_number_and_start(proc: Path) -> None:
    assert identify(70, proc) == Process(70, 5000)
    assert is_same(Process(70, 5000), "gunicorn", proc)


def test_a_number_used_again_is_another_process(proc: Path) -> None:
    assert not is_same(Process(70, 4999), "gunicorn", proc)
    assert not is_same(Process(70, 5000), "postgres", proc)
    assert identify(71, proc) is None


def test_a_zombie_is_dead(proc: Path) -> None:
    stat = proc / "70" / "stat"
    stat.write_text(stat.read_text().replace(") S", ") Z"))
    assert identify(70, proc) is None


def test_processes_are_found_by_their_folder(proc: Path, tmp_path: Path) -> None:
    assert list(pids_in(tmp_path, proc)) == [70]
    assert list(pids_in(tmp_path / "other", proc)) == []


def test_only_that_very_process_is_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = identify(child.pid)
    assert process is not None
    assert end(replace(process, started=process.started - 1), signal.SIGKILL, 0.1)
    assert child.poll() is None
    assert end(process, signal.SIGKILL, 5)


def test_the_record_of_a_dead_or_foreign_web_server_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "web.json"
    assert read_web_server(path) is None
    path.write_text('{"server": {"pid": 1')
    assert read_web_server(path) is None
    me = identify(os.getpid())
    assert me is not None
    write_web_server(path, WebServer(me, me, "127.0.0.1", 8000, True))
    assert read_web_server(path) is None  # pytest is no gunicorn


def test_the_address_is_one_a_browser_can_open() -> None:
    me = Process(1, 1)
    assert WebServer(me, me, "0.0.0.0", 8000, True).url == "http://127.0.0.1:8000/"
    assert WebServer(me, me, "::1", 81, False).url == "http://[::1]:81/"


def test_private_files_are_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secret"]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path, tmp_path / "var")
    made.make()
    return made


def test_keys_are_made_once(places: Places) -> None:
    make_keys(places, {}, has_data=False)
    first = (places.secrets / "keys.json").read_text()
    make_keys(places, {}, has_data=True)
    assert (places.secrets / "keys.json").read_text() == first
    keys = json.loads(first)
    assert len(bytes.fromhex(keys["keys"][keys["current"]]["seal"])) == 64
    assert len(bytes.fromhex(keys["keys"][keys["current"]]["index"])) == 32


def test_lost_keys_are_never_replaced_while_there_is_data(places: Places) -> None:
    with pytest.raises(LaunchError, match="backup"):
        make_keys(places, {}, has_data=True)
    with pytest.raises(LaunchError, match="missing"):
        make_keys(places, {"FANGTU_KEY_FILE": str(places.var / "none.json")}, has_data=False)


def test_the_password_of_the_application_survives_a_change_of_database(places: Places) -> None:
    write_database(places, "postgresql+psycopg2://a@/x")
    before = read_json(places.secrets / "database.json")
    write_database(places, "postgresql+psycopg2://b@/y")
    after = read_json(places.secrets / "database.json")
    assert after["admin_url"].endswith("b@/y")
    assert after["app_password"] == before["app_password"]


def test_the_password_of_the_cluster_is_made_once(places: Places) -> None:
    password, is_new = cluster_password(places)
    assert is_new
    keep_cluster_password(places, password)
    assert cluster_password(places) == (password, False)


def test_the_demo_keeps_its_password_until_told_otherwise(places: Places) -> None:
    first = demo_password(places, None)
    assert demo_password(places, None) == first
    assert demo_password(places, "another-one") == "another-one"
    assert demo_password(places, None) == "another-one"
