"""Imports: uploads, background jobs, what a batch changed, headings remembered for a sender, places given by hand."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0002_imports.sql"


def upgrade() -> None:
    """Create what imports from the page need."""
    # The raw cursor, since the file holds percent signs that are no placeholders.
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: uploads and the record of what batches changed would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
