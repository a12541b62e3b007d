"""Houses, households and buildings that belong together by where they stand; only where nothing else could be meant.

Two things are joined if each is the other's nearest within a few metres and the next one is at least twice as far. What
is not that clear stays apart and is listed for people (``data.worklists``).
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.imports.merge import Job
from data.rules.words import IMPORTED

HOUSE_REACH_M = 15
BUILDING_REACH_M = 10
_CLEARER = 2
# Degrees that hold the longest of these reaches twice, up to 60° of latitude.
_NEAR_DEG = 0.0006


def match_places(job: Job) -> dict[str, int]:
    """Join houses with households, then give houses the outline of the building they are.

    Runs at the end of an import, inside its batch and its area.

    Returns
    -------
    dict
        ``matched_by_place``: houses that found their household; ``outlined``: houses that took a building's outline.
    """
    session = job.session
    scope = job.scope
    inside = f"{{t}}.jur >= {int(scope.jur)} and {{t}}.jur < {int(scope.jur_end)} and {job.limits.sql('{t}.jur')}"
    matched = _join_households(session, inside)
    return {"matched_by_place": matched, "outlined": _take_outlines(session, inside, job.batch)}


def _join_households(session: Session, inside: str) -> int:
    """Join houses that name no household with households that have no house."""
    session.execute(text("drop table if exists pg_temp.near_pair"))
    session.execute(
        text(f"""
            create temporary table near_pair on commit drop as
            select * from (
                select o.id as one, h.id as other, st_distance(o.geom::geography, h.geom::geography) as apart_m
                  from house o join household h on st_dwithin(o.geom, h.geom, {_NEAR_DEG})
                 where o.household_id is null and o.household_ref is null and o.quality <= {IMPORTED}
                   and h.quality <= {IMPORTED} and h.removed_at is null and o.jur / 1000000 = h.jur / 1000000
                   and {inside.format(t="o")} and {inside.format(t="h")}
                   and not exists (select 1 from house k where k.household_id = h.id)) pair
             where apart_m <= {HOUSE_REACH_M * _CLEARER}""")
    )
    found = session.execute(
        text(f"""
            update house o set household_id = h.id, jur = h.jur, updated_at = now()
              from ({_clear_pairs("near_pair", HOUSE_REACH_M)}) found join household h on h.id = found.other
             where o.id = found.one returning h.id""")
    ).all()
    return len(found)


def _take_outlines(session: Session, inside: str, batch: int) -> int:
    """Give houses of a batch without an outline that of the building their point is in, or is nearest to."""
    session.execute(text("drop table if exists pg_temp.near_pair"))
    session.execute(
        text(f"""
            create temporary table near_pair on commit drop as
            select * from (
                select o.id as one, b.id as other, st_distance(o.geom::geography, b.geom::geography) as apart_m
                  from house o join base_feature b on st_dwithin(o.geom, b.geom, {_NEAR_DEG})
                 where o.outline is null and o.quality <= {IMPORTED} and o.placed_by is distinct from 'household'
                   and {inside.format(t="o")} and b.kind = 'building' and st_dimension(b.geom) = 2
                   and not exists (select 1 from house k
                                    where k.outline && b.geom
                                      and st_intersects(k.outline, st_pointonsurface(b.geom)))) pair
             where apart_m <= {BUILDING_REACH_M}""")
    )
    return len(
        session.execute(
            text(f"""
                update house o set outline = st_multi(b.geom), updated_at = now()
                  from (select p.one, p.other from ({_nearest_pairs("near_pair")}) p join house n on n.id = p.one
                         where n.batch_id = :batch) found join base_feature b on b.id = found.other
                 where o.id = found.one returning o.id"""),
            {"batch": batch},
        ).all()
    )


def _nearest_pairs(pairs: str) -> str:
    """SQL of the pairs of which each is the other's only nearest."""
    return f"""
        select p.one, p.other, p.apart_m from {pairs} p
         where not exists (select 1 from {pairs} q where q.one = p.one and q.other <> p.other
                              and q.apart_m <= p.apart_m)
           and not exists (select 1 from {pairs} q where q.other = p.other and q.one <> p.one
                              and q.apart_m <= p.apart_m)"""


def _clear_pairs(pairs: str, reach_m: int) -> str:
    """SQL of the pairs within reach of which the next candidate of either side is at least twice as far."""
    return f"""
        select p.one, p.other from {pairs} p
         where p.apart_m <= {reach_m}
           and not exists (select 1 from {pairs} q where q.one = p.one and q.other <> p.other
                              and (q.apart_m < {_CLEARER} * p.apart_m or q.apart_m = p.apart_m))
           and not exists (select 1 from {pairs} q where q.other = p.other and q.one <> p.one
                              and (q.apart_m < {_CLEARER} * p.apart_m or q.apart_m = p.apart_m))"""
