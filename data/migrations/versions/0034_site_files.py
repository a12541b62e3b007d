"""Photographs and papers of renovation sites."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0034"
down_revision = "0033"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0034_site_files.sql"


def upgrade() -> None:
    """Add what photographs of sites say beside their bytes."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: which photograph shows which phase, and why one was withdrawn, would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
