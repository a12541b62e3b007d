"""What a household says of the work on its house (农户参与): written down at its site, and answered there."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from app.access import require
from app.renovation import WRITERS, day_of
from app.renovation_acts import done
from app.session import asker, db
from data.renovation.household_words import add_word, answer_word

bp = Blueprint("household_words", __name__)


@bp.post("/sites/<key:site_id>/words")
@require(*WRITERS)
def add(site_id: int) -> AnyResponse:
    """Write down what somebody of the household said."""

    def act() -> str:
        add_word(
            db(),
            asker(),
            site_id,
            occasion=request.form.get("occasion", ""),
            person=request.form.get("person"),
            relation=request.form.get("relation", ""),
            said=request.form.get("said", ""),
            objection=request.form.get("objection"),
            on_day=day_of("on_day"),
            attachment_id=request.form.get("attachment"),
        )
        return _("农户意见已登记。")

    return done(site_id, "word", act)


@bp.post("/sites/<key:site_id>/words/<key:word_id>/answer")
@require(*WRITERS)
def answer(site_id: int, word_id: int) -> AnyResponse:
    """Answer an objection."""

    def act() -> str:
        answer_word(db(), asker(), site_id, word_id, answer=request.form.get("answer"), on_day=day_of("answered_on"))
        return _("异议已答复。")

    return done(site_id, f"answer-{word_id}", act)
