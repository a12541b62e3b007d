"""Boundaries for villages that have none: derived from their points, marked as derived, redone when inputs change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import reassign_within
from data.imports.scope import Gazetteer, Scope
from data.rules.words import EXACT_QUALITY
from geo.derived import voronoi_areas
from geo.errors import Text

if TYPE_CHECKING:
    from data.imports.limits import Limits

# A boundary before and after; None where there is none.
Pair = tuple[BaseGeometry | None, BaseGeometry | None]


class Derived(NamedTuple):
    """What was done: boundaries changed, households that moved, and why some villages still have none."""

    changed: int
    moved: int
    lacking: list[tuple[str, Text]]


def derive_boundaries(session: Session, scope: Scope, limits: Limits, *, from_households: bool = False) -> Derived:
    """Share out what real boundaries leave of each parent among its villages without one.

    The points of a village are its natural villages, else its own centre, else its households that are placed and
    state it. A real boundary is never touched; a derived one is replaced only by another when its inputs changed.

    Parameters
    ----------
    scope : Scope
        Only parents that overlap this area.
    limits : Limits
        Only parents that are inside as a whole, since a boundary moves that of its neighbours.
    from_households : bool
        Households have changed: look only at parents with a village that hangs on them.

    Returns
    -------
    Derived
    """
    parents = session.execute(
        text("""
            select p.id, p.jur, p.jur_end, st_asbinary(p.geom) as geom from area p
             where p.geom is not null and p.valid_to is null and p.jur < :jur_end and p.jur_end > :jur
               and exists (select 1 from area v where v.parent_id = p.id and v.level = 'village' and v.valid_to is null
                              and (v.geom is null or v.derived)
                              and (not :households or not exists (
                                  select 1 from area s where (s.id = v.id or s.parent_id = v.id)
                                     and s.centre is not null and s.valid_to is null)))
             order by p.id"""),
        {"jur": scope.jur, "jur_end": scope.jur_end, "households": from_households},
    ).all()
    changed, moved = 0, 0
    lacking: list[tuple[str, Text]] = []
    for parent in parents:
        if not limits.holds(parent.jur, parent.jur_end):
            continue
        shapes, why = _derive_within(
            session, parent.id, parent.jur, parent.jur_end, shapely.from_wkb(bytes(parent.geom))
        )
        lacking += why
        changed += len(shapes)
        if shapes:
            moved += reassign(session, [shape for pair in shapes for shape in pair])["households"]
    return Derived(changed, moved, lacking)


def reassign(session: Session, shapes: list[BaseGeometry | None]) -> dict[str, int]:
    """Decide membership anew within some shapes, and tell what moved."""
    there = [shape for shape in shapes if shape is not None and not shape.is_empty]
    if not there:
        return {"households": 0, "houses": 0, "sites": 0, "visits": 0}
    union = shapely.set_srid(shapely.union_all(there), 4326)
    return reassign_within(session, shapely.to_wkb(union, hex=True, include_srid=True))


def _derive_within(
    session: Session, parent_id: int, jur: int, jur_end: int, within: BaseGeometry
) -> tuple[list[Pair], list[tuple[str, Text]]]:
    villages = session.execute(
        text("""
            select id, code, name, derived, st_asbinary(geom) as geom, st_asbinary(centre) as centre from area
             where parent_id = :parent and level = 'village' and valid_to is null order by code"""),
        {"parent": parent_id},
    ).all()
    real = [shapely.from_wkb(bytes(row.geom)) for row in villages if row.geom is not None and not row.derived]
    lacking = [row for row in villages if row.geom is None or row.derived]
    points = _points(session, lacking, jur, jur_end)
    frame = gpd.GeoDataFrame(
        {"code": [code for code, _ in points]},
        geometry=gpd.GeoSeries(np.array([point for _, point in points], dtype=object), crs="EPSG:4326"),
    )
    shares = voronoi_areas(frame, within, taken=shapely.union_all(real) if real else None)
    by_code = {row.code: row for row in lacking}
    shapes: list[Pair] = []
    lost: list[tuple[str, Text]] = []
    share: BaseGeometry | None
    for code, share, why in zip(shares["code"], shares.geometry, shares["why"], strict=True):
        row = by_code[code]
        old = shapely.from_wkb(bytes(row.geom)) if row.geom is not None else None
        if share is None:
            lost.append((f"{row.code} {row.name}", why))
        if share == old or (share and old and shapely.equals_exact(shapely.normalize(old), shapely.normalize(share))):
            continue
        shapes.append((old, share))
        session.execute(
            text("""
                update area set geom = st_geomfromwkb(:shape, 4326), derived = :derived, source = 'voronoi',
                       updated_at = now() where id = :id"""),
            {"shape": shapely.to_wkb(share) if share else None, "derived": share is not None, "id": row.id},
        )
    return shapes, lost


def _points(
    session: Session, villages: list[Row[Any]], jur: int, jur_end: int
) -> list[tuple[str, BaseGeometry | None]]:
    """Give ``(code, point)`` for each village: several, one, or ``(code, None)``."""
    hamlets: dict[int, list[BaseGeometry]] = {}
    for row in session.execute(
        text("""
            select parent_id, st_asbinary(centre) as centre from area
             where parent_id = any (:ids) and level in ('natural_village', 'group') and valid_to is null
               and centre is not null order by code"""),
        {"ids": [village.id for village in villages]},
    ):
        hamlets.setdefault(row.parent_id, []).append(shapely.from_wkb(bytes(row.centre)))
    poor = {v.id for v in villages if v.id not in hamlets and v.centre is None}
    homes = _household_points(session, poor, jur, jur_end) if poor else {}
    points: list[tuple[str, BaseGeometry | None]] = []
    for village in villages:
        found = hamlets.get(village.id) or homes.get(village.id)
        if not found and village.centre is not None:
            found = [shapely.from_wkb(bytes(village.centre))]
        points += [(village.code, point) for point in found] if found else [(village.code, None)]
    return points


def _household_points(session: Session, villages: set[int], jur: int, jur_end: int) -> dict[int, list[BaseGeometry]]:
    """Placed households by the village they state, for villages nothing else places."""
    gazetteer = Gazetteer(session, Scope("", jur, jur_end))
    rows = session.execute(
        text(f"""
            select stated_area, st_asbinary(geom) as geom from household
             where jur >= :jur and jur < :jur_end and geom is not null and quality <= {EXACT_QUALITY}
               and stated_area is not null and removed_at is null order by id"""),
        {"jur": jur, "jur_end": jur_end},
    ).all()
    meant = gazetteer.find_all(row.stated_area for row in rows)
    points: dict[int, list[BaseGeometry]] = {}
    for row in rows:
        village = meant.get(row.stated_area)
        if village in villages:
            points.setdefault(village, []).append(shapely.from_wkb(bytes(row.geom)))
    return points
