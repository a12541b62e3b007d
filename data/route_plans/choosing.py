"""Choosing for a plan of routes: which households, by rule, and which inspectors, with where they start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.assigning import assignable_people
from data.local_time import ZONE, today
from data.route_plans.choices import Choice
from data.route_plans.refusals import RouteRefused, refuse
from data.rules.words import EXACT_QUALITY, VISITED
from data.tables import Round
from geo.routing.problem import MOST_HOUSEHOLDS
from geo.tiles import world_xy

# More are not even looked through while somebody waits.
_MOST_LOOKED_AT = 60_000
Ranges = tuple[tuple[int, int], ...]

_HOMES = f"""
    with base as (
        select s.household_id, s.jur, s.status, s.key_groups
          from standing s
         where s.campaign_id = :campaign and s.round_no = :round and s.jur >= :lo and s.jur < :hi
           and (not :not_visited or s.status not in ({", ".join(str(int(one)) for one in VISITED)}))
           and (cast(:ids as bigint[]) is null or s.household_id = any (:ids))
           and (cast(:west as integer) is null or s.x between :west and :east and s.y between :north and :south)
         order by s.household_id limit {_MOST_LOOKED_AT + 1})
    select b.household_id as id, b.jur, b.status, b.key_groups, h.code, h.village_id,
           case when h.quality <= {EXACT_QUALITY} then st_x(h.geom) end as lon,
           case when h.quality <= {EXACT_QUALITY} then st_y(h.geom) end as lat,
           w.grade, a.account_id as assigned_to, l.account_id as last_account, f.return_at, f.return_when
      from base b join household h on h.id = b.household_id
      left join lateral (select max(u.grade) as grade from house u where u.household_id = b.household_id) w on true
      left join assignment a on a.campaign_id = :campaign and a.round_no = :round and a.household_id = b.household_id
                            and not a.repeats
      left join lateral (
        select i.account_id from visit i
         where i.household_id = b.household_id and i.campaign_id = :campaign and i.superseded_by is null
         order by coalesce(i.ended_at, i.started_at) desc nulls last, i.no desc limit 1) l on true
      left join lateral (
        select v.return_at, v.return_when from visit i join field_visit v on v.visit_id = i.id
         where i.household_id = b.household_id and i.campaign_id = :campaign and i.round_no = :round
           and i.superseded_by is null
         order by coalesce(i.ended_at, i.started_at) desc nulls last, i.no desc limit 1) f on true
     where h.removed_at is null order by b.household_id"""


@dataclass(frozen=True)
class Home:
    """A household that is to be visited.

    Attributes
    ----------
    lon, lat : float or None
        None where the house itself is not placed.
    overdue_days : int
        Since the day somebody meant to come back, or since the last day of the round; 0 if neither is past.
    asked : str or None
        When to come back, as the household said.
    """

    id: int
    jur: int
    village_id: int | None
    lon: float | None
    lat: float | None
    key_groups: tuple[str, ...]
    grade: str | None
    assigned_to: int | None
    last_account: int | None
    asked: str | None
    overdue_days: int


def choose_homes(
    session: Session, campaign_id: int, planned: Round, within: tuple[int, int], choice: Choice
) -> list[Home]:
    """Households of a round by rule, of what the asker sees inside a range.

    Raises
    ------
    RouteRefused
        If more are chosen than one plan takes.
    """
    rows = session.execute(
        text(_HOMES),
        {
            "campaign": campaign_id,
            "round": planned.no,
            "lo": within[0],
            "hi": within[1],
            "not_visited": choice.not_visited,
            "ids": list(choice.ids) or None,
            **_frame(choice),
        },
    ).all()
    if len(rows) > _MOST_LOOKED_AT:
        raise _too_many(f"{_MOST_LOOKED_AT:,}+")
    homes, meant = [], meaning_of(choice)
    for row in rows:
        home = _home(row, planned.ends_on)
        if meant(home):
            homes.append(home)
    if len(homes) > MOST_HOUSEHOLDS:
        raise _too_many(f"{len(homes):,}")
    return homes


def meaning_of(choice: Choice) -> Callable[[Home], bool]:
    """Whether a choice means a household: all of its conditions hold, but for whether it was visited."""
    shape = shapely.Polygon(choice.polygon) if choice.polygon else None
    ids, groups = set(choice.ids), set(choice.key_groups)

    def meant(home: Home) -> bool:
        return not (
            (choice.late and home.overdue_days <= 0)
            or (ids and home.id not in ids)
            or (groups and not groups & set(home.key_groups))
            or (choice.grades and home.grade not in choice.grades)
            or (choice.assigned_to is not None and (home.assigned_to or 0) != choice.assigned_to)
            or (shape is not None and not _lies_in(shape, home))
        )

    return meant


def _frame(choice: Choice) -> dict[str, int | None]:
    """The frame round a drawn area in world pixels, which compare without being seen through a policy."""
    if not choice.polygon:
        return dict.fromkeys(("west", "east", "north", "south"))
    x, y = world_xy([one[0] for one in choice.polygon], [one[1] for one in choice.polygon])
    return {"west": int(min(x)), "east": int(max(x)) + 1, "north": int(min(y)), "south": int(max(y)) + 1}


def overdue_days(return_at: datetime | None, status: int | None, ends_on: date | None) -> int:
    """Days since somebody meant to come back to a household, or since the last day of the round; 0 if neither is past.

    Parameters
    ----------
    return_at : datetime or None
        Of the latest visit.
    status : int or None
        Where the household stands in the round; one that is visited is not overdue.
    ends_on : date or None
        Last day of the round.
    """
    if status in VISITED:
        return 0
    days = [ends_on] if ends_on is not None else []
    if return_at is not None:
        days.append(return_at.astimezone(ZONE).date())
    return max(0, *((today() - day).days for day in days), 0)


def _home(row: Any, ends_on: date | None) -> Home:
    return Home(
        row.id,
        row.jur,
        row.village_id,
        row.lon,
        row.lat,
        tuple(row.key_groups or ()),
        row.grade,
        row.assigned_to,
        row.last_account,
        row.return_when,
        overdue_days(row.return_at, row.status, ends_on),
    )


def _lies_in(shape: shapely.Polygon, home: Home) -> bool:
    if home.lon is None or home.lat is None:
        return False
    return bool(shapely.intersects_xy(shape, home.lon, home.lat))


def _too_many(shown: str) -> RouteRefused:
    return refuse(
        f"选了 {shown} 户，一次最多规划 {MOST_HOUSEHOLDS:,} 户。请选一个乡镇或村，或加上条件。",
        f"{shown} households are chosen; one plan takes {MOST_HOUSEHOLDS:,} at most. Choose a township or village, or "
        "add a condition.",
        found=shown,
        expected=MOST_HOUSEHOLDS,
    )


@dataclass(frozen=True)
class Person:
    """Somebody who may be sent: account, name, duty and where the duty has its centre (longitude, latitude)."""

    account_id: int
    name: str
    role: str
    duty: Ranges
    centre: tuple[float, float] | None

    def may_visit(self, jur: int) -> bool:
        """Whether a household of this jurisdiction number lies in the duty."""
        return any(low <= jur < high for low, high in self.duty)


def choose_people(session: Session, within: tuple[int, int]) -> list[Person]:
    """Inspectors and supervisors whom the asker may send, who have a duty inside the range or around it.

    Returns
    -------
    list of Person
        Inspectors first, by name. The centre is that of the area of duty; None where it has neither outline nor place.
    """
    people = [
        (owner, role, ranges)
        for owner, role, ranges in assignable_people(session)
        if owner.account_id is not None and any(low < within[1] and within[0] < high for low, high in ranges)
    ]
    centres = _centres(session, [ranges for _, _, ranges in people])
    found = [
        Person(int(owner.account_id or 0), owner.name, role, ranges, centres.get(ranges))
        for owner, role, ranges in people
    ]
    return sorted(found, key=lambda one: (one.role != "inspector", one.name, one.account_id))


def _centres(session: Session, duties: Sequence[Ranges]) -> dict[Ranges, tuple[float, float]]:
    """Where the first area of each duty has its office or middle; else the middle of its households."""
    firsts = {ranges: ranges[0] for ranges in duties}
    wanted = sorted(set(firsts.values()))
    if not wanted:
        return {}
    rows = session.execute(
        text(f"""
            select k.lo, k.hi, st_x(p.spot) as lon, st_y(p.spot) as lat
              from unnest(cast(:lo as bigint[]), cast(:hi as bigint[])) as k (lo, hi)
              cross join lateral (
                select coalesce(
                    (select coalesce(a.centre, a.label) from area a where a.jur = k.lo and a.jur_end = k.hi
                        and a.valid_to is null and a.level not in ('natural_village', 'group')
                      order by a.id limit 1),
                    (select g.label from grid g where g.jur = k.lo and g.jur_end = k.hi),
                    (select st_centroid(st_collect(q.geom)) from (
                        select h.geom from household h where h.jur >= k.lo and h.jur < k.hi and h.removed_at is null
                           and h.quality <= {EXACT_QUALITY} limit 2000) q)) as spot) p
             where p.spot is not null"""),
        {"lo": [low for low, _ in wanted], "hi": [high for _, high in wanted]},
    )
    places = {(row.lo, row.hi): (row.lon, row.lat) for row in rows}
    return {ranges: places[first] for ranges, first in firsts.items() if first in places}
