"""The map page (地图), its fixed script and the JSON its layers ask for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from functools import cache
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask_babel import gettext as _

from app.access import require
from app.caching import keep_by_content, keep_until_changed
from app.language import language
from app.session import asker, db
from app.view import ZONE, View, current_scope, current_view, today
from data.area_columns import BY
from data.areas import breadcrumb
from data.campaigns import list_campaigns
from data.coverage import coverage_by_area, coverage_total, last_visit_at
from data.heat import HEAT_ZOOM, RECIPE, Cells, as_flat, as_steps, heat_cells, heat_days
from data.history import DayCount, days_of_places, span_of, visited_by_area_and_day, visited_on_days
from data.live import version_tag
from data.overview import area_shapes, dilapidated_by_area, extent, legend_counts
from data.settled import settled_counts
from geo.errors import FangtuError, Text
from layers.basemap import base_layer, township_map
from layers.classes import SCHEMES, classify
from layers.coverage import coverage_layer
from layers.heat import BANDWIDTH_M, BREAKS, BREAKS_OF, LEAST_HOUSEHOLDS, SHARES, heat_layer
from layers.monitoring import monitoring_layer
from layers.records import records_layer, settled_layer
from layers.shell import Shell, render_shell

bp = Blueprint("maps", __name__)
# What areas may be coloured by, besides their coverage: unvisited households, houses of grade C or D.
FIGURES = ("coverage", "unvisited", "dilapidated")
# Forms of their cells: single numbers, or steps from one to the next.
HEAT_FORMS = ("cells", "steps")
HEAT_KINDS = ("unvisited", "visited", "dilapidated", "demands")


class ViewUnknown(FangtuError):
    """The address asks for a level or kind that does not exist."""

    code = "view_unknown"


@cache
def shell() -> Shell:
    """The map of every page, rendered once: it holds addresses and looks, no record."""
    return render_shell(
        township_map(
            [
                base_layer(
                    "/api/v1/tiles/base/{z}/{x}/{y}.mvt",
                    others="/map/bases.json",
                    names="/tiles/names/{z}/{x}/{y}.json",
                ),
                coverage_layer("/map/areas.json", classes="/map/classes.json"),
                heat_layer("/map/heat.json"),
                records_layer("/api/v1/tiles/records/{z}/{x}/{y}.mvt"),
                settled_layer("/map/settled.json"),
                monitoring_layer("/map/monitoring.json"),
            ]
        )
    )


@bp.get("/map")
@require()
def page() -> str:
    """The map page; what it shows comes by :func:`setup` and the layers' own addresses."""
    return render_template(
        "map.html",
        shell=shell(),
        script_url=url_for(".script", v=shell_version()),
        has_campaign=bool(list_campaigns(db())),
    )


