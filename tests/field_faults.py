"""Phones, a network that fails and the real server: whatever happens in between, nothing is lost, doubled or silent.

A phone follows the contract: it freezes the bytes of a visit when it is saved, sends until it is acknowledged, and
deletes a photograph only when its hash comes back. Between it and the application stands :class:`Fate`, a WSGI wrapper
that loses requests and answers, cuts bodies, and kills the server before or after it commits. Such faults are made here
alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import random
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask
from sqlalchemy import event, text
from sqlalchemy.orm import Session
from werkzeug.test import Client, TestResponse

from data.sealing import load_sealer
from data.sync.photos import read_photo
from tests.web.conftest import Web
from tests.web.field import DEVICE, NOON, picture, visit_body

VILLAGES = {"one": 990101001001000, "two": 990101001002000, "three": 990101001003000}
HOUSEHOLDS = ("H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H10", None)
PICTURES = [picture(seed, size=(64, 48)) for seed in range(6)]
# After these a phone tries again later, as after no answer.
RETRIED = (408, 429, 500, 502, 503, 504, 507)
FAULTS = ("none", "none", "lost", "killed_before", "killed_after", "cut", "late")


class Killed(Exception):
    """The server died, or the line went dead: no answer came."""


class Fate:
    """What happens to the next request on its way.

    Attributes
    ----------
    next : str
        ``lost`` never arrives; ``cut`` arrives in half; ``killed_before`` dies before it commits, ``killed_after``
        before it answers.
    dies_at : int
        Which commit of the request ``killed_before`` dies at; nothing is committed from there on.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self.next = "none"
        self.dies_at = 1
        self._commits = 0
        event.listen(app.extensions["fangtu"].engine, "commit", self._commit)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on, or not."""
        self._commits = 0
        if self.next == "lost":
            raise Killed
        if self.next == "cut":
            whole = environ["wsgi.input"].read()
            environ["wsgi.input"] = io.BytesIO(whole[: len(whole) // 2])
        kept: list[Any] = []
        body = b"".join(self._app.wsgi_app(environ, lambda *said: kept.append(said) or (lambda _: None)))  # type: ignore[func-returns-value]
        if self.next in ("killed_after", "killed_before"):
            raise Killed
        start(*kept[0])
        return [body]

    def _commit(self, _connection: Any) -> None:
        self._commits += 1
        if self.next == "killed_before" and self._commits >= self.dies_at:
            raise Killed


@dataclass
class Photo:
    """A photograph on a phone; ``is_there`` until the server has acknowledged it."""

    id: str
    content: bytes
    is_there: bool = True


@dataclass
class Saved:
    """A visit as its phone has it: frozen bytes, what it holds, and how far it has come."""

    id: str
    raw: bytes
    told: dict[str, Any]
    photos: list[Photo]
    account: str
    corrected: datetime
    state: str = "queued"
    flags: list[str] = field(default_factory=list)


class Handset:
    """One phone of an account: its clock, what it knows of it, and what it holds."""

    def __init__(self, run: Run, account: str) -> None:
        self._run = run
        self.account = account
        self.id = str(uuid.uuid4())
        chance = run.chance
        self.ahead = timedelta(days=chance.choice((0, 0, -3, 3)), seconds=chance.randint(-20, 20))
        self.visits: list[Saved] = []

    def save(self) -> None:
        """Record a visit at some house, perhaps with a photograph and a demand; one in ten cannot be stored."""
        run, chance = self._run, self._run.chance
        true = NOON + timedelta(minutes=chance.randint(0, 60 * 24 * 20))
        body = visit_body(
            run.web,
            chance.choice(HOUSEHOLDS),
            start=true + self.ahead,
            minutes=chance.choice((5, 30, 45)),
            clock_offset_ms=-round(self.ahead.total_seconds() * 1000),
            remark=f"{run.seed}-{len(run.saved)}-{uuid.uuid4()}",
            outcome=chance.choice(("done", "done", "nobody_home", "refused")),
        )
        photos = [Photo(str(uuid.uuid4()), chance.choice(PICTURES)) for _ in range(chance.choice((0, 1, 1, 2)))]
        body["photos"] = [
            {
                "id": photo.id,
                "sha256": hashlib.sha256(photo.content).hexdigest(),
                "size": len(photo.content),
                "kind": "visit",
            }
            for photo in photos
        ]
        if chance.random() < 0.3:
            body["demands"] = [{"id": str(uuid.uuid4()), "class": "road", "text": "路灯", "solved": False}]
        if chance.random() < 0.1:
            body["mode"] = "telegram"
        raw = json.dumps(body, ensure_ascii=False).encode()
        one = Saved(str(uuid.uuid4()), raw, body, photos, self.account, true)
        self.visits.append(one)
        run.saved.append(one)

    def sync(self) -> None:
        """One pass over what is not done: visits in their order, then the photographs that are lacking."""
        for one in self.visits:
            if one.state == "queued":
                self._send(one)
            if one.state == "sent":
                self._send_photos(one)

    def edit_after_ack(self) -> None:
        """A faulty version of the app sends other bytes under an id that was acknowledged."""
        for one in self.visits:
            if one.state in ("sent", "done"):
                other = json.dumps(one.told | {"remark": f"{one.told['remark']} changed"}).encode()
                answer = self._run.ask(self, "PUT", f"/api/v1/visits/{one.id}", other)
                if answer is not None and answer.status_code not in RETRIED:
                    assert answer.status_code == 409, answer.text
                    self._run.kept.append((one.id, other))
                return

    def send_other_picture(self) -> None:
        """The bytes of another picture arrive under the id of one: a mix-up on the phone, or a bad line."""
        for one in self.visits:
            for photo in one.photos if one.state == "sent" else []:
                other = next(content for content in PICTURES if content != photo.content)
                path = f"/api/v1/visits/{one.id}/photos/{photo.id}"
                answer = self._run.ask(self, "PUT", path, other)
                assert answer is None or answer.status_code in (*RETRIED, 422), answer.text
                return

    def ask_receipts(self) -> None:
        """What the server says of everything this phone holds is what it is."""
        if not self.visits:
            return
        ids = [one.id for one in self.visits]
        answer = self._run.ask(self, "POST", "/api/v1/receipts", json.dumps({"ids": ids}).encode())
        if answer is None or answer.status_code != 200:
            return
        for one, said in zip(self.visits, answer.json["items"], strict=True):
            if said["state"] == "done":
                # Upon this word a phone deletes: the proof at the end of the day.
                assert self._run.is_whole(one), f"said to be done and is not: {one.told['remark']}"
            if one.state == "done":
                assert said["state"] == "done", said
            if one.state == "rejected":
                assert said["state"] == "refused", said

    def _send(self, one: Saved) -> None:
        answer = self._run.ask(self, "PUT", f"/api/v1/visits/{one.id}", one.raw)
        if answer is None or answer.status_code in RETRIED:
            return
        if answer.status_code in (200, 201):
            assert answer.json["sha256"] == hashlib.sha256(one.raw).hexdigest()
            missing = set(answer.json["missing"])
            for photo in one.photos:
                photo.is_there = photo.is_there and photo.id in missing
            one.state, one.flags = ("sent" if missing else "done"), answer.json["flags"]
        else:
            assert answer.status_code == 422, answer.text
            assert answer.json["details"].get("kept") is True, answer.text
            assert one.told["mode"] == "telegram", answer.text
            one.state = "rejected"
            self._run.kept.append((one.id, one.raw))

    def _send_photos(self, one: Saved) -> None:
        for photo in one.photos:
            if not photo.is_there:
                continue
            digest = hashlib.sha256(photo.content).hexdigest()
            path = f"/api/v1/visits/{one.id}/photos/{photo.id}"
            answer = self._run.ask(self, "PUT", path, photo.content)
            if answer is not None and answer.status_code == 200 and answer.json["sha256"] == digest:
                photo.is_there = False
        if not any(photo.is_there for photo in one.photos):
            one.state = "done"


class Run:
    """One story of some phones, made from a seed.

    Raises
    ------
    AssertionError
        From :meth:`tell`, if anything was lost, doubled or silent.
    """

    def __init__(self, app: Flask, web: Web, fate: Fate, seed: int) -> None:
        self.web = web
        self.seed = seed
        self.chance = random.Random(seed)
        self.saved: list[Saved] = []
        self.kept: list[tuple[str, bytes]] = []
        self._client = Client(fate, TestResponse)
        self._fate = fate
        self._late: list[tuple[str, str, bytes, dict[str, str]]] = []
        self._is_calm = False
        # Two phones of one account, and one of another.
        self.phones = [Handset(self, "inspector"), Handset(self, "inspector"), Handset(self, "inspector_two")]

    def ask(self, phone: Handset, method: str, path: str, body: bytes) -> TestResponse | None:
        """One request, to which something may happen; None if no answer came."""
        headers = {
            DEVICE: phone.id,
            "Authorization": f"Bearer {self.web.tokens[phone.account]}",
            "X-SHA256": hashlib.sha256(body).hexdigest(),
        }
        fate = "none" if self._is_calm else self.chance.choice(FAULTS)
        if fate == "late":
            self._late.append((method, path, body, headers))
        return self._pass(fate, method, path, body, headers)

    def _pass(self, fate: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> TestResponse | None:
        self._fate.next = fate
        self._fate.dies_at = self.chance.choice((1, 2))
        try:
            return self._client.open(path, method=method, data=body, headers=headers, content_type="application/json")
        except Killed:
            return None
        finally:
            self._fate.next = "none"

    def tell(self, steps: int) -> None:
        """Let so many things happen, then let everything come in, and look whether all is there."""
        acts: tuple[tuple[Callable[[Handset], None], int], ...] = (
            (Handset.save, 5),
            (Handset.sync, 6),
            (Handset.ask_receipts, 2),
            (Handset.edit_after_ack, 1),
            (Handset.send_other_picture, 2),
            (self._transfer, 1),
            (self._come_late, 2),
        )
        choices, weights = [act for act, _ in acts], [weight for _, weight in acts]
        for _ in range(steps):
            self.chance.choices(choices, weights)[0](self.chance.choice(self.phones))
        self._is_calm = True
        for _ in range(3):
            self._come_late(self.phones[0])
            for phone in self.phones:
                phone.sync()
        for phone in self.phones:
            phone.ask_receipts()
        self.look()

    def _transfer(self, phone: Handset) -> None:
        """The duty of an account moves to another village, also while its phones hold visits."""
        low = self.chance.choice(list(VILLAGES.values()))
        with Session(self.web.owner) as session, session.begin():
            session.execute(
                text("update duty set jur = :low, jur_end = :low + 1000 where account_id = :account"),
                {"low": low, "account": self.web.accounts[phone.account]},
            )

    def _come_late(self, _phone: Handset) -> None:
        """Copies of requests that were under way for long arrive after all."""
        late, self._late = self._late, []
        for one in late:
            self._pass("none", *one)

    def look(self) -> None:
        """Each visit once with all that was said, or refused and kept; each photograph whole; each act in the audit."""
        sealer = load_sealer(self.web.settings.key_file)
        with Session(self.web.owner) as session:
            for one in self.saved:
                key = {"id": one.id}
                rows = session.execute(text(_VISIT), key).all()
                if one.state == "rejected":
                    assert rows == [], one
                    continue
                assert one.state == "done", f"lost on the way: {one.state} {one.told['remark']}"
                assert len(rows) == 1, f"{len(rows)} times: {one.told['remark']}"
                row = rows[0]
                assert row.remark == one.told["remark"]
                assert row.started_at == one.corrected, "the clock was not set right"
                assert row.account_id == self.web.accounts[one.account]
                assert (row.audited, row.demands) == (1, len(one.told.get("demands", [])))
                assert bytes(row.sha256) == hashlib.sha256(one.raw).digest()
                assert row.household_id is not None or row.household_ref == one.told["household_ref"]
                stored = {str(photo): bytes(digest) for photo, digest in session.execute(text(_PHOTOS), key)}
                assert stored == {photo.id: hashlib.sha256(photo.content).digest() for photo in one.photos}
                for photo in one.photos:
                    assert read_photo(self.web.settings, sealer, uuid.UUID(photo.id)) == photo.content
            for name, body in self.kept:
                found = session.execute(text(_REJECT), {"id": name, "sha256": hashlib.sha256(body).digest()}).all()
                assert len(found) == 1, f"refused and not kept: {name}"

    def is_whole(self, one: Saved) -> bool:
        """Whether a visit stands in the store with all its photographs."""
        with Session(self.web.owner) as session:
            there = session.execute(text("select 1 from visit where id = cast(:id as uuid)"), {"id": one.id}).all()
            photos = session.execute(text(_PHOTOS), {"id": one.id}).all()
        return len(there) == 1 and len(photos) == len(one.photos)

    def clear(self) -> None:
        """Take the story's visits out again."""
        with Session(self.web.owner) as session, session.begin():
            ids = {"ids": [one.id for one in self.saved]}
            for statement in _CLEAR:
                session.execute(text(statement), ids)
            for name, low in (("inspector", VILLAGES["one"]), ("inspector_two", VILLAGES["two"])):
                session.execute(
                    text("update duty set jur = :low, jur_end = :low + 1000 where account_id = :account"),
                    {"low": low, "account": self.web.accounts[name]},
                )


