"""Phones in the field: each tells of itself what still lies on it, and is revoked when it is lost or changes hands."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, NotAllowed, RecordUnknown
from data.audit import record
from data.prepared import Prepared
from data.sync.fields import Fields
from geo.errors import FangtuError, Text

_STATE = Prepared("select state, wipe from sec.device_state(:id)", {"id": "uuid"})
_TEN_YEARS_MS = 10 * 366 * 24 * 3600 * 1000


class DeviceNeeded(FangtuError):
    """A request from the field that does not say by its header which phone it comes from."""

    code = "device_needed"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "请求没有说明来自哪部手机（X-Fangtu-Device）。请从走访应用重试。",
                "The request does not say which phone it comes from (X-Fangtu-Device). Try again from the field app.",
            )
        )


class DeviceRevoked(FangtuError):
    """The phone was revoked; ``details.wipe`` says whether it is to delete the records of households it holds."""

    code = "device_revoked"

    def __init__(self, wipe: bool) -> None:
        super().__init__(
            Text(
                "这部手机已停用。未上传的内容请导出后交给主管。",
                "This phone has been revoked. Export what is not uploaded and hand it to your supervisor.",
            ),
            wipe=wipe,
        )


class DeviceOfAnother(FangtuError):
    """The id of a phone that another account uses."""

    code = "device_of_another"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "这个手机编号属于另一个账号。请用新的编号登记。",
                "This id of a phone belongs to another account. Register with a new one.",
            )
        )


class AccountDiffers(FangtuError):
    """A phone sends the work of one account while another is signed in, as by a second tab."""

    code = "other_account"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "现在登录的是另一个账号。请用原来的账号登录后再上传。",
                "Another account is signed in. Sign in with the account whose work this is, and upload again.",
            )
        )


@dataclass(frozen=True)
class KeptDevice:
    """A phone as it stands after telling of itself; ``expires_at`` is when its session ends, None for a token."""

    id: uuid.UUID
    state: str
    wipe: bool
    seen_at: datetime
    expires_at: datetime | None


def device_state(session: Session, device_id: uuid.UUID) -> tuple[str, bool]:
    """What becomes of a phone: ``open``, ``revoked`` or ``unknown``, and whether to wipe it; anybody may ask."""
    row = _STATE.run(session, {"id": str(device_id)}).one()
    return row.state, row.wipe


def require_open(session: Session, device_id: uuid.UUID) -> None:
    """Refuse a phone that was revoked.

    Raises
    ------
    DeviceRevoked
    """
    state, wipe = device_state(session, device_id)
    if state == "revoked":
        raise DeviceRevoked(wipe)


def keep_device(session: Session, asker: Asker, device_id: uuid.UUID, told: dict[str, Any]) -> KeptDevice:
    """Make a phone known or tell of it again; the asker's session becomes the phone's and lives 30 days from sign-in.

    Parameters
    ----------
    told : dict
        ``name, platform, app, schema, standalone, persisted, unsent, unsent_photos, oldest_unsent_at,
        clock_offset_ms`` as the phone gives them.

    Raises
    ------
    ItemUnfit
        If a value is none.
    DeviceOfAnother, DeviceRevoked
    NotAllowed
        If the asker has no area of duty.
    """
    fields = Fields(told)
    values = {
        "name": fields.words("name", 100),
        "platform": fields.words("platform", 300),
        "app": fields.words("app", 60),
        "schema": fields.whole("schema", 0, 9999),
        "standalone": fields.flag("standalone"),
        "persisted": fields.flag("persisted"),
        "unsent": fields.whole("unsent", 0, 1_000_000),
        "unsent_photos": fields.whole("unsent_photos", 0, 1_000_000),
        "oldest": fields.moment("oldest_unsent_at"),
        "offset": fields.whole("clock_offset_ms", -_TEN_YEARS_MS, _TEN_YEARS_MS),
    }
    fields.end()
    row = session.execute(
        text("""
            select * from sec.keep_device(cast(:id as uuid), :name, :platform, :app, cast(:schema as smallint),
                :standalone, :persisted, :unsent, :unsent_photos, :oldest, :offset)"""),
        {"id": str(device_id), **values},
    ).one()
    if row.state == "other":
        raise DeviceOfAnother
    if row.state == "revoked":
        raise DeviceRevoked(row.wipe)
    if row.state == "nobody":
        raise NotAllowed
    if row.state == "new":
        record(session, act="device_add", object_kind="device", object_id=device_id, jur=asker.duty[0][0])
    return KeptDevice(device_id, "open", False, row.seen_at, row.expires_at)


def revoke_device(session: Session, device_id: uuid.UUID, *, wipe: bool) -> None:
    """Revoke a phone and end its sessions: the own one, or as supervisor or administrator of all its area of duty.

    Parameters
    ----------
    wipe : bool
        Whether the phone is told to delete the households it holds. What is not uploaded it keeps.

    Raises
    ------
    RecordUnknown
        If there is none that the asker may revoke.
    """
    row = session.execute(
        text("select jur from device where id = cast(:id as uuid)"), {"id": str(device_id)}
    ).one_or_none()
    done = row is not None and session.scalar(
        text("select sec.revoke_device(cast(:id as uuid), :wipe)"), {"id": str(device_id), "wipe": wipe}
    )
    if row is None or not done:
        raise RecordUnknown
    record(
        session,
        act="device_revoke",
        object_kind="device",
        object_id=device_id,
        details={"wipe": wipe},
        jur=row.jur,
    )


def list_devices(session: Session) -> Sequence[Row[Any]]:
    """Phones the asker may see, those heard of last first: the own ones; all of the area for those who supervise it."""
    return session.execute(
        text("""
            select d.id, d.account_id, d.name, d.platform, d.app, d.schema, d.standalone, d.persisted, d.unsent,
                   d.unsent_photos, d.oldest_unsent_at, d.clock_offset_ms, d.seen_at, d.created_at, d.revoked_at,
                   d.wipe, coalesce(sec.name_of_sender(d.account_id), a.full_name) as who
              from device d left join account a on a.id = d.account_id
             order by d.seen_at desc, d.id""")
    ).all()
