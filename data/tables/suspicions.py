"""Doubts about visits, answers and rulings, and the household's own word by its card."""

from __future__ import annotations

import uuid
from datetime import datetime
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
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, of_household, serial_key

RULINGS = ("genuine", "false", "void")
CHOICES = ("joint", "void")
WORDS = ("confirmed", "denied", "unsure")


class Suspicion(Base):
    """What one detector says of one visit: the number measured, what it is compared with, another visit, and how sure.

    ``probability`` is that of the visit, by all detectors together; ``rules`` their version.
    """

    __tablename__ = "suspicion"
    __table_args__ = (
        of_household("suspicion"),
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        UniqueConstraint("visit_id", "detector"),
        CheckConstraint("state in ('open', 'answered', 'ruled')", name="state"),
        Index("ix_suspicion_campaign_id_round_no", "campaign_id", "round_no", "jur"),
    )

    id: Mapped[int] = serial_key()
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    detector: Mapped[str]
    score: Mapped[float]
    value: Mapped[float | None]
    against: Mapped[float | None]
    other_id: Mapped[uuid.UUID | None]
    probability: Mapped[float]
    rules: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(server_default="open")
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SuspicionNote(Base):
    """What an inspector answers or somebody else rules; never changed, never removed."""

    __tablename__ = "suspicion_note"
    __table_args__ = (
        of_household("suspicion_note"),
        CheckConstraint("act in ('answer', 'ruling')", name="act"),
        CheckConstraint(f"ruling in {RULINGS}", name="ruling"),
        CheckConstraint("(act = 'ruling') = (ruling is not null)", name="ruled"),
    )

    id: Mapped[int] = serial_key()
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"), index=True)
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    act: Mapped[str]
    ruling: Mapped[str | None]
    words: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class RepeatChoice(Base):
    """What a supervisor made of a second visit of a round: ``joint`` with ``other_id``, or ``void``.

    ``before`` and ``after`` hold what it changed of the visit; taken back once ``undone_at`` is set.
    """

    __tablename__ = "repeat_choice"
    __table_args__ = (
        of_household("repeat_choice"),
        CheckConstraint(f"choice in {CHOICES}", name="choice"),
        Index("uq_repeat_choice_visit_id", "visit_id", unique=True, postgresql_where=text("undone_at is null")),
        Index("ix_repeat_choice_jur", "jur", text("at desc")),
    )

    id: Mapped[int] = serial_key()
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    other_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("visit.id", ondelete="SET NULL"), index=True)
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    choice: Mapped[str]
    reason: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class Screening(Base):
    """When the visits of a round were last looked at, and by which version of the detectors."""

    __tablename__ = "screening"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    screened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    rules: Mapped[int] = mapped_column(SmallInteger)


class HouseholdCard(Base):
    """A card printed for a household: the keyed hash of its code, never the code."""

    __tablename__ = "household_card"
    __table_args__ = (
        of_household("household_card"),
        Index("ix_household_card_household_id", "household_id", "campaign_id"),
    )

    id: Mapped[int] = serial_key()
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id", ondelete="CASCADE"))
    household_id: Mapped[int] = mapped_column(BigInteger)
    jur: Mapped[int] = jurisdiction()
    code_index: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CardWord(Base):
    """What a household said of a visit by its card; evidence, never a ruling."""

    __tablename__ = "card_word"
    __table_args__ = (
        of_household("card_word"),
        CheckConstraint(f"word in {WORDS}", name="word"),
        Index("ix_card_word_visit_id", "visit_id", "at"),
    )

    id: Mapped[int] = serial_key()
    visit_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    household_id: Mapped[int] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = jurisdiction()
    word: Mapped[str]
    words: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class CardAttempt(Base):
    """Codes tried on the public page, to slow down whoever guesses; without the codes."""

    __tablename__ = "card_attempt"
    __table_args__ = (Index("ix_card_attempt_address", "address", "at"),)

    id: Mapped[int] = serial_key()
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now(), index=True)
    address: Mapped[str | None]
    found: Mapped[bool]
