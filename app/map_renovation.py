"""Numbers behind the map's themes of renovation: sites and payments by village, dangerous houses by area."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.access import require
from app.caching import keep_until_changed
from app.maps import one_of
from app.renovation import sees_money
from app.session import asker, db
from app.view import current_view, today
from data.area_columns import BY
from data.live import version_tag
from data.renovation.on_map import danger_by_area, sites_on_map
from data.rules.gates import LATE_DAYS, PAID_DAYS

bp = Blueprint("map_renovation", __name__)


@bp.get("/map/renovation.json")
@require()
def renovation() -> Response:
    """Sites of a view by how they stand, payments by class, and both by village; as of today."""
    session, now = db(), today()
    view = current_view(session, asker())
    tag = version_tag(session, view.campaign.id, view.round_no)
    kept = keep_until_changed(tag, view.within, now, sees_money())
    if kept.answer:
        return kept.answer
    found = sites_on_map(session, view.within, now, money=sees_money())
    return kept.mark(jsonify({**found, "as_of": now.isoformat(), "late_days": LATE_DAYS, "paid_days": PAID_DAYS}))


@bp.get("/map/danger.json")
@require()
def danger() -> Response:
    """Houses of each area of a level: of grade C or D, appraised, all; as of today."""
    session, who = db(), asker()
    view = current_view(session, who)
    by = one_of("by", BY, "village")
    kept = keep_until_changed(version_tag(session, view.campaign.id, view.round_no), by, today())
    if kept.answer:
        return kept.answer
    return kept.mark(
        jsonify({"by": by, "areas": danger_by_area(session, by, duty=who.duty), "as_of": today().isoformat()})
    )
