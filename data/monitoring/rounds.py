"""Rounds of monitoring: opened for a month or after a disaster, with households as they stand and their last days."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.monitoring.unfit import MonitoringUnfit, lacking
from data.rules.monitoring import RULES_FILE, MonitoringRules, disaster_days, monthly_days, read_rules
from data.rules.workdays import work_calendar
from data.tables import MonitoringRound
from geo.errors import Text

_LEVELS = ("county", "township")


def rules_of(var: Path) -> MonitoringRules:
    """The installation's own rules at ``var/monitoring.toml``, else those that come with the program.

    Raises
    ------
    data.rules.monitoring.MonitoringRulesUnfit
        If the file cannot be read.
    """
    own = var / "monitoring.toml"
    return read_rules(own if own.is_file() else RULES_FILE)


def open_round(
    session: Session,
    asker: Asker | None,
    *,
    area: str,
    month: date,
    rules: MonitoringRules,
    today: date,
    disaster_id: int | None = None,
) -> int:
    """Open a round and take in every monitored household of the area.

    Parameters
    ----------
    area : str
        Code of a county or township that lies inside the asker's duty as a whole.
    month : date
        First day of the month; of a round after a disaster the month it happened in is taken instead.
    disaster_id : int, optional
        Of a disaster whose area meets this one: the round is of the households in both.

    Returns
    -------
    int
        Key of the round.

    Raises
    ------
    RecordUnknown
        If the asker sees no such disaster.
    MonitoringUnfit
        If the area is none of the asker's, the month is to come, or the round is open already.
    """
    row = session.execute(
        text("""
            select id, code, level, jur, jur_end from area
             where code = :code and valid_to is null and level = any (:levels)"""),
        {"code": area, "levels": list(_LEVELS)},
    ).one_or_none()
    if row is None or (asker is not None and not any(lo <= row.jur and row.jur_end <= hi for lo, hi in asker.duty)):
        raise lacking("area", "请选择本辖区内的县或乡镇", "choose a county or township of your own duty", found=area)
    lo, hi = row.jur, row.jur_end
    if disaster_id is None:
        month = month.replace(day=1)
        days = monthly_days(month, rules, work_calendar())
    else:
        hit = session.execute(
            text("select jur, jur_end, happened_on from disaster where id = :id"), {"id": disaster_id}
        ).one_or_none()
        if hit is None:
            raise RecordUnknown
        lo, hi = max(lo, hit.jur), min(hi, hit.jur_end)
        if lo >= hi:
            raise lacking("disaster", "这次灾害不在所选范围内", "that disaster lies outside the area")
        month = hit.happened_on.replace(day=1)
        days = disaster_days(hit.happened_on, rules, work_calendar())
    if month > today:
        raise lacking("month", "月份还没到", "that month is to come", found=month.isoformat())
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('monitoring:' || :id, 0))"), {"id": row.id})
    known = session.scalar(
        select(MonitoringRound.id).where(
            MonitoringRound.area_id == row.id,
            MonitoringRound.disaster_id == disaster_id
            if disaster_id
            else (MonitoringRound.month == month) & MonitoringRound.disaster_id.is_(None),
        )
    )
    if known is not None:
        raise MonitoringUnfit(
            Text("没有重复开启：这一轮监测已经开启。", "Not opened again: this round of monitoring is open."),
            found=known,
            column="month",
        )
    made = MonitoringRound(
        area_id=row.id,
        jur=lo,
        jur_end=hi,
        month=month,
        disaster_id=disaster_id,
        opened_on=today,
        names_by=days.names_by,
        appraised_by=days.appraised_by,
        closed_by=days.closed_by,
        provisional=days.provisional,
        source=days.source,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    taken = _take_in(session, made.id, lo, hi, rules)
    record(
        session,
        act="monitoring_open",
        object_kind="monitoring_round",
        object_id=made.id,
        details={"households": taken, "month": month.isoformat()},
        jur=lo,
    )
    return made.id


def take_in(session: Session, round_id: int, rules: MonitoringRules) -> int:
    """Take in households of the area that have come to a monitored group since; gives how many. None is put out.

    Raises
    ------
    RecordUnknown
        If the asker sees no such round.
    """
    found = find_round(session, round_id)
    taken = _take_in(session, round_id, found["jur"], found["jur_end"], rules)
    record(
        session,
        act="monitoring_take_in",
        object_kind="monitoring_round",
        object_id=round_id,
        details={"households": taken},
        jur=found["jur"],
    )
    return taken


def _take_in(session: Session, round_id: int, lo: int, hi: int, rules: MonitoringRules) -> int:
    rows = session.execute(
        text("""
            insert into monitored (round_id, household_id, jur, aid_group)
            select :round, h.id, h.jur, h.aid_group from household h
             where h.jur >= :lo and h.jur < :hi and h.removed_at is null and h.aid_group = any (:groups)
            on conflict (round_id, household_id) do nothing returning id"""),
        {"round": round_id, "lo": lo, "hi": hi, "groups": list(rules.groups)},
    )
    return len(rows.all())


_ROUND = """
    select r.id, r.jur, r.jur_end, r.month, r.disaster_id, d.kind as disaster, d.happened_on, r.opened_on, r.names_by,
           r.appraised_by, r.closed_by, r.provisional, r.source, a.code as area_code, a.name as area
      from monitoring_round r join area a on a.id = r.area_id left join disaster d on d.id = r.disaster_id"""


def list_rounds(session: Session, within: tuple[int, int]) -> list[dict[str, Any]]:
    """Rounds that touch a range of jurisdiction numbers, the newest month first."""
    rows = session.execute(
        text(f"{_ROUND} where r.jur < :hi and r.jur_end > :lo order by r.month desc, r.opened_on desc, r.id desc"),
        {"lo": within[0], "hi": within[1]},
    )
    return [dict(row) for row in rows.mappings()]


def find_round(session: Session, round_id: int) -> dict[str, Any]:
    """One round.

    Raises
    ------
    RecordUnknown
        If the asker sees no such round.
    """
    row = session.execute(text(f"{_ROUND} where r.id = :id"), {"id": round_id}).mappings().one_or_none()
    if row is None:
        raise RecordUnknown
    return dict(row)
