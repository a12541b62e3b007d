-- What pages read of a whole county, kept by place. Both are counted anew by the folder for the places something changed
-- in, as visits are tallied: their views give what was kept, and count the places that are not folded in yet.

-- Households of a place by day of their first valid visit and cell, for the heatmaps. A hundred households are some
-- eighty cells: they come as one value, since eight hundred thousand rows take longer to hand over than to count. It is a
-- row of twelve bytes after the other, ascending: eight for the day (shifted by 38) and the z-order of the z19 tile, four
-- for the number. Day 0: not visited; 1: on a day nobody recorded; else days since 0001-01-01 and two.
create table public.heat_folded (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    cells bytea not null,
    constraint pk_heat_folded primary key (campaign_id, round_no, jur),
    constraint fk_heat_folded_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);

-- Households of a place that nobody has visited, by who is to: '' stands for nobody. Kinds that may visit what others
-- visit too (repeats) stand beside the one owner, so that only rows without them add up.
create table public.owner_tally_folded (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    kind text not null,
    repeats boolean not null,
    remaining integer not null,
    constraint pk_owner_tally_folded primary key (campaign_id, round_no, jur, kind, repeats),
    constraint fk_owner_tally_folded_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);

do $$
declare t text;
begin
    foreach t in array array['heat_folded', 'owner_tally_folded'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;
end $$;

create view public.counted_heat with (security_invoker = true) as
    select campaign_id, round_no, jur, string_agg(int8send(key) || int4send(n), ''::bytea order by key) as cells
    from (select campaign_id, round_no, jur,
                 (case when status in (1, 2, 6) then coalesce(first_valid_on - date '0001-01-01' + 2, 1) else 0 end::bigint << 38)
                 | (morton >> 2) as key, count(*)::integer as n
            from standing where quality <= 4 and morton is not null group by 1, 2, 3, 4) places
    group by 1, 2, 3;

create view public.counted_owners with (security_invoker = true) as
    select s.campaign_id, s.round_no, s.jur, coalesce(a.kind, '') as kind, false as repeats, count(*)::integer as remaining
    from standing s left join assignment a on a.campaign_id = s.campaign_id and a.round_no = s.round_no and a.jur = s.jur
        and a.household_id = s.household_id and not a.repeats
    where s.status not in (1, 2, 6) group by 1, 2, 3, 4
    union all
    select s.campaign_id, s.round_no, s.jur, a.kind, true, count(*)::integer
    from standing s join assignment a on a.campaign_id = s.campaign_id and a.round_no = s.round_no and a.jur = s.jur
        and a.household_id = s.household_id
    where a.repeats and s.status not in (1, 2, 6) group by 1, 2, 3, 4;

-- Only a change of a household with an exact place is one of cells.
create view public.heat with (security_invoker = true) as
    select k.campaign_id, k.round_no, k.jur, k.cells from heat_folded k where not exists (
        select 1 from standing_change c where (c.campaign_id, c.round_no, c.jur) = (k.campaign_id, k.round_no, k.jur)
           and c.cell is not null)
    union all
    select c.campaign_id, c.round_no, c.jur, h.cells
    from (select distinct campaign_id, round_no, jur from standing_change where cell is not null) c
    cross join lateral (select * from counted_heat h where h.campaign_id = c.campaign_id and h.round_no = c.round_no
                           and h.jur = c.jur offset 0) h;

create view public.owner_tally with (security_invoker = true) as
    select k.campaign_id, k.round_no, k.jur, k.kind, k.repeats, k.remaining
    from owner_tally_folded k where not exists (
        select 1 from standing_change c where (c.campaign_id, c.round_no, c.jur) = (k.campaign_id, k.round_no, k.jur))
    union all
    select c.campaign_id, c.round_no, c.jur, o.kind, o.repeats, o.remaining
    from (select distinct campaign_id, round_no, jur from standing_change) c
    cross join lateral (select * from counted_owners o where o.campaign_id = c.campaign_id and o.round_no = c.round_no
                           and o.jur = c.jur offset 0) o;
grant select on public.heat, public.owner_tally, public.counted_heat, public.counted_owners to fangtu_app;

-- What changes beside the visits of a place (assignments, demands) is marked by a status of its own: a county that is
-- shared out in one act does not have its visits tallied anew by whoever reads before the folder comes.
create function public.mark_beside(p_campaign bigint[], p_round smallint[], p_jur bigint[]) returns void
    language sql security definer set search_path = pg_catalog, public
    begin atomic
        insert into standing_change (campaign_id, round_no, jur, group_id, status, known_on, kinds, key_groups, n)
        select distinct c, r, j, 0, 9::smallint, day_of_change(), '{}'::text[], '{}'::text[], 0
          from unnest(p_campaign, p_round, p_jur) as t (c, r, j);
    end;

create or replace view public.visit_tally with (security_invoker = true) as
    select k.campaign_id, k.round_no, k.jur, k.valid, k.suspect, k.other, k.unmatched, k.last_visit_at
    from visit_tally_folded k where not exists (
        select 1 from standing_change c where (c.campaign_id, c.round_no, c.jur) = (k.campaign_id, k.round_no, k.jur)
           and c.status <> 9)
    union all
    select c.campaign_id, c.round_no, c.jur, v.valid, v.suspect, v.other, v.unmatched, v.last_visit_at
    from (select distinct campaign_id, round_no, jur from standing_change where status <> 9) c
    cross join lateral (select * from counted_visits v where v.campaign_id = c.campaign_id and v.round_no = c.round_no
                           and v.jur = c.jur offset 0) v;

-- The folder counts them where something changed; an assignment is a change of its place.
create function public.count_places(p_campaign bigint[], p_round smallint[], p_jur bigint[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public set plan_cache_mode = force_custom_plan as $$
begin
    delete from heat_folded k using unnest(p_campaign, p_round, p_jur) as t (c, r, j)
     where (k.campaign_id, k.round_no, k.jur) = (t.c, t.r, t.j);
    insert into heat_folded (campaign_id, round_no, jur, cells)
    select h.campaign_id, h.round_no, h.jur, h.cells from unnest(p_campaign, p_round, p_jur) as t (c, r, j)
    cross join lateral (select * from counted_heat h where h.campaign_id = t.c and h.round_no = t.r and h.jur = t.j
                        offset 0) h;
    delete from owner_tally_folded k using unnest(p_campaign, p_round, p_jur) as t (c, r, j)
     where (k.campaign_id, k.round_no, k.jur) = (t.c, t.r, t.j);
    insert into owner_tally_folded (campaign_id, round_no, jur, kind, repeats, remaining)
    select o.campaign_id, o.round_no, o.jur, o.kind, o.repeats, o.remaining
      from unnest(p_campaign, p_round, p_jur) as t (c, r, j)
    cross join lateral (select * from counted_owners o where o.campaign_id = t.c and o.round_no = t.r and o.jur = t.j
                        offset 0) o;
end $$;

create function public.assignment_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op <> 'DELETE' then
        perform mark_beside(array_agg(campaign_id), array_agg(round_no), array_agg(jur))
           from (select distinct campaign_id, round_no, jur from new_rows) t having count(*) > 0;
    end if;
    if tg_op <> 'INSERT' then
        perform mark_beside(array_agg(campaign_id), array_agg(round_no), array_agg(jur))
           from (select distinct campaign_id, round_no, jur from old_rows) t having count(*) > 0;
    end if;
    return null;
end $$;
create trigger assignment_inserted after insert on public.assignment referencing new table as new_rows
    for each statement execute function public.assignment_changed();
create trigger assignment_updated after update on public.assignment referencing old table as old_rows new table as new_rows
    for each statement execute function public.assignment_changed();
create trigger assignment_deleted after delete on public.assignment referencing old table as old_rows
    for each statement execute function public.assignment_changed();

-- Which visits were corrected: few, asked for with every demand.
create index ix_visit_superseded on public.visit (id) where superseded_by is not null;

-- Demands are shown by campaign: one raised in an earlier round and not solved yet stands on the map of each round.
create function public.demand_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op <> 'DELETE' then
        perform mark_beside(array_agg(t.campaign_id), array_agg(r.no), array_agg(t.jur))
           from (select distinct campaign_id, jur from new_rows) t join round r on r.campaign_id = t.campaign_id
         having count(*) > 0;
    end if;
    if tg_op <> 'INSERT' then
        perform mark_beside(array_agg(t.campaign_id), array_agg(r.no), array_agg(t.jur))
           from (select distinct campaign_id, jur from old_rows) t join round r on r.campaign_id = t.campaign_id
         having count(*) > 0;
    end if;
    return null;
end $$;
create trigger demand_inserted after insert on public.demand referencing new table as new_rows
    for each statement execute function public.demand_changed();
create trigger demand_updated after update on public.demand referencing old table as old_rows new table as new_rows
    for each statement execute function public.demand_changed();
create trigger demand_deleted after delete on public.demand referencing old table as old_rows
    for each statement execute function public.demand_changed();

-- One more step in folding, before what it changed is told; the rest of it stays as it was last written.
do $$
declare body text := pg_get_functiondef('public.fold_changes()'::regprocedure);
        told constant text := 'perform note_map(c, r, j);';
begin
    if position(told in body) = 0 then raise exception 'fold_changes does not tell of what it changed'; end if;
    execute replace(body, told, 'perform count_places(c, r, j); ' || told);
end $$;

insert into public.heat_folded select campaign_id, round_no, jur, cells from public.counted_heat;
insert into public.owner_tally_folded select campaign_id, round_no, jur, kind, repeats, remaining from public.counted_owners;

revoke all on function public.count_places(bigint[], smallint[], bigint[]), public.mark_beside(bigint[], smallint[], bigint[]),
    public.assignment_changed(),
    public.demand_changed() from public;
