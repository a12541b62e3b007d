"""A changed work plan before it is applied: which visits, households and villages it concerns, and by which rule.

Nothing is written. The same functions judge and count as when it is applied, so that what was shown is what comes.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.judging import judged_otherwise, kinds_of_visits
from data.rules.plan import Plan, PlannedRound, VisitRule
from data.rules.plan_differences import Difference, deciding_fields, differences
from data.tables import Campaign, Round
from data.visit_facts import Facts, facts_for

MOST_VILLAGES = 200


@dataclass(frozen=True)
class Counts:
    """Households of a cohort, and those of them with a valid visit."""

    eligible: int
    visited: int

    @property
    def ratio(self) -> float | None:
        """Unrounded; None without a household."""
        return self.visited / self.eligible if self.eligible else None


@dataclass(frozen=True)
class RoundChange:
    """What a plan does to one round.

    Attributes
    ----------
    before : Counts or None
        None for a round that is new.
    joins, leaves : int
        Households that come into the cohort and go out of it.
    gains, loses : int
        Households that become visited, or are no longer, because visits are judged otherwise; only those that are in
        the cohort before and after.
    """

    no: int
    name_zh: str
    name_en: str
    before: Counts | None
    after: Counts
    joins: int
    leaves: int
    gains: int
    loses: int


@dataclass(frozen=True)
class VillageChange:
    """A village whose figures change in a round; ``code`` is None outside every village."""

    no: int
    code: str | None
    name: str | None
    before: Counts
    after: Counts


@dataclass
class Preview:
    """What applying a plan would do.

    Attributes
    ----------
    version : int
        Of the campaign as it stands; 0 if it is new.
    revision : str
        Sign of plan and version: what was looked at is what is applied.
    visits : int
        How many visits are judged otherwise.
    ways : list of dict
        ``{rules, before, after, visits}``: by which rule, from which verdict to which.
    rounds_kept : list of int
        Rounds of the campaign that the plan no longer names; they stay.
    """

    version: int
    revision: str
    differences: list[Difference] = field(default_factory=list)
    visits: int = 0
    ways: list[dict[str, Any]] = field(default_factory=list)
    rounds: list[RoundChange] = field(default_factory=list)
    villages: list[VillageChange] = field(default_factory=list)
    villages_in_all: int = 0
    rounds_kept: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The preview as plain values, ratios with it."""

        def counts(one: Counts | None) -> dict[str, Any] | None:
            return None if one is None else {**asdict(one), "ratio": one.ratio}

        return {
            "version": self.version,
            "revision": self.revision,
            "differences": [asdict(one) for one in self.differences],
            "visits": self.visits,
            "ways": self.ways,
            "rounds": [
                {**asdict(one), "before": counts(one.before), "after": counts(one.after)} for one in self.rounds
            ],
            "villages": [
                {**asdict(one), "before": counts(one.before), "after": counts(one.after)} for one in self.villages
            ],
            "villages_in_all": self.villages_in_all,
            "rounds_kept": self.rounds_kept,
        }


def revision_of(plan_text: str, version: int, jurisdiction: tuple[int, int]) -> str:
    """A short sign of a plan, the version it would follow and the area it is for."""
    signed = json.dumps([plan_text, version, *jurisdiction], ensure_ascii=False)
    return hashlib.sha256(signed.encode()).hexdigest()[:24]


def preview_plan(session: Session, plan: Plan, campaign: Campaign | None, jurisdiction: tuple[int, int]) -> Preview:
    """Say what a plan would do to a campaign, or what a new one would count.

    Parameters
    ----------
    session : Session
        Of somebody who answers for the whole campaign, or the owner: others would see a part of it.
    campaign : Campaign or None
        The campaign of the plan's id; None for a new one.
    jurisdiction : tuple of int
        The range it is for; a campaign that is there keeps its own.
    """
    if campaign is None:
        preview = Preview(0, revision_of(plan.text, 0, jurisdiction))
        preview.rounds = [_new_round(session, planned, jurisdiction) for planned in plan.rounds]
        return preview
    jurisdiction = (campaign.jur, campaign.jur_end)
    preview = Preview(campaign.version, revision_of(plan.text, campaign.version, jurisdiction))
    preview.differences = differences(campaign.plan, plan.stored())
    before = VisitRule.from_plan(campaign.plan)
    facts = facts_for(before, plan.visit)
    changed = judged_otherwise(kinds_of_visits(session, campaign.id, facts), plan.visit)
    ways: Counter[tuple[tuple[str, ...], str, str]] = Counter()
    for kind, verdict in changed:
        rules = tuple(f"visit.{name}" for name in deciding_fields(before, plan.visit, kind.facts))
        ways[rules, kind.verdict, verdict] += kind.visits
    preview.visits = sum(ways.values())
    preview.ways = [
        {"rules": list(rules), "before": old, "after": new, "visits": n} for (rules, old, new), n in ways.most_common()
    ]
    verdicts = {kind.key: verdict for kind, verdict in changed}
    # Of tables behind a policy the planner expects one row, and would join all households row by row.
    session.execute(text("set local enable_nestloop = off"))
    known = {row.no: row for row in session.query(Round).where(Round.campaign_id == campaign.id)}
    preview.rounds_kept = sorted(known.keys() - {planned.no for planned in plan.rounds})
    for planned in plan.rounds:
        row = known.get(planned.no)
        if row is None:
            preview.rounds.append(_new_round(session, planned, jurisdiction))
            continue
        change, villages = _changed_round(session, campaign, planned, verdicts, facts)
        preview.rounds.append(change)
        preview.villages += villages
    session.execute(text("set local enable_nestloop = on"))
    preview.villages.sort(key=lambda one: -abs(one.after.visited - one.before.visited))
    preview.villages_in_all = len(preview.villages)
    del preview.villages[MOST_VILLAGES:]
    return preview


