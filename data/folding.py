"""Folding in (归并): what writers appended is added to the sums that are kept, a moment after their commits.

Counts are exact before and after, since their views add both (``data/migrations/sql/0006_changes.sql``). Cells of maps,
numbers of versions and the word to open maps follow with the folding.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from data.db import owner_session

EVERY_S = 1.0
# As in ``fold_changes``.
_LOCK = 7305418926002


def fold_now(asking: Connection | Session) -> int:
    """Fold in what is committed, in the transaction of the asker, as the owner.

    Returns
    -------
    int
        Changes folded in; 0 if there are none, or while somebody else is folding.
    """
    return int(asking.execute(text("select fold_changes()")).scalar_one())


def hold_folding(session: Session) -> None:
    """Let nobody fold until the end of the transaction; waits for whoever does."""
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def fold(engine: Engine) -> int:
    """Fold in what is committed, in a transaction of its own; as :func:`fold_now`."""
    with owner_session(engine) as session:
        return fold_now(session)
