"""What is kept beside the visits: publicity (宣讲) and households in hardship (特殊困难群体)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key

CAUSES = ("illness", "accident", "disability", "no_work", "schooling", "minimum_living", "extremely_poor", "other")
STATES = ("open", "planned", "closed")


class Publicity(Base, Stamped):
    """One act that made a campaign known in an area: ``item`` is a key of the plan's publicity, ``times`` how often."""

    __tablename__ = "publicity"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint("times between 1 and 100000", name="times"),
        Index("ix_publicity_campaign_id_jur", "campaign_id", "jur", "done_on"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    item: Mapped[str]
    done_on: Mapped[date]
    times: Mapped[int] = mapped_column(server_default="1")
    title: Mapped[str | None]
    remark: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class HardshipCase(Base, Stamped):
    """A household that ordinary help does not lift out of hardship, with the one plan made for it (一户一策)."""

    __tablename__ = "hardship_case"
    __table_args__ = (
        ForeignKeyConstraint(
            ["household_id", "jur"],
            ["household.id", "household.jur"],
            name="fk_hardship_case_household_id_jur",
            onupdate="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(f"cause in {CAUSES}", name="cause"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint("state = 'open' or measure is not null", name="plan"),
        CheckConstraint("(state = 'closed') = (closed_on is not null)", name="closed"),
        Index("uq_hardship_case_household_id", "household_id", unique=True, postgresql_where=text("state <> 'closed'")),
        Index("ix_hardship_case_jur", "jur", "state"),
    )

    id: Mapped[int] = serial_key()
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id", ondelete="SET NULL"))
    cause: Mapped[str]
    situation: Mapped[str]
    help_had: Mapped[str | None]
    measure: Mapped[str | None]
    responsible: Mapped[str | None]
    due_on: Mapped[date | None]
    state: Mapped[str]
    closed_on: Mapped[date | None]
    result: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    revision: Mapped[int] = mapped_column(server_default="1")
