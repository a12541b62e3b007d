-- Writers append what changed; a folder adds it up. Before this, each visit changed shared rows of counts, which the
-- writers of one grid then held in turn until their commits reached the disk.
--
-- standing_change: by how much the counts of a place change, written in the transaction of the change.
-- coverage_folded and its like: the sums of what was folded in. The views named for the numbers (coverage, coverage_day,
-- coverage_shown, coverage_part, visit_tally) hold both, so that a reader sees every committed change whether it was
-- folded in or not. They give rows to be added up, several for a place.
-- Cells of maps and the numbers of versions are changed by the folder alone, a moment after the commit.

-- 1. What is counted of each household: the kinds of visitors who reached it, and its key groups.

alter table public.standing add column kinds text[] default '{}' not null;
alter table public.standing add column key_groups text[] default '{}' not null;

-- A change of status touches no index any more: the new row stays on its page and only the heap is written.
drop index public.ix_standing_tile;
create index ix_standing_tile on public.standing (campaign_id, round_no, morton, jur);
drop index public.ix_standing_settled;
create index ix_standing_settled on public.standing (campaign_id, round_no, jur) where quality > 4;
alter table public.standing set (fillfactor = 80);
-- The latest visit of a place, and the visits of a place for its tally, without reading other rounds.
drop index public.ix_visit_ended_at;
create index ix_visit_round on public.visit (campaign_id, round_no, jur, ended_at);

create or replace view public.visit_facts with (security_invoker = true) as
    select campaign_id, round_no, household_id,
           standing_status(bool_or(counts and mode = 'home' and suspect = '{}'),
                           bool_or(counts and mode <> 'home' and suspect = '{}'), bool_or(counts),
                           (array_agg(outcome order by coalesce(ended_at, started_at) desc nulls last, no desc))[1]) as status,
           count(*)::integer as visits, (count(*) filter (where counts))::integer as valid_visits,
           (min(started_at at time zone 'Asia/Shanghai') filter (where counts))::date as first_valid_on,
           max(coalesce(ended_at, started_at)) as last_visit_at,
           -- '-' stands for a visit of which nobody said who made it.
           coalesce(array_agg(distinct coalesce(nullif(btrim(visitor_kind), ''), '-')) filter (where counts), '{}') as kinds
    from visit
    where household_id is not null and superseded_by is null and verdict not in ('ruled_false', 'void')
    group by campaign_id, round_no, household_id;

create or replace view public.eligible with (security_invoker = true) as
    select r.campaign_id, r.no as round_no, h.id as household_id, h.jur, coalesce(h.group_id, 0) as group_id,
           h.x, h.y, h.morton, h.quality, h.key_groups
    from household h
    join campaign c on h.jur >= c.jur and h.jur < c.jur_end and c.cohort = 'all_households'
    join round r on r.campaign_id = c.id
    where h.removed_at is null;

-- 2. Where changes and sums are kept.

create table public.standing_change (
    id bigint generated always as identity,
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    group_id bigint not null,
    status smallint not null,
    first_valid_on date,
    known_on date not null,
    cell bigint,
    kinds text[] not null,
    key_groups text[] not null,
    n smallint not null,
    x integer,
    y integer,
    constraint pk_standing_change primary key (id)
);
create index ix_standing_change_campaign_id on public.standing_change (campaign_id, round_no, jur);

alter table public.coverage rename to coverage_folded;
alter table public.coverage_folded rename constraint pk_coverage to pk_coverage_folded;
alter table public.coverage_folded rename constraint fk_coverage_campaign_id_round_no to fk_coverage_folded_campaign_id_round_no;
alter table public.coverage_folded rename constraint ck_coverage_adds_up to ck_coverage_folded_adds_up;
alter table public.coverage_folded rename constraint ck_coverage_visited to ck_coverage_folded_visited;
alter table public.coverage_day rename to coverage_day_folded;
alter table public.coverage_day_folded rename constraint pk_coverage_day to pk_coverage_day_folded;
alter table public.coverage_day_folded rename constraint fk_coverage_day_campaign_id_round_no to fk_coverage_day_folded_campaign_id_round_no;
alter table public.coverage_shown rename to coverage_shown_folded;
alter table public.coverage_shown_folded rename constraint pk_coverage_shown to pk_coverage_shown_folded;
alter table public.coverage_shown_folded rename constraint fk_coverage_shown_campaign_id_round_no to fk_coverage_shown_folded_campaign_id_round_no;

