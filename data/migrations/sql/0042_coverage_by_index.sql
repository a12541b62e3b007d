-- Rows of coverage move about the table as changes are folded in, so that a county's ten thousand are fetched from seven
-- thousand places. Folding is done in the background: an index that holds what is read costs no visit anything.
create index ix_coverage_folded_packed on public.coverage_folded (campaign_id, round_no, jur) include (packed);
-- It is read alone where a page is known to hold nothing but what everybody sees, which is what a vacuum notes.
alter table public.coverage_folded set (autovacuum_vacuum_scale_factor = 0.02);
