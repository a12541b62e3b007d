"""Appraisals (鉴定) from phones: applied by the function of the desk's form, once, or kept as refused."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.appraisal_told import AppraisalUnfit
from data.appraisals import APPRAISERS, AppraisalDiffers, add_appraisal
from data.askers import Asker, RecordUnknown, Role
from data.local_time import today
from data.rules.appraising import FindingsUnfit
from data.settling import MarkRefused
from data.sync.appraisal_bodies import ToldAppraisal
from data.sync.refusals import ItemDiffers, ItemRefused, Sender
from geo.errors import Text

KIND = "appraisal"
NOT_ALLOWED = Text("这个账号不能登记这一项，请主管登记", "this account may not enter it; a supervisor has to")
_GONE = Text("这栋房屋或标注已不在辖区，或已改动", "that house or mark is gone, changed, or outside the area of duty")


def store_appraisal(
    session: Session,
    asker: Asker,
    sender: Sender,
    appraisal_id: uuid.UUID,
    told: ToldAppraisal,
    _received_at: datetime,
    *,
    months: int,
) -> None:
    """Add an appraisal as the desk's form does; what stands already stays (decision 0044).

    A phone whose clock runs ahead dates it by today, unless a person chose the day.

    Raises
    ------
    ItemRefused
        With the reason the form would give; also where the account may not appraise.
    ItemDiffers
        If the desk or a program has another appraisal with this id.
    """
    require_role(session, asker, sender, APPRAISERS)
    entered, day = told.told, today()
    if not told.dated and entered.appraised_on > day:
        entered = replace(entered, appraised_on=day)
    try:
        add_appraisal(session, asker, told.house_id, entered, today=day, months=months, account_id=sender.account_id)
    except AppraisalDiffers as why:
        raise ItemDiffers(KIND) from why
    except (AppraisalUnfit, FindingsUnfit) as why:
        raise ItemRefused(str(why.details.get("column")), why.text) from why
    except MarkRefused as why:
        raise ItemRefused("mark", why.text) from why
    except RecordUnknown as why:
        raise ItemRefused("house_id", _GONE) from why


def require_role(session: Session, asker: Asker, sender: Sender, roles: tuple[Role, ...]) -> None:
    """Refuse what neither who sends it nor the one whose phone it lay on may enter.

    Raises
    ------
    ItemRefused
    """
    own = asker.role
    if sender.account_id != asker.account_id:
        own = session.scalar(text("select sec.role_of_sender(:account)"), {"account": sender.account_id})
    if asker.role not in roles or own not in roles:
        raise ItemRefused("account", NOT_ALLOWED)


def appraisal_answer(session: Session, appraisal_id: uuid.UUID) -> dict[str, Any]:
    """What the receipt of an appraisal adds: its key, the grade decided and the one that follows; null for practice."""
    row = session.execute(
        text("select id, result, computed from appraisal where client_id = :id"), {"id": appraisal_id}
    ).one_or_none()
    if row is None:
        return {"appraisal": None, "grade": None, "computed": None}
    return {"appraisal": row.id, "grade": row.result, "computed": row.computed}
