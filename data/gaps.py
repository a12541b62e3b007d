"""Gap areas (成片未访) of a round: where they lie, how many households are in them, and which bring most.

``geo.gaps`` says which households belong together; here they are read from the store. What a gap is said to hold is in
``data.gap_areas``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.area_columns import Ranges
from data.campaigns import target_of
from data.coverage import coverage_by_area, coverage_total
from data.coverage_rows import AreaCoverage
from data.gap_areas import GapArea, describe_gaps
from data.rules.words import EXACT_QUALITY
from data.tables import Campaign, Round
from geo.tiles import Plane

Range = tuple[int, int]
# More are not computed while somebody waits; the areas one level down are listed instead.
MOST_HOUSEHOLDS = 60_000
# So many are described one by one; the rest is counted.
MOST_GAPS = 60
# Half an hour in the house as most work plans demand it, a quarter for the way and the notes, in a field day of seven
# hours: nine households. Used where the work plan gives no number of its own.
VISITS_PER_DAY = 9.0
LEVELS = ("county", "township", "village", "grid")
_VISITED = "status in (1, 2, 6)"


@dataclass(frozen=True)
class GapReport:
    """Gap areas of a range.

    Attributes
    ----------
    gaps : list of GapArea
        At most :data:`MOST_GAPS`, in order; empty if ``too_many``.
    found, inside : int
        How many there are altogether, and the unvisited households in them.
    considered : int
        Households with a place of their own.
    inexact, inexact_unvisited : int
        Households known only to their settlement or not at all, which cannot lie in a gap; and the unvisited of them.
    too_many : bool
        True if the range holds more than :data:`MOST_HOUSEHOLDS`; then ``below`` is to be gone into.
    level : str
        Level of ``below``, the areas one level down.
    below : list of AreaCoverage
        Most unvisited first; those that lie in none of them last, without a code.
    per_day : float
        Visits of one inspector in a day, and ``per_day_planned`` whether the work plan says so.
    """

    gaps: list[GapArea]
    found: int
    inside: int
    considered: int
    inexact: int
    inexact_unvisited: int
    too_many: bool
    level: str
    below: list[AreaCoverage]
    per_day: float
    per_day_planned: bool

    def as_json(self) -> dict[str, Any]:
        """The report as JSON."""
        plain = {name: value for name, value in vars(self).items() if name not in ("gaps", "below")}
        return {
            **plain,
            "below": [area.as_json() for area in self.below],
            "gaps": [gap.as_json() for gap in self.gaps],
        }


def visits_per_day(campaign: Campaign) -> tuple[float, bool]:
    """Visits of one inspector in a day, and whether the work plan says so."""
    planned = campaign.plan["visit"].get("per_inspector_day")
    return (float(planned), True) if planned else (VISITS_PER_DAY, False)


def areas_below(
    session: Session, campaign_id: int, round_no: int, within: Range, duty: Ranges
) -> tuple[str, list[AreaCoverage]]:
    """The largest areas a range consists of, two at least if there are so many; most unvisited first."""
    listed: Sequence[AreaCoverage] = ()
    level = LEVELS[-1]
    for level in LEVELS:
        listed = coverage_by_area(session, campaign_id, round_no, level, within=within, duty=duty)
        if sum(area.code is not None for area in listed) > 1:
            break
    return level, sorted(listed, key=lambda area: (area.code is None, -area.remaining, area.code or ""))


def gaps_of(
    session: Session,
    campaign: Campaign,
    round_no: int,
    within: Range,
    *,
    duty: Ranges,
    most: int = MOST_GAPS,
) -> GapReport:
    """Find the gap areas of a round inside a range and describe them, those that bring most first.

    Parameters
    ----------
    campaign, round_no, within : Campaign, int, (int, int)
        What part of the work.
    duty : sequence of (int, int)
        Areas of duty of the asker: only villages wholly inside are said to reach the target.
    most : int
        Gaps to describe.

    Returns
    -------
    GapReport
        Only of households the asker sees. Ranked by the points of coverage they bring, then by the villages they bring
        to the target.
    """
    total = coverage_total(session, campaign.id, round_no, within)
    level, below = areas_below(session, campaign.id, round_no, within, duty)
    per_day, planned = visits_per_day(campaign)
    common: dict[str, Any] = {"level": level, "below": below, "per_day": per_day, "per_day_planned": planned}
    if total.eligible > MOST_HOUSEHOLDS:
        return GapReport([], 0, 0, 0, 0, 0, True, **common)
    rows = _households(session, campaign.id, round_no, within)
    done = rows[:, 5].astype(bool)
    plane = Plane.around(rows[:, 3], rows[:, 4])
    from geo.gaps import find_gaps  # brings scipy along, which pages without gaps need not load

    found = find_gaps(plane.metres(rows[:, 3], rows[:, 4]), done)
    villages = (
        below
        if level == "village"
        else coverage_by_area(session, campaign.id, round_no, "village", within=within, duty=duty)
        if found
        else []
    )
    target = target_of(campaign, session.get_one(Round, (campaign.id, round_no)))
    named = describe_gaps(session, target, rows, done, found[:most], plane, total, villages, per_day)
    named.sort(key=lambda gap: (-gap["points"], -len(gap["reaches"]), gap["centre"]))
    return GapReport(
        [GapArea(number=n, **gap) for n, gap in enumerate(named, start=1)],
        len(found),
        sum(gap.unvisited for gap in found),
        len(rows),
        max(0, total.eligible - len(rows)),
        max(0, total.remaining - int((~done).sum())),
        False,
        **common,
    )


def _households(session: Session, campaign_id: int, round_no: int, within: Range) -> NDArray[np.int64]:
    """``household_id, jur, group_id, x, y, visited`` of households with a place of their own, shape (n, 6)."""
    rows = session.execute(
        text(f"""
            select household_id, jur, group_id, x, y, ({_VISITED})::int from standing
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
               and x is not null and quality <= :exact
             limit :most"""),
        {
            "campaign": campaign_id,
            "round": round_no,
            "lo": within[0],
            "hi": within[1],
            "exact": EXACT_QUALITY,
            "most": 2 * MOST_HOUSEHOLDS,
        },
    ).all()
    return np.array([tuple(row) for row in rows], dtype=np.int64).reshape(-1, 6)
