"""The list of base maps: what it offers, what it refuses, and that a key in it is repeated nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.headers import policy
from data.base_maps import BaseMaps, BaseMapUnfit, read_base_maps
from data.settings import load_settings
from tests.tile_files import pmtiles, png

KEY = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
XYZ = 'name = "x"\nlabel_zh = "图"\nurl = "https://t{s}.example.org/{z}/{x}/{y}.png"\nsubdomains = "01"\n'


def read(tmp_path: Path, body: str, paths: str = "") -> BaseMaps:
    listed = tmp_path / "list.toml"
    listed.write_text(body, encoding="utf-8")
    return read_base_maps(listed, paths)


def test_without_settings_nothing_is_offered() -> None:
    assert read_base_maps(None, "") == BaseMaps()
    assert BaseMaps().origins() == []
    assert "img-src 'self' data: blob:;" in policy()


def test_tianditu_is_a_map_with_its_names_on_eight_hosts(tmp_path: Path) -> None:
    source = read(tmp_path, f'[[source]]\nkind = "tianditu"\nname = "tdt"\nstyle = "img"\nkey = "{KEY}"').sources[0]
    assert [url.split("LAYER=")[1].split("&")[0] for url in source.urls] == ["img", "cia"]
    assert all(f"tk={KEY}" in url and "{z}" in url and "{x}" in url and "{y}" in url for url in source.urls)
    assert source.origins() == [f"https://t{n}.tianditu.gov.cn" for n in range(8)]
    assert (source.crs, source.label.zh, source.label.en) == ("wgs84", "天地图·影像", "Tianditu, imagery")


def test_the_policy_gets_exactly_the_hosts(tmp_path: Path) -> None:
    body = (
        f'[[source]]\n{XYZ}[[source]]\nname = "y"\nlabel_zh = "二"\nurl = "http://10.1.2.3:8080/a/{{z}}/{{x}}/{{-y}}"'
    )
    hosts = read(tmp_path, body).origins()
    assert hosts == ["http://10.1.2.3:8080", "https://t0.example.org", "https://t1.example.org"]
    assert f"img-src 'self' data: blob: {' '.join(hosts)};" in policy(hosts)
    assert policy(hosts).replace(" " + " ".join(hosts), "") == policy()


def test_files_come_from_the_list_and_from_folders_each_under_a_name_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "图"
    folder.mkdir()
    for name in ("a.pmtiles", "镇影像.mbtiles", "own.mbtiles", "readme.txt"):
        (folder / name).write_bytes(pmtiles({(0, 0, 0): png(1, 2, 3)}))
    body = '[[file]]\nname = "best"\npath = "图/a.pmtiles"\nlabel_zh = "影像"\napproval = "鲁S(2026)001号"'
    offered = read(tmp_path, body, f"{folder}:{tmp_path / 'later.pmtiles'}").files
    assert [(file.name, file.path.name) for file in offered] == [
        ("best", "a.pmtiles"),
        ("own-map", "own.mbtiles"),
        ("file", "镇影像.mbtiles"),
        ("later", "later.pmtiles"),
    ]
    assert offered[0].approval == "鲁S(2026)001号"
    assert offered[0].label is not None
    assert offered[0].label.en == "影像"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("[[sauce]]", "sauce"),
        ("x = 1", "x"),
        ("[[source]", "TOML"),
        ('[[source]]\nkind = "wms"', "kind"),
        ('[[source]]\nkind = "tianditu"\nname = "t"\nstyle = "sat"\nkey = "' + KEY + '"', "style"),
        ('[[source]]\nkind = "tianditu"\nname = "t"\nkey = "' + KEY + '&x=1"', "key"),
        ("[[source]]\n" + XYZ + 'colour = "red"', "colour"),
        ("[[source]]\n" + XYZ.replace('"x"', '"../x"'), "name"),
        ("[[source]]\n" + XYZ.replace('"x"', '"own"'), "name"),
        (f"[[source]]\n{XYZ}[[source]]\n{XYZ}", "重复"),
        ("[[source]]\n" + XYZ.replace('label_zh = "图"', ""), "label_zh"),
        ("[[source]]\n" + XYZ + 'crs = "bd09"', "百度"),
        ("[[source]]\n" + XYZ + 'crs = "epsg:4490"', "crs"),
        ("[[source]]\n" + XYZ + "max_zoom = 40", "max_zoom"),
        ("[[source]]\n" + XYZ + 'referrer = "always"', "referrer"),
        ("[[source]]\n" + XYZ.replace('subdomains = "01"', ""), "subdomains"),
        ("[[source]]\n" + XYZ.replace('"01"', '["a;b"]'), "subdomains"),
        ('[[file]]\npath = "a.tif"', "path"),
        ('[[file]]\nname = "a"', "path"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_word(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(BaseMapUnfit) as refused:
        read(tmp_path, body)
    assert words in refused.value.text.zh
    assert KEY not in str(refused.value) + str(refused.value.text) + str(refused.value.details)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/{z}/{x}/{y}",
        "//example.org/{z}/{x}/{y}",
        "https://example.org/{z}/{x}",
        "https://example.org/{z}/{x}/{y}/{-y}",
        "https://example.org/{z}/{x}/{y}/{q}",
        "https://example.org/{z}/{x}/{y}}",
        "https://user:pw@example.org/{z}/{x}/{y}",
        "https://example.org;script-src *;/{z}/{x}/{y}",
        "https://example.org'/{z}/{x}/{y}",
        "https://*/{z}/{x}/{y}",
        "https://example.org:x/{z}/{x}/{y}",
        "https://{x}.example.org/{z}/{y}",
        "https://example.org/{s}/{z}/{x}/{y}",
        "https://example.org/{z}/{x}/{y}#a",
        "https://exämple.org/{z}/{x}/{y}",
        "data:image/png;base64,{z}{x}{y}",
    ],
)
def test_an_address_that_could_say_more_than_a_host_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BaseMapUnfit, match="url"):
        read(tmp_path, f'[[source]]\nname = "x"\nlabel_zh = "图"\nsubdomains = "01"\nurl = "{url}"')


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "secrets").mkdir()
    secrets = {"admin_url": "postgresql://boss:pw@/fangtu?host=/run", "app_password": "quiet"}
    (tmp_path / "secrets" / "database.json").write_text(json.dumps(secrets))
    return {"FANGTU_VAR_DIR": str(tmp_path)}


def test_the_settings_read_both_and_print_no_key(env: dict[str, str], tmp_path: Path) -> None:
    assert load_settings(env).base_maps == BaseMaps()
    listed = tmp_path / "list.toml"
    listed.write_text(f'[[source]]\nkind = "tianditu"\nname = "tdt"\nkey = "{KEY}"', encoding="utf-8")
    settings = load_settings(
        {**env, "FANGTU_BASEMAP_LIST": str(listed), "FANGTU_BASEMAP_FILE": str(tmp_path / "a.mbtiles")}
    )
    assert [source.name for source in settings.base_maps.sources] == ["tdt"]
    assert [file.name for file in settings.base_maps.files] == ["a"]
    assert KEY not in repr(settings)
    assert KEY not in repr(settings.base_maps.sources[0])


@pytest.mark.parametrize("value", ["/no/such/folder", "a.tif"])
def test_a_setting_that_names_no_tile_file_stops_the_start(env: dict[str, str], value: str) -> None:
    with pytest.raises(BaseMapUnfit, match="FANGTU_BASEMAP_FILE"):
        load_settings({**env, "FANGTU_BASEMAP_FILE": value})


def test_a_list_that_is_not_there_stops_the_start(env: dict[str, str]) -> None:
    with pytest.raises(BaseMapUnfit, match="list of base maps"):
        load_settings({**env, "FANGTU_BASEMAP_LIST": "/no/such/list.toml"})


def test_a_broken_line_with_a_key_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(BaseMapUnfit) as refused:
        read(tmp_path, f'[[source]]\nkey = "{KEY}')
    assert KEY not in str(refused.value) + str(refused.value.text)
    assert refused.value.__cause__ is None
