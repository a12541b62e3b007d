"""The road network: edges, what was said of its gaps, and its version."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0027_roads.sql"


def upgrade() -> None:
    """Create the tables with their policies."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: roads and what was mended by hand would be lost."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
