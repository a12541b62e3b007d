"""What hangs on a household's place and follows it: houses and sites that stand where it stands, and its visits.

A house or site without a place of its own has that of its household, says so in ``placed_by``, and is as well known as
the household is. Imports and placing by hand both ask here.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.db import rows_changed
from data.rules.validity import is_far_from_house
from data.rules.words import EXACT_QUALITY

FOLLOWERS = ("house", "renovation_site")
# Metres from a visit's own position to the household (aliases v and h), where both are exact.
DISTANCE = f"""
    case when v.geom is not null and h.geom is not null and h.quality <= {EXACT_QUALITY}
         then st_distance(v.geom::geography, h.geom::geography) end"""
_FAR = "far_from_house"


def lend(row: str) -> str:
    """SQL that gives a house, site or staged row the place of its household (alias ``h``): the list after ``set``.

    Parameters
    ----------
    row : str
        Alias of the row, which has no place of its own.
    """
    return f"""
        geom = h.geom, source_system = h.source_system, accuracy_m = h.accuracy_m, quality = h.quality,
        placed_by = {_lent_by(row)}"""


def _lent_by(row: str) -> str:
    return f"case when h.geom is not null then 'household' else nullif({row}.placed_by, 'household') end"


def follow_places(session: Session, where: str, params: dict[str, Any]) -> int:
    """Bring houses and renovation sites to where their households stand now.

    Parameters
    ----------
    where : str
        SQL condition on the household ``h``; never user input.
    params : dict
        Its values.

    Returns
    -------
    int
        How many houses and sites changed. Those with a place of their own stay.
    """
    changed = 0
    for table in FOLLOWERS:
        result = session.execute(
            text(f"""
                update {table} t set {lend("t")}, village_id = h.village_id, grid_id = h.grid_id, updated_at = now()
                  from household h
                 where h.id = t.household_id and {where} and (t.placed_by = 'household' or t.geom is null)
                   and (t.geom, t.source_system, t.accuracy_m, t.quality, t.placed_by, t.village_id, t.grid_id)
                       is distinct from (h.geom, h.source_system, h.accuracy_m, h.quality, {_lent_by("t")},
                                         h.village_id, h.grid_id)"""),
            params,
        )
        changed += rows_changed(result)
    return changed


def follow_visits(session: Session, where: str, params: dict[str, Any]) -> int:
    """Measure anew how far the visits to some households were recorded from them, and doubt or clear them by it.

    Parameters
    ----------
    where : str
        SQL condition on the household ``h``; never user input.
    params : dict
        Its values.

    Returns
    -------
    int
        How many visits changed. The doubt of being at two places does not hang on the household and stays.
    """
    rows = session.execute(
        text(f"""
            update visit v set distance_m = {DISTANCE}, updated_at = now() from household h
             where h.id = v.household_id and {where} and v.distance_m is distinct from {DISTANCE}
            returning v.id, v.mode, v.distance_m, v.accuracy_m, v.suspect, v.counts and v.superseded_by is null"""),
        params,
    ).all()
    flags = []
    for key, mode, distance_m, accuracy_m, suspect, counts in rows:
        far = [_FAR] if counts and is_far_from_house(mode, distance_m, accuracy_m) else []
        wanted = [*far, *(flag for flag in suspect if flag != _FAR)]
        if wanted != suspect:
            flags.append({"id": key, "suspect": wanted})
    if flags:
        session.execute(text("update visit set suspect = :suspect where id = :id"), flags)
    return len(rows)
