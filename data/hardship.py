"""The ledger of households in hardship (特殊困难群体台账): those whom ordinary help does not lift out, one plan each.

Restricted: read by supervisors and leaders of the place alone, written by supervisors; each opening of a case is
written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.masks import mask_name
from data.tables import HardshipCase, Household
from data.tables.ledgers import CAUSES
from geo.errors import FangtuError, Text

READERS = (Role.SUPERVISOR, Role.LEADER)
PAGE = 50
LONGEST = 2000
CAUSE = {
    "illness": Text("重大疾病", "Grave illness"),
    "accident": Text("突发意外", "Accident"),
    "disability": Text("残疾失能", "Disability"),
    "no_work": Text("失业无收入", "No work or income"),
    "schooling": Text("上学负担", "Cost of schooling"),
    "minimum_living": Text("符合低保条件", "Qualifies for the minimum living allowance"),
    "extremely_poor": Text("符合特困条件", "Qualifies as extremely poor"),
    "other": Text("其他", "Other"),
}
STATE = {
    "open": Text("待定方案", "No plan yet"),
    "planned": Text("一户一策落实中", "Plan under way"),
    "closed": Text("已销号", "Closed"),
}
_TEXTS = ("situation", "help_had", "measure", "responsible", "result")
_FIELDS = ("cause", *_TEXTS, "due_on", "closed_on")


class HardshipUnfit(FangtuError):
    """A case lacks something, exists already, or was changed by somebody else meanwhile; nothing was written."""

    code = "hardship_unfit"


@dataclass(frozen=True)
class HardshipList:
    """One page of the ledger, the most urgent first, with the number of all cases by state."""

    rows: list[dict[str, Any]]
    counts: dict[str, int]
    overdue: int
    page: int
    pages: int


def hardship_list(
    session: Session, within: tuple[int, int], today: date, *, state: str = "", page: int = 1
) -> HardshipList:
    """One page of the cases inside a range: overdue first, then by due day; those without a plan before those with one.

    Names are masked and what the matter is stays in the case: the list is printed and pinned up.
    """
    keys = {"lo": within[0], "hi": within[1], "today": today, "state": state}
    found = session.execute(
        text("""
            select state, count(*) as n from hardship_case where jur >= :lo and jur < :hi group by state"""),
        keys,
    ).all()
    counts = dict.fromkeys(STATE, 0) | {row.state: row.n for row in found}
    total = counts[state] if state in counts else sum(counts.values())
    pages = max(1, -(-total // PAGE))
    page = min(page, pages)
    rows = session.execute(
        text("""
            select k.id, k.household_id, h.code as household_code, h.head_name, a.name as village, k.cause, k.state,
                   k.responsible, k.due_on, k.closed_on, k.due_on < :today and k.state <> 'closed' as overdue
              from hardship_case k join household h on h.id = k.household_id left join area a on a.id = h.village_id
             where k.jur >= :lo and k.jur < :hi and (:state = '' or k.state = :state)
             order by k.state = 'closed', overdue desc nulls last, k.state = 'planned', k.due_on nulls last, k.id
             limit :limit offset :skip"""),
        {**keys, "limit": PAGE, "skip": PAGE * (page - 1)},
    )
    return HardshipList(
        [{**row._mapping, "head_name": mask_name(row.head_name)} for row in rows],
        counts,
        count_overdue(session, within, today),
        page,
        pages,
    )


def count_overdue(session: Session, within: tuple[int, int], today: date) -> int:
    """Open cases inside a range whose day is past."""
    return int(
        session.scalar(
            text("""
                select count(*) from hardship_case
                 where jur >= :lo and jur < :hi and state <> 'closed' and due_on < :today"""),
            {"lo": within[0], "hi": within[1], "today": today},
        )
        or 0
    )


def open_case(session: Session, case_id: int) -> dict[str, Any]:
    """One case whole, and a row in the audit that it was opened.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    row = _case(session, case_id)
    record(session, act="hardship_read", object_kind="hardship_case", object_id=case_id, jur=row.jur)
    return dict(row._mapping)


