"""The ledger of who may get help (身份认定台账): households of an area by group, verdict and list, with counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.eligibility import eligibility_of
from data.rules.eligibility import Eligibility

PAGE = 50
NONE = "none"


@dataclass(frozen=True)
class HomeWish:
    """Which households are asked for; empty words ask for all.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    group, verdict : str
        Keys of ``AID_GROUP`` (or ``none``) and ``ELIGIBILITY``.
    source : int or None
        The list the verdict rests on; 0 for none.
    village : int or None
        Key of the village.
    """

    within: tuple[int, int]
    group: str = ""
    verdict: str = ""
    source: int | None = None
    village: int | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether anything but the area limits the households."""
        return bool(self.group or self.verdict or self.village) or self.source is not None


@dataclass(frozen=True)
class HomeLedger:
    """Households of a ledger.

    Attributes
    ----------
    total : int
        Households of the area that have a group, an exclusion or a row of a list.
    verdicts : dict
        Of these, by verdict.
    found : list of (int, Eligibility)
        Those that fit the wish: the ones to look at first, then by key.
    by : dict
        Of each filter the households of each choice, all other filters kept: ``group``, ``verdict``, ``source``
        (key of the list, 0 without one) and ``village``.
    """

    total: int
    verdicts: dict[str, int]
    found: list[tuple[int, Eligibility]]
    by: dict[str, dict[Any, int]]


_ORDER = {name: n for n, name in enumerate(("excluded", "contradicted", "older_group", "no_group", "unproven"))}


def home_ledger(session: Session, wish: HomeWish, day: date) -> HomeLedger:
    """Judge the households of an area on a day, and count them by everything the ledger can be filtered by."""
    homes = session.execute(
        text("""
            select h.id, h.aid_group, h.village_id from household h
             where h.jur >= :lo and h.jur < :hi and h.removed_at is null and (h.aid_group is not null
                or exists (select from exclusion e where e.household_id = h.id and e.lifted_on is null)
                or exists (select from aid_list_row r join aid_list l on l.id = r.list_id and l.withdrawn_at is null
                            where r.household_id = h.id))"""),
        {"lo": wish.within[0], "hi": wish.within[1]},
    ).all()
    judged = eligibility_of(session, [home.id for home in homes], day)
    tests: dict[str, Callable[[Any], bool]] = {
        "group": lambda value: not wish.group or value == wish.group,
        "verdict": lambda value: not wish.verdict or value == wish.verdict,
        "source": lambda value: wish.source is None or value == wish.source,
        "village": lambda value: wish.village is None or value == wish.village,
    }
    by: dict[str, dict[Any, int]] = {name: {} for name in tests}
    verdicts: dict[str, int] = {}
    found = []
    for home in homes:
        one = judged[home.id]
        values = {
            "group": home.aid_group or NONE,
            "verdict": one.verdict,
            "source": one.source.list_id if one.source else 0,
            "village": home.village_id,
        }
        verdicts[one.verdict] = verdicts.get(one.verdict, 0) + 1
        fails = [name for name, fits in tests.items() if not fits(values[name])]
        if not fails:
            found.append((home.id, one))
        for name, counts in by.items():
            if not fails or fails == [name]:
                counts[values[name]] = counts.get(values[name], 0) + 1
    found.sort(key=lambda pair: (_ORDER.get(pair[1].verdict, len(_ORDER)), pair[0]))
    return HomeLedger(len(homes), verdicts, found, by)


def ledger_rows(session: Session, found: list[tuple[int, Eligibility]]) -> list[dict[str, Any]]:
    """Names of some households of a ledger with their verdicts, in the order given."""
    rows = session.execute(
        text("""
            select h.id, h.code, h.head_name, h.aid_group, h.people, v.name as village
              from household h left join area v on v.id = h.village_id where h.id = any (:ids)"""),
        {"ids": [key for key, _ in found]},
    ).mappings()
    named = {row["id"]: dict(row) for row in rows}
    return [{**named[key], "judged": one} for key, one in found if key in named]
