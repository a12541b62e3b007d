"""The local base map: roads, water, woods, settlements and buildings that are nobody's record."""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, jurisdiction, serial_key


class BaseFeature(Base):
    """One line or surface of the base map; seen by everyone signed in."""

    __tablename__ = "base_feature"
    __table_args__ = (Index("ix_base_feature_geom", "geom", postgresql_using="gist"),)

    id: Mapped[int] = serial_key()
    kind: Mapped[str]
    name: Mapped[str | None]
    geom: Mapped[Any] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=False))
    jur: Mapped[int] = jurisdiction()
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
