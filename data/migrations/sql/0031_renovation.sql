-- Renovation (改造) from found to lived in, and its money. What happened to a site is a row of site_gate that nobody
-- changes or removes; the site itself shows where that has led. The database guards what must hold whoever writes:
-- gates in their order, no payment before acceptance, none above what the household is entitled to, none twice.

-- 1. Sites: more methods and gates, a state beside the stage, the year of the plan.

alter table public.renovation_site drop constraint ck_renovation_site_method;
alter table public.renovation_site add constraint ck_renovation_site_method check (method in
    ('repair', 'rebuild', 'rebuild_elsewhere', 'new', 'turn_key', 'public_rental', 'swap', 'rent_subsidy'));
alter table public.renovation_site drop constraint ck_renovation_site_stage;
alter table public.renovation_site add constraint ck_renovation_site_stage check (stage in
    ('found', 'appraised', 'compared', 'reviewed', 'approved', 'agreed', 'started', 'foundation', 'completed', 'accepted',
     'paid', 'moved_in', 'looked_back'));
alter table public.renovation_site add column state text default 'open' not null;
alter table public.renovation_site add constraint ck_renovation_site_state
    check (state in ('open', 'rejected', 'withdrawn'));
alter table public.renovation_site add column stage_on date;
alter table public.renovation_site add column year smallint;
alter table public.renovation_site add column responsible text;
alter table public.renovation_site add column method_reason text;
alter table public.renovation_site add column entitled_fen bigint;
alter table public.renovation_site add constraint ck_renovation_site_entitled_fen check (entitled_fen >= 0);
alter table public.renovation_site add column revision integer default 1 not null;
create index ix_renovation_site_jur_stage on public.renovation_site (jur, stage, state);

-- The gates of a method in their order. A repair has no foundation of its own; where nothing is built (public rental,
-- swap, rent subsidy), the gates of building are left out.
create function public.gates_of(p_method text) returns text[]
    language sql immutable parallel safe
    return case
        when p_method = 'repair' then array['found', 'appraised', 'compared', 'reviewed', 'approved', 'agreed', 'started',
            'completed', 'accepted', 'paid', 'moved_in', 'looked_back']
        when p_method in ('public_rental', 'swap', 'rent_subsidy') then array['found', 'appraised', 'compared', 'reviewed',
            'approved', 'agreed', 'accepted', 'paid', 'moved_in', 'looked_back']
        else array['found', 'appraised', 'compared', 'reviewed', 'approved', 'agreed', 'started', 'foundation',
            'completed', 'accepted', 'paid', 'moved_in', 'looked_back']
    end;

update public.renovation_site set
    stage_on = case stage when 'approved' then approved_on when 'started' then started_on when 'completed' then completed_on
                          when 'accepted' then accepted_on when 'paid' then paid_on end,
    year = extract(year from coalesce(approved_on, started_on, completed_on, accepted_on, paid_on));

-- Sites from files carry the days of some stages; the day of the stage they stand at, and the year of the plan, are known
-- from these unless something else is said.
create function public.site_dated() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    -- Moved by a gate: the gate has said the day.
    if pg_trigger_depth() = 1 and not exists (select 1 from site_gate g where g.site_id = new.id) then
        new.stage_on := case new.stage when 'approved' then new.approved_on when 'started' then new.started_on
            when 'completed' then new.completed_on when 'accepted' then new.accepted_on when 'paid' then new.paid_on end;
    end if;
    new.year := coalesce(new.year, extract(year from coalesce(new.approved_on, new.started_on, new.completed_on,
                                                              new.accepted_on, new.paid_on)));
    return new;
end $$;

