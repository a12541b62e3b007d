"""Which houses are due for an appraisal (待鉴定), and the disasters (灾害) after which all houses of an area are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.appraisal_told import MOST_REMARK
from data.appraisals import SUPERSEDED, WAITING
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.households import head
from data.rules.appraising import DISASTER
from data.rules.words import GRADE
from geo.errors import FangtuError, Text

PAGE = 50
NONE = "none"
WHY = {
    "impression": Text("疑似危房，待鉴定", "Suspected dangerous"),
    "disaster": Text("灾后待复核", "After a disaster"),
    "expired": Text("鉴定已过期", "Appraisal expired"),
    "never": Text("未鉴定", "Never appraised"),
}
GRADES = {**GRADE, NONE: Text("未鉴定", "Not appraised")}
# Since a day: an appraisal that none supersedes.
_SINCE = f"""exists (select 1 from appraisal a where a.house_id = o.id and a.appraised_on >= d.happened_on
                   and a.id not in ({SUPERSEDED}))"""
_INSIDE = "o.jur >= :lo and o.jur < :hi"
_OF_GRADE = "(:grade = '' or coalesce(o.grade, 'none') = :grade)"
# Each gives the houses of one reason: key, day and word of it, and the order they are read in.
_DUE = {
    "impression": f"""
        select house_id, (max(at) at time zone 'Asia/Shanghai')::date as day, max(grade) as word, max(no) as mark
          from ({WAITING}) w group by house_id""",
    "disaster": f"""
        select o.id as house_id, max(d.happened_on) as day,
               (array_agg(d.kind order by d.happened_on desc, d.id desc))[1] as word, null::bigint as mark
          from disaster d join house o on o.jur >= d.jur and o.jur < d.jur_end
         where d.ended_at is null and {_INSIDE} and not {_SINCE} group by o.id""",
    "expired": """
        select e.house_id, e.valid_until as day, null::text as word, null::bigint as mark
          from appraisal e
         where e.jur >= :lo and e.jur < :hi and e.valid_until < :today
           and e.id = (select l.id from latest_appraisal l where l.house_id = e.house_id)""",
    "never": f"""
        select o.id as house_id, null::date as day, null::text as word, null::bigint as mark
          from house o where {_INSIDE} and o.grade is null""",
}
# Houses nobody appraised are many; the others are few, the one that waits longest first.
_ORDER = dict.fromkeys(_DUE, "due.day nulls last, o.id") | {"never": "o.jur, o.id"}

# Suspected in a round of monitoring, to be appraised by its day.
_MONITORED = f"""
        select o.id as house_id, min(r.appraised_by) as day, null::text as word, null::bigint as mark
          from monitored m join monitoring_round r on r.id = m.round_id join house o on o.household_id = m.household_id
         where m.stage = 'reported' and {_INSIDE} group by o.id"""


class DisasterUnfit(FangtuError):
    """A disaster lacks something, or its area is not the asker's; ``column`` names the field. Nothing was written."""

    code = "disaster_unfit"


@dataclass(frozen=True)
class DueList:
    """One page of the houses that are due for one reason.

    Attributes
    ----------
    rows : list of dict
        ``id, code, household_code, head_name, village, address, grade, appraised_on, day, word, mark``: ``day`` is that
        of the impression or disaster or the last day the appraisal was valid; ``word`` the impression's grade or the
        kind of the disaster; ``mark`` the number of the impression.
    counts : dict
        Houses due for each reason, of whatever grade.
    houses : int
        All houses of the range: what the counts are parts of.
    found : int
        Houses due for this reason that are of the grade asked for.
    """

    rows: list[dict[str, Any]]
    counts: dict[str, int]
    houses: int
    found: int
    page: int
    pages: int


