"""Front-end files of others: fetched with npm by the lock file, copied by ``static/vendor.toml``, never committed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from app.launch.console import Console, LaunchError
from app.launch.environment import NODE, find_npm, install_environment
from app.launch.places import Places
from app.launch.processes import read_json
from app.launch.room import require_room
from geo.errors import Text

LISTS = ("package.json", "package-lock.json")
SOURCES = (*LISTS, "vendor.toml")
NPM_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier")
IMPORT = re.compile(r"""((?:\bfrom|\bimport)\s*\(?\s*)(['"])([^'"./][^'"]*)\2""")
SOURCE_MAP = re.compile(r"^\s*(?://|/\*)[#@] sourceMappingURL=.*$\n?", re.MULTILINE)


def is_vendored(static: Path) -> bool:
    """Whether ``static/vendor`` holds exactly what the copy list and the lock file say, byte for byte."""
    manifest = read_json(static / "vendor" / "manifest.json")
    if manifest.get("source") != _source(static):
        return False
    return all(_sum_or_none(static / "vendor" / name) == found for name, found in manifest.get("files", {}).items())


def vendor_files(places: Places, console: Console, env: Mapping[str, str]) -> None:
    """Fetch and copy the front-end files, unless they are there unchanged.

    Raises
    ------
    LaunchError
        If npm cannot fetch a package, or a file of the copy list is missing.
    """
    static = places.root / "static"
    if is_vendored(static):
        return
    console.say(Text("· 下载前端文件（Leaflet、Bootstrap 等）", "- Fetching the front-end files (Leaflet ...)"))
    work = places.var / "npm"
    _fetch(static, work, places, console, env)
    copy_list = tomllib.loads((static / "vendor.toml").read_text(encoding="utf-8"))
    making = static / ".vendor-making"
    shutil.rmtree(making, ignore_errors=True)
    copy_files(copy_list, work / "node_modules", making, source=_source(static))
    shutil.rmtree(static / "vendor", ignore_errors=True)
    making.rename(static / "vendor")
    shutil.rmtree(work, ignore_errors=True)


def fetch_test_packages(places: Places, console: Console, env: Mapping[str, str]) -> None:
    """Fetch what the tests need in Node and in the browser, by ``tests/node``; nothing of it is ever served.

    Raises
    ------
    LaunchError
        If npm cannot fetch a package.
    """
    lists, to = places.root / "tests" / "node", places.var / "node"
    source = hashlib.sha256(b"".join((lists / name).read_bytes() for name in LISTS)).hexdigest()
    stamp = to / "fetched"
    if stamp.exists() and stamp.read_text(encoding="ascii") == source:
        return
    console.say(Text("· 下载测试用的程序包（npm）", "- Fetching packages for the tests (npm)"))
    _fetch(lists, to, places, console, env)
    stamp.write_text(source, encoding="ascii")


def _fetch(lists: Path, work: Path, places: Places, console: Console, env: Mapping[str, str]) -> None:
    """Make the folder ``work`` anew with the packages that the lists name."""
    if find_npm(places, env) is None:
        install_environment(places, NODE, console, env)
    npm = find_npm(places, env)
    if npm is None:
        raise LaunchError(
            Text("找不到 npm。请执行：sudo apt-get install npm", "There is no npm. Do: sudo apt-get install npm")
        )
    require_room(places.var, 150, Text("前端文件", "the front-end files"))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name in LISTS:
        shutil.copy2(lists / name, work / name)
    path = env.get("PATH", "")
    if len(npm) > 1:  # npm starts node by its name
        path = f"{Path(npm[0]).parent}:{path}"
    console.run(
        [*npm, "ci", "--ignore-scripts", "--omit=dev", "--omit=peer", *NPM_QUIET],
        failed=Text(
            "前端文件没有下载成功。请检查网络后再运行一次。",
            "Fetching the front-end files failed. Check the network and run this again.",
        ),
        env={**env, "PATH": path},
        cwd=work,
    )


def copy_files(copy_list: dict[str, Any], modules: Path, to: Path, *, source: str) -> dict[str, Any]:
    """Copy what the list names and write the manifest.

    Parameters
    ----------
    copy_list : dict
        ``modules``: bare import specifier -> path in the vendor folder; ``folders``: name -> ``package``, ``licence``
        (a file of the package) and ``files`` (path in the package -> path in the folder; folders are copied whole).
    modules : Path
        ``node_modules``.
    to : Path
        Folder to fill; must not exist.
    source : str
        Fingerprint of the lists this was made from.

    Returns
    -------
    dict
        The manifest: ``source``, ``packages`` (version and licence by folder), ``files`` (SHA-256 by path).

    Raises
    ------
    LaunchError
        If a named file is missing, or a module imports a name that ``modules`` does not give.
    """
    packages: dict[str, dict[str, str]] = {}
    for name, folder in copy_list["folders"].items():
        package = modules / folder["package"]
        about = read_json(package / "package.json")
        packages[name] = {
            "package": folder["package"],
            "version": about.get("version", ""),
            "licence": about.get("license", ""),
        }
        for origin, target in {folder["licence"]: "LICENSE", **folder["files"]}.items():
            if not (package / origin).exists():
                raise LaunchError(
                    Text(
                        f"程序包 {folder['package']} 里没有 {origin}。请核对 static/vendor.toml。",
                        f"The package {folder['package']} has no {origin}. Check static/vendor.toml.",
                    )
                )
            (to / name).mkdir(parents=True, exist_ok=True)
            if (package / origin).is_dir():
                shutil.copytree(package / origin, to / name / target)
            else:
                shutil.copyfile(package / origin, to / name / target)
    for path in to.rglob("*"):
        if path.suffix in (".js", ".css"):
            here = PurePosixPath(path.relative_to(to).as_posix())
            text = SOURCE_MAP.sub("", path.read_text(encoding="utf-8"))
            path.write_text(rewrite_imports(text, here, copy_list["modules"]), encoding="utf-8")
    files = {path.relative_to(to).as_posix(): _sum_or_none(path) for path in sorted(to.rglob("*")) if path.is_file()}
    manifest = {"source": source, "packages": packages, "files": files}
    (to / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def rewrite_imports(text: str, here: PurePosixPath, modules: Mapping[str, str]) -> str:
    """Turn bare import specifiers of an ES module into relative paths; other text is returned unchanged.

    Parameters
    ----------
    text : str
        A file's text; without an ``import`` or ``export`` at the start of a line it is no module.
    here : PurePosixPath
        Path of the file in the vendor folder.
    modules : mapping
        Specifier -> path in the vendor folder.
    """
    if here.suffix != ".js" or not re.search(r"^(?:import|export)\b", text, re.MULTILINE):
        return text

    def relative(match: re.Match[str]) -> str:
        begin, quote, name = match.groups()
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].lstrip()
        if line.startswith(("*", "/*", "//")):  # a type named in a comment
            return match.group()
        if name not in modules:
            raise LaunchError(
                Text(
                    f"{here} 引用了 {name}，但 static/vendor.toml 的 [modules] 里没有它。请补上。",
                    f"{here} imports {name}, which [modules] in static/vendor.toml does not give. Add it.",
                )
            )
        up = "../" * (len(here.parts) - 1) or "./"
        return f"{begin}{quote}{up}{modules[name]}{quote}"

    return IMPORT.sub(relative, text)


def _source(static: Path) -> str:
    return hashlib.sha256(b"".join((static / name).read_bytes() for name in SOURCES)).hexdigest()


def _sum_or_none(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
