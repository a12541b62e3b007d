"""Import batches: one file is one batch, with its totals and what was refused."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Batch(Base, Stamped):
    """One imported file: ``read`` = ``accepted`` + ``refused``; heads, totals and remarks are ``ignored``."""

    __tablename__ = "batch"
    __table_args__ = (CheckConstraint("read = accepted + refused", name="adds_up"),)

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
