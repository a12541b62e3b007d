"""Fixtures: a database of the tests' own, rolled back after each test, and one with a township for pages."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from data.db import owner_engine
from data.settings import Settings, load_settings
from data.upgrade import prepare_database

ROOT = Path(__file__).resolve().parent.parent
# Where the servers of a test run find the templates that are compiled already.
TEMPLATES = "TESTS_COMPILED_TEMPLATES"
OUTSIDE = ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, by name, the tests on data that may not be shipped where that data is not beside the checkout."""
    if OUTSIDE.is_dir():
        return
    away = [item for item in items if item.get_closest_marker("outside_data")]
    if away:
        items[:] = [item for item in items if item not in away]
        config.hook.pytest_deselected(items=away)


def pytest_collection_finish() -> None:
    """Let the collector pass over what was imported, as in a server: each paper that is made ends with a collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real data that may be used here but not shipped; only for tests marked ``outside_data``."""
    return OUTSIDE


@pytest.fixture(scope="session", autouse=True)
def kept_templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled templates, by name and checksum, for all applications and servers of this process.

    They are thrown away at the end, because how an application compiles them is not in their checksum.
    """
    folder = str(tmp_path_factory.mktemp("templates"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(TEMPLATES, folder)
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": FileSystemBytecodeCache(folder)})
        yield


def fresh_database(name: str) -> Settings:
    """Drop and make a database of the given name with all tables; each process of a test run has its own."""
    settings = _settings_of(name)
    blank = _blank_database()
    server = create_engine(settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f'drop database if exists "{settings.admin_url.database}" with (force)'))
        connection.execute(text(f'create database "{settings.admin_url.database}" template "{blank}"'))
        # What a power cut takes from a database of tests is no loss; a benchmark measures with the wait for the disk.
        if "PYTEST_VERSION" in os.environ:
            connection.execute(text(f'alter database "{settings.admin_url.database}" set synchronous_commit = off'))
    server.dispose()
    return settings


@cache
def _blank_database() -> str:
    """Name of the empty database that those of this process are copies of: copying takes a tenth of making."""
    return str(made_database("fangtu_test_blank").admin_url.database)


def made_database(name: str, *, revision: str = "head") -> Settings:
    """Drop a database and make it by the migrations, up to one of them."""
    settings = _settings_of(name)
    server = create_engine(settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    # Roles belong to the whole server, where two processes that touch them at once get in each other's way.
    with open(settings.var.parent / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with server.connect() as connection:
            connection.execute(text(f'drop database if exists "{settings.admin_url.database}" with (force)'))
        server.dispose()
        prepare_database(settings, revision=revision)
    return settings


def _settings_of(name: str) -> Settings:
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        name = f"{name}_{worker}"
    return replace(load_settings(database=name), var=_folder_of(name))


def _folder_of(name: str) -> Path:
    """A local folder of the database's own: what is swept up there are no files of the installation."""
    folder = load_settings().var / "tests" / name
    for left in ("uploads", "refused", "work", "packs"):
        shutil.rmtree(folder / left, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    secrets = folder / "secrets"
    if not secrets.is_symlink():
        secrets.symlink_to((load_settings().var / "secrets").absolute())
    return folder


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of an empty database with all tables."""
    return fresh_database("fangtu_test")


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    """Engine of the owner of the empty database."""
    made = owner_engine(settings)
    yield made
    made.dispose()


@pytest.fixture
def owner(engine: Engine) -> Iterator[Session]:
    """A session as the owner; whatever the test writes or commits is rolled back after it."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()
