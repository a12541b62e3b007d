"""Households (户) as they are read one at a time: the card of a household, and showing one masked field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, NotAllowed, RecordUnknown
from data.audit import record
from data.field_photos import list_photos
from data.masks import MASKS, REVEALS, SEES_NAMES, revealable, shown_name
from data.rules.words import VISITED
from data.sealing import SEALED_FIELDS, Sealer
from data.tables import Household
from geo.errors import FangtuError, Text

LEAST_REASON = 4
MOST_REASON = 200
MOST_VISITS = 20

_CARD = text("""
    select h.id, h.code, h.head_name, h.people, h.aid_group, h.key_groups, h.stated_hamlet, h.address, h.house_no,
           h.id_sealed, h.phone_sealed, h.card_sealed, h.quality, h.accuracy_m,
           st_x(h.geom) as lon, st_y(h.geom) as lat,
           v.name as village, s.name as natural_village, g.name as grid
      from household h
      left join area v on v.id = h.village_id
      left join area s on s.id = h.group_id
      left join grid g on g.id = h.grid_id
     where h.id = :id and h.removed_at is null""")
_VISITS = text("""
    select no as id, id as uuid, campaign_id as campaign, round_no as round, coalesce(started_at, ended_at) as at, mode,
           outcome, minutes, verdict, suspect, visitor, visitor_kind, companions
      from visit
     where household_id = :id and superseded_by is null
     order by coalesce(started_at, ended_at) desc nulls last, no desc
     limit :limit""")
_LAST_VALID = text("""
    select max(coalesce(started_at, ended_at)) at time zone 'Asia/Shanghai' from visit
     where household_id = :id and superseded_by is null and counts""")


class ReasonTooShort(FangtuError):
    """A masked field is shown only to those who say why."""

    code = "reason_too_short"


class FieldUnknown(FangtuError):
    """There is no sealed field of that name."""

    code = "field_unknown"


def household_card(
    session: Session,
    household_id: int,
    asker: Asker,
    sealer: Sealer,
    *,
    round_: tuple[int, int, date | None] | None,
    today: date,
) -> dict[str, Any]:
    """Everything the popup of a household shows, masked for who asks.

    Parameters
    ----------
    round_ : (int, int, date or None), optional
        Campaign, round and the day the round began: what ``status`` speaks of.
    today : date
        Local day, for ``days_unvisited``.

    Returns
    -------
    dict
        The JSON of ``/api/v1/households/<id>``. ``status`` is None if the household is not eligible in the round;
        ``days_unvisited`` counts from the last valid visit, else from the round's first day, and is None for a
        visited household; ``can_reveal`` names the masked fields this asker may have shown.

    Raises
    ------
    RecordUnknown
        If there is no such household in the asker's area of duty.
    """
    row = session.execute(_CARD, {"id": household_id}).one_or_none()
    if row is None:
        raise RecordUnknown
    numbers = {
        field.name: _masked(sealer, field.name, getattr(row, field.column), household_id)
        for field in SEALED_FIELDS.values()
    }
    status = _status(session, household_id, round_)
    return {
        "id": row.id,
        "code": row.code,
        **head(row.head_name, asker),
        "people": row.people,
        "address": row.address,
        "house_no": row.house_no,
        "village": row.village,
        "natural_village": row.natural_village,
        "stated_hamlet": row.stated_hamlet,
        "grid": row.grid,
        "aid_group": row.aid_group,
        "key_groups": list(row.key_groups),
        **numbers,
        "can_reveal": [name for name in revealable(asker.role) if numbers[name] is not None],
        "quality": row.quality,
        "accuracy_m": row.accuracy_m,
        "lon": row.lon,
        "lat": row.lat,
        "status": status,
        "days_unvisited": _days_unvisited(session, household_id, status, round_, today),
        "owners": _owners(session, household_id, round_),
        "reservation": _reservation(session, household_id, round_, asker),
        "visits": _visits(session, household_id, asker),
        "houses": _houses(session, household_id),
        "sites": _sites(session, household_id),
    }


def head(name: str | None, asker: Asker) -> dict[str, Any]:
    """The head's name as the asker sees it, and whether it is masked."""
    if name is None:
        return {"head_name": None, "head_masked": False}
    return {"head_name": shown_name(name, asker.role), "head_masked": asker.role not in SEES_NAMES}


