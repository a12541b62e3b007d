"""Codes that changed: the area under the old code makes way for the new one where nothing hangs on it."""

from __future__ import annotations

from sqlalchemy import text

from data.imports.area_entries import Entry
from data.imports.merge import Job
from geo.errors import Text


def retire_older(job: Job, areas: list[Entry]) -> set[str]:
    """End areas whose code a list of changes calls an older code of another area.

    The boundary goes over to the new area if that has none. An area with villages, grids or households of its own is
    left in place and reported, because moving people is for a person to decide.

    Returns
    -------
    set of str
        New codes that took something over.
    """
    taken: set[str] = set()
    for entry in areas:
        for _, older, day in entry.aliases:
            if older and older != entry.code and _retire(job, older, entry.code, day):
                taken.add(entry.code)
    return taken


def _retire(job: Job, older: str, newer: str, day: object) -> bool:
    session = job.session
    row = session.execute(
        text("""
            select a.id, exists (select 1 from area c where c.parent_id = a.id and c.valid_to is null)
                      or exists (select 1 from grid g where g.village_id = a.id)
                      or exists (select 1 from household h where a.id in (h.village_id, h.group_id)) as busy
            from area a where a.code = :older and a.valid_to is null"""),
        {"older": older},
    ).one_or_none()
    if row is None:
        return False
    if row.busy:
        job.report.warn(
            Text(
                f"原代码 {older} 下还有下级或农户，两个辖区都保留，请核对",
                f"areas or households still hang on the old code {older}; both areas stay, please check",
            ),
            found=older,
        )
        return False
    session.execute(
        text("""
            update area n
               set geom = o.geom, derived = o.derived, source = o.source, centre = coalesce(n.centre, o.centre),
                   updated_at = now()
              from area o where o.id = :id and n.code = :newer and n.valid_to is null
               and o.geom is not null and (n.geom is null or n.derived)"""),
        {"id": row.id, "newer": newer},
    )
    session.execute(
        text(
            "update area set valid_to = coalesce(cast(:day as date), current_date), updated_at = now() where id = :id"
        ),
        {"day": day, "id": row.id},
    )
    return True
