"""The user's own areas by name, read from the store, for finding villages in addresses."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from geo.addresses.gazetteer import Gazetteer, Unit


def load_gazetteer(session: Session, jur: int, jur_end: int) -> Gazetteer:
    """Read the current areas of a jurisdiction, with their other names and older codes.

    Parameters
    ----------
    session : Session
        What it may not see is not known to the gazetteer either.
    jur, jur_end : int
        Range of jurisdiction numbers ``[jur, jur_end)``, as :func:`data.areas.area_range` gives it.

    Returns
    -------
    Gazetteer
        Township, village, natural village and group inside the range, keyed by ``area.id``. The county above and its
        other townships, without their villages, tell when an address is meant for another place. An area without a
        parent is taken to lie in the smallest one that contains its range. Knows nothing if there are no areas.
    """
    rows = session.execute(
        text("""
            with known as (
                select a.*, array_position(array['county', 'township', 'village', 'natural_village', 'group'], a.level)
                            as depth
                  from area a
                 where a.valid_to is null and a.level in ('county', 'township', 'village', 'natural_village', 'group')),
            county as (
                select jur, jur_end from known where level = 'county' and jur <= :jur and jur_end >= :jur_end)
            select a.id, a.level, a.name, a.code,
                   coalesce(a.parent_id, (
                       select p.id from known p
                        where p.depth < a.depth and p.depth <= 3 and p.jur <= a.jur and p.jur_end >= a.jur_end
                        order by p.depth desc, p.id limit 1)) as parent,
                   coalesce(array_agg(x.name order by x.id) filter (where x.name is not null), '{}') as names,
                   coalesce(array_agg(x.code order by x.id) filter (where x.code is not null), '{}') as codes
              from known a left join area_alias x on x.area_id = a.id
             where (a.jur >= :jur and a.jur < :jur_end)
                or (a.level in ('county', 'township') and a.jur <= :jur and a.jur_end >= :jur_end)
                or (a.level = 'township'
                    and exists (select from county c where a.jur >= c.jur and a.jur_end <= c.jur_end))
             group by a.id, a.level, a.name, a.code, a.parent_id, a.depth, a.jur, a.jur_end order by a.id"""),
        {"jur": jur, "jur_end": jur_end},
    ).all()
    return Gazetteer(
        Unit(row.id, row.level, row.name, row.parent, tuple(row.names), (row.code, *row.codes)) for row in rows
    )
