"""What the records of a round say, by class and place (定期分析研判): demands that were raised, questions asked.

Source: 湖田 2022, 四（二）: an office regularly gathers the units that visit and analyses the problems and demands that
they met.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges, areas_within, which_area
from data.coverage import coverage_by_area
from data.rules.plan_words import TOPIC
from data.tables import Campaign
from data.worklists import PAGE, Listing
from geo.errors import Text

# What the phone writes where a household has nothing to say; kept in Chinese whatever language it speaks.
NOTHING = "没有问题"
_RAISED = """
    from demand d join visit v on v.id = d.visit_id
   where v.campaign_id = :campaign and v.round_no = :round and v.superseded_by is null and d.jur >= :lo and d.jur < :hi
     and (cast(:first as date) is null or d.raised_at at time zone 'Asia/Shanghai' >= cast(:first as date))
     and (cast(:last as date) is null or d.raised_at at time zone 'Asia/Shanghai' < cast(:last as date) + 1)"""


@dataclass(frozen=True)
class Span:
    """Local days, both included; None leaves that end open."""

    first: date | None = None
    last: date | None = None

    @property
    def before(self) -> Span | None:
        """As many days, ending the day before; None where an end is open."""
        if self.first is None or self.last is None or self.last < self.first:
            return None
        return Span(self.first - (self.last - self.first) - timedelta(days=1), self.first - timedelta(days=1))


@dataclass(frozen=True)
class ClassRow:
    """Demands of one class: how many, how many of them solved on the spot, in how many villages, most in which.

    ``before`` counts the same number of days before; None where no days were asked for.
    """

    key: str
    name: Text
    raised: int
    solved: int
    villages: int
    most: str | None
    before: int | None


@dataclass(frozen=True)
class VillageRow:
    """Demands of one village; ``code`` is None for those of no village. ``classes`` counts by class."""

    code: str | None
    name: str | None
    raised: int
    solved: int
    visited: int
    classes: Mapping[str, int]

    @property
    def ratio(self) -> float | None:
        """Demands by household that was validly visited; None without one."""
        return self.raised / self.visited if self.visited else None


@dataclass(frozen=True)
class QuestionRow:
    """One question of the plan: visits that answer it, and those that tell of something."""

    key: str
    name: Text
    answered: int
    told: int


@dataclass(frozen=True)
class Analysis:
    """What was found in a round, an area and some days.

    Attributes
    ----------
    classes : list of ClassRow
        Most first.
    villages : list of VillageRow
        Those with demands, most first.
    questions : list of QuestionRow
        In the order of the plan.
    visits : int
        Visits that hold answers.
    """

    raised: int
    solved: int
    before: int | None
    classes: list[ClassRow] = field(default_factory=list)
    villages: list[VillageRow] = field(default_factory=list)
    questions: list[QuestionRow] = field(default_factory=list)
    visits: int = 0


def class_names(campaign: Campaign) -> dict[str, Text]:
    """Classes of demands by key: those of the plan, then the nine classes of the questionnaire."""
    named = {
        one["key"]: Text(one["name_zh"], one.get("name_en") or one["name_zh"])
        for one in campaign.plan.get("demand_class") or []
    }
    return {**{key: words for key, words in TOPIC.items() if key not in named}, **named}


def analyse(
    session: Session,
    campaign: Campaign,
    round_no: int,
    *,
    within: tuple[int, int],
    duty: Ranges,
    span: Span | None = None,
) -> Analysis:
    """Count demands by class and village, and answers by question, of what the asker sees.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    duty : sequence of (int, int)
        Villages listed lie wholly in it; demands of elsewhere come in a row without a village.
    span : Span, optional
        Days on which demands were raised and visits ended; the whole round by default. A demand whose visit was
        corrected counts once, with the correction.
    """
    span = span or Span()
    keys = _keys(campaign.id, round_no, within, span)
    names = class_names(campaign)
    areas = areas_within(session, "village", within=within, duty=duty)
    rows = session.execute(
        text(
            f"""select d.jur, d.class_key, count(*) as n, count(*) filter (where d.solved) as done {_RAISED}
                 group by 1, 2"""
        ),
        keys,
    ).all()
    before = None
    if span.before:
        before = Counter(
            {
                row.class_key: row.n
                for row in session.execute(
                    text(f"select d.class_key, count(*) as n {_RAISED} group by 1"),
                    _keys(campaign.id, round_no, within, span.before),
                )
            }
        )
    numbers = np.array([row.jur for row in rows], dtype=np.int64)
    places = which_area(numbers, np.zeros(len(rows), dtype=np.int64), areas, "village").tolist()
    by_class: dict[str, Counter[int]] = defaultdict(Counter)
    by_village: dict[int, Counter[str]] = defaultdict(Counter)
    solved_class: Counter[str] = Counter()
    solved_village: Counter[int] = Counter()
    for row, place in zip(rows, places, strict=True):
        by_class[row.class_key][place] += row.n
        by_village[place][row.class_key] += row.n
        solved_class[row.class_key] += row.done
        solved_village[place] += row.done
    visited = {
        one.code: one.visited
        for one in coverage_by_area(session, campaign.id, round_no, "village", within=within, duty=duty)
    }
    classes = [
        ClassRow(
            key,
            names.get(key, Text(key, key)),
            found.total(),
            solved_class[key],
            len([place for place in found if place >= 0]),
            _most(found, areas.names),
            None if before is None else before[key],
        )
        for key, found in by_class.items()
    ]
    villages = []
    for place, counted in by_village.items():
        code, name = (areas.codes[place], areas.names[place]) if place >= 0 else (None, None)
        villages.append(
            VillageRow(code, name, counted.total(), solved_village[place], visited.get(code, 0), dict(counted))
        )
    asked, visits = _questions(session, campaign, keys)
    return Analysis(
        raised=sum(row.n for row in rows),
        solved=sum(row.done for row in rows),
        before=None if before is None else before.total(),
        classes=sorted(classes, key=lambda one: (-one.raised, one.key)),
        villages=sorted(villages, key=lambda one: (-one.raised, one.code or "")),
        questions=asked,
        visits=visits,
    )


def list_demands(
    session: Session,
    campaign: Campaign,
    round_no: int,
    *,
    within: tuple[int, int],
    span: Span | None = None,
    class_key: str = "",
    page: int = 1,
) -> Listing:
    """One page of the demands behind the figures, those not solved first, then the newest.

    Returns
    -------
    Listing
        Rows with ``id, class_key, words, solved, raised_at, household_id, code, head_name, village``; ``lon, lat`` in
        degrees where the demand has a place.
    """
    keys = {**_keys(campaign.id, round_no, within, span or Span()), "class": class_key}
    chosen = f"{_RAISED} and (:class = '' or d.class_key = :class)"
    total = int(session.scalar(text(f"select count(*) {chosen}"), keys) or 0)
    page = min(page, max(1, -(-total // PAGE)))
    rows = session.execute(
        text(f"""
            select q.*, h.code, h.head_name, a.name as village
              from (select d.id, d.class_key, d.words, d.solved, d.raised_at, d.household_id, st_x(d.geom) as lon,
                           st_y(d.geom) as lat {chosen}
                     order by d.solved, d.raised_at desc, d.id limit :limit offset :skip) q
              left join household h on h.id = q.household_id left join area a on a.id = h.village_id
             order by q.solved, q.raised_at desc, q.id"""),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    )
    return Listing([dict(row._mapping) for row in rows], total, page)


def _questions(session: Session, campaign: Campaign, keys: dict[str, Any]) -> tuple[list[QuestionRow], int]:
    """Answers to the plan's questions, and how many visits hold any."""
    asked = campaign.plan.get("question") or []
    chosen = """
        from visit v
       where v.campaign_id = :campaign and v.round_no = :round and v.superseded_by is null
         and v.jur >= :lo and v.jur < :hi and jsonb_typeof(v.answers) = 'object' and v.answers <> '{}'
         and (cast(:first as date) is null or v.ended_at at time zone 'Asia/Shanghai' >= cast(:first as date))
         and (cast(:last as date) is null or v.ended_at at time zone 'Asia/Shanghai' < cast(:last as date) + 1)"""
    visits = int(session.scalar(text(f"select count(*) {chosen}"), keys) or 0)
    counted = {
        row.key: row
        for row in session.execute(
            text(f"""
                select a.key, count(*) as answered, count(*) filter (where btrim(a.value) <> :nothing) as told
                  from (select v.answers {chosen}) q cross join lateral jsonb_each_text(q.answers) a
                 where a.value is not null and btrim(a.value) <> '' group by a.key"""),
            {**keys, "nothing": NOTHING},
        )
    }
    rows = []
    for one in asked:
        found = counted.get(one["key"])
        words = Text(one["text_zh"], one.get("text_en") or one["text_zh"])
        rows.append(QuestionRow(one["key"], words, found.answered if found else 0, found.told if found else 0))
    return rows, visits


def _most(found: Counter[int], names: Sequence[str]) -> str | None:
    """The village with most; of equal ones the lowest code."""
    places = [place for place in found if place >= 0]
    return names[min(places, key=lambda place: (-found[place], place))] if places else None


def _keys(campaign_id: int, round_no: int, within: tuple[int, int], span: Span) -> dict[str, Any]:
    return {
        "campaign": campaign_id,
        "round": round_no,
        "lo": within[0],
        "hi": within[1],
        "first": span.first,
        "last": span.last,
    }
