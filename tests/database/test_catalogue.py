"""What the database's own catalogue says: every table guarded, every view and function safe, tables as in the code."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.tables import Base

# Tables of extensions and of the migration tool, which hold no record.
FOREIGN = ("spatial_ref_sys", "alembic_version")


def test_every_table_forces_row_level_security(owner: Session) -> None:
    open_tables = owner.scalars(
        text("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and n.nspname in ('public', 'sec') and not c.relname = any (:foreign)
              and not (c.relrowsecurity and c.relforcerowsecurity)"""),
        {"foreign": list(FOREIGN)},
    ).all()
    assert open_tables == []


def test_every_table_the_application_reads_has_a_policy_for_it(owner: Session) -> None:
    unguarded = owner.scalars(
        text("""
            select distinct g.table_name from information_schema.role_table_grants g
            join pg_class c on c.relname = g.table_name and c.relkind = 'r'
            where g.grantee = 'fangtu_app' and not exists (
                select 1 from pg_policies p where p.tablename = g.table_name and 'fangtu_app' = any (p.roles)
                  and (p.cmd = g.privilege_type or p.cmd = 'ALL'))""")
    ).all()
    assert unguarded == []


def test_no_policy_lets_everything_through_to_the_application(owner: Session) -> None:
    wide = owner.scalars(
        text(
            "select tablename from pg_policies where 'fangtu_app' = any (roles) and coalesce(qual, with_check) = 'true'"
        )
    ).all()
    assert wide == []


def test_policies_to_read_by_ask_a_duty_for_each_row_only_if_it_is_in_parts(owner: Session) -> None:
    policies = dict(
        owner.execute(
            text("""
                select tablename || ' ' || policyname, regexp_replace(qual, '\\s+', ' ', 'g') from pg_policies
                 where cmd = 'SELECT' and 'fangtu_app' = any (roles)""")
        )
        .tuples()
        .all()
    )
    lo, hi, duty = (f"( SELECT sec.{name}() AS {name})" for name in ("lo", "hi", "duty"))
    each_row = (
        f"(jur >= {lo}) AND (jur < {hi}) AND ({duty} @> jur)",
        f"(jur < {hi}) AND (jur_end > {lo}) AND ({duty} && int8range(jur, jur_end))",
    )
    assert [name for name, condition in policies.items() if any(part in condition for part in each_row)] == []
    sooner = "( SELECT sec.one_range() AS one_range) OR"
    assert sum(sooner in condition for condition in policies.values()) > 60
    # Its bounds are those of a pack that overlaps the duty; a whole one has to lie in it.
    assert sooner not in policies["pack of_a_village_in_duty"]


def test_views_ask_with_the_rights_of_the_caller_and_none_is_materialised(owner: Session) -> None:
    unsafe = owner.scalars(
        text("""
            select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname in ('public', 'sec') and c.relowner = 'fangtu_owner'::regrole
              and (c.relkind = 'm' or (c.relkind = 'v'
                   and not coalesce(c.reloptions @> array['security_invoker=true'], false)))""")
    ).all()
    assert unsafe == []


def test_definer_functions_fix_their_search_path(owner: Session) -> None:
    loose = owner.scalars(
        text("""
            select p.oid::regprocedure::text from pg_proc p where p.prosecdef and p.proowner = 'fangtu_owner'::regrole
              and not exists (select 1 from unnest(p.proconfig) s where s like 'search_path=%')""")
    ).all()
    assert loose == []


def test_the_owner_cannot_log_in_and_the_application_bypasses_nothing(owner: Session) -> None:
    roles = {
        row.rolname: row
        for row in owner.execute(text("select * from pg_roles where rolname in ('fangtu_owner', 'fangtu_app')"))
    }
    assert not roles["fangtu_owner"].rolcanlogin
    for role in roles.values():
        assert not role.rolbypassrls
        assert not role.rolsuper
        assert not role.rolcreaterole
    assert not owner.scalar(text("select has_schema_privilege('fangtu_app', 'public', 'create')"))
    owned = owner.scalar(text("select count(*) from pg_class where relowner = 'fangtu_app'::regrole"))
    assert owned == 0


def test_tables_are_as_the_code_says(owner: Session) -> None:
    context = MigrationContext.configure(
        owner.connection(),
        opts={
            "include_object": lambda _object, name, kind, _reflected, _other: not (kind == "table" and name in FOREIGN),
        },
    )
    assert compare_metadata(context, Base.metadata) == []
