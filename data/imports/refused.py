"""The file of refused rows (退回表): what was not imported, as it was sent, with the reason, to be mended and sent."""

from __future__ import annotations

import csv
import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import shapely
from openpyxl.cell import WriteOnlyCell
from sqlalchemy import Engine, text

from data.db import owner_session
from data.formulas import guarded
from data.imports.choices import choices_of
from data.imports.reading import read_file
from data.sealing import Sealer
from data.settings import Settings
from data.tables import Batch, Upload
from data.upload_files import REASON, open_upload, seal_refused, upload_path
from data.work_folders import work_folder
from geo.crs import parse_system, to_wgs84
from geo.errors import Text
from geo.files import Sheet

_TEXT_KINDS, _MAP_KINDS = ("csv",), ("geojson", "gpkg", "shapefile", "kml", "gpx", "osm")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_TITLE_LENGTH = 31
# Before this spreadsheets have no days, or (of February 1900) wrong ones.
_FIRST_MONTH = (1900, 3)

Reasons = Mapping[tuple[str | None, int], str]


@dataclass(frozen=True, eq=False)
class _Part:
    """The refused rows of one sheet, and why each was."""

    sheet: Sheet
    places: list[int]
    reasons: list[str]

    @property
    def columns(self) -> list[str]:
        """Headings besides the geometry."""
        frame = self.sheet.frame
        geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
        return [str(name) for name in frame.columns if name != geometry]

    def rows(self) -> Iterator[list[Any]]:
        """Cells of each refused row as the file has them, and the reason."""
        columns = [self.sheet.frame[name].tolist() for name in self.columns]
        for at, reason in zip(self.places, self.reasons, strict=True):
            yield [*(column[at] for column in columns), reason]


def settle_import(engine: Engine, settings: Settings, sealer: Sealer, upload_id: uuid.UUID) -> None:
    """After an import is committed: keep its refused rows as a sealed file, and delete what was uploaded.

    Doing it again changes nothing; a process that was killed before this leaves it to the next one.
    """
    if not upload_path(settings, upload_id).exists():
        return
    with owner_session(engine) as session:
        upload = session.get_one(Upload, upload_id)
        batch = session.get(Batch, upload.batch_id) if upload.batch_id else None
        if batch is None or upload.state != "imported":
            return
        language = session.scalar(text("select language from account where id = :id"), {"id": upload.account_id})
        reasons = _reasons(session.execute(_PROBLEMS, {"batch": batch.id}), language or "zh")
        session.expunge(upload)
    if reasons:
        with (
            work_folder(settings) as folder,
            open_upload(settings, sealer, upload.id, upload.file_name, folder) as path,
        ):
            out = folder / "refused"
            write_refused(
                path,
                reasons,
                out,
                folder=folder,
                chosen=choices_of(upload),
                file_name=upload.file_name,
                language=language or "zh",
            )
            seal_refused(settings, sealer, upload.id, out)
    upload_path(settings, upload.id).unlink(missing_ok=True)


def write_refused(
    path: Path,
    reasons: Reasons,
    out: Path,
    *,
    folder: Path,
    chosen: Mapping[str, Any],
    file_name: str | None = None,
    language: str = "zh",
) -> str:
    """Write the refused rows of a file to a new one that can be mended and imported.

    Parameters
    ----------
    path : Path
        The file as it was sent.
    reasons : mapping of (sheet, row) to str
        Why each row was refused; rows as people see them in the file.
    out : Path
        File to write.
    folder : Path
        Private folder for what reading leaves.
    chosen : mapping
        ``sheet``, ``crs`` and ``swapped`` of the import.
    file_name : str, optional
        What people call the file.
    language : str
        Of the added heading.

    Returns
    -------
    str
        Ending of what was written: ``.csv`` for text, ``.geojson`` for maps, else ``.xlsx`` with the same sheets. Cells
        are as the file has them; text that a spreadsheet might run begins with a single quote, which the import takes
        off again. Maps other than GeoJSON come in WGS-84, as GeoJSON must.
    """
    sheets = read_file(path, folder=folder, sheet=chosen["sheet"], file_name=file_name)
    parts = [part for sheet in sheets if (part := _part(sheet, reasons, alone=len(sheets) == 1)).places]
    heading = REASON.in_language(language)
    kinds = {part.sheet.kind for part in parts}
    if kinds and kinds <= set(_MAP_KINDS):
        _write_geojson(parts, out, heading, chosen)
        return ".geojson"
    if len(parts) == 1 and kinds <= set(_TEXT_KINDS):
        _write_csv(parts[0], out, heading)
        return ".csv"
    _write_xlsx(parts, out, heading)
    return ".xlsx"


