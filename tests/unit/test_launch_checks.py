"""What ``./fangtu test`` gives the tests along, with a program in their place that says what it was given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.launch.checks import run_checks
from app.launch.console import Console
from app.launch.places import Places


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A checkout whose pytest writes down its words and its environment."""
    program = tmp_path / ".venv" / "bin" / "pytest"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@" > words\nenv > given\nexit 3\n')
    program.chmod(0o755)
    return Places(tmp_path, tmp_path / "var")


def test_modules_are_compiled_once_for_all_processes_whatever_the_machine_says(places: Places) -> None:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "FANGTU_LANG": "en"}
    assert run_checks(places, ["tests/unit", "-x"], Console("en"), env) == 3
    given = (places.root / "given").read_text().splitlines()
    assert "FANGTU_LANG=en" in given
    assert not [line for line in given if line.startswith("PYTHONDONTWRITEBYTECODE")]
    assert (places.root / "words").read_text() == "tests/unit -x\n"
