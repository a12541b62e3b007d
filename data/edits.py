"""Editing boundaries: who would move where, the edit itself in one transaction, and the list of edits.

An edit is a batch, done by the worker as the owner: the database notes what it changes row by row as for an import, and
``data.imports.undo`` takes it back to the bit. Membership follows by the rule of ``data.areas``, in the old and the new
shape and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import GRIDS, VILLAGES, members_of, reassign_within, settle_jurisdiction
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.coverage import AreaCoverage, coverage_by_area, duty_ranges
from data.edit_plans import Change, Plan, Wish, hex_of, plan_edit
from data.edit_refusals import EditConflict, EditRefused
from data.imports.batches import bind_account
from data.imports.changes import close_changes, note_changes
from data.imports.limits import Limits, OutsideArea, require_inside
from data.imports.run import IMPORT_LOCK
from geo.drawing import DrawingRefused
from geo.editing import area_m2
from geo.errors import Text
from geo.tiles import box_ranges

KIND = "edit"
ACTS = {
    "draw": Text("新画", "Drawn"),
    "change": Text("改边界", "Boundary changed"),
    "split": Text("分割", "Split"),
    "merge": Text("合并", "Merged"),
}
PAGE = 20
MOST_ISSUES = 100


@dataclass(frozen=True)
class Move:
    """Households of one kind of way: from an area to another, each a village and perhaps a grid; None is outside all.

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


@dataclass(frozen=True)
class Preview:
    """What an edit would do.

    Attributes
    ----------
    plan : Plan
    households : int
        How many placed households the first area holds afterwards.
    moves : list of dict
        ``n``, ``from`` and ``to`` (``{village, grid}`` with their names, None for outside every village).
    shifts : list of Shift
        Coverage of each area concerned; empty without a campaign.
    """

    plan: Plan
    households: int
    moves: list[dict[str, Any]]
    shifts: list[Shift]

    @property
    def moved(self) -> int:
        """How many households change their village or grid."""
        return sum(move["n"] for move in self.moves)

    @property
    def outside(self) -> int:
        """How many come to lie in no village."""
        return sum(move["n"] for move in self.moves if move["to"] is None)


@dataclass(frozen=True)
class Edited:
    """What an edit did: its number, its batch, the moves and the rows changed besides."""

    id: int
    batch: int
    moves: list[dict[str, Any]]
    counts: dict[str, int]

    @property
    def moved(self) -> int:
        """How many households changed their village or grid."""
        return sum(move["n"] for move in self.moves)


def limits_of(asker: Asker) -> Limits:
    """What an asker may edit: the areas of duty, as a whole."""
    return Limits(asker.duty, asker.duty)


def preview_edit(
    session: Session, wish: Wish, asker: Asker, *, campaign_id: int | None = None, round_no: int | None = None
) -> Preview:
    """Say what an edit would do, without writing anything.

    Parameters
    ----------
    session : Session
        As the application's role: of what lies outside the asker's areas nothing is counted.
    wish : Wish
    asker : Asker
    campaign_id, round_no : int, optional
        The round whose coverage is shown; none without.

    Raises
    ------
    RecordUnknown, EditRefused, DrawingRefused
        As for :func:`data.edit_plans.plan_edit`.
    """
    plan = plan_edit(session, wish, limits_of(asker))
    found = _movements(session, plan, campaign_id, round_no)
    moves = [move for move in found if move.is_move]
    shifts = (
        _shifts(session, plan, moves, asker, campaign_id, round_no)
        if campaign_id is not None and round_no is not None
        else []
    )
    names = _names(session, plan, moves)
    return Preview(plan, _held_after(session, plan, moves), _moves_json(moves, names), shifts)


