"""Routes (路线) as pages: the list of plans, the form of a new one, and the plan on map, timeline and lists.

The pages hold no record: who may be sent, what is chosen and what is planned come as JSON.
"""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, Response, jsonify, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.job_answers import body_of
from app.language import language
from app.maps import shell, shell_version
from app.routes_api import READERS, WHO, planned_view
from app.session import asker, db
from app.view import current_view, today
from data.askers import RecordUnknown
from data.campaigns import list_campaigns
from data.gaps import VISITS_PER_DAY
from data.route_plans.keeping import find_plan
from data.route_plans.listing import list_plans
from data.route_plans.making import VISIT_MINUTES, look_round
from data.route_plans.walking import has_route
from data.route_plans.wishes import read_wish
from data.rules.plan import VisitRule
from data.rules.words import KEY_GROUP

bp = Blueprint("routes_page", __name__)
# A tenth of a second of arc, some metres: enough for dots, and half as long as the whole number.
_DECIMALS = 5
# Neighbours for whom nobody comes twice: a yard, or a few houses of a lane.
_NEAR_M = 30


@bp.get("/routes")
@require(*READERS)
def page() -> str:
    """The plans of a round."""
    if not list_campaigns(db()):
        return render_template("routes.html", view=None)
    view = current_view(db(), asker())
    plans = list_plans(db(), view.campaign.id, view.round_no)
    return render_template("routes.html", view=view, plans=plans, may=asker().role in WHO)


@bp.get("/routes/new")
@require(*WHO)
def new_page() -> str:
    """The form of a new plan."""
    if not list_campaigns(db()):
        return render_template("routes_new.html", view=None)
    view = current_view(db(), asker())
    rule = VisitRule.from_plan(view.campaign.plan)
    return render_template(
        "routes_new.html",
        view=view,
        campaign=view.campaign.code,
        key_groups=[(key, name.in_language(language())) for key, name in KEY_GROUP.items()],
        most=round(rule.per_inspector_day or VISITS_PER_DAY),
        minutes=max(1, round(rule.min_minutes or VISIT_MINUTES)),
        near_m=_NEAR_M,
        today=today(),
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
    )


@bp.get("/routes/<key:route_id>")
@require(*READERS, Role.INSPECTOR)
def plan_page(route_id: int) -> str | AnyResponse:
    """One plan, which the script asks for; whoever walks it, and scans its sheet, has it in the field app."""
    if asker().role is Role.INSPECTOR:
        if not has_route(db(), asker(), route_id):
            raise RecordUnknown
        return redirect(url_for("field.page"))
    find_plan(db(), route_id)
    return render_template(
        "routes_plan.html",
        plan_id=route_id,
        may=asker().role in WHO,
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
    )


@bp.post("/routes/chosen.json")
@require(*WHO)
def chosen() -> Response:
    """How many households a choice holds, how many of them no plan can take and why, and where they are."""
    view = planned_view()
    wish = read_wish({**body_of(), "days": [today().isoformat()]})
    ground = look_round(db(), view.campaign, view.planned, view.within, wish)
    left_out = Counter(ground.left_out.values())
    return jsonify(
        households=len(ground.homes),
        no_place=left_out["no_place"],
        no_duty=left_out["no_duty"],
        points=[
            [round(home.lon, _DECIMALS), round(home.lat, _DECIMALS)]
            for home in ground.homes
            if home.lon is not None and home.lat is not None
        ],
    )
