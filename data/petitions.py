"""Petitions on housing (信访): list, cause, responsible unit, the dissatisfied first (domain A7).

Restricted as the ledger of hardship is: read by supervisors and leaders of the place alone, written by supervisors;
names are masked in lists and files, the contact is sealed, and each opening of a petition is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, NotAllowed, RecordUnknown, Role
from data.audit import record
from data.households import reason_to_see
from data.masks import REVEALS, mask_name, mask_phone
from data.monitoring.unfit import MonitoringUnfit, lacking
from data.renovation.unfit import clean_words
from data.rules.words import PETITION_CAUSE, PETITION_CHANNEL, SATISFACTION
from data.sealing import Sealer
from data.tables import Petition
from geo.errors import Text

READERS = (Role.SUPERVISOR, Role.LEADER)
PAGE = 50
MOST_ROWS = 50_000
SEAL_PLACE = "petition.contact_sealed"
STATES = ("unsatisfied", "overdue", "waiting", "unknown", "satisfied")
_FIELDS = (
    "received_on",
    "channel",
    "petitioner",
    "cause",
    "matter",
    "unit",
    "due_on",
    "answer",
    "answered_on",
    "satisfaction",
)
_CONTACT = 100
# Of unanswered ones those past their day, and the others; of answered ones what was said of the answer.
STATE_SQL = """(case when p.satisfaction <> 'unknown' then p.satisfaction
                     when p.answer is not null then 'unknown'
                     when p.due_on < cast(:today as date) then 'overdue' else 'waiting' end)"""
_ORDER = f"array_position(array['unsatisfied', 'overdue', 'waiting', 'unknown', 'satisfied'], {STATE_SQL})"
_CHOSEN = f"""p.jur >= :lo and p.jur < :hi and (:cause = '' or p.cause = :cause) and (:unit = '' or p.unit = :unit)
    and (:state = '' or {STATE_SQL} = :state)"""


@dataclass(frozen=True)
class PetitionWish:
    """Which petitions are asked for; empty words ask for all."""

    within: tuple[int, int]
    cause: str = ""
    unit: str = ""
    state: str = ""


@dataclass(frozen=True)
class PetitionList:
    """One page of petitions with counts: ``by_state`` of all inside the range, ``by_cause`` and ``by_unit`` too."""

    rows: list[dict[str, Any]]
    total: int
    found: int
    by_state: dict[str, int]
    by_cause: dict[str, int]
    by_unit: dict[str, int]
    page: int
    pages: int


def petition_list(session: Session, wish: PetitionWish, today: date, page: int = 1, size: int = PAGE) -> PetitionList:
    """One page of petitions: the dissatisfied first, then those past their day, then by due day (domain A7).

    Names are masked whoever asks: the list is printed and sent round.
    """
    keys: dict[str, Any] = {
        "lo": wish.within[0],
        "hi": wish.within[1],
        "cause": wish.cause,
        "unit": wish.unit,
        "state": wish.state,
        "today": today,
    }
    groups = session.execute(
        text(f"""
            select p.cause, p.unit, {STATE_SQL} as state, count(*)::integer as n from petition p
             where p.jur >= :lo and p.jur < :hi group by 1, 2, 3"""),
        keys,
    ).all()
    by: dict[str, dict[str, int]] = {"state": dict.fromkeys(STATES, 0), "cause": {}, "unit": {}}
    found = 0
    for row in groups:
        told = {"state": row.state, "cause": row.cause, "unit": row.unit}
        for name, value in told.items():
            by[name][value] = by[name].get(value, 0) + row.n
        found += (
            row.n if all(not getattr(wish, name) or getattr(wish, name) == value for name, value in told.items()) else 0
        )
    pages = max(1, -(-found // size))
    page = min(page, pages)
    rows = session.execute(
        text(f"""
            select p.id, p.received_on, p.channel, p.petitioner, p.cause, p.unit, p.due_on, p.answered_on,
                   p.satisfaction, {STATE_SQL} as state, p.household_id, h.code as household_code, p.site_id,
                   a.name as village
              from petition p left join household h on h.id = p.household_id left join area a on a.id = p.village_id
             where {_CHOSEN} order by {_ORDER}, p.due_on nulls last, p.received_on, p.id limit :limit offset :skip"""),
        {**keys, "limit": size, "skip": size * (page - 1)},
    )
    return PetitionList(
        [{**row, "petitioner": mask_name(row["petitioner"])} for row in rows.mappings()],
        sum(by["state"].values()),
        found,
        by["state"],
        by["cause"],
        dict(sorted(by["unit"].items(), key=lambda item: (-item[1], item[0]))),
        page,
        pages,
    )


def open_petition(session: Session, petition_id: int, sealer: Sealer) -> dict[str, Any]:
    """One petition whole, its contact masked, and a row in the audit that it was opened.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    row = _petition(session, petition_id)
    record(session, act="petition_read", object_kind="petition", object_id=petition_id, jur=row.jur)
    found = dict(row._mapping)
    sealed = found.pop("contact_sealed")
    contact = sealer.open(sealed, SEAL_PLACE, petition_id) if sealed else None
    return {**found, "contact": mask_phone(contact) if contact else None}


