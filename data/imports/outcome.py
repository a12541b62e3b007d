"""What comes of a job: what is written with its upload, its report in both languages, and words for a fault."""

from __future__ import annotations

import logging
import secrets
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from data.claims import Claim
from data.db import rows_changed
from data.imports.report import ImportReport
from data.tables import Upload
from data.uploads import OPEN_STATES, UploadClosed
from geo.errors import FangtuError, Text

log = logging.getLogger(__name__)
_PROBLEMS_KEPT = 500


class JobFault(FangtuError):
    """A job ran into something unexpected; the number in its words stands in the log."""

    code = "fault"


def write_upload(
    session: Session,
    upload: Upload,
    *,
    preview: dict[str, Any] | None = None,
    trial: dict[str, Any] | None = None,
    state: str | None = None,
    kind: str | None = None,
    batch_id: int | None = None,
    expires_in: timedelta | None = None,
) -> None:
    """Write what was found of an upload, unless it was dropped or has expired meanwhile.

    Raises
    ------
    UploadClosed
    """
    now = datetime.now(UTC)
    given = {
        "preview": preview,
        "trial": trial,
        "state": state,
        # Guessed; what was said meanwhile stands.
        "kind": func.coalesce(Upload.kind, kind) if kind else None,
        "batch_id": batch_id,
        "expires_at": now + expires_in if expires_in else None,
    }
    changed = session.execute(
        update(Upload)
        .where(Upload.id == upload.id, Upload.state.in_(OPEN_STATES))
        .values(**{name: value for name, value in given.items() if value is not None}, updated_at=now)
    )
    if rows_changed(changed) != 1:
        raise UploadClosed(Text("这个文件已丢弃或过期。", "This file was dropped or has expired."))


def report_json(report: ImportReport) -> dict[str, Any]:
    """Give a report in both languages, with the first problems only: the totals of each rule tell of the others."""
    told = {}
    for language in ("zh", "en"):
        whole = report.to_json(language)
        for name in ("problems", "warnings"):
            whole[name] = whole[name][:_PROBLEMS_KEPT]
        told[language] = whole
    return told


def log_fault(claim: Claim, error: Exception) -> JobFault:
    """Log an unexpected error by place and kind, never by its words, which may hold records; give words for people."""
    number = secrets.token_hex(4)
    inner = getattr(error, "orig", None)
    hint = f" sqlstate={getattr(inner, 'pgcode', None)}" if inner is not None else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("job %s (%s) %s: %s%s\n%s", claim.id, claim.kind, number, type(error).__name__, hint, frames)
    return JobFault(
        Text(
            f"处理中出了问题，没有写入任何数据。请重试；仍不行请把编号 {number} 告诉管理员。",
            f"Something went wrong; nothing was written. Try again, else tell your administrator the number {number}.",
        )
    )
