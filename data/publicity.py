"""Publicity (宣讲): what was done in which area and week to make a campaign known, and where nothing was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.area_columns import in_duty
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.tables import Campaign, Publicity, Round
from geo.errors import FangtuError, Text

EVERY = ("once", "week", "month")
LONGEST = 500
MOST_PERIODS = 60


class PublicityUnfit(FangtuError):
    """What is to be recorded is no item of the plan, lies in the future or speaks of no area."""

    code = "publicity_unfit"


class ItemUnknown(PublicityUnfit):
    """The plan has no publicity of that key."""

    def __init__(self, key: str | None) -> None:
        super().__init__(Text(f"方案没有宣传项“{key}”。", f"The plan has no publicity '{key}'."), found=key)


@dataclass(frozen=True)
class Item:
    """One kind of publicity a plan asks for; without a period (``every`` = ``""``) it is only counted."""

    key: str
    name_zh: str
    name_en: str
    every: str
    clause: str | None = None

    def name(self, language: str) -> str:
        """The name in a language."""
        return self.name_en if language == "en" else self.name_zh


# For plans that say nothing of it: what is done is counted, nothing is asked for.
OTHER = Item("other", "其他宣传活动", "Other publicity", "")


@dataclass(frozen=True)
class AreaPublicity:
    """One village: for each period asked for whether something was done in it, and how much was done in all.

    ``periods`` is aligned with :attr:`Overview.periods`, all of which have begun.
    """

    area_id: int
    code: str
    name: str
    periods: tuple[bool, ...]
    times: int
    last_on: date | None

    @property
    def done(self) -> int:
        """Periods in which something was done."""
        return sum(self.periods)

    @property
    def due(self) -> int:
        """Periods that have begun."""
        return len(self.periods)

    @property
    def missed(self) -> int:
        """Periods gone by, or running, without anything done."""
        return self.due - self.done


@dataclass(frozen=True)
class Overview:
    """An item in all villages: the first days of its periods, oldest first, and a row for each village."""

    item: Item
    periods: tuple[date, ...]
    villages: list[AreaPublicity] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Periods done, of all villages together."""
        return sum(one.done for one in self.villages)

    @property
    def due(self) -> int:
        """Periods due, of all villages together."""
        return sum(one.due for one in self.villages)


def items_of(campaign: Campaign) -> list[Item]:
    """What the plan asks for, in its order, and :data:`OTHER` for whatever else is done."""
    asked = [
        Item(
            one["key"], one["name_zh"], one.get("name_en") or one["name_zh"], one.get("every") or "", one.get("clause")
        )
        for one in campaign.plan.get("publicity") or []
    ]
    return [*asked, *([] if any(one.key == OTHER.key for one in asked) else [OTHER])]


def periods_of(item: Item, first: date, last: date) -> tuple[date, ...]:
    """First days of the periods of an item between two days, both included.

    Weeks begin on Monday, months on the first; of an item that is due once there is one period, of one that is only
    counted none. At most :data:`MOST_PERIODS`, the latest ones.

    >>> [str(day) for day in periods_of(Item("a", "", "", "week"), date(2024, 2, 29), date(2024, 3, 8))]
    ['2024-02-26', '2024-03-04']
    """
    if item.every == "once":
        return (first,) if first <= last else ()
    found: list[date] = []
    if item.every == "week":
        day = first - timedelta(days=first.weekday())
        while day <= last:
            found.append(day)
            day += timedelta(days=7)
    elif item.every == "month":
        day = first.replace(day=1)
        while day <= last:
            found.append(day)
            day = (day + timedelta(days=32)).replace(day=1)
    return tuple(found[-MOST_PERIODS:])


def span_of(campaign: Campaign, rounds: Sequence[Round]) -> tuple[date | None, date | None]:
    """First and last day of a campaign: of its rounds and stages together; None where neither says."""
    stages = campaign.plan.get("stage") or []
    starts = [r.starts_on for r in rounds if r.starts_on] + _days(stages, "starts_on")
    ends = [r.ends_on for r in rounds if r.ends_on] + _days(stages, "ends_on")
    return min(starts, default=None), max(ends, default=None)


def publicity_of(
    session: Session,
    campaign: Campaign,
    rounds: Sequence[Round],
    item: Item,
    *,
    within: tuple[int, int],
    duty: Sequence[tuple[int, int]],
    today: date,
) -> Overview:
    """Where an item was done, and where not, village by village; the most missed first.

    Parameters
    ----------
    within : (int, int)
        Only villages inside this range.
    duty : sequence of (int, int)
        Only villages wholly inside one of these.
    today : date
        Periods up to this day are due; a campaign that is over asks for nothing after its last day.

    Notes
    -----
    What was done for a township or county counts for the villages in it: a broadcast of the township is heard there.
    """
    first, last = span_of(campaign, rounds)
    periods = periods_of(item, first, min(last or today, today)) if first and first <= today else ()
    done = session.execute(
        text("""
            select w.level, w.jur, w.jur_end, array_agg(p.done_on) as days, sum(p.times) as times
              from publicity p join area w on w.id = p.area_id
             where p.campaign_id = :campaign and p.item = :item and p.removed_at is null
             group by w.level, w.jur, w.jur_end"""),
        {"campaign": campaign.id, "item": item.key},
    ).all()
    at_village = {row.jur: row for row in done if row.level == "village"}
    above = [row for row in done if row.level != "village"]
    inside = session.execute(
        text(f"""
            select a.id, a.code, a.name, a.jur, a.jur_end from area a
             where a.level = 'village' and a.valid_to is null and a.jur >= :lo and a.jur_end <= :hi and {in_duty(duty)}
             order by a.code"""),
        {"lo": within[0], "hi": within[1]},
    ).all()
    villages = [_village(row, at_village.get(row.jur), above, item, periods) for row in inside]
    villages.sort(key=lambda one: (-one.missed, one.code))
    return Overview(item, periods, villages)


