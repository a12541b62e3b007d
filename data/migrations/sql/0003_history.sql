-- Coverage of past days, kept by the same statement triggers as coverage itself.
--
-- coverage_day: by day of visit, today's denominators. It follows every correction, so its sum is always
-- coverage.visited.
-- coverage_shown: by day of knowledge. What changes on a day is added to that day's row and earlier rows stay as they
-- are, so that the sum up to a day is what was shown at its end. Its sum over all days is coverage.
-- coverage_known: since when the second one is kept for a round; before that day nothing can be said.

create table public.coverage_day (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    group_id bigint default '0' not null,
    day date not null,
    visited integer not null,
    constraint pk_coverage_day primary key (campaign_id, round_no, jur, group_id, day),
    constraint fk_coverage_day_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);
create table public.coverage_shown (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    group_id bigint default '0' not null,
    day date not null,
    eligible integer not null,
    visited integer not null,
    constraint pk_coverage_shown primary key (campaign_id, round_no, jur, group_id, day),
    constraint fk_coverage_shown_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);
create table public.coverage_known (
    campaign_id bigint not null,
    round_no smallint not null,
    since date not null,
    constraint pk_coverage_known primary key (campaign_id, round_no),
    constraint fk_coverage_known_campaign_id_round_no foreign key (campaign_id, round_no)
        references public.round (campaign_id, no) on delete cascade
);

-- The day of a change is the day on which its transaction began, in the field's zone whatever the server's.
create function public.day_of_change() returns date
    language sql stable parallel safe set search_path = pg_catalog, public
    return (now() at time zone 'Asia/Shanghai')::date;

create function public.add_history(p_campaign bigint[], p_round smallint[], p_jur bigint[], p_group bigint[],
                                   p_status smallint[], p_day date[], p_n integer[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare known_on date := day_of_change();
begin
    -- A valid visit without a time has no day: it stands before all days, at '-infinity'.
    insert into coverage_day as c (campaign_id, round_no, jur, group_id, day, visited)
    select campaign_id, round_no, jur, group_id, coalesce(day, '-infinity'), sum(n)
    from unnest(p_campaign, p_round, p_jur, p_group, p_status, p_day, p_n)
         as d (campaign_id, round_no, jur, group_id, status, day, n)
    -- A round that is being deleted takes its rows with it.
    where status in (1, 2, 6)
      and exists (select 1 from round r where r.campaign_id = d.campaign_id and r.no = d.round_no)
    group by 1, 2, 3, 4, 5
    having sum(n) <> 0
    order by 1, 2, 3, 4, 5  -- one order for all writers, so that none waits in a ring
    on conflict (campaign_id, round_no, jur, group_id, day) do update set visited = c.visited + excluded.visited;
    delete from coverage_day c
     using (select distinct campaign_id, round_no, jur, group_id, coalesce(day, '-infinity') as day
              from unnest(p_campaign, p_round, p_jur, p_group, p_day) as k (campaign_id, round_no, jur, group_id, day)) t
     where (c.campaign_id, c.round_no, c.jur, c.group_id, c.day) = (t.campaign_id, t.round_no, t.jur, t.group_id, t.day)
       and c.visited = 0;
    insert into coverage_shown as c (campaign_id, round_no, jur, group_id, day, eligible, visited)
    select campaign_id, round_no, jur, group_id, known_on, sum(n),
           coalesce(sum(n) filter (where status in (1, 2, 6)), 0)
    from unnest(p_campaign, p_round, p_jur, p_group, p_status, p_n)
         as d (campaign_id, round_no, jur, group_id, status, n)
    where exists (select 1 from round r where r.campaign_id = d.campaign_id and r.no = d.round_no)
    group by 1, 2, 3, 4
    having sum(n) <> 0 or coalesce(sum(n) filter (where status in (1, 2, 6)), 0) <> 0
    order by 1, 2, 3, 4
    on conflict (campaign_id, round_no, jur, group_id, day) do update set
        eligible = c.eligible + excluded.eligible, visited = c.visited + excluded.visited;
end $$;

create or replace function public.standing_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare c bigint[]; r smallint[]; j bigint[]; g bigint[]; s smallint[]; d date[]; n integer[];
begin
    -- Each change is +1 as the household stands now and -1 as it stood before, summed before anything is written.
    if tg_op = 'INSERT' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(first_valid_on), array_agg(k) into c, r, j, g, s, d, n
          from (select campaign_id, round_no, jur, group_id, status, first_valid_on, count(*)::integer as k
                from new_rows group by 1, 2, 3, 4, 5, 6) t;
    elsif tg_op = 'DELETE' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(first_valid_on), array_agg(k) into c, r, j, g, s, d, n
          from (select campaign_id, round_no, jur, group_id, status, first_valid_on, -count(*)::integer as k
                from old_rows group by 1, 2, 3, 4, 5, 6) t;
    else
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(first_valid_on), array_agg(k) into c, r, j, g, s, d, n
          from (select campaign_id, round_no, jur, group_id, status, first_valid_on, sum(k)::integer as k from (
                    select campaign_id, round_no, jur, group_id, status, first_valid_on, 1 as k from new_rows
                    union all
                    select campaign_id, round_no, jur, group_id, status, first_valid_on, -1 from old_rows) both_sides
                group by 1, 2, 3, 4, 5, 6 having sum(k) <> 0) t;
    end if;
    if c is null then return null; end if;
    -- A first visit that only moved to another day leaves coverage alone.
    if exists (select 1 from unnest(c, r, j, g, s, n) as t (c, r, j, g, s, n) group by t.c, t.r, t.j, t.g, t.s
               having sum(t.n) <> 0) then
        perform add_coverage(c, r, j, g, s, n);
    end if;
    perform add_history(c, r, j, g, s, d, n);
    return null;
end $$;

create or replace function public.round_opened() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    insert into coverage_known (campaign_id, round_no, since) select campaign_id, no, day_of_change() from new_rows;
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality)
    select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality
    from eligible e join new_rows n on n.campaign_id = e.campaign_id and n.no = e.round_no;
    return null;
end $$;

-- What is stored already: days of visits are known, what was shown before today is not.
insert into public.coverage_day (campaign_id, round_no, jur, group_id, day, visited)
select campaign_id, round_no, jur, group_id, coalesce(first_valid_on, '-infinity'), count(*)
from public.standing where status in (1, 2, 6) group by 1, 2, 3, 4, 5;
insert into public.coverage_shown (campaign_id, round_no, jur, group_id, day, eligible, visited)
select campaign_id, round_no, jur, group_id, public.day_of_change(), eligible, visited from public.coverage;
insert into public.coverage_known (campaign_id, round_no, since)
select campaign_id, no, public.day_of_change() from public.round;

do $$
declare t text;
begin
    foreach t in array array['coverage_day', 'coverage_shown', 'coverage_known'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;
    foreach t in array array['coverage_day', 'coverage_shown'] loop
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
    end loop;
end $$;
-- Whoever sees a round sees since when its days are known; the policy of the round itself decides.
create policy of_a_round_seen on public.coverage_known for select to fangtu_app using (
    exists (select 1 from public.round r
             where r.campaign_id = coverage_known.campaign_id and r.no = coverage_known.round_no));
revoke all on function public.day_of_change(), public.add_history(bigint[], smallint[], bigint[], bigint[], smallint[],
    date[], integer[]) from public;
