"""How many village addresses are found, and how many answers are right: this gazetteer beside three public parsers.

Run with ``python -m tests.benchmarks.bench_addresses [villages.csv] [size] [seed]``. The list of villages has columns
village_code12, village_name, town_code9, town_name, county_code6, county_name, city_name, prov_name; without one, the
list of the tests is used. The public parsers are installed into an environment of their own under ``var``; where that
is not possible they are left out. Exit code 1 if the goal is missed. Nothing was tuned on the seed that is the default.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from geo.addresses.gazetteer import Gazetteer
from geo.addresses.nation import stem_of
from tests.address_set import OLD_COUNTIES, Case, Land, make_cases, make_land
from tests.benchmarks.figures import Figure
from tests.benchmarks.peers import peer_python

ABOUT = "How many village addresses are found and rightly, beside three public parsers; --households: addresses."
ROOT = Path(__file__).resolve().parents[2]
SIZE, SEED = 3_000, 90_417
PRECISION, RECALL = 0.99, 0.95
# Each with what it needs and does not say.
PEERS = {"jionlp": ("1.5.31", ()), "cpca": ("0.5.5", ()), "addressparser": ("0.2.4", ("six",))}
PEER_SCRIPT = """
import contextlib, io, json, sys
name, addresses = sys.argv[1], json.load(sys.stdin)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    if name == "jionlp":
        import jionlp
        answers = []
        for address in addresses:
            found = jionlp.parse_location(address, town_village=True)
            answers.append([found.get("county"), found.get("town"), found.get("village")])
    else:
        module = __import__(name)
        frame = module.transform(addresses)
        answers = [[county or None, None, None] for county in frame["区"].tolist()]
json.dump(answers, sys.stdout, ensure_ascii=False)
"""


def score(land: Land, cases: Iterable[Case], *, slips: bool = True) -> tuple[Counter[str], list[tuple[Case, str]]]:
    """Compare the gazetteer's villages with the labels.

    Returns
    -------
    Counter
        ``right``, ``answered``, ``answerable``; with ``slips=False`` proposals by near spelling count as no answer.
    list
        Cases that were answered wrongly or not found, with what was answered.
    """
    counts: Counter[str] = Counter()
    wrong: list[tuple[Case, str]] = []
    known: dict[str, Gazetteer] = {}
    for case in cases:
        if case.user not in known:
            known[case.user] = Gazetteer(land.units(case.user))
        found = known[case.user].locate(case.address)
        village = found.village if slips or not found.typo else None
        answer = f"{village:012d}" if village is not None else ""
        expected = case.answer if case.answer != "ambiguous" else ""
        counts["answerable"] += bool(expected)
        counts["answered"] += bool(answer)
        counts["right"] += bool(answer) and answer == expected
        if answer != expected:
            wrong.append((case, answer))
    return counts, wrong


def main(path: Path, size: int = SIZE, seed: int = SEED) -> bool:
    """Measure, print, and say whether the goal is met."""
    met = all(figure.met for figure in measure(path, size, seed))
    print(f"goal (precision {PRECISION}, recall {RECALL}): {'met' if met else 'missed'}")
    return met


def run(households: int | None = None) -> list[Figure]:
    """Measure on the list of villages of the tests."""
    return measure(ROOT / "tests" / "data" / "villages.csv", households or SIZE, SEED)


def measure(path: Path, size: int, seed: int) -> list[Figure]:
    """Measure and print; gives precision and recall."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        land = make_land(csv.DictReader(file), seed)
    cases = make_cases(land, size, seed + 1)
    kinds = Counter(case.kind for case in cases)
    print(f"{len(cases)} addresses, seed {seed}, {len(land.villages)} villages, {len(land.users)} areas; {dict(kinds)}")
    began = time.perf_counter()
    counts, wrong = score(land, cases)
    took = time.perf_counter() - began
    precision, recall = counts["right"] / counts["answered"], counts["right"] / counts["answerable"]
    print(f"village: precision {precision:.4f}, recall {recall:.4f} ({dict(counts)}), {took:.1f} s in all")
    sure, _ = score(land, cases, slips=False)
    print(
        f"without near spellings: precision {sure['right'] / sure['answered']:.4f}, "
        f"recall {sure['right'] / sure['answerable']:.4f}"
    )
    for kind in kinds:
        of_kind = [case for case in cases if case.kind == kind]
        bad = [(case, answer) for case, answer in wrong if case.kind == kind]
        print(f"  {kind}: {len(of_kind)}, not found {sum(not a for _, a in bad)}, wrong {sum(bool(a) for _, a in bad)}")
    _time_many(land, cases)
    _compare(land, cases)
    told = f"{len(cases)} addresses, seed {seed}, {len(land.villages)} villages"
    return [
        Figure("villages found rightly (precision)", precision, "", PRECISION, at_least=True, conditions=told),
        Figure("villages found (recall)", recall, "", RECALL, at_least=True, conditions=told),
    ]


