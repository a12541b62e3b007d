"""Who asks, the round and its version are found in one call."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0012_tiles.sql"


def upgrade() -> None:
    """Add the function."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function sec.open_map(text, boolean, text, text, date, text)")
