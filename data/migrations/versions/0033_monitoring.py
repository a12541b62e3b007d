"""Monthly monitoring of housing safety, changes of a household's housing status, and petitions."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0033_monitoring.sql"


def upgrade() -> None:
    """Create the tables with their policies and guards."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what was checked and closed would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
