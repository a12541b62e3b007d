"""Campaigns (行动) with the rules of their work plan, and their rounds (轮次)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Numeric, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Campaign(Base, Stamped):
    """A visiting campaign; ``plan`` holds the work plan's numbers, ``plan_text`` the TOML with its clauses."""

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint("target > 0 and target <= 1", name="target"),
        CheckConstraint("jur < jur_end", name="range"),
    )

    id: Mapped[int] = serial_key()
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    target: Mapped[float] = mapped_column(Numeric(5, 4, asdecimal=False))
    cohort: Mapped[str]
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plan_text: Mapped[str]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)


class Round(Base):
    """One round of a campaign; coverage is counted per round."""

    __tablename__ = "round"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
