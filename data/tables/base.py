"""What every table shares: naming of keys, the jurisdiction number and where a point lies."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Integer,
    MetaData,
    SmallInteger,
    Text,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text}


def serial_key() -> Mapped[int]:
    """A primary key the database numbers itself."""
    return mapped_column(BigInteger, Identity(), primary_key=True)


def jurisdiction() -> Mapped[int]:
    """The jurisdiction number: an official code padded to 15 digits, compared by the row-level policies."""
    return mapped_column(BigInteger)


class Ranged:
    """Of a whole area: its jurisdiction numbers, ``jur`` up to but not with ``jur_end``."""

    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)


def of_a_range() -> CheckConstraint:
    """The check that a range of jurisdiction numbers holds any."""
    return CheckConstraint("jur < jur_end", name="range")


class Stamped:
    """When a row came and when it last changed."""

    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Placed:
    """A point with its provenance, and the tile numbers derived from it by the database itself.

    ``x`` and ``y`` are world pixels (31 bits, Web Mercator), ``morton`` the z-order of the z20 tile: comparisons of
    whole numbers are leakproof, so a tile is one index range under row-level security, which ``&&`` is not.
    """

    geom: Mapped[Any | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    source_system: Mapped[str | None]
    placed_by: Mapped[str | None]
    accuracy_m: Mapped[float | None]
    quality: Mapped[int] = mapped_column(SmallInteger, server_default="7")
    x: Mapped[int | None] = mapped_column(Integer, Computed("world_x(geom)", persisted=True))
    y: Mapped[int | None] = mapped_column(Integer, Computed("world_y(geom)", persisted=True))
    morton: Mapped[int | None] = mapped_column(BigInteger, Computed("morton_of(geom)", persisted=True))


def of_household(table: str) -> ForeignKeyConstraint:
    """Key of a household with its jurisdiction, which takes a row of ``table`` along where it moves or goes."""
    return ForeignKeyConstraint(
        ["household_id", "jur"],
        ["household.id", "household.jur"],
        name=f"fk_{table}_household_id_jur",
        onupdate="CASCADE",
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )
