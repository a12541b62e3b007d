"""Houses (农房) as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.households import HEAD, PLACE
from app.session import asker, db
from data.houses import house_card

bp = Blueprint("houses", __name__)


@bp.get("/api/v1/houses/<key:house_id>")
@require()
@describe(
    Operation(
        "One house with its appraisals and renovation sites",
        answer={
            "id": "Key",
            "code": "House code of the ledger",
            "grade": "A–D; null = not appraised",
            "appraised_on": "Day of the latest appraisal",
            "standard": "Standard of the latest appraisal",
            "structure": "",
            "built_year": "",
            "area_m2": "Square metres",
            "storeys": "",
            "address": "",
            "remark": "",
            "household_id": "",
            "household_code": "",
            "household_ref": "What the ledger says if no such household is known",
            **HEAD,
            "village": "Name",
            "grid": "Name",
            **PLACE,
            "appraisals": [
                {"id": "", "appraised_on": "", "standard": "", "result": "", "override_reason": "", "appraiser": ""}
            ],
            "sites": [{"id": "", "method": "", "stage": ""}],
        },
    )
)
def card(house_id: int) -> Response:
    """The card of a house."""
    return jsonify(house_card(db(), house_id, asker()))
