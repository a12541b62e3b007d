"""Work done in the background (任务), as pages ask for it and see it; ``data.claims`` has the worker's side.

A page adds a job under row-level security. It is ``waiting`` until the worker claims it, then ``running``, and ends as
``done``, ``failed`` or ``cancelled``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, insert, or_, select, text, update
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.bilingual import in_language
from data.db import rows_changed
from data.tables import Job
from geo.errors import FangtuError, Text

OPEN = ("waiting", "running")
# Held by the one worker that works; a page can see whether anybody holds it.
WORKER_LOCK = 20261123


# One that was cancelled while it waited will never run, whether or not a worker has seen that yet.
_IS_OPEN = or_(Job.state == "running", and_(Job.state == "waiting", Job.cancel_asked_at.is_(None)))


class JobRunning(FangtuError):
    """Something is under way for the same file or batch; it has to end first."""

    code = "job_running"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "上一步还在进行。请等它完成，或先取消。",
                "The last step is still under way. Wait for it, or cancel it first.",
            )
        )


def add_job(
    session: Session,
    who: Asker,
    kind: str,
    within: tuple[int, int],
    *,
    upload_id: uuid.UUID | None = None,
    batch_id: int | None = None,
    payload: dict[str, Any] | None = None,
    instead_of: Sequence[str] = (),
) -> uuid.UUID:
    """Ask for a piece of work; the worker hears of it when the transaction is committed.

    Parameters
    ----------
    instead_of : sequence of str
        Kinds of job that this one takes the place of: they are asked to stop.

    Raises
    ------
    JobRunning
        If another one of the asker's is open for the same upload or batch; without either, of the same kind.
    """
    if upload_id is not None:
        same = Job.upload_id == upload_id
    elif batch_id is not None:
        same = Job.batch_id == batch_id
    else:
        same = and_(Job.kind == kind, Job.upload_id.is_(None), Job.batch_id.is_(None))
    if session.scalar(select(Job.id).where(same, _IS_OPEN, Job.kind.not_in(instead_of)).limit(1)) is not None:
        raise JobRunning
    session.execute(
        update(Job)
        .where(same, Job.state.in_(OPEN), Job.cancel_asked_at.is_(None))
        .values(cancel_asked_at=text("now()"))
        .execution_options(synchronize_session=False)
    )
    key = uuid.uuid4()
    session.execute(
        insert(Job).inline(),
        [
            {
                "id": key,
                "kind": kind,
                "account_id": who.account_id,
                "jur": within[0],
                "jur_end": within[1],
                "upload_id": upload_id,
                "batch_id": batch_id,
                "payload": payload or {},
            }
        ],
    )
    return key


def find_job(session: Session, job_id: uuid.UUID) -> Job:
    """Give one of the asker's own jobs.

    Raises
    ------
    RecordUnknown
        If there is none of that number, or it is somebody else's.
    """
    found = session.get(Job, job_id)
    if found is None:
        raise RecordUnknown
    return found


def newest_jobs(session: Session, upload_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Job]:
    """Give the newest job of each upload that has one."""
    rows = session.scalars(
        select(Job)
        .where(Job.upload_id.in_(upload_ids))
        .order_by(Job.upload_id, Job.created_at.desc())
        .distinct(Job.upload_id)
    )
    return {row.upload_id: row for row in rows if row.upload_id is not None}


def newest_undo(session: Session, batch_id: int) -> Job | None:
    """Give the asker's newest job on a batch."""
    return session.scalars(
        select(Job).where(Job.batch_id == batch_id, Job.kind == "undo").order_by(Job.created_at.desc()).limit(1)
    ).one_or_none()


def ask_cancel(session: Session, *, upload_id: uuid.UUID) -> int:
    """Ask that whatever is open for an upload be stopped; gives how many jobs that is."""
    result = session.execute(
        update(Job)
        .where(Job.upload_id == upload_id, Job.state.in_(OPEN), Job.cancel_asked_at.is_(None))
        .values(cancel_asked_at=text("now()"))
        .execution_options(synchronize_session=False)
    )
    return rows_changed(result)


def cancel_job(session: Session, job: Job) -> None:
    """Ask that one of the asker's own jobs be stopped; one that has ended stays as it ended."""
    session.execute(
        update(Job)
        .where(Job.id == job.id, Job.state.in_(OPEN), Job.cancel_asked_at.is_(None))
        .values(cancel_asked_at=text("now()"))
        .execution_options(synchronize_session=False)
    )
    session.refresh(job)


def is_worker_there(session: Session) -> bool:
    """Whether a worker is at work on this database."""
    return bool(
        session.scalar(
            text("""
                select exists (
                    select from pg_locks where locktype = 'advisory' and classid = 0 and objid = :lock and granted
                       and database = (select oid from pg_database where datname = current_database()))"""),
            {"lock": WORKER_LOCK},
        )
    )


def job_json(job: Job, language: str, *, worker_there: bool = True) -> dict[str, Any]:
    """Give a job as pages read it."""
    step = Text(job.step_zh, job.step_en).in_language(language) if job.step_zh and job.step_en else None
    state = "cancelled" if job.state == "waiting" and job.cancel_asked_at is not None else job.state
    if state == "waiting":
        waiting = Text("排队中", "Waiting its turn")
        nobody = Text(
            "后台程序没有运行，请告诉管理员；启动后会自动继续",
            "The background program is not running; tell your administrator. It goes on by itself once started",
        )
        step = (waiting if worker_there else nobody).in_language(language)
    error = None
    if job.error_code:
        words = Text(job.error_zh or "", job.error_en or "")
        error = {"code": job.error_code, "message": words.in_language(language)}
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": state,
        "step": step,
        "done": job.done_n,
        "total": job.total_n,
        "error": error,
        "can_cancel": state in OPEN and job.cancel_asked_at is None,
        "result": in_language(job.result, language),
    }
