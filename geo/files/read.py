"""One door for every kind of file."""

from __future__ import annotations

from pathlib import Path

from geo.errors import Text
from geo.files.archive import read_archive
from geo.files.biff import read_old_workbook
from geo.files.encoding import EXPECTED as TEXT
from geo.files.geojson import read_geojson
from geo.files.gpx import read_gpx
from geo.files.guards import KINDS, OLE2, check_foreign, local_file, open_zip
from geo.files.kml import read_kml
from geo.files.layers import read_geopackage
from geo.files.osm import read_osm_sheets
from geo.files.shapefile import read_shapefile
from geo.files.sheet import Note, Sheet, unreadable
from geo.files.text import read_csv
from geo.files.webpage import is_webpage, read_webpage
from geo.files.workbook import EXPECTED as WORKBOOK
from geo.files.workbook import choose, read_workbook

_TEXTS = (".csv", ".txt", ".tsv")
_WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".et")
_IN_TRUTH = Text(
    "扩展名是“{ending}”，内容其实是{zh}，已按内容读取。",
    "It is called “{ending}” and is in truth {en}; it was read as what it is.",
)


def read_table(path: Path | str, *, sheet: str | None = None, encoding: str | None = None) -> list[Sheet]:
    """Read a file of any kind we take into sheets.

    Parameters
    ----------
    path : Path or str
        A local file. Its ending tells the kind: ``.csv .txt .tsv``, ``.xlsx .xlsm .xls .et``, ``.geojson .json``,
        ``.gpkg``, ``.shp``, ``.kml .kmz``, ``.gpx``, ``.osm``, ``.osm.pbf .pbf``, and ``.zip`` with any of these. For
        tables the content decides: a workbook called csv, a text table called xls and a web page called either are
        read as what they are, with a note.
    sheet : str, optional
        Name or number (from 1) of the only worksheet or layer to read.
    encoding : str, optional
        Of text, web pages, GeoJSON and Shapefile tables; found out by default.

    Returns
    -------
    list of Sheet
        At least one, and at least a head in one of them; worksheets and OSM themes with nothing in them are left out.

    Raises
    ------
    FileUnreadable
        If the file is foreign, broken, empty, too large or hostile.
    CrsUnknown
        If it names a coordinate system that cannot be converted.
    """
    return _read(local_file(path), sheet, encoding)


def _read(file: Path, sheet: str | None, encoding: str | None) -> list[Sheet]:
    name = file.name.lower()
    if name.endswith((*_TEXTS, *_WORKBOOKS)):
        return _filled(_read_tables(file, sheet, encoding), file)
    if name.endswith(".gpkg"):
        return _filled(read_geopackage(file, sheet=sheet), file)
    if name.endswith(".zip"):
        return _filled(_read_zip(file, sheet, encoding), file)
    if name.endswith((".geojson", ".json")):
        sheets = [read_geojson(file, encoding=encoding)]
    elif name.endswith(".shp"):
        sheets = read_shapefile(file, encoding=encoding)
    elif name.endswith((".kml", ".kmz")):
        sheets = read_kml(file)
    elif name.endswith(".gpx"):
        sheets = read_gpx(file)
    elif name.endswith((".osm", ".pbf")):
        sheets = read_osm_sheets(file)
    else:
        check_foreign(file, KINDS)
        raise unreadable(
            file,
            Text(f"不认识的扩展名“{file.suffix[:20]}”", f"the file ending “{file.suffix[:20]}” means nothing here"),
            KINDS,
            Text("请另存为其中一种", "Save it as one of these"),
        )
    return _filled(_chosen(sheets, sheet, file), file)


