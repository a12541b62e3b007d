"""Households known only to their natural village or village: none of them may be a dot, so they are counted there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges
from data.areas import DIGITS, EVERYWHERE
from data.coverage import duty_ranges
from data.rules.words import EXACT_QUALITY, NOT_PLACED, VISITED

# SQL condition on a row of ``household`` or ``standing``. The numbers stand in it, not as parameters: only so can the
# planner see that the index of these rows alone (``ix_standing_settled``) holds all that is asked for.
KNOWN_TO_SETTLEMENT = f"quality > {EXACT_QUALITY} and (x is not null or quality < {NOT_PLACED})"
_VILLAGE = 10 ** (15 - DIGITS["village"])


@dataclass(frozen=True)
class Settled:
    """How many households are known to no better place than one settlement; ``lon``, ``lat`` is its centre."""

    id: int
    code: str
    name: str
    level: str
    lon: float
    lat: float
    n: int
    visited: int
    unplaced: int


def settled_counts(
    session: Session,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int] = EVERYWHERE,
    *,
    duty: Ranges = (EVERYWHERE,),
) -> list[Settled]:
    """Eligible households known only to their settlement, counted for each settlement, by code.

    Parameters
    ----------
    within : (int, int)
        Only settlements inside this range of jurisdiction numbers.
    duty : sequence of (int, int)
        Only settlements wholly inside one of these, as with coverage: part of a count is no count.

    Returns
    -------
    list of Settled
        A household counts at its natural village or group, without one at its village. ``unplaced`` are those without
        any point, which can be placed from the work list. Settlements whose own place is unknown are left out.
    """
    rows = session.execute(
        text(f"""
            with counted as (
                select group_id, case when group_id = 0 then jur / {_VILLAGE} * {_VILLAGE} end as village_jur,
                       count(*) as n, count(*) filter (where status = any (:visited)) as visited,
                       count(*) filter (where x is null) as unplaced
                  from standing
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
                   and {KNOWN_TO_SETTLEMENT}
                 group by 1, 2),
            settled as (
                select a.id, a.code, a.name, a.level, a.jur, a.jur_end, coalesce(a.label, a.centre) as spot,
                       c.n, c.visited, c.unplaced
                  from counted c join area a on a.id = c.group_id
                 where a.valid_to is null
                union all
                select a.id, a.code, a.name, a.level, a.jur, a.jur_end, coalesce(a.label, a.centre),
                       c.n, c.visited, c.unplaced
                  from counted c join area a on a.jur = c.village_jur and a.level = 'village'
                 where a.valid_to is null)
            select id, code, name, level, st_x(spot) as lon, st_y(spot) as lat, n, visited, unplaced
              from settled
             where spot is not null and jur >= :lo and jur_end <= :hi
               and cast(:duty as int8multirange) @> int8range(jur, jur_end)
             order by code"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "lo": within[0],
            "hi": within[1],
            "duty": duty_ranges(duty),
            "visited": [int(status) for status in VISITED],
        },
    )
    return [Settled(**row._mapping) for row in rows]
