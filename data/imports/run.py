"""Import one file: read, parse, merge, report; all in one transaction, together with its audit row."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from psycopg2.errors import QueryCanceled
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.db import owner_session
from data.imports.batches import bind_account, close_batch, open_batch, shown_name
from data.imports.campaigns import import_campaign
from data.imports.changes import close_changes, note_changes
from data.imports.checks import check_records
from data.imports.datum import PLACED_KINDS, check_datum, sample_pairs
from data.imports.fields import KINDS, unknown_kind
from data.imports.limits import open_limits, refuse_stated, require_inside
from data.imports.merge import Job
from data.imports.pairs import Pairs
from data.imports.reading import read_file
from data.imports.report import ImportOptions, ImportReport, Progress
from data.imports.rows import Records, read_records
from data.imports.themes import choose_themes
from data.sealing import load_sealer
from data.settings import Settings
from data.work_folders import sweep_work, work_folder
from geo.counting import counted
from geo.errors import Cancelled, Text

# Imports and undos wait for one another: two files may name the same records, in different order.
IMPORT_LOCK = 20261122
# How often somebody's wish to stop is asked for.
_ASK_EVERY_S = 0.2
# Module and function that merge a kind; read when needed, since each brings its own libraries along.
_MERGERS = {
    "areas": ("data.imports.areas", "import_areas"),
    "households": ("data.imports.households", "import_households"),
    "houses": ("data.imports.houses", "import_houses"),
    "visits": ("data.imports.visits", "import_visits"),
    "sites": ("data.imports.sites", "import_sites"),
    "base": ("data.imports.base", "import_base"),
    "ledger": ("data.imports.ledger", "import_ledger"),
    "roads": ("data.roads.importing", "import_roads"),
}


class _TakeBack(Exception):
    """Undo the transaction of a dry run."""


class _Stop:
    """Raises Cancelled where somebody asked to stop; asks at most a few times a second."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        self.cancelled = cancelled
        self._asked = -_ASK_EVERY_S

    def __call__(self, *_: object) -> None:
        now = time.monotonic()
        if now - self._asked >= _ASK_EVERY_S:
            self._asked = now
            if self.cancelled():
                raise _cancelled()


def import_file(
    engine: Engine,
    settings: Settings,
    kind: str,
    path: Path | str,
    options: ImportOptions | None = None,
    progress: Progress = lambda text, done=None, total=None: None,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    finish: Callable[[Session, ImportReport], None] | None = None,
) -> ImportReport:
    """Import a file as one batch.

    Parameters
    ----------
    engine : Engine
        Of the owner (``data.db.owner_engine``).
    settings : Settings
        Where the keys for sealing and the folder for working copies lie.
    kind : str
        ``areas``, ``households``, ``houses``, ``sites``, ``visits``, ``base``, ``roads``, ``ledger`` or
        ``campaigns``.
    path : Path or str
        See ``geo.files.read_table``, which is done in a process apart; a work plan (TOML) for campaigns.
    options : ImportOptions, optional
        With ``within``, rows that would reach outside are refused by the rule ``outside_area``.
    progress : Progress, optional
        Gets a sentence for each step.
    cancelled : callable, optional
        Asked at each step, and a few times a second between statements; once it says True, the import stops.
    finish : callable, optional
        Called at the very end in the same transaction; what it writes is there together with the import or not at
        all. Not called in a dry run.

    Returns
    -------
    ImportReport
        ``read`` = ``accepted`` + ``refused``. Importing the same file again changes nothing: all rows are
        ``unchanged``.

    Raises
    ------
    KindUnknown, FileUnreadable, CrsUnknown, CodeUnknown, ImportRefused, MappingWrong, PlanError, OutsideArea
        If the file as a whole cannot be taken; nothing is changed then.
    Cancelled
        If ``cancelled`` said so; nothing is changed then.
    """
    if kind not in KINDS:
        raise unknown_kind(kind)
    options = options or ImportOptions()
    report = ImportReport(kind, dry_run=options.dry_run)
    path = Path(path)
    stop = _Stop(cancelled)

    def tell(step: Text, done: int | None = None, total: int | None = None) -> None:
        if cancelled():
            raise _cancelled()
        progress(step, done, total)

    sweep_work(settings)
    with owner_session(engine) as session:
        open_limits(session, options)  # so that a wrong area is said before a long file is read
    try:
        records = pairs = None
        if kind != "campaigns":
            records, pairs = _read(settings, kind, path, options, report, tell, cancelled)
        with owner_session(engine) as session:
            event.listen(session.connection(), "before_cursor_execute", stop)
            check_datum(session, options, pairs, report)
            _import_into(session, settings, kind, path, options, records, report, tell)
            if options.dry_run:
                # Deferred keys are checked now, so that a dry run fails where the real one would.
                session.execute(text("set constraints all immediate"))
                raise _TakeBack
            if finish is not None:
                finish(session, report)
    except _TakeBack:
        report.batch = None
    except (DBAPIError, QueryCanceled) as error:
        # Somebody who wants an import to stop may have ended its statement.
        if isinstance(getattr(error, "orig", error), QueryCanceled) and cancelled():
            raise _cancelled() from error
        raise
    return report


