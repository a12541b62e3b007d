"""Publicity (宣讲): where and in which week something was done, village by village, with the gaps on a map."""

from __future__ import annotations

import json
from datetime import date

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.maps import ViewUnknown
from app.session import asker, db
from app.view import View, current_view, today
from data.campaigns import find_campaign
from data.overview import area_shapes
from data.publicity import (
    Item,
    Overview,
    PublicityUnfit,
    items_of,
    latest_records,
    publicity_of,
    record_publicity,
    take_back_publicity,
    wider_areas,
)
from geo.errors import Text
from layers.paper_map import PaperArea, draw_map

bp = Blueprint("publicity", __name__)
WRITERS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMIN)
MAP_WIDTH, MAP_HEIGHT = 150.0, 120.0
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "area": "Code of the area; one's own area of duty by default",
    "item": "Key of the plan's publicity; the first by default",
}


@bp.get("/publicity")
@require()
def page() -> str:
    """One item in all villages: a mark for each week, the map of what is lacking, and what was recorded last."""
    view = current_view(db(), asker())
    item, items, found = _overview(view)
    shapes = area_shapes(db(), "village", within=view.within, duty=asker().duty)
    drawn, at = None, _period(found)
    if found.periods:
        areas = [
            PaperArea(
                name=one.name,
                ratio=float(one.periods[at]) if at is not None else one.done / one.due if one.due else None,
                remaining=one.missed if at is None else int(not one.periods[at]),
                derived=False,
                geometry=json.loads(shapes[one.area_id]["geometry"]) if shapes[one.area_id]["geometry"] else None,
                spot=shapes[one.area_id]["label"],
            )
            for one in found.villages
            if one.area_id in shapes
        ]
        drawn = draw_map(areas, [], width=MAP_WIDTH, height=MAP_HEIGHT, target=1.0, numbered=0)
    return render_template(
        "publicity.html",
        campaign=view.campaign,
        area=view.area,
        item=item,
        items=items,
        found=found,
        wider=wider_areas(db(), asker().duty),
        records=latest_records(db(), view.campaign, view.within),
        names={one.key: one.name(language()) for one in items},
        picture=drawn,
        at=at,
        me=asker().account_id,
        may_write=asker().role in WRITERS,
        may_lead=asker().role in (Role.SUPERVISOR, Role.ADMIN),
        today=today(),
    )


@bp.post("/publicity")
@require(*WRITERS)
def add() -> AnyResponse:
    """Record what was done, for the villages that were ticked, and go back to the page."""
    campaign = find_campaign(db(), request.form.get("campaign"))
    item = request.form.get("item", "")
    made = record_publicity(
        db(),
        asker(),
        campaign,
        areas=request.form.getlist("village"),
        item=item,
        done_on=_day(request.form.get("done_on", "")),
        times=_number(request.form.get("times") or "1"),
        title=request.form.get("title"),
        remark=request.form.get("remark"),
        today=today(),
    )
    flash(_("已登记 %(n)s 个辖区的宣讲。", n=len(made)), "success")
    return redirect(url_for(".page", campaign=campaign.code, item=item), 303)


@bp.post("/publicity/<key:record_id>/undo")
@require(*WRITERS)
def undo(record_id: int) -> AnyResponse:
    """Take one record back: one's own, or anybody's for those who lead."""
    take_back_publicity(db(), [record_id])
    flash(_("已撤销这条宣讲记录。"), "success")
    return redirect(
        url_for(".page", campaign=request.form.get("campaign") or None, item=request.form.get("item") or None), 303
    )


