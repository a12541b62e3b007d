"""Long work of houses as jobs; the household's own part in a renovation; petitions and key groups; earlier help."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0040"
down_revision = "0039"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0040_long_work.sql"


def upgrade() -> None:
    """Add kinds of jobs and tables with their policies."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: what households said of the work on their houses would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