-- As in 0014: a house that was moved into or looked back at is renovated; agreements and foundations lie between.
create or replace function public.renovated_in(p_rule text, p_since date, p_until date, out household_id bigint)
    returns setof bigint
    language sql stable parallel safe
    begin atomic
        select s.household_id from renovation_site s
        cross join lateral (select
            least(s.completed_on, s.accepted_on, s.paid_on) as done_on,
            least(s.approved_on, s.started_on, s.completed_on, s.accepted_on, s.paid_on) as begun_on) d
        where s.household_id is not null and case p_rule
            when 'renovated' then s.stage in ('completed', 'accepted', 'paid', 'moved_in', 'looked_back')
                and (d.done_on is null or (coalesce(d.done_on >= p_since, true) and coalesce(d.done_on < p_until, true)))
            when 'new_renovation' then s.stage in ('approved', 'agreed', 'started', 'foundation', 'completed', 'accepted',
                                                   'paid', 'moved_in', 'looked_back')
                and case when d.begun_on is null then s.stage in ('approved', 'agreed', 'started', 'foundation')
                         else coalesce(d.begun_on >= p_since, true) and coalesce(d.begun_on < p_until, true) end
            else false end;
    end;

-- 2. What happened at the gates.

create table public.site_gate (
    id bigint generated by default as identity,
    site_id bigint not null,
    jur bigint not null,
    no integer not null,
    act text not null,
    gate text not null,
    on_day date not null,
    reason text,
    note text,
    household_present boolean,
    account_id bigint,
    at timestamptz default clock_timestamp() not null,
    uid uuid,
    constraint pk_site_gate primary key (id),
    constraint uq_site_gate_site_id_no unique (site_id, no),
    constraint uq_site_gate_uid unique (uid),
    constraint ck_site_gate_act check (act in ('passed', 'rejected', 'withdrawn', 'resumed', 'returned')),
    constraint ck_site_gate_reason check (act = 'passed' or reason is not null),
    constraint fk_site_gate_site_id_jur foreign key (site_id, jur) references public.renovation_site (id, jur)
        on update cascade deferrable initially deferred,
    constraint fk_site_gate_account_id foreign key (account_id) references public.account (id)
);
create index ix_site_gate_jur on public.site_gate (jur, on_day);

-- 3. The plan of a year (年度计划): how many households of which class with how much, by township, and its deadlines.

create table public.renovation_plan (
    id bigint generated by default as identity,
    area_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    year smallint not null,
    name text not null,
    pay_within_days smallint default 30 not null,
    complete_by date,
    source text,
    revision integer default 1 not null,
    account_id bigint,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_renovation_plan primary key (id),
    constraint uq_renovation_plan_area_id_year unique (area_id, year),
    constraint ck_renovation_plan_range check (jur < jur_end),
    constraint ck_renovation_plan_year check (year between 2000 and 2100),
    constraint ck_renovation_plan_pay_within_days check (pay_within_days between 1 and 3650),
    constraint fk_renovation_plan_area_id foreign key (area_id) references public.area (id),
    constraint fk_renovation_plan_account_id foreign key (account_id) references public.account (id)
);
create index ix_renovation_plan_jur on public.renovation_plan (jur);

create table public.renovation_plan_line (
    plan_id bigint not null,
    no integer not null,
    grade text not null,
    jur bigint not null,
    jur_end bigint not null,
    area_id bigint,
    stated_area text not null,
    households integer not null,
    fen bigint not null,
    constraint pk_renovation_plan_line primary key (plan_id, no, grade),
    constraint ck_renovation_plan_line_grade check (grade in ('C', 'D', 'none')),
    constraint ck_renovation_plan_line_amounts check (households >= 0 and fen >= 0),
    constraint fk_renovation_plan_line_plan_id foreign key (plan_id) references public.renovation_plan (id) on delete cascade,
    constraint fk_renovation_plan_line_area_id foreign key (area_id) references public.area (id)
);
create index ix_renovation_plan_line_area_id on public.renovation_plan_line (area_id);

-- 4. Money. Whole fen throughout.

