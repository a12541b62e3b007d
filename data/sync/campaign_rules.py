"""What the plan of a campaign asks of a visit, read once for each state of the plan: it is large, visits are many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.assigning import grid_kind
from data.prepared import Prepared
from data.rules.plan import VisitRule
from data.rules.visitors import find_kind, kinds_of
from data.visit_facts import Facts, facts_for

_MOST = 64
_ROUND = Prepared(
    """select c.id, c.version, c.xmin::text as state, c.created_at, r.starts_on, r.ends_on
         from campaign c join round r on r.campaign_id = c.id where c.id = :campaign and r.no = :round""",
    {"campaign": "bigint", "round": "smallint"},
)


@dataclass(frozen=True)
class Ruling:
    """The rule by which visits are judged, the facts it asks for, and the kind one visits as unless it is said."""

    rule: VisitRule
    facts: Facts
    kinds: tuple[Any, ...]
    default_kind: str

    def kind_of(self, words: str | None) -> str:
        """Key of the kind of visitors that a word means; one the plan does not know stays as it is."""
        if words is None:
            return self.default_kind
        known = find_kind(self.kinds, words)
        return known.kind if known else words


@dataclass(frozen=True)
class OpenRound:
    """A round one may see, with the version of its campaign's plan."""

    version: int
    starts_on: date | None
    ends_on: date | None
    ruling: Ruling


_known: dict[tuple[Any, ...], Ruling] = {}


def find_round(session: Session, campaign_id: int, round_no: int) -> OpenRound | None:
    """Find a round with its campaign's rule; None if the asker sees no such round."""
    row = _ROUND.run(session, {"campaign": campaign_id, "round": round_no}).one_or_none()
    if row is None:
        return None
    # A row that is written anew has another state; the moment it was made tells databases apart.
    key = (row.id, row.version, row.state, row.created_at)
    ruling = _known.get(key)
    if ruling is None:
        plan = session.scalar(text("select plan from campaign where id = :id"), {"id": campaign_id}) or {}
        rule, kinds = VisitRule.from_plan(plan), kinds_of(plan)
        ruling = Ruling(rule, facts_for(rule), kinds, grid_kind(kinds, None).kind)
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = ruling
    return OpenRound(row.version, row.starts_on, row.ends_on, ruling)
