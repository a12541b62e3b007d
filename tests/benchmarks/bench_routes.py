"""Plans of visits beside PyVRP and OR-Tools on the same townships, and textbook instances beside the best known.

    .venv/bin/python -m tests.benchmarks.bench_routes [--seconds 10] [--data FOLDER]

Made-up townships (``tests.benchmarks.route_towns``); each solver gets the same matrices and the same seconds by the
clock, in turns in one run, and every plan is timed and checked by our own code. Peers get an environment of their own
and are left out where they cannot be had. Best known of the eight instances of Solomon (outside data, not shipped, left
out where it is not there): with the DIMACS way of counting, quoted from the literature as the note beside them says.
Processor time is that of this process and of those it started. The largest problem runs in a process of its own.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from geo.routing.changing import at_moment, even_out, replan
from geo.routing.crews import crews_of, windows_of
from geo.routing.explain import explain_plan
from geo.routing.plan import Plan
from geo.routing.problem import Now, Problem
from geo.routing.slots import Unfit
from geo.routing.solomon import read_solomon
from geo.routing.solve import Progress, plan_quickly, solve
from geo.routing.timetable import make_plan
from geo.routing.verify import verify_plan
from tests.benchmarks.figures import AnswersDiffer, Figure, load_average, peak_mib, print_figures
from tests.benchmarks.peers import peer_python
from tests.benchmarks.route_peers import DAY_S
from tests.benchmarks.route_towns import make_town, weight_bound
from tests.conftest import OUTSIDE, ROOT

ABOUT = "Plans of visits beside PyVRP and OR-Tools: weight, travel, reasons, changes, and textbook instances."
PEERS = ("ortools==9.15.6755", "pyvrp==0.14.1")
SECONDS, COUNTY_SECONDS = 10.0, 60.0
BEST_KNOWN = {
    "R101": 16377, "R112": 9486, "C108": 8273, "RC101": 16198,
    "RC108": 11142, "R208": 7010, "R211": 7467, "RC208": 7761,
}  # fmt: skip
HOUR = 3600


@dataclass(frozen=True)
class Found:
    """What a solver came to; None for weight where it broke a rule or found nothing."""

    weight: int | None
    visits: int
    minutes: float
    wall: float
    cpu: float
    first: float = 0.0
    plan: Plan | None = None
    mib: float = 0.0


def run(_households: int | None = None) -> list[Figure]:
    """Measure with ten seconds for each plan."""
    return measure(SECONDS)


def measure(seconds: float, outside: Path = OUTSIDE) -> list[Figure]:
    """All comparisons."""
    figures = []
    python = peer_python("routes", PEERS)
    towns = {}
    for households, inspectors, days, seeds in ((341, 10, 1, (7, 11)), (341, 10, 5, (7, 11)), (2000, 40, 1, (7,))):
        for seed in seeds:
            town = make_town(households, inspectors, days, seed)
            ours, theirs = compare(town, seconds, python)
            towns[households, days, seed] = (town, ours)
            figures += tell(f"{households}/{inspectors}/{days}, seed {seed}", town, ours, theirs, seconds)
    figures += [*after(*towns[341, 1, 7]), *even(*towns[341, 5, 7]), quick(), *county(), *textbook(seconds, outside)]
    return figures


def ours_in(problem: Problem, seconds: float) -> Found:
    """Our plan, checked."""
    firsts: list[float] = []
    held: list[float] = []
    began, cpu = time.perf_counter(), processor()

    def told(progress: Progress) -> None:
        firsts.append(time.perf_counter() - began)
        held.append(together_mib() if progress.total > 1 else 0.0)

    plan = solve(problem, seconds=seconds, progress=told)
    wall, spent = time.perf_counter() - began, processor() - cpu
    verdict = verify_plan(problem, plan)
    if not verdict.good:
        raise AnswersDiffer(f"our plan breaks a rule: {verdict.violations[0].text.en}")
    return Found(verdict.weight, verdict.visits, verdict.travel_s / 60, wall, spent, firsts[0], plan, max(held))


def together_mib() -> float:
    """Memory of this process and its children, in MiB; what they share is counted once (Pss)."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii").split()
    total = 0
    for pid in ("self", *children):
        try:
            rows = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
    return total / 1024


def processor() -> float:
    """Processor seconds of this process and of those it started and waited for."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def compare(problem: Problem, seconds: float, python: Path | None) -> tuple[Found, dict[str, Found]]:
    """Ours and the peers' plans of a problem, one after the other."""
    ours = ours_in(problem, seconds)
    print(
        f"  ours {ours.weight} {ours.visits} {ours.minutes:.0f} min, {ours.wall:.1f} s, {ours.cpu:.1f} s of processor"
    )
    theirs = {}
    for name in ("PyVRP", "OR-Tools") if python is not None else ():
        theirs[name] = peer_in(problem, seconds, python, name)
        one = theirs[name]
        print(
            f"  {name} {one.weight} {one.visits} {one.minutes:.0f} min, {one.wall:.1f} s, {one.cpu:.1f} s of processor"
        )
    return ours, theirs


