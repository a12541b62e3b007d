"""What phones send from the field (外业): devices, what was accepted or refused, what a visit says beyond itself."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.rules.words import RETURN
from data.tables.base import Base, Placed, Stamped, jurisdiction

ITEM_KINDS = ("visit", "mark", "appraisal", "observation", "monitoring")
RETURNS = tuple(RETURN)
DURATIONS = ("monotonic", "clock")


class Device(Base, Stamped):
    """A phone of one account as it last told of itself; ``jur`` to ``jur_end`` spans the account's areas of duty.

    ``unsent`` and ``oldest_unsent_at`` say what still lies on it, ``persisted`` whether the browser promised to keep
    it, ``clock_offset_ms`` what is to be added to its clock to get the server's.
    """

    __tablename__ = "device"
    __table_args__ = (
        CheckConstraint("jur < jur_end", name="range"),
        Index("ix_device_account_id", "account_id"),
        Index("ix_device_jur", "jur", "jur_end"),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str | None]
    platform: Mapped[str | None]
    app: Mapped[str | None]
    schema: Mapped[int | None] = mapped_column(SmallInteger)
    standalone: Mapped[bool | None]
    persisted: Mapped[bool | None]
    unsent: Mapped[int | None]
    unsent_photos: Mapped[int | None]
    oldest_unsent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    wipe: Mapped[bool] = mapped_column(server_default="false")


class SyncedItem(Base):
    """What was accepted of a phone: the hash of the bytes sent, for whom, and by whom where that is another.

    ``practice`` is what was sent for practice: acknowledged and kept nowhere else.
    """

    __tablename__ = "synced_item"
    __table_args__ = (
        CheckConstraint(f"kind in {ITEM_KINDS}", name="kind"),
        Index("ix_synced_item_account_id", "account_id", "received_at"),
        Index(
            "ix_synced_item_houses",
            "received_at",
            postgresql_where=text("kind in ('appraisal', 'observation', 'monitoring')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sent_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    device_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    practice: Mapped[bool] = mapped_column(server_default="false")
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class SyncedPhoto(Base):
    """A photograph that an accepted item names; ``received_at`` is empty until its bytes are stored."""

    __tablename__ = "synced_photo"

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    item_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("synced_item.id", ondelete="CASCADE"), index=True)
    demand_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    kind: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    taken_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SyncReject(Base):
    """What could not be accepted: the bytes as they were sent, sealed, with the reason in the form of an error."""

    __tablename__ = "sync_reject"
    __table_args__ = (
        CheckConstraint(f"kind in {ITEM_KINDS}", name="kind"),
        UniqueConstraint("account_id", "item_id", "sha256", postgresql_nulls_not_distinct=True),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str]
    item_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    sent_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    device_id: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    code: Mapped[str]
    message_zh: Mapped[str]
    message_en: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size_bytes: Mapped[int]
    body_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    times: Mapped[int] = mapped_column(server_default="1")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class FieldVisit(Base):
    """What a visit from the field says beyond the visit: satisfaction, reminder to return, work done, doubts.

    ``clock_offset_ms`` has been added to every time of the visit. ``flags`` are those of the receipt.
    """

    __tablename__ = "field_visit"
    __table_args__ = (
        CheckConstraint(f"duration_by in {DURATIONS}", name="duration_by"),
        CheckConstraint("satisfaction between 1 and 5", name="satisfaction"),
        CheckConstraint(f"return_when in {RETURNS}", name="return_when"),
        Index("ix_field_visit_duplicate", "jur", postgresql_where=text("'duplicate' = any (flags)")),
        Index("ix_field_visit_supersedes", "supersedes", postgresql_where=text("supersedes is not null")),
    )

    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), primary_key=True)
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    supersedes: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    outcome_reason: Mapped[str | None]
    fix_reason: Mapped[str | None]
    duration_by: Mapped[str | None]
    clock_offset_ms: Mapped[int | None] = mapped_column(BigInteger)
    work: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    form_version: Mapped[int | None] = mapped_column(Integer)
    satisfaction: Mapped[int | None] = mapped_column(SmallInteger)
    return_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    return_when: Mapped[str | None]
    flags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class Demand(Base, Placed, Stamped):
    """A demand (诉求) as it was raised at a visit; ``solved`` on the spot. Its place is that of the visit."""

    __tablename__ = "demand"
    __table_args__ = (
        Index("ix_demand_jur", "jur", "solved"),
        Index("ix_demand_morton_jur", "morton", "jur", postgresql_where=text("not solved")),
    )

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    class_key: Mapped[str]
    words: Mapped[str]
    solved: Mapped[bool]
    from_question: Mapped[str | None]
    photos: Mapped[list[uuid.UUID]] = mapped_column(ARRAY(Uuid), server_default="{}")
    raised_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Pulled(Base):
    """What a phone was told of: households by number with a mark of their state, in ascending order of the number.

    ``base`` is the state it told of before; ``complete`` once the last page was made; ``seen`` says in which state
    everything was when its first page was made (``sec.pull_state``).
    """

    __tablename__ = "pulled"
    __table_args__ = (Index("ix_pulled_account_id", "account_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    device_id: Mapped[uuid.UUID] = mapped_column(Uuid)
    base: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    marks: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    complete: Mapped[bool]
    seen: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
