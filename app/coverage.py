"""The coverage list (覆盖率): the map's equal in rows, and the same figures as JSON and CSV."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _

from app.access import require
from app.api import Operation, describe
from app.language import language
from app.maps import ViewUnknown
from app.session import asker, db
from app.view import ZONE, View, current_view
from data.coverage import BY, AreaCoverage, coverage_by_area, coverage_total, last_visit_at
from data.formulas import guarded
from data.rules.words import STATUS
from geo.errors import Text

bp = Blueprint("coverage", __name__)
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
    "by": "county, township, village, group or grid",
}
_ROW = {"code": "", "name": "", "level": "", "eligible": "", "visited": "", "remaining": "", "ratio": "Not rounded"}


@bp.get("/coverage")
@require()
def page() -> str:
    """Coverage by village, natural village, grid or township, worst first."""
    view, by, rows = _rows()
    rows.sort(key=lambda row: (row.ratio is None, row.ratio if row.ratio is not None else 0, row.code or "~"))
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within)
    return render_template(
        "coverage.html",
        rows=[row.as_json() for row in rows],
        total=total.as_json(),
        by=by,
        campaign=view.campaign,
        campaigns=view.campaigns,
        round=view.round_no,
        rounds=view.rounds,
        area=view.area,
        target=view.campaign.target,
        to_target=total.to_target(view.campaign.target),
        as_of=last_visit_at(db(), view.campaign.id, view.round_no),
    )


@bp.get("/api/v1/coverage")
@require()
@describe(
    Operation(
        "Coverage by area: distinct eligible households with a valid visit / distinct eligible households",
        query=_QUERY,
        answer={"campaign": "", "round": "", "by": "", "target": "", "total": _ROW, "rows": [_ROW]},
    )
)
def listing() -> Response:
    """The same rows as JSON."""
    view, by, rows = _rows()
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within)
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "by": by,
            "target": view.campaign.target,
            "total": total.as_json(),
            "rows": [row.as_json() for row in rows],
        }
    )


@bp.get("/api/v1/coverage.csv")
@require()
@describe(Operation("Coverage by area as a table for a spreadsheet", query=_QUERY))
def table() -> Response:
    """The same rows as a table for a spreadsheet; counts of households, no personal data."""
    view, by, rows = _rows()
    out = io.StringIO()
    writer = csv.writer(out)
    lang = language()
    writer.writerow(
        [_("代码"), _("名称"), _("应访户"), _("已访户"), _("未访户"), _("覆盖率")]
        + [text.in_language(lang) for text in STATUS.values()]
        + [_("截至")]
    )
    moment = last_visit_at(db(), view.campaign.id, view.round_no)
    as_of = moment.astimezone(ZONE).isoformat(timespec="minutes") if moment else ""
    for row in rows:
        name = guarded(row.name) if row.name is not None else _("不在所列辖区内")
        ratio = f"{row.ratio:.6f}" if row.ratio is not None else ""
        counts = [row.counts[int(status)] for status in STATUS]
        writer.writerow([row.code or "", name, row.eligible, row.visited, row.remaining, ratio, *counts, as_of])
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="coverage-{by}.csv"'
    return response


def _rows() -> tuple[View, str, list[AreaCoverage]]:
    who = asker()
    view = current_view(db(), who)
    by = request.args.get("by") or "village"
    if by not in BY:
        raise ViewUnknown(
            Text(f"by 为“{by}”，应为 {'、'.join(BY)}。", f"by is '{by}'; expected {', '.join(BY)}."), found=by
        )
    rows = coverage_by_area(db(), view.campaign.id, view.round_no, by, within=view.within, duty=who.duty)
    return view, by, rows
