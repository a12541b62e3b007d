"""Look-backs with their draws and results, and findings that deduct points."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0018_lookback.sql"


def upgrade() -> None:
    """Add the tables."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table finding, lookback_pick, lookback_village, lookback")
