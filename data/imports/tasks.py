"""Jobs about files: a preview, a trial, an import, and taking a batch back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from data.bilingual import both
from data.claims import end_job
from data.db import owner_session
from data.imports.choices import import_options, trial_mark
from data.imports.memory import accepted_columns, remember_columns, remembered_columns
from data.imports.outcome import log_fault, report_json, write_upload
from data.imports.preview import known_headings, make_preview
from data.imports.refused import settle_import
from data.imports.report import ImportReport
from data.imports.run import import_file
from data.imports.undo import Blocker, find_blockers, undo_batch
from data.tables import Batch, Upload
from data.tasks import JobNotAllowed, Task, require_authority
from data.upload_files import open_upload
from data.uploads import REFUSED_FOR, UploadClosed, area_name, find_upload, require_open
from data.work_folders import work_folder
from geo.errors import Text


def preview_file(task: Task) -> None:
    """Read the file of an upload and keep what it seems to hold, for the person to look at."""
    with _opened(task) as (upload, area, path, folder):
        found = make_preview(task.engine, upload, area, path, folder, progress=task.progress, cancelled=task.cancelled)
    with owner_session(task.engine) as session:
        end_job(session, task.claim, "done")
        write_upload(session, upload, preview=found, state="ready", kind=found["kind"])


def try_file(task: Task) -> None:
    """Import the file without writing anything, and keep the report with the choices it was made with."""
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


def import_upload(task: Task) -> None:
    """Import the file as it was tried; the choices must not have changed since."""
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
        settle_upload(task)
    except Exception as error:  # noqa: BLE001 (the import stands; the worker's sweep tries this again)
        log_fault(task.claim, error)


def settle_upload(task: Task) -> None:
    """Put aside what an import refused and what follows from it; tried again by the sweep if it fails."""
    if task.claim.upload_id is not None:
        settle_import(task.engine, task.settings, task.sealer, task.claim.upload_id)


def take_back(task: Task) -> None:
    """Take a batch back, or only say what is in the way."""
    with owner_session(task.engine) as session:
        batch = session.get(Batch, task.claim.batch_id)
        if batch is None or not (task.claim.jur <= batch.jur and batch.jur_end <= task.claim.jur_end):
            raise JobNotAllowed
        if task.claim.payload.get("check"):
            blockers = find_blockers(session, batch.id)
            end_job(session, task.claim, "done", result={"blockers": blockers_json(blockers)})
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


def blockers_json(blockers: Sequence[Blocker]) -> list[dict[str, Any]]:
    """What keeps a batch from being taken back, in both languages."""
    return [both(blocker.text) for blocker in blockers]
