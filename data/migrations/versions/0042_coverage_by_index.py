"""Counts of a range of places are read from an index alone."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0042"
down_revision = "0041"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0042_coverage_by_index.sql"


def upgrade() -> None:
    """Add the index."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Take it away; it holds nothing of its own."""
    op.execute("drop index ix_coverage_folded_packed")
    op.execute("alter table coverage_folded reset (autovacuum_vacuum_scale_factor)")
