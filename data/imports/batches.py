"""The row of a batch, its problems and its audit row; and who it is that acts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.audit import Origin, bind_asker, record
from data.imports.report import ImportOptions, ImportReport
from data.imports.staging import copy_rows, make_stage


def bind_account(session: Session, account_id: int | None) -> None:
    """Let the audit name the account whose wish this transaction is; the system without one."""
    if account_id is None:
        return
    row = session.execute(
        text("select id, username, full_name, role, language, demo from account where id = :id"), {"id": account_id}
    ).one()
    bind_asker(
        session, Asker(row.id, row.username, row.full_name, Role(row.role), row.language, (), row.demo), Origin()
    )


def open_batch(session: Session, kind: str, path: Path, options: ImportOptions, jur: int, jur_end: int) -> int:
    """Add the row of a batch, for an area; gives its number."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    number = session.scalar(
        text("""
            insert into batch (kind, file_name, sha256, jur, jur_end, account_id, sender)
            values (:kind, :name, :digest, :jur, :jur_end, :account, :sender) returning id"""),
        {
            "kind": kind,
            "name": shown_name(path, options),
            "digest": digest.digest(),
            "jur": jur,
            "jur_end": jur_end,
            "account": options.account_id,
            "sender": options.sender,
        },
    )
    assert number is not None
    return int(number)


def close_batch(
    session: Session, batch: int, report: ImportReport, options: ImportOptions, jur: int, jur_end: int, path: Path
) -> None:
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
                   counts = cast(:counts as jsonb), updated_at = now() where id = :batch"""),
        {**totals, "batch": batch, "counts": json.dumps(report.counts)},
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
        "code": "text",
    }
    make_stage(session, "stage_problem", columns)
    copy_rows(
        session,
        "stage_problem",
        list(columns),
        (
            (p.sheet, p.row, p.column, p.found, *(p.expected or (None, None)), *p.reason, p.refused, p.code)
            for p in (*report.problems, *report.warnings)
        ),
    )
    session.execute(
        text("""
            insert into batch_problem (batch_id, jur, jur_end, sheet, row, "column", found, expected_zh, expected_en,
                                       reason_zh, reason_en, refused, code)
            select :batch, :jur, :jur_end, * from stage_problem"""),
        {"batch": batch, "jur": jur, "jur_end": jur_end},
    )
    sender = {"sender": options.sender} if options.sender else {}
    record(
        session,
        act="import",
        object_kind=report.kind,
        object_id=batch,
        fields=sorted(set(report.columns.values())),
        details={"file": shown_name(path, options), **sender, **totals, **report.counts},
        jur=jur,
    )


def shown_name(path: Path, options: ImportOptions) -> str:
    """Give the name people know a file by."""
    return (options.file_name or path.name)[:200]
