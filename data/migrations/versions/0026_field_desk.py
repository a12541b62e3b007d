"""Marks on the map, and what a supervisor makes of second visits."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0025"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0026_field_desk.sql"


def upgrade() -> None:
    """Create the table with its policies, and the indexes."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what supervisors chose would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