def peer_in(problem: Problem, seconds: float, python: Path, name: str) -> Found:
    """A peer's plan, timed and checked by our code."""
    crews = crews_of(problem)
    places = np.arange(problem.travel.places)
    modes = np.arange(len(problem.travel.modes))[:, None, None]
    windows = [
        (at, crew_day * DAY_S + first, crew_day * DAY_S + last)
        for at, one in enumerate(problem.households)
        for crew_day in range(len(problem.days))
        for first, last in windows_of(problem, one, crew_day)
    ]
    homes = [
        (one.place, one.service_s, one.priority, problem.by_inspector[one.inspector] if one.inspector else -1, 0)
        for one in problem.households
    ]
    rows = [
        (crew.start, crew.mode, crew.inspector, crew.day * DAY_S + crew.begins, crew.day * DAY_S + crew.ends, crew.most)
        for crew in crews
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.json"
        np.savez(
            source,
            crews=np.array(rows), homes=np.array(homes), windows=np.array(windows), places=problem.travel.places,
            ways=problem.travel.seconds(modes, places[:, None], places[None, :]),
        )  # fmt: skip
        began, cpu = time.perf_counter(), processor()
        script = Path(__file__).parent / "route_peers.py"
        done = subprocess.run(
            [str(python), str(script), name, str(source), str(target), str(seconds)],
            capture_output=True, text=True, timeout=seconds * 6 + 120, check=False,
        )  # fmt: skip
        wall, spent = time.perf_counter() - began, processor() - cpu
        if done.returncode:
            print(f"  {name} broke down: {done.stderr.strip()[-200:]}")
            return Found(None, 0, 0.0, wall, spent)
        routes = json.loads(target.read_text("utf-8"))
    try:
        plan = make_plan(problem, crews, routes)
    except Unfit:
        return Found(None, 0, 0.0, wall, spent)
    verdict = verify_plan(problem, plan)
    return Found(verdict.weight if verdict.good else None, verdict.visits, verdict.travel_s / 60, wall, spent)


def tell(name: str, problem: Problem, ours: Found, theirs: dict[str, Found], seconds: float) -> list[Figure]:
    """Weight beside the simple bound and the peers, and travel beside the better peer."""
    assert ours.weight is not None
    assert ours.plan is not None
    # Who cannot be visited even by somebody with nothing else to do is nobody's loss.
    nobody = {one.household for one in ours.plan.unplanned if one.reason in ("too_far", "no_window", "no_way")}
    bound = weight_bound(replace(problem, households=tuple(h for h in problem.households if h.id not in nobody)))
    share = ours.weight / bound
    told = "; ".join(
        f"{who} {'breaks a rule or finds none' if one.weight is None else f'{one.weight} with {one.minutes:.0f} min'}"
        for who, one in theirs.items()
    )
    conditions = (
        f"{len(nobody)} out of everyone's reach; {seconds:g} s each, ours {ours.wall:.1f} s, {ours.cpu:.1f} s of "
        f"processor time; {load_average()}"
    )
    goal = {1: 0.995, 5: 1.0}[len(problem.days)] if len(problem.households) < 1000 else 0.98
    beside = {who: one.weight / bound * 100 for who, one in theirs.items() if one.weight is not None}
    figures = [
        Figure(f"{name}: weight by the bound", share * 100, "%", goal * 100, at_least=True, peer=told,
               conditions=conditions, beside=beside),
        Figure(f"{name}: first plan after", ours.first, "s", 2.0, conditions=load_average()),
    ]  # fmt: skip
    valid = [one for one in theirs.values() if one.weight is not None]
    if valid:
        most = max(one.weight or 0 for one in valid)
        figures.append(
            Figure(
                f"{name}: weight by the better peer's", ours.weight / max(1, most), "", 1.0, at_least=True, peer=told
            )
        )
        # Travel is compared at equal weight only: who serves less travels less.
        least = min((one.minutes for one in valid if one.weight == most == ours.weight), default=None)
        if least is not None and len(problem.households) < 1000:
            goal_of_way = 0.85 if len(problem.days) == 1 else 0.95
            figures.append(
                Figure(f"{name}: travel by the better peer's, equal weight", ours.minutes / least, "", goal_of_way,
                       peer=told, conditions=f"ours {ours.minutes:.0f} min")
            )  # fmt: skip
        elif len(problem.households) < 1000:
            figures.append(Figure(f"{name}: travel, no peer serves as much", ours.minutes, "min", peer=told))
    return figures


def after(problem: Problem, found: Found) -> list[Figure]:
    """Reasons, and a change at noon: somebody falls ill."""
    assert found.plan is not None
    explain_plan(problem, found.plan)
    gc.freeze()  # as the web process does; what the cases before left would be gone through in the middle of it
    cpu = time.process_time()
    reasons = explain_plan(problem, found.plan)
    spent = (time.process_time() - cpu) * 1000
    asked = len(reasons)
    standing = at_moment(problem, found.plan, Now(0, 12 * HOUR))
    ill = tuple(replace(one, shifts=()) if one.id == "i3" else one for one in standing.inspectors)
    standing = replace(standing, inspectors=ill)
    began = time.perf_counter()
    changed = replan(standing, found.plan)
    wall = time.perf_counter() - began
    if not verify_plan(standing, changed.plan).good:
        raise AnswersDiffer("the changed plan breaks a rule")
    remedied = sum(one.remedy is not None for one in reasons)
    return [
        Figure("reasons with remedies, processor time", spent, "ms", 50,
               conditions=f"341 households, {asked} left out, {remedied} with a remedy; second time; {load_average()}"),
        Figure("somebody falls ill at noon: new plan after", wall, "s", 1.0, conditions=load_average()),
        Figure("somebody falls ill at noon: visits of others that move", changed.share * 100, "%", 15.0,
               conditions=f"{len(changed.moved)} of {len(changed.moved) + changed.kept}"),
    ]  # fmt: skip


def even(problem: Problem, found: Found) -> list[Figure]:
    """Visits shared evenly over a week."""
    assert found.plan is not None
    cpu = time.process_time()
    made = even_out(problem, found.plan)
    if not verify_plan(problem, made.plan).good or made.plan.visits < found.plan.visits:
        raise AnswersDiffer("the evened plan breaks a rule or loses a visit")
    conditions = (
        f"{made.fewest} to {made.most} visits, none lost; {time.process_time() - cpu:.1f} s of processor time; "
        f"{load_average()}"
    )
    return [
        Figure("week evened out: most visits by fewest", made.ratio, "", 1.3, conditions=conditions),
        Figure("week evened out: more travel", made.extra_travel * 100, "%", 12.0, conditions=conditions),
    ]


def quick() -> Figure:
    """The first plan of a town of 2,100 households, 40 inspectors and 5 days: everybody once, by straight lines."""
    problem = make_town(2100, 40, 5)
    told: list[Progress] = []
    began, cpu = time.perf_counter(), processor()
    plan_quickly(problem, told.append)
    wall, spent = time.perf_counter() - began, processor() - cpu
    verdict = verify_plan(problem, told[-1].plan())
    if not verdict.good or verdict.visits + verdict.unplanned != len(problem.households):
        raise AnswersDiffer("the first plan breaks a rule or misses somebody")
    return Figure(
        "2100/40/5: first plan of everybody, reckoning alone", wall, "s", 1.0,
        conditions=f"{verdict.visits} visits, {spent:.1f} s of processor time in two processes; {load_average()}",
    )  # fmt: skip


def county() -> list[Figure]:
    """12,800 households of 114 villages, 228 inspectors, 5 days, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_routes", "--county"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    conditions = (
        f"{told['visits']} visits, {told['minutes']:.0f} min of travel, {told['cpu']:.0f} s of processor time in "
        f"{told['wall']:.0f} s by the clock, two processes; {load_average()}"
    )
    name = "12,800/228/5"
    return [
        Figure(f"{name}: weight of all", told["share"] * 100, "%", 99.3, at_least=True, conditions=conditions),
        Figure(f"{name}: by the clock", told["wall"], "s", COUNTY_SECONDS, conditions=load_average()),
        Figure(f"{name}: first part after", told["first"], "s", 2.0, conditions=load_average()),
        Figure(f"{name}: memory of all processes together at most", told["mib"], "MiB", 500),
    ]


def county_alone() -> None:
    """Plan the county and print what came of it."""
    problem = make_town(12_800, 228, 5, named_at_home=True)
    found = ours_in(problem, COUNTY_SECONDS)
    assert found.weight is not None
    told = {
        "share": found.weight / sum(one.priority for one in problem.households), "visits": found.visits,
        "minutes": found.minutes, "wall": found.wall, "cpu": found.cpu, "first": found.first,
        "mib": max(peak_mib(), found.mib),
    }  # fmt: skip
    print(json.dumps(told))


def textbook(seconds: float, outside: Path) -> list[Figure]:
    """Instances of Solomon beside the best known."""
    gaps = {}
    for name, best in BEST_KNOWN.items():
        file = outside / "vrptw_solomon" / f"{name}.txt"
        if not file.exists():
            continue
        found = ours_in(read_solomon(file.read_text("utf-8"), file), seconds)
        assert found.plan is not None
        gaps[name] = (found.plan.travel_m / best - 1) * 100
        print(f"  {name}: {found.plan.travel_m / 10:.1f}, {gaps[name]:.2f} % above {best / 10:.1f}")
    if not gaps:
        return []
    each = ", ".join(f"{name} {gap:.1f}" for name, gap in gaps.items())
    return [
        Figure("instances of Solomon: mean above the best known", float(np.mean(list(gaps.values()))), "%", 3.0,
               conditions=f"{len(gaps)} of 100 customers, {seconds:g} s each, {load_average()}; {each}")
    ]  # fmt: skip


def main(words: Sequence[str]) -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--data", type=Path, default=OUTSIDE)
    parser.add_argument("--county", action="store_true", help="only the largest problem, as JSON")
    given = parser.parse_args(words)
    if given.county:
        county_alone()
        return 0
    figures = measure(given.seconds, given.data)
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
