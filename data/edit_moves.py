"""Who an edit of boundaries moves, by where from and where to, and what that does to coverage; nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import GRIDS, SETTLEMENTS, VILLAGES, members_of
from data.askers import Asker
from data.coverage import coverage_by_area
from data.coverage_rows import AreaCoverage
from data.edit_changes import key_of
from data.edit_plans import Plan
from data.edit_shapes import hex_of
from geo.tiles import box_ranges

_DRAFTS = """
    draft as materialized (
        select level, id, code, village_id, gone, heir_grid, cast(shape as geometry) as geom
          from jsonb_to_recordset(cast(:drafts as jsonb))
               as d (level text, id bigint, code text, village_id bigint, gone boolean, heir_grid bigint,
                     shape text))"""


@dataclass(frozen=True)
class Move:
    """Households of one kind of way: from an area to another, each a village and perhaps a grid
    (a settlement where the edit is about settlements); None is outside all.

    ``statuses`` counts those that are eligible by where they stand in the round.
    """

    before: tuple[int | None, int | None]
    after: tuple[int | None, int | None]
    n: int
    statuses: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_move(self) -> bool:
        """Whether they change their village or grid at all."""
        return self.before != self.after


@dataclass(frozen=True)
class Shift:
    """Coverage of one area before and after an edit; None where the area is not there."""

    code: str
    name: str
    level: str
    before: AreaCoverage | None
    after: AreaCoverage | None


def drafts_of(plan: Plan) -> str:
    """Areas of a plan as they would be, as JSON; what is new has the key of :func:`data.edit_changes.key_of`."""
    keys = {change.code: key_of(change, at) for at, change in enumerate(plan.changes)}
    heirs = {heir.code: heir.to[0] for heir in plan.heirs}
    kept = plan.changes[0]
    return json.dumps(
        [
            {
                "level": change.level,
                "id": key_of(change, at),
                "code": change.code,
                "village_id": kept.id if change.level == "village" and change.gone else change.village_id,
                "gone": change.gone,
                "heir_grid": keys[heirs[change.code]] if change.gone and change.code in heirs else None,
                "shape": hex_of(change.after) if change.after is not None else None,
            }
            for at, change in enumerate(plan.changes)
        ]
    )


def movements(session: Session, plan: Plan, campaign_id: int | None, round_no: int | None) -> list[Move]:
    """Decide who would move, by the rules that an edit follows, and count them by way and standing."""
    if plan.is_of_settlements:
        rows: Sequence[Row[Any]] = [
            row for row in settlement_moves(session, plan, campaign_id, round_no) if not row.removed
        ]
    else:
        rows = [
            *_placed_moves(session, plan, campaign_id, round_no),
            *(row for row in unplaced_moves(session, plan, campaign_id, round_no) if not row.removed),
        ]
    found: dict[tuple[Any, ...], dict[int | None, int]] = {}
    for row in rows:
        way = ((row.village_id, row.part_id), (row.to_village, row.to_part))
        by_status = found.setdefault(way, {})
        by_status[row.status] = by_status.get(row.status, 0) + row.n
    ways = [
        Move(before, after, sum(counts.values()), {s: n for s, n in counts.items() if s is not None})
        for (before, after), counts in found.items()
    ]
    return [move for move in ways if move.is_move]


def settlement_moves(
    session: Session, plan: Plan, campaign_id: int | None = None, round_no: int | None = None
) -> Sequence[Row[Any]]:
    """Give the households whose settlement changes, one a row.

    A household of the settlement its place lies in follows its place; one that belongs to another, as its ledger says,
    stays there. What ends hands its households on: to the one it is merged into, or to none.

    Returns
    -------
    sequence of Row
        ``id, village_id, part_id, to_village, to_part, status, removed, unplaced, n`` (always 1);
        parts are settlements.
    """
    kept = plan.changes[0]
    now = """
        select a.id, a.level, a.code, a.geom from area a
         where a.parent_id = :village and a.level = any (:levels) and a.valid_to is null and a.geom is not null"""

    def covering(areas: str) -> str:
        return f"""
            select distinct on (p.id) p.id, a.id as area_id from ({areas} offset 0) a
             cross join lateral (select i.id from spot i where st_covers(a.geom, i.geom) offset 0) p
             order by p.id, a.level, a.code"""

    then = f"""
        {now} and a.id not in (select d.id from draft d)
        union all select d.id, d.level, d.code, d.geom from draft d where d.geom is not null"""
    return session.execute(
        text(f"""
            with {_DRAFTS},
            ending as (select d.id from draft d where d.gone),
            spot as materialized (
                select h.id, h.geom, h.village_id, h.group_id, h.removed_at from household h
                 where h.village_id = :village or h.group_id in (select id from ending)),
            was as ({covering(now)}),
            will as ({covering(then)}),
            decided as (
                select s.*, case when s.group_id in (select id from ending)
                                 then coalesce(case when w.area_id = s.group_id then b.area_id end, :kept)
                                 when w.area_id is distinct from b.area_id and s.group_id is not distinct from w.area_id
                                 then b.area_id else s.group_id end as to_group
                  from spot s left join was w on w.id = s.id left join will b on b.id = s.id)
            select d.id, d.village_id, d.group_id as part_id, d.village_id as to_village, d.to_group as to_part,
                   t.status, d.removed_at is not null as removed, d.geom is null as unplaced, 1 as n
              from decided d
              left join standing t on t.household_id = d.id and t.campaign_id = :campaign and t.round_no = :round
             where d.group_id is distinct from d.to_group"""),
        {
            "drafts": drafts_of(plan),
            "village": kept.village_id,
            "levels": list(SETTLEMENTS),
            "kept": None if kept.gone else key_of(kept, 0),
            "campaign": campaign_id,
            "round": round_no,
        },
    ).all()


def _placed_moves(session: Session, plan: Plan, campaign_id: int | None, round_no: int | None) -> Sequence[Row[Any]]:
    """Decide memberships as they would be for what lies on land that changes hands, by the rule of ``data.areas``."""
    ground = plan.ground
    if ground is None:
        return []
    ranges = box_ranges(*shapely.from_wkb(ground).bounds)
    near = "geom && cast(:shape as geometry)"
    drafted = "select d.id from draft d where d.level = '{level}'"
    villages = f"""
        {VILLAGES} and {near} and id not in ({drafted.format(level="village")})
        union all select d.id, d.code, d.geom from draft d where d.level = 'village' and d.geom is not null"""
    grids = f"""
        {GRIDS} and {near} and id not in ({drafted.format(level="grid")})
        union all
        select d.id, d.code, d.village_id, d.geom from draft d where d.level = 'grid' and d.geom is not null"""
    return session.execute(
        text(f"""
            with {_DRAFTS},
            spot as materialized (
                select h.id, h.geom, h.village_id, h.grid_id
                  from unnest(cast(:lows as bigint[]), cast(:highs as bigint[])) r (low, high)
                  join household h on h.morton >= r.low and h.morton < r.high
                 where h.removed_at is null and st_intersects(cast(:shape as geometry), h.geom))
            select s.village_id, s.grid_id as part_id, m.village_id as to_village, m.grid_id as to_part, t.status,
                   count(*) as n
              from spot s join ({members_of("spot", villages=villages, grids=grids)}) m on m.id = s.id
              left join standing t on t.household_id = s.id and t.campaign_id = :campaign and t.round_no = :round
             group by 1, 2, 3, 4, 5"""),
        {
            "drafts": drafts_of(plan),
            "shape": ground,
            "lows": [low for low, _ in ranges],
            "highs": [high for _, high in ranges],
            "campaign": campaign_id,
            "round": round_no,
        },
    ).all()


def unplaced_moves(
    session: Session, plan: Plan, campaign_id: int | None = None, round_no: int | None = None
) -> Sequence[Row[Any]]:
    """Give the households without a position that go along when villages are split or merged or grids made, one a row.

    With their grid or settlement; where they are known by a village or grid that ends, with the first of its heirs.

    Returns
    -------
    sequence of Row
        As of :func:`settlement_moves`; parts are grids.
    """
    villages = [change.id for change in plan.changes if change.level == "village" and change.id is not None]
    if plan.making is not None:
        villages = [plan.changes[0].village_id]
    elif plan.level != "village" or plan.wish.act == "change":
        return []
    return session.execute(
        text(f"""
            with {_DRAFTS}
            select h.id, h.village_id, h.grid_id as part_id, f.to_village, f.to_part, t.status,
                   h.removed_at is not null as removed, true as unplaced, 1 as n
              from household h
              left join draft g on g.level = 'grid' and g.id = h.grid_id
                   and (g.village_id <> h.village_id or g.heir_grid is not null)
              left join draft v on v.level = 'village' and v.gone and v.id = h.village_id
              left join draft s on s.level not in ('village', 'grid') and s.id = h.group_id
             cross join lateral (
                 select coalesce(g.village_id, v.village_id, s.village_id) as to_village,
                        coalesce(g.heir_grid, case when g.id is not null then h.grid_id else v.heir_grid end)
                            as to_part) f
              left join standing t on t.household_id = h.id and t.campaign_id = :campaign and t.round_no = :round
             where h.geom is null and h.village_id = any (:villages) and f.to_village is not null
               and (h.village_id, h.grid_id) is distinct from (f.to_village, f.to_part)"""),
        {"drafts": drafts_of(plan), "villages": villages, "campaign": campaign_id, "round": round_no},
    ).all()


def held_after(session: Session, plan: Plan, moves: Iterable[Move]) -> int:
    """Households of the first area as they will be: those it has now, and who comes and goes."""
    first = plan.changes[0]
    key, at = key_of(first, 0), 0 if first.level == "village" else 1
    column = {"village": "village_id", "grid": "grid_id"}.get(first.level, "group_id")
    now = session.scalar(
        text(f"select count(*) from household where {column} = :key and removed_at is null"), {"key": key}
    )
    return int(now or 0) + sum(move.n * ((move.after[at] == key) - (move.before[at] == key)) for move in moves)


def shifts_of(
    session: Session, plan: Plan, moves: Iterable[Move], asker: Asker, campaign_id: int, round_no: int
) -> list[Shift]:
    """Coverage of the areas concerned as it is and as it will be: each household takes its standing along."""
    deltas: dict[tuple[str, int], dict[int, int]] = {}
    for move in moves:
        for level, at in _sides(plan):
            old, new = move.before[at], move.after[at]
            if old == new:
                continue
            for key, sign in ((old, -1), (new, 1)):
                if key is not None:
                    delta = deltas.setdefault((level, key), {})
                    for status, n in move.statuses.items():
                        delta[status] = delta.get(status, 0) + sign * n
    known: dict[tuple[str, int], AreaCoverage] = {}
    for level in {level for level, _ in deltas} | {plan.level}:
        by = "group" if level in SETTLEMENTS else level
        for row in coverage_by_area(session, campaign_id, round_no, by, within=plan.within, duty=asker.duty):
            if row.id is not None:
                known[(level, row.id)] = row
    shifts = []
    villages = {key_of(change, at): change.name for at, change in enumerate(plan.changes) if change.level == "village"}
    concerned = {(change.level, key_of(change, at)): change for at, change in enumerate(plan.changes)}
    for level, key in {**concerned, **deltas}:
        if level in SETTLEMENTS and not plan.is_of_settlements:
            continue  # a settlement that goes along with its village keeps its households
        change, before = concerned.get((level, key)), known.get((level, key))
        if before is None and change is None:
            continue
        nothing = AreaCoverage(None, None, None, level, False, 0, 0, (0,) * 8)
        after = (before or nothing).plus(deltas.get((level, key), {}))
        code = change.code if change else str(before.code if before else "")
        name = change.name if change else str(before.name if before else "")
        if change is not None and plan.level == "village" and level == "grid":
            name = f"{villages.get(change.village_id, '')} {name}".strip()  # each village may have a grid 001
        shifts.append(Shift(code, name, level, before, None if change is not None and change.gone else after))
    return sorted(shifts, key=lambda shift: (shift.level != plan.level, shift.code))


def _sides(plan: Plan) -> tuple[tuple[str, int], ...]:
    """Level and place in a move of what it tells."""
    return ((plan.level, 1),) if plan.is_of_settlements else (("village", 0), ("grid", 1))


def moves_json(session: Session, plan: Plan, moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Give moves with the names of their places, the most numerous first."""
    names = _names(session, plan, moves)

    def place(pair: tuple[int | None, int | None]) -> dict[str, str | None] | None:
        village, part = pair
        return (
            None
            if village is None
            else place_json(plan, names.get(("area", village), ""), names.get((_table(plan), part)))
        )

    listed = [{"n": move.n, "from": place(move.before), "to": place(move.after)} for move in moves]
    return sorted(listed, key=lambda move: (-int(str(move["n"])), str(move["from"]), str(move["to"])))


def place_json(plan: Plan, village: str, part: str | None) -> dict[str, str | None]:
    """Name a village with the grid in it, or the settlement where the edit is about settlements."""
    return {"village": village, "settlement" if plan.is_of_settlements else "grid": part}


def _table(plan: Plan) -> str:
    return "area" if plan.is_of_settlements else "grid"


def _names(session: Session, plan: Plan, moves: Iterable[Move]) -> Mapping[tuple[str, int | None], str]:
    """Names of the areas and grids that moves name."""
    keys: dict[str, set[int]] = {"area": set(), "grid": set()}
    for move in moves:
        for village, part in (move.before, move.after):
            keys["area"] |= {village} if village is not None else set()
            keys[_table(plan)] |= {part} if part is not None else set()
    names: dict[tuple[str, int | None], str] = {}
    for table, wanted in keys.items():
        rows = session.execute(text(f"select id, name from {table} where id = any (:ids)"), {"ids": list(wanted)})
        names |= {(table, row.id): row.name for row in rows}
    for at, change in enumerate(plan.changes):
        names["grid" if change.level == "grid" else "area", key_of(change, at)] = change.name
    return names
