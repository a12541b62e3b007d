"""Live: a number that grows with every change of what a map shows, and word of it at the commit."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0002"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0004_live.sql"


def upgrade() -> None:
    """Create the numbers and their triggers."""
    # The raw cursor, since the file holds percent signs that are no placeholders.
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: the triggers keep what maps are answered from."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back.")
