"""Sites of concern (环境整治点) as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify

from app.access import require
from app.api import Operation, describe
from app.concerns import asked_concerns
from app.session import asker, db
from app.view import page_number, today
from data.concerns import PAGE, Tally, concern_file, concern_page, count_concerns
from data.households import iso
from data.rules.concerns import SEEN, STATE, WITHIN_DAYS
from data.rules.marks import CONCERNS

bp = Blueprint("concerns_api", __name__)
_TALLY = {
    "found": "Sites: the denominator",
    "cleared": "Of them cleared now",
    "relapsed": "Of them seen dirty again after they were cleared",
    "overdue": "Not cleared by their deadline",
    "unseen": f"Last seen more than {WITHIN_DAYS} days ago",
}
_SITE: dict[str, Any] = {
    "no": "Number of the mark",
    "kind": ", ".join(CONCERNS),
    "state": ", ".join(STATE),
    "relapses": "How often",
    "village": "Name",
    "found_on": "Day",
    "seen_on": "Day; null if nobody has looked since",
    "look_by": "Last day to look again",
    "unseen": "Whether that day has passed",
    "due_on": "Deadline",
    "overdue": "",
    "responsible": "Who answers for it",
    "remark": "",
    "lon": "Degrees, WGS-84",
    "lat": "",
}


@bp.get("/api/v1/concerns")
@require()
@describe(
    Operation(
        f"Sites of concern, relapsed and overdue ones first, {PAGE} a page, with counts of the area",
        query={
            "kind": ", ".join(CONCERNS),
            "state": ", ".join(STATE),
            "village": "Code",
            "overdue": "1: only those",
            "unseen": f"1: only those last seen more than {WITHIN_DAYS} days ago",
            "area": "Code of the area; one's own area of duty by default",
            "page": f"Page of {PAGE}, from 1",
        },
        answer={
            "as_of": "Day",
            "total": "Sites that fit",
            "page": "",
            "pages": "",
            "counts": {"waiting": "Marks no supervisor has settled", "all": _TALLY, "kinds": "By kind: the same"},
            "villages": [{"code": "null outside every village", "name": "", **_TALLY}],
            "rows": [_SITE],
        },
        statuses={400: "No such kind or state"},
    )
)
def listing() -> Response:
    """A page of sites; the counts are those of the area, whatever the filters."""
    wish, now = asked_concerns(), today()
    counts = count_concerns(db(), wish.within, now)
    found = concern_page(db(), wish, now, page_number())
    return jsonify(
        as_of=now.isoformat(),
        total=found.total,
        page=found.page,
        pages=found.pages,
        counts={
            "waiting": counts.waiting,
            "all": _tally(counts.total),
            "kinds": {kind: _tally(one) for kind, one in counts.kinds.items()},
        },
        villages=[{"code": code, "name": name, **_tally(one)} for (code, name), one in counts.villages.items()],
        rows=[_site(row) for row in found.rows],
    )


@bp.get("/api/v1/concerns/<key:concern_no>")
@require()
@describe(
    Operation(
        "One site of concern with what was seen there, the newest first",
        answer={
            **_SITE,
            "before": "Id of the first photograph, at /field-work/photos/<id>; null if there is none to be seen",
            "after": "Id of the last photograph of an observation",
            "observations": [
                {
                    "id": "",
                    "on_day": "",
                    "seen": ", ".join(SEEN),
                    "state": "State after it; null if it was superseded",
                    "note": "",
                    "observer": "Name",
                    "at": "When it was written down",
                    "supersedes_id": "",
                    "superseded_by": "",
                    "photos": ["Id"],
                }
            ],
        },
    )
)
def card(concern_no: int) -> Response:
    """The card of a site."""
    found = concern_file(db(), asker(), concern_no, today())
    return jsonify(
        **_site(found),
        before=found["before"],
        after=found["after"],
        observations=[
            {**one, "on_day": one["on_day"].isoformat(), "at": iso(one["at"])} for one in found["observations"]
        ],
    )


def _tally(one: Tally) -> dict[str, int]:
    return {
        "found": one.found,
        "cleared": one.by["cleared"],
        "relapsed": one.by["relapsed"],
        "overdue": one.overdue,
        "unseen": one.unseen,
    }


def _site(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in _SITE}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in told.items()}
