-- What phones hand in of houses and sites besides visits and marks: appraisals (鉴定), looks at sites of concern (整治观测)
-- and checks of the monthly monitoring (监测排查). They go the way of visits: frozen bytes, accepted once or kept as refused.
alter table public.synced_item drop constraint ck_synced_item_kind;
alter table public.synced_item add constraint ck_synced_item_kind
    check (kind in ('visit', 'mark', 'appraisal', 'observation', 'monitoring'));
alter table public.sync_reject drop constraint ck_sync_reject_kind;
alter table public.sync_reject add constraint ck_sync_reject_kind
    check (kind in ('visit', 'mark', 'appraisal', 'observation', 'monitoring'));

-- A photograph of an appraisal hangs on it and on its house; its kind says which part it shows.
alter table public.attachment add column appraisal_id bigint;
alter table public.attachment add constraint fk_attachment_appraisal_id foreign key (appraisal_id)
    references public.appraisal (id) on delete cascade;
create index ix_attachment_appraisal_id on public.attachment (appraisal_id) where appraisal_id is not null;

-- The id the phone gave a look, so that its photographs find it.
alter table public.concern_observation add column client_id uuid;
alter table public.concern_observation add constraint uq_concern_observation_client_id unique (client_id);

-- The role of an account for whose phone the asker may hand in: what it may not do itself nobody does in its name.
create function sec.role_of_sender(p_account bigint) returns text
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.role from public.account a
     where a.id = p_account and (a.id = (select sec.account_id()) or sec.may_send_for(p_account))
$$;
revoke all on function sec.role_of_sender(bigint) from public;
grant execute on function sec.role_of_sender(bigint) to fangtu_app;

