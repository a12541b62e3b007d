"""Households (户) from a ledger or a map layer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.gazetteer import load_gazetteer
from data.imports.derive import derive_boundaries
from data.imports.geocoding import Told, read_places
from data.imports.limits import refuse_foreign, refuse_outside
from data.imports.linking import follow_households, link_houses, link_sites, link_visits
from data.imports.matching import match_places
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
from data.imports.recognising import check_against_store, check_namesakes, recognise
from data.imports.scope import TOWNSHIP, Gazetteer
from data.imports.seals import seal_numbers
from data.imports.staging import copy_rows, make_stage, settle_stage
from data.imports.whereabouts import (
    assign_settlements,
    check_places,
    keep_memberships,
    rate_places,
    settle_namesakes,
)
from data.sealing import SEALED_FIELDS
from geo.errors import Text

STAGE = "stage_household"
_PLAIN = ("code", "head_name", "people", "address", "house_no", "stated_area", "aid_group", "remark")
_COLUMNS = {
    "at": "integer",
    "line": "integer",
    "natural_key": "text",
    "key_by_number": "text",
    "key_by_address": "text",
    "known_id": "bigint",
    **dict.fromkeys(_PLAIN, "text"),
    "people": "integer",
    "stated_hamlet": "text",
    "key_groups": "text[]",
    "id_index": "bytea",
    "phone_index": "bytea",
    "card_index": "bytea",
    "natural_village": "text",
    "told_village_id": "bigint",
    "told_hamlet_id": "bigint",
    "how": "text",
    "village_id": "bigint",
    "jur": "bigint",
    **PLACE,
}
_LATER = {
    "id": "bigint",
    "is_new": "boolean",
    "id_sealed": "bytea",
    "phone_sealed": "bytea",
    "card_sealed": "bytea",
    "grid_id": "bigint",
    "group_id": "bigint",
}
_FACTS = (*_PLAIN, "stated_hamlet", "key_groups")
_NUMBERS = ("id_sealed", "id_index", "phone_sealed", "phone_index", "card_sealed", "card_index")
_MEMBERSHIP = ("village_id", "grid_id", "group_id", "jur")
_KEY_GROUPS = ("party_veteran", "hardship", "lone_elder", "left_behind_child", "petitioner")


class Key(NamedTuple):
    """What makes a row known again: its key, and those it would have without its code, and without its ID number."""

    natural: str
    by_number: str | None
    by_address: str | None


def import_households(job: Job) -> None:
    """Merge the households of a file.

    The natural key is the household code within its township; without codes the ID number's keyed hash, else village,
    head and address together. A position decides village and grid; without one the village column, the natural village
    and the address do, as far as they are clear (``data.imports.geocoding``).
    """
    gazetteer = Gazetteer(job.session, job.scope)
    keys = refuse_repeated(job, read_keys(job, gazetteer))
    stage_households(job, keys, gazetteer)
    merge_households(job)
    follow_merge(job)
    job.report.count(**match_places(job))


def read_keys(job: Job, gazetteer: Gazetteer) -> list[Key]:
    """Give each row its keys, and refuse rows that nothing would recognise again."""
    records = job.records
    keys: list[Key] = []
    nameless: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    names = ("code", "id_number", "stated_area", "head_name", "address", "house_no", "fangtu_id")
    columns = [records.column(name) for name in names]
    for at, (code, number, stated, head, address, house_no, own) in enumerate(zip(*columns, strict=True)):
        scope = gazetteer.key_scope(stated)
        by_number = f"{scope}:id:{job.sealer.index(number, 'id_number').hex()}" if number else None
        by_address = None
        if head and (address or house_no or stated):
            told = "|".join(part or "" for part in (stated, head, address, house_no))
            by_address = f"{scope}:at:{hashlib.sha256(told.encode()).hexdigest()[:32]}"
        by_code = f"{scope}:{code}" if code else None
        natural = by_code or by_number or by_address or (f"{scope}:own:{own}" if own else None)
        if natural is None:
            nameless[at] = (
                "code",
                None,
                Text("户编号、身份证号，或户主和住址", "a household code, an ID number, or head and address"),
                Text("无法辨认是哪一户", "nothing tells which household it is"),
            )
        keys.append(Key(natural or "", by_number, by_address))
    job.records = records.refuse(job.report, nameless)
    return [key for at, key in enumerate(keys) if at not in nameless]


def refuse_repeated(job: Job, keys: Sequence[Key]) -> list[Key]:
    """Refuse rows of a household that an earlier row is; returns the keys that remain."""
    first: dict[str, Key] = {}
    for key in keys:
        first.setdefault(key.natural, key)
    return [first[natural] for natural in refuse_repeats(job, [key.natural for key in keys])]


def stage_households(job: Job, keys: Sequence[Key], gazetteer: Gazetteer, lines: Sequence[int] | None = None) -> None:
    """Put the rows on the stage, know the stored ones again, and refuse what cannot be taken.

    Parameters
    ----------
    keys : sequence of Key, one for each record
    gazetteer : Gazetteer
        Villages of the scope.
    lines : sequence of int, optional
        A number for each record that other stages refer to and that stays; by default their order.
    """
    session = job.session
    make_stage(session, STAGE, _COLUMNS | _LATER)
    copy_rows(session, STAGE, list(_COLUMNS), _stage_rows(job, keys, gazetteer, lines or range(len(keys))))
    settle_stage(session, STAGE)
    match_exported(job, STAGE, "household")
    recognise(job, STAGE)
    match_existing(session, STAGE, "household")
    refuse_foreign(job, STAGE, "household")
    check_against_store(job, STAGE)
    keep_stored(session, STAGE, "household", [*_FACTS, *_NUMBERS[1::2]])
    _refuse_nameless(job, job.records.has("head_name"))
    job.report.count(kept_place=keep_better_places(session, STAGE, "household"))
    keep_memberships(job, STAGE)
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    refuse_outside(job, STAGE)
    settle_namesakes(job, STAGE)
    assign_settlements(job, STAGE)
    rate_places(job, STAGE)
    check_namesakes(job, STAGE)
    check_places(job, STAGE)


def merge_households(job: Job) -> None:
    """Write the staged households."""
    session, report = job.session, job.report
    session.execute(
        text(f"""
            update {STAGE} set head_name = coalesce(head_name, ''), key_groups = coalesce(key_groups, '{{}}')
             where head_name is null or key_groups is null""")
    )
    seal_numbers(job, STAGE)
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


def follow_merge(job: Job) -> None:
    """Do what follows from new households: boundaries that hang on them, and records that wait for them."""
    session, report, limits = job.session, job.report, job.limits
    derived = derive_boundaries(session, job.scope, limits, from_households=True)
    report.count(derived=derived.changed, moved=derived.moved)
    follow_households(session, job.batch)
    report.count(linked_houses=link_houses(session, limits), linked_sites=link_sites(session, limits))
    report.count(linked_visits=link_visits(session, limits))


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


def _stage_rows(job: Job, keys: Sequence[Key], gazetteer: Gazetteer, lines: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    records, sealer = job.records, job.sealer
    places = place_cells(records)
    told = _read_places(job, [place[0] is not None for place in places])
    indexes = {
        field: [sealer.index(value, field) if value else None for value in records.column(field)]
        for field in SEALED_FIELDS
    }
    groups = _key_groups(job)
    hamlets = records.column("natural_village")
    own, stated = records.column("fangtu_id"), records.column("stated_area")
    plain = [records.column(name) for name in _PLAIN]
    for at, key in enumerate(keys):
        placed = places[at][0] is not None
        yield (
            at,
            lines[at],
            *key,
            own[at],
            *(column[at] for column in plain),
            hamlets[at],
            groups[at],
            indexes["id_number"][at],
            indexes["phone"][at],
            indexes["bank_card"][at],
            hamlets[at],
            told[at].village,
            told[at].hamlet,
            told[at].how,
            None if placed else told[at].village,
            _jurisdiction(job, gazetteer, told[at].village, stated[at], placed),
            *places[at],
        )


def _read_places(job: Job, placed: Sequence[bool]) -> list[Told]:
    """Read what rows say of their place; of those with a position the address is not needed."""
    records = job.records
    names = load_gazetteer(job.session, job.scope.jur, job.scope.jur_end)
    addresses = [None if there else value for there, value in zip(placed, records.column("address"), strict=True)]
    return read_places(names, addresses, records.column("stated_area"), records.column("natural_village"))


def _jurisdiction(job: Job, gazetteer: Gazetteer, village: int | None, stated: str | None, placed: bool) -> int:
    """Give a row's number until its position is looked at: of its village, else of the township that answers for it."""
    fallback = job.scope.township_jur
    if village is not None:
        jur = gazetteer.jur[village]
        return jur if not placed else fallback or jur // TOWNSHIP * TOWNSHIP
    if not fallback and stated and len(stated) == 12 and stated.isdigit():
        return int(stated[:9]) * TOWNSHIP
    return fallback


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
