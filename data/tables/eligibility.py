"""Who may get help: lists of offices with their rows, exclusions of households, and who answers for a site's checks."""

from __future__ import annotations

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
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Ranged, jurisdiction, of_a_range, of_household, serial_key

_OFFICES = "('civil_affairs', 'rural', 'disabled', 'housing', 'land', 'other')"
_OUTCOMES = (
    "('agrees', 'differs', 'to_confirm', 'several', 'double', 'bad_id', 'unclear', 'other_office', 'lapsed', 'absent', "
    "'missing')"
)
_GROUPS = (
    "('monitored', 'minimum_living', 'dispersed_poor', 'hardship_sudden', 'margin', 'other_out_of_poverty', "
    "'registered_poor', 'disabled_poor', 'five_guarantee')"
)
_KINDS = (
    "('second_house', 'bought_home', 'not_only_house', 'illegal_building', 'lives_elsewhere', 'other_owner', "
    "'renovated_before', 'public_employee', 'other')"
)


class AidList(Base):
    """A list (名单) of an office as of a day; one that was a mistake is withdrawn with a reason and stays."""

    __tablename__ = "aid_list"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(f"office in {_OFFICES}", name="office"),
        CheckConstraint("(withdrawn_at is null) = (withdraw_reason is null)", name="withdrawn"),
        Index(
            "uq_aid_list_area_id",
            "area_id",
            "office",
            "on_day",
            "sha256",
            unique=True,
            postgresql_where="withdrawn_at is null",
        ),
        Index("ix_aid_list_jur", "jur", "on_day"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    office: Mapped[str]
    on_day: Mapped[date]
    name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    compared_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdraw_reason: Mapped[str | None]


class AidListRow(Base):
    """One row of a list and what became of it; without a number, a household that is missing from the list.

    ``jur`` and ``jur_end`` are those of the household that was found, else of the list.
    """

    __tablename__ = "aid_list_row"
    __table_args__ = (
        UniqueConstraint("list_id", "no"),
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(f"outcome in {_OUTCOMES}", name="outcome"),
        CheckConstraint(f"aid_group in {_GROUPS}", name="aid_group"),
        CheckConstraint("monitored in ('unstable', 'near_poverty', 'sudden')", name="monitored"),
        CheckConstraint("(no is null) = (outcome = 'missing')", name="missing"),
        Index("ix_aid_list_row_list_id_outcome", "list_id", "outcome"),
    )

    id: Mapped[int] = serial_key()
    list_id: Mapped[int] = mapped_column(ForeignKey("aid_list.id", ondelete="CASCADE"))
    no: Mapped[int | None]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    stated_name: Mapped[str | None]
    stated_area: Mapped[str | None]
    stated_group: Mapped[str | None]
    id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    aid_group: Mapped[str | None]
    monitored: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    outcome: Mapped[str]
    household_id: Mapped[int | None] = mapped_column(ForeignKey("household.id", ondelete="SET NULL"), index=True)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Exclusion(Base):
    """What keeps a household out whatever its group, with its evidence; one that is lifted stays."""

    __tablename__ = "exclusion"
    __table_args__ = (
        of_household("exclusion"),
        CheckConstraint(f"kind in {_KINDS}", name="kind"),
        CheckConstraint("(lifted_on is null) = (lift_reason is null) and lifted_on >= from_on", name="lifted"),
        Index("uq_exclusion_household_id", "household_id", "kind", unique=True, postgresql_where="lifted_on is null"),
    )

    id: Mapped[int] = serial_key()
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str]
    evidence: Mapped[str]
    from_on: Mapped[date]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    lifted_on: Mapped[date | None]
    lift_reason: Mapped[str | None]
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class SiteCheck(Base):
    """Who answers for one of the three checks of a site, and why it stands though it does not agree."""

    __tablename__ = "site_check"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site_id", "jur"],
            ["renovation_site.id", "renovation_site.jur"],
            name="fk_site_check_site_id_jur",
            onupdate="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("name in ('identity', 'appraisal', 'method')", name="name"),
        Index("ix_site_check_site_id", "site_id", "name", "id"),
    )

    id: Mapped[int] = serial_key()
    site_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    name: Mapped[str]
    responsible: Mapped[str | None]
    reason: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class RepeatRule(Base, Ranged):
    """Years in which a household that was helped is not helped again, with the clause that says so (政策年限)."""

    __tablename__ = "repeat_rule"
    __table_args__ = (
        of_a_range(),
        CheckConstraint("year between 2000 and 2100", name="year"),
        CheckConstraint("years between 1 and 50", name="years"),
        Index("uq_repeat_rule_area_id", "area_id", "year", unique=True, postgresql_where="ended_at is null"),
        Index("ix_repeat_rule_jur", "jur", "year"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"))
    year: Mapped[int] = mapped_column(SmallInteger)
    years: Mapped[int] = mapped_column(SmallInteger)
    clause: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
