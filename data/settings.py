"""Where this installation runs: read once from ``FANGTU_…`` variables and the secrets under ``var/``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from data.base_maps import BaseMaps, read_base_maps
from geo.errors import FangtuError, Text

NAMES = {
    "FANGTU_DATABASE_URL",
    "FANGTU_VAR_DIR",
    "FANGTU_KEY_FILE",
    "FANGTU_LANG",
    "FANGTU_PORT",
    "FANGTU_DEMO",
    "FANGTU_PROXIES",
    "FANGTU_STREAMS",
    "FANGTU_ACCOUNT_STREAMS",
    "FANGTU_TILE_MEMORY",
    "FANGTU_FIELD_KILL",
    "FANGTU_BASEMAP_FILE",
    "FANGTU_BASEMAP_LIST",
    "FANGTU_APPRAISAL_MONTHS",
}
# Twins of app/launch/server.py, which makes room for them in threads.
STREAMS, ACCOUNT_STREAMS, MOST_STREAMS = 100, 2, 500
TILE_MEMORY, MOST_TILE_MEMORY = 64, 4096
MOST_APPRAISAL_MONTHS = 600
ROOT = Path(__file__).resolve().parent.parent


class SettingsError(FangtuError):
    """A setting is unknown, missing or does not parse."""

    code = "settings"


@dataclass(frozen=True)
class Settings:
    """Everything that depends on where Fangtu runs.

    Attributes
    ----------
    admin_url : URL
        Login that may create roles and change tables; used by commands, never by the web application.
    app_url : URL
        Login of the application's role ``fangtu_app``, which sees rows only through row-level security.
    var : Path
        Folder of everything local: cluster, secrets, logs, generated sample.
    key_file : Path
        Keys that seal personal numbers; outside the database.
    demo : bool
        True for the demonstration, where the printed passwords are allowed.
    language : str or None
        Language of the command line, ``zh`` or ``en``; None decides by the locale.
    proxies : int
        Reverse proxies in front whose word on the caller's address and scheme is taken; 0 takes nobody's.
    streams, account_streams : int
        Maps that are told of changes at once by one web process: in all, and of one account. Others ask by themselves.
    tile_memory : int
        How much memory tiles may take in one web process, MiB; 0 keeps none.
    field_kill : bool
        True tells every phone to take its installed app off and come to the pages themselves; no record is deleted.
    appraisal_months : int
        How long an appraisal is valid that does not say so itself; 0 for no end.
    base_maps : BaseMaps
        Base maps offered besides the own one. Their addresses may hold keys, so they are left out of any print.
    """

    admin_url: URL
    app_url: URL
    var: Path
    key_file: Path
    demo: bool = False
    language: str | None = None
    proxies: int = 0
    streams: int = STREAMS
    account_streams: int = ACCOUNT_STREAMS
    tile_memory: int = TILE_MEMORY
    field_kill: bool = False
    appraisal_months: int = 0
    base_maps: BaseMaps = field(default_factory=BaseMaps, repr=False)


def load_settings(env: Mapping[str, str] | None = None, *, database: str | None = None) -> Settings:
    """Read the settings.

    Parameters
    ----------
    env : mapping, optional
        Variables to read instead of the process environment.
    database : str, optional
        Use this database of the same server, for tests.

    Raises
    ------
    SettingsError
        If a ``FANGTU_…`` name is unknown, a value does not parse or the secrets are missing.
    BaseMapUnfit
        If the list of base maps cannot be read. A tile file that is missing or broken is no reason: the map says so.
    """
    env = os.environ if env is None else env
    unknown = sorted(name for name in env if name.startswith("FANGTU_") and name not in NAMES)
    if unknown:
        raise SettingsError(
            Text(
                f"不认识的设置 {unknown[0]}。请更正或删除它。", f"Unknown setting {unknown[0]}. Correct or remove it."
            ),
            found=unknown[0],
            expected=sorted(NAMES),
        )
    var = Path(env.get("FANGTU_VAR_DIR") or ROOT / "var")
    secrets = _secrets(var / "secrets" / "database.json")
    admin_url = _address(env.get("FANGTU_DATABASE_URL") or secrets["admin_url"])
    if database:
        admin_url = admin_url.set(database=database)
    language = env.get("FANGTU_LANG") or None
    if language not in (None, "zh", "en"):
        raise SettingsError(
            Text(f"FANGTU_LANG 为“{language}”，应为 zh 或 en。", f"FANGTU_LANG is '{language}'; expected zh or en."),
            found=language,
        )
    proxies = env.get("FANGTU_PROXIES") or "0"
    if proxies not in ("0", "1", "2", "3"):
        raise SettingsError(
            Text(f"FANGTU_PROXIES 为“{proxies}”，应为 0 至 3。", f"FANGTU_PROXIES is '{proxies}'; expected 0 to 3."),
            found=proxies,
        )
    listed = env.get("FANGTU_BASEMAP_LIST")
    return Settings(
        admin_url=admin_url,
        app_url=admin_url.set(username="fangtu_app", password=secrets["app_password"]),
        var=var,
        key_file=Path(env.get("FANGTU_KEY_FILE") or var / "secrets" / "keys.json"),
        demo=_switch(env, "FANGTU_DEMO"),
        language=language,
        proxies=int(proxies),
        streams=_count(env, "FANGTU_STREAMS", STREAMS),
        account_streams=_count(env, "FANGTU_ACCOUNT_STREAMS", ACCOUNT_STREAMS),
        tile_memory=_count(env, "FANGTU_TILE_MEMORY", TILE_MEMORY, MOST_TILE_MEMORY),
        field_kill=_switch(env, "FANGTU_FIELD_KILL"),
        appraisal_months=_count(env, "FANGTU_APPRAISAL_MONTHS", 0, MOST_APPRAISAL_MONTHS),
        base_maps=read_base_maps(Path(listed) if listed else None, env.get("FANGTU_BASEMAP_FILE") or ""),
    )


def _switch(env: Mapping[str, str], name: str) -> bool:
    given = env.get(name, "0")
    if given not in ("0", "1"):
        raise SettingsError(
            Text(f"{name} 为“{given}”，应为 0 或 1。", f"{name} is '{given}'; expected 0 or 1."), found=given
        )
    return given == "1"


def _count(env: Mapping[str, str], name: str, default: int, most: int = MOST_STREAMS) -> int:
    given = env.get(name) or str(default)
    if not (given.isascii() and given.isdigit() and int(given) <= most):
        raise SettingsError(
            Text(f"{name} 为“{given}”，应为 0 至 {most}。", f"{name} is '{given}'; expected 0 to {most}."),
            found=given,
        )
    return int(given)


def _address(given: str) -> URL:
    """The database's address; the password is never repeated in an error."""
    try:
        return make_url(given).set(drivername="postgresql+psycopg2")
    except ArgumentError as error:
        raise SettingsError(
            Text(
                "FANGTU_DATABASE_URL 不是数据库地址，应为 postgresql://用户:口令@主机:端口/库名。",
                "FANGTU_DATABASE_URL is no database address; expected postgresql://USER:PASSWORD@HOST:PORT/NAME.",
            )
        ) from error


def _secrets(path: Path) -> dict[str, str]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(
            Text(
                f"读不到数据库口令文件 {path}。请先运行 ./fangtu demo 或 ./fangtu upgrade。",
                f"Cannot read the database secrets in {path}. Run ./fangtu demo or ./fangtu upgrade first.",
            ),
            found=str(path),
        ) from error
