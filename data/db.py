"""Connections: the application's role under row-level security, and the owner for commands."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, Engine, Result, create_engine, event
from sqlalchemy.engine import Row
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session

from data.prepared import Prepared
from data.settings import Settings

# The planner's compiler costs more than it saves on map queries (277 ms with it, 100 ms without).
OPTIONS = "-c jit=off -c timezone=Asia/Shanghai"
APP_OPTIONS = f"{OPTIONS} -c statement_timeout=15000"

_ENTER = Prepared("select * from sec.enter(:token)", {"token": "text"})
_ENTER_UNSEEN = Prepared("select * from sec.enter_unseen(:token)", {"token": "text"})


def app_engine(settings: Settings) -> Engine:
    """Engine of the application's role; every transaction must be entered with a token to see anything."""
    engine = create_engine(
        settings.app_url,
        pool_size=8,  # threads that answer pages; open streams hold none
        max_overflow=2,
        hide_parameters=True,  # errors are logged with their statement, and values may be personal
        connect_args={"options": APP_OPTIONS, "application_name": "fangtu"},
    )
    event.listen(engine, "checkout", _refuse_ended)
    return engine


def _refuse_ended(connection: Any, _record: Any, _proxy: Any) -> None:
    """Let the pool take another connection where the server has closed this one, as after a restart.

    A server that ends says so on the line: looking whether anything has come in costs a hundredth of asking it.
    """
    line = select.poll()
    line.register(connection, select.POLLIN)
    if line.poll(0):
        raise DisconnectionError("the server has closed this connection")


def owner_engine(settings: Settings) -> Engine:
    """Engine of the table owner, for commands run by the machine's operator; each connection takes that role."""
    engine = create_engine(
        settings.admin_url,
        pool_size=2,
        hide_parameters=True,
        connect_args={"options": OPTIONS, "application_name": "fangtu-command"},
    )

    @event.listens_for(engine, "connect")
    def _become_owner(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("set role fangtu_owner")
        connection.commit()

    return engine


def enter(session: Session, token: str | None, *, seen: bool = True) -> Row[Any] | None:
    """Prove a session to the database for the running transaction.

    Parameters
    ----------
    token : str or None
        What the browser or the program proves itself with.
    seen : bool
        False for what a page asks by itself: then it does not count as use, and the session still ends when idle.

    Returns
    -------
    Row or None
        ``account_id, role, username, full_name, language, demo, duty``; None if the token opens nothing.
    """
    door = _ENTER if seen else _ENTER_UNSEEN
    row = door.run(session, {"token": token or ""}).one()
    return row if row.account_id is not None else None


@contextmanager
def owner_session(engine: Engine) -> Iterator[Session]:
    """One transaction as the owner: committed at the end, rolled back on any error."""
    with Session(engine) as session, session.begin():
        yield session


def rows_changed(result: Result[Any]) -> int:
    """How many rows an insert, update or delete wrote."""
    return int(cast("CursorResult[Any]", result).rowcount)
