"""Connections: the application's role under row-level security, and the owner for commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, Engine, Result, create_engine, event, text
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from data.settings import Settings

# The planner's compiler costs more than it saves on map queries (277 ms with it, 100 ms without).
OPTIONS = "-c jit=off -c timezone=Asia/Shanghai"


def app_engine(settings: Settings) -> Engine:
    """Engine of the application's role; every transaction must be entered with a token to see anything."""
    return create_engine(
        settings.app_url,
        pool_size=8,  # threads that answer pages; open streams hold none
        max_overflow=2,
        pool_pre_ping=True,
        hide_parameters=True,  # errors are logged with their statement, and values may be personal
        connect_args={"options": f"{OPTIONS} -c statement_timeout=15000", "application_name": "fangtu"},
    )


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
    door = "sec.enter" if seen else "sec.enter_unseen"
    row = session.execute(text(f"select * from {door}(:token)"), {"token": token or ""}).one()
    return row if row.account_id is not None else None


@contextmanager
def owner_session(engine: Engine) -> Iterator[Session]:
    """One transaction as the owner: committed at the end, rolled back on any error."""
    with Session(engine) as session, session.begin():
        yield session


def rows_changed(result: Result[Any]) -> int:
    """How many rows an insert, update or delete wrote."""
    return int(cast("CursorResult[Any]", result).rowcount)