def apply_edit(session: Session, wish: Wish, revision: str, limits: Limits, *, account_id: int | None) -> Edited:
    """Change the boundaries and everything that follows from it.

    Parameters
    ----------
    session : Session
        As the owner, in a transaction; waits for imports, undos and other edits that are under way.
    wish : Wish
    revision : str
        Of the preview that was seen.
    limits : Limits
        Areas of duty of whoever edits.
    account_id : int or None
        Who edits; None for the machine's operator.

    Raises
    ------
    EditConflict
        If the boundaries concerned are not those of the preview.
    EditRefused
        If records of another area would be touched, or an account answers for a grid that is to be merged away.
    RecordUnknown, DrawingRefused
        As for the preview.
    """
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": IMPORT_LOCK})
    try:
        plan = plan_edit(session, wish, limits)
    except (EditRefused, DrawingRefused) as error:
        # What could be done when it was looked at can be done no more.
        if revision:
            raise EditConflict from error
        raise
    if plan.revision != revision:
        raise EditConflict
    _require_nobodys(session, plan)
    bind_account(session, account_id)
    batch = _open_batch(session, plan, account_id)
    note_changes(session, batch)
    _write_shapes(session, plan, batch)
    counts = reassign_within(session, plan.ground)
    note_changes(session, None)
    try:
        require_inside(session, batch, Limits((plan.within,), (plan.within,)))
    except OutsideArea:
        raise EditRefused(
            Text(
                "没有应用：这样改会牵动辖区以外的记录（在外边界上）。请不要移动本辖区的外边界。",
                "Not applied: this would touch records outside the area, on its outer boundary. Leave that boundary "
                "as it is.",
            )
        ) from None
    close_changes(session, batch)
    moves = _moved(session, batch)
    session.execute(
        text("update batch set counts = cast(:counts as jsonb) where id = :batch"),
        {"batch": batch, "counts": json.dumps(counts)},
    )
    edit = session.scalar(
        text("""
            insert into area_edit (batch_id, account_id, jur, jur_end, act, level, changes, moves)
            values (:batch, :account, :jur, :jur_end, :act, :level, cast(:changes as jsonb), cast(:moves as jsonb))
            returning id"""),
        {
            "batch": batch,
            "account": account_id,
            "jur": plan.within[0],
            "jur_end": plan.within[1],
            "act": wish.act,
            "level": plan.level,
            "changes": json.dumps([_change_json(change) for change in plan.changes], ensure_ascii=False),
            "moves": json.dumps(moves, ensure_ascii=False),
        },
    )
    assert edit is not None
    done = Edited(int(edit), batch, moves, counts)
    record(
        session,
        act="area_edit",
        object_kind=plan.level,
        object_id=plan.changes[0].code,
        fields=["geom"],
        details={
            "edit": done.id,
            "batch": batch,
            "act": wish.act,
            "areas": [change.code for change in plan.changes],
            "moved": done.moved,
            **counts,
        },
        jur=plan.within[0],
    )
    return done


def list_edits(session: Session, within: tuple[int, int], *, limit: int = PAGE) -> Sequence[Row[Any]]:
    """Give the newest edits of a range that the asker may read.

    Returns
    -------
    sequence of Row
        ``id, batch_id, act, level, changes`` (code and name of each area), ``moves, moved, created_at, who, undone_at,
        purged_at``.
    """
    return session.execute(
        text("""
            select e.id, e.batch_id, e.act, e.level, e.moves, e.created_at, a.full_name as who, b.undone_at,
                   b.purged_at, e.jur, e.jur_end,
                   (select jsonb_agg(jsonb_build_object('code', c->'code', 'name', c->'name')) from
                       jsonb_array_elements(case jsonb_typeof(e.changes) when 'array' then e.changes else '[]' end) c)
                       as changes
              from area_edit e join batch b on b.id = e.batch_id left join account a on a.id = e.account_id
             where e.jur >= :lo and e.jur_end <= :hi order by e.created_at desc, e.id desc limit :limit"""),
        {"lo": within[0], "hi": within[1], "limit": limit},
    ).all()


