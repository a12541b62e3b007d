"""Taking in what a phone sends: each item is accepted once, whatever is sent again and however often.

An item is known by the id its phone gave it and by the hash of the very bytes sent. The row that says so is written in
the transaction that applies the item, so that an acknowledgement means applied and committed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.prepared import Prepared
from data.sync.fields import Fields, key_of, read_object
from data.sync.refusals import ItemDiffers, ItemUnfit, Sender
from geo.errors import FangtuError, Text

SCHEMAS = (1,)
MOST_BODY = 256 << 10
MOST_PHOTOS = 6
MOST_PHOTO_BYTES = 600 << 10
PHOTO_KINDS = ("visit", "demand", "house")


class SyncBusy(FangtuError):
    """Others changed the same records again and again; nothing was stored, and sending it again will do."""

    code = "busy"

    def __init__(self) -> None:
        super().__init__(
            Text("暂时没有收下，请稍后自动重试。", "Not accepted just now; it will be tried again."), seconds=5
        )


@dataclass(frozen=True)
class NamedPhoto:
    """A photograph that an item names: its id, the hash and size of its bytes, and what it shows."""

    id: uuid.UUID
    sha256: bytes
    size_bytes: int
    taken_at: datetime | None
    kind: str
    demand_id: uuid.UUID | None = None


class Told(Protocol):
    """What was read from the body of an item, of whatever kind."""

    @property
    def photos(self) -> Sequence[NamedPhoto]:
        """The photographs it names."""

    @property
    def practice(self) -> bool:
        """Whether it was sent for practice, and is acknowledged only."""


Item = TypeVar("Item", bound=Told)


@dataclass(frozen=True)
class Receipt:
    """What is said of an accepted item.

    Attributes
    ----------
    id : UUID
    sha256 : bytes
        Of the bytes that were accepted.
    received_at : datetime
        When they were.
    missing : list of UUID
        Photographs that are still to come.
    is_new : bool
        False if it had been accepted before.
    """

    id: uuid.UUID
    sha256: bytes
    received_at: datetime
    missing: list[uuid.UUID]
    is_new: bool


_ADD = Prepared(
    """insert into synced_item (id, kind, account_id, sent_by, device_id, sha256, size_bytes, practice)
       values (:id, :kind, :account, :sent_by, :device, :sha256, :size, :practice)
       on conflict (id) do nothing returning received_at""",
    {
        "id": "uuid",
        "kind": "text",
        "account": "bigint",
        "sent_by": "bigint",
        "device": "uuid",
        "sha256": "bytea",
        "size": "integer",
        "practice": "boolean",
    },
)


def accept(
    session: Session,
    sender: Sender,
    kind: str,
    item_id: uuid.UUID,
    body: bytes,
    read: Callable[[Fields, uuid.UUID], Item],
    apply: Callable[[Session, Sender, uuid.UUID, Item, datetime], None],
) -> Receipt:
    """Accept an item, or find that it was accepted before; the caller commits.

    Parameters
    ----------
    kind : str
        One of ``data.tables.sync.ITEM_KINDS``.
    body : bytes
        As they came; not a byte of them may be changed by whoever sends them again.
    read : callable
        Reads the body; raises :class:`ItemUnfit`.
    apply : callable
        Stores what was read, with the moment of receipt. Left out for practice.

    Raises
    ------
    ItemUnfit
        If it cannot be stored.
    ItemDiffers
        If another content was accepted with this id.
    RecordUnknown
        If the id is that of an item of somebody else.
    """
    digest = hashlib.sha256(body).digest()
    try:
        fields = Fields(read_object(body))
        fields.whole("schema", SCHEMAS[0], SCHEMAS[-1], needed=True)
        told = read(fields, item_id)
        fields.end()
    except ItemUnfit:
        # What was accepted stays accepted, also when the rules of reading have changed since.
        known = _known(session, sender, kind, item_id, digest)
        if known is None:
            raise
        return known
    values = {
        "id": str(item_id),
        "kind": kind,
        "account": sender.account_id,
        "sent_by": sender.sent_by,
        "device": str(sender.device_id) if sender.device_id else None,
        "sha256": digest,
        "size": len(body),
        "practice": told.practice,
    }
    # Of two that come at once the second waits here for the first to commit.
    row = _ADD.run(session, values).one_or_none()
    if row is None:
        known = _known(session, sender, kind, item_id, digest)
        if known is None:
            raise RecordUnknown
        return known
    if told.practice:
        return Receipt(item_id, digest, row.received_at, [], True)
    apply(session, sender, item_id, told, row.received_at)
    if told.photos:
        _name_photos(session, item_id, told.photos)
    return Receipt(item_id, digest, row.received_at, [photo.id for photo in told.photos], True)


def _known(session: Session, sender: Sender, kind: str, item_id: uuid.UUID, digest: bytes) -> Receipt | None:
    """What is known of an item of this account; None if nothing is, or if it is somebody else's."""
    row = session.execute(
        text("select kind, sha256, received_at, practice from synced_item where id = :id and account_id = :account"),
        {"id": str(item_id), "account": sender.account_id},
    ).one_or_none()
    if row is None:
        return None
    if row.kind != kind or bytes(row.sha256) != digest:
        raise ItemDiffers(kind)
    missing = [] if row.practice else missing_photos(session, [item_id]).get(item_id, [])
    return Receipt(item_id, digest, row.received_at, missing, False)


