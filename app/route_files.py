"""Plans of routes to take away: the sheet on paper, a workbook, files for navigators, maps and calendars; lines."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask_babel import gettext as _
from sqlalchemy import text

from app.access import require
from app.api import Operation, describe
from app.downloads import MIME, name_file
from app.language import language
from app.paper import pages
from app.routes_api import READERS
from app.session import db
from data.audit import record
from data.local_time import ZONE
from data.route_plans.files import GPX, KML, Words, calendar, geojson, gpx, kml, minute, workbook
from data.route_plans.keeping import Kept, load_plan
from data.route_plans.lines import Drawn, draw_routes, lines_json
from data.route_plans.listing import settled_plan
from data.route_plans.refusals import refuse
from data.route_plans.showing import faces_of, homes_of, plan_json
from data.route_plans.why import explain_left
from data.rules.words import KEY_GROUP
from data.settings import ROOT
from data.tables import Campaign
from layers.paper_routes import draw_route, fit_sheet

bp = Blueprint("route_files", __name__)
PAPER_STYLE = ROOT / "static" / "css" / "route-sheet-file.css"
PART = {"inspector": "Account; all by default", "day": "From 0; all by default"}
# Sheets of one file; each takes part of a second.
MOST_SHEETS = 60
MAP_WIDTH_MM = 186.0
# Households left out that are named on a sheet.
MOST_LEFT = 6


@bp.get("/api/v1/routes/<key:route_id>/legs")
@require(*READERS)
@describe(
    Operation(
        "Ways of a plan as lines, one for each way from stop to stop",
        query=PART,
        answer={
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": "LineString, longitude and latitude",
                    "properties": {
                        "inspector": "Account",
                        "name": "",
                        "day": "From 0",
                        "date": "",
                        "mode": "",
                        "position": "Of the stop it leads to; the number of stops for the way home",
                        "estimated": "Whether it, or more than its last metres, is no road",
                        "seconds": "Of the plan",
                        "metres": "Of the plan",
                    },
                }
            ],
        },
    )
)
def legs(route_id: int) -> Response:
    """Lines to draw."""
    kept = load_plan(db(), settled_plan(db(), route_id))
    return jsonify(_lines(kept, draw_routes(db(), kept, *_part())))


@bp.get("/routes/<key:route_id>/sheet.pdf")
@require(*READERS)
def sheet(route_id: int) -> Response:
    """One sheet of A4 for each day of an inspector."""
    import segno  # draws the codes; no page needs it

    kept, plan, drawn = _read(route_id)
    if not plan["routes"]:
        raise refuse("没有可打印的路线。", "There is no route to print.")
    if len(plan["routes"]) > MOST_SHEETS:
        raise refuse(
            f"共 {len(plan['routes'])} 张路线单，一次最多 {MOST_SHEETS} 张。请选一名走访员或一天。",
            f"{len(plan['routes'])} sheets; at most {MOST_SHEETS} at once. Choose an inspector or a day.",
        )
    outlines = _outlines(kept)
    lines = {(one.account_id, one.day): one for one in drawn}
    left = explain_left(db(), kept, language())[:MOST_LEFT]
    sheets = []
    for route in plan["routes"]:
        height, named = fit_sheet(route["visits"], len(route["breaks"]), [one["message"] for one in left])
        key = (route["inspector"]["id"], route["day"])
        address = urljoin(request.host_url, f"/routes/{route_id}?inspector={key[0]}&day={key[1]}")
        line = lines.get(key)
        picture = None
        if line is not None:
            ways = [(one.coords, one.estimated) for one in line.lines]
            picture = draw_route(line.places, ways, outlines, width=MAP_WIDTH_MM, height=height)
        code = _drawn(segno.make(address, error="m", micro=False))
        sheets.append({"route": route, "picture": picture, "code": code, "left": left[:named]})
    html = render_template(
        "route_sheet.html",
        sheets=sheets,
        plan=plan,
        campaign=db().get_one(Campaign, kept.row.campaign_id),
        left_all=len(plan["unplanned"]),
        facts=faces_of(db(), kept.row, homes_of(db(), kept), []).homes,
        words={key: one.in_language(language()) for key, one in KEY_GROUP.items()},
        minute=minute,
        day_of=date.fromisoformat,
    )
    body = pages(html, PAPER_STYLE.read_text(encoding="utf-8"))
    return _file(kept, body, "application/pdf", "pdf")


@bp.get("/routes/<key:route_id>/routes.xlsx")
@require(*READERS)
def as_workbook(route_id: int) -> Response:
    """A workbook of visits, and of who is left out."""
    kept, plan, _drawn_lines = _read(route_id)
    headings = {
        "date": _("日期"),
        "inspector": _("走访员"),
        "companions": _("陪同"),
        "no": _("序"),
        "arrive": _("到达"),
        "start": _("开始"),
        "leave": _("结束"),
        "code": _("户编号"),
        "head": _("户主"),
        "village": _("村"),
        "grade": _("房屋等级"),
        "key_groups": _("重点户类别"),
        "overdue_days": _("逾期天数"),
        "travel_min": _("路程（分钟）"),
        "travel_m": _("路程（米）"),
        "estimated": _("路程为估算"),
        "lon": _("经度"),
        "lat": _("纬度"),
        "reason": _("未排入的原因"),
    }
    reasons = {one["household"]: one["message"] for one in explain_left(db(), kept, language())}
    for row in (*(stop for route in plan["routes"] for stop in route["stops"]), *plan["unplanned"]):
        row["key_groups"] = [
            KEY_GROUP[key].in_language(language()) if key in KEY_GROUP else key for key in row["key_groups"] or ()
        ]
    body = workbook(plan, Words(headings, _("路线"), _("未排入"), _("是"), reasons))
    return _file(kept, body, MIME[".xlsx"], "xlsx")


@bp.get("/routes/<key:route_id>/routes.gpx")
@require(*READERS)
def as_gpx(route_id: int) -> Response:
    """Routes and tracks for a navigator."""
    kept, plan, drawn = _read(route_id)
    return _file(kept, gpx(plan, drawn), GPX, "gpx")


@bp.get("/routes/<key:route_id>/routes.kml")
@require(*READERS)
def as_kml(route_id: int) -> Response:
    """Folders for a globe."""
    kept, plan, drawn = _read(route_id)
    return _file(kept, kml(plan, drawn), KML, "kml")


@bp.get("/routes/<key:route_id>/routes.geojson")
@require(*READERS)
def as_geojson(route_id: int) -> Response:
    """Lines and points for a map."""
    kept, plan, drawn = _read(route_id)
    return _file(kept, geojson(plan, _lines(kept, drawn)), MIME[".geojson"], "geojson")


@bp.get("/routes/<key:route_id>/routes.ics")
@require(*READERS)
def as_calendar(route_id: int) -> Response:
    """Visits for a calendar."""
    kept, plan, _drawn_lines = _read(route_id)
    return _file(kept, calendar(plan, datetime.now(ZONE)), "text/calendar; charset=utf-8", "ics")


def _part() -> tuple[int | None, int | None]:
    """Inspector and day of the request; None for all."""
    found: list[int | None] = []
    for name in ("inspector", "day"):
        word = request.args.get(name) or None
        if word is not None and not (word.isascii() and word.isdigit() and len(word) < 19):
            abort(400)
        found.append(None if word is None else int(word))
    return found[0], found[1]


def _read(route_id: int) -> tuple[Kept, dict[str, Any], list[Drawn]]:
    """A plan as pages read it, with the routes that are asked for, and their lines."""
    inspector, day = _part()
    kept = load_plan(db(), settled_plan(db(), route_id))
    plan = plan_json(db(), kept, language())
    plan["routes"] = [
        one for one in plan["routes"] if inspector in (None, one["inspector"]["id"]) and day in (None, one["day"])
    ]
    return kept, plan, draw_routes(db(), kept, inspector, day)


def _lines(kept: Kept, drawn: list[Drawn]) -> dict[str, Any]:
    faces = faces_of(db(), kept.row, [], [one.account_id for one in drawn])
    return lines_json(drawn, dict(faces.people), list(kept.base.days))


def _outlines(kept: Kept) -> list[dict[str, Any]]:
    """Outlines of the villages round about, as GeoJSON."""
    rows = db().scalars(
        text("""
            select st_asgeojson(outline, 6) from area
             where level = 'village' and valid_to is null and outline is not null and jur < :hi and jur_end > :lo"""),
        {"lo": kept.row.jur, "hi": kept.row.jur_end},
    )
    return [json.loads(one) for one in rows]


def _drawn(code: Any) -> tuple[int, str]:
    """Modules on a side of a QR code with its margin, and its dark modules as one path."""
    margin = 2
    rows = list(code.matrix)
    dark = [(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module]
    return len(rows) + 2 * margin, "".join(f"M{x + margin} {y + margin}h1v1h-1z" for x, y in dark)


def _file(kept: Kept, body: bytes, media: str, ending: str) -> Response:
    """A file to download; that it was taken stands in the audit."""
    record(
        db(),
        act="route_export",
        object_kind="route_plan",
        object_id=kept.row.id,
        details={"format": ending, "revision": kept.row.revision},
        jur=kept.row.jur,
    )
    answer = Response(body, content_type=media)
    name_file(answer, f"fangtu-routes-{kept.row.id}-{kept.row.days[0].isoformat()}.{ending}")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
