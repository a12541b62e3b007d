"""Houses (农房) from ledgers, map layers and OpenStreetMap outlines, with their appraisals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.gazetteer import load_gazetteer
from data.imports.geocoding import read_places
from data.imports.limits import refuse_foreign, refuse_outside
from data.imports.linking import (
    find_households,
    find_people,
    keep_unnamed,
    keep_villages,
    lend_places,
    settle_places,
)
from data.imports.matching import match_places
from data.imports.merge import (
    PLACE,
    PLACE_COLUMNS,
    Job,
    count_merge,
    fresh_plans,
    keep_better_places,
    keep_stored,
    match_existing,
    match_exported,
    merge_stage,
    place_cells,
    refuse_repeats,
)
from data.imports.recognising import check_staged
from data.imports.scope import Gazetteer
from data.imports.staging import copy_rows, make_stage, settle_stage
from geo.errors import Text
from geo.shapes import as_multipolygon

STAGE = "stage_house"
_TOLD = ("household_code", "structure", "built_year", "area_m2", "storeys", "address", "remark")
_FACTS = ("code", "household_ref", "structure", "built_year", "area_m2", "storeys", "address", "remark")
_TYPES = ("text", "text", "text", "integer", "double precision", "integer", "text", "text")
_COLUMNS = {
    "at": "integer",
    "line": "integer",
    "owner": "integer",
    "natural_key": "text",
    "known_id": "bigint",
    **dict(zip(_FACTS, _TYPES, strict=True)),
    "house_no": "text",
    "head_name": "text",
    "person_index": "bytea",
    "outline": "geometry(multipolygon, 4326)",
    "village_id": "bigint",
    "jur": "bigint",
    "grade": "text",
    "appraised_on": "date",
    "standard": "text",
    "appraiser": "text",
    **PLACE,
}
_LATER = {"id": "bigint", "is_new": "boolean", "household_id": "bigint", "grid_id": "bigint"}


def import_houses(job: Job) -> None:
    """Merge the houses of a file.

    The natural key is the house code within its township, for OpenStreetMap the number of the object there; without
    either the household and the place or address. A house belongs to the household whose code it names, else to the
    one its head's ID number or name and address tell, else to the one that stands there; it is of that household's
    jurisdiction, and stands at its place if it has no coordinates. A grade becomes an appraisal.
    """
    gazetteer = Gazetteer(job.session, job.scope)
    keys = refuse_repeats(job, _natural_keys(job, gazetteer))
    load_houses(job, keys, gazetteer)
    match_exported(job, STAGE, "house")
    know_houses(job)
    find_households(job.session, STAGE, job.scope, job.limits)
    check_owners(job)
    settle_houses(job)
    merge_houses(job)
    job.report.count(**match_places(job))


def load_houses(
    job: Job,
    keys: Sequence[str],
    gazetteer: Gazetteer,
    lines: Sequence[int] = (),
    owners: Sequence[int] = (),
) -> None:
    """Put the rows on the stage.

    Parameters
    ----------
    keys : sequence of str, one for each record
    gazetteer : Gazetteer
        Villages of the scope.
    lines, owners : sequence of int, optional
        For each record a number that stays, and that of the staged household it belongs to.
    """
    make_stage(job.session, STAGE, _COLUMNS | _LATER)
    copy_rows(job.session, STAGE, list(_COLUMNS), _stage_rows(job, keys, gazetteer, lines, owners))
    settle_stage(job.session, STAGE)


def know_houses(job: Job) -> None:
    """Know the stored houses again; those outside what the import may touch are refused."""
    session = job.session
    match_existing(session, STAGE, "house")
    refuse_foreign(job, STAGE, "house")
    keep_unnamed(session, STAGE, "house")
    _keep_points_of_outlines(job)
    facts = [fact for fact in _FACTS if fact != "area_m2"]
    keep_stored(session, STAGE, "house", [*facts, "outline"], measures=["area_m2"])


def check_owners(job: Job) -> None:
    """Refuse or tell houses that are said to be another household's than is stored."""
    check_staged(
        job,
        STAGE,
        "house_of_other_household",
        "household_code",
        "exists (select 1 from house t where t.id = s.id and t.household_id <> s.household_id)",
    )


def settle_houses(job: Job) -> None:
    """Find households that are named otherwise than by code, and decide place and jurisdiction."""
    session = job.session
    keep_stored(session, STAGE, "house", ["household_id"])
    job.report.count(kept_place=keep_better_places(session, STAGE, "house"))
    keep_villages(session, STAGE, "house")
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    find_people(job, STAGE)
    lend_places(session, STAGE)
    settle_places(session, STAGE)
    refuse_outside(job, STAGE)


def merge_houses(job: Job) -> None:
    """Write the staged houses and their appraisals."""
    session, report = job.session, job.report
    columns = [*_FACTS, "household_id", "jur", "village_id", "grid_id", "outline", *PLACE_COLUMNS]
    inserted, updated = merge_stage(session, STAGE, "house", columns, job.batch)
    appraised = _appraise(job)
    count_merge(job, inserted, updated)
    report.count(
        appraised=appraised,
        unmatched=session.scalar(
            text(f"select count(*) from {STAGE} where household_ref is not null and household_id is null")
        )
        or 0,
        outside=session.scalar(
            text(f"select count(*) from {STAGE} where geom is not null and village_id is null and household_id is null")
        )
        or 0,
    )