def missing_photos(session: Session, items: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Photographs of some items that are still to come, of those items that lack any."""
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    rows = session.execute(
        text("""
            select item_id, id from synced_photo
             where item_id = any (cast(:items as uuid[])) and received_at is null order by item_id, id"""),
        {"items": [str(item) for item in items]},
    )
    for row in rows:
        found.setdefault(row.item_id, []).append(row.id)
    return found


def _name_photos(session: Session, item_id: uuid.UUID, photos: Sequence[NamedPhoto]) -> None:
    added = session.execute(
        text("""
            insert into synced_photo (id, item_id, demand_id, kind, sha256, size_bytes, taken_at)
            select * from unnest(cast(:ids as uuid[]), array_fill(cast(:item as uuid), array[:n]),
                                 cast(:demands as uuid[]), cast(:kinds as text[]), cast(:hashes as bytea[]),
                                 cast(:sizes as integer[]), cast(:taken as timestamptz[]))
            on conflict (id) do nothing"""),
        {
            "ids": [str(photo.id) for photo in photos],
            "item": str(item_id),
            "n": len(photos),
            "demands": [str(photo.demand_id) if photo.demand_id else None for photo in photos],
            "kinds": [photo.kind for photo in photos],
            "hashes": [photo.sha256 for photo in photos],
            "sizes": [photo.size_bytes for photo in photos],
            "taken": [photo.taken_at for photo in photos],
        },
    )
    if added.rowcount != len(photos):  # type: ignore[attr-defined]
        raise ItemUnfit("photos", "", Text("没有用过的编号", "ids that no other visit has used"))


def read_photos(fields: Fields, most: int = MOST_PHOTOS, kinds: Sequence[str] = PHOTO_KINDS) -> tuple[NamedPhoto, ...]:
    """The photographs an item names, at most so many, each once; ``kinds`` are what one may show."""
    photos = fields.each("photos", most, lambda value, where: _read_photo(value, where, kinds))
    if len({photo.id for photo in photos}) < len(photos):
        raise fields.unfit("photos", "twice", Text("各张一次", "each of them once"))
    return photos


def _read_photo(value: Any, where: str, kinds: Sequence[str]) -> NamedPhoto:
    fields = Fields(value, f"{where}.")
    found = NamedPhoto(
        id=key_of(value.get("id"), f"{where}.id"),
        sha256=fields.digest("sha256"),
        size_bytes=int(fields.whole("size", 1, MOST_PHOTO_BYTES, needed=True) or 0),
        taken_at=fields.moment("taken_at"),
        kind=fields.one_of("kind", kinds) or kinds[0],
    )
    fields.key("id")
    fields.end()
    return found
