"""History: households visited by day, and what was shown of coverage on each day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import context, op
from sqlalchemy import text

from geo.errors import Text

revision = "0003"
down_revision = "0002"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0003_history.sql"


def upgrade() -> None:
    """Create the tables of past days, fill them from what is stored, and say so if anything was."""
    # The raw cursor, since the file may hold percent signs that are no placeholders.
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))
    say: Callable[[Text], None] | None = context.config.attributes.get("say")
    filled = (
        op.get_bind()
        .execute(
            text("""
            select (select coalesce(sum(visited), 0) from coverage_day) as visited,
                   (select count(*) from coverage_known) as rounds, day_of_change() as today""")
        )
        .one()
    )
    if say is not None and filled.rounds:
        say(
            Text(
                f"历史已从现有记录补齐：{filled.rounds} 个轮次、{filled.visited} 户次按走访日；"
                f"当日所知从 {filled.today} 起。",
                f"Past days filled from the records: {filled.rounds} rounds, {filled.visited} visited households by "
                f"day of visit; what was shown on a day is known from {filled.today} on.",
            )
        )


def downgrade() -> None:
    """Refuse: what was shown on past days cannot be counted again."""
    raise RuntimeError("Restore a backup instead: this migration cannot be taken back without losing records.")
