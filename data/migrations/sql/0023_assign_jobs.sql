-- Large rounds are shared out by the background program.
alter table public.job drop constraint ck_job_kind;
alter table public.job add constraint ck_job_kind
    check (kind in ('preview', 'trial', 'import', 'undo', 'place', 'edit', 'plan', 'assign'));

-- Batches of before plans had versions: their campaigns got a first version by an upgrade, which no batch knew of and
-- which therefore kept them from being taken back. It goes with the campaign now, unless it was changed since.
do $$
declare columns text;
begin
    select string_agg('v.' || quote_ident(attname), ', ' order by attnum) into columns
      from pg_attribute
     where attrelid = 'public.campaign_version'::regclass and attnum > 0 and not attisdropped and attgenerated = ''
       and attname not in ('revision', 'updated_at');
    execute format($q$
        insert into batch_change (batch_id, table_name, row_key, act, before, after_hash)
        select c.batch_id, 'campaign_version', v.campaign_id || ':' || v.no, 'insert', null,
               sha256(convert_to(row(%s)::text, 'UTF8'))
          from batch_change c join campaign_version v on v.campaign_id::text = c.row_key and v.no = 1
         where c.table_name = 'campaign' and c.before is null and v.made_by is null
        on conflict do nothing$q$, columns);
end $$;
