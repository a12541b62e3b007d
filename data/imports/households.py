"""Households (户) from a ledger or a map layer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.imports.derive import derive_boundaries
from data.imports.linking import follow_households, link_houses, link_sites, link_visits
from data.imports.merge import (
    PLACE,
    PLACE_COLUMNS,
    Job,
    count_merge,
    keep_better_places,
    keep_stored,
    match_existing,
    match_exported,
    merge_stage,
    place_cells,
    refuse_repeats,
    refuse_staged,
)
from data.imports.rows import Records
from data.imports.scope import TOWNSHIP, Gazetteer
from data.imports.staging import copy_rows, make_stage, settle_stage
from data.sealing import SEALED_FIELDS
from geo.errors import Text

STAGE = "stage_household"
_COLUMNS = {
    "at": "integer",
    "id": "bigint",
    "is_new": "boolean",
    "natural_key": "text",
    "known_id": "bigint",
    "code": "text",
    "head_name": "text",
    "people": "integer",
    "key_groups": "text[]",
    "address": "text",
    "house_no": "text",
    "stated_area": "text",
    "remark": "text",
    "id_sealed": "bytea",
    "id_index": "bytea",
    "phone_sealed": "bytea",
    "phone_index": "bytea",
    "card_sealed": "bytea",
    "card_index": "bytea",
    "natural_village": "text",
    "village_id": "bigint",
    "grid_id": "bigint",
    "group_id": "bigint",
    "jur": "bigint",
    **PLACE,
}
_FACTS = ("code", "head_name", "people", "key_groups", "address", "house_no", "stated_area", "remark")
_NUMBERS = ("id_sealed", "id_index", "phone_sealed", "phone_index", "card_sealed", "card_index")
_MEMBERSHIP = ("village_id", "grid_id", "group_id", "jur")
_KEY_GROUPS = ("party_veteran", "hardship", "lone_elder", "left_behind_child", "petitioner")


def import_households(job: Job) -> None:
    """Merge the households of a file.

    The natural key is the household code within its township; without codes the ID number's keyed hash, else village,
    head and address together. A position decides village and grid; without one the stated village does.
    """
    session, report = job.session, job.report
    gazetteer = Gazetteer(session, job.scope)
    keys = refuse_repeats(job, _natural_keys(job, gazetteer))
    make_stage(session, STAGE, _COLUMNS)
    copy_rows(session, STAGE, _staged(), _stage_rows(job, keys, gazetteer))
    settle_stage(session, STAGE)
    staged = job.records
    match_exported(job, STAGE, "household")
    _recognise_by_number(job)
    match_existing(session, STAGE, "household")
    keep_stored(session, STAGE, "household", [*_FACTS, *_NUMBERS[1::2]])
    _refuse_nameless(job, staged.has("head_name"))
    session.execute(
        text(f"""
            update {STAGE} set head_name = coalesce(head_name, ''), key_groups = coalesce(key_groups, '{{}}')
             where head_name is null or key_groups is null""")
    )
    report.count(kept_place=keep_better_places(session, STAGE, "household"))
    _keep_memberships(job)
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    _assign_settlements(job)
    _seal(job, staged)
    job.progress(Text("写入农户", "Writing households"))
    touch = "revision = t.revision + 1, updated_at = now()"
    inserted, updated = merge_stage(
        session, STAGE, "household", [*_FACTS, *_NUMBERS, *_MEMBERSHIP, *PLACE_COLUMNS], job.batch, touch=touch
    )
    count_merge(job, inserted, updated)
    report.count(
        outside=session.scalar(text(f"select count(*) from {STAGE} where geom is not null and village_id is null"))
        or 0,
        unplaced=session.scalar(text(f"select count(*) from {STAGE} where geom is null")) or 0,
    )
    derived = derive_boundaries(session, job.scope, from_households=True)
    report.count(derived=derived.changed, moved=derived.moved)
    follow_households(session, job.batch)
    report.count(linked_houses=link_houses(session), linked_sites=link_sites(session))
    report.count(linked_visits=link_visits(session))


def _refuse_nameless(job: Job, has_names: bool) -> None:
    """Refuse new households without a name where the file has names; a file without any (map outlines) says so."""
    if not has_names:
        job.report.warn(Text("文件里没有户主姓名一列，姓名留空", "the file has no column of names; they stay blank"))
        return
    refuse_staged(
        job,
        STAGE,
        "is_new and head_name is null",
        "head_name",
        Text("户主姓名", "name of the head"),
        Text("新农户没有户主姓名", "a new household has no name"),
    )


def _natural_keys(job: Job, gazetteer: Gazetteer) -> list[str]:
    """Give each row its key, and refuse rows that nothing would recognise again."""
    records = job.records
    keys: list[str] = []
    nameless: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    names = ("code", "id_number", "stated_area", "head_name", "address", "house_no", "fangtu_id")
    columns = [records.column(name) for name in names]
    for at, (code, number, stated, head, address, house_no, own) in enumerate(zip(*columns, strict=True)):
        scope = gazetteer.key_scope(stated)
        if code:
            keys.append(f"{scope}:{code}")
        elif number:
            keys.append(f"{scope}:id:{job.sealer.index(number, 'id_number').hex()}")
        elif head and (address or house_no or stated):
            told = "|".join(part or "" for part in (stated, head, address, house_no))
            keys.append(f"{scope}:at:{hashlib.sha256(told.encode()).hexdigest()[:32]}")
        elif own:
            keys.append(f"{scope}:own:{own}")
        else:
            nameless[at] = (
                "code",
                None,
                Text("户编号、身份证号，或户主和住址", "a household code, an ID number, or head and address"),
                Text("无法辨认是哪一户", "nothing tells which household it is"),
            )
            keys.append("")
    job.records = records.refuse(job.report, nameless)
    return [key for at, key in enumerate(keys) if at not in nameless]


def _recognise_by_number(job: Job) -> None:
    """Let a row without a code be the stored household of its ID number, if that is one only and not in the file."""
    job.session.execute(
        text(f"""
            with single as (
                select id_index, min(natural_key) as natural_key from household
                 where id_index in (select id_index from {STAGE} where code is null)
                   and jur >= :jur and jur < :jur_end
                 group by 1 having count(*) = 1)
            update {STAGE} s set natural_key = n.natural_key from single n
             where s.code is null and s.id_index = n.id_index
               and not exists (select 1 from {STAGE} o where o.natural_key = n.natural_key)"""),
        {"jur": job.scope.jur, "jur_end": job.scope.jur_end},
    )


def _staged() -> list[str]:
    made_later = ("id", "is_new", "id_sealed", "phone_sealed", "card_sealed", "grid_id", "group_id")
    return [name for name in _COLUMNS if name not in made_later]


def _stage_rows(job: Job, keys: list[str], gazetteer: Gazetteer) -> Iterator[tuple[Any, ...]]:
    records, sealer = job.records, job.sealer
    villages = gazetteer.find_all(records.column("stated_area"))
    unknown = sorted(name for name, key in villages.items() if key is None)
    for name in unknown[:20]:
        job.report.warn(
            Text("台账写的村不在辖区名录中", "the ledger's village is not in the list of areas"),
            column=records.headings.get((records.sheets[0], "stated_area")) if len(records) else None,
            found=name,
        )
    places = place_cells(records)
    indexes = {
        field: [sealer.index(value, field) if value else None for value in records.column(field)]
        for field in SEALED_FIELDS
    }
    fallback = job.scope.township_jur
    groups = _key_groups(job)
    columns = {
        name: records.column(name)
        for name in (
            "fangtu_id",
            "code",
            "head_name",
            "people",
            "address",
            "house_no",
            "stated_area",
            "remark",
            "natural_village",
        )
    }
    for at, key in enumerate(keys):
        stated = columns["stated_area"][at]
        village = villages.get(stated) if stated else None
        placed = places[at][0] is not None
        jur = fallback
        if village is not None:
            jur = gazetteer.jur[village] if not placed else fallback or gazetteer.jur[village] // TOWNSHIP * TOWNSHIP
        elif not fallback and stated and len(stated) == 12 and stated.isdigit():
            jur = int(stated[:9]) * TOWNSHIP
        yield (
            at,
            key,
            columns["fangtu_id"][at],
            columns["code"][at],
            columns["head_name"][at],
            columns["people"][at],
            groups[at],
            columns["address"][at],
            columns["house_no"][at],
            stated,
            columns["remark"][at],
            indexes["id_number"][at],
            indexes["phone"][at],
            indexes["bank_card"][at],
            columns["natural_village"][at],
            village,
            jur,
            *places[at],
        )


def _key_groups(job: Job) -> list[list[str] | None]:
    """Put the groups of one column and of yes/no columns together; None where the file has neither."""
    records = job.records
    flags = {group: records.column(f"group_{group}") for group in _KEY_GROUPS if records.has(f"group_{group}")}
    if not flags and not records.has("key_groups"):
        return [None] * len(records)
    return [
        sorted({*(listed or ()), *(group for group, column in flags.items() if column[at])})
        for at, listed in enumerate(records.column("key_groups"))
    ]


def _keep_memberships(job: Job) -> None:
    """Known rows without a position and without a stated village stay in the village they are in."""
    job.session.execute(
        text(f"""
            update {STAGE} s
               set village_id = t.village_id, jur = t.jur, group_id = t.group_id, grid_id = t.grid_id
              from household t
             where t.id = s.id and not s.is_new and s.geom is null and s.village_id is null""")
    )
    # A file that names no township leaves a known row that lies outside every area where it is.
    job.session.execute(
        text(f"update {STAGE} s set jur = t.jur from household t where t.id = s.id and not s.is_new and s.jur = 0")
    )


def _assign_settlements(job: Job) -> None:
    """Set the natural village: the one named inside the household's village, else the one whose boundary covers it."""
    session = job.session
    session.execute(
        text(f"""
            with named as (
                select a.id, a.parent_id, a.name from area a
                 where a.level in ('natural_village', 'group') and a.valid_to is null
                union select a.id, a.parent_id, a.code from area a
                 where a.level in ('natural_village', 'group') and a.valid_to is null
                union select a.id, a.parent_id, x.name from area a join area_alias x on x.area_id = a.id
                 where a.level in ('natural_village', 'group') and a.valid_to is null and x.name is not null),
            single as (
                select parent_id, name, min(id) as id from named group by 1, 2 having count(distinct id) = 1)
            update {STAGE} s set group_id = n.id from single n
             where n.parent_id = s.village_id and n.name = s.natural_village""")
    )
    session.execute(
        text(f"""
            update {STAGE} s set group_id = found.area_id
              from (select distinct on (p.natural_key) p.natural_key, a.id as area_id
                    from area a join {STAGE} p on st_covers(a.geom, p.geom) and a.parent_id = p.village_id
                    where a.level in ('natural_village', 'group') and a.valid_to is null and p.group_id is null
                    order by p.natural_key, a.level, a.code) found
             where s.natural_key = found.natural_key""")
    )
    session.execute(
        text(f"""
            update {STAGE} s set group_id = t.group_id from household t
             where t.id = s.id and not s.is_new and s.group_id is null and s.natural_village is null
               and t.village_id = s.village_id""")
    )
    strange = session.execute(
        text(f"""
            select natural_village, count(*) as n from {STAGE}
             where natural_village is not null and group_id is null and village_id is not null
             group by 1 order by 2 desc, 1""")
    ).all()
    for row in strange[:20]:
        job.report.warn(
            Text(
                f"所在村没有这个自然村（{row.n} 户）", f"its village has no natural village of that name ({row.n} rows)"
            ),
            found=row.natural_village,
        )


