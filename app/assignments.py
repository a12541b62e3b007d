"""Assignment (指派): the page with its map, and as JSON who has what, the acts, what is left, what was too many."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import body_of, job_answer
from app.language import language
from app.maps import shell, shell_version
from app.session import asker, db
from app.view import ZONE, View, current_view, page_number
from data.assigning import (
    BY_GRID,
    BY_RULE,
    Owner,
    Proposal,
    assignable_people,
    grid_kind,
    kind_named,
    lock_round,
    propose_by_grid,
    propose_by_rule,
)
from data.assigning_acts import list_acts, undo_act, write_proposal
from data.assigning_words import counts_words, unmet_words
from data.assignments import CannotAssign, assign_drawn, tallies
from data.campaigns import list_campaigns
from data.duplicates import list_duplicates
from data.households import iso
from data.jobs import add_job
from data.masks import shown_name
from data.remainder import MOST_SHOWN, count_left, owners_on_map, remainder
from data.rules.visitors import VisitorKind, kinds_of
from data.rules.words import STATUS
from geo.errors import Text

bp = Blueprint("assignments", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
}
_PAGED = {**_QUERY, "page": "Number; 50 rows a page"}
_OWNER = {"kind": "Key of the kind of visitors", "account_id": "null for a unit", "owner": "Name"}
_UNMET = {**dict.fromkeys(("kind", "owner", "code", "wanted", "given"), ""), "message": "In words, with the numbers"}
_COUNTS = {
    "added": "Newly assigned",
    "moved": "To somebody else of the kind",
    "removed": "Taken away",
    "kept_drawn": "Drawn by hand, left alone",
    "kept_visited": "Visited already, left alone",
}
_HOUSEHOLD = {"code": "", "head_name": "Masked by role", "village": "Name"}
_BODY = {"by": "rule: as the plan says; grid: each grid's people get its households", "kind": "With grid; or null"}


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
        query=_QUERY,
        answer={
            "campaign": "",
            "round": "",
            "households": "In the round",
            "left": "Not visited and nobody's but of those who take the remainder",
            "unassigned": "Of these, nobody's at all",
            "kinds": [
                {"kind": "", "name": "", "rule": "all, share, count, near or remainder", "repeats": "May repeat"}
            ],
            "owners": [{**_OWNER, "households": "", "visited": "Of these"}],
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
    view, kinds = _view()
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
            {**_owner_json(one.kind, one.owner), "households": one.households, "visited": one.visited}
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
        query={**_QUERY, "kind": "Owners of this kind, where it may repeat; else the one owner of all other kinds"},
        answer={
            "owners": [_OWNER],
            "rows": [["Household, longitude, latitude, number of the owner in the list or -1, status"]],
            "vague": "Households without an exact place",
        },
        statuses={422: f"More than {MOST_SHOWN} households"},
    )
)
def households() -> Response:
    """Owners by place."""
    view, kinds = _view()
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
    view, kinds = _view()
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
    view, _kinds = _view()
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


@bp.post("/api/v1/assignments/preview")
@require(*WHO)
@describe(
    Operation(
        "Say what assigning by rule or by grid would change; nothing is written",
        query=_QUERY,
        body=_BODY,
        answer={
            "households": "In the round",
            "changes": "",
            **_COUNTS,
            "owners": [{**_OWNER, "households": "Afterwards"}],
            "unmet": [_UNMET],
            "message": "In words",
            "job": f"Instead of all this, with more than {MOST_SHOWN} households: a job whose result says it",
        },
    )
)
def preview() -> Response:
    """What would change."""
    view, kinds = _view()
    wanted = _wish(body_of())
    if _is_large(view, kinds):
        return _in_background(view, wanted, write=False)
    return jsonify(_proposal_json(_propose(view, kinds, wanted), kinds))


@bp.post("/api/v1/assignments")
@require(*WHO)
@describe(
    Operation(
        "Assign: by rule, by grid, or households chosen on the map",
        query=_QUERY,
        body={
            "by": "rule, grid or drawn",
            "kind": "Key or name of the kind of visitors; with grid and drawn",
            "account_id": "With drawn: whose account; or null",
            "owner": "With drawn: name of a unit without an account; null takes the households away",
            "households": "With drawn: keys of households, 20,000 at most",
        },
        answer={
            "act": "Number of the act, for taking it back; null if nothing changed",
            "message": "In words",
            "assigned": "With drawn: households that changed",
            "left_out": [{"why": "With drawn: the reason", "n": "Households"}],
            "unmet": [_UNMET],
            "job": f"Instead of all this, by rule or grid with more than {MOST_SHOWN} households: a job",
        },
        statuses={409: "Another such job is under way", 422: "Nobody of that name, or too many households"},
    )
)
def assign() -> Response:
    """Assign and say what became of it."""
    wanted = body_of()
    view, kinds = _view()
    if wanted.get("by") == "drawn":
        return _assign_drawn(view, kinds, wanted)
    wanted = _wish(wanted)
    if _is_large(view, kinds):
        return _in_background(view, wanted, write=True)
    lock_round(db(), view.campaign.id, view.round_no)
    found = _propose(view, kinds, wanted)
    act = write_proposal(db(), asker(), view.campaign.id, view.round_no, str(wanted["by"]), found)
    return jsonify(act=act, **_proposal_json(found, kinds))


@bp.post("/api/v1/assignments/acts/<key:act_id>/undo")
@require(*WHO)
@describe(
    Operation(
        "Take an act of assignment back",
        answer={"restored": "Households as before", "kept": "Changed since and left alone", "message": ""},
        statuses={409: "It was taken back before, or all of it has changed since"},
    )
)
def undo(act_id: int) -> Response:
    """Take an act back."""
    told = undo_act(db(), asker(), act_id)
    words = _("已撤销，%(n)s 户恢复原样", n=told["restored"])
    if told["kept"]:
        words += _("，%(n)s 户之后又有改动，没有动", n=told["kept"])
    return jsonify(**told, message=words)


def _view() -> tuple[View, tuple[VisitorKind, ...]]:
    view = current_view(db(), asker())
    return view, kinds_of(view.campaign.plan)


def _wish(body: dict[str, Any]) -> dict[str, str | None]:
    by, kind = body.get("by"), body.get("kind")
    if by not in (BY_RULE, BY_GRID) or not (kind is None or (isinstance(kind, str) and "\0" not in kind)):
        abort(400)
    return {"by": by, "kind": kind}


def _is_large(view: View, kinds: tuple[VisitorKind, ...]) -> bool:
    """Whether a round is shared out by the worker, since nobody waits that long for a page."""
    return count_left(db(), view.campaign.id, view.round_no, kinds, view.within)["households"] > MOST_SHOWN


def _in_background(view: View, wanted: dict[str, str | None], *, write: bool) -> Response:
    if not asker().covers(*view.within):
        raise CannotAssign(
            Text(
                f"超过 {MOST_SHOWN} 户，要在后台指派。您的辖区不止一处，请先选其中一处。",
                f"More than {MOST_SHOWN} households are assigned in the background. You answer for more than one "
                "area: choose one of them first.",
            )
        )
    payload = {"campaign": view.campaign.id, "round": view.round_no, **wanted, "write": write}
    return job_answer(add_job(db(), asker(), "assign", view.within, payload=payload))


def _propose(view: View, kinds: tuple[VisitorKind, ...], wanted: dict[str, str | None]) -> Proposal:
    by, kind = wanted["by"], wanted["kind"]
    session, campaign, number = db(), view.campaign.id, view.round_no
    if by == BY_GRID:
        return propose_by_grid(session, campaign, number, kinds, view.within, grid_kind(kinds, kind))
    return propose_by_rule(session, campaign, number, kinds, view.within)


def _assign_drawn(view: View, kinds: tuple[VisitorKind, ...], wanted: dict[str, Any]) -> Response:
    kind, account, name, keys = (wanted.get(one) for one in ("kind", "account_id", "owner", "households"))
    if (
        not isinstance(kind, str)
        or not isinstance(keys, list)
        or not all(isinstance(key, int) and not isinstance(key, bool) and 0 < key < 2**62 for key in keys)
        or not (account is None or (isinstance(account, int) and not isinstance(account, bool) and 0 < account < 2**62))
        or not (name is None or (isinstance(name, str) and "\0" not in name))
    ):
        abort(400)
    owner = Owner(account, name or "") if account is not None or name is not None else None
    done = assign_drawn(db(), asker(), view.campaign.id, view.round_no, kind_named(kinds, kind), owner, keys)
    words = _("已指派 %(n)s 户", n=done.assigned) if owner is not None else _("已取消 %(n)s 户的指派", n=done.assigned)
    if done.from_others:
        words += _("，其中 %(n)s 户原属别人", n=done.from_others)
    return jsonify(
        act=done.act_id,
        message=words,
        assigned=done.assigned,
        left_out=[{"why": why.in_language(language()), "n": n} for why, n in done.reasons().items()],
        unmet=[],
    )


def _proposal_json(found: Proposal, kinds: tuple[VisitorKind, ...]) -> dict[str, Any]:
    counts = found.counts()
    return {
        "households": found.households,
        "changes": len(found.changes),
        **counts,
        "owners": [
            {**_owner_json(kind, owner), "households": n}
            for (kind, owner), n in sorted(found.tallies.items(), key=lambda one: (one[0][0], one[0][1].name))
        ],
        "unmet": [
            {
                "kind": one.kind,
                "owner": one.name,
                "code": one.code,
                "wanted": one.wanted,
                "given": one.given,
                "message": unmet_words(one, kinds).in_language(language()),
            }
            for one in found.unmet
        ],
        "message": counts_words(counts).in_language(language()),
    }


def _owner_json(kind: str, owner: Owner) -> dict[str, Any]:
    return {"kind": kind, "account_id": owner.account_id, "owner": owner.name}
