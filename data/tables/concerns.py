"""What is seen at sites of concern (环境整治点)."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key


class ConcernObservation(Base):
    """One look at a site, never changed; a mistake is superseded by another row that says why."""

    __tablename__ = "concern_observation"
    __table_args__ = (
        UniqueConstraint("supersedes_id"),
        UniqueConstraint("client_id"),
        CheckConstraint("seen in ('untouched', 'clearing', 'cleared')", name="seen"),
        CheckConstraint("supersedes_id is null or note is not null", name="note"),
        Index("ix_concern_observation_mark_id", "mark_id", "on_day", "id"),
        Index("ix_concern_observation_jur", "jur"),
    )

    id: Mapped[int] = serial_key()
    mark_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mark.id", ondelete="CASCADE"))
    jur: Mapped[int] = jurisdiction()
    on_day: Mapped[date]
    seen: Mapped[str]
    note: Mapped[str | None]
    supersedes_id: Mapped[int | None] = mapped_column(ForeignKey("concern_observation.id"))
    observer: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    client_id: Mapped[uuid.UUID | None]