create table public.funding (
    id bigint generated by default as identity,
    area_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    year smallint not null,
    source text not null,
    document text,
    received_on date not null,
    fen bigint not null,
    remark text,
    account_id bigint,
    created_at timestamptz default now() not null,
    cancelled_at timestamptz,
    cancel_reason text,
    constraint pk_funding primary key (id),
    constraint ck_funding_range check (jur < jur_end),
    constraint ck_funding_source check (source in ('central', 'province', 'city', 'county', 'other')),
    constraint ck_funding_fen check (fen > 0 and fen < 1000000000000000),
    constraint ck_funding_cancelled check ((cancelled_at is null) = (cancel_reason is null)),
    constraint fk_funding_area_id foreign key (area_id) references public.area (id),
    constraint fk_funding_account_id foreign key (account_id) references public.account (id)
);
create index ix_funding_jur on public.funding (jur, year);
create index ix_funding_area_id on public.funding (area_id);

create table public.subsidy_rate (
    id bigint generated by default as identity,
    area_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    year smallint not null,
    grade text not null,
    method text not null,
    aid_group text default '' not null,
    fen bigint not null,
    source text not null,
    account_id bigint,
    created_at timestamptz default now() not null,
    ended_at timestamptz,
    constraint pk_subsidy_rate primary key (id),
    constraint ck_subsidy_rate_range check (jur < jur_end),
    constraint ck_subsidy_rate_grade check (grade in ('A', 'B', 'C', 'D', 'none')),
    constraint ck_subsidy_rate_fen check (fen >= 0 and fen < 1000000000000),
    constraint fk_subsidy_rate_area_id foreign key (area_id) references public.area (id),
    constraint fk_subsidy_rate_account_id foreign key (account_id) references public.account (id)
);
create unique index uq_subsidy_rate_area_id on public.subsidy_rate (area_id, year, grade, method, aid_group)
    where ended_at is null;
create index ix_subsidy_rate_jur on public.subsidy_rate (jur, year);

create table public.entitlement (
    id bigint generated by default as identity,
    site_id bigint not null,
    jur bigint not null,
    fen bigint not null,
    rate_id bigint,
    reason text,
    account_id bigint,
    at timestamptz default clock_timestamp() not null,
    constraint pk_entitlement primary key (id),
    constraint ck_entitlement_fen check (fen >= 0 and fen < 1000000000000),
    constraint ck_entitlement_reason check (rate_id is not null or reason is not null),
    constraint fk_entitlement_site_id_jur foreign key (site_id, jur) references public.renovation_site (id, jur)
        on update cascade deferrable initially deferred,
    constraint fk_entitlement_rate_id foreign key (rate_id) references public.subsidy_rate (id),
    constraint fk_entitlement_account_id foreign key (account_id) references public.account (id)
);
create index ix_entitlement_site_id on public.entitlement (site_id);

create table public.payment_batch (
    id bigint generated by default as identity,
    area_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    year smallint not null,
    name text not null,
    state text default 'draft' not null,
    sent_on date,
    revision integer default 1 not null,
    account_id bigint,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_payment_batch primary key (id),
    constraint uq_payment_batch_area_id_year_name unique (area_id, year, name),
    constraint ck_payment_batch_range check (jur < jur_end),
    constraint ck_payment_batch_state check (state in ('draft', 'sent', 'settled', 'cancelled')),
    constraint ck_payment_batch_sent check (state in ('draft', 'cancelled') or sent_on is not null),
    constraint fk_payment_batch_area_id foreign key (area_id) references public.area (id),
    constraint fk_payment_batch_account_id foreign key (account_id) references public.account (id)
);
create index ix_payment_batch_jur on public.payment_batch (jur, year);

