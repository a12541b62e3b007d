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
            "valid_until": "Last day on which that appraisal is valid, or null",
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
                {
                    "id": "",
                    "appraised_on": "",
                    "standard": "Key of one of the five standards, or the words of a ledger",
                    "raw": "Grade as another standard has it",
                    "findings": {"site": "", "parts": "By part: level and points", "measures": ""},
                    "computed": "Grade that follows from the findings; null if none does",
                    "result": "A–D, as decided",
                    "override_reason": "Why the result is another one",
                    "appraiser": "Organisation or group",
                    "appraised_by": "People",
                    "cause": "first, again, disaster or renovated",
                    "valid_until": "",
                    "remark": "",
                    "created_at": "When it was added",
                    "superseded_by": "Key of the appraisal that corrects it, or null",
                    "by_hand": "Whether a person entered it; else it came with a ledger",
                    "stands": "Whether it is the one that sets the grade",
                }
            ],
            "sites": [{"id": "", "method": "", "stage": ""}],
        },
    )
)
def card(house_id: int) -> Response:
    """The card of a house."""
    return jsonify(house_card(db(), house_id, asker()))
