"""Tiles of records answered before Flask begins: most requests of a map are for them, and Flask's share of one was more
than the database's.

A request is answered here only if all is as a map asks and the answer is a tile or "unchanged": with the session
proved, the role allowed and the version read by the database for this very request. Everything else, and every refusal,
is left to :mod:`app.tiles` and its hooks. Headers, tags, tokens, compression and access rule are the application's.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header, parse_cookie, parse_etags

from app.access import rule_of
from app.caching import CACHING, VARY
from app.compression import compress_answer
from app.headers import NUMBER, lacking
from app.session import UNATTENDED, new_number, token_of
from app.tiles import MVT, tile_tag
from app.view import today
from data.askers import read_ranges
from data.lines import Line, Lines, NoLine
from data.scopes import MapOpener, Opened, Scope
from data.settings import Settings
from data.tile_shelf import Kept, TileShelf
from data.tiles import TileUnknown, check_tile, tile_question

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

ENDPOINT = "tiles.tile"
MIB = 1024 * 1024
_NUMBER = r"(0|[1-9]\d{0,7})"
_PATH = re.compile(
    rf"/api/v1/tiles/(records|cells|households|houses|sites|visits|marks|areas)/{_NUMBER}/{_NUMBER}/{_NUMBER}\.mvt"
)
# Written as a map writes it; whatever is written otherwise is taken apart by Flask.
_QUERY = re.compile(r"((campaign|round|by)=[\w-]*(&(?=.)|$))*", re.ASCII)
_UNATTENDED = f"HTTP_{UNATTENDED.upper().replace('-', '_')}"


class TileDoor:
    """The application with a door of its own for tiles.

    Parameters
    ----------
    app : Flask
        With all its routes.
    behind : WSGI application
        Asked for all that is not answered here.
    settings : Settings
        The database, and how much memory tiles may take.
    """

    def __init__(self, app: Flask, behind: WSGIApplication, settings: Settings) -> None:
        self._roles = rule_of(app.view_functions[ENDPOINT]) or frozenset()
        self._behind = behind
        self._opener = MapOpener()
        self.lines = Lines(settings, on_new=self._opener.forget)
        self.shelf = TileShelf(settings.tile_memory * MIB)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a tile, or let the application behind do it."""
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("SCRIPT_NAME"):
            path = _PATH.fullmatch(environ["PATH_INFO"])
            if path and _QUERY.fullmatch(environ.get("QUERY_STRING", "")):
                answer = self._answer(environ, path)
                if answer is not None:
                    status, headers, body = answer
                    secure = environ["wsgi.url_scheme"] == "https"
                    start_response(status, [*headers, *lacking(headers, secure=secure), (NUMBER, new_number())])
                    return [body]
        return self._behind(environ, start_response)

    def _answer(self, environ: WSGIEnvironment, path: re.Match[str]) -> tuple[str, list[tuple[str, str]], bytes] | None:
        query = environ.get("QUERY_STRING", "")
        words = [part.partition("=")[::2] for part in query.split("&")] if query else []
        asked = dict(words)
        token = token_of(environ.get("HTTP_AUTHORIZATION", ""), parse_cookie(environ.get("HTTP_COOKIE", "")))
        if not token or len(asked) < len(words):
            return None
        layer, by = path[1], asked.get("by") or "village"
        z, x, y = int(path[2]), int(path[3]), int(path[4])
        try:
            check_tile(layer, z, x, y, by)
            with self.lines.held() as line:
                who = self._opener.open(
                    line,
                    token,
                    seen=_UNATTENDED not in environ,
                    campaign=asked.get("campaign"),
                    round_no=asked.get("round"),
                    today=today(),
                )
                if who is None or who.role not in self._roles or who.scope is None:
                    return None
                address = f"{environ['PATH_INFO']}?{query}"
                tag = tile_tag(who.account_id, read_ranges(who.duty), who.role, address, who.scope)
                if parse_etags(environ.get("HTTP_IF_NONE_MATCH")).contains_weak(tag):
                    return "304 NOT MODIFIED", _kept_headers(f'"{tag}"'), b""
                small = _takes_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
                tile = self._tile(line, token, who, who.scope, (layer, by, z, x, y), small)
        except (TileUnknown, NoLine) as refusal:
            if isinstance(refusal, NoLine):
                log.warning("tiles: %s", refusal)
            return None
        if tile is None:
            return None
        body, headers = tile.plain, _kept_headers(f'"{tag}"')
        if small and tile.small:
            body, headers = tile.small, [("Content-Encoding", "gzip"), *_kept_headers(f'W/"{tag}"')]
        return "200 OK", [("Content-Type", MVT), ("Content-Length", str(len(body))), *headers], body

    def _tile(
        self, line: Line, token: str, who: Opened, scope: Scope, place: tuple[Any, ...], small: bool
    ) -> Kept | None:
        """The tile from memory, or made and remembered; None if who asks has changed in between."""
        layer, by, z, x, y = place
        key = (who.duty, who.role, scope, layer, by if layer == "areas" else "", z, x, y)
        kept = self.shelf.find(key)
        if kept and (kept.small is not None or not small):
            return kept
        with self.shelf.making(key):
            kept = self.shelf.find(key)
            if kept is None:
                question, values = tile_question(layer, scope.campaign_id, scope.round_no, by, z, x, y)
                made, role, duty = line.ask(question, values, token=token)
                if (role, duty or "{}") != (who.role.value, who.duty):
                    return None
                kept = Kept(bytes(made), None)
            if small and kept.small is None:
                kept = Kept(kept.plain, compress_answer(kept.plain) or b"")
            self.shelf.put(key, kept)
            return kept


def _kept_headers(tag: str) -> list[tuple[str, str]]:
    return [("ETag", tag), ("Cache-Control", CACHING), ("Vary", f"{VARY}, Accept-Encoding")]


@lru_cache(maxsize=256)
def _takes_gzip(accepted: str) -> bool:
    return parse_accept_header(accepted, Accept)["gzip"] > 0