create table public.payment (
    id bigint generated by default as identity,
    batch_id bigint not null,
    line_no integer not null,
    site_id bigint not null,
    jur bigint not null,
    fen bigint not null,
    state text default 'listed' not null,
    payee text,
    card_sealed bytea,
    card_index bytea,
    paid_on date,
    failure text,
    account_id bigint,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_payment primary key (id),
    constraint uq_payment_batch_id_line_no unique (batch_id, line_no),
    constraint ck_payment_state check (state in ('listed', 'sent', 'paid', 'failed', 'cancelled')),
    constraint ck_payment_fen check (fen > 0 and fen < 1000000000000),
    constraint ck_payment_paid check ((state = 'paid') = (paid_on is not null)),
    constraint ck_payment_failed check (state <> 'failed' or failure is not null),
    constraint fk_payment_batch_id foreign key (batch_id) references public.payment_batch (id),
    constraint fk_payment_site_id_jur foreign key (site_id, jur) references public.renovation_site (id, jur)
        on update cascade deferrable initially deferred,
    constraint fk_payment_account_id foreign key (account_id) references public.account (id)
);
-- One payment of a site is under way at a time.
create unique index uq_payment_site_id on public.payment (site_id) where state in ('listed', 'sent');
create index ix_payment_site on public.payment (site_id);
create index ix_payment_jur on public.payment (jur, state);

-- What the bank sent back (银行回盘), whole, row by row with what became of it.
create table public.bank_return (
    id bigint generated by default as identity,
    batch_id bigint not null,
    jur bigint not null,
    jur_end bigint not null,
    name text not null,
    sha256 bytea not null,
    counts jsonb not null,
    account_id bigint,
    at timestamptz default now() not null,
    constraint pk_bank_return primary key (id),
    constraint uq_bank_return_batch_id_sha256 unique (batch_id, sha256),
    constraint ck_bank_return_range check (jur < jur_end),
    constraint fk_bank_return_batch_id foreign key (batch_id) references public.payment_batch (id),
    constraint fk_bank_return_account_id foreign key (account_id) references public.account (id)
);
create table public.bank_return_row (
    return_id bigint not null,
    no integer not null,
    jur bigint not null,
    jur_end bigint not null,
    reference text,
    fen bigint,
    outcome text not null,
    payment_id bigint,
    why text,
    constraint pk_bank_return_row primary key (return_id, no),
    constraint ck_bank_return_row_range check (jur < jur_end),
    constraint ck_bank_return_row_outcome check
        (outcome in ('paid', 'failed', 'already', 'contrary', 'unknown', 'double', 'contradiction', 'amount', 'other_batch',
             'unreadable')),
    constraint fk_bank_return_row_return_id foreign key (return_id) references public.bank_return (id) on delete cascade,
    constraint fk_bank_return_row_payment_id foreign key (payment_id) references public.payment (id)
);
create index ix_bank_return_row_payment_id on public.bank_return_row (payment_id);

-- 5. Inspections of quality on the site (质量巡查) and orders to mend (整改督办单).
create table public.site_inspection (
    id bigint generated by default as identity,
    site_id bigint not null,
    jur bigint not null,
    on_day date not null,
    inspector text not null,
    findings text not null,
    order_text text,
    due_on date,
    mended_on date,
    mended_note text,
    revision integer default 1 not null,
    account_id bigint,
    created_at timestamptz default now() not null,
    updated_at timestamptz default now() not null,
    constraint pk_site_inspection primary key (id),
    constraint ck_site_inspection_order check ((order_text is null) = (due_on is null)),
    constraint ck_site_inspection_mended check (mended_on is null or (order_text is not null and mended_note is not null)),
    constraint fk_site_inspection_site_id_jur foreign key (site_id, jur) references public.renovation_site (id, jur)
        on update cascade deferrable initially deferred,
    constraint fk_site_inspection_account_id foreign key (account_id) references public.account (id)
);
create index ix_site_inspection_site_id on public.site_inspection (site_id);
create index ix_site_inspection_open on public.site_inspection (jur, due_on) where order_text is not null and mended_on is null;

-- 6. Guards.

