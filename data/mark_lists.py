"""Lists for the desk (外业): marks side by side with what stands in the records, and arrivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.field_photos import list_photos
from data.marks import COLUMNS, current_values, is_unchanged
from data.masks import mask_name, shown_name
from data.rules.marks import STATE
from data.rules.words import EXACT_QUALITY

PAGE = 20
MOST_ARRIVALS = 30
OPEN = ("proposed", "suspected")

_VILLAGE = """
    left join area v on v.level = 'village' and v.valid_to is null and v.jur <= {t}.jur and v.jur_end > {t}.jur"""
_MARKS = f"""
    select m.no, m.id, m.kind, m.marked_by, m.household_id, m.household_ref, m.house_id, m.at, m.created_at,
           m.accuracy_m, m.accuracy_reason, m.grade, m.parts, m.suspected, m.base_revision, m.remark, m.flags, m.state,
           m.reason, m.settled_who, m.settled_at, st_x(m.geom) as lon, st_y(m.geom) as lat,
           round(st_area(m.outline::geography)::numeric) as outline_m2, h.code, h.revision,
           {", ".join(f"h.{column}" for column in COLUMNS.values())},
           (select a.name from area a where a.id = h.group_id) as group_name, v.name as village, o.code as house_code,
           o.grade as house_grade,
           case when m.kind = 'moved' and p.quality <= :exact then st_distance(m.geom::geography, p.geom::geography) end
               as moved_m
      from mark m left join household h on h.id = m.household_id and h.removed_at is null
      left join house o on o.id = m.house_id {_VILLAGE.format(t="m")}
      left join lateral (
        select coalesce(o.geom, h.geom) as geom,
               case when o.geom is null then h.quality else o.quality end as quality) p
        on true
     where m.jur >= :lo and m.jur < :hi and m.state = any (:states) and (cast(:only as bigint) is null or m.no = :only)
     order by m.state not in ('proposed', 'suspected'), m.created_at desc, m.no desc limit :limit offset :skip"""
_ARRIVALS = """
    select * from (
        (select s.received_at, 'visit' as what, s.no, s.outcome as kind, s.visitor as who, s.household_id,
                s.household_ref, s.jur, s.flags from (
            select v.created_at as received_at, v.no, v.outcome, v.visitor, v.household_id, v.household_ref, v.jur,
                   f.flags
              from visit v join field_visit f on f.visit_id = v.id
             where v.jur >= :lo and v.jur < :hi and v.created_at > now() - interval '2 days') s
          order by s.received_at desc limit :most)
        union all
        (select m.created_at, 'mark', m.no, m.kind, m.marked_by, m.household_id, m.household_ref, m.jur, m.flags
           from mark m where m.jur >= :lo and m.jur < :hi order by m.created_at desc limit :most)
        union all
        select k.received_at, k.what, k.no, k.kind, k.who, k.household_id, null, k.jur, '{}'::text[]
          from sec.house_arrivals(:lo, :hi) k) a
     order by received_at desc, no desc limit :most"""


@dataclass(frozen=True)
class Change:
    """One field of a correction: what the phone had, what stands there now, what it should be.

    ``conflict`` is true where somebody has changed it since the phone had it.
    """

    field: str
    base: Any
    now: Any
    value: Any
    state: str
    conflict: bool


@dataclass(frozen=True)
class MarkList:
    """A page of marks with how many there are in each state."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]
    page: int
    pages: int


@dataclass(frozen=True)
class Arrival:
    """What came in from the field.

    Attributes
    ----------
    what : str
        One of ``data.tables.sync.ITEM_KINDS``.
    kind : str
        Outcome of a visit, kind of a mark, grade of an appraisal, what was seen at a site, act of a check.
    household : str or None
        Code and masked name, or what the phone calls it.
    """

    at: datetime
    what: str
    no: int
    kind: str
    who: str | None
    village: str | None
    household_id: int | None
    household: str | None
    flags: list[str]


