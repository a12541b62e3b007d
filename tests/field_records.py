"""Records as they come from the field: a mark with its photograph, something refused, a phone."""

from __future__ import annotations

import hashlib
import io
import uuid

from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.sealed_files import SealedWriter
from data.sealing import load_sealer
from data.settings import Settings
from data.sync.items import MOST_PHOTO_BYTES
from data.sync.photos import photo_path
from data.sync.refusals import ItemUnfit, Sender, keep_refused
from geo.errors import Text

_FIND = """
    select m.no as number, m.id as mark_id, p.id as picture_id, r.id as reject_id, d.id as phone_id
      from mark m join attachment p on p.mark_id = m.id join sync_reject r on r.item_id = m.id
      join device d on d.account_id = r.account_id
     where m.household_id = :home limit 1"""


def from_field(session: Session, settings: Settings, household_id: int, account_id: int) -> dict[str, object]:
    """What an account sent of a household: ``number, mark_id, picture_id, reject_id, phone_id``; made once.

    The caller commits.
    """
    found = session.execute(text(_FIND), {"home": household_id}).one_or_none()
    if found is None:
        _make(session, settings, household_id, account_id)
        found = session.execute(text(_FIND), {"home": household_id}).one()
    return dict(found._mapping)


def _make(session: Session, settings: Settings, household_id: int, account_id: int) -> None:
    mark, picture = uuid.uuid4(), uuid.uuid4()
    keys = {"mark": mark, "picture": picture, "home": household_id, "account": account_id, "phone": uuid.uuid4()}
    session.execute(
        text("""
            insert into mark (id, kind, account_id, marked_by, household_id, jur, at, accuracy_reason, parts, remark,
                              reason, settled_who, household_ref, flags, undo, geom, quality)
            select :mark, 'ruin', :account, '测试员', id, jur, now(), '树下', '{"walls": "c"}', '院墙', 'a', 'b', 'c',
                   '{rough}', '{}', geom, 1 from household where id = :home"""),
        keys,
    )
    session.execute(
        text("""
            insert into mark_change (mark_id, field, jur, base, value, before)
            select id, 'address', jur, '"a"', '"b"', '"c"' from mark where id = :mark"""),
        keys,
    )
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (90, 120, 90)).save(out, "JPEG")
    content = out.getvalue()
    session.execute(
        text("""
            insert into attachment (id, jur, mark_id, kind, file_name, content_type, size_bytes, sha256, account_id)
            select :picture, jur, id, 'house', 'a', 'image/jpeg', :size, :sha, account_id
              from mark where id = :mark"""),
        {**keys, "size": len(content), "sha": hashlib.sha256(content).digest()},
    )
    path = photo_path(settings, picture)
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = SealedWriter(path, load_sealer(settings.key_file), f"photos/{picture}", MOST_PHOTO_BYTES)
    writer.write(content)
    writer.finish()
    session.execute(
        text("""
            insert into device (id, account_id, jur, jur_end, name, platform, app)
            select :phone, id, jur, jur_end, 'a', 'b', 'c' from account where id = :account"""),
        keys,
    )
    why = ItemUnfit("kind", "a", Text("测试", "a test"))
    sender = Sender(account_id, "a", account_id, None, ())
    keep_refused(session, load_sealer(settings.key_file), sender, "mark", mark, b'{"kind": "a"}', why)


def seal_rejects(session: Session, settings: Settings) -> None:
    """Give everything refused a body that opens: rows that a test wrote by itself have none."""
    sealer = load_sealer(settings.key_file)
    for key in session.scalars(text("select id from sync_reject")).all():
        session.execute(
            text("update sync_reject set body_sealed = :body where id = :id"),
            {"id": key, "body": sealer.seal_bytes(b"{}", "sync_reject.body_sealed", key.int)},
        )
