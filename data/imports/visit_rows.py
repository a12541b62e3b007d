"""What a register's rows mean: which campaign and round, when, how long, and with what outcome."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import text

from data.imports.findings import Cannot
from data.imports.merge import Job
from data.imports.report import ImportRefused
from data.imports.rows import Records
from data.imports.values import LOCAL_ZONE
from data.imports.vocabulary import read_outcome
from data.rules.plan import VisitRule
from geo.errors import Text

NAMESPACE = uuid.UUID("c5b6a2a4-6f6e-5d2f-9d59-3a1f5f0f2b7e")
Refusal = tuple[str | None, Any, Text | None, Text]


@dataclass(frozen=True)
class KnownCampaign:
    """A campaign with its rule and the days of its rounds."""

    id: int
    code: str
    names: frozenset[str]
    jur: int
    jur_end: int
    rule: VisitRule
    version: int
    rounds: dict[int, tuple[date | None, date | None]]


@dataclass
class Register:
    """What was read from the rows, place by place."""

    known: list[KnownCampaign]
    records: Records
    campaigns: list[KnownCampaign]
    rounds: list[int]
    starts: list[datetime | None]
    ends: list[datetime | None]
    minutes: list[float | None]
    outcomes: list[str | None]

    def keep(self, records: Records) -> Register:
        """Follow the records after some were refused."""
        order = zip(self.records.sheets, self.records.rows, strict=True)
        places = {place: at for at, place in enumerate(order)}
        kept = [places[place] for place in zip(records.sheets, records.rows, strict=True)]
        columns = (self.campaigns, self.rounds, self.starts, self.ends, self.minutes, self.outcomes)
        return Register(self.known, records, *([column[at] for at in kept] for column in columns))  # type: ignore[arg-type]


def read_register(job: Job) -> Register:
    """Understand campaign, round, times and outcome of every row; rows that cannot be are refused.

    Raises
    ------
    ImportRefused
        If the campaign is not said and several, or none, could be meant.
    """
    known = _campaigns(job)
    default = _default_campaign(job, known)
    refused: dict[int, Refusal] = {}
    found: dict[int, tuple[Any, ...]] = {}
    for at in range(len(job.records)):
        row = _read_row(job, at, known, default)
        if isinstance(row[0], KnownCampaign):
            found[at] = row
        else:
            refused[at] = row
    job.records = job.records.refuse(job.report, refused)
    columns = [list(column) for column in zip(*found.values(), strict=True)] or [[] for _ in range(6)]
    _note_defaults(job)
    return Register(known, job.records, *columns)


def _campaigns(job: Job) -> list[KnownCampaign]:
    rows = job.session.execute(
        text("""
            select c.id, c.code, c.name_zh, c.name_en, c.jur, c.jur_end, c.plan, c.version,
                   jsonb_object_agg(r.no, jsonb_build_array(r.starts_on, r.ends_on)) as rounds
            from campaign c join round r on r.campaign_id = c.id group by c.id order by c.id""")
    )
    return [
        KnownCampaign(
            row.id,
            row.code,
            frozenset({row.code, row.name_zh, row.name_en, str(row.id)}),
            row.jur,
            row.jur_end,
            VisitRule.from_plan(row.plan),
            row.version,
            {
                int(no): tuple(date.fromisoformat(day) if day else None for day in days)  # type: ignore[misc]
                for no, days in row.rounds.items()
            },
        )
        for row in rows
        if job.limits.meets(row.jur, row.jur_end)
    ]


def _default_campaign(job: Job, known: list[KnownCampaign]) -> KnownCampaign | None:
    """Give the campaign asked for, else the only one whose area covers the import's."""
    wanted = job.options.campaign
    listed = "、".join(campaign.code for campaign in known) or "-"
    if wanted:
        found = [campaign for campaign in known if wanted in campaign.names]
        if len(found) == 1:
            return found[0]
        raise ImportRefused(
            Text(f"没有行动“{wanted}”。现有：{listed}。", f"There is no campaign '{wanted}'. There are: {listed}."),
            found=wanted,
        )
    scope = job.scope
    fitting = [c for c in known if c.jur <= scope.jur and scope.jur_end <= c.jur_end]
    if len(fitting) == 1:
        return fitting[0]
    if job.records.has("campaign"):
        return None
    raise ImportRefused(
        Text(
            f"不知道属于哪次行动。请用 --campaign 说明；现有：{listed}。"
            "还没有时先导入实施方案：import campaigns 文件.toml。",
            f"Which campaign is meant is unclear. Say it with --campaign; there are: {listed}. If there is none, "
            "import a work plan first: import campaigns FILE.toml.",
        ),
        found=listed,
    )


