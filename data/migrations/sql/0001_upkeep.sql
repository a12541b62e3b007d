-- What is kept on write. Visits change standings, standings change coverage, a household that moves takes its rows
-- along; each step is one set-based statement over the rows a statement touched.

create function public.standing_status(home_sound boolean, remote_sound boolean, any_valid boolean, latest text)
    returns smallint language sql immutable parallel safe
    return case
        when home_sound then 1 when remote_sound then 2 when any_valid then 6
        when latest = 'nobody_home' then 3 when latest = 'refused' then 4 when latest = 'long_away' then 5
        when latest is not null then 7 else 0 end::smallint;

-- What the visits of each household in a round say; a visit ruled false or void says nothing.
create view public.visit_facts with (security_invoker = true) as
    select campaign_id, round_no, household_id,
           standing_status(bool_or(counts and mode = 'home' and suspect = '{}'),
                           bool_or(counts and mode <> 'home' and suspect = '{}'), bool_or(counts),
                           (array_agg(outcome order by coalesce(ended_at, started_at) desc nulls last, no desc))[1]) as status,
           count(*)::integer as visits, (count(*) filter (where counts))::integer as valid_visits,
           (min(started_at at time zone 'Asia/Shanghai') filter (where counts))::date as first_valid_on,
           max(coalesce(ended_at, started_at)) as last_visit_at
    from visit
    where household_id is not null and superseded_by is null and verdict not in ('ruled_false', 'void')
    group by campaign_id, round_no, household_id;

-- A few rows are reached by index. Many arrive in one statement of an import, when the planner has no statistics of
-- what it just wrote and would take nested loops over thousands of rows: then whole tables are joined at once.
create function public.plan_for_many(n bigint) returns void
    language sql as $$
    select set_config('enable_nestloop', case when n > 500 then 'off' else 'on' end, true)
$$;

