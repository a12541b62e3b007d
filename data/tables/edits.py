"""Boundaries edited on the map."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key

ACTS = ("draw", "change", "split", "merge", "delete", "grids")
LEVELS = ("village", "grid", "natural_village", "group")


class AreaEdit(Base):
    """One edit of boundaries: the areas with their shapes before and after, and which households moved where.

    The batch holds what it takes to take it back.
    """

    __tablename__ = "area_edit"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(f"act in {ACTS}", name="act"),
        CheckConstraint(f"level in {LEVELS}", name="level"),
        Index("ix_area_edit_jur", "jur", "created_at"),
    )

    id: Mapped[int] = serial_key()
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), unique=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    act: Mapped[str]
    level: Mapped[str]
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    moves: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
