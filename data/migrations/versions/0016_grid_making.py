"""Grids of a village made from its households are an edit of boundaries."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0016_grid_making.sql"


def upgrade() -> None:
    """Allow the new act."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: edits of the new kind could not be kept."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
