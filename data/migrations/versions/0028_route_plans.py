"""Plans of routes, what of them is given out, and their changes."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0028"
down_revision = "0027"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0028_route_plans.sql"


def upgrade() -> None:
    """Create the tables with their policies."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: plans and their changes would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
