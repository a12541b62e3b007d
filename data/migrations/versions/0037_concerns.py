"""Sites of concern: observations, who answers for a site and by when."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0037"
down_revision = "0036"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0037_concerns.sql"


def upgrade() -> None:
    """Create the table with its policies and guards."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what was seen would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