_PROBLEMS = text("""
    select sheet, row, "column", reason_zh, reason_en from batch_problem
     where batch_id = :batch and refused and row is not null order by id""")


def _reasons(rows: Any, language: str) -> dict[tuple[str | None, int], str]:
    """Join what is said of each row: 列名：原因；…"""
    told: dict[tuple[str | None, int], list[str]] = {}
    colon, semicolon = (": ", "; ") if language.startswith("en") else ("：", "；")
    for row in rows:
        words = Text(row.reason_zh, row.reason_en).in_language(language)
        told.setdefault((row.sheet, row.row), []).append(f"{row.column}{colon}{words}" if row.column else words)
    return {key: semicolon.join(dict.fromkeys(words)) for key, words in told.items()}


def _part(sheet: Sheet, reasons: Reasons, *, alone: bool) -> _Part:
    places, words = [], []
    by_row = {row: reason for (_, row), reason in reasons.items()} if alone else {}
    for at, row in enumerate(sheet.rows.tolist()):
        reason = reasons.get((sheet.name, row)) or by_row.get(row)
        if reason is not None:
            places.append(at)
            words.append(reason)
    return _Part(sheet, places, words)


def _write_csv(part: _Part, out: Path, heading: str) -> None:
    # With a byte order mark, or spreadsheets read Chinese text in the system's old encoding.
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([guarded(name) for name in (*part.columns, heading)])
        for row in part.rows():
            writer.writerow([guarded(_plain(cell)) for cell in row])


def _write_xlsx(parts: Sequence[_Part], out: Path, heading: str) -> None:
    book = openpyxl.Workbook(write_only=True)
    taken: set[str] = set()
    for number, part in enumerate(parts, start=1):
        sheet = book.create_sheet(_title(part.sheet.name, number, taken))
        sheet.freeze_panes = "A2"

        def typed(value: Any, sheet: Any = sheet) -> Any:
            if isinstance(value, date) and (value.year, value.month) < _FIRST_MONTH:
                value = value.isoformat()
            if not isinstance(value, str):
                return value
            cell = WriteOnlyCell(sheet, value=_UNPRINTABLE.sub(" ", guarded(value)))
            # Typed as text and shown as text: neither a formula nor a number in disguise.
            cell.data_type = "s"
            cell.number_format = "@"
            return cell

        sheet.append([typed(name) for name in (*part.columns, heading)])
        for row in part.rows():
            sheet.append([typed(cell) for cell in row])
    book.save(out)


def _write_geojson(parts: Sequence[_Part], out: Path, heading: str, chosen: Mapping[str, Any]) -> None:
    with out.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        lead = "\n"
        for part in parts:
            shapes = _shapes(part, chosen)
            names = [*part.columns, heading]
            for shape, row in zip(shapes, part.rows(), strict=True):
                properties = {name: _json_cell(cell) for name, cell in zip(names, row, strict=True)}
                geometry = None if shape is None else shapely.geometry.mapping(shape)
                feature = {"type": "Feature", "properties": properties, "geometry": geometry}
                file.write(lead + json.dumps(feature, ensure_ascii=False, allow_nan=False))
                lead = ",\n"
        file.write("\n]}\n")


def _shapes(part: _Part, chosen: Mapping[str, Any]) -> list[Any]:
    """Shapes of the refused rows: of GeoJSON as they are, of other maps in WGS-84; None where they are no place."""
    frame = part.sheet.frame
    if not isinstance(frame, gpd.GeoDataFrame):
        return [None] * len(part.places)
    kept = frame.iloc[part.places]
    if part.sheet.kind != "geojson":
        system = (
            parse_system(chosen["crs"])
            if chosen["crs"]
            else part.sheet.crs
            if part.sheet.crs
            else parse_system("wgs84")
        )
        kept = to_wgs84(kept, system)
    return [None if shape is None or shape.is_empty else shape for shape in kept.geometry.to_numpy()]


def _title(name: str, number: int, taken: set[str]) -> str:
    """Title of a worksheet as spreadsheet programs allow it: 31 characters, without ``[]:*?/\\``, no two alike."""
    title = re.sub(r"[\[\]:*?/\\]", " ", _UNPRINTABLE.sub(" ", name)).strip(" '")[:_TITLE_LENGTH] or f"Sheet{number}"
    if title.casefold() in taken:
        title = f"{title[: _TITLE_LENGTH - 4]} {number}"
    taken.add(title.casefold())
    return title


def _plain(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


def _json_cell(cell: Any) -> Any:
    if cell is None or cell != cell:
        return None
    return cell if isinstance(cell, str | int | float | bool) else str(cell)
