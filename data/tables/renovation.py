"""Renovation (改造): what happened at the gates, the plan of a year, money and payments, inspections.

Amounts are whole fen. What must hold whoever writes (order of gates, no payment before acceptance, none twice) is
guarded by triggers of migration 0031.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Ranged, Stamped, jurisdiction, of_a_range, serial_key

ACTS = "('passed', 'rejected', 'withdrawn', 'resumed', 'returned')"
OUTCOMES = (
    "('paid', 'failed', 'already', 'contrary', 'unknown', 'double', 'contradiction', 'amount', 'other_batch', "
    "'unreadable')"
)
MOST_FEN = 10**12
_NOW = func.now()


def _of_site(table: str) -> ForeignKeyConstraint:
    """Key of a site with its jurisdiction, which takes a row of ``table`` along; a site with such rows stays."""
    return ForeignKeyConstraint(
        ["site_id", "jur"],
        ["renovation_site.id", "renovation_site.jur"],
        name=f"fk_{table}_site_id_jur",
        onupdate="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def _moment(default: Any = _NOW) -> Mapped[datetime]:
    return mapped_column(DateTime(timezone=True), server_default=default)


class SiteGate(Base):
    """One act at a gate of a site, never changed."""

    __tablename__ = "site_gate"
    __table_args__ = (
        _of_site("site_gate"),
        UniqueConstraint("site_id", "no"),
        UniqueConstraint("uid"),
        CheckConstraint(f"act in {ACTS}", name="act"),
        CheckConstraint("act = 'passed' or reason is not null", name="reason"),
        Index("ix_site_gate_jur", "jur", "on_day"),
    )

    id: Mapped[int] = serial_key()
    site_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    no: Mapped[int]
    act: Mapped[str]
    gate: Mapped[str]
    on_day: Mapped[date]
    reason: Mapped[str | None]
    note: Mapped[str | None]
    household_present: Mapped[bool | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _moment(func.clock_timestamp())
    uid: Mapped[uuid.UUID | None]


class RenovationPlan(Base, Ranged, Stamped):
    """The plan of a year for an area, with the days by which is paid and completed."""

    __tablename__ = "renovation_plan"
    __table_args__ = (
        UniqueConstraint("area_id", "year"),
        of_a_range(),
        CheckConstraint("year between 2000 and 2100", name="year"),
        CheckConstraint("pay_within_days between 1 and 3650", name="pay_within_days"),
        Index("ix_renovation_plan_jur", "jur"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    pay_within_days: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    complete_by: Mapped[date | None]
    source: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class RenovationPlanLine(Base, Ranged):
    """Households and money of one grade in one township of a plan; ``none`` is for households without a house."""

    __tablename__ = "renovation_plan_line"
    __table_args__ = (
        CheckConstraint("grade in ('C', 'D', 'none')", name="grade"),
        CheckConstraint("households >= 0 and fen >= 0", name="amounts"),
    )

    plan_id: Mapped[int] = mapped_column(ForeignKey("renovation_plan.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    grade: Mapped[str] = mapped_column(primary_key=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    stated_area: Mapped[str]
    households: Mapped[int]
    fen: Mapped[int] = mapped_column(BigInteger)


class RenovationPlanVersion(Base, Ranged):
    """A plan as it was read, with its lines: a draft, the one that holds, one it took the place of, or one let go."""

    __tablename__ = "renovation_plan_version"
    __table_args__ = (
        of_a_range(),
        CheckConstraint("state in ('draft', 'applied', 'replaced', 'dropped')", name="state"),
        CheckConstraint("(state in ('applied', 'replaced')) = (applied_at is not null)", name="applied"),
        CheckConstraint("year between 2000 and 2100", name="year"),
        CheckConstraint("pay_within_days between 1 and 3650", name="pay_within_days"),
        CheckConstraint("households >= 0 and fen >= 0", name="amounts"),
        Index(
            "uq_renovation_plan_version_applied",
            "area_id",
            "year",
            unique=True,
            postgresql_where="state = 'applied'",
        ),
        Index("ix_renovation_plan_version_jur", "jur", "year"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default="draft")
    name: Mapped[str]
    pay_within_days: Mapped[int] = mapped_column(SmallInteger, server_default="30")
    complete_by: Mapped[date | None]
    source: Mapped[str | None]
    households: Mapped[int]
    fen: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = _moment()
    applied_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Funding(Base, Ranged):
    """Money received for a year (到位资金); a mistake is cancelled with a reason and stays."""

    __tablename__ = "funding"
    __table_args__ = (
        of_a_range(),
        CheckConstraint("source in ('central', 'province', 'city', 'county', 'other')", name="source"),
        CheckConstraint("fen > 0 and fen < 1000000000000000", name="fen"),
        CheckConstraint("(cancelled_at is null) = (cancel_reason is null)", name="cancelled"),
        Index("ix_funding_jur", "jur", "year"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    year: Mapped[int] = mapped_column(SmallInteger)
    source: Mapped[str]
    document: Mapped[str | None]
    received_on: Mapped[date]
    fen: Mapped[int] = mapped_column(BigInteger)
    remark: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = _moment()
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancel_reason: Mapped[str | None]


class SubsidyRate(Base, Ranged):
    """What a household is entitled to, by area, year, grade before, method and group; '' is any group."""

    __tablename__ = "subsidy_rate"
    __table_args__ = (
        of_a_range(),
        CheckConstraint("grade in ('A', 'B', 'C', 'D', 'none')", name="grade"),
        CheckConstraint(f"fen >= 0 and fen < {MOST_FEN}", name="fen"),
        Index(
            "uq_subsidy_rate_area_id",
            "area_id",
            "year",
            "grade",
            "method",
            "aid_group",
            unique=True,
            postgresql_where="ended_at is null",
        ),
        Index("ix_subsidy_rate_jur", "jur", "year"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    grade: Mapped[str]
    method: Mapped[str]
    aid_group: Mapped[str] = mapped_column(server_default="")
    fen: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = _moment()
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Entitlement(Base):
    """What a site's household is entitled to, by a rate or for a reason; the latest holds, earlier ones stay."""

    __tablename__ = "entitlement"
    __table_args__ = (
        _of_site("entitlement"),
        CheckConstraint(f"fen >= 0 and fen < {MOST_FEN}", name="fen"),
        CheckConstraint("rate_id is not null or reason is not null", name="reason"),
    )

    id: Mapped[int] = serial_key()
    site_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    fen: Mapped[int] = mapped_column(BigInteger)
    rate_id: Mapped[int | None] = mapped_column(ForeignKey("subsidy_rate.id"))
    reason: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _moment(func.clock_timestamp())


