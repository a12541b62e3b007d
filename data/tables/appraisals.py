"""Appraisals (鉴定) of houses, and disasters after which houses are to be appraised again."""

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
    String,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key
from data.tables.houses import GRADES, same_jurisdiction

CAUSES = ("first", "again", "disaster", "renovated")
DISASTERS = ("flood", "storm", "earthquake", "landslide", "snow", "fire", "other")


class Appraisal(Base, Stamped):
    """One appraisal of a house; the latest that none supersedes sets the house's grade (view ``latest_appraisal``).

    With an account it was entered by hand and is never changed. ``raw`` is the grade as another standard has it,
    ``computed`` what the standard makes of the findings, ``result`` what was decided.
    """

    __tablename__ = "appraisal"
    __table_args__ = (
        same_jurisdiction("house_id", "house"),
        ForeignKeyConstraint(
            ["supersedes", "house_id"], ["appraisal.id", "appraisal.house_id"], name="fk_appraisal_supersedes"
        ),
        CheckConstraint(f"result in {GRADES}", name="result"),
        CheckConstraint(f"computed in {GRADES}", name="computed"),
        CheckConstraint(f"cause in {CAUSES}", name="cause"),
        CheckConstraint(
            "account_id is null or (standard is not null and appraised_on is not null and appraiser is not null "
            "and cause is not null and client_id is not null and batch_id is null)",
            name="by_hand",
        ),
        CheckConstraint(
            "account_id is null or override_reason is not null or computed is not distinct from result", name="reason"
        ),
        UniqueConstraint("id", "house_id", name="uq_appraisal_id_house_id"),
        Index(
            "uq_appraisal_house_id_appraised_on_standard",
            "house_id",
            "appraised_on",
            "standard",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("account_id is null"),
        ),
        Index("ix_appraisal_house_id", "house_id", text("appraised_on desc nulls last"), text("id desc")),
        Index("ix_appraisal_valid_until", "jur", "valid_until", postgresql_where=text("valid_until is not null")),
    )

    id: Mapped[int] = serial_key()
    house_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    appraised_on: Mapped[date | None]
    standard: Mapped[str | None]
    findings: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[str] = mapped_column(String(1))
    override_reason: Mapped[str | None]
    appraiser: Mapped[str | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    raw: Mapped[str | None]
    computed: Mapped[str | None] = mapped_column(String(1))
    appraised_by: Mapped[str | None]
    valid_until: Mapped[date | None]
    cause: Mapped[str | None]
    remark: Mapped[str | None]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[uuid.UUID | None] = mapped_column(Uuid, unique=True)
    mark_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("mark.id", ondelete="SET NULL"), index=True)
    supersedes: Mapped[int | None] = mapped_column(BigInteger, unique=True)


class Disaster(Base, Stamped):
    """A disaster that hit an area on a day; while it is not ended, houses not appraised since are listed."""

    __tablename__ = "disaster"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(f"kind in {DISASTERS}", name="kind"),
        Index("ix_disaster_open", "jur", "happened_on", postgresql_where=text("ended_at is null")),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    happened_on: Mapped[date]
    remark: Mapped[str | None]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
