"""A round as a list: how many households stand where in each village, one page of them, late ones first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, areas_of_level
from data.coverage import duty_ranges
from data.monitoring.acts import housing_by_houses
from data.rules.monitoring import DUE, STAGES

PAGE = 50
MOST_ROWS = 50_000
_DUE = " ".join(f"when '{stage}' then r.{column}" for stage, column in DUE.items())
# The last day of the stage a household stands at; null where the stage has none.
DUE_SQL = f"(case m.stage {_DUE} end)"
LATE_SQL = f"coalesce({DUE_SQL} < cast(:today as date), false)"


@dataclass(frozen=True)
class MonitorWish:
    """Which households of a round are asked for; empty words ask for all.

    Attributes
    ----------
    round_id : int
    within : (int, int)
        Range of jurisdiction numbers.
    stage : str
        Key of ``MONITOR_STAGE``.
    village : int or None
        Key of the village.
    late : bool
        Only those past the last day of their stage.
    """

    round_id: int
    within: tuple[int, int]
    stage: str = ""
    village: int | None = None
    late: bool = False


@dataclass(frozen=True)
class VillageCounts:
    """Households of a round in a village: in all, by stage, and late ones by stage."""

    village_id: int | None
    village: str | None
    total: int
    by_stage: dict[str, int]
    late: dict[str, int]

    @property
    def checked(self) -> int:
        """Households that were checked: all but those to be checked."""
        return self.total - self.by_stage["to_check"]


@dataclass(frozen=True)
class RoundCounts:
    """Counts of a round: in all (``village`` None) and by village, in the order of their codes."""

    all: VillageCounts
    villages: list[VillageCounts]


def count_round(session: Session, round_id: int, within: tuple[int, int], today: date) -> RoundCounts:
    """Count a round by village and stage in one reading; households of no village come last."""
    rows = session.execute(
        text(f"""
            select c.village_id, a.name as village, c.stage, c.n, c.late
              from (select h.village_id, m.stage, count(*)::integer as n,
                           count(*) filter (where {LATE_SQL})::integer as late
                      from monitored m join monitoring_round r on r.id = m.round_id
                      join household h on h.id = m.household_id
                     where m.round_id = :round and m.jur >= :lo and m.jur < :hi group by 1, 2) c
              left join area a on a.id = c.village_id order by a.code nulls last"""),
        {"round": round_id, "lo": within[0], "hi": within[1], "today": today},
    ).all()
    villages: dict[int | None, VillageCounts] = {}
    for row in rows:
        one = villages.get(row.village_id) or _counts(row.village_id, row.village)
        one.by_stage[row.stage] = row.n
        one.late[row.stage] = row.late
        villages[row.village_id] = VillageCounts(one.village_id, one.village, one.total + row.n, one.by_stage, one.late)
    whole = _counts(None, None)
    for one in villages.values():
        for stage in STAGES:
            whole.by_stage[stage] += one.by_stage[stage]
            whole.late[stage] += one.late[stage]
    total = sum(whole.by_stage.values())
    return RoundCounts(VillageCounts(None, None, total, whole.by_stage, whole.late), list(villages.values()))


def _counts(village_id: int | None, village: str | None) -> VillageCounts:
    return VillageCounts(village_id, village, 0, dict.fromkeys(STAGES, 0), dict.fromkeys(STAGES, 0))


def monitored_page(
    session: Session, wish: MonitorWish, today: date, page: int = 1, size: int = PAGE
) -> tuple[list[dict[str, Any]], int, int, int]:
    """One page of households: late ones first, the longest late before the others, then by the last day.

    Returns
    -------
    (list of dict, int, int, int)
        Rows, page, pages, and how many households fit the wish. Rows have ``id, household_id, household_code,
        head_name, village, aid_group, stage, due_on, late, checked_on, reported_on, suspected, appraised_on, result,
        follow, site_id, finished_on, closed_on, house_id``.
    """
    keys: dict[str, Any] = {
        "round": wish.round_id,
        "lo": wish.within[0],
        "hi": wish.within[1],
        "stage": wish.stage,
        "village": wish.village,
        "late": wish.late,
        "today": today,
    }
    chosen = f"""from monitored m join monitoring_round r on r.id = m.round_id join household h on h.id = m.household_id
         where m.round_id = :round and m.jur >= :lo and m.jur < :hi and (:stage = '' or m.stage = :stage)
           and (cast(:village as bigint) is null or h.village_id = :village) and (not :late or {LATE_SQL})"""
    found = int(session.scalar(text(f"select count(*) {chosen}"), keys) or 0)
    pages = max(1, -(-found // size))
    page = min(page, pages)
    rows = session.execute(
        text(f"""
            select m.id, m.household_id, h.code as household_code, h.head_name, v.name as village, m.aid_group, m.stage,
                   {DUE_SQL} as due_on, {LATE_SQL} as late, m.checked_on, m.reported_on, m.suspected, m.appraised_on,
                   m.result, m.follow, m.site_id, m.finished_on, m.closed_on,
                   (select o.id from house o where o.household_id = m.household_id
                     order by o.grade desc nulls last, o.id limit 1) as house_id
              from (select m.id, row_number() over (order by {LATE_SQL} desc, m.stage in ('safe', 'closed'),
                           {DUE_SQL} nulls last, m.id) as place {chosen}
                     order by 2 limit :limit offset :skip) c
              join monitored m on m.id = c.id join monitoring_round r on r.id = m.round_id
              join household h on h.id = m.household_id left join area v on v.id = h.village_id order by c.place"""),
        {**keys, "limit": size, "skip": size * (page - 1)},
    )
    return [dict(row) for row in rows.mappings()], page, pages, found


def names_of(session: Session, monitored_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Head's name, household code and village of households of rounds, by key; of those the asker sees."""
    rows = session.execute(
        text("""
            select m.id, h.head_name, h.code as household_code, v.name as village from monitored m
              join household h on h.id = m.household_id left join area v on v.id = h.village_id
             where m.id = any (:ids)"""),
        {"ids": list(monitored_ids)},
    )
    return {row["id"]: dict(row) for row in rows.mappings()}


