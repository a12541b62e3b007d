"""List and run the benchmarks: ``./fangtu bench``, or ``python -m tests.benchmarks``.

Without a name they are listed; ``all`` runs all. The figures go to ``var/benchmarks/NAME.json`` as well; ``--write``
puts what lies there into ``templates/docs/benchmarks.md``, with a table and plots, after running all of them or those
named. Exit status 1 if a goal is missed, answers differ or something that is needed is not there; 2 for a wrong command
line. A benchmark that breaks down is told and does not keep the others from running.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py")))


def main(words: Sequence[str]) -> int:
    """List or run; results are printed as a table or, with ``--json``, as JSON."""
    parser = argparse.ArgumentParser(
        prog="./fangtu bench", description="List the benchmarks, or run those named.", allow_abbrev=False
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to run, or: all")
    parser.add_argument("--households", type=int, help="size of the data, where a benchmark has one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="run all, or those named, and rewrite the page of figures")
    chosen = parser.parse_args(words)
    everything = chosen.names == ["all"] or (chosen.write and not chosen.names)
    names = NAMES if everything else tuple(dict.fromkeys(chosen.names))
    strange = sorted(set(names) - set(NAMES))
    if strange or (chosen.households is not None and chosen.households < 1):
        parser.error(f"no benchmark {', '.join(strange)}; there are: {', '.join(NAMES)}" if strange else "--households")
    try:
        if not names:
            return _list(chosen.json)
        status = _run(names, chosen.households, chosen.json)
        if chosen.write:
            _write_page()
        return status
    except ModuleNotFoundError as error:
        print(
            f"The package {error.name} is not installed. Benchmarks need what the tests need: ./fangtu bench without "
            "--no-install installs it.",
            file=sys.stderr,
        )
        return 1


def _list(as_json: bool) -> int:
    about = {name: import_module(f"tests.benchmarks.bench_{name}").ABOUT for name in NAMES}
    if as_json:
        print(json.dumps(about, indent=1))
        return 0
    width = max(map(len, about))
    for name, sentence in about.items():
        print(f"{name:<{width}}  {sentence}")
    print("\n./fangtu bench NAME [--households N] [--json] [--write]")
    return 0


def _run(names: Sequence[str], households: int | None, as_json: bool) -> int:
    from tests.benchmarks.figures import AnswersDiffer, Unavailable, lost_share, print_figures, yardstick_ms

    results: dict[str, Any] = {}
    good = True
    for name in names:
        told: dict[str, Any] = {**_conditions(), "households": households, "figures": []}
        figures: list[Any] = []
        # What is printed on the way is for people; with --json standard output holds nothing but the result.
        with redirect_stdout(sys.stderr if as_json else sys.stdout):
            told["yardstick_before"], told["lost_before"] = yardstick_ms(), lost_share()
            print(
                f"== {name}, load {told['load_before']:.1f}, yardstick {told['yardstick_before']:.0f} ms, "
                f"{told['lost_before']:.0%} lost with all cores busy",
                flush=True,
            )
            try:
                figures = import_module(f"tests.benchmarks.bench_{name}").run(households)
            except AnswersDiffer as error:
                told["answers_differ"] = str(error)
            except (Unavailable, ModuleNotFoundError) as error:
                if len(names) == 1 and isinstance(error, ModuleNotFoundError):
                    raise
                told["unavailable"] = str(error)
            except Exception as error:  # an hour of work of the others is not thrown away
                if len(names) == 1:
                    raise
                traceback.print_exc()
                told["unavailable"] = f"broke down: {type(error).__name__}: {str(error)[:300]}"
            told["figures"] = [figure.as_json() for figure in figures]
            told["load_after"], told["yardstick_after"], told["lost_after"] = (
                os.getloadavg()[0],
                yardstick_ms(),
                lost_share(),
            )
            if not as_json:
                print_figures(figures)
            for key in ("answers_differ", "unavailable"):
                if key in told:
                    print(told[key])
        good &= bool(figures) and all(figure.met is not False for figure in figures)
        results[name] = told
        _write(name, told)
    if as_json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
    return 0 if good else 1


def _conditions() -> dict[str, Any]:
    return {
        "began": datetime.now().astimezone().isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
    }


def _write_page() -> None:
    from data.settings import load_settings
    from tests.benchmarks.report import write_page

    folder = load_settings().var / "benchmarks"
    files = {name: folder / f"{name}.json" for name in NAMES}
    found = {name: json.loads(file.read_text("utf-8")) for name, file in files.items() if file.exists()}
    for file in write_page(found):
        print(f"written: {file.name}", file=sys.stderr)


def _write(name: str, told: dict[str, Any]) -> None:
    from data.settings import load_settings

    folder = load_settings().var / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
