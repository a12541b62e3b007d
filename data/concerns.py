"""Sites of concern (环境整治点): the list with its counts, and one site with what was seen there.

A site of concern is an accepted mark of one of four kinds. Where it stands is decided when an observation is written.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE
from data.askers import Asker, RecordUnknown
from data.field_photos import list_concern_photos
from data.rules.concerns import STATE, WITHIN_DAYS, look_by, standing
from data.rules.marks import CONCERNS

PAGE = 50
# Everything but the filters: the clauses of the index ix_mark_concern, word for word.
_SITES = """m.kind in ('ruin', 'abandoned', 'illegal', 'waste') and m.state = 'accepted'
            and m.jur >= :lo and m.jur < :hi"""
_FOUND_ON = "(m.at at time zone 'Asia/Shanghai')::date"
_OVERDUE = "(m.concern_state <> 'cleared' and coalesce(m.due_on < :today, false))"
_UNSEEN = f"(:today - coalesce(m.seen_on, {_FOUND_ON}) > :within)"
_VILLAGE = """
    left join area v on v.level = 'village' and v.valid_to is null and v.jur <= m.jur and v.jur_end > m.jur"""
_ROWS = f"""
    select m.no, m.id as uuid, m.kind, m.jur, m.concern_state as state, m.relapses, {_FOUND_ON} as found_on, m.seen_on,
           m.due_on, m.responsible, m.remark, m.marked_by, v.name as village, {_OVERDUE} as overdue,
           {_UNSEEN} as unseen, st_x(m.geom) as lon, st_y(m.geom) as lat
      from mark m {_VILLAGE} where {_SITES}"""


@dataclass(frozen=True)
class ConcernWish:
    """Which sites are asked for.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    kind, state : str
        One of ``CONCERNS``, one of ``STATE``; all by default.
    village : str
        Code of a village; all by default.
    overdue : bool
        Only those not cleared by their deadline.
    unseen : bool
        Only those last seen more than ``WITHIN_DAYS`` days ago.
    """

    within: tuple[int, int] = EVERYWHERE
    kind: str = ""
    state: str = ""
    village: str = ""
    overdue: bool = False
    unseen: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.kind or self.state or self.village or self.overdue or self.unseen)


@dataclass
class Tally:
    """Sites of one kind or village: how many were found, and how they stand."""

    found: int = 0
    by: Counter[str] = field(default_factory=Counter)
    overdue: int = 0
    unseen: int = 0


@dataclass(frozen=True)
class ConcernCounts:
    """Sites of a range, whatever the filters.

    Attributes
    ----------
    kinds, villages : dict
        A tally for each kind, and for each village by (code, name); a site outside every village has None.
    waiting : int
        Marks of these kinds that no supervisor has settled: they are no sites yet.
    """

    total: Tally
    kinds: dict[str, Tally]
    villages: dict[tuple[str | None, str | None], Tally]
    waiting: int


@dataclass(frozen=True)
class ConcernPage:
    """One page of sites."""

    rows: list[dict[str, Any]]
    total: int
    page: int
    pages: int


def count_concerns(session: Session, within: tuple[int, int], today: date) -> ConcernCounts:
    """Count the sites of a range by kind and village, in one statement."""
    keys = {"lo": within[0], "hi": within[1], "today": today, "within": WITHIN_DAYS}
    rows = session.execute(
        text(f"""
            select m.kind, v.code, v.name, m.concern_state as state, count(*) as n,
                   count(*) filter (where {_OVERDUE}) as overdue, count(*) filter (where {_UNSEEN}) as unseen
              from mark m {_VILLAGE} where {_SITES} group by 1, 2, 3, 4 order by v.code nulls last"""),
        keys,
    )
    total, kinds = Tally(), {kind: Tally() for kind in CONCERNS}
    villages: dict[tuple[str | None, str | None], Tally] = {}
    for row in rows:
        for tally in (total, kinds[row.kind], villages.setdefault((row.code, row.name), Tally())):
            tally.found += row.n
            tally.by[row.state] += row.n
            tally.overdue += row.overdue
            tally.unseen += row.unseen
    waiting = session.scalar(
        text("""select count(*) from mark where jur >= :lo and jur < :hi and state = 'proposed'
                   and kind = any (:kinds)"""),
        {"lo": within[0], "hi": within[1], "kinds": list(CONCERNS)},
    )
    return ConcernCounts(total, kinds, villages, int(waiting or 0))


def concern_page(session: Session, wish: ConcernWish, today: date, page: int = 1) -> ConcernPage:
    """A page of sites: relapsed ones first, then overdue ones, then those not seen for longest.

    A page beyond the last gives the last.
    """
    where, keys = _filters(wish, today)
    total = int(session.scalar(text(f"select count(*) from mark m {_VILLAGE} where {_SITES} {where}"), keys) or 0)
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    return ConcernPage(concern_rows(session, wish, today, PAGE, PAGE * (page - 1)), total, page, pages)


def concern_rows(
    session: Session, wish: ConcernWish, today: date, most: int | None = None, skip: int = 0
) -> list[dict[str, Any]]:
    """Rows of the sites that are asked for, in the order of :func:`concern_page`; all by default."""
    where, keys = _filters(wish, today)
    rows = session.execute(
        text(f"""{_ROWS} {where}
            order by m.concern_state <> 'relapsed', not {_OVERDUE}, m.concern_state = 'cleared',
                     coalesce(m.seen_on, {_FOUND_ON}), m.no limit :most offset :skip"""),
        {**keys, "most": most, "skip": skip},
    )
    return [_row(row._mapping) for row in rows]


def concern_file(session: Session, asker: Asker, no: int, today: date) -> dict[str, Any]:
    """One site with its observations, the newest first, and the photographs the asker may see.

    Returns
    -------
    dict
        The row of the list, with ``observations`` (each with the ``state`` after it, None where it is superseded, its
        ``photos`` and ``superseded_by``), ``before`` and ``after``: ids of the first photograph and of the last one of
        an observation that stands, None where there is none or the asker may not see it.

    Raises
    ------
    RecordUnknown
        If there is no such site in the asker's area of duty.
    """
    keys = {"lo": EVERYWHERE[0], "hi": EVERYWHERE[1], "today": today, "within": WITHIN_DAYS, "no": no}
    row = session.execute(text(f"{_ROWS} and m.no = :no"), keys).one_or_none()
    if row is None:
        raise RecordUnknown
    seen = session.execute(
        text("""
            select o.id, o.on_day, o.seen, o.note, o.supersedes_id, o.observer, o.at, later.id as superseded_by
              from concern_observation o left join concern_observation later on later.supersedes_id = o.id
             where o.mark_id = :mark order by o.on_day, o.id"""),
        {"mark": row.uuid},
    ).all()
    photos = list_concern_photos(session, asker, row.uuid)
    standing_ones = [one for one in seen if one.superseded_by is None]
    states = dict(zip((one.id for one in standing_ones), standing(one.seen for one in standing_ones), strict=True))
    observations = [{**one._mapping, "state": states.get(one.id), "photos": photos.get(one.id, [])} for one in seen]
    after = [photo for one in observations if one["superseded_by"] is None for photo in one["photos"]]
    before = photos.get(None, [])
    return {
        **_row(row._mapping),
        "observations": observations[::-1],
        "before": before[0] if before else None,
        "after": after[-1] if after else None,
        "found_photos": before,
    }


def _row(row: Any) -> dict[str, Any]:
    return {**row, "look_by": look_by(row["seen_on"] or row["found_on"])}


def _filters(wish: ConcernWish, today: date) -> tuple[str, dict[str, Any]]:
    parts = [
        ("m.kind = :kind", wish.kind),
        ("m.concern_state = :state", wish.state),
        ("v.code = :village", wish.village),
        (_OVERDUE, wish.overdue),
        (_UNSEEN, wish.unseen),
    ]
    where = "".join(f" and {part}" for part, wanted in parts if wanted)
    return where, {
        "lo": wish.within[0],
        "hi": wish.within[1],
        "today": today,
        "within": WITHIN_DAYS,
        "kind": wish.kind,
        "state": wish.state,
        "village": wish.village,
    }


def states_shown() -> tuple[str, ...]:
    """States in the order in which they are told: what is worst first."""
    return ("relapsed", *(state for state in STATE if state != "relapsed"))
