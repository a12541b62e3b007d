"""What a supervisor has to do today (今日要办): what is late, what is in doubt, and whom nobody is to visit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import areas_within, which_area
from data.askers import Asker
from data.campaigns import target_of
from data.coverage import coverage_by_area, coverage_total, last_visit_at
from data.coverage_rows import AreaCoverage
from data.findings import count_waiting
from data.forecast import Outlook, outlooks_of
from data.hardship import READERS, count_overdue
from data.local_time import ZONE
from data.publicity import items_of, publicity_of
from data.remainder import remaining_by_kind, unassigned_by_area
from data.suspicions import count_open
from data.tables import Campaign, Round
from geo.errors import Text

# A deadline is told from a week before.
SOON_DAYS = 7
# More rows than this are a list's matter; the page says how many there are.
MOST_ROWS = 8


@dataclass(frozen=True)
class Deadline:
    """A round, stage or kind of visitor whose last day is past or near.

    Attributes
    ----------
    what : str
        ``round``, ``stage`` or ``visitor``.
    days : int
        Until the last day; below 0 it is past.
    left : int or None
        Households that are still to be visited; None where the plan gives no number for it.
    round_no : int or None
        Of a round; None for stages and kinds of visitors.
    """

    what: str
    name: Text
    ends_on: date
    days: int
    left: int | None
    clause: str | None
    round_no: int | None = None


@dataclass(frozen=True)
class Missed:
    """Publicity that some village missed in the last whole period; ``period`` is that one's first day."""

    key: str
    name: Text
    missed: int
    villages: int
    period: date


@dataclass(frozen=True)
class Behind:
    """A village that will not reach the target at its pace, with what is left there."""

    area: AreaCoverage
    outlook: Outlook


@dataclass(frozen=True)
class Bare:
    """A village with households that are not visited and that nobody is assigned to."""

    code: str | None
    name: str | None
    unassigned: int
    left: int


@dataclass(frozen=True)
class Doubtful:
    """A village with doubtful visits that nobody has ruled on; ``code`` is None for those of no village."""

    code: str | None
    name: str | None
    doubts: int


@dataclass(frozen=True)
class Agenda:
    """The day of one supervisor in one round and area; lists are cut at :data:`MOST_ROWS`, counts are whole."""

    total: AreaCoverage
    target: float
    deadlines: list[Deadline] = field(default_factory=list)
    behind: list[Behind] = field(default_factory=list)
    n_behind: int = 0
    publicity: list[Missed] = field(default_factory=list)
    hardship_late: int | None = None
    doubts: dict[str, int] = field(default_factory=dict)
    doubtful: list[Doubtful] = field(default_factory=list)
    n_doubtful: int = 0
    findings: int = 0
    bare: list[Bare] = field(default_factory=list)
    n_bare: int = 0
    unassigned: int = 0

    @property
    def late(self) -> int:
        """How many things are late: deadlines past, villages behind, items of publicity with gaps, plans overdue."""
        return (
            sum(1 for one in self.deadlines if one.days < 0)
            + self.n_behind
            + len(self.publicity)
            + (self.hardship_late or 0)
        )


def agenda_of(
    session: Session,
    asker: Asker,
    campaign: Campaign,
    rounds: Sequence[Round],
    round_no: int,
    within: tuple[int, int],
    today: date,
) -> Agenda:
    """Gather what is late, in doubt or unassigned in a round and area.

    Nothing is counted that the asker may not see: hardship is None for who may not read that ledger, and doubts are the
    own ones for an inspector.

    Parameters
    ----------
    rounds : sequence of Round
        All rounds of the campaign.
    within : (int, int)
        Range of jurisdiction numbers.
    today : date
        Local day; deadlines within a week of it are told.
    """
    planned = next(one for one in rounds if one.no == round_no)
    total = coverage_total(session, campaign.id, round_no, within)
    areas = coverage_by_area(session, campaign.id, round_no, "village", within=within, duty=asker.duty)
    latest = last_visit_at(session, campaign.id, round_no)
    known = latest.astimezone(ZONE).date() if latest else None
    outlooks = outlooks_of(session, campaign, planned, within, areas, as_of=known, today=today)
    late = [
        Behind(area, outlook)
        for area, outlook in zip(areas, outlooks, strict=True)
        if area.code and outlook in (Outlook.UNLIKELY, Outlook.OVER) and area.remaining
    ]
    late.sort(key=lambda one: (-one.area.remaining, one.area.code or ""))
    doubtful = _doubtful(session, asker, campaign.id, round_no, within)
    bare = _bare(session, asker, campaign.id, round_no, within, areas)
    return Agenda(
        total=total,
        target=target_of(campaign, planned),
        deadlines=_deadlines(session, campaign, rounds, within, today),
        behind=late[:MOST_ROWS],
        n_behind=len(late),
        publicity=_publicity(session, asker, campaign, rounds, within, today),
        hardship_late=count_overdue(session, within, today) if asker.role in READERS else None,
        doubts=count_open(session, campaign.id, round_no, within),
        doubtful=doubtful[:MOST_ROWS],
        n_doubtful=len(doubtful),
        findings=count_waiting(session, campaign.id, round_no, within),
        bare=bare[:MOST_ROWS],
        n_bare=len(bare),
        unassigned=sum(one.unassigned for one in bare),
    )


