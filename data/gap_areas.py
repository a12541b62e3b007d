"""One gap area (成片未访) in words and numbers: what is in it, where it lies, who is responsible, what closing it takes
and brings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.coverage_rows import AreaCoverage
from data.responsible import Responsible, responsible_for
from geo.tiles import Plane

if TYPE_CHECKING:
    from geo.gaps import Gap

# Nearer to the middle of its village than this, a gap lies on no side of it.
_MIDDLE_DEGREES = 0.0015


@dataclass(frozen=True)
class Place:
    """An area a gap touches."""

    code: str
    name: str


@dataclass(frozen=True)
class GapArea:
    """One gap area, described.

    Attributes
    ----------
    number : int
        1 for what brings most.
    place, side : str or None
        Name of the natural village or village most of its households belong to, and where it lies there: ``n``, ``e``,
        ``s``, ``w`` or ``c`` (in the middle); None if in no village.
    unvisited, eligible : int
        Households without a valid visit, and all inside.
    key_households, grade_c, grade_d : int
        Of the unvisited: key households, and houses of grade C and D that belong to them.
    last_contact_at : datetime or None
        When anybody last visited, or tried to visit, one of the unvisited households, in any round; None if never.
    never_contacted : int
        Unvisited households that nobody ever tried to visit.
    villages, grids : tuple of Place
        What it touches, most households first.
    responsible : tuple of Responsible
        Whose area of duty holds the unvisited households most narrowly, those of most households first; empty if nobody
        is set, or nobody of whom the asker may know.
    person_days : float
        Days of one inspector, up to the next half.
    points : float
        What closing it adds to the coverage of the range, as a ratio.
    reaches : tuple of Place
        Villages that closing it brings to the target.
    centre, bbox : list of float
        Longitude and latitude of a point inside; west, south, east, north.
    outline : dict
        GeoJSON geometry.
    """

    number: int
    place: str | None
    side: str | None
    unvisited: int
    eligible: int
    key_households: int
    grade_c: int
    grade_d: int
    last_contact_at: datetime | None
    never_contacted: int
    villages: tuple[Place, ...]
    grids: tuple[Place, ...]
    responsible: tuple[Responsible, ...]
    person_days: float
    points: float
    reaches: tuple[Place, ...]
    centre: list[float]
    bbox: list[float]
    outline: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The gap as JSON."""
        moment = self.last_contact_at
        return {
            **asdict(self),
            "last_contact_at": moment.isoformat(timespec="seconds") if moment else None,
            "responsible": [person.as_json() for person in self.responsible],
        }


def person_days(households: int, per_day: float) -> float:
    """Days of one inspector for so many households, up to the next half day."""
    return math.ceil(2 * households / per_day - 1e-9) / 2


