"""What the machine itself must have: PostgreSQL with PostGIS, Chinese fonts, text layout, for the tests a browser."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.launch.console import Console, LaunchError
from app.launch.room import require_room
from geo.errors import Text

POSTGRES_VERSIONS = ("15", "16", "17", "18")

# Run as root. Debian makes and starts a cluster of its own when PostgreSQL is first installed; the project needs none,
# so that is switched off while this runs and left as it was afterwards.
INSTALL_SCRIPT = """\
set -e
folder=/etc/postgresql-common/createcluster.d
made=; for d in /etc/postgresql-common $folder; do [ -d $d ] || { mkdir $d; made="$d $made"; }; done
trap 'rm -f $folder/fangtu-setup.conf; [ -z "$made" ] || rmdir $made 2>/dev/null || true' EXIT
trap 'exit 143' TERM INT HUP
printf '%s\\n' '# written by the set-up of Fangtu while it installs; may be deleted' 'create_main_cluster = false' \
  > $folder/fangtu-setup.conf
export DEBIAN_FRONTEND=noninteractive
apt='apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0'
install() { $apt install --no-install-recommends "$@"; }
install "$@" || { dpkg --configure -a; $apt update; install "$@"; }
"""


@dataclass(frozen=True)
class Need:
    """One thing the machine must have: how to see that it is there, and the Debian package that brings it.

    Attributes
    ----------
    package : str
        Name in Debian 12.
    what : Text
        What it is for.
    paths : tuple of str
        Any one of these files shows that it is there; ``*`` and ``**`` as in a shell.
    """

    package: str
    what: Text
    paths: tuple[str, ...]


SERVER = Need(
    "postgresql-15",
    Text("数据库 PostgreSQL", "PostgreSQL, the database"),
    tuple(f"/usr/lib/postgresql/{v}/bin/postgres" for v in POSTGRES_VERSIONS),
)
POSTGIS = Need(
    "postgresql-15-postgis-3",
    Text("空间数据库扩展 PostGIS", "PostGIS, its spatial extension"),
    tuple(f"/usr/share/postgresql/{v}/extension/postgis.control" for v in POSTGRES_VERSIONS),
)
FONTS = Need(
    "fonts-noto-cjk",
    Text("中文字体", "Chinese fonts"),
    ("/usr/share/fonts/**/Noto*CJK*",),
)
PANGO = Need(
    "libpangoft2-1.0-0",
    Text("排版程序库 Pango（一页 PDF）", "Pango, which lays out the page of paper"),
    ("/usr/lib/*/libpangoft2-1.0.so.0", "/usr/lib64/libpangoft2-1.0.so.0"),
)
SUBSET = Need(
    "libharfbuzz-subset0",
    Text("字体裁剪程序库（一页 PDF）", "HarfBuzz subset, which puts the fonts into it"),
    ("/usr/lib/*/libharfbuzz-subset.so.0", "/usr/lib64/libharfbuzz-subset.so.0"),
)
BROWSER = Need(
    "chromium",
    Text("测试用浏览器 Chromium", "Chromium, the browser of the tests"),
    ("/usr/bin/chromium",),
)
# A page takes a third more processor time without it; the tests are the same.
LIGHT_BROWSER = Need(
    "chromium-headless-shell",
    Text("测试用浏览器的轻量版", "the light form of that browser"),
    ("/usr/lib/chromium/chromium-headless-shell",),
)
ATOMIC = Need(
    "libatomic1",
    Text("测试驱动程序所需的 libatomic", "libatomic, which the driver of the browser tests needs"),
    ("/usr/lib/*/libatomic.so.1", "/usr/lib64/libatomic.so.1"),
)
VENV = Need(
    "python3-venv",
    Text("Python 虚拟环境", "Python's virtual environments"),
    ("/usr/lib/python3*/ensurepip/__init__.py",),
)


def list_needs(*, own_cluster: bool, for_tests: bool, has_ensurepip: bool) -> list[Need]:
    """What this start needs of the machine.

    Parameters
    ----------
    own_cluster : bool
        False with ``FANGTU_DATABASE_URL``: then no database server is needed here.
    for_tests : bool
        Whether the browser is needed.
    has_ensurepip : bool
        Whether this Python can make an environment; Debian keeps that in a package of its own.
    """
    needs = [SERVER, POSTGIS] if own_cluster else []
    needs += [FONTS, PANGO, SUBSET]
    if for_tests:
        needs += [BROWSER, ATOMIC]
    if not has_ensurepip:
        needs.append(VENV)
    return needs


def has_ensurepip() -> bool:
    """Whether the running Python can make virtual environments."""
    return importlib.util.find_spec("ensurepip") is not None


def find_missing(needs: Iterable[Need], is_there: Callable[[str], bool] | None = None) -> list[Need]:
    """Which of them are not there.

    The files are looked at rather than the package list: the answer is quick and holds on other distributions too.
    """
    is_there = is_there or _matches
    return [need for need in needs if not any(is_there(path) for path in need.paths)]


def find_programs(is_there: Callable[[str], bool] | None = None) -> Path | None:
    """Folder of PostgreSQL's programs: version 15 before later ones, only where PostGIS belongs to it; else None."""
    is_there = is_there or _matches
    for version in POSTGRES_VERSIONS:
        programs = f"/usr/lib/postgresql/{version}/bin"
        if is_there(f"{programs}/postgres") and is_there(f"/usr/share/postgresql/{version}/extension/postgis.control"):
            return Path(programs)
    return None


