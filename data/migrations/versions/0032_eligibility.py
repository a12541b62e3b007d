"""Lists of offices, exclusions and who answers for the checks of a site."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0032"
down_revision = "0031"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0032_eligibility.sql"


def upgrade() -> None:
    """Create the tables with their policies and guards."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: lists and exclusions would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
