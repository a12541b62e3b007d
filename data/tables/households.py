"""Households (户): who lives where, with personal numbers sealed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Placed, Stamped, serial_key


class Household(Base, Placed, Stamped):
    """A household and its head.

    ``jur`` is the number of its grid, else of its village, else of the township that answers for it. ID, telephone
    and bank card are sealed (see ``data.sealing``); the ``*_index`` columns are keyed hashes for exact search.
    """

    __tablename__ = "household"
    __table_args__ = (
        UniqueConstraint("id", "jur", name="uq_household_id_jur"),
        CheckConstraint("quality between 1 and 7", name="quality"),
        CheckConstraint("people is null or people between 0 and 200", name="people"),
        Index("ix_household_morton_jur", "morton", "jur"),
        Index("ix_household_geom", "geom", postgresql_using="gist"),
        Index("ix_household_id_index", "id_index", postgresql_where=text("id_index is not null")),
        Index("ix_household_phone_index", "phone_index", postgresql_where=text("phone_index is not null")),
        Index("ix_household_card_index", "card_index", postgresql_where=text("card_index is not null")),
        Index("ix_household_unplaced", "jur", postgresql_where=text("geom is null and removed_at is null")),
    )

    id: Mapped[int] = serial_key()
    natural_key: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str | None] = mapped_column(index=True)
    head_name: Mapped[str]
    people: Mapped[int | None]
    key_groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    address: Mapped[str | None]
    house_no: Mapped[str | None]
    stated_area: Mapped[str | None]
    stated_hamlet: Mapped[str | None]
    aid_group: Mapped[str | None]
    remark: Mapped[str | None]
    id_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    card_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    card_index: Mapped[bytes | None] = mapped_column(LargeBinary)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"), index=True)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revision: Mapped[int] = mapped_column(server_default="1")
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
