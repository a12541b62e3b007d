"""Assignments with their acts, reservations, and who came along on a visit."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0015"
down_revision = "0014"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0015_assignments.sql"


def upgrade() -> None:
    """Create the tables, their policies, and a column of visits."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: who was to visit whom would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