def _seal(job: Job, records: Records) -> None:
    """Seal numbers that are new or differ from the stored ones; equal ones keep their seal."""
    session, sealer = job.session, job.sealer
    for field in SEALED_FIELDS.values():
        session.execute(
            text(f"""
                update {STAGE} s set {field.column} = t.{field.column} from household t
                 where t.id = s.id and not s.is_new and s.{field.index} is not distinct from t.{field.index}""")
        )
    lacking = " or ".join(f"({f.index} is not null and {f.column} is null)" for f in SEALED_FIELDS.values())
    rows = session.execute(
        text(f"""
            select at, natural_key, id, id_sealed is null as id_number, phone_sealed is null as phone,
                   card_sealed is null as bank_card from {STAGE} where {lacking}""")
    ).all()
    if not rows:
        return
    make_stage(session, "stage_seal", {"at": "integer", **{f.column: "bytea" for f in SEALED_FIELDS.values()}})

    def sealed() -> Iterator[tuple[Any, ...]]:
        for row in rows:
            cells = []
            for field in SEALED_FIELDS.values():
                value = records.column(field.name)[row.at]
                wanted = value and getattr(row, field.name)
                cells.append(sealer.seal(value, f"household.{field.column}", row.id) if wanted else None)
            yield (row.at, *cells)

    columns = [field.column for field in SEALED_FIELDS.values()]
    copy_rows(session, "stage_seal", ["at", *columns], sealed())
    listed = ", ".join(f"{column} = coalesce(n.{column}, s.{column})" for column in columns)
    session.execute(text(f"update {STAGE} s set {listed} from stage_seal n where n.at = s.at"))
