"""Security headers on every answer, and what may be kept where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Flask, Response, current_app, g, request

# Pages whose map may show pictures of an online source; only they permit its hosts.
MAP_PAGES = {"maps.page"}
# Number of the request, as in the log.
NUMBER = "X-Request-Id"


def policy(image_hosts: Sequence[str] = ()) -> str:
    """The content policy, with the hosts that pictures may come from besides our own."""
    return "; ".join(
        [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            " ".join(["img-src 'self' data: blob:", *image_hosts]),
            "connect-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ]
    )


HEADERS = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Personal by default: only what says otherwise (tiles, static files, words) may be kept.
_DEFAULTS = (*HEADERS.items(), ("Cache-Control", "no-store"))
_SECURE = ("Strict-Transport-Security", "max-age=31536000")


def init_app(app: Flask, image_hosts: Sequence[str] = ()) -> None:
    """Set the headers after every view.

    Parameters
    ----------
    app : Flask
        The application.
    image_hosts : sequence of str
        Scheme and host of the configured online base maps; none by default.
    """
    app.config["MAP_POLICY"] = policy(image_hosts)
    app.after_request(_set_headers)


def lacking(headers: Iterable[tuple[str, str]], *, secure: bool) -> list[tuple[str, str]]:
    """The headers that every answer carries and these are not among.

    Parameters
    ----------
    secure : bool
        Whether the request came by https.
    """
    # Looked up once: each question to the headers goes through all of them.
    present = {name.lower() for name, _ in headers}
    return [pair for pair in (*_DEFAULTS, *((_SECURE,) if secure else ())) if pair[0].lower() not in present]


def _set_headers(response: Response) -> Response:
    if request.endpoint in MAP_PAGES:
        response.headers["Content-Security-Policy"] = current_app.config["MAP_POLICY"]
    response.headers.extend(lacking(response.headers, secure=request.is_secure))
    response.headers[NUMBER] = g.get("request_id", "")
    return response
