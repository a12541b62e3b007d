"""Changes of what maps show, as they are committed (实时): heard once in a process and told to each open stream.

One connection listens for what ``note_map`` says (``data/migrations/sql/0004_live.sql``), of visits
once they are folded in. A stream hears of its own
campaign and round, and of nothing outside its account's area of duty.
"""

from __future__ import annotations

import hashlib
import logging
import os
import select
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges
from data.askers import read_ranges
from data.settings import Settings

log = logging.getLogger(__name__)

CHANNEL = "fangtu_map"
CHECK_EVERY_S = 30.0
GATHER_S = 0.2
_LONGEST_BACKOFF_S = 30.0
_CONNECT_WAIT_S = 2.0
_MOST_AREAS = 200
# What is not folded in yet counts with the version: its rows grow in number until the version grows instead.
_VERSION = """
    select coalesce(sum(version), 0), count(*),
           (select concat(count(*), ':', max(id)) from standing_change
             where campaign_id = {campaign} and round_no = {round})
      from map_version
     where campaign_id in (0, {campaign}) and round_no = case when campaign_id = 0 then 0 else {round} end"""


@dataclass(frozen=True)
class Notice:
    """What one transaction changed: jurisdiction numbers, or None for many.

    ``campaign_id`` 0 stands for what belongs to every campaign and round.
    """

    campaign_id: int
    round_no: int
    areas: tuple[int, ...] | None


@dataclass(eq=False)
class Stream:
    """One open stream: whose it is, what it may hear of, and what it has not yet said.

    Attributes
    ----------
    token : str
        The session's own token; who it belongs to is asked again every half minute.
    duty : ranges
        Areas of duty as they were at the opening.
    """

    account_id: int
    token: str
    duty: Ranges
    campaign_id: int
    round_no: int
    closed: str | None = None
    _areas: set[int] = field(default_factory=set)
    _is_many: bool = False
    _wake: threading.Condition = field(default_factory=threading.Condition)

    def tell(self, areas: Iterable[int] | None) -> None:
        """Put changed areas with those not yet said; None = many."""
        with self._wake:
            self._areas.update(areas or ())
            self._is_many |= areas is None or len(self._areas) > _MOST_AREAS
            self._wake.notify_all()

    def close(self, reason: str) -> None:
        """End it; the first reason stays."""
        with self._wake:
            self.closed = self.closed or reason
            self._wake.notify_all()

    def wait(self, timeout_s: float) -> list[int] | None:
        """Changed areas since the last time, ascending: empty after the timeout or the end, None for many."""
        with self._wake:
            self._wake.wait_for(lambda: self.closed or self._areas or self._is_many, timeout_s)
            found = None if self._is_many else sorted(self._areas)
            self._areas, self._is_many = set(), False
            return found


def read_notice(payload: str) -> Notice | None:
    """Read ``campaign:round:number,number`` or ``campaign:round:*``; None for anything else."""
    try:
        campaign, round_no, areas = payload.split(":")
        numbers = None if areas == "*" else tuple(int(area) for area in areas.split(","))
        return Notice(int(campaign), int(round_no), numbers)
    except ValueError:
        return None


def version_tag(session: Session, campaign_id: int, round_no: int) -> str:
    """A word that changes with everything a map of this round shows inside the asker's area of duty, and only then."""
    row = session.execute(text(_VERSION.format(campaign=":c", round=":r")), {"c": campaign_id, "r": round_no}).one()
    return tag_of(row)


def tag_of(row: Any) -> str:
    """The word of sum of versions, number of areas, and what is not folded in."""
    return hashlib.sha256("/".join(map(str, row)).encode()).hexdigest()[:20]


