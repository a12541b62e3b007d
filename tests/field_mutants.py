"""Servers with one fault built in each: the games of :mod:`tests.field_games` have to find every one of them out."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.session import give_up, session_token
from data.db import enter
from data.sync import items, photos, receipts, visit_bodies, visits
from data.sync.refusals import Sender

Mutant = Callable[[], AbstractContextManager[Any]]


@contextmanager
def _not_committed() -> Iterator[None]:
    with patch("app.field_door.release", give_up):
        yield


@contextmanager
def _photo_not_committed() -> Iterator[None]:
    with patch("app.field_visits.release", give_up):
        yield


@contextmanager
def _any_content() -> Iterator[None]:
    def known(session: Session, sender: Sender, kind: str, item_id: uuid.UUID, digest: bytes) -> Any:
        row = session.execute(
            text("select received_at from synced_item where id = :id and account_id = :account"),
            {"id": str(item_id), "account": sender.account_id},
        ).one_or_none()
        if row is None:
            return None
        missing = items.missing_photos(session, [item_id]).get(item_id, [])
        return items.Receipt(item_id, digest, row.received_at, missing, False)

    with patch("data.sync.items._known", known):
        yield


@contextmanager
def _new_id() -> Iterator[None]:
    accept = items.accept

    def other(session: Session, sender: Sender, kind: str, item_id: uuid.UUID, *rest: Any) -> items.Receipt:
        return replace(accept(session, sender, kind, uuid.uuid4(), *rest), id=item_id)

    with patch("app.field_door.accept", other):
        yield


@contextmanager
def _no_hash() -> Iterator[None]:
    check = photos.check_photo

    def trusting(announced: Any, content: bytes, sha256: Any) -> Any:
        return check(replace(announced, sha256=hashlib.sha256(content).digest()), content, sha256)

    with patch("app.field_visits.check_photo", trusting):
        yield


@contextmanager
def _no_file() -> Iterator[None]:
    with patch("data.sync.photos.write_photo", lambda *_: None):
        yield


@contextmanager
def _not_kept() -> Iterator[None]:
    with patch("app.field_door.keep_refused", lambda *_: True):
        yield


@contextmanager
def _done_without_photos() -> Iterator[None]:
    with patch("data.sync.receipts.missing_photos", lambda *_: {}):
        yield


@contextmanager
def _unknown_is_done() -> Iterator[None]:
    find = receipts.find_receipts

    def generous(*asked: Any) -> list[dict[str, Any]]:
        return [one | ({"state": "done"} if one["state"] == "unknown" else {}) for one in find(*asked)]

    with patch("app.sync.find_receipts", generous):
        yield


@contextmanager
def _no_demands() -> Iterator[None]:
    with patch("data.sync.visits.keep_demands", lambda *_: None):
        yield


@contextmanager
def _outside_dropped() -> Iterator[None]:
    store = visits.store_visit

    def strict(session: Session, sender: Sender, visit_id: uuid.UUID, told: Any, at: Any) -> None:
        seen = session.execute(text("select 1 from household where id = :id"), {"id": told.household_id}).all()
        if seen:
            store(session, sender, visit_id, told, at)

    with patch("app.field_visits.store_visit", strict):
        yield


@contextmanager
def _nothing_missing() -> Iterator[None]:
    accept = items.accept

    def content(*asked: Any) -> items.Receipt:
        return replace(accept(*asked), missing=[])

    with patch("app.field_door.accept", content):
        yield


@contextmanager
def _clock_turned() -> Iterator[None]:
    read = visit_bodies.read_visit

    def turned(fields: Any, visit_id: uuid.UUID) -> visit_bodies.ToldVisit:
        told = read(fields, visit_id)
        shift = visit_bodies.timedelta(milliseconds=2 * (told.clock_offset_ms or 0))
        return replace(told, started_at=told.started_at - shift, ended_at=told.ended_at - shift)

    with patch("app.field_visits.read_visit", turned):
        yield


@contextmanager
def _no_audit() -> Iterator[None]:
    with patch("data.sync.visits.record", lambda *_, **__: None):
        yield


@contextmanager
def _two_transactions() -> Iterator[None]:
    store = visits.store_visit

    def parted(session: Session, *rest: Any) -> None:
        session.commit()
        enter(session, session_token())
        store(session, *rest)

    with patch("app.field_visits.store_visit", parted):
        yield


@contextmanager
def _any_account() -> Iterator[None]:
    with patch("app.field_door._check_account", lambda: None):
        yield


@contextmanager
def _beside() -> Iterator[None]:
    with patch("data.sync.visits._supersede", lambda *_: set()):
        yield


MUTANTS: dict[str, Mutant] = {
    "acknowledged before it is committed": _not_committed,
    "a photograph is acknowledged before it is committed": _photo_not_committed,
    "another content under a known id is taken for the same": _any_content,
    "a visit that comes again gets an id of its own": _new_id,
    "a photograph is taken without its hash": _no_hash,
    "a photograph has a row and no file": _no_file,
    "what is refused is not kept": _not_kept,
    "a receipt says done while photographs are lacking": _done_without_photos,
    "a receipt says done of what is unknown": _unknown_is_done,
    "demands are left out": _no_demands,
    "a visit outside the duty is dropped": _outside_dropped,
    "no photograph is said to be lacking": _nothing_missing,
    "the clock is set the wrong way": _clock_turned,
    "no row in the audit": _no_audit,
    "accepted and applied in two transactions": _two_transactions,
    "work of one account comes in under another": _any_account,
    "a correction stands beside what it corrects": _beside,
}
