-- What changed where: a number for each campaign, round and jurisdiction number that grows with every change of what a
-- map shows, and word of it to the web servers when the change is committed. Neither holds a person's data.

create table public.map_version (
    campaign_id bigint not null,
    round_no smallint not null,
    jur bigint not null,
    version bigint not null,
    xid bigint not null,
    changed_at timestamptz not null,
    constraint pk_map_version primary key (campaign_id, round_no, jur)
) with (fillfactor = 50);
alter table public.map_version enable row level security;
alter table public.map_version force row level security;
create policy owner_all on public.map_version to fangtu_owner using (true) with check (true);
create policy in_duty_read on public.map_version for select to fangtu_app
    using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
grant select on public.map_version to fangtu_app;

-- Campaign 0 and round 0 stand for what belongs to all of them: houses, sites, boundaries. A row is raised once in a
-- transaction and stays locked until its end, so that nobody sees a number without the change that it counts; writers of
-- one jurisdiction number wait for one another for their row of coverage anyway. Numbers begin at the clock's
-- microseconds: a store put back from a backup gives none a second time. The first 40 areas of a transaction are named,
-- then "*" says that much has changed; equal words of a transaction are sent once.
create function public.note_map(p_campaign bigint[], p_round smallint[], p_jur bigint[]) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare one record; told integer := coalesce(nullif(current_setting('fangtu.told', true), ''), '0')::integer;
begin
    for one in
        with raised as (
            insert into map_version as v (campaign_id, round_no, jur, version, xid, changed_at)
            select c, r, j, (extract(epoch from clock_timestamp()) * 1000000)::bigint,
                   pg_current_xact_id()::text::bigint, now()
              from (select distinct * from unnest(p_campaign, p_round, p_jur) as k (c, r, j)) k
             order by c, r, j  -- one order for all writers, so that none waits in a ring
            on conflict (campaign_id, round_no, jur) do update set
                version = greatest(v.version + 1, excluded.version), xid = excluded.xid, changed_at = excluded.changed_at
             where (v.xid, v.changed_at) is distinct from (excluded.xid, excluded.changed_at)
            returning campaign_id, round_no, jur)
        select campaign_id, round_no, count(*)::integer as n, string_agg(jur::text, ',' order by jur) as jurs
          from raised group by 1, 2 order by 1, 2
    loop
        told := told + one.n;
        perform pg_notify('fangtu_map', one.campaign_id || ':' || one.round_no || ':'
                                        || case when told <= 40 then one.jurs else '*' end);
    end loop;
    perform set_config('fangtu.told', told::text, true);
end $$;

create function public.map_rows_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare c bigint[]; r smallint[]; j bigint[]; source text;
begin
    source := case tg_op when 'INSERT' then 'select * from new_rows' when 'DELETE' then 'select * from old_rows'
                         else 'select * from new_rows union all select * from old_rows' end;
    -- Executed as text: planned for the rows of this statement, and for the columns of this table.
    execute format('select array_agg(c), array_agg(r), array_agg(j) from (
                        select distinct %s as c, %s::smallint as r, jur as j from (%s) rows) t',
                   case when tg_argv[0] = 'round' then 'campaign_id' else '0::bigint' end,
                   case when tg_argv[0] = 'round' then 'round_no' else '0' end, source) into c, r, j;
    if c is not null then perform note_map(c, r, j); end if;
    return null;
end $$;

do $$
declare t text; scope text;
begin
    foreach t in array array['standing', 'visit', 'house', 'renovation_site', 'area', 'grid'] loop
        scope := case when t in ('standing', 'visit') then 'round' else 'all' end;
        execute format('create trigger z_map_insert after insert on public.%I referencing new table as new_rows
                        for each statement execute function public.map_rows_changed(%L)', t, scope);
        execute format('create trigger z_map_update after update on public.%I referencing old table as old_rows
                        new table as new_rows for each statement execute function public.map_rows_changed(%L)', t, scope);
        execute format('create trigger z_map_delete after delete on public.%I referencing old table as old_rows
                        for each statement execute function public.map_rows_changed(%L)', t, scope);
    end loop;
end $$;
revoke all on function public.note_map(bigint[], smallint[], bigint[]), public.map_rows_changed() from public;

-- Enter a session without its counting as use: a map that is left open asks for what changed, and still is signed out
-- after half an hour without anybody there.
create function sec.enter_unseen(p_token text, out account_id bigint, out role text, out username text,
                                 out full_name text, out language text, out demo boolean, out duty int8multirange)
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform set_config('fangtu.token', coalesce(p_token, ''), true);
    select k.account_id, k.role, a.username, a.full_name, a.language, a.demo, k.duty
      into enter_unseen.account_id, enter_unseen.role, enter_unseen.username, enter_unseen.full_name,
           enter_unseen.language, enter_unseen.demo, enter_unseen.duty
      from sec.asking() k join public.account a on a.id = k.account_id;
end $$;
revoke all on function sec.enter_unseen(text) from public;
grant execute on function sec.enter_unseen(text) to fangtu_app;
