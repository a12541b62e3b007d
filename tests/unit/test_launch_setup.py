"""What set-up finds missing, how much room it asks for, and what it copies for the browser."""

from __future__ import annotations

import json
import re
import socket
import sys
import tomllib
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from app.launch.console import Console, LaunchError, last_line
from app.launch.environment import NODE, RUNTIME, TEST
from app.launch.packages import (
    ATOMIC,
    BROWSER,
    FONTS,
    LIGHT_BROWSER,
    PANGO,
    POSTGIS,
    SERVER,
    SUBSET,
    VENV,
    Need,
    choose_root_command,
    find_missing,
    find_programs,
    install_if_possible,
    list_needs,
)
from app.launch.room import require_room
from app.launch.server import other_port, require_port
from app.launch.vendor import copy_files, is_vendored, rewrite_imports
from geo.errors import Text

ROOT = Path(__file__).resolve().parents[2]


def test_a_bare_machine_lacks_everything() -> None:
    needs = list_needs(own_cluster=True, for_tests=True, has_ensurepip=False)
    assert find_missing(needs, lambda path: False) == [SERVER, POSTGIS, FONTS, PANGO, SUBSET, BROWSER, ATOMIC, VENV]


def test_what_is_only_useful_stops_nothing_where_it_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asked: list[list[str]] = []

    def refuse(missing: list[Need], *_: object) -> None:
        asked.append([need.package for need in missing])
        raise LaunchError(Text("没有网络", "no network"))

    monkeypatch.setattr("app.launch.packages.install_packages", refuse)
    absent, there = replace(LIGHT_BROWSER, paths=(f"{tmp_path}/none",)), replace(LIGHT_BROWSER, paths=("/usr",))
    install_if_possible([absent, there], Console("en", sys.stdout), {})
    assert asked == [["chromium-headless-shell"]]
    assert "(chromium-headless-shell): the tests take longer" in capsys.readouterr().out


def test_a_foreign_database_needs_no_server_here() -> None:
    assert list_needs(own_cluster=False, for_tests=False, has_ensurepip=True) == [FONTS, PANGO, SUBSET]


def test_one_sign_of_a_package_is_enough() -> None:
    needs = list_needs(own_cluster=True, for_tests=False, has_ensurepip=True)
    there = {"/usr/lib/postgresql/16/bin/postgres", FONTS.paths[0], PANGO.paths[1], SUBSET.paths[0]}
    assert find_missing(needs, there.__contains__) == [POSTGIS]


def test_programs_are_taken_from_the_version_that_has_postgis() -> None:
    there = {
        "/usr/lib/postgresql/15/bin/postgres",
        "/usr/lib/postgresql/16/bin/postgres",
        "/usr/share/postgresql/16/extension/postgis.control",
    }
    assert find_programs(there.__contains__) == Path("/usr/lib/postgresql/16/bin")
    there.add("/usr/share/postgresql/15/extension/postgis.control")
    assert find_programs(there.__contains__) == Path("/usr/lib/postgresql/15/bin")
    assert find_programs(lambda path: False) is None


@pytest.mark.parametrize(
    ("is_root", "has_sudo", "has_terminal", "has_apt", "expected"),
    [
        (True, False, False, True, []),
        (False, True, True, True, ["sudo"]),
        (False, True, False, True, ["sudo", "-n"]),
        (False, False, True, True, None),
        (True, True, True, False, None),
    ],
)
def test_who_may_install(
    is_root: bool, has_sudo: bool, has_terminal: bool, has_apt: bool, expected: list[str] | None
) -> None:
    found = choose_root_command(is_root=is_root, has_sudo=has_sudo, has_terminal=has_terminal, has_apt=has_apt)
    assert found == expected


def test_a_nearly_full_disk_is_told_before_anything_is_written() -> None:
    require_room(Path("/srv"), 300, Text("数据库", "the database"), free=lambda folder: 300)
    with pytest.raises(LaunchError, match=r"299 MB left at /srv.*300 MB") as raised:
        require_room(Path("/srv"), 300, Text("数据库", "the database"), free=lambda folder: 299)
    assert raised.value.details == {"free_mib": 299, "needed_mib": 300}


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(LaunchError, match=rf"Port {port} is taken.*--port"):
            require_port("127.0.0.1", port)
    require_port("127.0.0.1", port)
    assert other_port(8000) == 8001
    assert other_port(65535) == 8000


