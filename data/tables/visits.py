"""Visits (走访) and what is attached to them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Placed, Stamped
from data.tables.houses import same_jurisdiction


class Visit(Base, Placed, Stamped):
    """One visit. The verdict is reached by ``data.rules.validity`` when it is written and is kept with it.

    ``household_id`` is empty for a visit to no known house: it is listed, never lost. ``place_jur`` is the
    jurisdiction number of the visit's own position, ``distance_m`` its distance to the household. ``rule_version`` is
    the version of the campaign's plan by which the verdict was reached; a later one that says the same leaves it.
    ``companion_ids`` are those of the ``companions`` whose account is known. ``entered_at`` is when the phone made the
    record, ``fix_age_s`` how old its position was then, ``answers`` those by question.
    """

    __tablename__ = "visit"
    __table_args__ = (
        same_jurisdiction("household_id", "household"),
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"]),
        CheckConstraint("mode in ('home', 'phone', 'wechat', 'sms')", name="mode"),
        CheckConstraint("counts = (verdict = 'valid')", name="counts"),
        Index("ix_visit_morton_jur", "morton", "jur"),
        Index(
            "ix_visit_household_id_campaign_id",
            *("household_id", "campaign_id", "round_no"),
            postgresql_include=["counts", "superseded_by"],
        ),
        Index("ix_visit_round", "campaign_id", "round_no", "jur", "ended_at"),
        Index("ix_visit_unmatched", "jur", postgresql_where="household_id is null"),
        Index(
            "ix_visit_latest",
            "campaign_id",
            "round_no",
            text("ended_at desc nulls last"),
            text("no desc"),
            postgresql_where=text("superseded_by is null"),
        ),
        Index("ix_visit_superseded", "id", postgresql_where=text("superseded_by is not null")),
        Index("ix_visit_duplicate", "campaign_id", "round_no", "jur", postgresql_where="'duplicate' = any (suspect)"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    natural_key: Mapped[str] = mapped_column(unique=True)
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    household_id: Mapped[int | None] = mapped_column(BigInteger)
    household_ref: Mapped[str | None]
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    visitor: Mapped[str | None]
    visitor_kind: Mapped[str | None]
    companions: Mapped[str | None]
    companion_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    minutes: Mapped[float | None]
    mode: Mapped[str]
    reason: Mapped[str | None]
    outcome: Mapped[str]
    source_status: Mapped[str | None]
    place_jur: Mapped[int | None] = mapped_column(BigInteger)
    distance_m: Mapped[float | None]
    suspect: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    ruling: Mapped[str | None]
    verdict: Mapped[str]
    counts: Mapped[bool] = mapped_column(Boolean)
    rule_version: Mapped[int] = mapped_column(Integer, server_default="1")
    answers: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    entered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    fix_age_s: Mapped[float | None]
    superseded_by: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    remark: Mapped[str | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))


class Attachment(Base, Stamped):
    """A photograph or file of a visit, a house or a renovation site; the bytes lie outside the database.

    Of an appraisal, ``kind`` is the part it shows. Of a site, ``phase`` is what a photograph shows, ``kind`` which
    paper a file is, ``distance_m`` how far from the site the camera says it was.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        same_jurisdiction("household_id", "household"),
        same_jurisdiction("house_id", "house"),
        ForeignKeyConstraint(
            ["site_id", "jur"],
            ["renovation_site.id", "renovation_site.jur"],
            name="fk_attachment_site_id_jur",
            onupdate="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("phase in ('before', 'during', 'after')", name="phase"),
        CheckConstraint("(withdrawn_at is null) = (withdraw_reason is null)", name="withdrawn"),
        Index("ix_attachment_site_id", "site_id", postgresql_where=text("site_id is not null")),
        Index("ix_attachment_appraisal_id", "appraisal_id", postgresql_where="appraisal_id is not null"),
        Index("ix_attachment_observation_id", "observation_id", postgresql_where="observation_id is not null"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    visit_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id"), index=True)
    mark_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("mark.id"), index=True)
    observation_id: Mapped[int | None] = mapped_column(ForeignKey("concern_observation.id", ondelete="CASCADE"))
    appraisal_id: Mapped[int | None] = mapped_column(ForeignKey("appraisal.id", ondelete="CASCADE"))
    household_id: Mapped[int | None] = mapped_column(BigInteger)
    house_id: Mapped[int | None] = mapped_column(BigInteger)
    site_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    file_name: Mapped[str]
    content_type: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    perceptual_hash: Mapped[int | None] = mapped_column(BigInteger)
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    phase: Mapped[str | None]
    distance_m: Mapped[int | None]
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    withdraw_reason: Mapped[str | None]
