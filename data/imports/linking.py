"""Records that name a household: found by its code, whichever file came first."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.db import rows_changed
from data.imports.suspects import refresh_suspects
from data.rules.words import EXACT_QUALITY

# One household for a code: in the record's own township if there is just one, else anywhere it may belong to.
_SINGLE = """
    select r.id, case when count(*) filter (where near) = 1 then min(household_id) filter (where near)
                      when count(*) = 1 then min(household_id) end as household_id
    from ({candidates}) r group by r.id"""
DISTANCE = f"""
    case when v.geom is not null and h.geom is not null and h.quality <= {EXACT_QUALITY}
         then st_distance(v.geom::geography, h.geom::geography) end"""


def find_households(session: Session, stage: str, jur: int, jur_end: int, key: str) -> None:
    """Set ``household_id`` of staged rows from ``household_ref``: the household with that code in the file's scope.

    Parameters
    ----------
    stage : str
        Staging table with ``household_ref``, ``household_id`` and ``at``; ours, never user input.
    jur, jur_end : int
        Where the household may be.
    key : str
        What natural keys of the scope begin with.
    """
    session.execute(
        text(f"""
            update {stage} s set household_id = h.id from household h
             where s.household_ref is not null and h.natural_key = :key || ':' || s.household_ref"""),
        {"key": key},
    )
    session.execute(
        text(f"""
            update {stage} s set household_id = found.id
              from (select h.code, min(h.id) as id from household h
                     where h.jur >= :jur and h.jur < :jur_end
                       and h.code in (select household_ref from {stage} where household_id is null)
                     group by h.code having count(*) = 1) found
             where s.household_id is null and s.household_ref = found.code"""),
        {"jur": jur, "jur_end": jur_end},
    )


def link_visits(session: Session) -> int:
    """Join visits to no known house with a household that has come since; returns how many."""
    candidates = """
        select v.id, h.id as household_id, h.jur / 1000000 = v.jur / 1000000 as near
        from visit v join campaign c on c.id = v.campaign_id
        join household h on h.code = v.household_ref and h.jur >= c.jur and h.jur < c.jur_end
        where v.household_id is null and v.household_ref is not null"""
    linked = session.execute(
        text(f"""
            update visit v set household_id = h.id, jur = h.jur, distance_m = {DISTANCE}, updated_at = now()
              from ({_SINGLE.format(candidates=candidates)}) found join household h on h.id = found.household_id
             where v.id = found.id
            returning v.campaign_id, v.visitor""")
    ).all()
    refresh_suspects(session, {(row.campaign_id, row.visitor) for row in linked})
    return len(linked)


def link_houses(session: Session) -> int:
    """Join houses with their household by its code, where it came after them; returns how many."""
    return _link(session, "house")


def link_sites(session: Session) -> int:
    """Join renovation sites with their household by its code, where it came after them; returns how many."""
    return _link(session, "renovation_site")


def follow_households(session: Session, batch: int) -> None:
    """Bring along what hangs on households changed by a batch: places lent to houses and sites, distances of visits."""
    for table in ("house", "renovation_site"):
        session.execute(
            text(f"""
                update {table} t
                   set geom = h.geom, source_system = h.source_system, accuracy_m = h.accuracy_m, quality = h.quality,
                       village_id = h.village_id, grid_id = h.grid_id, updated_at = now()
                  from household h
                 where h.id = t.household_id and h.batch_id = :batch and t.placed_by = 'household'
                   and (t.geom, t.quality, t.village_id, t.grid_id)
                       is distinct from (h.geom, h.quality, h.village_id, h.grid_id)"""),
            {"batch": batch},
        )
    changed = session.execute(
        text(f"""
            update visit v set distance_m = {DISTANCE}, updated_at = now() from household h
             where h.id = v.household_id and h.batch_id = :batch and v.distance_m is distinct from {DISTANCE}
            returning v.campaign_id, v.visitor"""),
        {"batch": batch},
    ).all()
    refresh_suspects(session, {(row.campaign_id, row.visitor) for row in changed})


def lend_places(session: Session, stage: str) -> None:
    """Give staged houses or sites without a position that of their household, and say so in ``placed_by``."""
    session.execute(
        text(f"""
            update {stage} s
               set geom = h.geom, source_system = h.source_system, accuracy_m = h.accuracy_m, quality = h.quality,
                   placed_by = 'household'
              from household h where h.id = s.household_id and s.geom is null and h.geom is not null""")
    )


def settle_places(session: Session, stage: str) -> None:
    """Without any position the stage lies in its household's village; with a household, in its jurisdiction."""
    session.execute(
        text(f"""
            update {stage} s
               set jur = h.jur, village_id = case when s.geom is null then h.village_id else s.village_id end,
                   grid_id = case when s.geom is null then h.grid_id else s.grid_id end
              from household h where h.id = s.household_id""")
    )


def _link(session: Session, table: str) -> int:
    candidates = f"""
        select t.id, h.id as household_id, h.jur / 1000000 = t.jur / 1000000 as near
        from {table} t join household h on h.code = t.household_ref
         and (t.jur / 1000000 = 0 or h.jur / 1000000 = t.jur / 1000000)
        where t.household_id is null and t.household_ref is not null"""
    lent = ("geom", "source_system", "accuracy_m", "quality")
    places = ", ".join(f"{column} = case when t.geom is null then h.{column} else t.{column} end" for column in lent)
    result = session.execute(
        text(f"""
            update {table} t
               set household_id = h.id, jur = h.jur, updated_at = now(), {places},
                   placed_by = case when t.geom is null and h.geom is not null then 'household' else t.placed_by end,
                   village_id = case when t.geom is null then h.village_id else t.village_id end,
                   grid_id = case when t.geom is null then h.grid_id else t.grid_id end
              from ({_SINGLE.format(candidates=candidates)}) found join household h on h.id = found.household_id
             where t.id = found.id""")
    )
    return rows_changed(result)