def describe_gaps(
    session: Session,
    target: float,
    rows: NDArray[np.int64],
    done: NDArray[np.bool_],
    found: Sequence[Gap],
    plane: Plane,
    total: AreaCoverage,
    villages: Sequence[AreaCoverage],
    per_day: float,
) -> list[dict[str, Any]]:
    """What is to be said of each gap but its number, in the order given.

    Parameters
    ----------
    target : float
        Of the round, a ratio.
    rows : ndarray of int64, shape (n, 6)
        ``household_id, jur, group_id, x, y, visited`` of the households the gaps were found among.
    done : ndarray of bool, shape (n,)
        Which of them are visited.
    found : sequence of Gap
        The gaps; their members are places in ``rows``, their outlines lie in metres of ``plane``.
    total : AreaCoverage
        Coverage of the whole range, which ``points`` speak of.
    villages : sequence of AreaCoverage
        Villages that may be said to reach the target.
    per_day : float
        Visits of one inspector in a day.

    Returns
    -------
    list of dict
        Values of :class:`GapArea` by name, without ``number``.
    """
    members = [rows[gap.members] for gap in found]
    open_ = [rows[gap.members[~done[gap.members]]] for gap in found]
    facts = _facts(session, [part[:, 0] for part in open_])
    places = _places(session, members)
    by_jur = _coverage_by_jur(places, villages)
    people = responsible_for(session, {int(jur) for part in open_ for jur in np.unique(part[:, 1])})
    described = []
    for number, gap in enumerate(found):
        outline = shapely.transform(gap.outline, plane.lonlat)
        spot = shapely.point_on_surface(outline)
        described.append(
            {
                **facts.get(number, _NOTHING),
                **_name(places, open_[number], spot),
                "unvisited": gap.unvisited,
                "eligible": gap.households,
                "villages": _touched(members[number][:, 1] // 1000 * 1000, places["village"]),
                "grids": _touched(members[number][:, 1], places["grid"]),
                "responsible": _responsible(open_[number][:, 1], people),
                "person_days": person_days(gap.unvisited, per_day),
                "points": gap.unvisited / total.eligible,
                "reaches": _reaches(open_[number], by_jur, target),
                "centre": [round(spot.x, 6), round(spot.y, 6)],
                "bbox": [round(value, 6) for value in outline.bounds],
                "outline": mapping(shapely.set_precision(outline, 1e-6)),
            }
        )
    return described


_NOTHING = {"key_households": 0, "grade_c": 0, "grade_d": 0, "last_contact_at": None, "never_contacted": 0}


def _facts(session: Session, ids: Sequence[NDArray[np.int64]]) -> dict[int, dict[str, Any]]:
    """What the records say of the unvisited households of each gap, by index, in one statement."""
    if not ids:
        return {}
    rows = session.execute(
        text("""
            with m as materialized (
                select * from unnest(cast(:gap as int[]), cast(:ids as bigint[])) as m (gap, household_id)),
            contact as (
                select household_id, max(last_visit_at) as at from standing
                 where household_id = any(cast(:ids as bigint[])) group by household_id),
            grades as (
                select household_id, count(*) filter (where grade = 'C') as c, count(*) filter (where grade = 'D') as d
                  from house where household_id = any(cast(:ids as bigint[])) and grade in ('C', 'D')
                 group by household_id)
            select m.gap, count(*) filter (where h.key_groups <> '{}') as key_households,
                   coalesce(sum(g.c), 0)::int as grade_c, coalesce(sum(g.d), 0)::int as grade_d,
                   max(t.at) as last_contact_at, count(*) filter (where t.at is null) as never_contacted
              from m join household h on h.id = m.household_id
              left join contact t on t.household_id = m.household_id
              left join grades g on g.household_id = m.household_id
             group by m.gap"""),
        {
            "gap": np.repeat(np.arange(len(ids)), [len(part) for part in ids]).tolist(),
            "ids": np.concatenate(ids).tolist(),
        },
    )
    return {row.gap: {name: getattr(row, name) for name in _NOTHING} for row in rows}


@dataclass(frozen=True)
class _Named:
    id: int
    place: Place
    spot: tuple[float, float] | None


def _places(session: Session, members: Sequence[NDArray[np.int64]]) -> dict[str, dict[int, _Named]]:
    """Villages and grids by jurisdiction number, natural villages by id."""
    every = np.concatenate([part[:, :3] for part in members]) if members else np.empty((0, 3), dtype=np.int64)
    rows = session.execute(
        text("""
            select 'village' as kind, jur as key, id, code, name, st_x(spot) as lon, st_y(spot) as lat
              from (select *, coalesce(label, centre) as spot from area
                     where jur = any(cast(:villages as bigint[])) and level = 'village' and valid_to is null) v
            union all
            select 'grid', jur, id, code, name, null, null from grid where jur = any(cast(:grids as bigint[]))
            union all
            select 'group', id, id, code, name, st_x(spot), st_y(spot)
              from (select *, coalesce(label, centre) as spot from area
                     where id = any(cast(:groups as bigint[]))) g"""),
        {
            "villages": np.unique(every[:, 1] // 1000 * 1000).tolist(),
            "grids": np.unique(every[:, 1]).tolist(),
            "groups": np.unique(every[:, 2]).tolist(),
        },
    )
    found: dict[str, dict[int, _Named]] = {"village": {}, "grid": {}, "group": {}}
    for row in rows:
        spot = (row.lon, row.lat) if row.lon is not None else None
        found[row.kind][row.key] = _Named(row.id, Place(row.code, row.name), spot)
    return found


def _touched(numbers: NDArray[np.int64], known: dict[int, _Named]) -> tuple[Place, ...]:
    many = Counter(number for number in numbers.tolist() if number in known)
    return tuple(known[number].place for number, _ in sorted(many.items(), key=lambda one: (-one[1], one[0])))


def _responsible(numbers: NDArray[np.int64], people: dict[int, tuple[Responsible, ...]]) -> tuple[Responsible, ...]:
    # Each person once, with the area in which most of the households lie.
    many: Counter[int] = Counter()
    first: dict[int, Responsible] = {}
    for number, n in Counter(numbers.tolist()).most_common():
        for person in people.get(number, ()):
            many[person.account_id] += n
            first.setdefault(person.account_id, person)
    return tuple(first[account] for account, _ in sorted(many.items(), key=lambda one: (-one[1], first[one[0]].name)))


def _name(places: dict[str, dict[int, _Named]], open_: NDArray[np.int64], spot: Any) -> dict[str, str | None]:
    """Its natural village if most belong to one, else its village; and on which side of it the gap lies."""
    for kind, numbers in (("group", open_[:, 2]), ("village", open_[:, 1] // 1000 * 1000)):
        number, many = Counter(numbers.tolist()).most_common(1)[0]
        named = places[kind].get(number)
        if named is not None and (kind == "village" or 2 * many > len(open_)):
            return {"place": named.place.name, "side": _side(named.spot, spot)}
    return {"place": None, "side": None}


def _side(middle: tuple[float, float] | None, spot: Any) -> str | None:
    if middle is None:
        return None
    north = spot.y - middle[1]
    east = (spot.x - middle[0]) * math.cos(math.radians(spot.y))
    if math.hypot(east, north) < _MIDDLE_DEGREES:
        return "c"
    if abs(east) > abs(north):
        return "e" if east > 0 else "w"
    return "n" if north > 0 else "s"


def _coverage_by_jur(
    places: dict[str, dict[int, _Named]], villages: Sequence[AreaCoverage]
) -> dict[int, tuple[Place, AreaCoverage]]:
    by_id = {area.id: area for area in villages if area.id is not None}
    return {jur: (named.place, by_id[named.id]) for jur, named in places["village"].items() if named.id in by_id}


def _reaches(
    open_: NDArray[np.int64], by_jur: dict[int, tuple[Place, AreaCoverage]], target: float
) -> tuple[Place, ...]:
    many = Counter((open_[:, 1] // 1000 * 1000).tolist())
    return tuple(
        by_jur[jur][0] for jur, n in sorted(many.items()) if jur in by_jur and 0 < by_jur[jur][1].to_target(target) <= n
    )
