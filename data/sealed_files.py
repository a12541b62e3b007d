"""Files sealed at rest: AES-GCM in pieces of one mebibyte, written and read as a stream.

A sealed file is a head (:data:`MAGIC`, number of the key, 16 random bytes) and pieces of ciphertext with a tag of 16
bytes each. The key is the file's own (:meth:`data.sealing.Sealer.file_key`, bound to what the file is). The nonce of a
piece is its number and whether it is the last one, and the head is bound into each, so that no piece can be changed,
moved, left out or cut off unnoticed (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015).
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from data.processes import process_mark
from data.sealing import SealBroken, Sealer
from geo.errors import FangtuError, Text

PIECE = 1 << 20
MAGIC = b"FTS1"
_SALT, _TAG = 16, 16
_HEAD = len(MAGIC) + 1 + _SALT
# What is left free for the database and everybody else.
_RESERVE = 256 << 20


class DiskFull(FangtuError):
    """There is no room for a file; nothing of it was kept."""

    code = "disk_full"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有收下文件：服务器磁盘已满。请联系管理员腾出空间后再上传。",
                "The file was not taken: the server's disk is full. Ask your administrator to free some space first.",
            )
        )


class FileTooLarge(FangtuError):
    """A file is larger than what is taken; nothing of it was kept."""

    code = "too_large"

    def __init__(self, most_bytes: int) -> None:
        most = most_bytes >> 20
        super().__init__(
            Text(
                f"没有收下文件：超过 {most} MB。请分成几个文件再上传。",
                f"The file was not taken: it is larger than {most} MB. Split it into several files.",
            ),
            most_bytes=most_bytes,
        )


def require_room(folder: Path, size_bytes: int) -> None:
    """Refuse a file that the disk has no room for, before any of it is read.

    Raises
    ------
    DiskFull
    """
    if shutil.disk_usage(folder).free < size_bytes + _RESERVE:
        raise DiskFull


class SealedWriter:
    """Writes a sealed file as its content comes in; under its own name it appears whole or not at all.

    Parameters
    ----------
    path : Path
        Where the file will stand; its folder exists.
    sealer : Sealer
    purpose : str
        What the file is; it opens only as that.
    most_bytes : int
        Content beyond this is refused.
    """

    def __init__(self, path: Path, sealer: Sealer, purpose: str, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        # Named after its process, so that what a killed one leaves can be told from what is being written.
        self._draft = path.with_name(f".{path.name}.{process_mark()}")
        salt = secrets.token_bytes(_SALT)
        self._head = MAGIC + bytes([sealer.newest]) + salt
        self._cipher = AESGCM(sealer.file_key(purpose, salt, sealer.newest))
        self._held = bytearray()
        self._pieces = 0
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        with _room():
            self._file: BinaryIO = open(os.open(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115
            self._file.write(self._head)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take the next bytes of the content.

        Raises
        ------
        DiskFull, FileTooLarge
            What was written before is removed.
        """
        self.size_bytes += len(data)
        if self.size_bytes > self._most_bytes:
            self.drop()
            raise FileTooLarge(self._most_bytes)
        self._digest.update(data)
        self._held += data
        # The last piece is marked, so one is kept back until more comes or the end.
        while len(self._held) > PIECE:
            self._seal(bytes(self._held[:PIECE]), last=False)
            del self._held[:PIECE]
        return len(data)

    def finish(self) -> bytes:
        """Write the end and give the file its name.

        Returns
        -------
        bytes
            SHA-256 of the content.

        Raises
        ------
        DiskFull
        """
        self._seal(bytes(self._held), last=True)
        self._held.clear()
        try:
            with _room():
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._draft, self._path)
        except DiskFull:
            self.drop()
            raise
        return self._digest.digest()

    def drop(self) -> None:
        """Remove what was written; after :meth:`finish`, the file itself. Doing it again changes nothing."""
        try:
            self._file.close()
        except OSError:
            pass  # the last bytes found no room; they are to go anyway
        self._draft.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _seal(self, piece: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._pieces, last), piece, self._head)
        self._pieces += 1
        try:
            with _room():
                self._file.write(sealed)
        except DiskFull:
            self.drop()
            raise


def read_sealed(path: Path, sealer: Sealer, purpose: str) -> Iterator[bytes]:
    """Give the content of a sealed file, piece by piece.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    SealBroken
        If it is cut, was changed, is another file, or its key is not at hand. What came before must then not be used.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD or not head.startswith(MAGIC):
            raise _broken()
        cipher = AESGCM(sealer.file_key(purpose, head[-_SALT:], head[len(MAGIC)]))
        number, sealed = 0, file.read(PIECE + _TAG)
        while True:
            following = file.read(PIECE + _TAG)
            try:
                yield cipher.decrypt(_nonce(number, not following), sealed, head)
            except InvalidTag as error:
                raise _broken() from error
            if not following:
                return
            number, sealed = number + 1, following


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


@contextmanager
def _room() -> Iterator[None]:
    """Turn a full disk into its words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull from error
        raise


def _broken() -> SealBroken:
    return SealBroken(
        Text(
            "这个上传文件已损坏，打不开。请重新上传。",
            "This uploaded file is damaged and does not open. Upload it again.",
        )
    )
