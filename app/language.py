"""Chinese or English: chosen by account, cookie or browser, and the catalogue of words for pages and scripts."""

from __future__ import annotations

import json
import uuid
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Blueprint, Flask, Response, abort, g, redirect, request
from flask_babel import Babel, Domain, get_translations
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from sqlalchemy import text
from werkzeug.wrappers import Response as AnyResponse

from app.access import public
from app.redirects import safe_next
from app.session import asker_or_none, db, known_asker
from geo.counting import with_forms

LANGUAGES = ("zh", "en")
LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
COOKIE = "fangtu_lang"
YEAR_SECONDS = 365 * 24 * 3600
TRANSLATIONS = Path(__file__).resolve().parent / "translations"

bp = Blueprint("language", __name__)


class _Sentences(Domain):
    """Translations whose English forms are chosen by the values, before these are put in."""

    def gettext(self, string: str, **values: Any) -> str:
        translated = str(self.get_translations().ugettext(string))
        return with_forms(translated, values) % values if values else translated


class _Babel(Babel):
    @cached_property
    def domain_instance(self) -> Domain:
        return _Sentences(domain=self.domain)


babel = _Babel()


@pass_context
def _gettext_in_pages(context: Context, sentence: str, /, **values: Any) -> str:
    """What ``_`` is in templates: Jinja's own, which always takes the sentence as a format, with the forms chosen."""
    translated = with_forms(get_translations().ugettext(sentence), values)
    # A sentence of the catalogue; the values are escaped when they are put in.
    return (Markup(translated) if context.eval_ctx.autoescape else translated) % values  # noqa: S704


def init_app(app: Flask, compiled: Path) -> None:
    """Compile the English catalogue and choose a language for each request.

    Parameters
    ----------
    compiled : Path
        Folder for the compiled catalogue; made if missing.
    """
    _compile(compiled)
    app.config.update(
        BABEL_DEFAULT_LOCALE=LOCALES["zh"],
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        BABEL_TRANSLATION_DIRECTORIES=str(compiled),
    )
    babel.init_app(app, locale_selector=lambda: LOCALES[language()])
    app.jinja_env.globals["gettext"] = _gettext_in_pages


def language() -> str:
    """Language of this answer, ``zh`` or ``en``."""
    if "language" in g:
        return str(g.language)
    asker = known_asker()
    for choice in (asker.language if asker else None, request.cookies.get(COOKIE)):
        if choice in LANGUAGES:
            return str(choice)
    return request.accept_languages.best_match(LANGUAGES, default="zh") or "zh"


@bp.post("/language")
@public
def choose() -> AnyResponse:
    """Keep the chosen language in the browser and with the account, and go back."""
    chosen = request.form.get("lang", "")
    if chosen not in LANGUAGES:
        abort(400)
    if asker_or_none() is not None:
        db().execute(text("select sec.set_own_language(:language)"), {"language": chosen})
    answer = redirect(safe_next(request.form.get("next")), 303)
    answer.set_cookie(COOKIE, chosen, max_age=YEAR_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)
    return answer


@bp.get("/i18n/<lang>.json")
@public
def words(lang: str) -> AnyResponse:
    """The sentences of the scripts in one language, keyed by the Chinese ones."""
    if lang not in LANGUAGES:
        abort(404)
    answer = Response(script_words(lang), mimetype="application/json")
    answer.headers["Cache-Control"] = "no-cache"
    answer.add_etag()
    return answer.make_conditional(request)


def _catalogue() -> Catalog:
    with (TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


@cache
def script_words(lang: str) -> str:
    """The sentences of the scripts in a language as JSON, keyed by the Chinese ones, which need none."""
    if lang != "en":
        return "{}"
    used = {
        str(message.id): str(message.string)
        for message in _catalogue()
        if message.id and message.string and any(place.startswith("static/") for place, _line in message.locations)
    }
    return json.dumps(used, ensure_ascii=False, sort_keys=True)


def _compile(folder: Path) -> None:
    """Write the compiled catalogue in one step, so that workers starting together never read half of one."""
    target = folder / "en" / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True, exist_ok=True)
    compiled = compiled_catalogue()
    if target.exists() and target.read_bytes() == compiled:
        return
    draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
    draft.write_bytes(compiled)
    draft.replace(target)


@cache
def compiled_catalogue() -> bytes:
    """The English catalogue as gettext reads it; compiled once for all applications of a process."""
    compiled = BytesIO()
    write_mo(compiled, _catalogue())
    return compiled.getvalue()
