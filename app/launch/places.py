"""Which folders and files set-up uses, and on which account the database server runs."""

from __future__ import annotations

import hashlib
import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.launch.console import LaunchError
from geo.errors import Text

SOCKET_FILE = ".s.PGSQL.5432"
SOCKET_LIMIT = 100  # Linux allows 107 bytes for the whole path of a socket


@dataclass(frozen=True)
class Places:
    """Folders of one checkout.

    Attributes
    ----------
    root : Path
        The checkout.
    var : Path
        Everything local: secrets, run files, logs, cluster (``FANGTU_VAR_DIR``, else ``var`` in the checkout).
    """

    root: Path
    var: Path

    @property
    def venv(self) -> Path:
        """The project's Python environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Python of that environment."""
        return self.venv / "bin" / "python"

    @property
    def secrets(self) -> Path:
        """Passwords and keys, readable by the owner only."""
        return self.var / "secrets"

    @property
    def run(self) -> Path:
        """Lock, pid and stamp files."""
        return self.var / "run"

    @property
    def logs(self) -> Path:
        """What the programs said."""
        return self.var / "log"

    def make(self) -> None:
        """Create the folders; the database server's account must be able to pass through ``var``."""
        self.var.mkdir(parents=True, exist_ok=True)
        if os.stat(self.var).st_uid == os.geteuid():
            os.chmod(self.var, 0o755)
        for folder in (self.secrets, self.run, self.logs):
            folder.mkdir(exist_ok=True)
            if os.stat(folder).st_uid == os.geteuid():
                os.chmod(folder, 0o700)
            if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
                raise LaunchError(
                    Text(
                        f"文件夹 {folder} 属于另一个用户。请用最初运行 ./fangtu 的用户运行，"
                        f"或执行：sudo chown -R $USER {self.var}",
                        f"The folder {folder} belongs to another user. Run this as the user who first ran ./fangtu, "
                        f"or do: sudo chown -R $USER {self.var}",
                    )
                )


def find_places(root: Path, env: Mapping[str, str]) -> Places:
    """Places of the checkout at ``root``; ``FANGTU_VAR_DIR`` moves what is local."""
    return Places(root, Path(env.get("FANGTU_VAR_DIR") or root / "var").absolute())


@dataclass(frozen=True)
class Account:
    """The account a program runs on; ``name`` is None for the present one."""

    name: str | None
    uid: int
    gid: int

    def popen(self) -> dict[str, Any]:
        """Arguments for :class:`subprocess.Popen`."""
        if self.name is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}


def server_account(data: Path | None = None) -> Account:
    """Account for the database server: the present one, or for root the owner of the data, else ``postgres``.

    Raises
    ------
    LaunchError
        If root has no ``postgres`` account to hand over to (the package is not installed).
    """
    if os.geteuid() != 0:
        return Account(None, os.geteuid(), os.getegid())
    try:
        if data is not None and data.exists() and data.stat().st_uid != 0:
            entry = pwd.getpwuid(data.stat().st_uid)
        else:
            entry = pwd.getpwnam("postgres")
    except KeyError as error:
        raise LaunchError(
            Text(
                "数据库服务不能以 root 运行，而系统里没有 postgres 用户。请安装：apt-get install postgresql-15",
                "The database server refuses to run as root and there is no account postgres. "
                "Install it: apt-get install postgresql-15",
            )
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class ClusterPlace:
    """Where the database cluster lives: ``base`` belongs to the server's account, mode 0700."""

    base: Path
    socket_dir: Path

    @property
    def log(self) -> Path:
        """Log of the server."""
        return self.base / "server.log"


def is_reachable(folder: Path, uid: int, stat: Callable[[Path], os.stat_result] = os.stat) -> bool:
    """Whether account ``uid`` may pass through every existing folder down to ``folder`` (owner and other bits)."""
    for step in (folder, *folder.parents):
        try:
            found = stat(step)
        except FileNotFoundError:
            continue
        if not found.st_mode & (0o100 if found.st_uid == uid else 0o001):
            return False
    return True


def is_short_enough(socket_dir: Path) -> bool:
    """Whether a Unix socket in that folder has a path the system accepts (bytes, not characters)."""
    return len(os.fsencode(socket_dir / SOCKET_FILE)) <= SOCKET_LIMIT


def place_cluster(
    var: Path,
    *,
    is_root: bool,
    server_uid: int,
    reachable: Callable[[Path, int], bool] = is_reachable,
    holds_cluster: Callable[[Path], bool] | None = None,
) -> ClusterPlace:
    """Choose where cluster and socket go.

    Parameters
    ----------
    var : Path
        Local folder of the checkout.
    is_root : bool
        Whether the launcher runs as root (the server then runs on another account).
    server_uid : int
        Account of the server.

    Returns
    -------
    ClusterPlace
        ``var/postgres`` with the socket in it. As root, where the server cannot reach that folder (a checkout under
        /root) or the socket's path were too long: ``/var/lib/fangtu-<hash of var>``. As a user with too long a path:
        only the socket moves, to a folder of mode 0700 in /tmp. An existing cluster is always found again.
    """
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:10]
    near, far = var / "postgres", Path(f"/var/lib/fangtu-{mark}")
    holds = holds_cluster or _holds_cluster
    if is_root:
        fits = reachable(var, server_uid) and is_short_enough(near / "run")
        base = near if holds(near) or (fits and not holds(far)) else far
        return ClusterPlace(base, base / "run")
    socket_dir = near / "run" if is_short_enough(near / "run") else Path(f"/tmp/fangtu-{server_uid}-{mark}")
    return ClusterPlace(near, socket_dir)


def _holds_cluster(base: Path) -> bool:
    return any(base.glob("*/PG_VERSION"))
