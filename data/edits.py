"""Editing boundaries: who would move where, and the edit itself in one transaction.

An edit is a batch, done by the worker as the owner: the database notes what it changes row by row as for an import, and
``data.imports.undo`` takes it back to the bit. Membership follows by the rule of ``data.areas``, on the land that
changes hands and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.askers import Asker
from data.audit import record
from data.edit_changes import Change, key_of
from data.edit_moves import Move, Shift, held_after, movements, moves_json, place_json, shifts_of
from data.edit_plans import Plan, plan_edit
from data.edit_refusals import EditConflict, EditRefused
from data.edit_shapes import hex_of
from data.edit_wishes import Wish
from data.edit_writing import write_edit
from data.imports.batches import bind_account
from data.imports.changes import close_changes, note_changes
from data.imports.limits import Limits, OutsideArea, require_inside
from data.imports.run import IMPORT_LOCK
from data.responsible import responsible_for
from geo.drawing import DrawingRefused
from geo.errors import Text
from geo.measuring import area_m2

KIND = "edit"
ACTS = {
    "draw": Text("新画", "Drawn"),
    "change": Text("改边界", "Boundary changed"),
    "split": Text("分割", "Split"),
    "merge": Text("合并", "Merged"),
    "delete": Text("删除", "Deleted"),
    "grids": Text("划分网格", "Grids made"),
}


@dataclass(frozen=True)
class Preview:
    """What an edit would do.

    Attributes
    ----------
    plan : Plan
    households : int
        How many households the first area holds afterwards.
    moves : list of dict
        ``n``, ``from`` and ``to`` (``{village, grid}`` or ``{village, settlement}`` with their names, None for outside
        every village).
    shifts : list of Shift
        Coverage of each area concerned; empty without a campaign.
    duties : list of dict
        ``name``, ``from`` and ``to`` (codes of grids) of those the asker may know of who answer for just a grid that is
        replaced: their area of duty follows to the grid that takes its place. With the households they see: ``before``,
        ``after``, and ``kept`` of those they see now.
    """

    plan: Plan
    households: int
    moves: list[dict[str, Any]]
    shifts: list[Shift]
    duties: list[dict[str, Any]]

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
    moves = movements(session, plan, campaign_id, round_no)
    shifts = (
        shifts_of(session, plan, moves, asker, campaign_id, round_no)
        if campaign_id is not None and round_no is not None
        else []
    )
    return Preview(
        plan, held_after(session, plan, moves), moves_json(session, plan, moves), shifts, _duties(session, plan, moves)
    )


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
    if plan.making is None:
        _require_nobodys(session, plan)
    bind_account(session, account_id)
    batch = _open_batch(session, plan, account_id)
    note_changes(session, batch)
    counts, followed = write_edit(session, plan, batch)
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
    moves = _moved(session, plan, batch)
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
    for account, jur, old, new in followed:
        record(
            session,
            act="duty_follow",
            object_kind="account",
            object_id=account,
            fields=["duty"],
            details={"edit": done.id, "from": list(old), "to": [list(part) for part in new]},
            jur=jur,
        )
    return done


def _duties(session: Session, plan: Plan, moves: Sequence[Move]) -> list[dict[str, Any]]:
    """Who answers for just one of the grids that are replaced, for which one afterwards, and the households of both."""
    if plan.making is None:
        return []
    numbers = {number_range(heir.code)[0]: heir for heir in plan.heirs}
    found = responsible_for(session, numbers.keys())
    keys = {change.code: key_of(change, at) for at, change in enumerate(plan.changes)}
    held = dict(
        session.execute(
            text(
                "select grid_id, count(*) from household where grid_id = any (:gone) and removed_at is null group by 1"
            ),
            {"gone": [keys[heir.code] for heir in plan.heirs]},
        )
        .tuples()
        .all()
    )
    ways: dict[tuple[int | None, int | None], int] = {}
    for move in moves:
        way = (move.before[1], move.after[1])
        ways[way] = ways.get(way, 0) + move.n
    # Whoever has a grid of the village but lies outside it does not move by position: the heir takes them as well.
    for heir in plan.heirs:
        gone, to = keys[heir.code], keys[heir.to[0]]
        left = held.get(gone, 0) - sum(n for (was, _), n in ways.items() if was == gone)
        ways[(gone, to)] = ways.get((gone, to), 0) + left
    return [
        {
            "name": person.name,
            "from": heir.code,
            "to": heir.to[0],
            "before": held.get(keys[heir.code], 0),
            "after": sum(n for (_, to), n in ways.items() if to == keys[heir.to[0]]),
            "kept": ways[(keys[heir.code], keys[heir.to[0]])],
        }
        for number, heir in sorted(numbers.items())
        for person in found.get(number, ())
        if person.code == heir.code
    ]


def _require_nobodys(session: Session, plan: Plan) -> None:
    """Refuse to merge away a grid that is somebody's area of duty: that person would see nothing any more."""
    gone = [int(change.code) for change in plan.changes if change.gone and change.level == "grid"]
    if not gone:
        return
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
    where = f"{plan.parent} {first.name}" if plan.level != "village" else first.name
    if plan.making is not None:
        where = plan.parent
    number = session.scalar(
        text("""
            insert into batch (kind, file_name, sha256, jur, jur_end, account_id)
            values (:kind, :name, :digest, :jur, :jur_end, :account) returning id"""),
        {
            "kind": KIND,
            "name": f"{ACTS[plan.wish.act].zh}：{where}",
            "digest": hashlib.sha256(plan.revision.encode()).digest(),
            "jur": plan.within[0],
            "jur_end": plan.within[1],
            "account": account_id,
        },
    )
    assert number is not None
    return int(number)


def _moved(session: Session, plan: Plan, batch: int) -> list[dict[str, Any]]:
    """Who has moved in a batch, by where from and where to; what is gone is named as it was."""
    table, part = ("area", "group_id") if plan.is_of_settlements else ("grid", "grid_id")
    rows = session.execute(
        text(f"""
            with was as (
                select c.row_key::bigint as id, (c.before->>'village_id')::bigint as village_id,
                       (c.before->>:part)::bigint as part_id
                  from batch_change c where c.batch_id = :batch and c.table_name = 'household'),
            gone as (
                select c.row_key::bigint as id, c.before->>'name' as name from batch_change c
                 where c.batch_id = :batch and c.table_name = '{table}' and c.before is not null)
            select v.name as old_village, coalesce(o.name, g.name) as old_part, w.name as new_village,
                   n.name as new_part, count(*) as n
              from was join household h on h.id = was.id
              left join area v on v.id = was.village_id left join {table} g on g.id = was.part_id
              left join gone o on o.id = was.part_id
              left join area w on w.id = h.village_id left join {table} n on n.id = h.{part}
             where h.removed_at is null
               and (was.village_id, was.part_id) is distinct from (h.village_id, h.{part})
             group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4"""),
        {"batch": batch, "part": part},
    )

    def place(village: str | None, part: str | None) -> dict[str, str | None] | None:
        return None if village is None else place_json(plan, village, part)

    return [
        {"n": row.n, "from": place(row.old_village, row.old_part), "to": place(row.new_village, row.new_part)}
        for row in rows
    ]


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "code": change.code,
        "was": change.was,
        "name": change.name,
        "level": change.level,
        "before": hex_of(change.before) if change.before is not None else None,
        "after": hex_of(change.after) if change.after is not None else None,
        "m2": round(area_m2(change.after), 1) if change.after is not None else None,
    }