-- By kind of visitor, by key group, and by both; '' stands for all. Households are eligible whoever is to visit them:
-- rows of a kind have no eligible ones of their own.
create table public.coverage_part_folded (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    group_id bigint not null,
    kind text not null,
    key_group text not null,
    eligible integer not null,
    visited integer not null,
    constraint pk_coverage_part_folded primary key (campaign_id, round_no, jur, group_id, kind, key_group),
    constraint fk_coverage_part_folded_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);

create table public.visit_tally_folded (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    valid integer not null,
    suspect integer not null,
    other integer not null,
    unmatched integer not null,
    last_visit_at timestamptz,
    constraint pk_visit_tally_folded primary key (campaign_id, round_no, jur),
    constraint fk_visit_tally_folded_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);

do $$
declare t text;
begin
    foreach t in array array['standing_change', 'coverage_part_folded', 'visit_tally_folded'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;
end $$;

-- 3. The numbers, for readers: rows to be added up. Plain unions, so that an index range reaches into both halves.

create view public.coverage with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, eligible, visited, unvisited, home, remote, nobody_home, refused,
           long_away, suspect, other from coverage_folded
    union all
    select campaign_id, round_no, jur, group_id, n::integer, case when status in (1, 2, 6) then n else 0 end,
           case when status = 0 then n else 0 end, case when status = 1 then n else 0 end,
           case when status = 2 then n else 0 end, case when status = 3 then n else 0 end,
           case when status = 4 then n else 0 end, case when status = 5 then n else 0 end,
           case when status = 6 then n else 0 end, case when status = 7 then n else 0 end
    from standing_change;

create view public.coverage_day with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, day, visited from coverage_day_folded
    union all
    select campaign_id, round_no, jur, group_id, coalesce(first_valid_on, '-infinity'), n::integer
    from standing_change where status in (1, 2, 6);

create view public.coverage_shown with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, day, eligible, visited from coverage_shown_folded
    union all
    select campaign_id, round_no, jur, group_id, known_on, n::integer, case when status in (1, 2, 6) then n else 0 end
    from standing_change;

-- What one household adds to the parts. A group written twice counts once.
create function public.parts_of(p_status smallint, p_kinds text[], p_key_groups text[])
    returns table (kind text, key_group text, eligible integer, visited integer)
    language sql immutable parallel safe
    begin atomic
        select k.kind, g.key_group, case when k.kind = '' then 1 else 0 end,
               case when p_status in (1, 2, 6) then 1 else 0 end
        from (select '' as kind union select unnest(p_kinds)) k
        cross join (select '' as key_group union select unnest(p_key_groups)) g
        where (k.kind, g.key_group) <> ('', '');
    end;

create view public.coverage_part with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, kind, key_group, eligible, visited from coverage_part_folded
    union all
    select c.campaign_id, c.round_no, c.jur, c.group_id, p.kind, p.key_group, c.n * p.eligible, c.n * p.visited
    from standing_change c cross join lateral parts_of(c.status, c.kinds, c.key_groups) p;

-- The same counts from the records themselves: for the first filling, for bulk loading and for the recheck.
create view public.counted_coverage with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, count(*)::integer as eligible,
           (count(*) filter (where status in (1, 2, 6)))::integer as visited,
           (count(*) filter (where status = 0))::integer as unvisited, (count(*) filter (where status = 1))::integer as home,
           (count(*) filter (where status = 2))::integer as remote,
           (count(*) filter (where status = 3))::integer as nobody_home,
           (count(*) filter (where status = 4))::integer as refused, (count(*) filter (where status = 5))::integer as long_away,
           (count(*) filter (where status = 6))::integer as suspect, (count(*) filter (where status = 7))::integer as other
    from standing group by 1, 2, 3, 4;
create view public.counted_days with (security_invoker = true) as
    select campaign_id, round_no, jur, group_id, coalesce(first_valid_on, '-infinity') as day, count(*)::integer as visited
    from standing where status in (1, 2, 6) group by 1, 2, 3, 4, 5;
create view public.counted_parts with (security_invoker = true) as
    select s.campaign_id, s.round_no, s.jur, s.group_id, p.kind, p.key_group, sum(s.n * p.eligible)::integer as eligible,
           sum(s.n * p.visited)::integer as visited
    from (select campaign_id, round_no, jur, group_id, status, kinds, key_groups, count(*) as n
            from standing group by 1, 2, 3, 4, 5, 6, 7) s
    cross join lateral parts_of(s.status, s.kinds, s.key_groups) p
    group by 1, 2, 3, 4, 5, 6;
create view public.counted_visits with (security_invoker = true) as
    select campaign_id, round_no, jur, (count(*) filter (where counts and suspect = '{}'))::integer as valid,
           (count(*) filter (where counts and suspect <> '{}'))::integer as suspect,
           (count(*) filter (where not counts))::integer as other,
           (count(*) filter (where household_id is null))::integer as unmatched, max(ended_at) as last_visit_at
    from visit where superseded_by is null group by 1, 2, 3;

-- Visits of a place are few: where something changed they are counted, elsewhere what was counted is kept.
create view public.visit_tally with (security_invoker = true) as
    select k.campaign_id, k.round_no, k.jur, k.valid, k.suspect, k.other, k.unmatched, k.last_visit_at
    from visit_tally_folded k where not exists (
        select 1 from standing_change c where (c.campaign_id, c.round_no, c.jur) = (k.campaign_id, k.round_no, k.jur))
    union all
    select c.campaign_id, c.round_no, c.jur, v.valid, v.suspect, v.other, v.unmatched, v.last_visit_at
    from (select distinct campaign_id, round_no, jur from standing_change) c
    cross join lateral (select * from counted_visits v where v.campaign_id = c.campaign_id and v.round_no = c.round_no
                           and v.jur = c.jur offset 0) v;

grant select on public.coverage, public.coverage_day, public.coverage_shown, public.coverage_part, public.visit_tally,
    public.counted_visits to fangtu_app;

-- 4. Writing: one row for each place and state that changed, appended in the transaction of the change.

drop trigger y_cells_insert on public.standing;
drop trigger y_cells_update on public.standing;
drop trigger y_cells_delete on public.standing;
drop trigger z_map_insert on public.standing;
drop trigger z_map_update on public.standing;
drop trigger z_map_delete on public.standing;
drop trigger z_map_insert on public.visit;
drop trigger z_map_update on public.visit;
drop trigger z_map_delete on public.visit;

-- Without a search path of its own it is put into the statement that calls it, which a visit feels.
create or replace function public.day_of_change() returns date
    language sql stable parallel safe
    return (now() at time zone 'Asia/Shanghai')::date;

-- +1 as a household stands now and -1 as it stood before, as they come: adding up is the folder's work.
create or replace function public.standing_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if tg_op <> 'DELETE' then
        insert into standing_change (campaign_id, round_no, jur, group_id, status, first_valid_on, known_on, cell, kinds,
                                     key_groups, n, x, y)
        select campaign_id, round_no, jur, group_id, status, first_valid_on, day_of_change(),
               case when quality <= 4 then morton >> 8 end, kinds, key_groups, 1, x, y from new_rows;
    end if;
    if tg_op <> 'INSERT' then
        insert into standing_change (campaign_id, round_no, jur, group_id, status, first_valid_on, known_on, cell, kinds,
                                     key_groups, n, x, y)
        select campaign_id, round_no, jur, group_id, status, first_valid_on, day_of_change(),
               case when quality <= 4 then morton >> 8 end, kinds, key_groups, -1, x, y from old_rows;
    end if;
    return null;
end $$;

-- Only "something about this place changed which maps or tallies show", for what moves no household.
create function public.mark_changed(p_campaign bigint[], p_round smallint[], p_jur bigint[]) returns void
    language sql security definer set search_path = pg_catalog, public
    begin atomic
        insert into standing_change (campaign_id, round_no, jur, group_id, status, known_on, kinds, key_groups, n)
        select distinct c, r, j, 0, 0::smallint, day_of_change(), '{}'::text[], '{}'::text[], 0
          from unnest(p_campaign, p_round, p_jur) as t (c, r, j);
    end;

-- Many households at once; they are locked by the caller.
create or replace function public.refresh_standing(p_campaign bigint[], p_round smallint[], p_household bigint[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
begin
    perform plan_for_many(cardinality(p_household));
    update standing s
       set status = t.status, visits = t.visits, valid_visits = t.valid_visits, first_valid_on = t.first_valid_on,
           last_visit_at = t.last_visit_at, kinds = t.kinds
      from (select u.campaign_id, u.round_no, u.household_id, coalesce(f.status, 0) as status,
                   coalesce(f.visits, 0) as visits, coalesce(f.valid_visits, 0) as valid_visits, f.first_valid_on,
                   f.last_visit_at, coalesce(f.kinds, '{}') as kinds
              from (select distinct campaign_id, round_no, household_id
                      from unnest(p_campaign, p_round, p_household) as k (campaign_id, round_no, household_id)) u
              left join (select * from visit_facts where household_id = any (p_household)) f
                on (f.campaign_id, f.round_no, f.household_id) = (u.campaign_id, u.round_no, u.household_id)) t
     where s.campaign_id = t.campaign_id and s.round_no = t.round_no and s.household_id = t.household_id
       and s.household_id = any (p_household)
       and (s.status, s.visits, s.valid_visits, s.first_valid_on, s.last_visit_at, s.kinds) is distinct from
           (t.status, t.visits, t.valid_visits, t.first_valid_on, t.last_visit_at, t.kinds);
end $$;

-- One household, the way of a single visit: the plans of these two are kept. False if nothing changed.
create function public.refresh_one(p_campaign bigint, p_round smallint, p_household bigint) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public
    set plan_cache_mode = force_generic_plan as $$
declare f visit_facts;
begin
    select * into f from visit_facts
     where campaign_id = p_campaign and round_no = p_round and household_id = p_household;
    update standing
       set status = coalesce(f.status, 0), visits = coalesce(f.visits, 0), valid_visits = coalesce(f.valid_visits, 0),
           first_valid_on = f.first_valid_on, last_visit_at = f.last_visit_at, kinds = coalesce(f.kinds, '{}')
     where campaign_id = p_campaign and round_no = p_round and household_id = p_household
       and (status, visits, valid_visits, first_valid_on, last_visit_at, kinds) is distinct from
           (coalesce(f.status, 0), coalesce(f.visits, 0), coalesce(f.valid_visits, 0), f.first_valid_on, f.last_visit_at,
            coalesce(f.kinds, '{}'));
    return found;
end $$;

-- The households are locked first, in one order: two visits of a household, or a visit and a move of it, are counted one
-- after the other, each with all that was committed before. Without it the later one would count without the earlier.
-- A visit that was written for a household which moved meanwhile is refused by its key: it may be another's area now.
create or replace function public.visit_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare v record; c bigint[]; r smallint[]; h bigint[];
begin
    if tg_op = 'INSERT' then
        select campaign_id, round_no, household_id, jur, count(*) over () as many into v from new_rows limit 1;
        if v.many = 1 and v.household_id is not null then
            perform 1 from household where id = v.household_id for no key update;
            if not refresh_one(v.campaign_id, v.round_no, v.household_id) then
                perform mark_changed(array[v.campaign_id], array[v.round_no], array[v.jur]);
            end if;
            return null;
        end if;
    end if;
    if tg_op <> 'DELETE' then
        perform mark_changed(array_agg(campaign_id), array_agg(round_no), array_agg(jur)) from new_rows having count(*) > 0;
    end if;
    if tg_op <> 'INSERT' then
        perform mark_changed(array_agg(campaign_id), array_agg(round_no), array_agg(jur)) from old_rows having count(*) > 0;
    end if;
    if tg_op = 'INSERT' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(household_id) into c, r, h
          from (select distinct campaign_id, round_no, household_id from new_rows where household_id is not null) t;
    elsif tg_op = 'DELETE' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(household_id) into c, r, h
          from (select distinct campaign_id, round_no, household_id from old_rows where household_id is not null) t;
    else
        select array_agg(campaign_id), array_agg(round_no), array_agg(household_id) into c, r, h
          from (select campaign_id, round_no, household_id from new_rows where household_id is not null
                union select campaign_id, round_no, household_id from old_rows where household_id is not null) t;
    end if;
    if c is null then return null; end if;
    perform 1 from household where id = any (h) order by id for no key update;
    perform refresh_standing(c, r, h);
    return null;
end $$;

-- Enrolment: households that come while a round opens are in it. The one who comes second waits for the first and then
-- sees its rows.
create function public.enrolment_lock() returns bigint
    language sql immutable parallel safe return 7305418926001;

create or replace function public.household_inserted() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform pg_advisory_xact_lock_shared(enrolment_lock());
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
    select r.campaign_id, r.no, h.id, h.jur, coalesce(h.group_id, 0), h.x, h.y, h.morton, h.quality, h.key_groups
    from new_rows h
    join campaign c on h.jur >= c.jur and h.jur < c.jur_end and c.cohort = 'all_households'
    join round r on r.campaign_id = c.id
    where h.removed_at is null;
    return null;
end $$;

create or replace function public.household_updated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
declare moved bigint[]; crossed bigint[];
begin
    -- Executed as text, so that it is planned for the rows of this statement and not for those of an earlier one.
    execute $q$
        select array_agg(n.id), array_agg(n.id) filter (where n.jur <> o.jur)
          from new_rows n join old_rows o on o.id = n.id
         where (n.jur, n.group_id, n.x, n.y, n.quality, n.key_groups, n.removed_at is null)
               is distinct from (o.jur, o.group_id, o.x, o.y, o.quality, o.key_groups, o.removed_at is null)$q$
       into moved, crossed;
    if moved is null then return null; end if;
    perform pg_advisory_xact_lock_shared(enrolment_lock());
    perform plan_for_many(cardinality(moved));
    if crossed is not null then
        update house t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update renovation_site t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update visit t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update attachment t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
    end if;
    update standing s set jur = e.jur, group_id = e.group_id, x = e.x, y = e.y, morton = e.morton, quality = e.quality,
           key_groups = e.key_groups
      from eligible e
     where e.household_id = any (moved) and (s.campaign_id, s.round_no, s.household_id)
           = (e.campaign_id, e.round_no, e.household_id);
    delete from standing s where s.household_id = any (moved) and not exists (
        select 1 from eligible e where e.household_id = any (moved)
           and (s.campaign_id, s.round_no, s.household_id) = (e.campaign_id, e.round_no, e.household_id));
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
    select campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups
    from eligible e where e.household_id = any (moved)
    on conflict do nothing;
    perform refresh_standing(array_agg(campaign_id), array_agg(round_no), array_agg(household_id))
       from standing where household_id = any (moved);
    return null;
end $$;

create or replace function public.round_opened() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform pg_advisory_xact_lock(enrolment_lock());
    insert into coverage_known (campaign_id, round_no, since) select campaign_id, no, day_of_change() from new_rows;
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
    select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality, e.key_groups
    from eligible e join new_rows n on n.campaign_id = e.campaign_id and n.no = e.round_no;
    return null;
end $$;

drop function public.add_coverage(bigint[], smallint[], bigint[], bigint[], smallint[], integer[]);
drop function public.add_history(bigint[], smallint[], bigint[], bigint[], smallint[], date[], integer[]);

-- 5. Folding in: one folder at a time takes what is committed and adds it to the sums in one transaction, so that a
-- reader sees a change in one of the two places, never in both and never in none.

create function public.fold_changes() returns bigint
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
declare ids bigint[]; c bigint[]; r smallint[]; j bigint[];
begin
    if not pg_try_advisory_xact_lock(7305418926002) then return 0; end if;
    -- What is listed here is what is folded; rows committed meanwhile wait for the next time.
    select array_agg(id) into ids from standing_change;
    if ids is null then return 0; end if;
    perform plan_for_many(cardinality(ids));
    select array_agg(campaign_id), array_agg(round_no), array_agg(jur) into c, r, j
      from (select distinct campaign_id, round_no, jur from standing_change where id = any (ids)) t;

    -- A round that was deleted took its sums with it.
    delete from standing_change s where id = any (ids) and not exists (
        select 1 from round o where o.campaign_id = s.campaign_id and o.no = s.round_no);

    insert into coverage_folded as k (campaign_id, round_no, jur, group_id, eligible, visited, unvisited, home, remote,
                                      nobody_home, refused, long_away, suspect, other)
    select campaign_id, round_no, jur, group_id, sum(n), coalesce(sum(n) filter (where status in (1, 2, 6)), 0),
           coalesce(sum(n) filter (where status = 0), 0), coalesce(sum(n) filter (where status = 1), 0),
           coalesce(sum(n) filter (where status = 2), 0), coalesce(sum(n) filter (where status = 3), 0),
           coalesce(sum(n) filter (where status = 4), 0), coalesce(sum(n) filter (where status = 5), 0),
           coalesce(sum(n) filter (where status = 6), 0), coalesce(sum(n) filter (where status = 7), 0)
    from (select campaign_id, round_no, jur, group_id, status, sum(n) as n from standing_change where id = any (ids)
          group by 1, 2, 3, 4, 5 having sum(n) <> 0) d
    group by 1, 2, 3, 4
    on conflict (campaign_id, round_no, jur, group_id) do update set
        eligible = k.eligible + excluded.eligible, visited = k.visited + excluded.visited,
        unvisited = k.unvisited + excluded.unvisited, home = k.home + excluded.home, remote = k.remote + excluded.remote,
        nobody_home = k.nobody_home + excluded.nobody_home, refused = k.refused + excluded.refused,
        long_away = k.long_away + excluded.long_away, suspect = k.suspect + excluded.suspect,
        other = k.other + excluded.other;
    delete from coverage_folded k
     using (select distinct campaign_id, round_no, jur, group_id from standing_change where id = any (ids)) t
     where (k.campaign_id, k.round_no, k.jur, k.group_id) = (t.campaign_id, t.round_no, t.jur, t.group_id)
       and k.eligible = 0;

    insert into coverage_day_folded as k (campaign_id, round_no, jur, group_id, day, visited)
    select campaign_id, round_no, jur, group_id, coalesce(first_valid_on, '-infinity'), sum(n)
    from standing_change where id = any (ids) and status in (1, 2, 6) group by 1, 2, 3, 4, 5 having sum(n) <> 0
    on conflict (campaign_id, round_no, jur, group_id, day) do update set visited = k.visited + excluded.visited;
    delete from coverage_day_folded k
     using (select distinct campaign_id, round_no, jur, group_id, coalesce(first_valid_on, '-infinity') as day
              from standing_change where id = any (ids)) t
     where (k.campaign_id, k.round_no, k.jur, k.group_id, k.day) = (t.campaign_id, t.round_no, t.jur, t.group_id, t.day)
       and k.visited = 0;

    insert into coverage_shown_folded as k (campaign_id, round_no, jur, group_id, day, eligible, visited)
    select campaign_id, round_no, jur, group_id, known_on, sum(n), coalesce(sum(n) filter (where status in (1, 2, 6)), 0)
    from standing_change where id = any (ids) group by 1, 2, 3, 4, 5
    having sum(n) <> 0 or coalesce(sum(n) filter (where status in (1, 2, 6)), 0) <> 0
    on conflict (campaign_id, round_no, jur, group_id, day) do update set
        eligible = k.eligible + excluded.eligible, visited = k.visited + excluded.visited;

    insert into coverage_part_folded as k (campaign_id, round_no, jur, group_id, kind, key_group, eligible, visited)
    select d.campaign_id, d.round_no, d.jur, d.group_id, p.kind, p.key_group, sum(d.n * p.eligible), sum(d.n * p.visited)
    from (select campaign_id, round_no, jur, group_id, status, kinds, key_groups, sum(n) as n
            from standing_change where id = any (ids) group by 1, 2, 3, 4, 5, 6, 7 having sum(n) <> 0) d
    cross join lateral parts_of(d.status, d.kinds, d.key_groups) p
    group by 1, 2, 3, 4, 5, 6 having sum(d.n * p.eligible) <> 0 or sum(d.n * p.visited) <> 0
    on conflict (campaign_id, round_no, jur, group_id, kind, key_group) do update set
        eligible = k.eligible + excluded.eligible, visited = k.visited + excluded.visited;
    delete from coverage_part_folded k
     using (select distinct campaign_id, round_no, jur, group_id from standing_change where id = any (ids)) t
     where (k.campaign_id, k.round_no, k.jur, k.group_id) = (t.campaign_id, t.round_no, t.jur, t.group_id)
       and (k.eligible, k.visited) = (0, 0);

    insert into cell as k (campaign_id, round_no, level, morton, jur, n, visited, sum_x, sum_y, grade_c, grade_d)
    select campaign_id, round_no, level, cell >> (2 * (16 - level)), jur, sum(n),
           coalesce(sum(n) filter (where status in (1, 2, 6)), 0), sum(sum_x), sum(sum_y), 0, 0
    from (select campaign_id, round_no, jur, cell, status, sum(n) as n, sum(n * x::bigint) as sum_x, sum(n * y::bigint) as sum_y
            from standing_change where id = any (ids) and cell is not null group by 1, 2, 3, 4, 5) d
    cross join cell_levels() group by 1, 2, 3, 4, 5
    having sum(n) <> 0 or coalesce(sum(n) filter (where status in (1, 2, 6)), 0) <> 0 or sum(sum_x) <> 0 or sum(sum_y) <> 0
    on conflict (campaign_id, round_no, level, morton, jur) do update set
        n = k.n + excluded.n, visited = k.visited + excluded.visited, sum_x = k.sum_x + excluded.sum_x,
        sum_y = k.sum_y + excluded.sum_y;
    delete from cell k
     using (select distinct campaign_id, round_no, level, cell >> (2 * (16 - level)) as morton, jur
              from standing_change cross join cell_levels() where id = any (ids) and cell is not null) t
     where (k.campaign_id, k.round_no, k.level, k.morton, k.jur) = (t.campaign_id, t.round_no, t.level, t.morton, t.jur)
       and (k.n, k.grade_c, k.grade_d) = (0, 0, 0);

    delete from visit_tally_folded k
     using (select distinct campaign_id, round_no, jur from standing_change where id = any (ids)) t
     where (k.campaign_id, k.round_no, k.jur) = (t.campaign_id, t.round_no, t.jur);
    insert into visit_tally_folded (campaign_id, round_no, jur, valid, suspect, other, unmatched, last_visit_at)
    select t.campaign_id, t.round_no, t.jur, v.valid, v.suspect, v.other, v.unmatched, v.last_visit_at
    from (select distinct campaign_id, round_no, jur from standing_change where id = any (ids)) t
    cross join lateral (select * from counted_visits v where v.campaign_id = t.campaign_id and v.round_no = t.round_no
                           and v.jur = t.jur offset 0) v;

    delete from standing_change where id = any (ids);
    perform note_map(c, r, j);
    return cardinality(ids);
end $$;

-- 6. What is stored already.

alter table public.standing disable trigger standing_updated;
update public.standing s set key_groups = h.key_groups from public.household h
 where h.id = s.household_id and h.key_groups <> '{}';
update public.standing s set kinds = f.kinds from public.visit_facts f
 where (f.campaign_id, f.round_no, f.household_id) = (s.campaign_id, s.round_no, s.household_id) and f.kinds <> '{}';
-- What the updates left to be checked at the end stands in the way of the next line.
set constraints all immediate;
set constraints all deferred;
alter table public.standing enable trigger standing_updated;
insert into public.coverage_part_folded select * from public.counted_parts;
insert into public.visit_tally_folded select * from public.counted_visits;

revoke all on function public.fold_changes(), public.refresh_one(bigint, smallint, bigint), public.enrolment_lock(),
    public.mark_changed(bigint[], smallint[], bigint[]) from public;
