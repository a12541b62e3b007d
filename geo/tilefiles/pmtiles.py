"""PMTiles version 3: a header, directories of tile numbers along a Hilbert curve, and the tiles one after another.

Read by position from one open file. Every length and offset comes from the file, so each is compared with the file's
size and with a limit before anything is read or unpacked.
"""

from __future__ import annotations

import json
import os
import struct
import threading
from bisect import bisect_right
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from geo.errors import Text
from geo.tilefiles.archive import TileFileInfo, check_zooms, plain_words, sensible_bounds
from geo.tilefiles.content import MOST_STORED_BYTES, TileFileError, unpack

_HEADER = struct.Struct("<7sB11QBBBBBBiiiiBii")
_NONE, _GZIP = 1, 2
_MOST_DIRECTORY_BYTES = 1024 * 1024
_MOST_UNPACKED_DIRECTORY_BYTES = 4 * 1024 * 1024
_MOST_ENTRIES = 262_144
_MOST_METADATA_BYTES = 1024 * 1024
_DEEPEST_DIRECTORY = 4
_KEPT_DIRECTORIES = 64


class Directory(NamedTuple):
    """Entries sorted by tile number: a run of tiles, or with run 0 a further directory."""

    ids: list[int]
    runs: list[int]
    lengths: list[int]
    offsets: list[int]


class PMTiles:
    """An open PMTiles file.

    Parameters
    ----------
    path : Path
        File that begins with ``PMTiles``.

    Raises
    ------
    TileFileError
        If it is of another version, is cut off, uses a compression nobody unpacks here, or contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        try:
            self._size = os.fstat(self._file.fileno()).st_size
            self._kept: OrderedDict[tuple[int, int], Directory] = OrderedDict()
            self._lock = threading.Lock()
            self._read_header()
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The stored bytes of a tile, None where there is none.

        Raises
        ------
        TileFileError
            If a directory or the tile is broken, cut off or beyond its limit.
        """
        if not self.info.min_zoom <= z <= self.info.max_zoom:
            return None
        wanted = tile_number(z, x, y)
        place = self._root
        for _ in range(_DEEPEST_DIRECTORY):
            directory = self._directory(*place)
            at = bisect_right(directory.ids, wanted) - 1
            if at < 0:
                return None
            if directory.runs[at]:
                if wanted >= directory.ids[at] + directory.runs[at]:
                    return None
                offset, length = directory.offsets[at], directory.lengths[at]
                _within("瓦片", "a tile", offset, length, self._tiles[1], MOST_STORED_BYTES)
                return self._read(self._tiles[0] + offset, length)
            offset, length = directory.offsets[at], directory.lengths[at]
            _within("目录", "a directory", offset, length, self._leaves[1], _MOST_DIRECTORY_BYTES)
            place = (self._leaves[0] + offset, length)
        raise TileFileError(Text("目录层层相套，没有尽头", "its directories lead on without end"))

    def _read_header(self) -> None:
        head = os.pread(self._file.fileno(), _HEADER.size, 0)
        if len(head) < _HEADER.size:
            raise TileFileError(Text("文件不完整，连文件头都没有读全", "it is cut off within its header"))
        (_magic, version, root_at, root_size, meta_at, meta_size, leaf_at, leaf_size, tiles_at, tiles_size, *_rest) = (
            _HEADER.unpack(head)
        )
        packing, tile_packing, kind, low, high = _rest[4:9]
        west, south, east, north = (value / 1e7 for value in _rest[9:13])
        if version != 3:
            raise TileFileError(
                Text(f"是 PMTiles 第 {version} 版，这里读第 3 版", f"it is PMTiles version {version}, expected 3"),
                found=version,
            )
        if packing not in (_NONE, _GZIP) or tile_packing not in (_NONE, _GZIP, 0):
            raise TileFileError(
                Text(
                    "用了 gzip 以外的压缩，请以 gzip 重新生成", "it is not compressed with gzip; make it anew with gzip"
                )
            )
        # 0 = not stated; 1 = vector tiles; 2 to 5 = pictures.
        if kind not in (1, 2, 3, 4, 5):
            raise TileFileError(
                Text("没有写明瓦片是矢量还是图片", "it does not say whether its tiles are vectors or pictures"),
                found=kind,
            )
        check_zooms(low, high)
        self._packing = packing
        self._root, self._leaves, self._tiles = (root_at, root_size), (leaf_at, leaf_size), (tiles_at, tiles_size)
        for offset, length in (self._root, (meta_at, meta_size), self._leaves, self._tiles):
            if offset + length > self._size:
                raise TileFileError(
                    Text(
                        f"文件不完整：应有 {offset + length} 字节，只有 {self._size}",
                        f"it is cut off: {offset + length} bytes expected, {self._size} found",
                    ),
                    expected=offset + length,
                    found=self._size,
                )
        words = self._metadata(meta_at, meta_size)
        self.info = TileFileInfo(
            kind="vector" if kind == 1 else "raster",
            min_zoom=low,
            max_zoom=high,
            bounds=sensible_bounds(west, south, east, north),
            title=plain_words(words.get("name")),
            credit=plain_words(words.get("attribution")),
        )
        self._directory(*self._root)

    def _metadata(self, offset: int, length: int) -> dict[str, object]:
        """What the file says of itself; nothing where that is missing, too long or no JSON: the tiles do without."""
        if not 0 < length <= _MOST_METADATA_BYTES:
            return {}
        try:
            words = json.loads(self._unpacked(self._read(offset, length), _MOST_METADATA_BYTES))
        except (TileFileError, ValueError, RecursionError):
            return {}
        return words if isinstance(words, dict) else {}

    def _directory(self, offset: int, length: int) -> Directory:
        with self._lock:
            found = self._kept.get((offset, length))
            if found is not None:
                self._kept.move_to_end((offset, length))
                return found
        if length > _MOST_DIRECTORY_BYTES:
            raise TileFileError(
                Text(f"目录有 {length} 字节，大得不合理", f"a directory has {length} bytes, absurdly many"),
                found=length,
            )
        made = read_directory(self._unpacked(self._read(offset, length), _MOST_UNPACKED_DIRECTORY_BYTES))
        with self._lock:
            self._kept[offset, length] = made
            while len(self._kept) > _KEPT_DIRECTORIES:
                self._kept.popitem(last=False)
        return made

    def _unpacked(self, stored: bytes, most: int) -> bytes:
        if self._packing == _NONE:
            return stored
        return unpack(stored, most)

    def _read(self, offset: int, length: int) -> bytes:
        found = os.pread(self._file.fileno(), length, offset)
        if len(found) < length:
            raise TileFileError(Text("文件不完整", "it is cut off"), expected=length, found=len(found))
        return found


