-- What maps show below zoom 14: households and dilapidated houses counted by cell, at three levels. Coarser cells are
-- sums of finer ones. A row for each jurisdiction number in a cell: row-level security and any area of duty stay exact.

create table public.cell (
    campaign_id bigint not null,
    round_no smallint not null,
    level smallint not null,
    morton bigint not null,
    jur bigint not null,
    n integer not null,
    visited integer not null,
    sum_x bigint not null,
    sum_y bigint not null,
    grade_c integer not null,
    grade_d integer not null,
    constraint pk_cell primary key (campaign_id, round_no, level, morton, jur)
) with (fillfactor = 70);
alter table public.cell enable row level security;
alter table public.cell force row level security;
create policy owner_all on public.cell to fangtu_owner using (true) with check (true);
create policy in_duty_read on public.cell for select to fangtu_app
    using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
grant select on public.cell to fangtu_app;

-- Levels are tile zooms; each serves itself and the two above it, and the coarsest all the rest.
create function public.cell_levels() returns table (level smallint)
    language sql immutable parallel safe as $$ values (10::smallint), (13::smallint), (16::smallint) $$;

-- What is counted, from all records. Houses belong to every campaign: campaign 0, round 0.
create view public.counted_cells with (security_invoker = true) as
    select s.campaign_id, s.round_no, l.level, s.morton >> (2 * (20 - l.level)) as morton, s.jur, count(*)::integer as n,
           (count(*) filter (where s.status in (1, 2, 6)))::integer as visited, sum(s.x)::bigint as sum_x,
           sum(s.y)::bigint as sum_y, 0 as grade_c, 0 as grade_d
    from standing s cross join cell_levels() l where s.quality <= 4 and s.morton is not null group by 1, 2, 3, 4, 5
    union all
    select 0, 0::smallint, l.level, h.morton >> (2 * (20 - l.level)), h.jur, 0, 0, 0, 0,
           (count(*) filter (where h.grade = 'C'))::integer, (count(*) filter (where h.grade = 'D'))::integer
    from house h cross join cell_levels() l where h.grade in ('C', 'D') and h.morton is not null group by 3, 4, 5;

insert into public.cell (campaign_id, round_no, level, morton, jur, n, visited, sum_x, sum_y, grade_c, grade_d)
    select * from public.counted_cells;

-- Each change is +1 as a row is now and -1 as it was, summed before anything is written. The columns of `source` are
-- those of `cell` without level, and with the z20 tile as morton.
create function public.cells_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare part text; source text; c bigint[]; r smallint[]; l smallint[]; m bigint[]; j bigint[]; n integer[];
        v integer[]; sx bigint[]; sy bigint[]; gc integer[]; gd integer[];
begin
    part := case tg_table_name
        when 'standing' then 'select campaign_id, round_no, morton, jur, %1$s as n,
            case when status in (1, 2, 6) then %1$s else 0 end as visited, %1$s * x::bigint as sum_x,
            %1$s * y::bigint as sum_y, 0 as grade_c, 0 as grade_d
            from %2$s where quality <= 4 and morton is not null'
        else 'select 0::bigint as campaign_id, 0::smallint as round_no, morton, jur, 0 as n, 0 as visited,
            0::bigint as sum_x, 0::bigint as sum_y, case when grade = ''C'' then %1$s else 0 end as grade_c,
            case when grade = ''D'' then %1$s else 0 end as grade_d
            from %2$s where grade in (''C'', ''D'') and morton is not null' end;
    source := case tg_op
        when 'INSERT' then format(part, '1', 'new_rows')
        when 'DELETE' then format(part, '-1', 'old_rows')
        else format(part, '1', 'new_rows') || ' union all ' || format(part, '-1', 'old_rows') end;
    -- Executed as text: planned for the rows of this statement.
    execute format('select array_agg(campaign_id), array_agg(round_no), array_agg(level), array_agg(cell), array_agg(jur),
                           array_agg(n), array_agg(visited), array_agg(sum_x), array_agg(sum_y), array_agg(grade_c),
                           array_agg(grade_d)
        from (select campaign_id, round_no, level, morton >> (2 * (20 - level)) as cell, jur, sum(n)::integer as n,
                     sum(visited)::integer as visited, sum(sum_x)::bigint as sum_x, sum(sum_y)::bigint as sum_y,
                     sum(grade_c)::integer as grade_c, sum(grade_d)::integer as grade_d
              from (select campaign_id, round_no, morton, jur, sum(n) as n, sum(visited) as visited, sum(sum_x) as sum_x,
                           sum(sum_y) as sum_y, sum(grade_c) as grade_c, sum(grade_d) as grade_d
                    from (%s) rows group by 1, 2, 3, 4) tiles
              cross join cell_levels() group by 1, 2, 3, 4, 5) d
        where (n, visited, sum_x, sum_y, grade_c, grade_d) <> (0, 0, 0, 0, 0, 0)', source)
       into c, r, l, m, j, n, v, sx, sy, gc, gd;
    if c is null then return null; end if;
    insert into cell as k (campaign_id, round_no, level, morton, jur, n, visited, sum_x, sum_y, grade_c, grade_d)
    select * from unnest(c, r, l, m, j, n, v, sx, sy, gc, gd)
     order by 1, 2, 3, 4, 5  -- one order for all writers, so that none waits in a ring
    on conflict (campaign_id, round_no, level, morton, jur) do update set
        n = k.n + excluded.n, visited = k.visited + excluded.visited, sum_x = k.sum_x + excluded.sum_x,
        sum_y = k.sum_y + excluded.sum_y, grade_c = k.grade_c + excluded.grade_c,
        grade_d = k.grade_d + excluded.grade_d;
    delete from cell k using unnest(c, r, l, m, j) as t (campaign_id, round_no, level, morton, jur)
     where (k.campaign_id, k.round_no, k.level, k.morton, k.jur) = (t.campaign_id, t.round_no, t.level, t.morton, t.jur)
       and (k.n, k.grade_c, k.grade_d) = (0, 0, 0);
    return null;
end $$;

do $$
declare t text;
begin
    foreach t in array array['standing', 'house'] loop
        execute format('create trigger y_cells_insert after insert on public.%I referencing new table as new_rows
                        for each statement execute function public.cells_changed()', t);
        execute format('create trigger y_cells_update after update on public.%I referencing old table as old_rows
                        new table as new_rows for each statement execute function public.cells_changed()', t);
        execute format('create trigger y_cells_delete after delete on public.%I referencing old table as old_rows
                        for each statement execute function public.cells_changed()', t);
    end loop;
end $$;
revoke all on function public.cells_changed() from public;
