"""Renovations as JSON, one after another: the list of sites with the page's filters."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.access import require
from app.api import Operation, describe
from app.maps import ViewUnknown
from app.renovation import asked_sites, sees_money
from app.session import asker, db
from app.view import today
from data.masks import shown_name
from data.renovation.listing import count_sites, sites_after
from geo.errors import Text

bp = Blueprint("renovation_lists", __name__)
MOST = 500
_SHOWN = (
    *("id", "code", "household_id", "household_code", "village", "grade", "method", "kind", "stage", "state", "days"),
    *("responsible", "year", "stalled"),
)
_MONEY = ("late", "entitled_fen", "paid_fen")


@bp.get("/api/v1/sites")
@require()
@describe(
    Operation(
        "Renovation sites with the filters of the page: those not paid yet first, the longest standing first",
        query={
            "area": "Code of the area; one's own area of duty by default",
            "year": "Of the plan; all by default",
            "stage": "Gate they stand at: found, appraised … looked_back",
            "state": "open, rejected or withdrawn",
            "kind": "c_repair, d_rebuild, turn_key or other",
            "grade": "Grade before: A, B, C, D or none",
            "village": "Number of the village",
            "late": "1: only those that wait for money too long; of no effect for inspectors",
            "stalled": "1: only those that have stood too long",
            "unassigned": "1: only those nobody answers for",
            "after": "next of the answer before; sites that move meanwhile are not told twice",
            "size": f"At most {MOST}, 50 by default",
        },
        answer={
            "as_of": "Day by which days, late and stalled are meant",
            "total": "Sites that fit; null with after",
            "next": "Where the list goes on; null at its end",
            "rows": [
                {
                    **dict.fromkeys(_SHOWN, ""),
                    "head_name": "Masked by role",
                    "stage_on": "Day it reached its gate; null if unknown, and days with it",
                    "late": "null for inspectors, as are entitled_fen and paid_fen",
                    "entitled_fen": "null if not set",
                    "paid_fen": "",
                }
            ],
        },
        statuses={400: "A filter, size or after is none of those that are known"},
    )
)
def listing() -> Response:
    """A part of the list."""
    wish, now, money = asked_sites(), today(), sees_money()
    size, after = _size(), _after()
    found = sites_after(db(), wish, now, after, money=money, size=size + 1)
    rows, more = found[:size], len(found) > size
    role = asker().role
    return jsonify(
        as_of=now.isoformat(),
        total=count_sites(db(), wish, now).found if after is None else None,
        next=_cursor(rows[-1]) if more else None,
        rows=[
            {name: row[name] for name in _SHOWN}
            | {name: row[name] if money else None for name in _MONEY}
            | {
                "stage_on": row["stage_on"].isoformat() if row["stage_on"] else None,
                "head_name": shown_name(row["head_name"], role) if row["head_name"] else None,
            }
            for row in rows
        ],
    )


def _size() -> int:
    given = request.args.get("size") or "50"
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= MOST):
        raise _unknown("size", given, Text(f"1 至 {MOST}", f"1 to {MOST}"))
    return int(given)


def _cursor(row: dict[str, Any]) -> str:
    return f"{int(row['is_settled'])}.{row['stage_on'] or ''}.{row['id']}"


def _after() -> tuple[bool, date | None, int] | None:
    given = request.args.get("after")
    if not given:
        return None
    expected = Text("上一页答复里的 next", "next of the answer before")
    try:
        settled, day, key = given.split(".")
        if settled not in ("0", "1") or not (key.isascii() and key.isdigit() and len(key) < 19):
            raise _unknown("after", given, expected)
        return settled == "1", date.fromisoformat(day) if day else None, int(key)
    except ValueError as error:
        raise _unknown("after", given, expected) from error


def _unknown(name: str, found: str, expected: Text) -> ViewUnknown:
    return ViewUnknown(
        Text(f"{name} 为“{found}”，应为{expected.zh}。", f"{name} is '{found}'; expected {expected.en}."), found=found
    )
