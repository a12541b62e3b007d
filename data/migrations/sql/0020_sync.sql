-- What phones send from the field (外业), and what they were sent.
--
-- device: a phone of one account; its session lives for 30 days and ends when the phone is revoked.
-- synced_item, synced_photo: every visit or mark that was accepted, known by the id its phone gave it and the hash of the
-- very bytes sent, and the photographs it names. Read by the account alone, and by whoever may hand in for it.
-- sync_reject: what could not be accepted, sealed, so that a person can settle it.
-- field_visit, demand: what a visit from the field says beyond the visit. They lie where their visit lies and follow it.
-- pulled: which households a phone was told of, in which state, so that it is told only what changed.

create table public.device (
    id uuid not null,
    account_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    name text,
    platform text,
    app text,
    schema smallint,
    standalone boolean,
    persisted boolean,
    unsent integer,
    unsent_photos integer,
    oldest_unsent_at timestamptz,
    clock_offset_ms bigint,
    seen_at timestamptz default now() not null,
    revoked_at timestamptz,
    revoked_by bigint,
    wipe boolean default false not null,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_device primary key (id),
    constraint ck_device_range check (jur < jur_end),
    constraint fk_device_account_id foreign key (account_id) references public.account (id),
    constraint fk_device_revoked_by foreign key (revoked_by) references public.account (id)
);
create index ix_device_account_id on public.device (account_id);
create index ix_device_jur on public.device (jur, jur_end);

alter table public.session drop constraint ck_session_kind;
alter table public.session add constraint ck_session_kind check (kind in ('web', 'token', 'device'));
alter table public.session add column device_id uuid;
alter table public.session add constraint fk_session_device_id foreign key (device_id) references public.device (id);
create index ix_session_device_id on public.session (device_id) where device_id is not null;

create table public.synced_item (
    id uuid not null,
    kind text not null,
    account_id bigint not null,
    sent_by bigint not null,
    device_id uuid,
    sha256 bytea not null,
    size_bytes integer not null,
    practice boolean default false not null,
    received_at timestamptz default clock_timestamp() not null,
    constraint pk_synced_item primary key (id),
    constraint ck_synced_item_kind check (kind in ('visit', 'mark')),
    constraint fk_synced_item_account_id foreign key (account_id) references public.account (id),
    constraint fk_synced_item_sent_by foreign key (sent_by) references public.account (id)
);
create index ix_synced_item_account_id on public.synced_item (account_id, received_at);

create table public.synced_photo (
    id uuid not null,
    item_id uuid not null,
    demand_id uuid,
    kind text not null,
    sha256 bytea not null,
    size_bytes integer not null,
    taken_at timestamptz,
    received_at timestamptz,
    constraint pk_synced_photo primary key (id),
    constraint fk_synced_photo_item_id foreign key (item_id) references public.synced_item (id) on delete cascade
);
create index ix_synced_photo_item_id on public.synced_photo (item_id);

create table public.sync_reject (
    id uuid not null,
    kind text not null,
    item_id uuid,
    account_id bigint not null,
    sent_by bigint not null,
    device_id uuid,
    code text not null,
    message_zh text not null,
    message_en text not null,
    details jsonb not null,
    sha256 bytea not null,
    size_bytes integer not null,
    body_sealed bytea not null,
    times integer default 1 not null,
    at timestamptz default clock_timestamp() not null,
    settled_at timestamptz,
    settled_by bigint,
    constraint pk_sync_reject primary key (id),
    constraint ck_sync_reject_kind check (kind in ('visit', 'mark')),
    constraint uq_sync_reject_account_id_item_id_sha256 unique nulls not distinct (account_id, item_id, sha256),
    constraint fk_sync_reject_account_id foreign key (account_id) references public.account (id),
    constraint fk_sync_reject_sent_by foreign key (sent_by) references public.account (id),
    constraint fk_sync_reject_settled_by foreign key (settled_by) references public.account (id)
);

create table public.field_visit (
    visit_id uuid not null,
    household_id bigint,
    jur bigint not null,
    supersedes uuid,
    outcome_reason text,
    fix_reason text,
    duration_by text,
    clock_offset_ms bigint,
    work text[] default '{}' not null,
    form_version integer,
    satisfaction smallint,
    return_at timestamptz,
    return_when text,
    flags text[] default '{}' not null,
    constraint pk_field_visit primary key (visit_id),
    constraint fk_field_visit_visit_id foreign key (visit_id) references public.visit (id) on delete cascade,
    constraint ck_field_visit_duration_by check (duration_by in ('monotonic', 'clock')),
    constraint ck_field_visit_satisfaction check (satisfaction between 1 and 5),
    constraint ck_field_visit_return_when check (return_when in ('tonight', 'tomorrow', 'weekend', 'phone'))
);
create index ix_field_visit_jur on public.field_visit (jur);
create index ix_field_visit_household_id on public.field_visit (household_id);
create index ix_field_visit_supersedes on public.field_visit (supersedes) where supersedes is not null;

