"""Village and natural village of staged households, and how well each place is known."""

from __future__ import annotations

from sqlalchemy import text

from data.gazetteer import load_gazetteer
from data.imports.geocoding import AMBIGUOUS, NEAR_SPELLING, UNKNOWN
from data.imports.merge import Job
from data.imports.recognising import check_staged
from data.rules.words import BY_HAMLET, BY_VILLAGE, NOT_PLACED

PERSON = "person"
ADDRESS = "address"


def keep_memberships(job: Job, stage: str) -> None:
    """Leave known households without a position where they are, unless the row names a village.

    Where a person has said which village it is, that stands against any address.
    """
    job.session.execute(
        text(f"""
            update {stage} s
               set village_id = t.village_id, jur = t.jur, group_id = t.group_id, grid_id = t.grid_id,
                   quality = t.quality, placed_by = t.placed_by
              from household t
             where t.id = s.id and not s.is_new and s.geom is null
               and (s.village_id is null or t.placed_by = '{PERSON}')""")
    )
    # A file that names no township leaves a known row that lies outside every area where it is.
    job.session.execute(
        text(f"update {stage} s set jur = t.jur from household t where t.id = s.id and not s.is_new and s.jur = 0")
    )


def settle_namesakes(job: Job, stage: str) -> None:
    """Decide a natural village's name that several villages share (东庄) by the village the position lies in.

    Rows that name their village themselves are left as they are.
    """
    session = job.session
    rows = session.execute(
        text(f"""
            select distinct s.village_id, a.code, s.natural_village
              from {stage} s join area a on a.id = s.village_id
             where s.geom is not null and s.natural_village is not null
               and s.told_hamlet_id is null and s.told_village_id is null""")
    ).all()
    if not rows:
        return
    gazetteer = load_gazetteer(session, job.scope.jur, job.scope.jur_end)
    located = [(row, gazetteer.locate(None, stated=row.code, hamlet=row.natural_village)) for row in rows]
    settled = [
        (row.village_id, row.natural_village, found.hamlet)
        for row, found in located
        if found.village == row.village_id and found.hamlet is not None and not found.typo
    ]
    session.execute(
        text(f"""
            update {stage} s set told_village_id = s.village_id, told_hamlet_id = f.hamlet
              from unnest(cast(:villages as bigint[]), cast(:names as text[]), cast(:hamlets as bigint[]))
                   as f (village, name, hamlet)
             where s.village_id = f.village and s.natural_village = f.name and s.geom is not null
               and s.told_hamlet_id is null and s.told_village_id is null"""),
        {
            "villages": [village for village, _, _ in settled],
            "names": [name for _, name, _ in settled],
            "hamlets": [hamlet for _, _, hamlet in settled],
        },
    )


def assign_settlements(job: Job, stage: str) -> None:
    """Set the natural village: the one named inside the household's village, else the one whose boundary covers it.

    A known household keeps what it has where the row names none and the village is the same.
    """
    job.session.execute(
        text(f"""
            update {stage} s set group_id = a.id from area a
             where a.id = s.told_hamlet_id and s.told_village_id = s.village_id
               and s.placed_by is distinct from '{PERSON}'""")
    )
    job.session.execute(
        text(f"""
            update {stage} s set group_id = found.area_id
              from (select distinct on (p.at) p.at, a.id as area_id
                    from area a join {stage} p on st_covers(a.geom, p.geom) and a.parent_id = p.village_id
                    where a.level in ('natural_village', 'group') and a.valid_to is null and p.group_id is null
                    order by p.at, a.level, a.code) found
             where s.at = found.at""")
    )
    job.session.execute(
        text(f"""
            update {stage} s set group_id = t.group_id from household t
             where t.id = s.id and not s.is_new and s.group_id is null and s.natural_village is null
               and t.village_id = s.village_id""")
    )


def rate_places(job: Job, stage: str) -> None:
    """Say of households without a position how well their place is known: by natural village, village, or not."""
    job.session.execute(
        text(f"""
            update {stage}
               set quality = case when group_id is not null then {BY_HAMLET}
                                  when village_id is not null then {BY_VILLAGE} else {NOT_PLACED} end,
                   placed_by = case when village_id is null then null else coalesce(placed_by, '{ADDRESS}') end
             where geom is null""")
    )


def check_places(job: Job, stage: str) -> None:
    """Tell where the ledger's words and the coordinates contradict, and count what the words alone could place."""
    contradict = """
        s.geom is not null and s.village_id is not null and s.told_village_id is not null
        and (s.told_village_id <> s.village_id or exists (
            select 1 from area a
             where a.id = s.told_hamlet_id and a.geom is not null and not st_covers(a.geom, s.geom)))"""
    contradicting = check_staged(job, stage, "village_contradicts_place", "stated_area", contradict)
    names_none = f"s.how in ('{UNKNOWN}', '{NEAR_SPELLING}') and s.told_village_id is null"
    check_staged(
        job, stage, "village_unknown", "stated_area", f"{names_none} and (s.stated_area is not null or s.geom is null)"
    )
    check_staged(job, stage, "village_ambiguous", "stated_area", f"s.how = '{AMBIGUOUS}' and s.geom is null")
    check_staged(
        job,
        stage,
        "hamlet_unknown",
        "natural_village",
        "s.natural_village is not null and s.told_hamlet_id is null and s.village_id is not null",
    )
    row = job.session.execute(
        text(f"""
            select count(*) filter (where quality = {BY_HAMLET}) as hamlet,
                   count(*) filter (where quality = {BY_VILLAGE}) as village,
                   count(*) filter (where quality = {NOT_PLACED} and how = '{AMBIGUOUS}') as ambiguous,
                   count(*) filter (where quality = {NOT_PLACED} and how = '{NEAR_SPELLING}') as near,
                   count(*) filter (where quality = {NOT_PLACED}
                                      and coalesce(how, '') not in ('{AMBIGUOUS}', '{NEAR_SPELLING}')) as unknown
              from {stage} where geom is null""")
    ).one()
    job.report.count(
        contradicts_place=contradicting,
        placed_by_hamlet=row.hamlet,
        placed_by_village=row.village,
        ambiguous=row.ambiguous,
        near_spelling=row.near,
        unknown=row.unknown,
    )
