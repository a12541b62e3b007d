"""Renovations (改造): the list of sites with its counts, its workbook, and the page of one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.choices import asked_words
from app.downloads import MIME, name_file
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.maps import ViewUnknown
from app.session import asker, db, store
from app.view import page_number, today
from data.masks import shown_name
from data.petitions import READERS, petitions_of
from data.renovation.eligibility import eligibility_of, what_stops
from data.renovation.files import MOST_FILE_BYTES, list_field_photos, list_files
from data.renovation.funds import wan, yuan
from data.renovation.household_words import GATES as HEARD_AT
from data.renovation.household_words import words_of
from data.renovation.inspections import list_inspections
from data.renovation.listing import SiteWish, count_sites, site_page, site_years, villages_named
from data.renovation.site_file import SiteFile, houses_of, site_file
from data.renovation.unfit import RenovationUnfit, lacking
from data.rules.gates import GATES, gates_of, next_gate
from data.rules.site_files import PAPER, PHASE
from data.rules.words import (
    AID_GROUP,
    ELIGIBILITY,
    GATE_ACT,
    GRADE,
    HOUSEHOLD_SAID,
    METHOD,
    PAYMENT_STATE,
    PETITION_CAUSE,
    RELATION,
    RENOVATION_CLASS,
    SATISFACTION,
    SITE_STATE,
    STAGE,
)
from data.work_folders import work_folder
from geo.errors import Text

bp = Blueprint("renovation", __name__)
WRITERS = (Role.SUPERVISOR,)
SEES_MONEY = (Role.SUPERVISOR, Role.LEADER, Role.ADMIN)
GRADE_BEFORE = {**GRADE, "none": Text("无房户", "No house")}
WORDS = {
    "stage": STAGE,
    "state": SITE_STATE,
    "kind": RENOVATION_CLASS,
    "grade": GRADE_BEFORE,
    "method": METHOD,
    "act": GATE_ACT,
    "aid_group": AID_GROUP,
    "payment": PAYMENT_STATE,
    "eligibility": ELIGIBILITY,
    "phase": PHASE,
    "paper": PAPER,
    "relation": RELATION,
    "said": HOUSEHOLD_SAID,
}
# Gates passed for many at once; "paid" is passed by the bank's answer alone.
MANY = tuple(gate for gate in GATES[1:] if gate != "paid")
_CHOICES: dict[str, dict[str, Text]] = {
    "stage": STAGE,
    "state": SITE_STATE,
    "kind": RENOVATION_CLASS,
    "grade": GRADE_BEFORE,
}


@bp.get("/sites")
@require()
def page() -> str:
    """Sites of the area, the longest standing first, with counts beside every filter."""
    wish = asked_sites()
    now = today()
    counts = count_sites(db(), wish, now)
    found = site_page(db(), wish, now, page_number(), counts.found, money=sees_money())
    keys = [key for key in counts.by["village"] if key is not None]
    return render_template(
        "sites.html",
        wish=wish,
        counts=counts,
        found=found,
        rows=[{**row, "head_name": shown_name(row["head_name"] or "", asker().role)} for row in found.rows],
        years=site_years(db(), wish.within),
        villages=villages_named(db(), keys),
        choices={name: list(words.items()) for name, words in _CHOICES.items()},
        words=WORDS,
        many=MANY,
        next_of={row["id"]: next_gate(row["method"], row["stage"]) for row in found.rows},
        may_write=may_write(),
        money=sees_money(),
        yuan=yuan,
        today=now,
    )


@bp.get("/sites.xlsx")
@require(*SEES_MONEY)
def workbook() -> Response:
    """All sites of the area as a workbook that can be imported again; names masked, and noted in the log."""
    from data.exports import export  # here: it brings the whole import along

    with work_folder(store().settings) as folder:
        path = folder / "sites.xlsx"
        export(db(), "sites", request.args.get("area") or None, "xlsx", path, language())
        answer = Response(path.read_bytes(), mimetype=MIME[".xlsx"])
    name_file(answer, f"农房改造-{today()}.xlsx")
    return answer


@bp.get("/sites/<key:site_id>")
@require()
def site(site_id: int) -> AnyResponse:
    """Where one site stands, what happened, and the next step."""
    return site_answer(site_id)


def site_answer(
    site_id: int, refusal: RenovationUnfit | None = None, act: str = "", form: MultiDict[str, str] | None = None
) -> AnyResponse:
    """The page of a site; with a refusal it says why, beside the form that was sent and what was typed into it."""
    found = site_file(db(), site_id, money=sees_money())
    role = asker().role
    home = found.site["household_id"]
    body = render_template(
        "site.html",
        judged=eligibility_of(db(), [home]).get(home) if home is not None else None,
        stops=what_stops(db(), [site_id], found.next or "").get(site_id),
        file=found,
        site=found.site,
        head_name=shown_name(found.site["head_name"] or "", role),
        inspections=list_inspections(db(), site_id),
        heard=shown_words(words_of(db(), [site_id]).get(site_id, [])),
        heard_at=[gate for gate in HEARD_AT if gate in gates_of(found.site["method"])],
        petitions=petitions_of(db(), site_id=site_id) if role in READERS else None,
        files=_files(site_id),
        loose=list_field_photos(db(), asker(), site_id) if may_write() else [],
        most_bytes=MOST_FILE_BYTES,
        earlier=_earlier(found),
        words={**WORDS, "petition_cause": PETITION_CAUSE, "satisfaction": SATISFACTION},
        may_write=may_write(),
        money=sees_money(),
        yuan=yuan,
        wan=wan,
        today=today(),
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        act=act,
        form=form or {},
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def shown_words(heard: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a household said, names as the asker's role reads them."""
    return [{**one, "person": shown_name(one["person"], asker().role)} for one in heard]


