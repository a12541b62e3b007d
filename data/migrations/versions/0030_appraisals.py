"""Appraisals made by hand, which stay as they were entered, and disasters after which houses are appraised again."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0030"
down_revision = "0029"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0030_appraisals.sql"


def upgrade() -> None:
    """Add the columns, the table of disasters and the policies."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: findings would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
