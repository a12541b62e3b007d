"""Coverage of monitoring on the map: areas of a level with households checked and monitored in a round, as GeoJSON."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response

from app.access import require
from app.caching import keep_by_content
from app.maps import one_of
from app.monitoring import asked_round
from app.session import asker, db
from app.view import today
from data.area_columns import BY
from data.areas import EVERYWHERE
from data.monitoring.listing import round_coverage
from data.monitoring.rounds import list_rounds
from data.overview import area_shapes

bp = Blueprint("monitoring_map", __name__)


@bp.get("/map/monitoring.json")
@require()
def areas() -> Response:
    """Areas of a level: ``visited`` of ``eligible`` monitored households were checked; none monitored, no ratio."""
    by = one_of("by", BY, "village")
    duty = asker().duty
    found = asked_round(list_rounds(db(), duty[0] if len(duty) == 1 else EVERYWHERE), "monitoring")
    counts = round_coverage(db(), found["id"], by, duty) if found else {}
    features = []
    for key, shape in sorted(area_shapes(db(), by, duty=duty).items(), key=lambda item: str(item[1]["code"])):
        checked, n = counts.get(key, (0, 0))
        told: dict[str, Any] = {
            "code": shape["code"],
            "name": shape["name"],
            "level": by,
            "label": shape["label"],
            "bbox": shape["bbox"],
            "eligible": n,
            "visited": checked,
            "remaining": n - checked,
            "ratio": checked / n if n else None,
        }
        # The outline goes on as the database wrote it.
        features.append(
            f'{{"type": "Feature", "id": {key}, "geometry": {shape["geometry"] or "null"}, '
            f'"properties": {json.dumps(told)}}}'
        )
    head = json.dumps({"type": "FeatureCollection", "by": by, "as_of": today().isoformat(), "round": _told(found)})
    return keep_by_content(Response(f'{head[:-1]}, "features": [{",".join(features)}]}}', mimetype="application/json"))


def _told(found: dict[str, Any] | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "id": found["id"],
        "area": found["area"],
        "month": f"{found['month']:%Y-%m}",
        "disaster": found["disaster"],
    }
