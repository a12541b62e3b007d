"""Export of records to files people open: masked, safe in spreadsheets, and fit to be imported again unchanged."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.areas import area_range
from data.audit import record
from data.db import owner_session
from data.export_kinds import EXPORTS, Column
from data.formulas import guarded
from data.workbooks import write_rows
from geo.errors import FangtuError, Text

FORMATS = ("xlsx", "csv", "geojson", "gpkg")
KINDS = tuple(EXPORTS)

Rows = list[dict[str, Any]]


class ExportRefused(FangtuError):
    """The kind or format does not exist, or the folder to write to; nothing was written."""

    code = "export_refused"


def export_file(
    engine: Engine, kind: str, path: Path | str, *, area: str | None = None, format: str = "xlsx", language: str = "zh"
) -> int:
    """Export in a transaction of its own, as the owner; parameters and result as for :func:`export`."""
    with owner_session(engine) as session:
        return export(session, kind, area, format, path, language)


def export(session: Session, kind: str, area: str | None, format: str, out: Path | str, language: str = "zh") -> int:
    """Write the records of an area to a file, and one audit row.

    Parameters
    ----------
    session : Session
        What it may see is what is written: as the owner everything, else what row-level security leaves.
    kind : str
        ``areas``, ``grids``, ``households``, ``houses``, ``sites``, ``visits`` or ``coverage``.
    area : str or None
        Code, older code or name; everything without one.
    format : str
        ``xlsx``, ``csv`` (UTF-8 with byte order mark), ``geojson`` or ``gpkg``.
    out : Path or str
        File to write; it appears whole or not at all.
    language : str
        ``zh`` or ``en``, of headings and words in spreadsheets; map layers have field names and codes.

    Returns
    -------
    int
        Rows written. Personal numbers are stars throughout, names of heads are masked; text that a spreadsheet might
        run as a formula begins with a single quote, which the import takes off again.

    Raises
    ------
    ExportRefused
        If there is no such kind, format or folder.
    CodeUnknown
        If there is no such area.
    """
    out = Path(out)
    _check(kind, format, out)
    jur, jur_end = area_range(session, area)
    columns = EXPORTS[kind].columns
    result = session.execute(text(EXPORTS[kind].sql), {"jur": jur, "jur_end": jur_end})
    rows = [dict(row) for row in result.mappings()]
    for column in columns:
        if column.mask:
            for row in rows:
                row[column.name] = column.mask(row[column.name] or "")
    with tempfile.TemporaryDirectory(prefix=".fangtu-", dir=out.absolute().parent) as folder:
        # Written beside its place and moved there, so that nobody finds half a file.
        draft = Path(folder, f"export.{format}")
        _WRITERS[format](draft, kind, columns, rows, language)
        os.replace(draft, out)
    record(
        session,
        act="export",
        object_kind=kind,
        fields=[column.name for column in columns],
        details={"rows": len(rows), "format": format, "area": area, "file": out.name[:200]},
        jur=jur,
    )
    return len(rows)


def _check(kind: str, format: str, out: Path) -> None:
    if kind not in KINDS:
        raise _wrong("类别", "kind", kind, KINDS)
    if format not in FORMATS:
        raise _wrong("格式", "format", format, FORMATS)
    if not out.absolute().parent.is_dir():
        raise ExportRefused(
            Text(f"没有文件夹 {out.parent}，请先建立。", f"There is no folder {out.parent}; make it first."),
            found=str(out.parent),
        )


def _plain(value: Any) -> Any:
    """Give lists as text and moments in ISO form, other values as they are."""
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or None
    return value.isoformat() if isinstance(value, date) else value


def _cells(columns: Sequence[Column], row: dict[str, Any], language: str) -> Iterator[Any]:
    for column in columns:
        value = row[column.name]
        if column.labels and not language.startswith("en"):
            words = value if isinstance(value, list) else [value] if value else []
            value = [column.labels[word].zh if word in column.labels else word for word in words]
        value = _plain(value)
        yield guarded(value) if isinstance(value, str) else value


def _headings(columns: Sequence[Column], language: str) -> list[str]:
    return [column.name if language.startswith("en") else column.zh for column in columns]


def _write_csv(out: Path, kind: str, columns: Sequence[Column], rows: Rows, language: str) -> None:
    # With a byte order mark, or spreadsheets read Chinese text in the system's old encoding.
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_headings(columns, language))
        for row in rows:
            writer.writerow(_cells(columns, row, language))


def _write_xlsx(out: Path, kind: str, columns: Sequence[Column], rows: Rows, language: str) -> None:
    write_rows(out, kind, _headings(columns, language), (_cells(columns, row, language) for row in rows))


def _write_geojson(out: Path, kind: str, columns: Sequence[Column], rows: Rows, language: str) -> None:
    names = _layer_columns(columns)
    with out.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "name": ' + json.dumps(kind) + ', "features": [\n')
        for number, row in enumerate(rows):
            shape = _shape(row)
            # Coordinates in full: a place comes back from the file exactly as it was.
            geometry = shapely.geometry.mapping(shape) if shape is not None else None
            properties = {name: _plain(row[name]) for name in names}
            feature = {"type": "Feature", "properties": properties, "geometry": geometry}
            file.write((",\n" if number else "") + json.dumps(feature, ensure_ascii=False, allow_nan=False))
        file.write("\n]}\n")


def _write_gpkg(out: Path, kind: str, columns: Sequence[Column], rows: Rows, language: str) -> None:
    types = {column.name: {"": "string", "int": "Int64", "float": "Float64"}[column.number] for column in columns}
    content = {
        name: pd.array([_plain(row[name]) for row in rows], dtype=types[name])  # type: ignore[call-overload]
        for name in _layer_columns(columns)
    }
    shapes = gpd.GeoSeries([_shape(row) for row in rows], crs="EPSG:4326")
    frame = gpd.GeoDataFrame(content, geometry=shapes, crs="EPSG:4326")
    pyogrio.write_dataframe(frame, out, layer=kind, driver="GPKG", geometry_type="Unknown")


def _layer_columns(columns: Sequence[Column]) -> list[str]:
    """Columns of a map layer: its geometry takes the place of longitude and latitude."""
    return [column.name for column in columns if column.name not in ("lon", "lat")]


def _shape(row: dict[str, Any]) -> Any:
    return shapely.from_wkb(bytes(row["shape"])) if row["shape"] is not None else None


def _wrong(zh: str, en: str, found: str, known: Sequence[str]) -> ExportRefused:
    listed = ", ".join(known)
    return ExportRefused(
        Text(f"不认识的{zh}“{found}”，应为：{listed}。", f"Unknown {en} '{found}'; expected one of: {listed}."),
        found=found,
        expected=list(known),
    )


_WRITERS: dict[str, Callable[[Path, str, Sequence[Column], Rows, str], None]] = {
    "csv": _write_csv,
    "xlsx": _write_xlsx,
    "geojson": _write_geojson,
    "gpkg": _write_gpkg,
}
