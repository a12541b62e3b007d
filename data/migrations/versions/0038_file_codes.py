"""Codes of the files of households."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0038_file_codes.sql"


def upgrade() -> None:
    """Create the table with its policies."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: labels that hang at doors would open nothing any more."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
