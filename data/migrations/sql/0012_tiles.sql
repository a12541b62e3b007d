-- What a tile asks before it is made or taken from memory, in one statement: who asks (as sec.enter and
-- sec.enter_unseen say it, each time), which round is meant and the version of what is shown of it.
--
-- p_known is the snapshot of an earlier answer to the same question. Where the present one is equal nothing has been
-- committed since, so round and version are those told then and are left out: adding up the versions of a county takes
-- longer than all the rest. The snapshot is taken before the version is read, which is then at least as new.
create function sec.open_map(p_token text, p_seen boolean, p_campaign text, p_round text, p_today date, p_known text,
                             out account_id bigint, out role text, out duty int8multirange, out known text,
                             out campaign_id bigint, out round_no smallint, out version numeric, out areas bigint,
                             out changes text)
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    if p_seen then
        select e.account_id, e.role, e.duty into open_map.account_id, open_map.role, open_map.duty
          from sec.enter(p_token) e;
    else
        select e.account_id, e.role, e.duty into open_map.account_id, open_map.role, open_map.duty
          from sec.enter_unseen(p_token) e;
    end if;
    if open_map.account_id is null then return; end if;
    open_map.known := pg_current_snapshot()::text;
    if open_map.known is distinct from p_known then
        select s.campaign_id, s.round_no, s.version, s.areas, s.changes
          into open_map.campaign_id, open_map.round_no, open_map.version, open_map.areas, open_map.changes
          from sec.find_scope(p_campaign, p_round, p_today) s;
    end if;
end $$;
revoke all on function sec.open_map(text, boolean, text, text, date, text) from public;
grant execute on function sec.open_map(text, boolean, text, text, date, text) to fangtu_app;
