"""Zip archives that hold tables or maps, one or several; archives inside of them are not opened."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from geo.errors import Text
from geo.files.guards import MAX_UNPACKED, open_zip, too_large
from geo.files.shapefile import PARTS, read_shapefile_copy
from geo.files.sheet import FileUnreadable, Note, Sheet, column_names, unreadable
from geo.files.workbook import choose

# Read wherever they stand.
_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".et", ".geojson", ".gpkg", ".kml", ".kmz", ".gpx", ".osm", ".pbf")
# Often only a word about the rest: read where there is nothing else.
_PERHAPS = (".txt", ".json")
_MAX_TABLES = 200
_EXPECTED = Text("装有表格或地图文件的 zip", "a zip with tables or map files in it")
_LEFT_OUT = Text("压缩包里这些文件没有读取：{zh}。", "Files in the archive that were not read: {en}.")

type_reader = Callable[[Path, str | None, str | None], list[Sheet]]


def read_archive(
    path: Path, read: type_reader, *, sheet: str | None = None, encoding: str | None = None
) -> list[Sheet]:
    """Read everything in a zip archive that is a table or a map.

    Parameters
    ----------
    path : Path
        A checked local file.
    read : callable
        Reads one unpacked file: ``read(path, sheet, encoding)``.
    sheet : str, optional
        Name or number (from 1) of the only sheet to read.
    encoding : str, optional
        Of text and Shapefile tables.

    Returns
    -------
    list of Sheet
        In the order of the archive. A Shapefile is called after its file, and so is any file that holds but one
        table; other sheets have the name of their file before their own where the archive holds several files. Names
        are unique. What is in the archive beyond that is noted.

    Raises
    ------
    FileUnreadable
        If there is nothing to read, one of the files cannot be read, or everything unpacked (archives such as xlsx
        counted as unpacked too) is more than 512 MiB.
    CrsUnknown
        If one of the files is in a system that cannot be converted.
    """
    with open_zip(path, "zip") as archive, tempfile.TemporaryDirectory(prefix="fangtu-") as folder:
        tables, left_out = _tables(archive)
        if not tables:
            raise _nothing(path, left_out)
        if len(tables) > _MAX_TABLES:
            raise too_large(path)
        copies = [_unpack(archive, parts, Path(folder, str(number))) for number, (_, parts) in enumerate(tables)]
        _check_inner(copies, path)
        found: list[Sheet] = []
        for (name, _), copy in zip(tables, copies, strict=True):
            found += _read(copy, name, path, read, encoding, alone=len(tables) == 1)
    names = column_names([one.name for one in found])
    sheets = [replace(one, name=name) for one, name in zip(found, names, strict=True)]
    if sheet is not None:
        chosen = choose(names, sheet, path)
        sheets = [one for one in sheets if one.name in chosen]
    if left_out and sheets:
        shown = left_out[:8] + ["…"] * (len(left_out) > 8)
        note = Note(None, _LEFT_OUT.fill(zh="、".join(shown), en=", ".join(shown)))
        sheets[0] = replace(sheets[0], notes=(note, *sheets[0].notes))
    return sheets


def _tables(archive: zipfile.ZipFile) -> tuple[list[tuple[str, dict[str, zipfile.ZipInfo]]], list[str]]:
    """Group the members into tables: name and parts by ending; and list what is none."""
    groups: dict[str, tuple[str, dict[str, zipfile.ZipInfo]]] = {}
    perhaps: dict[str, tuple[str, dict[str, zipfile.ZipInfo]]] = {}
    left_out: list[str] = []
    for member in archive.infolist():
        inside = PurePosixPath(_member_name(member).replace("\\", "/"))
        suffix = inside.suffix.lower()
        # What Apple's archiver and WPS put beside a file is no file of anybody's.
        is_folder = member.filename.endswith("/") or not inside.name
        if is_folder or "__MACOSX" in inside.parts or inside.name.startswith((".", "~$")):
            continue
        if suffix in PARTS:
            stem = str(inside.with_suffix("")).casefold()
            groups.setdefault(f"{stem}/", (inside.stem, {}))[1][suffix] = member
        elif suffix in _TABLES:
            groups[str(inside)] = (inside.stem, {suffix: member})
        elif suffix in _PERHAPS:
            perhaps[str(inside)] = (inside.stem, {suffix: member})
        else:
            left_out.append(inside.name[:80])
    alone = [key for key, (_, parts) in groups.items() if parts.keys() <= set(PARTS) and ".shp" not in parts]
    for key in alone:
        left_out += [stem + suffix for stem, parts in [groups.pop(key)] for suffix in parts]
    if groups:
        left_out += [PurePosixPath(key).name[:80] for key in perhaps]
    else:
        groups = perhaps
    return list(groups.values()), left_out


def _unpack(archive: zipfile.ZipFile, parts: dict[str, zipfile.ZipInfo], base: Path) -> Path:
    """Write the parts of a table under one plain name; gives the part to read."""
    for suffix, member in parts.items():
        with archive.open(member) as source, base.with_suffix(suffix).open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
    return base.with_suffix(".shp" if ".shp" in parts else next(iter(parts)))


def _check_inner(copies: list[Path], path: Path) -> None:
    """Bound what the files unpack to that are archives themselves (xlsx, kmz): all together, not each."""
    size = 0
    for copy in copies:
        if zipfile.is_zipfile(copy):
            with open_zip(copy, "zip") as inner:
                size += sum(member.file_size for member in inner.infolist())
        if size > MAX_UNPACKED:
            raise too_large(path)


def _read(copy: Path, name: str, path: Path, read: type_reader, encoding: str | None, *, alone: bool) -> list[Sheet]:
    shown = f"{path.name}/{name}{copy.suffix}"
    try:
        if copy.suffix == ".shp":
            return [read_shapefile_copy(copy, Path(shown), name, encoding=encoding)]
        sheets = read(copy, None, encoding)
    except FileUnreadable as error:
        raise _inside(error, copy, shown) from error
    # Text files, GeoJSON and KML are called after their file, which here has a number for a name.
    if len(sheets) == 1 and sheets[0].name == copy.stem:
        return [replace(sheets[0], name=name)]
    titles = [
        one.name.replace(copy.stem, name, 1) if one.name.startswith(f"{copy.stem} ") else one.name for one in sheets
    ]
    return [
        replace(one, name=title if alone or title.startswith(f"{name} ") else f"{name} {title}")
        for one, title in zip(sheets, titles, strict=True)
    ]


def _inside(error: FileUnreadable, copy: Path, shown: str) -> FileUnreadable:
    """Name the file in the archive instead of its copy."""
    text = Text(*(words.replace(f"“{copy.name}”", f"“{shown}”", 1) for words in error.text))
    return FileUnreadable(text, **{**error.details, "file": shown})


def _nothing(path: Path, left_out: list[str]) -> FileUnreadable:
    shown = "、".join(left_out[:8])
    found = Text("压缩包里没有能读的文件", "there is no file in the archive that can be read")
    if shown:
        found = Text(f"{found.zh}（只有{shown}）", f"{found.en} (only {shown})")
    todo = Text("请放入表格或地图文件，不要再套压缩包", "Put tables or map files into it, no further archives")
    return unreadable(path, found, _EXPECTED, todo)


def _member_name(member: zipfile.ZipInfo) -> str:
    """Read the name of an archive member; old Chinese programs write GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename
