"""What phones sent that could not be accepted, as the desk sees it: a list, and saying that one is dealt with."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.audit import record

MOST = 50


def list_rejects(session: Session) -> Sequence[Row[Any]]:
    """Refusals the asker may see: those that wait for a person first, the newest first, at most :data:`MOST`."""
    return session.execute(
        text("""
            select r.id, r.kind, r.item_id, r.message_zh, r.message_en, r.size_bytes, r.times, r.at, r.settled_at,
                   coalesce(sec.name_of_sender(r.account_id), a.full_name) as who
              from sync_reject r left join account a on a.id = r.account_id
             order by r.settled_at is not null, r.at desc limit :most"""),
        {"most": MOST},
    ).all()


def settle_reject(session: Session, reject_id: uuid.UUID) -> None:
    """Note that a refusal has been dealt with.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    row = session.execute(
        text("""
            update sync_reject set settled_at = coalesce(settled_at, now()),
                   settled_by = coalesce(settled_by, (select sec.account_id()))
             where id = cast(:id as uuid)
            returning (select min(jur) from duty where account_id = (select sec.account_id())) as jur"""),
        {"id": str(reject_id)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    record(session, act="reject_settle", object_kind="sync_reject", object_id=reject_id, jur=row.jur or 0)
