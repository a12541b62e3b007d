"""The streams of an OLE2 compound file, the outer form of old Office files ([MS-CFB])."""

from __future__ import annotations

import struct
from pathlib import Path

from geo.files.guards import OLE2, damaged

_FREE, _END = 0xFFFFFFFF, 0xFFFFFFFE
_ENTRY = 128
_MAX_STREAM = 1 << 28


class Compound:
    """A compound file in memory.

    Attributes
    ----------
    names : tuple of str
        Names of its streams, whatever storage they are in.

    Raises
    ------
    FileUnreadable
        If it is damaged; a chain that runs in a circle is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data = path.read_bytes()
        head = self._data[:512]
        if len(head) < 512 or not head.startswith(OLE2):
            raise damaged(path, "xls", "header")
        shift, mini_shift = struct.unpack_from("<HH", head, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise damaged(path, "xls", "sector size")
        self._size, self._mini_size = 1 << shift, 1 << mini_shift
        _, first_entry, _, self._cutoff, first_mini, _, first_more, _ = struct.unpack_from("<8I", head, 44)
        self._table = self._read_table(first_more, head)
        self._mini_table = _numbers(self._chain(first_mini, self._table))
        self._streams = self._read_entries(self._chain(first_entry, self._table))
        self.names = tuple(self._streams)

    def stream(self, name: str) -> bytes:
        """Give the content of a stream.

        Raises
        ------
        FileUnreadable
            If it is damaged.
        KeyError
            If there is none of that name.
        """
        start, size = self._streams[name]
        if size > _MAX_STREAM:
            raise damaged(self._path, "xls", "size")
        if size >= self._cutoff:
            return self._chain(start, self._table)[:size]
        whole = bytearray()
        seen = 0
        while start < len(self._mini_table) and seen * self._mini_size < size:
            whole += self._mini[start * self._mini_size : (start + 1) * self._mini_size]
            start = self._mini_table[start]
            seen += 1
        return bytes(whole[:size])

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, start: int, table: list[int]) -> bytes:
        pieces: list[bytes] = []
        while start not in (_END, _FREE):
            if start >= len(table) or len(pieces) > len(table):
                raise damaged(self._path, "xls", "chain of sectors")
            pieces.append(self._sector(start))
            start = table[start]
        return b"".join(pieces)

    def _read_table(self, more: int, head: bytes) -> list[int]:
        """Read which sector follows which."""
        sectors = [number for number in _numbers(head[76:512]) if number != _FREE]
        for _ in range(len(self._data) // self._size):
            if more in (_END, _FREE):
                break
            *listed, more = _numbers(self._sector(more)) or [_END]
            sectors += [number for number in listed if number != _FREE]
        return [
            number
            for sector in sectors[: len(self._data) // self._size + 1]
            for number in _numbers(self._sector(sector))
        ]

    def _read_entries(self, directory: bytes) -> dict[str, tuple[int, int]]:
        streams: dict[str, tuple[int, int]] = {}
        self._mini = b""
        for at in range(0, len(directory) - _ENTRY + 1, _ENTRY):
            entry = directory[at : at + _ENTRY]
            length, kind = struct.unpack_from("<HB", entry, 64)
            name = entry[: max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            start, size = struct.unpack_from("<II", entry, 116)
            if kind == 5:
                self._mini = self._chain(start, self._table)
            elif kind == 2:
                streams.setdefault(name, (start, size))
        return streams


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))
