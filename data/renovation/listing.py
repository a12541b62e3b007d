"""Renovation sites as a list (改造台账): which are asked for, how many there are of each kind, and one page of them.

One grouped reading gives every count of the page, so that a count beside a filter and the list behind it cannot
differ; the page itself looks up names and sums for its own rows alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.totals import LATE
from data.rules.gates import CLASS_SQL, GATES, STALLS_AFTER

PAGE = 50
ACCEPTED = GATES[GATES.index("accepted") :]
_PAID = ", ".join(f"'{stage}'" for stage in GATES[GATES.index("paid") :])
_DAYS = " ".join(f"when '{stage}' then {days}" for stage, days in STALLS_AFTER.items())
# A site that goes on and has stood at its gate for longer than STALLS_AFTER; null where the day is not known.
STALLED = f"""(s.state = 'open' and s.stage not in ({_PAID})
    and s.stage_on + case s.stage {_DAYS} end < cast(:today as date))"""
_INSIDE = "s.jur >= :lo and s.jur < :hi and (cast(:year as integer) is null or s.year = :year)"


@dataclass(frozen=True)
class SiteWish:
    """Which sites are asked for; empty words ask for all.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    year : int or None
        Year of the plan; None for all years, those of unknown year included.
    stage, state, kind, grade : str
        Codes of ``STAGE``, ``SITE_STATE`` and ``RENOVATION_CLASS``; grade before ``A`` … ``D`` or ``none``.
    village : int or None
        Key of the village.
    late, stalled, unassigned : bool
        Only sites that wait for money too long, have stood too long, or have nobody who answers for them.
    """

    within: tuple[int, int]
    year: int | None = None
    stage: str = ""
    state: str = ""
    kind: str = ""
    grade: str = ""
    village: int | None = None
    late: bool = False
    stalled: bool = False
    unassigned: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether anything but area and year limits the sites."""
        chosen = (self.stage, self.state, self.kind, self.grade, self.village)
        return any(chosen) or self.late or self.stalled or self.unassigned


@dataclass(frozen=True)
class SiteCounts:
    """Counts of a list.

    Attributes
    ----------
    total, accepted, late, stalled, undated, ended : int
        Of area and year: all sites; accepted or further and not ended; waiting too long for money; stalled; not paid
        yet and of no known day, of which nobody can say whether they have stalled; ended without a house.
    found : int
        Sites that fit the whole wish.
    by : dict
        For each filter the sites of each choice, all other filters kept: ``stage``, ``state``, ``kind``, ``grade``,
        ``village`` (by key), and ``late``, ``stalled``, ``unassigned`` (by True).
    """

    total: int
    accepted: int
    late: int
    stalled: int
    undated: int
    ended: int
    found: int
    by: dict[str, dict[Any, int]]


@dataclass(frozen=True)
class SitePage:
    """One page of sites, ``page`` of ``pages``."""

    rows: list[dict[str, Any]]
    page: int
    pages: int


def count_sites(session: Session, wish: SiteWish, today: date) -> SiteCounts:
    """Count the sites of an area and year in one reading, by everything the list can be filtered by."""
    groups = session.execute(
        text(f"""
            select s.stage, s.state, {CLASS_SQL} as kind, coalesce(s.grade_before, 'none') as grade,
                   s.village_id as village, s.responsible is null as unassigned, {LATE} as late,
                   coalesce({STALLED}, false) as stalled,
                   s.state = 'open' and s.stage_on is null and s.stage not in ({_PAID}) as undated,
                   count(*)::integer as n
              from renovation_site s where {_INSIDE} group by 1, 2, 3, 4, 5, 6, 7, 8, 9"""),
        _keys(wish, today),
    ).all()
    tests = _tests(wish)
    by: dict[str, dict[Any, int]] = {name: {} for name in tests}
    found = 0
    for row in groups:
        fails = [name for name, fits in tests.items() if not fits(row)]
        if not fails:
            found += row.n
        for name, counts in by.items():
            if not fails or fails == [name]:
                value = getattr(row, name)
                counts[value] = counts.get(value, 0) + row.n

    def sum_of(fits: Callable[[Any], bool]) -> int:
        return sum(row.n for row in groups if fits(row))

    return SiteCounts(
        total=sum_of(lambda row: True),
        accepted=sum_of(lambda row: row.stage in ACCEPTED and row.state == "open"),
        late=sum_of(lambda row: row.late),
        stalled=sum_of(lambda row: row.stalled),
        undated=sum_of(lambda row: row.undated),
        ended=sum_of(lambda row: row.state != "open"),
        found=found,
        by=by,
    )


