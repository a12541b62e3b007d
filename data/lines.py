"""Connections for single short questions: each question is a transaction of its own, asked in one message.

A session of SQLAlchemy begins, asks and commits in messages of their own; for a tile of the map that costs as much as
the tile. Row-level security is the same: the application's role, and a token that every question brings along.
"""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2

from data.db import APP_OPTIONS
from data.prepared import Prepared
from data.settings import Settings

MOST = 8
WAIT_S = 5.0
_TOKEN = "select set_config('fangtu.token', %(token)s, true); "  # noqa: S105 — a statement, no secret


class NoLine(Exception):
    """All connections were busy for too long, or the database does not answer."""


class Line:
    """One connection of :class:`Lines`."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._cursor = connection.cursor()
        self._held: set[str] = set()
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)

    def is_ended(self) -> bool:
        """Whether the server has closed it: a server that ends says so on the line."""
        return bool(self.connection.closed or self._poll.poll(0))

    def ask(self, question: Prepared, values: Mapping[str, Any], *, token: str | None = None) -> tuple[Any, ...]:
        """Ask in a transaction of its own.

        Parameters
        ----------
        question : Prepared
            A statement that gives one row.
        values : mapping
            Of its names.
        token : str, optional
            Whose question it is, for the policies, unless the statement itself enters with a token.

        Returns
        -------
        tuple
            The row.
        """
        if question.name not in self._held:
            self._cursor.execute(question.prepare)
            self._held.add(question.name)
        if token is None:
            self._cursor.execute(question.call, values)
        else:
            # Two statements in one message are one transaction, at whose end the token is forgotten.
            self._cursor.execute(_TOKEN + question.call, {**values, "token": token})
        row: tuple[Any, ...] = self._cursor.fetchone()
        return row


class Lines:
    """A few connections of the application's role, opened when needed and kept.

    Parameters
    ----------
    settings : Settings
        The database.
    most : int
        How many there may be; who comes then waits.
    on_new : callable
        Called whenever a connection has been opened.
    """

    def __init__(self, settings: Settings, *, most: int = MOST, on_new: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._room = threading.BoundedSemaphore(most)
        self._free: list[Line] = []
        self._on_new = on_new

    @contextmanager
    def held(self) -> Iterator[Line]:
        """Hold one connection for a while; one that failed is not used again.

        Raises
        ------
        NoLine
            If none is to be had, or the database fails while it is held.
        """
        if not self._room.acquire(timeout=WAIT_S):
            raise NoLine("all connections are busy")
        try:
            line = self._take()
            try:
                yield line
            except BaseException:
                line.connection.close()
                raise
            self._free.append(line)
        except psycopg2.Error as error:
            raise NoLine(type(error).__name__) from error
        finally:
            self._room.release()

    def close(self) -> None:
        """Close those nobody holds."""
        while self._free:
            self._free.pop().connection.close()

    def _take(self) -> Line:
        with suppress(IndexError):
            while True:
                line = self._free.pop()
                if not line.is_ended():
                    return line
                line.connection.close()
        address = self._settings.app_url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg2.connect(address, application_name="fangtu", connect_timeout=5, options=APP_OPTIONS)
        connection.autocommit = True
        self._on_new()
        return Line(connection)
