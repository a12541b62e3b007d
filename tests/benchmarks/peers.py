"""Programs to compare with: each at one version, installed when a benchmark first asks, in folders of their own.

None of them is a dependency of Fangtu. Python packages get an environment, npm packages a folder, both below
``var/peers`` and kept from one run to the next. Where they cannot be had, a sentence says so and the caller leaves the
comparison out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.launch.environment import find_npm
from app.launch.places import find_places
from data.settings import ROOT

PEERS = ROOT / "var" / "peers"
TIPG = ("tipg==1.6.1", "uvicorn==0.54.0")
COUNTERS = ("duckdb==2.0.1", "sedonadb==0.5.0", "geopandas==1.2.0", "pyarrow==26.0.1", "geoarrow-pyarrow==0.3.0")
RENDERERS = {
    "protomaps-leaflet": "5.1.0",
    "maplibre-gl": "5.24.1",  # from 6 on there is no build for a strict policy
    "@maplibre/maplibre-gl-leaflet": "0.1.4",
    "esbuild": "0.28.2",  # makes our modules as small as theirs come, so that sizes compare
}
INSTALL_WITHIN_S = 900


def peer_python(name: str, packages: Sequence[str]) -> Path | None:
    """Python of an environment that holds these packages; None, with a sentence, where they cannot be had.

    Parameters
    ----------
    name : str
        Folder below ``var/peers``.
    packages : sequence of str
        Requirements, each with its version.
    """
    folder = PEERS / name
    python = folder / "bin" / "python"
    wanted = json.dumps(sorted(packages))
    if _noted(folder) == wanted and python.exists():
        return python
    made = [sys.executable, "-m", "venv", "--clear", str(folder)]
    fetched = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
    return python if _install(name, folder, wanted, (made, fetched)) else None


def npm_folder(name: str, packages: Mapping[str, str]) -> Path | None:
    """``node_modules`` with these packages; None, with a sentence, where they cannot be had.

    Parameters
    ----------
    name : str
        Folder below ``var/peers``.
    packages : mapping of str to str
        Versions by package.
    """
    folder = PEERS / name
    wanted = json.dumps(dict(sorted(packages.items())))
    if _noted(folder) == wanted:
        return folder / "node_modules"
    npm = find_npm(find_places(ROOT, os.environ), os.environ)
    if npm is None:
        print(f"{', '.join(packages)} left out: there is no npm", flush=True)
        return None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": dict(packages)}), "utf-8")
    fetched = [*npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    return folder / "node_modules" if _install(name, folder, wanted, (fetched,)) else None


def _install(name: str, folder: Path, wanted: str, steps: Sequence[Sequence[str]]) -> bool:
    print(f"installing {wanted} into {folder.relative_to(ROOT)}", flush=True)
    for step in steps:
        try:
            done = subprocess.run(
                step,
                cwd=folder if folder.exists() else None,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=INSTALL_WITHIN_S,
                check=False,
            )
            fault = done.stderr.strip()[-300:] if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            fault = str(error)
        if fault:
            print(f"{name} could not be installed and is left out: {fault}", flush=True)
            return False
    (folder / "installed.json").write_text(wanted, "utf-8")
    return True


def _noted(folder: Path) -> str:
    """What the folder was last filled with, as far as it was filled to the end."""
    try:
        return (folder / "installed.json").read_text("utf-8")
    except OSError:
        return ""
