"""The coverage list (覆盖率): the map's equal in rows, and the same figures as JSON and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta
from operator import attrgetter

from flask import Blueprint, Response, jsonify, render_template, request
from flask_babel import gettext as _

from app.access import require
from app.api import Operation, describe
from app.language import language
from app.maps import one_of
from app.session import asker, db
from app.view import ZONE, View, current_view, page_number, past_day, today
from data.area_columns import BY
from data.coverage import (
    KIND_UNKNOWN,
    Part,
    PartCoverage,
    coverage_by_area,
    coverage_by_part,
    coverage_total,
    known_since,
    last_visit_at,
)
from data.coverage_rows import AreaCoverage
from data.formulas import guarded
from data.rules.words import KEY_GROUP, STATUS
from data.worklists import PAGE, Listing

bp = Blueprint("coverage", __name__)
# What rows are put in order by; by code they stand as areas do in the official list.
SORTS = ("code", "ratio", "visited", "remaining")
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
    "by": "county, township, village, group or grid",
    "day": "As shown at the end of this day, YYYY-MM-DD; now by default",
    "kind": "Only visits of this kind of visitor, as /api/v1/coverage/parts lists them; all by default",
    "key_group": "Only households of this key group; all by default",
}
_PART = {
    "kind": "Kind of visitor; empty for all, - where nobody said who made the visit",
    "key_group": "Key group of the household; empty for all",
    **dict.fromkeys(("eligible", "visited", "remaining"), ""),
    "ratio": "Not rounded",
}
_ROW = {
    **dict.fromkeys(("code", "name", "level", "eligible", "visited", "remaining"), ""),
    "ratio": "Not rounded",
    "known_since": "Of a past day: the first day of which anything is known; before it the figures are null",
}


@bp.get("/coverage")
@require()
def page() -> str:
    """Coverage by village, natural village, grid or township, worst first; now or at the end of a past day.

    A page at a time: ten thousand grids are fifty thousand cells. As JSON and as a table they come whole.
    """
    view, by, day, rows = _rows()
    part = _part()
    sort, falls = one_of("sort", SORTS, "ratio"), one_of("order", ("asc", "desc"), "asc") == "desc"
    listed = _page_of(in_order(rows, sort, falls=falls), page_number())
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within, as_of=day, part=part)
    parts = [] if day else coverage_by_part(db(), view.campaign.id, view.round_no, view.within)
    return render_template(
        "coverage.html",
        part=part,
        by_kind=[one for one in parts if one.kind and one.key_group == part.key_group],
        by_key_group=[one for one in parts if one.key_group and one.kind == part.kind],
        part_name=part_name,
        listed=listed,
        sort=sort,
        falls=falls,
        total=total.as_json(),
        by=by,
        campaign=view.campaign,
        campaigns=view.campaigns,
        round=view.round_no,
        rounds=view.rounds,
        area=view.area,
        target=view.target,
        to_target=total.to_target(view.target),
        **_days_around(view, day),
        short_day=day_in_words,
        as_of=last_visit_at(db(), view.campaign.id, view.round_no),
    )


@bp.get("/api/v1/coverage")
@require()
@describe(
    Operation(
        "Coverage by area: distinct eligible households with a valid visit / distinct eligible households",
        query=_QUERY,
        answer={
            **dict.fromkeys(("campaign", "round", "by", "target"), ""),
            **dict.fromkeys(("kind", "key_group"), "What was asked for; empty for all"),
            "as_of": "The past day asked for, or null",
            "total": _ROW,
            "rows": [_ROW],
        },
    )
)
def listing() -> Response:
    """The same rows as JSON."""
    view, by, day, rows = _rows()
    part = _part()
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within, as_of=day, part=part)
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "by": by,
            "as_of": day.isoformat() if day else None,
            "kind": part.kind,
            "key_group": part.key_group,
            "target": view.target,
            "total": total.as_json(),
            "rows": [row.as_json() for row in rows],
        }
    )


@bp.get("/api/v1/coverage/parts")
@require()
@describe(
    Operation(
        "Coverage by kind of visitor, by key group and by both; a household can be in several, so they do not add up",
        query={name: _QUERY[name] for name in ("campaign", "round", "area")},
        answer={**dict.fromkeys(("campaign", "round", "target"), ""), "total": _ROW, "parts": [_PART]},
    )
)
def listing_of_parts() -> Response:
    """The parts of the area in view as JSON."""
    view = current_view(db(), asker())
    total = coverage_total(db(), view.campaign.id, view.round_no, view.within)
    parts = coverage_by_part(db(), view.campaign.id, view.round_no, view.within)
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "target": view.target,
            "total": total.as_json(),
            "parts": [part.as_json() for part in parts],
        }
    )


@bp.get("/api/v1/coverage.csv")
@require()
@describe(Operation("Coverage by area as a table for a spreadsheet", query=_QUERY))
def table() -> Response:
    """The same rows as a table for a spreadsheet; counts of households, no personal data."""
    view, by, day, rows = _rows()
    out = io.StringIO()
    writer = csv.writer(out)
    lang = language()
    writer.writerow(
        [_("代码"), _("名称"), _("应访户"), _("已访户"), _("未访户"), _("覆盖率")]
        + [text.in_language(lang) for text in STATUS.values()]
        + [_("截至")]
    )
    moment = last_visit_at(db(), view.campaign.id, view.round_no)
    as_of = day.isoformat() if day else moment.astimezone(ZONE).isoformat(timespec="minutes") if moment else ""
    for row in rows:
        name = guarded(row.name) if row.name is not None else _("不在所列辖区内")
        ratio = f"{row.ratio:.6f}" if row.ratio is not None else ""
        # Of a past day the statuses are not kept, and before the first one nothing is: empty, which is not zero.
        counts = [row.counts.get(int(status), "") for status in STATUS]
        figures = [row.eligible, row.visited, row.remaining] if row.known else ["", "", ""]
        writer.writerow([row.code or "", name, *figures, ratio, *counts, as_of])
    response = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    of_day = f"-{day}" if day else ""
    response.headers["Content-Disposition"] = f'attachment; filename="coverage-{by}{of_day}.csv"'
    return response


def part_name(part: PartCoverage | Part, which: str) -> str:
    """The kind of visitor or the key group of a part, in the asker's language."""
    if which == "kind":
        return _("未注明") if part.kind == KIND_UNKNOWN else part.kind
    words = KEY_GROUP.get(part.key_group)
    return words.in_language(language()) if words else part.key_group


