"""Passwords and keys of this checkout: made once, never overwritten, readable by their owner only."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from app.launch.console import LaunchError
from app.launch.places import Places
from app.launch.processes import read_json, write_private
from geo.errors import Text


def make_keys(places: Places, env: Mapping[str, str], *, has_data: bool) -> None:
    """Make the keys that seal personal data, unless they are there.

    Parameters
    ----------
    env : Mapping
        With ``FANGTU_KEY_FILE`` the keys are the caller's affair; the file must exist.
    has_data : bool
        Whether this checkout's cluster exists. Then lost keys are not replaced: new ones could not read the old rows.
    """
    path = Path(env.get("FANGTU_KEY_FILE") or places.secrets / "keys.json")
    if path.exists():
        return
    if env.get("FANGTU_KEY_FILE") or has_data:
        raise LaunchError(
            Text(
                f"密钥文件 {path} 不见了，没有它已加密的数据无法读取。请从备份中放回该文件。",
                f"The key file {path} is missing; without it sealed data cannot be read. Put it back from a backup.",
            )
        )
    keys = {
        "current": "1",
        "keys": {"1": {"seal": secrets.token_hex(64), "index": secrets.token_hex(32)}},
        "session": secrets.token_hex(32),
        "flask": secrets.token_hex(32),
    }
    write_private(path, json.dumps(keys, indent=1) + "\n")


def cluster_password(places: Places) -> tuple[str, bool]:
    """Password of the own cluster's superuser, and whether it is a new one that the cluster does not know yet."""
    password = read_json(places.secrets / "cluster.json").get("password")
    if isinstance(password, str) and password:
        return password, False
    return secrets.token_hex(24), True


def keep_cluster_password(places: Places, password: str) -> None:
    """Remember the superuser's password, once the cluster knows it."""
    write_private(places.secrets / "cluster.json", json.dumps({"password": password}) + "\n")


def write_database(places: Places, admin_url: str) -> None:
    """Write ``database.json``: where the database is, and the password of the application's role (kept if there)."""
    path = places.secrets / "database.json"
    found = read_json(path)
    wanted = {"admin_url": admin_url, "app_password": found.get("app_password") or secrets.token_hex(24)}
    if found != wanted:
        write_private(path, json.dumps(wanted, indent=1) + "\n")


def demo_password(places: Places, wanted: str | None) -> str:
    """Password of the four demo accounts: the wanted one, else the last one, else a new one."""
    path = places.secrets / "demo.json"
    last = read_json(path).get("password")
    password = wanted or (last if isinstance(last, str) and last else f"fangtu-{secrets.token_hex(4)}")
    if password != last:
        write_private(path, json.dumps({"password": password}) + "\n")
    return password
