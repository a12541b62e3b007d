"""``./fangtu test`` and ``./fangtu bench``.

A test is style, types, import rules, then one pytest run whose closing line is the last one; the benchmarks run by
themselves.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.launch.console import Console
from app.launch.places import Places
from geo.errors import Text

CHECKS = (
    (Text("代码规范", "style"), ("ruff", "check", "--quiet", ".")),
    (Text("类型", "types"), ("mypy",)),
    (Text("导入方向", "import rules"), ("lint-imports", "--no-cache")),
)
# The long files first, so that the short ones fill what is left of each process at the end.
FOLDERS = ("tests/browser", "tests/web", "tests/database", "tests/unit")
MOST_PROCESSES = 4
# Each file goes to one process, which makes the databases of its tests once. By itself xdist begins with the files of
# most tests, and so ends with the longest ones, of a few tests that take a minute each.
PARALLEL = ("--dist", "loadfile", "--no-loadscope-reorder")


def run_checks(places: Places, words: Sequence[str], console: Console, env: Mapping[str, str]) -> int:
    """Run everything, or only pytest with the given arguments.

    Parameters
    ----------
    words : sequence of str
        Arguments for pytest; without any the three checks and all tests run.

    Returns
    -------
    int
        0 only if every part passed; pytest's own status otherwise if that failed, else 1.
    """
    programs = places.venv / "bin"
    failed = False
    if not words:
        for name, (program, *rest) in CHECKS:
            done = subprocess.run(
                [str(programs / program), *rest],
                cwd=places.root,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                failed = True
                console.say(Text(done.stdout.rstrip(), done.stdout.rstrip()))
            mark = Text("未通过", "FAILED") if done.returncode else Text("通过", "passed")
            console.say(Text(f"· {name.zh}（{program}）：{mark.zh}", f"- {name.en} ({program}): {mark.en}"))
        words = [folder for folder in FOLDERS if any(Path(places.root / folder).glob("test_*.py"))]
        words += ["--numprocesses", str(min(os.cpu_count() or 1, MOST_PROCESSES)), *PARALLEL]
        console.say(Text("· 测试（pytest）", "- tests (pytest)"))
    command = [str(programs / "pytest"), *words]
    # Each process of the tests, and each program they start, would compile all modules for itself.
    kept = {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(command, cwd=places.root, env=kept, stdin=subprocess.DEVNULL)
    try:
        code = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    return code or int(failed)


def run_benchmarks(places: Places, words: Sequence[str], env: Mapping[str, str]) -> int:
    """Run ``tests.benchmarks`` with the given words on this terminal.

    Returns
    -------
    int
        0 if every goal was met and all answers agreed, 1 if not, 2 for a wrong command line.
    """
    command = [str(places.python), "-P", "-m", "tests.benchmarks", *words]
    child = subprocess.Popen(command, cwd=places.root, env=dict(env), stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
