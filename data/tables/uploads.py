"""Files on their way in: uploads, the jobs that work on them, and headings remembered for a sender."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Upload(Base, Stamped):
    """A file somebody sent for import; its content lies sealed outside the database until it is imported or dropped.

    ``choices`` are what the sender of the form chose (sheet, columns, coordinate system …), ``preview`` what was found
    in the file, ``trial`` the report of the latest dry run.
    """

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint("state in ('new', 'ready', 'imported', 'discarded', 'expired')", name="state"),
        Index("ix_upload_account_id", "account_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    file_name: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    sender: Mapped[str | None]
    kind: Mapped[str | None]
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    preview: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    trial: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="new")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Job(Base):
    """Work done in the background by the worker; it is its account's own, for an area that account answers for."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(
            "kind in ('preview', 'trial', 'import', 'undo', 'place', 'edit', 'plan', 'assign', 'route', 'gate', "
            "'compare', 'labels', 'files')",
            name="kind",
        ),
        CheckConstraint("state in ('waiting', 'running', 'done', 'failed', 'cancelled')", name="state"),
        Index("ix_job_open", "created_at", postgresql_where=text("state in ('waiting', 'running')")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    kind: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    upload_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"), index=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    state: Mapped[str] = mapped_column(server_default="waiting")
    step_zh: Mapped[str | None]
    step_en: Mapped[str | None]
    done_n: Mapped[int | None] = mapped_column(BigInteger)
    total_n: Mapped[int | None] = mapped_column(BigInteger)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error_code: Mapped[str | None]
    error_zh: Mapped[str | None]
    error_en: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    backend_pid: Mapped[int | None]
    cancel_asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    heartbeat_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ColumnMemory(Base):
    """What a sender's column was said to be the last time, for one area and kind of file."""

    __tablename__ = "column_memory"
    __table_args__ = (UniqueConstraint("jur", "jur_end", "sender", "kind", "heading", name="uq_column_memory"),)

    id: Mapped[int] = serial_key()
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    sender: Mapped[str]
    kind: Mapped[str]
    heading: Mapped[str]
    field: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