def find_edit(session: Session, edit_id: int) -> Row[Any]:
    """Give one edit the asker may read (``id, batch_id, jur, jur_end``).

    Raises
    ------
    RecordUnknown
        If there is none of that number among those the asker may read.
    """
    row = session.execute(
        text("select id, batch_id, jur, jur_end from area_edit where id = :id"), {"id": edit_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def list_issues(session: Session, within: tuple[int, int], duty: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Give what is wrong with the boundaries of a range, of areas wholly inside the duty.

    Returns
    -------
    dict
        ``overlaps``: pairs of grids of one village, or villages of one township, with the square metres both cover,
        largest first. ``bare``: villages without a boundary, and villages without grids. At most
        :data:`MOST_ISSUES` of each.
    """
    keys = {"lo": within[0], "hi": within[1], "duty": duty_ranges(duty), "most": MOST_ISSUES}
    inside = (
        "{t}.jur >= :lo and {t}.jur_end <= :hi and cast(:duty as int8multirange) @> int8range({t}.jur, {t}.jur_end)"
    )
    inside_area, inside_grid = inside.format(t="a"), inside.format(t="g")
    pairs = session.execute(
        text(f"""
            with place as (
                select 'grid' as level, g.code, v.name || ' ' || g.name as name, v.code as parent, g.geom
                  from grid g join area v on v.id = g.village_id
                 where {inside_grid}
                union all
                select 'village', a.code, a.name, left(a.code, 9), a.geom from area a
                 where a.level = 'village' and a.valid_to is null and a.geom is not null and {inside_area})
            select a.level, a.code, a.name, b.code as other_code, b.name as other_name,
                   st_area(st_intersection(a.geom, b.geom)::geography) as m2
              from place a join place b on b.level = a.level and b.parent = a.parent and b.code > a.code
                   and a.geom && b.geom and st_intersects(a.geom, b.geom) and not st_touches(a.geom, b.geom)
             order by m2 desc limit :most"""),
        keys,
    )
    bare = session.execute(
        text(f"""
            select a.code, a.name, a.geom is null as no_boundary, a.derived,
                   not exists (select 1 from grid g where g.village_id = a.id) as no_grids
              from area a where a.level = 'village' and a.valid_to is null and {inside_area}
               and (a.geom is null or a.derived or not exists (select 1 from grid g where g.village_id = a.id))
             order by a.geom is not null, a.code limit :most"""),
        keys,
    )
    return {
        "overlaps": [dict(row._mapping) for row in pairs if row.m2 >= 1],
        "bare": [dict(row._mapping) for row in bare],
    }


def editable_areas(session: Session, who: Asker) -> list[dict[str, Any]]:
    """Give the villages whose grids the asker may edit, each with its grids, by code.

    Returns
    -------
    list of dict
        ``code, name, own`` (whether the village's own boundary may be edited as well), ``bare`` (no boundary),
        ``grids`` (``code, name``).
    """
    rows = session.execute(
        text("""
            select a.code, a.name, a.geom is null as bare, p.jur as low, p.jur_end as high,
                   coalesce((select jsonb_agg(jsonb_build_object('code', g.code, 'name', g.name) order by g.code)
                               from grid g where g.village_id = a.id), '[]') as grids
              from area a left join area p on p.id = a.parent_id
                   or (a.parent_id is null and p.level = 'township' and p.valid_to is null
                       and p.jur <= a.jur and p.jur_end >= a.jur_end)
             where a.level = 'village' and a.valid_to is null
               and cast(:duty as int8multirange) @> int8range(a.jur, a.jur_end)
             order by a.code"""),
        {"duty": duty_ranges(who.duty)},
    )
    return [
        {
            "code": row.code,
            "name": row.name,
            "bare": row.bare,
            "own": row.low is not None and who.covers(row.low, row.high),
            "grids": row.grids,
        }
        for row in rows
    ]


def _held_after(session: Session, plan: Plan, moves: Iterable[Move]) -> int:
    """Placed households of the first area as they will be: those it has now, and who comes and goes."""
    first = plan.changes[0]
    key, at = _key_of(first, 0), 0 if first.level == "village" else 1
    now = session.scalar(
        text(f"""
            select count(*) from household
             where {"village_id" if at == 0 else "grid_id"} = :key and geom is not null and removed_at is null"""),
        {"key": key},
    )
    return int(now or 0) + sum(move.n * ((move.after[at] == key) - (move.before[at] == key)) for move in moves)


def _key_of(change: Change, at: int) -> int:
    """Key of an area; a new one has a negative one by its place in the plan."""
    return change.id if change.id is not None else -1 - at


def _movements(session: Session, plan: Plan, campaign_id: int | None, round_no: int | None) -> list[Move]:
    """Decide memberships as they would be, for what lies in the old and new shape, by the rule of ``data.areas``."""
    ground = shapely.from_wkb(plan.ground)
    ranges = box_ranges(*ground.bounds)
    drafts = [
        {
            "level": change.level,
            "id": _key_of(change, at),
            "code": change.code,
            "village_id": change.village_id,
            "shape": hex_of(change.after) if change.after is not None else None,
        }
        for at, change in enumerate(plan.changes)
    ]
    near = "geom && cast(:shape as geometry)"
    drafted = "select d.id from draft d where d.level = '{level}'"
    villages = f"""
        {VILLAGES} and {near} and id not in ({drafted.format(level="village")})
        union all select d.id, d.code, d.geom from draft d where d.level = 'village' and d.geom is not null"""
    grids = f"""
        {GRIDS} and {near} and id not in ({drafted.format(level="grid")})
        union all
        select d.id, d.code, d.village_id, d.geom from draft d where d.level = 'grid' and d.geom is not null"""
    rows = session.execute(
        text(f"""
            with draft as materialized (
                select level, id, code, village_id, cast(shape as geometry) as geom
                  from jsonb_to_recordset(cast(:drafts as jsonb))
                       as d (level text, id bigint, code text, village_id bigint, shape text)),
            spot as materialized (
                select h.id, h.geom, h.village_id, h.grid_id
                  from unnest(cast(:lows as bigint[]), cast(:highs as bigint[])) r (low, high)
                  join household h on h.morton >= r.low and h.morton < r.high
                 where h.removed_at is null and st_intersects(cast(:shape as geometry), h.geom))
            select s.village_id, s.grid_id, m.village_id as to_village, m.grid_id as to_grid, t.status, count(*) as n
              from spot s join ({members_of("spot", villages=villages, grids=grids)}) m on m.id = s.id
              left join standing t on t.household_id = s.id and t.campaign_id = :campaign and t.round_no = :round
             group by 1, 2, 3, 4, 5"""),
        {
            "drafts": json.dumps(drafts),
            "shape": plan.ground,
            "lows": [low for low, _ in ranges],
            "highs": [high for _, high in ranges],
            "campaign": campaign_id,
            "round": round_no,
        },
    ).all()
    found: dict[tuple[Any, ...], dict[int | None, int]] = {}
    for row in rows:
        way = ((row.village_id, row.grid_id), (row.to_village, row.to_grid))
        by_status = found.setdefault(way, {})
        by_status[row.status] = by_status.get(row.status, 0) + row.n
    return [
        Move(before, after, sum(counts.values()), {s: n for s, n in counts.items() if s is not None})
        for (before, after), counts in found.items()
    ]


def _shifts(
    session: Session, plan: Plan, moves: Iterable[Move], asker: Asker, campaign_id: int, round_no: int
) -> list[Shift]:
    """Coverage of the areas concerned as it is and as it will be: each household takes its standing along."""
    deltas: dict[tuple[str, int], dict[int, int]] = {}
    for move in moves:
        for level, at in (("village", 0), ("grid", 1)):
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
        for row in coverage_by_area(session, campaign_id, round_no, level, within=plan.within, duty=asker.duty):
            if row.id is not None:
                known[(level, row.id)] = row
    shifts = []
    concerned = {(change.level, _key_of(change, at)): change for at, change in enumerate(plan.changes)}
    for level, key in {**concerned, **deltas}:
        change, before = concerned.get((level, key)), known.get((level, key))
        if before is None and change is None:
            continue
        nothing = AreaCoverage(None, None, None, level, False, 0, 0, dict.fromkeys(range(8), 0))
        after = (before or nothing).plus(deltas.get((level, key), {}))
        code = change.code if change else str(before.code if before else "")
        name = change.name if change else str(before.name if before else "")
        gone = change is not None and change.after is None
        shifts.append(Shift(code, name, level, before, None if gone else after))
    return sorted(shifts, key=lambda shift: (shift.level != plan.level, shift.code))


def _names(session: Session, plan: Plan, moves: Iterable[Move]) -> dict[tuple[str, int], str]:
    """Names of the villages and grids that moves name."""
    villages, grids = set(), set()
    for move in moves:
        for village, grid in (move.before, move.after):
            villages.add(village)
            grids.add(grid)
    names = {(change.level, _key_of(change, at)): change.name for at, change in enumerate(plan.changes)}
    for level, table, keys in (("village", "area", villages), ("grid", "grid", grids)):
        rows = session.execute(
            text(f"select id, name from {table} where id = any (:ids)"),
            {"ids": [key for key in keys if key is not None]},
        )
        names |= {(level, row.id): row.name for row in rows}
    return names


def _moves_json(moves: Iterable[Move], names: Mapping[tuple[str, int], str]) -> list[dict[str, Any]]:
    def place(pair: tuple[int | None, int | None]) -> dict[str, str | None] | None:
        village, grid = pair
        if village is None:
            return None
        return {
            "village": names.get(("village", village), ""),
            "grid": names.get(("grid", grid), "") if grid is not None else None,
        }

    listed = [{"n": move.n, "from": place(move.before), "to": place(move.after)} for move in moves]
    return sorted(listed, key=lambda move: (-int(str(move["n"])), str(move["from"]), str(move["to"])))


def _require_nobodys(session: Session, plan: Plan) -> None:
    """Refuse to merge away a grid that is somebody's area of duty: that person would see nothing any more."""
    gone = [int(change.code) for change in plan.changes if change.after is None]
    names = session.scalars(
        text("""
            select distinct g.name from duty d join grid g on g.jur = d.jur and g.jur_end = d.jur_end
             where d.jur = any (:gone) order by 1"""),
        {"gone": gone},
    ).all()
    if names:
        listed = "、".join(names)
        raise EditRefused(
            Text(
                f"没有合并：{listed}是某个账号的辖区，合并后该账号什么也看不到。请先在“账号”里改它的辖区。",
                f"Not merged: {listed} is some account's area of duty, which would see nothing afterwards. "
                "Change the area of that account first.",
            )
        )


def _open_batch(session: Session, plan: Plan, account_id: int | None) -> int:
    first = plan.changes[0]
    where = f"{plan.parent} {first.name}" if plan.level == "grid" else first.name
    number = session.scalar(
        text("""
            insert into batch (kind, file_name, sha256, jur, jur_end, account_id)
            values (:kind, :name, :digest, :jur, :jur_end, :account) returning id"""),
        {
            "kind": KIND,
            "name": f"{ACTS[plan.wish.act].zh}：{where}",
            "digest": hashlib.sha256(plan.ground.encode()).digest(),
            "jur": plan.within[0],
            "jur_end": plan.within[1],
            "account": account_id,
        },
    )
    assert number is not None
    return int(number)


def _write_shapes(session: Session, plan: Plan, batch: int) -> None:
    for change in plan.changes:
        shape = {"shape": hex_of(change.after)} if change.after is not None else {}
        keys = {"id": change.id, "code": change.code, "name": change.name, "batch": batch, **shape}
        if change.level == "village":
            session.execute(
                text("""
                    update area set geom = cast(:shape as geometry), derived = false, source = 'drawn',
                           batch_id = :batch, updated_at = now() where id = :id"""),
                keys,
            )
        elif change.id is None:
            session.execute(
                text("""
                    insert into grid (code, name, village_id, jur, jur_end, geom, batch_id)
                    values (:code, :name, :village, :jur, :jur + 1, cast(:shape as geometry), :batch)"""),
                {**keys, "village": change.village_id, "jur": int(change.code)},
            )
        elif change.after is not None:
            session.execute(
                text("""
                    update grid set geom = cast(:shape as geometry), name = :name, batch_id = :batch,
                           updated_at = now() where id = :id"""),
                keys,
            )
    gone = [change.id for change in plan.changes if change.after is None]
    if not gone:
        return
    kept = plan.changes[0].id
    # Records that name a grid that goes come to the one that stays; the others follow by position.
    for table in ("household", "house", "renovation_site"):
        session.execute(
            text(f"update {table} set grid_id = :kept where grid_id = any (:gone)"), {"kept": kept, "gone": gone}
        )
        alone = "" if table == "household" else " and h.household_id is null"
        settle_jurisdiction(session, table, where=f"h.grid_id = :kept{alone}", params={"kept": kept})
    session.execute(text("delete from grid where id = any (:gone)"), {"gone": gone})


def _moved(session: Session, batch: int) -> list[dict[str, Any]]:
    """Who has moved in a batch, by where from and where to; grids that are gone are named as they were."""
    rows = session.execute(
        text("""
            with was as (
                select c.row_key::bigint as id, (c.before->>'village_id')::bigint as village_id,
                       (c.before->>'grid_id')::bigint as grid_id
                  from batch_change c where c.batch_id = :batch and c.table_name = 'household'),
            gone as (
                select c.row_key::bigint as id, c.before->>'name' as name from batch_change c
                 where c.batch_id = :batch and c.table_name = 'grid' and c.before is not null)
            select v.name as old_village, coalesce(o.name, g.name) as old_grid, w.name as new_village,
                   n.name as new_grid, count(*) as n
              from was join household h on h.id = was.id
              left join area v on v.id = was.village_id left join grid g on g.id = was.grid_id
              left join gone o on o.id = was.grid_id
              left join area w on w.id = h.village_id left join grid n on n.id = h.grid_id
             where h.removed_at is null
               and (was.village_id, was.grid_id) is distinct from (h.village_id, h.grid_id)
             group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4"""),
        {"batch": batch},
    )

    def place(village: str | None, grid: str | None) -> dict[str, str | None] | None:
        return None if village is None else {"village": village, "grid": grid}

    return [
        {"n": row.n, "from": place(row.old_village, row.old_grid), "to": place(row.new_village, row.new_grid)}
        for row in rows
    ]


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "name": change.name,
        "before": hex_of(change.before) if change.before is not None else None,
        "after": hex_of(change.after) if change.after is not None else None,
        "m2": round(area_m2(change.after), 1) if change.after is not None else None,
    }
