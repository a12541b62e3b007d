"""Appraisals, looks at sites of concern and monthly checks that phones hand in."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0039"
down_revision = "0038"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0039_phone_houses.sql"


def upgrade() -> None:
    """Let the outbox of phones hold them, and give their photographs a place."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what phones handed in would be left without its receipt, and be sent again."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
