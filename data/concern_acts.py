"""What is done at sites of concern (环境整治点): somebody looks, and somebody is made to answer for it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import ZONE, today
from data.photo_hashes import open_picture
from data.photo_views import shown_photo
from data.rules.concerns import SEEN
from data.rules.marks import CONCERNS
from data.sealing import Sealer
from data.settings import Settings
from data.sync.photos import MOST_PIXELS, TYPES, keep_photo_bytes
from geo.errors import FangtuError, Text

LONGEST = 2000
LONGEST_NAME = 100
MOST_PICTURE_BYTES = 12 << 20
# A deadline further off is a slip of the pen.
_MOST_AHEAD = timedelta(days=3650)


class ConcernUnfit(FangtuError):
    """An observation or a deadline does not fit the site; nothing was written."""

    code = "concern_unfit"


def unfit(column: str, zh: str, en: str, **details: Any) -> ConcernUnfit:
    """The refusal of one field: what is wrong and what to do, in words that end a sentence."""
    return ConcernUnfit(Text(f"没有保存：{zh}。", f"Not saved: {en}."), column=column, **details)


def observe(
    session: Session,
    asker: Asker,
    no: int,
    *,
    on_day: date | None,
    seen: str,
    note: str | None = None,
    supersedes: int | None = None,
    picture: tuple[Settings, Sealer, bytes] | None = None,
    client_id: uuid.UUID | None = None,
    by: tuple[int, str] | None = None,
) -> int:
    """Write down what was seen at a site; where it stands follows (domain C3).

    Parameters
    ----------
    no : int
        Number of the mark.
    on_day : date, optional
        Local date, today by default; not before it was found, not to come.
    seen : str
        A word of ``SEEN``; that it has relapsed follows from what was seen before.
    supersedes : int, optional
        The observation that was a mistake; then the note says why.
    picture : (Settings, Sealer, bytes), optional
        A photograph and where it is stored: encoded anew first, so that nothing but the picture itself is kept.
    client_id : UUID, optional
        Id that a phone gave it.
    by : (int, str), optional
        Account and name of who looked, where the asker hands in what lay on somebody else's phone.

    Returns
    -------
    int
        Key of the observation.

    Raises
    ------
    RecordUnknown
        If there is no such site in the asker's area of duty.
    ConcernUnfit
        If something does not fit; nothing was written.
    """
    mark = _site(session, no)
    day = on_day or today()
    words = _clean(note, LONGEST, "note")
    if seen not in SEEN:
        listed = "、".join(word.zh for word in SEEN.values())
        raise unfit("seen", f"请选择看到的情况（{listed}）", f"say what was seen ({', '.join(SEEN)})", found=seen)
    found_on = mark.at.astimezone(ZONE).date()
    if not found_on <= day <= today():
        raise unfit(
            "on_day",
            f"观测日期为 {day}，应在发现日期 {found_on} 与今天之间，请改正日期",
            f"the day is {day}; expected one between {found_on}, when it was found, and today; correct it",
            found=str(day),
        )
    if supersedes is not None:
        _check_superseded(session, mark, supersedes, words)
    content = _encode(picture[2]) if picture else None
    account_id, observer = by or (asker.account_id, asker.full_name)
    try:
        with session.begin_nested():
            key = session.scalar(
                text("""
                    insert into concern_observation (mark_id, jur, on_day, seen, note, supersedes_id, observer,
                                                     account_id, client_id)
                    values (:mark, :jur, :day, :seen, :note, :supersedes, :observer, :account, :client)
                    returning id"""),
                {
                    "mark": mark.id,
                    "jur": mark.jur,
                    "day": day,
                    "seen": seen,
                    "note": words,
                    "supersedes": supersedes,
                    "observer": observer,
                    "account": account_id,
                    "client": client_id,
                },
            )
    except IntegrityError as error:
        # Somebody was faster between the checks above and the row.
        raise unfit("seen", "别人刚改过，请刷新后再试", "somebody has just changed it; reload and try again") from error
    made = int(key or 0)
    if picture and content:
        _keep_picture(session, picture[0], picture[1], mark, made, asker, content)
    record(
        session,
        act="concern_observe",
        object_kind="mark",
        object_id=no,
        fields=["seen"] + (["photo"] if content else []),
        details={"seen": seen, "on": str(day)}
        | ({"supersedes": supersedes} if supersedes else {})
        | ({"for": account_id} if account_id != asker.account_id else {}),
        jur=mark.jur,
    )
    return made


def charge(session: Session, no: int, *, responsible: str | None, due_on: date | None) -> None:
    """Say who answers for a site and by when it is to be cleared (责任人、整治期限); None takes it away.

    Raises
    ------
    RecordUnknown
        If there is no such site in the asker's area of duty.
    ConcernUnfit
        If the deadline lies before the day it was found, or ten years ahead.
    """
    mark = _site(session, no)
    name = _clean(responsible, LONGEST_NAME, "responsible")
    found_on = mark.at.astimezone(ZONE).date()
    if due_on is not None and not found_on <= due_on <= today() + _MOST_AHEAD:
        raise unfit(
            "due_on",
            f"期限为 {due_on}，应不早于发现日期 {found_on}，也不晚于十年后，请改正",
            f"the deadline is {due_on}; expected {found_on}, when it was found, to ten years ahead; correct it",
            found=str(due_on),
        )
    session.execute(
        text("update mark set responsible = :name, due_on = :due, updated_at = now() where id = :id"),
        {"name": name, "due": due_on, "id": mark.id},
    )
    record(
        session,
        act="concern_charge",
        object_kind="mark",
        object_id=no,
        fields=["responsible", "due_on"],
        details={"due_on": str(due_on) if due_on else None},
        jur=mark.jur,
    )


def _site(session: Session, no: int) -> Row[Any]:
    row = session.execute(
        text("select id, no, jur, at from mark where no = :no and kind = any (:kinds) and state = 'accepted'"),
        {"no": no, "kinds": list(CONCERNS)},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _check_superseded(session: Session, mark: Row[Any], supersedes: int, words: str | None) -> None:
    row = session.execute(
        text("""
            select o.mark_id, exists (select 1 from concern_observation l where l.supersedes_id = o.id) as is_gone
              from concern_observation o where o.id = :id"""),
        {"id": supersedes},
    ).one_or_none()
    if row is None or row.mark_id != mark.id:
        raise unfit(
            "supersedes",
            "要更正的观测不在这一处，请刷新后再选",
            "that observation is of another site; reload and choose",
        )
    if row.is_gone:
        raise unfit("supersedes", "这条观测已被更正，请刷新", "that observation is superseded already; reload")
    if words is None:
        raise unfit("note", "更正观测须写明原因", "say why when correcting an observation")


def _clean(value: str | None, longest: int, column: str) -> str | None:
    lines = ("".join(c if c.isprintable() else " " for c in line).strip() for line in (value or "").splitlines())
    words = "\n".join(lines).strip()
    if len(words) > longest:
        raise unfit(
            column, f"最多 {longest} 个字，现有 {len(words)} 个", f"at most {longest} characters, {len(words)} found"
        )
    return words or None


def _encode(content: bytes) -> bytes:
    if open_picture(content, kinds=tuple(TYPES), most_pixels=MOST_PIXELS) is None:
        raise unfit(
            "photo",
            f"照片打不开，应为 JPEG、PNG 或 WebP 图片，不超过 {MOST_PIXELS // 10**6} 百万像素，请换一张",
            f"the photograph does not open; expected a JPEG, PNG or WebP picture of at most {MOST_PIXELS // 10**6} "
            "megapixels; choose another",
        )
    return shown_photo(content)


def _keep_picture(
    session: Session, settings: Settings, sealer: Sealer, mark: Row[Any], made: int, asker: Asker, content: bytes
) -> None:
    photo_id = uuid.uuid4()
    picture = open_picture(content)
    sha256 = keep_photo_bytes(settings, sealer, photo_id, content)
    session.execute(
        text("""
            insert into attachment (id, jur, mark_id, observation_id, kind, file_name, content_type, size_bytes, sha256,
                                    perceptual_hash, taken_at, account_id)
            values (:id, :jur, :mark, :observation, 'concern', :name, 'image/jpeg', :size, :sha256, :hash, now(),
                    :account)"""),
        {
            "id": photo_id,
            "jur": mark.jur,
            "mark": mark.id,
            "observation": made,
            "name": str(photo_id),
            "size": len(content),
            "sha256": sha256,
            "hash": picture.hash if picture else None,
            "account": asker.account_id,
        },
    )
