"""A township with accounts in a database of its own, and the application served from it as an installation would."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from app.launch.server import WORKER, threads_of
from data.areas import number_range
from data.db import owner_engine
from data.folding import fold
from data.households import place
from data.passwords import hash_password
from data.sealing import SEALED_FIELDS, load_sealer
from data.settings import ROOT, Settings
from data.tables import Account, Appraisal, Batch, Duty, House, Household, Job, Mark, RenovationSite, Upload, Visit
from tests.browser.forked import Forked, fork_server
from tests.conftest import fresh_database
from tests.database.test_isolation import open_session
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township

PASSWORD = "Kancha-2026-fangwu"
# username: role, area of duty, full name
ACCOUNTS = {
    "inspector": ("inspector", VILLAGES[0], "何巡访"),
    "supervisor": ("supervisor", TOWNSHIP, "吕主管"),
    "leader": ("leader", TOWNSHIP, "施领导"),
    "admin": ("admin", TOWNSHIP, "张管理"),
}
ROLES = tuple(ACCOUNTS)
NUMBERS = {"id_number": "340221199001011237", "phone": "13800005678", "bank_card": "6222020200112233445"}
Server = subprocess.Popen[bytes] | Forked
START_S = 60
GRACE_S = 15


@dataclass
class Stand:
    """What was committed: the township, the accounts and a session token for each of them."""

    settings: Settings
    owner: Engine
    town: SmallTownship
    accounts: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def keys(self) -> dict[str, dict[str, int]]:
        """Keys of records by kind and by the name of their household (visits by their own)."""
        with Session(self.owner) as session:
            home = {key: name for name, key in self.town.households.items()}
            return {
                "households": dict(self.town.households),
                "houses": {home[h]: k for k, h in session.execute(select(House.id, House.household_id)).tuples() if h},
                "sites": {
                    home[h]: k
                    for k, h in session.execute(select(RenovationSite.id, RenovationSite.household_id)).tuples()
                    if h
                },
                "marks": {home[h]: no for no, h in session.execute(select(Mark.no, Mark.household_id)).tuples() if h},
                "visits": {
                    name: session.scalars(select(Visit.no).where(Visit.id == key)).one()
                    for name, key in self.town.visits.items()
                },
            }

    def ids(self, table: str) -> list[object]:
        """Keys of all rows of a table."""
        with Session(self.owner) as session:
            return list(session.scalars(text(f"select id from {table} order by id")))

    def concerns(self) -> list[object]:
        """Numbers of all sites of concern."""
        with Session(self.owner) as session:
            found = text("select no from mark where kind in ('ruin', 'waste') and state = 'accepted' order by no")
            return list(session.scalars(found))

    def imports(self) -> dict[str, list[object]]:
        """Keys of what stands for files on their way in: uploads, jobs and batches."""
        with Session(self.owner) as session:
            return {
                "upload_id": list(session.scalars(select(Upload.id))),
                "job_id": list(session.scalars(select(Job.id))),
                "batch_id": list(session.scalars(select(Batch.id))),
            }


def commit_township(database: str) -> Stand:
    """Make the database anew with the small township, one account per role and sealed numbers of household H1."""
    settings = fresh_database(database)
    stand = Stand(settings, owner_engine(settings), SmallTownship())
    with Session(stand.owner) as session, session.begin():
        stand.town = make_township(session)
        home = session.get_one(Household, stand.town.households["H1"])
        sealer = load_sealer(settings.key_file)
        for name, number in NUMBERS.items():
            sealed = SEALED_FIELDS[name]
            setattr(home, sealed.column, sealer.seal(number, place(sealed.column), home.id))
            setattr(home, sealed.index, sealer.index(number, name))
        home.key_groups, home.address = ["lone_elder"], "测试路一号"
        session.get_one(Visit, stand.town.visits["V0"]).quality = 1
        for username, (role, code, full_name) in ACCOUNTS.items():
            add_account(session, stand, username, role, full_name, number_range(code))
    fold(stand.owner)  # as the background program would have done by the time somebody looks
    return stand


def add_account(
    session: Session, stand: Stand, username: str, role: str, full_name: str, duty: tuple[int, int]
) -> None:
    """An account with :data:`PASSWORD` and an open session of it."""
    account = Account(
        username=username,
        full_name=full_name,
        role=role,
        jur=duty[0],
        jur_end=duty[1],
        password_hash=_password_hash(),
        password_changed_at=datetime.now(UTC),
    )
    session.add(account)
    session.flush()
    session.add(Duty(account_id=account.id, jur=duty[0], jur_end=duty[1]))
    session.flush()
    token = f"token-of-{username}-{stand.settings.app_url.database}"
    open_session(session, stand.settings, account.id, token)
    stand.accounts[username], stand.tokens[username] = account.id, token


def add_records_in_village_one(session: Session, town: SmallTownship) -> None:
    """A house with a site for H1, so that the inspector of village 001 has one of each kind."""
    house = session.scalars(select(House).where(House.household_id == town.households["H1"])).one()
    session.add(
        RenovationSite(
            natural_key=f"{TOWNSHIP}:site-H1",
            code="G-H1",
            household_id=house.household_id,
            house_id=house.id,
            jur=house.jur,
            village_id=house.village_id,
            grid_id=house.grid_id,
            method="repair",
            grade_before="C",
            stage="approved",
            geom="SRID=4326;POINT(118.8021 36.4052)",
            quality=3,
        )
    )
    session.add(Appraisal(house_id=house.id, jur=house.jur, result="B", appraised_on=datetime(2026, 3, 1, tzinfo=UTC)))


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD)  # which takes its time by design


@contextmanager
def served(
    settings: Settings, log: Path, *, workers: int = 1, port: int = 0, target: str = "app.factory:wsgi()", **more: str
) -> Iterator[str]:
    """The application under gunicorn on a free loopback port; ended by its pid.

    Parameters
    ----------
    settings : Settings
        Of the database to serve.
    log : Path
        Where the server writes what it says.
    workers : int
        Processes that answer.
    port : int
        Port to answer on; a free one by default.
    target : str
        What gunicorn serves; the application by default.
    more
        Further settings of the environment.

    Yields
    ------
    str
        Address without a slash at its end.
    """
    environment = _environment(settings) | more
    with socket.create_server(("127.0.0.1", port)) as listener, log.open("wb") as out:
        # The listening socket is handed over, so that nobody can take the port in between.
        arguments = [
            target, "--bind=fd://{listener}", f"--workers={workers}", f"--threads={threads_of(environment)}",
            f"--worker-class={WORKER}", "--no-control-socket", f"--chdir={ROOT}",
        ]  # fmt: skip
        server = _start_server(arguments, environment, listener, out.fileno())
        port = listener.getsockname()[1]
        try:
            wait_for(server, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            end(server)


def _start_server(arguments: list[str], environment: dict[str, str], listener: socket.socket, log: int) -> Server:
    """One of the tests begins with the application loaded; one that is measured begins as an installation's."""
    if "PYTEST_VERSION" in os.environ:
        return fork_server(arguments, environment, listener, log)
    number = listener.fileno()
    return subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *(word.replace("{listener}", str(number)) for word in arguments)],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=ROOT, pass_fds=(number,),
    )  # fmt: skip


@contextmanager
def working(settings: Settings, log: Path) -> Iterator[None]:
    """The background program on a database, as it runs beside the web server; ended by its pid."""
    with log.open("wb") as out:
        worker = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "worker"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=_environment(settings),
            cwd=ROOT,
        )
        try:
            _at_work(worker, log)
            yield
        finally:
            end(worker)


def _at_work(worker: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and worker.poll() is None:
        if b"INFO at work" in log.read_bytes():
            return
        time.sleep(0.05)
    raise AssertionError(f"the worker did not begin: {log.read_text('utf-8')[-2000:]}")


def _environment(settings: Settings) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("FANGTU_")}
    env["FANGTU_DATABASE_URL"] = settings.admin_url.render_as_string(hide_password=False)
    env["FANGTU_VAR_DIR"] = str(settings.var)
    env["FANGTU_KEY_FILE"] = str(settings.key_file)
    return env


def end(process: Server) -> None:
    """End a program of ours by its own handle, at last by force."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(server: Server, port: int, log: Path) -> None:
    """Wait until a server answers ``/healthz``; AssertionError with the end of its log if it does not start."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError(f"The server did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")
