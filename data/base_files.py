"""The tile files an installation offers, opened when first asked for and again when they were replaced."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from data.base_maps import TileFile
from geo.errors import FangtuError, Text
from geo.tilefiles.archive import TileArchive, TileFileInfo, open_tile_file
from geo.tilefiles.content import GZIP, VECTOR, TileFileError, check_picture, unpack


class TileFileUnknown(FangtuError):
    """No such file is offered."""

    code = "tile_file_unknown"

    def __init__(self) -> None:
        super().__init__(Text("没有这个底图。", "There is no such base map."))


@dataclass(frozen=True)
class Tile:
    """One tile, checked.

    Attributes
    ----------
    body : bytes
        As stored.
    mimetype : str
        Media type by its content.
    zipped : bool
        True if ``body`` is gzipped and unpacks within limits.
    """

    body: bytes
    mimetype: str
    zipped: bool = False

    def plain(self) -> bytes:
        """The unpacked body."""
        return unpack(self.body) if self.zipped else self.body


@dataclass
class _Held:
    """An open file, and by which mark of the disk it is known to be still the same."""

    mark: tuple[int, int, int]
    archive: TileArchive | None
    trouble: TileFileError | None = None


class Shelf:
    """The offered files of a running application.

    Parameters
    ----------
    files : sequence of TileFile
        What may be asked for; no other path can be reached.
    """

    def __init__(self, files: Sequence[TileFile]) -> None:
        self.files = {file.name: file for file in files}
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()

    def info(self, name: str) -> tuple[TileFileInfo, str]:
        """What a file holds, and a short mark that changes when the file is replaced.

        Raises
        ------
        TileFileUnknown
            If no such file is offered.
        TileFileError
            If it cannot be read; the sentence names it and says why.
        """
        held = self._open(name)
        assert held.archive is not None
        return held.archive.info, f"{held.mark[0]:x}{held.mark[1]:x}"[-16:]

    def tile(self, name: str, z: int, x: int, y: int) -> Tile | None:
        """One tile of a file, checked for being what it says it is; None where there is none.

        Raises
        ------
        TileFileUnknown
            If no such file is offered.
        TileFileError
            If file or tile is broken, too large or of an unknown kind.
        """
        held = self._open(name)
        assert held.archive is not None
        try:
            stored = held.archive.tile(z, x, y)
            if stored is None:
                return None
            if held.archive.info.kind == "raster":
                return Tile(stored, check_picture(stored))
            if stored.startswith(GZIP):
                unpack(stored)  # a browser would unpack it without any limit
                return Tile(stored, VECTOR, zipped=True)
            return Tile(stored, VECTOR)
        except TileFileError as error:
            raise _named(self.files[name], error) from error
        except OSError as error:
            raise _named(self.files[name], TileFileError(Text("读不出来", "it cannot be read"))) from error

    def _open(self, name: str) -> _Held:
        file = self.files.get(name)
        if file is None:
            raise TileFileUnknown
        try:
            found = os.stat(file.path)
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            mark = (0, 0, 0)
        with self._lock:
            held = self._held.get(name)
            if held is None or held.mark != mark:
                # The former one is left to whoever still reads it, and closed with its last reader.
                held = self._held[name] = _open(file, mark)
        if held.trouble is not None:
            raise _named(file, held.trouble)
        return held


def _open(file: TileFile, mark: tuple[int, int, int]) -> _Held:
    try:
        return _Held(mark, open_tile_file(file.path))
    except TileFileError as error:
        return _Held(mark, None, error)


def _named(file: TileFile, error: TileFileError) -> TileFileError:
    """The error with the file's name; its folder is nobody's business."""
    return TileFileError(
        Text(f"底图文件 {file.path.name}：{error.text.zh}。", f"Base map file {file.path.name}: {error.text.en}."),
        **error.details,
    )
