"""Plans of a year as they are read: their versions, and what is done of each beside what is planned."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.rules.gates import GATES

_FROM = {name: list(GATES[GATES.index(name) :]) for name in ("started", "completed", "accepted", "paid")}
_VERSION = """
    select v.id, v.area_id, v.year, v.state, v.name, v.pay_within_days, v.complete_by, v.source, v.households, v.fen,
           v.lines, v.created_at, v.applied_at, v.account_id, a.name as area, c.full_name as who
      from renovation_plan_version v join area a on a.id = v.area_id left join account c on c.id = v.account_id"""


def plan_versions(session: Session, within: tuple[int, int], year: int | None) -> list[dict[str, Any]]:
    """Versions of plans inside a range, newest first: drafts, those that hold, replaced and let go."""
    rows = session.execute(
        text(f"""
            {_VERSION} where v.jur >= :lo and v.jur_end <= :hi and (cast(:year as integer) is null or v.year = :year)
             order by v.year desc, v.id desc"""),
        {"lo": within[0], "hi": within[1], "year": year},
    )
    return [dict(row) for row in rows.mappings()]


def find_version(session: Session, version_id: int) -> dict[str, Any]:
    """One version with its lines, and ``before``: the version that holds for the same area and year, or None.

    Raises
    ------
    RecordUnknown
        If the asker sees no such version.
    """
    row = session.execute(text(f"{_VERSION} where v.id = :id"), {"id": version_id}).mappings().one_or_none()
    if row is None:
        raise RecordUnknown
    before = (
        session.execute(
            text(f"{_VERSION} where v.area_id = :area and v.year = :year and v.state = 'applied' and v.id <> :id"),
            {"area": row["area_id"], "year": row["year"], "id": version_id},
        )
        .mappings()
        .one_or_none()
    )
    return {**row, "before": dict(before) if before else None, "rows": rows_of(row["lines"])}


def rows_of(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Lines put together by row of the file: ``no, place, area_id``, households and fen by grade, and their sums."""
    rows: dict[int, dict[str, Any]] = {}
    for line in lines:
        row = rows.setdefault(
            line["no"],
            {
                "no": line["no"],
                "place": line["place"],
                "area_id": line["area_id"],
                "grades": {},
                "households": 0,
                "fen": 0,
            },
        )
        row["grades"][line["grade"]] = (line["households"], line["fen"])
        row["households"] += line["households"]
        row["fen"] += line["fen"]
    return [rows[no] for no in sorted(rows)]


def plan_progress(session: Session, within: tuple[int, int], year: int) -> list[dict[str, Any]]:
    """What is done of the plans of a year, place by place as the plan names them.

    Returns
    -------
    list of dict
        For each plan ``id, area, name, pay_within_days, complete_by`` and ``places``: ``place``, ``code`` (None if
        it is no township of ours; then nothing can be counted), ``planned`` and ``planned_fen``; and of the sites of
        place and year that have not ended ``sites``, ``started``, ``completed``, ``accepted``, ``paid``,
        ``entitled_fen`` and ``paid_fen``. A place of two rows counts its sites once.
    """
    rows = session.execute(
        text("""
            select p.id, p.name, p.pay_within_days, p.complete_by, o.name as area, l.place, l.planned, l.planned_fen,
                   t.code, s.*, m.paid_fen
              from renovation_plan p join area o on o.id = p.area_id
              cross join lateral (
                  select min(no) as no, min(stated_area) as place, area_id, sum(households)::integer as planned,
                         sum(fen)::bigint as planned_fen
                    from renovation_plan_line where plan_id = p.id
                   group by area_id, case when area_id is null then stated_area end) l
              left join area t on t.id = l.area_id
              left join lateral (
                  select count(*)::integer as sites,
                         (count(*) filter (where s.stage = any (:started)))::integer as started,
                         (count(*) filter (where s.stage = any (:completed)))::integer as completed,
                         (count(*) filter (where s.stage = any (:accepted)))::integer as accepted,
                         (count(*) filter (where s.stage = any (:paid)))::integer as paid,
                         coalesce(sum(s.entitled_fen), 0)::bigint as entitled_fen
                    from renovation_site s
                   where s.jur >= t.jur and s.jur < t.jur_end and s.year = p.year and s.state = 'open') s
                on t.id is not null
              left join lateral (
                  select coalesce(sum(y.fen), 0)::bigint as paid_fen
                    from payment y join renovation_site s on s.id = y.site_id
                   where y.jur >= t.jur and y.jur < t.jur_end and y.state = 'paid' and s.year = p.year) m
                on t.id is not null
             where p.year = :year and p.jur >= :lo and p.jur_end <= :hi order by p.jur_end - p.jur desc, p.id, l.no"""),
        {"year": year, "lo": within[0], "hi": within[1], **_FROM},
    )
    plans: dict[int, dict[str, Any]] = {}
    for row in rows.mappings():
        plan = plans.setdefault(
            row["id"],
            {name: row[name] for name in ("id", "area", "name", "pay_within_days", "complete_by")} | {"places": []},
        )
        plan["places"].append({name: value for name, value in row.items() if name not in plan})
    return list(plans.values())
