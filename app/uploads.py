"""Uploads, batches and jobs as pages and JSON show them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import url_for
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from app.language import language
from app.session import db, store
from app.view import ZONE
from data.areas import area_range
from data.batches import find_batch
from data.bilingual import in_language
from data.count_words import counts_in_words, unplaced_in
from data.imports.choices import choices_of, is_tried, trial_mark
from data.imports.fields import KINDS
from data.imports.kinds import KIND
from data.jobs import is_worker_there, job_json, newest_jobs
from data.tables import Job, Upload
from data.upload_files import refused_path, upload_path
from data.uploads import UploadUnfit, area_name
from geo.errors import Text


def kind_label(kind: str | None) -> str | None:
    """What people call a kind of file; the code itself if it is none of ours, None for None."""
    return None if kind is None else KIND[kind].in_language(language()) if kind in KIND else kind


def read_area(area: str) -> tuple[int, int]:
    """Range of the area somebody names by its code.

    Raises
    ------
    UploadUnfit, CodeUnknown
        If none is named, or there is none of that code.
    """
    if not area.strip():
        raise UploadUnfit(Text("请选择文件属于哪个辖区。", "Choose the area the file speaks of."), column="area")
    return area_range(db(), area.strip())


def read_kind(kind: Any) -> str | None:
    """A kind of file somebody names, None to have it guessed.

    Raises
    ------
    UploadUnfit
        If there is no such kind.
    """
    if kind is not None and kind not in KINDS:
        raise UploadUnfit(Text("没有这种文件。请从列表中选择。", "There is no such kind. Choose one."), column="kind")
    return kind if kind is None else str(kind)


def upload_facts(session: Session, upload: Upload) -> dict[str, Any]:
    """What is known of an upload without looking into it."""
    named = area_name(session, upload.jur, upload.jur_end)
    return {
        "id": str(upload.id),
        "file_name": upload.file_name,
        "size_bytes": upload.size_bytes,
        "sender": upload.sender,
        "area": {"code": named[0] if named else "", "name": named[1] if named else ""},
        "kind": upload.kind,
        "state": _state(upload),
        "expires_at": _moment(upload.expires_at),
    }


def upload_row(session: Session, upload: Upload, mark: str | None, job: Job | None) -> dict[str, Any]:
    """An upload in the list of the own ones; ``mark`` is that of its latest trial."""
    return {
        **upload_facts(session, upload),
        "kind_label": kind_label(upload.kind),
        "created_at": _moment(upload.created_at),
        "job": job_json(job, language()) if job else None,
        "tried": mark == trial_mark(upload),
        "batch_id": upload.batch_id,
    }


def upload_json(session: Session, upload: Upload) -> dict[str, Any]:
    """An upload in full, as the wizard reads it, in the caller's language."""
    lang = language()
    job = newest_jobs(session, [upload.id]).get(upload.id)
    there = job is None or job.state != "waiting" or is_worker_there(session)
    preview = in_language(upload.preview, lang)
    if preview is not None:
        preview.pop("kind", None)
    return {
        **upload_facts(session, upload),
        "choices": choices_of(upload),
        "job": job_json(job, lang, worker_there=there) if job else None,
        "preview": preview,
        "trial": _trial_json(upload, lang) if is_tried(upload) else None,
        "batch": _batch_json(session, upload),
        "refused_file": refused_link(session, upload),
    }


def refused_link(session: Session, upload: Upload) -> dict[str, str] | None:
    """Where the refused rows of an imported upload can be had, and until when; None if there are none or no more."""
    if upload.state != "imported" or upload.batch_id is None or upload.expires_at <= datetime.now(UTC):
        return None
    settings = store().settings
    # Made just after the import is committed; until then the file as it was sent is still there.
    if not refused_path(settings, upload.id).exists():
        batch = find_batch(session, upload.batch_id)
        if not batch.refused or not upload_path(settings, upload.id).exists():
            return None
    return {
        "href": url_for("imports.refused", upload_id=upload.id),
        "expires_at": _moment(upload.expires_at),
    }


def batch_row(row: Row[Any]) -> dict[str, Any]:
    """A batch in a list."""
    return {
        "id": row.id,
        "kind": row.kind,
        "kind_label": kind_label(row.kind),
        "file_name": row.file_name,
        "sender": row.sender,
        "who": row.who,
        "area": {"code": row.area_code, "name": row.area_name} if row.area_code else None,
        "created_at": _moment(row.created_at),
        "read": row.read,
        "accepted": row.accepted,
        "refused": row.refused,
        "ignored": row.ignored,
        "undone_at": _moment(row.undone_at) if row.undone_at else None,
        "undone_by": row.undone_by,
        "purged_at": _moment(row.purged_at) if row.purged_at else None,
    }


def _trial_json(upload: Upload, lang: str) -> dict[str, Any]:
    stored = upload.trial or {}
    report: dict[str, Any] = in_language(stored["report"], lang)
    return {
        **report,
        "at": stored["at"],
        "count_words": [{"label": label, "n": n} for label, n in counts_in_words(stored["counts"], lang)],
        "unplaced": unplaced_in(stored["counts"]),
    }


def _batch_json(session: Session, upload: Upload) -> dict[str, Any] | None:
    if upload.batch_id is None:
        return None
    batch = find_batch(session, upload.batch_id)
    return {
        "id": batch.id,
        "href": url_for("batches.page", batch_id=batch.id),
        "read": batch.read,
        "accepted": batch.accepted,
        "refused": batch.refused,
    }


def _state(upload: Upload) -> str:
    """State as it is now; the sweep that writes it down comes once a minute."""
    is_over = upload.state in ("new", "ready") and upload.expires_at <= datetime.now(UTC)
    return "expired" if is_over else upload.state


def _moment(moment: datetime) -> str:
    return moment.astimezone(ZONE).isoformat(timespec="seconds")
