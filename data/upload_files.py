"""Where the content of uploads lies (``var/uploads``, ``var/refused``), always sealed, and under which names."""

from __future__ import annotations

import os
import re
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.sealed_files import SealedWriter, read_sealed
from data.sealing import Sealer
from data.settings import Settings
from geo.errors import FangtuError, Text

MOST_BYTES = 200 << 20
# Heading of the column that a file of refused rows has besides its own.
REASON = Text("退回原因", "Reason")
_NAME_LENGTH = 200
_SENDER_LENGTH = 60
# Characters that turn the writing round or cannot be seen: a name must not look like another one.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


class UploadGone(FangtuError):
    """The content of an upload is no longer there."""

    code = "upload_gone"

    def __init__(self) -> None:
        super().__init__(
            Text("文件已不在服务器上。请重新上传。", "The file is no longer on the server. Upload it again.")
        )


def clean_name(name: str | None) -> str:
    """Give a file's name as it is kept and shown.

    Parameters
    ----------
    name : str or None
        As the browser says it: perhaps with a path, control characters or marks that turn the writing round.

    Returns
    -------
    str
        The last part of the path without those, at most 200 characters with its ending; never empty.

    >>> clean_name("C:\\\\台账\\\\..\\\\杏花岭\\x00 2026.xlsx"), clean_name("../../etc/passwd"), clean_name("..")
    ('杏花岭 2026.xlsx', 'passwd', 'file')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name or ""))[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in _HIDDEN).strip(" .")
    if len(shown) > _NAME_LENGTH:
        ending = ending_of(shown)
        shown = shown[: _NAME_LENGTH - len(ending)] + ending
    return shown or "file"


def ending_of(name: str) -> str:
    """Give the ending of a name by which its kind is known: a point and at most 8 plain letters or digits, or nothing.

    >>> ending_of("台账.XLSX"), ending_of("a.tar.gz"), ending_of("台账"), ending_of("x.表格")
    ('.xlsx', '.gz', '', '')
    """
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    return found[0].lower() if found else ""


def clean_sender(sender: str | None) -> str | None:
    """Give the name of the office that sent a file: one line, no hidden characters, at most 60; None if blank."""
    shown = "".join(c for c in unicodedata.normalize("NFC", sender or "") if unicodedata.category(c) not in _HIDDEN)
    return " ".join(shown.split())[:_SENDER_LENGTH].strip() or None


def upload_path(settings: Settings, upload_id: uuid.UUID) -> Path:
    """Where the sealed content of an upload lies."""
    return settings.var / "uploads" / str(upload_id)


def refused_path(settings: Settings, upload_id: uuid.UUID) -> Path:
    """Where the sealed file of refused rows (退回表) of an upload lies."""
    return settings.var / "refused" / str(upload_id)


def upload_writer(settings: Settings, sealer: Sealer, upload_id: uuid.UUID) -> SealedWriter:
    """Open the place an upload's content goes to.

    Raises
    ------
    DiskFull
    """
    path = upload_path(settings, upload_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return SealedWriter(path, sealer, _purpose(path), MOST_BYTES)


def copy_name(file_name: str) -> str:
    """Name of an upload's working copy: its ending only, by which its kind is known."""
    return f"upload{ending_of(file_name)}"


@contextmanager
def open_upload(
    settings: Settings, sealer: Sealer, upload_id: uuid.UUID, file_name: str, folder: Path
) -> Iterator[Path]:
    """Unseal an upload into a working copy, which is removed at the end.

    Parameters
    ----------
    file_name : str
        Its own name; the copy keeps only the ending.
    folder : Path
        A private folder for the copy.

    Yields
    ------
    Path
        The copy.

    Raises
    ------
    UploadGone
        If the content is no longer there.
    SealBroken
        If it was changed.
    """
    path = upload_path(settings, upload_id)
    copy = folder / copy_name(file_name)
    try:
        try:
            pieces = read_sealed(path, sealer, _purpose(path))
            with open(copy, "xb", opener=_private) as file:
                file.writelines(pieces)
        except FileNotFoundError as error:
            raise UploadGone from error
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def seal_refused(settings: Settings, sealer: Sealer, upload_id: uuid.UUID, plain: Path) -> None:
    """Keep a file of refused rows sealed; a second one takes the place of the first."""
    path = refused_path(settings, upload_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    writer = SealedWriter(path, sealer, _purpose(path), 4 * MOST_BYTES)
    try:
        with plain.open("rb") as file:
            while piece := file.read(1 << 20):
                writer.write(piece)
        writer.finish()
    except BaseException:
        writer.drop()
        raise


def read_refused(settings: Settings, sealer: Sealer, upload_id: uuid.UUID) -> Iterator[bytes]:
    """Give the content of a file of refused rows, piece by piece (see :func:`data.sealed_files.read_sealed`)."""
    path = refused_path(settings, upload_id)
    return read_sealed(path, sealer, _purpose(path))


def ending_of_refused(head: bytes) -> str:
    """Tell by its first bytes which of the three a file of refused rows is."""
    if head.startswith(b"PK"):
        return ".xlsx"
    return ".geojson" if head.startswith(b"{") else ".csv"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _purpose(path: Path) -> str:
    """What a sealed file is: its folder and number; copied to another name it does not open."""
    return f"{path.parent.name}/{path.name}"
