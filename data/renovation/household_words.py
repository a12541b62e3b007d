"""The household takes part in supervision and acceptance (农户参与监督和验收): who said what, and what was answered.

Domain A5 (Wuhu 2024, part two). A word is added and never changed; an objection is open until it is answered, and
stops the acceptance until then, unless that is passed with a reason.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import today
from data.renovation.steps import locked_site
from data.renovation.unfit import RenovationUnfit, clean_words, judged, lacking
from data.rules.words import HOUSEHOLD_SAID, RELATION
from data.tables import HouseholdWord
from geo.counting import counted
from geo.errors import Text

# Gates at which a household is heard besides inspections: those of building, and the acceptance.
GATES = ("started", "foundation", "completed", "accepted")
_PERSON = 60


def add_word(
    session: Session,
    asker: Asker | None,
    site_id: int,
    *,
    occasion: str,
    person: str | None,
    relation: str,
    said: str,
    objection: str | None = None,
    on_day: date | None = None,
    attachment_id: str | None = None,
) -> int:
    """Write down what somebody of the household said of the work.

    Parameters
    ----------
    occasion : str
        One of :data:`GATES`, or the key of an inspection of the site.
    person : str
        The name as given.
    relation, said : str
        Keys of ``RELATION`` and ``HOUSEHOLD_SAID``.
    objection : str, optional
        What is objected to; needed for an objection, and for nothing else.
    on_day : date, optional
        Today by default; not in the future.
    attachment_id : str, optional
        A file of the site: the paper that was signed, or a photograph.

    Returns
    -------
    int
        Key of the word.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    RenovationUnfit
        If something is lacking or does not belong to the site; it says what.
    """
    site = locked_site(session, site_id)
    now = today()
    name, words, day = clean_words(person, _PERSON), clean_words(objection), on_day or now
    if not name:
        raise lacking("person", "请填写表态人姓名", "give the name of who spoke")
    if relation not in RELATION:
        raise lacking("relation", "请选择与户主的关系", "say how they belong", found=relation, expected=list(RELATION))
    if said not in HOUSEHOLD_SAID:
        raise lacking("said", "请选择满意或有异议", "say what was said", found=said, expected=list(HOUSEHOLD_SAID))
    if said == "objection" and not words:
        raise lacking("objection", "请写明异议内容", "say what is objected to")
    if said == "satisfied" and words:
        raise lacking("objection", "写了异议内容，请选择“有异议”", "there are words of an objection: choose it")
    if day > now:
        raise lacking("on_day", f"日期 {day} 在今天之后", f"{day} lies after today", found=str(day), expected=str(now))
    inspection, gate = _occasion(session, site_id, occasion)
    made = HouseholdWord(
        site_id=site_id,
        jur=site.jur,
        inspection_id=inspection,
        gate=gate,
        on_day=day,
        person=name,
        relation=relation,
        said=said,
        objection=words,
        attachment_id=_paper(session, site_id, attachment_id),
        account_id=asker.account_id if asker else None,
    )
    with judged(session):
        session.add(made)
    record(
        session,
        act="household_word",
        object_kind="renovation_site",
        object_id=site_id,
        details={"word": made.id, "said": said},
        jur=site.jur,
    )
    return made.id


def answer_word(
    session: Session,
    asker: Asker | None,
    site_id: int,
    word_id: int,
    *,
    answer: str | None,
    on_day: date | None = None,
) -> None:
    """Answer an objection; it stays with the answer and no longer stops the acceptance.

    Raises
    ------
    RecordUnknown
        If the asker sees no such word of the site.
    RenovationUnfit
        If it is no objection, was answered already, or the answer is lacking.
    """
    row = session.execute(
        text("""
            select id, jur, said, on_day, answer from household_word
             where id = :id and site_id = :site"""),
        {"id": word_id, "site": site_id},
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.said != "objection" or row.answer is not None:
        raise _nothing_to_answer()
    words, now = clean_words(answer), today()
    day = on_day or now
    if not words:
        raise lacking("answer", "请写明答复或处理情况", "say what was answered or done")
    if not row.on_day <= day <= now:
        raise lacking(
            "answered_on",
            f"答复日期 {day} 应在 {row.on_day} 与 {now} 之间",
            f"{day} does not lie between {row.on_day} and {now}",
            found=str(day),
        )
    answered = session.execute(
        text("""
            update household_word set answer = :words, answered_on = :day, answered_by = :who
             where id = :id and answer is null returning id"""),
        {"id": word_id, "words": words, "day": day, "who": asker.account_id if asker else None},
    ).one_or_none()
    if answered is None:  # somebody else was quicker
        raise _nothing_to_answer()
    record(
        session,
        act="household_answer",
        object_kind="renovation_site",
        object_id=site_id,
        details={"word": word_id},
        jur=row.jur,
    )


def _nothing_to_answer() -> RenovationUnfit:
    return RenovationUnfit(
        Text("没有保存：这一条没有待答复的异议。", "Not saved: there is no objection left to answer."), column="answer"
    )


def words_of(session: Session, site_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """What the households of sites said, newest first, by site; one reading for all.

    Returns
    -------
    dict
        Of each: ``id, gate, inspection_id, inspected_on, on_day, person, relation, said, objection, attachment_id,
        file_name, is_picture, answer, answered_on, is_open, at, account_id, who, answered_who``.
    """
    rows = session.execute(
        text("""
            select w.site_id, w.id, w.gate, w.inspection_id, i.on_day as inspected_on, w.on_day, w.person, w.relation,
                   w.said, w.objection, w.attachment_id::text as attachment_id, a.file_name,
                   a.content_type like 'image/%' as is_picture, w.answer, w.answered_on, w.at, w.account_id,
                   c.full_name as who, b.full_name as answered_who,
                   w.said = 'objection' and w.answer is null as is_open
              from household_word w left join site_inspection i on i.id = w.inspection_id
              left join attachment a on a.id = w.attachment_id and a.withdrawn_at is null
              left join account c on c.id = w.account_id left join account b on b.id = w.answered_by
             where w.site_id = any (:ids) order by w.on_day desc, w.id desc"""),
        {"ids": list(site_ids)},
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows.mappings():
        found.setdefault(row["site_id"], []).append(dict(row))
    return found


def open_objections(session: Session, site_ids: Sequence[int]) -> dict[int, Text]:
    """Why sites do not pass the acceptance without a reason: objections nobody has answered; others are missing."""
    rows = session.execute(
        text("""
            select site_id, count(*)::integer as n, min(on_day) as since from household_word
             where site_id = any (:ids) and said = 'objection' and answer is null group by 1"""),
        {"ids": list(site_ids)},
    )
    return {
        row.site_id: Text(
            f"农户有 {row.n} 条异议没有答复，最早的提出于 {row.since}",
            f"the household has {counted(row.n, 'objection')} nobody has answered, the first of {row.since}",
        )
        for row in rows
    }


def _occasion(session: Session, site_id: int, occasion: str) -> tuple[int | None, str | None]:
    if occasion in GATES:
        return None, occasion
    if occasion.isascii() and occasion.isdigit() and len(occasion) < 19:
        found = session.scalar(
            text("select id from site_inspection where id = :id and site_id = :site"),
            {"id": int(occasion), "site": site_id},
        )
        if found is not None:
            return int(found), None
    raise lacking(
        "occasion",
        "请选择是哪一次巡查或哪一环节",
        "say at which inspection or gate it was said",
        found=occasion,
        expected=list(GATES),
    )


def _paper(session: Session, site_id: int, given: str | None) -> uuid.UUID | None:
    if not given:
        return None
    try:
        key = uuid.UUID(given)
    except ValueError:
        key = None
    found = session.scalar(
        text("select id from attachment where id = :id and site_id = :site and withdrawn_at is null"),
        {"id": key, "site": site_id},
    )
    if found is None:
        raise lacking("attachment", "所选照片或材料不属于这处改造", "the file is none of this renovation", found=given)
    return uuid.UUID(str(found))
