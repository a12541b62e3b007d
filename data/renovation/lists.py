"""Lists of offices that were compared: which there are, their rows by outcome, confirming a row, withdrawing a list."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.areas import area_range
from data.askers import Asker, RecordUnknown
from data.audit import record
from data.masks import mask_id
from data.renovation.list_comparison import outcome_of, place_of
from data.renovation.steps import stated_reason
from data.renovation.unfit import RenovationUnfit, lacking
from data.sealing import Sealer
from geo.errors import Text

PAGE = 100


def list_lists(session: Session, within: tuple[int, int]) -> list[dict[str, Any]]:
    """Lists whose area touches a range, the newest day first: head, counts, who and when; withdrawn ones as such."""
    rows = session.execute(
        text("""
            select l.id, l.office, l.on_day, l.name, l.counts, l.compared_at, l.at, l.withdrawn_at, l.withdraw_reason,
                   l.account_id, c.full_name as who, a.name as area, a.code as area_code
              from aid_list l left join area a on a.id = l.area_id left join account c on c.id = l.account_id
             where l.jur < :hi and l.jur_end > :lo order by l.on_day desc, l.id desc"""),
        {"lo": within[0], "hi": within[1]},
    )
    return [dict(row) for row in rows.mappings()]


def find_list(session: Session, list_id: int) -> Row[Any]:
    """One list.

    Raises
    ------
    RecordUnknown
        If there is none of that number for the asker.
    """
    found = session.execute(
        text("""
            select l.*, c.full_name as who, a.name as area, a.code as area_code
              from aid_list l left join area a on a.id = l.area_id left join account c on c.id = l.account_id
             where l.id = :id"""),
        {"id": list_id},
    ).one_or_none()
    if found is None:
        raise RecordUnknown
    return found


def list_counts(session: Session, list_id: int) -> dict[str, int]:
    """Rows of a list by outcome, of those the asker sees."""
    rows = session.execute(
        text("select outcome, count(*)::integer as n from aid_list_row where list_id = :id group by 1"), {"id": list_id}
    )
    return {row.outcome: row.n for row in rows}


def list_rows(
    session: Session, list_id: int, sealer: Sealer, outcome: str = "", page: int = 1, size: int | None = PAGE
) -> list[dict[str, Any]]:
    """Rows of a list in the order of the file, those missing from it last; ID numbers masked.

    Parameters
    ----------
    outcome : str
        A key of ``LIST_OUTCOME``; all but ``agrees`` if empty.
    size : int or None
        Rows on a page; None for all.
    """
    rows = session.execute(
        text("""
            select r.id, r.no, r.stated_name, r.stated_area, r.stated_group, r.id_sealed, r.aid_group, r.monitored,
                   r.valid_from, r.valid_until, r.outcome, r.household_id, r.confirmed_at, c.full_name as confirmed_by,
                   h.code as household_code, h.head_name, h.aid_group as our_group, v.name as village
              from aid_list_row r left join household h on h.id = r.household_id
              left join area v on v.id = h.village_id left join account c on c.id = r.confirmed_by
             where r.list_id = :id and case when :outcome = '' then r.outcome <> 'agrees' else r.outcome = :outcome end
             order by r.no nulls last, r.id limit :size offset :skip"""),
        {"id": list_id, "outcome": outcome, "size": size, "skip": (size or 0) * (page - 1)},
    ).mappings()
    return [
        {
            **{name: row[name] for name in row if name != "id_sealed"},
            "id_number": mask_id(sealer.open(row["id_sealed"], place_of(list_id), row["no"]))
            if row["id_sealed"] is not None
            else None,
        }
        for row in rows
    ]


def confirm_row(session: Session, asker: Asker | None, list_id: int, row_id: int) -> str:
    """Say that a row found by name and village is the household: from then on it counts as one with an ID number.

    Returns
    -------
    str
        The outcome it has now.

    Raises
    ------
    RecordUnknown
        If the asker sees no such row.
    RenovationUnfit
        If it waits for no confirmation.
    """
    row = session.execute(
        text("""
            select r.id, r.outcome, r.aid_group, r.valid_from, r.valid_until, r.jur, l.on_day, h.aid_group as ours
              from aid_list_row r join aid_list l on l.id = r.list_id left join household h on h.id = r.household_id
             where r.id = :id and r.list_id = :list for update of r"""),
        {"id": row_id, "list": list_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.outcome != "to_confirm":
        raise RenovationUnfit(
            Text("没有保存：这一行不待确认。", "Not saved: this row waits for no confirmation."), found=row.outcome
        )
    now = outcome_of(row.aid_group, row.ours, row.on_day, row.valid_from, row.valid_until)
    session.execute(
        text("""
            update aid_list_row set outcome = :outcome, confirmed_by = :who, confirmed_at = now() where id = :id"""),
        {"id": row_id, "outcome": now, "who": asker.account_id if asker else None},
    )
    record(session, act="list_confirm", object_kind="aid_list", object_id=list_id, jur=row.jur)
    return now


def withdraw_list(session: Session, list_id: int, reason: str) -> None:
    """Withdraw a list that was a mistake: it speaks of nobody any more, and stays with the reason.

    Raises
    ------
    RecordUnknown, RenovationUnfit
        If there is none, or it was withdrawn, or no reason is given.
    """
    found = find_list(session, list_id)
    if found.withdrawn_at is not None:
        raise RenovationUnfit(Text("没有保存：名单已撤回。", "Not saved: the list was withdrawn already."))
    changed = session.execute(
        text("update aid_list set withdrawn_at = now(), withdraw_reason = :why where id = :id returning id"),
        {"id": list_id, "why": stated_reason(reason)},
    ).one_or_none()
    if changed is None:
        raise RecordUnknown
    record(session, act="list_withdraw", object_kind="aid_list", object_id=list_id, jur=found.jur)


def area_of_list(session: Session, code: str | None) -> int:
    """Key of the area of a list by its code; without one the topmost area, if there is only one.

    Raises
    ------
    RenovationUnfit
        If no code is given and several areas lie in no other.
    CodeUnknown
        If nothing has the code.
    """
    if code:
        jur, jur_end = area_range(session, code)
        keys = session.execute(
            text(
                "select id, name from area where jur = :lo and jur_end = :hi and valid_to is null order by id limit 1"
            ),
            {"lo": jur, "hi": jur_end},
        ).all()
    else:
        keys = session.execute(
            text("""
                select a.id, a.code || ' ' || a.name as name from area a where a.valid_to is null and not exists (
                    select from area b where b.valid_to is null and b.jur <= a.jur and b.jur_end >= a.jur_end
                       and b.jur_end - b.jur > a.jur_end - a.jur) order by a.code limit 20"""),
        ).all()
    if len(keys) != 1:
        names = "、".join(key.name for key in keys) or "—"
        raise lacking("area", f"请写明名单范围的代码：{names}", f"say which area the list is of: {names}", found=code)
    return int(keys[0].id)
