"""What there is to do at houses and sites (农房任务), as phones are told it before they go where no network is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.appraisal_due import due_sql
from data.appraisals import APPRAISERS, SUPERSEDED
from data.areas import EVERYWHERE
from data.askers import Asker
from data.concerns import ConcernWish, concern_rows
from data.local_time import ZONE
from data.masks import mask_name
from data.monitoring.listing import DUE_SQL
from data.sync.looks import CHECKERS, OBSERVERS
from data.sync.refusals import ItemUnfit
from geo.errors import Text

PAGE = 500
# So much is told of each; where there is more, the desk has the whole list.
MOST_CONCERNS, MOST_MONITORED = 1000, 2000
# Reasons in the order of their urgency; a house that has several stands at the first.
WHY = ("impression", "disaster", "monitored", "expired", "never")
_OPEN_DAYS = 31
_WORD = Text("上次返回的值", "what the last answer gave")
_SPOT = """case when {t}.quality <= 4 then st_x({t}.geom) end as lon,
           case when {t}.quality <= 4 then st_y({t}.geom) end as lat"""


def house_work(session: Session, asker: Asker, today: date, after: str | None = None) -> dict[str, Any]:
    """One page of houses that are due, and on the first page the sites and households to look at as well.

    Everything is the asker's duty by row-level security; names of heads are masked as on every phone.

    Parameters
    ----------
    after : str, optional
        ``more`` of the page before.

    Raises
    ------
    ItemUnfit
        If ``after`` is none.
    """
    is_first = after is None
    place = (0, 0) if after is None else _place(after)
    houses, total, more = _houses(session, today, place) if asker.role in APPRAISERS else ([], 0, None)
    return {
        "at": datetime.now(ZONE).isoformat(timespec="milliseconds"),
        "as_of": today.isoformat(),
        "houses": houses,
        "total": total,
        "concerns": _concerns(session, today) if is_first and asker.role in OBSERVERS else [],
        "monitored": _monitored(session, today) if is_first and asker.role in CHECKERS else [],
        "more": more,
    }


def _houses(session: Session, today: date, place: tuple[int, int]) -> tuple[list[dict[str, Any]], int, str | None]:
    reasons = due_sql()
    parts = " union all ".join(
        f"select house_id, {rank} as rank, '{why}' as why, day, word, mark from ({reasons[why]}) r{rank}"
        for rank, why in enumerate(WHY)
    )
    rows = session.execute(
        text(f"""
            with due as materialized (
                select house_id, min(rank) as rank, array_agg(why order by rank) as why, max(mark) as mark,
                       max(word) filter (where why = 'impression') as impression,
                       min(day) filter (where why = 'monitored') as due_on
                  from ({parts}) p group by house_id),
            page as materialized (
                select * from due d where (d.rank, d.house_id) > (:rank, :id) order by d.rank, d.house_id limit :limit),
            stands as materialized (
                select distinct on (a.house_id) a.house_id, a.appraised_on, a.standard, a.valid_until
                  from appraisal a
                 where a.house_id = any (array(select house_id from page)) and a.id not in ({SUPERSEDED})
                 order by a.house_id, a.appraised_on desc nulls last, a.id desc)
            select o.id, o.code, o.household_id, h.head_name, v.name as village, o.address, {_SPOT.format(t="o")},
                   o.grade, a.appraised_on, a.standard, a.valid_until, d.rank, d.why, d.due_on, d.mark, d.impression,
                   (select count(*) from due) as total
              from page d join house o on o.id = d.house_id left join household h on h.id = o.household_id
              left join area v on v.id = o.village_id
              left join stands a on a.house_id = d.house_id
             order by d.rank, o.id"""),
        {
            "lo": EVERYWHERE[0],
            "hi": EVERYWHERE[1],
            "today": today,
            "rank": place[0],
            "id": place[1],
            "limit": PAGE + 1,
        },
    ).all()
    told = [
        {
            "id": row.id,
            "code": row.code,
            "household_id": row.household_id,
            "head": mask_name(row.head_name) if row.head_name else None,
            "village": row.village,
            "address": row.address,
            "lon": row.lon,
            "lat": row.lat,
            "grade": row.grade,
            "appraised_on": _day(row.appraised_on),
            "standard": row.standard,
            "valid_until": _day(row.valid_until),
            "why": list(row.why),
            "due_on": _day(row.due_on),
            "mark": row.mark,
            "impression": row.impression,
        }
        for row in rows[:PAGE]
    ]
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return told, rows[0].total if rows else 0, f"{last.rank}.{last.id}" if last else None


def _concerns(session: Session, today: date) -> list[dict[str, Any]]:
    return [
        {
            "no": row["no"],
            "kind": row["kind"],
            "state": row["state"],
            "found_on": _day(row["found_on"]),
            "seen_on": _day(row["seen_on"]),
            "look_by": _day(row["look_by"]),
            "due_on": _day(row["due_on"]),
            "village": row["village"],
            "lon": row["lon"],
            "lat": row["lat"],
        }
        for row in concern_rows(session, ConcernWish(), today, MOST_CONCERNS)
    ]


def _monitored(session: Session, today: date) -> list[dict[str, Any]]:
    rows = session.execute(
        text(f"""
            select m.id, m.household_id, h.head_name, h.code, v.name as village, h.address, {_SPOT.format(t="h")},
                   to_char(r.month, 'YYYY-MM') as month, m.stage, {DUE_SQL} as due_on
              from monitored m join monitoring_round r on r.id = m.round_id
              join household h on h.id = m.household_id left join area v on v.id = h.village_id
             where m.stage in ('to_check', 'safe') and r.closed_by >= cast(:today as date) - {_OPEN_DAYS}
             order by m.stage = 'safe', r.names_by, m.id limit :most"""),
        {"today": today, "most": MOST_MONITORED},
    )
    return [
        {
            "id": row.id,
            "household_id": row.household_id,
            "head": mask_name(row.head_name),
            "code": row.code,
            "village": row.village,
            "address": row.address,
            "lon": row.lon,
            "lat": row.lat,
            "month": row.month,
            "stage": row.stage,
            "due_on": _day(row.due_on),
        }
        for row in rows
    ]


def _place(after: str) -> tuple[int, int]:
    rank, _, key = after.partition(".")
    if not (rank.isascii() and rank.isdigit() and len(rank) == 1 and key.isascii() and key.isdigit()) or len(key) > 17:
        raise ItemUnfit("after", after, _WORD)
    return int(rank), int(key)


def _day(value: date | None) -> str | None:
    return value.isoformat() if value else None
