"""What is said when something from a phone is not accepted, and keeping it: nothing that was sent is thrown away."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sealing import Sealer
from geo.errors import FangtuError, Text

# Of one account; a phone keeps what it sent as well, so that a flood of refusals fills nothing here.
MOST_KEPT = 2000
_PLACE = "sync_reject.body_sealed"
_SHOWN = 80


@dataclass(frozen=True)
class Sender:
    """For whom something was handed in, and by whom.

    Attributes
    ----------
    account_id, name : int, str
        The account whose work it is, and the name it visits by.
    sent_by : int
        The account that sent it: the same, or a supervisor who hands in for it.
    device_id : UUID or None
        The phone.
    duty : tuple of (int, int)
        Areas of duty of the one who sent it.
    """

    account_id: int
    name: str
    sent_by: int
    device_id: uuid.UUID | None
    duty: tuple[tuple[int, int], ...]


def _storable(text: str) -> str:
    """A text from a phone in a form that the database takes, and not too long."""
    return text[:_SHOWN].encode("utf-8", "replace").decode().replace("\0", "�")


class ItemUnfit(FangtuError):
    """Something in a visit or mark cannot be stored; ``details`` say where, what was found and what is expected."""

    code = "item_unfit"

    def __init__(self, where: str, found: Any, expected: Text) -> None:
        shown = found if found is None or isinstance(found, bool) else _storable(str(found))
        where = _storable(where)  # a field nobody knows may be called anything
        super().__init__(
            Text(
                f"没有收下：{where} 应为{expected.zh}。内容已原样留存，请联系主管处理。",
                f"Not accepted: {where} should be {expected.en}. It is kept as it was sent; ask your supervisor.",
            ),
            where=where,
            found=shown,
            expected=expected.en,
        )


class ItemRefused(ItemUnfit):
    """A rule of the records does not admit what a phone handed in; it is said in the words the desk is told."""

    code = "item_refused"

    def __init__(self, where: str, why: Text) -> None:
        zh = why.zh.removeprefix("没有保存：").rstrip("。")
        en = why.en.removeprefix("Not saved: ").rstrip(".")
        FangtuError.__init__(
            self,
            Text(
                f"没有收下：{zh}。内容已原样留存，请联系主管处理。",
                f"Not accepted: {en}. It is kept as it was sent; ask your supervisor.",
            ),
            where=_storable(where),
            found=None,
            expected=en,
        )


class ItemDiffers(FangtuError):
    """This id was accepted before with another content; both are kept, for a person to settle."""

    def __init__(self, kind: str) -> None:
        self.code = f"{kind}_differs"
        super().__init__(
            Text(
                "没有收下：这个编号先前已收下另一份内容。两份都已留存，请联系主管处理。",
                "Not accepted: another content was accepted with this id before. Both are kept; ask your supervisor.",
            )
        )


class BodyTooLarge(FangtuError):
    """More bytes than anything of its kind has; they are not read, so that nothing of them is kept."""

    code = "too_large"

    def __init__(self, most_bytes: int) -> None:
        most = most_bytes >> 10
        super().__init__(
            Text(f"没有收下：超过 {most} KB。", f"Not accepted: it is larger than {most} kB."), most_bytes=most_bytes
        )


def keep_refused(
    session: Session,
    sealer: Sealer,
    sender: Sender,
    kind: str,
    item_id: uuid.UUID | None,
    body: bytes,
    why: FangtuError,
) -> bool:
    """Keep the bytes of something refused, sealed; the same bytes sent again are counted and not kept twice.

    To be called in a transaction of its own, which the caller commits: that of the refusal is taken back.

    Returns
    -------
    bool
        False if the account has ``MOST_KEPT`` of them already and this one is none of those.
    """
    number, digest = uuid.uuid4(), hashlib.sha256(body).digest()
    keys = {"account": sender.account_id, "item": item_id, "sha256": digest}
    again = session.execute(
        text("""
            update sync_reject set times = times + 1, at = clock_timestamp()
             where account_id = :account and item_id is not distinct from cast(:item as uuid) and sha256 = :sha256
            returning id"""),
        {**keys, "item": str(item_id) if item_id else None},
    ).one_or_none()
    if again is not None:
        return True
    kept = session.scalar(text("select count(*) from sync_reject where account_id = :account"), keys)
    if int(kept or 0) >= MOST_KEPT:
        return False
    session.execute(
        text("""
            insert into sync_reject (id, kind, item_id, account_id, sent_by, device_id, code, message_zh, message_en,
                                     details, sha256, size_bytes, body_sealed)
            values (:id, :kind, cast(:item as uuid), :account, :sent_by, cast(:device as uuid), :code, :zh, :en,
                    cast(:details as jsonb), :sha256, :size, :body)
            on conflict (account_id, item_id, sha256) do update
                set times = sync_reject.times + 1, at = clock_timestamp()"""),
        {
            **keys,
            "id": str(number),
            "kind": kind,
            "item": str(item_id) if item_id else None,
            "sent_by": sender.sent_by,
            "device": str(sender.device_id) if sender.device_id else None,
            "code": why.code,
            "zh": why.text.zh,
            "en": why.text.en,
            "details": json.dumps(why.details, ensure_ascii=False),
            "size": len(body),
            "body": sealer.seal_bytes(body, _PLACE, number.int),
        },
    )
    return True


def open_refused(session: Session, sealer: Sealer, reject_id: uuid.UUID) -> bytes | None:
    """The bytes of something refused as they were sent; None if the asker may not see it or there is none."""
    row = session.execute(
        text("select body_sealed from sync_reject where id = cast(:id as uuid)"), {"id": str(reject_id)}
    ).one_or_none()
    return None if row is None else sealer.open_bytes(bytes(row.body_sealed), _PLACE, reject_id.int)
