"""Settling marks from the field: a supervisor accepts or refuses them, and can take that back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.areas import hold_boundaries, members_of
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.marks import as_json, current_values, hold_household, write_field
from data.placements import undo_placing
from data.placing import Wish, place_many
from geo.errors import FangtuError, Text

ACCEPT, REFUSE, LATER = "accept", "refuse", "later"
METHOD = "mark"
LEAST_REASON, MOST_REASON = 2, 500
_OPEN = ("proposed", "suspected")
# What moving a house changes, and by which it is seen whether anybody has changed it since.
_IMAGE = """jsonb_build_object('geom', t.geom::text, 'source_system', t.source_system, 'placed_by', t.placed_by,
    'accuracy_m', t.accuracy_m, 'quality', t.quality, 'village_id', t.village_id, 'grid_id', t.grid_id, 'jur', t.jur)"""
# Where a mark lies, as the records do: by its household if it has one, else by its own place.
_PLACE = f"""
    with spot as materialized (select no as id, geom from mark where no = :no)
    select coalesce(h.village_id, m.village_id) as village_id, coalesce(h.grid_id, m.grid_id) as grid_id,
           coalesce(h.jur, g.jur, v.jur, k.jur) as jur
      from mark k left join ({members_of("spot")}) m on m.id = k.no
      left join area v on v.id = m.village_id left join grid g on g.id = m.grid_id
      left join household h on h.id = k.household_id
     where k.no = :no"""


class MarkRefused(FangtuError):
    """A mark that cannot be settled so, or not be taken back; nothing was changed."""

    code = "mark_refused"


def settle_mark(
    session: Session,
    asker: Asker,
    number: int,
    decision: str,
    reason: str = "",
    choices: Mapping[str, str] | None = None,
) -> str:
    """Accept or refuse a mark.

    Parameters
    ----------
    number : int
        Of the mark.
    decision : str
        ``accept`` or ``refuse``. A correction goes by ``choices`` instead, where they are given.
    reason : str
        In the person's own words; needed for a refusal.
    choices : mapping, optional
        Of a correction: ``accept``, ``refuse`` or ``later`` by field; fields that are not named wait.

    Returns
    -------
    str
        Its state afterwards.

    Raises
    ------
    RecordUnknown
        If there is no such mark for the asker.
    MarkRefused
        If it is settled already, a refusal has no reason, or what it asks for cannot be done.
    """
    mark = _hold(session, number)
    if mark.state not in _OPEN:
        raise MarkRefused(Text("没有改动：这条标注已经处理过。", "Nothing was changed: this mark is settled already."))
    words = " ".join(reason.split())[:MOST_REASON]
    picked = dict(choices or {})
    refuses = REFUSE in picked.values() if picked else decision == REFUSE
    if refuses and len(words) < LEAST_REASON:
        raise MarkRefused(Text("没有保存：不采纳须写明理由，走访员会看到。", "Not saved: say why it is not accepted."))
    if decision not in (ACCEPT, REFUSE):
        raise MarkRefused(Text("没有保存：请选择采纳或不采纳。", "Not saved: choose to accept or to refuse."))
    undo: dict[str, Any] = {}
    if mark.kind == "correction":
        state = _settle_fields(session, mark, decision, picked)
    elif decision == REFUSE:
        state = "refused"
    else:
        state = "accepted"
        undo = _apply(session, asker, mark)
    session.execute(
        text("""
            update mark set state = :state, reason = :reason, settled_by = :account, settled_who = :who,
                   settled_at = now(), undo = cast(:undo as jsonb), house_id = coalesce(:house, house_id),
                   updated_at = now() where no = :no"""),
        {
            "no": number,
            "state": state,
            "reason": words or None,
            "account": asker.account_id,
            "who": asker.full_name,
            "undo": as_json(undo or None),
            "house": undo.get("new_house"),
        },
    )
    _record(session, mark, "mark_refuse" if state == "refused" else "mark_accept", words, picked)
    return state


def undo_mark(session: Session, asker: Asker, number: int) -> None:
    """Take back how a mark was settled: what it changed is as before, and it waits again.

    Raises
    ------
    RecordUnknown
        If there is no such mark for the asker.
    MarkRefused, CannotRestore
        If it is not settled, or what it changed was changed again since.
    """
    mark = _hold(session, number)
    fields = _fields(session, mark)
    if mark.state in _OPEN and not any(row.state != "proposed" for row in fields):
        raise MarkRefused(Text("没有改动：这条标注还没有处理。", "Nothing was changed: this mark is not settled yet."))
    if mark.kind == "correction":
        _put_back_fields(session, mark, fields)
    elif mark.undo:
        _put_back(session, asker, mark)
    session.execute(
        text("""
            update mark set state = :state, reason = null, settled_by = null, settled_who = null, settled_at = null,
                   undo = null, updated_at = now() where no = :no"""),
        {"no": number, "state": "suspected" if mark.kind == "impression" and mark.suspected else "proposed"},
    )
    _record(session, mark, "mark_undo", "", {})


def _hold(session: Session, number: int) -> Row[Any]:
    row = session.execute(
        text("""
            select no, id, kind, household_id, house_id, jur, state, suspected, undo, st_x(geom) as lon,
                   st_y(geom) as lat from mark where no = :no for update"""),
        {"no": number},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _apply(session: Session, asker: Asker, mark: Row[Any]) -> dict[str, Any]:
    """Do what an accepted mark asks for; gives what is needed to take it back."""
    if mark.kind == "new_house":
        return {"new_house": _add_house(session, asker, mark)}
    if mark.kind != "moved":
        return {}
    undo: dict[str, Any] = {}
    if mark.household_id is not None:
        wish = Wish(mark.household_id, METHOD, mark.lon, mark.lat, quality=1)
        done = place_many(session, asker, [wish])
        if done.refused:
            raise MarkRefused(done.refused[0][1])
        undo["bulk"] = str(done.bulk_id)
    if mark.house_id is not None:
        undo |= _move_house(session, asker, mark)
    if not undo:
        raise MarkRefused(
            Text(
                "没有采纳：要移动的户或房屋已不在名册。",
                "Not accepted: the household or house to move is no longer there.",
            )
        )
    return undo


def _add_house(session: Session, asker: Asker, mark: Row[Any]) -> int:
    hold_boundaries(session)
    place = session.execute(text(_PLACE), {"no": mark.no}).one()
    _require_own(asker, place.jur)
    return int(
        session.scalar(
            text("""
                insert into house (natural_key, household_id, jur, village_id, grid_id, geom, source_system, placed_by,
                                   accuracy_m, quality, outline, remark)
                select 'mark:' || id, household_id, :jur, :village, :grid, geom, source_system, placed_by, accuracy_m,
                       quality, st_multi(st_collectionextract(st_makevalid(outline), 3)), remark
                  from mark where no = :no returning id"""),
            {"no": mark.no, "jur": place.jur, "village": place.village_id, "grid": place.grid_id},
        )
        or 0
    )


def _move_house(session: Session, asker: Asker, mark: Row[Any]) -> dict[str, Any]:
    hold_boundaries(session)
    place = session.execute(text(_PLACE), {"no": mark.no}).one()
    before = session.execute(
        text(f"select t.household_id, {_IMAGE} as image from house t where t.id = :id for update"),
        {"id": mark.house_id},
    ).one_or_none()
    if before is None:
        return {}
    jur = before.image["jur"] if before.household_id is not None else place.jur
    _require_own(asker, jur)
    after = session.scalar(
        text(f"""
            update house t set geom = m.geom, source_system = m.source_system, placed_by = m.placed_by,
                   accuracy_m = m.accuracy_m, quality = m.quality, village_id = :village, grid_id = :grid, jur = :jur,
                   updated_at = now()
              from mark m where m.no = :no and t.id = m.house_id returning {_IMAGE}"""),
        {"no": mark.no, "village": place.village_id, "grid": place.grid_id, "jur": jur},
    )
    return {"house": {"before": before.image, "after": after}}


def _require_own(asker: Asker, jur: int) -> None:
    if not asker.covers(jur):
        raise MarkRefused(
            Text(
                "没有采纳：标注的位置不在您的辖区，请转交当地主管。",
                "Not accepted: the place lies outside your area of duty; pass it on to its supervisor.",
            )
        )


def _put_back(session: Session, asker: Asker, mark: Row[Any]) -> None:
    changed = MarkRefused(
        Text(
            "没有撤销：之后又有改动或新的记录，请在该户或该房屋上核对。",
            "Not taken back: it was changed since, or has new records. Check the household or house.",
        )
    )
    undo: dict[str, Any] = mark.undo
    if "new_house" in undo:
        try:
            with session.begin_nested():
                gone = session.execute(
                    text("""
                        delete from house where id = :id and natural_key = 'mark:' || :mark
                           and updated_at = created_at returning id"""),
                    {"id": undo["new_house"], "mark": str(mark.id)},
                ).one_or_none()
                session.execute(text("set constraints all immediate"))
                session.execute(text("set constraints all deferred"))
        except IntegrityError as error:
            raise changed from error
        if gone is None:
            raise changed
    if "house" in undo:
        restored = session.execute(
            text(f"""
                update house t set geom = (b->>'geom')::geometry, source_system = b->>'source_system',
                       placed_by = b->>'placed_by', accuracy_m = (b->>'accuracy_m')::float8,
                       quality = (b->>'quality')::smallint, village_id = (b->>'village_id')::bigint,
                       grid_id = (b->>'grid_id')::bigint, jur = (b->>'jur')::bigint, updated_at = now()
                  from (values (cast(:before as jsonb))) as was (b)
                 where t.id = :id and {_IMAGE} = cast(:after as jsonb) returning t.id"""),
            {
                "id": mark.house_id,
                "before": json.dumps(undo["house"]["before"]),
                "after": json.dumps(undo["house"]["after"]),
            },
        ).one_or_none()
        if restored is None:
            raise changed
    if "bulk" in undo:
        undo_placing(session, asker, uuid.UUID(undo["bulk"]))


def _fields(session: Session, mark: Row[Any]) -> list[Row[Any]]:
    return list(
        session.execute(
            text("""
                select field, base, value, before, state from mark_change
                 where mark_id = :id order by field for update"""),
            {"id": str(mark.id)},
        )
    )


def _settle_fields(session: Session, mark: Row[Any], decision: str, choices: dict[str, str]) -> str:
    """Decide the fields of a correction that wait; gives the state of the whole."""
    fields = _fields(session, mark)
    home = hold_household(session, mark.household_id) if mark.household_id is not None else None
    states = []
    for row in fields:
        chosen = choices.get(row.field, LATER) if choices else decision
        if row.state != "proposed" or chosen not in (ACCEPT, REFUSE):
            states.append(row.state)
            continue
        if chosen == ACCEPT and home is None:
            raise MarkRefused(
                Text("没有采纳：该户已不在名册。", "Not accepted: the household is no longer in the register.")
            )
        before = None
        if chosen == ACCEPT and home is not None:
            before = current_values(home)[row.field]
            write_field(session, home.id, row.field, row.value)
        states.append("applied" if chosen == ACCEPT else "refused")
        _set_field(session, mark, row.field, states[-1], before)
    if "proposed" in states:
        return "proposed"
    return "accepted" if "applied" in states else "refused"


def _put_back_fields(session: Session, mark: Row[Any], fields: list[Row[Any]]) -> None:
    home = hold_household(session, mark.household_id) if mark.household_id is not None else None
    for row in fields:
        if row.state == "applied":
            if home is None or current_values(home)[row.field] != row.value:
                raise MarkRefused(
                    Text(
                        "没有撤销：该户的信息之后又改过，请在该户页面上核对。",
                        "Not taken back: the household was changed again since. Check it on its page.",
                    ),
                    field=row.field,
                )
            write_field(session, home.id, row.field, row.before)
        _set_field(session, mark, row.field, "proposed", None)


def _set_field(session: Session, mark: Row[Any], field: str, state: str, before: Any) -> None:
    session.execute(
        text("""
            update mark_change set state = :state, before = cast(:before as jsonb)
             where mark_id = :id and field = :field"""),
        {"id": str(mark.id), "field": field, "state": state, "before": as_json(before)},
    )


def _record(session: Session, mark: Row[Any], act: str, reason: str, choices: dict[str, str]) -> None:
    record(
        session,
        act=act,
        object_kind="mark",
        object_id=mark.no,
        fields=sorted(choices),
        reason=reason or None,
        details={"kind": mark.kind},
        jur=mark.jur,
    )