def _within(zh: str, en: str, offset: int, length: int, size: int, most: int) -> None:
    if length > most or offset + length > size:
        raise TileFileError(
            Text(f"{zh}的位置或大小不合理", f"the place or size of {en} makes no sense"), found=[offset, length]
        )


def read_directory(stored: bytes) -> Directory:
    """Read an unpacked directory.

    Parameters
    ----------
    stored : bytes
        Number of entries, then column by column tile numbers (as differences), runs, lengths and offsets as varints.

    Raises
    ------
    TileFileError
        If it is cut off, has more entries than it has bytes for, or its numbers are out of order.
    """
    numbers = _varints(stored)
    if not numbers or not 0 < numbers[0] <= _MOST_ENTRIES or len(numbers) != 1 + 4 * numbers[0]:
        raise TileFileError(
            Text("目录的条目数与内容不符", "the number of entries of a directory does not fit its content"),
            found=numbers[0] if numbers else None,
        )
    many = numbers[0]
    steps, runs, lengths, places = (numbers[1 + part * many : 1 + (part + 1) * many] for part in range(4))
    ids, at = [], 0
    for i, step in enumerate(steps):
        if i and not step:
            raise TileFileError(Text("目录里的瓦片编号重复", "a directory repeats a tile number"))
        at += step
        ids.append(at)
    offsets: list[int] = []
    for i, place in enumerate(places):
        if not place and not i:
            raise TileFileError(Text("目录的第一条没有位置", "the first entry of a directory has no place"))
        # 0 = right behind the entry before.
        offsets.append(place - 1 if place else offsets[-1] + lengths[i - 1])
    if not all(lengths):
        raise TileFileError(Text("目录里有长度为 0 的条目", "a directory has an entry without length"))
    return Directory(ids, runs, lengths, offsets)


def _varints(stored: bytes) -> list[int]:
    numbers: list[int] = []
    value = shift = 0
    for byte in stored:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            numbers.append(value)
            value = shift = 0
            if len(numbers) > 1 + 4 * _MOST_ENTRIES:
                break
        else:
            shift += 7
            if shift > 63:
                raise TileFileError(Text("目录里有不合理的数字", "a directory holds an absurd number"))
    if shift:
        raise TileFileError(Text("目录不完整", "a directory is cut off"))
    return numbers


def tile_number(z: int, x: int, y: int) -> int:
    """Number of a tile along the Hilbert curve, the levels above it counted first.

    Parameters
    ----------
    z, x, y : int
        Tile with ``0 <= x, y < 2^z``; y grows southward.
    """
    number = ((1 << 2 * z) - 1) // 3
    for bit in range(z - 1, -1, -1):
        size = 1 << bit
        right, low = x >> bit & 1, y >> bit & 1
        number += size * size * (3 * right ^ low)
        x, y = x & size - 1, y & size - 1
        if not low:
            if right:
                x, y = size - 1 - x, size - 1 - y
            x, y = y, x
    return number
