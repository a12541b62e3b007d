"""``./fangtu status``: what is there and what runs; looks only, starts and installs nothing."""

from __future__ import annotations

import json
import platform
import subprocess
import tomllib
from collections.abc import Mapping
from typing import Any

from app.launch.background import find_worker
from app.launch.cluster import describe_cluster, find_cluster
from app.launch.console import LaunchError
from app.launch.packages import find_programs
from app.launch.places import Places
from app.launch.postgres import Cluster
from app.launch.server import find_web_server
from app.launch.setup import app_command, app_environment

TIME_LIMIT_S = 60


def find_own_cluster(places: Places, env: Mapping[str, str]) -> Cluster | None:
    """The cluster of this checkout; None with ``FANGTU_DATABASE_URL`` or without PostgreSQL on the machine."""
    programs = None if env.get("FANGTU_DATABASE_URL") else find_programs()
    if programs is None:
        return None
    try:
        return find_cluster(places, programs)
    except LaunchError:
        return None


def collect_status(places: Places, env: Mapping[str, str]) -> dict[str, Any]:
    """Everything ``status --json`` tells.

    Returns
    -------
    dict
        ``versions``, ``cluster`` (with ``web`` and ``worker``), ``migrations``, ``counts``, ``extent``
        ([west, south, east, north] in degrees); None where it is not known, e.g. while the database is stopped.
    """
    external = bool(env.get("FANGTU_DATABASE_URL"))
    cluster = find_own_cluster(places, env)
    project = tomllib.loads((places.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    web = find_web_server(places)
    status: dict[str, Any] = {
        "versions": {
            "fangtu": project["version"],
            "python": platform.python_version(),
            "postgresql": cluster.version if cluster else None,
            "postgis": None,
        },
        "cluster": describe_cluster(cluster, external),
        "migrations": None,
        "counts": None,
        "extent": None,
    }
    if status["cluster"]["state"] in ("running", "external") and places.python.exists():
        told = _ask_app(places, env)
        for key in ("migrations", "counts", "extent"):
            status[key] = told.pop(key, None)
        for key in ("versions", "cluster"):
            known = {name: value for name, value in status[key].items() if value is not None}
            status[key] = {**status[key], **(told.pop(key, None) or {}), **known}
        status.update(told)
    status["cluster"]["web"] = {"url": web.url, "pid": web.server.pid, "demo": web.demo} if web else None
    worker = find_worker(places)
    status["cluster"]["worker"] = {"pid": worker.pid} if worker else None
    return status


def print_status(places: Places, env: Mapping[str, str], *, as_json: bool, lang: str) -> int:
    """Print the status as JSON or as lines."""
    status = collect_status(places, env)
    if as_json:
        print(json.dumps(status, ensure_ascii=False, indent=1))
        return 0
    titles = {"versions": "版本", "cluster": "数据库", "migrations": "迁移", "counts": "数量", "extent": "范围"}
    for key, value in status.items():
        parts = [f"{k} {v}" for k, v in value.items()] if isinstance(value, dict) else [str(value)]
        print(f"{key if lang == 'en' else titles.get(key, key)}: {', '.join(parts)}")
    return 0


def _ask_app(places: Places, env: Mapping[str, str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            app_command(places, "status", "--json"),
            env=app_environment(places, env),
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        told = json.loads(done.stdout) if done.returncode == 0 else {}
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return {}
    return told if isinstance(told, dict) else {}
