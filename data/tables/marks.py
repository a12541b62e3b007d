"""What inspectors mark from the field (标房), and the single fields of a correction."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Placed, Stamped, jurisdiction
from data.tables.houses import GRADES

KINDS = ("new_house", "moved", "impression", "ruin", "abandoned", "illegal", "waste", "correction")
STATES = ("proposed", "suspected", "accepted", "refused")
FIELDS = ("address", "house_no", "people", "key_groups", "hamlet", "head_name")
CONCERN_STATES = ("untouched", "clearing", "cleared", "relapsed")
CHANGE_STATES = ("proposed", "applied", "refused")


class Mark(Base, Placed, Stamped):
    """One mark, known by the id its phone gave it; ``undo`` is what is needed to take an acceptance back."""

    __tablename__ = "mark"
    __table_args__ = (
        ForeignKeyConstraint(
            ["household_id", "jur"],
            ["household.id", "household.jur"],
            name="fk_mark_household_id_jur",
            onupdate="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(f"kind in {KINDS}", name="kind"),
        CheckConstraint(f"grade in {GRADES}", name="grade"),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"concern_state in {CONCERN_STATES}", name="concern_state"),
        CheckConstraint("relapses >= 0", name="relapses"),
        Index("ix_mark_jur_state", "jur", "state"),
        Index(
            "ix_mark_concern",
            "jur",
            "concern_state",
            "seen_on",
            postgresql_where=text("kind in ('ruin', 'abandoned', 'illegal', 'waste') and state = 'accepted'"),
        ),
        Index("ix_mark_at", text("created_at desc")),
        Index("ix_mark_morton_jur", "morton", "jur"),
        Index("ix_mark_counts", "jur", "state", "kind", "quality", postgresql_where=text("morton is not null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    no: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    kind: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    marked_by: Mapped[str]
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    household_ref: Mapped[str | None]
    house_id: Mapped[int | None] = mapped_column(ForeignKey("house.id", ondelete="SET NULL"), index=True)
    jur: Mapped[int] = jurisdiction()
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    accuracy_reason: Mapped[str | None]
    outline: Mapped[Any | None] = mapped_column(Geometry("POLYGON", srid=4326, spatial_index=False))
    grade: Mapped[str | None] = mapped_column(String(1))
    parts: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    suspected: Mapped[bool] = mapped_column(server_default="false")
    base_revision: Mapped[int | None]
    remark: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    state: Mapped[str] = mapped_column(server_default="proposed")
    reason: Mapped[str | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    settled_who: Mapped[str | None]
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undo: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    concern_state: Mapped[str] = mapped_column(server_default="untouched")
    seen_on: Mapped[date | None]
    relapses: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_on: Mapped[date | None]
    responsible: Mapped[str | None]


class MarkChange(Base):
    """One field of a correction: ``base`` is what the phone had, ``before`` what stood there when it was applied."""

    __tablename__ = "mark_change"
    __table_args__ = (
        CheckConstraint(f"field in {FIELDS}", name="field"),
        CheckConstraint(f"state in {CHANGE_STATES}", name="state"),
    )

    mark_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("mark.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    jur: Mapped[int] = jurisdiction()
    base: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    before: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[str] = mapped_column(server_default="proposed")
