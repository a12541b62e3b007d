"""Acts of assignment (指派), as JSON: what one by rule or grid would change, assigning, taking it back."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify
from flask_babel import gettext as _

from app.access import require
from app.api import Operation, describe
from app.assignments import OWNER, QUERY, WHO, owner_json, view_of_round
from app.job_answers import body_of, job_answer
from app.language import language
from app.session import asker, db
from app.view import View
from data.assigning import (
    BY_GRID,
    BY_RULE,
    Owner,
    Proposal,
    grid_kind,
    kind_named,
    lock_round,
    propose_by_grid,
    propose_by_rule,
)
from data.assigning_acts import undo_act, write_proposal
from data.assigning_words import counts_words, unmet_words
from data.assignments import CannotAssign, assign_drawn
from data.jobs import add_job
from data.remainder import MOST_SHOWN, count_left
from data.rules.visitors import VisitorKind
from geo.errors import Text

bp = Blueprint("assignment_acts", __name__)
_UNMET = {**dict.fromkeys(("kind", "owner", "code", "wanted", "given"), ""), "message": "In words, with the numbers"}
_COUNTS = {
    "added": "Newly assigned",
    "moved": "To somebody else of the kind",
    "removed": "Taken away",
    "kept_drawn": "Drawn by hand, left alone",
    "kept_visited": "Visited already, left alone",
}
_BODY = {"by": "rule: as the plan says; grid: each grid's people get its households", "kind": "With grid; or null"}


@bp.post("/api/v1/assignments/preview")
@require(*WHO)
@describe(
    Operation(
        "Say what assigning by rule or by grid would change; nothing is written",
        query=QUERY,
        body=_BODY,
        answer={
            "households": "In the round",
            "changes": "",
            **_COUNTS,
            "owners": [{**OWNER, "households": "Afterwards"}],
            "unmet": [_UNMET],
            "message": "In words",
            "job": f"Instead of all this, with more than {MOST_SHOWN} households: a job whose result says it",
        },
    )
)
def preview() -> Response:
    """What would change."""
    view, kinds = view_of_round()
    wanted = _wish(body_of())
    if _is_large(view, kinds):
        return _in_background(view, wanted, write=False)
    return jsonify(_proposal_json(_propose(view, kinds, wanted), kinds))


@bp.post("/api/v1/assignments")
@require(*WHO)
@describe(
    Operation(
        "Assign: by rule, by grid, or households chosen on the map",
        query=QUERY,
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
    view, kinds = view_of_round()
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
            {**owner_json(kind, owner), "households": n}
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
