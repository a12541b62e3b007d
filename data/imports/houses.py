"""Houses (农房) from ledgers, map layers and OpenStreetMap outlines, with their appraisals."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from sqlalchemy import text

from data.areas import assign_places, settle_jurisdiction
from data.imports.linking import find_households, lend_places, settle_places
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
    "natural_key": "text",
    "known_id": "bigint",
    **dict(zip(_FACTS, _TYPES, strict=True)),
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
    either the household and the place or address. A house belongs to the household whose code it names, and is of its
    jurisdiction; a house without coordinates stands at its household's place. A grade becomes an appraisal.
    """
    session, report = job.session, job.report
    gazetteer = Gazetteer(session, job.scope)
    keys = refuse_repeats(job, _natural_keys(job, gazetteer))
    make_stage(session, STAGE, _COLUMNS | _LATER)
    copy_rows(session, STAGE, list(_COLUMNS), _stage_rows(job, keys, gazetteer))
    settle_stage(session, STAGE)
    match_exported(job, STAGE, "house")
    match_existing(session, STAGE, "house")
    facts = [fact for fact in _FACTS if fact != "area_m2"]
    keep_stored(session, STAGE, "house", [*facts, "outline"], measures=["area_m2"])
    report.count(kept_place=keep_better_places(session, STAGE, "house"))
    find_households(session, STAGE, job.scope.jur, job.scope.jur_end, job.scope.key)
    keep_stored(session, STAGE, "house", ["household_id"])
    lend_places(session, STAGE)
    assign_places(session, STAGE)
    settle_jurisdiction(session, STAGE)
    settle_places(session, STAGE)
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
    keys: list[str] = []
    refused: dict[int, tuple[str | None, Any, Text | None, Text]] = {}
    for at, (code, osm, stated, household, address, number) in enumerate(zip(*columns, strict=True)):
        scope = gazetteer.key_scope(stated)
        shape = records.geometry[at]
        if code:
            keys.append(f"{scope}:{code}")
        elif osm:
            keys.append(f"osm:{osm}")
        elif household or address or shape is not None:
            place = shapely.to_wkt(shape, rounding_precision=6) if shape is not None else ""
            told = "|".join(part or "" for part in (stated, household, address, number, place))
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


def _stage_rows(job: Job, keys: list[str], gazetteer: Gazetteer) -> Iterator[tuple[Any, ...]]:
    records = job.records
    villages = gazetteer.find_all(records.column("stated_area"))
    columns = {
        name: records.column(name)
        for name in (*_TOLD, "house_no", "street", "stated_area", "grade", "appraised_on", "standard", "appraiser")
    }
    codes = [code or osm for code, osm in zip(records.column("code"), records.column("osm_id"), strict=True)]
    outlines = _outlines(records.geometry)
    places = place_cells(records)
    own = records.column("fangtu_id")
    for at, key in enumerate(keys):
        village = villages.get(columns["stated_area"][at]) if columns["stated_area"][at] else None
        address = columns["address"][at] or " ".join(
            part for part in (columns["street"][at], columns["house_no"][at]) if part
        )
        yield (
            at,
            key,
            own[at],
            codes[at],
            columns["household_code"][at],
            columns["structure"][at],
            columns["built_year"][at],
            columns["area_m2"][at],
            columns["storeys"][at],
            address or None,
            columns["remark"][at],
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


def _appraise(job: Job) -> int:
    """Write an appraisal for each grade; the same house, day and standard is the same appraisal."""
    fresh_plans(job.session)
    rows = job.session.execute(
        text(f"""
            insert into appraisal as a (house_id, jur, appraised_on, standard, appraiser, result, batch_id)
            select s.id, h.jur, s.appraised_on, s.standard, s.appraiser, s.grade, :batch
            from {STAGE} s join house h on h.id = s.id where s.grade is not null order by s.id
            on conflict (house_id, appraised_on, standard) do update
               set result = excluded.result, appraiser = coalesce(excluded.appraiser, a.appraiser),
                   batch_id = excluded.batch_id, updated_at = now()
             where (a.result, a.appraiser)
                   is distinct from (excluded.result, coalesce(excluded.appraiser, a.appraiser))"""),
        {"batch": job.batch},
    )
    return int(rows.rowcount)  # type: ignore[attr-defined]
