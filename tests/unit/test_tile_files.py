"""Base maps in one file are read tile by tile; what is broken, absurd or hostile is refused in words."""

from __future__ import annotations

import gzip
import os
import sqlite3
import struct
from contextlib import suppress
from pathlib import Path

import pytest

from data.base_files import Shelf, TileFileUnknown
from data.base_maps import TileFile
from geo.tilefiles.archive import TileFileInfo, open_tile_file, plain_words
from geo.tilefiles.content import TileFileError, check_picture, unpack
from geo.tilefiles.pmtiles import read_directory, tile_number
from geo.tilefiles.writing import pack_tiles
from tests.tile_files import directory, pmtiles, png, square_tile, varint, write_mbtiles

RED, BLUE = png(200, 0, 0), png(0, 0, 200)
WORLD = {(0, 0, 0): RED, (1, 0, 0): BLUE, (1, 1, 1): RED, (2, 3, 0): BLUE}


def written(path: Path, body: bytes) -> Path:
    path.write_bytes(body)
    return path


def refusal(path: Path) -> str:
    """Chinese words of the refusal of a whole file, opened and asked for a tile."""
    with pytest.raises(TileFileError) as refused:
        open_tile_file(path).tile(1, 0, 0)
    assert refused.value.text.zh
    assert refused.value.text.en.isascii()
    return refused.value.text.zh


@pytest.mark.parametrize(
    ("tile", "number"),
    [
        ((0, 0, 0), 0),
        ((1, 0, 0), 1),
        ((1, 0, 1), 2),
        ((1, 1, 1), 3),
        ((1, 1, 0), 4),
        ((2, 0, 0), 5),
        ((12, 3423, 1763), 19078479),
    ],
)
def test_tile_numbers_are_those_of_the_format(tile: tuple[int, int, int], number: int) -> None:
    assert tile_number(*tile) == number


@pytest.mark.parametrize("z", [3, 5])
def test_every_tile_of_a_level_has_a_number_of_its_own(z: int) -> None:
    side = 1 << z
    numbers = sorted(tile_number(z, x, y) for x in range(side) for y in range(side))
    first = (4**z - 1) // 3
    assert numbers == list(range(first, first + 4**z))


@pytest.mark.parametrize("leaves", [False, True])
@pytest.mark.parametrize("packing", [1, 2])
def test_pmtiles_give_their_tiles(tmp_path: Path, leaves: bool, packing: int) -> None:
    words = {"name": "镇影像", "attribution": "<a href='https://x'>&copy; 县局</a>"}
    archive = open_tile_file(
        written(tmp_path / "a.pmtiles", pmtiles(WORLD, leaves=leaves, packing=packing, words=words))
    )
    assert {key: archive.tile(*key) for key in WORLD} == WORLD
    assert archive.tile(1, 1, 0) is None
    assert archive.tile(3, 0, 0) is None
    info = archive.info
    assert (info.kind, info.min_zoom, info.max_zoom) == ("raster", 0, 2)
    assert info.bounds == (118.0, 36.0, 119.0, 37.0)
    assert (info.title, info.credit) == ("镇影像", "© 县局")


def test_a_run_of_equal_tiles_is_stored_once(tmp_path: Path) -> None:
    made = bytearray(pmtiles({(1, 0, 0): RED}, packing=1))
    root = directory([(1, 4, len(RED), 0)])
    assert struct.unpack_from("<Q", made, 16)[0] == len(root)
    made[127 : 127 + len(root)] = root
    archive = open_tile_file(written(tmp_path / "a.pmtiles", bytes(made)))
    assert [archive.tile(1, x, y) for x in (0, 1) for y in (0, 1)] == [RED] * 4


def test_mbtiles_count_rows_from_the_south(tmp_path: Path) -> None:
    path = write_mbtiles(tmp_path / "镇.mbtiles", WORLD, {"name": "镇影像", "format": "png", "bounds": "118,36,119,37"})
    archive = open_tile_file(path)
    assert {key: archive.tile(*key) for key in WORLD} == WORLD
    assert archive.tile(1, 1, 0) is None
    assert (archive.info.kind, archive.info.min_zoom, archive.info.max_zoom) == ("raster", 0, 2)
    assert archive.info.bounds == (118.0, 36.0, 119.0, 37.0)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["镇.mbtiles"]


def test_mbtiles_with_vectors_and_without_words_of_their_own_are_known_by_content(tmp_path: Path) -> None:
    tile = gzip.compress(square_tile("water", {}))
    archive = open_tile_file(write_mbtiles(tmp_path / "v.mbtiles", {(3, 1, 2): tile}))
    assert (archive.info.kind, archive.info.min_zoom, archive.info.max_zoom) == ("vector", 3, 3)


