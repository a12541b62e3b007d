"""The worker (后台程序): does jobs, each in a forked process of its own, folds in what visits changed, and sweeps up.

One worker works on a database at a time; another one waits to take its place. It forks for each job, with the
libraries loaded already, so that memory comes back and a job can be ended at any moment; its own connection is never
used in a child, and children die with it. At most one quick job (a preview), one plan of routes, one file being made
and one heavy job run together.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module

import psycopg2
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from data.children import Child, become_child, do_in_child, kill_all_of, take_line
from data.claims import (
    CHANNEL,
    HEAVY,
    LANES,
    PAPER,
    Claim,
    ClaimLost,
    cancelled_among,
    claim_job,
    end_job,
    give_back,
    note_progress,
    take_up_again,
)
from data.db import owner_engine
from data.folding import EVERY_S as FOLD_EVERY_S
from data.folding import fold_now
from data.jobs import WORKER_LOCK
from data.made_files import COMPARE, FILES, LABELS
from data.packs import sweep_packs
from data.renovation.passing import KIND as PASS
from data.settings import Settings
from data.sweeping import purge, sweep
from data.tasks import OF_NOBODY, PACK, SCREEN, SESSION_NAME, SETTLE, Maker
from data.unasked import Unasked
from data.work_folders import sweep_work
from geo.counting import counted
from geo.errors import FangtuError, Text

log = logging.getLogger(__name__)

LIMIT_S = {
    "preview": 180.0,
    "trial": 1800.0,
    "import": 1800.0,
    "undo": 1800.0,
    "edit": 600.0,
    "plan": 600.0,
    "assign": 1800.0,
    "route": 900.0,
    PASS: 3600.0,
    COMPARE: 1800.0,
    LABELS: 3600.0,
    FILES: 7200.0,
    SETTLE: 600.0,
    SCREEN: 1800.0,
    PACK: 600.0,
}
PROGRESS_EVERY_S = 0.25
HEARTBEAT_EVERY_S = 5.0
CANCEL_ASKED_EVERY_S = 1.0
SWEEP_EVERY_S = 60.0
PURGE_EVERY_S = 3600.0
GRACE_S = 5.0
_STANDBY_WAIT_S = 2.0
_LONGEST_BACKOFF_S = 30.0
_CANCEL, _TERMINATE = "pg_cancel_backend(pid)", "pg_terminate_backend(pid, 5000)"


class TookTooLong(FangtuError):
    """A job ran into its limit of time and was ended."""

    code = "took_too_long"

    def __init__(self, limit_s: float) -> None:
        minutes = round(limit_s / 60)
        super().__init__(
            Text(
                f"超过 {minutes} 分钟，已停止，没有写入任何数据。请分成几个小文件再试。",
                f"Stopped after {counted(minutes, 'minute')}; nothing was written. Split the file into smaller ones.",
            )
        )


class Worker:
    """The worker's own process.

    Parameters
    ----------
    settings : Settings
    limits_s : dict, optional
        Seconds each kind of job may take.
    makers : mapping, optional
        What does the kinds of job that need pages: ``data`` knows none. Without one such a job waits.
    """

    def __init__(
        self,
        settings: Settings,
        limits_s: dict[str, float] | None = None,
        makers: Mapping[str, Maker] | None = None,
    ) -> None:
        self._settings = settings
        self._makers = dict(makers or {})
        self._limits_s = limits_s or LIMIT_S
        self._children: dict[int, Child] = {}
        self._unasked = Unasked(settings)
        self._is_ending = False
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_out, False)
        os.set_blocking(self._wake_in, False)

    def stop(self) -> None:
        """End in order: jobs under way are taken back and put in line again. Safe in a signal handler."""
        self._is_ending = True
        with suppress(BlockingIOError):
            os.write(self._wake_in, b".")

    def run(self, *, until_idle: bool = False) -> None:
        """Work until :meth:`stop`; a database that goes away is waited for.

        Parameters
        ----------
        until_idle : bool
            Return as soon as nothing waits and nothing runs.
        """
        _load_ahead()
        backoff_s = 1.0
        while not self._is_ending:
            engine = owner_engine(self._settings)
            try:
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    if self._become_the_one(connection):
                        backoff_s = 1.0
                        self._work(engine, connection, until_idle)
                        if until_idle:
                            return
            # The second kind where notices are listened for, past what wraps it.
            except (DBAPIError, psycopg2.Error) as error:
                if until_idle:
                    raise
                reason = error.orig if isinstance(error, DBAPIError) else error
                log.warning("no database (%s); trying again in %.0f s", type(reason).__name__, backoff_s)
                self._wait([], backoff_s)
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
            finally:
                self._kill_all()
                engine.dispose()

    def _become_the_one(self, connection: Connection) -> bool:
        """Wait until no other worker works on this database; False if told to end first."""
        told = False
        while not self._is_ending:
            if connection.scalar(text("select pg_try_advisory_lock(:lock)"), {"lock": WORKER_LOCK}):
                log.info("at work")
                return True
            if not told:
                log.info("another worker is at work; waiting to take its place")
                told = True
            self._wait([], _STANDBY_WAIT_S)
        return False

    def _work(self, engine: Engine, connection: Connection, until_idle: bool) -> None:
        # What a dead worker's child still had under way in the database must not meet its successor.
        _signal_backends(connection, _TERMINATE, f"{SESSION_NAME} %")
        for job_id in take_up_again(connection):
            log.warning("job %s was left by a worker that died", job_id)
        connection.execute(text(f"listen {CHANNEL}"))
        swept_at = asked_at = purged_at = folded_at = -PURGE_EVERY_S
        while not self._is_ending:
            now = time.monotonic()
            if now - swept_at >= SWEEP_EVERY_S:
                self._unasked.settle(sweep(connection, self._settings))
                sweep_packs(connection, self._settings)
                swept_at = now
            if now - purged_at >= PURGE_EVERY_S:
                purge(engine)
                purged_at = now
            if now - folded_at >= FOLD_EVERY_S:
                fold_now(connection)
                folded_at = now
            # Whoever waits for jobs to end does not wait for what nobody asked for.
            if not until_idle:
                self._unasked.look(connection)
            if now - asked_at >= CANCEL_ASKED_EVERY_S or self._hears(connection):
                self._stop_cancelled(connection)
                asked_at = now
            claimed = self._claim(connection)
            self._keep_time(connection)
            self._write_progress(connection)
            if until_idle and not self._children and not claimed:
                return
            pipes = [child.pipe for child in self._children.values()]
            wait_s = PROGRESS_EVERY_S if pipes else 0.05 if until_idle else FOLD_EVERY_S
            self._wait([_socket(connection), *pipes], wait_s)
            self._listen_to_children(connection)
        for child in list(self._children.values()):
            kill_all_of(child.pid)
            self._bury(connection, child)

    def _claim(self, connection: Connection) -> bool:
        claimed = False
        for kinds in LANES:
            # Work that nobody asked for is heavy.
            if any(
                child.claim.kind in kinds or (kinds == HEAVY and child.claim.kind in OF_NOBODY)
                for child in self._children.values()
            ):
                continue
            claim = claim_job(connection, kinds if kinds != PAPER else tuple(self._makers))
            if claim is None and kinds == HEAVY:
                claim = self._unasked.take()
            if claim is not None:
                self._fork(connection, claim)
                claimed = True
        return claimed

    def _fork(self, connection: Connection, claim: Claim) -> None:
        reading, writing = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            # Nothing below may return into the worker's own code, nor close its connection in order.
            status = 1
            try:
                become_child(parent)
                for number in (reading, self._wake_in, self._wake_out, *(c.pipe for c in self._children.values())):
                    os.close(number)
                # The worker's connection leads nowhere here: nothing written to it by mistake can reach the server.
                nowhere = os.open(os.devnull, os.O_RDWR)
                os.dup2(nowhere, _socket(connection))
                status = do_in_child(self._settings, claim, writing, self._makers)
            except BaseException as error:  # noqa: BLE001 (whatever it is, this process ends here)
                log.error("job %s: %s in its process", claim.id, type(error).__name__)
            finally:
                logging.shutdown()
                os._exit(status)
        os.close(writing)
        os.set_blocking(reading, False)
        self._children[pid] = Child(pid, reading, claim, time.monotonic())
        log.info("job %s (%s) begun by process %s", claim.id, claim.kind, pid)

    def _listen_to_children(self, connection: Connection) -> None:
        for child in list(self._children.values()):
            is_over = False
            with suppress(BlockingIOError):
                while True:
                    piece = os.read(child.pipe, 1 << 16)
                    if not piece:
                        is_over = True
                        break
                    *lines, child.unread = (child.unread + piece).split(b"\n")
                    for line in lines:
                        take_line(child, line)
            if is_over:
                self._bury(connection, child)

    def _bury(self, connection: Connection, child: Child) -> None:
        """See how a child ended; what it did not end itself is ended here."""
        _, status = os.waitpid(child.pid, 0)
        os.close(child.pipe)
        del self._children[child.pid]
        log.info("job %s: process %s ended with %s", child.claim.id, child.pid, os.waitstatus_to_exitcode(status))
        if status == 0:
            return
        sweep_work(self._settings)  # a killed process could not clear its working copy away
        if child.claim.kind in OF_NOBODY:
            return
        _signal_backends(connection, _TERMINATE, f"{SESSION_NAME} {child.claim.id}")
        if child.is_too_long:
            with suppress(ClaimLost):  # it had just ended when its time was up
                end_job(connection, child.claim, "failed", error=TookTooLong(self._limits_s[child.claim.kind]))
        else:
            give_back(connection, child.claim)

    def _stop_cancelled(self, connection: Connection) -> None:
        running = {child.claim.id: child for child in self._children.values()}
        for job_id in cancelled_among(connection, [child.claim for child in running.values()]):
            self._ask_to_stop(connection, running[job_id])

    def _keep_time(self, connection: Connection) -> None:
        now = time.monotonic()
        for child in list(self._children.values()):
            if not child.is_too_long and now - child.begun > self._limits_s[child.claim.kind]:
                child.is_too_long = True
                self._ask_to_stop(connection, child)
            if child.stop_at is not None and now > child.stop_at:
                kill_all_of(child.pid)
                child.stop_at = None

    def _ask_to_stop(self, connection: Connection, child: Child) -> None:
        if child.is_asked_to_stop:
            return
        child.is_asked_to_stop = True
        child.stop_at = time.monotonic() + GRACE_S
        if child.is_too_long:
            kill_all_of(child.pid)
        else:
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGUSR1)
        _signal_backends(connection, _CANCEL, f"{SESSION_NAME} {child.claim.id}")

    def _write_progress(self, connection: Connection) -> None:
        now = time.monotonic()
        for child in self._children.values():
            since = now - child.written_at
            if since >= HEARTBEAT_EVERY_S or (child.is_changed and since >= PROGRESS_EVERY_S):
                note_progress(connection, child.claim, child.text, child.done, child.total, child.backend)
                child.is_changed, child.written_at = False, now

    def _hears(self, connection: Connection) -> bool:
        """Whether a notice came in."""
        raw = _raw(connection)
        try:
            raw.poll()
        except psycopg2.Error as error:
            connection.invalidate(error)  # nothing more can be said over it, not even that its work is taken back
            raise
        heard = bool(raw.notifies)
        raw.notifies.clear()
        return heard

    def _wait(self, numbers: list[int], seconds: float) -> None:
        """Sleep until something can be read or a signal comes."""
        ready, _, _ = select.select([self._wake_out, *numbers], [], [], seconds)
        if self._wake_out in ready:
            with suppress(BlockingIOError):
                os.read(self._wake_out, 1 << 10)

    def _kill_all(self) -> None:
        """End all children at once; their work is taken back by the database, their jobs are taken up again."""
        for child in self._children.values():
            kill_all_of(child.pid)
            os.waitpid(child.pid, 0)
            os.close(child.pipe)
        self._children.clear()


def _load_ahead() -> None:
    """Load what children would load otherwise, each anew: somebody waits for the first plan of routes."""
    for name in (
        "scipy.cluster.vq",
        "scipy.optimize",
        "scipy.sparse.csgraph",
        "data.roads.travel",
        "geo.routing.solve",
    ):
        import_module(name)
    # Children share what is loaded by now; looking through it again and again for what is no longer used costs each of
    # them a good part of a first plan's time.
    gc.collect()
    gc.freeze()


def _signal_backends(connection: Connection, how: str, name: str) -> None:
    """Cancel or end the database processes of jobs by the name of their sessions.

    The owner may not signal the login's other sessions; the login itself may.
    """
    connection.execute(text("reset role"))
    connection.execute(
        text(f"""
            select {how} from pg_stat_activity
             where datname = current_database() and application_name like :name and pid <> pg_backend_pid()"""),
        {"name": name},
    )
    connection.execute(text("set role fangtu_owner"))


def _raw(connection: Connection) -> psycopg2.extensions.connection:
    raw: psycopg2.extensions.connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    return raw


def _socket(connection: Connection) -> int:
    return _raw(connection).fileno()