def _read(
    settings: Settings,
    kind: str,
    path: Path,
    options: ImportOptions,
    report: ImportReport,
    tell: Progress,
    cancelled: Callable[[], bool],
) -> tuple[Records, Pairs | None]:
    """Read and parse a file, before any transaction: others need not wait for it. Gives its coordinates as well."""
    tell(Text(f"读取 {shown_name(path, options)}", f"Reading {shown_name(path, options)}"))
    with work_folder(settings) as folder:
        sheets = read_file(path, folder=folder, sheet=options.sheet, file_name=options.file_name, cancelled=cancelled)
    for sheet in sheets:
        for note in sheet.notes:
            report.warn(note.text, row=note.row, sheet=sheet.name)
    tell(Text("核对各行", "Checking the rows"))
    chosen = choose_themes(sheets, kind)
    records = read_records(chosen, kind, options, report)
    pairs = sample_pairs(chosen, kind, options) if kind in PLACED_KINDS else None
    sheets.clear()  # the cells are in the records now; a long ledger need not be held twice
    chosen.clear()
    return check_records(records, kind, report), pairs


def _import_into(
    session: Session,
    settings: Settings,
    kind: str,
    path: Path,
    options: ImportOptions,
    records: Records | None,
    report: ImportReport,
    tell: Progress,
) -> None:
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    scope, limits = open_limits(session, options)
    bind_account(session, options.account_id)
    batch = open_batch(session, kind, path, options, scope.jur, scope.jur_end)
    note_changes(session, batch)
    if records is None:
        import_campaign(session, path, scope, report, limits)
    else:
        tell(Text(f"读到 {report.read} 行，写入中", f"{counted(report.read, 'row')} read; writing"), 0, report.read)
        job = Job(
            session, settings, load_sealer(settings.key_file), scope, options, records, report, batch, tell, limits
        )
        refuse_stated(job)
        module, function = _MERGERS[kind]
        getattr(import_module(module), function)(job)
    note_changes(session, None)
    require_inside(session, batch, limits)
    if not options.dry_run:
        close_changes(session, batch)
    report.batch = batch
    close_batch(session, batch, report, options, scope.jur, scope.jur_end, path)
    tell(
        Text(
            f"接受 {report.accepted}，拒绝 {report.refused}，忽略 {report.ignored}",
            f"{report.accepted} accepted, {report.refused} refused, {report.ignored} ignored",
        )
    )


def _cancelled() -> Cancelled:
    return Cancelled(
        Text("导入已按要求停止，没有写入任何内容。", "The import was stopped as asked; nothing was written.")
    )
