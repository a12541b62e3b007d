"""Marks from the field, and their photographs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0021"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0025_marks.sql"


def upgrade() -> None:
    """Create the tables, their policies and triggers."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what people marked would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