def due_list(
    session: Session,
    asker: Asker,
    within: tuple[int, int],
    today: date,
    *,
    why: str,
    grade: str = "",
    page: int = 1,
) -> DueList:
    """One page of the houses inside a range that are due for a reason.

    Parameters
    ----------
    why : str
        Key of :data:`WHY`.
    grade : str
        Only houses of this grade, ``none`` for those without; empty for all.
    """
    keys: dict[str, Any] = {"lo": within[0], "hi": within[1], "today": today, "grade": grade}
    counts = {
        one: int(session.scalar(text(f"select count(*) from ({sql}) due"), keys) or 0) for one, sql in _DUE.items()
    }
    houses = int(session.scalar(text(f"select count(*) from house o where {_INSIDE}"), keys) or 0)
    found = counts[why]
    if grade and not (why == "never" and grade == NONE):
        found = int(
            session.scalar(
                text(f"select count(*) from ({_DUE[why]}) due join house o on o.id = due.house_id where {_OF_GRADE}"),
                keys,
            )
            or 0
        )
    pages = max(1, -(-found // PAGE))
    page = min(page, pages)
    rows = session.execute(
        text(f"""
            select o.id, o.code, h.code as household_code, h.head_name, v.name as village, o.address, o.grade,
                   (select l.appraised_on from latest_appraisal l where l.house_id = o.id) as appraised_on,
                   due.day, due.word, due.mark
              from ({_DUE[why]}) due join house o on o.id = due.house_id
              left join household h on h.id = o.household_id left join area v on v.id = o.village_id
             where {_OF_GRADE} order by {_ORDER[why]} limit :limit offset :skip"""),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    )
    return DueList([{**row._mapping, **head(row.head_name, asker)} for row in rows], counts, houses, found, page, pages)


def due_sql() -> dict[str, str]:
    """SQL of the houses due for each reason, and of those a round of monitoring waits for (``monitored``).

    Each gives ``house_id, day, word, mark`` and takes ``:lo``, ``:hi`` and ``:today``, see :class:`DueList`.
    """
    return {**_DUE, "monitored": _MONITORED}


def list_disasters(session: Session, within: tuple[int, int]) -> list[dict[str, Any]]:
    """Disasters of a range that are not ended: area, kind, day, and how many of the houses the asker sees are done.

    Returns
    -------
    list of dict
        ``id, kind, happened_on, remark, area, jur, jur_end, houses, done``, the latest first.
    """
    rows = session.execute(
        text(f"""
            select d.id, d.kind, d.happened_on, d.remark, v.name as area, d.jur, d.jur_end, k.houses, k.done
              from disaster d join area v on v.id = d.area_id
              cross join lateral (
                  select count(*) as houses, count(*) filter (where {_SINCE}) as done
                    from house o where o.jur >= d.jur and o.jur < d.jur_end) k
             where d.ended_at is null and d.jur < :hi and d.jur_end > :lo order by d.happened_on desc, d.id desc"""),
        {"lo": within[0], "hi": within[1]},
    )
    return [dict(row._mapping) for row in rows]


def list_choices(session: Session, within: tuple[int, int], levels: tuple[str, ...]) -> list[dict[str, str]]:
    """Areas of some levels inside a range, to choose from: ``code`` and ``name``, larger ones first."""
    rows = session.execute(
        text("""
            select code, name from area
             where valid_to is null and level = any (:levels) and jur >= :lo and jur_end <= :hi
             order by jur_end - jur desc, jur"""),
        {"levels": list(levels), "lo": within[0], "hi": within[1]},
    )
    return [{"code": row.code, "name": row.name} for row in rows]


def add_disaster(
    session: Session, asker: Asker, code: str, kind: str, happened_on: date | None, remark: str, *, today: date
) -> int:
    """Say that a disaster hit an area: its houses are due until each was appraised on that day or later.

    Parameters
    ----------
    code : str
        Of an area that lies inside the asker's duty as a whole.
    kind : str
        Key of :data:`data.rules.appraising.DISASTER`.

    Raises
    ------
    DisasterUnfit
        If something lacks, or the area is none of the asker's.
    """
    if kind not in DISASTER:
        raise _unfit("kind", Text("请选择灾种", "choose the kind of disaster"))
    if happened_on is None or not date(1950, 1, 1) <= happened_on <= today:
        raise _unfit("happened_on", Text("请填写发生日期，不晚于今天", "fill in the day, not one to come"))
    area = session.execute(
        text("select id, jur, jur_end from area where code = :code and valid_to is null"), {"code": code}
    ).one_or_none()
    if area is None or not any(lo <= area.jur and area.jur_end <= hi for lo, hi in asker.duty):
        raise _unfit("area", Text("请选择本辖区内的范围", "choose an area of your own duty"))
    made = session.scalar(
        text("""
            insert into disaster (area_id, jur, jur_end, kind, happened_on, remark, account_id)
            values (:area, :jur, :jur_end, :kind, :day, :remark, :account) returning id"""),
        {
            "area": area.id,
            "jur": area.jur,
            "jur_end": area.jur_end,
            "kind": kind,
            "day": happened_on,
            "remark": " ".join("".join(c if c.isprintable() else " " for c in remark).split())[:MOST_REMARK] or None,
            "account": asker.account_id,
        },
    )
    record(session, act="disaster_add", object_kind="disaster", object_id=made, details={"kind": kind}, jur=area.jur)
    return int(made or 0)


def end_disaster(session: Session, disaster_id: int) -> None:
    """No longer list houses because of a disaster; the record of it stays.

    Raises
    ------
    RecordUnknown
        If there is none that the asker may end, or it is ended already.
    """
    row = session.execute(
        text("""
            update disaster set ended_at = now(), updated_at = now() where id = :id and ended_at is null
            returning jur"""),
        {"id": disaster_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    record(session, act="disaster_end", object_kind="disaster", object_id=disaster_id, jur=row.jur)


def _unfit(column: str, why: Text) -> DisasterUnfit:
    return DisasterUnfit(Text(f"没有保存：{why.zh}。", f"Not saved: {why.en}."), column=column)
