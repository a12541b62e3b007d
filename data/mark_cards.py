"""Marks from the field (标房) as maps and other programs read them: one at a time, and page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown
from data.field_photos import list_photos
from data.households import head, iso
from data.masks import shown_name

PAGE = 50
_MARK = """
    select m.no as id, m.id as uuid, m.kind, m.state, m.at, m.created_at as received_at, m.marked_by, m.household_id,
           m.household_ref, h.code as household_code, h.head_name, m.house_id, o.code as house_code, v.name as village,
           m.grade, m.parts, m.suspected, m.remark, m.flags, m.reason, m.settled_who as settled_by, m.settled_at,
           m.accuracy_m, m.accuracy_reason, m.placed_by, m.quality, st_x(m.geom) as lon, st_y(m.geom) as lat,
           st_asgeojson(m.outline, 6)::jsonb as outline,
           case when m.state = 'accepted' and m.kind in ('ruin', 'abandoned', 'illegal', 'waste')
                then m.concern_state end as concern, m.relapses
      from mark m left join household h on h.id = m.household_id and h.removed_at is null
      left join house o on o.id = m.house_id
      left join area v on v.level = 'village' and v.valid_to is null and v.jur <= m.jur and v.jur_end > m.jur"""
_FITS = """m.jur >= :lo and m.jur < :hi and (cast(:kinds as text[]) is null or m.kind = any (:kinds))
           and (cast(:states as text[]) is null or m.state = any (:states))
           and (cast(:since as timestamptz) is null or m.created_at >= :since)"""


@dataclass(frozen=True)
class MarkWish:
    """Which marks are asked for.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    kinds, states : sequence of str, optional
        Only these; all by default.
    since : datetime, optional
        Only those that came in at or after this moment.
    """

    within: tuple[int, int] = EVERYWHERE
    kinds: Sequence[str] | None = None
    states: Sequence[str] | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class MarkPage:
    """One page of marks as JSON rows, with the number of all that fit."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1


def mark_card(session: Session, no: int, asker: Asker) -> dict[str, Any]:
    """What the popup of a mark shows: the JSON of ``/api/v1/marks/<no>``.

    Raises
    ------
    RecordUnknown
        If there is no such mark in the asker's area of duty.
    """
    row = session.execute(text(f"{_MARK} where m.no = :no"), {"no": no}).one_or_none()
    if row is None:
        raise RecordUnknown
    return _as_json(session, [row], asker)[0]


def mark_page(session: Session, asker: Asker, wish: MarkWish, page: int = 1) -> MarkPage:
    """A page of marks, the newest first; a page beyond the last gives the last."""
    keys = {
        "lo": wish.within[0],
        "hi": wish.within[1],
        "kinds": None if wish.kinds is None else list(wish.kinds),
        "states": None if wish.states is None else list(wish.states),
        "since": wish.since,
    }
    total = int(session.scalar(text(f"select count(*) from mark m where {_FITS}"), keys) or 0)
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = session.execute(
        text(f"{_MARK} where {_FITS} order by m.created_at desc, m.no desc limit :limit offset :skip"),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    ).all()
    return MarkPage(_as_json(session, rows, asker), total, page, pages)


def _as_json(session: Session, rows: Sequence[Row[Any]], asker: Asker) -> list[dict[str, Any]]:
    keys = [row.uuid for row in rows]
    photos = list_photos(session, asker, "mark", keys)
    changes = _changes(session, keys, asker)
    return [
        {
            **row._mapping,
            **head(row.head_name, asker),
            "uuid": str(row.uuid),
            "at": iso(row.at),
            "received_at": iso(row.received_at),
            "settled_at": iso(row.settled_at),
            "flags": list(row.flags),
            "changes": changes.get(str(row.uuid), []),
            "photos": photos.get(str(row.uuid), []),
        }
        for row in rows
    ]


def _changes(session: Session, keys: Sequence[Any], asker: Asker) -> dict[str, list[dict[str, Any]]]:
    rows = session.execute(
        text("""
            select mark_id::text as mark, field, base, value, state from mark_change
             where mark_id = any (cast(:ids as uuid[])) order by mark_id, field"""),
        {"ids": [str(key) for key in keys]},
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        told = {"field": row.field, "base": row.base, "value": row.value, "state": row.state}
        if row.field == "head_name":
            for name in ("base", "value"):
                told[name] = shown_name(told[name], asker.role) if isinstance(told[name], str) else told[name]
        found.setdefault(row.mark, []).append(told)
    return found
