"""The real application on a loopback port for phones that are played, with faults that they order by a header.

Between the phones and the application stands :class:`Fate`: it cuts bodies and kills the server before or after it
commits. Beside it are addresses for what happens outside the phones: a duty moves, the server is set back, and what the
database holds is told.
"""

from __future__ import annotations

import hashlib
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from data.sealing import Sealer, load_sealer
from data.sync.photos import read_photo
from data.sync.refusals import open_refused
from tests.web.conftest import Web

ORDER = "HTTP_X_PLAYED"


class Killed(ConnectionError):
    """The server died: the line is dead, and no answer comes."""


class Fate:
    """What happens to a request that orders it.

    ``cut`` arrives in half; ``killed_in_body`` dies while it is read; ``killed_before:n`` dies before its n-th commit
    and commits nothing from there on; ``killed_after`` dies before it answers.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._now = threading.local()
        event.listen(app.extensions["fangtu"].engine, "commit", self._commit)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on, or not."""
        order, _, at = str(environ.get(ORDER, "")).partition(":")
        self._now.dies_at = int(at) if order == "killed_before" else 0
        self._now.commits = 0
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if order == "killed_in_body":
            environ["wsgi.input"].read(min(size, 100))
            raise Killed
        if order == "cut":
            whole = environ["wsgi.input"].read(size)
            environ["wsgi.input"] = io.BytesIO(whole[: len(whole) // 2])
        if not order:
            return self._app.wsgi_app(environ, start)
        kept: list[Any] = []
        body = b"".join(self._app.wsgi_app(environ, lambda *said: kept.append(said) or (lambda _: None)))  # type: ignore[func-returns-value]
        if order.startswith("killed"):
            raise Killed
        start(*kept[0])
        return [body]

    def end(self) -> None:
        """Listen to the application's commits no longer."""
        event.remove(self._app.extensions["fangtu"].engine, "commit", self._commit)

    def _commit(self, connection: Connection) -> None:
        dies_at = getattr(self._now, "dies_at", 0)
        if dies_at:
            self._now.commits += 1
            if self._now.commits >= dies_at:
                # With the server its sessions with the database end, and what they had locked is free.
                connection.invalidate()
                raise Killed


class _Handler(WSGIRequestHandler):
    """Keeps lines open, which werkzeug closes after each answer; says nothing; a server that dies cuts its line."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        environ = self.make_environ()
        # Read whole, whatever the application reads of it, or the next request would begin in the middle.
        environ["wsgi.input"] = io.BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        said: list[Any] = []
        try:
            answer = self.server.app(environ, lambda *told: said.append(told) or (lambda _: None))  # type: ignore[func-returns-value]
            body = b"".join(answer)
            if hasattr(answer, "close"):
                answer.close()
        except ConnectionError:
            self.close_connection = True
            return
        status, headers = said[0][:2]
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        if "content-length" not in {name.lower() for name, _ in headers}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class _Office:
    """What happens outside the phones, and what the database holds."""

    def __init__(self, app: Fate, web: Web) -> None:
        self._app = app
        self._web = web
        self._sealer: Sealer = load_sealer(web.settings.key_file)
        self._ways: dict[str, Callable[[Session, dict[str, Any]], Any]] = {
            "/played/duty": _move,
            "/played/remove": _remove,
            "/played/forget": _forget,
            "/played/look": self._look,
        }

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        way = self._ways.get(str(environ.get("PATH_INFO")))
        if way is None:
            return self._app(environ, start)
        told = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        with Session(self._web.owner) as session, session.begin():
            answer = json.dumps(way(session, told) or {}).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
        return [answer]

    def _look(self, session: Session, told: dict[str, Any]) -> dict[str, Any]:
        items: dict[str, list[dict[str, Any]]] = {"visits": [], "marks": [], "practice": []}
        for row in session.execute(text(_ITEMS), told):
            one = {"id": str(row.id), "account": row.account_id, "sha256": bytes(row.sha256).hex()}
            if row.practice:
                items["practice"].append(one)
            elif row.kind == "mark":
                items["marks"].append(one | {"photos": self._photos(session, row.id)})
        for row in session.execute(text(_VISITS), told):
            items["visits"].append(
                {
                    "id": str(row.id),
                    "account": row.account_id,
                    "sha256": bytes(row.sha256).hex() if row.sha256 else None,
                    "started_at": round(row.started_at.timestamp() * 1000),
                    "remark": row.remark,
                    "household": row.household_id,
                    "household_ref": row.household_ref,
                    "audits": row.audits,
                    "demands": [str(demand) for demand in row.demands],
                    "superseded_by": str(row.superseded_by) if row.superseded_by else None,
                    "photos": self._photos(session, row.id),
                }
            )
        rejects = [
            {"id": str(row.item_id), "account": row.account_id, "sha256": self._refused(session, row.id)}
            for row in session.execute(text(_REJECTS), told)
        ]
        return {**items, "rejects": rejects}

    def _photos(self, session: Session, item: uuid.UUID) -> dict[str, str | None]:
        """Hashes of the photographs of an item by their ids, over the bytes as they lie on the disk."""
        found: dict[str, str | None] = {}
        for photo in session.scalars(text(_PHOTOS), {"item": str(item)}):
            try:
                content = read_photo(self._web.settings, self._sealer, photo)
            except FileNotFoundError:
                found[str(photo)] = None
            else:
                found[str(photo)] = hashlib.sha256(content).hexdigest()
        return found

    def _refused(self, session: Session, reject: uuid.UUID) -> str:
        return hashlib.sha256(open_refused(session, self._sealer, reject) or b"").hexdigest()


def _move(session: Session, told: dict[str, Any]) -> None:
    """The duty of an account becomes another place."""
    session.execute(text("update duty set jur = :low, jur_end = :high where account_id = :account"), told)


def _remove(session: Session, told: dict[str, Any]) -> None:
    """A household is taken off the list."""
    session.execute(text("update household set removed_at = now() where id = :household"), told)


def _forget(session: Session, told: dict[str, Any]) -> None:
    """The server is set back to before it had a visit, of which the audit alone is left."""
    for statement in _CLEAR:
        session.execute(text(statement), told)


_VISITS = """
    select v.id, v.account_id, v.started_at, v.remark, v.household_id, v.household_ref, i.sha256,
           (select count(*) from audit a where a.act = 'visit_add' and a.object_id = v.id::text) as audits,
           array(select d.id from demand d where d.visit_id = v.id) as demands, v.superseded_by
      from visit v left join synced_item i on i.id = v.id where v.account_id = any (:accounts)"""
_ITEMS = "select id, kind, account_id, sha256, practice from synced_item where account_id = any (:accounts)"
_PHOTOS = "select id from synced_photo where item_id = cast(:item as uuid) and received_at is not null"
_REJECTS = "select id, item_id, account_id from sync_reject where account_id = any (:accounts)"
_CLEAR = (
    "delete from attachment where visit_id = cast(:id as uuid)",
    "delete from visit where id = cast(:id as uuid)",
    "delete from synced_item where id = cast(:id as uuid)",
)


@contextmanager
def site_of(app: Flask, web: Web) -> Iterator[str]:
    """Serve an application to phones that are played; gives its address."""
    fate = Fate(app)
    server = ThreadedWSGIServer("127.0.0.1", 0, _Office(fate, web), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        fate.end()
