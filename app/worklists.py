"""The page of work lists (待核)."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from app.access import Role, require
from app.maps import shell, shell_version
from app.session import asker, db
from app.view import page_number
from data.areas import EVERYWHERE, area_range
from data.masks import mask_name, shown_name
from data.rules.words import MODE, OUTCOME, QUALITY, VERDICT
from data.worklists import Listing, house_candidates, work_list

bp = Blueprint("worklists", __name__)
NAMES = ("outside", "unplaced", "approximate", "unmatched_visits", "houses")
PLACES = (Role.SUPERVISOR, Role.ADMIN)


@bp.get("/worklists")
@require()
def page() -> str:
    """Households outside every village or without an exact place, visits at no known house, houses of nobody known."""
    who = asker()
    area = request.args.get("area")
    within = area_range(db(), area) if area else EVERYWHERE
    lists: dict[str, Listing] = {name: work_list(db(), name, within, page_number(f"{name}_page")) for name in NAMES}
    for name in ("outside", "unplaced", "approximate"):
        for row in lists[name].rows:
            row["head_name"] = shown_name(row["head_name"], who.role)
    candidates = house_candidates(db(), lists["houses"].rows)
    for row in lists["houses"].rows:
        # What the ledger stated is not kept with a house: this is the village it lies in.
        row["stated_area"] = row["village"]
        row["candidates"] = [
            {"name": mask_name(home["head_name"]), **{name: home[name] for name in ("id", "code", "distance_m")}}
            for home in candidates[row["id"]]
        ]
    may_place = who.role in PLACES
    return render_template(
        "worklists.html",
        **lists,
        area=area,
        may_place=may_place,
        shell=shell() if may_place else None,
        script_url=url_for("maps.script", v=shell_version()) if may_place else None,
        words={"mode": MODE, "outcome": OUTCOME, "verdict": VERDICT, "quality": QUALITY},
    )