def test_a_file_is_known_by_its_content_not_by_its_name(tmp_path: Path) -> None:
    assert open_tile_file(written(tmp_path / "a.mbtiles", pmtiles(WORLD))).tile(0, 0, 0) == RED
    for body in (b"", b"PMTile", b"\x89PNG\r\n", b"SQLite format 2\x00" * 4, os.urandom(500)):
        assert "不是" in refusal(written(tmp_path / "b.pmtiles", body))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pmtiles")
    (tmp_path / "folder.pmtiles").mkdir()
    assert "不是文件" in refusal(tmp_path / "pipe.pmtiles")
    assert "不是文件" in refusal(tmp_path / "folder.pmtiles")
    assert "打不开" in refusal(tmp_path / "none.pmtiles")


def changed(body: bytes, form: str, at: int, value: int) -> bytes:
    out = bytearray(body)
    struct.pack_into(form, out, at, value)
    return bytes(out)


def test_pmtiles_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    good = pmtiles(WORLD)
    cases = {
        "第 2 版": changed(good, "<B", 7, 2),
        "gzip 以外": changed(good, "<B", 97, 3),
        "矢量还是图片": changed(good, "<B", 99, 0),
        "缩放级别": changed(good, "<B", 101, 99),
        "不完整": good[:-10],
        "文件头": good[:60],
        "应有": changed(good, "<Q", 16, 1 << 62),
    }
    for words, body in cases.items():
        assert words in refusal(written(tmp_path / "a.pmtiles", body)), words
    assert "压缩" in refusal(written(tmp_path / "a.pmtiles", changed(good, "<Q", 127, 0)))


def test_every_cut_and_every_changed_byte_is_answered_in_words_or_with_a_tile(tmp_path: Path) -> None:
    good = pmtiles(WORLD, leaves=True)
    tries = [good[:n] for n in range(0, len(good), 7)]
    tries += [good[:n] + bytes([good[n] ^ 0xFF]) + good[n + 1 :] for n in range(400)]
    for body in tries:
        path = written(tmp_path / "a.pmtiles", body)
        with suppress(TileFileError):  # and nothing else
            open_tile_file(path).tile(1, 0, 0)


def test_absurd_directories_are_refused() -> None:
    for stored in (
        b"",
        varint(0),
        varint(1 << 40) + b"\1" * 40,
        varint(2) + b"\1" * 4,
        varint(1) + b"\1\1\1\0",  # no place
        varint(1) + b"\1\1\0\1",  # no length
        varint(2) + b"\1\0\1\1\1\1\1\1",  # the same tile twice
        b"\xff" * 20,
        varint(1)[:-1] + b"\x81",
    ):
        with pytest.raises(TileFileError):
            read_directory(stored)


def test_directories_that_lead_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    made = bytearray(pmtiles({(1, 0, 0): b"a tile"}, leaves=True, packing=1))
    leaf_at, leaf_size = struct.unpack_from("<QQ", made, 40)
    loop = directory([(1, 0, leaf_size, 0)])
    assert len(loop) == leaf_size
    made[leaf_at : leaf_at + leaf_size] = loop
    assert "没有尽头" in refusal(written(tmp_path / "a.pmtiles", bytes(made)))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(TileFileError, match="exceeds"):
        unpack(gzip.compress(b"\0" * 40_000_000))
    with pytest.raises(TileFileError, match="cut off"):
        unpack(gzip.compress(b"hello" * 100)[:-12])
    assert unpack(gzip.compress(b"hello")) == b"hello"


def test_a_directory_that_is_a_bomb_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\1" * 30_000_000)
    good = pmtiles({(1, 0, 0): RED})
    body = good + bomb
    body = changed(changed(body, "<Q", 8, len(good)), "<Q", 16, len(bomb))
    assert "超过" in refusal(written(tmp_path / "a.pmtiles", body))