def _time_many(land: Land, cases: list[Case], many: int = 48_000) -> None:
    """Locate a county's worth of addresses, as an import does."""
    county = Counter(case.user for case in cases if len(case.user) == 6).most_common(1)[0][0]
    towns = {user: villages for user, villages in land.users.items() if user.startswith(county)}
    more = make_cases(Land(land.villages, land.hamlets, towns), 4_000, SEED)
    own = [case.address for case in more if case.user == county]
    gazetteer = Gazetteer(land.units(county))
    began, began_cpu = time.perf_counter(), time.process_time()
    for number in range(many):
        gazetteer.locate(f"{own[number % len(own)]}{number}号")
    took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"{many} addresses of one county, all different: {took:.1f} s, of it {cpu:.1f} s of processor time")


def _compare(land: Land, cases: list[Case]) -> None:
    """Print the same measures of the public parsers, level by level, on the addresses that have an answer."""
    asked = [case for case in cases if case.answer not in ("", "ambiguous") and case.village]
    ours = _own_levels(land, asked)
    print("on the addresses that have an answer; county: where a county or more is written")
    _print_levels("this gazetteer", asked, ours)
    for name, (version, more) in PEERS.items():
        answers = _ask_peer(name, [f"{name}=={version}", *more], [case.address for case in asked])
        if answers is None:
            print(f"  {name} {version} could not be installed; left out")
        else:
            _print_levels(f"{name} {version}", asked, answers)


def _own_levels(land: Land, cases: list[Case]) -> list[list[str | None]]:
    known: dict[str, Gazetteer] = {}
    by_code = {int(village.code): village for village in land.villages}
    answers: list[list[str | None]] = []
    for case in cases:
        if case.user not in known:
            known[case.user] = Gazetteer(land.units(case.user))
        village = known[case.user].locate(case.address).village
        found = by_code[village] if village is not None else None
        answers.append([found.county, found.town, found.name] if found else [None, None, None])
    return answers


def _print_levels(name: str, cases: list[Case], answers: list[list[str | None]]) -> None:
    columns = []
    for level, title in enumerate(("county", "township", "village")):
        pairs = [(c, a[level]) for c, a in zip(cases, answers, strict=True) if level > 0 or c.names_county]
        answered = [(case, answer) for case, answer in pairs if answer]
        right = sum(_agrees(case, level, str(answer)) for case, answer in answered)
        precision = f"{right / len(answered):.3f}" if answered else "–"
        columns.append(f"{title} {precision} / {right / len(pairs):.3f}")
    print(f"  {name}: precision / recall: {', '.join(columns)}")


def _agrees(case: Case, level: int, answer: str) -> bool:
    """Whether a name is the right one; older names of the county and all endings of the village are accepted."""
    village = case.village
    assert village is not None
    if level == 0:
        return stem_of(answer) in {stem_of(village.county), stem_of(OLD_COUNTIES.get(village.county, village.county))}
    if level == 1:
        return answer == village.town
    return answer in village.forms()


def _ask_peer(name: str, packages: list[str], addresses: list[str]) -> list[list[str | None]] | None:
    """Let a public parser answer in an environment of its own; None if it cannot be had."""
    python = peer_python(f"addresses-{name}", packages)
    if python is None:
        return None
    done = subprocess.run(
        [str(python), "-c", PEER_SCRIPT, name], input=json.dumps(addresses), capture_output=True, text=True, timeout=500
    )
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
        return None
    answers: list[list[str | None]] = json.loads(done.stdout)
    return answers


if __name__ == "__main__":
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests" / "data" / "villages.csv"
    sys.exit(0 if main(source, *(int(value) for value in sys.argv[2:4])) else 1)
