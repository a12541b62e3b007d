"""PostgreSQL's own programs: make a cluster, start its server, sign in; told by its files what is the case."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from app.launch.console import Console, LaunchError, last_line
from app.launch.places import Account, ClusterPlace
from app.launch.processes import Process, command_of, end, identify, pids_in, wait_until_gone, write_private
from app.launch.room import require_room
from geo.errors import Text

SUPERUSER = "fangtu_super"
DATABASE = "fangtu"
PORT = 5432  # only part of the socket's name: nothing listens on the network
START_S = 90

# How much memory a process of the server keeps for its next answer (glibc, bytes). Left to itself it hands each larger
# piece back to the system and asks for it again, emptied page by page: 520 faults for coverage of ten thousand grids, a
# quarter of its processor time.
MEMORY_KEPT = {"MALLOC_MMAP_THRESHOLD_": str(4 << 20), "MALLOC_TRIM_THRESHOLD_": str(8 << 20)}

CONFIG = """\
# Written by ./fangtu at each start; put your own settings into own.conf beside it.
listen_addresses = ''
port = {port}
unix_socket_directories = '{socket_dir}'
unix_socket_permissions = 0700
max_connections = 200
password_encryption = 'scram-sha-256'
fsync = on
synchronous_commit = on
full_page_writes = on
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 256MB
random_page_cost = 1.1
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = {compression}
dynamic_shared_memory_type = {shared_memory}
timezone = 'Asia/Shanghai'
log_timezone = 'Asia/Shanghai'
log_line_prefix = '%m [%p] '
log_lock_waits = on
include_if_exists = 'own.conf'
"""


@dataclass(frozen=True)
class Cluster:
    """Where the cluster is, who runs it, with which programs."""

    place: ClusterPlace
    account: Account
    bin: Path
    version: str

    @property
    def data(self) -> Path:
        """Data folder, one per major version."""
        return self.place.base / self.version

    def url(self, password: str) -> str:
        """SQLAlchemy address of the superuser."""
        host = quote(str(self.place.socket_dir), safe="/")
        return f"postgresql+psycopg2://{SUPERUSER}:{password}@/{DATABASE}?host={host}&port={PORT}"


def make_cluster(cluster: Cluster, password: str, console: Console) -> None:
    """Make the data folder under another name and rename it when it is whole: a half-made one is never taken for one.

    Raises
    ------
    LaunchError
        If the disk is nearly full, the folder cannot be used, or initdb fails.
    """
    if cluster.data.exists():
        raise LaunchError(
            Text(
                f"{cluster.data} 存在，但不是完整的数据库。请把它移走后再运行一次。",
                f"{cluster.data} exists but is no complete database. Move it away and run this again.",
            )
        )
    console.say(Text("· 建立数据库（var/ 下自己的 PostGIS）", "- Making the database (our own PostGIS)"))
    _make_folder(cluster.place.base, cluster.account)
    require_room(cluster.place.base, 300, Text("数据库", "the database"))
    for left in cluster.place.base.glob(".making-*"):
        shutil.rmtree(left, ignore_errors=True)
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=cluster.place.base))
    secret = making / "password"
    try:
        write_private(secret, password + "\n")
        for path in (making, secret):
            os.chown(path, cluster.account.uid, cluster.account.gid)
        console.run(
            [
                cluster.bin / "initdb",
                f"--pgdata={making / 'data'}",
                f"--username={SUPERUSER}",
                f"--pwfile={secret}",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--data-checksums",
            ],
            failed=Text(
                f"数据库没有建成。请解决下面的问题后再运行一次（位置：{cluster.place.base}）。",
                f"The database could not be made. Solve what is said below and run this again ({cluster.place.base}).",
            ),
            env=_environment(),
            cwd="/",
            **cluster.account.popen(),
        )
        with open(making / "data" / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists = 'fangtu.conf'\n")
        os.rename(making / "data", cluster.data)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def start_postgres(cluster: Cluster, console: Console) -> None:
    """Start the server and wait until it says that it is ready.

    Raises
    ------
    LaunchError
        With the last error of the server's log.
    """
    require_room(cluster.data, 150, Text("数据库", "the database"))
    clear_stale(cluster)
    console.say(Text("· 启动数据库", "- Starting the database"))
    _make_folder(cluster.place.socket_dir, cluster.account)
    directory = str(cluster.place.socket_dir).replace("'", "''").replace('"', '""')
    config = cluster.data / "fangtu.conf"
    # /dev/shm is tiny in many containers, and parallel queries then fail; files in the data folder do as well.
    roomy = os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").total >= 256 << 20
    content = CONFIG.format(
        port=PORT,
        socket_dir=f'"{directory}"',
        shared_memory="posix" if roomy else "mmap",
        compression=_compression(cluster),
    )
    write_private(config, content)
    os.chown(config, cluster.account.uid, cluster.account.gid)
    with open(cluster.place.log, "ab") as log:
        os.chown(cluster.place.log, cluster.account.uid, cluster.account.gid)
        begin = log.tell()
        server = subprocess.Popen(
            [str(cluster.bin / "postgres"), "-D", str(cluster.data)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C in the terminal is for the launcher, which then stops the server in order
            **cluster.account.popen(),
        )
    _wait_until_ready(cluster, server.pid, begin, console, has_ended=lambda: server.poll() is not None)


def await_postgres(cluster: Cluster, running: Process, console: Console) -> None:
    """Wait for a server that another command has started, should it still be repairing its data.

    Raises
    ------
    LaunchError
        With the last error of the server's log.
    """
    begin = cluster.place.log.stat().st_size if cluster.place.log.exists() else 0
    _wait_until_ready(cluster, running.pid, begin, console, has_ended=lambda: identify(running.pid) != running)


def _wait_until_ready(
    cluster: Cluster, pid: int, begin: int, console: Console, *, has_ended: Callable[[], bool]
) -> None:
    """Wait as long as the server gets on: after a power cut it repairs a large database for minutes, and says so."""
    began = told = time.monotonic()
    deadline, size = began + START_S, begin
    while not _is_ready(cluster, pid):
        now = time.monotonic()
        if has_ended() or now > deadline:
            raise LaunchError(
                Text(
                    f"数据库没有启动。请查看 {cluster.place.log}\n  原始信息：{last_line(cluster.place.log, begin)}",
                    f"The database did not start. Look at {cluster.place.log}\n"
                    f"  It said: {last_line(cluster.place.log, begin)}",
                )
            )
        # Every ten seconds it writes how far it is; one that has fallen silent is not waited for.
        grown = cluster.place.log.stat().st_size
        if grown > size:
            deadline, size = now + START_S, grown
        if now - told > 10:
            told = now
            console.say(
                Text(
                    f"  数据库上次没有正常停止，正在检查和修复数据（{now - began:.0f} 秒），请不要关机",
                    "  The database was not stopped in order last time and is repairing its data "
                    f"({now - began:.0f} s); leave the machine on",
                )
            )
        time.sleep(0.05)


def _compression(cluster: Cluster) -> str:
    """How pages are packed into the log of changes: with lz4, much the faster way, where the server was built with it.

    What it was built with, only the server itself knows; a name it does not know would keep it from starting.
    """
    asked = subprocess.run(
        [cluster.bin / "postgres", "-C", "wal_compression", "-c", "wal_compression=lz4", "-D", cluster.data],
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
        cwd="/",
        **cluster.account.popen(),
    )
    return "lz4" if asked.returncode == 0 and asked.stdout.strip() == "lz4" else "on"


def _is_ready(cluster: Cluster, pid: int) -> bool:
    """The server itself writes its state into line 8 of its pid file; that is what pg_ctl reads, too."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def clear_stale(cluster: Cluster) -> None:
    """After a kill -9: let the last server's children go, then remove its pid file and its socket."""
    for pid in pids_in(cluster.data):
        child = identify(pid)
        if child and "postgres" in command_of(pid) and not wait_until_gone(child, 5):
            end(child, signal.SIGQUIT, 10)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (cluster.place.socket_dir / name).unlink(missing_ok=True)


