"""Monthly monitoring of housing safety (住房安全动态监测), changes of housing status, and petitions (信访).

The order of stages is guarded by triggers of migration 0033, which also bring an appraisal and a site's end along.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key

STAGES = "('to_check', 'safe', 'reported', 'appraised', 'following', 'followed', 'closed')"
ACTS = "('checked_safe', 'reported', 'appraised', 'followed', 'finished', 'unfollowed', 'closed', 'reopened')"
FOLLOWS = "('site', 'moved_out', 'not_needed')"
STATUSES = "('safe', 'dangerous', 'renovated', 'vacant', 'demolished', 'no_house')"


def _of_row(table: str, parent: str, column: str) -> ForeignKeyConstraint:
    """Key of a row with its jurisdiction, which takes a row of ``table`` along; a row with such rows stays."""
    return ForeignKeyConstraint(
        [column, "jur"],
        [f"{parent}.id", f"{parent}.jur"],
        name=f"fk_{table}_{column}_jur",
        onupdate="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def _moment() -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class MonitoringRound(Base):
    """A month of a township or county, or the time after a disaster, with its last days."""

    __tablename__ = "monitoring_round"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint("extract(day from month) = 1", name="month"),
        CheckConstraint("names_by <= appraised_by and appraised_by <= closed_by", name="days"),
        Index(
            "uq_monitoring_round_area_id",
            "area_id",
            "month",
            unique=True,
            postgresql_where=text("disaster_id is null"),
        ),
        Index(
            "uq_monitoring_round_disaster_id",
            "area_id",
            "disaster_id",
            unique=True,
            postgresql_where=text("disaster_id is not null"),
        ),
        Index("ix_monitoring_round_jur", "jur", "month"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[date]
    disaster_id: Mapped[int | None] = mapped_column(ForeignKey("disaster.id"))
    opened_on: Mapped[date]
    names_by: Mapped[date]
    appraised_by: Mapped[date]
    closed_by: Mapped[date]
    provisional: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Monitored(Base, Stamped):
    """A household in a round, moved by its acts alone; ``aid_group`` is as it stood when it was taken in."""

    __tablename__ = "monitored"
    __table_args__ = (
        UniqueConstraint("id", "jur", name="uq_monitored_id_jur"),
        UniqueConstraint("round_id", "household_id", name="uq_monitored_round_id_household_id"),
        _of_row("monitored", "household", "household_id"),
        CheckConstraint(f"stage in {STAGES}", name="stage"),
        CheckConstraint("result in ('A', 'B', 'C', 'D')", name="result"),
        CheckConstraint(f"follow in {FOLLOWS}", name="follow"),
        Index("ix_monitored_household_id", "household_id"),
        Index("ix_monitored_round_id_jur", "round_id", "jur", "stage"),
        Index("ix_monitored_appraisal_id", "appraisal_id", postgresql_where=text("appraisal_id is not null")),
        Index("ix_monitored_site_id", "site_id", postgresql_where=text("site_id is not null")),
    )

    id: Mapped[int] = serial_key()
    round_id: Mapped[int] = mapped_column(ForeignKey("monitoring_round.id"))
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    aid_group: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default="to_check")
    checked_on: Mapped[date | None]
    reported_on: Mapped[date | None]
    suspected: Mapped[str | None]
    appraised_on: Mapped[date | None]
    appraisal_id: Mapped[int | None] = mapped_column(ForeignKey("appraisal.id"))
    result: Mapped[str | None] = mapped_column(String(1))
    followed_on: Mapped[date | None]
    follow: Mapped[str | None]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("renovation_site.id"))
    finished_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(server_default="1")


class MonitoringAct(Base):
    """One act on a household in a round, never changed; without an account it came by itself."""

    __tablename__ = "monitoring_act"
    __table_args__ = (
        _of_row("monitoring_act", "monitored", "monitored_id"),
        UniqueConstraint("monitored_id", "no"),
        UniqueConstraint("uid"),
        CheckConstraint(f"act in {ACTS}", name="act"),
        CheckConstraint(f"follow in {FOLLOWS}", name="follow"),
        CheckConstraint("act <> 'followed' or follow is not null", name="followed"),
        CheckConstraint("(follow = 'site') = (site_id is not null)", name="site"),
        CheckConstraint("act <> 'appraised' or appraisal_id is not null", name="appraised"),
        CheckConstraint(
            "reason is not null or act in ('checked_safe', 'appraised', 'finished', 'closed') "
            "or (act = 'followed' and follow = 'site')",
            name="reason",
        ),
        Index("ix_monitoring_act_jur", "jur", "on_day"),
    )

    id: Mapped[int] = serial_key()
    monitored_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    no: Mapped[int]
    act: Mapped[str]
    on_day: Mapped[date]
    reason: Mapped[str | None]
    appraisal_id: Mapped[int | None] = mapped_column(ForeignKey("appraisal.id"))
    follow: Mapped[str | None]
    site_id: Mapped[int | None] = mapped_column(ForeignKey("renovation_site.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _moment()
    uid: Mapped[uuid.UUID | None]


class HousingStatus(Base):
    """A change of how safely a household is housed, with its reason; the latest is how it stands."""

    __tablename__ = "housing_status"
    __table_args__ = (
        _of_row("housing_status", "household", "household_id"),
        UniqueConstraint("household_id", "no", name="uq_housing_status_household_id_no"),
        CheckConstraint(f"before in {STATUSES[:-1]}, 'unknown')", name="before"),
        CheckConstraint(f"status in {STATUSES}", name="status"),
        CheckConstraint("before <> status", name="changed"),
        CheckConstraint("cause in ('person', 'appraisal', 'site')", name="cause"),
        Index("ix_housing_status_jur", "jur", "on_day"),
        Index("ix_housing_status_monitored_id", "monitored_id", postgresql_where=text("monitored_id is not null")),
    )

    id: Mapped[int] = serial_key()
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    no: Mapped[int]
    before: Mapped[str]
    status: Mapped[str]
    on_day: Mapped[date]
    cause: Mapped[str]
    reason: Mapped[str]
    monitored_id: Mapped[int | None] = mapped_column(ForeignKey("monitored.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _moment()


class Petition(Base, Stamped):
    """A petition on housing (信访): what about, who answers for it, and whether its sender is satisfied."""

    __tablename__ = "petition"
    __table_args__ = (
        _of_row("petition", "household", "household_id"),
        CheckConstraint("channel in ('visit', 'letter', 'online', 'hotline', 'transferred', 'other')", name="channel"),
        CheckConstraint(
            "cause in ('not_listed', 'appraisal', 'quality', 'delay', 'money_late', 'money_amount', 'neighbour', "
            "'conduct', 'other')",
            name="cause",
        ),
        CheckConstraint("satisfaction in ('satisfied', 'unsatisfied', 'unknown')", name="satisfaction"),
        CheckConstraint("(answer is null) = (answered_on is null)", name="answered"),
        CheckConstraint("answered_on >= received_on", name="answered_on"),
        CheckConstraint("satisfaction = 'unknown' or answer is not null", name="asked"),
        Index("ix_petition_jur", "jur", "received_on"),
        Index("ix_petition_household_id", "household_id", postgresql_where=text("household_id is not null")),
        Index("ix_petition_site_id", "site_id", postgresql_where=text("site_id is not null")),
    )

    id: Mapped[int] = serial_key()
    jur: Mapped[int] = jurisdiction()
    village_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    household_id: Mapped[int | None] = mapped_column(BigInteger)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("renovation_site.id"))
    received_on: Mapped[date]
    channel: Mapped[str]
    petitioner: Mapped[str]
    contact_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    cause: Mapped[str]
    matter: Mapped[str]
    unit: Mapped[str]
    due_on: Mapped[date | None]
    answer: Mapped[str | None]
    answered_on: Mapped[date | None]
    satisfaction: Mapped[str] = mapped_column(server_default="unknown")
    # Whether the household is among the petitioners because of it.
    counts: Mapped[bool] = mapped_column(server_default="false")
    revision: Mapped[int] = mapped_column(server_default="1")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