def reveal_contact(session: Session, petition_id: int, reason: str, asker: Asker, sealer: Sealer) -> str:
    """Show how to reach a petitioner in full, and write down who saw it and why, in the same transaction.

    Raises
    ------
    NotAllowed
        If the asker's role sees no telephone numbers in full.
    ReasonTooShort
        If no reason is given.
    RecordUnknown
        If there is no such petition for the asker, or no contact is kept.
    """
    if asker.role not in REVEALS["phone"]:
        raise NotAllowed(field="contact")
    words = reason_to_see(reason)
    row = _petition(session, petition_id)
    if row.contact_sealed is None:
        raise RecordUnknown
    value = sealer.open(row.contact_sealed, SEAL_PLACE, petition_id)
    record(
        session,
        act="reveal",
        object_kind="petition",
        object_id=petition_id,
        fields=["contact"],
        reason=words,
        jur=row.jur,
    )
    return value


def petitions_of(
    session: Session, *, household_id: int | None = None, site_id: int | None = None
) -> list[dict[str, Any]]:
    """Petitions of a household or of a site, the latest first, without names; none for those who may not read them."""
    rows = session.execute(
        text("""
            select id, received_on, cause, unit, due_on, answered_on, satisfaction from petition
             where household_id = :household or site_id = :site order by received_on desc, id desc limit 50"""),
        {"household": household_id, "site": site_id},
    )
    return [dict(row) for row in rows.mappings()]


def add_petition(
    session: Session,
    asker: Asker | None,
    values: Mapping[str, Any],
    sealer: Sealer,
    *,
    today: date,
    household_id: int | None = None,
    site_id: int | None = None,
    village: str | None = None,
) -> int:
    """Enter a petition; returns its key.

    Parameters
    ----------
    values : mapping
        ``received_on``, ``channel``, ``petitioner``, ``contact``, ``cause``, ``matter``, ``unit``, and optionally
        ``due_on``, ``answer``, ``answered_on`` and ``satisfaction``.
    household_id, site_id, village : optional
        What it is about: a household with its site, or the code of a village or township if no household is known.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household, site or area.
    MonitoringUnfit
        If something lacks; nothing was written.
    """
    clean = _clean(values, today)
    if household_id is not None:
        place = session.execute(
            text("select jur, village_id from household where id = :id and removed_at is null"), {"id": household_id}
        ).one_or_none()
    else:
        place = session.execute(
            text("""
                select jur, case when level = 'village' then id end as village_id from area
                 where code = :code and valid_to is null and level = any (array['township', 'village'])"""),
            {"code": village or ""},
        ).one_or_none()
        if place is not None and asker is not None and not any(lo <= place.jur < hi for lo, hi in asker.duty):
            place = None
    if place is None:
        raise RecordUnknown
    if site_id is not None and not session.scalar(
        text("select 1 from renovation_site where id = :id and household_id = :household"),
        {"id": site_id, "household": household_id},
    ):
        raise RecordUnknown
    made = Petition(
        jur=place.jur,
        village_id=place.village_id,
        household_id=household_id,
        site_id=site_id,
        account_id=asker.account_id if asker else None,
        **clean,
    )
    session.add(made)
    session.flush()
    _keep_contact(session, made.id, values, sealer)
    record(session, act="petition_add", object_kind="petition", object_id=made.id, jur=place.jur)
    return made.id