def opening_answer(card: dict[str, Any], refusal: RenovationUnfit | None = None) -> AnyResponse:
    """The form that begins a renovation of a household."""
    body = render_template(
        "site_new.html",
        card=card,
        houses=houses_of(db(), card["id"]),
        words=WORDS,
        today=today(),
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        form=request.form if refusal else {},
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def asked_sites() -> SiteWish:
    """Which sites the address asks for.

    Raises
    ------
    ViewUnknown
        If a filter is none of its words, or year or village is no number.
    """
    given = asked_words(_CHOICES)
    return SiteWish(
        within(),
        year=_number("year", 4),
        stage=given["stage"],
        state=given["state"],
        kind=given["kind"],
        grade=given["grade"],
        village=_number("village", 18),
        late=request.args.get("late") == "1" and sees_money(),
        stalled=request.args.get("stalled") == "1",
        unassigned=request.args.get("unassigned") == "1",
    )


def sees_money() -> bool:
    """Whether the asker's role may see money of households."""
    return asker().role in SEES_MONEY


def may_write() -> bool:
    """Whether the asker's role moves sites."""
    return asker().role in WRITERS


def day_of(name: str) -> date | None:
    """A day of the form; None where it is left open.

    Raises
    ------
    RenovationUnfit
        If it is no day.
    """
    return day_in(request.form, name)


def day_in(values: Mapping[str, str], name: str) -> date | None:
    """As :func:`day_of`, of any form or address."""
    given = values.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise lacking(
            name, f"“{given}”不是日期，应如 2026-12-31", f"'{given}' is no day such as 2026-12-31", found=given
        ) from error


def number_of(name: str, most: int = 18) -> int | None:
    """A whole number of the form; None where there is none."""
    given = request.form.get(name, "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) <= most else None


def _number(name: str, most: int) -> int | None:
    given = request.args.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= most):
        raise ViewUnknown(
            Text(f"{name} 为“{given}”，应为数字。", f"{name} is '{given}'; a number is expected."), found=given
        )
    return int(given)


def _earlier(found: SiteFile) -> list[str]:
    """Gates a site may be sent back to: those it has passed, the nearest first."""
    gates = gates_of(found.site["method"])
    at = gates.index(found.site["stage"]) if found.site["stage"] in gates else 0
    return list(reversed(gates[:at]))


def _files(site_id: int) -> SiteFiles:
    """Files of a site that the asker may see; leaders see none from the field."""
    return sort_files([] if asker().role is Role.LEADER else list_files(db(), asker(), site_id))


@dataclass(frozen=True)
class SiteFiles:
    """Files of a site as they are shown: photographs and papers that stand, withdrawn ones, and the pair to compare."""

    photos: list[dict[str, Any]]
    papers: list[dict[str, Any]]
    withdrawn: list[dict[str, Any]]
    pair: tuple[dict[str, Any], dict[str, Any]] | None


def sort_files(files: list[dict[str, Any]]) -> SiteFiles:
    """Sort files by what they are.

    The pair is the first before and the last after; where one of them is missing, the first and the last photograph.
    """
    stand = [one for one in files if one["withdrawn_at"] is None]
    photos = [one for one in stand if one["is_picture"] and one["kind"] not in PAPER]
    before = [one for one in photos if one["phase"] == "before"] or photos[:1]
    after = [one for one in photos if one["phase"] == "after"] or photos[-1:]
    pair = (before[0], after[-1]) if photos and before[0]["id"] != after[-1]["id"] else None
    return SiteFiles(
        photos,
        [one for one in stand if one not in photos],
        [one for one in files if one["withdrawn_at"] is not None],
        pair,
    )
