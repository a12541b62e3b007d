"""How a round went on, day by day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

Range = tuple[int, int]


def visited_by_day(session: Session, campaign_id: int, round_no: int, within: Range) -> list[tuple[int, date, int]]:
    """Households by jurisdiction number and day of their first valid visit in a round: ``(jur, day, n)``, ascending.

    Only what the asker sees inside the range. Visited households of which the day is not known are in none of the rows.
    """
    rows = session.execute(
        text("""
            select jur, first_valid_on, count(*) from standing
             where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
               and first_valid_on is not null
             group by jur, first_valid_on order by jur, first_valid_on"""),
        {"campaign": campaign_id, "round": round_no, "lo": within[0], "hi": within[1]},
    )
    return [(jur, day, n) for jur, day, n in rows]
