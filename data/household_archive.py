"""Which households go into one archive of files (一户一档归档): those of an area, or those renovated in a year."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from geo.errors import Text

# One household's file takes about a second to make.
MOST_FILES = 2000
LEVELS = ("city", "county", "township", "village")
_CHOSEN = """
    h.removed_at is null and h.jur >= :lo and h.jur < :hi and (cast(:year as integer) is null or exists (
        select from renovation_site s where s.household_id = h.id and s.year = :year))"""


def households_to_file(session: Session, within: tuple[int, int], year: int | None) -> list[int]:
    """Keys of the households of an archive, by village and number of the household.

    Parameters
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    year : int or None
        Only those with a renovation of this year of the plan, ended ones included; all of the range without one.
    """
    return list(
        session.scalars(
            text(f"""
                select h.id from household h left join area v on v.id = h.village_id
                 where {_CHOSEN} order by v.code nulls last, h.code, h.id limit :most"""),
            {"lo": within[0], "hi": within[1], "year": year, "most": MOST_FILES + 1},
        )
    )


def count_households(session: Session, within: tuple[int, int], year: int | None) -> int:
    """How many households :func:`households_to_file` would give, without its limit."""
    found = session.scalar(
        text(f"select count(*) from household h where {_CHOSEN}"),
        {"lo": within[0], "hi": within[1], "year": year},
    )
    return int(found or 0)


def areas_to_choose(session: Session, asker: Asker) -> list[dict[str, Any]]:
    """Areas down to villages that the asker answers for as a whole, the largest first: ``code`` and ``name``."""
    rows = session.execute(
        text("""
            select code, name, jur, jur_end from area where valid_to is null and level = any (:levels)
             order by jur_end - jur desc, jur"""),
        {"levels": list(LEVELS)},
    )
    return [{"code": row.code, "name": row.name} for row in rows if asker.covers(row.jur, row.jur_end)]


def why_not(n: int) -> Text | None:
    """Why so many files are not put into one archive; None where they are."""
    if n == 0:
        return Text(
            "没有打包：所选范围内没有农户。请换一个辖区或年度。",
            "Not made: there are no households there. Choose another area or year.",
        )
    if n > MOST_FILES:
        return Text(
            f"没有打包：有 {n} 户，一次最多 {MOST_FILES} 户。请选小一些的辖区，如一个村。",
            f"Not made: {n} households, at most {MOST_FILES} at once. Choose a smaller area, such as a village.",
        )
    return None
