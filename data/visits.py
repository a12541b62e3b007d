"""Visits (走访) as they are read one at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.field_photos import list_photos
from data.households import head, iso

_VISIT = text("""
    select t.no as id, t.id as uuid, t.campaign_id as campaign, t.round_no as round, t.household_id, t.household_ref,
           h.code as household_code, h.head_name, v.name as village, t.started_at, t.ended_at, t.minutes, t.mode,
           t.reason, t.outcome, t.visitor, t.visitor_kind, t.companions, t.source_status, t.verdict, t.counts,
           t.suspect, t.ruling, t.distance_m, t.remark, t.quality, t.accuracy_m, st_x(t.geom) as lon,
           st_y(t.geom) as lat, t.superseded_by
      from visit t
      left join household h on h.id = t.household_id
      left join area v on v.id = h.village_id
     where t.no = :no""")


def visit_card(session: Session, no: int, asker: Asker) -> dict[str, Any]:
    """Everything the popup of a visit shows: the JSON of ``/api/v1/visits/<no>``.

    Raises
    ------
    RecordUnknown
        If there is no such visit in the asker's area of duty.
    """
    row = session.execute(_VISIT, {"no": no}).one_or_none()
    if row is None:
        raise RecordUnknown
    return {
        **row._mapping,
        **head(row.head_name, asker),
        "uuid": str(row.uuid),
        "superseded_by": str(row.superseded_by) if row.superseded_by else None,
        "at": iso(row.started_at or row.ended_at),
        "started_at": iso(row.started_at),
        "ended_at": iso(row.ended_at),
        "suspect": list(row.suspect),
        "photos": list_photos(session, asker, "visit", [row.uuid]).get(str(row.uuid), []),
    }