def _read_tables(file: Path, sheet: str | None, encoding: str | None) -> list[Sheet]:
    """Read a table by its content: systems that export web pages or texts as ``.xls`` are common."""
    ending = file.suffix.lower()
    is_text = ending in _TEXTS
    expected = TEXT if is_text else WORKBOOK
    start = check_foreign(file, expected)
    if start.startswith(OLE2):
        return read_old_workbook(file, sheet=sheet, more=_in_truth(ending, (".xls", ".et"), _OLD))
    if start.startswith(b"PK"):
        _check_package(file, expected)
        return read_workbook(file, sheet=sheet, more=_in_truth(ending, (".xlsx", ".xlsm", ".et"), _NEW))
    if is_webpage(start):
        return _chosen(read_webpage(file, encoding=encoding, expected=expected), sheet, file)
    if not is_text:
        _check_text(file, start, expected)
    return _chosen([read_csv(file, encoding=encoding, more=_in_truth(ending, _TEXTS, _TEXT))], sheet, file)


_OLD = Text("旧式工作簿（.xls）", "an old workbook (.xls)")
_NEW = Text("工作簿（.xlsx）", "a workbook (.xlsx)")
_TEXT = Text("文本表格", "a text table")


def _in_truth(ending: str, right: tuple[str, ...], what: Text) -> tuple[Note, ...]:
    if ending in right:
        return ()
    return (Note(None, _IN_TRUTH.fill(ending=ending, zh=what.zh, en=what.en)),)


def _check_package(file: Path, expected: Text) -> None:
    """Point out archives that are no xlsx: other kinds of workbook and documents, each with what to do."""
    with open_zip(file, "xlsx") as archive:
        names = {name.replace("\\", "/").lstrip("/").lower() for name in archive.namelist()}
        kind = b""
        if "content.xml" in names and "mimetype" in archive.namelist():
            with archive.open("mimetype") as member:
                kind = member.read(100)
    found = None
    if "xl/workbook.bin" in names:
        found = Text("二进制工作簿（.xlsb）", "a binary workbook (.xlsb)")
    elif b"opendocument" in kind:
        found = Text("OpenDocument 文件（.ods 等）", "an OpenDocument file (.ods or the like)")
    elif any(name.startswith(("word/", "ppt/")) for name in names):
        found = Text("Word 或 PowerPoint 文档", "a Word or PowerPoint document")
    elif not any(name.startswith("xl/") or name == "_rels/.rels" for name in names):
        found = Text("压缩包，内容不是工作簿", "an archive, its content is no workbook")
    if found is not None:
        todo = Text("请用 WPS 或 Excel 打开后另存为 xlsx", "Open it in WPS or Excel and save it as xlsx")
        raise unreadable(file, found, expected, todo)


def _check_text(file: Path, start: bytes, expected: Text) -> None:
    """Refuse what is called a workbook and is neither that nor a table of text."""
    found = None
    if (
        start.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<?xml")
        or b"schemas-microsoft-com:office:spreadsheet" in start
    ):
        found = Text("XML 表格（2003 格式）", "an XML spreadsheet (of 2003)")
    elif not any(mark in start for mark in (b",", b"\t", b";", b"|")) or b"\0\0\0" in start:
        found = Text("内容不是工作簿", "its content is no workbook")
    if found is not None:
        todo = Text("请用 WPS 或 Excel 打开后另存为 xlsx", "Open it in WPS or Excel and save it as xlsx")
        raise unreadable(file, found, expected, todo)


def _read_zip(file: Path, sheet: str | None, encoding: str | None) -> list[Sheet]:
    """Read an archive; a workbook under this ending is read as what it is."""
    check_foreign(file, KINDS)
    with open_zip(file, "zip") as archive:
        names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return read_workbook(file, sheet=sheet, more=_in_truth(".zip", (), _NEW))
    return read_archive(file, _read, sheet=sheet, encoding=encoding)


def _chosen(sheets: list[Sheet], sheet: str | None, file: Path) -> list[Sheet]:
    if sheet is None:
        return sheets
    wanted = choose([found.name for found in sheets], sheet, file)
    return [found for found in sheets if found.name in wanted]


def _filled(sheets: list[Sheet], file: Path) -> list[Sheet]:
    if any(found.ignored or len(found.frame) for found in sheets):
        return sheets
    raise unreadable(
        file,
        Text("没有任何内容", "there is nothing in it"),
        Text("至少一行表头", "at least a line of column heads"),
        Text("请重新导出一份", "Export it once more"),
    )
