"""Layers read with GDAL: GeoPackage here, the Shapefile next door; whole numbers stay whole."""

from __future__ import annotations

import sqlite3
import warnings
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError

from geo.crs import System, parse_system
from geo.errors import Text
from geo.files.guards import check_foreign, damaged, too_large
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Note, Sheet, column_names, object_frame, storable, unreadable
from geo.files.workbook import choose

_GPKG = Text("GeoPackage（.gpkg）", "a GeoPackage (.gpkg)")
_EXACT = 2**53


def read_geopackage(path: Path, *, sheet: str | None = None) -> list[Sheet]:
    """Read the layers of a GeoPackage, tables without geometry too.

    Parameters
    ----------
    path : Path
        A checked local file.
    sheet : str, optional
        Name or number (from 1) of the only layer to read.

    Raises
    ------
    FileUnreadable
        If it is no GeoPackage, has a layer that is a query rather than a table (which may never end), or is too large.
    CrsUnknown
        If a layer is in a system that cannot be converted.
    """
    start = check_foreign(path, _GPKG)
    if not start.startswith(b"SQLite format 3\0"):
        raise unreadable(path, Text("内容不是数据库", "its content is no database"), _GPKG, again())
    names = _geopackage_tables(path)
    if sheet is not None:
        names = choose(names, sheet, path)
    return [read_layer(path, name, name, "gpkg") for name in names]


def read_layer(
    source: Path,
    layer: str,
    name: str,
    kind: str,
    path: Path | None = None,
    encoding: str | None = None,
    notes: tuple[Note, ...] = (),
) -> Sheet:
    """Read one layer that GDAL can open.

    Parameters
    ----------
    source : Path
        What GDAL opens.
    layer : str
        Name of the layer in it.
    name, kind : str
        Of the sheet.
    path : Path, optional
        The file it is from, for messages; ``source`` by default.
    encoding : str, optional
        Of the attributes.
    notes : tuple of Note
        For the sheet.

    Raises
    ------
    FileUnreadable
        If it is damaged or holds too much.
    CrsUnknown
        If it is in a system that cannot be converted.
    """
    path = path or source
    try:
        info = pyogrio.read_info(source, layer=layer, encoding=encoding, force_feature_count=True)
        if info["features"] > MAX_ROWS or len(info["fields"]) > MAX_COLUMNS:
            raise too_large(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            meta, _, geometry, values = pyogrio.raw.read(source, layer=layer, encoding=encoding, force_2d=True)
            values = [
                _whole_numbers(source, layer, field, column, dtype, encoding)
                for field, column, dtype in zip(meta["fields"], values, info["dtypes"], strict=True)
            ]
    except (DataSourceError, ValueError, RuntimeError, UnicodeError) as error:
        raise damaged(path, kind, error) from error
    except LookupError as error:
        raise damaged(path, kind, f"encoding {error}") from error
    plain = [_plain(column, ogr_type) for column, ogr_type in zip(values, info["ogr_types"], strict=True)]
    cells = list(zip(*plain, strict=True))
    count = len(values[0]) if values else len(geometry) if geometry is not None else 0
    fields = [str(field) for field in meta["fields"]]
    frame: pd.DataFrame = object_frame(column_names(["geometry", *fields])[1:], cells or [()] * count)
    crs = None
    if geometry is not None:
        shapes = shapely.from_wkb(geometry, on_invalid="ignore")
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, dtype="geometry"))
        crs = _system(meta["crs"])
    return Sheet(name, frame, np.arange(1, count + 1, dtype=np.int64), crs, 0, kind, (), notes)


def _whole_numbers(
    source: Path, layer: str, field: str, column: NDArray[Any], dtype: str, encoding: str | None
) -> NDArray[Any]:
    """Give whole numbers back as such: with gaps they come as floats, and an 18-digit number loses its end."""
    if not dtype.startswith("int") or column.dtype.kind != "f":
        return column
    if np.nanmax(np.abs(column), initial=0.0) < _EXACT:
        return np.array([None if np.isnan(value) else int(value) for value in column], dtype=object)
    quoted = '"' + field.replace("\\", "\\\\").replace('"', '\\"') + '"'
    table = '"' + layer.replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = pyogrio.raw.read(
        source,
        sql=f"SELECT CAST({quoted} AS CHARACTER(24)) AS number FROM {table}",
        sql_dialect="OGRSQL",
        read_geometry=False,
        encoding=encoding,
    )[3][0]
    return np.array([None if value is None else int(value) for value in text], dtype=object)


def _plain(column: NDArray[Any], ogr_type: str) -> list[Any]:
    """Turn a column of GDAL's into plain Python values."""
    if column.dtype.kind == "M":
        moments: list[datetime | None] = [None if np.isnat(v) else v.astype("datetime64[us]").item() for v in column]
        if ogr_type == "OFTDate":
            return [None if moment is None else date(moment.year, moment.month, moment.day) for moment in moments]
        return list(moments)
    if column.dtype.kind == "f":
        return [None if np.isnan(value) else float(value) for value in column]
    return [_plain_value(value) for value in column.tolist()]


def _plain_value(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value) if value.strip() else None
    return None if isinstance(value, bytes) else value


def _system(crs: str | None) -> System | None:
    """Read what a layer says of its system; an undefined one is None."""
    if not crs or "undefined" in crs.casefold() or crs.startswith(("LOCAL_CS", "ENGCRS")):
        return None
    return parse_system(crs)


def _geopackage_tables(path: Path) -> list[str]:
    """List the feature and attribute tables, and refuse layers that are views or virtual tables."""
    try:
        with closing(sqlite3.connect(f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True)) as store:
            rows = store.execute(
                "SELECT c.table_name, m.type, m.sql FROM gpkg_contents c LEFT JOIN sqlite_master m"
                " ON lower(m.name) = lower(c.table_name) WHERE c.data_type IN ('features', 'attributes')"
            ).fetchall()
    except (sqlite3.Error, UnicodeError) as error:
        raise damaged(path, "GeoPackage", error) from error
    for name, kind, sql in rows:
        if kind != "table" or str(sql).upper().startswith("CREATE VIRTUAL"):
            raise unreadable(
                path,
                Text(f"图层“{name}”是查询（视图），不是表", f"layer “{name}” is a query (view), not a table"),
                _GPKG,
                Text("请把该图层另存为新的 GeoPackage", "Save that layer to a new GeoPackage"),
            )
    if not rows:
        raise unreadable(path, Text("没有矢量图层", "it has no vector layer"), _GPKG, again())
    return [str(row[0]) for row in rows]


def _quoted(path: Path) -> str:
    return path.as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def again() -> Text:
    return Text("请用原来的软件重新导出", "Export it again from the software it comes from")