def test_hostile_mbtiles_are_refused(tmp_path: Path) -> None:
    def store(*statements: str) -> Path:
        path = tmp_path / "h.mbtiles"
        path.unlink(missing_ok=True)
        made = sqlite3.connect(path)
        for statement in statements:
            made.execute(statement)
        made.commit()
        made.close()
        return path

    forever = "with recursive n(i) as (select 1 union all select i + 1 from n)"
    assert "没有瓦片表" in refusal(store("create table a (b)"))
    assert "没有瓦片" in refusal(store("create table tiles (zoom_level, tile_column, tile_row, tile_data)"))
    endless = f"create view tiles as {forever} select 1 zoom_level, i tile_column, 1 tile_row, null tile_data from n"
    assert refusal(store(endless + " where i < 0"))
    whole = write_mbtiles(tmp_path / "w.mbtiles", {(1, x % 2, x % 2): RED for x in range(2)}).read_bytes()
    assert refusal(written(tmp_path / "cut.mbtiles", whole[: len(whole) // 2]))


def test_a_picture_is_what_it_looks_like_and_no_larger_than_a_tile() -> None:
    assert check_picture(RED) == "image/png"
    assert check_picture(b"\xff\xd8\xff\xe0\0\x10" + b"J" * 14 + b"\xff\xc0\0\x11\x08\1\0\1\0") == "image/jpeg"
    for tile in (b"<svg onload=alert(1)>", b"<html>", b"GIF89a", b""):
        with pytest.raises(TileFileError, match="no PNG"):
            check_picture(tile)
    with pytest.raises(TileFileError, match="pixels"):
        check_picture(changed(RED, ">I", 16, 60_000))
    with pytest.raises(TileFileError, match="pixels"):
        check_picture(b"\xff\xd8\xff\xe0\0\x10" + b"J" * 14 + b"\xff\xc0\0\x11\x08\xff\xff\xff\xff")


def test_words_of_a_file_are_plain_text() -> None:
    assert plain_words("<script>alert(1)</script> &copy; A &amp; B\n\u202e") == "alert(1) © A & B"
    assert plain_words(7) == ""
    assert len(plain_words("x" * 5000)) == 300


def test_only_what_is_offered_can_be_reached(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", WORLD)
    shelf = Shelf([TileFile("a", tmp_path / "a.mbtiles")])
    found = shelf.tile("a", 1, 0, 0)
    assert found is not None
    assert (found.body, found.mimetype, found.zipped) == (BLUE, "image/png", False)
    for name in ("b", "../a", str(tmp_path / "a.mbtiles"), "a.mbtiles", ""):
        with pytest.raises(TileFileUnknown):
            shelf.tile(name, 1, 0, 0)


def test_a_file_that_comes_later_or_is_replaced_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    shelf = Shelf([TileFile("a", path)])
    with pytest.raises(TileFileError, match=r"a\.pmtiles") as refused:
        shelf.info("a")
    assert str(tmp_path) not in refused.value.text.zh
    written(path, pmtiles({(1, 0, 0): RED}))
    first, mark = shelf.info("a")
    assert first.max_zoom == 1
    written(tmp_path / "b", pmtiles({(2, 0, 0): BLUE}, words={"name": "新"})).replace(path)
    second, other = shelf.info("a")
    assert (second.max_zoom, second.title) == (2, "新")
    assert other != mark


def test_a_vector_tile_that_is_a_bomb_does_not_reach_a_browser(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\0" * 40_000_000)
    written(tmp_path / "a.pmtiles", pmtiles({(1, 0, 0): bomb}, kind=1))
    with pytest.raises(TileFileError, match="exceeds"):
        Shelf([TileFile("a", tmp_path / "a.pmtiles")]).tile("a", 1, 0, 0)


@pytest.mark.parametrize("levels", [range(10, 13), range(10, 19)])
def test_a_packed_file_gives_its_tiles_back(tmp_path: Path, levels: range) -> None:
    """With the deeper levels the root directory no longer fits in a reader's first look, so it leads to others."""
    tiles = {
        (z, x + 800, y + 400): f"{z}/{x}/{y}".encode() if (x * 7 + y * 13 + z) % 5 else b"the same"
        for z in levels
        for x in range(33)
        for y in range(33)
    }
    body = pack_tiles(tiles.items(), kind="vector", bounds=(118.0, 36.0, 119.5, 37.25), words={"name": "测试村"})
    assert body == pack_tiles(
        reversed(tiles.items()), kind="vector", bounds=(118.0, 36.0, 119.5, 37.25), words={"name": "测试村"}
    )
    leaf_bytes = struct.unpack_from("<Q", body, 48)[0]
    assert (leaf_bytes > 0) == (len(levels) > 3)
    archive = open_tile_file(written(tmp_path / "a.pmtiles", body))
    assert archive.info == TileFileInfo(
        "vector", levels[0], levels[-1], (118.0, 36.0, 119.5, 37.25), title="测试村", credit=""
    )
    assert {place: gzip.decompress(archive.tile(*place) or b"") for place in tiles} == tiles
    assert archive.tile(levels[-1], 0, 0) is None


def test_a_packed_file_takes_each_tile_once_and_none_empty() -> None:
    box = (118.0, 36.0, 119.0, 37.0)
    for tiles in ([], [((1, 0, 0), b"a"), ((1, 0, 0), b"a")], [((1, 0, 0), b"")]):
        with pytest.raises(ValueError, match=r"."):
            pack_tiles(tiles, kind="image/png", bounds=box, words={})