def reveal(session: Session, household_id: int, field: str, reason: str, asker: Asker, sealer: Sealer) -> str:
    """Show one masked field in full and write down who saw it and why, in the same transaction.

    Parameters
    ----------
    field : str
        ``phone``, ``id_number`` or ``bank_card``.
    reason : str
        At least four characters of the person's own words.

    Raises
    ------
    FieldUnknown
        If there is no such field.
    NotAllowed
        If the asker's role never sees this field.
    ReasonTooShort
        If no reason is given.
    RecordUnknown
        If the household is not in the asker's area of duty, or has no such number.
    """
    if field not in SEALED_FIELDS:
        raise FieldUnknown(
            Text(f"没有字段“{field}”。", f"There is no field '{field}'."), found=field, expected=list(SEALED_FIELDS)
        )
    if asker.role not in REVEALS[field]:
        raise NotAllowed(field=field)
    words = reason_to_see(reason)
    sealed_in = SEALED_FIELDS[field]
    row = session.execute(
        select(getattr(Household, sealed_in.column).label("sealed"), Household.jur).where(
            Household.id == household_id, Household.removed_at.is_(None)
        )
    ).one_or_none()
    if row is None or row.sealed is None:
        raise RecordUnknown
    value = sealer.open(row.sealed, place(sealed_in.column), household_id)
    record(
        session,
        act="reveal",
        object_kind="household",
        object_id=household_id,
        fields=[field],
        reason=words,
        jur=row.jur,
    )
    return value


def reason_to_see(reason: str) -> str:
    """Why somebody wants to see what is masked, as it goes into the log.

    Raises
    ------
    ReasonTooShort
        Below :data:`LEAST_REASON` characters.
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in reason).split())[:MOST_REASON]
    if len(words) < LEAST_REASON:
        raise ReasonTooShort(
            Text(
                f"没有显示：请写明查看原因，至少 {LEAST_REASON} 个字。",
                f"Not shown: say why you need it, in at least {LEAST_REASON} characters.",
            ),
            found=len(words),
            expected=LEAST_REASON,
        )
    return words


def place(column: str) -> str:
    """What is bound into the seal of a column of the table ``household``."""
    return f"household.{column}"


def _masked(sealer: Sealer, field: str, sealed: bytes | None, household_id: int) -> str | None:
    if sealed is None:
        return None
    return MASKS[field](sealer.open(sealed, place(SEALED_FIELDS[field].column), household_id))


def _status(session: Session, household_id: int, round_: tuple[int, int, date | None] | None) -> int | None:
    if round_ is None:
        return None
    return session.scalar(
        text("select status from standing where campaign_id = :c and round_no = :r and household_id = :id"),
        {"c": round_[0], "r": round_[1], "id": household_id},
    )


def _days_unvisited(
    session: Session,
    household_id: int,
    status: int | None,
    round_: tuple[int, int, date | None] | None,
    today: date,
) -> int | None:
    if status is None or status in VISITED or round_ is None:
        return None
    last: datetime | None = session.scalar(_LAST_VALID, {"id": household_id})
    since = last.date() if last else round_[2]
    return max(0, (today - since).days) if since else None


def _owners(session: Session, household_id: int, round_: tuple[int, int, date | None] | None) -> list[dict[str, Any]]:
    """Who is to visit the household in the round, by kind of visitors."""
    if round_ is None:
        return []
    return as_dicts(
        session.execute(
            text("""
                select kind, owner from assignment
                 where campaign_id = :c and round_no = :r and household_id = :id order by repeats, kind"""),
            {"c": round_[0], "r": round_[1], "id": household_id},
        ).all()
    )


def _reservation(
    session: Session, household_id: int, round_: tuple[int, int, date | None] | None, asker: Asker
) -> dict[str, Any] | None:
    """Who is on the way to the household in the round; None if nobody is."""
    if round_ is None:
        return None
    row = session.execute(
        text("""
            select account_id, kind, who, until from reservation
             where campaign_id = :c and round_no = :r and household_id = :id and ended_at is null and until > now()"""),
        {"c": round_[0], "r": round_[1], "id": household_id},
    ).one_or_none()
    if row is None:
        return None
    return {"kind": row.kind, "who": row.who, "until": iso(row.until), "mine": row.account_id == asker.account_id}


def _visits(session: Session, household_id: int, asker: Asker) -> list[dict[str, Any]]:
    rows = session.execute(_VISITS, {"id": household_id, "limit": MOST_VISITS}).all()
    photos = list_photos(session, asker, "visit", [row.uuid for row in rows])
    return [
        {
            **{name: value for name, value in row._mapping.items() if name != "uuid"},
            "at": iso(row.at),
            "suspect": list(row.suspect),
            "photos": photos.get(str(row.uuid), []),
        }
        for row in rows
    ]


def _houses(session: Session, household_id: int) -> list[dict[str, Any]]:
    return as_dicts(
        session.execute(
            text(
                "select id, code, grade, structure, built_year from house where household_id = :id"
                " order by grade desc nulls last, id"
            ),
            {"id": household_id},
        ).all()
    )


def _sites(session: Session, household_id: int) -> list[dict[str, Any]]:
    return as_dicts(
        session.execute(
            text("select id, method, stage from renovation_site where household_id = :id order by id desc"),
            {"id": household_id},
        ).all()
    )


def as_dicts(rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """Rows as plain dictionaries, for JSON."""
    return [dict(row._mapping) for row in rows]


def iso(moment: datetime | None) -> str | None:
    """A moment as ISO 8601 with the offset of the session (``+08:00``)."""
    return moment.isoformat(timespec="seconds") if moment else None
