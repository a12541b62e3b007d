"""The road network: its edges, what was said of its gaps, its version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Double, ForeignKey, Index, SmallInteger, func, text
from sqlalchemy.dialects.postgresql import REAL
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Stamped, jurisdiction, serial_key

CLASSES = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "service",
    "track",
    "path",
    "steps",
)
CHOICES = ("closed", "no_gap")


class RoadEdge(Stamped, Base):
    """A piece of road between two places where roads meet; seen by everyone signed in."""

    __tablename__ = "road_edge"
    __table_args__ = (
        CheckConstraint(f"road_class in {CLASSES}", name="road_class"),
        CheckConstraint("oneway in (-1, 0, 1)", name="oneway"),
        CheckConstraint("length_m > 0", name="length"),
        CheckConstraint("(source = 'edit') = (account_id is not null)", name="by_hand"),
        Index("ix_road_edge_geom", "geom", postgresql_using="gist"),
        Index("ix_road_edge_source", "source", "jur"),
    )

    id: Mapped[int] = serial_key()
    source: Mapped[str]
    road_class: Mapped[str]
    name: Mapped[str | None]
    width_m: Mapped[float | None] = mapped_column(REAL)
    oneway: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    level: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    walk: Mapped[bool]
    ebike: Mapped[bool]
    car: Mapped[bool]
    length_m: Mapped[float] = mapped_column(Double)
    geom: Mapped[Any] = mapped_column(Geometry("LINESTRING", srid=4326, spatial_index=False))
    jur: Mapped[int] = jurisdiction()
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class RoadGap(Base):
    """What was said of a gap: closed by an edge, or none; taken back it stays."""

    __tablename__ = "road_gap"
    __table_args__ = (
        CheckConstraint(f"choice in {CHOICES}", name="choice"),
        Index("uq_road_gap_key", "key", unique=True, postgresql_where=text("undone_at is null")),
        Index("ix_road_gap_jur", "jur", text("at desc")),
    )

    id: Mapped[int] = serial_key()
    key: Mapped[str]
    choice: Mapped[str]
    length_m: Mapped[float] = mapped_column(Double)
    geom: Mapped[Any] = mapped_column(Geometry("LINESTRING", srid=4326, spatial_index=False))
    edge_id: Mapped[int | None] = mapped_column(ForeignKey("road_edge.id", ondelete="SET NULL"), index=True)
    jur: Mapped[int] = jurisdiction()
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    actor: Mapped[str]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    undone_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class RoadState(Base):
    """One row: the version of the network, and the detour factors fitted to it."""

    __tablename__ = "road_state"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="1", autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    factors: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    pairs: Mapped[int | None]
    fitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