def change_petition(
    session: Session, petition_id: int, revision: int, values: Mapping[str, Any], sealer: Sealer, *, today: date
) -> None:
    """Change a petition: its unit, its answer, whether the sender is satisfied. An empty contact stays as it is.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    MonitoringUnfit
        If something lacks, or somebody else changed it meanwhile.
    """
    row = _petition(session, petition_id)
    clean = _clean(values, today)
    changed = session.execute(
        text(f"""
            update petition set {", ".join(f"{name} = :{name}" for name in _FIELDS)}, revision = revision + 1,
                   updated_at = now() where id = :id and revision = :revision returning id"""),
        {**clean, "id": petition_id, "revision": revision},
    ).one_or_none()
    if changed is None:
        raise MonitoringUnfit(
            Text(
                "没有保存：别人刚改过这一件。请重新打开，再填一次。",
                "Not saved: somebody has just changed this petition. Open it again and repeat your change.",
            ),
            found=revision,
            expected=row.revision,
        )
    _keep_contact(session, petition_id, values, sealer)
    record(
        session,
        act="petition_change",
        object_kind="petition",
        object_id=petition_id,
        fields=[name for name in _FIELDS if clean[name] != getattr(row, name)],
        jur=row.jur,
    )


def _keep_contact(session: Session, petition_id: int, values: Mapping[str, Any], sealer: Sealer) -> None:
    contact = clean_words(values.get("contact"), _CONTACT)
    if contact:
        session.execute(
            text("update petition set contact_sealed = :sealed where id = :id"),
            {"sealed": sealer.seal(contact, SEAL_PLACE, petition_id), "id": petition_id},
        )


def _petition(session: Session, petition_id: int) -> Row[Any]:
    row = session.execute(
        text("""
            select p.*, h.code as household_code, h.head_name, a.name as village from petition p
              left join household h on h.id = p.household_id left join area a on a.id = p.village_id
             where p.id = :id"""),
        {"id": petition_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _clean(values: Mapping[str, Any], today: date) -> dict[str, Any]:
    clean: dict[str, Any] = {
        "petitioner": clean_words(values.get("petitioner"), _CONTACT),
        "matter": clean_words(values.get("matter")),
        "unit": clean_words(values.get("unit"), 200),
        "answer": clean_words(values.get("answer")),
        "channel": values.get("channel"),
        "cause": values.get("cause"),
        "satisfaction": values.get("satisfaction") or "unknown",
    }
    for name in ("received_on", "due_on", "answered_on"):
        value = values.get(name)
        if value is not None and not isinstance(value, date):
            raise lacking(name, "日期应如 2026-12-31", "a day such as 2026-12-31 is expected")
        clean[name] = value
    needed = (
        ("petitioner", "请填写信访人", "say who sent it"),
        ("matter", "请写明反映的事项", "say what it is about"),
        ("unit", "请填写责任单位", "say which unit answers for it"),
        ("received_on", "请填写收到日期", "fill in the day it came"),
    )
    for name, zh, en in needed:
        if not clean[name]:
            raise lacking(name, zh, en)
    for name, words in (("channel", PETITION_CHANNEL), ("cause", PETITION_CAUSE), ("satisfaction", SATISFACTION)):
        if clean[name] not in words:
            raise lacking(
                name, "请从列出的词里选择", "choose one of the words", found=clean[name], expected=list(words)
            )
    if clean["received_on"] > today:
        raise lacking("received_on", "收到日期不能晚于今天", "the day it came is not to come")
    if (clean["answer"] is None) != (clean["answered_on"] is None):
        raise lacking("answer", "答复和答复日期须一起填写", "answer and day of the answer go together")
    if clean["answered_on"] and not clean["received_on"] <= clean["answered_on"] <= today:
        raise lacking("answered_on", "答复日期应在收到之后、不晚于今天", "it is answered after it came and not to come")
    if clean["satisfaction"] != "unknown" and not clean["answer"]:
        raise lacking("satisfaction", "答复后才有满意与否", "whether one is satisfied is known after the answer")
    return clean
