"""Settlements are edited, villages split and merged; duties that follow are noted like records."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0010_settlements.sql"


def upgrade() -> None:
    """Allow the new acts and levels, and note changes of duties."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: edits of the new kinds could not be kept."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
