-- Campaigns from work plans: each round is for a cohort of its own, and a changed plan is a new version.

-- 1. Whom a round is for. The rule with its groups or days stands with the round, where the database counts by it; the
-- words of the cohort stay in the plan.

alter table public.round add column cohort_rule text default 'all_households' not null;
alter table public.round add column cohort_groups text[] default '{}' not null;
alter table public.round add column cohort_since date;
alter table public.round add column cohort_until date;
alter table public.round add column target numeric(5, 4);
alter table public.round add constraint ck_round_cohort_rule
    check (cohort_rule in ('all_households', 'key_groups', 'renovated', 'new_renovation'));
alter table public.round add constraint ck_round_target check (target > 0 and target <= 1);

-- Households of renovations. Renovated: completed, and the first day on which that is known lies in the span; of an
-- unknown day it is taken as inside. Newly renovated: approved or further, and the first day known lies in the span; of
-- an unknown day it is taken as inside while it is not completed. So a span that ends where the other begins parts them.
create function public.renovated_in(p_rule text, p_since date, p_until date, out household_id bigint) returns setof bigint
    language sql stable parallel safe
    begin atomic
        select s.household_id from renovation_site s
        cross join lateral (select
            least(s.completed_on, s.accepted_on, s.paid_on) as done_on,
            least(s.approved_on, s.started_on, s.completed_on, s.accepted_on, s.paid_on) as begun_on) d
        where s.household_id is not null and case p_rule
            when 'renovated' then s.stage in ('completed', 'accepted', 'paid')
                and (d.done_on is null or (coalesce(d.done_on >= p_since, true) and coalesce(d.done_on < p_until, true)))
            when 'new_renovation' then s.stage in ('approved', 'started', 'completed', 'accepted', 'paid')
                and case when d.begun_on is null then s.stage in ('approved', 'started')
                         else coalesce(d.begun_on >= p_since, true) and coalesce(d.begun_on < p_until, true) end
            else false end;
    end;

-- The households of a cohort inside a range: one definition for rounds as they are and for plans not yet applied.
create function public.cohort_of(p_jur bigint, p_jur_end bigint, p_rule text, p_groups text[], p_since date, p_until date)
    returns table (household_id bigint, jur bigint, group_id bigint, x integer, y integer, morton bigint,
                   quality smallint, key_groups text[])
    language sql stable parallel safe
    begin atomic
        select h.id, h.jur, coalesce(h.group_id, 0), h.x, h.y, h.morton, h.quality, h.key_groups
        from household h
        where h.removed_at is null and h.jur >= p_jur and h.jur < p_jur_end
          and (p_rule = 'all_households' or (p_rule = 'key_groups' and (h.key_groups && p_groups or coalesce(h.aid_group = any (p_groups), false)))
               or (p_rule in ('renovated', 'new_renovation')
                   and exists (select 1 from renovated_in(p_rule, p_since, p_until) s where s.household_id = h.id)));
    end;

create or replace view public.eligible with (security_invoker = true) as
    select r.campaign_id, r.no as round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality, e.key_groups
    from campaign c
    join round r on r.campaign_id = c.id
    cross join lateral cohort_of(c.jur, c.jur_end, r.cohort_rule, r.cohort_groups, r.cohort_since, r.cohort_until) e;

grant execute on function public.renovated_in(text, date, date),
    public.cohort_of(bigint, bigint, text, text[], date, date) to fangtu_app;

-- 2. Standings follow: households that come, move or change their groups, renovations, and rounds that change their cohort.

create or replace function public.household_inserted() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform pg_advisory_xact_lock_shared(enrolment_lock());
    -- As in cohort_of(), from the rows of the statement: an import brings thousands of them at once.
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
    select r.campaign_id, r.no, h.id, h.jur, coalesce(h.group_id, 0), h.x, h.y, h.morton, h.quality, h.key_groups
    from new_rows h
    join campaign c on h.jur >= c.jur and h.jur < c.jur_end
    join round r on r.campaign_id = c.id
    where h.removed_at is null
      and (r.cohort_rule = 'all_households' or (r.cohort_rule = 'key_groups' and (h.key_groups && r.cohort_groups or coalesce(h.aid_group = any (r.cohort_groups), false)))
           or (r.cohort_rule in ('renovated', 'new_renovation')
               and exists (select 1 from renovated_in(r.cohort_rule, r.cohort_since, r.cohort_until) s
                            where s.household_id = h.id)));
    return null;