def list_marks(
    session: Session,
    asker: Asker,
    within: tuple[int, int],
    *,
    state: str = "",
    page: int = 1,
    only: int | None = None,
) -> MarkList:
    """A page of the marks inside a range, those that wait first, the newest first.

    Parameters
    ----------
    asker : Asker
        Names of heads and photographs are as it may see them.
    state : str
        ``open`` (all that waits), a state, or empty for all.
    only : int, optional
        Number of the one mark that is asked for; the counts stay those of all.
    """
    bounds = {"lo": within[0], "hi": within[1]}
    rows = session.execute(
        text("select state, count(*) as n from mark where jur >= :lo and jur < :hi group by state"), bounds
    )
    counts = dict.fromkeys(STATE, 0) | {row.state: row.n for row in rows}
    states = OPEN if state == "open" else (state,) if state in STATE else tuple(STATE)
    pages = 1 if only is not None else max(1, -(-sum(counts[one] for one in states) // PAGE))
    page = min(page, pages)
    found = session.execute(
        text(_MARKS),
        {
            **bounds,
            "states": list(states),
            "only": only,
            "exact": EXACT_QUALITY,
            "limit": PAGE,
            "skip": PAGE * (page - 1),
        },
    ).all()
    keys = [str(row.id) for row in found]
    changes = _changes(session, keys)
    photos = list_photos(session, asker, "mark", keys)
    marks = []
    for row in found:
        now = current_values(row) if row.code is not None or row.head_name is not None else None
        told = [
            _change(one, None if now is None else now[one.field], row.group_name, asker.role)
            for one in changes.get(row.id, [])
        ]
        marks.append(
            {
                **row._mapping,
                "head_name": shown_name(row.head_name, asker.role) if row.head_name else None,
                "changes": told,
                "photos": photos.get(str(row.id), []),
                "is_open": row.state in OPEN,
                "can_undo": row.state not in OPEN or any(one.state != "proposed" for one in told),
            }
        )
    return MarkList(marks, counts, page, pages)


def list_arrivals(session: Session, within: tuple[int, int]) -> list[Arrival]:
    """What came in from the field inside a range, the newest first: marks, and all else of the last two days."""
    rows = session.execute(
        text(f"""
            select a.*, h.code, h.head_name, v.name as village from ({_ARRIVALS}) a
              left join household h on h.id = a.household_id and h.removed_at is null {_VILLAGE.format(t="a")}
             order by a.received_at desc, a.no desc"""),
        {"lo": within[0], "hi": within[1], "most": MOST_ARRIVALS},
    )
    return [
        Arrival(
            row.received_at,
            row.what,
            row.no,
            row.kind,
            row.who,
            row.village,
            row.household_id,
            " ".join(filter(None, (row.code, mask_name(row.head_name or "")))) or row.household_ref,
            list(row.flags),
        )
        for row in rows
    ]


def count_today(session: Session, within: tuple[int, int], since: datetime) -> tuple[int, int, int]:
    """How many visits, marks and records of houses and sites have come in from the field in a range since a moment.

    The last go back two days at most.
    """
    row = session.execute(
        text("""
            select (select count(*) from visit v join field_visit f on f.visit_id = v.id
                     where v.jur >= :lo and v.jur < :hi and v.created_at >= :since) as visits,
                   (select count(*) from mark m
                     where m.jur >= :lo and m.jur < :hi and m.created_at >= :since) as marks,
                   (select count(*) from sec.house_arrivals(:lo, :hi) k where k.received_at >= :since) as houses"""),
        {"lo": within[0], "hi": within[1], "since": since},
    ).one()
    return row.visits, row.marks, row.houses


def _change(row: Any, now: Any, group_name: str | None, role: Role) -> Change:
    conflict = row.state == "proposed" and not is_unchanged(row.field, row.base, now, group_name)
    base, value = row.base, row.value
    if row.field == "head_name":
        base, now, value = (shown_name(one, role) if isinstance(one, str) else one for one in (base, now, value))
    return Change(row.field, base, now, value, row.state, conflict)


def _changes(session: Session, keys: Sequence[str]) -> dict[Any, list[Any]]:
    rows = session.execute(
        text("""
            select mark_id, field, base, value, state from mark_change
             where mark_id = any (cast(:ids as uuid[])) order by mark_id, field"""),
        {"ids": list(keys)},
    )
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row.mark_id, []).append(row)
    return found
