"""The visit ledger (入户走访台账): as a page, as a workbook, and as JSON; and the history of one household."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from app.access import require
from app.api import Operation, describe
from app.choices import asked_words
from app.downloads import MIME, name_file
from app.file_codes import MAKERS, shown_code
from app.household_file import WORDS as FILE_WORDS
from app.household_file import read_file
from app.households import asked_round
from app.maps import asked_day
from app.monitoring import SAFETY_WORDS, WRITERS
from app.renovation import sees_money
from app.session import asker, db, store
from app.view import ZONE, View, current_view, page_number, today
from data.audit import record
from data.coverage import last_visit_at
from data.household_history import household_history
from data.households import household_card, iso
from data.ledger_workbook import write_ledger
from data.masks import shown_name
from data.monitoring.listing import household_monitoring
from data.petitions import READERS, petitions_of
from data.renovation.eligibility import eligibility_of
from data.renovation.exclusions import exclusions_of
from data.renovation.funds import yuan
from data.rules.words import (
    AID_GROUP,
    ELIGIBILITY,
    EXCLUSION,
    GRADE,
    KEY_GROUP,
    METHOD,
    MODE,
    MONITORED,
    OUTCOME,
    QUALITY,
    STAGE,
    STATUS,
    SUSPECT,
    VERDICT,
)
from data.visit_ledger import LedgerWish, ledger_page, visitor_kinds
from geo.errors import Text

bp = Blueprint("visit_ledger", __name__)
COUNTS = {
    "yes": Text("计入", "Count"),
    "no": Text("不计入", "Do not count"),
    "suspect": Text("存疑", "In doubt"),
}
_CHOICES: dict[str, dict[str, Text]] = {"counts": COUNTS, "mode": MODE, "outcome": OUTCOME, "key_group": KEY_GROUP}
_WORDS = {
    "mode": MODE,
    "outcome": OUTCOME,
    "verdict": VERDICT,
    "suspect": SUSPECT,
    "key_group": KEY_GROUP,
    "status": STATUS,
    "aid_group": AID_GROUP,
    "grade": GRADE,
    "method": METHOD,
    "stage": STAGE,
    "quality": QUALITY,
}
_QUERY = {
    "campaign": "Number or code; the newest by default",
    "round": "Number of the round; the current one by default",
    "area": "Code of the area; one's own area of duty by default",
    "counts": "yes, no or suspect",
    "mode": "home, phone, wechat or sms",
    "outcome": "done, nobody_home, refused, long_away …",
    "kind": "Kind of visitor as recorded",
    "key_group": "Key group of the household",
    "first": "First day, YYYY-MM-DD",
    "last": "Last day, YYYY-MM-DD",
    "page": "Page of 50, from 1",
}


@bp.get("/visits")
@require()
def page() -> str:
    """Visits of the round and area, newest first, with what counts and what does not."""
    view = current_view(db(), asker())
    wish = _wish(view)
    found = ledger_page(db(), wish, page_number())
    role = asker().role
    return render_template(
        "visits.html",
        found=found,
        rows=[{**row._mapping, "head_name": shown_name(row.head_name or "", role)} for row in found.rows],
        wish=wish,
        choices={name: list(words.items()) for name, words in _CHOICES.items()},
        kinds=visitor_kinds(db(), wish),
        words=_WORDS,
        campaign=view.campaign,
        round=view.round_no,
        rounds=view.rounds,
        area=view.area,
        as_of=last_visit_at(db(), view.campaign.id, view.round_no),
    )


@bp.get("/visits.xlsx")
@require()
def workbook() -> Response:
    """The same visits as a workbook with the headings of townships' registers; names masked, and noted in the log."""
    view = current_view(db(), asker())
    wish = _wish(view)
    moment = last_visit_at(db(), view.campaign.id, view.round_no)
    planned = next(one for one in view.rounds if one.no == view.round_no)
    note = "　".join(
        [
            f"行动：{view.campaign.name_zh}",
            f"轮次：{planned.name_zh}",
            f"辖区：{view.area or '本辖区'}",
            f"数据截至：{moment.astimezone(ZONE):%Y-%m-%d %H:%M}" if moment else "数据截至：无走访",
        ]
    )
    with tempfile.TemporaryDirectory(dir=store().settings.var) as folder:
        path = Path(folder, "ledger.xlsx")
        rows = write_ledger(db(), wish, path, "入户走访台账", note)
        answer = Response(path.read_bytes(), mimetype=MIME[".xlsx"])
    record(
        db(),
        act="export",
        object_kind="visits",
        fields=["ledger"],
        details={"rows": rows, "format": "xlsx", "area": view.area},
        jur=view.within[0],
    )
    name_file(answer, f"入户走访台账-{view.campaign.code}-{view.round_no}.xlsx")
    return answer


