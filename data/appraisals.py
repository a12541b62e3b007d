"""Appraisals (鉴定) that people enter: checked against the rule, added, and never changed afterwards."""

from __future__ import annotations

import json
import uuid
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.appraisal_told import Told, unfit
from data.askers import Asker, RecordUnknown, Role
from data.audit import record
from data.field_photos import list_appraisal_photos, list_photos
from data.houses import house_card
from data.rules.appraising import appraise
from data.rules.words import GRADE
from data.settling import ACCEPT, settle_mark
from geo.errors import FangtuError, Text

APPRAISERS = (Role.SUPERVISOR, Role.ADMIN)
MOST_PHOTOS = 24
_FIRST_DAY = date(1950, 1, 1)


class AppraisalDiffers(FangtuError):
    """Another appraisal was accepted with this id; nothing was written."""

    code = "appraisal_differs"


@dataclass(frozen=True)
class HousePage:
    """What the page of a house shows.

    Attributes
    ----------
    card : dict
        As :func:`data.houses.house_card` gives it, with all appraisals, the latest first.
    waiting : list of dict
        Impressions of phones that wait for an appraisal: ``no, grade, at, marked_by, remark, parts``.
    photos : list of str
        Ids of photographs that marks and visits of the house and its household brought, those the asker may see.
    taken : dict
        Photographs by key of the appraisal, as :func:`data.field_photos.list_appraisal_photos` gives them.
    """

    card: dict[str, Any]
    waiting: list[dict[str, Any]] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)
    taken: dict[int, list[tuple[str, str]]] = field(default_factory=dict)


def add_appraisal(
    session: Session,
    asker: Asker,
    house_id: int,
    told: Told,
    *,
    today: date,
    months: int = 0,
    account_id: int | None = None,
) -> tuple[int, bool]:
    """Add an appraisal; the latest that stands sets the grade of the house. What is there already stays as it is.

    Parameters
    ----------
    today : date
        Local day; an appraisal is of today or earlier.
    months : int
        How long an appraisal is valid if it does not say so itself; 0 for no end.
    account_id : int, optional
        Whose appraisal it is, where the asker hands in what lay on somebody else's phone.

    Returns
    -------
    (int, bool)
        Its key, and whether it is new; the same one handed in again changes nothing.

    Raises
    ------
    RecordUnknown
        If the asker sees no such house, or no such mark.
    data.rules.appraising.FindingsUnfit
        If the findings contradict themselves.
    AppraisalUnfit
        If something lacks, or the row it names as superseded is none of this house that stands.
    AppraisalDiffers
        If another appraisal has this id.
    """
    house = hold_house(session, house_id)
    mark = _mark(session, house, told.mark)
    values = _decided(told, today, months) | {
        "house_id": house.id,
        "mark_id": None if mark is None else str(mark.id),
        "supersedes": told.supersedes,
    }
    known = _known(session, told.client_id)
    if known is not None:
        if any(getattr(known, name) != value for name, value in values.items()):
            raise AppraisalDiffers(
                Text(
                    "没有保存：这个编号已用于另一份鉴定，请重新打开表单。",
                    "Not saved: this id belongs to another appraisal. Open the form again.",
                ),
                found=str(told.client_id),
            )
        return known.id, False
    _check_superseded(session, house.id, told.supersedes)
    made = session.scalar(
        text(f"""
            insert into appraisal ({", ".join(values)}, jur, account_id, client_id)
            values ({", ".join(f"cast(:{name} as jsonb)" if name == "findings" else f":{name}" for name in values)},
                    :jur, :account, cast(:client as uuid))
            returning id"""),
        {
            **values,
            "findings": None if values["findings"] is None else json.dumps(values["findings"], ensure_ascii=False),
            "jur": house.jur,
            "account": account_id or asker.account_id,
            "client": str(told.client_id),
        },
    )
    record(
        session,
        act="appraisal_add",
        object_kind="house",
        object_id=house.id,
        details={"appraisal": made, "grade": values["result"], "computed": values["computed"]}
        | ({"supersedes": told.supersedes} if told.supersedes else {})
        | ({"for": account_id} if account_id not in (None, asker.account_id) else {}),
        jur=house.jur,
    )
    if mark is not None and mark.kind == "impression" and mark.state in ("proposed", "suspected"):
        settle_mark(session, asker, mark.no, ACCEPT)
    return int(made or 0), True


def hold_house(session: Session, house_id: int) -> Row[Any]:
    """A house, held until the transaction ends: of two who appraise it at once the second finds what the first added.

    Raises
    ------
    RecordUnknown
        If there is no such house in the asker's area of duty.
    """
    house = session.execute(
        text("select id, jur, household_id from house where id = :id for no key update"), {"id": house_id}
    ).one_or_none()
    if house is None:
        raise RecordUnknown
    return house


def house_page(session: Session, house_id: int, asker: Asker) -> HousePage:
    """Everything the page of a house shows.

    Raises
    ------
    RecordUnknown
        If there is no such house in the asker's area of duty.
    """
    card = house_card(session, house_id, asker)
    keys = {"house": house_id, "household": card["household_id"], "limit": MOST_PHOTOS}
    waiting = session.execute(
        text(f"{WAITING} and o.id = :house order by m.at desc"), {**keys, "lo": 0, "hi": 10**15}
    ).all()
    marks = session.scalars(
        text("select id from mark where house_id = :house or household_id = :household order by at desc limit :limit"),
        keys,
    ).all()
    visits = session.scalars(
        text("""
            select id from visit where household_id = :household and superseded_by is null
             order by coalesce(started_at, ended_at) desc nulls last limit :limit"""),
        keys,
    ).all()
    photos = [list_photos(session, asker, of, ids) for of, ids in (("mark", marks), ("visit", visits))]
    listed = [photo for found in photos for ids in found.values() for photo in ids]
    taken = list_appraisal_photos(session, asker, [one["id"] for one in card["appraisals"]])
    return HousePage(card, [dict(row._mapping) for row in waiting], listed[:MOST_PHOTOS], taken)


