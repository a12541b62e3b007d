"""Files on their way in (上传): taken in sealed, described by a row, gone at once when imported, dropped or expired."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session, defer

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.settings import Settings
from data.tables import Upload
from data.upload_files import upload_path
from geo.errors import FangtuError, Text

MOST_OPEN = 5
KEPT_FOR = timedelta(hours=24)
REFUSED_FOR = timedelta(days=7)
OPEN_STATES = ("new", "ready")
# A list of areas longer than this goes down to townships only.
_MOST_AREAS = 400


class TooManyUploads(FangtuError):
    """An account has as many unfinished uploads as it may."""

    code = "too_many_uploads"

    def __init__(self) -> None:
        super().__init__(
            Text(
                f"没有收下文件：您已有 {MOST_OPEN} 个尚未导入的文件。请先导入或丢弃其中一个。",
                f"The file was not taken: {MOST_OPEN} files of yours wait to be imported. Import or drop one of them.",
            ),
            most=MOST_OPEN,
        )


class UploadUnfit(FangtuError):
    """A file, an area or a choice is not what can be taken; nothing was changed."""

    code = "upload_unfit"


class UploadClosed(FangtuError):
    """What was asked does not fit the state the upload is in; nothing was changed."""

    code = "upload_closed"


def require_free_place(session: Session, account_id: int) -> None:
    """Refuse one more upload of an account that has :data:`MOST_OPEN` unfinished ones.

    Raises
    ------
    TooManyUploads
    """
    # Two files sent at once must not both be the fifth one.
    session.execute(text("select pg_advisory_xact_lock(20261124, :account)"), {"account": account_id % 2**31})
    count = select(func.count()).where(Upload.account_id == account_id, Upload.state.in_(OPEN_STATES))
    if (session.scalar(count) or 0) >= MOST_OPEN:
        raise TooManyUploads


def add_upload(
    session: Session,
    who: Asker,
    *,
    upload_id: uuid.UUID,
    within: tuple[int, int],
    file_name: str,
    size_bytes: int,
    sha256: bytes,
    sender: str | None,
    kind: str | None,
    choices: Mapping[str, Any],
) -> Upload:
    """Add the row of a file whose content is in place, with its audit row.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers of the area the file speaks of, inside the asker's duty.

    Raises
    ------
    TooManyUploads
    UploadUnfit
        If the area is not inside the asker's duty.
    """
    require_within(who, within)
    require_free_place(session, who.account_id)
    session.execute(
        insert(Upload).inline(),
        [
            {
                "id": upload_id,
                "account_id": who.account_id,
                "jur": within[0],
                "jur_end": within[1],
                "file_name": file_name,
                "size_bytes": size_bytes,
                "sha256": sha256,
                "sender": sender,
                "kind": kind,
                "choices": dict(choices),
                "expires_at": datetime.now(UTC) + KEPT_FOR,
            }
        ],
    )
    record(
        session,
        act="upload",
        object_kind=kind or "file",
        object_id=upload_id,
        details={"file": file_name, "bytes": size_bytes, "sender": sender},
        jur=within[0],
    )
    return session.get_one(Upload, upload_id)


def require_within(who: Asker, within: tuple[int, int]) -> None:
    """Refuse an area that the asker does not answer for as a whole.

    Raises
    ------
    UploadUnfit
    """
    if within == EVERYWHERE or not who.covers(*within):
        raise UploadUnfit(
            Text(
                "只能为自己负责的辖区导入。请在“辖区”中选择您负责的村、镇或县。",
                "Files are imported for an area you answer for. Choose your village, township or county.",
            ),
            column="area",
        )


def find_upload(session: Session, upload_id: uuid.UUID, *, lock: bool = False) -> Upload:
    """Give one of the asker's own uploads.

    Raises
    ------
    RecordUnknown
        If there is none of that number, or it is somebody else's.
    """
    query = select(Upload).where(Upload.id == upload_id)
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise RecordUnknown
    return found


def upload_of_batch(session: Session, batch_id: int) -> Upload | None:
    """Give the asker's own upload that became a batch; None if there is none."""
    return session.scalars(select(Upload).where(Upload.batch_id == batch_id).limit(1)).one_or_none()


