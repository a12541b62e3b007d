"""Sites of concern (环境整治点): the list, its workbook, one site before and after, what is done there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, require
from app.downloads import MIME, name_file
from app.errors import status_of
from app.field_work import within
from app.language import language
from app.maps import one_of
from app.receiving import Received, received_file, takes_file
from app.session import asker, db, release, store
from app.view import page_number, today
from data.audit import record
from data.concern_acts import MOST_PICTURE_BYTES, ConcernUnfit, charge, observe, unfit
from data.concerns import ConcernWish, concern_file, concern_page, concern_rows, count_concerns, states_shown
from data.rules.concerns import SEEN, STATE, WITHIN_DAYS
from data.rules.marks import CONCERNS, KIND
from data.sealing import Sealer
from data.settings import Settings
from data.upload_files import open_upload
from data.work_folders import work_folder

bp = Blueprint("concerns", __name__)
OBSERVERS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMIN)
DESK = (Role.SUPERVISOR, Role.ADMIN)
WORDS = {"kind": KIND, "state": STATE, "seen": SEEN}


@bp.get("/concerns")
@require()
def page() -> str:
    """Sites of the area: relapsed and overdue ones first, with counts by kind and village."""
    wish, now = asked_concerns(), today()
    return render_template(
        "concerns.html",
        wish=wish,
        counts=count_concerns(db(), wish.within, now),
        found=concern_page(db(), wish, now, page_number()),
        states=states_shown(),
        words=WORDS,
        within_days=WITHIN_DAYS,
        today=now,
    )


@bp.get("/concerns.xlsx")
@require()
def workbook() -> Response:
    """The sites that are asked for as a workbook, noted in the log."""
    from data.concern_sheet import write_concerns  # here: no other page needs what writes workbooks

    wish = asked_concerns()
    with work_folder(store().settings) as folder:
        path = folder / "concerns.xlsx"
        rows = write_concerns(concern_rows(db(), wish, today()), path, language())
        answer = Response(path.read_bytes(), mimetype=MIME[".xlsx"])
    record(
        db(),
        act="export",
        object_kind="concerns",
        fields=["concerns"],
        details={"rows": rows, "format": "xlsx", "area": request.args.get("area")},
        jur=wish.within[0],
    )
    name_file(answer, f"环境整治台账-{today()}.xlsx")
    return answer


@bp.get("/concerns/<key:concern_no>")
@require()
def concern(concern_no: int) -> AnyResponse:
    """One site: before and after, what was seen, and the form for the next look."""
    return _answer(concern_no)


@bp.post("/concerns/<key:concern_no>/observations")
@require(*OBSERVERS)
@takes_file
def look(concern_no: int) -> AnyResponse:
    """Write down what was seen, with a photograph if there is one."""

    def act() -> str:
        picture = _picture()
        observe(
            db(),
            asker(),
            concern_no,
            on_day=_day("on_day"),
            seen=request.form.get("seen", ""),
            note=request.form.get("note"),
            supersedes=_number("supersedes"),
            picture=picture,
        )
        return _("观测已登记。")

    return _done(concern_no, "observe", act)


@bp.post("/concerns/<key:concern_no>/charge")
@require(*DESK)
def answer_for(concern_no: int) -> AnyResponse:
    """Say who answers for it and by when."""

    def act() -> str:
        charge(db(), concern_no, responsible=request.form.get("responsible"), due_on=_day("due_on"))
        return _("责任人和期限已保存。")

    return _done(concern_no, "charge", act)


def asked_concerns() -> ConcernWish:
    """Which sites the address asks for.

    Raises
    ------
    ViewUnknown
        If a filter is none of its words.
    """
    return ConcernWish(
        within(),
        kind=one_of("kind", ("", *CONCERNS), ""),
        state=one_of("state", ("", *STATE), ""),
        village=request.args.get("village", "")[:24],
        overdue=request.args.get("overdue") == "1",
        unseen=request.args.get("unseen") == "1",
    )


def _done(concern_no: int, name: str, act: Callable[[], str]) -> AnyResponse:
    try:
        said = act()
    except ConcernUnfit as refusal:
        return _answer(concern_no, refusal, name)
    flash(said, "success")
    return redirect(url_for(".concern", concern_no=concern_no), 303)


def _answer(concern_no: int, refusal: ConcernUnfit | None = None, act: str = "") -> AnyResponse:
    body = render_template(
        "concern.html",
        site=concern_file(db(), asker(), concern_no, today()),
        words=WORDS,
        within_days=WITHIN_DAYS,
        sees_photos=asker().role is not Role.LEADER,
        sees_all_photos=asker().role in DESK,
        may_observe=asker().role in OBSERVERS,
        may_charge=asker().role in DESK,
        today=today(),
        problem=refusal.text.in_language(language()) if refusal else None,
        field=refusal.details.get("column") if refusal else None,
        act=act,
        form=request.form if refusal else {},
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _picture() -> tuple[Settings, Sealer, bytes] | None:
    received = received_file()
    if received is None or not received.size_bytes:
        return None
    if received.size_bytes > MOST_PICTURE_BYTES:
        most = MOST_PICTURE_BYTES >> 20
        raise unfit(
            "photo",
            f"照片为 {received.size_bytes >> 20} MB，最多 {most} MB，请缩小后再传",
            f"the photograph has {received.size_bytes >> 20} MB, at most {most} MB are taken; make it smaller",
        )
    settings, sealer = store().settings, store().sealer
    return settings, sealer, _bytes_of(received, settings, sealer)


def _bytes_of(received: Received, settings: Settings, sealer: Sealer) -> bytes:
    received.finish()
    # No lock and no connection waits for the reading.
    release()
    with work_folder(settings) as folder, open_upload(settings, sealer, received.id, "photo", folder) as copy:
        return copy.read_bytes()


def _day(name: str) -> date | None:
    given = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise unfit(
            name, f"“{given}”不是日期，应如 2026-12-31", f"'{given}' is no day such as 2026-12-31", found=given
        ) from error


def _number(name: str) -> Any:
    given = request.form.get(name, "").strip()
    if not given:
        return None
    # What is no number is no observation either, and is refused as such.
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0
