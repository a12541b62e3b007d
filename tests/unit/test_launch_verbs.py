"""The command line itself: help, wrong words, exit status; nothing is installed or started here."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.launch.console import Console, LaunchError
from app.launch.places import Places
from app.launch.server import find_web_server
from app.launch.setup import Wish, set_up
from app.launch.status import collect_status
from app.launch.verbs import APP_VERBS, main
from app.launch.words import HELP

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def keep_signals() -> Iterator[None]:
    """The launcher handles signals for itself; pytest gets its own back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_help_names_every_verb_in_both_languages() -> None:
    for verb in (*APP_VERBS, "demo", "test", "bench", "serve", "stop", "status"):
        assert all(f"\n  {verb} " in text for text in HELP)


def test_help_is_given_without_any_word(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANGTU_LANG", "en")
    assert main([]) == 0
    assert capsys.readouterr().out == HELP.en


def test_an_unknown_verb_is_refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FANGTU_LANG", "en")
    assert main(["destroy"]) == 2
    assert "no command destroy" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_a_port_out_of_range_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["demo", f"--port={port}"])
    assert raised.value.code == 2


def test_no_install_reports_and_touches_nothing(tmp_path: Path) -> None:
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "static").mkdir()
    for name in ("package.json", "package-lock.json", "vendor.toml"):
        (tmp_path / "static" / name).write_bytes((ROOT / "static" / name).read_bytes())
    places = Places(tmp_path, tmp_path / "var")
    with pytest.raises(LaunchError) as raised:
        set_up(places, Wish(pages=True, install=False), Console("en"), {})
    assert "requirements.txt" in raised.value.text.en
    assert "static/vendor" in raised.value.text.en
    assert not places.venv.exists()
    assert not places.var.exists()


def test_status_has_its_keys_before_anything_is_set_up(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    places = Places(tmp_path, tmp_path / "var")
    status = collect_status(places, {})
    assert list(status) == ["versions", "cluster", "migrations", "counts", "extent"]
    assert status["cluster"]["state"] == "absent"
    assert find_web_server(places) is None
    assert not places.var.exists()