def _tests(wish: SiteWish) -> dict[str, Callable[[Any], bool]]:
    """Of each filter, whether a group of sites passes it."""
    return {
        "stage": lambda row: not wish.stage or row.stage == wish.stage,
        "state": lambda row: not wish.state or row.state == wish.state,
        "kind": lambda row: not wish.kind or row.kind == wish.kind,
        "grade": lambda row: not wish.grade or row.grade == wish.grade,
        "village": lambda row: wish.village is None or row.village == wish.village,
        "late": lambda row: not wish.late or row.late,
        "stalled": lambda row: not wish.stalled or row.stalled,
        "unassigned": lambda row: not wish.unassigned or row.unassigned,
    }


def site_page(
    session: Session, wish: SiteWish, today: date, page: int, found: int, *, money: bool, size: int = PAGE
) -> SitePage:
    """One page of sites: those not paid yet first, the longest standing before the others; unknown days last.

    Parameters
    ----------
    page : int
        From 1; one past the end is the last one.
    found : int
        Sites that fit the wish (:func:`count_sites`).
    money : bool
        Whether the asker may see money; without it no amount is read.
    size : int
        Rows on a page.

    Returns
    -------
    SitePage
        Rows with ``days`` since ``stage_on`` (None if unknown), ``late``, ``stalled``, and with ``money``
        ``entitled_fen`` (None if not set) and ``paid_fen``.
    """
    pages = max(1, -(-found // size))
    page = min(page, pages)
    skip = size * (page - 1)
    left = max(0, found - skip - size)
    # From the nearer end: to skip half of them is the most there is to sort through.
    from_end = left < skip
    many = min(size, found - skip) if from_end else size
    rows = _rows(
        session,
        wish,
        today,
        f"""order by {", ".join(f"{key} desc" if from_end else key for key in _ORDER)}
            limit :limit offset :skip""",
        {"limit": many, "skip": left if from_end else skip},
        money=money,
    )
    return SitePage(rows[::-1] if from_end else rows, page, pages)


def sites_after(
    session: Session,
    wish: SiteWish,
    today: date,
    after: tuple[bool, date | None, int] | None,
    *,
    money: bool,
    size: int = PAGE,
) -> list[dict[str, Any]]:
    """The next sites of a list, in the order of :func:`site_page`; sites that move meanwhile are never told twice.

    Parameters
    ----------
    after : (bool, date or None, int), optional
        The last one told: whether it is settled (``is_settled``), ``stage_on``, ``id``; from the beginning without.

    Returns
    -------
    list of dict
        At most ``size`` rows as those of :func:`site_page`.
    """
    settled, day, key = after or (False, None, 0)
    return _rows(
        session,
        wish,
        today,
        f"""{"" if after is None else f"and ({', '.join(_ORDER)}) > (:settled, coalesce(:day, date 'infinity'), :key)"}
            order by {", ".join(_ORDER)} limit :limit""",
        {"limit": size} | ({} if after is None else {"settled": settled, "day": day, "key": key}),
        money=money,
    )


# Not paid yet before the others, the longest standing first, unknown days last.
_SETTLED = f"(s.state <> 'open' or s.stage in ({_PAID}))"
_ORDER = (_SETTLED, "coalesce(s.stage_on, date 'infinity')", "s.id")


def _rows(
    session: Session, wish: SiteWish, today: date, which: str, more: dict[str, Any], *, money: bool
) -> list[dict[str, Any]]:
    # The ids first: names and sums are looked up for the rows of the page, not for all that are sorted.
    rows = session.execute(
        text(f"""
            select s.id, s.code, s.household_id, coalesce(h.code, s.household_ref) as household_code, h.head_name,
                   v.name as village, s.grade_before as grade, s.method, {CLASS_SQL} as kind, s.stage, s.state,
                   s.stage_on, cast(:today as date) - s.stage_on as days, s.responsible, s.year, {LATE} as late,
                   coalesce({STALLED}, false) as stalled, {_SETTLED} as is_settled, {_MONEY if money else _NO_MONEY}
              from (select s.id, row_number() over () as place from (
                        select s.id from renovation_site s where {_INSIDE} {chosen_of(wish)} {which}) s) c
              join renovation_site s on s.id = c.id
              left join household h on h.id = s.household_id
              left join area v on v.id = s.village_id
             order by c.place"""),
        {**_keys(wish, today), **more},
    )
    return [dict(row) for row in rows.mappings()]


_MONEY = """s.entitled_fen, (select coalesce(sum(p.fen), 0)::bigint from payment p
                                          where p.site_id = s.id and p.state = 'paid') as paid_fen"""
_NO_MONEY = "null as entitled_fen, null as paid_fen"
_CHOSEN = {
    "stage": "and s.stage = :stage",
    "state": "and s.state = :state",
    "kind": f"and {CLASS_SQL} = :kind",
    "grade": "and coalesce(s.grade_before, 'none') = :grade",
    "village": "and s.village_id = :village",
    "late": f"and {LATE}",
    "stalled": f"and {STALLED}",
    "unassigned": "and s.responsible is null",
}


def chosen_of(wish: SiteWish) -> str:
    """SQL that a site ``s`` fits what is chosen of a wish, ``and`` in front; its parameters are the wish's own."""
    return " ".join(words for name, words in _CHOSEN.items() if getattr(wish, name))


def keys_of_sites(session: Session, wish: SiteWish, today: date, most: int) -> list[int]:
    """Keys of the sites that fit a wish, ascending; at most ``most``."""
    return list(
        session.scalars(
            text(f"""
                select s.id from renovation_site s where {_INSIDE} {chosen_of(wish)} order by s.id limit :most"""),
            {**_keys(wish, today), "most": most},
        )
    )


def _keys(wish: SiteWish, today: date) -> dict[str, Any]:
    return {
        "lo": wish.within[0],
        "hi": wish.within[1],
        "year": wish.year,
        "stage": wish.stage,
        "state": wish.state,
        "kind": wish.kind,
        "grade": wish.grade,
        "village": wish.village,
        "late": wish.late,
        "stalled": wish.stalled,
        "unassigned": wish.unassigned,
        "today": today,
    }


def site_years(session: Session, within: tuple[int, int]) -> list[int]:
    """Years of plans that sites of an area belong to, the newest first."""
    return list(
        session.scalars(
            text("""
                select distinct year from renovation_site
                 where jur >= :lo and jur < :hi and year is not null order by year desc"""),
            {"lo": within[0], "hi": within[1]},
        )
    )


def villages_named(session: Session, keys: list[int]) -> list[tuple[int, str]]:
    """Names of villages by their keys, in the order of their codes."""
    rows = session.execute(text("select id, name from area where id = any (:ids) order by code"), {"ids": keys})
    return [(row.id, row.name) for row in rows]


def names_of(session: Session, site_ids: list[int]) -> dict[int, dict[str, Any]]:
    """What a site is called in a sentence: household's head, code and village, by key; of sites the asker sees."""
    rows = session.execute(
        text("""
            select s.id, s.code, coalesce(h.code, s.household_ref) as household_code, h.head_name, v.name as village
              from renovation_site s left join household h on h.id = s.household_id
              left join area v on v.id = s.village_id where s.id = any (:ids)"""),
        {"ids": site_ids},
    )
    return {row["id"]: dict(row) for row in rows.mappings()}
