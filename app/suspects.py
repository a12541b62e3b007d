"""Doubtful visits (存疑): what looks wrong and why, what the inspector answers, what somebody else rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.session import asker, db
from app.view import View, current_view, place_of
from data.households import iso
from data.rules.suspicions import DETECTOR, RULING, STATE, WORD, evidence_text
from data.rulings import RulingRefused, answer_doubt, rule_visits
from data.suspicions import Doubts, count_open, list_doubts, screened_at
from geo.errors import Text

bp = Blueprint("suspects", __name__)
RULERS = (Role.SUPERVISOR, Role.LEADER)
# Metres of a degree of latitude; of the small pictures, not of any figure.
_DEGREE_M = 111_195.0
_PICTURE = 96


@dataclass(frozen=True)
class Dot:
    """A place in a small picture: ``house``, ``fix`` or ``other``."""

    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class Picture:
    """House, fix and the other visit's fix, north up, with how many metres the picture is wide."""

    dots: Sequence[Dot]
    metres: int


@bp.get("/suspects")
@require()
def page() -> str:
    """The list, most urgent first, by worker and day; an inspector sees the own visits and answers."""
    view = current_view(db(), asker())
    doubts = _doubts(view)
    for row in doubts.rows:
        row["picture"] = _picture(row)
        for one in row["evidence"]:
            one["label"] = _said(DETECTOR.get(one["detector"], Text(one["detector"], one["detector"])))
            one["sentence"] = _said(evidence_text(one["detector"], one["value"], one["against"]))
    return render_template(
        "suspects.html",
        view=view,
        place=place_of(db(), view),
        doubts=doubts,
        days=[list(rows) for _key, rows in groupby(doubts.rows, key=lambda row: (row["visitor"], row["day"]))],
        counts=count_open(db(), view.campaign.id, view.round_no, view.within),
        screened_at=screened_at(db(), view.campaign.id, view.round_no),
        may_rule=asker().role in RULERS,
        words={"detector": DETECTOR, "state": STATE, "ruling": RULING, "word": WORD},
        chosen={name: request.args.get(name, "") for name in ("state", "detector", "visitor")},
    )


@bp.post("/suspects/rule")
@require(*RULERS)
def rule_form() -> AnyResponse:
    """Rule on the visits that are ticked."""
    try:
        numbers = [_number(value) for value in request.form.getlist("visit")]
        done = rule_visits(db(), asker(), numbers, request.form.get("ruling", ""), request.form.get("reason", ""))
        flash(_("已判定 %(n)s 条走访，覆盖率随之更新。", n=done), "success")
    except RulingRefused as refusal:
        flash(_said(refusal.text), "error")
    return _back()


@bp.post("/suspects/answer")
@require()
def answer_form() -> AnyResponse:
    """Answer for one's own visit."""
    try:
        answer_doubt(db(), asker(), _number(request.form.get("visit")), request.form.get("words", ""))
        flash(_("已保存说明，主管判定时会看到。"), "success")
    except RulingRefused as refusal:
        flash(_said(refusal.text), "error")
    return _back()


@bp.get("/api/v1/suspicions")
@require()
@describe(
    Operation(
        "Doubtful visits with their evidence, most urgent first",
        query={
            "campaign": "Number or code; the newest by default",
            "round": "Number of the round; the current one by default",
            "area": "Code of the area; one's own area of duty by default",
            "state": "open, answered or ruled; all by default",
            "detector": "Only those this detector speaks of",
            "visitor": "Only those of this visitor",
            "page": "Number; 50 rows a page",
        },
        answer={
            "total": "All rows",
            "page": "",
            "pages": "",
            "screened_at": "When the round was last looked at",
            "counts": {"open": "", "answered": "", "ruled": ""},
            "rows": [
                {
                    "visit": "Number of the visit",
                    "household_id": "",
                    "household_code": "",
                    "head_name": "Masked by role",
                    "village": "",
                    "visitor": "",
                    "started_at": "",
                    "minutes": "",
                    "probability": "That it did not take place as recorded, by all detectors",
                    "state": "",
                    "ruling": "genuine, false or void",
                    "word": "Of the household: confirmed, denied, unsure",
                    "is_own": "Whether the asker made it",
                    "evidence": [
                        {
                            "detector": "",
                            "score": "Weight, 0 to 8",
                            "value": "Measured",
                            "against": "Compared with",
                            "other": "Number of another visit",
                            "sentence": "In words",
                        }
                    ],
                    "notes": [{"act": "answer or ruling", "ruling": "", "words": "", "actor": "", "at": ""}],
                }
            ],
        },
    )
)
def listing() -> Response:
    """The list as JSON."""
    view = current_view(db(), asker())
    doubts = _doubts(view)
    seen = screened_at(db(), view.campaign.id, view.round_no)
    return jsonify(
        total=doubts.total,
        page=doubts.page,
        pages=doubts.pages,
        screened_at=iso(seen),
        counts=count_open(db(), view.campaign.id, view.round_no, view.within),
        rows=[_row(row) for row in doubts.rows],
    )


