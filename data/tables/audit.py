"""The audit: who did what to which record, written in the transaction of the act itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key


class AuditEntry(Base):
    """One act. The application may add rows and, as administrator, read them; nobody changes them."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_object", "object_kind", "object_id"), Index("ix_audit_at", "at"))

    id: Mapped[int] = serial_key()
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    account_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str]
    role: Mapped[str | None]
    act: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[str | None]
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    reason: Mapped[str | None]
    details: Mapped[dict[str, object] | None] = mapped_column(JSONB)
    address: Mapped[str | None]
    request_id: Mapped[str | None]
    jur: Mapped[int] = jurisdiction()
