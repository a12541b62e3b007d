"""Bring a database to the newest form: roles, extensions, migrations, the key that signs sessions."""

from __future__ import annotations

import json
from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text

from data.settings import ROOT, Settings
from geo.errors import FangtuError, Text


class DatabaseUnfit(FangtuError):
    """The server lacks something Fangtu needs."""

    code = "database_unfit"


def prepare_database(
    settings: Settings, say: Callable[[Text], None] = lambda text: None, *, revision: str = "head"
) -> None:
    """Create what is missing and run the migrations; doing it again changes nothing.

    Parameters
    ----------
    revision : str
        How far: a test makes the form of an older version, to fill it and bring it up.

    Raises
    ------
    DatabaseUnfit
        If the login may not create roles or PostGIS is not to be had.
    """
    _create_database(settings)
    engine = create_engine(settings.admin_url)
    with engine.begin() as connection:
        _require_postgis(connection)
        _make_roles(connection, settings)
        _move_into_place(connection)
    say(Text("数据库角色与扩展就位", "Database roles and extensions are in place"))
    config = alembic_config(settings)
    config.attributes["say"] = say  # a migration that fills new tables tells of it
    command.upgrade(config, revision)
    with engine.begin() as connection:
        _store_session_key(connection, settings)
    engine.dispose()
    say(Text("数据表为最新", "Tables are up to date"))


def alembic_config(settings: Settings) -> Config:
    """Alembic's settings for this database; the scripts are under ``data/migrations``."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "data" / "migrations"))
    config.attributes["url"] = settings.admin_url
    return config


def migration_state(engine: Engine) -> dict[str, str | None]:
    """Revision of the database and the newest one of this code (``current``, ``head``)."""
    script = Config()
    script.set_main_option("script_location", str(ROOT / "data" / "migrations"))
    head = ScriptDirectory.from_config(script).get_current_head()
    with engine.connect() as connection:
        known = connection.scalar(text("select to_regclass('public.alembic_version') is not null"))
        current = connection.scalar(text("select version_num from alembic_version")) if known else None
    return {"current": current, "head": head}


def _create_database(settings: Settings) -> None:
    engine = create_engine(settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    name = settings.admin_url.database or "fangtu"
    try:
        with engine.connect() as connection:
            if not connection.scalar(text("select 1 from pg_database where datname = :name"), {"name": name}):
                connection.execute(text(f"create database \"{name}\" encoding 'UTF8' template template0"))
    finally:
        engine.dispose()


def _require_postgis(connection: Connection) -> None:
    available = connection.scalar(
        text("select count(*) from pg_available_extensions where name in ('postgis', 'pgcrypto')")
    )
    if available != 2:
        raise DatabaseUnfit(
            Text(
                "数据库服务器没有 PostGIS 或 pgcrypto。请安装 postgresql-15-postgis-3 后重试。",
                "The database server has no PostGIS or pgcrypto. Install postgresql-15-postgis-3 and try again.",
            )
        )
    connection.execute(text("create extension if not exists postgis"))
    connection.execute(text("create extension if not exists pgcrypto"))


def _make_roles(connection: Connection, settings: Settings) -> None:
    # Two starts at once must not race for the same role.
    connection.execute(text("select pg_advisory_xact_lock(20261121)"))
    known = set(
        connection.scalars(text("select rolname from pg_roles where rolname in ('fangtu_owner', 'fangtu_app')"))
    )
    if "fangtu_owner" not in known:
        connection.execute(text("create role fangtu_owner nologin noinherit nobypassrls"))
    if "fangtu_app" not in known:
        connection.execute(
            text("create role fangtu_app login noinherit nobypassrls nosuperuser nocreatedb nocreaterole")
        )
    connection.execute(text("alter role fangtu_app password :password"), {"password": settings.app_url.password})
    connection.execute(text("grant fangtu_owner to current_user"))


def _move_into_place(connection: Connection) -> None:
    connection.execute(text("revoke all on schema public from public"))
    connection.execute(text("grant usage, create on schema public to fangtu_owner"))
    connection.execute(text("grant usage on schema public to fangtu_app"))
    connection.execute(text("create schema if not exists sec authorization fangtu_owner"))


def _store_session_key(connection: Connection, settings: Settings) -> None:
    key = bytes.fromhex(json.loads(settings.key_file.read_text(encoding="utf-8"))["session"])
    connection.execute(text("set local role fangtu_owner"))
    connection.execute(
        text(
            "insert into sec.secret values ('session', :key) on conflict (name) do update set value = excluded.value"
            " where secret.value is distinct from excluded.value"
        ),
        {"key": key},
    )
