"""What every tile file tells of itself, and opening one by its first bytes rather than by its name."""

from __future__ import annotations

import html
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from geo.errors import Text
from geo.tilefiles.content import TileFileError

DEEPEST_ZOOM = 24
_MOST_WORDS = 300


@dataclass(frozen=True)
class TileFileInfo:
    """What a tile file holds.

    Attributes
    ----------
    kind : str
        ``vector`` or ``raster``.
    min_zoom, max_zoom : int
        Levels that have tiles, 0 to 24.
    bounds : tuple of float or None
        West, south, east, north in WGS-84 degrees, where the file says so sensibly.
    title, credit : str
        Name and attribution in the file's own words, plain text; empty where it says nothing.
    """

    kind: Literal["vector", "raster"]
    min_zoom: int
    max_zoom: int
    bounds: tuple[float, float, float, float] | None = None
    title: str = ""
    credit: str = ""


class TileArchive(Protocol):
    """An open tile file; safe to ask from several threads."""

    info: TileFileInfo

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """The stored bytes of a tile (y grows southward; vector tiles may be gzipped), None where there is none."""

    def close(self) -> None:
        """Give the file back."""


def open_tile_file(path: Path) -> TileArchive:
    """Open a PMTiles or MBTiles file for reading.

    Parameters
    ----------
    path : Path
        A file; it is never written to and no other file is made beside it.

    Raises
    ------
    TileFileError
        If it cannot be read, is of neither kind, or contradicts itself.
    """
    # Here, since both modules describe themselves with what stands above.
    from geo.tilefiles.mbtiles import MBTiles
    from geo.tilefiles.pmtiles import PMTiles

    try:
        # Asked first: opening a pipe would wait for somebody to write into it.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise TileFileError(Text("不是文件", "it is no file"), found=path.name)
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise TileFileError(
            Text(f"打不开：{error.strerror}", f"it cannot be opened: {error.strerror}"), found=path.name
        ) from error
    if head.startswith(b"PMTiles"):
        return PMTiles(path)
    if head == b"SQLite format 3\x00":
        return MBTiles(path)
    raise TileFileError(Text("不是 PMTiles 或 MBTiles 文件", "it is neither a PMTiles nor an MBTiles file"))


def plain_words(words: object) -> str:
    """Text of a file's own attribution, which is often HTML: tags taken off, whitespace single, at most 300 letters."""
    if not isinstance(words, str):
        return ""
    text = html.unescape(re.sub(r"<[^<>]{0,1000}>", " ", words[:4000]))
    return " ".join("".join(letter for letter in text if letter.isprintable()).split())[:_MOST_WORDS]


def sensible_bounds(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float] | None:
    """The bounds, or None where they are none of this world (also for NaN)."""
    if -180 <= west < east <= 180 and -90 <= south < north <= 90:
        return west, south, east, north
    return None


def check_zooms(low: int, high: int) -> None:
    """Refuse levels that no map has.

    Raises
    ------
    TileFileError
        If they are not ``0 <= low <= high <= 24``.
    """
    if not 0 <= low <= high <= DEEPEST_ZOOM:
        raise TileFileError(
            Text(
                f"缩放级别写成 {low} 至 {high}，应在 0 至 {DEEPEST_ZOOM} 之间",
                f"its zoom levels are {low} to {high}, expected within 0 to {DEEPEST_ZOOM}",
            ),
            found=[low, high],
        )
