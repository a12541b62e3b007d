"""The leaders' first page (总览): where is the gap, will we make it, who must act. And the same as JSON."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _

from app.access import Role, require
from app.api import Operation, describe
from app.language import language
from app.maps import shell, shell_version
from app.paper import one_page
from app.session import asker, db
from app.view import ZONE, View, current_view, today
from data.areas import breadcrumb
from data.campaigns import list_campaigns
from data.coverage import coverage_total, last_visit_at
from data.forecast import AreaForecast, forecast_areas
from data.gap_areas import GapArea, person_days
from data.gaps import MOST_HOUSEHOLDS, gaps_of
from data.overview import area_shapes
from data.settings import ROOT
from layers.coverage import class_of, coverage_classes
from layers.palette import light_colours
from layers.paper_map import PaperArea, PaperGap, draw_map, is_narrow
from layers.progress import progress_plot

bp = Blueprint("overview", __name__)
READERS = (Role.LEADER, Role.SUPERVISOR, Role.ADMIN)
LARGEST = 5
# Heights of the map on paper in millimetres; the largest is taken that leaves one page.
SIZES = (146.0, 138.0, 130.0, 122.0, 114.0, 106.0, 98.0, 90.0, 80.0, 70.0, 58.0, 44.0)
# Below so many households a rate says little.
SMALL = 20
# Its width, alone and beside the ranking; English words of the ranking are longer.
PAPER_STYLE = ROOT / "static" / "css" / "brief-file.css"
WIDE_MM, NARROW_MM = 186.0, {"zh": 118.0, "en": 106.0}
# Of the ranking on paper: its heading, and one of its rows.
ROOM_MM, ROW_MM = 14.0, 5.2
# A gap across many grids has many; the rest is a number.
MOST_PEOPLE = 3
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
}
_PLACE = {"code": "", "name": ""}


@dataclass(frozen=True)
class Crumb:
    """One step from the county down; ``url`` is None above the asker's own area and for the last."""

    name: str
    url: str | None


@bp.get("/overview")
@require(*READERS)
def page() -> str:
    """The page; its map comes by ``/map/areas.json`` and :func:`gaps`."""
    if not list_campaigns(db()):
        return render_template("overview.html", campaign=None)
    return render_template(
        "overview.html",
        **_contents(),
        brief=bool(request.args.get("brief")),
        shell=shell(),
        shell_version=shell_version(),
    )


@bp.get("/overview.pdf")
@require(*READERS)
def paper() -> Response:
    """The same as a file: one page of A4 (PDF), the map drawn as paths of what the store holds."""
    told = _contents()
    report = told["report"]
    shapes = area_shapes(db(), report.level, within=told["view"].within, duty=asker().duty)
    areas = [
        PaperArea(
            name=area.name or "",
            ratio=area.ratio,
            remaining=area.remaining,
            derived=area.derived,
            geometry=json.loads(shapes[area.id]["geometry"]) if shapes[area.id]["geometry"] else None,
            spot=shapes[area.id]["label"],
        )
        for area in report.below
        if area.id in shapes
    ]
    gaps = [PaperGap(gap.number, gap.outline, gap.centre) for gap in report.gaps]
    target = told["target"]
    tally = Counter(class_of(area.ratio, target) for area in report.below if area.code is not None)

    def draw(height: float) -> str:
        # Beside a map that is not broad there is room for the ranking; else it stands below, and is shorter.
        beside = is_narrow(areas)
        ranked = int((height - ROOM_MM) / ROW_MM) if beside else 8 if height > 90 else 4
        width = NARROW_MM[language()] if beside else WIDE_MM
        drawn = draw_map(areas, gaps, width=width, height=height, target=target, numbered=LARGEST)
        return render_template(
            "brief.html",
            **told,
            picture=drawn,
            beside=beside,
            classes=[(number, low, high, tally[number]) for number, low, high in coverage_classes(target)],
            without=tally[None],
            ranked=ranked,
            colours=light_colours(),
        )

    pdf = one_page(draw, SIZES, PAPER_STYLE.read_text(encoding="utf-8"))
    words = ["fangtu", told["campaign"].code, told["view"].round_no, told["view"].area, today().isoformat()]
    name = "-".join(str(word) for word in words if word is not None)
    response = Response(pdf, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.pdf")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _contents() -> dict[str, Any]:
    """What page and paper say."""
    who = asker()
    view = current_view(db(), who)
    moment = last_visit_at(db(), view.campaign.id, view.round_no)
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within)
    report = gaps_of(db(), view.campaign, view.round_no, view.within, duty=who.duty)
    whole, parts = forecast_areas(
        db(),
        view.campaign,
        next(r for r in view.rounds if r.no == view.round_no),
        view.within,
        total,
        [area for area in report.below if area.code is not None],
        as_of=moment.astimezone(ZONE).date() if moment else None,
        today=today(),
    )
    largest = report.gaps[:LARGEST]
    crumbs = breadcrumb(db(), *view.within)
    to_target = total.to_target(view.target)
    return {
        "view": view,
        "campaign": view.campaign,
        "target": view.target,
        "ends_on": next(r.ends_on for r in view.rounds if r.no == view.round_no),
        "today": today(),
        "area_name": crumbs[-1].name if crumbs else _("全部辖区"),
        "crumbs": _crumbs(view, crumbs),
        "query": _query(view),
        "as_of": moment.astimezone(ZONE) if moment else None,
        "total": total,
        "to_target": to_target,
        "days_to_target": person_days(to_target, report.per_day),
        "report": report,
        "largest": largest,
        "largest_unvisited": sum(gap.unvisited for gap in largest),
        "names": {gap.number: name_of(gap) for gap in report.gaps},
        "people": {gap.number: people_of(gap) for gap in report.gaps},
        "days_since": {gap.number: _days_since(gap) for gap in report.gaps},
        "most_households": MOST_HOUSEHOLDS,
        "forecast": whole,
        "plot": _plot(whole, view.target),
        "ranking": sorted(parts, key=lambda one: _rank(one, view.target)),
        "rest": [area for area in report.below if area.code is None],
        "small": SMALL,
    }


