"""Files the background program has made (成果文件): sealed under ``var/made`` by the number of their job, for a day."""

from __future__ import annotations

import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, cast

from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from data.processes import is_alive
from data.sealed_files import DiskFull, FileTooLarge, SealedWriter, read_sealed
from data.sealing import Sealer
from data.settings import Settings
from data.tables import Job
from data.work_folders import YOUNG_S
from geo.errors import FangtuError, Text

COMPARE, LABELS, FILES = "compare", "labels", "files"
# Kinds of job that a page of their own tells of.
KINDS = (COMPARE, LABELS, FILES)
# Of these, those that leave a file.
MADE = (LABELS, FILES)
KEPT_HOURS = 24
MOST_BYTES = 4 << 30


class FileNotMade(FangtuError):
    """A file cannot be made as asked for; nothing of it is kept."""

    code = "file_not_made"


class FileGone(FangtuError):
    """A file that was made is no longer kept."""

    code = "file_gone"

    def __init__(self) -> None:
        super().__init__(
            Text(
                f"文件已不在：生成后只保留 {KEPT_HOURS} 小时。请重新生成。",
                f"The file is gone: it is kept for {KEPT_HOURS} hours after it is made. Make it again.",
            )
        )


class _Stream:
    """A sealed file as a zip writes to it: forward only."""

    def __init__(self, writer: SealedWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        return self._writer.write(data)

    def flush(self) -> None:
        """Do nothing: pieces are written when they are full."""


def made_path(settings: Settings, job_id: uuid.UUID) -> Path:
    """Where the sealed file of a job lies."""
    return settings.var / "made" / str(job_id)


@contextmanager
def write_zip(settings: Settings, sealer: Sealer, job_id: uuid.UUID) -> Iterator[zipfile.ZipFile]:
    """Write the zip of a job; it appears whole at the end, and not at all after an error.

    A file that an earlier try of the same job left is replaced.

    Raises
    ------
    FileNotMade
        If the disk is full, or the file grows beyond 4 GiB.
    """
    path = made_path(settings, job_id)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        writer = SealedWriter(path, sealer, _purpose(path), MOST_BYTES)
        try:
            with zipfile.ZipFile(cast("IO[bytes]", _Stream(writer)), "w", zipfile.ZIP_STORED) as archive:
                yield archive
            writer.finish()
        except BaseException:
            writer.drop()
            raise
    except (DiskFull, FileTooLarge) as error:
        raise FileNotMade(
            Text(
                "没有生成：服务器磁盘已满，或文件超过 4 GB。请缩小范围，或联系管理员腾出空间。",
                "Not made: the server's disk is full, or the file is larger than 4 GB. Choose a smaller area, or ask "
                "your administrator to free some space.",
            )
        ) from error


def read_made(settings: Settings, sealer: Sealer, job_id: uuid.UUID) -> Iterator[bytes]:
    """Give the file of a job piece by piece (see :func:`data.sealed_files.read_sealed`).

    Raises
    ------
    FileGone
        If it is no longer there.
    """
    path = made_path(settings, job_id)
    if not path.exists():
        raise FileGone
    return read_sealed(path, sealer, _purpose(path))


def own_jobs(session: Session, account_id: int, *, most: int = 20) -> list[Job]:
    """The asker's own jobs that make files or compare lists, newest first: those open and those of the last day."""
    return list(
        session.scalars(
            select(Job)
            .where(
                Job.account_id == account_id,
                Job.kind.in_(KINDS),
                Job.created_at > datetime.now(UTC) - timedelta(hours=KEPT_HOURS),
            )
            .order_by(Job.created_at.desc(), Job.id)
            .limit(most)
        )
    )


def kept_until(job: Job) -> datetime | None:
    """Until when the file of a job is kept; None while it has none, once it is gone, or for a job that makes none."""
    if job.kind not in MADE or job.state != "done" or job.finished_at is None:
        return None
    until = job.finished_at + timedelta(hours=KEPT_HOURS)
    return until if until > datetime.now(UTC) else None


def sweep_made(connection: Connection, settings: Settings) -> None:
    """Delete files kept long enough, and what belongs to no job or was left half written by a process that is gone."""
    kept = set(
        connection.scalars(
            text("""
                select id from job where state in ('waiting', 'running')
                    or (state = 'done' and finished_at > now() - make_interval(hours => :hours))"""),
            {"hours": KEPT_HOURS},
        )
    )
    for path in (settings.var / "made").glob("*"):
        _drop_unless(path, kept)
    for path in (settings.var / "made").glob(".*"):
        if not is_alive(path.name.rpartition(".")[2]):
            path.unlink(missing_ok=True)


def _drop_unless(path: Path, kept: set[uuid.UUID]) -> None:
    try:
        # A file may be there a moment before the end of its job is committed.
        if uuid.UUID(path.name) not in kept and time.time() - path.stat().st_mtime > YOUNG_S:
            path.unlink(missing_ok=True)
    except (ValueError, FileNotFoundError):
        return


def lists_on_their_way(connection: Connection) -> set[uuid.UUID]:
    """Numbers of the sealed files of lists whose comparison has not ended."""
    rows = connection.scalars(
        text("select payload ->> 'file' from job where kind = :kind and state in ('waiting', 'running')"),
        {"kind": COMPARE},
    )
    return {uuid.UUID(row) for row in rows if row}


def _purpose(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
