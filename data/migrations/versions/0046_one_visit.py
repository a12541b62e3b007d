"""A visit is added to what is kept of its household in a little less time; what is kept stays as it is."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0046"
down_revision = "0045"
FOLDER = Path(__file__).resolve().parent.parent / "sql"


def upgrade() -> None:
    """Put the quicker function in the place of the one of the same name."""
    op.get_bind().connection.cursor().execute((FOLDER / "0046_one_visit.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    """Put back the one before, as its own migration says it."""
    before = (FOLDER / "0013_lighter.sql").read_text(encoding="utf-8")
    begin = before.index("create or replace function public.visit_changed()")
    op.get_bind().connection.cursor().execute(before[begin : before.index("end $$;", begin) + len("end $$;")])