create trigger site_dated before insert or update on public.renovation_site
    for each row execute function public.site_dated();

-- A site that has passed a gate by hand is moved by gates alone, and what it is entitled to is said by an entitlement.
create function public.site_guarded() returns trigger
    language plpgsql set search_path = pg_catalog, public as $$
begin
    if current_user <> 'fangtu_app' then return new; end if;
    if tg_op = 'INSERT' then
        if new.entitled_fen is not null or new.state <> 'open' then
            raise exception 'a site begins open, without money' using errcode = 'check_violation';
        end if;
        return new;
    end if;
    if (new.stage, new.state, new.stage_on, new.entitled_fen, new.approved_on, new.started_on, new.completed_on,
            new.accepted_on, new.paid_on)
           is distinct from
           (old.stage, old.state, old.stage_on, old.entitled_fen, old.approved_on, old.started_on, old.completed_on,
            old.accepted_on, old.paid_on)
       and (exists (select 1 from site_gate g where g.site_id = old.id)
            or new.entitled_fen is distinct from old.entitled_fen or new.state is distinct from old.state) then
        raise exception 'a site is moved by its gates' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger site_guarded before insert or update on public.renovation_site for each row execute function public.site_guarded();

create function public.site_gate_judged() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare s renovation_site; chain text[]; stands integer; wanted integer; latest date; paid bigint; under_way boolean;
begin
    select * into s from renovation_site where id = new.site_id and jur = new.jur for update;
    if not found then raise exception 'no such site' using errcode = 'foreign_key_violation'; end if;
    chain := gates_of(s.method);
    stands := coalesce(array_position(chain, s.stage), 1);
    wanted := array_position(chain, new.gate);
    if wanted is null then raise exception 'no gate of this method' using errcode = 'check_violation'; end if;
    select max(on_day) into latest from site_gate where site_id = new.site_id;
    latest := greatest(latest, s.stage_on);
    if new.on_day < latest then raise exception 'days go backwards' using errcode = 'check_violation'; end if;
    if new.on_day > day_of_change() then raise exception 'a day to come' using errcode = 'check_violation'; end if;
    select coalesce(sum(fen) filter (where state = 'paid'), 0), coalesce(bool_or(state in ('listed', 'sent')), false)
      into paid, under_way from payment where site_id = new.site_id;
    if new.act = 'resumed' then
        if s.state = 'open' then raise exception 'nothing to resume' using errcode = 'check_violation'; end if;
    elsif s.state <> 'open' then
        raise exception 'the site is closed' using errcode = 'check_violation';
    end if;
    if new.act = 'passed' then
        if wanted <> stands + 1 and not (stands = 1 and wanted = 1 and s.stage = 'found' and latest is null) then
            raise exception 'gates are passed in their order' using errcode = 'check_violation';
        end if;
        if new.gate = 'paid' and (s.entitled_fen is null or paid < s.entitled_fen) then
            raise exception 'not all is paid' using errcode = 'check_violation';
        end if;
    elsif new.act in ('rejected', 'withdrawn') then
        if wanted <> least(stands + 1, cardinality(chain)) then
            raise exception 'rejected at the next gate alone' using errcode = 'check_violation';
        end if;
    elsif new.act = 'returned' then
        if wanted >= stands then raise exception 'returned to an earlier gate' using errcode = 'check_violation'; end if;
    end if;
    -- Where money has gone or is on its way, a site does not fall back behind its acceptance.
    if (paid > 0 or under_way) and (new.act in ('rejected', 'withdrawn')
        or (new.act = 'returned' and wanted < array_position(chain, 'accepted'))) then
        raise exception 'money is paid or on its way' using errcode = 'check_violation';
    end if;
    new.no := coalesce((select max(no) from site_gate where site_id = new.site_id), 0) + 1;
    new.at := clock_timestamp();
    if new.act in ('passed', 'returned') then
        update renovation_site set stage = new.gate, stage_on = new.on_day,
               approved_on = case when new.gate = 'approved' then new.on_day
                                  when wanted < array_position(chain, 'approved') then null else approved_on end,
               started_on = case when new.gate = 'started' then new.on_day
                                 when wanted < coalesce(array_position(chain, 'started'), 0) then null else started_on end,
               completed_on = case when new.gate = 'completed' then new.on_day
                                   when wanted < coalesce(array_position(chain, 'completed'), 0) then null
                                   else completed_on end,
               accepted_on = case when new.gate = 'accepted' then new.on_day
                                  when wanted < array_position(chain, 'accepted') then null else accepted_on end,
               paid_on = case when new.gate = 'paid' then new.on_day
                              when wanted < array_position(chain, 'paid') then null else paid_on end,
               revision = revision + 1, updated_at = now()
         where id = s.id;
    else
        update renovation_site
           set state = case new.act when 'rejected' then 'rejected' when 'withdrawn' then 'withdrawn' else 'open' end,
               revision = revision + 1, updated_at = now()
         where id = s.id;
    end if;
    return new;
