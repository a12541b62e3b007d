"""Campaigns (行动) with the rules of their work plan, and their rounds (轮次)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Campaign(Base, Stamped):
    """A visiting campaign; ``plan`` holds the work plan's tables, ``plan_text`` the TOML, ``version`` which of them.

    ``cohort`` is the key of the plan's own cohort; whom a round is for stands with the round.
    """

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
    version: Mapped[int] = mapped_column(Integer, server_default="1")
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)


class Round(Base):
    """One round of a campaign; coverage is counted per round, over the households of its cohort.

    ``cohort_rule`` is one of ``data.rules.plan_words.COHORT_RULE``, with its groups or its days (the last not
    included); ``target`` is empty where it is the campaign's.
    """

    __tablename__ = "round"
    __table_args__ = (
        CheckConstraint(
            "cohort_rule in ('all_households', 'key_groups', 'renovated', 'new_renovation')", name="cohort_rule"
        ),
        CheckConstraint("target > 0 and target <= 1", name="target"),
    )

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    cohort_rule: Mapped[str] = mapped_column(server_default="all_households")
    cohort_groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    cohort_since: Mapped[date | None]
    cohort_until: Mapped[date | None]
    target: Mapped[float | None] = mapped_column(Numeric(5, 4, asdecimal=False))


class CampaignVersion(Base):
    """A plan as it was applied: each change makes a new one, none is changed afterwards."""

    __tablename__ = "campaign_version"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(Integer, primary_key=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    plan: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plan_text: Mapped[str]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    note: Mapped[str | None]
