"""Tile files made by the tests: pictures of one colour, small vector tiles, and both kinds of archive around them."""

from __future__ import annotations

import gzip
import json
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from geo.tilefiles.pmtiles import tile_number

Tiles = Mapping[tuple[int, int, int], bytes]


def png(red: int, green: int, blue: int, size: int = 256, *, spot: tuple[float, float, int] | None = None) -> bytes:
    """A picture of one colour; with ``spot`` (x, y and half its width in pixels) a black square on it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b""
    for y in range(size):
        row = [bytes((red, green, blue))] * size
        if spot and abs(y + 0.5 - spot[1]) <= spot[2]:
            row = [b"\0\0\0" if abs(x + 0.5 - spot[0]) <= spot[2] else row[x] for x in range(size)]
        rows += b"\0" + b"".join(row)
    head = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def varint(number: int) -> bytes:
    """A number as protocol buffers and PMTiles write it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, body: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(body)) + body


def square_tile(layer: str, properties: Mapping[str, str]) -> bytes:
    """A vector tile with one layer whose only feature is a square over the middle half of the tile."""

    def zigzag(step: int) -> bytes:
        return varint(step << 1 if step >= 0 else -step * 2 - 1)

    moves = varint(1 << 3 | 1) + zigzag(1024) + zigzag(1024) + varint(3 << 3 | 2)
    moves += b"".join(zigzag(x) + zigzag(y) for x, y in ((2048, 0), (0, 2048), (-2048, 0))) + varint(1 << 3 | 7)
    tags = b"".join(varint(i) + varint(i) for i in range(len(properties)))
    feature = _field(2, tags) + varint(3 << 3) + varint(3) + _field(4, moves)
    body = varint(15 << 3) + varint(2) + _field(1, layer.encode()) + _field(2, feature)
    body += b"".join(_field(3, key.encode()) for key in properties)
    body += b"".join(_field(4, _field(1, value.encode())) for value in properties.values())
    return _field(3, body + varint(5 << 3) + varint(4096))


def directory(entries: Iterable[tuple[int, int, int, int]]) -> bytes:
    """Entries ``(tile number, run, length, offset)`` in the order given, not packed."""
    rows = list(entries)
    ids = [row[0] for row in rows]
    steps = [now - before for now, before in zip(ids, [0, *ids[:-1]], strict=True)]
    columns = [steps, [row[1] for row in rows], [row[2] for row in rows], [row[3] + 1 for row in rows]]
    return varint(len(rows)) + b"".join(varint(number) for column in columns for number in column)


def pmtiles(
    tiles: Tiles, *, kind: int = 2, leaves: bool = False, words: Mapping[str, object] | None = None, packing: int = 2
) -> bytes:
    """A PMTiles file; ``kind`` 1 vector, 2 PNG; with ``leaves`` each tile has a directory of its own below the root."""

    def packed(plain: bytes) -> bytes:
        return gzip.compress(plain, mtime=0) if packing == 2 else plain

    body, entries = b"", []
    for key, tile in sorted(tiles.items(), key=lambda item: tile_number(*item[0])):
        entries.append((tile_number(*key), 1, len(tile), len(body)))
        body += tile
    leaf = b""
    if leaves:
        root_entries = []
        for entry in entries:
            made = packed(directory([entry]))
            root_entries.append((entry[0], 0, len(made), len(leaf)))
            leaf += made
        entries = root_entries
    root, meta = packed(directory(entries)), packed(json.dumps(words or {}).encode())
    zooms = [z for z, _, _ in tiles]
    at = 127
    sections = []
    for part in (root, meta, leaf, body):
        sections += [at, len(part)]
        at += len(part)
    head = struct.pack(
        "<7sB11QBBBBBBiiiiBii", b"PMTiles", 3, *sections, *[len(tiles)] * 3, 1, packing, 2 if kind == 1 else 1,
        kind, min(zooms), max(zooms), 1180000000, 360000000, 1190000000, 370000000, 0, 0, 0,
    )  # fmt: skip
    return head + root + meta + leaf + body


def write_mbtiles(path: Path, tiles: Tiles, words: Mapping[str, str] | None = None) -> Path:
    """An MBTiles file; rows counted from the south, as the format wants."""
    store = sqlite3.connect(path)
    store.execute("create table metadata (name text, value text)")
    store.execute("create table tiles (zoom_level integer, tile_column integer, tile_row integer, tile_data blob)")
    store.execute("create unique index tile_index on tiles (zoom_level, tile_column, tile_row)")
    store.executemany("insert into metadata values (?, ?)", list((words or {}).items()))
    store.executemany(
        "insert into tiles values (?, ?, ?, ?)", [(z, x, (1 << z) - 1 - y, tile) for (z, x, y), tile in tiles.items()]
    )
    store.commit()
    store.close()
    return path
