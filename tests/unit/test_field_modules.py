"""The phone's own modules, in Node: what they compute. What they do under faults is played in tests/web."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from app.field import FIRST, KILLER, WORKER, files, modules, parts
from tests.field_modules import PACKAGES, PLANTED, STATIC, run_node
from tests.tile_files import pmtiles

SCRIPTS_KB, STYLES_KB = 110, 10


@pytest.mark.parametrize("script", ["modules.mjs", "storage.mjs"])
def test_the_modules_do_what_they_say(script: str) -> None:
    assert json.loads(run_node(script, STATIC / "js" / "field", PACKAGES / "fake-indexeddb")) == []


@pytest.mark.parametrize("name", PLANTED)
def test_every_fault_that_is_planted_finds_its_place(name: str) -> None:
    file, changes = PLANTED[name]
    module = (STATIC / "js" / "field" / file).read_text(encoding="utf-8")
    assert [old for old, _ in changes if old not in module] == []


def test_the_export_is_a_zip_that_others_read() -> None:
    packed = bytes.fromhex(run_node("zip.mjs", STATIC / "js" / "field").strip())
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "outbox.json": b'{"schema":1}',
            "visits/户.json": "走访".encode(),
            "empty": b"",
        }


@pytest.mark.parametrize("leaves", [False, True])
def test_a_pack_is_read_as_it_was_written(tmp_path: Path, leaves: bool) -> None:
    tiles = {(z, x, y): f"{z}/{x}/{y}".encode() for z in (10, 15) for x in range(5, 9) for y in range(5, 9)}
    file = tmp_path / "pack.pmtiles"
    packed = {place: gzip.compress(tile) for place, tile in tiles.items()}
    file.write_bytes(pmtiles(packed, kind=1, leaves=leaves))
    places = {"/".join(map(str, place)): tile.hex() for place, tile in tiles.items()}
    asked = [*places, "10/9/9", "9/5/5", "16/5/5", "12/5/5"]
    told = json.loads(run_node("pack.mjs", STATIC / "js" / "field", file, *asked))
    assert told == {**dict.fromkeys(asked), **places}


def test_the_phone_keeps_every_module_and_no_more_than_the_budget() -> None:
    own = {f"js/field/{path.name}" for path in (STATIC / "js" / "field").glob("*.js")}
    assert own - {FIRST, WORKER, KILLER} == {name for name in modules() if name.startswith("js/field/")}
    kept = [(STATIC / name) for name in files()]

    def weight(bodies: list[bytes]) -> float:
        return sum(len(gzip.compress(body, 6)) for body in bodies) / 1024

    scripts = [one.text.encode() for one in parts()] + [path.read_bytes() for path in kept if path.suffix == ".js"]
    assert weight(scripts) <= SCRIPTS_KB
    assert weight([path.read_bytes() for path in kept if path.suffix == ".css"]) <= STYLES_KB


def test_what_is_read_first_of_all_is_read_as_the_store_keeps_it() -> None:
    first, store = ((STATIC / "js" / "field" / name).read_text("utf-8") for name in ("first.js", "store.js"))
    (phone,) = re.findall(r'const PHONE = "([^"]+)"', store)
    assert f'open("{phone}", 1)' in first
    assert "openDB(PHONE, 1," in store
    for part in ('createObjectStore("meta")', 'get("account")'):
        assert part in first
    assert 'get("meta", "account")' in store


def test_what_the_list_needs_comes_without_the_screens_behind_it() -> None:
    first, rest, last = (one.text for one in parts())
    screens, work = ("sheet", "map", "marks", "day", "settings", "packs"), ("tasks", "appraise", "appraising", "looks")
    for name in (*screens, *work):
        place = f'$modules["js/field/{name}.js"] ='
        assert place not in first
        assert (place in rest) == (name in screens)
        assert (place in last) == (name in work)


def test_the_worker_never_takes_over_by_itself_and_keeps_nothing_of_the_api() -> None:
    worker = (STATIC / WORKER).read_text(encoding="utf-8")
    assert "/api/" not in re.sub(r"/\*.*?\*/", "", worker, flags=re.DOTALL)
    assert re.findall(r".*skipWaiting.*", worker) == ['  if (data.act === "update") self.skipWaiting();']
