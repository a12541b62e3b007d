"""Counts of a place as one value, and the version of the areas."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0041"
down_revision = "0040"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0041_packed_coverage.sql"


def upgrade() -> None:
    """Add the column, its view and the version."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Take them away; they hold nothing of their own."""
    op.execute("drop view coverage_packed")
    op.execute("alter table coverage_folded drop column packed")
    op.execute("drop trigger grid_version on grid; drop trigger area_version on area")
    op.execute("drop function areas_changed; drop table area_version")
