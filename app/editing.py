"""Editing boundaries (边界): the page, and as JSON the areas, the preview, the edit itself, its undo, the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, jsonify, render_template, request, url_for
from sqlalchemy.engine import Row

from app.access import Role, require
from app.api import Operation, describe
from app.job_answers import JOB, body_of, job_answer
from app.language import language
from app.maps import shell, shell_version
from app.session import asker, db
from app.view import ZONE, current_view
from data.areas import EVERYWHERE, area_range
from data.campaigns import list_campaigns
from data.edit_refusals import EditConflict
from data.jobs import add_job
from geo.drawing import SNAP_M
from geo.errors import Text

# What computes shapes is loaded where it is needed, so that the other pages' processes stay small.
if TYPE_CHECKING:
    from data.edit_moves import Shift
    from data.edits import Preview

bp = Blueprint("editing", __name__)
WHO = (Role.SUPERVISOR, Role.ADMIN)
WISH = {
    "act": "draw (a new grid or settlement), change (a boundary), split, merge, delete (a settlement), or grids (a "
    "village is divided into grids of about as many households, in the place of those it has)",
    "areas": "Codes: the village for draw and grids, the area for change, split and delete; those to merge, of which "
    "the first village stays, or else the lowest code",
    "geometry": "GeoJSON: a Polygon or MultiPolygon for draw and change, a LineString for split; degrees",
    "name": "Of the new area, or null",
    "level": "Of what is drawn: grid (by default), natural_village or group",
    "code": "Of the new village when a village is split: 12 digits, else null",
    "size": "Households a grid should hold, for grids",
    "along": "What borders of grids run along where balance allows: none (by default), roads or natural_villages",
    "snap": f"Lay the edge onto neighbours' and the parent's that run within {SNAP_M:g} m; true by default",
    "follow": "Let neighbours of the level give way and take what becomes free; true by default",
}
PLACE = {"village": "Name", "grid": "Name, or null; settlement instead where the edit is about settlements"}
COUNTS = {"visited": "", "eligible": "", "ratio": "Unrounded; null without eligible households"}
REFUSALS = {422: "What was drawn cannot become a boundary, or the act is not possible; the message says why"}


@bp.get("/areas/edit")
@require(*WHO)
def page() -> str:
    """The page for editing boundaries."""
    from data.edit_lists import editable_areas, list_issues

    session, who = db(), asker()
    area = request.args.get("area") or None
    within = area_range(session, area) if area else EVERYWHERE
    return render_template(
        "editing.html",
        areas=editable_areas(session, who),
        area=area,
        issues=list_issues(session, within, who.duty),
        shell=shell(),
        script_url=url_for("maps.script", v=shell_version()),
        snap_m=f"{SNAP_M:g}",
    )


@bp.get("/api/v1/areas/<code>/boundary")
@require(*WHO)
@describe(
    Operation(
        "Boundary of a village, grid or settlement with all its digits, and those of its neighbours",
        answer={
            "code": "",
            "name": "",
            "level": "village, grid, natural_village or group",
            "m2": "Square metres; null without a boundary",
            "geometry": "GeoJSON MultiPolygon, or null",
            "parent": {"code": "", "name": "", "geometry": "GeoJSON MultiPolygon, or null"},
            "neighbours": [{"code": "", "name": "", "geometry": "GeoJSON MultiPolygon, or null"}],
        },
    )
)
def boundary(code: str) -> Response:
    """A boundary as it is stored."""
    from data.edit_scenes import find_area
    from data.edit_shapes import geojson_of
    from geo.measuring import area_m2

    found = find_area(db(), code)
    return jsonify(
        code=found.code,
        name=found.name,
        level=found.level,
        m2=area_m2(found.shape) if found.shape is not None else None,
        geometry=geojson_of(found.shape),
        parent={"code": found.parent.code, "name": found.parent.name, "geometry": geojson_of(found.parent.shape)},
        neighbours=[
            {"code": area.code, "name": area.name, "geometry": geojson_of(area.shape)} for area in found.neighbours
        ],
    )


@bp.post("/api/v1/edits/preview")
@require(*WHO)
@describe(
    Operation(
        "Say what an edit of boundaries would do; nothing is changed",
        query={"campaign": "Whose coverage is shown; the newest by default", "round": "The current by default"},
        body=WISH,
        answer={
            "revision": "To be sent along when the edit is applied",
            "households": "Households the area holds afterwards",
            "m2": "Square metres of the area afterwards",
            "moved": "Households that change their village, grid or settlement",
            "outside": "Of these, how many come to lie in no village",
            "moves": [{"n": "", "from": PLACE, "to": "As from; null outside every village"}],
            "coverage": [{"code": "", "name": "", "level": "", "before": COUNTS, "after": COUNTS}],
            "notes": ["What was repaired, cut off or laid onto a neighbour, in words"],
            "overlaps": [{"names": "Two areas", "m2": "Square metres both cover afterwards"}],
            "changes": [{"code": "", "name": "", "geometry": "GeoJSON, or null if it is merged away", "m2": ""}],
            "grids": {
                "count": "Null unless grids are made, as is all of grids",
                "least": "Households of the smallest",
                "most": "Of the largest",
                "ratio": "The most by the least; null if one has none",
                "compactness": "Mean of perimeter² / area: 12.6 for a circle, 16 for a square",
                "along": "Part of the inner borders that runs along what was asked for, or null",
                "links": [
                    {
                        "code": "Of a grid with parts of the village that lie apart",
                        "length_m": "From part to part, straight",
                        "over_m": "Of that over other grids; 0 where the parts hang together",
                        "line": [["Longitude, latitude"]],
                    }
                ],
                "rows": [{"code": "", "name": "", "households": "By their position", "compactness": ""}],
            },
            "duties": [
                {
                    "name": "Who answers for a grid that is replaced",
                    "from": "Code",
                    "to": "Code of the new one",
                    "before": "Households this person sees now",
                    "after": "Afterwards",
                    "kept": "Of those seen now, how many afterwards as well",
                }
            ],
        },
        statuses=REFUSALS,
    )
)
def preview() -> Response:
    """What an edit would do."""
    return jsonify(_preview_json(_preview(body_of())))


@bp.post("/api/v1/edits")
@require(*WHO)
@describe(
    Operation(
        "Edit boundaries; a job does it in one transaction",
        body={**WISH, "revision": "Of the preview that was seen"},
        answer={"job": JOB},
        statuses={**REFUSALS, 409: "The boundaries have changed since the preview, or another edit is under way"},
    )
)
def apply() -> Response:
    """Begin an edit."""
    from data.edit_wishes import write_wish

    given = body_of()
    revision = given.get("revision")
    if not isinstance(revision, str):
        abort(400)
    found = _preview(given)
    if found.plan.revision != revision:
        raise EditConflict
    wish = write_wish(found.plan.wish)
    key = add_job(db(), asker(), "edit", found.plan.within, payload={"wish": wish, "revision": revision})
    return job_answer(key)


@bp.get("/api/v1/edits/areas")
@require(*WHO)
@describe(
    Operation(
        "Villages whose grids and settlements the asker may edit",
        answer={
            "rows": [
                {
                    "code": "",
                    "name": "",
                    "bare": "Whether it has no boundary yet",
                    "own": "Whether its own boundary may be edited as well",
                    "grids": [{"code": "", "name": ""}],
                    "settlements": [{"code": "", "name": ""}],
                }
            ]
        },
    )
)
def areas() -> Response:
    """What the asker may edit."""
    from data.edit_lists import editable_areas

    return jsonify(rows=editable_areas(db(), asker()))


@bp.get("/api/v1/edits")
@require(*WHO)
@describe(
    Operation(
        "The newest edits of boundaries",
        query={"area": "Code or name; the asker's whole area by default"},
        answer={
            "rows": [
                {
                    "id": "",
                    "act": "draw, change, split, merge, delete or grids",
                    "label": "",
                    "areas": [{"code": "", "name": ""}],
                    "moved": "Households",
                    "at": "",
                    "who": "Name; null where the asker may not see the account",
                    "undone_at": "When it was taken back, or null",
                    "may_undo": "",
                }
            ]
        },
    )
)
def history() -> Response:
    """The list of edits."""
    from data.edit_lists import list_edits

    area = request.args.get("area")
    rows = list_edits(db(), area_range(db(), area) if area else EVERYWHERE)
    return jsonify(rows=[_edit_json(row) for row in rows])


@bp.post("/api/v1/edits/<key:edit_id>/undo")
@require(*WHO)
@describe(
    Operation(
        "Take an edit back to the bit, unless later work rests on it; a job does it and says on what",
        answer={"job": JOB},
        statuses={409: "It is being taken back already"},
    )
)
def undo(edit_id: int) -> Response:
    """Begin taking an edit back."""
    from data.edit_lists import find_edit

    edit = find_edit(db(), edit_id)
    return job_answer(add_job(db(), asker(), "undo", (edit.jur, edit.jur_end), batch_id=edit.batch_id))


def _preview(given: dict[str, Any]) -> Preview:
    from data.edit_wishes import read_wish
    from data.edits import preview_edit

    session, who = db(), asker()
    wish = read_wish(given)
    if not list_campaigns(session):
        return preview_edit(session, wish, who)
    view = current_view(session, who)
    return preview_edit(session, wish, who, campaign_id=view.campaign.id, round_no=view.round_no)


def _preview_json(found: Preview) -> dict[str, Any]:
    from data.edit_shapes import geojson_of
    from geo.measuring import area_m2

    plan = found.plan
    first = plan.changes[0]
    return {
        "revision": plan.revision,
        "households": found.households,
        "m2": area_m2(first.after) if first.after is not None else None,
        "moved": found.moved,
        "outside": found.outside,
        "moves": found.moves,
        "coverage": [_shift_json(shift) for shift in found.shifts],
        "notes": [_said(note) for note in plan.notes],
        "overlaps": [{"names": names, "m2": size} for _, names, size in plan.overlaps],
        "changes": [
            {
                "code": change.code,
                "name": change.name,
                "geometry": geojson_of(change.after),
                "m2": area_m2(change.after) if change.after is not None else None,
            }
            for change in plan.changes
        ],
        "grids": plan.making.as_json() if plan.making is not None else None,
        "duties": found.duties,
    }


def _shift_json(shift: Shift) -> dict[str, Any]:
    sides = {
        name: {"visited": side.visited, "eligible": side.eligible, "ratio": side.ratio} if side is not None else None
        for name, side in (("before", shift.before), ("after", shift.after))
    }
    return {"code": shift.code, "name": shift.name, "level": shift.level, **sides}


def _edit_json(row: Row[Any]) -> dict[str, Any]:
    from data.edits import ACTS

    moves = row.moves if isinstance(row.moves, list) else []
    return {
        "id": row.id,
        "act": row.act,
        "label": _said(ACTS[row.act]),
        "areas": row.changes or [],
        "moved": sum(move["n"] for move in moves),
        "at": row.created_at.astimezone(ZONE).isoformat(timespec="seconds"),
        "who": row.who,
        "undone_at": row.undone_at.astimezone(ZONE).isoformat(timespec="seconds") if row.undone_at else None,
        "may_undo": row.undone_at is None and row.purged_at is None,
    }


def _said(words: Text) -> str:
    return words.in_language(language())
