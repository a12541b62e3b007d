"""Finding what keeps a batch from being taken back: rows changed since, and rows that have come to rest on it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import reassign_within
from data.duplicates import refresh_duplicates
from data.following import follow_places, follow_visits
from data.imports.blockers import CHANGED, REFERS, RESTS
from data.imports.changes import NOTED, image, row_hash, touched
from data.imports.limits import Limits
from data.imports.suspects import refresh_suspects
from data.judging import judge_again

# Child, its columns that name the parent, parent.
_REFERENCES = (
    ("area", "t.parent_id", "area"),
    ("area_alias", "t.area_id", "area"),
    ("grid", "t.village_id", "area"),
    ("household", "t.village_id", "area"),
    ("household", "t.group_id", "area"),
    ("house", "t.village_id", "area"),
    ("renovation_site", "t.village_id", "area"),
    ("household", "t.grid_id", "grid"),
    ("house", "t.grid_id", "grid"),
    ("renovation_site", "t.grid_id", "grid"),
    ("round", "t.campaign_id", "campaign"),
    ("campaign_version", "t.campaign_id", "campaign"),
    ("visit", "t.campaign_id", "campaign"),
    ("visit", "t.campaign_id || ':' || t.round_no", "round"),
    ("house", "t.household_id", "household"),
    ("renovation_site", "t.household_id", "household"),
    ("visit", "t.household_id", "household"),
    ("attachment", "t.household_id", "household"),
    ("placement", "case when t.undone_at is null then t.household_id end", "household"),
    ("hardship_case", "t.household_id", "household"),
    ("mark", "t.household_id", "household"),
    ("publicity", "t.area_id", "area"),
    ("publicity", "t.campaign_id", "campaign"),
    ("appraisal", "t.house_id", "house"),
    ("appraisal", "t.supersedes", "appraisal"),
    ("disaster", "t.area_id", "area"),
    ("renovation_site", "t.house_id", "house"),
    ("attachment", "t.house_id", "house"),
    ("attachment", "t.site_id", "renovation_site"),
    ("site_gate", "t.site_id", "renovation_site"),
    ("site_inspection", "t.site_id", "renovation_site"),
    ("entitlement", "t.site_id", "renovation_site"),
    ("payment", "t.site_id", "renovation_site"),
    ("renovation_plan", "t.area_id", "area"),
    ("renovation_plan_line", "t.area_id", "area"),
    ("funding", "t.area_id", "area"),
    ("subsidy_rate", "t.area_id", "area"),
    ("payment_batch", "t.area_id", "area"),
    ("monitoring_round", "t.area_id", "area"),
    ("monitored", "t.household_id", "household"),
    ("monitored", "t.appraisal_id", "appraisal"),
    ("monitored", "t.site_id", "renovation_site"),
    ("monitoring_act", "t.appraisal_id", "appraisal"),
    ("monitoring_act", "t.site_id", "renovation_site"),
    ("housing_status", "t.household_id", "household"),
    ("petition", "t.village_id", "area"),
    ("petition", "t.household_id", "household"),
    ("petition", "t.site_id", "renovation_site"),
    ("attachment", "t.visit_id", "visit"),
    ("visit", "t.superseded_by", "visit"),
)
_OWN_KEY = dict.fromkeys(("round", "campaign_version"), "t.campaign_id || ':' || t.no") | {
    "renovation_plan_line": "t.plan_id || ':' || t.no || ':' || t.grade"
}


def open_findings(session: Session, batch: int) -> None:
    """Make the table that findings are gathered in, and a copy of what the batch has noted.

    Putting that back is noted in turn, so that the two have to be told apart.
    """
    session.execute(text("drop table if exists pg_temp.undo_found, pg_temp.undo_known"))
    session.execute(
        text("""
            create temporary table undo_found (table_name text, row_key text, why text, unique (table_name, row_key))
            on commit drop""")
    )
    session.execute(
        text("""
            create temporary table undo_known on commit drop as
            select table_name, row_key, before from batch_change where batch_id = :batch"""),
        {"batch": batch},
    )
    session.execute(text("create unique index on undo_known (table_name, row_key)"))
    session.execute(text("analyze undo_known"))


def find_changed(session: Session, batch: int) -> None:
    """Find rows of the batch that are no longer as it left them, and hold all of them until the transaction ends."""
    for table in touched(session, batch):
        session.execute(
            text(f"""
                select 1 from {table.name} t join batch_change c on {table.key}
                 where c.batch_id = :batch and c.table_name = '{table.name}' for update of t"""),
            {"batch": batch},
        )
        session.execute(
            text(f"""
                insert into undo_found select c.table_name, c.row_key, '{CHANGED}'
                  from batch_change c left join {table.name} t on {table.key}
                 where c.batch_id = :batch and c.table_name = '{table.name}'
                   and c.after_hash is distinct from {row_hash(session, table)}
                on conflict do nothing"""),
            {"batch": batch},
        )


def find_referring(session: Session, batch: int) -> None:
    """Find rows, not of the batch, that name one it added."""
    added = set(
        session.scalars(
            text("select distinct table_name from batch_change where batch_id = :batch and before is null"),
            {"batch": batch},
        )
    )
    for child, column, parent in _REFERENCES:
        if parent not in added:
            continue
        key = _OWN_KEY.get(child, "t.id::text")
        session.execute(
            text(f"""
                insert into undo_found select '{child}', {key}, '{REFERS}'
                  from {child} t join batch_change c on ({column})::text = c.row_key
                 where c.batch_id = :batch and c.table_name = '{parent}' and c.before is null
                   and not exists (select 1 from undo_known k where k.table_name = '{child}' and k.row_key = {key})
                on conflict do nothing"""),
            {"batch": batch},
        )


def find_following(session: Session, batch: int) -> None:
    """Find rows, not of the batch, that had to change when its rows were put back (the database noted them)."""
    for table in touched(session, batch):
        session.execute(
            text(f"""
                insert into undo_found select c.table_name, c.row_key, '{RESTS}'
                  from batch_change c left join {table.name} t on {table.key}
                 where c.batch_id = :batch and c.table_name = '{table.name}'
                   and {image(session, table)} is distinct from c.before
                   and not exists (select 1 from undo_known k
                                    where k.table_name = c.table_name and k.row_key = c.row_key)
                on conflict do nothing"""),
            {"batch": batch},
        )


@dataclass(frozen=True)
class Grounds:
    """What later rows may rest on, as the batch left it; to be taken before anything is put back.

    Attributes
    ----------
    shape : str or None
        Old and new shape together of the boundaries it changed, EPSG:4326, hexadecimal EWKB.
    visitors : set of (int, str or None)
        Campaigns and visitors of its visits.
    visited : set of int
        Households of its visits.
    campaigns : tuple of int
        Campaigns whose plan it changed.
    limits : Limits
        What the batch itself could see.
    """

    shape: str | None
    visitors: set[tuple[int, str | None]]
    visited: set[int]
    campaigns: tuple[int, ...]
    limits: Limits


def read_grounds(session: Session, batch: int) -> Grounds:
    """Take down what a batch decided that others may rest on."""
    shapes = """
        select unnest(array[t.geom, (c.before->>'geom')::geometry]) as geom from batch_change c
        join {table} t on t.id = c.row_key::bigint
         where c.batch_id = :batch and c.table_name = '{table}' {level}
           and t.geom is distinct from (c.before->>'geom')::geometry"""
    shape = session.scalar(
        text(f"""
            select encode(st_asewkb(st_union(geom)), 'hex') from (
                {shapes.format(table="area", level="and t.level = 'village'")}
                union all {shapes.format(table="grid", level="")}) s"""),
        {"batch": batch},
    )
    visits = session.execute(
        text("""
            select distinct v.campaign_id, v.visitor, v.household_id
              from visit v join batch_change c on c.row_key::uuid = v.id
             where c.batch_id = :batch and c.table_name = 'visit'"""),
        {"batch": batch},
    ).all()
    campaigns = session.scalars(
        text("""
            select row_key::bigint from batch_change
             where batch_id = :batch and table_name = 'campaign' and before is not null"""),
        {"batch": batch},
    )
    row = session.execute(text("select jur, jur_end, account_id from batch where id = :batch"), {"batch": batch}).one()
    return Grounds(
        shape,
        {(visit.campaign_id, visit.visitor) for visit in visits},
        {visit.household_id for visit in visits if visit.household_id is not None},
        tuple(campaigns),
        Limits(((row.jur, row.jur_end),)) if row.account_id is not None else Limits(),
    )


def find_resting(session: Session, batch: int, grounds: Grounds) -> None:
    """Once all is put back: find later rows that would be decided otherwise now.

    Memberships, lent places, doubts and verdicts are decided anew, to see for which rows that makes a difference; the
    caller takes that back.
    """
    if grounds.shape is not None:
        reassign_within(session, grounds.shape)
    for campaign in grounds.campaigns:
        judge_again(session, campaign)
    refresh_suspects(session, grounds.visitors, grounds.limits)
    refresh_duplicates(session, grounds.visited, grounds.limits)
    households = "h.id in (select row_key::bigint from undo_known where table_name = 'household')"
    follow_places(session, households, {})
    follow_visits(session, households, {})
    find_following(session, batch)
    _forget_earlier(session, batch)


def _forget_earlier(session: Session, batch: int) -> None:
    """Leave out findings that are no later than the batch: they were as they are before it, and it let them be."""
    for table in NOTED:
        if table.name in ("base_feature", "road_edge", "round", "campaign_version", "area_alias", "duty"):
            continue
        session.execute(
            text(f"""
                delete from undo_found f using {table.name} t
                 where f.table_name = '{table.name}' and f.why = '{RESTS}' and f.row_key = t.id::text
                   and t.created_at <= (select created_at from batch where id = :batch)
                   and not exists (
                       select 1 from batch_change c join batch b on b.id = c.batch_id
                        where c.table_name = f.table_name and c.row_key = f.row_key and c.batch_id > :batch
                          and b.undone_at is null)"""),
            {"batch": batch},
        )
