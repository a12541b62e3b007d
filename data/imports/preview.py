"""What is in an uploaded file, for its sender to look at before anything is tried: columns, doubts, coordinates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from data.bilingual import both
from data.db import owner_session
from data.imports.checks import check_records
from data.imports.choices import choices_of, import_options
from data.imports.columns import plain_columns
from data.imports.coordinates import compare_coordinates
from data.imports.fields import KINDS, fields_of
from data.imports.headings import USED_FROM, Decision, match_columns
from data.imports.kinds import KIND, KindGuess, guess_kind
from data.imports.memory import remembered_columns
from data.imports.pairs import read_pairs
from data.imports.reading import read_file
from data.imports.report import ImportOptions, ImportReport, Progress
from data.imports.rows import read_records
from data.imports.themes import choose_themes
from data.masks import MASKS
from data.rules.plan import read_plan
from data.tables import Upload
from geo.errors import FangtuError, Text
from geo.files import Sheet

_SAMPLE_LENGTH, _LINES_SHOWN, _ROWS_SHOWN = 60, 200, 5
# The plan of a campaign is no table; it is known by its ending.
_PLAN_ENDING = ".toml"
_NOT_READ = Text("（不读取）", "(not read)")
_LONG_NUMBER = re.compile(r"\d{11,}[Xx]?")


def make_preview(
    engine: Engine,
    upload: Upload,
    area: str,
    path: Path,
    folder: Path,
    *,
    progress: Progress,
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Read an uploaded file and say what it holds; nothing is written.

    Parameters
    ----------
    engine : Engine
        Of the owner.
    upload : Upload
        Its row, with what was chosen so far.
    area : str
        Code of the area it speaks of.
    path : Path
        Plain working copy.
    folder : Path
        Private folder for what reading leaves.

    Returns
    -------
    dict
        As it is stored with the upload, sentences in both languages: ``kind``, ``kinds``, ``sheets``, ``fields``,
        ``columns``, ``remembered``, ``coordinates``, ``summary``. Cells are shown masked, one for each column.

    Raises
    ------
    FileUnreadable, CrsUnknown
        If the file cannot be read at all.
    Cancelled
    """
    if path.suffix == _PLAN_ENDING:
        return _preview_of_plan(path)
    chosen = choices_of(upload)
    progress(Text("读取文件", "Reading the file"))
    whole = read_file(path, folder=folder, file_name=upload.file_name, cancelled=cancelled)
    sheets = [sheet for sheet in whole if chosen["sheet"] in (None, sheet.name)]
    guesses = guess_kind({sheet.name: plain_columns(sheet) for sheet in sheets})
    kind = upload.kind or (guesses[0].kind if guesses else None)
    found: dict[str, Any] = {
        "kind": kind,
        "kinds": _kinds_json(guesses),
        "sheets": [_sheet_json(sheet) for sheet in whole],
        "fields": [],
        "columns": [],
        "remembered": None,
        "coordinates": None,
        "summary": None,
    }
    if kind is None or kind == "campaigns":
        return found
    progress(Text("核对列", "Looking at the columns"))
    with owner_session(engine) as session:
        memory = remembered_columns(session, upload.sender, kind, upload.jur, upload.jur_end)
    headings = [heading for sheet in sheets for heading in plain_columns(sheet)]
    options = import_options(upload, area, kind, headings, remembered=memory.mapping, dry_run=True)
    sheets = choose_themes(sheets, kind)
    matched = {
        sheet.name: match_columns(plain_columns(sheet), kind, options.mapping, memory.mapping) for sheet in sheets
    }
    found["fields"] = [
        {"name": name, "label": both(field.label), "required": field.required, "repeats": field.repeats}
        for name, field in fields_of(kind).items()
    ]
    found["columns"] = [_column_json(sheet, decision) for sheet in sheets for decision in matched[sheet.name].decisions]
    found["remembered"] = memory.to_json()
    progress(Text("核对坐标", "Looking at the coordinates"))
    pairs = read_pairs(sheets, matched) if kind not in ("base", "roads") else None
    if pairs is not None:
        with owner_session(engine) as session:
            found["coordinates"] = compare_coordinates(session, upload, area, chosen, pairs)
    progress(Text("核对每一行", "Checking each row"))
    found["summary"] = _summary(sheets, kind, options)
    return found


def known_headings(upload: Upload) -> list[str]:
    """Give the columns of an upload as its latest preview lists them."""
    return [column["heading"] for column in (upload.preview or {}).get("columns", [])]


