"""Codes of the files of households (户码): found by their keyed hash, sealed so that a label can be printed again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, of_household, serial_key


class FileCode(Base):
    """A code of one household's file; at most one that has not ended."""

    __tablename__ = "file_code"
    __table_args__ = (
        of_household("file_code"),
        Index("uq_file_code_household_id", "household_id", unique=True, postgresql_where=text("ended_at is null")),
    )

    id: Mapped[int] = serial_key()
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    code_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    code_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
