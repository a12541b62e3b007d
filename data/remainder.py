"""What is left (剩余清单): households that nobody else has and nobody has visited; and the map of who has which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, add_up, areas_within
from data.coverage import coverage_total
from data.rules.visitors import VisitorKind
from data.rules.words import EXACT_QUALITY, VISITED
from data.whole_numbers import read_numbers
from data.worklists import PAGE, Listing
from geo.errors import FangtuError, Text

MOST_SHOWN = 30_000
# Kind of visitor of households that are assigned to nobody, in ``owner_tally`` (0024_reads.sql).
NOBODY = ""
_VISITED = f"({', '.join(str(int(status)) for status in VISITED)})"
# Those of the round that are not visited, without those who have an owner of a kind that takes no remainder: one range
# of standings and for each row one place in the index of single owners. Asked for row by row, since after a round was
# shared out a database that has not counted it yet would look through all its assignments for each household.
_LEFT = f"""
    from standing s left join lateral (
        select one.* from assignment one
         where one.campaign_id = s.campaign_id and one.round_no = s.round_no and one.household_id = s.household_id
           and not one.repeats limit 1) a on true
   where s.campaign_id = :campaign and s.round_no = :round and s.jur >= :lo and s.jur < :hi
     and s.status not in {_VISITED} and (a.household_id is null or a.kind = any (:rest))"""


class TooManyShown(FangtuError):
    """A map of owners is made for a town, not for a county."""

    code = "too_many_shown"


def remainder(
    session: Session,
    campaign_id: int,
    round_no: int,
    kinds: Sequence[VisitorKind],
    within: tuple[int, int],
    page: int = 1,
    size: int = PAGE,
) -> Listing:
    """One page of what is left for those who take the remainder (兜底), by place.

    Parameters
    ----------
    kinds : sequence of VisitorKind
        Of the plan; a household that a kind of rule ``remainder`` has is still left.

    Returns
    -------
    Listing
        Rows with ``id, code, head_name, address, village, grid, status, owner`` (the one of the remainder who is to go,
        or None), ``reserved_by`` and ``reserved_until``; ``lon, lat`` in degrees where the house itself is placed.
    """
    keys = _keys(campaign_id, round_no, kinds, within)
    total = count_left(session, campaign_id, round_no, kinds, within)["left"]
    page = min(page, max(1, -(-total // size)))
    rows = session.execute(
        text(f"""
            select q.household_id as id, h.code, h.head_name, h.address, v.name as village, g.name as grid, q.status,
                   case when h.quality <= {EXACT_QUALITY} then st_x(h.geom) end as lon,
                   case when h.quality <= {EXACT_QUALITY} then st_y(h.geom) end as lat,
                   q.owner, r.who as reserved_by, r.until as reserved_until
              from (select s.household_id, s.jur, s.status, a.owner {_LEFT}
                     order by s.jur, s.household_id limit :limit offset :skip) q
              join household h on h.id = q.household_id
              left join area v on v.id = h.village_id left join grid g on g.id = h.grid_id
              left join reservation r on r.campaign_id = :campaign and r.round_no = :round
                   and r.household_id = q.household_id and r.ended_at is null and r.until > now()
             order by q.jur, q.household_id"""),
        {**keys, "limit": size, "skip": size * (page - 1)},
    )
    return Listing([dict(row._mapping) for row in rows], total, page)


def count_left(
    session: Session, campaign_id: int, round_no: int, kinds: Sequence[VisitorKind], within: tuple[int, int]
) -> dict[str, int]:
    """How many households are in the round, ``left`` for the remainder, and of these ``unassigned`` to anybody."""
    rest = {kind.kind for kind in kinds if kind.rule == "remainder"}
    rows = session.execute(
        text("""
            select kind, sum(remaining)::bigint as n from owner_tally
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi and not repeats
             group by kind"""),
        _keys(campaign_id, round_no, kinds, within),
    )
    by_kind: dict[str, int] = {row.kind: row.n for row in rows}
    return {
        "households": coverage_total(session, campaign_id, round_no, within).eligible,
        "left": sum(n for kind, n in by_kind.items() if kind == NOBODY or kind in rest),
        "unassigned": by_kind.get(NOBODY, 0),
    }


def unassigned_by_area(
    session: Session,
    campaign_id: int,
    round_no: int,
    by: str,
    *,
    within: tuple[int, int],
    duty: Ranges,
) -> dict[int | None, int]:
    """Households that nobody has visited and that are assigned to nobody, for each area of a level by its id.

    The parameters are those of :func:`data.coverage.coverage_by_area`. None stands for households that lie in none of
    these areas; areas without any are left out. They add up to ``unassigned`` of :func:`count_left`.
    """
    places = read_numbers(
        session,
        """
            select jur, 0::bigint, remaining::bigint from owner_tally
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi and kind = :nobody""",
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1], "nobody": NOBODY},
        3,
    )
    areas = areas_within(session, by, within=within, duty=duty)
    each = add_up(places, areas, by)[:, 0]
    found: dict[int | None, int] = {area: n for area, n in zip(areas.ids, each.tolist(), strict=True) if n}
    elsewhere = int(places[:, 2].sum() - each.sum())
    return {**found, None: elsewhere} if elsewhere else found


def remaining_by_kind(session: Session, campaign_id: int, within: tuple[int, int]) -> dict[str, int]:
    """Households assigned to each kind in any round that nobody has visited yet."""
    rows = session.execute(
        text("""
            select kind, sum(remaining)::bigint as n from owner_tally
             where campaign_id = :campaign and jur >= :lo and jur < :hi and kind <> :nobody group by kind"""),
        {"campaign": campaign_id, "lo": within[0], "hi": within[1], "nobody": NOBODY},
    )
    return {row.kind: row.n for row in rows}


def owners_on_map(
    session: Session, campaign_id: int, round_no: int, within: tuple[int, int], kind: VisitorKind | None
) -> dict[str, Any]:
    """Who has which household, for drawing.

    Parameters
    ----------
    kind : VisitorKind or None
        Owners of this kind; without it, and for kinds that do not repeat, the one owner of all those kinds.

    Returns
    -------
    dict
        ``owners``: list of ``{kind, account_id, owner}``; ``rows``: lists of household, longitude, latitude, number of
        its owner in that list or -1, and status; ``vague``: households without an exact place, which no map shows.

    Raises
    ------
    TooManyShown
        If there are more than 30,000.
    """
    one_kind = kind is not None and kind.repeats
    keys = {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "kind": kind.kind if kind else None,
    }
    match = "a.kind = :kind" if one_kind else "not a.repeats"
    rows = session.execute(
        text(f"""
            select s.household_id, h.geom is not null and s.quality <= {EXACT_QUALITY} as exact, st_x(h.geom) as lon,
                   st_y(h.geom) as lat, s.status, a.kind, a.account_id, a.owner
              from standing s join household h on h.id = s.household_id
              left join assignment a on a.campaign_id = s.campaign_id and a.round_no = s.round_no
                   and a.household_id = s.household_id and {match}
             where s.campaign_id = :campaign and s.round_no = :round and s.jur >= :lo and s.jur < :hi
               and h.jur >= :lo and h.jur < :hi
             order by s.household_id limit {MOST_SHOWN + 1}"""),
        keys,
    ).all()
    if len(rows) > MOST_SHOWN:
        raise TooManyShown(
            Text(
                f"户数超过 {MOST_SHOWN}，地图上看不清。请选一个乡镇或村。",
                f"More than {MOST_SHOWN} households cannot be told apart on a map. Choose a township or village.",
            ),
            expected=MOST_SHOWN,
        )
    owners: dict[tuple[str, int | None, str], int] = {}
    shown = []
    for row in rows:
        key = (row.kind, row.account_id, row.owner)
        number = owners.setdefault(key, len(owners)) if row.owner is not None else -1
        if row.exact:
            shown.append([row.household_id, round(row.lon, 6), round(row.lat, 6), number, row.status])
    return {
        "owners": [{"kind": name, "account_id": account, "owner": owner} for name, account, owner in owners],
        "rows": shown,
        "vague": len(rows) - len(shown),
    }


def _keys(campaign_id: int, round_no: int, kinds: Sequence[VisitorKind], within: tuple[int, int]) -> dict[str, Any]:
    return {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "rest": [kind.kind for kind in kinds if kind.rule == "remainder"],
    }
