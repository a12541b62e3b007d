"""What is done to households of a round: checked, reported, followed, closed one by one (销号), taken back.

The database guards the order of stages (``monitoring_act_judged``, migration 0033) and brings appraisals and
sites along; here it is asked first, so that a person is told what is missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.monitoring.unfit import lacking
from data.renovation.unfit import clean_words
from data.rules.monitoring import ACTS_FROM
from data.rules.words import HOUSING_STATUS, MONITOR_ACT, MONITOR_FOLLOW, MONITOR_STAGE
from data.tables import MonitoringAct
from geo.errors import Text

MOST_AT_ONCE = 1000
_SAFE = ("A", "B")
# Acts that say why.
_REASON = ("reported", "reopened")


@dataclass(frozen=True)
class Done:
    """How many households an act moved, and those left out with the reason."""

    moved: int
    left_out: list[tuple[int, Text]]


def act_on(
    session: Session,
    asker: Asker | None,
    monitored_ids: Sequence[int],
    act: str,
    *,
    today: date,
    on_day: date | None = None,
    reason: str | None = None,
    follow: str | None = None,
    round_id: int | None = None,
    uid: uuid.UUID | None = None,
    account_id: int | None = None,
) -> Done:
    """Do one act for many households of rounds; each that it does not fit is left out with its reason.

    Parameters
    ----------
    act : str
        Key of :data:`data.rules.monitoring.ACTS_FROM`.
    on_day : date, optional
        Today by default; not to come, not before the household's latest act.
    reason : str, optional
        Needed to report, to take back, and to follow without a site.
    follow : str, optional
        ``moved_out`` or ``not_needed``; ``site`` takes the household's renovation that is under way.
    round_id : int, optional
        Only those of this round.
    uid : UUID, optional
        Id that a phone gave it; then it is of one household.
    account_id : int, optional
        Whose act it is, where the asker hands in what lay on somebody else's phone.

    Raises
    ------
    RecordUnknown
        If the asker sees none of them.
    MonitoringUnfit
        If the act, its day or its reason lacks something; nothing was written.
    """
    if act not in ACTS_FROM:
        raise lacking("act", "请选择要登记的事项", "choose what was done", found=act, expected=list(ACTS_FROM))
    if not monitored_ids:
        raise lacking("id", "请先选择农户", "choose households first")
    if len(monitored_ids) > MOST_AT_ONCE:
        raise lacking("id", f"一次最多 {MOST_AT_ONCE} 户", f"at most {MOST_AT_ONCE} households at once")
    day = on_day or today
    if day > today:
        raise lacking("on_day", "日期不能晚于今天", "the day is not to come", found=day.isoformat())
    words = clean_words(reason)
    if act == "followed" and follow not in MONITOR_FOLLOW:
        raise lacking("follow", "请选择处置方式", "choose how it is followed", expected=list(MONITOR_FOLLOW))
    if not words and (act in _REASON or (act == "followed" and follow != "site")):
        raise lacking("reason", "请写明原因", "say why")
    rows = session.execute(
        text("""
            select m.id, m.jur, m.stage, m.result,
                   (select max(x.on_day) from monitoring_act x where x.monitored_id = m.id) as latest,
                   exists (select 1 from house h where h.household_id = m.household_id) as housed,
                   (select max(s.id) from renovation_site s where s.household_id = m.household_id and s.state = 'open'
                       and not s.stage = any (array['accepted', 'paid', 'moved_in', 'looked_back'])) as site_id
              from monitored m
             where m.id = any (:ids) and m.round_id = coalesce(:round, m.round_id) order by m.id"""),
        {"ids": list(monitored_ids), "round": round_id},
    ).all()
    if not rows:
        raise RecordUnknown
    left_out: list[tuple[int, Text]] = []
    made = []
    for row in rows:
        why = _why_not(act, follow, day, row)
        if why is not None:
            left_out.append((row.id, why))
            continue
        made.append(
            {
                "monitored_id": row.id,
                "jur": row.jur,
                "no": 0,
                "act": act,
                "on_day": day,
                "reason": words,
                "follow": follow if act == "followed" else None,
                "site_id": row.site_id if act == "followed" and follow == "site" else None,
                "account_id": account_id or (asker.account_id if asker else None),
                "uid": uid,
            }
        )
    if made:
        session.execute(insert(MonitoringAct).inline(), made)
        record(
            session,
            act="monitoring_act",
            object_kind="monitored",
            object_id=made[0]["monitored_id"],
            details={"act": act, "households": len(made)},
            jur=int(str(made[0]["jur"])),
        )
    return Done(len(made), left_out)


def _why_not(act: str, follow: str | None, day: date, row: object) -> Text | None:
    stage, result = row.stage, row.result  # type: ignore[attr-defined]
    latest, housed, site = row.latest, row.housed, row.site_id  # type: ignore[attr-defined]
    said = MONITOR_STAGE[stage]
    if stage not in ACTS_FROM[act]:
        word = MONITOR_ACT[act]
        return Text(f"现为“{said.zh}”，不能登记“{word.zh}”", f"it stands at '{said.en}', '{word.en}' does not fit")
    if latest is not None and day < latest:
        return Text(f"日期早于上一次（{latest}）", f"the day is before the latest act ({latest})")
    if act == "followed" and stage == "reported" and housed:
        return Text("先鉴定，再处置；录入鉴定后自动进入下一步", "appraise first: that brings it along by itself")
    if act == "followed" and follow == "site" and site is None:
        return Text("没有办理中的改造，请先登记改造", "no renovation is under way: open one first")
    if act == "closed" and stage == "appraised" and result not in _SAFE:
        return Text(f"鉴定为 {result} 级，处置后才能销号", f"appraised {result}: follow it before it is closed")
    return None


def change_status(
    session: Session,
    asker: Asker | None,
    household_id: int,
    status: str,
    reason: str | None,
    *,
    today: date,
    on_day: date | None = None,
) -> None:
    """Add a change of how safely a household is housed (住房安全状态变动); what was before stays on record.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household.
    MonitoringUnfit
        If status, reason or day lacks something, or it stands like that already.
    """
    row = session.execute(
        text("select id, jur from household where id = :id and removed_at is null"),
        {"id": household_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if status not in HOUSING_STATUS or status == "unknown":
        raise lacking("status", "请选择变动后的状态", "choose the new status", found=status)
    words = clean_words(reason)
    if not words:
        raise lacking("reason", "请写明变动原因", "say why it changed")
    day = on_day or today
    if day > today:
        raise lacking("on_day", "日期不能晚于今天", "the day is not to come", found=day.isoformat())
    latest = session.execute(
        text("select status, on_day from housing_status where household_id = :id order by no desc limit 1"),
        {"id": household_id},
    ).one_or_none()
    before = latest.status if latest else housing_by_houses(session, household_id)
    if before == status:
        said = HOUSING_STATUS[status]
        raise lacking("status", f"现在已是“{said.zh}”", f"it is '{said.en}' already")
    if latest and day < latest.on_day:
        raise lacking("on_day", f"日期早于上一次变动（{latest.on_day}）", f"the day is before {latest.on_day}")
    session.execute(
        text("""
            insert into housing_status (household_id, jur, no, before, status, on_day, cause, reason, account_id)
            values (:id, :jur, 0, :before, :status, :day, 'person', :reason, :account)"""),
        {
            "id": household_id,
            "jur": row.jur,
            "before": before,
            "status": status,
            "day": day,
            "reason": words,
            "account": asker.account_id if asker else None,
        },
    )
    record(
        session,
        act="housing_status",
        object_kind="household",
        object_id=household_id,
        details={"before": before, "status": status},
        jur=row.jur,
    )


def housing_by_houses(session: Session, household_id: int) -> str:
    """How a household is housed by the grades of its houses alone: as its worst one; unknown without an appraisal."""
    worst = session.scalar(text("select max(grade) from house where household_id = :id"), {"id": household_id})
    return "unknown" if worst is None else "safe" if worst in _SAFE else "dangerous"
