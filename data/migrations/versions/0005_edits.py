"""Boundaries edited on the map: what each edit was, and a kind of job that makes it."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0005_edits.sql"


def upgrade() -> None:
    """Create the table of edits."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: the record of who changed which boundary would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
