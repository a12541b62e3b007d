"""Kept on write: one standing per household and round, counts per place and round, and what changed where.

Counts are read from the views named for them (``coverage``, ``coverage_day``, ``coverage_shown``, ``coverage_part``,
``visit_tally``, ``heat``, ``owner_tally``), which add to the sums here what is not folded in yet (``0006_changes.sql``,
``0024_reads.sql``).
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from data.tables.base import Base
from data.tables.houses import same_jurisdiction

STATUS_COLUMNS = ("unvisited", "home", "remote", "nobody_home", "refused", "long_away", "suspect", "other")


class Standing(Base):
    """Where an eligible household stands in a round; written only by the database's own triggers."""

    __tablename__ = "standing"
    __table_args__ = (
        same_jurisdiction("household_id", "household"),
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        # No index holds what a visit changes: the new row then stays on its page and no index is written.
        Index("ix_standing_tile", "campaign_id", "round_no", "morton", "jur"),
        Index("ix_standing_jur", "campaign_id", "round_no", "jur"),
        Index("ix_standing_settled", "campaign_id", "round_no", "jur", postgresql_where=text("quality > 4")),
        Index("ix_standing_household", "household_id"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    x: Mapped[int | None] = mapped_column(Integer)
    y: Mapped[int | None] = mapped_column(Integer)
    morton: Mapped[int | None] = mapped_column(BigInteger)
    quality: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    visits: Mapped[int] = mapped_column(server_default="0")
    valid_visits: Mapped[int] = mapped_column(server_default="0")
    first_valid_on: Mapped[date | None]
    last_visit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    key_groups: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class StandingChange(Base):
    """A change that is not folded in yet: a household of this state came to a place (``n`` = 1) or left it (-1).

    ``n`` = 0: something else about the place changed which maps or tallies show; with a ``status`` of 9 nothing of its
    visits (assignments, demands). ``cell`` is the z16 tile of an exact
    position.
    """

    __tablename__ = "standing_change"
    __table_args__ = (Index("ix_standing_change_campaign_id", "campaign_id", "round_no", "jur"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    campaign_id: Mapped[int] = mapped_column(BigInteger)
    round_no: Mapped[int] = mapped_column(SmallInteger)
    jur: Mapped[int] = mapped_column(BigInteger)
    group_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int] = mapped_column(SmallInteger)
    first_valid_on: Mapped[date | None]
    known_on: Mapped[date]
    cell: Mapped[int | None] = mapped_column(BigInteger)
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text))
    key_groups: Mapped[list[str]] = mapped_column(ARRAY(Text))
    n: Mapped[int] = mapped_column(SmallInteger)
    x: Mapped[int | None] = mapped_column(Integer)
    y: Mapped[int | None] = mapped_column(Integer)


class CoverageFolded(Base):
    """Counts of households for one jurisdiction number and settlement; parents are sums over ranges.

    ``visited`` = households with at least one valid visit, so a repeat visit never raises it.
    """

    __tablename__ = "coverage_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
        CheckConstraint("eligible = " + " + ".join(STATUS_COLUMNS), name="adds_up"),
        CheckConstraint("visited = home + remote + suspect", name="visited"),
        # Written when changes are folded in, not by a visit.
        Index("ix_coverage_folded_packed", "campaign_id", "round_no", "jur", postgresql_include=["packed"]),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default="0")
    eligible: Mapped[int]
    visited: Mapped[int]
    unvisited: Mapped[int]
    home: Mapped[int]
    remote: Mapped[int]
    nobody_home: Mapped[int]
    refused: Mapped[int]
    long_away: Mapped[int]
    suspect: Mapped[int]
    other: Mapped[int]
    packed: Mapped[bytes] = mapped_column(
        Computed(f"packed_counts(jur, group_id, eligible, visited, {', '.join(STATUS_COLUMNS)})", persisted=True)
    )


class CoverageDayFolded(Base):
    """Households whose first valid visit was on a day, by jurisdiction number and settlement.

    A visit whose time nobody recorded stands at ``-infinity``, before all days.
    """

    __tablename__ = "coverage_day_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default="0")
    day: Mapped[date] = mapped_column(primary_key=True)
    visited: Mapped[int]


class CoverageShownFolded(Base):
    """By how much the counts changed on the day they became known; the sum up to a day is what was shown at its end."""

    __tablename__ = "coverage_shown_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default="0")
    day: Mapped[date] = mapped_column(primary_key=True)
    eligible: Mapped[int]
    visited: Mapped[int]


class CoveragePartFolded(Base):
    """Counts by kind of visitor and key group of the household; ``''`` stands for all, not both at once.

    ``visited`` of a kind = households with a valid visit by it. ``eligible`` is told where ``kind`` is ``''``.
    """

    __tablename__ = "coverage_part_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    group_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    key_group: Mapped[str] = mapped_column(primary_key=True)
    eligible: Mapped[int]
    visited: Mapped[int]


class VisitTallyFolded(Base):
    """Visits of a place by what they are; ``unmatched`` ones, at no known house, are among the others."""

    __tablename__ = "visit_tally_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    valid: Mapped[int]
    suspect: Mapped[int]
    other: Mapped[int]
    unmatched: Mapped[int]
    last_visit_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class HeatFolded(Base):
    """Households of a place by cell and day of their first valid visit, packed as ``0024_reads.sql`` says."""

    __tablename__ = "heat_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    cells: Mapped[bytes]


class OwnerTallyFolded(Base):
    """Households of a place that nobody has visited, by the kind of visitor who is to; ``kind`` is empty for nobody.

    Rows without ``repeats`` add up to what is not visited; the others stand beside them.
    """

    __tablename__ = "owner_tally_folded"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    repeats: Mapped[bool] = mapped_column(primary_key=True)
    remaining: Mapped[int]


class CoverageKnown(Base):
    """Since which day :class:`CoverageShownFolded` is kept for a round."""

    __tablename__ = "coverage_known"
    __table_args__ = (
        ForeignKeyConstraint(["campaign_id", "round_no"], ["round.campaign_id", "round.no"], ondelete="CASCADE"),
    )

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    since: Mapped[date]


class MapVersion(Base):
    """A number that grows with every change of what a map shows of one jurisdiction number.

    ``campaign_id`` and ``round_no`` are 0 for what belongs to every campaign: houses, sites, boundaries.
    """

    __tablename__ = "map_version"

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    xid: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AreaVersion(Base):
    """One row: a number that grows with every change of an area or a grid, whatever it is."""

    __tablename__ = "area_version"
    __table_args__ = (CheckConstraint("one", name="one"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    version: Mapped[int] = mapped_column(BigInteger)


class Cell(Base):
    """Households and dilapidated houses in one cell of a level, of one jurisdiction number; drawn below zoom 14.

    ``morton`` numbers the tiles of zoom ``level``. Houses belong to every campaign: ``campaign_id``, ``round_no`` and
    ``n`` are 0 then. Of households only exact positions are counted.
    """

    __tablename__ = "cell"

    campaign_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    round_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    morton: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    jur: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int]
    visited: Mapped[int]
    sum_x: Mapped[int] = mapped_column(BigInteger)
    sum_y: Mapped[int] = mapped_column(BigInteger)
    grade_c: Mapped[int]
    grade_d: Mapped[int]
