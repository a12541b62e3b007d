"""The ZIP of what a phone could not send (导出未上传): read within limits, one entry after another.

``outbox.json`` lists the items and photographs; each lies beside it as the very bytes the phone would have sent. Names
in the archive are only looked up, never used as names of files.
"""

from __future__ import annotations

import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, NotAllowed
from data.sync.fields import Fields, key_of, read_object
from data.sync.items import MOST_BODY, MOST_PHOTO_BYTES, SCHEMAS
from data.sync.refusals import ItemUnfit, Sender
from data.tables.sync import ITEM_KINDS
from geo.errors import FangtuError, Text

MANIFEST = "outbox.json"
# A week of a busy visitor is about 50 MB.
MOST_BYTES = 200 << 20
MOST_UNPACKED = 400 << 20
MOST_ENTRIES = 6000
_MOST_MANIFEST = 4 << 20
# The directory of an archive stands at its end and is read whole: this much is enough for so many entries.
_MOST_DIRECTORY = 2 << 20
_END, _END_BYTES, _LARGE_END = b"PK\x05\x06", 22, b"PK\x06\x07"
_MOST_COMMENT = 1 << 16
# What zipfile raises over archives that are torn, changed or made up; it has no common class for them.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    IndexError,
    OverflowError,
)


class OutboxUnfit(FangtuError):
    """The archive as a whole cannot be read; of its items nothing was touched."""

    code = "outbox_unfit"

    def __init__(self, expected: Text) -> None:
        super().__init__(
            Text(
                f"没有导入：应为走访应用导出的 ZIP（{expected.zh}）。请在手机上重新导出。",
                f"Not imported: a ZIP from the field app is expected ({expected.en}). Export it again on the phone.",
            ),
            expected=expected.en,
        )


@dataclass(frozen=True)
class PackedItem:
    """An item of the list: its kind, id and where in the archive it lies."""

    kind: str
    id: uuid.UUID
    file: str


@dataclass(frozen=True)
class PackedPhoto:
    """A photograph of the list, of which item it is, and where it lies."""

    id: uuid.UUID
    of: uuid.UUID
    file: str
    sha256: str


class Outbox:
    """An archive that is open, with its list read.

    Parameters
    ----------
    file : binary file
        The whole archive; it can be sought in.

    Raises
    ------
    OutboxUnfit
        If it is no archive, holds too much, or its list is none.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._left = MOST_UNPACKED
        try:
            _check_directory(file)
            self._archive = zipfile.ZipFile(file)
            names = self._archive.namelist()
        except _BROKEN as error:
            raise OutboxUnfit(Text("打得开的压缩包", "an archive that opens")) from error
        if len(names) > MOST_ENTRIES or len(set(names)) < len(names):
            raise OutboxUnfit(Text(f"最多 {MOST_ENTRIES} 个文件，不重名", f"at most {MOST_ENTRIES} files, each once"))
        self._names = frozenset(names)
        content = self.read(MANIFEST, _MOST_MANIFEST)
        if content is None:
            raise OutboxUnfit(Text(f"含 {MANIFEST}", f"with {MANIFEST}"))
        try:
            fields = Fields(read_object(content))
            fields.whole("schema", SCHEMAS[0], SCHEMAS[-1], needed=True)
            self.device_id = fields.key("device", needed=True)
            self.account_id = int(fields.whole("account", 1, needed=True) or 0)
            fields.moment("made_at")
            self.items = fields.each("items", MOST_ENTRIES, _read_item)
            self.photos = fields.each("photos", MOST_ENTRIES, _read_photo)
        except ItemUnfit as why:
            raise OutboxUnfit(
                Text(
                    f"{MANIFEST} 的 {why.details['where']} 应为 {why.details['expected']}",
                    f"{why.details['where']} in {MANIFEST}: {why.details['expected']}",
                )
            ) from why

    def read(self, name: str, most_bytes: int) -> bytes | None:
        """The bytes of one entry; None if it is not there, broken, sealed or longer than it may be.

        What is unpacked counts, whatever the archive says of its sizes.

        Raises
        ------
        OutboxUnfit
            If all together is more than ``MOST_UNPACKED``.
        """
        if name not in self._names:
            return None
        try:
            with self._archive.open(name) as entry:
                content = entry.read(most_bytes + 1)
        except _BROKEN:
            return None
        self._left -= len(content)
        if self._left < 0:
            most = MOST_UNPACKED >> 20
            raise OutboxUnfit(Text(f"解开后最多 {most} MB", f"at most {most} MB unpacked"))
        return content if len(content) <= most_bytes else None

    def bodies(self) -> Iterator[tuple[PackedItem, bytes | None]]:
        """Each item with its bytes, in the order of the list."""
        for item in self.items:
            yield item, self.read(item.file, MOST_BODY)

    def pictures(self) -> Iterator[tuple[PackedPhoto, bytes | None]]:
        """Each photograph with its bytes."""
        for photo in self.photos:
            yield photo, self.read(photo.file, MOST_PHOTO_BYTES)


def _check_directory(file: IO[bytes]) -> None:
    """Refuse an archive whose directory would fill the memory, before it is read.

    Every place at the end that could be taken for the record that says how large it is must say a sensible size.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _MOST_COMMENT - _END_BYTES))
    tail = file.read()
    at = tail.find(_END)
    if at < 0 or _LARGE_END in tail:
        raise zipfile.BadZipFile
    while at >= 0:
        (directory,) = struct.unpack_from("<L", tail.ljust(at + _END_BYTES, b"\0"), at + 12)
        if directory > _MOST_DIRECTORY:
            raise zipfile.BadZipFile
        at = tail.find(_END, at + 1)
    file.seek(0)


def sender_of(session: Session, asker: Asker, box: Outbox) -> Sender:
    """For whom an archive is handed in: the asker, or the account it names if all of its duty lies within the asker's.

    Raises
    ------
    NotAllowed
        If the asker may not.
    """
    if not asker.duty:
        raise NotAllowed
    if box.account_id == asker.account_id:
        return Sender(asker.account_id, asker.full_name, asker.account_id, box.device_id, asker.duty)
    name = session.scalar(text("select sec.name_of_sender(:account)"), {"account": box.account_id})
    if name is None:
        raise NotAllowed
    return Sender(box.account_id, name, asker.account_id, box.device_id, asker.duty)


def _read_item(value: Any, where: str) -> PackedItem:
    fields = Fields(value, f"{where}.")
    kind = str(fields.one_of("kind", ITEM_KINDS, needed=True))
    return PackedItem(kind, key_of(value.get("id"), f"{where}.id"), fields.words("file", 300, needed=True) or "")


def _read_photo(value: Any, where: str) -> PackedPhoto:
    fields = Fields(value, f"{where}.")
    return PackedPhoto(
        key_of(value.get("id"), f"{where}.id"),
        key_of(value.get("of"), f"{where}.of"),
        fields.words("file", 300, needed=True) or "",
        fields.digest("sha256").hex(),
    )