create table public.demand (
    id uuid not null,
    visit_id uuid not null,
    campaign_id bigint not null,
    household_id bigint,
    jur bigint not null,
    account_id bigint not null,
    class_key text not null,
    words text not null,
    solved boolean not null,
    from_question text,
    photos uuid[] default '{}' not null,
    raised_at timestamptz not null,
    geom geometry(POINT,4326),
    source_system text,
    placed_by text,
    accuracy_m double precision,
    quality smallint default '7' not null,
    x integer generated always as (world_x(geom)) stored,
    y integer generated always as (world_y(geom)) stored,
    morton bigint generated always as (morton_of(geom)) stored,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_demand primary key (id),
    constraint fk_demand_visit_id foreign key (visit_id) references public.visit (id) on delete cascade,
    constraint fk_demand_campaign_id foreign key (campaign_id) references public.campaign (id) on delete cascade,
    constraint fk_demand_account_id foreign key (account_id) references public.account (id)
);
create index ix_demand_visit_id on public.demand (visit_id);
create index ix_demand_household_id on public.demand (household_id);
create index ix_demand_jur on public.demand (jur, solved);
create index ix_demand_morton_jur on public.demand (morton, jur) where not solved;

create table public.pulled (
    id uuid not null,
    account_id bigint not null,
    device_id uuid not null,
    base uuid,
    ids bigint[] not null,
    marks bigint[] not null,
    complete boolean not null,
    at timestamptz default clock_timestamp() not null,
    constraint pk_pulled primary key (id),
    constraint fk_pulled_account_id foreign key (account_id) references public.account (id)
);
create index ix_pulled_account_id on public.pulled (account_id, at);

-- A visit that moves, or gets its household, takes along what was said beside it. By column and condition: nothing is
-- done for a visit that stays where it is.
create function public.visit_moved() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    update field_visit set jur = new.jur, household_id = new.household_id where visit_id = new.id;
    update demand set jur = new.jur, household_id = new.household_id, updated_at = now() where visit_id = new.id;
    return null;
end $$;
create trigger visit_moved after update of jur, household_id on public.visit for each row
    when (old.jur <> new.jur or old.household_id is distinct from new.household_id)
    execute function public.visit_moved();

-- Who is asking: the session of a phone lives through days without a network.
create or replace function sec.asking(out account_id bigint, out role text, out duty int8multirange)
    language plpgsql stable security definer parallel safe set search_path = pg_catalog, public as $$
begin
    select a.id, a.role, (select range_agg(int8range(d.jur, d.jur_end)) from public.duty d where d.account_id = a.id)
      into asking.account_id, asking.role, asking.duty
      from public.session s join public.account a on a.id = s.account_id
     where s.token_hash = sha256(convert_to(coalesce(current_setting('fangtu.token', true), ''), 'UTF8'))
       and s.ended_at is null and s.expires_at > now() and a.disabled_at is null
       and (s.kind in ('token', 'device') or s.seen_at > now() - interval '30 minutes');
end $$;

-- End every session of the asking account but the one asking, those of phones as well.
create or replace function sec.leave_others() returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with ended as (
        update public.session set ended_at = now()
         where account_id = (select sec.account_id()) and ended_at is null and kind in ('web', 'device')
           and token_hash <> sha256(convert_to(current_setting('fangtu.token', true), 'UTF8'))
        returning 1)
    select count(*) from ended
$$;

-- Make a device known or tell of it again; the session that asks becomes the device's and lives 30 days from sign-in.
create function sec.keep_device(p_device uuid, p_name text, p_platform text, p_app text, p_schema smallint,
                                p_standalone boolean, p_persisted boolean, p_unsent integer, p_unsent_photos integer,
                                p_oldest timestamptz, p_offset bigint, out state text, out wipe boolean,
                                out seen_at timestamptz, out expires_at timestamptz)
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare
    asker record;
    kept record;
