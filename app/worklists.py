"""The page of work lists (待核)."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.access import require
from app.session import asker, db
from data.areas import EVERYWHERE, area_range
from data.masks import shown_name
from data.rules.words import MODE, OUTCOME, VERDICT
from data.worklists import Listing, work_list

bp = Blueprint("worklists", __name__)
NAMES = ("outside", "unplaced", "unmatched_visits")


@bp.get("/worklists")
@require()
def page() -> str:
    """Households outside every village, households without a place, visits at no known house."""
    who = asker()
    area = request.args.get("area")
    within = area_range(db(), area) if area else EVERYWHERE
    lists: dict[str, Listing] = {
        name: work_list(db(), name, within, _page(request.args.get(f"{name}_page"))) for name in NAMES
    }
    for name in ("outside", "unplaced"):
        for row in lists[name].rows:
            row["head_name"] = shown_name(row["head_name"], who.role)
    return render_template("worklists.html", **lists, words={"mode": MODE, "outcome": OUTCOME, "verdict": VERDICT})


def _page(value: str | None) -> int:
    return max(1, int(value)) if value and value.isdigit() and len(value) < 7 else 1
