-- Row-level security on every table, for the owner too: the owner has a policy of its own, the application's role
-- sees rows inside the asking account's area of duty and nothing without a session. Bounds are compared as bigint,
-- which is leakproof, so that (morton, jur) indexes still serve tiles; the multirange then settles several duties.

do $$
declare t text;
begin
    foreach t in array array['area', 'area_alias', 'grid', 'household', 'house', 'appraisal', 'renovation_site',
        'campaign', 'round', 'visit', 'attachment', 'standing', 'coverage', 'batch', 'batch_problem', 'base_feature',
        'account', 'duty', 'session', 'login_attempt', 'audit'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
    end loop;

    -- Records of a place: inside the area of duty.
    foreach t in array array['household', 'house', 'appraisal', 'renovation_site', 'visit', 'attachment', 'standing',
        'coverage'] loop
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;
    foreach t in array array['household', 'house', 'appraisal', 'renovation_site', 'visit', 'attachment'] loop
        execute format($p$create policy in_duty_add on public.%I for insert to fangtu_app
            with check (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format($p$create policy in_duty_change on public.%I for update to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)
            with check (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur)$p$, t);
        execute format('grant insert, update on public.%I to fangtu_app', t);
    end loop;

    -- Areas and what is set for an area: those that overlap the duty, so that a village knows its township's name.
    foreach t in array array['area', 'area_alias', 'grid', 'campaign', 'round'] loop
        execute format($p$create policy overlaps_duty on public.%I for select to fangtu_app
            using (jur < (select sec.hi()) and jur_end > (select sec.lo())
                   and (select sec.duty()) && int8range(jur, jur_end))$p$, t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;

    -- Batches speak of a whole area: only for those who answer for all of it.
    foreach t in array array['batch', 'batch_problem'] loop
        execute format($p$create policy within_duty on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur_end <= (select sec.hi())
                   and (select sec.duty()) @> int8range(jur, jur_end)
                   and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
        execute format('grant select on public.%I to fangtu_app', t);
    end loop;
end $$;

create policy signed_in on public.base_feature for select to fangtu_app using ((select sec.account_id()) is not null);
grant select on public.base_feature to fangtu_app;

create policy own_or_administered on public.account for select to fangtu_app using (
    id = (select sec.account_id())
    or ((select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end)));
create policy administered_add on public.account for insert to fangtu_app with check (
    (select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end));
create policy administered_change on public.account for update to fangtu_app
    using ((select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end))
    with check ((select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end));
grant select (id, username, full_name, role, password_changed_at, demo, disabled_at, language, jur, jur_end, created_at,
    updated_at), insert, update on public.account to fangtu_app;

create policy own_or_administered on public.duty for select to fangtu_app using (
    account_id = (select sec.account_id())
    or ((select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end)));
create policy administered_add on public.duty for insert to fangtu_app with check (
    (select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end)
    and exists (select 1 from public.account a where a.id = account_id));
create policy administered_remove on public.duty for delete to fangtu_app using (
    (select sec.role()) = 'admin' and (select sec.duty()) @> int8range(jur, jur_end));
grant select, insert, delete on public.duty to fangtu_app;

create policy own on public.session for select to fangtu_app using (account_id = (select sec.account_id()));
grant select on public.session to fangtu_app;

create policy own_acts on public.audit for insert to fangtu_app with check (account_id = (select sec.account_id()));
create policy administered on public.audit for select to fangtu_app using (
    (select sec.role()) = 'admin' and jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur);
grant insert, select on public.audit to fangtu_app;

grant usage on schema sec to fangtu_app;
revoke all on all functions in schema sec from public;
grant execute on all functions in schema sec to fangtu_app;
grant select on public.eligible, public.visit_facts to fangtu_app;
revoke execute on function public.refresh_standing(bigint[], smallint[], bigint[]),
    public.add_coverage(bigint[], smallint[], bigint[], bigint[], smallint[], integer[]) from public;
