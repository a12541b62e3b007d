"""Look-backs (回头看): what was drawn and what was found; and findings (扣分项)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, of_household, serial_key


class Lookback(Base):
    """One look-back of a round: the claim "true coverage >= coverage" at an error, its plan, and the seed of its draw.

    ``reckoned`` and ``power`` are those of ``data.rules.lookback_claim.Plan``; None before there were plans.
    """

    __tablename__ = "lookback"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        CheckConstraint("coverage > 0 and coverage <= 1", name="coverage"),
        CheckConstraint("error > 0 and error < 0.5", name="error"),
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(
            "(reckoned is null) = (power is null) and reckoned between 0 and 0.9 and power >= 0.05 and power < 1",
            name="plan",
        ),
        Index("ix_lookback_campaign_id_round_no", "campaign_id", "round_no"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    coverage: Mapped[float] = mapped_column(Numeric(5, 4, asdecimal=False))
    error: Mapped[float] = mapped_column(Numeric(5, 4, asdecimal=False))
    seed: Mapped[str]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    reckoned: Mapped[float | None] = mapped_column(Numeric(5, 4, asdecimal=False))
    power: Mapped[float | None] = mapped_column(Numeric(5, 4, asdecimal=False))


class LookbackVillage(Base):
    """A village of a look-back, with its counts on the day of the draw."""

    __tablename__ = "lookback_village"
    __table_args__ = (
        CheckConstraint("counted between 0 and eligible", name="counts"),
        CheckConstraint("jur < jur_end", name="range"),
    )

    lookback_id: Mapped[int] = mapped_column(ForeignKey("lookback.id", ondelete="CASCADE"), primary_key=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    eligible: Mapped[int]
    counted: Mapped[int]


class LookbackPick(Base):
    """A counted household at its place in the order drawn; ``result`` is what the look-back found, None before it."""

    __tablename__ = "lookback_pick"
    __table_args__ = (
        UniqueConstraint("lookback_id", "village_id", "no", name="uq_lookback_pick_no"),
        UniqueConstraint("lookback_id", "household_id", name="uq_lookback_pick_household"),
        ForeignKeyConstraint(
            ["lookback_id", "village_id"],
            ["lookback_village.lookback_id", "lookback_village.village_id"],
            name="fk_lookback_pick_village",
            ondelete="CASCADE",
        ),
        of_household("lookback_pick"),
        CheckConstraint("result in ('confirmed', 'not_visited', 'untrue', 'not_reached')", name="result"),
        CheckConstraint("mode in ('home', 'phone', 'wechat', 'sms')", name="mode"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("(result is null) = (looked_at is null)", name="told"),
    )

    id: Mapped[int] = serial_key()
    lookback_id: Mapped[int] = mapped_column(BigInteger)
    village_id: Mapped[int] = mapped_column(BigInteger)
    no: Mapped[int]
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    weight: Mapped[float]
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    result: Mapped[str | None]
    mode: Mapped[str | None]
    satisfied: Mapped[bool | None]
    tries: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    looked_by: Mapped[str | None]
    looked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    remark: Mapped[str | None]


class Finding(Base, Stamped):
    """Something that deducts points from a village; ``points`` and ``clause`` are the plan's when it was found."""

    __tablename__ = "finding"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        of_household("finding"),
        UniqueConstraint("pick_id", "kind", name="uq_finding_pick_id_kind"),
        CheckConstraint("points >= 0", name="points"),
        CheckConstraint("source in ('lookback', 'person')", name="source"),
        CheckConstraint("state in ('open', 'answered', 'confirmed', 'withdrawn')", name="state"),
        Index("ix_finding_round", "campaign_id", "round_no", "jur"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    points: Mapped[float] = mapped_column(Numeric(6, 2, asdecimal=False))
    clause: Mapped[str | None]
    source: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="open")
    village_id: Mapped[int | None] = mapped_column(ForeignKey("area.id", ondelete="SET NULL"))
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    visit_no: Mapped[int | None] = mapped_column(ForeignKey("visit.no", ondelete="SET NULL"), index=True)
    pick_id: Mapped[int | None] = mapped_column(ForeignKey("lookback_pick.id", ondelete="SET NULL"))
    remark: Mapped[str | None]
    answer: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
