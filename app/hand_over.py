"""Hand-over files of a township (一户一码移交): the zip that goes out, and a file that comes back, compared."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.api import Operation, describe
from app.downloads import name_file
from app.errors import status_of
from app.language import language
from app.received_tables import read_received
from app.receiving import received_file, takes_file
from app.renovation import SEES_MONEY
from app.session import asker, db
from data.renovation.money_lists import money_areas
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.words import HAND_OVER_OUTCOME
from data.sealed_files import FileTooLarge
from geo.errors import FangtuError

bp = Blueprint("hand_over", __name__)
ZIP = "application/zip"
WORDS = {"outcome": HAND_OVER_OUTCOME}


@bp.get("/api/v1/houses/hand-over")
@require(*SEES_MONEY)
@describe(
    Operation(
        "Townships one answers for; with area and year a zip (application/zip) of that township's renovations with "
        "gates and money: workbook, CSV and manifest.json with the sha256 of each; names masked. The same records give "
        "the same bytes; that it was taken stands in the log",
        query={
            "area": "Code of a township one answers for; without it a list of them",
            "year": "Of the plan",
        },
        answer={"townships": [{"code": "", "name": ""}]},
        statuses={422: "It is no township, or has no renovation of that year"},
    )
)
def pack() -> Response:
    """Made on the spot: nothing is kept of it but the line in the log."""
    from data.renovation.hand_over import pack_hand_over

    area, year = request.args.get("area", ""), request.args.get("year", "")
    if not area:
        towns = [one for one in money_areas(db(), asker()) if one["level"] == "township"]
        return jsonify(townships=[{"code": one["code"], "name": one["name"]} for one in towns])
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        raise lacking("year", f"年度“{year}”应为四位年份", f"'{year}' is no year", found=year)
    answer = Response(pack_hand_over(db(), area, int(year)), mimetype=ZIP)
    answer.headers["Cache-Control"] = "private, no-store"
    name_file(answer, f"一户一码-{area}-{year}.zip")
    return answer


@bp.get("/money/hand-over")
@require(*SEES_MONEY)
def page() -> AnyResponse:
    """Where a file that came back is handed in."""
    return _page()


@bp.post("/money/hand-over")
@require(*SEES_MONEY)
@takes_file
def check() -> AnyResponse:
    """Compare a file that came back; nothing is booked."""
    try:
        name, found = _compared()
    except (RenovationUnfit, FileTooLarge) as refusal:
        return _page(refusal=refusal)
    return _page(name, found)


@bp.post("/api/v1/houses/hand-over-check")
@require(*SEES_MONEY)
@takes_file
@describe(
    Operation(
        "Compare a hand-over file that came back (a form with the file as hand_over_file: csv, xlsx or xls) with the "
        "records; nothing is booked",
        takes=("multipart/form-data",),
        answer={
            "township": "",
            "name": "",
            "year": "",
            "as_of": "Day of the newest booking compared with",
            "counts": "rows, agrees, changed, double, unknown, missing",
            "rows": [
                {
                    "no": "Row in the file",
                    "outcome": "",
                    "site": "",
                    "household": "",
                    "changes": [{"heading": "", "ours": "", "theirs": ""}],
                }
            ],
            "without": "Columns the file lacks",
        },
        statuses={413: "The file is too large", 422: "It cannot be read or is no such file"},
    )
)
def check_file() -> Response:
    """As the page shows it."""
    from data.renovation.hand_over_check import as_plain

    return jsonify(as_plain(_compared()[1]))


def _compared() -> tuple[str, Any]:
    # Here: no other page needs what compares.
    from data.renovation.hand_over_check import check_hand_over

    received = received_file()
    if received is None or not received.size_bytes:
        raise lacking("hand_over_file", "请选择回传文件", "choose the file that came back")
    name, _, sheets = read_received(received, "hand_over_file")
    return name, check_hand_over(db(), sheets)


def _page(name: str | None = None, found: Any = None, refusal: FangtuError | None = None) -> AnyResponse:
    body = render_template(
        "money_hand_over.html",
        name=name,
        found=found,
        words=WORDS,
        problem=refusal.text.in_language(language()) if refusal else None,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")
