"""Requests from the field: the header that names the phone, the bytes as they were sent, and one way to take them in.

A page of another origin cannot send the header, so it stands in for the form token, which a shell kept on the phone for
weeks would not have. Who asks is proved by the session, as everywhere.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.orm import Session
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from app.session import asker, asker_or_none, db, give_up, release, store
from data.askers import NotAllowed
from data.sync.devices import AccountDiffers, DeviceNeeded, DeviceRevoked, device_state
from data.sync.fields import Fields
from data.sync.items import MOST_BODY, Item, Receipt, SyncBusy, accept
from data.sync.line import LINE
from data.sync.refusals import BodyTooLarge, ItemDiffers, ItemUnfit, Sender, keep_refused
from geo.errors import FangtuError, Text

View = TypeVar("View", bound=Callable[..., Any])
HEADER = "X-Fangtu-Device"
# Whose work it is, by the number of the account. Phones of before 0.6.0 do not say.
ACCOUNT = "X-Fangtu-Account"
MARK = "fangtu_from_field"
SMALL, FILE, PHOTO = "small", "file", "photo"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
# A line on which nothing comes for so long is given up; a phone does the same.
STALLED_S = 20.0
_TRIES = 3
# What another writer may be the cause of: keys that moved, a ring of waiting, a duty that was changed meanwhile.
_AGAIN = {"23503", "23505", "40001", "40P01", "42501"}
# Where it stays so, an id of the body is that of another record.
_TAKEN = {"23505", "42501"}


def from_field(view: View) -> View:
    """Mark a view as one for phones in the field, which name themselves in a header.

    What comes with the request is read before the database is asked anything: on a thin line that may take long.
    """
    setattr(view, MARK, SMALL)
    return view


def from_field_with_file(view: View) -> View:
    """The same for a view that takes a file and reads it itself, once it is known who sends it."""
    setattr(view, MARK, FILE)
    return view


def from_field_with_photo(view: View) -> View:
    """The same for a photograph, which is put off before anything is spent on it while too much comes in."""
    setattr(view, MARK, PHOTO)
    return view


def is_for_phones(view: Callable[..., Any] | None) -> bool:
    """Whether a view is one for phones."""
    return bool(getattr(view, MARK, False))


def is_from_field() -> bool:
    """Whether this request goes to such a view and names its phone."""
    view = current_app.view_functions.get(request.endpoint or "")
    return is_for_phones(view) and _UUID.match(request.headers.get(HEADER, "")) is not None


def init_app(app: Flask) -> None:
    """Look at the phone before the rule of the view: one that was revoked is told so although its session is over."""
    app.before_request(_check)
    app.teardown_request(_leave_line)


def _check() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if not is_for_phones(view):
        return
    if not is_from_field():
        raise DeviceNeeded
    if getattr(view, MARK) == SMALL and request.method not in ("GET", "HEAD", "OPTIONS"):
        g.field_body = _read(MOST_BODY)
        g.field_line = LINE.record()
        g.field_line.__enter__()
    if getattr(view, MARK) == PHOTO:
        LINE.require_room()
    state, wipe = device_state(db(), device())
    if state == "revoked":
        raise DeviceRevoked(wipe)
    _check_account()


def _check_account() -> None:
    """What is one account's must neither come in nor go out under whoever has signed in meanwhile."""
    named = request.headers.get(ACCOUNT)
    who = asker_or_none() if named is not None else None
    if who is not None and named != str(who.account_id):
        raise AccountDiffers


def _leave_line(_error: BaseException | None) -> None:
    if (place := g.pop("field_line", None)) is not None:
        place.__exit__(None, None, None)


def device() -> uuid.UUID:
    """The phone of this request."""
    return uuid.UUID(request.headers[HEADER])


def device_or_none() -> uuid.UUID | None:
    """The phone of this request, where it names one."""
    named = request.headers.get(HEADER, "")
    return uuid.UUID(named) if _UUID.match(named) else None


def body_of(most_bytes: int = MOST_BODY) -> bytes:
    """The bytes of the request as they came.

    Raises
    ------
    BodyTooLarge
    RequestTimeout
        If they end early. A phone tries again after that, while another word would be taken for a refusal.
    """
    read: bytes | None = g.get("field_body")
    return _read(most_bytes) if read is None else read


def _read(most_bytes: int) -> bytes:
    request.max_content_length = most_bytes
    # A phone that vanishes in the middle must not hold its thread, and its place in the line, for good.
    line = request.environ.get("gunicorn.socket")
    if line is not None:
        line.settimeout(STALLED_S)
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise BodyTooLarge(most_bytes) from error
    except ClientDisconnected as error:
        raise RequestTimeout from error
    finally:
        if line is not None:
            line.settimeout(None)


def sender() -> Sender:
    """The asker, as one who sends the own work.

    Raises
    ------
    NotAllowed
        Without an area of duty there is nowhere for it to be.
    """
    who = asker()
    if not who.duty:
        raise NotAllowed
    return Sender(who.account_id, who.full_name, who.account_id, device(), who.duty)


def take_in(
    whom: Callable[[], Sender],
    kind: str,
    item_id: uuid.UUID,
    body: bytes,
    read: Callable[[Fields, uuid.UUID], Item],
    apply: Callable[[Session, Sender, uuid.UUID, Item, datetime], None],
    answer: Callable[[Session, uuid.UUID], dict[str, Any]],
) -> tuple[Receipt, dict[str, Any]]:
    """Accept an item in a transaction of its own, committed before anything is said; what is refused is kept.

    Parameters
    ----------
    whom : callable
        Who sends; asked anew in each transaction.
    kind, item_id, body, read, apply
        As for :func:`data.sync.items.accept`.
    answer : callable
        What the receipt says besides, from the store.

    Raises
    ------
    ItemUnfit, ItemDiffers
        After the bytes were kept; ``details.kept`` says whether there was room.
    RecordUnknown
    SyncBusy
        If others stood in the way several times.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            receipt = accept(db(), whom(), kind, item_id, body, read, apply)
            told = answer(db(), item_id)
            release()
        except (ItemUnfit, ItemDiffers) as why:
            raise _kept(whom, kind, item_id, body, why) from why
        except DBAPIError as error:
            give_up()
            code = getattr(error.orig, "pgcode", None)
            if isinstance(error, DataError):
                odd = ItemUnfit("JSON", "", Text("数据库能存的值", "values the database can hold"))
                raise _kept(whom, kind, item_id, body, odd) from error
            if code not in _AGAIN:
                raise
            if attempt == _TRIES and code in _TAKEN:
                odd = ItemUnfit("id", str(item_id), Text("没有用过的编号", "ids that nobody else has used"))
                raise _kept(whom, kind, item_id, body, odd) from error
            continue
        return receipt, told
    raise SyncBusy


def receipt_json(receipt: Receipt, told: dict[str, Any]) -> dict[str, Any]:
    """A receipt as phones read it."""
    return {
        "id": str(receipt.id),
        "sha256": receipt.sha256.hex(),
        "missing": [str(photo) for photo in receipt.missing],
        "received_at": receipt.received_at.isoformat(timespec="milliseconds"),
        **told,
    }


def _kept(
    whom: Callable[[], Sender], kind: str, item_id: uuid.UUID, body: bytes, why: ItemUnfit | ItemDiffers
) -> FangtuError:
    give_up()
    why.details["kept"] = keep_refused(db(), store().sealer, whom(), kind, item_id, body, why)
    release()
    return why
