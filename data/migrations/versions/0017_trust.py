"""Doubts about visits are kept with evidence, answers and rulings; households have cards to confirm or deny a visit."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0017_trust.sql"


def upgrade() -> None:
    """Add the tables, columns and functions."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them."""
    for name in (
        "card_answer(bytea, text, text)",
        "card_visit(bytea)",
        "note_card(text, boolean)",
        "card_must_wait(text)",
    ):
        op.execute(f"drop function sec.{name}")
    for table in ("card_attempt", "card_word", "household_card", "screening", "suspicion_note", "suspicion"):
        op.execute(f"drop table public.{table}")
    op.execute("drop function sec.is_own_visit(uuid)")
    op.execute("drop index public.ix_attachment_visit_id")
    op.execute("alter table public.attachment drop column perceptual_hash")
    op.execute("alter table public.visit drop column answers, drop column entered_at, drop column fix_age_s")
