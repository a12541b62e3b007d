"""Areas (辖区) from province to natural village, their other names, and grids (网格)."""

from __future__ import annotations

from datetime import date
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, CheckConstraint, Computed, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key

LEVELS = ("province", "city", "county", "township", "village", "natural_village", "group")


class Area(Base, Stamped):
    """An administrative area or a settlement inside a village.

    It covers the jurisdiction numbers ``[jur, jur_end)``; a settlement has the range of its village.
    """

    __tablename__ = "area"
    __table_args__ = (
        CheckConstraint(f"level in {LEVELS}", name="level"),
        CheckConstraint("jur < jur_end", name="range"),
        Index("uq_area_code_now", "code", unique=True, postgresql_where=text("valid_to is null")),
        Index("ix_area_geom", "geom", postgresql_using="gist"),
        Index("ix_area_jur_level", "jur", "level"),
    )

    id: Mapped[int] = serial_key()
    code: Mapped[str]
    name: Mapped[str]
    level: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"), index=True)
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[Any | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))
    centre: Mapped[Any | None] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    label: Mapped[Any | None] = mapped_column(
        Geometry("POINT", srid=4326, spatial_index=False), Computed("label_place(geom)", persisted=True)
    )
    outline: Mapped[Any | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), Computed("plain_outline(geom)", persisted=True)
    )
    derived: Mapped[bool] = mapped_column(server_default="false")
    source: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))


class AreaAlias(Base):
    """Another name or an older code of an area, with the days it was in use."""

    __tablename__ = "area_alias"
    __table_args__ = (
        CheckConstraint("name is not null or code is not null", name="something"),
        Index("uq_area_alias", "area_id", "name", "code", unique=True, postgresql_nulls_not_distinct=True),
        Index("ix_area_alias_code", "code"),
        Index("ix_area_alias_name", "name"),
    )

    id: Mapped[int] = serial_key()
    area_id: Mapped[int] = mapped_column(ForeignKey("area.id", ondelete="CASCADE"))
    jur: Mapped[int] = jurisdiction()
    jur_end: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str | None]
    code: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class Grid(Base, Stamped):
    """A grid (网格): an administrative polygon of some hundred households inside one village."""

    __tablename__ = "grid"
    __table_args__ = (
        Index("ix_grid_geom", "geom", postgresql_using="gist"),
        CheckConstraint("jur_end = jur + 1", name="range"),
    )

    id: Mapped[int] = serial_key()
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    village_id: Mapped[int] = mapped_column(ForeignKey("area.id"), index=True)
    jur: Mapped[int] = mapped_column(BigInteger, unique=True)
    jur_end: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[Any] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))
    label: Mapped[Any | None] = mapped_column(
        Geometry("POINT", srid=4326, spatial_index=False), Computed("label_place(geom)", persisted=True)
    )
    outline: Mapped[Any | None] = mapped_column(
        Geometry("MULTIPOLYGON", srid=4326, spatial_index=False), Computed("plain_outline(geom)", persisted=True)
    )
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