def find_appraisal(session: Session, appraisal_id: int, asker: Asker) -> tuple[dict[str, Any], dict[str, Any]]:
    """One appraisal and the card of its house, for the report; that it was taken out is written down.

    Raises
    ------
    RecordUnknown
        If there is no such appraisal in the asker's area of duty.
    """
    row = session.execute(
        text("select house_id, jur from appraisal where id = :id"), {"id": appraisal_id}
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    card = house_card(session, row.house_id, asker)
    record(session, act="appraisal_report", object_kind="appraisal", object_id=appraisal_id, jur=row.jur)
    return next(one for one in card["appraisals"] if one["id"] == appraisal_id), card


# Appraisals that another supersedes, read once: asked for each appraisal whether there is another, the database may go
# through all of the area of duty each time.
SUPERSEDED = "select s.supersedes from appraisal s where s.supersedes is not null"
# Impressions of danger (C, D, or a suspicion) whose house was not appraised because of them or since, in a range of
# jurisdiction numbers; one without a house speaks of all houses of its household.
WAITING = f"""
    select o.id as house_id, m.no, m.grade, m.at, m.marked_by, m.remark, m.parts
      from mark m join house o on o.id = m.house_id or (m.house_id is null and o.household_id = m.household_id)
     where m.jur >= :lo and m.jur < :hi and m.kind = 'impression' and m.suspected and m.state <> 'refused'
       and not exists (
           select 1 from appraisal a
            where a.house_id = o.id
              and (a.mark_id = m.id or (a.appraised_on >= (m.at at time zone 'Asia/Shanghai')::date
                   and a.id not in ({SUPERSEDED}))))"""


def _decided(told: Told, today: date, months: int) -> dict[str, Any]:
    """The columns of an appraisal once the rule has spoken."""
    computed = appraise(told.standard, told.findings).grade
    grade = told.grade or computed
    if grade is None:
        raise unfit("grade", Text("定不出等级，请由鉴定人认定", "no grade follows: the appraiser has to say it"))
    if grade not in GRADE:
        raise unfit("grade", Text("等级应为 A、B、C 或 D", "the grade is A, B, C or D"))
    if grade != computed and not told.reason:
        raise unfit(
            "reason",
            Text("结论不是计算的等级，请写明理由", "the result is not the grade that follows; say why"),
        )
    if not _FIRST_DAY <= told.appraised_on <= today:
        raise unfit("appraised_on", Text("鉴定日期不能晚于今天", "the day of an appraisal is not to come"))
    valid_until = told.valid_until or (_after(told.appraised_on, months) if months else None)
    if valid_until is not None and valid_until <= told.appraised_on:
        raise unfit("valid_until", Text("有效期应晚于鉴定日期", "it is valid beyond the day of the appraisal"))
    findings = told.findings
    kept: dict[str, Any] = {"measures": findings.measures} if findings.measures else {}
    if findings.site:
        kept["site"] = findings.site
    if findings.parts:
        kept["parts"] = {key: {"level": one.level, "points": one.points} for key, one in findings.parts.items()}
    return {
        "appraised_on": told.appraised_on,
        "standard": told.standard,
        "findings": kept or None,
        "raw": findings.raw,
        "computed": computed,
        "result": grade,
        "override_reason": told.reason if grade != computed else None,
        "appraiser": told.appraiser,
        "appraised_by": told.appraised_by,
        "valid_until": valid_until,
        "cause": told.cause,
        "remark": told.remark,
    }


def _known(session: Session, client_id: uuid.UUID) -> Row[Any] | None:
    return session.execute(
        text("""
            select id, house_id, appraised_on, standard, findings, raw, computed, result, override_reason, appraiser,
                   appraised_by, valid_until, cause, remark, mark_id::text as mark_id, supersedes
              from appraisal where client_id = cast(:id as uuid)"""),
        {"id": str(client_id)},
    ).one_or_none()


def _mark(session: Session, house: Row[Any], no: int | None) -> Row[Any] | None:
    if no is None:
        return None
    mark = session.execute(
        text("select id, no, kind, state, house_id, household_id from mark where no = :no"), {"no": no}
    ).one_or_none()
    if mark is None:
        raise RecordUnknown
    if mark.house_id != house.id and (mark.household_id is None or mark.household_id != house.household_id):
        raise unfit("mark", Text("这条标注说的是另一栋房屋", "that mark speaks of another house"))
    return mark


def _check_superseded(session: Session, house_id: int, appraisal_id: int | None) -> None:
    if appraisal_id is None:
        return
    stands = session.scalar(
        text("""
            select not exists (select 1 from appraisal s where s.supersedes = a.id)
              from appraisal a where a.id = :id and a.house_id = :house"""),
        {"id": appraisal_id, "house": house_id},
    )
    if not stands:
        raise unfit(
            "supersedes",
            Text(
                "要更正的那一次不在这栋房屋的鉴定里，或已被更正",
                "the one to be corrected is none of this house, or is corrected already",
            ),
        )


def _after(day: date, months: int) -> date:
    """The same day of the month so many months on, the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