def _read_row(job: Job, at: int, known: list[KnownCampaign], default: KnownCampaign | None) -> tuple[Any, ...]:
    """Give ``(campaign, round, start, end, minutes, outcome)``, or a refusal."""
    records = job.records
    named = records.column("campaign")[at]
    campaign = default
    if named:
        campaign = next((c for c in known if named in c.names), None)
    if campaign is None:
        listed = Text("、".join(c.code for c in known), ", ".join(c.code for c in known))
        return "campaign", named, listed, Text("没有这个行动", "there is no such campaign")
    day = records.column("visited_on")[at]
    start = _moment(records.column("started_at")[at], day)
    end = _moment(records.column("ended_at")[at], day)
    if start and end and end < start:
        return (
            "ended_at",
            records.column("ended_at")[at],
            Text("不早于开始时间", "not before the start"),
            Text("结束早于开始", "it ends before it begins"),
        )
    minutes = records.column("minutes")[at]
    if minutes is None and start and end:
        minutes = (end - start).total_seconds() / 60
    if start is None and day:
        # Only the day is known: the visit has a day, but no length.
        start = datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE)
    number = records.column("round")[at] or job.options.round or _round_on(campaign, start)
    if number not in campaign.rounds:
        rounds = "、".join(map(str, sorted(campaign.rounds)))
        return "round", number, Text(rounds, rounds), Text("没有这一轮", "there is no such round")
    return campaign, number, start, end, minutes, _outcome(job, at, campaign.rule)


def _moment(value: datetime | time | None, day: date | None) -> datetime | None:
    if isinstance(value, datetime) or value is None:
        return value
    return datetime.combine(day, value, tzinfo=LOCAL_ZONE) if day else None


def _round_on(campaign: KnownCampaign, start: datetime | None) -> int:
    """Round whose days hold the visit; the first one if none does."""
    if start is not None:
        day = start.astimezone(LOCAL_ZONE).date()
        for number, (first, last) in sorted(campaign.rounds.items()):
            if (first or last) and (first or date.min) <= day <= (last or date.max):
                return number
    return min(campaign.rounds)


def _outcome(job: Job, at: int, rule: VisitRule) -> str | None:
    """Outcome in our words: as stated, else from the source's status and its reason for not being done."""
    records = job.records
    stated, status = records.column("outcome")[at], records.column("source_status")[at]
    if stated:
        return str(stated)
    if status is None:
        return _word(records.column("not_done_reason")[at])
    if status in rule.done_statuses:
        return "done"
    if not rule.done_statuses and (word := _word(status)) not in (None, "other"):
        return word
    return _word(records.column("not_done_reason")[at]) or "other"


def _word(cell: Any) -> str | None:
    """Read a word for an outcome, ``other`` where it is none of ours."""
    if cell is None:
        return None
    try:
        found: str | None = read_outcome(cell)
    except Cannot:
        return "other"
    return found


def _note_defaults(job: Job) -> None:
    records = job.records
    if not records.has("mode"):
        job.report.warn(Text("没有走访方式一列，按入户计", "there is no column for the way; taken as in person"))
    if not any(records.has(name) for name in ("outcome", "source_status", "not_done_reason")):
        job.report.warn(Text("没有走访结果一列，按完成计", "there is no column for the outcome; taken as done"))
    if not records.has("household_code"):
        job.report.warn(Text("没有户编号一列，走访都列为待核", "no column names the household; all visits are listed"))
