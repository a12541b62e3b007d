"""Putting households at a place by hand: one by a click, many by accepting what was proposed, and taking it back.

Done as the application's role: what an asker may not see cannot be placed, and nothing is placed outside the asker's
area of duty. Village and grid follow by the rule of ``data.areas``, coverage by the database's own triggers.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import hold_boundaries, members_of
from data.askers import Asker, RecordUnknown
from data.coverage import duty_ranges
from data.placements import write_placements
from data.rules.words import BY_HAMLET, BY_VILLAGE, CLICKED
from geo.errors import FangtuError, Text

CLICK = "click"
PERSON = "person"
MOST_AT_ONCE = 500
_OUTSIDE = Text(
    "没有保存：这个位置不在您的辖区内，或在辖区边界上。请在辖区内重新点选。",
    "Not saved: this place is not inside your area of duty, or on its edge. Choose a place inside it.",
)
_MEASURED = Text(
    "没有保存：这一户已有现场定位，比点选更准。",
    "Not saved: this household was located on the spot, which is better than a click.",
)
_NO_AREA = Text(
    "没有保存：没有这个村或自然村，或它不在您的辖区。请刷新后重选。",
    "Not saved: there is no such village, or it is not in your area of duty. Refresh and choose again.",
)
_UNKNOWN = Text("没有这一户，或它不在您的辖区。", "There is no such household in your area of duty.")
_HAS_PLACE = Text("没有保存：这一户已有位置。", "Not saved: this household has a place already.")


class PlaceRefused(FangtuError):
    """A household cannot be put at this place."""

    code = "place_refused"


@dataclass(frozen=True)
class Wish:
    """One household to be put at a point (``lon``, ``lat``), or into an area (``area_id``).

    ``quality`` is the rung of the ladder of a point.
    """

    household_id: int
    method: str
    lon: float | None = None
    lat: float | None = None
    quality: int = CLICKED
    area_id: int | None = None


@dataclass
class Placed:
    """What was done: the act's number, the households placed, and why others were not."""

    bulk_id: uuid.UUID
    placed: list[int] = field(default_factory=list)
    refused: list[tuple[int, Text]] = field(default_factory=list)


def check_point(lon: object, lat: object) -> tuple[float, float]:
    """Give a place as two numbers.

    Raises
    ------
    PlaceRefused
        If they are no longitude and latitude in degrees.
    """
    if isinstance(lon, int | float) and isinstance(lat, int | float) and not isinstance(lon, bool | str):
        x, y = float(lon), float(lat)
        if math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90 and (x, y) != (0.0, 0.0):
            return x, y
    raise PlaceRefused(
        Text(
            "没有保存：位置应为经度和纬度（度）。请重新点选。",
            "Not saved: a place is a longitude and a latitude in degrees. Choose it again.",
        ),
        expected="lon, lat",
    )


def place_one(session: Session, asker: Asker, household_id: int, lon: float, lat: float) -> Placed:
    """Put one household where somebody clicked.

    Raises
    ------
    RecordUnknown
        If there is no such household in the asker's area of duty.
    PlaceRefused
        If the place lies outside that area, or the household was located on the spot.
    """
    done = place_many(session, asker, [Wish(household_id, CLICK, lon, lat)])
    for _, why in done.refused:
        if why == _UNKNOWN:
            raise RecordUnknown
        raise PlaceRefused(why, found=[lon, lat])
    return done


def place_many(session: Session, asker: Asker, wishes: Sequence[Wish]) -> Placed:
    """Put households at places in one act; each is placed or refused with a reason.

    Parameters
    ----------
    session : Session
        As the application's role.
    asker : Asker
        Who places; of one household named twice the first wish counts.
    wishes : sequence of Wish
        A fixed number of statements, however many.

    Returns
    -------
    Placed
    """
    hold_boundaries(session)
    done = Placed(uuid.uuid4())
    unique = {wish.household_id: wish for wish in reversed(wishes)}
    rows = session.execute(
        text("""
            select id, jur, quality, geom is not null as has_place from household
             where id = any (:ids) and removed_at is null order by id for update"""),
        {"ids": list(unique)},
    )
    known = {row.id: row for row in rows}
    points: list[Wish] = []
    areas: list[Wish] = []
    for wish in unique.values():
        row = known.get(wish.household_id)
        if row is None:
            done.refused.append((wish.household_id, _UNKNOWN))
        elif row.has_place and row.quality < min(CLICKED, wish.quality):
            done.refused.append((wish.household_id, _MEASURED))
        elif wish.area_id is not None:
            if row.has_place:
                done.refused.append((wish.household_id, _HAS_PLACE))
            else:
                areas.append(wish)
        else:
            points.append(wish)
    targets = _at_points(session, asker, points, done) + _in_areas(session, asker, areas, done)
    done.placed = write_placements(session, asker, done.bulk_id, targets)
    return done


