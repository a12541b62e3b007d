"""What a file must not do to us: grow without end, name other files, reach the network, or pose as another kind."""

from __future__ import annotations

import re
import struct
import xml.parsers.expat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyogrio

from geo.errors import Text
from geo.files.sheet import MAX_BYTES, FileUnreadable, unreadable

MAX_MEMBERS = 20_000
# Of an archive that is read as tables. A ledger of 48,000 rows unpacks to less than 100 MiB, one with 20 blank but
# formatted cells in each of the 1,048,576 rows of a sheet to 350 MiB; what is larger has been made to hurt.
MAX_UNPACKED = 1 << 29
# What zipfile raises over archives that are torn, changed or made up; it has no common class for them.
_MEMBER_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, UnicodeError, RuntimeError)
# While it reads the directory; later these may come from whoever reads the members.
_ZIP_ERRORS = (*_MEMBER_ERRORS, ValueError, IndexError, OverflowError)
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FOREIGN = (
    (b"%PDF", Text("PDF 文件", "a PDF file")),
    (b"GIF8", Text("图片", "a picture")),
    (b"\x89PNG", Text("图片", "a picture")),
    (b"\xff\xd8\xff", Text("图片", "a picture")),
    (b"Rar!", Text("RAR 压缩包", "a RAR archive")),
    (b"7z\xbc\xaf", Text("7z 压缩包", "a 7z archive")),
    (b"\x1f\x8b", Text("gzip 压缩文件", "a gzip file")),
)
KINDS = Text(
    "csv、xlsx、xls、GeoJSON、GeoPackage、Shapefile、KML、GPX、OSM 文件或装有它们的 zip",
    "csv, xlsx, xls, GeoJSON, GeoPackage, Shapefile, KML, GPX, OSM or a zip of these",
)

_NOT_LOCAL = re.compile(r"\s*(/vsi|[a-z][a-z0-9+.\-]+://|/dev/|/proc/)", re.IGNORECASE)

# GDAL opens local files only: no address inside a file may make it fetch one.
pyogrio.set_gdal_config_options(
    {
        "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
        "GDAL_HTTP_MAX_RETRY": "0",
        "GDAL_HTTP_TIMEOUT": "1",
        "GDAL_HTTP_PROXY": "127.0.0.1:9",
        "OGR_SQLITE_LOAD_EXTENSIONS": None,
        # MiB of memory before an extract of OpenStreetMap is sorted on the disk; 100 by default.
        "OSM_MAX_TMPFILE_SIZE": "10",
        # The index of a Shapefile may be made anew; that is only ever done in our own copy.
        "SHAPE_RESTORE_SHX": "YES",
    }
)


def local_file(path: Path | str) -> Path:
    """Check that a path is an ordinary local file of tolerable size.

    Raises
    ------
    FileUnreadable
        If it is an address, a path of GDAL's virtual file systems, missing, no file, empty or above 1 GiB.
    """
    text = str(path)
    if _NOT_LOCAL.match(text) or "!" in text or "\0" in text:
        raise unreadable(
            path,
            Text("这不是本机文件的路径", "that is no path of a local file"),
            Text("本机上的文件，路径中没有“!”", "a file on this machine, without “!” in its path"),
            Text("请先把文件存到本机", "Save the file on this machine first"),
        )
    file = Path(text).absolute()
    if not file.is_file():
        folder = file.is_dir()
        found = Text("这是文件夹", "it is a folder") if folder else Text("没有这个文件", "there is no such file")
        raise unreadable(path, found, KINDS, Text("请检查路径", "Check the path"))
    try:
        size = file.stat().st_size
        with file.open("rb"):
            pass
    except OSError as error:
        raise unreadable(
            path,
            Text(f"没有读取权限（{error.strerror}）", f"it may not be read ({error.strerror})"),
            KINDS,
            Text("请检查文件权限", "Check the file's permissions"),
        ) from error
    if size == 0:
        raise unreadable(
            path, Text("文件是空的", "the file is empty"), KINDS, Text("请重新导出一份", "Export it once more")
        )
    if size > MAX_BYTES:
        raise too_large(path)
    return file