def list_uploads(session: Session, account_id: int, most: int = 30) -> list[tuple[Upload, str | None]]:
    """Give an account's newest uploads that were not dropped, each with the mark of its trial, if it has one.

    What was found in them is not loaded; it may be large.
    """
    rows = session.execute(
        select(Upload, Upload.trial["mark"].astext)
        .options(defer(Upload.preview), defer(Upload.trial))
        .where(Upload.account_id == account_id, Upload.state != "discarded")
        .order_by(Upload.created_at.desc())
        .limit(most)
    )
    return [(upload, mark) for upload, mark in rows]


def require_open(upload: Upload) -> None:
    """Refuse to go on with an upload that was imported or dropped or has expired.

    Raises
    ------
    UploadClosed
    """
    words = {
        "imported": Text("这个文件已经导入，不能再改。", "This file was imported already and cannot be changed."),
        "discarded": Text("这个文件已丢弃。请重新上传。", "This file was dropped. Upload it again."),
        "expired": Text(
            "这个文件已过期删除（上传后保留 24 小时）。请重新上传。",
            "This file has expired and was deleted (files are kept for 24 hours). Upload it again.",
        ),
    }
    state = "expired" if upload.state in OPEN_STATES and upload.expires_at <= datetime.now(UTC) else upload.state
    if state in words:
        raise UploadClosed(words[state], state=state)


def change_upload(session: Session, upload: Upload, **changes: Any) -> None:
    """Change what its sender said of an upload: ``kind``, ``choices``, ``sender``, ``jur``, ``jur_end``, ``state``."""
    for name, value in changes.items():
        setattr(upload, name, value)
    upload.updated_at = datetime.now(UTC)
    session.flush()


def discard_upload(session: Session, settings: Settings, upload: Upload) -> None:
    """Drop an upload: its content is deleted, and the database forgets its preview; with an audit row."""
    change_upload(session, upload, state="discarded")
    record(session, act="upload_discard", object_kind=upload.kind or "file", object_id=upload.id, jur=upload.jur)
    upload_path(settings, upload.id).unlink(missing_ok=True)


def area_name(session: Session, jur: int, jur_end: int) -> tuple[str, str] | None:
    """Give code and name of the current area or grid with exactly this range; None if there is none."""
    row = session.execute(
        text("""
            select code, name from (
                select code, name, 1 as pick from area
                 where jur = :jur and jur_end = :jur_end and valid_to is null
                   and level not in ('natural_village', 'group')
                union all select code, name, 2 from grid where jur = :jur and jur_end = :jur_end) found
            order by pick limit 1"""),
        {"jur": jur, "jur_end": jur_end},
    ).one_or_none()
    return (row.code, row.name) if row else None


def import_areas_of(session: Session, who: Asker) -> list[tuple[str, str]]:
    """Give code and name of the areas somebody may import for: the own ones first, then those inside, in order."""
    rows = session.execute(
        text("""
            select code, name, level, jur, jur_end, cast(:duty as int8multirange) @> int8range(jur, jur_end)
                   and int8range(jur, jur_end) in (select * from unnest(cast(:duty as int8multirange))) as own
            from area where valid_to is null and level not in ('natural_village', 'group')
              and cast(:duty as int8multirange) @> int8range(jur, jur_end)
            order by own desc, jur, jur_end desc, code"""),
        {"duty": "{" + ",".join(f"[{low},{high})" for low, high in who.duty) + "}"},
    ).all()
    if len(rows) > _MOST_AREAS:
        rows = [row for row in rows if row.own or row.level != "village"]
    return [(row.code, row.name) for row in rows[:_MOST_AREAS]]
