"""Versions of yearly plans, maps that follow their days, and jobs that move many sites."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0035"
down_revision = "0034"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0035_renovation_work.sql"


def upgrade() -> None:
    """Create the table with its policies, and the trigger."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: earlier versions of plans would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
