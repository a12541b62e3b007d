"""Writing PMTiles version 3: the tiles of a small area in one file, equal tiles stored once."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterable, Mapping, Sequence

from geo.tilefiles.pmtiles import tile_number

# A reader fetches this much first and wants header and root directory in it.
_FIRST_READ_BYTES = 16_384
_HEADER = struct.Struct("<7sB11QBBBBBBiiiiBii")
_LEAF_ENTRIES = 2048
_KINDS = {"vector": 1, "image/png": 2, "image/jpeg": 3, "image/webp": 4, "image/avif": 5}
_NONE, _GZIP = 1, 2
_Entry = tuple[int, int, int, int]


def pack_tiles(
    tiles: Iterable[tuple[tuple[int, int, int], bytes]],
    *,
    kind: str,
    bounds: tuple[float, float, float, float],
    words: Mapping[str, object],
) -> bytes:
    """Put tiles into one PMTiles file.

    Layout by the specification of PMTiles 3: header, root directory, metadata, leaf directories, tiles along the
    Hilbert curve.

    Parameters
    ----------
    tiles : iterable of ((z, x, y), bytes)
        Each tile once, in any order, none empty: vector tiles plain (they are gzipped here), pictures as they are.
    kind : str
        ``vector``, or the media type of the pictures.
    bounds : tuple of float
        West, south, east, north in WGS-84 degrees.
    words : mapping
        What the file says of itself, as JSON.

    Returns
    -------
    bytes
        The same for the same tiles.

    Raises
    ------
    ValueError
        If there is no tile, or one twice.
    """
    ordered = sorted(tiles, key=lambda tile: tile_number(*tile[0]))
    if not ordered:
        raise ValueError("a file of tiles holds at least one")
    body, entries = _body(ordered, zipped=kind == "vector")
    root, leaves = _directories(entries)
    meta = gzip.compress(json.dumps(words, ensure_ascii=False, sort_keys=True).encode(), mtime=0)
    places: list[int] = []
    at = _HEADER.size
    for part in (root, meta, leaves, body):
        places += [at, len(part)]
        at += len(part)
    west, south, east, north = (round(degrees * 1e7) for degrees in bounds)
    zooms = [z for (z, _x, _y), _tile in ordered]
    head = _HEADER.pack(
        b"PMTiles",
        3,
        *places,
        len(ordered),
        len(entries),
        len({offset for _number, _run, _length, offset in entries}),
        1,  # clustered: the tiles lie in the order of their numbers
        _GZIP,
        _GZIP if kind == "vector" else _NONE,
        _KINDS[kind],
        min(zooms),
        max(zooms),
        west,
        south,
        east,
        north,
        max(zooms),
        (west + east) // 2,
        (south + north) // 2,
    )
    return head + root + meta + leaves + body


def _body(ordered: Sequence[tuple[tuple[int, int, int], bytes]], *, zipped: bool) -> tuple[bytes, list[_Entry]]:
    """All tiles one after another, and ``(number, run, length, offset)`` of each run of equal ones."""
    body = bytearray()
    placed: dict[bytes, int] = {}
    entries: list[_Entry] = []
    for place, tile in ordered:
        if not tile:
            raise ValueError("an empty tile is left out")
        number = tile_number(*place)
        stored = gzip.compress(tile, 9, mtime=0) if zipped else tile
        if stored not in placed:
            placed[stored] = len(body)
            body += stored
        before = entries[-1] if entries else None
        if before and number < before[0] + before[1]:
            raise ValueError(f"tile {place} is there twice")
        if before and before[0] + before[1] == number and before[3] == placed[stored]:
            entries[-1] = (before[0], before[1] + 1, before[2], before[3])
        else:
            entries.append((number, 1, len(stored), placed[stored]))
    return bytes(body), entries


def _directories(entries: Sequence[_Entry]) -> tuple[bytes, bytes]:
    """Root directory and leaves; without leaves where the root is found by the first read."""
    root = _directory(entries)
    if _HEADER.size + len(root) <= _FIRST_READ_BYTES:
        return root, b""
    leaves = bytearray()
    pointers: list[_Entry] = []
    for start in range(0, len(entries), _LEAF_ENTRIES):
        leaf = _directory(entries[start : start + _LEAF_ENTRIES])
        pointers.append((entries[start][0], 0, len(leaf), len(leaves)))
        leaves += leaf
    return _directory(pointers), bytes(leaves)


def _directory(entries: Sequence[_Entry]) -> bytes:
    steps = [entry[0] - before for entry, before in zip(entries, [0, *(e[0] for e in entries[:-1])], strict=True)]
    columns = (steps, *([entry[part] for entry in entries] for part in (1, 2)), [entry[3] + 1 for entry in entries])
    plain = bytearray(_varint(len(entries)))
    for column in columns:
        for number in column:
            plain += _varint(number)
    return gzip.compress(bytes(plain), mtime=0)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