@bp.get("/api/v1/publicity")
@require()
@describe(
    Operation(
        "Publicity of a campaign: one item, village by village and period by period",
        query=_QUERY,
        answer={
            "campaign": "",
            "item": {"key": "", "name": "", "every": "once, week, month, or empty where nothing is asked for"},
            "periods": ["First day of each period, oldest first"],
            "done": "Periods done, of all villages",
            "due": "Periods that have begun, of all villages",
            "rows": [
                {
                    **dict.fromkeys(("code", "name"), ""),
                    "periods": ["true where something was done in the period"],
                    "done": "",
                    "due": "",
                    "times": "How much was done in all",
                    "last_on": "Day, or null",
                }
            ],
        },
    )
)
def listing() -> Response:
    """The same as JSON."""
    view = current_view(db(), asker())
    item, _items, found = _overview(view)
    return jsonify(
        {
            "campaign": view.campaign.code,
            "item": {"key": item.key, "name": item.name(language()), "every": item.every},
            "periods": [day.isoformat() for day in found.periods],
            "done": found.done,
            "due": found.due,
            "rows": [
                {
                    "code": one.code,
                    "name": one.name,
                    "periods": list(one.periods),
                    "done": one.done,
                    "due": one.due,
                    "times": one.times,
                    "last_on": one.last_on.isoformat() if one.last_on else None,
                }
                for one in found.villages
            ],
        }
    )


@bp.post("/api/v1/publicity")
@require(*WRITERS)
@describe(
    Operation(
        "Record that something was done in some areas",
        body={
            "campaign": "Code",
            "item": "Key of the plan's publicity",
            "areas": "Codes of areas",
            "done_on": "YYYY-MM-DD, not after today",
        },
        answer={"ids": ["Key of each record"]},
        statuses={422: "No such item or area, or a day to come"},
    )
)
def add_json() -> Response:
    """Record publicity as JSON; ``times``, ``title`` and ``remark`` may be given too."""
    body = request.get_json()
    if not isinstance(body, dict) or not isinstance(body.get("areas"), list):
        abort(400)
    texts = [body.get(name) for name in ("campaign", "item", "done_on", "title", "remark")]
    if not all(isinstance(one, str) for one in body["areas"]) or not all(
        one is None or isinstance(one, str) for one in texts
    ):
        abort(400)
    made = record_publicity(
        db(),
        asker(),
        find_campaign(db(), body.get("campaign")),
        areas=body["areas"],
        item=body.get("item") or "",
        done_on=_day(body.get("done_on") or ""),
        times=_number(str(body.get("times", 1))),
        title=body.get("title"),
        remark=body.get("remark"),
        today=today(),
    )
    return jsonify(ids=made)


@bp.post("/api/v1/publicity/<key:record_id>/undo")
@require(*WRITERS)
@describe(Operation("Take a record of publicity back", answer={"undone": "Number of records"}))
def undo_json(record_id: int) -> Response:
    """Take one record back."""
    return jsonify(undone=take_back_publicity(db(), [record_id]))


def _overview(view: View) -> tuple[Item, list[Item], Overview]:
    items = items_of(view.campaign)
    wanted = request.args.get("item")
    item = next((one for one in items if one.key == wanted), None) if wanted else items[0]
    if item is None:
        raise PublicityUnfit(
            Text(f"方案没有宣传项“{wanted}”。", f"The plan has no publicity '{wanted}'."), found=wanted
        )
    found = publicity_of(db(), view.campaign, view.rounds, item, within=view.within, duty=asker().duty, today=today())
    return item, items, found


def _period(found: Overview) -> int | None:
    """Place of the period that the map is asked to show (``period``, its first day); None for all of them."""
    wanted = request.args.get("period", "")
    if not wanted:
        return None
    days = [day.isoformat() for day in found.periods]
    if wanted not in days:
        raise ViewUnknown(
            Text(
                f"period 为“{wanted}”，应为这一宣传项某一期的第一天，如 {days[-1] if days else '2026-11-16'}。",
                f"period is '{wanted}'; expected the first day of a period of this item, such as "
                f"{days[-1] if days else '2026-11-16'}.",
            ),
            found=wanted,
        )
    return days.index(wanted)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise PublicityUnfit(
            Text(f"“{value}”不是日期，应如 2026-11-12。", f"'{value}' is no day; expected such as 2026-11-12."),
            found=value,
        ) from error


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 9):
        raise PublicityUnfit(
            Text(f"次数为“{value}”，应为 1 至 100000。", f"'{value}' times; expected 1 to 100000."), found=value
        )
    return int(value)
