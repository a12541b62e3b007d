"""Work lists (待核): what belongs to no village, has no place, or speaks of no known house. Nothing is lost unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.gazetteer import load_gazetteer
from data.proposals import Outlook, propose
from data.rules.words import EXACT_QUALITY
from data.settled import KNOWN_TO_SETTLEMENT

PAGE = 50
MOST_CANDIDATES = 3
CANDIDATE_REACH_M = 200
ONLY = ("ambiguous", "proposed")


@dataclass(frozen=True)
class Listing:
    """One page of a list, with the number of all rows."""

    rows: list[dict[str, Any]]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // PAGE))


_LISTS = {
    # Households placed, but in no village.
    "outside": """select id, code, head_name, address, stated_area, st_x(geom) as lon, st_y(geom) as lat, accuracy_m
                  from household where geom is not null and village_id is null and removed_at is null
                    and jur >= :lo and jur < :hi""",
    "unplaced": """select id, code, head_name, address, stated_area, quality
                   from household where geom is null and removed_at is null and jur >= :lo and jur < :hi""",
    # Those the map counts at a settlement's centre; who of them has no point at all is to be placed as well.
    "approximate": f"""select h.id, h.code, h.head_name, h.address, h.stated_area, v.name as village, g.name as hamlet
                         from household h left join area v on v.id = h.village_id left join area g on g.id = h.group_id
                        where {KNOWN_TO_SETTLEMENT} and h.removed_at is null and h.jur >= :lo and h.jur < :hi""",
    "unmatched_visits": """select no as id, household_ref, started_at, visitor, outcome, mode, verdict,
                                  st_x(geom) as lon, st_y(geom) as lat
                           from visit where household_id is null and superseded_by is null
                             and jur >= :lo and jur < :hi""",
    # Houses of nobody known.
    "houses": """select o.id, o.code, o.address, o.household_ref, o.grade, o.village_id, v.name as village,
                        st_x(o.geom) as lon, st_y(o.geom) as lat
                   from house o left join area v on v.id = o.village_id
                  where o.household_id is null and o.jur >= :lo and o.jur < :hi""",
}


def work_list(session: Session, name: str, within: tuple[int, int], page: int = 1) -> Listing:
    """One page of a list (a key of ``_LISTS``), of what the asker may see inside a range."""
    keys = {"lo": within[0], "hi": within[1], "limit": PAGE, "skip": PAGE * (page - 1)}
    total = int(session.scalar(text(f"select count(*) from ({_LISTS[name]}) q"), keys) or 0)
    rows = session.execute(text(f"{_LISTS[name]} order by id limit :limit offset :skip"), keys)
    return Listing([dict(row._mapping) for row in rows], total, page)


def unplaced_households(
    session: Session, within: tuple[int, int], page: int = 1, *, only: str | None = None
) -> tuple[Listing, dict[int, Outlook]]:
    """One page of the households without a position, with where each may be.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    only : str, optional
        ``ambiguous``: those that several areas come into question for; ``proposed``: those with a proposal.

    Returns
    -------
    (Listing, dict of int to Outlook)
        Rows with ``id, code, head_name, address, house_no, stated_area, stated_hamlet, quality``, keys, names and
        centres of village and natural village; and what can be said of each, by its key.
    """
    gazetteer = load_gazetteer(session, *within)
    keys = {"lo": within[0], "hi": within[1]}
    total = int(session.scalar(text(f"select count(*) from ({_UNPLACED}) q"), keys) or 0)
    if only is None:
        page = min(page, max(1, -(-total // PAGE)))
        paged = f"{_UNPLACED} order by h.id limit :limit offset :skip"
        found = session.execute(text(paged), {**keys, "limit": PAGE, "skip": PAGE * (page - 1)})
        rows = [dict(row._mapping) for row in found]
        return Listing(rows, total, page), propose(session, rows, gazetteer)
    found = session.execute(text(f"{_UNPLACED} order by h.id"), keys)
    everyone = [dict(row._mapping) for row in found]
    outlooks = propose(session, everyone, gazetteer, explain=False)
    chosen = [row for row in everyone if _is_wanted(outlooks[row["id"]], only)]
    page = min(page, max(1, -(-len(chosen) // PAGE)))
    rows = chosen[PAGE * (page - 1) : PAGE * page]
    return Listing(rows, len(chosen), page), propose(session, rows, gazetteer)


def proposed_households(
    session: Session, within: tuple[int, int], only_ids: Sequence[int] | None = None
) -> dict[int, Outlook]:
    """What can be said of all households without a position inside a range, or of some of them."""
    condition = "" if only_ids is None else " and h.id = any (:ids)"
    found = session.execute(
        text(f"{_UNPLACED}{condition} order by h.id"),
        {"lo": within[0], "hi": within[1], "ids": list(only_ids or ())},
    )
    rows = [dict(row._mapping) for row in found]
    return propose(session, rows, load_gazetteer(session, *within), explain=False)


def house_candidates(session: Session, houses: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """Households that a house of nobody known may be of: the nearest of its village, at most three.

    Returns
    -------
    dict of int to list
        By the house's key: ``id, code, head_name, distance_m``, nearest first; empty where none stands within 200 m.
    """
    rows = session.execute(
        text(f"""
            select * from (
                select p.house_id, p.id, p.code, p.head_name, p.distance_m,
                       row_number() over (partition by p.house_id order by p.distance_m, p.id) as place
                  from (select o.id as house_id, h.id, h.code, h.head_name,
                               st_distance(o.geom::geography, h.geom::geography) as distance_m
                          from house o join household h on h.village_id = o.village_id
                         where o.id = any (:ids) and o.geom is not null and h.geom is not null
                           and o.quality <= {EXACT_QUALITY} and h.quality <= {EXACT_QUALITY}
                           and h.removed_at is null) p
                 where p.distance_m <= {CANDIDATE_REACH_M}) q
             where place <= {MOST_CANDIDATES} order by house_id, place"""),
        {"ids": [house["id"] for house in houses]},
    )
    found: dict[int, list[dict[str, Any]]] = {house["id"]: [] for house in houses}
    for row in rows:
        found[row.house_id].append(
            {"id": row.id, "code": row.code, "head_name": row.head_name, "distance_m": round(row.distance_m, 1)}
        )
    return found


def _is_wanted(outlook: Outlook, only: str) -> bool:
    return bool(outlook.candidates if only == "ambiguous" else outlook.proposals)


_UNPLACED = """
    select h.id, h.code, h.head_name, h.address, h.house_no, h.stated_area, h.stated_hamlet, h.quality, h.village_id,
           h.group_id, v.name as village, st_x(coalesce(v.centre, v.label)) as village_lon,
           st_y(coalesce(v.centre, v.label)) as village_lat, g.name as hamlet,
           st_x(coalesce(g.centre, g.label)) as hamlet_lon, st_y(coalesce(g.centre, g.label)) as hamlet_lat
      from household h left join area v on v.id = h.village_id left join area g on g.id = h.group_id
     where h.geom is null and h.removed_at is null and h.jur >= :lo and h.jur < :hi"""
