"""Cells of heatmaps and what is left of assignments are kept by place, as coverage is."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0019"
SQL = Path(__file__).resolve().parent.parent / "sql" / "0024_reads.sql"


def upgrade() -> None:
    """Add the tables and their views, fill them, and let the folder keep them."""
    op.get_bind().connection.cursor().execute(SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Fold as before and drop them."""
    op.get_bind().connection.cursor().execute("""
        do $$
        declare body text := pg_get_functiondef('public.fold_changes()'::regprocedure);
        begin
            execute replace(body, 'perform count_places(c, r, j); ', '');
        end $$;
        drop trigger assignment_inserted on public.assignment;
        drop trigger assignment_updated on public.assignment;
        drop trigger assignment_deleted on public.assignment;
        drop function public.assignment_changed(), public.count_places(bigint[], smallint[], bigint[]);
        drop view public.heat, public.owner_tally, public.counted_heat, public.counted_owners;
        drop table public.heat_folded, public.owner_tally_folded""")