def reset_password(cluster: Cluster, password: str, console: Console) -> None:
    """Give the superuser a new password when the file that held it was lost (single-user mode needs none)."""
    clear_stale(cluster)
    console.run(
        [cluster.bin / "postgres", "--single", "-D", cluster.data, "postgres"],
        stdin=f"ALTER ROLE {SUPERUSER} PASSWORD '{password}'\n",
        failed=Text(
            f"数据库密码丢失且无法重设。请从备份中放回 {cluster.place.base.parent}/secrets/cluster.json",
            "The database password is lost and could not be set anew. Put secrets/cluster.json back from a backup.",
        ),
        env=_environment(),
        cwd="/",
        **cluster.account.popen(),
    )


def create_database(cluster: Cluster, password: str) -> None:
    """Create the database unless it is there; proves at once that the sign-in works.

    Raises
    ------
    LaunchError
        If the server refuses the superuser.
    """
    sql = f"SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
    done = subprocess.run(
        [str(cluster.bin / "psql"), "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", "postgres"],
        input=f"{sql} \\gexec\n",
        env=_environment()
        | {"PGHOST": str(cluster.place.socket_dir), "PGPORT": str(PORT), "PGUSER": SUPERUSER, "PGPASSWORD": password},
        text=True,
        capture_output=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [""]
        raise LaunchError(
            Text(
                f"无法登录自己的数据库。请执行 ./fangtu stop 后再试；日志：{cluster.place.log}\n  原始信息：{said[0]}",
                "Our own database refuses the sign-in. Do ./fangtu stop and try again; "
                f"log: {cluster.place.log}\n  It said: {said[0]}",
            )
        )


def _make_folder(folder: Path, account: Account) -> None:
    """Make a folder of mode 0700 for the server's account; refuse one that somebody else put there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        if os.geteuid() == 0 and found.st_uid == 0 and stat.S_ISDIR(found.st_mode):
            os.chown(folder, account.uid, account.gid)
        elif not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid:
            raise PermissionError(f"{folder} is not ours")
        os.chmod(folder, 0o700)
    except OSError as error:
        raise LaunchError(
            Text(
                f"无法使用文件夹 {folder}（{error.strerror or error}）。请删除它或更改其所有者。",
                f"The folder {folder} cannot be used ({error.strerror or error}). Remove it or change its owner.",
            )
        ) from error


def _environment() -> dict[str, str]:
    """A small fixed environment: the caller's PG… variables and locale must not reach the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", **MEMORY_KEPT}
