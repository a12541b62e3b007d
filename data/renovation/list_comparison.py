"""Comparing an office's list with the households (名单比对): each row with what became of it, and who is missing."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import today
from data.renovation.list_files import ListRow, read_list
from data.renovation.unfit import clean_words, lacking
from data.rules.aid_groups import BECAME, is_decided_by, is_same_group
from data.rules.words import AID_GROUP, OFFICE
from data.sealing import Sealer
from data.tables import AidList, AidListRow, Area
from geo.errors import Cancelled, Text

if TYPE_CHECKING:
    from geo.files import Sheet

_VILLAGE_END = re.compile(r"(村民委员会|居民委员会|村委会|居委会|社区|行政村|村)$")
# What a person looks at, the most pressing first.
TO_SETTLE = (
    "differs",
    "missing",
    "absent",
    "to_confirm",
    "several",
    "double",
    "bad_id",
    "unclear",
    "other_office",
    "lapsed",
)
OUTCOMES = ("agrees", *TO_SETTLE)
_PART = 5000


@dataclass(frozen=True)
class Compared:
    """What came of a list: its key, rows by outcome (``rows``: all), and whether this very file was here before."""

    id: int
    counts: dict[str, int]
    again: bool


@dataclass(frozen=True)
class Judged:
    """A row with its outcome and the household it was found to be."""

    row: ListRow
    outcome: str
    home: Row[Any] | None = None


def compare_list(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    office: str,
    on_day: date | None,
    name: str,
    content: bytes,
    sheets: Sequence[Sheet],
    sealer: Sealer,
    group: str | None = None,
    say: Callable[[Text, int | None, int | None], None] = lambda text, done, total: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Compared:
    """Keep a list with all its rows, compared with the households of its area.

    Parameters
    ----------
    area_id : int
        The area the list is of; the asker must answer for all of it.
    office : str
        A key of ``OFFICE``: whose list it is.
    on_day : date
        As of which day the office made it; not in the future.
    content : bytes
        The file whole, by which it is known again.
    group : str, optional
        The group of all its rows, for a list without such a column.
    say : callable, optional
        Gets a sentence for each step, with rows done and of how many.
    stopped : callable, optional
        Says whether somebody asked to stop; looked at before each part.

    Returns
    -------
    Compared
        The same file of the same office and day is kept once.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the area.
    RenovationUnfit
        If office or day are lacking, or the file is no list; it says what was found and what is expected.
    Cancelled
        If it was asked to stop.
    """
    area = asked_area(session, asker, area_id=area_id, office=office, on_day=on_day, group=group)
    assert on_day is not None  # asked just now
    digest = hashlib.sha256(content).digest()
    key = {"area": area_id, "office": office, "day": on_day, "sha": digest}
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('aid_list:' || :area || :office, 0))"),
        {"area": area_id, "office": office},
    )
    before = session.execute(
        text("""
            select id, counts from aid_list where area_id = :area and office = :office and on_day = :day
               and sha256 = :sha and withdrawn_at is null"""),
        key,
    ).one_or_none()
    if before is not None:
        return Compared(before.id, before.counts, again=True)
    rows_read = read_list(sheets, group)
    _step(say, stopped, Text("逐行比对", "Comparing row by row"), None, len(rows_read))
    judged = judge_rows(session, rows_read, office, on_day, (area.jur, area.jur_end), sealer)
    groups = sorted({one.row.meaning.group for one in judged if one.row.meaning})
    missing = _missing(session, judged, office, groups, (area.jur, area.jur_end))
    counts = dict(Counter(one.outcome for one in judged)) | {"missing": len(missing), "rows": len(judged)}
    made = AidList(
        area_id=area_id,
        jur=area.jur,
        jur_end=area.jur_end,
        office=office,
        on_day=on_day,
        name=(clean_words(name) or "—")[:200],
        sha256=digest,
        groups=groups,
        counts=counts,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    rows = [_stored(one, made.id, (area.jur, area.jur_end), sealer) for one in judged]
    rows += [
        _EMPTY
        | {"list_id": made.id, "outcome": "missing", "household_id": home.id, "jur": home.jur, "jur_end": home.jur + 1}
        for home in missing
    ]
    for at in range(0, len(rows), _PART):
        _step(say, stopped, Text("保存结果", "Keeping what was found"), at, len(rows))
        session.execute(insert(AidListRow).inline(), rows[at : at + _PART])
    record(
        session,
        act="list_compare",
        object_kind="aid_list",
        object_id=made.id,
        details={"office": office, "on": str(on_day), **counts},
        jur=area.jur,
    )
    return Compared(made.id, counts, again=False)


def asked_area(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    office: str,
    on_day: date | None,
    group: str | None = None,
) -> Row[Any]:
    """The area of a list (``id, jur, jur_end``), once everything that is asked of the form is there.

    Raises
    ------
    RecordUnknown, RenovationUnfit
        As :func:`compare_list`.
    """
    area = session.execute(
        select(Area.id, Area.jur, Area.jur_end).where(Area.id == area_id, Area.valid_to.is_(None))
    ).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    if office not in OFFICE:
        raise lacking("office", "请选择名单来自哪个单位", "say whose list it is", found=office, expected=list(OFFICE))
    if on_day is None:
        raise lacking("on_day", "请填写名单日期", "give the day of the list")
    if on_day > today():
        raise lacking("on_day", f"名单日期 {on_day} 在今天之后", f"{on_day} lies after today", found=str(on_day))
    if group and group not in AID_GROUP:
        raise lacking("group", "没有这个类别", "there is no such group", found=group, expected=list(AID_GROUP))
    return area


def _step(
    say: Callable[[Text, int | None, int | None], None],
    stopped: Callable[[], bool],
    text: Text,
    done: int | None,
    total: int | None,
) -> None:
    if stopped():
        raise Cancelled(Text("已停止，没有保存名单。", "Stopped; nothing of the list was kept."))
    say(text, done, total)


def judge_rows(
    session: Session, rows: Sequence[ListRow], office: str, on_day: date, within: tuple[int, int], sealer: Sealer
) -> list[Judged]:
    """What becomes of each row of a list: by its ID number, or more weakly by name and village.

    A row is judged once, by the first of these that is so: a wrong ID number, a group that is not understood, the same
    person twice, a group that is not for this office to decide; then which household it is, and whether that agrees.
    """
    by_number = _by_number(session, [row.id_number for row in rows if row.id_number], within, sealer)
    named = [row for row in rows if not row.id_number and not row.id_wrong and row.name]
    by_name = _by_name(session, sorted({row.name for row in named if row.name}), within)
    seen = Counter(person for row in rows if (person := _person(row)))
    return [_judge(row, office, on_day, by_number, by_name, seen) for row in rows]


def _judge(
    row: ListRow,
    office: str,
    on_day: date,
    by_number: dict[str, list[Row[Any]]],
    by_name: dict[tuple[str, str], list[Row[Any]]],
    seen: Counter[tuple[str, ...]],
) -> Judged:
    if row.id_wrong:
        return Judged(row, "bad_id")
    numbered = row.id_number is not None
    homes = (
        by_number.get(row.id_number or "", []) if numbered else by_name.get((row.name or "", _village(row.area)), [])
    )
    home = homes[0] if len(homes) == 1 else None
    person = _person(row)
    # Days that cannot be read make the row as unclear as a group that cannot.
    if row.meaning is None or row.unread:
        return Judged(row, "unclear", home if numbered else None)
    if person is not None and seen[person] > 1:
        return Judged(row, "double", home if numbered else None)
    if not is_decided_by(row.meaning.group, office):
        return Judged(row, "other_office", home if numbered else None)
    if len(homes) > 1:
        return Judged(row, "several")
    if home is None:
        return Judged(row, "absent")
    if not numbered:
        return Judged(row, "to_confirm", home)
    return Judged(row, outcome_of(row.meaning.group, home.aid_group, on_day, row.valid_from, row.valid_until), home)


def outcome_of(theirs: str, ours: str | None, on_day: date, start: date | None, end: date | None) -> str:
    """How a row agrees with its household: ``lapsed``, ``differs`` (also where we have no group) or ``agrees``."""
    if (start is not None and on_day < start) or (end is not None and end < on_day):
        return "lapsed"
    return "agrees" if ours is not None and is_same_group(ours, theirs) else "differs"


def _person(row: ListRow) -> tuple[str, ...] | None:
    if row.id_number:
        return ("id", row.id_number)
    return ("name", row.name, _village(row.area)) if row.name else None


def _village(words: str | None) -> str:
    """The name of a village without what offices add to it: 杏花岭村民委员会 and 杏花岭村 are one."""
    return _VILLAGE_END.sub("", re.sub(r"\s", "", words or ""))


def _by_number(
    session: Session, numbers: Sequence[str], within: tuple[int, int], sealer: Sealer
) -> dict[str, list[Row[Any]]]:
    indexes = {index: number for number in dict.fromkeys(numbers) for index in sealer.indexes(number, "id_number")}
    found: dict[str, list[Row[Any]]] = {}
    if indexes:
        rows = session.execute(
            text("""
                select id, jur, aid_group, id_index from household
                 where id_index = any (:indexes) and jur >= :lo and jur < :hi and removed_at is null order by id"""),
            {"indexes": list(indexes), "lo": within[0], "hi": within[1]},
        )
        for home in rows:
            found.setdefault(indexes[bytes(home.id_index)], []).append(home)
    return found


def _by_name(session: Session, names: Sequence[str], within: tuple[int, int]) -> dict[tuple[str, str], list[Row[Any]]]:
    """Households by name of the head and village; a row that names no village finds none."""
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    if names:
        rows = session.execute(
            text("""
                select h.id, h.jur, h.aid_group, h.head_name, v.name as village
                  from household h join area v on v.id = h.village_id
                 where h.head_name = any (:names) and h.jur >= :lo and h.jur < :hi and h.removed_at is null
                 order by h.id"""),
            {"names": list(names), "lo": within[0], "hi": within[1]},
        )
        for home in rows:
            found.setdefault((home.head_name, _village(home.village)), []).append(home)
    return found


def _missing(
    session: Session, judged: Sequence[Judged], office: str, groups: Sequence[str], within: tuple[int, int]
) -> Sequence[Row[Any]]:
    """Households of the groups that stand in the list and that the office decides, which no row of it found."""
    decided = {group for group in groups if is_decided_by(group, office)}
    # Older names of these groups as well.
    decided |= {older for older, newer in BECAME.items() if decided & set(newer) and is_decided_by(older, office)}
    found = {one.home.id for one in judged if one.home is not None}
    rows = session.execute(
        text("""
            select id, jur from household
             where aid_group = any (:groups) and jur >= :lo and jur < :hi and removed_at is null order by id"""),
        {"groups": sorted(decided), "lo": within[0], "hi": within[1]},
    )
    return [home for home in rows if home.id not in found]


_EMPTY: dict[str, Any] = dict.fromkeys(
    (
        "no",
        "stated_name",
        "stated_area",
        "stated_group",
        "id_sealed",
        "id_index",
        "aid_group",
        "monitored",
        "valid_from",
        "valid_until",
    )
)


def place_of(list_id: int) -> str:
    """Where the ID numbers of a list are bound to; the number of the row is the row's key there."""
    return f"aid_list_row.id_sealed:{list_id}"


def _stored(one: Judged, list_id: int, within: tuple[int, int], sealer: Sealer) -> dict[str, Any]:
    row, home, number = one.row, one.home, one.row.id_number
    return {
        "list_id": list_id,
        "no": row.no,
        "jur": home.jur if home is not None else within[0],
        "jur_end": home.jur + 1 if home is not None else within[1],
        "stated_name": row.name,
        "stated_area": row.area,
        "stated_group": row.group,
        "id_sealed": sealer.seal(number, place_of(list_id), row.no) if number else None,
        "id_index": sealer.index(number, "id_number") if number else None,
        "aid_group": row.meaning.group if row.meaning else None,
        "monitored": row.meaning.monitored if row.meaning else None,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "outcome": one.outcome,
        "household_id": home.id if home is not None else None,
    }