def choose_root_command(*, is_root: bool, has_sudo: bool, has_terminal: bool, has_apt: bool) -> list[str] | None:
    """Words to put before a command so that it runs as root; None if that cannot be had here."""
    if not has_apt:
        return None
    if is_root:
        return []
    if not has_sudo:
        return None
    return ["sudo"] if has_terminal else ["sudo", "-n"]


def install_packages(missing: list[Need], console: Console, env: Mapping[str, str]) -> None:
    """Install Debian packages, as root or through sudo.

    Raises
    ------
    LaunchError
        If neither works; the command for an administrator is named.
    """
    names = [need.package for need in missing]
    command = "apt-get install -y " + " ".join(names)
    root_command = choose_root_command(
        is_root=os.geteuid() == 0,
        has_sudo=shutil.which("sudo") is not None,
        has_terminal=sys.stdin.isatty(),
        has_apt=shutil.which("apt-get") is not None,
    )
    for_admin = Text(f"请让管理员执行：{command}", f"Ask an administrator to do: {command}")
    if root_command is None:
        raise LaunchError(
            Text(
                f"缺少系统软件：{'、'.join(n.what.zh for n in missing)}。{for_admin.zh}，然后再运行一次。",
                f"Missing on this machine: {', '.join(n.what.en for n in missing)}. "
                f"{for_admin.en}, then run this again.",
            )
        )
    room = 900 if BROWSER in missing or POSTGIS in missing else 200
    require_room(Path("/usr"), room, Text("系统软件", "system software"))
    console.say(
        Text(
            f"· 安装系统软件：{'、'.join(n.what.zh for n in missing)}（首次约 1–3 分钟）",
            f"- Installing: {', '.join(n.what.en for n in missing)} (1-3 minutes, first time only)",
        )
    )
    if root_command == ["sudo"]:
        # The password is asked here, on the terminal; the installation itself runs with its output in the log.
        subprocess.run(["sudo", "-v"], check=False)
    console.run(
        [*root_command, "sh", "-c", INSTALL_SCRIPT, "fangtu-install", *names],
        failed=Text(
            f"系统软件没有装上。请检查网络；也可以{for_admin.zh.removeprefix('请')}",
            f"The packages could not be installed. Check the network, or: {for_admin.en}",
        ),
        env={**env, "LC_ALL": "C.UTF-8"},
        cwd="/",
    )


def install_if_possible(useful: Iterable[Need], console: Console, env: Mapping[str, str]) -> None:
    """Install what is useful and not needed; where that cannot be, say so and go on without."""
    for need in find_missing(useful):
        try:
            install_packages([need], console, env)
        except LaunchError:
            without = f"- Without {need.what.en} ({need.package}): the tests take longer"
            console.say(Text(f"· 没有{need.what.zh}（{need.package}），测试会慢一些", without))


def _matches(pattern: str) -> bool:
    return any(True for _ in Path("/").glob(pattern.lstrip("/")))
