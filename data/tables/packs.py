"""Offline packs (离线包): which files there are for a village, and what they were made of."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, SmallInteger, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, serial_key


class Pack(Base):
    """One file of tiles for a village; ``base`` is empty for the own map, else the name of an offered file.

    ``source`` is a mark of all it was made of. Without ``sha256`` there is nothing to take along.
    """

    __tablename__ = "pack"
    __table_args__ = (
        UniqueConstraint("area_id", "base", "whole"),
        CheckConstraint("jur < jur_end", name="range"),
        CheckConstraint(
            "(sha256 is null) = (size_bytes is null) and (sha256 is null) = (last_zoom is null)", name="file"
        ),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"))
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    jur_end: Mapped[int] = mapped_column(BigInteger)
    base: Mapped[str] = mapped_column(server_default="")
    whole: Mapped[bool]
    source: Mapped[bytes]
    sha256: Mapped[bytes | None]
    size_bytes: Mapped[int | None]
    last_zoom: Mapped[int | None] = mapped_column(SmallInteger)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    checked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