class PaymentBatch(Base, Ranged, Stamped):
    """Payments that go to the bank in one file (报盘批次)."""

    __tablename__ = "payment_batch"
    __table_args__ = (
        UniqueConstraint("area_id", "year", "name"),
        of_a_range(),
        CheckConstraint("state in ('draft', 'sent', 'settled', 'cancelled')", name="state"),
        CheckConstraint("state in ('draft', 'cancelled') or sent_on is not null", name="sent"),
        Index("ix_payment_batch_jur", "jur", "year"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="draft")
    sent_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Payment(Base, Stamped):
    """One line of a batch. A failed one stays as it is and is reworked by a new line of a later batch."""

    __tablename__ = "payment"
    __table_args__ = (
        _of_site("payment"),
        UniqueConstraint("batch_id", "line_no"),
        CheckConstraint("state in ('listed', 'sent', 'paid', 'failed', 'cancelled')", name="state"),
        CheckConstraint(f"fen > 0 and fen < {MOST_FEN}", name="fen"),
        CheckConstraint("(state = 'paid') = (paid_on is not null)", name="paid"),
        CheckConstraint("state <> 'failed' or failure is not null", name="failed"),
        Index("uq_payment_site_id", "site_id", unique=True, postgresql_where="state in ('listed', 'sent')"),
        Index("ix_payment_site", "site_id"),
        Index("ix_payment_jur", "jur", "state"),
    )

    id: Mapped[int] = serial_key()
    batch_id: Mapped[int] = mapped_column(ForeignKey("payment_batch.id"))
    line_no: Mapped[int]
    site_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    fen: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default="listed")
    payee: Mapped[str | None]
    card_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    card_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    paid_on: Mapped[date | None]
    failure: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class BankReturn(Base, Ranged):
    """A file the bank sent back for a batch (银行回盘)."""

    __tablename__ = "bank_return"
    __table_args__ = (
        UniqueConstraint("batch_id", "sha256"),
        of_a_range(),
    )

    id: Mapped[int] = serial_key()
    batch_id: Mapped[int] = mapped_column(ForeignKey("payment_batch.id"))
    name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = _moment()


class BankReturnRow(Base, Ranged):
    """One row of such a file and what became of it."""

    __tablename__ = "bank_return_row"
    __table_args__ = (
        of_a_range(),
        CheckConstraint(f"outcome in {OUTCOMES}", name="outcome"),
    )

    return_id: Mapped[int] = mapped_column(ForeignKey("bank_return.id", ondelete="CASCADE"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str | None]
    fen: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str]
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    why: Mapped[str | None]


class SiteInspection(Base, Stamped):
    """A look at the quality of the work (质量巡查), with an order to mend (整改督办单) where something falls short."""

    __tablename__ = "site_inspection"
    __table_args__ = (
        _of_site("site_inspection"),
        CheckConstraint("(order_text is null) = (due_on is null)", name="order"),
        CheckConstraint("mended_on is null or (order_text is not null and mended_note is not null)", name="mended"),
        Index(
            "ix_site_inspection_open", "jur", "due_on", postgresql_where="order_text is not null and mended_on is null"
        ),
    )

    id: Mapped[int] = serial_key()
    site_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    on_day: Mapped[date]
    inspector: Mapped[str]
    findings: Mapped[str]
    order_text: Mapped[str | None]
    due_on: Mapped[date | None]
    mended_on: Mapped[date | None]
    mended_note: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default="1")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