create function public.refresh_standing(p_campaign bigint[], p_round smallint[], p_household bigint[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
begin
    perform plan_for_many(cardinality(p_household));
    update standing s
       set status = t.status, visits = t.visits, valid_visits = t.valid_visits, first_valid_on = t.first_valid_on,
           last_visit_at = t.last_visit_at
      from (select u.campaign_id, u.round_no, u.household_id, coalesce(f.status, 0) as status,
                   coalesce(f.visits, 0) as visits, coalesce(f.valid_visits, 0) as valid_visits, f.first_valid_on,
                   f.last_visit_at
              from (select distinct campaign_id, round_no, household_id
                      from unnest(p_campaign, p_round, p_household) as k (campaign_id, round_no, household_id)) u
              left join (select * from visit_facts where household_id = any (p_household)) f
                on (f.campaign_id, f.round_no, f.household_id) = (u.campaign_id, u.round_no, u.household_id)) t
     where s.campaign_id = t.campaign_id and s.round_no = t.round_no and s.household_id = t.household_id
       and s.household_id = any (p_household)
       and (s.status, s.visits, s.valid_visits, s.first_valid_on, s.last_visit_at) is distinct from
           (t.status, t.visits, t.valid_visits, t.first_valid_on, t.last_visit_at);
end $$;

create function public.visit_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare c bigint[]; r smallint[]; h bigint[];
begin
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
    if c is not null then perform refresh_standing(c, r, h); end if;
    return null;
end $$;
create trigger visit_inserted after insert on visit referencing new table as new_rows
    for each statement execute function visit_changed();
create trigger visit_updated after update on visit referencing old table as old_rows new table as new_rows
    for each statement execute function visit_changed();
create trigger visit_deleted after delete on visit referencing old table as old_rows
    for each statement execute function visit_changed();

create function public.add_coverage(p_campaign bigint[], p_round smallint[], p_jur bigint[], p_group bigint[],
                                    p_status smallint[], p_n integer[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    insert into coverage as c (campaign_id, round_no, jur, group_id, eligible, visited, unvisited, home, remote,
                               nobody_home, refused, long_away, suspect, other)
    select campaign_id, round_no, jur, group_id, sum(n),
           coalesce(sum(n) filter (where status in (1, 2, 6)), 0), coalesce(sum(n) filter (where status = 0), 0),
           coalesce(sum(n) filter (where status = 1), 0), coalesce(sum(n) filter (where status = 2), 0),
           coalesce(sum(n) filter (where status = 3), 0), coalesce(sum(n) filter (where status = 4), 0),
           coalesce(sum(n) filter (where status = 5), 0), coalesce(sum(n) filter (where status = 6), 0),
           coalesce(sum(n) filter (where status = 7), 0)
    from unnest(p_campaign, p_round, p_jur, p_group, p_status, p_n) as d (campaign_id, round_no, jur, group_id, status, n)
    -- A round that is being deleted takes its coverage with it.
    where exists (select 1 from round r where r.campaign_id = d.campaign_id and r.no = d.round_no)
    group by campaign_id, round_no, jur, group_id
    order by campaign_id, round_no, jur, group_id  -- one order for all writers, so that none waits in a ring
    on conflict (campaign_id, round_no, jur, group_id) do update set
        eligible = c.eligible + excluded.eligible, visited = c.visited + excluded.visited,
        unvisited = c.unvisited + excluded.unvisited, home = c.home + excluded.home, remote = c.remote + excluded.remote,
        nobody_home = c.nobody_home + excluded.nobody_home, refused = c.refused + excluded.refused,
        long_away = c.long_away + excluded.long_away, suspect = c.suspect + excluded.suspect,
        other = c.other + excluded.other;
    delete from coverage c using (select distinct * from unnest(p_campaign, p_round, p_jur, p_group)
                                  as k (campaign_id, round_no, jur, group_id)) t
     where (c.campaign_id, c.round_no, c.jur, c.group_id) = (t.campaign_id, t.round_no, t.jur, t.group_id)
       and c.eligible = 0;
end $$;

create function public.standing_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare c bigint[]; r smallint[]; j bigint[]; g bigint[]; s smallint[]; n integer[];
begin
    -- Each change is +1 as the household stands now and -1 as it stood before, summed before anything is written.
    if tg_op = 'INSERT' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(k) into c, r, j, g, s, n
          from (select campaign_id, round_no, jur, group_id, status, count(*)::integer as k from new_rows
                group by 1, 2, 3, 4, 5) t;
    elsif tg_op = 'DELETE' then
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(k) into c, r, j, g, s, n
          from (select campaign_id, round_no, jur, group_id, status, -count(*)::integer as k from old_rows
                group by 1, 2, 3, 4, 5) t;
    else
        select array_agg(campaign_id), array_agg(round_no), array_agg(jur), array_agg(group_id), array_agg(status),
               array_agg(k) into c, r, j, g, s, n
          from (select campaign_id, round_no, jur, group_id, status, sum(k)::integer as k from (
                    select campaign_id, round_no, jur, group_id, status, 1 as k from new_rows
                    union all select campaign_id, round_no, jur, group_id, status, -1 from old_rows) both_sides
                group by 1, 2, 3, 4, 5 having sum(k) <> 0) t;
    end if;
    if c is not null then perform add_coverage(c, r, j, g, s, n); end if;
    return null;
end $$;
create trigger standing_inserted after insert on standing referencing new table as new_rows
    for each statement execute function standing_changed();
create trigger standing_updated after update on standing referencing old table as old_rows new table as new_rows
    for each statement execute function standing_changed();
create trigger standing_deleted after delete on standing referencing old table as old_rows
    for each statement execute function standing_changed();

-- Households a round is for: everyone present inside the campaign's range (cohort all_households).
create view public.eligible with (security_invoker = true) as
    select r.campaign_id, r.no as round_no, h.id as household_id, h.jur, coalesce(h.group_id, 0) as group_id,
           h.x, h.y, h.morton, h.quality
    from household h
    join campaign c on h.jur >= c.jur and h.jur < c.jur_end and c.cohort = 'all_households'
    join round r on r.campaign_id = c.id
    where h.removed_at is null;

create function public.household_inserted() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality)
    select r.campaign_id, r.no, h.id, h.jur, coalesce(h.group_id, 0), h.x, h.y, h.morton, h.quality
    from new_rows h
    join campaign c on h.jur >= c.jur and h.jur < c.jur_end and c.cohort = 'all_households'
    join round r on r.campaign_id = c.id
    where h.removed_at is null;
    return null;
end $$;
create trigger household_inserted after insert on household referencing new table as new_rows
    for each statement execute function household_inserted();

create function public.household_updated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
declare moved bigint[]; crossed bigint[];
begin
    -- Executed as text, so that it is planned for the rows of this statement and not for those of an earlier one.
    execute $q$
        select array_agg(n.id), array_agg(n.id) filter (where n.jur <> o.jur)
          from new_rows n join old_rows o on o.id = n.id
         where (n.jur, n.group_id, n.x, n.y, n.quality, n.removed_at is null)
               is distinct from (o.jur, o.group_id, o.x, o.y, o.quality, o.removed_at is null)$q$
       into moved, crossed;
    if moved is null then return null; end if;
    perform plan_for_many(cardinality(moved));
    if crossed is not null then
        update house t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update renovation_site t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update visit t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
        update attachment t set jur = h.jur from household h where h.id = any (crossed) and t.household_id = h.id;
    end if;
    update standing s set jur = e.jur, group_id = e.group_id, x = e.x, y = e.y, morton = e.morton, quality = e.quality
      from eligible e
     where e.household_id = any (moved) and (s.campaign_id, s.round_no, s.household_id)
           = (e.campaign_id, e.round_no, e.household_id);
    delete from standing s where s.household_id = any (moved) and not exists (
        select 1 from eligible e where e.household_id = any (moved)
           and (s.campaign_id, s.round_no, s.household_id) = (e.campaign_id, e.round_no, e.household_id));
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality)
    select campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality
    from eligible e where e.household_id = any (moved)
    on conflict do nothing;
    perform refresh_standing(array_agg(campaign_id), array_agg(round_no), array_agg(household_id))
       from standing where household_id = any (moved);
    return null;
end $$;
create trigger household_updated after update on household referencing old table as old_rows new table as new_rows
    for each statement execute function household_updated();

create function public.house_updated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare crossed bigint[];
begin
    -- Executed as text, as above.
    execute 'select array_agg(n.id) from new_rows n join old_rows o on o.id = n.id where n.jur <> o.jur' into crossed;
    if crossed is not null then
        update appraisal t set jur = h.jur from house h where h.id = any (crossed) and t.house_id = h.id;
        update renovation_site t set jur = h.jur from house h
         where h.id = any (crossed) and t.house_id = h.id and t.jur <> h.jur;
        update attachment t set jur = h.jur from house h
         where h.id = any (crossed) and t.house_id = h.id and t.jur <> h.jur;
    end if;
    return null;
end $$;
create trigger house_updated after update on house referencing old table as old_rows new table as new_rows
    for each statement execute function house_updated();

-- The latest appraisal sets the grade.
create function public.appraisal_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
declare appraised bigint[];
begin
    select array_agg(distinct house_id) into appraised from new_rows;
    perform plan_for_many(cardinality(appraised));
    update house h set grade = latest.result
      from (select distinct on (a.house_id) a.house_id, a.result from appraisal a
             where a.house_id = any (appraised)
             order by a.house_id, a.appraised_on desc nulls last, a.id desc) latest
     where h.id = latest.house_id and h.id = any (appraised) and h.grade is distinct from latest.result;
    return null;
end $$;
create trigger appraisal_inserted after insert on appraisal referencing new table as new_rows
    for each statement execute function appraisal_changed();
create trigger appraisal_updated after update on appraisal referencing new table as new_rows
    for each statement execute function appraisal_changed();

create function public.round_opened() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality)
    select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality
    from eligible e join new_rows n on n.campaign_id = e.campaign_id and n.no = e.round_no;
    return null;
end $$;
create trigger round_opened after insert on round referencing new table as new_rows
    for each statement execute function round_opened();
