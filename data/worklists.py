"""Work lists (待核): what belongs to no village, has no place, or speaks of no known house. Nothing is lost unseen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

PAGE = 50


@dataclass(frozen=True)
class Listing:
    """One page of a list, with the number of all rows."""

    rows: list[dict[str, Any]]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // PAGE))


_LISTS = {
    # Households placed, but in no village.
    "outside": """select id, code, head_name, address, stated_area, st_x(geom) as lon, st_y(geom) as lat, accuracy_m
                  from household where geom is not null and village_id is null and removed_at is null
                    and jur >= :lo and jur < :hi""",
    "unplaced": """select id, code, head_name, address, stated_area, quality
                   from household where geom is null and removed_at is null and jur >= :lo and jur < :hi""",
    "unmatched_visits": """select no as id, household_ref, started_at, visitor, outcome, mode, verdict,
                                  st_x(geom) as lon, st_y(geom) as lat
                           from visit where household_id is null and superseded_by is null
                             and jur >= :lo and jur < :hi""",
}


def work_list(session: Session, name: str, within: tuple[int, int], page: int = 1) -> Listing:
    """One page of ``outside``, ``unplaced`` or ``unmatched_visits``, of what the asker may see inside a range."""
    keys = {"lo": within[0], "hi": within[1], "limit": PAGE, "skip": PAGE * (page - 1)}
    total = int(session.scalar(text(f"select count(*) from ({_LISTS[name]}) q"), keys) or 0)
    rows = session.execute(text(f"{_LISTS[name]} order by id limit :limit offset :skip"), keys)
    return Listing([dict(row._mapping) for row in rows], total, page)