@bp.post("/api/v1/suspicions/rulings")
@require(*RULERS)
@describe(
    Operation(
        "Rule on visits; never on one's own. All of them or none",
        body={"visits": "Numbers, at most 200", "ruling": "genuine, false or void", "reason": "Why, kept and audited"},
        answer={"ruled": "How many"},
        statuses={400: "Not as described, or the form token is missing", 415: "Not JSON", 422: "Not taken, with why"},
    )
)
def rule() -> Response:
    """Rule on visits."""
    body = _body()
    numbers = body.get("visits")
    if not isinstance(numbers, list) or not isinstance(body.get("reason"), str):
        abort(400)
    ruled = rule_visits(db(), asker(), [_number(one) for one in numbers], str(body.get("ruling")), body["reason"])
    return jsonify(ruled=ruled)


@bp.post("/api/v1/suspicions/<key:no>/answer")
@require()
@describe(
    Operation(
        "Answer for one's own visit",
        body={"words": "What was so"},
        answer={"answered": "Number of the visit"},
        statuses={400: "Not as described, or the form token is missing", 415: "Not JSON", 422: "Not taken, with why"},
    )
)
def answer(no: int) -> Response:
    """Answer for one's own visit."""
    words = _body().get("words")
    if not isinstance(words, str):
        abort(400)
    answer_doubt(db(), asker(), no, words)
    return jsonify(answered=no)


def _doubts(view: View) -> Doubts:
    args = request.args
    number = args.get("page", "")
    return list_doubts(
        db(),
        asker(),
        view.campaign.id,
        view.round_no,
        view.within,
        state=args.get("state") or None,
        detector=args.get("detector") or None,
        visitor=args.get("visitor") or None,
        page=max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1,
    )


def _row(row: dict[str, Any]) -> dict[str, Any]:
    plain = ("household_id", "household_code", "head_name", "village", "visitor", "minutes", "probability", "state")
    evidence = [
        {
            **{name: one[name] for name in ("detector", "score", "value", "against", "other")},
            "sentence": _said(evidence_text(one["detector"], one["value"], one["against"])),
        }
        for one in row["evidence"]
    ]
    notes = [
        {**{name: note[name] for name in ("act", "ruling", "words", "actor")}, "at": iso(note["at"])}
        for note in row["notes"]
    ]
    return {
        "visit": row["no"],
        **{name: row[name] for name in plain},
        "started_at": iso(row["started_at"]),
        **{name: row[name] for name in ("ruling", "word", "is_own")},
        "evidence": evidence,
        "notes": notes,
    }


def _picture(row: dict[str, Any]) -> Picture | None:
    """House, fix and the first other visit's fix, scaled to fit; None where there are not two places to compare."""
    places = [("house", row["home_lon"], row["home_lat"]), ("fix", row["lon"], row["lat"])]
    others = [one for one in row["evidence"] if one["other_lon"] is not None]
    places += [("other", one["other_lon"], one["other_lat"]) for one in others[:1]]
    known = [(kind, lon, lat) for kind, lon, lat in places if lon is not None and lat is not None]
    if len(known) < 2:
        return None
    lon_0 = (min(p[1] for p in known) + max(p[1] for p in known)) / 2
    lat_0 = (min(p[2] for p in known) + max(p[2] for p in known)) / 2
    east = _DEGREE_M * math.cos(math.radians(lat_0))
    flat = [(kind, (lon - lon_0) * east, (lat - lat_0) * _DEGREE_M) for kind, lon, lat in known]
    reach = max(10.0, *(max(abs(x), abs(y)) for _kind, x, y in flat))
    scale = (_PICTURE / 2 - 12) / reach
    dots = [Dot(kind, round(_PICTURE / 2 + x * scale, 1), round(_PICTURE / 2 - y * scale, 1)) for kind, x, y in flat]
    return Picture(dots, round(_PICTURE / scale))


def _back() -> AnyResponse:
    query = request.form.get("query", "")
    return redirect(f"/suspects?{query}" if query else "/suspects", 303)


def _body() -> dict[str, Any]:
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict):
        abort(400)
    return wanted


def _number(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62:
        abort(400)
    return value


def _said(words: Text) -> str:
    return words.in_language(language())
