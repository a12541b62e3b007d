"""Passing a gate for all renovations that fit the list (全部办理): how many may, why others may not, then the act."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.errors import status_of
from app.language import language
from app.renovation import MANY, WORDS, WRITERS, asked_sites
from app.session import asker, db
from app.view import today
from data.bilingual import in_language
from data.jobs import add_job, find_job, is_worker_there, job_json
from data.masks import shown_name
from data.renovation.gates import advance_many
from data.renovation.listing import SiteWish, names_of
from data.renovation.passing import AT_ONCE, KIND, ask_all, grouped, matching, payload_of
from data.renovation.unfit import RenovationUnfit, clean_words, lacking

bp = Blueprint("renovation_all", __name__)


@bp.get("/sites/all")
@require(*WRITERS)
def preview() -> AnyResponse:
    """How many of the sites that fit may pass a gate, and why the others may not; nothing is changed.

    Without a gate it leads back to the list, where one is chosen.
    """
    return _page() if "gate" in request.args else redirect(_back())


@bp.post("/sites/all")
@require(*WRITERS)
def pass_all() -> AnyResponse:
    """Pass the gate: few at once, many as a job."""
    try:
        wish, gate, on_day = _asked()
        within = _answered_for(wish)
        found = matching(db(), wish, today())
        note = clean_words(request.form.get("note"), 500)
        if len(found) > AT_ONCE:
            job = add_job(db(), asker(), KIND, within, payload=payload_of(wish, gate, on_day, note, today()))
            return redirect(url_for(".under_way", job_id=job, **_filters()), 303)
        moved = advance_many(db(), asker(), found, gate, on_day=on_day, note=note)
    except RenovationUnfit as refusal:
        return _page(refusal)
    told = {
        "gate": gate,
        "total": len(found),
        "looked": len(found),
        "moved": moved.moved,
        "left_out": len(moved.left_out),
        "reasons": in_language(grouped(moved.left_out), language()),
    }
    body = render_template("sites_all_done.html", job=None, told=_named(told), words=WORDS, back=_back())
    return AnyResponse(body, mimetype="text/html")


@bp.get("/sites/all/<uuid:job_id>")
@require(*WRITERS)
def under_way(job_id: uuid.UUID) -> AnyResponse:
    """How far it is; once it has ended, what it came to."""
    job = find_job(db(), job_id)
    shown = job_json(job, language(), worker_there=job.state != "waiting" or is_worker_there(db()))
    told = shown["result"] if job.kind == KIND and isinstance(shown["result"], dict) else None
    body = render_template(
        "sites_all_done.html", job=shown, told=_named(told) if told else None, words=WORDS, back=_back()
    )
    return AnyResponse(body, mimetype="text/html")


def _page(refusal: RenovationUnfit | None = None) -> AnyResponse:
    wish, gate, on_day, found, asked = None, "", None, [], None
    if refusal is None:
        try:
            wish, gate, on_day = _asked()
            _answered_for(wish)
            found = matching(db(), wish, today())
            asked = ask_all(db(), asker(), found, gate, on_day=on_day)
        except RenovationUnfit as problem:
            refusal = problem
    reasons = in_language(grouped(asked.left_out), language()) if asked else []
    body = render_template(
        "sites_all.html",
        gate=gate,
        on_day=on_day,
        total=len(found),
        asked=asked,
        told=_named({"reasons": reasons}),
        as_job=len(found) > AT_ONCE,
        words=WORDS,
        back=_back(),
        query=request.query_string.decode(),
        note=request.args.get("note", ""),
        problem=refusal.text.in_language(language()) if refusal else None,
    )
    return AnyResponse(body, status_of(refusal) if refusal else 200, mimetype="text/html")


def _asked() -> tuple[SiteWish, str, date | None]:
    gate = request.args.get("gate", "")
    if gate not in MANY:
        raise lacking("gate", "请选择要办理的环节", "choose the gate to pass", found=gate)
    told = request.args.get("on_day", "")
    try:
        on_day = date.fromisoformat(told) if told else None
    except ValueError as error:
        raise lacking(
            "on_day", f"“{told}”不是日期，应如 2026-12-31", f"'{told}' is no day such as 2026-12-31", found=told
        ) from error
    return asked_sites(), gate, on_day


def _answered_for(wish: SiteWish) -> tuple[int, int]:
    """The range of the list: one the asker answers for as a whole."""
    if not asker().covers(*wish.within):
        raise lacking(
            "area", "请先选择一个由您负责的辖区，再全部办理", "choose an area that you answer for as a whole first"
        )
    return wish.within


def _filters() -> dict[str, Any]:
    return {name: value for name, value in request.args.items() if name not in ("gate", "on_day", "note", "page")}


def _back() -> str:
    return url_for("renovation.page", **_filters())


def _named(told: dict[str, object]) -> dict[str, object]:
    """The first sites of each reason by the names of their households, as the asker may read them."""
    reasons = told.get("reasons")
    if not isinstance(reasons, list):
        return told
    keys = [site for reason in reasons for site in reason.get("sites", ())]
    names = names_of(db(), keys)
    role = asker().role
    shown = [
        {
            **reason,
            "sites": [
                {
                    "id": site,
                    "name": shown_name(names[site]["head_name"] or "", role)
                    or names[site]["household_code"]
                    or names[site]["code"]
                    or site,
                }
                for site in reason.get("sites", ())
                if site in names
            ],
        }
        for reason in reasons
    ]
    return {**told, "reasons": shown}
