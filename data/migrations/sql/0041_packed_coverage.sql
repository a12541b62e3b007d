-- Reading the coverage of ten thousand grids is mostly handing over: twelve numbers a row, and the names of the grids anew
-- each time although boundaries change once a month.

-- The counts of a place as one value of 56 bytes: jurisdiction number and settlement (8 bytes each), then eligible, visited
-- and by status (4 bytes each). The database makes it of the columns, so that it cannot differ from them.
create function public.packed_counts(
    jur bigint, group_id bigint, eligible integer, visited integer, unvisited integer, home integer, remote integer,
    nobody_home integer, refused integer, long_away integer, suspect integer, other integer) returns bytea
    language sql immutable parallel safe
    return int8send(jur) || int8send(group_id) || int4send(eligible) || int4send(visited) || int4send(unvisited)
        || int4send(home) || int4send(remote) || int4send(nobody_home) || int4send(refused) || int4send(long_away)
        || int4send(suspect) || int4send(other);

alter table public.coverage_folded add column packed bytea not null generated always as (packed_counts(
    jur, group_id, eligible, visited, unvisited, home, remote, nobody_home, refused, long_away, suspect, other)) stored;

-- As the view coverage: rows to be summed.
create view public.coverage_packed with (security_invoker = true) as
    select campaign_id, round_no, jur, packed from coverage_folded
    union all
    select campaign_id, round_no, jur,
           packed_counts(jur, group_id, n::integer, case when status in (1, 2, 6) then n else 0 end::integer,
                         case when status = 0 then n else 0 end::integer, case when status = 1 then n else 0 end::integer,
                         case when status = 2 then n else 0 end::integer, case when status = 3 then n else 0 end::integer,
                         case when status = 4 then n else 0 end::integer, case when status = 5 then n else 0 end::integer,
                         case when status = 6 then n else 0 end::integer, case when status = 7 then n else 0 end::integer)
    from standing_change;
grant select on public.coverage_packed to fangtu_app;
grant execute on function public.packed_counts(bigint, bigint, integer, integer, integer, integer, integer, integer,
    integer, integer, integer, integer) to fangtu_app;

-- One row whose number grows with every statement that changes an area or a grid: what a process keeps of them in memory
-- holds while it stays. It is changed in the transaction of the change, so nobody sees one without the other.
create table public.area_version (
    one boolean not null default true,
    version bigint not null,
    constraint pk_area_version primary key (one),
    constraint ck_area_version_one check (one)
);
insert into public.area_version (version) values (1);
alter table public.area_version enable row level security;
alter table public.area_version force row level security;
create policy owner_all on public.area_version to fangtu_owner using (true) with check (true);
-- It tells whoever is signed in nothing but that a boundary or a name changed somewhere, and is shown to nobody.
create policy signed_in_read on public.area_version for select to fangtu_app using ((select sec.hi()) is not null);
grant select on public.area_version to fangtu_app;

create function public.areas_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, public as $$
begin
    update area_version set version = version + 1;
    return null;
end $$;
create trigger area_version after insert or update or delete or truncate on public.area
    for each statement execute function public.areas_changed();
create trigger grid_version after insert or update or delete or truncate on public.grid
    for each statement execute function public.areas_changed();
