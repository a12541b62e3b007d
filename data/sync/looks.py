"""Looks at sites of concern (整治观测) and checks of the monitoring (监测排查) from phones, by the desk's functions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.concern_acts import ConcernUnfit, observe
from data.local_time import today
from data.monitoring.acts import act_on
from data.monitoring.unfit import MonitoringUnfit
from data.sync.appraisals import require_role
from data.sync.look_bodies import ToldCheck, ToldObservation, day_of
from data.sync.refusals import ItemRefused, Sender
from geo.errors import Text

OBSERVATION, CHECK = "observation", "monitoring"
OBSERVERS = (Role.INSPECTOR, Role.SUPERVISOR, Role.ADMIN)
CHECKERS = (Role.SUPERVISOR,)
_NO_SITE = Text("这一处已不在辖区，或不再是整治点", "that site lies outside the area of duty, or is none any more")
_NO_HOME = Text("这一户已不在辖区或监测轮次里", "that household is outside the area of duty, or in no round")

_JUST_NOW = Text("别人刚登记过这一户", "somebody has just entered this household")


def store_observation(
    session: Session, asker: Asker, sender: Sender, item_id: uuid.UUID, told: ToldObservation, _received_at: datetime
) -> None:
    """Write down what was seen at a site of concern; where it stands follows (domain C3).

    Raises
    ------
    ItemRefused
        With the reason the page would give.
    """
    require_role(session, asker, sender, OBSERVERS)
    try:
        observe(
            session,
            asker,
            told.no,
            on_day=day_of(told.at, today()),
            seen=told.seen,
            note=told.note,
            client_id=item_id,
            by=(sender.account_id, sender.name),
        )
    except ConcernUnfit as why:
        raise ItemRefused(str(why.details.get("column")), why.text) from why
    except RecordUnknown as why:
        raise ItemRefused("concern", _NO_SITE) from why


def observation_answer(session: Session, item_id: uuid.UUID) -> dict[str, Any]:
    """What the receipt of a look adds: how the site stands now; null for practice."""
    state = session.scalar(
        text("""select m.concern_state from concern_observation o join mark m on m.id = o.mark_id
                 where o.client_id = :id"""),
        {"id": item_id},
    )
    return {"state": state}


def store_check(
    session: Session, asker: Asker, sender: Sender, item_id: uuid.UUID, told: ToldCheck, _received_at: datetime
) -> None:
    """Enter how a household of a round was found (domain E3): still safe, or suspected with a reason.

    One found safe that somebody has found safe in this round already is noted in the log and changes nothing.

    Raises
    ------
    ItemRefused
        With the reason the desk would be told.
    """
    require_role(session, asker, sender, CHECKERS)
    row = session.execute(
        text("select id, jur, stage from monitored where id = :id"), {"id": told.monitored_id}
    ).one_or_none()
    if row is None:
        raise ItemRefused("monitored", _NO_HOME)
    if told.act == "checked_safe" and row.stage == "safe":
        record(
            session,
            act="monitoring_act",
            object_kind="monitored",
            object_id=row.id,
            details={"act": told.act, "households": 0, "again": str(item_id)},
            jur=row.jur,
        )
        return
    day = today()
    try:
        done = act_on(
            session,
            asker,
            [told.monitored_id],
            told.act,
            today=day,
            on_day=day_of(told.at, day),
            reason=told.reason,
            uid=item_id,
            account_id=sender.account_id,
        )
    except IntegrityError as why:
        # Somebody was faster between the reading and the row.
        raise ItemRefused("monitored", _JUST_NOW) from why
    except MonitoringUnfit as why:
        raise ItemRefused(str(why.details.get("column")), why.text) from why
    if done.left_out:
        raise ItemRefused("monitored", done.left_out[0][1])


def check_answer(session: Session, item_id: uuid.UUID) -> dict[str, Any]:
    """What the receipt of a check adds: where the household stands in its round; null where nothing was changed."""
    stage = session.scalar(
        text("select m.stage from monitoring_act a join monitored m on m.id = a.monitored_id where a.uid = :id"),
        {"id": item_id},
    )
    return {"stage": stage}