def test_a_failing_program_tells_its_reason_and_its_log(tmp_path: Path) -> None:
    console = Console("en", stream=(tmp_path / "out").open("w"), log=tmp_path / "log")
    with pytest.raises(LaunchError) as raised:
        console.run(["sh", "-c", "echo 'ERROR: no such thing'; echo bye; exit 3"], failed=Text("坏了", "Broken"))
    assert raised.value.text.en.startswith("Broken\n  It said: ERROR: no such thing")
    with pytest.raises(LaunchError, match="Broken"):
        console.run(["/no/such/program"], failed=Text("坏了", "Broken"))
    assert last_line(tmp_path / "none") == ""


@pytest.mark.parametrize("name", [RUNTIME, TEST, NODE])
def test_every_pin_has_a_hash_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    pins = re.findall(r"^[a-z0-9][\w.-]*==[\w.]+(?: ; .*)? \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 0
    assert "//" not in text
    assert "-index" not in text


def test_the_tests_run_on_the_versions_that_are_served() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^(\S+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins(RUNTIME) < pins(TEST)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "static" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert all("resolved" not in entry and entry["integrity"].startswith("sha512-") for entry in packages.values())


MODULES = {"pbf": "pbf/index.js", "@mapbox/point-geometry": "point-geometry/index.js"}


def test_bare_imports_become_relative() -> None:
    text = "import Point from '{}';\nimport {{x}} from \"./x.js\";\n/** @import {{P}} from 'geojson' */\n"
    assert rewrite_imports(
        text.format("@mapbox/point-geometry"), PurePosixPath("vector-tile/index.js"), MODULES
    ) == text.format("../point-geometry/index.js")


def test_a_classic_script_is_left_alone() -> None:
    text = "var a = 'import'; /* from 'pbf' */"
    assert rewrite_imports(text, PurePosixPath("leaflet/leaflet.js"), MODULES) == text


def test_an_import_nobody_gives_stops_the_copy() -> None:
    with pytest.raises(LaunchError, match="lodash"):
        rewrite_imports("import a from 'lodash';", PurePosixPath("x/index.js"), MODULES)


def test_copies_carry_licence_and_checksum_and_a_change_is_seen(tmp_path: Path) -> None:
    static, package = tmp_path / "static", tmp_path / "node_modules" / "pbf"
    package.mkdir(parents=True)
    static.mkdir()
    (package / "package.json").write_text('{"version": "5.1.0", "license": "BSD-3-Clause"}')
    (package / "LICENSE").write_text("free")
    (package / "index.js").write_text("export default 1;\n//# sourceMappingURL=index.js.map\n")
    lists = {"package.json": "{}", "package-lock.json": "{}", "vendor.toml": "[modules]\n[folders.pbf]\n"}
    lists["vendor.toml"] += 'package = "pbf"\nlicence = "LICENSE"\nfiles = { "index.js" = "index.js" }\n'
    for name, text in lists.items():
        (static / name).write_text(text)
    copy_list = tomllib.loads(lists["vendor.toml"])
    made = copy_files(copy_list, package.parent, static / "vendor", source="other")
    assert made["packages"]["pbf"] == {"package": "pbf", "version": "5.1.0", "licence": "BSD-3-Clause"}
    assert set(made["files"]) == {"pbf/LICENSE", "pbf/index.js"}
    assert (static / "vendor" / "pbf" / "index.js").read_text() == "export default 1;\n"
    assert not is_vendored(static)  # made from another list


def test_the_served_copies_are_the_listed_ones() -> None:
    static = ROOT / "static"
    assert is_vendored(static)
    listed = tomllib.loads((static / "vendor.toml").read_text(encoding="utf-8"))["folders"]
    assert all((static / "vendor" / name / "LICENSE").exists() for name in listed)
