"""Problems from files: what the guide shows can be read, a fault names its field, and the command says so in words."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.cli import main
from data.settings import ROOT
from geo.routing.problem import ProblemError
from geo.routing.reading import load_problem, read_problem
from geo.routing.reading_plans import read_plan
from geo.routing.solve import solve
from geo.routing.verify import verify_plan
from tests.routing import HOUR, SOLOMON

GUIDE = (ROOT / "templates" / "docs" / "guide" / "route-problems.md").read_text(encoding="utf-8")
SHOWN, SHOWN_PLAN = (json.loads(body) for body in re.findall(r"^```json\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL))
MATRIX: dict[str, Any] = {
    "fangtu_route_problem": 1,
    "travel": {"kind": "matrix", "seconds": {"walk": [[0, 300], [240, 0]]}, "metres": {"walk": [[0, 400], [400, 0]]}},
    "inspectors": [{"id": "li", "start": 0, "from": "08:00", "to": "12:00"}],
    "households": [{"id": "h1", "at": 1}],
}


def test_the_problem_and_the_plan_of_the_guide_can_be_read() -> None:
    problem = read_problem(copy.deepcopy(SHOWN))
    assert problem.days == ("2026-11-30", "2026-12-01")
    assert [len(one.shifts) for one in problem.inspectors] == [2, 1]
    # At home until 13:30, so a visit of 30 minutes begins by 13:00; a break of 45 minutes by 12:45.
    assert problem.households[1].windows[0].closes == 13 * HOUR
    assert problem.inspectors[0].breaks[0].closes == 12 * HOUR + 2700
    plan = solve(problem, rounds=1)
    assert verify_plan(problem, plan).good
    assert plan.visits == 4
    assert read_plan(SHOWN_PLAN).routes[0].breaks[0].after == 2


def test_a_matrix_is_taken_as_it_is_in_each_direction() -> None:
    plan = solve(read_problem(copy.deepcopy(MATRIX)), rounds=0)
    (route,) = plan.routes
    assert (route.stops[0].travel_s, route.back_travel_s, route.travel_m) == (300, 240, 800)


def test_a_household_without_a_way_is_told_and_not_tried_for_ever() -> None:
    given = copy.deepcopy(MATRIX)
    given["travel"]["seconds"]["walk"][0][1] = None
    plan = solve(read_problem(given), rounds=1)
    assert [(one.household, one.reason) for one in plan.unplanned] == [("h1", "no_way")]


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (["fangtu_route_problem"], 2, "fangtu_route_problem", "version"),
        (["travel", "seconds", "walk", 0, 1], float("nan"), "travel.seconds.walk[0][1]", "null where there is no way"),
        (["travel", "seconds", "walk", 0, 1], float("inf"), "travel.seconds.walk[0][1]", "finite"),
        (["travel", "seconds", "walk", 0, 1], -1, "travel.seconds.walk[0][1]", "at least 0"),
        (["travel", "seconds", "walk", 0, 1], "5", "travel.seconds.walk[0][1]", "finite"),
        (["travel", "seconds", "walk"], [[0, 1]], "travel.seconds.walk[0]", "expected 1 number."),
        (["travel", "metres", "car"], [[0, 1], [1, 0]], "travel.metres", "modes"),
        (["travel", "kind"], "crow", "travel.kind", "points"),
        (["inspectors", 0, "start"], 7, "inspectors[0].start", "from 0 to 1"),
        (["inspectors", 0, "from"], "25:00", "inspectors[0].from", "time of day"),
        (["inspectors", 0, "to"], "07:00", "inspectors[0].to", "not before"),
        (["inspectors", 0, "colour"], "red", "inspectors[0].colour", "known fields"),
        (["households", 0, "minutes"], 1.5, "households[0].minutes", "whole number"),
        (
            ["households", 0, "windows"],
            [{"from": "09:00", "to": "09:10"}],
            "households[0].windows[0].to",
            "holds a visit",
        ),
        (["households", 0, "windows"], [{"day": 2}], "households[0].windows[0].day", "1 to 1"),
        (["households", 0, "id"], "", "households[0].id", "a text"),
        (["households"], {}, "households", "a list"),
        (["days"], 0, "days", "1 to 31"),
    ],
)
def test_a_fault_names_its_field(path: list[Any], value: Any, field: str, expected: str) -> None:
    given = copy.deepcopy(MATRIX)
    inner: Any = given
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    with pytest.raises(ProblemError) as refused:
        read_problem(given, "p.json")
    assert refused.value.text.en.startswith(f"p.json, {field}: found ")
    assert expected in refused.value.text.en
    assert refused.value.text.zh.startswith(f"p.json 的 {field}：读到 ")


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["route", *words])


def test_the_command_plans_checks_and_writes(tmp_path: Path) -> None:
    problem, plan = tmp_path / "small.txt", tmp_path / "plan.json"
    problem.write_text(SOLOMON)
    done = run("solve", str(problem), "--out", str(plan), "--rounds", "1", "--json")
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["good"], told["visits"], told["unit"], told["estimated"]) == (True, 4, "tenths", False)
    checked = run("verify", str(problem), str(plan), "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout)["travel_m"] == told["travel_m"]
    values = json.loads(plan.read_text("utf-8"))
    values["routes"][0]["stops"].pop()
    plan.write_text(json.dumps(values), "utf-8")
    again = run("verify", str(problem), str(plan))
    assert again.exit_code == 1
    assert "既没有安排也没有列为未安排" in again.stdout or "neither planned nor left out" in again.stdout


@pytest.mark.parametrize("text", ["", "{", "[]", "hello", '{"fangtu_route_problem": 1}', "[" * 100_000])
def test_what_is_no_problem_is_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "p.json"
    file.write_text(text)
    answer = run("solve", str(file), "--out", str(tmp_path / "out.json"))
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
    assert answer.stderr.strip().count("\n") == 0


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"nowhere\.json"):
        load_problem(tmp_path / "nowhere.json")


def homberger(customers: int, last: str = "") -> str:
    """An instance as Homberger and Gehring write them, all customers within reach and each open all day."""
    rows = [
        f"{at:5d} {at * 37 % 500:6d} {at * 91 % 500:6d} {10 if at else 0:5d} {0:6d} {3600:6d} {10 if at else 0:5d}"
        for at in range(customers + 1)
    ]
    head = "R1_10_1\n\nVEHICLE\nNUMBER     CAPACITY\n  250         200\n\nCUSTOMER\n"
    return head + "CUST NO. XCOORD. YCOORD. DEMAND READY DUE SERVICE\n\n" + "\n".join(rows) + last


def test_an_instance_of_homberger_is_read_and_planned(tmp_path: Path) -> None:
    file = tmp_path / "R1_10_1.TXT"
    file.write_text(homberger(1000), newline="\r\n")
    problem = load_problem(file)
    assert (len(problem.households), len(problem.inspectors), problem.inspectors[0].capacity) == (1000, 250, 200)
    plan = solve(problem, rounds=0, workers=1)
    assert verify_plan(problem, plan).good
    assert plan.visits == 1000


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("\n 21 1e300 1 1 0 100 10", "too large"),
        ("\n 21 1 1 1 0 1e18 10", "too large"),
        ("\n 21 nan 1 1 0 100 10", "7 numbers are expected"),
        ("\n 21 1 1", "7 numbers are expected"),
        ("\n 21 1 1 1 0 100 -10", "cannot be below 0"),
        ("\n 20 1 1 1 0 100 10", "there twice"),
        ("\n 21 1 1 1 100 0 10", "before it begins"),
        ("\nEOF", "is not a number"),
    ],
)
def test_a_wrong_row_of_an_instance_is_named(tmp_path: Path, last: str, expected: str) -> None:
    file = tmp_path / "wrong.txt"
    file.write_text(homberger(20, last))
    with pytest.raises(ProblemError) as refused:
        load_problem(file)
    assert expected in refused.value.text.en


def test_an_instance_of_more_customers_than_one_plan_takes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "many.txt"
    file.write_text(homberger(20_001))
    with pytest.raises(ProblemError, match="20,000 at most"):
        load_problem(file)
