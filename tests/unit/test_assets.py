"""Static files: only what is meant to be served, named by its checksum."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from app.assets import StaticFiles
from app.joined import NotJoinable
from data.settings import ROOT
from tests.field_modules import node

PAGES = [page.read_text("utf-8") for page in (ROOT / "templates").rglob("*.html")]
# As templates name the module a page starts with: by its address, or to the macro that loads a map's shell.
NAMED = re.compile(r"""(?:url_for\('script', start='|scripts\(shell, ["'])([^"']+)""")
STARTS = sorted({name for page in PAGES for name in NAMED.findall(page)})


def test_files_are_found_compressed_and_read_again_when_they_change(tmp_path):
    (tmp_path / "css").mkdir()
    style = tmp_path / "css" / "a.css"
    style.write_text("a{}" * 1000)
    files = StaticFiles(tmp_path)
    first = files.find("css/a.css")
    assert first is not None
    assert first.mimetype == "text/css"
    assert first.zipped is not None
    assert len(first.zipped) < len(first.body)
    style.write_text("b{}")
    second = files.find("css/a.css")
    assert second is not None
    assert second.checksum != first.checksum
    assert second.zipped is None


def test_nothing_outside_hidden_or_of_the_build_is_served(tmp_path):
    folder = tmp_path / "static"
    for name in (".env", "node_modules/x.js", "package.json", "css/.x", "css/ok.css", "ok.js"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (tmp_path / "secret.txt").write_text("x")
    files = StaticFiles(folder)
    assert files.find("ok.js") is not None
    for name in (
        ".env",
        "node_modules/x.js",
        "package.json",
        "css/.x",
        "../secret.txt",
        "css/../ok.js",
        "css//ok.css",
        "/etc/passwd",
        "",
        "css",
        "none",
    ):
        assert files.find(name) is None, name


def scripts(folder: Path) -> StaticFiles:
    (folder / "js" / "map").mkdir(parents=True)
    (folder / "js" / "map" / "main.js").write_text('import { two } from "../two.js";\nglobalThis.four = two * 2;\n')
    (folder / "js" / "two.js").write_text("export const two = 2;\n")
    return StaticFiles(folder)


def test_what_a_page_starts_with_is_served_with_what_it_needs_and_anew_when_that_changes(tmp_path):
    files = scripts(tmp_path)
    first = files.script("js/map/main.js")
    assert first is not None
    assert first.mimetype == "text/javascript"
    assert b"two = 2" in first.body
    assert files.script("js/map/main.js") is first
    (tmp_path / "js" / "two.js").write_text("export const two = 2.5;\n")
    second = files.script("js/map/main.js")
    assert second is not None
    assert b"two = 2.5" in second.body
    assert second.checksum != first.checksum


def test_only_modules_start_a_page_and_one_that_is_not_understood_is_refused(tmp_path):
    files = scripts(tmp_path)
    (tmp_path / "other.js").write_text("1;\n")
    (tmp_path / "js" / ".hidden.js").write_text("1;\n")
    for name in ("js/none.js", "other.js", "js/../other.js", "js/.hidden.js", "js//two.js", "js/map/../two.js", ""):
        assert files.script(name) is None, name
    (tmp_path / "js" / "late.js").write_text('export const late = () => import("./two.js");\n')
    with pytest.raises(NotJoinable, match="later"):
        files.script("js/late.js")


def test_a_module_that_is_gone_is_not_served_from_memory(tmp_path):
    files = scripts(tmp_path)
    assert files.script("js/map/main.js") is not None
    os.remove(tmp_path / "js" / "two.js")
    with pytest.raises(FileNotFoundError):
        files.script("js/map/main.js")


@pytest.mark.parametrize("start", STARTS)
def test_the_scripts_of_each_page_are_one_module_that_a_browser_reads(start, tmp_path):
    found = StaticFiles(ROOT / "static").script(start)
    assert found is not None
    (tmp_path / "page.mjs").write_bytes(found.body)
    told = subprocess.run([node(), "--check", str(tmp_path / "page.mjs")], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


def test_every_page_that_starts_with_a_module_asks_for_it_joined():
    tags = [tag for page in PAGES for tag in re.findall(r'<script type="module"[^>]*>', page)]
    assert len(STARTS) > 10
    assert [tag for tag in tags if "url_for('script'" not in tag] == ['<script type="module" src="{{ script }}">']
