"""Plans of routes (路线方案): what they were made from, the days of inspectors, whom they leave out, their changes."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, of_household, serial_key


def _of_plan() -> Mapped[int]:
    return mapped_column(ForeignKey("route_plan.id", ondelete="CASCADE"), primary_key=True)


class RoutePlan(Base):
    """A plan of routes for a round and an area.

    ``choices`` is the form it was asked for with, ``held`` what people settled in it (locks, absences, what is done),
    ``estimated`` the share of its ways that are guessed from straight lines, ``change_no`` the change it stands at.
    ``made_by`` is None for the machine's operator; ``villages`` says where each village stands while it is solved.
    """

    __tablename__ = "route_plan"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint("state in ('draft', 'solving', 'ready', 'published', 'withdrawn')", name="state"),
        Index("ix_route_plan_round", "campaign_id", "round_no", "made_at"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    days: Mapped[list[date]] = mapped_column(ARRAY(Date))
    choices: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="draft")
    revision: Mapped[int] = mapped_column(server_default="0")
    published_revision: Mapped[int | None]
    held: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    estimated: Mapped[float | None] = mapped_column(Float(53))
    job_id: Mapped[uuid.UUID | None]
    villages: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    change_no: Mapped[int] = mapped_column(server_default="0")
    made_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class RouteProblem(Base):
    """What a plan was made from (``problem``, as ``geo.routing.reading`` reads it) and the measured ways (``ways``)."""

    __tablename__ = "route_problem"
    __table_args__ = (CheckConstraint("jur < jur_end", name="range"),)

    plan_id: Mapped[int] = _of_plan()
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    problem: Mapped[dict[str, Any]] = mapped_column(JSONB)
    modes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    places: Mapped[int] = mapped_column(server_default="0")
    ways: Mapped[bytes | None] = mapped_column(LargeBinary)


class Route(Base):
    """A day of an inspector: as planned, and, where ``published``, as given out; times are seconds of the day."""

    __tablename__ = "route"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        Index("ix_route_account_id", "account_id", "campaign_id", "round_no", postgresql_where=text("published")),
    )

    plan_id: Mapped[int] = _of_plan()
    published: Mapped[bool] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    day: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    on_day: Mapped[date]
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int]
    mode: Mapped[str]
    companions: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    leave_s: Mapped[int]
    back_s: Mapped[int]
    back_travel_s: Mapped[int]
    back_travel_m: Mapped[int]
    breaks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    reported_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RouteStop(Base):
    """One visit of a route; ``reported`` is the place in the order in which it was gone, as the inspector said."""

    __tablename__ = "route_stop"
    __table_args__ = (
        ForeignKeyConstraint(
            ["plan_id", "published", "account_id", "day"],
            ["route.plan_id", "route.published", "route.account_id", "route.day"],
            name="fk_route_stop_plan_id",
            ondelete="CASCADE",
        ),
        of_household("route_stop"),
        Index("ix_route_stop_route", "plan_id", "published", "account_id", "day"),
    )

    plan_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    published: Mapped[bool] = mapped_column(primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    jur: Mapped[int] = jurisdiction()
    account_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[int] = mapped_column(SmallInteger)
    position: Mapped[int] = mapped_column(SmallInteger)
    arrival_s: Mapped[int]
    start_s: Mapped[int]
    leave_s: Mapped[int]
    travel_s: Mapped[int]
    travel_m: Mapped[int]
    estimated: Mapped[bool]
    done: Mapped[bool] = mapped_column(server_default="false")
    reported: Mapped[int | None] = mapped_column(SmallInteger)


class RouteUnplanned(Base):
    """A household that a plan leaves out, with the kind of reason."""

    __tablename__ = "route_unplanned"
    __table_args__ = (of_household("route_unplanned"),)

    plan_id: Mapped[int] = _of_plan()
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    jur: Mapped[int] = jurisdiction()
    reason: Mapped[str]


class RouteChange(Base):
    """A change of a plan: what was asked for, its price, and the plan after it; ``before_no`` is the one it follows."""

    __tablename__ = "route_change"
    __table_args__ = (CheckConstraint("jur < jur_end", name="range"),)

    plan_id: Mapped[int] = _of_plan()
    no: Mapped[int] = mapped_column(primary_key=True)
    before_no: Mapped[int]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    revision: Mapped[int]
    act: Mapped[str]
    wanted: Mapped[dict[str, Any]] = mapped_column(JSONB)
    price: Mapped[dict[str, Any]] = mapped_column(JSONB)
    routes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    held: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
