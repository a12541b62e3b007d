"""Places given to households by a person, with what was there before."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key


class Placement(Base):
    """One household put at a place; rows of one act share ``bulk_id``, by which the act is taken back."""

    __tablename__ = "placement"
    __table_args__ = (
        CheckConstraint(
            "method in ('click', 'house_number', 'building', 'house', 'hamlet', 'village', 'mark')", name="method"
        ),
        ForeignKeyConstraint(
            ["household_id", "jur"],
            ["household.id", "household.jur"],
            name="fk_placement_household_id_jur",
            onupdate="CASCADE",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )

    id: Mapped[int] = serial_key()
    bulk_id: Mapped[uuid.UUID] = mapped_column(index=True)
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    method: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
