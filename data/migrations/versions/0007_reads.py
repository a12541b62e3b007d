"""Reading at size: who is asking as a kept plan, and areas under a tile by their index."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0007_reads.sql"


def upgrade() -> None:
    """Replace one function and add another; no row changes."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse, as all migrations do: a store goes back by its backup."""
    raise RuntimeError("Restore a backup instead.")
