"""What households say of the work on their houses (农户参与): at an inspection or a gate, kept as it was said."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key


class HouseholdWord(Base):
    """One word of a household; an objection is open until it is answered, once."""

    __tablename__ = "household_word"
    __table_args__ = (
        ForeignKeyConstraint(
            ["site_id", "jur"],
            ["renovation_site.id", "renovation_site.jur"],
            name="fk_household_word_site_id_jur",
            onupdate="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("(inspection_id is null) <> (gate is null)", name="occasion"),
        CheckConstraint("gate in ('started', 'foundation', 'completed', 'accepted')", name="gate"),
        CheckConstraint("relation in ('self', 'spouse', 'child', 'parent', 'relative', 'entrusted')", name="relation"),
        CheckConstraint("said in ('satisfied', 'objection')", name="said"),
        CheckConstraint("(said = 'objection') = (objection is not null)", name="objection"),
        CheckConstraint(
            "(answer is null) = (answered_on is null) and (answer is null or (said = 'objection' "
            "and answered_on >= on_day))",
            name="answered",
        ),
        Index("ix_household_word_open", "jur", postgresql_where=text("said = 'objection' and answer is null")),
        Index("ix_household_word_inspection_id", "inspection_id", postgresql_where=text("inspection_id is not null")),
        Index("ix_household_word_attachment_id", "attachment_id", postgresql_where=text("attachment_id is not null")),
    )

    id: Mapped[int] = serial_key()
    site_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    inspection_id: Mapped[int | None] = mapped_column(ForeignKey("site_inspection.id"))
    gate: Mapped[str | None]
    on_day: Mapped[date]
    person: Mapped[str]
    relation: Mapped[str]
    said: Mapped[str]
    objection: Mapped[str | None]
    attachment_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("attachment.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    answer: Mapped[str | None]
    answered_on: Mapped[date | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
