-- Who is asking, kept as a plan: the policies of every table ask three times in each statement, and a function in SQL is
-- planned anew each time.
create or replace function sec.asking(out account_id bigint, out role text, out duty int8multirange)
    language plpgsql stable security definer parallel safe set search_path = pg_catalog, public as $$
begin
    select a.id, a.role, (select range_agg(int8range(d.jur, d.jur_end)) from public.duty d where d.account_id = a.id)
      into asking.account_id, asking.role, asking.duty
      from public.session s join public.account a on a.id = s.account_id
     where s.token_hash = sha256(convert_to(coalesce(current_setting('fangtu.token', true), ''), 'UTF8'))
       and s.ended_at is null and s.expires_at > now() and a.disabled_at is null
       and (s.kind = 'token' or s.seen_at > now() - interval '30 minutes');
end $$;

-- Which areas of a level lie under a box, as keys: only those wholly inside the asker's duty, of which alone there is a
-- figure. As the owner, since && may use its index only that way; the rows are read under the policies.
create function sec.areas_at(p_level text, p_box public.geometry) returns setof bigint
    language plpgsql stable security definer rows 100 set search_path = pg_catalog, public as $$
declare duty int8multirange := sec.duty();
begin
    if p_level = 'grid' then
        return query select g.id from grid g where g.geom && p_box and duty @> int8range(g.jur, g.jur_end);
    else
        return query select a.id from area a
            where a.geom && p_box and a.level = p_level and a.valid_to is null and duty @> int8range(a.jur, a.jur_end);
    end if;
end $$;
revoke all on function sec.areas_at(text, public.geometry) from public;
grant execute on function sec.areas_at(text, public.geometry) to fangtu_app;
