"""Houses (农房) and renovation sites (改造点) as they are read one at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.households import as_dicts, head, iso
from data.local_time import today
from data.renovation.listing import STALLED
from data.renovation.totals import WITHIN_DAYS

_HOUSE = text("""
    select o.id, o.code, o.grade, o.structure, o.built_year, o.area_m2, o.storeys, o.address, o.remark, o.household_id,
           o.household_ref, h.code as household_code, h.head_name, v.name as village, g.name as grid, o.quality,
           o.accuracy_m, st_x(o.geom) as lon, st_y(o.geom) as lat
      from house o
      left join household h on h.id = o.household_id
      left join area v on v.id = o.village_id
      left join grid g on g.id = o.grid_id
     where o.id = :id""")
# With the one that stands; those that another supersedes stay in the list.
_APPRAISALS = text("""
    select a.id, a.appraised_on, a.standard, a.raw, a.findings, a.computed, a.result, a.override_reason, a.appraiser,
           a.appraised_by, a.cause, a.valid_until, a.remark, a.created_at, s.id as superseded_by,
           a.account_id is not null as by_hand,
           a.id = (select l.id from latest_appraisal l where l.house_id = a.house_id) as stands
      from appraisal a left join appraisal s on s.supersedes = a.id
     where a.house_id = :id order by a.appraised_on desc nulls last, a.id desc""")
_SITE = text(f"""
    select s.id, s.village_id, cast(:today as date) - s.stage_on as days, coalesce({STALLED}, false) as stalled,
           case when cast(:money as boolean) and s.state = 'open' and s.stage = 'accepted'
                then s.accepted_on + {WITHIN_DAYS} end as due_on,
           case when cast(:money as boolean) and s.paid_on >= s.accepted_on then s.paid_on - s.accepted_on end
               as paid_after,
           s.code, s.method, s.grade_before, s.stage, s.stage_on, s.state, s.approved_on, s.started_on,
           s.completed_on, s.accepted_on, s.paid_on, s.subsidy_yuan::float8 as subsidy_yuan, s.remark, s.household_id,
           s.household_ref, h.code as household_code, h.head_name, s.house_id, o.code as house_code, v.name as village,
           g.name as grid, s.quality, s.accuracy_m, st_x(s.geom) as lon, st_y(s.geom) as lat
      from renovation_site s
      left join household h on h.id = s.household_id
      left join house o on o.id = s.house_id
      left join area v on v.id = s.village_id
      left join grid g on g.id = s.grid_id
     where s.id = :id""")
_DATES = ("stage_on", "due_on", "approved_on", "started_on", "completed_on", "accepted_on", "paid_on")


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
        for name in ("appraised_on", "valid_until"):
            appraisal[name] = _day(appraisal[name])
        appraisal["created_at"] = iso(appraisal["created_at"])
    latest = next((one for one in appraisals if one["stands"]), None)
    sites = session.execute(
        text("select id, method, stage from renovation_site where house_id = :id order by id desc"), {"id": house_id}
    ).all()
    return {
        **row._mapping,
        **head(row.head_name, asker),
        "appraised_on": latest["appraised_on"] if latest else None,
        "standard": latest["standard"] if latest else None,
        "valid_until": latest["valid_until"] if latest else None,
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
    now = today()
    money = asker.role in (Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
    row = session.execute(_SITE, {"id": site_id, "today": now, "money": money}).one_or_none()
    if row is None:
        raise RecordUnknown
    overdue = (now - row.due_on).days if row.due_on else None
    return {
        **row._mapping,
        "late": None if not money else bool(overdue is not None and overdue > 0),
        "overdue": overdue if overdue is not None and overdue > 0 else None,
        **head(row.head_name, asker),
        **{name: _day(getattr(row, name)) for name in _DATES},
    }


def _day(value: Any) -> str | None:
    return value.isoformat() if value else None