def _deadlines(
    session: Session, campaign: Campaign, rounds: Sequence[Round], within: tuple[int, int], today: date
) -> list[Deadline]:
    """Rounds with households left, stages, and kinds of visitors with work left: past or within a week, worst first."""
    found = []
    for one in rounds:
        if one.ends_on is not None:
            left = coverage_total(session, campaign.id, one.no, within).remaining
            if left:
                name = Text(one.name_zh, one.name_en)
                found.append(_deadline("round", name, one.ends_on, today, left, None, one.no))
    for stage in campaign.plan.get("stage") or []:
        if stage.get("ends_on"):
            day = date.fromisoformat(stage["ends_on"])
            if day >= today:  # what a stage has to bring about is told by its rounds; a stage that is over is history
                found.append(_deadline("stage", _name(stage), day, today, None, stage.get("clause")))
    due = {one["kind"]: one for one in campaign.plan.get("visitor") or [] if one.get("due_on")}
    left_of = remaining_by_kind(session, campaign.id, within) if due else {}
    for kind, one in due.items():
        if left_of.get(kind):
            day = date.fromisoformat(one["due_on"])
            found.append(_deadline("visitor", _name(one), day, today, left_of[kind], one.get("clause")))
    near = [one for one in found if one.days <= SOON_DAYS]
    return sorted(near, key=lambda one: (one.ends_on, -(one.left or 0)))


def _deadline(
    what: str, name: Text, day: date, today: date, left: int | None, clause: str | None, round_no: int | None = None
) -> Deadline:
    return Deadline(what, name, day, (day - today).days, left, clause, round_no)


def _name(row: dict[str, Any]) -> Text:
    return Text(row["name_zh"], row.get("name_en") or row["name_zh"])


def _publicity(
    session: Session,
    asker: Asker,
    campaign: Campaign,
    rounds: Sequence[Round],
    within: tuple[int, int],
    today: date,
) -> list[Missed]:
    """Items asked for that some village missed in the last whole period."""
    found = []
    for item in items_of(campaign):
        # The period that runs may still be met.
        shown = publicity_of(
            session, campaign, rounds, item, within=within, duty=asker.duty, today=_end_of_last(item.every, today)
        )
        missed = sum(1 for one in shown.villages if one.periods and not one.periods[-1])
        if missed:
            name = Text(item.name_zh, item.name_en)
            found.append(Missed(item.key, name, missed, len(shown.villages), shown.periods[-1]))
    return found


def _end_of_last(every: str, today: date) -> date:
    if every == "week":
        return today - timedelta(days=today.weekday() + 1)
    return today.replace(day=1) - timedelta(days=1) if every == "month" else today


def _doubtful(
    session: Session, asker: Asker, campaign_id: int, round_no: int, within: tuple[int, int]
) -> list[Doubtful]:
    """Villages by the doubtful visits in them that wait for a ruling, most first."""
    rows = session.execute(
        text("""
            select jur, count(distinct visit_id) as n from suspicion
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi and state <> 'ruled'
             group by jur"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    ).all()
    areas = areas_within(session, "village", within=within, duty=asker.duty)
    numbers = np.array([row.jur for row in rows], dtype=np.int64)
    counted: Counter[int] = Counter()
    for place, row in zip(which_area(numbers, np.zeros_like(numbers), areas, "village").tolist(), rows, strict=True):
        counted[place] += row.n
    found = [
        Doubtful(areas.codes[place], areas.names[place], n) if place >= 0 else Doubtful(None, None, n)
        for place, n in counted.items()
    ]
    return sorted(found, key=lambda one: (-one.doubts, one.code or ""))


def _bare(
    session: Session,
    asker: Asker,
    campaign_id: int,
    round_no: int,
    within: tuple[int, int],
    areas: Sequence[AreaCoverage],
) -> list[Bare]:
    """Villages with households that are neither visited nor assigned to anybody, most first."""
    unassigned = unassigned_by_area(session, campaign_id, round_no, "village", within=within, duty=asker.duty)
    found = [Bare(one.code, one.name, unassigned[one.id], one.remaining) for one in areas if one.id in unassigned]
    return sorted(found, key=lambda one: (-one.unassigned, one.code or ""))
