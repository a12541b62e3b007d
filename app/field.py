"""The field app on the phone: its page, its worker and its manifest.

They hold nothing of any person, so that the worker can keep them. What the app shows it fetches by ``/api/v1``.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from flask import Blueprint, Response, abort, current_app, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from app.access import public
from app.assets import FILES, FOREVER, StaticFiles
from app.joined import join
from app.language import language, script_words
from app.session import store
from app.sync import SHELL
from data.settings import ROOT

bp = Blueprint("field", __name__)

PAGE = "/field/?shell=1"
WORDS = "/i18n/en.json"
# Where the app starts. What it needs is joined into a few texts, see decision 0043.
START = "js/field/main.js"
FOLDERS = ("js", "js/field", "js/map", "vendor/idb")
OTHERS = (
    "css/tokens.css", "css/field.css", "img/favicon.svg", "img/field-192.png", "img/field-512.png",
)  # fmt: skip
# Stands in the page itself: a file beside it is asked for anew with each drawing.
ICONS = "img/icons.svg"
# What is no module, as it runs before anything else.
FIRST = "js/field/first.js"
# The worker's own text, and what takes its place.
WORKER, KILLER = "js/field/worker.js", "js/field/killer.js"
COLOUR = "#0F3B41"


@bp.get("/field/")
@public
def page() -> str:
    """The one page of the app. The worker asks for it without a language and keeps it; the language is chosen in it."""
    neutral = "shell" in request.args
    return render_template(
        "field/shell.html",
        lang="" if neutral else language(),
        version=shell_version(),
        script=parts()[0].address,
        icons=_text(ICONS),
    )


@bp.get("/field/parts/<part>")
@public
def serve_part(part: str) -> AnyResponse:
    """One of the texts the app is joined into. Its name has its checksum: another version has another address."""
    for one in parts():
        if one.name == part:
            answer = Response(one.text, mimetype="text/javascript")
            answer.headers["Cache-Control"] = FOREVER
            return answer
    abort(404)


@bp.get("/field/sw.js")
@public
def worker() -> AnyResponse:
    """The worker with the list of files it keeps; where the setting says so, the one that takes it off the phone."""
    if store().settings.field_kill:
        return _script(_text(KILLER))
    kept = [PAGE, WORDS, *(one.address for one in parts()), *(f"/static/{name}" for name in files())]
    shell = {"version": shell_version(), "page": PAGE, "files": kept}
    return _script(f"const SHELL = {json.dumps(shell)};\n{_text(WORKER)}")


@bp.get("/field/code.svg")
@public
def code() -> AnyResponse:
    """The app's own address as a QR code, for whoever opened it in a chat app; black on white in every theme."""
    import segno  # draws the codes; no other page of the app needs it

    drawn = io.BytesIO()
    segno.make(urljoin(request.host_url, "/field/"), error="m", micro=False).save(
        drawn, kind="svg", scale=6, border=4, dark="#000000", light="#FFFFFF", xmldecl=False
    )
    answer = Response(drawn.getvalue(), mimetype="image/svg+xml")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.get("/field/manifest.webmanifest")
@public
def manifest() -> AnyResponse:
    """What the phone shows of the app on its home screen, in the language of who adds it."""
    english = language() == "en"
    about: dict[str, Any] = {
        "id": "/field/",
        "name": "Fangtu field work" if english else "访图外业",
        "short_name": "Fangtu" if english else "访图",
        "lang": "en" if english else "zh-CN",
        "start_url": "/field/",
        "scope": "/field/",
        "display": "standalone",
        "background_color": COLOUR,
        "theme_color": COLOUR,
        "icons": [
            {"src": f"/static/img/field-{side}.png", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
            for side in (192, 512)
            for purpose in ("any", "maskable")
        ],
    }
    answer = Response(json.dumps(about, ensure_ascii=False), mimetype="application/manifest+json")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@dataclass(frozen=True)
class Part:
    """A text of joined modules, named for what stands in it."""

    name: str
    text: str

    @property
    def address(self) -> str:
        """Where it is served."""
        return f"/field/parts/{self.name}"


def files() -> list[str]:
    """Names below ``/static/`` of everything the app needs without a network, beside its modules."""
    return [FIRST, *OTHERS]


def modules() -> tuple[str, ...]:
    """Names below ``/static/`` of the modules the app is joined of."""
    return _join(_stamps())[1]


def parts() -> tuple[Part, ...]:
    """The texts the app is joined into: what the list needs, the screens behind it, and the work at houses."""
    return _join(_stamps())[0]


def _stamps() -> tuple[tuple[str, int, int], ...]:
    """When what may be joined was changed: it is joined anew when one of the files is another."""
    paths = [path for folder in FOLDERS for path in (ROOT / "static" / folder).glob("*.js")]
    return tuple((path.name, stat.st_mtime_ns, stat.st_size) for path in paths for stat in [path.stat()])


@lru_cache(maxsize=1)
def _join(_stamped: tuple[tuple[str, int, int], ...]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    joined = join(START, _text, lambda text: _part("rest", text).address)
    return (_part("app", joined.first), *(_part("rest", text) for text in joined.rest)), joined.names


def _part(kind: str, text: str) -> Part:
    return Part(f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.js", text)


def shell_version() -> str:
    """Short hash over all that the worker keeps and the worker itself: it changes when one of them does.

    Phones that ask whether the server is there are told the one found last.
    """
    digest = hashlib.sha256(script_words("en").encode())
    for one in parts():
        digest.update(f"{one.name}\n".encode())
    for name in (*files(), ICONS, WORKER):
        digest.update(f"{name} {_kept(name)}\n".encode())
    digest.update((ROOT / "templates" / "field" / "shell.html").read_bytes())
    version = current_app.extensions[SHELL] = digest.hexdigest()[:12]
    return str(version)


def _kept(name: str) -> str:
    found = _static().find(name)
    if found is None:
        raise FileNotFoundError(f"static/{name}, which the field app needs, is missing")
    return found.checksum


def _text(name: str) -> str:
    return (ROOT / "static" / name).read_text(encoding="utf-8")


def _static() -> StaticFiles:
    held: StaticFiles = current_app.extensions[FILES]
    return held


def _script(text: str) -> AnyResponse:
    answer = Response(text, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    answer.headers["Service-Worker-Allowed"] = "/field/"
    return answer
