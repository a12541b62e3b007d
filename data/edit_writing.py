"""Writing an edit of boundaries as the owner: the shapes, and everything that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range, reassign_within, settle_jurisdiction
from data.db import rows_changed
from data.edit_changes import Change, key_of
from data.edit_moves import settlement_moves, unplaced_moves
from data.edit_plans import Plan
from data.edit_shapes import hex_of
from data.rules.words import BY_HAMLET, BY_VILLAGE

Range = tuple[int, int]
# An account, the number it is administered under, an area of duty it had, and those it has for it now.
Followed = tuple[int, int, Range, list[Range]]


def write_edit(session: Session, plan: Plan, batch: int) -> tuple[dict[str, int], list[Followed]]:
    """Write what a plan says; gives how many records changed, and the duties that followed."""
    if plan.is_of_settlements:
        return {"households": _write_settlements(session, plan, batch)}, []
    carried = unplaced_moves(session, plan)
    keys = _write_areas(session, plan, batch)
    _hand_on_grids(session, plan, keys)
    counts = {"households": 0, "houses": 0, "sites": 0, "visits": 0}
    if plan.ground is not None:
        counts = reassign_within(session, plan.ground)
    if not plan.heirs:
        return counts, []
    counts["households"] += _carry(session, carried, keys)
    _renumber_rest(session, plan, keys)
    return counts, _follow_duties(session, plan)


def _write_settlements(session: Session, plan: Plan, batch: int) -> int:
    """Write settlements and who belongs to them; where a household is known by one that ends, it is known by less."""
    rows = settlement_moves(session, plan)
    keys = _write_areas(session, plan, batch)
    if not rows:
        return 0
    result = session.execute(
        text(f"""
            update household t set group_id = f.group_id,
                   quality = case when t.geom is null and f.group_id is null and t.quality = {BY_HAMLET}
                                  then {BY_VILLAGE} else t.quality end
              from unnest(cast(:ids as bigint[]), cast(:groups as bigint[])) as f (id, group_id) where t.id = f.id"""),
        {"ids": [row.id for row in rows], "groups": [keys.get(row.to_part, row.to_part) for row in rows]},
    )
    return rows_changed(result)


def _write_areas(session: Session, plan: Plan, batch: int) -> dict[int, int]:
    """Write villages, then grids and settlements; gives the keys of new ones by those they have in the plan."""
    keys: dict[int, int] = {}
    kept = plan.changes[0]
    order = sorted(enumerate(plan.changes), key=lambda pair: (pair[1].level != "village", pair[1].gone))
    for at, change in order:
        change = replace(change, village_id=keys.get(change.village_id, change.village_id))
        if change.gone and change.level == "grid":
            continue  # its records are handed on first
        if change.gone:
            _end_area(session, change, kept, batch)
        elif change.id is None:
            keys[key_of(change, at)] = _add(session, change, kept, batch)
        else:
            _change(session, change, batch)
        if change.was is not None:
            _remember(session, change)
    return keys


def _values(change: Change, batch: int) -> dict[str, Any]:
    low, high = number_range(change.code.split("-")[0])
    return {
        "id": change.id,
        "code": change.code,
        "name": change.name,
        "level": change.level,
        "village": change.village_id,
        "jur": low,
        "jur_end": high,
        "shape": hex_of(change.after) if change.after is not None else None,
        "batch": batch,
    }


def _add(session: Session, change: Change, kept: Change, batch: int) -> int:
    if change.level == "grid":
        sql = """
            insert into grid (code, name, village_id, jur, jur_end, geom, batch_id)
            values (:code, :name, :village, :jur, :jur_end, cast(:shape as geometry), :batch) returning id"""
    else:
        sql = """
            insert into area (code, name, level, parent_id, jur, jur_end, geom, source, valid_from, batch_id)
            values (:code, :name, :level,
                    case when :level = 'village' then (select parent_id from area where id = :kept) else :village end,
                    :jur, :jur_end, cast(:shape as geometry), 'drawn', current_date, :batch) returning id"""
    values = {**_values(change, batch), **({} if change.level == "grid" else {"kept": kept.id})}
    return int(session.scalar(text(sql), values) or 0)


def _change(session: Session, change: Change, batch: int) -> None:
    """Write an area that stays; one whose outline was only derived is derived no longer once it was drawn."""
    if change.level == "grid":
        sql = """
            update grid set code = :code, jur = :jur, jur_end = :jur_end, village_id = :village,
                   geom = cast(:shape as geometry), name = :name, batch_id = :batch, updated_at = now()
             where id = :id"""
    elif change.level == "village":
        sql = """
            update area set geom = cast(:shape as geometry), name = :name, derived = false, source = 'drawn',
                   batch_id = :batch, updated_at = now() where id = :id"""
    else:
        drawn = "" if change.before is change.after else "derived = false, source = 'drawn',"
        sql = f"""
            update area set code = :code, jur = :jur, jur_end = :jur_end, parent_id = :village, name = :name, {drawn}
                   geom = cast(:shape as geometry), batch_id = :batch, updated_at = now() where id = :id"""
    session.execute(text(sql), _values(change, batch))


def _end_area(session: Session, change: Change, kept: Change, batch: int) -> None:
    """Let a village or settlement end; merged into another, its codes and names are older ones of that."""
    session.execute(
        text("update area set valid_to = current_date, batch_id = :batch, updated_at = now() where id = :id"),
        {"id": change.id, "batch": batch},
    )
    if kept.gone:
        return
    low, high = number_range(kept.code.split("-")[0])
    values = {"id": change.id, "kept": kept.id, "jur": low, "jur_end": high, "code": change.code, "name": change.name}
    session.execute(
        text("""
            update area_alias x set area_id = :kept, jur = :jur, jur_end = :jur_end
             where x.area_id = :id and not exists (
                   select 1 from area_alias y
                    where y.area_id = :kept and (y.name, y.code) is not distinct from (x.name, x.code))"""),
        values,
    )
    session.execute(
        text("""
            insert into area_alias (area_id, jur, jur_end, name, code, valid_to)
            values (:kept, :jur, :jur_end, :name, :code, current_date) on conflict do nothing"""),
        values,
    )


def _remember(session: Session, change: Change) -> None:
    """Keep the code an area had as an older one: of the settlement itself, or of the grid at its village."""
    low, high = number_range(change.code.split("-")[0])
    session.execute(
        text("""
            insert into area_alias (area_id, jur, jur_end, code, valid_to)
            values (:area, :jur, :jur_end, :was, current_date) on conflict do nothing"""),
        {
            "area": change.village_id if change.level == "grid" else change.id,
            "jur": low,
            "jur_end": high,
            "was": change.was,
        },
    )


def _hand_on_grids(session: Session, plan: Plan, keys: dict[int, int]) -> None:
    """Records that name a grid that goes come to its heir, else to the one that stays; others follow by position."""
    ids = {change.code: keys.get(key_of(change, at), key_of(change, at)) for at, change in enumerate(plan.changes)}
    heirs = {heir.code: ids[heir.to[0]] for heir in plan.heirs}
    gone = {
        change.id: heirs.get(change.code, plan.changes[0].id)
        for change in plan.changes
        if change.gone and change.level == "grid"
    }
    if not gone:
        return
    values = {"gone": list(gone), "kept": list(gone.values())}
    for table in ("household", "house", "renovation_site"):
        session.execute(
            text(f"""
                update {table} t set grid_id = f.kept
                  from unnest(cast(:gone as bigint[]), cast(:kept as bigint[])) as f (gone, kept)
                 where t.grid_id = f.gone"""),
            values,
        )
        alone = "" if table == "household" else " and h.household_id is null"
        settle_jurisdiction(session, table, where=f"h.grid_id = any (:kept){alone}", params={"kept": values["kept"]})
    session.execute(text("delete from grid where id = any (:gone)"), {"gone": values["gone"]})


def _carry(session: Session, rows: Sequence[Any], keys: dict[int, int]) -> int:
    """Write village, grid and number of households without a position that go along, and of what hangs on them."""
    if not rows:
        return 0
    values = {
        "ids": [row.id for row in rows],
        "villages": [keys.get(row.to_village, row.to_village) for row in rows],
        "grids": [keys.get(row.to_part, row.to_part) for row in rows],
    }
    result = session.execute(
        text("""
            update household t set village_id = f.village, grid_id = f.grid, jur = coalesce(g.jur, v.jur)
              from unnest(cast(:ids as bigint[]), cast(:villages as bigint[]), cast(:grids as bigint[]))
                   as f (id, village, grid) join area v on v.id = f.village left join grid g on g.id = f.grid
             where t.id = f.id"""),
        values,
    )
    for table in ("house", "renovation_site"):
        session.execute(
            text(f"""
                update {table} t set village_id = h.village_id, grid_id = h.grid_id from household h
                 where h.id = any (:ids) and t.household_id = h.id and t.geom is null"""),
            {"ids": values["ids"]},
        )
    return rows_changed(result)


def _renumber_rest(session: Session, plan: Plan, keys: dict[int, int]) -> None:
    """Give the numbers of heirs to records that neither lie on a map nor hang on a household."""
    ids = {change.code: keys.get(key_of(change, at), key_of(change, at)) for at, change in enumerate(plan.changes)}
    villages = {change.code: keys.get(change.village_id, change.village_id) for change in plan.changes}
    for heir in plan.heirs:
        if heir.code in heir.to:
            continue
        values = {
            "low": number_range(heir.code)[0],
            "high": number_range(heir.code)[1],
            "jur": number_range(heir.to[0])[0],
            "grid": ids[heir.to[0]],
            "village": villages[heir.to[0]],
        }
        inside = "t.jur >= :low and t.jur < :high"
        for table in ("house", "renovation_site"):
            session.execute(
                text(f"""
                    update {table} t set jur = :jur, village_id = :village, grid_id = :grid
                     where {inside} and t.household_id is null and t.geom is null"""),
                values,
            )
        session.execute(
            text(f"update visit t set jur = :jur where {inside} and t.household_id is null and t.geom is null"),
            {name: values[name] for name in ("low", "high", "jur")},
        )
        session.execute(
            text(f"update base_feature t set jur = :jur where {inside}"),
            {name: values[name] for name in ("low", "high", "jur")},
        )


def _follow_duties(session: Session, plan: Plan) -> list[Followed]:
    """Let duties follow the land they were given for: nobody gets more by an edit, and nobody loses anything."""
    followed: list[Followed] = []
    for heir in plan.heirs:
        old, new = number_range(heir.code), [number_range(code) for code in heir.to]
        holders = session.execute(
            text("""
                select d.id, d.account_id, a.jur from duty d join account a on a.id = d.account_id
                 where d.jur = :low and d.jur_end = :high order by d.id"""),
            {"low": old[0], "high": old[1]},
        ).all()
        for holder in holders:
            if old not in new:
                session.execute(text("delete from duty where id = :id"), {"id": holder.id})
            for low, high in new:
                session.execute(
                    text("""
                        insert into duty (account_id, jur, jur_end) values (:account, :low, :high)
                        on conflict do nothing"""),
                    {"account": holder.account_id, "low": low, "high": high},
                )
            followed.append((holder.account_id, holder.jur, old, new))
    return followed
