"""One door for every kind of file."""

from __future__ import annotations

import zipfile
from pathlib import Path

from geo.errors import Text
from geo.files.geojson import read_geojson
from geo.files.guards import KINDS, check_foreign, local_file
from geo.files.layers import read_geopackage, read_shapefile, read_zipped_shapefile
from geo.files.osm import read_osm_sheets
from geo.files.sheet import Sheet, unreadable
from geo.files.text import read_csv
from geo.files.workbook import choose, read_workbook


def read_table(path: Path | str, *, sheet: str | None = None, encoding: str | None = None) -> list[Sheet]:
    """Read a file of any kind we take into sheets.

    Parameters
    ----------
    path : Path or str
        A local file; its ending tells the kind (``.csv .txt .tsv``, ``.xlsx .xlsm``, ``.geojson .json``, ``.gpkg``,
        ``.shp``, ``.zip`` with Shapefiles, ``.osm``, ``.osm.pbf .pbf``) and its content must agree.
    sheet : str, optional
        Name or number (from 1) of the only worksheet or layer to read.
    encoding : str, optional
        Of text, GeoJSON and Shapefile tables; found out by default.

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
    file = local_file(path)
    name = file.name.lower()
    if name.endswith((".csv", ".txt", ".tsv")):
        sheets = [read_csv(file, encoding=encoding)]
    elif name.endswith((".xlsx", ".xlsm")):
        return _filled(read_workbook(file, sheet=sheet), file)
    elif name.endswith((".geojson", ".json")):
        sheets = [read_geojson(file, encoding=encoding)]
    elif name.endswith(".gpkg"):
        return _filled(read_geopackage(file, sheet=sheet), file)
    elif name.endswith(".shp"):
        sheets = read_shapefile(file, encoding=encoding)
    elif name.endswith(".zip"):
        return _filled(_read_zip(file, sheet, encoding), file)
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
    if sheet is not None:
        wanted = choose([found.name for found in sheets], sheet, file)
        sheets = [found for found in sheets if found.name in wanted]
    return _filled(sheets, file)


def _read_zip(file: Path, sheet: str | None, encoding: str | None) -> list[Sheet]:
    """Read zipped Shapefiles; a workbook under the wrong ending is pointed out rather than guessed at."""
    check_foreign(file, KINDS)
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            workbook = "xl/workbook.xml" in archive.namelist()
        if workbook:
            raise unreadable(
                file,
                Text("这是工作簿", "it is a workbook"),
                Text("扩展名 .xlsx", "the file ending .xlsx"),
                Text("请改扩展名", "Rename it"),
            )
    return read_zipped_shapefile(file, sheet=sheet, encoding=encoding)


def _filled(sheets: list[Sheet], file: Path) -> list[Sheet]:
    if any(found.ignored or len(found.frame) for found in sheets):
        return sheets
    raise unreadable(
        file,
        Text("没有任何内容", "there is nothing in it"),
        Text("至少一行表头", "at least a line of column heads"),
        Text("请重新导出一份", "Export it once more"),
    )