end $$;
create trigger site_gate_judged before insert on public.site_gate for each row execute function public.site_gate_judged();

create function public.entitlement_judged() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare gone bigint;
begin
    perform 1 from renovation_site where id = new.site_id and jur = new.jur for update;
    if not found then raise exception 'no such site' using errcode = 'foreign_key_violation'; end if;
    select coalesce(sum(fen), 0) into gone from payment where site_id = new.site_id and state in ('listed', 'sent', 'paid');
    if new.fen < gone then
        raise exception 'less than is paid or on its way' using errcode = 'check_violation';
    end if;
    new.at := clock_timestamp();
    update renovation_site set entitled_fen = new.fen, revision = revision + 1, updated_at = now() where id = new.site_id;
    return new;
end $$;
create trigger entitlement_judged before insert on public.entitlement
    for each row execute function public.entitlement_judged();

create function public.payment_judged() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
declare s renovation_site; chain text[]; b payment_batch; gone bigint;
begin
    if tg_op = 'UPDATE' then
        if (new.batch_id, new.line_no, new.site_id, new.fen) is distinct from (old.batch_id, old.line_no, old.site_id, old.fen)
           or (new.state <> old.state and (old.state, new.state) not in
               (('listed', 'sent'), ('listed', 'cancelled'), ('sent', 'paid'), ('sent', 'failed'))) then
            raise exception 'a payment goes from listed over sent to paid or failed' using errcode = 'check_violation';
        end if;
        return new;
    end if;
    select * into s from renovation_site where id = new.site_id and jur = new.jur for update;
    if not found then raise exception 'no such site' using errcode = 'foreign_key_violation'; end if;
    select * into b from payment_batch where id = new.batch_id for update;
    if b.id is null or b.state <> 'draft' or new.state <> 'listed' or s.jur < b.jur or s.jur >= b.jur_end then
        raise exception 'not a line of this batch' using errcode = 'check_violation';
    end if;
    chain := gates_of(s.method);
    if s.state <> 'open'
       or coalesce(array_position(chain, s.stage), 0) < array_position(chain, 'accepted') then
        raise exception 'no payment before acceptance' using errcode = 'check_violation';
    end if;
    select coalesce(sum(fen), 0) into gone from payment where site_id = new.site_id and state in ('listed', 'sent', 'paid');
    if s.entitled_fen is null or gone + new.fen > s.entitled_fen then
        raise exception 'more than the household is entitled to' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger payment_judged before insert or update on public.payment
    for each row execute function public.payment_judged();

-- 7. Who sees and writes what.