def cohort_size(session: Session, planned: PlannedRound, jurisdiction: tuple[int, int]) -> int:
    """How many households a cohort has inside a range."""
    return int(
        session.scalar(
            text("select count(*) from cohort_of(:jur, :jur_end, :rule, :groups, :since, :until)"),
            _cohort(planned, jurisdiction),
        )
        or 0
    )


def _cohort(planned: PlannedRound, jurisdiction: tuple[int, int]) -> dict[str, Any]:
    cohort = planned.cohort
    return {
        "jur": jurisdiction[0],
        "jur_end": jurisdiction[1],
        "rule": cohort.rule,
        "groups": list(cohort.groups),
        "since": cohort.since,
        "until": cohort.until,
    }


def _new_round(session: Session, planned: PlannedRound, jurisdiction: tuple[int, int]) -> RoundChange:
    eligible = cohort_size(session, planned, jurisdiction)
    return RoundChange(planned.no, planned.name_zh, planned.name_en, None, Counts(eligible, 0), eligible, 0, 0, 0)


def _changed_round(
    session: Session, campaign: Campaign, planned: PlannedRound, verdicts: dict[str, str], facts: Facts
) -> tuple[RoundChange, list[VillageChange]]:
    """Count a round as it stands and as it would be, household by household, and village by village."""
    rows = session.execute(
        text(f"""
            with judged (key, verdict) as materialized (
                select * from unnest(cast(:keys as text[]), cast(:verdicts as text[]))),
            counting as materialized (
                select distinct v.household_id from visit v left join judged n on n.key = {facts.key("v")}
                 where v.campaign_id = :campaign and v.round_no = :round and v.household_id is not null
                   and v.superseded_by is null and coalesce(n.verdict, v.verdict) = 'valid'),
            was as (
                select household_id, status in (1, 2, 6) as visited from standing
                 where campaign_id = :campaign and round_no = :round),
            will as (
                select e.household_id, c.household_id is not null as visited
                  from cohort_of(:jur, :jur_end, :rule, :groups, :since, :until) e
                  left join counting c on c.household_id = e.household_id),
            both_ways as (
                select household_id, was.household_id is not null as was_in,
                       coalesce(was.visited, false) as was_visited,
                       will.household_id is not null as is_in, coalesce(will.visited, false) as is_visited
                  from was full join will using (household_id))
            select h.village_id, count(*) filter (where b.was_in) as eligible,
                   count(*) filter (where b.was_visited) as visited, count(*) filter (where b.is_in) as eligible_after,
                   count(*) filter (where b.is_in and b.is_visited) as visited_after,
                   count(*) filter (where b.is_in and not b.was_in) as joins,
                   count(*) filter (where b.was_in and not b.is_in) as leaves,
                   count(*) filter (where b.was_in and b.is_in and b.is_visited and not b.was_visited) as gains,
                   count(*) filter (where b.was_in and b.is_in and b.was_visited and not b.is_visited) as loses
              from both_ways b join household h on h.id = b.household_id group by 1"""),
        {
            "campaign": campaign.id,
            "round": planned.no,
            "keys": list(verdicts),
            "verdicts": list(verdicts.values()),
            **_cohort(planned, (campaign.jur, campaign.jur_end)),
        },
    ).all()

    def total(name: str) -> int:
        return sum(getattr(row, name) for row in rows)

    change = RoundChange(
        planned.no,
        planned.name_zh,
        planned.name_en,
        Counts(total("eligible"), total("visited")),
        Counts(total("eligible_after"), total("visited_after")),
        *(total(name) for name in ("joins", "leaves", "gains", "loses")),
    )
    moved = [row for row in rows if row.joins or row.leaves or row.gains or row.loses]
    names = _villages(session, [row.village_id for row in moved if row.village_id is not None])
    return change, [
        VillageChange(
            planned.no,
            names[row.village_id][0] if row.village_id in names else None,
            names[row.village_id][1] if row.village_id in names else None,
            Counts(row.eligible, row.visited),
            Counts(row.eligible_after, row.visited_after),
        )
        for row in moved
    ]


def _villages(session: Session, keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    rows = session.execute(text("select id, code, name from area where id = any (:keys)"), {"keys": list(keys)})
    return {row.id: (row.code, row.name) for row in rows}