def round_coverage(session: Session, round_id: int, by: str, duty: Ranges) -> dict[int, tuple[int, int]]:
    """Households checked and monitored in each area of a level that has any, by the area's key."""
    areas, join = areas_of_level(by)
    rows = session.execute(
        text(f"""
            select a.id, sum(c.checked)::integer as checked, sum(c.n)::integer as n
              from (select m.jur, h.group_id, count(*) as n, count(*) filter (where m.stage <> 'to_check') as checked
                      from monitored m join household h on h.id = m.household_id
                     where m.round_id = :round group by 1, 2) c
              join ({areas}) a on {join}
             where cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end) group by a.id"""),
        {"round": round_id, "duty": duty_ranges(duty)},
    )
    return {row.id: (row.checked, row.n) for row in rows}


def household_monitoring(session: Session, household_id: int) -> dict[str, Any]:
    """Rounds a household stands in with their acts, and the changes of its housing status; the latest first.

    Returns
    -------
    dict
        ``now`` (key of ``HOUSING_STATUS``), ``since`` (day or None), ``changes`` and ``rounds``, each with ``acts``.
    """
    keys = {"id": household_id}
    changes = [
        dict(row)
        for row in session.execute(
            text("""
                select s.no, s.before, s.status, s.on_day, s.cause, s.reason, s.at
                  from housing_status s where s.household_id = :id order by s.no desc"""),
            keys,
        ).mappings()
    ]
    rounds = {
        row["id"]: {**row, "acts": []}
        for row in session.execute(
            text("""
                select m.id, m.round_id, m.stage, m.result, m.site_id, r.month, r.disaster_id, r.names_by,
                       r.appraised_by, r.closed_by
                  from monitored m join monitoring_round r on r.id = m.round_id
                 where m.household_id = :id order by r.month desc, r.id desc limit 24"""),
            keys,
        ).mappings()
    }
    for act in session.execute(
        text("""
            select monitored_id, no, act, on_day, reason, follow, site_id, account_id is null as by_itself, at
              from monitoring_act where monitored_id = any (:ids) order by monitored_id, no"""),
        {"ids": list(rounds)},
    ).mappings():
        rounds[act["monitored_id"]]["acts"].append(dict(act))
    return {
        "now": changes[0]["status"] if changes else housing_by_houses(session, household_id),
        "since": changes[0]["on_day"] if changes else None,
        "changes": changes,
        "rounds": list(rounds.values()),
    }
