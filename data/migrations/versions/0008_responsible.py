"""Who is responsible for a place, told to those who read the overview."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0008_responsible.sql"


def upgrade() -> None:
    """Create the function that names the nearest accounts."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop it; no record is touched."""
    op.execute("drop function sec.responsible(bigint[])")
