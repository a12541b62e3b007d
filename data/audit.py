"""Writing and reading the audit (日志): one row per act, in the transaction of the act itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from data.askers import Asker
from data.tables import AuditEntry

SYSTEM = "system"


@dataclass(frozen=True)
class Origin:
    """Where a request came from: address and request number, kept with the session for its audit rows."""

    address: str | None = None
    request_id: str | None = None


def bind_asker(session: Session, asker: Asker | None, origin: Origin) -> None:
    """Remember who acts in this session's transactions, for :func:`record`."""
    session.info["asker"] = asker
    session.info["origin"] = origin


def record(
    session: Session,
    *,
    act: str,
    object_kind: str,
    object_id: object | None = None,
    fields: Sequence[str] = (),
    reason: str | None = None,
    details: dict[str, Any] | None = None,
    jur: int,
) -> None:
    """Add one audit row to the running transaction; if it cannot be written, neither can the act.

    Parameters
    ----------
    session : Session
        The session the act itself uses; its asker (see :func:`bind_asker`) is named, else the system.
    act : str
        What was done, e.g. ``reveal``, ``account_add``.
    object_kind, object_id
        On what.
    fields : sequence of str
        Which fields were shown or changed; never their content.
    reason : str, optional
        Why, in the person's own words.
    details : dict, optional
        Facts without personal data.
    jur : int
        Jurisdiction number of the object; administrators of that area read the row.
    """
    asker: Asker | None = session.info.get("asker")
    origin: Origin = session.info.get("origin", Origin())
    # Inline: asking for the new key back would need the right to read the audit, which most roles have not.
    session.execute(
        insert(AuditEntry).inline(),
        [
            {
                "account_id": asker.account_id if asker else None,
                "actor": asker.username if asker else SYSTEM,
                "role": asker.role.value if asker else None,
                "act": act,
                "object_kind": object_kind,
                "object_id": None if object_id is None else str(object_id),
                "fields": list(fields),
                "reason": reason,
                "details": details,
                "address": origin.address,
                "request_id": origin.request_id,
                "jur": jur,
            }
        ],
    )


def read_audit(
    session: Session,
    *,
    act: str | None = None,
    actor: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[AuditEntry]:
    """Newest audit rows the asker may read.

    Parameters
    ----------
    act, actor : str, optional
        Only this act, only this account's rows.
    before : int, optional
        Only rows older than this key, for the next page.
    limit : int
        Most rows, 1–200.
    """
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(max(1, min(limit, 200)))
    if act:
        query = query.where(AuditEntry.act == act)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.scalars(query))


def last_act_at(session: Session) -> datetime | None:
    """Moment of the newest audit row the asker may read."""
    return session.scalar(select(AuditEntry.at).order_by(AuditEntry.id.desc()).limit(1))
