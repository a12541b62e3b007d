"""Edits there were, areas that may be edited, and boundaries that need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import SETTLEMENTS
from data.askers import Asker, RecordUnknown
from data.coverage import duty_ranges

PAGE = 20
MOST_ISSUES = 100


def list_edits(session: Session, within: tuple[int, int], *, limit: int = PAGE) -> Sequence[Row[Any]]:
    """Give the newest edits of a range that the asker may read.

    Returns
    -------
    sequence of Row
        ``id, batch_id, act, level, changes`` (code and name of each area), ``moves, moved, created_at, who, undone_at,
        purged_at``.
    """
    return session.execute(
        text("""
            select e.id, e.batch_id, e.act, e.level, e.moves, e.created_at, a.full_name as who, b.undone_at,
                   b.purged_at, e.jur, e.jur_end,
                   (select jsonb_agg(jsonb_build_object('code', c->'code', 'name', c->'name')) from
                       jsonb_array_elements(case jsonb_typeof(e.changes) when 'array' then e.changes else '[]' end) c)
                       as changes
              from area_edit e join batch b on b.id = e.batch_id left join account a on a.id = e.account_id
             where e.jur >= :lo and e.jur_end <= :hi order by e.created_at desc, e.id desc limit :limit"""),
        {"lo": within[0], "hi": within[1], "limit": limit},
    ).all()


def find_edit(session: Session, edit_id: int) -> Row[Any]:
    """Give one edit the asker may read (``id, batch_id, jur, jur_end``).

    Raises
    ------
    RecordUnknown
        If there is none of that number among those the asker may read.
    """
    row = session.execute(
        text("select id, batch_id, jur, jur_end from area_edit where id = :id"), {"id": edit_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def list_issues(session: Session, within: tuple[int, int], duty: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Give what is wrong with the boundaries of a range, of areas wholly inside the duty.

    Returns
    -------
    dict
        ``overlaps``: pairs of grids of one village, or villages of one township, with the square metres both cover,
        largest first. ``bare``: villages without a boundary, and villages without grids. At most
        :data:`MOST_ISSUES` of each.
    """
    keys = {"lo": within[0], "hi": within[1], "duty": duty_ranges(duty), "most": MOST_ISSUES}
    inside = (
        "{t}.jur >= :lo and {t}.jur_end <= :hi and cast(:duty as int8multirange) @> int8range({t}.jur, {t}.jur_end)"
    )
    inside_area, inside_grid = inside.format(t="a"), inside.format(t="g")
    pairs = session.execute(
        text(f"""
            with place as (
                select 'grid' as level, g.code, v.name || ' ' || g.name as name, v.code as parent, g.geom
                  from grid g join area v on v.id = g.village_id
                 where {inside_grid}
                union all
                select 'village', a.code, a.name, left(a.code, 9), a.geom from area a
                 where a.level = 'village' and a.valid_to is null and a.geom is not null and {inside_area})
            select a.level, a.code, a.name, b.code as other_code, b.name as other_name,
                   st_area(st_intersection(a.geom, b.geom)::geography) as m2
              from place a join place b on b.level = a.level and b.parent = a.parent and b.code > a.code
                   and a.geom && b.geom and st_intersects(a.geom, b.geom) and not st_touches(a.geom, b.geom)
             order by m2 desc limit :most"""),
        keys,
    )
    bare = session.execute(
        text(f"""
            select a.code, a.name, a.geom is null as no_boundary, a.derived,
                   not exists (select 1 from grid g where g.village_id = a.id) as no_grids
              from area a where a.level = 'village' and a.valid_to is null and {inside_area}
               and (a.geom is null or a.derived or not exists (select 1 from grid g where g.village_id = a.id))
             order by a.geom is not null, a.code limit :most"""),
        keys,
    )
    return {
        "overlaps": [dict(row._mapping) for row in pairs if row.m2 >= 1],
        "bare": [dict(row._mapping) for row in bare],
    }


def editable_areas(session: Session, who: Asker) -> list[dict[str, Any]]:
    """Give the villages whose grids and settlements the asker may edit, each with those, by code.

    Returns
    -------
    list of dict
        ``code, name, own`` (whether the village's own boundary may be edited as well), ``bare`` (no boundary),
        ``grids`` (``code, name``), ``settlements`` (``code, name``).
    """
    rows = session.execute(
        text("""
            select a.code, a.name, a.geom is null as bare, p.jur as low, p.jur_end as high,
                   coalesce((select jsonb_agg(jsonb_build_object('code', g.code, 'name', g.name) order by g.code)
                               from grid g where g.village_id = a.id), '[]') as grids,
                   coalesce((select jsonb_agg(jsonb_build_object('code', s.code, 'name', s.name) order by s.code)
                               from area s where s.parent_id = a.id and s.valid_to is null
                                and s.level = any (:settlements)), '[]') as settlements
              from area a left join area p on p.id = a.parent_id
                   or (a.parent_id is null and p.level = 'township' and p.valid_to is null
                       and p.jur <= a.jur and p.jur_end >= a.jur_end)
             where a.level = 'village' and a.valid_to is null
               and cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end)
             order by a.code"""),
        {"duty": duty_ranges(who.duty), "settlements": list(SETTLEMENTS)},
    )
    return [
        {
            "code": row.code,
            "name": row.name,
            "bare": row.bare,
            "own": row.low is not None and who.covers(row.low, row.high),
            "grids": row.grids,
            "settlements": row.settlements,
        }
        for row in rows
    ]
