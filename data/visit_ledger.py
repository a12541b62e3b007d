"""The visit ledger (入户走访台账): every visit of a round, newest first, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

PAGE = 50
# Beyond this a list says "more than" instead of counting on.
MOST_COUNTED = 10_000
# Of a smaller area all visits are sorted; of a larger one they are walked through newest first.
_FEW = 20_000


@dataclass(frozen=True)
class LedgerWish:
    """Which visits of a round are asked for; empty words ask for all.

    Attributes
    ----------
    within : (int, int)
        Range of jurisdiction numbers.
    counts : str
        ``yes`` for visits that count, ``no`` for those that do not (or are of no known household), ``suspect`` for
        those in doubt.
    mode, outcome, kind, key_group : str
        A code of ``data.rules.words``; ``kind`` is a kind of visitor as recorded, ``key_group`` one of the household.
    first, last : date or None
        Local days the visit began on, both included.
    """

    campaign_id: int
    round_no: int
    within: tuple[int, int]
    counts: str = ""
    mode: str = ""
    outcome: str = ""
    kind: str = ""
    key_group: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_filtered(self) -> bool:
        """Whether anything but round and area limits the visits."""
        return bool(self.counts or self.mode or self.outcome or self.kind or self.key_group or self.first or self.last)


@dataclass(frozen=True)
class LedgerPage:
    """One page of the ledger; ``total`` is exact up to :data:`MOST_COUNTED`, else ``more`` is set."""

    rows: list[Row[Any]]
    total: int
    more: bool
    page: int

    @property
    def pages(self) -> int:
        """Pages that can be turned to, at least one."""
        return max(1, -(-self.total // PAGE))


_BEGAN = "coalesce(v.started_at, v.ended_at) at time zone 'Asia/Shanghai'"
CHOSEN = f"""
    from visit v
   where v.campaign_id = :campaign and v.round_no = :round and v.jur >= :lo and v.jur < :hi
     and v.superseded_by is null
     and (:counts = '' or (:counts = 'yes' and v.counts and v.household_id is not null)
          or (:counts = 'no' and not (v.counts and v.household_id is not null))
          or (:counts = 'suspect' and v.suspect <> '{{}}'))
     and (:mode = '' or v.mode = :mode) and (:outcome = '' or v.outcome = :outcome)
     and (:kind = '' or v.visitor_kind = :kind)
     and (cast(:first as date) is null or {_BEGAN} >= cast(:first as date))
     and (cast(:last as date) is null or {_BEGAN} < cast(:last as date) + 1)
     and (:key_group = '' or exists (
            select 1 from household g where g.id = v.household_id and :key_group = any (g.key_groups)))"""
SHOWN = """
    select v.no as id, v.household_id, coalesce(h.code, v.household_ref) as household_code, h.head_name, h.key_groups,
           a.name as village, s.name as natural_village, g.name as grid, v.started_at, v.ended_at, v.minutes, v.mode,
           v.reason, v.outcome, v.visitor, v.visitor_kind, v.companions, v.verdict, v.counts, v.suspect, v.ruling,
           v.remark, st_x(v.geom) as lon, st_y(v.geom) as lat, st_x(h.geom) as home_lon, st_y(h.geom) as home_lat
      from (select v.* {chosen} {ordered}) v
      left join household h on h.id = v.household_id
      left join area a on a.id = h.village_id
      left join area s on s.id = h.group_id
      left join grid g on g.id = h.grid_id
     order by v.ended_at desc nulls last, v.no desc"""
_NEWEST = "order by v.ended_at desc nulls last, v.no desc"


def ledger_page(session: Session, wish: LedgerWish, page: int = 1) -> LedgerPage:
    """One page of the ledger, newest first; corrected visits are shown as corrected, not twice.

    A page past the end is the last one.
    """
    keys = keys_of(wish)
    total, more = _total(session, wish, keys)
    page = min(page, max(1, -(-total // PAGE)))
    if total > _FEW or more:
        # Otherwise the planner, which expects one row behind row-level security, reads and sorts all of them.
        session.execute(text("set local enable_sort = off"))
    rows = session.execute(
        text(SHOWN.format(chosen=CHOSEN, ordered=f"{_NEWEST} limit :limit offset :skip")),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    ).all()
    session.execute(text("set local enable_sort = on"))
    return LedgerPage(list(rows), total, more, page)


def visitor_kinds(session: Session, wish: LedgerWish) -> list[str]:
    """Kinds of visitors there are in the round and area, for the filter."""
    return list(
        session.scalars(
            text("""
                select distinct kind from coverage_part
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi
                   and kind not in ('', '-') order by kind"""),
            {"campaign": wish.campaign_id, "round": wish.round_no, "lo": wish.within[0], "hi": wish.within[1]},
        )
    )


def keys_of(wish: LedgerWish) -> dict[str, Any]:
    """What :data:`CHOSEN` and :data:`SHOWN` ask for by name."""
    return {
        "campaign": wish.campaign_id,
        "round": wish.round_no,
        "lo": wish.within[0],
        "hi": wish.within[1],
        **{name: getattr(wish, name) for name in ("counts", "mode", "outcome", "kind", "key_group", "first", "last")},
    }


def _total(session: Session, wish: LedgerWish, keys: dict[str, Any]) -> tuple[int, bool]:
    """How many visits there are: kept counts where nothing filters them, else counted up to a bound."""
    if not wish.is_filtered:
        known = session.scalar(
            text("""
                select coalesce(sum(valid + suspect + other), 0) from visit_tally
                 where campaign_id = :campaign and round_no = :round and jur >= :lo and jur < :hi"""),
            keys,
        )
        return int(known or 0), False
    counted = text(f"select count(*) from (select 1 {CHOSEN} limit {MOST_COUNTED + 1}) q")
    n = int(session.scalar(counted, keys) or 0)
    return min(n, MOST_COUNTED), n > MOST_COUNTED
