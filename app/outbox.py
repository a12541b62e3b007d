"""The ZIP of what a phone could not send, handed in by its owner or by a supervisor: the way of the single items."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

from flask import Blueprint, Response, jsonify, request
from sqlalchemy.orm import Session
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, RequestTimeout

from app.access import require
from app.api import Operation, describe
from app.field_door import from_field_with_file, take_in
from app.field_houses import WAYS as OF_HOUSES
from app.language import language
from app.session import asker, db, give_up, release, store
from data.audit import record
from data.marks import KIND as MARK
from data.marks import mark_answer, store_mark
from data.sealed_files import FileTooLarge, require_room
from data.sync.fields import Fields
from data.sync.items import Receipt, missing_photos
from data.sync.mark_bodies import read_mark
from data.sync.outbox import MOST_BYTES, Outbox, PackedItem, PackedPhoto, sender_of
from data.sync.photos import check_photo, find_announced, take_photo
from data.sync.refusals import Sender
from data.sync.visit_bodies import read_visit
from data.sync.visits import KIND, store_visit, visit_answer
from data.tables.sync import ITEM_KINDS
from geo.errors import FangtuError, Text

bp = Blueprint("outbox", __name__)
_PIECE = 1 << 20
_GONE = Text("压缩包里没有这个文件，或它太大、已损坏。", "The archive lacks this file, or it is too large or broken.")


@dataclass(frozen=True)
class Way:
    """How items of one kind are taken in: as :func:`app.field_door.take_in` wants it."""

    read: Callable[[Fields, Any], Any]
    apply: Callable[[Session, Sender, Any, Any, datetime], None]
    answer: Callable[[Session, Any], dict[str, Any]]


# By kind of item; whoever adds a kind adds its way here.
WAYS: dict[str, Way] = {
    KIND: Way(read_visit, store_visit, visit_answer),
    MARK: Way(read_mark, store_mark, mark_answer),
    **{kind: Way(*way) for kind, way in OF_HOUSES.items()},
}


@bp.post("/api/v1/outbox")
@require()
@from_field_with_file
@describe(
    Operation(
        "Hand in the ZIP of what a phone could not send; also for somebody whose area of duty lies within one's own",
        takes=("application/zip",),
        answer={
            "items": [
                {
                    "id": "",
                    "kind": ", ".join(ITEM_KINDS),
                    "state": "applied, already, missing_photos or refused",
                    "error": "Code of a refusal",
                    "message": "",
                }
            ],
            "photos": [{"id": "", "of": "Id of its item", "state": "applied or refused", "error": "", "message": ""}],
        },
        statuses={
            400: "The header X-Fangtu-Device is lacking",
            403: "Not of one's own phone, nor of anybody one may hand in for",
            413: f"More than {MOST_BYTES >> 20} MB",
            422: "No archive of the field app; nothing of it was touched",
            507: "No room on the disk",
        },
    )
)
def hand_in() -> Response:
    """Take in each item and photograph; one that is refused does not stop the next."""
    release()
    with tempfile.TemporaryFile(dir=_work_folder()) as file:
        _receive(file)
        box = Outbox(file)

        def whom() -> Sender:
            return sender_of(db(), asker(), box)

        sent_for = whom()
        items = [_item(whom, item, body) for item, body in box.bodies()]
        photos = [_photo(whom, photo, content, box) for photo, content in box.pictures()]
        _complete(items)
        record(
            db(),
            act="outbox_import",
            object_kind="account",
            object_id=sent_for.account_id,
            details={"items": len(items), "photos": len(photos)},
            jur=sent_for.duty[0][0],
        )
    return jsonify(items=items, photos=photos)


def _work_folder() -> str:
    folder = store().settings.var / "work"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_room(folder, request.content_length or 0)
    return str(folder)


def _receive(file: IO[bytes]) -> None:
    """Write the archive to a file without a name, which nobody else opens and which ends with the request."""
    request.max_content_length = MOST_BYTES
    try:
        while piece := request.stream.read(_PIECE):
            file.write(piece)
    except RequestEntityTooLarge as error:
        raise FileTooLarge(MOST_BYTES) from error
    except ClientDisconnected as error:
        raise RequestTimeout from error
    file.seek(0)


def _item(whom: Callable[[], Sender], item: PackedItem, body: bytes | None) -> dict[str, Any]:
    told = {"id": str(item.id), "kind": item.kind}
    way = WAYS.get(item.kind)
    if body is None or way is None:
        return told | {"state": "refused", "error": "item_missing", "message": _GONE.in_language(language())}
    try:
        receipt: Receipt
        receipt, _ = take_in(whom, item.kind, item.id, body, way.read, way.apply, way.answer)
    except FangtuError as why:
        return told | _refusal(why)
    return told | {"state": "applied" if receipt.is_new else "already", "error": None, "message": None}


def _photo(whom: Callable[[], Sender], photo: PackedPhoto, content: bytes | None, box: Outbox) -> dict[str, Any]:
    told = {"id": str(photo.id), "of": str(photo.of)}
    if content is None:
        return told | {"state": "refused", "error": "photo_missing", "message": _GONE.in_language(language())}
    try:
        kind = next((item.kind for item in box.items if item.id == photo.of), KIND)
        announced = find_announced(db(), whom().account_id, kind, photo.of, photo.id)
        release()
        picture = check_photo(announced, content, photo.sha256)
        take_photo(db(), store().settings, store().sealer, announced, content, picture)
        release()
    except FangtuError as why:
        give_up()
        return told | _refusal(why)
    return told | {"state": "applied", "error": None, "message": None}


def _refusal(why: FangtuError) -> dict[str, Any]:
    return {"state": "refused", "error": why.code, "message": why.text.in_language(language())}


def _complete(items: list[dict[str, Any]]) -> None:
    """Say of items that were accepted where photographs are lacking still."""
    taken = [uuid.UUID(item["id"]) for item in items if item["state"] != "refused"]
    lacking = missing_photos(db(), taken)
    for item in items:
        if uuid.UUID(item["id"]) in lacking:
            item["state"] = "missing_photos"
