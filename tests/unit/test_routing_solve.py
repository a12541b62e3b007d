"""Plans of visits: every household once, no rule broken, the best of small cases, and the same again."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from geo.routing.crews import crews_of
from geo.routing.parts import MOST, cut
from geo.routing.problem import Break, Household, Lock, Now, Pair, Problem, ProblemError, Window
from geo.routing.solomon import read_solomon
from geo.routing.solve import Progress, plan_quickly, solve
from geo.routing.verify import verify_plan
from tests.benchmarks.route_towns import make_town
from tests.conftest import ROOT
from tests.routing import HOUR, SOLOMON, hamlet, problems


def who(problem: Problem, rounds: int = 2) -> dict[str, str]:
    plan = solve(problem, rounds=rounds)
    assert verify_plan(problem, plan).violations == ()
    return {stop.household: route.inspector for route in plan.routes for stop in route.stops}


def test_each_takes_the_households_of_his_end() -> None:
    problem = hamlet()
    assert who(problem) == {"h1": "li", "h2": "li", "h3": "li", "h4": "wang", "h5": "wang", "h6": "wang"}
    plan = solve(problem, rounds=2)
    assert (plan.visits, plan.unplanned, plan.travel_s) == (6, (), 60 * 60)
    assert plan.travel_m == 6000


def test_nobody_leaves_home_to_stand_before_a_closed_door() -> None:
    late = Window(10 * HOUR, 11 * HOUR)
    problem = hamlet(households=(Household("h1", 4, windows=(late,)),))
    (route,) = solve(problem, rounds=0).routes
    assert (route.leave_s, route.stops[0].arrival_s) == (10 * HOUR - route.stops[0].travel_s, 10 * HOUR)


def test_a_small_instance_is_solved_to_the_best() -> None:
    problem = read_solomon(SOLOMON, "small.txt")
    best = min(
        total
        for order in itertools.permutations(range(1, 5))
        for at in range(5)
        if (total := _length(problem, order[:at]) + _length(problem, order[at:])) is not None
    )
    plan = solve(problem, rounds=3)
    assert (plan.travel_m, len(plan.unplanned)) == (best, 0)
    assert verify_plan(problem, plan).good


def _length(problem: Problem, order: tuple[int, ...]) -> float:
    """Length of a tour in tenths; endless if it breaks a window or carries too much."""
    now, place, total = 0, 0, 0
    if len(order) > 2:
        return float("inf")
    for customer in (*order, 0):
        way = int(problem.travel.seconds(0, place, customer))
        total, now, place = total + way, now + way, customer
        if customer:
            one = problem.households[customer - 1]
            if now > one.windows[0].closes:
                return float("inf")
            now = max(now, one.windows[0].opens) + one.service_s
    return total


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems())
def test_every_household_is_in_the_plan_once_and_no_rule_is_broken(problem: Problem) -> None:
    plan = solve(problem, rounds=1)
    verdict = verify_plan(problem, plan)
    assert verdict.violations == ()
    assert verdict.visits + verdict.unplanned == len(problem.households)
    assert all(one.reason not in ("", "fits") for one in plan.unplanned)


def test_the_same_rounds_and_seed_give_the_same_plan() -> None:
    town = make_town(60, 3, 2, seed=3)
    assert solve(town, rounds=3, seed=5) == solve(town, rounds=3, seed=5)


def test_a_first_plan_is_told_before_better_ones() -> None:
    told: list[Progress] = []
    town = make_town(60, 3, 1, seed=3)
    plan = solve(town, rounds=3, progress=told.append)
    assert [told[0].step, told[-1].step] == ["first", "done"]
    assert verify_plan(town, told[0].plan()).good
    marks = [(one.weight, one.visits, -one.travel_s) for one in told]
    assert marks == sorted(marks)
    assert plan.weight == marks[-1][0]


def test_who_cancels_gets_the_best_so_far() -> None:
    town = make_town(60, 3, 1, seed=3)
    told: list[Progress] = []
    plan = solve(town, seconds=3600, progress=told.append, cancelled=lambda: bool(told))
    assert plan.weight == told[0].weight
    assert verify_plan(town, plan).good


def test_a_problem_in_parts_is_planned_whole() -> None:
    town = make_town(410, 6, 1, seed=2)
    told: list[Progress] = []
    plan = solve(town, rounds=2, progress=told.append, workers=1)
    assert verify_plan(town, plan).good
    firsts = [one for one in told if one.step == "first"]
    assert [one.done for one in firsts] == list(range(1, firsts[0].total + 1))
    assert firsts[0].total > 1
    # Everybody is planned once before any part is planned properly, and nothing gets worse after that.
    assert firsts[-1].visits == 6 * 12
    assert {name for one in firsts for name in one.villages} == {one.village for one in town.households}
    assert [told.index(one) for one in firsts] == list(range(len(firsts)))
    marks = [(one.weight, one.visits) for one in told]
    assert marks == sorted(marks)
    assert plan.visits == 6 * 12


def test_everybody_is_planned_quickly_before_the_search() -> None:
    town = make_town(410, 6, 1, seed=2)
    told: list[Progress] = []
    plan_quickly(town, told.append)
    quick = told[-1].plan()
    assert (told[-1].done, quick.visits) == (told[-1].total, 6 * 12)
    assert {stop.household for route in quick.routes for stop in route.stops} | {
        one.household for one in quick.unplanned
    } == set(town.by_household)
    assert verify_plan(town, quick).good
    assert quick.weight <= solve(town, rounds=0, workers=1).weight


def test_parts_hold_everyone_once_and_are_small_enough() -> None:
    town = make_town(1200, 24, 2, seed=4)
    crews = crews_of(town)
    parts = cut(town, range(1200), crews)
    assert sorted(at for houses, _ in parts for at in houses) == list(range(1200))
    assert sorted(at for _, numbers in parts for at in numbers) == list(range(len(crews)))
    # Those named for an inspector elsewhere come on top.
    assert max(len(houses) for houses, _ in parts) <= MOST * 1.2


def test_a_break_is_taken() -> None:
    problem = hamlet()
    people = tuple(replace(one, breaks=(Break(9 * HOUR, 10 * HOUR, 1800),)) for one in problem.inspectors)
    plan = solve(replace(problem, inspectors=people), rounds=2)
    assert verify_plan(replace(problem, inspectors=people), plan).good
    assert [len(route.breaks) for route in plan.routes] == [1, 1]
    assert plan.visits == 6


def test_a_locked_visit_stays_where_it_is_locked() -> None:
    lock = Lock("h1", "wang", 0, 10 * HOUR)
    problem = hamlet(locks=(lock,))
    plan = solve(problem, rounds=2)
    (stop,) = [
        stop for route in plan.routes if route.inspector == "wang" for stop in route.stops if stop.household == "h1"
    ]
    assert stop.start_s == 10 * HOUR
    assert verify_plan(problem, plan).good


def test_a_group_has_one_inspector() -> None:
    problem = hamlet()
    homes = tuple(replace(one, group="g") if one.id in ("h1", "h6") else one for one in problem.households)
    served = who(replace(problem, households=homes), rounds=5)
    assert served["h1"] == served["h6"]


def test_who_is_visited_together_is_visited_in_a_row() -> None:
    problem = hamlet()
    # Li would pass h1, h2, h3 in this order, and Wang has the other end of the road.
    homes = tuple(replace(one, together="t") if one.id in ("h1", "h3") else one for one in problem.households)
    plan = solve(replace(problem, households=homes), rounds=5)
    assert verify_plan(replace(problem, households=homes), plan).good
    assert plan.visits == 6
    (row,) = [route for route in plan.routes if "h1" in {stop.household for stop in route.stops}]
    order = [stop.household for stop in row.stops]
    assert abs(order.index("h1") - order.index("h3")) == 1


def test_a_row_is_begun_where_there_is_room_for_all_of_it() -> None:
    problem = hamlet()
    people = (replace(problem.inspectors[0], most_visits=2), problem.inspectors[1])
    # The three live at Li's end of the road, but only Wang can visit three.
    homes = tuple(replace(one, together="t") if one.id != "h4" else one for one in problem.households[:4])
    changed = replace(problem, inspectors=people, households=homes)
    assert who(changed, rounds=5) == {"h1": "wang", "h2": "wang", "h3": "wang", "h4": "li"}


def test_rows_of_a_large_town_are_kept_in_parts_and_across_them() -> None:
    town = make_town(900, 18, 2, seed=3)
    homes = tuple(
        replace(one, together=f"row {at // 3}" if at % 9 < 3 else None) for at, one in enumerate(town.households)
    )
    town = replace(town, households=homes)
    plan = solve(town, rounds=4, workers=1)
    assert verify_plan(town, plan).good


def test_two_who_go_together_have_one_route() -> None:
    problem = hamlet(pairs=(Pair("li", "wang"),))
    homes = tuple(replace(one, pair=one.id == "h1") for one in problem.households)
    plan = solve(replace(problem, households=homes), rounds=2)
    assert [(route.inspector, route.companions) for route in plan.routes] == [("li", ("wang",))]
    assert "h1" in {stop.household for stop in plan.routes[0].stops}
    assert verify_plan(replace(problem, households=homes), plan).good


def test_a_wish_for_the_same_inspector_costs_what_it_is_said_to_cost() -> None:
    problem = hamlet()
    homes = tuple(replace(one, last_inspector="wang") if one.id == "h3" else one for one in problem.households)
    # To have Wang fetch h3 costs 60 minutes more of travel, or an exchange with h4 as much.
    assert who(replace(problem, households=homes, same_inspector_s=60))["h3"] == "li"
    assert who(replace(problem, households=homes, same_inspector_s=3 * HOUR), rounds=5)["h3"] == "wang"


def test_nothing_is_planned_before_now() -> None:
    problem = hamlet(now=Now(0, 10 * HOUR))
    plan = solve(problem, rounds=2)
    assert all(stop.start_s >= 10 * HOUR for route in plan.routes for stop in route.stops)
    assert verify_plan(problem, plan).good


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inspectors": ()}, "No inspector"),
        ({"households": ()}, "No household"),
        ({"households": (Household("h1", 99),)}, "place 99"),
        ({"households": (Household("h1", 2, priority=101),)}, "priority 101"),
        ({"households": (Household("h1", 2, windows=(Window(9, 8),)),)}, "no moment"),
        ({"households": (Household("h1", 2, inspector="zhao"),)}, "zhao"),
        ({"households": (Household("h1", 2), Household("h1", 3))}, "twice"),
        ({"households": tuple(Household(f"h{at}", 2) for at in range(20_001))}, "20,001"),
        ({"locks": (Lock("h9"),)}, "h9"),
        ({"pairs": (Pair("li", "wang"), Pair("wang", "li"))}, "two pairs"),
    ],
)
def test_a_problem_that_contradicts_itself_is_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ProblemError) as refused:
        hamlet(**changes)
    assert expected in refused.value.text.en


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("NUMBER     CAPACITY", "", 14, "NUMBER CAPACITY"),
        ("  2         20", "  two       20", 5, "two 20"),
        ("  2         20", "  0         20", 5, "0 vehicles"),
        ("0        10         10          0        100         10", "0  10  10  0  100", 11, "7 numbers"),
        ("10          0         40", "10         50         40", 14, "ends at 40"),
        ("0        100          0\n", "0        nan          0\n", 10, "7 numbers"),
    ],
)
def test_a_faulty_instance_names_file_and_line(old: str, new: str, line: int, expected: str) -> None:
    assert old in SOLOMON
    with pytest.raises(ProblemError) as refused:
        read_solomon(SOLOMON.replace(old, new, 1), Path("/somewhere/small.txt"))
    assert f"small.txt, line {line}:" in refused.value.text.en
    assert expected in refused.value.text.en


@pytest.mark.outside_data
@pytest.mark.parametrize(("name", "best"), [("C108", 8273), ("R101", 16377)])
def test_textbook_instances_come_near_the_best_known(shared_data: Path, name: str, best: int) -> None:
    problem = read_solomon((shared_data / "vrptw_solomon" / f"{name}.txt").read_text(), name)
    plan = solve(problem, rounds=4)
    assert verify_plan(problem, plan).good
    assert plan.travel_m <= best * 1.03


_KILLED = """
import os, time
from geo.routing.team import Team
from tests.routing import hamlet

if __name__ == "__main__":
    with Team(hamlet(), 2) as team:
        team._pool.submit(os.getpid).result()
        print(*{process.pid for process in team._pool._processes.values()}, flush=True)
        time.sleep(60)
"""


def test_workers_end_with_whoever_started_them_even_if_that_one_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(_KILLED, encoding="utf-8")
    started = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert started.stdout is not None
    workers = [int(pid) for pid in started.stdout.readline().split()]
    assert workers
    started.kill()
    try:
        # They hold the pipe as well: its end comes when the last of them is gone.
        assert started.communicate(timeout=60) == ("", None)
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
