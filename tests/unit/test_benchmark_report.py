"""The page of figures: the generated part is replaced, the rest stays, and plots show what was measured."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import report
from tests.benchmarks.figures import Figure

SVG = "{http://www.w3.org/2000/svg}"


def told(*figures: Figure, **more: Any) -> dict[str, Any]:
    return {
        "began": "2026-11-26T13:00:00+00:00", "machine": "Linux-6.1", "cores": 2, "load_before": 1.0,
        "load_after": 2.5, "households": 20000, "figures": [figure.as_json() for figure in figures], **more,
    }  # fmt: skip


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = tmp_path / "benchmarks.md"
    made.write_text(
        f"# Figures\n\nby hand\n\n{report.BEGIN}\nmeasured last year\n{report.END}\n\nafter\n", encoding="utf-8"
    )
    return made


def write(page: Path, results: dict[str, Any]) -> str:
    report.write_page(results, page, page.parent / "img")
    return page.read_text(encoding="utf-8")


def test_only_what_lies_between_the_marks_is_replaced(page: Path) -> None:
    words = write(page, {"made": told(Figure("reading", 4.1, "ms", 20))})
    assert words.startswith(f"# Figures\n\nby hand\n\n{report.BEGIN}\n")
    assert words.endswith(f"{report.END}\n\nafter\n")
    assert "last year" not in words
    assert "| reading | 4.1 ms | ≤ 20 |  |  |  |" in words
    assert "load 1.0 at the beginning and 2.5 at the end; 20,000 households asked for" in words


def test_the_speed_of_the_machine_is_told_where_it_was_measured(page: Path) -> None:
    speed = {"yardstick_before": 56.2, "yardstick_after": 81.7}
    words = write(page, {"made": told(Figure("a", 1, "ms"), **speed), "older": told(Figure("b", 1, "ms"))})
    assert "2.5 at the end; yardstick 56 and 82 ms; 20,000 households" in words
    assert "2.5 at the end; 20,000 households" in words


def test_what_was_lost_of_the_cores_is_told_where_it_was_measured(page: Path) -> None:
    speed = {"yardstick_before": 56.2, "yardstick_after": 81.7, "lost_before": 0.004, "lost_after": 0.163}
    words = write(page, {"made": told(Figure("a", 1, "ms"), **speed)})
    assert "yardstick 56 and 82 ms; 0% and 16% lost with all cores busy; 20,000 households" in words


def test_writing_twice_changes_nothing(page: Path) -> None:
    results = {"made": told(Figure("reading", 4.1, "ms", beside={"other": 8.0}))}
    assert write(page, results) == write(page, results)


def test_what_was_measured_elsewhere_stays_while_its_benchmark_is_there(page: Path) -> None:
    write(page, {name: told(Figure(f"of {name}", 1, "ms")) for name in ("tiles", "abandoned", "live")})
    before = page.read_text(encoding="utf-8")
    words = write(page, {"made": told(Figure("reading", 4.1, "ms"))})
    heads = [line for line in words.splitlines() if line.startswith("### ")]
    assert heads == ["### `live`", "### `made`", "### `tiles`"]
    for name in ("live", "tiles"):
        here, there = (text.split(f"### `{name}`")[1].split("###")[0].split(report.END)[0] for text in (before, words))
        assert here == there
        assert f"| of {name} | 1 ms |" in there


def test_a_missed_goal_is_said(page: Path) -> None:
    words = write(page, {"made": told(Figure("rate", 1.5, "times", 4, at_least=True), Figure("n", 3, "", 1))})
    assert "| rate | **1.5 times, missed** | ≥ 4 |" in words
    assert "| n | **3, missed** | ≤ 1 |" in words


@pytest.mark.parametrize(("key", "begins"), [("answers_differ", "Answers differ"), ("unavailable", "Not run")])
def test_why_there_is_no_figure_is_said(page: Path, key: str, begins: str) -> None:
    words = write(page, {"made": told(**{key: "2 | grids"})})
    assert f"**{begins}" in words
    assert "2 \\| grids" in words


@pytest.mark.parametrize("marks", ["", report.BEGIN, f"{report.END}\n{report.BEGIN}", report.BEGIN * 2 + report.END])
def test_a_page_without_its_marks_is_left_alone(page: Path, marks: str) -> None:
    page.write_text(marks, encoding="utf-8")
    with pytest.raises(report.MarksMissing):
        write(page, {"made": told(Figure("reading", 4.1, "ms", beside={"other": 8.0}))})
    assert page.read_text(encoding="utf-8") == marks
    assert not (page.parent / "img").exists()


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    drawn = report.plot("made", [Figure("a <b>", 10, "ms", 20, beside={"x & y": 40.0, "z": 20.0}).as_json()])
    assert drawn is not None
    root = ET.fromstring(drawn)
    bars = [float(bar.attrib["width"]) for bar in root.iter(f"{SVG}rect")][1:]
    assert [bar / bars[0] for bar in bars] == pytest.approx([1, 4, 2], rel=0.01)
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"a <b>, ms", "Fangtu", "x & y", "z", "10", "40", "20"} == set(words)
    left = float(next(iter(root.iter(f"{SVG}rect"))).attrib["width"])
    assert all(float(bar.attrib.get("x", 0)) + float(bar.attrib["width"]) <= left for bar in root.iter(f"{SVG}rect"))
    goal = next(iter(root.iter(f"{SVG}path"))).attrib["d"]
    assert float(goal[1:].split()[0]) == pytest.approx(report.LABEL + bars[2], rel=0.01)


def test_a_plot_that_is_no_longer_true_is_removed(page: Path) -> None:
    write(page, {"made": told(Figure("a", 1, "ms", beside={"other": 2.0}))})
    picture = page.parent / "img" / "bench-made.svg"
    assert picture.exists()
    words = write(page, {"made": told(Figure("a", 1, "ms"))})
    assert not picture.exists()
    assert "bench-made.svg" not in words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (0.0312, "0.0312"), (4.126, "4.13"), (99.96, "100"), (12345.6, "12,346")]
)
def test_numbers_are_short_and_have_no_exponent(value: float, words: str) -> None:
    assert report.number(value) == words


def test_the_page_of_the_documentation_has_its_marks() -> None:
    words = report.PAGE.read_text(encoding="utf-8")
    assert words.count(report.BEGIN) == words.count(report.END) == 1
    assert words.index(report.BEGIN) < words.index(report.END)


def test_write_runs_all_and_then_rewrites_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(bench, "_run", lambda names, households, as_json: asked.append((names, households)) or 1)
    monkeypatch.setattr(bench, "_write_page", lambda: asked.append("page"))
    assert bench.main(["--write", "--households", "20000"]) == 1
    assert asked == [(bench.NAMES, 20000), "page"]
    asked.clear()
    bench.main(["tiles", "--write"])
    assert asked == [(("tiles",), None), "page"]
