"""Where set-up puts the cluster and its socket, and which language it speaks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.launch.console import choose_language
from app.launch.places import Places, find_places, is_reachable, is_short_enough, place_cluster

NOBODY_HOLDS = {"holds_cluster": lambda base: False}


def test_the_cluster_stands_in_var_and_its_socket_beside_it() -> None:
    place = place_cluster(Path("/srv/fangtu/var"), is_root=False, server_uid=1000, **NOBODY_HOLDS)
    assert place.base == Path("/srv/fangtu/var/postgres")
    assert place.socket_dir == Path("/srv/fangtu/var/postgres/run")


def test_a_socket_path_too_long_for_the_system_moves_to_tmp_and_stays_there() -> None:
    var = Path("/srv/" + "x" * 90 + "/var")
    first = place_cluster(var, is_root=False, server_uid=1000, **NOBODY_HOLDS)
    again = place_cluster(var, is_root=False, server_uid=1000, **NOBODY_HOLDS)
    assert first == again
    assert first.base == var / "postgres"
    assert first.socket_dir.parent == Path("/tmp")
    assert is_short_enough(first.socket_dir)


def test_chinese_folder_names_count_in_bytes() -> None:
    assert is_short_enough(Path("/srv/" + "a" * 60))
    assert not is_short_enough(Path("/srv/" + "镇" * 30))


def test_a_checkout_the_server_cannot_reach_keeps_its_data_under_var_lib() -> None:
    place = place_cluster(
        Path("/root/fangtu/var"), is_root=True, server_uid=101, reachable=lambda folder, uid: False, **NOBODY_HOLDS
    )
    assert place.base.parent == Path("/var/lib")
    assert place.socket_dir == place.base / "run"


def test_an_existing_cluster_is_found_again_wherever_it_is() -> None:
    var = Path("/srv/fangtu/var")
    near = place_cluster(
        var,
        is_root=True,
        server_uid=101,
        reachable=lambda folder, uid: False,
        holds_cluster=lambda base: base == var / "postgres",
    )
    far = place_cluster(
        var,
        is_root=True,
        server_uid=101,
        reachable=lambda folder, uid: True,
        holds_cluster=lambda base: base != var / "postgres",
    )
    assert near.base == var / "postgres"
    assert far.base.parent == Path("/var/lib")


def test_two_checkouts_never_share_a_folder() -> None:
    bases = {
        place_cluster(Path(var), is_root=True, server_uid=1, reachable=lambda f, u: False, **NOBODY_HOLDS).base
        for var in ("/root/a/var", "/root/b/var")
    }
    assert len(bases) == 2


def test_one_closed_folder_on_the_way_makes_a_place_unreachable() -> None:
    modes = {"/": 0o755, "/root": 0o700, "/root/fangtu": 0o755}

    def stat(path: Path) -> os.stat_result:
        if str(path) not in modes:
            raise FileNotFoundError(path)
        return os.stat_result((0o40000 | modes[str(path)], 0, 0, 1, 0, 0, 0, 0, 0, 0))

    assert not is_reachable(Path("/root/fangtu/var"), 101, stat)
    assert is_reachable(Path("/root/fangtu/var"), 0, stat)
    modes["/root"] = 0o711
    assert is_reachable(Path("/root/fangtu/var"), 101, stat)


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path / "var")
    places.make()
    assert places.secrets.stat().st_mode & 0o777 == 0o700
    assert find_places(tmp_path, {"FANGTU_VAR_DIR": "/srv/x"}).var == Path("/srv/x")


@pytest.mark.parametrize(
    ("env", "lang"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "C", "FANGTU_LANG": "zh"}, "zh"),
    ],
)
def test_the_locale_chooses_the_language(env: dict[str, str], lang: str) -> None:
    assert choose_language(env) == lang
