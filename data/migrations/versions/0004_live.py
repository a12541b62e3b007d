"""Live: a number that grows with every change of what a map shows, word of it at the commit, and counts by cell."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Create the numbers, the cells and their triggers."""
    # The raw cursor, since the file holds percent signs that are no placeholders.
    for name in ("0004_live.sql", "0004_cells.sql"):
        op.get_bind().connection.cursor().execute((SQL / name).read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: the triggers keep what maps are answered from."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back.")
