-- Who is asking. The application proves a session by its token, which only the browser and the caller hold; the
-- database knows its hash. Nothing the application's role can write makes it somebody else.

create table sec.secret (name text primary key, value bytea not null);
alter table sec.secret enable row level security;
alter table sec.secret force row level security;
create policy owner_all on sec.secret to fangtu_owner using (true) with check (true);

create function sec.asking(out account_id bigint, out role text, out duty int8multirange)
    language sql stable security definer parallel safe set search_path = pg_catalog, public as $$
    select a.id, a.role, (select range_agg(int8range(d.jur, d.jur_end)) from public.duty d where d.account_id = a.id)
    from public.session s join public.account a on a.id = s.account_id
    where s.token_hash = sha256(convert_to(coalesce(current_setting('fangtu.token', true), ''), 'UTF8'))
      and s.ended_at is null and s.expires_at > now() and a.disabled_at is null
      and (s.kind = 'token' or s.seen_at > now() - interval '30 minutes')
$$;

create function sec.account_id() returns bigint language sql stable parallel safe
    return (sec.asking()).account_id;
create function sec.role() returns text language sql stable parallel safe
    return (sec.asking()).role;
create function sec.duty() returns int8multirange language sql stable parallel safe
    return coalesce((sec.asking()).duty, '{}'::int8multirange);
create function sec.lo() returns bigint language sql stable parallel safe
    return lower(sec.duty());
create function sec.hi() returns bigint language sql stable parallel safe
    return upper(sec.duty());

-- A session is opened only with a signature made from a key that is not in reach of SQL sent by the application.
create function sec.open_session(p_account bigint, p_token_hash bytea, p_kind text, p_expires timestamptz,
                                 p_address text, p_agent text, p_signature bytea) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare message text := p_account || '|' || encode(p_token_hash, 'hex') || '|' || p_kind || '|'
                        || extract(epoch from p_expires)::bigint;
begin
    if p_signature is distinct from (
        select public.hmac(convert_to(message, 'UTF8'), value, 'sha256') from sec.secret where name = 'session')
    then
        raise exception 'session signature does not match' using errcode = 'insufficient_privilege';
    end if;
    insert into session (token_hash, account_id, kind, expires_at, address, agent)
    values (p_token_hash, p_account, p_kind, p_expires, p_address, p_agent);
end $$;

-- Enter a session for this transaction; null when the token is unknown, expired, ended or of a disabled account.
create function sec.enter(p_token text, out account_id bigint, out role text, out username text, out full_name text,
                          out language text, out demo boolean, out duty int8multirange)
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    perform set_config('fangtu.token', coalesce(p_token, ''), true);
    select k.account_id, k.role, a.username, a.full_name, a.language, a.demo, k.duty
      into enter.account_id, enter.role, enter.username, enter.full_name, enter.language, enter.demo, enter.duty
      from sec.asking() k join public.account a on a.id = k.account_id;
    if enter.account_id is not null then
        update public.session s set seen_at = now()
         where s.token_hash = sha256(convert_to(p_token, 'UTF8')) and s.seen_at < now() - interval '1 minute';
    end if;
end $$;

create function sec.leave(p_token text) returns void
    language sql security definer set search_path = pg_catalog, public as $$
    update public.session set ended_at = now()
     where token_hash = sha256(convert_to(p_token, 'UTF8')) and ended_at is null
$$;

-- End every session of the asking account but the one asking.
create function sec.leave_others() returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with ended as (
        update public.session set ended_at = now()
         where account_id = (select sec.account_id()) and ended_at is null and kind = 'web'
           and token_hash <> sha256(convert_to(current_setting('fangtu.token', true), 'UTF8'))
        returning 1)
    select count(*) from ended
$$;

-- End one of the own sessions or tokens, known by its hash.
create function sec.end_own(p_token_hash bytea) returns boolean
    language sql security definer set search_path = pg_catalog, public as $$
    with ended as (
        update public.session set ended_at = now()
         where token_hash = p_token_hash and account_id = (select sec.account_id()) and ended_at is null
        returning 1)
    select exists (select 1 from ended)
$$;

