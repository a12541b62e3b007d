-- One new visit is added to its household as it stands, which is locked, so that nothing else is to be read. What adding
-- alone cannot say is counted from all visits of the household, by the definition (visit_facts): a visit that does not
-- speak, another kind of visitor, or an outcome of which it is not plain that it is the latest. Whether it is the only one
-- is asked for without counting the others.
create or replace function public.visit_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare v record; c bigint[]; r smallint[]; h bigint[];
begin
    if tg_op = 'INSERT' then
        select campaign_id, round_no, household_id, jur, counts, outcome, superseded_by,
               counts and mode = 'home' and suspect = '{}' as home, counts and mode <> 'home' and suspect = '{}' as remote,
               (started_at at time zone 'Asia/Shanghai')::date as day, coalesce(ended_at, started_at) as at,
               coalesce(nullif(btrim(visitor_kind), ''), '-') as kind, verdict in ('ruled_false', 'void') as silent,
               exists (select from new_rows offset 1) as several
          into v from new_rows limit 1;
        if not v.several and v.household_id is not null then
            perform 1 from household where id = v.household_id for no key update;
            if not v.silent and v.superseded_by is null then
                update standing s
                   set status = standing_status(v.home or s.status = 1, v.remote or s.status = 2,
                                                v.counts or s.valid_visits > 0, v.outcome),
                       visits = s.visits + 1, valid_visits = s.valid_visits + v.counts::integer,
                       first_valid_on = case when v.counts then least(s.first_valid_on, v.day) else s.first_valid_on end,
                       last_visit_at = greatest(s.last_visit_at, v.at),
                       kinds = case when v.counts and s.kinds = '{}' then array[v.kind] else s.kinds end
                 where s.campaign_id = v.campaign_id and s.round_no = v.round_no and s.household_id = v.household_id
                   and case when v.counts then s.kinds = '{}' or v.kind = any (s.kinds)
                            else s.valid_visits > 0 or s.visits = 0 or v.at > s.last_visit_at end;
                if found then return null; end if;
            end if;
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
