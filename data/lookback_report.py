"""The monthly report of look-backs (回头看月通报): village by village, what was found true and what was not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.local_time import ZONE
from data.rules.lookback import CONFIRMED, NOT_REACHED, NOT_VISITED, UNTRUE


@dataclass(frozen=True)
class MonthOfVillage:
    """What a month's look-backs found in a village; ``code`` is None for all villages together.

    ``looked`` counts looks: a household drawn twice and asked twice is two of them.
    """

    code: str | None
    name: str | None
    looked: int = 0
    confirmed: int = 0
    not_visited: int = 0
    untrue: int = 0
    not_reached: int = 0
    satisfied: int = 0
    answered: int = 0

    @property
    def judged(self) -> int:
        """Looks that came to a result: those not reached prove nothing."""
        return self.confirmed + self.not_visited + self.untrue

    @property
    def true_ratio(self) -> float | None:
        """Share found true of those with a result; None without one, which is neither 0 nor 100 %."""
        return self.confirmed / self.judged if self.judged else None

    @property
    def satisfied_ratio(self) -> float | None:
        """Share satisfied of those who said so or the contrary; None if nobody did."""
        return self.satisfied / self.answered if self.answered else None

    def as_json(self) -> dict[str, Any]:
        """The row as JSON, with what is derived from it."""
        return {
            **asdict(self),
            "judged": self.judged,
            "true_ratio": self.true_ratio,
            "satisfied_ratio": self.satisfied_ratio,
        }


_COUNTS = tuple(field.name for field in fields(MonthOfVillage))[2:]


def months_looked(session: Session, campaign_id: int, round_no: int) -> Sequence[date]:
    """First days of the months in which somebody looked back at the asker's households, latest first."""
    return session.scalars(
        text("""
            select distinct date_trunc('month', p.looked_at at time zone 'Asia/Shanghai')::date as month
              from lookback_pick p join lookback k on k.id = p.lookback_id
             where k.campaign_id = :campaign and k.round_no = :round and p.looked_at is not null order by 1 desc"""),
        {"campaign": campaign_id, "round": round_no},
    ).all()


def month_report(
    session: Session, campaign_id: int, round_no: int, month: date, within: tuple[int, int] = EVERYWHERE
) -> tuple[list[MonthOfVillage], MonthOfVillage]:
    """Count a month's looks by village, by the day of the look in Asia/Shanghai.

    Parameters
    ----------
    month : date
        Its first day.
    within : (int, int)
        Only villages wholly inside this range.

    Returns
    -------
    list of MonthOfVillage
        Each village a look-back of the round was drawn for, those with the lowest share found true first, then those
        with none; villages nobody looked at in that month are in it with zeros. A look that was corrected counts as it
        was written down last, on that day.
    MonthOfVillage
        All of them together.

    Notes
    -----
    Tangwu's plan of 2023 looks back each month and publishes what it found (C7, 周调度、月回头看、季评分).
    """
    first = datetime(month.year, month.month, 1, tzinfo=ZONE)
    after = datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=ZONE)
    rows = session.execute(
        text(f"""
            select v.code, v.name, count(p.id) as looked,
                   {", ".join(f"count(p.id) filter (where p.result = '{one}') as {one}" for one in _RESULTS)},
                   count(p.id) filter (where p.satisfied) as satisfied, count(p.satisfied) as answered
              from (select distinct l.village_id from lookback_village l join lookback k on k.id = l.lookback_id
                     where k.campaign_id = :campaign and k.round_no = :round
                       and l.jur >= :low and l.jur_end <= :high) drawn
              join area v on v.id = drawn.village_id
              left join (select p.* from lookback_pick p join lookback k on k.id = p.lookback_id
                          where k.campaign_id = :campaign and k.round_no = :round
                            and p.looked_at >= :first and p.looked_at < :after) p on p.village_id = v.id
             group by v.code, v.name order by v.code"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "low": within[0],
            "high": within[1],
            "first": first,
            "after": after,
        },
    )
    villages = [MonthOfVillage(**row._mapping) for row in rows]
    villages.sort(key=lambda one: (one.true_ratio is None, one.true_ratio or 0.0, -one.looked, one.code or ""))
    total = MonthOfVillage(None, None, **{name: sum(getattr(one, name) for one in villages) for name in _COUNTS})
    return villages, total


_RESULTS = (CONFIRMED, NOT_VISITED, UNTRUE, NOT_REACHED)
