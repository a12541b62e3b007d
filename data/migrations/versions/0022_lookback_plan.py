"""Look-backs have a plan: how many false visits they reckon with, and when they are given up."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0022_lookback_plan.sql"


def upgrade() -> None:
    """Add the columns."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table lookback drop column reckoned, drop column power")
