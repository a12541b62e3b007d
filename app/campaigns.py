"""Campaigns (行动): what they are, by which clause, in which version; and the editor of their work plans."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import JOB, body_of, job_answer
from app.language import language
from app.session import asker, db
from app.stage_line import stage_line
from app.view import today
from data.areas import area_range
from data.bilingual import both, in_language
from data.campaign_summary import state_of, summarise
from data.campaigns import PlanTooLong, find_campaign, list_campaigns, list_rounds
from data.coverage import coverage_total
from data.jobs import add_job
from data.rules.plan import PlanError, plan_of
from data.rules.plan_contradictions import find_contradictions
from data.rules.plan_differences import differences, words_of
from data.rules.plan_editing import change_value, form_of
from data.rules.plan_reading import Reading, read_text
from data.rules.plan_words import CALENDAR, COHORT_RULE, EVERY, FORM_FIELD, TOPIC, VISIT_FIELD, VISITOR_RULE
from data.rules.words import AID_GROUP, KEY_GROUP, MODE, OUTCOME, VERDICT
from data.uploads import import_areas_of
from geo.errors import Text

bp = Blueprint("campaigns", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
MOST_TEXT = 200_000
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
FAULTS = [{"line": "From 1", "field": "", "found": "As in the text, or null", "expected": "", "sentence": ""}]
CONTRADICTIONS = [
    {
        "line": "",
        "field": "",
        "text": "",
        "clause": "Words of the document, or null",
        "clause_ref": "Where, or null",
        "counted": "False where a reader noted it in the plan",
    }
]
PREVIEW = {
    "version": "Of the campaign as it stands; 0 if it is new",
    "revision": "To be sent along when the plan is applied",
    "differences": [{"rule": "", "words": "", "before": "", "after": ""}],
    "visits": "Visits judged otherwise",
    "ways": [{"rules": ["Which rule"], "before": "Verdict in words", "after": "Verdict in words", "visits": ""}],
    "rounds": [
        {
            "no": "",
            "name": "",
            "before": COUNTS,
            "after": COUNTS,
            "joins": "Households that come into the cohort",
            "leaves": "Households that go out of it",
            "gains": "Households that become visited",
            "loses": "Households that are no longer visited",
        }
    ],
    "villages": [{"no": "Round", "code": "", "name": "", "before": COUNTS, "after": COUNTS}],
    "villages_in_all": "How many villages change; the list ends after 200",
    "rounds_kept": ["Rounds that the plan does not name and that stay"],
}


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


@bp.get("/campaigns/new")
@require(*WHO)
def new_page() -> str:
    """The editor with an empty plan."""
    return render_template("campaign_edit.html", campaign=None, text="", areas=_areas())


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


@bp.get("/campaigns/<campaign>/edit")
@require(*WHO)
def edit_page(campaign: str) -> str:
    """The editor with a campaign's plan."""
    found = find_campaign(db(), campaign)
    return render_template("campaign_edit.html", campaign=found, text=found.plan_text, areas=_areas())


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
            "name": _said(Text(one.name_zh, one.name_en)),
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
    return jsonify(_plain(summarise(db(), find_campaign(db(), campaign), today())))


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


@bp.post("/api/v1/campaigns/check")
@require(*WHO)
@describe(
    Operation(
        "Check the text of a work plan; numbers can be set in it first",
        body={"text": "TOML", "set": "Object of fields with their values, as in the form; may be left out"},
        answer={
            "text": "With the numbers set",
            "faults": FAULTS,
            "contradictions": CONTRADICTIONS,
            "form": [
                {
                    "table": "",
                    "name": "",
                    "clause": "",
                    "clause_ref": "",
                    "fields": [{"field": "", "words": "", "kind": "", "value": "", "clause": ""}],
                }
            ],
        },
        statuses={413: "The text is too long", 422: "The form has no such field"},
    )
)
def check() -> Response:
    """The faults of a text."""
    given = body_of()
    text = _text_of(given)
    wanted = given.get("set") or {}
    if not isinstance(wanted, dict):
        abort(400)
    for field, value in wanted.items():
        if value is not None and not isinstance(value, str | int | float | bool):
            abort(400)
        text = change_value(text, field, value)
    reading = read_text(text)
    return jsonify(
        text=text,
        faults=_faults(reading),
        contradictions=[
            {
                "line": one.line,
                "field": one.field,
                "text": _said(one.text),
                "clause": one.clause,
                "clause_ref": one.clause_ref,
                "counted": one.counted,
            }
            for one in ([] if reading.faults else find_contradictions(reading))
        ],
        form=[] if reading.faults else _form(reading),
    )


