"""Settings are read once and refuse what they do not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.launch import server
from data import settings as known
from data.settings import SettingsError, load_settings


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "secrets").mkdir()
    secrets = {"admin_url": "postgresql://boss:pw@/fangtu?host=/run", "app_password": "quiet"}
    (tmp_path / "secrets" / "database.json").write_text(json.dumps(secrets))
    return {"FANGTU_VAR_DIR": str(tmp_path)}


def test_the_application_has_a_login_of_its_own(env: dict[str, str]) -> None:
    settings = load_settings(env)
    assert settings.admin_url.username == "boss"
    assert (settings.app_url.username, settings.app_url.password) == ("fangtu_app", "quiet")
    assert settings.app_url.database == settings.admin_url.database == "fangtu"
    assert not settings.demo
    assert settings.proxies == 0


def test_another_database_of_the_same_server_can_be_named(env: dict[str, str]) -> None:
    settings = load_settings({**env, "FANGTU_DATABASE_URL": "postgresql://a:b@db/other"}, database="test")
    assert settings.app_url.database == "test"
    assert settings.admin_url.host == "db"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FANGTU_DEMO", "yes"),
        ("FANGTU_LANG", "fr"),
        ("FANGTU_PROXIES", "many"),
        ("FANGTU_STREAMS", "lots"),
        ("FANGTU_STREAMS", "501"),
        ("FANGTU_ACCOUNT_STREAMS", "-1"),
        ("FANGTU_TILE_MEMORY", "4097"),
        ("FANGTU_TILE_MEMORY", "much"),
        ("FANGTU_DATABSE_URL", "x"),
        ("FANGTU_DATABASE_URL", "nonsense"),
    ],
)
def test_a_value_or_name_that_is_not_known_stops_the_start(env: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({**env, name: value})


def test_missing_secrets_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\./fangtu"):
        load_settings({"FANGTU_VAR_DIR": str(tmp_path)})


def test_there_is_a_thread_for_each_stream_and_some_for_pages(env: dict[str, str]) -> None:
    assert (server.STREAMS, server.MOST_STREAMS) == (known.STREAMS, known.MOST_STREAMS)
    for given in ({}, {"FANGTU_STREAMS": "0"}, {"FANGTU_STREAMS": "500"}):
        assert server.threads_of(given) == load_settings({**env, **given}).streams + server.PAGE_THREADS
    assert server.threads_of({"FANGTU_STREAMS": "lots"}) > server.PAGE_THREADS  # refused by the application, in words