@bp.get("/map/shell.js")
@require()
def script() -> Response:
    """Folium's script, as a file of its own so that the page needs no inline script."""
    response = Response(shell().script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "private, max-age=86400" if request.args.get("v") else "private, no-cache"
    return response


@cache
def shell_version() -> str:
    """Changes when the script does."""
    return hashlib.sha256(shell().script.encode()).hexdigest()[:12]


@bp.get("/map/setup.json")
@require()
def setup() -> Response:
    """Campaigns, area, headline coverage and legend counts of a view."""
    session, who = db(), asker()
    view = current_view(session, who)
    tag = version_tag(session, view.campaign.id, view.round_no)  # first: what follows is at least as new
    total = coverage_total(session, view.campaign.id, view.round_no, view.within)
    crumbs = breadcrumb(session, *view.within)
    target = view.target
    answer = jsonify(
        {
            "campaigns": [
                {
                    "id": c.id,
                    "name": _name(c),
                    "target": target if c.id == view.campaign.id else c.target,
                    "rounds": _rounds(view) if c.id == view.campaign.id else [],
                }
                for c in view.campaigns
            ],
            "campaign": view.campaign.id,
            "round": view.round_no,
            "rule": _rule(view),
            "extent": extent(session, view.within, who.duty),
            "as_of": _as_of(view.campaign.id, view.round_no),
            "today": today().isoformat(),
            "role": who.role,
            "crumbs": [{"code": c.code, "name": c.name, "level": c.level} for c in crumbs],
            "area": {"code": crumbs[-1].code, "name": crumbs[-1].name, "level": crumbs[-1].level} if crumbs else None,
            "coverage": {
                "eligible": total.eligible,
                "visited": total.visited,
                "ratio": total.ratio,
                "to_target": total.to_target(target),
                "target": target,
            },
            "counts": {
                "status": total.counts,
                **legend_counts(session, view.campaign.id, view.round_no, view.within),
            },
            "heat": {
                "bandwidth_m": BANDWIDTH_M,
                "breaks": BREAKS,
                "breaks_of": BREAKS_OF,
                "shares": SHARES,
                "least_households": LEAST_HOUSEHOLDS,
            },
            "lang": language(),
            "tag": tag,
        }
    )
    return keep_by_content(answer)


@bp.get("/map/areas.json")
@require()
def areas() -> Response:
    """Areas of a level with their coverage, as GeoJSON."""
    session, who = db(), asker()
    view = current_view(session, who)
    by = one_of("by", BY, "village")
    campaign_id, round_no = view.campaign.id, view.round_no
    kept = keep_until_changed(version_tag(session, campaign_id, round_no), campaign_id, round_no)
    if kept.answer:
        return kept.answer
    rows = coverage_by_area(session, view.campaign.id, view.round_no, by, within=view.within, duty=who.duty)
    shapes = area_shapes(session, by, within=view.within, duty=who.duty)
    nothing: dict[str, Any] = {"geometry": None, "label": None, "bbox": None}
    features = []
    for row in rows:
        if row.id is None:
            continue
        shape = shapes.get(row.id, nothing)
        told = {**row.as_json(), "label": shape["label"], "bbox": shape["bbox"]}
        features.append(_feature(row.id, shape["geometry"], told))
    return kept.mark(_collection(features, as_of=_as_of(view.campaign.id, view.round_no), by=by))


def _feature(key: int, outline: str | None, properties: dict[str, Any]) -> str:
    # The outline goes on as the database wrote it: to read and write ten thousand of them takes a second.
    told = json.dumps(properties)
    return f'{{"type": "Feature", "id": {key}, "geometry": {outline or "null"}, "properties": {told}}}'


def _collection(features: list[str], **more: Any) -> Response:
    head = json.dumps({"type": "FeatureCollection", **more})
    return Response(f'{head[:-1]}, "features": [{",".join(features)}]}}', mimetype="application/json")


@bp.get("/map/classes.json")
@require()
def classes() -> Response:
    """Classes made from the present figures of a level's areas, with the figures that no other address tells."""
    session, who = db(), asker()
    view = current_view(session, who)
    by = one_of("by", BY, "village")
    figure = one_of("show", FIGURES, "coverage")
    scheme = one_of("classes", SCHEMES, "natural")
    kept = keep_until_changed(version_tag(session, view.campaign.id, view.round_no), view.campaign.id, view.round_no)
    if kept.answer:
        return kept.answer
    rows = coverage_by_area(session, view.campaign.id, view.round_no, by, duty=who.duty)
    counts = dilapidated_by_area(session, by, duty=who.duty) if figure == "dilapidated" else None
    values: dict[int, float | None] = {
        row.id: row.ratio if figure == "coverage" else row.remaining if counts is None else counts.get(row.id, 0)
        for row in rows
        if row.id is not None
    }
    made = classify([value for value in values.values() if value is not None], scheme)
    return kept.mark(
        jsonify({"classes": [asdict(one) for one in made], "values": values if counts is not None else None})
    )


@bp.get("/map/outlines.json")
@require()
def outlines() -> Response:
    """Outlines and names of the asker's areas of a level, as GeoJSON; they need no campaign."""
    by = one_of("by", BY, "village")
    shapes = area_shapes(db(), by, duty=asker().duty)
    features = [
        _feature(key, shape["geometry"], {name: shape[name] for name in ("code", "name", "label", "bbox")})
        for key, shape in sorted(shapes.items(), key=lambda item: str(item[1]["code"]))
    ]
    return _collection(features, by=by)


@bp.get("/map/heat.json")
@require()
def heat() -> Response:
    """Cells of a heatmap: ``cells`` are x, y and number in turn; with ``form=steps`` as :func:`data.heat.as_steps`."""
    session = db()
    scope = current_scope(session, asker())
    kind, form = one_of("kind", HEAT_KINDS, "unvisited"), one_of("form", HEAT_FORMS, "cells")
    campaign_id, round_no = scope.campaign_id, scope.round_no
    kept = keep_until_changed(scope.tag, RECIPE, campaign_id, round_no)
    if kept.answer:
        return kept.answer
    cells = heat_cells(session, campaign_id, round_no, kind)
    return kept.mark(jsonify({**_heat_in(form, cells), "as_of": _as_of(campaign_id, round_no)}))


@bp.get("/map/days.json")
@require()
def days() -> Response:
    """All that playing a round day by day needs: households first visited on each day, for areas and for cells.

    Days are counted from ``first``. ``days`` holds day and number in turn, ``cells`` x, y, day and number: negative
    ones as in :class:`data.heat.Cells`. With ``form=steps`` cells come as :func:`data.heat.as_steps`, areas as
    :meth:`data.history.AreaDays.as_steps`.
    """
    session, who = db(), asker()
    view = current_view(session, who)
    levels = [_one_of_words("by", word, BY) for word in (request.args.get("by") or "village").split(",")]
    form = one_of("form", HEAT_FORMS, "cells")
    chosen = next(r for r in view.rounds if r.no == view.round_no)
    campaign_id, round_no = view.campaign.id, view.round_no
    span_told = (chosen.starts_on, chosen.ends_on, today())
    kept = keep_until_changed(version_tag(session, campaign_id, round_no), RECIPE, campaign_id, round_no, span_told)
    if kept.answer:
        return kept.answer
    places = days_of_places(session, campaign_id, round_no)
    span = span_of(visited_on_days(places), *span_told)
    first = span[0] if span else today()
    answer: dict[str, Any] = {
        "first": span[0].isoformat() if span else None,
        "last": span[1].isoformat() if span else None,
        "total": _from_first(visited_on_days(places, view.within), first),
        "levels": {},
    }
    for by in levels:
        counts = visited_by_area_and_day(session, places, by, duty=who.duty)
        each = counts.by_area().items() if form == "cells" else ()
        answer["levels"][by] = (
            counts.as_steps(first) if form == "steps" else {k: _from_first(v, first) for k, v in each}
        )
    if request.args.get("heat"):
        answer["heat"] = _heat_in(form, heat_days(session, campaign_id, round_no, first))
    return kept.mark(jsonify(answer))


def _heat_in(form: str, cells: Cells) -> dict[str, Any]:
    return {"zoom": HEAT_ZOOM, **(as_steps(cells) if form == "steps" else {"cells": as_flat(cells)})}


def _from_first(counts: list[DayCount], first: date) -> dict[str, Any]:
    return {
        "undated": sum(count.visited for count in counts if count.day is None),
        "days": [number for day, n in counts if day is not None for number in ((day - first).days, n)],
    }


@bp.get("/map/settled.json")
@require()
def settled() -> Response:
    """Households known only to their settlement, as one number for each settlement; tiles hold none of them."""
    session, who = db(), asker()
    view = current_view(session, who)
    counts = settled_counts(session, view.campaign.id, view.round_no, view.within, duty=who.duty)
    return jsonify({"settlements": [asdict(one) for one in counts]})


def asked_day(name: str) -> date | None:
    """Read a day of the request; None without it.

    Raises
    ------
    ViewUnknown
        If it is no day.
    """
    value = request.args.get(name, "")
    try:
        return date.fromisoformat(value) if value else None
    except ValueError as error:
        raise ViewUnknown(
            Text(f"“{value}”不是日期，应如 2026-11-12。", f"'{value}' is no day; expected such as 2026-11-12."),
            found=value,
        ) from error


def one_of(name: str, known: tuple[str, ...], default: str) -> str:
    """Read a word of the request that must be one of those known; the default without it.

    Raises
    ------
    ViewUnknown
        If it is another.
    """
    return _one_of_words(name, request.args.get(name) or default, known)


def _one_of_words(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ViewUnknown(
            Text(
                f"{name} 为“{value}”，应为 {'、'.join(known)}。", f"{name} is '{value}'; expected {', '.join(known)}."
            ),
            found=value,
            expected=list(known),
        )
    return value


def _as_of(campaign_id: int, round_no: int) -> str | None:
    moment = last_visit_at(db(), campaign_id, round_no)
    return moment.astimezone(ZONE).isoformat(timespec="seconds") if moment else None


def _name(named: Any) -> str:
    return str(named.name_en if language() == "en" else named.name_zh)


def _rounds(view: View) -> list[dict[str, Any]]:
    return [
        {
            "no": r.no,
            "name": _name(r),
            "starts_on": r.starts_on.isoformat() if r.starts_on else None,
            "ends_on": r.ends_on.isoformat() if r.ends_on else None,
        }
        for r in view.rounds
    ]


def _rule(view: View) -> str:
    """The rule of a valid visit in words, with the numbers of the plan."""
    rule = view.campaign.plan["visit"]
    if rule.get("done_statuses"):
        return _("有效走访：状态为 %(words)s。", words="、".join(rule["done_statuses"]))
    if rule.get("min_minutes") is None:
        home = _("入户走访")
    else:
        home = _("入户满 %(n)s 分钟", n=f"{rule['min_minutes']:g}")
    if not rule.get("remote_modes"):
        return _("有效走访：%(home)s。", home=home)
    if rule.get("remote_needs_reason", True):
        return _("有效走访：%(home)s，或远程走访并注明原因。", home=home)
    return _("有效走访：%(home)s，或远程走访。", home=home)