def in_order(rows: Sequence[AreaCoverage], sort: str, *, falls: bool) -> list[AreaCoverage]:
    """Rows by a figure, those of one figure by code; what nobody knows stays at the end, whichever way the known go."""
    rows = sorted(rows, key=lambda row: row.code or "~")
    if sort == "code":
        return rows[::-1] if falls else rows
    figure = attrgetter(sort)
    known: list[AreaCoverage] = []
    unknown: list[AreaCoverage] = []
    for row in rows:
        (known if row.known and figure(row) is not None else unknown).append(row)
    return sorted(known, key=figure, reverse=falls) + unknown


def _page_of(rows: Sequence[AreaCoverage], page: int) -> Listing:
    """One page of rows as JSON; the last one where there are fewer pages."""
    page = min(page, max(1, -(-len(rows) // PAGE)))
    return Listing([row.as_json() for row in rows[PAGE * (page - 1) : PAGE * page]], len(rows), page)


def _part() -> Part:
    return Part(request.args.get("kind") or "", request.args.get("key_group") or "")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_in_words(day: date) -> str:
    """A day as people read it: 11月12日, of another year 2025-11-12; in English 12 Nov 2026."""
    if language() == "en":
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.month}月{day.day}日" if day.year == today().year else day.isoformat()


def _days_around(view: View, day: date | None) -> dict[str, date | None]:
    """The day shown, since when days are known, and the days to step to; None where there is no step."""
    since = known_since(db(), view.campaign.id, view.round_no)
    before = (day or today()) - timedelta(days=1)
    return {
        "day": day,
        "since": since,
        "day_before": before if since is not None and before >= since else None,
        # The day after yesterday is the present, which has no day in its address.
        "day_after": day + timedelta(days=1) if day and day + timedelta(days=1) < today() else None,
    }


def _rows() -> tuple[View, str, date | None, Sequence[AreaCoverage]]:
    who = asker()
    view = current_view(db(), who)
    day = past_day()
    by = one_of("by", BY, "village")
    rows = coverage_by_area(
        db(), view.campaign.id, view.round_no, by, within=view.within, duty=who.duty, as_of=day, part=_part()
    )
    return view, by, day, rows