def _natural_keys(job: Job, gazetteer: Gazetteer) -> list[str]:
    records = job.records
    columns = [
        records.column(name) for name in ("code", "osm_id", "stated_area", "household_code", "address", "house_no")
    ]
    people = zip(records.column("id_number"), records.column("head_name"), strict=True)
    keys: list[str] = []
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    rows = zip(zip(*columns, strict=True), people, strict=True)
    for at, ((code, osm, stated, household, address, number), (person, head)) in enumerate(rows):
        scope = gazetteer.key_scope(stated)
        shape = records.geometry[at]
        # Without its code a household is told by its head.
        owner = household or (job.sealer.index(person, "id_number").hex() if person else head)
        if code:
            keys.append(f"{scope}:{code}")
        elif osm:
            keys.append(f"osm:{osm}")
        elif owner or address or shape is not None:
            place = shapely.to_wkt(shape, rounding_precision=6) if shape is not None else ""
            told = "|".join(part or "" for part in (stated, owner, address, number, place))
            keys.append(f"{scope}:at:{hashlib.sha256(told.encode()).hexdigest()[:32]}")
        else:
            refused[at] = (
                "code",
                None,
                Text("房屋编号、户编号、地址或位置", "a house code, household code, address or place"),
                Text("无法辨认是哪一栋", "nothing tells which house it is"),
            )
            keys.append("")
    job.records = records.refuse(job.report, refused)
    return [key for at, key in enumerate(keys) if at not in refused]


def _stage_rows(
    job: Job, keys: Sequence[str], gazetteer: Gazetteer, lines: Sequence[int], owners: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    records = job.records
    columns = {
        name: records.column(name)
        for name in (*_TOLD, "house_no", "street", "grade", "appraised_on", "standard", "appraiser", "head_name")
    }
    addresses = [
        address or " ".join(part for part in (street, number) if part) or None
        for address, street, number in zip(columns["address"], columns["street"], columns["house_no"], strict=True)
    ]
    codes = [code or osm for code, osm in zip(records.column("code"), records.column("osm_id"), strict=True)]
    outlines = _outlines(records.geometry)
    places = place_cells(records)
    # Only rows without a place of their own are placed by words; outlines of a whole town are not looked up by street.
    names = load_gazetteer(job.session, job.scope.jur, job.scope.jur_end)
    stated = records.column("stated_area")
    told = read_places(
        names,
        [None if place[0] else address for place, address in zip(places, addresses, strict=True)],
        stated,
        [None] * len(records),
    )
    own, people = records.column("fangtu_id"), records.column("id_number")
    for at, key in enumerate(keys):
        village = told[at].village
        yield (
            at,
            lines[at] if lines else at,
            owners[at] if owners else None,
            key,
            own[at],
            codes[at],
            columns["household_code"][at],
            columns["structure"][at],
            columns["built_year"][at],
            columns["area_m2"][at],
            columns["storeys"][at],
            addresses[at],
            columns["remark"][at],
            columns["house_no"][at],
            columns["head_name"][at],
            job.sealer.index(people[at], "id_number") if people[at] else None,
            outlines[at],
            village,
            gazetteer.jur[village] if village else job.scope.township_jur,
            columns["grade"][at],
            columns["appraised_on"][at],
            columns["standard"][at],
            columns["appraiser"][at],
            *places[at],
        )


def _outlines(geometry: np.ndarray) -> list[str | None]:
    """Give outlines as hexadecimal EWKB; None for points and for rows without a place."""
    out: list[str | None] = []
    for shape in geometry:
        area = as_multipolygon(shape) if shape is not None and shape.geom_type != "Point" else None
        if area is None or area.is_empty:
            out.append(None)
        else:
            out.append(str(shapely.to_wkb(shapely.set_srid(area, 4326), hex=True, include_srid=True)))
    return out


def _keep_points_of_outlines(job: Job) -> None:
    """An outline that is stored already says nothing new of where the house's point is (before blanks are filled)."""
    places = ", ".join(f"{column} = t.{column}" for column in PLACE_COLUMNS)
    job.session.execute(
        text(f"""
            update {STAGE} s set {places} from house t
             where t.id = s.id and not s.is_new and t.outline = s.outline and t.geom is not null""")
    )


def _appraise(job: Job) -> int:
    """Write an appraisal for each grade; the same house, day and standard is the same appraisal.

    One that was entered by hand is never changed; a ledger that says the same of the same day says nothing new.
    """
    fresh_plans(job.session)
    rows = job.session.execute(
        text(f"""
            insert into appraisal as a (house_id, jur, appraised_on, standard, appraiser, result, batch_id)
            select s.id, h.jur, s.appraised_on, s.standard, s.appraiser, s.grade, :batch
            from {STAGE} s join house h on h.id = s.id
             where s.grade is not null and not exists (
                 select 1 from appraisal e where e.house_id = s.id and e.account_id is not null
                    and e.result = s.grade and e.appraised_on is not distinct from s.appraised_on
                    and e.standard is not distinct from s.standard)
             order by s.id
            on conflict (house_id, appraised_on, standard) where account_id is null do update
               set result = excluded.result, appraiser = coalesce(excluded.appraiser, a.appraiser),
                   batch_id = excluded.batch_id, updated_at = now()
             where (a.result, a.appraiser)
                   is distinct from (excluded.result, coalesce(excluded.appraiser, a.appraiser))"""),
        {"batch": job.batch},
    )
    return int(rows.rowcount)  # type: ignore[attr-defined]