def add_case(session: Session, asker: Asker, household_id: int, values: Mapping[str, Any]) -> int:
    """Open a case for a household; returns its key.

    Parameters
    ----------
    values : mapping
        ``cause``, ``situation``, and optionally ``help_had``, ``measure``, ``responsible``, ``due_on`` and
        ``campaign_id``. With a measure the case has its plan.

    Raises
    ------
    RecordUnknown
        If there is no such household for the asker.
    HardshipUnfit
        If something is lacking, or a case of the household is open.
    """
    household = session.execute(
        select(Household.id, Household.jur).where(Household.id == household_id, Household.removed_at.is_(None))
    ).one_or_none()
    if household is None:
        raise RecordUnknown
    clean = _clean(values)
    # Two at once: the second waits for the household, and then finds the case of the first.
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('hardship:' || :id, 0))"), {"id": household_id})
    if session.scalar(
        select(HardshipCase.id).where(HardshipCase.household_id == household_id, HardshipCase.state != "closed")
    ):
        raise HardshipUnfit(
            Text("这一户已有未销号的一户一策，请在原案上修改。", "This household has an open case; change that one."),
            found=household_id,
        )
    case = HardshipCase(
        household_id=household_id,
        jur=household.jur,
        campaign_id=values.get("campaign_id"),
        state=_state(clean),
        account_id=asker.account_id,
        **clean,
    )
    session.add(case)
    session.flush()
    record(
        session,
        act="hardship_add",
        object_kind="hardship_case",
        object_id=case.id,
        fields=sorted(name for name, value in clean.items() if value is not None),
        jur=household.jur,
    )
    return case.id


def change_case(session: Session, case_id: int, revision: int, values: Mapping[str, Any]) -> None:
    """Change a case: its plan, who is responsible, its closing with the result.

    Parameters
    ----------
    revision : int
        The revision the change was made on; somebody else's change meanwhile is never overwritten.
    values : mapping
        All fields of the case as :func:`add_case` takes them, with ``closed_on`` and ``result`` to close it.

    Raises
    ------
    RecordUnknown
        If there is no such case for the asker.
    HardshipUnfit
        If something is lacking or the case was changed meanwhile.
    """
    row = _case(session, case_id)
    clean = _clean(values)
    if clean["closed_on"] and not clean["result"]:
        raise _lacking("result", Text("销号须写明结果", "a case is closed with its result"))
    if clean["closed_on"] and not clean["measure"]:
        raise _lacking("measure", Text("销号前须有一户一策", "a case has its plan before it is closed"))
    changed = session.execute(
        text(f"""
            update hardship_case
               set {", ".join(f"{name} = :{name}" for name in _FIELDS)}, state = :state, revision = revision + 1,
                   updated_at = now()
             where id = :id and revision = :revision returning id"""),
        {**clean, "state": _state(clean), "id": case_id, "revision": revision},
    ).one_or_none()
    if changed is None:
        raise HardshipUnfit(
            Text(
                "没有保存：别人刚改过这一案。请重新打开，再填一次。",
                "Not saved: somebody has just changed this case. Open it again and repeat your change.",
            ),
            found=revision,
            expected=row.revision,
        )
    record(
        session,
        act="hardship_change",
        object_kind="hardship_case",
        object_id=case_id,
        fields=[name for name in _FIELDS if clean[name] != getattr(row, name)],
        jur=row.jur,
    )


def _case(session: Session, case_id: int) -> Row[Any]:
    row = session.execute(
        text("""
            select k.id, k.household_id, k.jur, k.campaign_id, k.cause, k.situation, k.help_had, k.measure,
                   k.responsible, k.due_on, k.state, k.closed_on, k.result, k.revision, k.created_at, k.updated_at,
                   h.code as household_code, h.head_name, a.name as village
              from hardship_case k join household h on h.id = k.household_id left join area a on a.id = h.village_id
             where k.id = :id"""),
        {"id": case_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _state(clean: Mapping[str, Any]) -> str:
    return "closed" if clean["closed_on"] else "planned" if clean["measure"] else "open"


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {name: _words(values.get(name)) for name in _TEXTS}
    clean["cause"] = values.get("cause")
    if clean["cause"] not in CAUSES:
        raise _lacking("cause", Text("请选择困难原因", "choose what the hardship comes from"))
    if not clean["situation"]:
        raise _lacking("situation", Text("请写明困难情况", "say what the hardship is"))
    for name in ("due_on", "closed_on"):
        value = values.get(name)
        if value is not None and not isinstance(value, date):
            raise _lacking(name, Text("日期，如 2026-12-31", "a day such as 2026-12-31"))
        clean[name] = value
    return clean


def _words(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    return "\n".join(" ".join(line.split()) for line in value.strip().splitlines())[:LONGEST] or None


def _lacking(field: str, why: Text) -> HardshipUnfit:
    return HardshipUnfit(Text(f"没有保存：{why.zh}。", f"Not saved: {why.en}."), column=field)
