"""Headings remembered for a sender: what an office's columns were accepted as the last time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# How a column came to its field, where a person said so or let it stand; the dictionary knows exact ones anyway.
_ACCEPTED = ("told", "remembered", "likely")
_MOST = 1000


@dataclass(frozen=True)
class Memory:
    """What is remembered of one sender's files of a kind.

    Attributes
    ----------
    sender : str
    used_at : datetime or None
        When it was last accepted; None if nothing is remembered.
    mapping : dict of str to str
        Heading to field, ``-`` for a column that was left out.
    """

    sender: str
    used_at: datetime | None
    mapping: dict[str, str]

    def to_json(self) -> dict[str, Any] | None:
        """Give it as the preview shows it; None if nothing is remembered."""
        if self.used_at is None:
            return None
        return {"sender": self.sender, "used_at": self.used_at.isoformat(timespec="seconds"), "n": len(self.mapping)}


def remembered_columns(session: Session, sender: str | None, kind: str | None, jur: int, jur_end: int) -> Memory:
    """Give what a sender's columns were accepted as, in this area, one around it or one inside it; the newest wins.

    Parameters
    ----------
    session : Session
        As the owner.
    sender, kind : str or None
        Without one of them nothing is remembered.
    jur, jur_end : int
        Range of jurisdiction numbers of the file's area.
    """
    if not sender or kind is None:
        return Memory(sender or "", None, {})
    rows = session.execute(
        text("""
            select distinct on (heading) heading, field, used_at from column_memory
             where sender = :sender and kind = :kind and int8range(jur, jur_end) && int8range(:jur, :jur_end)
             order by heading, used_at desc, id desc limit :most"""),
        {"sender": sender, "kind": kind, "jur": jur, "jur_end": jur_end, "most": _MOST},
    ).all()
    return Memory(sender, max((row.used_at for row in rows), default=None), {row.heading: row.field for row in rows})


def remember_columns(
    session: Session,
    sender: str | None,
    kind: str,
    jur: int,
    jur_end: int,
    accepted: Mapping[str, str],
    *,
    account_id: int | None = None,
) -> None:
    """Remember what a sender's columns were accepted as; without a sender nothing is.

    Parameters
    ----------
    accepted : mapping of str to str
        Heading to field, ``-`` for a column that was left out.
    """
    for heading, field in accepted.items() if sender else ():
        session.execute(
            text("""
                insert into column_memory (jur, jur_end, sender, kind, heading, field, account_id)
                values (:jur, :jur_end, :sender, :kind, :heading, :field, :account)
                on conflict on constraint uq_column_memory
                do update set field = excluded.field, account_id = excluded.account_id, used_at = now()"""),
            {
                "jur": jur,
                "jur_end": jur_end,
                "sender": sender,
                "kind": kind,
                "heading": heading,
                "field": field,
                "account": account_id,
            },
        )


def accepted_columns(preview: Mapping[str, Any] | None) -> dict[str, str]:
    """Give the columns of a preview that a person named or let stand: told, taken over, or likely and accepted."""
    return {
        column["heading"]: column["field"] or "-"
        for column in (preview or {}).get("columns", [])
        if column["how"] in _ACCEPTED and (column["field"] or column["how"] != "likely")
    }


def known_senders(session: Session) -> list[str]:
    """Give the offices whose columns are remembered for areas the asker answers for, newest first."""
    return list(
        session.scalars(
            text("select sender from column_memory group by sender order by max(used_at) desc, sender limit 100")
        )
    )