end $$;

-- Standings of these households as the rounds' cohorts want them; the caller has locked the households and holds the
-- enrolment lock.
create function public.enrol_anew(p_household bigint[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = on set plan_cache_mode = force_custom_plan as $$
begin
    perform plan_for_many(cardinality(p_household));
    update standing s set jur = e.jur, group_id = e.group_id, x = e.x, y = e.y, morton = e.morton, quality = e.quality,
           key_groups = e.key_groups
      from eligible e
     where e.household_id = any (p_household) and (s.campaign_id, s.round_no, s.household_id)
           = (e.campaign_id, e.round_no, e.household_id)
       and (s.jur, s.group_id, s.x, s.y, s.morton, s.quality, s.key_groups) is distinct from
           (e.jur, e.group_id, e.x, e.y, e.morton, e.quality, e.key_groups);
    delete from standing s where s.household_id = any (p_household) and not exists (
        select 1 from eligible e where e.household_id = any (p_household)
           and (s.campaign_id, s.round_no, s.household_id) = (e.campaign_id, e.round_no, e.household_id));
    insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
    select campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups
    from eligible e where e.household_id = any (p_household)
    on conflict do nothing;
    perform refresh_standing(array_agg(campaign_id), array_agg(round_no), array_agg(household_id))
       from standing where household_id = any (p_household);
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
         where (n.jur, n.group_id, n.x, n.y, n.quality, n.key_groups, n.aid_group, n.removed_at is null)
               is distinct from
               (o.jur, o.group_id, o.x, o.y, o.quality, o.key_groups, o.aid_group, o.removed_at is null)$q$
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
    perform enrol_anew(moved);
    return null;
end $$;

-- Only where some round asks for renovations: elsewhere a site changes nobody's standing. A household comes before its
-- sites or after them in one transaction: the later of the two enrols it.
create function public.site_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare homes bigint[];
begin
    perform pg_advisory_xact_lock_shared(enrolment_lock());
    if not exists (select 1 from round where cohort_rule in ('renovated', 'new_renovation')) then return null; end if;
    -- Executed as text, so that it is planned for the rows of this statement and not for those of an earlier one.
    if tg_op = 'INSERT' then
        execute 'select array_agg(distinct household_id) from new_rows where household_id is not null' into homes;
    elsif tg_op = 'DELETE' then
        execute 'select array_agg(distinct household_id) from old_rows where household_id is not null' into homes;
    else
        execute $q$
            select array_agg(distinct u.household_id) from new_rows n join old_rows o on o.id = n.id
             cross join lateral unnest(array[n.household_id, o.household_id]) as u (household_id)
             where u.household_id is not null
               and (n.household_id, n.stage, n.approved_on, n.started_on, n.completed_on, n.accepted_on, n.paid_on)
                   is distinct from
                   (o.household_id, o.stage, o.approved_on, o.started_on, o.completed_on, o.accepted_on, o.paid_on)$q$
           into homes;
    end if;
    if homes is null then return null; end if;
    perform 1 from household where id = any (homes) order by id for no key update;
    perform enrol_anew(homes);
    return null;
end $$;
create trigger site_inserted after insert on public.renovation_site referencing new table as new_rows
    for each statement execute function public.site_changed();
create trigger site_updated after update on public.renovation_site referencing old table as old_rows new table as new_rows
    for each statement execute function public.site_changed();
create trigger site_deleted after delete on public.renovation_site referencing old table as old_rows
    for each statement execute function public.site_changed();

-- A round whose cohort changes loses some households and gains others. Those it gains are locked before the enrolment
-- lock is taken, in the order in which everybody takes them, so that a visit under way is counted and none waits in a ring.
create function public.round_updated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public
    set enable_nestloop = off set plan_cache_mode = force_custom_plan as $$
declare c bigint[]; r smallint[]; homes bigint[];
begin
    select array_agg(n.campaign_id), array_agg(n.no) into c, r
      from new_rows n join old_rows o on o.campaign_id = n.campaign_id and o.no = n.no
     where (n.cohort_rule, n.cohort_groups, n.cohort_since, n.cohort_until)
           is distinct from (o.cohort_rule, o.cohort_groups, o.cohort_since, o.cohort_until);
    if c is null then return null; end if;
    perform 1 from household where id in (
        select e.household_id from eligible e join unnest(c, r) as t (campaign_id, no)
            on e.campaign_id = t.campaign_id and e.round_no = t.no
         where not exists (select 1 from standing s where s.campaign_id = e.campaign_id and s.round_no = e.round_no
                              and s.household_id = e.household_id)) order by id for no key update;
    perform pg_advisory_xact_lock(enrolment_lock());
    delete from standing s using unnest(c, r) as t (campaign_id, no)
     where s.campaign_id = t.campaign_id and s.round_no = t.no and not exists (
        select 1 from eligible e where e.campaign_id = s.campaign_id and e.round_no = s.round_no
           and e.household_id = s.household_id);
    with gained as (
        insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, key_groups)
        select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality, e.key_groups
          from eligible e join unnest(c, r) as t (campaign_id, no) on e.campaign_id = t.campaign_id and e.round_no = t.no
        on conflict do nothing returning household_id)
    select array_agg(distinct household_id) into homes from gained;
    if homes is null then return null; end if;
    -- Who became eligible between the two locks.
    perform 1 from household where id = any (homes) order by id for no key update;
    perform refresh_standing(array_agg(s.campaign_id), array_agg(s.round_no), array_agg(s.household_id))
       from standing s join unnest(c, r) as t (campaign_id, no) on s.campaign_id = t.campaign_id and s.round_no = t.no
      where s.household_id = any (homes);
    return null;
end $$;
create trigger round_updated after update on public.round referencing old table as old_rows new table as new_rows
    for each statement execute function public.round_updated();

-- 3. Versions of the plan. What a visit's verdict was reached by stands with the visit.

alter table public.campaign add column version integer default 1 not null;
alter table public.visit add column rule_version integer default 1 not null;

create table public.campaign_version (
    campaign_id bigint not null,
    no integer not null,
    jur bigint not null,
    jur_end bigint not null,
    plan jsonb not null,
    plan_text text not null,
    made_by bigint,
    made_at timestamptz default now() not null,
    note text,
    constraint pk_campaign_version primary key (campaign_id, no),
    constraint fk_campaign_version_campaign_id foreign key (campaign_id) references public.campaign (id) on delete cascade,
    constraint fk_campaign_version_made_by foreign key (made_by) references public.account (id)
);
insert into public.campaign_version (campaign_id, no, jur, jur_end, plan, plan_text, made_at)
select id, 1, jur, jur_end, plan, plan_text, updated_at from public.campaign;

alter table public.campaign_version enable row level security;
alter table public.campaign_version force row level security;
create policy owner_all on public.campaign_version to fangtu_owner using (true) with check (true);
create policy overlaps_duty on public.campaign_version for select to fangtu_app
    using (jur < (select sec.hi()) and jur_end > (select sec.lo())
           and (select sec.duty()) && int8range(jur, jur_end));
grant select on public.campaign_version to fangtu_app;

-- A version that an import made goes when the import is taken back.
create trigger a_note_insert after insert on public.campaign_version referencing new table as new_rows
    for each statement execute function public.note_change('r.campaign_id || '':'' || r.no');
create trigger a_note_update after update on public.campaign_version referencing old table as old_rows
    for each statement execute function public.note_change('r.campaign_id || '':'' || r.no');
create trigger a_note_delete after delete on public.campaign_version referencing old table as old_rows
    for each statement execute function public.note_change('r.campaign_id || '':'' || r.no');

-- Applying a changed plan is work of the background program.
alter table public.job drop constraint ck_job_kind;
alter table public.job add constraint ck_job_kind
    check (kind in ('preview', 'trial', 'import', 'undo', 'place', 'edit', 'plan'));

revoke all on function public.enrol_anew(bigint[]) from public;
