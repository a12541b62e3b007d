"""The worker's side of background jobs, as the owner: claiming, progress, the end; each a transaction of its own.

A claim is known by its number (``attempts``). Whoever writes the end of a job names the claim it works for, so that a
job that was given up and taken up again cannot end twice.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from data.db import rows_changed
from geo.errors import FangtuError, Text

# What runs beside each other, at most one job of each: whoever plans routes does not wait for somebody else's import.
QUICK, ROUTES, PAPER = ("preview",), ("route",), ("labels", "files")
HEAVY = ("trial", "import", "undo", "edit", "plan", "assign", "gate", "compare")
LANES = (QUICK, ROUTES, PAPER, HEAVY)
CHANNEL = "fangtu_job"
MOST_ATTEMPTS = 3


class ClaimLost(FangtuError):
    """The job was given to another process meanwhile; what this one did is taken back."""

    code = "claim_lost"

    def __init__(self) -> None:
        super().__init__(Text("这项任务已由另一进程接手。", "This piece of work was taken over by another process."))


@dataclass(frozen=True)
class Claim:
    """A job as its process got it.

    Attributes
    ----------
    id : UUID
    attempt : int
        How many times it was claimed, this one included; names the claim.
    kind : str
        One of those in :data:`LANES`.
    account_id : int
        Whose it is.
    jur, jur_end : int
        The area it is for.
    upload_id : UUID or None
    batch_id : int or None
    payload : dict
        What else was asked for.
    """

    id: uuid.UUID
    attempt: int
    kind: str
    account_id: int
    jur: int
    jur_end: int
    upload_id: uuid.UUID | None
    batch_id: int | None
    payload: dict[str, Any]


def claim_job(connection: Connection, kinds: Sequence[str]) -> Claim | None:
    """Take the oldest waiting job of some kinds; None if there is none."""
    row = connection.execute(
        text("""
            update job set state = 'running', attempts = attempts + 1, started_at = now(), heartbeat_at = now(),
                   backend_pid = null, step_zh = null, step_en = null, done_n = null, total_n = null
             where id = (select id from job where state = 'waiting' and kind = any (:kinds)
                            and cancel_asked_at is null order by created_at, id limit 1 for update skip locked)
            returning id, attempts, kind, account_id, jur, jur_end, upload_id, batch_id, payload"""),
        {"kinds": list(kinds)},
    ).one_or_none()
    connection.commit()
    return Claim(*row) if row else None


def note_progress(
    connection: Connection, claim: Claim, step: Text | None, done: int | None, total: int | None, backend: int | None
) -> None:
    """Write how far a job is, and that it lives; left out while its own transaction is about to end it."""
    connection.execute(
        text("""
            update job set heartbeat_at = now(), step_zh = :zh, step_en = :en, done_n = :done, total_n = :total,
                   backend_pid = :backend
             where id = (select id from job where id = :id and attempts = :attempt and state = 'running'
                         for update skip locked)"""),
        {
            "id": claim.id,
            "attempt": claim.attempt,
            "zh": step.zh if step else None,
            "en": step.en if step else None,
            "done": done,
            "total": total,
            "backend": backend,
        },
    )
    connection.commit()


def cancelled_among(connection: Connection, claims: Sequence[Claim]) -> set[uuid.UUID]:
    """Give those of the running jobs that somebody asked to stop; waiting ones are ended here."""
    connection.execute(
        text("""
            update job set state = 'cancelled', finished_at = now()
             where state = 'waiting' and cancel_asked_at is not null""")
    )
    asked = connection.execute(
        text("select id from job where id = any (:ids) and cancel_asked_at is not null"),
        {"ids": [claim.id for claim in claims]},
    ).scalars()
    found = set(asked)
    connection.commit()
    return found


def take_up_again(connection: Connection) -> list[uuid.UUID]:
    """Put back what a dead worker left running: to be claimed again, or failed after the third time.

    Only for the worker that holds :data:`WORKER_LOCK`. A job whose own transaction is still ending is waited for.

    Returns
    -------
    list of UUID
        The jobs.
    """
    left = list(connection.execute(text("select id from job where state = 'running'")).scalars())
    for job_id in left:
        _put_back(connection, job_id)
    connection.commit()
    return left


def give_back(connection: Connection, claim: Claim) -> None:
    """Put back one job whose process died without a word."""
    _put_back(connection, claim.id, claim.attempt)
    connection.commit()


def _put_back(connection: Connection, job_id: uuid.UUID, attempt: int | None = None) -> None:
    died = Text(
        f"处理中断了 {MOST_ATTEMPTS} 次，没有写入任何数据。请分成小一些的文件再试；仍不行请告诉管理员。",
        f"It broke off {MOST_ATTEMPTS} times; nothing was written. Try smaller files, else tell your administrator.",
    )
    connection.execute(
        text("""
            update job set
                state = case when cancel_asked_at is not null then 'cancelled' when attempts < :most then 'waiting'
                             else 'failed' end,
                error_code = case when cancel_asked_at is null and attempts >= :most then 'broke_off' end,
                error_zh = case when cancel_asked_at is null and attempts >= :most then :zh end,
                error_en = case when cancel_asked_at is null and attempts >= :most then :en end,
                finished_at = case when cancel_asked_at is not null or attempts >= :most then now() end,
                backend_pid = null
             where id = :id and state = 'running' and attempts = coalesce(cast(:attempt as integer), attempts)"""),
        {"id": job_id, "attempt": attempt, "most": MOST_ATTEMPTS, "zh": died.zh, "en": died.en},
    )


def end_job(
    session: Session | Connection,
    claim: Claim,
    state: str,
    *,
    error: FangtuError | None = None,
    result: dict[str, Any] | None = None,
    batch_id: int | None = None,
) -> None:
    """Write the end of a job into the running transaction: for ``done`` that of the work itself.

    Raises
    ------
    ClaimLost
        If the job is no longer this claim's: then the work must not be committed.
    """
    changed = session.execute(
        text("""
            update job set state = :state, finished_at = now(), heartbeat_at = now(), backend_pid = null,
                   error_code = :code, error_zh = :zh, error_en = :en, result = cast(:result as jsonb),
                   batch_id = coalesce(batch_id, :batch)
             where id = :id and attempts = :attempt and state = 'running'"""),
        {
            "id": claim.id,
            "attempt": claim.attempt,
            "state": state,
            "code": error.code if error else None,
            "zh": error.text.zh if error else None,
            "en": error.text.en if error else None,
            "result": None if result is None else json.dumps(result, ensure_ascii=False),
            "batch": batch_id,
        },
    )
    if rows_changed(changed) != 1:
        raise ClaimLost
