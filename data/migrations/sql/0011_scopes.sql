-- Which round an address speaks of, and the version of what a map shows of it: what every tile asks first. As the owner,
-- so that who asks is looked up once and not three times for each of four tables; each condition is that of the
-- table's own policy. The choice is that of data/campaigns.py: by number or code, else the newest; the round by its
-- number, else the latest that has begun, else the first. Nothing where there is none for the one who asks.
create function sec.find_scope(p_campaign text, p_round text, p_today date, out campaign_id bigint,
                               out round_no smallint, out version numeric, out areas bigint, out changes text)
    language plpgsql stable security definer set search_path = pg_catalog, public as $$
declare duty int8multirange := sec.duty(); lo bigint := lower(duty); hi bigint := upper(duty);
begin
    select c.id into find_scope.campaign_id from campaign c
     where c.jur < hi and c.jur_end > lo and duty && int8range(c.jur, c.jur_end)
       and (p_campaign is null or p_campaign in (c.id::text, c.code))
     order by c.id desc limit 1;
    select planned.no into find_scope.round_no from (
        select r.no, r.starts_on is null or r.starts_on <= p_today as begun from round r
         where r.campaign_id = find_scope.campaign_id
           and r.jur < hi and r.jur_end > lo and duty && int8range(r.jur, r.jur_end)
           and (p_round is null or p_round = r.no::text)) planned
     order by planned.begun desc, case when planned.begun then -planned.no else planned.no end limit 1;
    if find_scope.round_no is null then return; end if;
    select coalesce(sum(v.version), 0), count(*) into find_scope.version, find_scope.areas from map_version v
     where v.campaign_id in (0, find_scope.campaign_id)
       and v.round_no = case when v.campaign_id = 0 then 0 else find_scope.round_no end
       and v.jur >= lo and v.jur < hi and duty @> v.jur;
    -- What is not folded in yet counts as well: its rows grow in number until the version grows instead.
    select concat(count(*), ':', max(s.id)) into find_scope.changes from standing_change s
     where s.campaign_id = find_scope.campaign_id and s.round_no = find_scope.round_no
       and s.jur >= lo and s.jur < hi and duty @> s.jur;
end $$;
revoke all on function sec.find_scope(text, text, date) from public;
grant execute on function sec.find_scope(text, text, date) to fangtu_app;