create function sec.find_login(p_username text, out account_id bigint, out password_hash text, out disabled boolean,
                               out demo boolean, out role text, out jur bigint)
    language sql stable security definer set search_path = pg_catalog, public as $$
    select a.id, a.password_hash, a.disabled_at is not null, a.demo, a.role, a.jur
    from public.account a where a.username = p_username
$$;

-- Seconds until this account and address may try again: 5 failures for an account, 20 for an address, in 15 minutes.
create function sec.must_wait(p_username text, p_address text) returns integer
    language sql stable security definer set search_path = pg_catalog, public as $$
    select greatest(0, ceil(extract(epoch from max(free_at) - now())))::integer from (
        select max(at) + interval '15 minutes' as free_at from public.login_attempt l
         where l.username = p_username and not l.succeeded and l.at > now() - interval '15 minutes'
           and l.at > coalesce((select max(at) from public.login_attempt g where g.username = p_username and g.succeeded),
                               '-infinity')
        having count(*) >= 5
        union all
        select max(at) + interval '15 minutes' from public.login_attempt l
         where l.address = p_address and not l.succeeded and l.at > now() - interval '15 minutes'
        having count(*) >= 20) limits
$$;

create function sec.note_attempt(p_username text, p_address text, p_succeeded boolean, p_request text) returns void
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    delete from login_attempt where at < now() - interval '2 days';
    insert into login_attempt (username, address, succeeded) values (left(p_username, 100), p_address, p_succeeded);
    insert into audit (account_id, actor, role, act, object_kind, object_id, address, request_id, jur)
    select a.id, left(p_username, 100), a.role, case when p_succeeded then 'sign_in' else 'sign_in_refused' end,
           'account', a.id::text, p_address, p_request, coalesce(a.jur, 0)
    from (values (1)) one left join account a on a.username = p_username;
end $$;

create function sec.set_own_password(p_hash text) returns void
    language sql security definer set search_path = pg_catalog, public as $$
    update public.account set password_hash = p_hash, password_changed_at = now(), updated_at = now()
     where id = (select sec.account_id())
$$;

create function sec.own_password_hash() returns text
    language sql stable security definer set search_path = pg_catalog, public as $$
    select password_hash from public.account where id = (select sec.account_id())
$$;

create function sec.set_own_language(p_language text) returns void
    language sql security definer set search_path = pg_catalog, public as $$
    update public.account set language = p_language where id = (select sec.account_id())
$$;

-- An administrator sets the password of an account inside the own area of duty.
create function sec.set_password(p_account bigint, p_hash text) returns boolean
    language sql security definer set search_path = pg_catalog, public as $$
    with changed as (
        update public.account set password_hash = p_hash, password_changed_at = now(), updated_at = now()
         where id = p_account and (select sec.role()) = 'admin'
           and int8range(jur, jur_end) <@ (select sec.duty())
        returning 1)
    select exists (select 1 from changed)
$$;

-- An administrator ends all sessions and tokens of an account inside the own area of duty.
create function sec.end_sessions(p_account bigint) returns bigint
    language sql security definer set search_path = pg_catalog, public as $$
    with ended as (
        update public.session s set ended_at = now() from public.account a
         where a.id = s.account_id and s.account_id = p_account and s.ended_at is null
           and (select sec.role()) = 'admin' and int8range(a.jur, a.jur_end) <@ (select sec.duty())
        returning 1)
    select count(*) from ended
$$;

-- One tile of the base map, as the owner: it holds no personal data, and && may use its index only that way.
create function sec.base_tile(z integer, x integer, y integer, kinds text[]) returns bytea
    language sql stable security definer set search_path = pg_catalog, public as $$
    with env as (select st_tileenvelope(z, x, y) as box),
    drawn as (
        select f.kind, f.name,
               st_asmvtgeom(st_transform(
                   case when z < 15 then st_simplify(f.geom, 180.0 / (256.0 * 2 ^ z), true) else f.geom end, 3857),
                   env.box, 4096, 64, true) as geom
        from base_feature f, env
        where sec.account_id() is not null and f.kind = any (kinds)
          and f.geom && st_transform(st_expand(env.box, 20037508.34 * 2 / 2 ^ z / 64), 4326))
    select coalesce(string_agg(tile, ''::bytea), ''::bytea) from (
        select st_asmvt(d, d.kind, 4096, 'geom') as tile from drawn d where geom is not null group by d.kind) t
$$;
