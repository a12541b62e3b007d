"""Who is to visit whom (指派), the acts that said so, and who is on the way to whom (预约)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, of_household, serial_key

_HOW = "how in ('rule', 'grid', 'drawn')"


def _of_round() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE")


class AssignmentAct(Base):
    """One act of assignment: by rule, by grid or drawn; taken back as a whole (``undone_at``)."""

    __tablename__ = "assignment_act"
    __table_args__ = (
        _of_round(),
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(_HOW, name="how"),
        Index("ix_assignment_act_round", "campaign_id", "round_no", "created_at"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    how: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Assignment(Base):
    """Who of a kind of visitors is to visit a household in a round; ``owner`` is the name people read.

    ``repeats`` marks a kind that may visit what others visit too. Of all other kinds a household has one.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        of_household("assignment"),
        CheckConstraint(_HOW, name="how"),
        Index(
            "uq_assignment_single",
            "campaign_id",
            "round_no",
            "household_id",
            unique=True,
            postgresql_where="not repeats",
        ),
        Index("ix_assignment_jur", "campaign_id", "round_no", "jur"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    jur: Mapped[int] = jurisdiction()
    repeats: Mapped[bool] = mapped_column(Boolean)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    owner: Mapped[str]
    how: Mapped[str]
    act_id: Mapped[int] = mapped_column(ForeignKey("assignment_act.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class AssignmentChange(Base):
    """What an act changed for a household and kind: before and after, null where nobody was or is assigned."""

    __tablename__ = "assignment_change"
    __table_args__ = (of_household("assignment_change"),)

    act_id: Mapped[int] = mapped_column(ForeignKey("assignment_act.id", ondelete="CASCADE"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    jur: Mapped[int] = jurisdiction()
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Reservation(Base):
    """Somebody is on the way to a household until a moment, so that nobody else goes; one at a time and round.

    ``route_plan_id`` is the plan of routes that reserved it, where none took it himself.
    """

    __tablename__ = "reservation"
    __table_args__ = (
        _of_round(),
        of_household("reservation"),
        CheckConstraint("taken_at < until", name="span"),
        Index(
            "uq_reservation_living",
            "campaign_id",
            "round_no",
            "household_id",
            unique=True,
            postgresql_where="ended_at is null",
        ),
        Index("ix_reservation_jur", "campaign_id", "round_no", "jur", postgresql_where="ended_at is null"),
        Index("ix_reservation_route_plan_id", "route_plan_id", postgresql_where="route_plan_id is not null"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    kind: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    who: Mapped[str]
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    route_plan_id: Mapped[int | None] = mapped_column(ForeignKey("route_plan.id", ondelete="SET NULL"))
