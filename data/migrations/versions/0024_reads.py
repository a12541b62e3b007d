"""Cells of heatmaps and what is left of assignments are kept by place; maps hear of demands."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
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
        create or replace view public.visit_tally with (security_invoker = true) as
            select k.campaign_id, k.round_no, k.jur, k.valid, k.suspect, k.other, k.unmatched, k.last_visit_at
            from visit_tally_folded k where not exists (
                select 1 from standing_change c
                 where (c.campaign_id, c.round_no, c.jur) = (k.campaign_id, k.round_no, k.jur))
            union all
            select c.campaign_id, c.round_no, c.jur, v.valid, v.suspect, v.other, v.unmatched, v.last_visit_at
            from (select distinct campaign_id, round_no, jur from standing_change) c
            cross join lateral (select * from counted_visits v where v.campaign_id = c.campaign_id
                                   and v.round_no = c.round_no and v.jur = c.jur offset 0) v;
        drop trigger assignment_inserted on public.assignment;
        drop trigger assignment_updated on public.assignment;
        drop trigger assignment_deleted on public.assignment;
        drop index public.ix_visit_superseded;
        drop trigger demand_inserted on public.demand;
        drop trigger demand_updated on public.demand;
        drop trigger demand_deleted on public.demand;
        drop function public.assignment_changed(), public.demand_changed(),
            public.count_places(bigint[], smallint[], bigint[]), public.mark_beside(bigint[], smallint[], bigint[]);
        drop view public.heat, public.owner_tally, public.counted_heat, public.counted_owners;
        drop table public.heat_folded, public.owner_tally_folded""")
