"""Campaigns (行动): what they are, by which clause, in which version."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.session import asker, db
from app.stage_line import stage_line
from app.view import today
from data.campaign_summary import state_of, summarise
from data.campaigns import find_campaign, list_campaigns, list_rounds
from data.coverage import coverage_total
from data.rules.plan_contradictions import find_contradictions
from data.rules.plan_differences import differences, words_of
from data.rules.plan_reading import read_text
from data.rules.plan_words import CALENDAR, COHORT_RULE, EVERY, TOPIC, VISIT_FIELD, VISITOR_RULE
from data.rules.words import AID_GROUP, KEY_GROUP, MODE, OUTCOME
from geo.errors import Text

bp = Blueprint("campaigns", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
WORDS = {
    "cohort_rule": COHORT_RULE,
    "visitor_rule": VISITOR_RULE,
    "calendar": CALENDAR,
    "every": EVERY,
    "topic": TOPIC,
    "group": {**AID_GROUP, **KEY_GROUP},
    "mode": MODE,
    "outcome": OUTCOME,
    "visit": VISIT_FIELD,
}
COUNTS = {"eligible": "Households of the cohort", "visited": "", "ratio": "Unrounded; null without households"}


@bp.get("/campaigns")
@require()
def page() -> str:
    """All campaigns that concern the asker's area."""
    session, day = db(), today()
    rows = []
    for campaign in list_campaigns(session):
        rounds = [
            (row, coverage_total(session, campaign.id, row.no), state_of(_days(row), day))
            for row in list_rounds(session, campaign.id)
        ]
        rows.append((campaign, rounds))
    return render_template("campaigns.html", rows=rows, may_edit=asker().role in WHO)


@bp.get("/campaigns/<campaign>")
@require()
def campaign_page(campaign: str) -> str:
    """What a campaign is: each rule with its clause, and its versions."""
    from data.campaign_versions import list_versions

    session, day = db(), today()
    found = find_campaign(session, campaign)
    versions = list_versions(session, found.id)
    changes = []
    for (version, who), earlier in zip(versions, [*(one for one, _ in versions[1:]), None], strict=True):
        changes.append((version, who, differences(earlier.plan, version.plan) if earlier is not None else None))
    reading = read_text(found.plan_text)
    return render_template(
        "campaign.html",
        campaign=found,
        summary=summarise(session, found, day),
        versions=changes,
        contradictions=[] if reading.faults else find_contradictions(reading),
        today=day,
        words=WORDS,
        words_of=words_of,
        line=stage_line(found.plan.get("stage", []), day),
        may_edit=asker().role in WHO and asker().covers(found.jur, found.jur_end),
    )


@bp.get("/api/v1/campaigns")
@require()
@describe(
    Operation(
        "Campaigns that concern the asker's area, newest first",
        answer={"rows": [{"id": "", "code": "", "name": "", "version": "", "target": "", "rounds": "How many"}]},
    )
)
def campaigns() -> Response:
    """The list as JSON."""
    rows = [
        {
            "id": one.id,
            "code": one.code,
            "name": said(Text(one.name_zh, one.name_en)),
            "version": one.version,
            "target": one.target,
            "rounds": len(list_rounds(db(), one.id)),
        }
        for one in list_campaigns(db())
    ]
    return jsonify(rows=rows)


@bp.get("/api/v1/campaigns/<campaign>")
@require()
@describe(
    Operation(
        "A campaign: its rounds with counts, and every table of its plan with the clauses",
        answer={
            "id": "",
            "code": "",
            "name_zh": "",
            "name_en": "",
            "target": "",
            "version": "",
            "area": "Name of its area, or null",
            "rounds": [{"no": "", "cohort": "Key", "target": "", **COUNTS}],
            "plan": {"visit": {"min_minutes": ""}, "visitor": [{"kind": ""}], "deadline": [{"key": ""}]},
        },
    )
)
def campaign_json(campaign: str) -> Response:
    """A campaign as JSON."""
    return jsonify(plain(summarise(db(), find_campaign(db(), campaign), today())))


@bp.get("/api/v1/campaigns/<campaign>/rules/<rule>")
@require()
@describe(
    Operation(
        "A rule of a campaign, or all of a table: number, clause, since which version, and what it decides",
        answer={
            "rows": [
                {
                    "rule": "",
                    "words": "",
                    "value": "",
                    "clause": "",
                    "clause_ref": "",
                    "since": "Version",
                    "since_at": "",
                    "decides": "",
                    "visits": "Visits in the asker's area that it decides, or null",
                    "households": "Of its cohort in the asker's area, or null",
                }
            ]
        },
        statuses={404: "No such campaign or rule"},
    )
)
def explain(campaign: str, rule: str) -> Response:
    """A rule explained."""
    from data.campaign_versions import explain_rules

    found = explain_rules(db(), find_campaign(db(), campaign), rule)
    return jsonify(rows=[one.as_json(language()) for one in found])


@bp.get("/api/v1/campaigns/<campaign>/versions/<int:version>")
@require()
@describe(
    Operation(
        "A version of a campaign's plan, as it was applied",
        answer={"no": "", "made_at": "", "note": "", "text": "TOML"},
        statuses={404: "No such campaign or version"},
    )
)
def version_json(campaign: str, version: int) -> Response:
    """A past version as text."""
    from data.campaign_versions import list_versions

    for one, _ in list_versions(db(), find_campaign(db(), campaign).id):
        if one.no == version:
            return jsonify(no=one.no, made_at=one.made_at.isoformat(), note=one.note, text=one.plan_text)
    abort(404)


def _days(row: Any) -> dict[str, Any]:
    return {"starts_on": row.starts_on, "ends_on": row.ends_on}


def plain(value: Any) -> Any:
    """Days as ISO text."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def said(text: Text) -> str:
    """A text in the language of whoever asks."""
    return text.in_language(language())
