"""What placing households wrote down: where each was before and after, so that it can be taken back to the bit."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.following import follow_places, follow_visits
from geo.errors import FangtuError, Text

_MANY, _PIECE = 20, 500
# What a placement changes, and by which it is seen whether anybody has changed it since.
_IMAGE = """jsonb_build_object('geom', {t}.geom::text, 'source_system', {t}.source_system, 'placed_by', {t}.placed_by,
    'accuracy_m', {t}.accuracy_m, 'quality', {t}.quality, 'village_id', {t}.village_id, 'grid_id', {t}.grid_id,
    'group_id', {t}.group_id, 'jur', {t}.jur)"""

_PLACE = text(f"""
    with target as (
        select * from jsonb_to_recordset(cast(:targets as jsonb)) as t (
            id bigint, method text, lon float8, lat float8, quality smallint, placed_by text,
            village_id bigint, grid_id bigint, group_id bigint, jur bigint)),
    before as (select h.id, {_IMAGE.format(t="h")} as image from household h join target t on t.id = h.id),
    changed as (
        update household h
           set geom = case when t.lon is not null then st_setsrid(st_makepoint(t.lon, t.lat), 4326) end,
               source_system = case when t.lon is not null then 'wgs84' end, placed_by = t.placed_by,
               accuracy_m = null, quality = t.quality, village_id = t.village_id, grid_id = t.grid_id,
               group_id = t.group_id, jur = t.jur, revision = h.revision + 1, updated_at = now()
          from target t where h.id = t.id
        returning h.id, h.jur, {_IMAGE.format(t="h")} as image)
    insert into placement (bulk_id, household_id, jur, account_id, method, before, after)
    select cast(:bulk as uuid), c.id, c.jur, :account, t.method, b.image, c.image
      from changed c join before b on b.id = c.id join target t on t.id = c.id""")

_RESTORE = text("""
    update household h
       set geom = (p.before->>'geom')::geometry, source_system = p.before->>'source_system',
           placed_by = p.before->>'placed_by', accuracy_m = (p.before->>'accuracy_m')::float8,
           quality = (p.before->>'quality')::smallint, village_id = (p.before->>'village_id')::bigint,
           grid_id = (p.before->>'grid_id')::bigint, group_id = (p.before->>'group_id')::bigint,
           jur = (p.before->>'jur')::bigint, revision = h.revision + 1, updated_at = now()
      from placement p where p.id = any (:ids) and h.id = p.household_id""")


class CannotRestore(FangtuError):
    """A placement was taken back before, or everything it placed has changed since."""

    code = "cannot_restore"


@dataclass(frozen=True)
class Restored:
    """What was taken back, and the households that have changed since and stay as they are."""

    restored: list[int]
    kept: list[int]


def write_placements(
    session: Session, asker: Asker, bulk_id: uuid.UUID, targets: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Put households where they are to be, and write down what was there before; returns their keys.

    Parameters
    ----------
    bulk_id : UUID
        Number of the act.
    targets : sequence of mappings
        ``id, method, lon, lat, quality, placed_by, village_id, grid_id, group_id, jur``, of households the asker may
        see and places the asker may use; without ``lon`` the household has no position.
    """
    if not targets:
        return []
    placed = [target["id"] for target in targets]
    with _planned_for(session, len(targets)):
        # In pieces, so that no single statement runs into the application's time limit.
        for start in range(0, len(targets), _PIECE):
            piece = targets[start : start + _PIECE]
            session.execute(_PLACE, {"targets": json.dumps(list(piece)), "bulk": bulk_id, "account": asker.account_id})
            _follow(session, placed[start : start + _PIECE])
    methods: dict[str, int] = {}
    for target in targets:
        methods[target["method"]] = methods.get(target["method"], 0) + 1
    _record(session, asker, "place", bulk_id, placed, {"methods": methods})
    return placed


def undo_placing(session: Session, asker: Asker, bulk_id: uuid.UUID) -> Restored:
    """Put households back where they were before an act, unless somebody has changed them since.

    Raises
    ------
    RecordUnknown
        If there is no such act in the asker's area of duty.
    CannotRestore
        If it was taken back before, or all its households have changed since.
    """
    rows = session.execute(
        text(f"""
            select p.id, p.household_id, p.undone_at, h.id is not null and {_IMAGE.format(t="h")} = p.after as same
              from placement p left join household h on h.id = p.household_id and h.removed_at is null
             where p.bulk_id = :bulk order by p.household_id"""),
        {"bulk": bulk_id},
    ).all()
    if not rows:
        raise RecordUnknown
    open_rows = [row for row in rows if row.undone_at is None]
    if not open_rows:
        raise CannotRestore(
            Text("这次放置已经撤销过，没有再改动。", "This placing was taken back before; nothing was changed."),
            found="undone",
        )
    same = [row for row in open_rows if row.same]
    if not same:
        raise CannotRestore(
            Text(
                "没有撤销：这些农户的位置后来又有改动，请逐户核对。",
                "Not taken back: the places of these households have changed since. Check them one by one.",
            ),
            found="changed",
        )
    restored = [row.household_id for row in same]
    with _planned_for(session, len(same)):
        for start in range(0, len(same), _PIECE):
            keys = {"ids": [row.id for row in same[start : start + _PIECE]]}
            session.execute(_RESTORE, keys)
            session.execute(text("update placement set undone_at = now() where id = any (:ids)"), keys)
            _follow(session, restored[start : start + _PIECE])
    kept = [row.household_id for row in open_rows if not row.same]
    _record(session, asker, "place_undo", bulk_id, restored, {"restored": len(restored), "kept": len(kept)})
    return Restored(restored, kept)


def _follow(session: Session, households: Sequence[int]) -> None:
    keys = {"ids": list(households)}
    follow_places(session, "h.id = any (:ids)", keys)
    follow_visits(session, "h.id = any (:ids)", keys)


@contextmanager
def _planned_for(session: Session, count: int) -> Iterator[None]:
    """Let many rows be joined at once.

    Below row-level security the planner cannot guess how many rows a range of jurisdiction numbers holds, and would
    read the index of a whole township anew for each household.
    """
    if count <= _MANY:
        yield
        return
    session.execute(text("set local enable_nestloop = off"))
    yield
    session.execute(text("set local enable_nestloop = on"))


def _record(
    session: Session, asker: Asker, act: str, bulk_id: uuid.UUID, households: Sequence[int], details: dict[str, Any]
) -> None:
    """Write one audit row: of the household itself where it is one, else of the act."""
    jur = session.scalar(text("select min(jur) from household where id = any (:ids)"), {"ids": list(households)})
    single = len(households) == 1
    record(
        session,
        act=act,
        object_kind="household" if single else "placement",
        object_id=households[0] if single else bulk_id,
        fields=["place"],
        details={**details, "households": len(households), "act": str(bulk_id)},
        jur=int(jur or asker.duty[0][0]),
    )
