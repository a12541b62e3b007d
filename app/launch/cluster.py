"""The project's own PostGIS cluster: a Unix socket, no network port, no system service touched."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict
from pathlib import Path

from app.launch.console import Console, LaunchError
from app.launch.keys import cluster_password, keep_cluster_password
from app.launch.places import Places, place_cluster, server_account
from app.launch.postgres import (
    Cluster,
    await_postgres,
    create_database,
    make_cluster,
    reset_password,
    start_postgres,
)
from app.launch.processes import Process, command_of, end, identify, pids_in, read_json, write_private
from geo.errors import Text

STOP_S = 60


def find_cluster(places: Places, bin_dir: Path) -> Cluster:
    """Locate the cluster of this checkout (which may not exist yet); touches nothing."""
    account = server_account(places.var / "postgres")
    place = place_cluster(places.var, is_root=os.geteuid() == 0, server_uid=account.uid)
    return Cluster(place, account, bin_dir, version=bin_dir.parent.name)


def is_made(cluster: Cluster) -> bool:
    """Whether the data folder is complete: it gets its name only when it is."""
    return (cluster.data / "PG_VERSION").exists()


def find_postmaster(cluster: Cluster) -> Process | None:
    """Return the running server of exactly this data folder; a stale pid file gives None."""
    try:
        pid = int((cluster.data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    process = identify(pid)
    return process if process and pid in pids_in(cluster.data) and "postgres" in command_of(pid) else None


def start_cluster(places: Places, cluster: Cluster, console: Console, *, stay: bool) -> bool:
    """Make the cluster if need be and see to it that it runs.

    Parameters
    ----------
    stay : bool
        Whether it is to go on when this command ends (an import); a demo takes it down with itself.

    Returns
    -------
    bool
        True if this command has to stop it at its end: it started it, or the one that should have was killed.

    Raises
    ------
    LaunchError
        With the reason from the server's log if it cannot be made or does not come up.
    """
    _require_same_version(cluster)
    password, is_new_password = cluster_password(places)
    if not is_made(cluster):
        make_cluster(cluster, password, console)
    elif is_new_password:
        stop_cluster(places, cluster)
        reset_password(cluster, password, console)
    if is_new_password:
        keep_cluster_password(places, password)
    record = places.run / "cluster.json"
    running = find_postmaster(cluster)
    is_ours = running is None or _is_orphan(record, running)
    if running is None:
        start_postgres(cluster, console)
        running = find_postmaster(cluster)
    else:
        await_postgres(cluster, running, console)
    if is_ours and running:
        keeper = None if stay else identify(os.getpid())
        write_private(record, json.dumps({"server": asdict(running), "keeper": asdict(keeper) if keeper else None}))
    create_database(cluster, password)
    return is_ours and not stay


def stop_cluster(places: Places, cluster: Cluster) -> bool:
    """Stop this checkout's server, and no other; True if one was running."""
    running = find_postmaster(cluster)
    if running is None:
        return False
    # SIGINT is PostgreSQL's fast shutdown: open transactions are rolled back, everything committed is kept.
    if not end(running, signal.SIGINT, STOP_S) and not end(running, signal.SIGQUIT, 10):
        raise LaunchError(
            Text(
                f"数据库（进程 {running.pid}）没有停下来。请查看 {cluster.place.log}",
                f"The database (process {running.pid}) did not stop. Look at {cluster.place.log}",
            )
        )
    (places.run / "cluster.json").unlink(missing_ok=True)
    return True


def describe_cluster(cluster: Cluster | None, external: bool) -> dict[str, object]:
    """State of the cluster for ``status``: ``external``, ``absent``, ``stopped`` or ``running``."""
    if external:
        return {"state": "external", "pid": None, "data": None, "socket": None}
    if cluster is None or not is_made(cluster):
        return {"state": "absent", "pid": None, "data": None, "socket": None}
    running = find_postmaster(cluster)
    return {
        "state": "running" if running else "stopped",
        "pid": running.pid if running else None,
        "data": str(cluster.data),
        "socket": str(cluster.place.socket_dir),
    }


def _is_orphan(record: Path, running: Process) -> bool:
    """Whether the command that was to stop this server is dead; a server left running on purpose has no keeper."""
    content = read_json(record)
    if content.get("server") != asdict(running) or not content.get("keeper"):
        return False
    keeper = Process(**content["keeper"])
    return identify(keeper.pid) != keeper


def _require_same_version(cluster: Cluster) -> None:
    """Data made by another PostgreSQL must not be left behind unseen for a new, empty cluster."""
    others = sorted(path.parent.name for path in cluster.place.base.glob("*/PG_VERSION"))
    if others and cluster.version not in others:
        packages = f"postgresql-{others[-1]} postgresql-{others[-1]}-postgis-3"
        raise LaunchError(
            Text(
                f"{cluster.place.base} 中的数据属于 PostgreSQL {others[-1]}。请安装：sudo apt-get install {packages}",
                f"The data in {cluster.place.base} is of PostgreSQL {others[-1]}. Do: sudo apt-get install {packages}",
            )
        )