class Hub:
    """Listens in a thread of its own, from the first stream on, and tells the streams of its process.

    Parameters
    ----------
    settings : Settings
        The database, and how many streams there may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._streams: list[Stream] = []
        self._tags: dict[tuple[int, int, Ranges], str] = {}
        self._listens = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_ending = False
        self._wake_out, self._wake_in = os.pipe()
        os.set_blocking(self._wake_in, False)

    def open(self, stream: Stream) -> bool:
        """Take a stream in; False if there is no room or the changes cannot be heard at present.

        Where an account has as many as it may, its oldest one makes room: it is as a rule that of a page left behind.
        """
        self._start()
        if not self._listens.wait(_CONNECT_WAIT_S):
            return False
        with self._lock:
            own = [one for one in self._streams if one.account_id == stream.account_id]
            most = self._settings.account_streams
            if not most or self._is_ending or not self._listens.is_set():
                return False
            if len(own) >= most:
                for one in own[: len(own) - most + 1]:
                    one.close("crowded")
                    self._streams.remove(one)
            elif len(self._streams) >= self._settings.streams:
                return False
            self._streams.append(stream)
        return True

    def settle(self, stream: Stream, tag: str) -> None:
        """Say what the version was once the stream was open, to compare with when much changes."""
        with self._lock:
            self._tags.setdefault(_group(stream), tag)

    def leave(self, stream: Stream) -> None:
        """Forget a stream; one that is not here does no harm."""
        stream.close("left")
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)
            self._forget_tags()

    def count(self) -> int:
        """How many streams are open."""
        with self._lock:
            return len(self._streams)

    def stop(self) -> None:
        """End all streams and the listening. Safe in a signal handler: the thread does it."""
        self._is_ending = True
        with suppress(OSError):
            os.write(self._wake_in, b".")

    def _start(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="fangtu-live", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        backoff_s = 1.0
        while not self._is_ending:
            try:
                connection = self._connect()
            except psycopg2.Error as error:
                log.warning("live: no database (%s); trying again in %.0f s", type(error).__name__, backoff_s)
                select.select([self._wake_out], [], [], backoff_s)
                backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)
                continue
            backoff_s = 1.0
            try:
                self._listen(connection)
            except psycopg2.Error as error:
                log.warning("live: the database went away (%s)", type(error).__name__)
            finally:
                # Nobody is left believing to hear what is no longer heard.
                self._listens.clear()
                self._close_all("ended" if self._is_ending else "deaf")
                connection.close()

    def _connect(self) -> Any:
        # A connection of its own: the pool's are for requests.
        address = self._settings.app_url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg2.connect(
            address,
            application_name="fangtu-live",
            connect_timeout=5,
            options="-c statement_timeout=5000 -c jit=off",
            keepalives_idle=30,
            keepalives_interval=10,
            keepalives_count=3,
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"listen {CHANNEL}")
        return connection

    def _listen(self, connection: Any) -> None:
        self._listens.set()
        checked_at = time.monotonic()
        while not self._is_ending:
            ready, _, _ = select.select([connection, self._wake_out], [], [], 5.0)
            if connection in ready:
                time.sleep(GATHER_S)  # what is committed together is said together
            connection.poll()
            notices = [read_notice(one.payload) for one in connection.notifies]
            connection.notifies.clear()
            if notices:
                self._pass_on(connection, [one for one in notices if one])
            if time.monotonic() - checked_at >= CHECK_EVERY_S:
                self._check_sessions(connection)
                checked_at = time.monotonic()

    def _pass_on(self, connection: Any, notices: list[Notice]) -> None:
        groups: dict[tuple[int, int, Ranges], list[Stream]] = {}
        with self._lock:
            for stream in self._streams:
                groups.setdefault(_group(stream), []).append(stream)
        for group, streams in groups.items():
            heard = [n for n in notices if n.campaign_id == 0 or (n.campaign_id, n.round_no) == group[:2]]
            areas = {area for n in heard for area in n.areas or () if any(lo <= area < hi for lo, hi in group[2])}
            is_many = any(n.areas is None for n in heard)
            if not areas and not is_many:
                continue
            # "Many" must not tell of what lies outside: the version of the own area says whether it is meant.
            tag = self._ask_tag(connection, group, streams)
            if is_many and not areas and tag is not None and tag == self._tags.get(group):
                continue
            if tag is not None:
                with self._lock:
                    self._tags[group] = tag
            for stream in streams:
                stream.tell(None if is_many else areas)

    def _ask_tag(self, connection: Any, group: tuple[int, int, Ranges], streams: list[Stream]) -> str | None:
        with connection.cursor() as cursor:
            for stream in streams:
                cursor.execute("begin")
                try:
                    cursor.execute("select account_id from sec.enter_unseen(%s)", (stream.token,))
                    if cursor.fetchone()[0] is None:
                        stream.close("session")
                        continue
                    cursor.execute(_VERSION.format(campaign="%(c)s", round="%(r)s"), {"c": group[0], "r": group[1]})
                    return tag_of(cursor.fetchone())
                finally:
                    cursor.execute("rollback")
        return None

    def _check_sessions(self, connection: Any) -> None:
        """Close the streams of sessions that ended, of accounts disabled, and of those whose duty is another now."""
        with self._lock:
            streams = list(self._streams)
        with connection.cursor() as cursor:
            for stream in streams:
                cursor.execute("select account_id, duty::text from sec.enter_unseen(%s)", (stream.token,))
                account_id, duty = cursor.fetchone()
                if account_id != stream.account_id or read_ranges(duty) != stream.duty:
                    stream.close("session")

    def _close_all(self, reason: str) -> None:
        with self._lock:
            for stream in self._streams:
                stream.close(reason)
            self._streams.clear()
            self._tags.clear()

    def _forget_tags(self) -> None:
        held = {_group(stream) for stream in self._streams}
        for group in [group for group in self._tags if group not in held]:
            del self._tags[group]


def _group(stream: Stream) -> tuple[int, int, Ranges]:
    return stream.campaign_id, stream.round_no, stream.duty