def record_publicity(
    session: Session,
    asker: Asker,
    campaign: Campaign,
    *,
    areas: Sequence[str],
    item: str,
    done_on: date,
    times: int = 1,
    title: str | None = None,
    remark: str | None = None,
    today: date,
) -> list[int]:
    """Record that something was done, for one area or several at once; returns the keys of the records.

    Parameters
    ----------
    areas : sequence of str
        Codes of current areas inside the asker's area of duty.
    item : str
        Key of :func:`items_of`.
    times : int
        How often that day, 1 to 100,000: broadcasts, leaflets, posts.

    Raises
    ------
    PublicityUnfit
        If an area or item does not exist, the day is to come, or the number is out of range; nothing is recorded.
    """
    if item not in {one.key for one in items_of(campaign)}:
        raise ItemUnknown(item)
    if done_on > today:
        raise PublicityUnfit(
            Text(f"{done_on} 还没有到，只能登记已做的。", f"{done_on} is to come; only what was done is recorded."),
            found=str(done_on),
        )
    if not 1 <= times <= 100_000:
        raise PublicityUnfit(
            Text(f"次数为 {times}，应为 1 至 100000。", f"{times} times; expected 1 to 100000."), found=times
        )
    known = {
        row.code: row
        for row in session.execute(
            text("""
                select id, code, jur, jur_end from area
                 where code = any (:codes) and valid_to is null
                   and level in ('village', 'township', 'county', 'city', 'province')"""),
            {"codes": list(areas)},
        )
        if any(low <= row.jur and row.jur_end <= high for low, high in asker.duty)
    }
    lacking = [code for code in areas if code not in known]
    if not areas:
        raise PublicityUnfit(Text("请选择在哪些村做的。", "Choose the villages it was done in."), found=None)
    if lacking:
        raise PublicityUnfit(
            Text(f"“{lacking[0]}”不是您辖区内的辖区。", f"'{lacking[0]}' is no area inside your area of duty."),
            found=lacking[0],
        )
    made = [
        Publicity(
            campaign_id=campaign.id,
            area_id=known[code].id,
            jur=known[code].jur,
            jur_end=known[code].jur_end,
            item=item,
            done_on=done_on,
            times=times,
            title=_words(title),
            remark=_words(remark),
            account_id=asker.account_id,
        )
        for code in dict.fromkeys(areas)
    ]
    session.add_all(made)
    session.flush()
    for one in made:
        record(
            session,
            act="publicity_add",
            object_kind="publicity",
            object_id=one.id,
            fields=["item", "done_on", "times"],
            jur=one.jur,
        )
    return [one.id for one in made]


def wider_areas(session: Session, duty: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Code and name of the areas above the village that the asker answers for: what is done for all their villages."""
    rows = session.execute(
        text(f"""
            select a.code, a.name from area a
             where a.level in ('township', 'county', 'city', 'province') and a.valid_to is null and {in_duty(duty)}
             order by a.jur, a.jur_end desc""")
    )
    return [(row.code, row.name) for row in rows]


def take_back_publicity(session: Session, ids: Sequence[int]) -> int:
    """Take records back that are the asker's own, or anybody's for those who lead; returns how many were.

    Raises
    ------
    RecordUnknown
        If one of them is not there for the asker, or was taken back already; then none is.
    """
    changed = session.execute(
        text("""
            update publicity set removed_at = now(), updated_at = now()
             where id = any (:ids) and removed_at is null returning id, jur"""),
        {"ids": list(ids)},
    ).all()
    if len(changed) != len(set(ids)):
        raise RecordUnknown
    for row in changed:
        record(session, act="publicity_undo", object_kind="publicity", object_id=row.id, jur=row.jur)
    return len(changed)


def latest_records(
    session: Session, campaign: Campaign, within: tuple[int, int], limit: int = 50
) -> list[dict[str, Any]]:
    """The latest records inside a range, newest first: ``id, area, code, item, done_on, times, title, remark, by``."""
    rows = session.execute(
        text("""
            select p.id, a.name as area, a.code, p.item, p.done_on, p.times, p.title, p.remark, p.account_id
              from publicity p join area a on a.id = p.area_id
             where p.campaign_id = :campaign and p.removed_at is null and p.jur >= :lo and p.jur < :hi
             order by p.done_on desc, p.id desc limit :limit"""),
        {"campaign": campaign.id, "lo": within[0], "hi": within[1], "limit": limit},
    )
    return [dict(row._mapping) for row in rows]


def _days(stages: Sequence[dict[str, Any]], name: str) -> list[date]:
    # The plan is kept as JSON, where a day is text.
    return [date.fromisoformat(str(stage[name])) for stage in stages if stage.get(name)]


def _words(value: str | None) -> str | None:
    plain = " ".join((value or "").split())[:LONGEST]
    return plain or None


def _village(
    row: Row[Any], own: Row[Any] | None, above: Sequence[Row[Any]], item: Item, periods: tuple[date, ...]
) -> AreaPublicity:
    heard = [one for one in above if one.jur <= row.jur and row.jur_end <= one.jur_end]
    if own is not None:
        heard.append(own)
    days = [day for one in heard for day in one.days]
    # What is due once may have been done before the first day.
    begins = [date.min] if item.every == "once" and periods else periods
    ends = [*begins[1:], date.max] if begins else []
    return AreaPublicity(
        row.id,
        row.code,
        row.name,
        tuple(any(begin <= day < end for day in days) for begin, end in zip(begins, ends, strict=True)),
        sum(int(one.times) for one in heard),
        max(days, default=None),
    )
