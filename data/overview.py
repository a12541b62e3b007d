"""What a map view needs to know of its area: extent, legend counts, and records that cannot be drawn."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, areas_of_level, in_duty
from data.areas import EVERYWHERE
from data.coverage import duty_ranges
from data.rules.words import DILAPIDATED, EXACT_QUALITY, NOT_PLACED
from data.settled import KNOWN_TO_SETTLEMENT

Range = tuple[int, int]


def extent(session: Session, within: Range, duty: Ranges) -> list[float] | None:
    """West, south, east, north of the areas of duty inside a range, else of its households; None without any place."""
    row = session.execute(
        text("""
            select st_xmin(box), st_ymin(box), st_xmax(box), st_ymax(box) from (
                select st_extent(geom) as box from area
                 where jur >= :lo and jur_end <= :hi and valid_to is null and geom is not null
                   and cast(:duty as int8multirange) @> int8range(jur, jur_end)) b where box is not null"""),
        {"lo": within[0], "hi": within[1], "duty": duty_ranges(duty)},
    ).first()
    if row is None:
        row = session.execute(
            text("""
                select st_xmin(box), st_ymin(box), st_xmax(box), st_ymax(box) from (
                    select st_extent(geom) as box from household where jur >= :lo and jur < :hi) b
                where box is not null"""),
            {"lo": within[0], "hi": within[1]},
        ).first()
    return [float(v) for v in row] if row else None


def legend_counts(session: Session, campaign_id: int, round_no: int, within: Range) -> dict[str, Any]:
    """Counts beside the legend's rows, of what the asker sees inside a range.

    Returns
    -------
    dict
        ``grades`` (A–D and ``none`` = not appraised), ``sites`` by stage, ``visits`` (valid, suspect, other),
        ``marks`` that have a place, by kind and then by state,
        ``approximate`` eligible households known only to their natural village or village (with or without a point),
        ``unplaced`` known to neither, ``outside`` every village, ``unmatched`` visits at no known house.
    """
    keys = {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1], "nowhere": NOT_PLACED}
    inside = "jur >= :lo and jur < :hi"
    # Each by an index that holds few rows but those counted: in one scan all households would be read for them.
    households = session.execute(
        text(f"""
            select (select count(*) from standing where campaign_id = :campaign and round_no = :round and {inside}
                       and {KNOWN_TO_SETTLEMENT}) as approximate,
                   (select count(*) from household where {inside} and removed_at is null and geom is null
                       and quality >= :nowhere) as unplaced,
                   (select count(*) from household where {inside} and removed_at is null and geom is not null
                       and village_id is null) as outside"""),
        keys,
    ).one()
    visits = session.execute(
        text(f"""
            select coalesce(sum(valid), 0)::bigint as valid, coalesce(sum(suspect), 0)::bigint as suspect,
                   coalesce(sum(other), 0)::bigint as other, coalesce(sum(unmatched), 0)::bigint as unmatched
            from visit_tally where campaign_id = :campaign and round_no = :round and {inside}"""),
        keys,
    ).one()
    grades = session.execute(
        text(f"select coalesce(grade, 'none'), count(*) from house where {inside} group by 1"), keys
    )
    sites = session.execute(text(f"select stage, count(*) from renovation_site where {inside} group by 1"), keys)
    marks: dict[str, dict[str, int]] = {}
    for kind, state, n in session.execute(
        text(f"""
            select kind, state, count(*) from mark
             where {inside} and morton is not null and quality <= {EXACT_QUALITY} group by 1, 2"""),
        keys,
    ).tuples():
        marks.setdefault(kind, {})[state] = n
    return {
        "marks": marks,
        "grades": dict(grades.tuples().all()),
        "sites": dict(sites.tuples().all()),
        "visits": {"valid": visits.valid, "suspect": visits.suspect, "other": visits.other},
        "approximate": households.approximate,
        "unplaced": households.unplaced,
        "outside": households.outside,
        "unmatched": visits.unmatched,
    }


def dilapidated_by_area(session: Session, by: str, *, duty: Ranges = (EVERYWHERE,)) -> dict[int, int]:
    """Houses of grade C or D by the id of their area of a level; areas without any are missing.

    Houses count where they belong, with or without a place of their own; in natural villages and groups they count by
    their household, since a house itself belongs to a village or grid.
    """
    areas, join = areas_of_level(by)
    houses = "select h.jur, null::bigint as group_id from house h where h.grade = any (:grades)"
    if by == "group":
        houses = """select h.jur, o.group_id from house h join household o on o.id = h.household_id
                     where h.grade = any (:grades) and o.group_id is not null"""
    rows = session.execute(
        text(f"""
            select a.id, count(*) as n from ({houses}) c join ({areas}) a on {join}
             where cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end) group by a.id"""),
        {"grades": list(DILAPIDATED), "duty": duty_ranges(duty)},
    )
    return {row.id: row.n for row in rows}


def area_shapes(
    session: Session, by: str, *, within: Range = EVERYWHERE, duty: Ranges = (EVERYWHERE,)
) -> dict[int, dict[str, Any]]:
    """Simplified outlines of a level by id: ``code``, ``name``, ``geometry`` (GeoJSON text), ``label``, ``bbox``.

    ``label`` is longitude and latitude of the name. Settlements without a boundary have their centre as ``label`` and
    no geometry. Outlines are simplified to about two metres; they and the places of the labels are decided when a
    boundary is stored.
    """
    if by == "grid":
        source = "select id, code, name, jur, jur_end, geom, outline, label, null::geometry as centre from grid"
    elif by == "group":
        source = """select id, code, name, jur, jur_end, geom, outline, label, centre from area
                    where level in ('natural_village', 'group') and valid_to is null"""
    else:
        source = f"""select id, code, name, jur, jur_end, geom, outline, label, centre from area
                     where level = '{by}' and valid_to is null"""
    rows = session.execute(
        text(f"""
            select id, code, name, st_asgeojson(outline, 5) as geometry,
                   st_x(spot) as lon, st_y(spot) as lat,
                   st_xmin(geom) as w, st_ymin(geom) as s, st_xmax(geom) as e, st_ymax(geom) as n
            from (select id, code, name, geom, outline, coalesce(label, centre) as spot from ({source}) a
                  where jur >= :lo and jur_end <= :hi and {in_duty(duty)}) areas"""),
        {"lo": within[0], "hi": within[1]},
    )
    return {
        key: {
            "code": code,
            "name": name,
            "geometry": geometry,
            "label": [lon, lat] if lon is not None else None,
            "bbox": [west, south, east, north] if west is not None else None,
        }
        for key, code, name, geometry, lon, lat, west, south, east, north in rows.tuples()
    }