-- As before; a supervisor may also hand in what lay unsent on the phone of one who may do it.
drop policy in_duty_add on public.appraisal;
create policy in_duty_add on public.appraisal for insert to fangtu_app with check (
    (account_id = (select sec.account_id())
     or (client_id is not null and sec.role_of_sender(account_id) in ('supervisor', 'admin')))
    and (select sec.role()) in ('supervisor', 'admin')
    and jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
drop policy in_duty_add on public.concern_observation;
create policy in_duty_add on public.concern_observation for insert to fangtu_app with check (
    (account_id = (select sec.account_id())
     or (client_id is not null and sec.role_of_sender(account_id) in ('inspector', 'supervisor', 'admin')))
    and (select sec.role()) in ('inspector', 'supervisor', 'admin')
    and jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
drop policy in_duty_add on public.monitoring_act;
create policy in_duty_add on public.monitoring_act for insert to fangtu_app with check (
    (account_id = (select sec.account_id())
     or (uid is not null and sec.role_of_sender(account_id) in ('supervisor', 'admin')))
    and (select sec.role()) in ('supervisor', 'admin') and (select sec.duty()) @> jur);

-- As before for visits and marks; a photograph of an appraisal or a look belongs to it.
create or replace function sec.keep_photo(p_item uuid, p_photo uuid, p_type text, p_hash bigint) returns timestamptz
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    item record;
    moment timestamptz;
begin
    select i.kind, i.practice, i.account_id, p.kind as photo_kind, p.size_bytes, p.sha256, p.taken_at into item
      from synced_photo p join synced_item i on i.id = p.item_id
     where p.id = p_photo and i.id = p_item
       and (i.account_id = (select sec.account_id()) or sec.may_send_for(i.account_id))
       for update of p;
    if not found then return null; end if;
    if item.kind = 'visit' and not item.practice then
        perform 1 from household h where h.id = (select v.household_id from visit v where v.id = p_item) for key share;
        insert into attachment (id, jur, visit_id, household_id, kind, file_name, content_type, size_bytes, sha256,
                                perceptual_hash, taken_at, account_id)
        select p_photo, v.jur, v.id, v.household_id, item.photo_kind, p_photo::text, p_type, item.size_bytes,
               item.sha256, p_hash, item.taken_at, item.account_id
          from visit v where v.id = p_item
        on conflict (id) do nothing;
    elsif item.kind = 'mark' and not item.practice then
        insert into attachment (id, jur, mark_id, kind, file_name, content_type, size_bytes, sha256, perceptual_hash,
                                taken_at, account_id)
        select p_photo, m.jur, m.id, item.photo_kind, p_photo::text, p_type, item.size_bytes, item.sha256, p_hash,
               item.taken_at, item.account_id
          from mark m where m.id = p_item for key share
        on conflict (id) do nothing;
    elsif item.kind = 'appraisal' and not item.practice then
        perform 1 from house h where h.id = (select a.house_id from appraisal a where a.client_id = p_item) for key share;
        insert into attachment (id, jur, appraisal_id, house_id, kind, file_name, content_type, size_bytes, sha256,
                                perceptual_hash, taken_at, account_id)
        select p_photo, a.jur, a.id, a.house_id, item.photo_kind, p_photo::text, p_type, item.size_bytes, item.sha256,
               p_hash, item.taken_at, item.account_id
          from appraisal a where a.client_id = p_item
        on conflict (id) do nothing;
    elsif item.kind = 'observation' and not item.practice then
        insert into attachment (id, jur, mark_id, observation_id, kind, file_name, content_type, size_bytes, sha256,
                                perceptual_hash, taken_at, account_id)
        select p_photo, m.jur, m.id, o.id, 'concern', p_photo::text, p_type, item.size_bytes, item.sha256, p_hash,
               item.taken_at, item.account_id
          from concern_observation o join mark m on m.id = o.mark_id where o.client_id = p_item for key share of m
        on conflict (id) do nothing;
    end if;
    update synced_photo set received_at = coalesce(received_at, clock_timestamp()) where id = p_photo
    returning received_at into moment;
    return moment;
end $$;

-- Open maps and the list of arrivals hear of it at the commit: of an appraisal also where the grade stays, of a household
-- that goes on in a round of monitoring. A look at a site changes its mark, which is told already.
create trigger z_map_insert after insert on public.appraisal referencing new table as new_rows
    for each statement execute function public.map_rows_changed('all');
create trigger z_map_insert after insert on public.monitored referencing new table as new_rows
    for each statement execute function public.map_rows_changed('all');
create trigger z_map_update after update on public.monitored referencing old table as old_rows new table as new_rows
    for each statement execute function public.map_rows_changed('all');

-- What came in of houses and sites in the last two days, for the desk: a list of its own, as the rows do not say whether they
-- came from a phone, and whose phone it was is known to few.
create index ix_synced_item_houses on public.synced_item (received_at)
    where kind in ('appraisal', 'observation', 'monitoring');
create function sec.house_arrivals(p_lo bigint, p_hi bigint)
    returns table (received_at timestamptz, what text, no bigint, kind text, who text, household_id bigint, jur bigint)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select k.* from (
        select i.received_at, i.kind, a.id, a.result::text, n.full_name, o.household_id, a.jur
          from synced_item i join appraisal a on a.client_id = i.id join house o on o.id = a.house_id
          join account n on n.id = i.account_id
         where i.kind = 'appraisal' and i.received_at > now() - interval '2 days'
        union all
        select i.received_at, i.kind, m.no, o.seen, o.observer, null, o.jur
          from synced_item i join concern_observation o on o.client_id = i.id join mark m on m.id = o.mark_id
         where i.kind = 'observation' and i.received_at > now() - interval '2 days'
        union all
        select i.received_at, i.kind, t.id, t.act, n.full_name, m.household_id, t.jur
          from synced_item i join monitoring_act t on t.uid = i.id join monitored m on m.id = t.monitored_id
          join account n on n.id = i.account_id
         where i.kind = 'monitoring' and i.received_at > now() - interval '2 days') k (received_at, what, no, kind, who,
                                                                                       household_id, jur)
     where k.jur >= p_lo and k.jur < p_hi and (select sec.duty()) @> k.jur
$$;
revoke all on function sec.house_arrivals(bigint, bigint) from public;
grant execute on function sec.house_arrivals(bigint, bigint) to fangtu_app;
