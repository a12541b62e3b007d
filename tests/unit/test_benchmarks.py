"""Benchmarks are listed, refuse what they do not know, and say by their status whether goals are met."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from data.settings import ROOT
from tests.benchmarks import __main__ as bench
from tests.benchmarks import figures
from tests.benchmarks.figures import AnswersDiffer, Figure, Unavailable, p95


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """A benchmark of the tests' own that gives what a test wants."""
    module = ModuleType("tests.benchmarks.bench_made")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(bench, "NAMES", ("made",))
    monkeypatch.setattr(bench, "_write", lambda name, told: None)
    monkeypatch.setattr(figures, "lost_share", lambda: 0.25)  # it takes seconds, and is tested by itself
    return module


def gives(module: ModuleType, *figures: Figure) -> None:
    module.run = lambda households: list(figures)  # type: ignore[attr-defined]


def test_every_script_keeps_the_contract() -> None:
    assert set(bench.NAMES) >= {"addresses", "coverage", "datum", "first_view", "import", "responsive", "tiles"}
    for name in bench.NAMES:
        module = import_module(f"tests.benchmarks.bench_{name}")
        assert module.ABOUT.endswith("."), name
        assert callable(module.run), name
        assert f"bench_{name}" in (module.__doc__ or ""), name


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n{name} " in f"\n{listed}" for name in bench.NAMES)
    assert bench.main(["--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(bench.NAMES)


@pytest.mark.parametrize("words", [["planets"], ["coverage", "planets"], ["coverage", "--households", "0"]])
def test_a_wrong_command_line_gives_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bench.main(words)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("figure", "met", "status"),
    [
        (Figure("a", 1.0, "s"), None, 0),
        (Figure("a", 1.0, "s", 1.0), True, 0),
        (Figure("a", 1.1, "s", 1.0), False, 1),
        (Figure("a", 1.0, "", 1.0, at_least=True), True, 0),
        (Figure("a", 0.9, "", 1.0, at_least=True), False, 1),
    ],
)
def test_a_missed_goal_gives_1(
    made: ModuleType, capsys: pytest.CaptureFixture[str], figure: Figure, met: bool | None, status: int
) -> None:
    gives(made, figure)
    assert bench.main(["made", "--json"]) == status
    told = json.loads(capsys.readouterr().out)["made"]
    assert told["figures"][0]["met"] is met
    assert {"load_before", "load_after", "cores", "began"} <= set(told)


@pytest.mark.parametrize(
    ("error", "key"), [(AnswersDiffer("2 grids"), "answers_differ"), (Unavailable("x"), "unavailable")]
)
def test_answers_that_differ_give_1_and_no_figure(
    made: ModuleType, capsys: pytest.CaptureFixture[str], error: Exception, key: str
) -> None:
    def run(households: Any) -> list[Figure]:
        raise error

    made.run = run  # type: ignore[attr-defined]
    assert bench.main(["all", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)["made"]
    assert (told[key], told["figures"]) == (str(error), [])


def test_the_size_is_handed_on_and_a_table_printed(made: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[int | None] = []
    made.run = lambda households: asked.append(households) or [Figure("reading", 4.1, "ms", 20, conditions="c")]  # type: ignore[attr-defined]
    assert bench.main(["made", "--households", "123"]) == 0
    assert asked == [123]
    assert "reading  4.1 ms  <= 20  met" in capsys.readouterr().out


def test_results_are_written(made: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    written: dict[str, Any] = {}
    monkeypatch.setattr(bench, "_write", written.__setitem__)
    gives(made, Figure("a", 1.0, "s"))
    bench.main(["made"])
    assert written["made"]["figures"][0]["value"] == 1.0
    assert written["made"]["yardstick_before"] > 0
    assert written["made"]["yardstick_after"] > 0
    assert (written["made"]["lost_before"], written["made"]["lost_after"]) == (0.25, 0.25)


def test_what_other_work_takes_of_the_cores_is_noticed() -> None:
    """Twice as many busy processes as cores: each gets half, which one of them alone does not lose."""
    cores = os.cpu_count() or 1
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        assert figures.lost_share(0.5) > 0.2
    finally:
        for one in busy:
            one.kill()
            one.wait()


def test_listing_needs_no_database() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks"],
        cwd=ROOT,
        env={"FANGTU_DATABASE_URL": "postgresql+psycopg2://nobody@/none?host=/nowhere", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_p95_of_few_values_is_one_of_them() -> None:
    assert p95([3.0]) == 3.0
    assert p95([float(n) for n in range(100)]) == 95.0