def place_of(session: Session, household_id: int) -> Row[Any]:
    """Names of a household's ``village`` and ``grid`` (None if in none), and the ``quality`` of its place."""
    return session.execute(
        text("""
            select v.name as village, g.name as grid, h.quality from household h
              left join area v on v.id = h.village_id left join grid g on g.id = h.grid_id where h.id = :id"""),
        {"id": household_id},
    ).one()


def _at_points(session: Session, asker: Asker, wishes: Sequence[Wish], done: Placed) -> list[dict[str, Any]]:
    """Decide village, grid and jurisdiction of points; those outside the asker's area of duty are refused."""
    if not wishes:
        return []
    duty = duty_ranges(asker.duty)
    keys = {
        "ids": [wish.household_id for wish in wishes],
        "lons": [wish.lon for wish in wishes],
        "lats": [wish.lat for wish in wishes],
        "duty": duty,
    }
    foreign = set(session.scalars(text("select sec.foreign_places(:lons, :lats)"), keys))
    rows = session.execute(
        text(f"""
            with spot as materialized (
                select u.id, u.n, st_setsrid(st_makepoint(u.lon, u.lat), 4326) as geom
                  from unnest(cast(:ids as bigint[]), cast(:lons as float8[]), cast(:lats as float8[]))
                       with ordinality as u (id, lon, lat, n)),
            own as (select geom from area where valid_to is null and geom is not null
                       and cast(:duty as int8multirange) @> int8range(jur, jur_end))
            select s.id, s.n, m.village_id, m.grid_id, coalesce(g.jur, v.jur, h.jur / 1000000 * 1000000) as jur,
                   not exists (select 1 from own) or exists (select 1 from own where st_covers(own.geom, s.geom))
                       as inside,
                   coalesce(k.id, (select a.id from area a
                                    where a.parent_id = m.village_id and a.level in ('natural_village', 'group')
                                      and a.valid_to is null and st_covers(a.geom, s.geom)
                                    order by a.level, a.code limit 1)) as group_id
              from spot s join ({members_of("spot")}) m on m.id = s.id join household h on h.id = s.id
              left join area v on v.id = m.village_id left join grid g on g.id = m.grid_id
              left join area k on k.id = h.group_id and k.parent_id = m.village_id"""),
        keys,
    ).all()
    by_id = {wish.household_id: wish for wish in wishes}
    targets = []
    for row in rows:
        if row.n in foreign or not row.inside or not asker.covers(row.jur):
            done.refused.append((row.id, _OUTSIDE))
            continue
        wish = by_id[row.id]
        targets.append(
            {
                "id": row.id,
                "method": wish.method,
                "lon": wish.lon,
                "lat": wish.lat,
                "quality": wish.quality,
                "placed_by": wish.method,
                **{name: getattr(row, name) for name in ("village_id", "grid_id", "group_id", "jur")},
            }
        )
    return targets


def _in_areas(session: Session, asker: Asker, wishes: Sequence[Wish], done: Placed) -> list[dict[str, Any]]:
    """Put households without a position into a village or natural village a person chose."""
    rows = session.execute(
        text("""
            select a.id, a.level, coalesce(v.id, a.id) as village_id, coalesce(v.jur, a.jur) as jur
              from area a
              left join area v on v.id = a.parent_id and v.level = 'village' and a.level in ('natural_village', 'group')
             where a.id = any (:ids) and a.valid_to is null and a.level in ('village', 'natural_village', 'group')
               and (a.level = 'village' or v.id is not null)"""),
        {"ids": [wish.area_id for wish in wishes]},
    )
    known = {row.id: row for row in rows}
    targets = []
    for wish in wishes:
        area = known.get(wish.area_id)
        if area is None or not asker.covers(area.jur):
            done.refused.append((wish.household_id, _NO_AREA))
            continue
        in_hamlet = area.level != "village"
        targets.append(
            {
                "id": wish.household_id,
                "method": "hamlet" if in_hamlet else "village",
                "lon": None,
                "lat": None,
                "quality": BY_HAMLET if in_hamlet else BY_VILLAGE,
                "placed_by": PERSON,
                "village_id": area.village_id,
                "grid_id": None,
                "group_id": area.id if in_hamlet else None,
                "jur": area.jur,
            }
        )
    return targets
