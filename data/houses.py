"""Houses (农房) and renovation sites (改造点) as they are read one at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.households import as_dicts, head

_HOUSE = text("""
    select o.id, o.code, o.grade, o.structure, o.built_year, o.area_m2, o.storeys, o.address, o.remark, o.household_id,
           o.household_ref, h.code as household_code, h.head_name, v.name as village, g.name as grid, o.quality,
           o.accuracy_m, st_x(o.geom) as lon, st_y(o.geom) as lat
      from house o
      left join household h on h.id = o.household_id
      left join area v on v.id = o.village_id
      left join grid g on g.id = o.grid_id
     where o.id = :id""")
_APPRAISALS = text("""
    select id, appraised_on, standard, result, override_reason, appraiser
      from appraisal where house_id = :id order by appraised_on desc nulls last, id desc""")
_SITE = text("""
    select s.id, s.code, s.method, s.grade_before, s.stage, s.stage_on, s.state, s.approved_on, s.started_on,
           s.completed_on, s.accepted_on, s.paid_on, s.subsidy_yuan::float8 as subsidy_yuan, s.remark, s.household_id,
           s.household_ref, h.code as household_code, h.head_name, s.house_id, o.code as house_code, v.name as village,
           g.name as grid, s.quality, s.accuracy_m, st_x(s.geom) as lon, st_y(s.geom) as lat
      from renovation_site s
      left join household h on h.id = s.household_id
      left join house o on o.id = s.house_id
      left join area v on v.id = s.village_id
      left join grid g on g.id = s.grid_id
     where s.id = :id""")
_DATES = ("stage_on", "approved_on", "started_on", "completed_on", "accepted_on", "paid_on")


def house_card(session: Session, house_id: int, asker: Asker) -> dict[str, Any]:
    """Everything the popup of a house shows: the JSON of ``/api/v1/houses/<id>``.

    Raises
    ------
    RecordUnknown
        If there is no such house in the asker's area of duty.
    """
    row = session.execute(_HOUSE, {"id": house_id}).one_or_none()
    if row is None:
        raise RecordUnknown
    appraisals = as_dicts(session.execute(_APPRAISALS, {"id": house_id}).all())
    for appraisal in appraisals:
        appraisal["appraised_on"] = _day(appraisal["appraised_on"])
    sites = session.execute(
        text("select id, method, stage from renovation_site where house_id = :id order by id desc"), {"id": house_id}
    ).all()
    return {
        **row._mapping,
        **head(row.head_name, asker),
        "appraised_on": appraisals[0]["appraised_on"] if appraisals else None,
        "standard": appraisals[0]["standard"] if appraisals else None,
        "appraisals": appraisals,
        "sites": as_dicts(sites),
    }


def site_card(session: Session, site_id: int, asker: Asker) -> dict[str, Any]:
    """Everything the popup of a renovation site shows: the JSON of ``/api/v1/sites/<id>``.

    Raises
    ------
    RecordUnknown
        If there is no such site in the asker's area of duty.
    """
    row = session.execute(_SITE, {"id": site_id}).one_or_none()
    if row is None:
        raise RecordUnknown
    return {
        **row._mapping,
        **head(row.head_name, asker),
        **{name: _day(getattr(row, name)) for name in _DATES},
    }


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None
