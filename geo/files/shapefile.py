"""Shapefiles: parts missing or beside one another in any case, and tables in GBK that keep their characters."""

from __future__ import annotations

import codecs
import shutil
import struct
import tempfile
from pathlib import Path

from geo.errors import Text
from geo.files.guards import damaged
from geo.files.layers import again, read_layer
from geo.files.sheet import Note, Sheet, unreadable

PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
EXPECTED = Text(
    "Shapefile（.shp 及同名 .shx、.dbf，可装入一个 zip）", "a Shapefile (.shp with its .shx and .dbf, also as one zip)"
)
_MAGIC = struct.pack(">i", 9994)
_NO_TABLE = Text(
    "缺少 .dbf（属性表），只读取了图形，没有任何属性。",
    "Its table (.dbf) is missing: only the shapes were read, without any attribute.",
)
_NO_INDEX = Text("缺少 .shx（索引），已由图形重建。", "Its index (.shx) is missing; it was made anew from the shapes.")
_NOT_AS_DECLARED = Text(
    ".cpg 写的编码是{declared}，与属性表不符，已按{used}读取。",
    "Its .cpg says {declared}, which the table is not; it was read as {used}.",
)


def read_shapefile(path: Path, *, encoding: str | None = None) -> list[Sheet]:
    """Read a Shapefile: one layer.

    Parameters
    ----------
    path : Path
        The ``.shp``, a checked local file, beside its other parts.
    encoding : str, optional
        Of its table. By default found in the table itself: UTF-8, else what the ``.cpg`` says, else GB18030.

    Returns
    -------
    list of Sheet
        Without ``.dbf`` the shapes alone, without ``.shx`` all the same, both noted; without ``.prj`` its ``crs`` is
        None. A ``.cpg`` that is wrong is overruled and noted.

    Raises
    ------
    FileUnreadable
        If it is no Shapefile or damaged.
    CrsUnknown
        If its ``.prj`` names a system that cannot be converted.
    """
    with tempfile.TemporaryDirectory(prefix="fangtu-") as folder:
        # Read from a copy under a plain name: parts may differ in case, and a lost index (.shx) can be rebuilt there.
        for part in path.parent.glob("*"):
            if part.stem.casefold() == path.stem.casefold() and part.suffix.lower() in PARTS:
                shutil.copyfile(part, Path(folder, "layer" + part.suffix.lower()))
        return [read_shapefile_copy(Path(folder, "layer.shp"), path, path.stem, encoding=encoding)]


def read_shapefile_copy(copy: Path, path: Path, name: str, *, encoding: str | None = None) -> Sheet:
    """Read a Shapefile whose parts stand under one plain name, endings in small letters.

    Parameters
    ----------
    copy : Path
        The ``.shp``; an index may be written beside it.
    path : Path
        The file it is from, for messages.
    name : str
        Of the sheet.
    encoding : str, optional
    """
    with copy.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise unreadable(path, Text("内容不是 Shapefile", "its content is no Shapefile"), EXPECTED, again())
    notes: list[Note] = []
    table = copy.with_suffix(".dbf")
    if not table.is_file():
        notes.append(Note(None, _NO_TABLE))
        rows = None
    else:
        rows = _count_rows(table, path)
    if table.is_file() and encoding is None:
        encoding, declared = _table_encoding(table)
        if declared is not None and declared != encoding:
            text = _NOT_AS_DECLARED.fill(declared=declared.upper(), used=encoding.upper())
            notes.append(Note(None, text))
    if not copy.with_suffix(".shx").is_file():
        notes.append(Note(None, _NO_INDEX))
    sheet = read_layer(copy, copy.stem, name, "shapefile", path, encoding, tuple(notes))
    # The index is there now in any case: a head of 100 bytes and 8 for each shape. GDAL drops what has no partner.
    shapes = (copy.with_suffix(".shx").stat().st_size - 100) // 8
    if rows is not None and rows != shapes:
        raise damaged(path, "Shapefile", f".shp {shapes}, .dbf {rows}")
    return sheet


def _count_rows(table: Path, path: Path) -> int:
    """Count the rows of a table, and refuse one that is shorter than its head says: GDAL reads shapes without it."""
    with table.open("rb") as file:
        head = file.read(32)
    count, start, length = struct.unpack_from("<IHH", head, 4) if len(head) == 32 else (0, 0, 0)
    if start < 33 or table.stat().st_size < start + count * length:
        raise damaged(path, "Shapefile", ".dbf")
    return int(count)


def _table_encoding(table: Path) -> tuple[str, str | None]:
    """Find the encoding of a dBase table by its own bytes; the .cpg beside it is often missing and sometimes wrong.

    Returns
    -------
    tuple of str
        The encoding found, and the one declared (None where nothing usable is), both as Python names them.
    """
    with table.open("rb") as file:
        head = file.read(32)
        length = struct.unpack("<H", head[8:10])[0] if len(head) == 32 else 0
        fields = file.read(max(length - 32, 0))
        body = file.read(1 << 24)
    named = table.with_suffix(".cpg")
    declared = None
    if named.is_file():
        with named.open("rb") as file:
            declared = _codec(file.read(100).decode("ascii", "ignore"))
    tried = [name for name in ("utf-8", declared, "gb18030") if name]
    # Fixed widths cut characters in two, so the fewest misfits win rather than none at all.
    misfits = {name: (fields + body).decode(name, errors="replace").count("\ufffd") for name in tried}
    best = min(tried, key=lambda name: misfits[name])
    # Plain letters and digits are the same in all of them.
    return best, None if (fields + body).isascii() else declared


def _codec(text: str) -> str | None:
    """Understand what stands in a .cpg: ``UTF-8``, ``GBK``, ``936``, ``ANSI 936``, ``ISO 8859-1`` …"""
    name = text.strip().strip("\0").casefold().removeprefix("ansi").removeprefix("oem").strip()
    name = f"cp{name}" if name.isdigit() else name
    name = "gb18030" if name in ("cp936", "gbk", "gb2312", "cp54936") else name
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