begin
    select k.account_id, k.duty into asker from sec.asking() k;
    if asker.account_id is null or asker.duty is null then
        state := 'nobody';
        return;
    end if;
    insert into device as d (id, account_id, jur, jur_end, name, platform, app, schema, standalone, persisted, unsent,
                             unsent_photos, oldest_unsent_at, clock_offset_ms)
    values (p_device, asker.account_id, lower(asker.duty), upper(asker.duty), p_name, p_platform, p_app, p_schema,
            p_standalone, p_persisted, p_unsent, p_unsent_photos, p_oldest, p_offset)
    on conflict (id) do update set
        jur = excluded.jur, jur_end = excluded.jur_end, name = excluded.name, platform = excluded.platform,
        app = excluded.app, schema = excluded.schema, standalone = excluded.standalone, persisted = excluded.persisted,
        unsent = excluded.unsent, unsent_photos = excluded.unsent_photos, oldest_unsent_at = excluded.oldest_unsent_at,
        clock_offset_ms = excluded.clock_offset_ms, seen_at = now(), updated_at = now()
     where d.account_id = excluded.account_id and d.revoked_at is null
    returning d.seen_at, d.created_at = now() as is_new into kept;
    if not found then
        select case when d.account_id <> asker.account_id then 'other' else 'revoked' end, d.wipe
          into keep_device.state, keep_device.wipe from device d where d.id = p_device;
        return;
    end if;
    state := case when kept.is_new then 'new' else 'open' end;
    wipe := false;
    seen_at := kept.seen_at;
    update session s set kind = 'device', device_id = p_device, expires_at = s.created_at + interval '30 days'
     where s.token_hash = sha256(convert_to(current_setting('fangtu.token', true), 'UTF8'))
       and s.kind in ('web', 'device')
    returning s.expires_at into keep_device.expires_at;
end $$;

-- What becomes of a device, for whoever holds its id; whose it is stays untold.
create function sec.device_state(p_device uuid, out state text, out wipe boolean)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select case when d.id is null then 'unknown' when d.revoked_at is not null then 'revoked' else 'open' end,
           coalesce(d.wipe, false)
      from (values (p_device)) k (id) left join public.device d on d.id = k.id
$$;

-- Revoke a device and end its sessions: one's own, or as a supervisor or administrator of all its area.
create function sec.revoke_device(p_device uuid, p_wipe boolean) returns boolean
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare asker record;
begin
    select k.account_id, k.role, k.duty into asker from sec.asking() k;
    update device d set revoked_at = coalesce(d.revoked_at, now()), revoked_by = coalesce(d.revoked_by, asker.account_id),
           wipe = d.wipe or p_wipe, updated_at = now()
     where d.id = p_device and (d.account_id = asker.account_id or (
               asker.role in ('supervisor', 'admin') and asker.duty @> int8range(d.jur, d.jur_end)));
    if not found then return false; end if;
    update session set ended_at = now() where device_id = p_device and ended_at is null;
    return true;
end $$;

-- Whether the asker may hand in for an account what its phone could not send: a supervisor or administrator in whose
-- area of duty all of the account's lies.
create function sec.may_send_for(p_account bigint) returns boolean
    language sql stable security definer set search_path = pg_catalog, public as $$
    select coalesce((select k.role in ('supervisor', 'admin') and d.whole <@ k.duty
        from sec.asking() k,
             (select range_agg(int8range(u.jur, u.jur_end)) as whole from public.duty u where u.account_id = p_account) d
       where k.account_id is not null), false)
$$;

-- The name by which somebody visits, for whoever may hand in for them.
create function sec.name_of_sender(p_account bigint) returns text
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.full_name from public.account a where a.id = p_account and sec.may_send_for(p_account)
$$;

-- The jurisdiction number of a place: that of its grid, else of its village (data.areas.place_visits says the same of
-- many). As the owner, since && may use its index only that way; which area a place is in is no secret.
create function sec.jur_of_place(p_place public.geometry) returns bigint
    language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare found_jur bigint;
begin
    if sec.account_id() is null then return null; end if;
    select g.jur into found_jur from grid g where st_covers(g.geom, p_place) order by g.code limit 1;
    if found_jur is null then
        select v.jur into found_jur from area v
         where v.level = 'village' and v.valid_to is null and st_covers(v.geom, p_place) order by v.code limit 1;
    end if;
    return found_jur;
end $$;

-- The accounts that names of companions mean at a place: those where just one with that name answers for it.
create function sec.known_people(p_names text[], p_jur bigint) returns bigint[]
    language sql stable security definer set search_path = pg_catalog, public as $$
    select coalesce(array_agg(p.id order by p.id), '{}')
      from (select distinct n from unnest(p_names) as u (n)) k
      join lateral (
        select min(a.id) as id from account a
         where a.full_name = k.n and a.disabled_at is null
           and exists (select 1 from duty d where d.account_id = a.id and p_jur >= d.jur and p_jur < d.jur_end)
        having count(*) = 1) p on true
     where current_setting('role') = 'fangtu_owner' or (select sec.duty()) @> p_jur
