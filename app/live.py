"""The live map (实时): one stream of server-sent events for each open map, and a small answer for those without one."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from app.access import require
from app.caching import keep_until_changed
from app.session import asker, db, release, session_token
from app.view import current_scope, current_view
from data.live import Hub, Stream, version_tag
from data.settings import Settings

bp = Blueprint("live", __name__)
EVENTS = "text/event-stream"
HEARTBEAT_S = 10.0
RETRY_MS = 3000
ASK_EVERY_S = 5


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its hub; it listens from the first stream on."""
    app.extensions["fangtu_live"] = Hub(settings)


def hub(app: Flask | None = None) -> Hub:
    """The hub of this process."""
    found: Hub = (app or current_app).extensions["fangtu_live"]
    return found


def end_with_the_server(app: Flask) -> None:
    """End the open streams as soon as the server is told to stop, which else waits for them."""
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        hub(app).stop()
        if callable(before):
            before(number, frame)

    if callable(before):
        signal.signal(signal.SIGTERM, stop)


@bp.get("/map/live")
@require()
def stream() -> Response:
    """Tell of changes inside the area of duty until the page goes; 204 if there is no room.

    The first event holds the present version, so that the page knows whether it missed something. To who does not ask
    for a stream only that is given.
    """
    who = asker()
    view = current_view(db(), who)
    campaign_id, round_no = view.campaign.id, view.round_no
    if EVENTS not in request.headers.get("Accept", ""):
        return _events(_event("hello", tag=version_tag(db(), campaign_id, round_no)))
    release()
    line = Stream(who.account_id, session_token() or "", who.duty, campaign_id, round_no)
    hall = hub()
    if not hall.open(line):
        return Response(status=204)
    try:
        tag = version_tag(db(), campaign_id, round_no)
        release()
    except BaseException:
        hall.leave(line)
        raise
    hall.settle(line, tag)
    answer = _events(_tell(hall, line, tag))
    answer.call_on_close(lambda: hall.leave(line))
    return answer


@bp.get("/map/changed.json")
@require()
def changed() -> Response:
    """The present version, for maps without a stream: they ask every few seconds and mostly get 304."""
    tag = current_scope(db(), asker()).tag
    kept = keep_until_changed("changed", tag)
    return kept.answer or kept.mark(jsonify({"tag": tag, "every_s": ASK_EVERY_S}))


def _tell(hall: Hub, line: Stream, tag: str) -> Iterator[str]:
    try:
        yield f"retry: {RETRY_MS}\n{_event('hello', tag=tag)}"
        while not line.closed:
            areas = line.wait(HEARTBEAT_S)
            if areas or areas is None:
                yield _event("changed", areas=areas)
            elif not line.closed:
                # A comment keeps the connection open, the empty event tells the page that it is.
                yield ": here\nevent: beat\ndata: {}\n\n"
        yield _event("bye", why=line.closed)
    finally:
        hall.leave(line)


def _event(name: str, **data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _events(body: str | Iterator[str]) -> Response:
    answer = Response(body, mimetype=EVENTS)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # a web server in front must not hold events back
    return answer