@bp.get("/api/v1/visits")
@require()
@describe(
    Operation(
        "Visits of a round, newest first, a page at a time",
        query=_QUERY,
        answer={
            **dict.fromkeys(("campaign", "round", "page", "pages"), ""),
            "total": "Visits that fit",
            "more": "true if there are more than total says",
            "rows": [
                {
                    "id": "Number of the visit",
                    "household_id": "null for a visit at no known house",
                    "household_code": "Of the household, else what the source calls it",
                    "head_name": "Masked by role",
                    **dict.fromkeys(("village", "natural_village", "grid", "started_at", "ended_at", "minutes"), ""),
                    **dict.fromkeys(("mode", "reason", "outcome", "visitor", "visitor_kind", "companions"), ""),
                    **dict.fromkeys(("verdict", "ruling", "remark"), ""),
                    "counts": "Whether it counts towards coverage",
                    "suspect": ["Reason for doubt"],
                }
            ],
        },
    )
)
def listing() -> Response:
    """A page of the ledger as JSON."""
    view = current_view(db(), asker())
    found = ledger_page(db(), _wish(view), page_number())
    hidden = {"lon", "lat", "home_lon", "home_lat", "key_groups"}
    role = asker().role
    return jsonify(
        {
            "campaign": view.campaign.code,
            "round": view.round_no,
            "total": found.total,
            "more": found.more,
            "page": found.page,
            "pages": found.pages,
            "rows": [
                {
                    **{name: value for name, value in row._mapping.items() if name not in hidden},
                    "head_name": shown_name(row.head_name, role) if row.head_name else None,
                    "started_at": iso(row.started_at),
                    "ended_at": iso(row.ended_at),
                    "suspect": list(row.suspect),
                }
                for row in found.rows
            ],
        }
    )


@bp.get("/households/<key:household_id>")
@require()
def household(household_id: int) -> str:
    """Everything that was done for one household, newest first: visits of all rounds, houses, renovation."""
    card = household_card(db(), household_id, asker(), store().sealer, round_=asked_round(), today=today())
    history = household_history(db(), household_id, asker())
    return render_template(
        "household.html",
        card=card,
        history=history,
        words=_WORDS | {"eligibility": ELIGIBILITY, "monitored": MONITORED, "exclusion": EXCLUSION},
        judged=eligibility_of(db(), [household_id]).get(household_id),
        exclusions=exclusions_of(db(), household_id),
        safety={**_WORDS, **SAFETY_WORDS},
        monitored=household_monitoring(db(), household_id),
        petitions=petitions_of(db(), household_id=household_id) if asker().role in READERS else None,
        may_write=asker().role in WRITERS,
        file=read_file(card),
        file_words={**_WORDS, **FILE_WORDS},
        money=sees_money(),
        yuan=yuan,
        code=shown_code(household_id),
        may_give=asker().role in MAKERS,
        today=today(),
    )


def _wish(view: View) -> LedgerWish:
    given: dict[str, Any] = dict(asked_words(_CHOICES))
    for name in ("first", "last"):
        given[name] = asked_day(name)
    return LedgerWish(view.campaign.id, view.round_no, view.within, kind=request.args.get("kind", ""), **given)
