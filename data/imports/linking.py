"""Records that name a household: found by its code, whichever file came first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.duplicates import refresh_duplicates
from data.following import DISTANCE, follow_places, follow_visits, lend
from data.imports.merge import Job
from data.imports.scope import Scope
from data.imports.suspects import refresh_suspects
from data.imports.whereabouts import ADDRESS
from data.rules.words import BY_VILLAGE, NOT_PLACED

if TYPE_CHECKING:
    from data.imports.limits import Limits

# What an account has imported is joined only with households of the area it imported for, whoever imports them later.
_OF_ITS_BATCH = """
    not exists (select 1 from batch b where b.id = {record}.batch_id and b.account_id is not null
                                        and (h.jur < b.jur or h.jur >= b.jur_end))"""
# One household for a code: in the record's own township if there is just one, else anywhere it may belong to.
_SINGLE = """
    select r.id, case when count(*) filter (where near) = 1 then min(household_id) filter (where near)
                      when count(*) = 1 then min(household_id) end as household_id
    from ({candidates}) r group by r.id"""


def find_households(session: Session, stage: str, scope: Scope, limits: Limits) -> None:
    """Set ``household_id`` of staged rows from ``household_ref``: the household with that code in the file's scope.

    Parameters
    ----------
    stage : str
        Staging table with ``household_ref``, ``household_id`` and ``at``; ours, never user input.
    scope : Scope
        Where the household may be, and what natural keys begin with.
    limits : Limits
        A household outside is as unknown as one that does not exist.
    """
    session.execute(
        text(f"""
            update {stage} s set household_id = h.id from household h
             where s.household_ref is not null and h.natural_key = :key || ':' || s.household_ref
               and {limits.sql("h.jur")}"""),
        {"key": scope.key},
    )
    session.execute(
        text(f"""
            update {stage} s set household_id = found.id
              from (select h.code, min(h.id) as id from household h
                     where h.jur >= :jur and h.jur < :jur_end
                       and h.code in (select household_ref from {stage} where household_id is null)
                     group by h.code having count(*) = 1) found
             where s.household_id is null and s.household_ref = found.code"""),
        {"jur": scope.jur, "jur_end": scope.jur_end},
    )


def link_visits(session: Session, limits: Limits) -> int:
    """Join visits to no known house with a household that has come since; returns how many."""
    candidates = f"""
        select v.id, h.id as household_id, h.jur / 1000000 = v.jur / 1000000 as near
        from visit v join campaign c on c.id = v.campaign_id
        join household h on h.code = v.household_ref and h.jur >= c.jur and h.jur < c.jur_end
        where v.household_id is null and v.household_ref is not null
          and {limits.sql("v.jur")} and {limits.sql("h.jur")} and {_OF_ITS_BATCH.format(record="v")}"""
    linked = session.execute(
        text(f"""
            update visit v set household_id = h.id, jur = h.jur, distance_m = {DISTANCE}, updated_at = now()
              from ({_SINGLE.format(candidates=candidates)}) found join household h on h.id = found.household_id
             where v.id = found.id
            returning v.campaign_id, v.visitor, v.household_id""")
    ).all()
    refresh_suspects(session, {(row.campaign_id, row.visitor) for row in linked}, limits)
    refresh_duplicates(session, {row.household_id for row in linked}, limits)
    return len(linked)


def link_houses(session: Session, limits: Limits) -> int:
    """Join houses with their household by its code, where it came after them; returns how many."""
    return _link(session, "house", limits)


def link_sites(session: Session, limits: Limits) -> int:
    """Join renovation sites with their household by its code, where it came after them; returns how many."""
    return _link(session, "renovation_site", limits)


def find_people(job: Job, stage: str) -> None:
    """Set ``household_id`` of staged rows that name no household by code: by their ID number, else by name and address.

    Only where exactly one household of the scope has the number, or has the name, the village and the address or the
    house number. Counts both.

    Parameters
    ----------
    stage : str
        Staging table with ``household_ref``, ``household_id``, ``person_index``, ``head_name``, ``village_id``,
        ``address``, ``house_no`` and ``at``; ours, never user input.
    """
    ways = {
        "matched_by_number": "h.id_index = s.person_index",
        "matched_by_name": """
            s.person_index is null and h.head_name = s.head_name and h.village_id = s.village_id
            and (h.address = s.address or h.house_no = s.house_no)""",
    }
    for name, condition in ways.items():
        found = job.session.execute(
            text(f"""
                update {stage} s set household_id = single.id
                  from (select s.at, min(h.id) as id from {stage} s join household h on {condition}
                         where s.household_id is null and s.household_ref is null and h.removed_at is null
                           and h.jur >= :jur and h.jur < :jur_end and {job.limits.sql("h.jur")}
                         group by s.at having count(*) = 1) single
                 where single.at = s.at returning s.at"""),
            {"jur": job.scope.jur, "jur_end": job.scope.jur_end},
        ).all()
        job.report.count(**{name: len(found)})


def follow_households(session: Session, batch: int) -> None:
    """Bring along what hangs on households changed by a batch: places lent to houses and sites, distances of visits."""
    changed = ("h.batch_id = :batch", {"batch": batch})
    follow_places(session, *changed)
    follow_visits(session, *changed)


def lend_places(session: Session, stage: str) -> None:
    """Give staged houses or sites without a position that of their household, and say so in ``placed_by``."""
    session.execute(
        text(f"update {stage} s set {lend('s')} from household h where h.id = s.household_id and s.geom is null")
    )


def settle_places(session: Session, stage: str) -> None:
    """Put the stage into its households' jurisdiction, and what has no position of its own into their village.

    Without household and position the village is the one told by name, and the place is known no better than that.
    """
    lent = "s.geom is null or s.placed_by = 'household'"
    session.execute(
        text(f"""
            update {stage} s
               set jur = h.jur, village_id = case when {lent} then h.village_id else s.village_id end,
                   grid_id = case when {lent} then h.grid_id else s.grid_id end
              from household h where h.id = s.household_id""")
    )
    session.execute(
        text(f"""
            update {stage}
               set quality = case when village_id is null then {NOT_PLACED} else {BY_VILLAGE} end,
                   placed_by = case when village_id is not null then '{ADDRESS}' end
             where geom is null and household_id is null""")
    )


def keep_villages(session: Session, stage: str, table: str) -> None:
    """Leave known rows that have no position and name no village where they are."""
    session.execute(
        text(f"""
            update {stage} s set village_id = t.village_id, jur = t.jur from {table} t
             where t.id = s.id and not s.is_new and s.geom is null and t.geom is null and s.village_id is null""")
    )


def keep_unnamed(session: Session, stage: str, table: str) -> None:
    """Where a record was joined without naming its household, a file that names just that household says nothing new.

    So our own exports, which tell the household's code, change nothing when they are imported again.
    """
    session.execute(
        text(f"""
            update {stage} s set household_ref = null from {table} t join household h on h.id = t.household_id
             where t.id = s.id and not s.is_new and t.household_ref is null and h.code = s.household_ref""")
    )


def _link(session: Session, table: str, limits: Limits) -> int:
    candidates = f"""
        select t.id, h.id as household_id, h.jur / 1000000 = t.jur / 1000000 as near
        from {table} t join household h on h.code = t.household_ref
         and (t.jur / 1000000 = 0 or h.jur / 1000000 = t.jur / 1000000)
        where t.household_id is null and t.household_ref is not null
          and {limits.sql("t.jur")} and {limits.sql("h.jur")} and {_OF_ITS_BATCH.format(record="t")}"""
    result = session.execute(
        text(f"""
            update {table} t set household_id = h.id, jur = h.jur, updated_at = now()
              from ({_SINGLE.format(candidates=candidates)}) found join household h on h.id = found.household_id
             where t.id = found.id
            returning h.id""")
    )
    joined = [row.id for row in result]
    follow_places(session, "h.id = any (:joined)", {"joined": joined})
    return len(joined)
