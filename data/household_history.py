"""The history of one household (一户一档的走访部分): every visit with its fate, and where it stands in each round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.field_photos import list_photos


@dataclass(frozen=True)
class History:
    """What was done for a household.

    Attributes
    ----------
    rounds : list of dict
        ``campaign_zh, campaign_en, round_zh, round_en, status, visits, valid_visits, first_valid_on``, newest first.
    visits : list of dict
        All visits, newest first, also those that were corrected (``superseded``), ruled false or void; ``photos`` are
        the ids of those the asker may see.
    """

    rounds: list[dict[str, Any]]
    visits: list[dict[str, Any]]


def household_history(session: Session, household_id: int, asker: Asker) -> History:
    """Everything known of visits to a household; empty for one that the asker may not see."""
    rounds = session.execute(
        text("""
            select c.name_zh as campaign_zh, c.name_en as campaign_en, r.name_zh as round_zh, r.name_en as round_en,
                   s.status, s.visits, s.valid_visits, s.first_valid_on
              from standing s join campaign c on c.id = s.campaign_id
              join round r on r.campaign_id = s.campaign_id and r.no = s.round_no
             where s.household_id = :id order by r.starts_on desc nulls last, c.id desc, r.no desc"""),
        {"id": household_id},
    )
    visits = session.execute(
        text("""
            select v.no as id, v.id as uuid, v.campaign_id, v.round_no, c.name_zh as campaign_zh,
                   c.name_en as campaign_en,
                   r.name_zh as round_zh, r.name_en as round_en, v.started_at, v.ended_at, v.minutes, v.mode, v.reason,
                   v.outcome, v.visitor, v.visitor_kind, v.companions, v.verdict, v.counts, v.suspect, v.ruling,
                   v.remark, v.distance_m, v.superseded_by is not null as superseded
              from visit v join campaign c on c.id = v.campaign_id
              join round r on r.campaign_id = v.campaign_id and r.no = v.round_no
             where v.household_id = :id order by coalesce(v.started_at, v.ended_at) desc nulls last, v.no desc"""),
        {"id": household_id},
    ).all()
    photos = list_photos(session, asker, "visit", [row.uuid for row in visits])
    return History(
        [dict(row._mapping) for row in rounds],
        [{**row._mapping, "photos": photos.get(str(row.uuid), [])} for row in visits],
    )