_VISIT = """
    select v.remark, v.started_at, v.account_id, v.household_id, v.household_ref, i.sha256,
           (select count(*) from audit a where a.act = 'visit_add' and a.object_id = v.id::text) as audited,
           (select count(*) from demand d where d.visit_id = v.id) as demands
      from visit v join synced_item i on i.id = v.id where v.id = cast(:id as uuid)
        or (v.remark is not null and v.remark = (select remark from visit w where w.id = cast(:id as uuid)))"""
_PHOTOS = """
    select p.id, a.sha256 from synced_photo p join attachment a on a.id = p.id and a.visit_id = p.item_id
     where p.item_id = cast(:id as uuid) and p.received_at is not null"""
_REJECT = "select 1 from sync_reject where item_id = cast(:id as uuid) and sha256 = :sha256"
_CLEAR = (
    "delete from attachment where visit_id = any (cast(:ids as uuid[]))",
    "delete from visit where id = any (cast(:ids as uuid[]))",
    "delete from synced_item where id = any (cast(:ids as uuid[]))",
    "delete from sync_reject where item_id = any (cast(:ids as uuid[]))",
)


@contextmanager
def fate_of(app: Flask) -> Iterator[Fate]:
    """The wrapper of an application, and its listener taken off again."""
    made = Fate(app)
    try:
        yield made
    finally:
        event.remove(app.extensions["fangtu"].engine, "commit", made._commit)


def tell_story(app: Flask, web: Web, fate: Fate, seed: int, steps: int = 25) -> Run:
    """One story from its seed; its visits are taken out again."""
    run = Run(app, web, fate, seed)
    try:
        run.tell(steps)
    finally:
        run.clear()
    return run
