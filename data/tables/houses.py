"""Houses (农房) and renovation sites (改造点)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base, Placed, Stamped, serial_key

GRADES = "('A', 'B', 'C', 'D')"


def same_jurisdiction(column: str, table: str) -> ForeignKeyConstraint:
    """A key to a row *of the same jurisdiction*: foreign keys alone look past row-level security."""
    return ForeignKeyConstraint([column, "jur"], [f"{table}.id", f"{table}.jur"], deferrable=True, initially="DEFERRED")


class House(Base, Placed, Stamped):
    """A rural house; a household can have several or none, a house may have no known household."""

    __tablename__ = "house"
    __table_args__ = (
        UniqueConstraint("id", "jur", name="uq_house_id_jur"),
        same_jurisdiction("household_id", "household"),
        CheckConstraint(f"grade in {GRADES}", name="grade"),
        Index("ix_house_morton_jur", "morton", "jur"),
        Index("ix_house_jur_grade", "jur", "grade"),
        Index("ix_house_not_appraised", "jur", "id", postgresql_where=text("grade is null")),
        Index("ix_house_geom", "geom", postgresql_using="gist"),
    )

    id: Mapped[int] = serial_key()
    natural_key: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str | None] = mapped_column(index=True)
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    household_ref: Mapped[str | None]
    jur: Mapped[int] = mapped_column(BigInteger)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    outline: Mapped[Any | None] = mapped_column(Geometry("MULTIPOLYGON", srid=4326, spatial_index=False))
    grade: Mapped[str | None] = mapped_column(String(1))
    structure: Mapped[str | None]
    built_year: Mapped[int | None]
    area_m2: Mapped[float | None]
    storeys: Mapped[int | None]
    address: Mapped[str | None]
    remark: Mapped[str | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))


class RenovationSite(Base, Placed, Stamped):
    """A renovation (改造): method and grade kept apart, and where its gates have led.

    ``stage`` is the last gate passed and ``stage_on`` its day; once something is in ``site_gate`` they are moved by
    gates alone. ``entitled_fen`` is the latest entitlement, ``subsidy_yuan`` what a ledger from before said.
    """

    __tablename__ = "renovation_site"
    __table_args__ = (
        UniqueConstraint("id", "jur", name="uq_renovation_site_id_jur"),
        same_jurisdiction("household_id", "household"),
        same_jurisdiction("house_id", "house"),
        CheckConstraint(
            "method in ('repair', 'rebuild', 'rebuild_elsewhere', 'new', 'turn_key', 'public_rental', 'swap', "
            "'rent_subsidy')",
            name="method",
        ),
        CheckConstraint(f"grade_before in {GRADES}", name="grade_before"),
        CheckConstraint(
            "stage in ('found', 'appraised', 'compared', 'reviewed', 'approved', 'agreed', 'started', 'foundation', "
            "'completed', 'accepted', 'paid', 'moved_in', 'looked_back')",
            name="stage",
        ),
        CheckConstraint("state in ('open', 'rejected', 'withdrawn')", name="state"),
        CheckConstraint("entitled_fen >= 0", name="entitled_fen"),
        Index("ix_renovation_site_jur_stage", "jur", "stage", "state"),
        Index("ix_renovation_site_morton_jur", "morton", "jur"),
    )

    id: Mapped[int] = serial_key()
    natural_key: Mapped[str] = mapped_column(unique=True)
    code: Mapped[str | None] = mapped_column(index=True)
    household_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    household_ref: Mapped[str | None]
    house_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    jur: Mapped[int] = mapped_column(BigInteger, index=True)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("area.id"))
    grid_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    method: Mapped[str]
    grade_before: Mapped[str | None] = mapped_column(String(1))
    stage: Mapped[str]
    stage_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(server_default="open")
    year: Mapped[int | None] = mapped_column(SmallInteger)
    responsible: Mapped[str | None]
    method_reason: Mapped[str | None]
    approved_on: Mapped[date | None]
    started_on: Mapped[date | None]
    completed_on: Mapped[date | None]
    accepted_on: Mapped[date | None]
    paid_on: Mapped[date | None]
    subsidy_yuan: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    entitled_fen: Mapped[int | None] = mapped_column(BigInteger)
    revision: Mapped[int] = mapped_column(server_default="1")
    remark: Mapped[str | None]
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batch.id"))
