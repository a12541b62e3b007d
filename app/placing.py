"""Putting households at a place by hand (待定位), as JSON: the list, one click, many at once, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, jsonify, request

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.session import asker, db
from data.areas import EVERYWHERE, area_range
from data.masks import shown_name
from data.placements import undo_placing
from data.placing import (
    CLICK,
    MOST_AT_ONCE,
    Placed,
    PlaceRefused,
    Wish,
    check_point,
    place_many,
    place_of,
    place_one,
)
from data.proposals import METHODS, Outlook, Proposal
from data.rules.words import QUALITY
from data.worklists import ONLY, proposed_households, unplaced_households
from geo.errors import Text

bp = Blueprint("placing", __name__)
AREA = {"name": "", "lon": "Centre; null if unknown", "lat": ""}
REFUSALS = {400: "Not as described, or the form token is missing", 415: "Not JSON", 422: "The place cannot be taken"}
_CHANGED = Text(
    "没有保存：这条建议已有变化。请刷新后重看。",
    "Not saved: this proposal has changed. Refresh and look again.",
)


@bp.get("/api/v1/worklists/unplaced")
@require(Role.SUPERVISOR, Role.ADMIN)
@describe(
    Operation(
        "Households without a position, with where each may be",
        query={
            "area": "Code or name; the asker's whole area by default",
            "page": "Number; 50 rows a page",
            "only": "ambiguous or proposed; all by default",
        },
        answer={
            "total": "Rows of all pages",
            "page": "",
            "pages": "",
            "rows": [
                {
                    "id": "Key of the household",
                    "code": "",
                    "head_name": "Masked by role",
                    "address": "",
                    "stated_area": "Village as the ledger has it",
                    "stated_hamlet": "Natural village as the ledger has it",
                    "quality": "5 known to its natural village, 6 to its village, 7 not at all",
                    "quality_label": "",
                    "village": AREA,
                    "hamlet": AREA,
                    "proposals": [
                        {
                            "method": "house, house_number, building, hamlet, village",
                            "label": "",
                            "lon": "Of hamlet and village the centre; null if unknown",
                            "lat": "",
                            "quality": "Rung of the ladder after accepting",
                            "why": "",
                            "area_id": "Of hamlet and village",
                        }
                    ],
                    "candidates": [{"area_id": "", "name": "", "township": "", "lon": "", "lat": ""}],
                    "why": "How its address was understood",
                }
            ],
        },
    )
)
def unplaced() -> Response:
    """The list of households to be placed."""
    only = request.args.get("only") or None
    if only is not None and only not in ONLY:
        abort(400)
    listing, outlooks = unplaced_households(db(), _within(request.args.get("area")), _page(), only=only)
    rows = [_row(row, outlooks[row["id"]]) for row in listing.rows]
    return jsonify(total=listing.total, page=listing.page, pages=listing.pages, rows=rows)


@bp.post("/api/v1/households/<key:household_id>/place")
@require(Role.SUPERVISOR, Role.ADMIN)
@describe(
    Operation(
        "Put a household where somebody clicked on the map",
        body={"lon": "Degrees", "lat": "Degrees"},
        answer={
            "bulk_id": "Number of the act, for taking it back",
            "village": "Name of the village it lies in; null outside every village",
            "grid": "Name",
            "quality": "2",
            "quality_label": "",
            "message": "",
        },
        statuses=REFUSALS,
    )
)
def place(household_id: int) -> Response:
    """Put one household at a place."""
    wanted = _body()
    done = place_one(db(), asker(), household_id, *check_point(wanted.get("lon"), wanted.get("lat")))
    row = place_of(db(), household_id)
    where = row.grid or row.village
    said = (
        Text(f"已放到{where}，可撤销。", f"Placed in {where}; it can be taken back.")
        if where
        else Text("已放置，但不在任何村内，可撤销。", "Placed, but in no village; it can be taken back.")
    )
    return jsonify(
        bulk_id=str(done.bulk_id),
        village=row.village,
        grid=row.grid,
        quality=row.quality,
        quality_label=_said(QUALITY[row.quality]),
        message=_said(said),
    )


@bp.post("/api/v1/placements")
@require(Role.SUPERVISOR, Role.ADMIN)
@describe(
    Operation(
        "Put many households at places in one act: by click, by accepted proposal, or into an area",
        body={"items": "At most 500 of {household_id, method, lon, lat} or {household_id, area_id}; or all and area"},
        answer={
            "bulk_id": "Number of the act, for taking it back",
            "placed": "How many",
            "refused": [{"household_id": "", "message": ""}],
        },
        statuses=REFUSALS,
    )
)
def place_bulk() -> Response:
    """Put many households at places."""
    wanted = _body()
    if wanted.get("all") == "proposed":
        area = wanted.get("area")
        if area is not None and not isinstance(area, str):
            abort(400)
        done = _accept(proposed_households(db(), _within(area)))
    else:
        done = _place_items(wanted.get("items"))
    refused = [{"household_id": key, "message": _said(why)} for key, why in done.refused]
    return jsonify(bulk_id=str(done.bulk_id), placed=len(done.placed), refused=refused)


@bp.post("/api/v1/placements/<uuid:bulk_id>/undo")
@require(Role.SUPERVISOR, Role.ADMIN)
@describe(
    Operation(
        "Take a placing back: households that nobody has changed since are where they were before",
        answer={"restored": "How many", "kept": ["Key of a household that has changed since and stays"]},
        statuses={409: "Taken back before, or everything has changed since"},
    )
)
def undo(bulk_id: uuid.UUID) -> Response:
    """Take a placing back."""
    done = undo_placing(db(), asker(), bulk_id)
    return jsonify(restored=len(done.restored), kept=done.kept)


def _accept(outlooks: Mapping[int, Outlook]) -> Placed:
    """Accept the best proposal of each household that has one."""
    wishes = [_wish(key, outlook.proposals[0]) for key, outlook in outlooks.items() if outlook.proposals]
    return place_many(db(), asker(), wishes)


def _place_items(items: Any) -> Placed:
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        abort(400)
    if not 0 < len(items) <= MOST_AT_ONCE:
        raise PlaceRefused(
            Text(
                f"没有保存：一次放置 1 至 {MOST_AT_ONCE} 户。请分批，或用“全部接受”。",
                f"Not saved: place 1 to {MOST_AT_ONCE} households at a time, or accept all proposals.",
            ),
            found=len(items),
            expected=MOST_AT_ONCE,
        )
    ids = [_number(item.get("household_id")) for item in items]
    proposing = [key for key, item in zip(ids, items, strict=True) if item.get("method") in METHODS]
    outlooks = proposed_households(db(), EVERYWHERE, proposing) if proposing else {}
    wishes, changed = [], []
    for key, item in zip(ids, items, strict=True):
        wish = _read_item(key, item, outlooks)
        if wish is None:
            changed.append((key, _CHANGED))
        else:
            wishes.append(wish)
    done = place_many(db(), asker(), wishes)
    done.refused += changed
    return done


def _read_item(household_id: int, item: Mapping[str, Any], outlooks: Mapping[int, Outlook]) -> Wish | None:
    """Understand one item; None if it accepts a proposal that is not made (any more)."""
    method = item.get("method")
    if item.get("area_id") is not None and method in (None, "hamlet", "village"):
        return Wish(household_id, "area", area_id=_number(item["area_id"]))
    if method == CLICK:
        return Wish(household_id, CLICK, *check_point(item.get("lon"), item.get("lat")))
    if method not in METHODS:
        abort(400)
    # The place is the proposal's own, whatever numbers were sent along; they only say which one was seen.
    made = outlooks[household_id].proposals if household_id in outlooks else []
    proposal = next((proposal for proposal in made if proposal.method == method), None)
    return _wish(household_id, proposal) if proposal and _was_seen(proposal, item) else None


def _was_seen(proposal: Proposal, item: Mapping[str, Any]) -> bool:
    seen = (item.get("lon"), item.get("lat"))
    if proposal.lon is None or proposal.lat is None or seen == (None, None):
        return proposal.area_id is not None
    lon, lat = check_point(*seen)
    return abs(lon - proposal.lon) < 1e-6 and abs(lat - proposal.lat) < 1e-6


def _wish(household_id: int, proposal: Proposal) -> Wish:
    if proposal.area_id is not None:
        return Wish(household_id, proposal.method, area_id=proposal.area_id)
    return Wish(household_id, proposal.method, proposal.lon, proposal.lat, proposal.quality)


def _row(row: Mapping[str, Any], outlook: Outlook) -> dict[str, Any]:
    return {
        "id": row["id"],
        "code": row["code"],
        "head_name": shown_name(row["head_name"], asker().role),
        "address": row["address"],
        "stated_area": row["stated_area"],
        "stated_hamlet": row["stated_hamlet"],
        "quality": row["quality"],
        "quality_label": _said(QUALITY[row["quality"]]),
        **{level: _area(row, level) for level in ("village", "hamlet")},
        "proposals": [
            {
                "method": proposal.method,
                "label": _said(METHODS[proposal.method]),
                "lon": proposal.lon,
                "lat": proposal.lat,
                "quality": proposal.quality,
                "why": _said(proposal.why),
                "area_id": proposal.area_id,
            }
            for proposal in outlook.proposals
        ],
        "candidates": [
            {name: area[name] for name in ("area_id", "name", "township", "lon", "lat")} for area in outlook.candidates
        ],
        "why": _said(outlook.why) if outlook.why else None,
    }


def _area(row: Mapping[str, Any], level: str) -> dict[str, Any] | None:
    if row[level] is None:
        return None
    return {"name": row[level], "lon": row[f"{level}_lon"], "lat": row[f"{level}_lat"]}


def _within(area: str | None) -> tuple[int, int]:
    return area_range(db(), area) if area else EVERYWHERE


def _page() -> int:
    value = request.args.get("page", "")
    return max(1, int(value)) if value.isdecimal() and len(value) < 7 else 1


def _body() -> dict[str, Any]:
    wanted: Any = request.get_json()
    if not isinstance(wanted, dict):
        abort(400)
    return wanted


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**62:
        abort(400)
    return value


def _said(words: Text) -> str:
    return words.in_language(language())
