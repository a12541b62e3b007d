"""What is done for each kind of background job, in a process of its own: files, undo, boundaries, plans, assigning,
routes."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.assigning_work import assign_as_asked
from data.bilingual import both
from data.campaign_versions import apply_plan
from data.claims import Claim, ClaimLost, end_job
from data.db import owner_engine, owner_session
from data.edit_wishes import read_wish
from data.edits import apply_edit
from data.imports.batches import bind_account
from data.imports.choices import import_options, trial_mark
from data.imports.limits import Limits
from data.imports.memory import accepted_columns, remember_columns, remembered_columns
from data.imports.outcome import log_fault, report_json, write_upload
from data.imports.preview import known_headings, make_preview
from data.imports.refused import settle_import
from data.imports.report import ImportReport, Progress
from data.imports.run import import_file
from data.imports.undo import Blocker, UndoBlocked, find_blockers, undo_batch
from data.made_files import COMPARE
from data.pack_making import make_packs
from data.renovation.list_work import compare_as_asked
from data.renovation.passing import KIND as PASS
from data.renovation.passing import pass_as_asked
from data.route_plans.making import KIND as ROUTE
from data.route_plans.solving import solve_plan
from data.rules.plan import read_plan
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from data.suspicions import screen
from data.tables import Batch, Upload
from data.upload_files import copy_name, open_upload, upload_path
from data.uploads import REFUSED_FOR, UploadClosed, area_name, find_upload, require_open
from data.work_folders import work_folder
from geo.errors import Cancelled, FangtuError, Text

log = logging.getLogger(__name__)

# Every database session of a job carries this name and the job's number, so that it can be stopped by it.
SESSION_NAME = "fangtu-job"
# No job of the table: what an import still had to do when its process was killed after the commit.
SETTLE = "settle"
# Nor this: looking at the visits of a round, which nobody asked for.
SCREEN = "screen"
# Nor this: making the offline packs of some villages.
PACK = "pack"
OF_NOBODY = (SETTLE, SCREEN, PACK)
_STOPPED = "57014"  # PostgreSQL: query_canceled


class JobNotAllowed(FangtuError):
    """Whoever asked for a job may no longer do it; nothing was changed."""

    code = "job_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有执行：账号已停用，或角色、辖区已变动。如需办理请联系管理员。",
                "Not done: the account is disabled, or its role or area has changed. Ask your administrator.",
            )
        )


@dataclass
class Task:
    """One job at work: its claim, and how to tell its progress and to learn that it should stop."""

    settings: Settings
    engine: Engine
    sealer: Sealer
    claim: Claim
    progress: Progress
    cancelled: Callable[[], bool]


Maker = Callable[[Task], None]


def do_job(
    settings: Settings,
    claim: Claim,
    progress: Progress,
    cancelled: Callable[[], bool],
    on_backend: Callable[[int], None] = lambda pid: None,
    makers: Mapping[str, Maker] | None = None,
) -> None:
    """Do a claimed job and write its end.

    Parameters
    ----------
    progress : Progress
        Gets a sentence for each step.
    cancelled : callable
        Says whether somebody asked to stop.
    on_backend : callable
        Gets the number of each database process the job works with.
    makers : mapping, optional
        What does the kinds of job that need pages.

    Raises
    ------
    DBAPIError
        If the connection is lost: the job is then neither done nor ended.
    """
    engine = _job_engine(settings, claim, on_backend)
    task = Task(settings, engine, load_sealer(settings.key_file), claim, progress, cancelled)
    try:
        if claim.kind not in OF_NOBODY:
            with owner_session(engine) as session:
                require_authority(session, claim)
        (_KINDS | dict(makers or {}))[claim.kind](task)
    except ClaimLost:
        log.warning("job %s: claim %s was taken over", claim.id, claim.attempt)
    except Cancelled:
        _end(task, "cancelled")
    except UndoBlocked as error:
        _end(task, "failed", error, {"blockers": _blockers_json(error.blockers)})
    except FangtuError as error:
        _end(task, "failed", error)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        if error.orig is not None and getattr(error.orig, "pgcode", None) == _STOPPED and cancelled():
            _end(task, "cancelled")
        else:
            _end(task, "failed", log_fault(claim, error))
    except Exception as error:  # noqa: BLE001 (a person gets a sentence with a number, the log the place)
        _end(task, "failed", log_fault(claim, error))
    finally:
        engine.dispose()


def require_authority(session: Session, claim: Claim) -> None:
    """Check that the account still may do this: enabled, supervisor or administrator, answering for the whole area.

    Raises
    ------
    JobNotAllowed
    """
    allowed = session.scalar(
        text("""
            select a.disabled_at is null and a.role in ('supervisor', 'admin')
                   and coalesce((select range_agg(int8range(d.jur, d.jur_end)) from duty d where d.account_id = a.id),
                                '{}') @> int8range(:jur, :jur_end)
              from account a where a.id = :account"""),
        {"account": claim.account_id, "jur": claim.jur, "jur_end": claim.jur_end},
    )
    if not allowed:
        raise JobNotAllowed


def _preview(task: Task) -> None:
    with _opened(task) as (upload, area, path, folder):
        found = make_preview(task.engine, upload, area, path, folder, progress=task.progress, cancelled=task.cancelled)
    with owner_session(task.engine) as session:
        end_job(session, task.claim, "done")
        write_upload(session, upload, preview=found, state="ready", kind=found["kind"])


def _trial(task: Task) -> None:
    with _opened(task) as (upload, area, path, _folder):
        mark = _require_mark(task, upload)
        with owner_session(task.engine) as session:
            memory = remembered_columns(session, upload.sender, upload.kind, upload.jur, upload.jur_end)
        remembered = memory.mapping
        options = import_options(
            upload, area, str(upload.kind), known_headings(upload), remembered=remembered, dry_run=True
        )
        report = import_file(
            task.engine, task.settings, str(upload.kind), path, options, task.progress, cancelled=task.cancelled
        )
    trial = {
        "mark": mark,
        "remembered": remembered,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "counts": report.counts,
        "report": report_json(report),
    }
    with owner_session(task.engine) as session:
        end_job(session, task.claim, "done")
        write_upload(session, upload, trial=trial)


def _import(task: Task) -> None:
    with _opened(task) as (upload, area, path, _folder):
        mark = _require_mark(task, upload)
        trial = upload.trial or {}
        if trial.get("mark") != mark:
            raise UploadClosed(
                Text(
                    "没有导入：选择在试算之后变过。请再试算一次。",
                    "Not imported: the choices changed after the trial. Make a trial first.",
                )
            )
        remembered = trial.get("remembered") or {}
        options = import_options(upload, area, str(upload.kind), known_headings(upload), remembered=remembered)

        def finish(session: Session, report: ImportReport) -> None:
            # In the import's own transaction: its rows and the end of the job are there together or not at all.
            require_authority(session, task.claim)
            end_job(session, task.claim, "done", batch_id=report.batch, result={"batch": report.batch})
            write_upload(session, upload, state="imported", batch_id=report.batch, expires_in=REFUSED_FOR)
            remember_columns(
                session,
                upload.sender,
                str(upload.kind),
                upload.jur,
                upload.jur_end,
                accepted_columns(upload.preview),
                account_id=upload.account_id,
            )

        import_file(
            task.engine,
            task.settings,
            str(upload.kind),
            path,
            options,
            task.progress,
            cancelled=task.cancelled,
            finish=finish,
        )
    try:
        _settle(task)
    except Exception as error:  # noqa: BLE001 (the import stands; the worker's sweep tries this again)
        log_fault(task.claim, error)


def _settle(task: Task) -> None:
    if task.claim.upload_id is not None:
        settle_import(task.engine, task.settings, task.sealer, task.claim.upload_id)


def _edit(task: Task) -> None:
    task.progress(Text("修改边界", "Changing boundaries"))
    with owner_session(task.engine) as session:
        own = session.execute(
            text("select jur, jur_end from duty where account_id = :account"), {"account": task.claim.account_id}
        ).tuples()
        ranges = tuple(own.all())
        done = apply_edit(
            session,
            read_wish(task.claim.payload["wish"]),
            str(task.claim.payload["revision"]),
            Limits(ranges, ranges),
            account_id=task.claim.account_id,
        )
        # In the edit's own transaction: the boundaries and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(
            session,
            task.claim,
            "done",
            batch_id=done.batch,
            result={"edit": done.id, "moved": done.moved, "moves": done.moves},
        )


def _plan(task: Task) -> None:
    task.progress(Text("应用实施方案", "Applying the work plan"))
    payload = task.claim.payload
    with owner_session(task.engine) as session:
        ranges = tuple(
            session.execute(
                text("select jur, jur_end from duty where account_id = :account"), {"account": task.claim.account_id}
            ).tuples()
        )
        bind_account(session, task.claim.account_id)
        done = apply_plan(
            session,
            read_plan(payload["text"]),
            str(payload["revision"]),
            (int(payload["jur"]), int(payload["jur_end"])),
            Limits(ranges, ranges),
            account_id=task.claim.account_id,
            note=payload["note"],
        )
        # In the same transaction: the version and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        result = {"campaign": done.code, "version": done.version, "visits": done.visits}
        end_job(session, task.claim, "done", result=result)


def _assign(task: Task) -> None:
    with owner_session(task.engine) as session:
        asker = asker_of(session, task.claim.account_id)
        bind_account(session, task.claim.account_id)
        within = (task.claim.jur, task.claim.jur_end)
        told = assign_as_asked(session, asker, within, task.claim.payload, task.progress)
        # In the act's own transaction: what was assigned and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result=told)


def _pass(task: Task) -> None:
    with owner_session(task.engine) as session:
        asker = asker_of(session, task.claim.account_id)

    @contextmanager
    def begin() -> Iterator[Session]:
        # Each part is a transaction of its own, as long as whoever asked may still do it.
        with owner_session(task.engine) as session:
            bind_account(session, task.claim.account_id)
            require_authority(session, task.claim)
            yield session

    told = pass_as_asked(begin, asker, task.claim.payload, task.progress, task.cancelled)
    is_stopped = told["looked"] < told["total"]
    with owner_session(task.engine) as session:
        # What was passed stays, also where somebody stopped it between two parts.
        end_job(session, task.claim, "cancelled" if is_stopped else "done", result=told)


def _compare(task: Task) -> None:
    file = uuid.UUID(str(task.claim.payload["file"]))
    with (
        work_folder(task.settings) as folder,
        open_upload(task.settings, task.sealer, file, str(task.claim.payload["name"]), folder) as copy,
        owner_session(task.engine) as session,
    ):
        asker = asker_of(session, task.claim.account_id)
        bind_account(session, task.claim.account_id)
        told = compare_as_asked(
            session, asker, task.claim.payload, copy, folder, task.sealer, task.progress, task.cancelled
        )
        # In the comparison's own transaction: the list and the end of the job are there together or not at all.
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result=told)
    upload_path(task.settings, file).unlink(missing_ok=True)


def asker_of(session: Session, account_id: int) -> Asker:
    """Whoever asked for a job, with the areas of duty as they are now."""
    row = session.execute(
        text("select username, full_name, role from account where id = :account"), {"account": account_id}
    ).one()
    ranges = tuple(
        session.execute(
            text("select jur, jur_end from duty where account_id = :account order by jur"), {"account": account_id}
        ).tuples()
    )
    return Asker(account_id, row.username, row.full_name, Role(row.role), None, ranges)


def _route(task: Task) -> None:
    told = solve_plan(task.engine, task.claim.id, task.claim.payload, task.progress, task.cancelled)
    with owner_session(task.engine) as session:
        # The plan itself is kept already, the best one also where somebody stopped it.
        end_job(session, task.claim, "cancelled" if told is None or task.cancelled() else "done", result=told)


def _screen(task: Task) -> None:
    with owner_session(task.engine) as session:
        screen(session, task.claim.payload["campaign"], task.claim.payload["round"])


def _pack(task: Task) -> None:
    for village_id in task.claim.payload["villages"]:
        # One at a time: what is made stays although the next one fails.
        with owner_session(task.engine) as session:
            make_packs(session, task.settings, village_id)


def _undo(task: Task) -> None:
    with owner_session(task.engine) as session:
        batch = session.get(Batch, task.claim.batch_id)
        if batch is None or not (task.claim.jur <= batch.jur and batch.jur_end <= task.claim.jur_end):
            raise JobNotAllowed
        if task.claim.payload.get("check"):
            blockers = find_blockers(session, batch.id)
            end_job(session, task.claim, "done", result={"blockers": _blockers_json(blockers)})
            return
        task.progress(Text("撤销本批", "Taking the batch back"))
        undo_batch(session, batch.id, account_id=task.claim.account_id)
        require_authority(session, task.claim)
        end_job(session, task.claim, "done", result={"blockers": []})


@contextmanager
def _opened(task: Task) -> Iterator[tuple[Upload, str, Path, Path]]:
    """Give the upload of a job, the code of its area, a plain working copy and the private folder it lies in."""
    if task.claim.upload_id is None:
        raise JobNotAllowed
    with owner_session(task.engine) as session:
        upload = find_upload(session, task.claim.upload_id)
        area = area_name(session, upload.jur, upload.jur_end)
        session.expunge(upload)
    require_open(upload)
    if upload.account_id != task.claim.account_id or (upload.jur, upload.jur_end) != (
        task.claim.jur,
        task.claim.jur_end,
    ):
        raise JobNotAllowed
    if area is None:
        raise UploadClosed(
            Text(
                "没有执行：文件所属的辖区已不存在。请重新选择辖区。",
                "Not done: the area of the file is no longer there. Choose its area again.",
            )
        )
    with (
        work_folder(task.settings) as folder,
        open_upload(task.settings, task.sealer, upload.id, upload.file_name, folder) as path,
    ):
        yield upload, area[0], path, folder


def _require_mark(task: Task, upload: Upload) -> str:
    """Check that the choices are still those the job was asked for with, and that the kind is known."""
    mark = trial_mark(upload)
    if upload.kind is None:
        raise UploadClosed(
            Text("请先选择这个文件是哪一种台账。", "Say first which kind of ledger this file is."), column="kind"
        )
    if task.claim.payload.get("mark") != mark:
        raise UploadClosed(
            Text(
                "没有执行：选择已经变过。请按现在的选择再试算一次。",
                "Not done: the choices have changed. Make a trial with the present ones.",
            )
        )
    return mark


def _end(task: Task, state: str, error: FangtuError | None = None, result: dict[str, Any] | None = None) -> None:
    """Write the end of a job whose own transaction was taken back."""
    try:
        with owner_session(task.engine) as session:
            end_job(session, task.claim, state, error=_renamed(task, error), result=result)
    except ClaimLost:
        log.warning("job %s: its end came after it had ended or was taken over", task.claim.id)


def _renamed(task: Task, error: FangtuError | None) -> FangtuError | None:
    """Let an error speak of the file by the name people know, not by that of the working copy."""
    if error is None or task.claim.upload_id is None:
        return error
    with owner_session(task.engine) as session:
        name = find_upload(session, task.claim.upload_id).file_name
    copy = f"“{copy_name(name)}”"
    zh, en = error.text
    told = FangtuError(Text(zh.replace(copy, f"“{name}”"), en.replace(copy, f"“{name}”")))
    told.code = error.code
    return told


def _blockers_json(blockers: Sequence[Blocker]) -> list[dict[str, Any]]:
    return [both(blocker.text) for blocker in blockers]


def _job_engine(settings: Settings, claim: Claim, on_backend: Callable[[int], None]) -> Engine:
    engine = owner_engine(settings)

    @event.listens_for(engine, "connect")
    def _name(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select set_config('application_name', %s, false)", (f"{SESSION_NAME} {claim.id}",))
        connection.commit()
        on_backend(connection.info.backend_pid)

    return engine


_KINDS: dict[str, Callable[[Task], None]] = {
    "preview": _preview,
    "trial": _trial,
    "import": _import,
    "undo": _undo,
    "edit": _edit,
    "plan": _plan,
    "assign": _assign,
    COMPARE: _compare,
    ROUTE: _route,
    PASS: _pass,
    SETTLE: _settle,
    SCREEN: _screen,
    PACK: _pack,
}
