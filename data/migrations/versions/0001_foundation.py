"""Foundation: areas, grids, households, houses, campaigns, visits, coverage, accounts and audit.

The SQL stands in files of its own, in the order in which it must run.
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None
SQL = Path(__file__).resolve().parent.parent / "sql"
PARTS = ("world", "tables", "context", "upkeep", "policies")


def upgrade() -> None:
    """Create everything."""
    # The raw cursor, since these files hold percent signs that are no placeholders.
    cursor = op.get_bind().connection.cursor()
    for part in PARTS:
        cursor.execute((SQL / f"0001_{part}.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Refuse: there is nothing before the foundation but an empty database."""
    raise RuntimeError("Restore a backup instead: the first migration cannot be taken back without losing records.")
