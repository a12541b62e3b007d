"""The editor of work plans (修改方案): a text is checked, what it would change is shown, then it is applied."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template

from app.access import require
from app.api import Operation, describe
from app.campaigns import COUNTS, WHO, plain, said
from app.job_answers import JOB, body_of, job_answer
from app.language import language
from app.session import asker, db
from data.areas import area_range
from data.bilingual import both, in_language
from data.campaigns import PlanTooLong, find_campaign
from data.jobs import add_job
from data.rules.plan import PlanError, plan_of
from data.rules.plan_contradictions import find_contradictions
from data.rules.plan_differences import words_of
from data.rules.plan_editing import change_value, form_of
from data.rules.plan_reading import Reading, read_text
from data.rules.plan_words import FORM_FIELD
from data.rules.words import VERDICT
from data.uploads import import_areas_of
from geo.errors import Text

bp = Blueprint("campaign_editing", __name__)
MOST_TEXT = 200_000
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


@bp.get("/campaigns/new")
@require(*WHO)
def new_page() -> str:
    """The editor with an empty plan."""
    return render_template("campaign_edit.html", campaign=None, text="", areas=_areas())


@bp.get("/campaigns/<campaign>/edit")
@require(*WHO)
def edit_page(campaign: str) -> str:
    """The editor with a campaign's plan."""
    found = find_campaign(db(), campaign)
    return render_template("campaign_edit.html", campaign=found, text=found.plan_text, areas=_areas())


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
                "text": said(one.text),
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
    answer = plain(found.as_json())
    for one in answer["differences"]:
        one["words"] = said(words_of(one["rule"]))
    for way in answer["ways"]:
        way["words"] = [said(words_of(rule)) for rule in way["rules"]]
        way["before"], way["after"] = (said(VERDICT[way[name]]) for name in ("before", "after"))
    for one in answer["rounds"]:
        one["name"] = said(Text(one.pop("name_zh"), one.pop("name_en")))
    return answer, range_for(session, plan, jurisdiction), jurisdiction


def _areas() -> list[dict[str, str]]:
    """Areas a new campaign may be for."""
    return [{"code": code, "name": name} for code, name in import_areas_of(db(), asker())]


def _faults(reading: Reading) -> list[dict[str, Any]]:
    return [
        {
            "line": one.line,
            "field": one.field,
            "found": one.found,
            "expected": said(one.expected),
            "sentence": said(one.sentence),
        }
        for one in reading.faults
    ]


def _form(reading: Reading) -> list[dict[str, Any]]:
    """The form in the asker's language."""
    form = []
    for part in form_of(reading.content):
        fields = [{**one, "words": said(FORM_FIELD[one["key"]])} for one in part["fields"]]
        name = in_language(both(Text(part["name_zh"] or "", part["name_en"] or "")), language())
        told = {key: part[key] for key in ("clause", "clause_ref")}
        form.append({"table": said(words_of(part["table"])), "name": name, **told, "fields": plain(fields)})
    return form


def _text_of(given: dict[str, Any]) -> str:
    text = given.get("text")
    if not isinstance(text, str):
        abort(400)
    if len(text.encode()) > MOST_TEXT:
        raise PlanTooLong
    return text
