"""MBTiles: tiles in an SQLite file. Opened read-only and as unchanging, so that nothing is written beside it.

The file may be anybody's: its schema is not trusted, a question that takes too many steps is broken off, and no value
longer than a tile is taken.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from urllib.parse import quote

from geo.errors import Text
from geo.tilefiles.archive import DEEPEST_ZOOM, TileFileInfo, check_zooms, plain_words, sensible_bounds
from geo.tilefiles.content import GZIP, MOST_STORED_BYTES, TileFileError, picture_type

_STEPS = 10_000
# About a second of SQLite's work: a tile found by an index takes some hundred steps.
_MOST_CALLS = 2_000
_FORMATS = {"pbf": "vector", "mvt": "vector"} | dict.fromkeys(("png", "jpg", "jpeg", "webp", "avif"), "raster")


class MBTiles:
    """An open MBTiles file.

    Parameters
    ----------
    path : Path
        File that begins as SQLite files do.

    Raises
    ------
    TileFileError
        If it has no table of tiles, no tile, or is broken.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._calls = 0
        address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        try:
            self._store = sqlite3.connect(address, uri=True, check_same_thread=False, cached_statements=8)
        except sqlite3.Error as error:
            raise _broken(error) from error
        try:
            self._store.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2 * MOST_STORED_BYTES)
            self._store.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
            self._store.set_progress_handler(self._enough, _STEPS)
            for rule in ("trusted_schema = off", "query_only = on", "cell_size_check = on", "mmap_size = 0"):
                self._store.execute(f"pragma {rule}")
            self.info = self._describe()
        except BaseException:
            self._store.close()
            raise

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._store.close()

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The stored bytes of a tile, None where there is none.

        Raises
        ------
        TileFileError
            If the file is broken or the tile too large.
        """
        if not self.info.min_zoom <= z <= self.info.max_zoom:
            return None
        rows = self._ask(
            "select tile_data from tiles where zoom_level = ? and tile_column = ? and tile_row = ? limit 1",
            # MBTiles count rows from the south.
            (z, x, (1 << z) - 1 - y),
        )
        if not rows or rows[0][0] is None:
            return None
        found = rows[0][0]
        if not isinstance(found, bytes):
            raise TileFileError(Text("瓦片不是二进制内容", "a tile is not binary"))
        if len(found) > MOST_STORED_BYTES:
            raise TileFileError(Text(f"瓦片有 {len(found)} 字节，过大", f"a tile of {len(found)} bytes is too large"))
        return found or None

    def _describe(self) -> TileFileInfo:
        try:
            words = {str(name): value for name, value in self._ask("select name, value from metadata limit 200")}
        except TileFileError:
            words = {}  # the table is required, but the tiles do without
        some = self._ask("select tile_data from tiles limit 1")
        if not some or not isinstance(some[0][0], bytes):
            raise TileFileError(Text("里面没有瓦片", "there are no tiles in it"))
        tile = some[0][0]
        kind = "raster" if picture_type(tile) else "vector" if tile.startswith(GZIP) else None
        kind = kind or _FORMATS.get(str(words.get("format")).lower())
        if kind is None:
            raise TileFileError(
                Text("瓦片既不是图片也不是矢量瓦片", "its tiles are neither pictures nor vector tiles"),
                found=plain_words(words.get("format")),
            )
        low, high = _whole(words.get("minzoom")), _whole(words.get("maxzoom"))
        if low is None or high is None:
            low, high = (_whole(end) for end in self._ask("select min(zoom_level), max(zoom_level) from tiles")[0])
        if low is None or high is None:
            low, high = 0, -1  # refused in words below
        check_zooms(low, high)
        return TileFileInfo(
            kind="vector" if kind == "vector" else "raster",
            min_zoom=low,
            max_zoom=high,
            bounds=_bounds(words.get("bounds")),
            title=plain_words(words.get("name")),
            credit=plain_words(words.get("attribution")),
        )

    def _ask(self, sql: str, values: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            self._calls = 0
            try:
                return self._store.execute(sql, values).fetchall()
            # A foreign file may also hold text in no known encoding, or a number SQLite cannot make a row of.
            except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError) as error:
                raise _broken(error) from error

    def _enough(self) -> int:
        self._calls += 1
        return int(self._calls > _MOST_CALLS)


def _broken(error: Exception) -> TileFileError:
    if "interrupted" in str(error):
        return TileFileError(
            Text(
                "查一张瓦片要翻遍全表：瓦片表缺少索引", "one tile takes a search of the whole table: it lacks an index"
            )
        )
    if "no such table" in str(error):
        return TileFileError(Text("里面没有瓦片表 tiles", "it has no table of tiles"))
    return TileFileError(Text("数据库文件已损坏或不完整", "the database file is broken or cut off"))


def _whole(value: object) -> int | None:
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= DEEPEST_ZOOM else None


def _bounds(value: object) -> tuple[float, float, float, float] | None:
    try:
        west, south, east, north = (float(part) for part in str(value).split(","))
    except ValueError:
        return None
    return sensible_bounds(west, south, east, north)