$$;

-- Note that a photograph has come, as whoever may send for its item, whose household may lie elsewhere by now. The
-- household is held, so that it does not move meanwhile.
create function sec.keep_photo(p_item uuid, p_photo uuid, p_type text, p_hash bigint) returns timestamptz
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
    end if;
    update synced_photo set received_at = coalesce(received_at, clock_timestamp()) where id = p_photo
    returning received_at into moment;
    return moment;
end $$;

do $$
declare t text; mine text := $p$account_id = (select sec.account_id())
    or ((select sec.role()) in ('supervisor', 'admin') and sec.may_send_for(account_id))$p$;
begin
    foreach t in array array['device', 'synced_item', 'synced_photo', 'sync_reject', 'field_visit', 'demand', 'pulled'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
    end loop;
    foreach t in array array['synced_item', 'sync_reject'] loop
        execute format('create policy own_or_for on public.%I for select to fangtu_app using (%s)', t, mine);
        execute format('create policy own_or_for_add on public.%I for insert to fangtu_app
                        with check (sent_by = (select sec.account_id()) and (%s))', t, mine);
        execute format('grant select, insert on public.%I to fangtu_app', t);
    end loop;
    execute format('create policy own_or_for_change on public.sync_reject for update to fangtu_app
                    using (%s) with check (%s)', mine, mine);
    foreach t in array array['field_visit', 'demand'] loop
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format($p$create policy in_duty_add on public.%I for insert to fangtu_app
            with check (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format('grant select, insert on public.%I to fangtu_app', t);
    end loop;
end $$;
grant update (times, at, settled_at, settled_by) on public.sync_reject to fangtu_app;

create policy own_or_under on public.device for select to fangtu_app using (
    account_id = (select sec.account_id())
    or ((select sec.role()) in ('supervisor', 'admin') and (select sec.duty()) @> int8range(jur, jur_end)));
grant select on public.device to fangtu_app;

-- The list of photographs of an item is read and added by whoever reads the item.
create policy with_item on public.synced_photo for select to fangtu_app
    using (exists (select 1 from public.synced_item i where i.id = item_id));
create policy with_item_add on public.synced_photo for insert to fangtu_app
    with check (received_at is null and exists (select 1 from public.synced_item i where i.id = item_id));
grant select, insert (id, item_id, demand_id, kind, sha256, size_bytes, taken_at) on public.synced_photo to fangtu_app;

-- A correction takes over the demands of the visit in whose place it stands.
create policy own_change on public.demand for update to fangtu_app
    using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur
           and (account_id = (select sec.account_id()) or sec.may_send_for(account_id)))
    with check (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
grant update (visit_id, household_id, jur, class_key, words, solved, from_question, photos, raised_at, geom,
    source_system, placed_by, accuracy_m, quality, updated_at) on public.demand to fangtu_app;

create policy own_read on public.pulled for select to fangtu_app using (account_id = (select sec.account_id()));
create policy own_add on public.pulled for insert to fangtu_app with check (account_id = (select sec.account_id()));
create policy own_change on public.pulled for update to fangtu_app
    using (account_id = (select sec.account_id())) with check (account_id = (select sec.account_id()));
create policy own_remove on public.pulled for delete to fangtu_app using (account_id = (select sec.account_id()));
grant select, insert, update (ids, marks, complete, at), delete on public.pulled to fangtu_app;

revoke all on function sec.keep_device(uuid, text, text, text, smallint, boolean, boolean, integer, integer, timestamptz,
        bigint), sec.device_state(uuid), sec.revoke_device(uuid, boolean), sec.may_send_for(bigint),
    sec.name_of_sender(bigint), sec.jur_of_place(public.geometry), sec.known_people(text[], bigint),
    sec.keep_photo(uuid, uuid, text, bigint), public.visit_moved() from public;
grant execute on function sec.keep_device(uuid, text, text, text, smallint, boolean, boolean, integer, integer,
        timestamptz, bigint), sec.device_state(uuid), sec.revoke_device(uuid, boolean), sec.may_send_for(bigint),
    sec.name_of_sender(bigint), sec.jur_of_place(public.geometry), sec.known_people(text[], bigint),
    sec.keep_photo(uuid, uuid, text, bigint) to fangtu_app;
