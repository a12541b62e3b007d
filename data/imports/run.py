"""Import one file: read, parse, merge, report; all in one transaction, together with its audit row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data.audit import record
from data.db import owner_session
from data.imports.areas import import_areas
from data.imports.base import import_base
from data.imports.campaigns import import_campaign
from data.imports.fields import KINDS, unknown_kind
from data.imports.households import import_households
from data.imports.houses import import_houses
from data.imports.merge import Job
from data.imports.report import ImportOptions, ImportReport
from data.imports.rows import read_records, read_sheets
from data.imports.scope import open_scope
from data.imports.sites import import_sites
from data.imports.staging import copy_rows, make_stage
from data.imports.themes import choose_themes
from data.imports.visits import import_visits
from data.sealing import load_sealer
from data.settings import Settings
from geo.errors import Text

Say = Callable[[Text], None]

_MERGERS: dict[str, Callable[[Job], None]] = {
    "areas": import_areas,
    "households": import_households,
    "houses": import_houses,
    "visits": import_visits,
    "sites": import_sites,
    "base": import_base,
}


class _TakeBack(Exception):
    """Undo the transaction of a dry run."""


def import_file(
    engine: Engine,
    settings: Settings,
    kind: str,
    path: Path | str,
    options: ImportOptions | None = None,
    progress: Say = lambda text: None,
) -> ImportReport:
    """Import a file as one batch.

    Parameters
    ----------
    engine : Engine
        Of the owner (``data.db.owner_engine``).
    settings : Settings
        Where the keys for sealing lie.
    kind : str
        ``areas``, ``households``, ``houses``, ``sites``, ``visits``, ``base`` or ``campaigns``.
    path : Path or str
        See ``geo.files.read_table``; a work plan (TOML) for campaigns.
    options : ImportOptions, optional
    progress : callable, optional
        Gets a sentence for each step.

    Returns
    -------
    ImportReport
        ``read`` = ``accepted`` + ``refused``. Importing the same file again changes nothing: all rows are
        ``unchanged``.

    Raises
    ------
    KindUnknown, FileUnreadable, CrsUnknown, CodeUnknown, ImportRefused, MappingWrong, PlanError
        If the file as a whole cannot be taken; nothing is changed then.
    """
    if kind not in KINDS:
        raise unknown_kind(kind)
    options = options or ImportOptions()
    report = ImportReport(kind, dry_run=options.dry_run)
    path = Path(path)
    try:
        with owner_session(engine) as session:
            _import_into(session, settings, kind, path, options, report, progress)
            if options.dry_run:
                # Deferred keys are checked now, so that a dry run fails where the real one would.
                session.execute(text("set constraints all immediate"))
                raise _TakeBack
    except _TakeBack:
        report.batch = None
    return report


def _import_into(
    session: Session,
    settings: Settings,
    kind: str,
    path: Path,
    options: ImportOptions,
    report: ImportReport,
    progress: Say,
) -> None:
    # Imports wait for one another: two files may name the same records, in different order.
    session.execute(text("select pg_advisory_xact_lock(20261122)"))
    scope = open_scope(session, options.area)
    progress(Text(f"读取 {path.name}", f"Reading {path.name}"))
    if kind == "campaigns":
        batch = _open_batch(session, kind, path, scope.jur, scope.jur_end)
        import_campaign(session, path, scope, report)
    else:
        sheets = choose_themes(read_sheets(path, options), kind)
        records = read_records(sheets, kind, options, report)
        batch = _open_batch(session, kind, path, scope.jur, scope.jur_end)
        progress(Text(f"读到 {report.read} 行，写入中", f"{report.read} rows read; writing"))
        job = Job(session, settings, load_sealer(settings.key_file), scope, options, records, report, batch, progress)
        _MERGERS[kind](job)
    report.batch = batch
    _close_batch(session, batch, report, scope.jur, scope.jur_end, path)
    progress(
        Text(
            f"接受 {report.accepted}，拒绝 {report.refused}，忽略 {report.ignored}",
            f"{report.accepted} accepted, {report.refused} refused, {report.ignored} ignored",
        )
    )


def _open_batch(session: Session, kind: str, path: Path, jur: int, jur_end: int) -> int:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    number = session.scalar(
        text("""
            insert into batch (kind, file_name, sha256, jur, jur_end)
            values (:kind, :name, :digest, :jur, :jur_end) returning id"""),
        {"kind": kind, "name": path.name[:200], "digest": digest.digest(), "jur": jur, "jur_end": jur_end},
    )
    assert number is not None
    return int(number)


def _close_batch(session: Session, batch: int, report: ImportReport, jur: int, jur_end: int, path: Path) -> None:
    """Store totals and problems with the batch, and the audit row."""
    totals: dict[str, Any] = {
        "read": report.read,
        "accepted": report.accepted,
        "refused": report.refused,
        "ignored": report.ignored,
    }
    session.execute(
        text("""
            update batch set read = :read, accepted = :accepted, refused = :refused, ignored = :ignored,
                   updated_at = now() where id = :batch"""),
        {**totals, "batch": batch},
    )
    columns = {
        "sheet": "text",
        "row": "integer",
        "heading": "text",
        "found": "text",
        "expected_zh": "text",
        "expected_en": "text",
        "reason_zh": "text",
        "reason_en": "text",
        "refused": "boolean",
    }
    make_stage(session, "stage_problem", columns)
    copy_rows(
        session,
        "stage_problem",
        list(columns),
        (
            (p.sheet, p.row, p.column, p.found, *(p.expected or (None, None)), *p.reason, p.refused)
            for p in (*report.problems, *report.warnings)
        ),
    )
    session.execute(
        text("""
            insert into batch_problem (batch_id, jur, jur_end, sheet, row, "column", found, expected_zh, expected_en,
                                       reason_zh, reason_en, refused)
            select :batch, :jur, :jur_end, * from stage_problem"""),
        {"batch": batch, "jur": jur, "jur_end": jur_end},
    )
    record(
        session,
        act="import",
        object_kind=report.kind,
        object_id=batch,
        fields=sorted(set(report.columns.values())),
        details={"file": path.name[:200], **totals, **report.counts},
        jur=jur,
    )
