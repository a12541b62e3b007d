"""Corrections that come in after the duty has moved."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0029_corrections.sql"


def upgrade() -> None:
    """Create the functions."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them; nothing is stored by them that was not stored before."""
    op.get_bind().connection.cursor().execute(
        "drop function sec.set_aside, sec.correction_of, sec.correct_demand, sec.add_demand_photos"
    )
