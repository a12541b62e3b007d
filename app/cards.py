"""Household cards (户卡): the public page on which a household confirms or denies a visit, and the cards on paper."""

from __future__ import annotations

from urllib.parse import urljoin

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.access import Role, public, require
from app.errors import status_of
from app.language import language
from app.paper import pages
from app.qr_codes import draw_qr
from app.session import asker, db, origin, outside, store
from app.view import current_view, today
from data.cards import (
    MOST_WORDS,
    CardWait,
    SpokenOf,
    cards_by_village,
    is_well_formed,
    look_up,
    make_cards,
    plain_code,
    say,
)
from data.rules.suspicions import WORD
from data.rules.words import MODE
from data.settings import ROOT

bp = Blueprint("cards", __name__)
MAKERS = (Role.SUPERVISOR, Role.ADMIN)
PAPER_STYLE = ROOT / "static" / "css" / "cards-file.css"


@bp.get("/card")
@public
def ask() -> AnyResponse:
    """Ask for the code; one that was typed goes on to its page."""
    typed = plain_code(request.args.get("code", ""))
    if typed:
        return redirect(f"/card/{typed}", 303)
    return _answer(None, "")


@bp.get("/card/<card>")
@public
def page(card: str) -> AnyResponse:
    """What a card speaks of: the day and the way of the last visit, and nothing about anybody."""
    try:
        with outside() as session:
            found = look_up(session, store().sealer, card, origin().address)
    except CardWait as refusal:
        return _wait(refusal)
    return _answer(found, card, said=request.args.get("said") == "1")


@bp.post("/card/<card>")
@public
def speak(card: str) -> AnyResponse:
    """Keep what the household says."""
    word = request.form.get("word", "")
    kept = False
    try:
        with outside() as session:
            if word in WORD:
                words = request.form.get("words", "")[:MOST_WORDS]
                kept = say(session, store().sealer, card, origin().address, word, words)
    except CardWait as refusal:
        return _wait(refusal)
    if kept:
        return redirect(f"/card/{plain_code(card)}?said=1", 303)
    return _answer(None, card)


@bp.get("/cards")
@require(*MAKERS)
def villages() -> str:
    """Which villages have cards, and the buttons that make them."""
    view = current_view(db(), asker())
    return render_template(
        "cards.html",
        campaign=view.campaign,
        villages=cards_by_village(db(), view.campaign.id, view.within),
    )


@bp.post("/cards.pdf")
@require(*MAKERS)
def paper() -> Response:
    """New cards for the households of an area, four on a page of A4; earlier ones end."""
    view = current_view(db(), asker())
    number = request.form.get("page", "1")
    number_of = max(1, int(number)) if number.isdecimal() and len(number) < 5 else 1
    cards = make_cards(db(), asker(), store().sealer, view.campaign.id, view.within, page=number_of)
    told = [(card, draw_qr(urljoin(request.host_url, f"/card/{plain_code(card.code)}"))) for card in cards]
    html = render_template("cards_paper.html", cards=told, campaign=view.campaign, day=today(), host=request.host)
    response = Response(pages(html, PAPER_STYLE.read_text(encoding="utf-8")), mimetype="application/pdf")
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"fangtu-cards-{view.area or view.campaign.code}-{number_of}.pdf"
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _answer(found: SpokenOf | None, typed: str, *, said: bool = False) -> AnyResponse:
    answer = make_response(
        render_template(
            "card.html",
            found=found,
            typed=plain_code(typed),
            mistyped=bool(typed) and not is_well_formed(plain_code(typed)),
            said=said,
            mode=MODE[found.mode].in_language(language()) if found else "",
            kind=found.kind.in_language(language()) if found and found.kind else "",
            words={key: word.in_language(language()) for key, word in WORD.items()},
            refusal=None,
        )
    )
    # The address holds the code: no other page learns of it.
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _wait(refusal: CardWait) -> AnyResponse:
    answer = make_response(
        render_template(
            "card.html", found=None, typed="", mistyped=False, said=False, refusal=refusal.text.in_language(language())
        )
    )
    answer.status_code = status_of(refusal)
    answer.headers["Retry-After"] = str(refusal.details["seconds"])
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
