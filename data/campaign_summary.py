"""A campaign as pages and commands show it: its plan's tables with the counts of each round and cohort."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.campaign_changes import cohort_size
from data.campaigns import list_rounds, target_of, whole_plan
from data.coverage import coverage_total
from data.rules.plan import Cohort, PlannedRound
from data.tables import Campaign


def summarise(session: Session, campaign: Campaign, today: date) -> dict[str, Any]:
    """A campaign with the counts of those of its households that the asker sees.

    Returns
    -------
    dict
        ``plan``: the tables of the plan, of which ``cohort`` has ``eligible`` with it and ``stage`` has ``state``
        (``over``, ``now``, ``to_come``, or None for a stage without days); ``rounds``: each with its counts, target
        and cohort.
    """
    plan = whole_plan(campaign)
    rounds = []
    sizes: dict[str, int] = {}
    planned = {one["no"]: one for one in plan.get("round", ())}
    for row in list_rounds(session, campaign.id):
        total = coverage_total(session, campaign.id, row.no)
        said: Mapping[str, Any] = planned.get(row.no, {})
        target = target_of(campaign, row)
        cohort = said.get("cohort", plan["campaign"].get("cohort", "all_households"))
        sizes.setdefault(cohort, total.eligible)
        rounds.append(
            {
                "no": row.no,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "starts_on": row.starts_on,
                "ends_on": row.ends_on,
                "stage": said.get("stage"),
                "cohort": cohort,
                "cohort_rule": row.cohort_rule,
                "target": target,
                "eligible": total.eligible,
                "visited": total.visited,
                "ratio": total.ratio,
                "to_target": total.to_target(target),
                "clause": said.get("clause"),
                "clause_ref": said.get("clause_ref"),
            }
        )
    cohorts = [
        {**one, "eligible": sizes[one["key"]] if one["key"] in sizes else _size(session, campaign, one)}
        for one in plan.get("cohort", ())
    ]
    stages = [{**one, "state": state_of(one, today)} for one in plan.get("stage", ())]
    return {
        "id": campaign.id,
        "code": campaign.code,
        "name_zh": campaign.name_zh,
        "name_en": campaign.name_en,
        "target": campaign.target,
        "version": campaign.version,
        "area": _area(session, campaign),
        "rounds": rounds,
        "plan": {**plan, "cohort": cohorts, "stage": stages},
    }


def state_of(row: Mapping[str, Any], today: date) -> str | None:
    """Where a stage or round stands by its days, which may be ISO text."""
    starts, ends = (_day(row.get(name)) for name in ("starts_on", "ends_on"))
    if ends is not None and today > ends:
        return "over"
    if starts is not None and today < starts:
        return "to_come"
    return "now" if starts is not None or ends is not None else None


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _size(session: Session, campaign: Campaign, one: Mapping[str, Any]) -> int:
    since, until = _day(one.get("since")), _day(one.get("until"))
    cohort = Cohort(one["key"], one["rule"], tuple(one.get("groups", ())), since, until)
    return cohort_size(session, PlannedRound(0, "", "", cohort=cohort), (campaign.jur, campaign.jur_end))


def _area(session: Session, campaign: Campaign) -> str | None:
    """Name of the area a campaign is for, if the asker sees it; None for everywhere."""
    found: str | None = session.scalar(
        text("""select name from area where jur = :jur and jur_end = :jur_end and valid_to is null
                 order by id limit 1"""),
        {"jur": campaign.jur, "jur_end": campaign.jur_end},
    )
    return found
