"""Photographs from phones: checked, sealed and stored under their own name, whole or not at all.

A photograph is written beside its place, synced to the disk and renamed; then its row is committed. What a killed
process leaves is a half-written file or one without a row, and :func:`sweep_photos` removes both.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.photo_hashes import Picture, open_picture
from data.processes import is_alive
from data.sealed_files import SealedWriter, read_sealed
from data.sealing import Sealer
from data.settings import Settings
from data.sync.items import MOST_PHOTO_BYTES
from data.work_folders import YOUNG_S
from geo.errors import FangtuError, Text

# Media types by the format that the content itself has, whatever the request calls it.
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# A phone sends 1,280 pixels along the long edge; this many are decoded in a fifth of a second and 75 MB.
MOST_PIXELS = 25_000_000
# So many are opened at once in one process: a visit never waits behind the pictures of others.
WORKED_ON = 1
FOLDER = "photos"
_FOLDERS = 256

_work = threading.BoundedSemaphore(WORKED_ON)


class PhotoUnfit(FangtuError):
    """The bytes are not the photograph that was announced, or no photograph."""

    code = "photo_unfit"


@dataclass(frozen=True)
class Announced:
    """A photograph as its item names it."""

    id: uuid.UUID
    item_id: uuid.UUID
    sha256: bytes
    size_bytes: int


def find_announced(session: Session, account_id: int, kind: str, item_id: uuid.UUID, photo_id: uuid.UUID) -> Announced:
    """The photograph of an item of an account.

    Raises
    ------
    RecordUnknown
        If there is no such item of that kind, or it names no such photograph.
    """
    row = session.execute(
        text("""
            select p.id, p.item_id, p.sha256, p.size_bytes
              from synced_photo p join synced_item i on i.id = p.item_id
             where p.id = cast(:photo as uuid) and i.id = cast(:item as uuid) and i.kind = :kind
               and i.account_id = :account"""),
        {"account": account_id, "photo": str(photo_id), "item": str(item_id), "kind": kind},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return Announced(row.id, row.item_id, bytes(row.sha256), row.size_bytes)


def check_photo(announced: Announced, content: bytes, sha256: str | None = None) -> Picture:
    """Compare the bytes of a photograph with what was announced, and open it; asks no database.

    Parameters
    ----------
    content : bytes
        As they came.
    sha256 : str, optional
        What the sender says of them, in hexadecimal.

    Raises
    ------
    PhotoUnfit
        If the hash is another, or they are no JPEG, PNG or WebP picture that opens.
    """
    digest = hashlib.sha256(content)
    if digest.digest() != announced.sha256 or (sha256 is not None and sha256.lower() != digest.hexdigest()):
        raise PhotoUnfit(
            Text(
                "没有收下照片：内容与登记的校验值不符。请重新发送。",
                "The photograph was not taken: its bytes are not those announced. Send it again.",
            ),
            found=digest.hexdigest(),
            expected=announced.sha256.hex(),
        )
    picture = fit_picture(content)
    if picture is None:
        raise PhotoUnfit(
            Text(
                "没有收下照片：打不开，应为 JPEG、PNG 或 WebP 图片。",
                "The photograph was not taken: it does not open; a JPEG, PNG or WebP picture is expected.",
            ),
            expected=sorted(TYPES.values()),
        )
    return picture


def fit_picture(content: bytes) -> Picture | None:
    """A JPEG, PNG or WebP picture of a size that is taken; None if it is none."""
    # Whoever waits here should hold no connection of the database, which visits need.
    with _work:
        return open_picture(content, kinds=tuple(TYPES), most_pixels=MOST_PIXELS)


def take_photo(
    session: Session, settings: Settings, sealer: Sealer, announced: Announced, content: bytes, picture: Picture
) -> datetime:
    """Store the bytes of a photograph that :func:`check_photo` has found to be one; the caller commits.

    Returns
    -------
    datetime
        When it was received, for the first time.

    Raises
    ------
    RecordUnknown
        If the item is gone meanwhile.
    DiskFull
    """
    path = photo_path(settings, announced.id)
    # The same photograph twice at once: the second waits here, and finds it stored.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('photo ' || :photo, 0))"), {"photo": str(announced.id)}
    )
    received_at: datetime | None = session.scalar(
        text("select received_at from synced_photo where id = cast(:photo as uuid)"), {"photo": str(announced.id)}
    )
    # Unless the disk has lost them, there is nothing to do for bytes that come again.
    if received_at is not None and path.exists():
        return received_at
    write_photo(settings, sealer, announced.id, content)
    moment: datetime | None = session.scalar(
        text("select sec.keep_photo(cast(:item as uuid), cast(:photo as uuid), :type, :hash)"),
        {
            "item": str(announced.item_id),
            "photo": str(announced.id),
            "type": TYPES[picture.kind],
            "hash": picture.hash,
        },
    )
    if moment is None:
        path.unlink(missing_ok=True)
        raise RecordUnknown
    return moment


def keep_photo_bytes(settings: Settings, sealer: Sealer, photo_id: uuid.UUID, content: bytes) -> bytes:
    """Seal the bytes of a photograph that no phone announced; the caller adds its row to ``attachment`` and commits.

    Returns
    -------
    bytes
        SHA-256 of the content.

    Raises
    ------
    DiskFull
    """
    write_photo(settings, sealer, photo_id, content)
    return hashlib.sha256(content).digest()


def write_photo(
    settings: Settings, sealer: Sealer, photo_id: uuid.UUID, content: bytes, *, most_bytes: int = MOST_PHOTO_BYTES
) -> None:
    """Seal the bytes of a photograph or paper under its id, whole or not at all.

    Raises
    ------
    DiskFull
    """
    path = photo_path(settings, photo_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    writer = SealedWriter(path, sealer, _purpose(path), most_bytes)
    try:
        writer.write(content)
        writer.finish()
    except BaseException:
        writer.drop()
        raise
    # The name itself is synced too: after a loss of power the row must not speak of a file that is not there.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_photo(settings: Settings, sealer: Sealer, photo_id: uuid.UUID) -> bytes:
    """The bytes of a stored photograph as they were sent.

    Whoever shows them to somebody encodes them anew first: they may hold more than the picture.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    SealBroken
        If it was changed.
    """
    path = photo_path(settings, photo_id)
    return b"".join(read_sealed(path, sealer, _purpose(path)))


def photo_path(settings: Settings, photo_id: uuid.UUID) -> Path:
    """Where the sealed bytes of a photograph lie: ``var/photos/`` and two digits of its id."""
    return settings.var / FOLDER / photo_id.hex[:2] / str(photo_id)


def sweep_photos(connection: Connection, settings: Settings, turn: int) -> None:
    """Remove what killed processes left in one of the 256 folders: half-written files, and files without a row.

    Parameters
    ----------
    connection : Connection
        Of the owner.
    turn : int
        Which folder, modulo 256; one a minute sees all of them in four hours.
    """
    folder = settings.var / FOLDER / f"{turn % _FOLDERS:02x}"
    old: dict[str, Path] = {}
    for path in list(folder.glob("*")) + list(folder.glob(".*")):
        if path.name.startswith("."):
            if not is_alive(path.name.rpartition(".")[2]):
                path.unlink(missing_ok=True)
        elif _is_old(path):
            old[path.name] = path
    if not old:
        return
    kept = set(
        connection.scalars(
            text("""
                select id::text from synced_photo
                 where id = any (cast(:ids as uuid[])) and received_at is not null
                union
                select id::text from attachment where id = any (cast(:ids as uuid[]))"""),
            {"ids": list(old)},
        )
    )
    for name in old.keys() - kept:
        old[name].unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        uuid.UUID(path.name)
        return time.time() - path.stat().st_mtime > YOUNG_S
    except (ValueError, FileNotFoundError):
        return False


def _purpose(path: Path) -> str:
    """What a sealed file is; copied to another name it does not open."""
    return f"{FOLDER}/{path.name}"
