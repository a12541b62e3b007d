"""Taking a batch back (撤销): exactly what was there before, or nothing where something rests on it since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.audit import record
from data.db import rows_changed
from data.imports.batches import bind_account
from data.imports.blockers import Blocker, read_blockers
from data.imports.changes import note_changes, touched
from data.imports.dependents import (
    find_changed,
    find_following,
    find_referring,
    find_resting,
    open_findings,
    read_grounds,
)
from data.imports.restore import Restored, restore_rows
from data.imports.run import IMPORT_LOCK
from geo.errors import FangtuError, Text

KEPT_DAYS = 90
__all__ = ["Blocker", "UndoBlocked", "UndoRefused", "UndoReport", "find_blockers", "purge_changes", "undo_batch"]


class UndoRefused(FangtuError):
    """A batch that cannot be taken back at all: it was already, or what it replaced is no longer kept."""

    code = "undo_refused"


class UndoBlocked(FangtuError):
    """Later batches or acts have changed or use what the batch brought; nothing was changed.

    Attributes
    ----------
    blockers : list of Blocker
    """

    code = "undo_blocked"

    def __init__(self, batch: int, blockers: Sequence[Blocker]) -> None:
        first, more = blockers[0].text, len(blockers) - 1
        super().__init__(
            Text(
                f"批次 {batch} 没有撤销：{first.zh}{f'，另有 {more} 项' if more else ''}。请先撤销后来的批次或改动。",
                f"Batch {batch} was not taken back: {first.en}{f', and {more} more' if more else ''}. "
                "Take back the later batches or changes first.",
            ),
            blockers=[blocker.text for blocker in blockers],
        )
        self.blockers = list(blockers)


@dataclass(frozen=True)
class UndoReport:
    """What taking a batch back did.

    Attributes
    ----------
    batch : int
    removed, restored, added : dict of str to int
        Rows by table that the batch had added and are gone, that it had changed and are as before, and that it had
        deleted and are there again; tables without any are left out.
    """

    batch: int
    removed: dict[str, int]
    restored: dict[str, int]
    added: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {"batch": self.batch, "removed": self.removed, "restored": self.restored, "added": self.added}


def undo_batch(session: Session, batch_id: int, *, account_id: int | None = None) -> UndoReport:
    """Put back everything a batch changed, as it was to the bit.

    Parameters
    ----------
    session : Session
        As the owner, in a transaction; waits for imports that are under way. The caller has checked that the account
        answers for the batch's area.
    batch_id : int
    account_id : int, optional
        Who takes it back; the machine's operator without one.

    Raises
    ------
    RecordUnknown
        If there is no such batch.
    UndoRefused
        If it was taken back already, or what it replaced was purged (see :func:`purge_changes`).
    UndoBlocked
        If something was changed since, or rests on it; nothing is changed then.
    """
    row = _require_kept(session, batch_id)
    bind_account(session, account_id)
    with session.begin_nested():
        blockers, done = _try(session, batch_id)
        if blockers or done is None:
            raise UndoBlocked(batch_id, blockers)
    session.execute(text("delete from batch_change where batch_id = :batch"), {"batch": batch_id})
    session.execute(
        text("update batch set undone_at = now(), undone_by = :account where id = :batch"),
        {"batch": batch_id, "account": account_id},
    )
    report = UndoReport(batch_id, *({name: n for name, n in part.items() if n} for part in _parts(done)))
    record(
        session,
        act="import_undo",
        object_kind=row.kind,
        object_id=batch_id,
        details={"file": row.file_name, **report.to_json()},
        jur=row.jur,
    )
    return report


def find_blockers(session: Session, batch_id: int) -> list[Blocker]:
    """Say what would keep a batch from being taken back; nothing is changed.

    Session and errors as for :func:`undo_batch`, but that UndoBlocked is never raised. Empty if it can be taken back.
    """
    _require_kept(session, batch_id)
    trial = session.begin_nested()
    try:
        return _try(session, batch_id)[0]
    finally:
        trial.rollback()


def purge_changes(session: Session, days: int = KEPT_DAYS) -> int:
    """Delete what older batches have replaced, for it holds personal data; they can no longer be taken back.

    Returns
    -------
    int
        How many batches that is.
    """
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    old = "created_at < now() - make_interval(days => :days)"
    session.execute(
        text(f"delete from batch_change where batch_id in (select id from batch where {old})"), {"days": days}
    )
    return rows_changed(
        session.execute(
            text(f"update batch set purged_at = now() where {old} and purged_at is null and undone_at is null"),
            {"days": days},
        )
    )


def _require_kept(session: Session, batch_id: int) -> Any:
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    row = session.execute(
        text("select kind, file_name, jur, undone_at, purged_at, counts from batch where id = :batch"),
        {"batch": batch_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.undone_at is not None:
        day = f"{row.undone_at:%Y-%m-%d %H:%M}"
        raise UndoRefused(
            Text(f"批次 {batch_id} 已于 {day} 撤销。", f"Batch {batch_id} was taken back on {day} already."),
            batch=batch_id,
        )
    if row.kind == "sample":
        raise UndoRefused(
            Text(
                f"批次 {batch_id} 是直接载入的样例县，没有逐行记录，不能撤销。请在单独的数据库中试用。",
                f"Batch {batch_id} is a sample county that was loaded without notes of each row, so it cannot be taken "
                "back. Try it in a database of its own.",
            ),
            batch=batch_id,
        )
    if row.purged_at is not None or row.counts is None:
        raise UndoRefused(
            Text(
                f"批次 {batch_id} 不能撤销：导入前的内容只保留 {KEPT_DAYS} 天，已经删除。",
                f"Batch {batch_id} cannot be taken back: what it replaced is kept for {KEPT_DAYS} days and is gone.",
            ),
            batch=batch_id,
        )
    return row


def _try(session: Session, batch: int) -> tuple[list[Blocker], Restored | None]:
    """Put everything back and see whether that is right; the caller takes it back where there are blockers."""
    open_findings(session, batch)
    find_changed(session, batch)
    find_referring(session, batch)
    blockers = read_blockers(session, batch)
    if blockers:
        return blockers, None
    grounds = read_grounds(session, batch)
    tables = list(touched(session, batch))
    # What has to change besides is noted, as in an import.
    note_changes(session, batch)
    done = restore_rows(session, tables)
    find_following(session, batch)
    blockers = read_blockers(session, batch)
    if not blockers:
        trial = session.begin_nested()
        find_resting(session, batch, grounds)
        blockers = read_blockers(session, batch)
        trial.rollback()
    note_changes(session, None)
    if not blockers:
        # Keys are checked now, so that nothing is left for the commit to refuse.
        session.execute(text("set constraints all immediate"))
        session.execute(text("set constraints all deferred"))
    return blockers, done


def _parts(done: Restored) -> tuple[dict[str, int], ...]:
    return done.removed, done.restored, done.added
