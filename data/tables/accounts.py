"""Accounts, their areas of duty (辖区), sessions and sign-in attempts."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key


class Account(Base, Stamped):
    """A person who signs in. ``jur`` is where the account itself is administered."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("role in ('inspector', 'supervisor', 'leader', 'admin')", name="role"),)

    id: Mapped[int] = serial_key()
    username: Mapped[str] = mapped_column(unique=True)
    full_name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None] = mapped_column(deferred=True)
    password_changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    demo: Mapped[bool] = mapped_column(server_default="false")
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    language: Mapped[str | None]
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)


class Duty(Base):
    """One area of duty of an account, as a range of jurisdiction numbers ``[jur, jur_end)``."""

    __tablename__ = "duty"
    __table_args__ = (
        UniqueConstraint("account_id", "jur", "jur_end"),
        CheckConstraint("jur < jur_end", name="range"),
    )

    id: Mapped[int] = serial_key()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)


class Session(Base):
    """A signed-in session, that of a phone in the field or an access token; only the token's hash is stored."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("kind in ('web', 'token', 'device')", name="kind"),
        Index("ix_session_account_id", "account_id"),
        Index("ix_session_device_id", "device_id", postgresql_where=text("device_id is not null")),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    kind: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    address: Mapped[str | None]
    agent: Mapped[str | None]
    device_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("device.id"))


class LoginAttempt(Base):
    """A sign-in attempt, for the throttle; shared by all workers because it stands in the database."""

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_username", "username", "at"),
        Index("ix_login_attempt_address", "address", "at"),
    )

    id: Mapped[int] = serial_key()
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    username: Mapped[str]
    address: Mapped[str | None]
    succeeded: Mapped[bool]
