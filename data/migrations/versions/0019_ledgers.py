"""Publicity and the ledger of households in hardship; visits are read newest first."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0019_ledgers.sql"


def upgrade() -> None:
    """Add the tables and the index."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ix_visit_latest; drop table hardship_case; drop table publicity")
