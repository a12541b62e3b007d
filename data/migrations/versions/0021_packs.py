"""Offline packs of villages, and one drawing of the base map for pages and packs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0021_packs.sql"


def upgrade() -> None:
    """Create the table and the function."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop the table; the base map stays as it is drawn now."""
    op.execute("drop table pack")
