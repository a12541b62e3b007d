"""Assignment (指派): the page with its map, and as JSON who has what, what is left, what was too many."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.maps import shell, shell_version
from app.session import asker, db
from app.view import ZONE, View, current_view, page_number, place_of
from data.assigning import (
    Owner,
    assignable_people,
    kind_named,
)
from data.assigning_acts import list_acts
from data.assignments import tallies
from data.campaigns import list_campaigns
from data.duplicates import list_duplicates
from data.households import iso
from data.masks import shown_name
from data.remainder import MOST_SHOWN, count_left, owners_on_map, remainder
from data.rules.visitors import VisitorKind, kinds_of
from data.rules.words import STATUS

bp = Blueprint("assignments", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
}
_PAGED = {**QUERY, "page": "Number; 50 rows a page"}
OWNER = {"kind": "Key of the kind of visitors", "account_id": "null for a unit", "owner": "Name"}
_HOUSEHOLD = {"code": "", "head_name": "Masked by role", "village": "Name"}


@bp.get("/assign")
@require(*WHO)
def page() -> str:
    """The page for assigning on the map."""
    session, who = db(), asker()
    if not list_campaigns(session):
        return render_template("assign.html", view=None)
    view = current_view(session, who)
    kinds = kinds_of(view.campaign.plan)
    return render_template(
        "assign.html",
        view=view,
        place=place_of(session, view),
        campaign=view.campaign.code,
        kinds=[
            {"kind": kind.kind, "name": kind.name.in_language(language()), "units": [unit.name for unit in kind.units]}
            for kind in kinds
        ],
        people=[
            {"id": owner.account_id, "name": owner.name, "role": role}
            for owner, role, _ranges in assignable_people(session)
        ],
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
    )


@bp.get("/remainder")
@require()
def remainder_page() -> str:
    """What is left, as a list for everyone."""
    if not list_campaigns(db()):
        return render_template("remainder.html", view=None)
    view = current_view(db(), asker())
    kinds = kinds_of(view.campaign.plan)
    listing = remainder(db(), view.campaign.id, view.round_no, kinds, view.within, page_number())
    repeated, total = list_duplicates(db(), view.campaign.id, view.round_no, view.within)
    for row in (*listing.rows, *repeated):
        row["head_name"] = shown_name(row["head_name"], asker().role)
    return render_template(
        "remainder.html",
        view=view,
        place=place_of(db(), view),
        campaign=view.campaign,
        left=listing,
        counts=count_left(db(), view.campaign.id, view.round_no, kinds, view.within),
        duplicates=repeated,
        duplicates_total=total,
        statuses=STATUS,
        may_assign=asker().role in WHO,
    )


@bp.get("/api/v1/assignments")
@require()
@describe(
    Operation(
        "Who has how many households of a round and how many of them are visited; the newest acts",
        query=QUERY,
        answer={
            "campaign": "",
            "round": "",
            "households": "In the round",
            "left": "Not visited and nobody's but of those who take the remainder",
            "unassigned": "Of these, nobody's at all",
            "kinds": [
                {"kind": "", "name": "", "rule": "all, share, count, near or remainder", "repeats": "May repeat"}
            ],
            "owners": [{**OWNER, "households": "", "visited": "Of these"}],
            "acts": [
                {
                    "id": "",
                    "how": "rule, grid or drawn",
                    "counts": "Numbers of what it changed",
                    "at": "",
                    "who": "Where that account may be seen",
                    "undone_at": "null while it holds",
                }
            ],
        },
    )
)
def listing() -> Response:
    """Tallies and acts."""
    view, kinds = view_of_round()
    session = db()
    return jsonify(
        campaign=view.campaign.code,
        round=view.round_no,
        **count_left(session, view.campaign.id, view.round_no, kinds, view.within),
        kinds=[
            {
                "kind": kind.kind,
                "name": kind.name.in_language(language()),
                "rule": kind.rule,
                "repeats": kind.repeats,
            }
            for kind in kinds
        ],
        owners=[
            {**owner_json(one.kind, one.owner), "households": one.households, "visited": one.visited}
            for one in tallies(session, view.campaign.id, view.round_no, kinds, view.within)
        ],
        acts=[
            {
                "id": row["id"],
                "how": row["how"],
                "counts": row["counts"],
                "at": row["created_at"].astimezone(ZONE).isoformat(timespec="seconds"),
                "who": row["who"],
                "undone_at": iso(row["undone_at"]),
            }
            for row in list_acts(session, view.campaign.id, view.round_no)
        ],
    )


@bp.get("/api/v1/assignments/households")
@require(*WHO)
@describe(
    Operation(
        "Who has which household, for drawing on a map",
        query={**QUERY, "kind": "Owners of this kind, where it may repeat; else the one owner of all other kinds"},
        answer={
            "owners": [OWNER],
            "rows": [["Household, longitude, latitude, number of the owner in the list or -1, status"]],
            "vague": "Households without an exact place",
        },
        statuses={422: f"More than {MOST_SHOWN} households"},
    )
)
def households() -> Response:
    """Owners by place."""
    view, kinds = view_of_round()
    wanted = request.args.get("kind")
    kind = kind_named(kinds, wanted) if wanted else None
    return jsonify(owners_on_map(db(), view.campaign.id, view.round_no, view.within, kind))


@bp.get("/api/v1/assignments/remainder")
@require()
@describe(
    Operation(
        "What is left for those who take the remainder: not visited and nobody else's",
        query=_PAGED,
        answer={
            "total": "",
            "page": "",
            "pages": "",
            "rows": [
                {
                    "id": "Key of the household",
                    **_HOUSEHOLD,
                    "address": "",
                    "grid": "Name",
                    "lon": "Degrees; null where the house itself is not placed",
                    "lat": "",
                    "status": "0 not visited … 7",
                    "owner": "Who of the remainder is to go; null if nobody",
                    "reserved_by": "null if nobody is on the way",
                    "reserved_until": "",
                }
            ],
        },
    )
)
def left() -> Response:
    """The list of the grid workers."""
    view, kinds = view_of_round()
    found = remainder(db(), view.campaign.id, view.round_no, kinds, view.within, page_number())
    rows = [
        {
            **row,
            "head_name": shown_name(row["head_name"], asker().role),
            "reserved_until": iso(row["reserved_until"]),
        }
        for row in found.rows
    ]
    return jsonify(total=found.total, page=found.page, pages=found.pages, rows=rows)


@bp.get("/api/v1/assignments/duplicates")
@require()
@describe(
    Operation(
        "Visits to households that another organisation had visited before; kept, and not counted twice",
        query=_PAGED,
        answer={
            "total": "",
            "rows": [
                {
                    "id": "Number of the visit",
                    "household_id": "",
                    **_HOUSEHOLD,
                    **dict.fromkeys(("at", "visitor", "visitor_kind", "mode"), ""),
                    **dict.fromkeys(("first_visitor", "first_kind", "first_at"), "Who had been there before"),
                }
            ],
        },
    )
)
def duplicates() -> Response:
    """Visits that were one too many."""
    view, _kinds = view_of_round()
    rows, total = list_duplicates(db(), view.campaign.id, view.round_no, view.within, page_number())
    return jsonify(
        total=total,
        rows=[
            {
                **row,
                "head_name": shown_name(row["head_name"], asker().role),
                "at": iso(row["at"]),
                "first_at": iso(row["first_at"]),
            }
            for row in rows
        ],
    )


def view_of_round() -> tuple[View, tuple[VisitorKind, ...]]:
    """The round that is asked for, and the kinds of visitors its plan names."""
    view = current_view(db(), asker())
    return view, kinds_of(view.campaign.plan)


def owner_json(kind: str, owner: Owner) -> dict[str, Any]:
    """Who has a household, as JSON."""
    return {"kind": kind, "account_id": owner.account_id, "owner": owner.name}
