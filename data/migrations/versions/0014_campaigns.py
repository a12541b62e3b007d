"""Rounds for cohorts of their own, and versions of a campaign's plan."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0014_campaigns.sql"


def upgrade() -> None:
    """Add the columns, the versions and the triggers."""
    # The raw cursor, since the file may hold percent signs that are no placeholders.
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: rounds of other cohorts would have to be counted anew."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back.")
