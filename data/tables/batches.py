"""Import batches: one file is one batch, with its totals and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Batch(Base, Stamped):
    """One imported file: ``read`` = ``accepted`` + ``refused``; heads, totals and remarks are ``ignored``.

    A batch can be taken back (``undone_at``) until what it changed is purged (``purged_at``).
    """

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint("read = accepted + refused", name="adds_up"),
        Index("ix_batch_created_at", "created_at"),
    )

    id: Mapped[int] = serial_key()
    kind: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    read: Mapped[int] = mapped_column(server_default="0")
    accepted: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    ignored: Mapped[int] = mapped_column(server_default="0")
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    sender: Mapped[str | None]
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    purged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BatchChange(Base):
    """A row a batch touched, as it was before (None if the batch added it), and a hash of it as the batch left it."""

    __tablename__ = "batch_change"
    __table_args__ = (
        CheckConstraint("act in ('insert', 'update', 'delete')", name="act"),
        Index("ix_batch_change_row", "table_name", "row_key"),
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    row_key: Mapped[str] = mapped_column(primary_key=True)
    act: Mapped[str]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


class BatchProblem(Base):
    """Why a row was refused, or what was doubtful about it; personal numbers in ``found`` are masked."""

    __tablename__ = "batch_problem"

    id: Mapped[int] = serial_key()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), index=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    sheet: Mapped[str | None]
    row: Mapped[int | None]
    column: Mapped[str | None]
    found: Mapped[str | None]
    expected_zh: Mapped[str | None]
    expected_en: Mapped[str | None]
    reason_zh: Mapped[str]
    reason_en: Mapped[str]
    refused: Mapped[bool]
    code: Mapped[str | None]