do $$
declare t text;
begin
    foreach t in array array['site_gate', 'entitlement', 'payment', 'site_inspection', 'renovation_plan',
        'renovation_plan_line', 'funding', 'subsidy_rate', 'payment_batch', 'bank_return', 'bank_return_row'] loop
        execute format('alter table public.%I enable row level security', t);
        execute format('alter table public.%I force row level security', t);
        execute format('create policy owner_all on public.%I to fangtu_owner using (true) with check (true)', t);
        execute format('grant select, insert on public.%I to fangtu_app', t);
    end loop;
    -- Of a site: all of the place see how far it is; money is not for inspectors.
    foreach t in array array['site_gate', 'site_inspection', 'entitlement', 'payment'] loop
        execute format($p$create policy in_duty_read on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur < (select sec.hi()) and (select sec.duty()) @> jur
                   %s)$p$, t,
            case when t in ('entitlement', 'payment') then 'and (select sec.role()) in (''supervisor'', ''leader'', ''admin'')'
                 else '' end);
        execute format($p$create policy in_duty_add on public.%I for insert to fangtu_app
            with check ((select sec.duty()) @> jur and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
    end loop;
    foreach t in array array['site_inspection', 'payment'] loop
        execute format($p$create policy in_duty_change on public.%I for update to fangtu_app
            using ((select sec.duty()) @> jur and (select sec.role()) in ('supervisor', 'admin'))
            with check ((select sec.duty()) @> jur and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
    end loop;
    -- Of a whole area: those who answer for all of it.
    foreach t in array array['funding', 'payment_batch', 'bank_return', 'bank_return_row', 'renovation_plan_line'] loop
        execute format($p$create policy within_duty on public.%I for select to fangtu_app
            using (jur >= (select sec.lo()) and jur_end <= (select sec.hi()) and (select sec.duty()) @> int8range(jur, jur_end)
                   and (select sec.role()) in ('supervisor', 'leader', 'admin'))$p$, t);
        execute format($p$create policy within_duty_add on public.%I for insert to fangtu_app
            with check ((select sec.duty()) @> int8range(jur, jur_end) and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
    end loop;
    -- Plans and rates hold for those inside them as well: a township reads what its county has set.
    foreach t in array array['renovation_plan', 'subsidy_rate'] loop
        execute format($p$create policy overlaps_duty on public.%I for select to fangtu_app
            using (jur < (select sec.hi()) and jur_end > (select sec.lo()) and (select sec.duty()) && int8range(jur, jur_end)
                   and (select sec.role()) in ('supervisor', 'leader', 'admin'))$p$, t);
        execute format($p$create policy within_duty_add on public.%I for insert to fangtu_app
            with check ((select sec.duty()) @> int8range(jur, jur_end) and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
    end loop;
    foreach t in array array['funding', 'payment_batch', 'renovation_plan', 'subsidy_rate'] loop
        execute format($p$create policy within_duty_change on public.%I for update to fangtu_app
            using ((select sec.duty()) @> int8range(jur, jur_end) and (select sec.role()) in ('supervisor', 'admin'))
            with check ((select sec.duty()) @> int8range(jur, jur_end) and (select sec.role()) in ('supervisor', 'admin'))$p$, t);
    end loop;
end $$;
grant update (mended_on, mended_note, revision, updated_at) on public.site_inspection to fangtu_app;
grant update (state, payee, card_sealed, card_index, paid_on, failure, updated_at) on public.payment to fangtu_app;
grant update (cancelled_at, cancel_reason) on public.funding to fangtu_app;
grant update (state, sent_on, revision, updated_at) on public.payment_batch to fangtu_app;
grant update (name, pay_within_days, complete_by, source, revision, updated_at) on public.renovation_plan to fangtu_app;
grant update (ended_at) on public.subsidy_rate to fangtu_app;
create policy within_duty_remove on public.renovation_plan_line for delete to fangtu_app
    using ((select sec.duty()) @> int8range(jur, jur_end) and (select sec.role()) in ('supervisor', 'admin'));
grant delete on public.renovation_plan_line to fangtu_app;
grant execute on function public.gates_of(text) to fangtu_app;