@bp.get("/api/v1/gaps")
@require(*READERS)
@describe(
    Operation(
        "Gap areas: contiguous groups of households without a valid visit, those that bring most first",
        query=_QUERY,
        answer={
            "campaign": "",
            "round": "",
            "as_of": "When the latest visit ended",
            "found": "Gap areas altogether; those listed are the largest",
            "inside": "Unvisited households in all of them",
            "considered": "Households with a place of their own",
            "inexact": "Households known only to their settlement, or not placed: they lie in no gap",
            "inexact_unvisited": "The unvisited of them",
            "too_many": "True if the area holds too many households; go into one of those below",
            "level": "Level of the areas below",
            "below": [{"code": "", "name": "", "eligible": "", "visited": "", "remaining": "", "ratio": "Not rounded"}],
            "per_day": "Visits of one inspector in a day",
            "per_day_planned": "Whether the work plan says so",
            "gaps": [
                {
                    "number": "",
                    "name": "",
                    "unvisited": "",
                    "eligible": "",
                    "key_households": "Of the unvisited",
                    "grade_c": "Houses of unvisited households",
                    "grade_d": "Houses of unvisited households",
                    "last_contact_at": "Latest visit to one of the unvisited, in any round; null = never",
                    "never_contacted": "",
                    "villages": [_PLACE],
                    "grids": [_PLACE],
                    "responsible": [
                        {
                            "name": "",
                            "role": "inspector or supervisor",
                            "code": "Of the area of duty; null = no single area",
                            "area": "Its name",
                        }
                    ],
                    "person_days": "",
                    "points": "What closing it adds to the coverage, as a ratio",
                    "reaches": [_PLACE],
                    "centre": ["Longitude, latitude"],
                    "bbox": ["West, south, east, north"],
                    "outline": "GeoJSON geometry",
                }
            ],
        },
    )
)
def gaps() -> Response:
    """The gap areas with their outlines."""
    view = current_view(db(), asker())
    report = gaps_of(db(), view.campaign, view.round_no, view.within, duty=asker().duty)
    moment = last_visit_at(db(), view.campaign.id, view.round_no)
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "as_of": moment.astimezone(ZONE).isoformat(timespec="seconds") if moment else None,
            **report.as_json(),
            "gaps": [{"name": name_of(gap), **gap.as_json()} for gap in report.gaps],
        }
    )


def name_of(gap: GapArea) -> str:
    """Where a gap lies, in words."""
    if gap.place is None:
        return _("各村以外")
    words = {
        "n": _("%(place)s 北片", place=gap.place),
        "e": _("%(place)s 东片", place=gap.place),
        "s": _("%(place)s 南片", place=gap.place),
        "w": _("%(place)s 西片", place=gap.place),
        "c": _("%(place)s片", place=gap.place),
    }
    return words.get(gap.side or "c", gap.place)


def people_of(gap: GapArea) -> str:
    """Who is responsible, in words: an inspector by name, a supervisor with the role; the first three."""
    if not gap.responsible:
        return _("未指定")
    named = [
        person.name if person.role == Role.INSPECTOR else _("%(name)s（主管）", name=person.name)
        for person in gap.responsible[:MOST_PEOPLE]
    ]
    listed = _("、").join(named)
    many = len(gap.responsible)
    return _("%(names)s 等 %(n)s 人", names=listed, n=many) if many > MOST_PEOPLE else listed


def _days_since(gap: GapArea) -> int | None:
    if gap.last_contact_at is None:
        return None
    return max(0, (today() - gap.last_contact_at.astimezone(ZONE).date()).days)


def _rank(one: AreaForecast, target: float) -> tuple[bool, float, str]:
    area = one.area
    return (area.eligible < SMALL, area.ratio if area.ratio is not None else target, area.code or "")


def _query(view: View) -> dict[str, str]:
    """What restores campaign and round; the area is added by the links."""
    return {name: request.args[name] for name in ("campaign", "round") if request.args.get(name)} | (
        {"area": view.area} if view.area else {}
    )


def _crumbs(view: View, crumbs: Any) -> list[Crumb]:
    duty = asker().duty
    top = breadcrumb(db(), *duty[0]) if len(duty) == 1 else []
    own = top[-1].code if top else None
    codes = [crumb.code for crumb in crumbs]
    first = codes.index(own) if own in codes else 0
    kept = {name: value for name, value in _query(view).items() if name != "area"}
    return [
        Crumb(
            crumb.name,
            "/overview?" + urlencode(kept | {"area": crumb.code}) if first <= n < len(codes) - 1 else None,
        )
        for n, crumb in enumerate(crumbs)
    ]


def _plot(whole: AreaForecast, target: float) -> Any:
    if whole.starts_on is None or not whole.counts or not whole.area.eligible:
        return None
    # Visits of which the day is not known stand at the beginning: the line must end where the figure stands.
    before = max(0, whole.area.visited - sum(whole.counts))
    return progress_plot(
        whole.starts_on,
        whole.counts,
        before=before,
        eligible=whole.area.eligible,
        target=target,
        made=whole.made,
    )