def too_large(path: Path | str) -> FileUnreadable:
    """Build the error for a file with too many bytes, rows or columns."""
    return unreadable(
        path,
        Text("内容过大", "it holds too much"),
        Text(
            "文件不超过1 GiB（压缩的解开后不超过512 MiB）、500万行、1000列",
            "at most 1 GiB (512 MiB unpacked), 5 million rows and 1,000 columns",
        ),
        Text("请分成几个文件", "Split it into several files"),
    )


def damaged(path: Path | str, what: str, why: object) -> FileUnreadable:
    """Build the error for a file that claims a kind but does not parse as it."""
    reason = " ".join(str(why).split())[:200]
    return unreadable(
        path,
        Text(f"内容不完整或已损坏（{reason}）", f"it is incomplete or damaged ({reason})"),
        Text(f"完整的 {what} 文件", f"a whole {what} file"),
        Text("请重新导出或另存一份", "Export or save it once more"),
    )


def check_foreign(path: Path, expected: Text) -> bytes:
    """Read the first bytes and refuse kinds nobody can read as a table.

    Returns
    -------
    bytes
        The first 4096 bytes.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    for magic, found in _FOREIGN:
        if start.startswith(magic):
            todo = Text("请另存为 xlsx 或 csv（不加密码）", "Save it as xlsx or csv, without a password")
            raise unreadable(path, found, expected, todo)
    return start


@contextmanager
def open_zip(path: Path, what: str, *, most: int | None = None) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose members, by its own directory, unpack to a bounded size.

    ``zipfile`` never unpacks a member beyond the size the directory states (the rest then fails its checksum), so the
    sum of these sizes is a bound. Other methods of packing than the two in use may ask for gigabytes at once.

    Parameters
    ----------
    path : Path
    what : str
        The kind of file, for messages.
    most : int, optional
        Bytes unpacked; ``MAX_UNPACKED`` by default.

    Raises
    ------
    FileUnreadable
        If it is no archive, encrypted, or a bomb.
    """
    try:
        archive = zipfile.ZipFile(path)
    except _ZIP_ERRORS as error:
        raise damaged(path, what, error) from error
    with archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if len(members) > MAX_MEMBERS or size > (MAX_UNPACKED if most is None else most):
            raise too_large(path)
        if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
            raise damaged(path, what, "compression")
        if any(member.flag_bits & 1 for member in members):
            raise unreadable(
                path,
                Text("压缩包有密码", "the archive has a password"),
                KINDS,
                Text("请去掉密码", "Remove the password"),
            )
        try:
            yield archive
        except _MEMBER_ERRORS as error:
            raise damaged(path, what, error) from error


def check_xml(stream: IO[bytes], path: Path, root: tuple[str, ...]) -> None:
    """Refuse XML with a document type (the only place for entities) or another root than expected.

    Reads no further than the first element.
    """
    found: list[str] = []
    dtd: list[str] = []
    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_: dtd.append("doctype")
    parser.StartElementHandler = lambda name, _: found.append(name)
    try:
        while not found and not dtd and (chunk := stream.read(1 << 14)):
            parser.Parse(chunk, False)
    except (xml.parsers.expat.ExpatError, ValueError, LookupError) as error:
        # The latter two are for encodings that expat does not know.
        if not (found or dtd):
            raise damaged(path, "XML", error) from error
    if dtd:
        raise unreadable(
            path,
            Text("XML 里有文档类型声明（DTD）", "its XML declares a document type (DTD)"),
            Text("没有 DTD 和实体的 XML", "XML without DTD and entities"),
            Text("请用原来的软件重新导出", "Export it again from the software it comes from"),
        )
    if root and (not found or found[0].rpartition(":")[2] not in root):
        raise unreadable(
            path,
            Text(f"根元素是“{(found or ['?'])[0][:40]}”", f"its root element is “{(found or ['?'])[0][:40]}”"),
            Text(f"“{root[0]}”", f"“{root[0]}”"),
            Text("请检查文件种类", "Check what kind of file it is"),
        )
