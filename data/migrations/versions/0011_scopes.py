"""The round an address speaks of and its version are found in one call."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0011_scopes.sql"


def upgrade() -> None:
    """Add the function."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop it."""
    op.execute("drop function sec.find_scope(text, text, date)")
