"""Photographs and papers of a renovation site (改造照片与材料): taken in, sorted, withdrawn, never deleted."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.field_photos import SEES_ALL
from data.local_time import today
from data.renovation.photo_facts import PhotoFacts, read_facts
from data.renovation.unfit import clean_words, lacking
from data.rules.site_files import PAPER, PHASE
from data.sealing import Sealer
from data.settings import Settings
from data.sync.photos import MOST_PIXELS, TYPES, fit_picture, read_photo, write_photo

MOST_FILE_BYTES = 20 << 20
MOST_FILES = 300
LEAST_REASON = 4
PDF = "application/pdf"
_ZONE = ZoneInfo("Asia/Shanghai")
_MINE = "(:all or a.account_id = :account)"


def add_file(
    session: Session,
    settings: Settings,
    sealer: Sealer,
    asker: Asker | None,
    site_id: int,
    file_id: uuid.UUID,
    content: bytes,
    *,
    name: str,
    phase: str | None = None,
    paper: str | None = None,
    taken_on: date | None = None,
) -> bool:
    """Take in a photograph (JPEG, PNG, WebP) or a paper (PDF, or a picture of it) of a site.

    The bytes are kept sealed as they came; whoever is shown a picture gets it encoded anew, without what the camera
    wrote into it. When and where it was taken are read from there first.

    Parameters
    ----------
    file_id : UUID
        Made by the client: the same file sent twice is taken once.
    phase : str, optional
        Of a photograph: a key of :data:`data.rules.site_files.PHASE`.
    paper : str, optional
        Of a paper: a key of :data:`data.rules.site_files.PAPER`. A file has one of both.
    taken_on : date, optional
        Day it was taken, where the person knows better than the camera; not in the future.

    Returns
    -------
    bool
        Whether it is new.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    RenovationUnfit
        If it is no such file, or what it is is not said; nothing was kept.
    DiskFull
    """
    site = _hold(session, site_id)
    digest = hashlib.sha256(content).digest()
    known = session.execute(
        text("select site_id, sha256 from attachment where id = cast(:id as uuid)"), {"id": str(file_id)}
    ).one_or_none()
    if known is not None:
        if known.site_id == site_id and bytes(known.sha256) == digest:
            return False
        raise lacking("file", "这个编号已用于另一个文件，请重新选择文件", "this id is another file's; choose it again")
    if (phase in PHASE) == (paper in PAPER):
        raise lacking("phase", "请选择照片的阶段，或材料的种类", "say the phase of a photograph, or which paper it is")
    if taken_on is not None and taken_on > today():
        raise lacking("taken_on", f"拍摄日期 {taken_on} 在今天之后", f"{taken_on} lies after today")
    twin = session.scalar(
        text("""select file_name from attachment
                 where site_id = :site and sha256 = :digest and withdrawn_at is null limit 1"""),
        {"site": site_id, "digest": digest},
    )
    if twin is not None:
        raise lacking("file", f"这里已有同一个文件（{twin}）", f"this very file is here already ({twin})", found=twin)
    held = session.scalar(text("select count(*) from attachment where site_id = :id"), {"id": site_id})
    if int(held or 0) >= MOST_FILES:
        raise lacking("file", f"一处改造最多 {MOST_FILES} 个文件", f"a site has at most {MOST_FILES} files")
    content_type, picture_hash, facts = _read(content, paper)
    _store(settings, sealer, file_id, content)
    session.execute(
        text("""
            insert into attachment (id, jur, site_id, household_id, house_id, kind, file_name, content_type, size_bytes,
                                    sha256, perceptual_hash, taken_at, account_id, phase, distance_m)
            select cast(:id as uuid), s.jur, s.id, null, null, :kind, :name, :type, :size, :digest, :hash, :taken,
                   :account, :phase,
                   st_distance(s.geom::geography, st_setsrid(st_makepoint(:lon, :lat), 4326)::geography)::int
              from renovation_site s where s.id = :site"""),
        {
            "id": str(file_id),
            "site": site_id,
            "kind": paper or "photo",
            "name": (clean_words(name, 200) or "—").replace("\n", " "),
            "type": content_type,
            "size": len(content),
            "digest": digest,
            "hash": picture_hash,
            "taken": _taken(taken_on, facts),
            "account": asker.account_id if asker else None,
            "phase": phase,
            "lon": facts.lon,
            "lat": facts.lat,
        },
    )
    _note(session, site, "site_file_add", file_id, phase=phase, paper=paper)
    return True


def _store(settings: Settings, sealer: Sealer, file_id: uuid.UUID, content: bytes) -> None:
    write_photo(settings, sealer, file_id, content, most_bytes=MOST_FILE_BYTES)


def _read(content: bytes, paper: str | None) -> tuple[str, int | None, PhotoFacts]:
    if content[:5] == b"%PDF-" and b"%%EOF" in content[-2048:]:
        if paper is None:
            raise lacking("phase", "这是 PDF 材料，请选择材料种类", "this is a PDF: say which paper it is")
        return PDF, None, PhotoFacts()
    picture = fit_picture(content)
    if picture is None:
        raise lacking(
            "file",
            f"打不开，应为 JPEG、PNG 或 WebP 图片（最多 {MOST_PIXELS // 1_000_000} 百万像素）或完整的 PDF",
            f"it does not open; a JPEG, PNG or WebP picture (of at most {MOST_PIXELS // 1_000_000} million pixels) or "
            "a whole PDF is expected",
            expected=[*sorted(TYPES.values()), PDF],
        )
    return TYPES[picture.kind], picture.hash, read_facts(content)


def _taken(taken_on: date | None, facts: PhotoFacts) -> datetime | None:
    """The person's day before the camera's; of the same day the camera knows the time. No clock ahead is believed."""
    camera = facts.taken_at
    if camera is not None and camera > datetime.now(_ZONE) + timedelta(days=1):
        camera = None
    if taken_on is None or (camera is not None and camera.astimezone(_ZONE).date() == taken_on):
        return camera
    return datetime.combine(taken_on, time(12), _ZONE)


def list_files(session: Session, asker: Asker, site_id: int) -> list[dict[str, Any]]:
    """Files of a site that the asker may see, in the order they were taken, those that were withdrawn too.

    Returns
    -------
    list of dict
        ``id, kind, phase, file_name, is_picture, size_bytes, taken_at, distance_m, created_at, who, withdrawn_at,
        withdraw_reason, withdrawn_who, from_field``.
    """
    rows = session.execute(
        text(f"""
            select a.id::text as id, a.kind, a.phase, a.file_name, a.content_type like 'image/%' as is_picture,
                   a.size_bytes, a.taken_at, a.distance_m, a.created_at, c.full_name as who, a.account_id,
                   a.withdrawn_at, a.withdraw_reason, w.full_name as withdrawn_who,
                   a.visit_id is not null or a.mark_id is not null as from_field
              from attachment a left join account c on c.id = a.account_id
              left join account w on w.id = a.withdrawn_by
             where a.site_id = :site and {_MINE}
             order by array_position(array['before', 'during', 'after'], a.phase) nulls first, a.taken_at nulls last,
                      a.created_at, a.id"""),
        {"site": site_id, **_asking(asker)},
    )
    return [dict(row) for row in rows.mappings()]


def list_field_photos(session: Session, asker: Asker, site_id: int, limit: int = 24) -> list[dict[str, Any]]:
    """Photographs that visits and marks of the site's household brought and that belong to no site yet, newest first.

    Returns
    -------
    list of dict
        ``id, taken_at, of`` (``visit`` or ``mark``).
    """
    rows = session.execute(
        text(f"""
            select a.id::text as id, coalesce(a.taken_at, a.created_at) as taken_at,
                   case when a.mark_id is null then 'visit' else 'mark' end as of
              from renovation_site s
              join attachment a on a.jur = s.jur and a.site_id is null and a.content_type like 'image/%'
              left join visit v on v.id = a.visit_id left join mark m on m.id = a.mark_id
             where s.id = :site and s.household_id is not null
               and (v.household_id = s.household_id or m.household_id = s.household_id
                    or (m.house_id is not null and m.house_id = s.house_id)) and {_MINE}
             order by 2 desc, 1 limit :limit"""),
        {"site": site_id, "limit": limit, **_asking(asker)},
    )
    return [dict(row) for row in rows.mappings()]


def assign_photo(session: Session, asker: Asker, site_id: int, file_id: uuid.UUID, phase: str) -> None:
    """Give a photograph of a visit or mark of the household to its renovation; it stays with the visit or mark too.

    Raises
    ------
    RecordUnknown
        If it is none of :func:`list_field_photos`.
    RenovationUnfit
        If the phase is none.
    """
    site = _hold(session, site_id)
    if str(file_id) not in {one["id"] for one in list_field_photos(session, asker, site_id, 10_000)}:
        raise RecordUnknown
    session.execute(
        text("""update attachment set site_id = :site, phase = :phase, updated_at = now()
                 where id = cast(:id as uuid)"""),
        {"site": site_id, "phase": _phase(phase), "id": str(file_id)},
    )
    _note(session, site, "site_file_assign", file_id, phase=phase)


def change_phase(session: Session, asker: Asker, site_id: int, file_id: uuid.UUID, phase: str) -> None:
    """Say that a photograph shows another phase; what it was before stays in the log.

    Raises
    ------
    RecordUnknown
        If the asker sees no such photograph of the site that stands.
    RenovationUnfit
        If the phase is none.
    """
    site, file = _hold(session, site_id), _find(session, asker, site_id, file_id)
    if file.phase is None and file.kind in PAPER:
        raise lacking("phase", "这是材料，没有阶段", "this is a paper and has no phase")
    session.execute(
        text("update attachment set phase = :phase, updated_at = now() where id = cast(:id as uuid)"),
        {"phase": _phase(phase), "id": str(file_id)},
    )
    _note(session, site, "site_file_phase", file_id, before=file.phase, phase=phase)


def withdraw_file(session: Session, asker: Asker, site_id: int, file_id: uuid.UUID, reason: str | None) -> None:
    """Withdraw a file for a reason: it is shown in the history only, with who and why.

    Raises
    ------
    RecordUnknown
        If the asker sees no such file of the site that stands.
    RenovationUnfit
        Without a reason of at least four characters.
    """
    site, _file = _hold(session, site_id), _find(session, asker, site_id, file_id)
    words = clean_words(reason)
    if not words or len(words) < LEAST_REASON:
        raise lacking("reason", f"请写明撤下的原因（至少 {LEAST_REASON} 个字）", "say why, in at least 4 characters")
    session.execute(
        text("""update attachment set withdrawn_at = now(), withdrawn_by = :account, withdraw_reason = :reason,
                       updated_at = now() where id = cast(:id as uuid)"""),
        {"account": asker.account_id, "reason": words, "id": str(file_id)},
    )
    _note(session, site, "site_file_withdraw", file_id, reason=words)


def show_paper(
    session: Session, settings: Settings, sealer: Sealer, asker: Asker, site_id: int, file_id: uuid.UUID
) -> tuple[str, bytes]:
    """Name and bytes of a PDF of a site; that it was taken out is written down.

    Raises
    ------
    RecordUnknown
        If there is none the asker may see, or its bytes are lost.
    """
    row = session.execute(
        text(f"""
            select a.jur, a.file_name from attachment a
             where a.id = cast(:id as uuid) and a.site_id = :site and a.content_type = :pdf and {_MINE}"""),
        {"id": str(file_id), "site": site_id, "pdf": PDF, **_asking(asker)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    try:
        content = read_photo(settings, sealer, file_id)
    except FileNotFoundError as error:
        raise RecordUnknown from error
    record(
        session,
        act="site_paper_show",
        object_kind="renovation_site",
        object_id=site_id,
        details={"file": str(file_id)},
        jur=row.jur,
    )
    return row.file_name, content


def _hold(session: Session, site_id: int) -> Row[Any]:
    row = session.execute(
        text("select id, jur from renovation_site where id = :id for no key update"), {"id": site_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _find(session: Session, asker: Asker, site_id: int, file_id: uuid.UUID) -> Row[Any]:
    row = session.execute(
        text(f"""
            select a.kind, a.phase from attachment a
             where a.id = cast(:id as uuid) and a.site_id = :site and a.withdrawn_at is null and {_MINE}"""),
        {"id": str(file_id), "site": site_id, **_asking(asker)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _phase(phase: str) -> str:
    if phase not in PHASE:
        raise lacking("phase", "请选择阶段", "choose the phase", found=phase, expected=list(PHASE))
    return phase


def _note(
    session: Session, site: Row[Any], act: str, file_id: uuid.UUID, *, reason: str | None = None, **details: Any
) -> None:
    record(
        session,
        act=act,
        object_kind="renovation_site",
        object_id=site.id,
        reason=reason,
        details={"file": str(file_id)} | {name: value for name, value in details.items() if value},
        jur=site.jur,
    )


def _asking(asker: Asker) -> dict[str, Any]:
    return {"all": asker.role in SEES_ALL, "account": asker.account_id}
