"""What the map says of renovations beside their places: how many stand, stall or wait for money in each village; and
how many of the appraised houses of an area are dangerous."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, areas_of_level
from data.coverage import duty_ranges
from data.renovation.listing import STALLED
from data.renovation.totals import WITHIN_DAYS
from data.rules.gates import PAID, payment_class

STANDINGS = ("open", "stalled", "ended")
_PAID_SQL = ", ".join(f"'{stage}'" for stage in PAID)


def sites_on_map(session: Session, within: tuple[int, int], today: date, *, money: bool) -> dict[str, Any]:
    """Count the sites of an area by what the map shows of them.

    Parameters
    ----------
    money : bool
        Whether the asker may see money; without it ``payments`` is None and no site counts as late.

    Returns
    -------
    dict
        ``standings`` (sites that go on, have stalled, or ended), ``payments`` by class
        (:data:`data.rules.gates.PAYMENT_CLASSES`), ``unplaced`` sites without a place of their own, and ``villages``:
        by key ``sites``, ``stalled``, ``waiting``, ``late`` and ``days`` (list of sum and number of the days from
        acceptance to payment).
    """
    rows = session.execute(
        text(f"""
            select village_id, standing, waits, overdue, days, unplaced, count(*)::integer as n from (
                select s.village_id, s.morton is null as unplaced,
                       case when s.state <> 'open' then 'ended' when {STALLED} then 'stalled' else 'open' end
                           as standing,
                       case when s.state = 'open' and s.stage = 'accepted' then true
                            when s.stage in ({_PAID_SQL}) then false end as waits,
                       case when s.state = 'open' and s.stage = 'accepted'
                            then cast(:today as date) - s.accepted_on - {WITHIN_DAYS} end as overdue,
                       case when s.stage in ({_PAID_SQL}) then s.paid_on - s.accepted_on end as days
                  from renovation_site s where s.jur >= :lo and s.jur < :hi) s
             group by 1, 2, 3, 4, 5, 6"""),
        {"lo": within[0], "hi": within[1], "today": today},
    )
    standings = dict.fromkeys(STANDINGS, 0)
    payments: dict[str, int] = {}
    villages: dict[int, dict[str, Any]] = {}
    unplaced = 0
    for row in rows:
        standings[row.standing] += row.n
        unplaced += row.n if row.unplaced else 0
        kind = payment_class(row.waits, row.overdue, row.days) if money and row.waits is not None else None
        if kind:
            payments[kind] = payments.get(kind, 0) + row.n
        if row.village_id is None:
            continue
        one = villages.setdefault(row.village_id, {"sites": 0, "stalled": 0, "waiting": 0, "late": 0, "days": [0, 0]})
        one["sites"] += row.n
        one["stalled"] += row.n if row.standing == "stalled" else 0
        if kind and row.waits:
            one["waiting"] += row.n
            one["late"] += row.n if kind.startswith("late") else 0
        elif kind and kind != "paid_undated":
            one["days"][0] += row.days * row.n
            one["days"][1] += row.n
    return {
        "standings": standings,
        "payments": payments if money else None,
        "unplaced": unplaced,
        "villages": villages,
    }


def danger_by_area(session: Session, by: str, *, duty: Ranges) -> dict[int, list[int]]:
    """Houses by the id of their area of a level: of grade C or D, appraised, and all; areas without any are missing.

    Their rate is C and D of the appraised ones; what is not appraised is unknown, and no part of it. Houses count where
    they belong, with or without a place of their own; in natural villages by their household.
    """
    areas, join = areas_of_level(by)
    # Counted from the index of jurisdiction and grade first, some hundred rows, then shared out.
    counted = "select h.jur, null::bigint as group_id, h.grade, count(*) as n from house h group by h.jur, h.grade"
    if by == "group":
        counted = """select h.jur, o.group_id, h.grade, count(*) as n from house h
                       join household o on o.id = h.household_id
                      where o.group_id is not null group by 1, 2, 3"""
    rows = session.execute(
        text(f"""
            select a.id, coalesce(sum(c.n) filter (where c.grade in ('C', 'D')), 0)::integer as danger,
                   coalesce(sum(c.n) filter (where c.grade is not null), 0)::integer as appraised,
                   sum(c.n)::integer as houses
              from ({counted}) c join ({areas}) a on {join}
             where cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end) group by a.id"""),
        {"duty": duty_ranges(duty)},
    )
    return {row.id: [row.danger, row.appraised, row.houses] for row in rows}
