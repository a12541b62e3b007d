"""A visit is added to its household's standing, and indexes hold what is asked of them."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0013"
down_revision = "0012"
FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Replace the functions and indexes."""
    op.get_bind().connection.cursor().execute((FOLDER / "0013_lighter.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Put back those of before, as their own migration says them."""
    before = (FOLDER / "0006_changes.sql").read_text(encoding="utf-8")
    for name in ("standing_changed", "visit_changed"):
        begin = before.index(f"create or replace function public.{name}()")
        op.get_bind().connection.cursor().execute(before[begin : before.index("end $$;", begin) + len("end $$;")])
    for column in ("id_index", "phone_index", "card_index"):
        op.execute(f"drop index ix_household_{column}")
        op.execute(f"create index ix_household_{column} on household ({column})")
    op.execute("drop index ix_visit_household_id_campaign_id")
    op.execute("create index ix_visit_household_id_campaign_id on visit (household_id, campaign_id, round_no)")
