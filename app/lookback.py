"""Look-backs (回头看): the pages, what is recorded on them, and the same as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.session import asker, db
from app.view import current_view
from data.areas import CodeUnknown, area_range
from data.askers import RecordUnknown
from data.lookback import (
    VillageState,
    find_lookback,
    find_pick,
    list_lookbacks,
    modes_of,
    record_result,
    village_picks,
    village_states,
)
from data.lookback_draws import draw_lookback
from data.masks import mask_name, shown_name
from data.rules.lookback import STATES
from data.rules.lookback_claim import USUAL, LookbackError, Plan
from data.rules.words import MODE
from data.tables import Area, Campaign, Lookback
from geo.errors import Text

bp = Blueprint("lookback", __name__)
DECIDES = (Role.SUPERVISOR, Role.ADMIN)
LOOKS = (Role.INSPECTOR, Role.SUPERVISOR)
AHEAD = 20
RESULT = {
    "confirmed": Text("走访属实", "Confirmed"),
    "not_visited": Text("没有走访", "Not visited"),
    "untrue": Text("内容不实", "Content untrue"),
    "not_reached": Text("没联系上", "Not reached"),
}
REASON = {
    "suspect": Text("存疑走访", "Suspect visit"),
    "visitor_false": Text("走访员有虚假记录", "Visitor with false visits"),
    "visitor_suspect": Text("走访员存疑较多", "Visitor with many suspect visits"),
    "remote": Text("远程走访", "Remote visit"),
    "barely": Text("时间刚够", "Just long enough"),
    "never_looked_at": Text("从未回头看", "Never looked back at"),
    "key_group": Text("重点群体", "Key group"),
}
VILLAGE = {
    "village_id": "Key of the area",
    "code": "",
    "name": "",
    "eligible": "Households on the day of the draw",
    "counted": "Those that counted as visited",
    "needed": "Real visits that make the coverage",
    "state": "certified, refuted, going_on, stopped (not worth going on with), or void where households were deleted",
    "asked": "Households looked at, in their order",
    "decided_at": "How many it took; null while it goes on",
    "false": "Found false",
    "unreached": "Not reached or passed over",
    "still": "Least number still to ask; null if those not reached have to be reached, or if too many are false",
    "by_count": "Decided by counting, without probability",
}
LOOKBACK = {
    "id": "",
    "campaign": "Code",
    "round": "",
    "coverage": "Ratio to be proved",
    "error": "Greatest probability of a wrong statement",
    "reckoned": "Share of the false visits that would be one too many that the plan reckons with; null before plans",
    "power": "Least probability of certifying such a village before giving up; null before plans",
    "seed": "Of the draw",
    "villages": [VILLAGE],
}
PICK = {
    "id": "",
    "no": "Place in the order drawn",
    "household_id": "",
    "code": "",
    "head_name": "Masked by role",
    "address": "",
    "visitors": "Who visited",
    "reasons": ["Why it is looked at sooner"],
    "result": "confirmed, not_visited, untrue, not_reached or null",
    "mode": "home, phone, wechat, sms",
    "satisfied": "",
    "tries": "How often it was not reached",
    "looked_by": "",
    "remark": "",
}


@bp.get("/lookback")
@require()
def page() -> str:
    """Look-backs of the round: each village with what is proved of it."""
    view = current_view(db(), asker())
    drawn = list_lookbacks(db(), view.campaign.id, view.round_no)
    chosen = _chosen(drawn)
    states = village_states(db(), chosen, view.within) if chosen else ()
    return render_template(
        "lookback.html",
        view=view,
        campaign=view.campaign,
        drawn=drawn,
        chosen=chosen,
        states=states,
        counts={state: sum(one.state == state for one in states) for state in STATES},
        may_draw=asker().role in DECIDES,
    )


@bp.post("/lookback")
@require(*DECIDES)
def draw() -> AnyResponse:
    """Draw a look-back from the form."""
    view = current_view(db(), asker())
    percent = request.form.get("coverage", ""), request.form.get("error", "")
    try:
        coverage, error = (round(float(value) / 100, 4) for value in percent)
        made = draw_lookback(
            db(),
            view.campaign,
            view.round_no,
            view.within,
            coverage=coverage,
            error=error,
            asker=asker(),
        )
    except ValueError:
        abort(400)
    except LookbackError as problem:
        flash(problem.text.in_language(language()), "error")
        return redirect(url_for(".page", campaign=view.campaign.code, round=view.round_no))
    flash(_("已抽取并冻结。"), "success")
    return redirect(url_for(".page", campaign=view.campaign.code, round=view.round_no, lookback=made.id))


@bp.get("/lookback/<code>")
@require()
def village(code: str) -> str:
    """Whom to ask next in one village, in the order drawn."""
    view = current_view(db(), asker())
    drawn = list_lookbacks(db(), view.campaign.id, view.round_no)
    chosen = _chosen(drawn)
    within = _village_range(code)
    state = _state(chosen, within, code) if chosen else None
    picks = village_picks(db(), chosen, state.village_id, ahead=_ahead(state)) if chosen and state else []
    return render_template(
        "lookback_village.html",
        campaign=view.campaign,
        round_no=view.round_no,
        code=code,
        chosen=chosen,
        state=state,
        picks=[_shown(pick) for pick in picks],
        modes=modes_of(view.campaign),
        may_record=asker().role in LOOKS,
        words={"result": RESULT, "mode": MODE, "reason": REASON},
    )


@bp.post("/lookback/picks/<key:pick_id>")
@require(*LOOKS)
def tell(pick_id: int) -> AnyResponse:
    """Record a result from the form, and go back to the list."""
    pick = find_pick(db(), pick_id)
    try:
        record_result(
            db(),
            asker(),
            pick_id,
            result=request.form.get("result", ""),
            mode=request.form.get("mode", ""),
            looked_by=request.form.get("looked_by"),
            satisfied={"yes": True, "no": False}.get(request.form.get("satisfied", "")),
            remark=request.form.get("remark"),
        )
    except LookbackError as problem:
        flash(problem.text.in_language(language()), "error")
    else:
        flash(_("已记下第 %(no)s 户。", no=pick.no), "success")
    lookback = find_lookback(db(), pick.lookback_id)
    where = db().get_one(Area, pick.village_id)
    return redirect(
        url_for(
            ".village",
            code=where.code,
            campaign=lookback.campaign_id,
            round=lookback.round_no,
            lookback=lookback.id,
        )
    )


@bp.get("/api/v1/lookbacks")
@require()
@describe(
    Operation(
        "Look-backs of a round, newest first, with what is proved of each village",
        query={"campaign": "Number or code; the newest by default", "round": "Number", "area": "Code or name"},
        answer={"lookbacks": [LOOKBACK]},
    )
)
def listing() -> Response:
    """Look-backs of a round."""
    view = current_view(db(), asker())
    drawn = list_lookbacks(db(), view.campaign.id, view.round_no)
    return jsonify(lookbacks=[_told(view.campaign, one, view.within) for one in drawn])


@bp.post("/api/v1/lookbacks")
@require(*DECIDES)
@describe(
    Operation(
        "Draw a look-back and freeze it",
        query={"campaign": "", "round": "", "area": "The asker's area of duty by default"},
        body={
            "coverage": "Ratio to be proved, as 0.95",
            "error": "As 0.05",
            "reckoned": "Optional: share of the false visits that would be one too many to reckon with, as 0.2",
            "power": "Optional: least probability of certifying such a village before giving up, as 0.9",
            "seed": "Optional",
        },
        answer=LOOKBACK,
        statuses={400: "Not as described", 415: "Not JSON"},
    )
)
def draw_one() -> Response:
    """Draw a look-back."""
    view = current_view(db(), asker())
    wanted = _body()
    seed = wanted.get("seed")
    if seed is not None and (not isinstance(seed, str) or not 0 < len(seed) <= 100):
        abort(400)
    made = draw_lookback(
        db(),
        view.campaign,
        view.round_no,
        view.within,
        coverage=_ratio(wanted.get("coverage")),
        error=_ratio(wanted.get("error")),
        plan=Plan(_ratio(wanted.get("reckoned", USUAL.reckoned)), _ratio(wanted.get("power", USUAL.power))),
        seed=seed,
        asker=asker(),
    )
    return jsonify(_told(view.campaign, made, view.within))


@bp.get("/api/v1/lookbacks/<key:lookback_id>/villages/<code>")
@require()
@describe(
    Operation(
        "Households of one village in the order drawn",
        answer={"village": VILLAGE, "picks": [PICK]},
    )
)
def order(lookback_id: int, code: str) -> Response:
    """Whom to ask next."""
    lookback = find_lookback(db(), lookback_id)
    state = _state(lookback, _village_range(code), code)
    if state is None:
        raise RecordUnknown
    picks = village_picks(db(), lookback, state.village_id, ahead=_ahead(state))
    return jsonify(village=state.as_json(), picks=[{name: _shown(pick)[name] for name in PICK} for pick in picks])


@bp.post("/api/v1/lookback-picks/<key:pick_id>")
@require(*LOOKS)
@describe(
    Operation(
        "Record what a look-back found at a household",
        body={
            "result": "confirmed, not_visited, untrue, not_reached",
            "mode": "home, phone, wechat, sms",
            "looked_by": "Optional: who asked",
            "satisfied": "Optional: true or false",
            "remark": "Optional: what is new",
        },
        answer={"id": "", "result": "", "tries": ""},
        statuses={400: "Not as described", 409: "Its finding is confirmed", 422: "By a visitor of the household"},
    )
)
def tell_one(pick_id: int) -> Response:
    """Record one result."""
    find_pick(db(), pick_id)
    wanted = _body()
    satisfied = wanted.get("satisfied")
    words = {name: wanted.get(name) for name in ("looked_by", "remark")}
    if satisfied not in (None, True, False) or not all(isinstance(one, str | None) for one in words.values()):
        abort(400)
    pick = record_result(
        db(),
        asker(),
        pick_id,
        result=str(wanted.get("result")),
        mode=str(wanted.get("mode")),
        looked_by=words["looked_by"],
        satisfied=satisfied,
        remark=words["remark"],
    )
    return jsonify(id=pick.id, result=pick.result, tries=pick.tries)


def _chosen(drawn: Any) -> Lookback | None:
    wanted = request.args.get("lookback")
    for one in drawn:
        if wanted in (None, "", str(one.id)):
            found: Lookback = one
            return found
    return None


def _village_range(code: str) -> tuple[int, int]:
    """Range of a village by its code; one answer whether there is none or it is of another area."""
    try:
        return area_range(db(), code)
    except CodeUnknown as unknown:
        raise RecordUnknown from unknown


def _state(lookback: Lookback, within: tuple[int, int], code: str) -> VillageState | None:
    """How the village of this code stands; None if it was not drawn from or does not lie wholly in the asker's duty."""
    return next((state for state in village_states(db(), lookback, within) if state.code == code), None)


def _ahead(state: VillageState) -> int:
    """How many households to list: those that are needed at the least, and some more."""
    still = state.verdict.still if state.verdict else 0
    return AHEAD if still is None else min(max(still, AHEAD), 200)


def _told(campaign: Campaign, lookback: Lookback, within: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": lookback.id,
        "campaign": campaign.code,
        "round": lookback.round_no,
        "coverage": lookback.coverage,
        "error": lookback.error,
        "reckoned": lookback.reckoned,
        "power": lookback.power,
        "seed": lookback.seed,
        "villages": [state.as_json() for state in village_states(db(), lookback, within)],
    }


def _shown(pick: Mapping[str, Any]) -> dict[str, Any]:
    name = pick["head_name"]
    return {**pick, "head_name": shown_name(name, asker().role), "head_masked": mask_name(name)}


def _ratio(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        abort(400)
    return float(value)


def _body() -> dict[str, Any]:
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict):
        abort(400)
    return wanted
