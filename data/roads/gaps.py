"""What a person says of a gap: closed by a piece of road drawn across it, or none; and taking that back."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.db import rows_changed
from data.roads.health import Health
from geo.errors import FangtuError, Text
from geo.roads.gaps import Gap

CLOSED, NO_GAP = "closed", "no_gap"
CHOICES = {CLOSED: Text("已接通", "Closed"), NO_GAP: Text("不是断头", "Not a gap")}


class GapRefused(FangtuError):
    """What was said of a gap is not taken; nothing was changed."""

    code = "gap_refused"


def settle_gap(session: Session, asker: Asker, health: Health, key: str, choice: str) -> int:
    """Close a gap, or say that it is none.

    Parameters
    ----------
    health : Health
        As the network is now; the gap must be one of it.
    key : str
        Of the gap.
    choice : str
        ``closed``: a piece of road of the class at its start joins the two, for everyone who may use that. ``no_gap``:
        it is not shown again.

    Returns
    -------
    int
        Number of what was said.

    Raises
    ------
    GapRefused
        If there is no such gap now, or its middle lies outside the asker's area of duty.
    """
    if choice not in CHOICES:
        raise GapRefused(Text("没有保存：请选择接通或不是断头。", "Not saved: choose closed or not a gap."))
    gap = next((one for one in health.gaps if one.key == key), None)
    if gap is None:
        raise GapRefused(
            Text(
                "没有保存：这处断头已经处理，或路网已更新。请刷新。",
                "Not saved: this gap is settled, or the roads have changed. Refresh.",
            )
        )
    jur = _place_of(session, asker, gap)
    edge = _add_edge(session, asker, gap, jur) if choice == CLOSED else None
    number = session.scalar(
        text("""
            insert into road_gap (key, choice, length_m, geom, edge_id, jur, account_id, actor)
            values (:key, :choice, :length,
                    st_setsrid(st_makeline(st_makepoint(:ax, :ay), st_makepoint(:bx, :by)), 4326),
                    :edge, :jur, :account, :actor) returning id"""),
        {
            "key": key,
            "choice": choice,
            "length": gap.length_m,
            **_ends(gap),
            "edge": edge,
            "jur": jur,
            "account": asker.account_id,
            "actor": asker.full_name,
        },
    )
    assert number is not None
    record(
        session,
        act="road_gap",
        object_kind="road_gap",
        object_id=number,
        details={"choice": choice, "length_m": round(gap.length_m, 1), "at": gap.key},
        jur=jur,
    )
    return int(number)


def unsettle_gap(session: Session, asker: Asker, number: int) -> None:
    """Take back what was said of a gap; the piece of road drawn for it goes.

    Raises
    ------
    RecordUnknown
        If there is nothing of that number in the asker's area of duty that holds.
    """
    row = session.execute(
        text("select id, edge_id, jur, choice from road_gap where id = :id and undone_at is null for update"),
        {"id": number},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    session.execute(
        text("update road_gap set undone_at = clock_timestamp(), undone_by = :who, edge_id = null where id = :id"),
        {"who": asker.account_id, "id": number},
    )
    if row.edge_id is not None and not rows_changed(
        session.execute(text("delete from road_edge where id = :id"), {"id": row.edge_id})
    ):
        raise RecordUnknown
    record(
        session,
        act="road_gap_undo",
        object_kind="road_gap",
        object_id=number,
        details={"choice": row.choice},
        jur=row.jur,
    )


def _ends(gap: Gap) -> dict[str, float]:
    return {"ax": gap.start[0], "ay": gap.start[1], "bx": gap.end[0], "by": gap.end[1]}


def _place_of(session: Session, asker: Asker, gap: Gap) -> int:
    """Give the jurisdiction number of the smallest area in the asker's duty that holds the middle of a gap."""
    rows = session.execute(
        text("""
            select jur from area
             where valid_to is null and geom is not null and level not in ('natural_village', 'group')
               and st_covers(geom, st_setsrid(st_makepoint((:ax + :bx) / 2.0, (:ay + :by) / 2.0), 4326))
             order by jur_end - jur, jur"""),
        {name: float(value) for name, value in _ends(gap).items()},
    ).scalars()
    for jur in rows:
        if any(low <= jur < high for low, high in asker.duty):
            return int(jur)
    raise GapRefused(
        Text(
            "没有保存：这处断头不在您的辖区内，请由所在乡镇处理。",
            "Not saved: this gap is outside your area of duty; it is for the township it lies in.",
        )
    )


def _add_edge(session: Session, asker: Asker, gap: Gap, jur: int) -> int:
    number = session.scalar(
        text("""
            insert into road_edge (source, road_class, walk, ebike, car, length_m, geom, jur, account_id)
            select 'edit', e.road_class, e.walk, e.ebike, e.car, st_length(l.line::geography), l.line, :jur, :account
              from road_edge e cross join (
                  select st_setsrid(st_makeline(st_makepoint(:ax, :ay), st_makepoint(:bx, :by)), 4326) as line) l
             where e.id = :edge returning id"""),
        {**_ends(gap), "jur": jur, "account": asker.account_id, "edge": gap.edge},
    )
    if number is None:
        raise RecordUnknown
    return int(number)