def _preview_of_plan(path: Path) -> dict[str, Any]:
    plan = read_plan(path.read_text(encoding="utf-8-sig", errors="replace"))
    summary = {"rows": 1, "ok": 1, "warned": 0, "refused": 0, "groups": []}
    return {
        "kind": "campaigns",
        "kinds": [{"kind": "campaigns", "label": both(KIND["campaigns"]), "score": 1.0, "why": None}],
        "sheets": [
            {"name": plan.id, "rows": 1, "header_row": 0, "ignored_n": 0, "ignored": [], "notes": []},
        ],
        "fields": [],
        "columns": [],
        "remembered": None,
        "coordinates": None,
        "summary": summary,
    }


def _kinds_json(guesses: Sequence[KindGuess]) -> list[dict[str, Any]]:
    """Every kind of table, the likely ones first."""
    told = [{"kind": g.kind, "label": both(KIND[g.kind]), "score": g.score, "why": both(g.why)} for g in guesses]
    likely = {guess.kind for guess in guesses}
    others = [kind for kind in KINDS if kind not in likely and kind != "campaigns"]
    return told + [{"kind": kind, "label": both(KIND[kind]), "score": 0.0, "why": None} for kind in others]


def _sheet_json(sheet: Sheet) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "rows": len(sheet.frame),
        "header_row": sheet.header_row,
        "ignored_n": len(sheet.ignored),
        "ignored": [{"row": row, "why": both(why)} for row, why in sheet.ignored[:_LINES_SHOWN]],
        "notes": [{"row": note.row, "text": both(note.text)} for note in sheet.notes[:_LINES_SHOWN]],
    }


def _column_json(sheet: Sheet, decision: Decision) -> dict[str, Any]:
    return {
        "sheet": sheet.name,
        "heading": decision.heading,
        # What is shown is what is imported: a mere proposal waits for a person to choose it.
        "field": decision.field if decision.confidence >= USED_FROM else None,
        "proposed": decision.field if decision.confidence < USED_FROM else None,
        "how": decision.how,
        "confidence": round(decision.confidence, 2),
        "why": both(decision.why) if decision.why else None,
        "sample": _sample(sheet, decision),
    }


def _sample(sheet: Sheet, decision: Decision) -> Any:
    """The first cell of a column that is not blank, masked; nothing of a column that is left out."""
    if decision.how == "left_out" or (decision.how in ("told", "remembered") and decision.field is None):
        return both(_NOT_READ)
    cell = next((cell for cell in sheet.frame[decision.heading].tolist() if cell is not None and cell == cell), None)
    if cell is None:
        return ""
    text = cell.isoformat(" ").removesuffix(" 00:00:00") if isinstance(cell, datetime) else str(cell)
    mask = MASKS.get(decision.field or "")
    if mask is not None:
        return mask(text)
    # A number of a person may stand in any column, under whatever heading.
    shown = text if isinstance(cell, float) else _LONG_NUMBER.sub(lambda found: "*" * len(found[0]), text)
    return shown[:_SAMPLE_LENGTH]


def _summary(sheets: list[Sheet], kind: str, options: ImportOptions) -> dict[str, Any]:
    """Check every row as the import does before it writes, and say how many pass, with doubts or not at all."""
    report = ImportReport(kind, dry_run=True)
    try:
        check_records(read_records(sheets, kind, options, report), kind, report)
    except FangtuError as error:
        # The file as it is understood now cannot be taken: every row waits for that.
        rows = sum(len(sheet.frame) for sheet in sheets)
        group = {"code": error.code, "reason": both(error.text), "n": rows, "unit": "row", "refused": True, "rows": []}
        return {"rows": rows, "ok": 0, "warned": 0, "refused": rows, "groups": [group]}
    first: dict[tuple[bool, object], list[int]] = {}
    for problem in (*report.problems, *report.warnings):
        rows_of = first.setdefault((problem.refused, problem.code or problem.reason), [])
        if problem.row is not None and len(rows_of) < _ROWS_SHOWN and problem.row not in rows_of:
            rows_of.append(problem.row)
    refused = {(problem.sheet, problem.row) for problem in report.problems}
    warned = {(problem.sheet, problem.row) for problem in report.warnings if problem.row is not None}
    groups = [
        {
            "code": group.code,
            "reason": both(group.reason),
            "n": group.n,
            "unit": group.unit,
            "refused": group.refused,
            "rows": first.get((group.refused, group.code), []) or first.get((group.refused, group.reason), []),
        }
        for group in report.groups()
    ]
    return {
        "rows": report.read,
        "ok": report.accepted,
        "warned": len(warned - refused),
        "refused": report.refused,
        "groups": groups,
    }
