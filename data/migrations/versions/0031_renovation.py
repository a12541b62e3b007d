"""Gates of renovation sites, yearly plans, money and its payments."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0031"
down_revision = "0030"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0031_renovation.sql"


def upgrade() -> None:
    """Create the tables with their policies and guards."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: gates passed and money paid would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