@bp.post("/api/v1/campaigns/preview")
@require(*WHO)
@describe(
    Operation(
        "Say what a work plan would do: who is counted, which visits are judged otherwise; nothing is changed",
        body={"text": "TOML", "area": "Code of the area of a new campaign; a campaign that is there keeps its own"},
        answer=PREVIEW,
        statuses={403: "The campaign or area is not the asker's as a whole", 422: "The plan has faults"},
    )
)
def preview() -> Response:
    """What a plan would do."""
    found, _, _ = _preview(body_of())
    return jsonify(found)


@bp.post("/api/v1/campaigns")
@require(*WHO)
@describe(
    Operation(
        "Apply a previewed work plan: a new campaign, or a new version of one; a job does it in one transaction",
        body={
            "text": "TOML",
            "area": "As in the preview",
            "revision": "Of the preview that was seen",
            "note": "Why; may be left out",
        },
        answer={"job": JOB},
        statuses={
            403: "The campaign or area is not the asker's as a whole",
            409: "The campaign has changed since the preview, or another plan is being applied",
            422: "The plan has faults",
        },
    )
)
def apply() -> Response:
    """Begin applying a plan."""
    from data.campaign_refusals import PlanConflict

    given = body_of()
    note = given.get("note") or None
    if not isinstance(given.get("revision"), str) or (note is not None and not isinstance(note, str)):
        abort(400)
    found, within, jurisdiction = _preview(given)
    if found["revision"] != given["revision"]:
        raise PlanConflict(found["version"])
    payload = {
        "text": _text_of(given),
        "revision": given["revision"],
        "jur": jurisdiction[0],
        "jur_end": jurisdiction[1],
        "note": note[:500] if note else None,
    }
    return job_answer(add_job(db(), asker(), "plan", within, payload=payload))


def _preview(given: dict[str, Any]) -> tuple[dict[str, Any], tuple[int, int], tuple[int, int]]:
    """The preview as JSON, the campaign's range, and the range that was asked for."""
    from data.campaign_versions import preview_for, range_for
    from data.imports.limits import Limits

    session, who = db(), asker()
    text = _text_of(given)
    reading = read_text(text)
    if reading.faults:
        raise PlanError(reading.faults)
    plan = plan_of(reading, text)
    area = given.get("area")
    jurisdiction = area_range(session, area) if area else who.duty[0]
    found = preview_for(session, plan, jurisdiction, Limits(who.duty, who.duty))
    answer = _plain(found.as_json())
    for one in answer["differences"]:
        one["words"] = _said(words_of(one["rule"]))
    for way in answer["ways"]:
        way["words"] = [_said(words_of(rule)) for rule in way["rules"]]
        way["before"], way["after"] = (_said(VERDICT[way[name]]) for name in ("before", "after"))
    for one in answer["rounds"]:
        one["name"] = _said(Text(one.pop("name_zh"), one.pop("name_en")))
    return answer, range_for(session, plan, jurisdiction), jurisdiction


def _areas() -> list[dict[str, str]]:
    """Areas a new campaign may be for."""
    return [{"code": code, "name": name} for code, name in import_areas_of(db(), asker())]


def _days(row: Any) -> dict[str, Any]:
    return {"starts_on": row.starts_on, "ends_on": row.ends_on}


def _faults(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "line": one.line,
            "field": one.field,
            "found": one.found,
            "expected": _said(one.expected),
            "sentence": _said(one.sentence),
        }
        for one in reading.faults
    ]


def _form(reading: Reading) -> list[dict[str, Any]]:
    """The form in the asker's language."""
    form = []
    for part in form_of(reading.content):
        fields = [{**one, "words": _said(FORM_FIELD[one["key"]])} for one in part["fields"]]
        name = in_language(both(Text(part["name_zh"] or "", part["name_en"] or "")), language())
        told = {key: part[key] for key in ("clause", "clause_ref")}
        form.append({"table": _said(words_of(part["table"])), "name": name, **told, "fields": _plain(fields)})
    return form


def _text_of(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        abort(400)
    if len(text.encode()) > MOST_TEXT:
        raise PlanTooLong
    return text


def _plain(value: Any) -> Any:
    """Days as ISO text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _said(text: Text) -> str:
    return text.in_language(language())
