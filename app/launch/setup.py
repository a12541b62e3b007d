"""The steps from a bare machine to a running database, in order; each one is skipped when it is done."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from app.launch.cluster import find_cluster, is_made, start_cluster
from app.launch.console import Console, LaunchError
from app.launch.environment import RUNTIME, TEST, compile_translations, install_environment, is_installed
from app.launch.keys import cluster_password, make_keys, write_database
from app.launch.packages import (
    LIGHT_BROWSER,
    find_missing,
    find_programs,
    has_ensurepip,
    install_if_possible,
    install_packages,
    list_needs,
)
from app.launch.places import Places
from app.launch.postgres import Cluster
from app.launch.processes import write_private
from app.launch.vendor import fetch_test_packages, is_vendored, vendor_files
from geo.errors import Text


@dataclass(frozen=True)
class Wish:
    """What a verb needs.

    Attributes
    ----------
    tests : bool
        The tools of the tests and the browser.
    all_tests : bool
        What makes the whole suite quicker and is not worth a wait before a few of its tests.
    pages : bool
        The front-end files and the translations.
    stay : bool
        The database goes on after this command.
    install : bool
        False with ``--no-install``.
    """

    tests: bool = False
    all_tests: bool = False
    pages: bool = False
    stay: bool = False
    install: bool = True


@dataclass(frozen=True)
class Ready:
    """What was set up: the own cluster (None with ``FANGTU_DATABASE_URL``) and whether this command must stop it."""

    cluster: Cluster | None
    must_stop: bool


def set_up(places: Places, wish: Wish, console: Console, env: Mapping[str, str]) -> Ready:
    """Bring machine, environment, front-end files, keys and database to where the verb can begin.

    Raises
    ------
    LaunchError
        At the first step that fails, with the one thing to do.
    """
    requirements = TEST if wish.tests else RUNTIME
    external = env.get("FANGTU_DATABASE_URL")
    needs = list_needs(own_cluster=not external, for_tests=wish.tests, has_ensurepip=has_ensurepip())
    missing = find_missing(needs)
    if not wish.install:
        _report_missing([need.what for need in missing], places, requirements, wish, console)
    elif missing:
        install_packages(missing, console, env)
    if wish.all_tests and wish.install:
        install_if_possible([LIGHT_BROWSER], console, env)
    install_environment(places, requirements, console, env)
    if wish.pages:
        vendor_files(places, console, env)
        compile_translations(places, console, env)
    if wish.tests and wish.install:
        fetch_test_packages(places, console, env)
    if external:
        make_keys(places, env, has_data=False)
        write_database(places, external)
        return Ready(None, must_stop=False)
    programs = find_programs()
    if programs is None:
        raise LaunchError(
            Text(
                "PostgreSQL 和 PostGIS 的版本不一致。请执行：sudo apt-get install postgresql-15-postgis-3",
                "PostgreSQL and PostGIS are of different versions. Do: sudo apt-get install postgresql-15-postgis-3",
            )
        )
    cluster = find_cluster(places, programs)
    make_keys(places, env, has_data=is_made(cluster))
    must_stop = start_cluster(places, cluster, console, stay=wish.stay)
    password, _ = cluster_password(places)
    write_database(places, cluster.url(password))
    return Ready(cluster, must_stop)


def app_command(places: Places, *arguments: str) -> list[str]:
    """Command line of the application's own commands; ``-P`` keeps the caller's folder out of the module search."""
    return [str(places.python), "-P", "-m", "app.cli", *arguments]


def app_environment(places: Places, env: Mapping[str, str]) -> dict[str, str]:
    """Environment of the application: the caller's, with the checkout as the place of its modules."""
    return {**env, "PYTHONPATH": str(places.root)}


def run_app(places: Places, env: Mapping[str, str], *arguments: str) -> int:
    """Run one of the application's commands on this terminal and return its exit status."""
    child = subprocess.Popen(app_command(places, *arguments), env=app_environment(places, env))
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def upgrade_once(places: Places, env: Mapping[str, str]) -> int:
    """Bring the database to this version unless that was done before: for verbs that should answer quickly."""
    stamp = places.run / "upgraded"
    now = _schema_fingerprint(places)
    if stamp.exists() and stamp.read_text(encoding="ascii") == now:
        return 0
    return upgrade(places, env)


def upgrade(places: Places, env: Mapping[str, str]) -> int:
    """Bring the database to this version; its progress goes to standard error so that results stay clean."""
    child = subprocess.run(
        app_command(places, "upgrade"), env=app_environment(places, env), stdout=sys.stderr, check=False
    )
    if child.returncode == 0:
        write_private(places.run / "upgraded", _schema_fingerprint(places))
    return child.returncode


def _schema_fingerprint(places: Places) -> str:
    digest = hashlib.sha256((places.secrets / "database.json").read_bytes())
    migrations = places.root / "data" / "migrations"
    for path in sorted([*migrations.rglob("*.py"), *migrations.rglob("*.sql"), places.root / "data" / "upgrade.py"]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _report_missing(missing: list[Text], places: Places, requirements: str, wish: Wish, console: Console) -> None:
    if not is_installed(places, requirements):
        missing.append(Text(f"Python 程序包（{requirements}）", f"Python packages ({requirements})"))
    if wish.pages and not is_vendored(places.root / "static"):
        missing.append(Text("前端文件（static/vendor）", "front-end files (static/vendor)"))
    if missing:
        raise LaunchError(
            Text(
                "\n  ".join(["缺少：", *(what.zh for what in missing)]) + "\n去掉 --no-install 再运行，即会自动安装。",
                "\n  ".join(["Missing:", *(what.en for what in missing)]) + "\nRun without --no-install to install it.",
            )
        )
