"""Changes are appended and folded in: coverage also by kind of visitor and key group, and tallies of visits."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
SQL = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Create the tables of changes, the views of the numbers and the folder."""
    # The raw cursor, since the file holds percent signs that are no placeholders.
    op.get_bind().connection.cursor().execute((SQL / "0006_changes.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: writers append to what the folder adds up."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back.")
