"""The checks before approval: identity, appraisal and method agree (三精准), and somebody answers (三落实)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.rules.gates import method_fits
from geo.errors import Text

CHECK = {
    "identity": Text("身份认定精准", "Identity"),
    "appraisal": Text("房屋鉴定精准", "Appraisal"),
    "method": Text("房屋实施精准", "Method"),
    "responsible": Text("责任到人", "Somebody answers for it"),
}


@dataclass(frozen=True)
class Check:
    """One check of a site: which, whether it is met, and in words by what or what is lacking."""

    name: str
    met: bool
    why: Text


def site_checks(session: Session, site_ids: Sequence[int]) -> dict[int, list[Check]]:
    """The four checks of each site, in the order of :data:`CHECK` (city summary 2021: 三落实、三精准).

    Identity: the household is of one of the groups that get help. Appraisal: the grade the renovation began with is
    that of an appraisal of its house, or there is no house. Method: it is the usual one for the grade, or a reason is
    given. Sites the asker does not see are missing.
    """
    rows = session.execute(
        text("""
            select s.id, s.grade_before, s.method, s.method_reason, s.responsible, s.house_id, h.aid_group,
                   a.appraised_on, coalesce(a.fits, false) as fits, coalesce(a.appraised, false) as appraised
              from renovation_site s left join household h on h.id = s.household_id
              left join lateral (
                  select max(a.appraised_on) filter (where a.result = s.grade_before) as appraised_on,
                         bool_or(a.result = s.grade_before) as fits, count(*) > 0 as appraised
                    from appraisal a where a.house_id = s.house_id
                     and not exists (select 1 from appraisal b where b.supersedes = a.id)) a on true
             where s.id = any (:ids)"""),
        {"ids": list(site_ids)},
    )
    return {row.id: [_identity(row), _appraisal(row), _method(row), _responsible(row)] for row in rows}


def _identity(row: Any) -> Check:
    if row.aid_group:
        return Check("identity", True, Text("对象类别已认定", "The household's group is determined"))
    return Check("identity", False, Text("农户的对象类别没有认定", "the household's group is not determined"))


def _appraisal(row: Any) -> Check:
    if row.house_id is None:
        return Check("appraisal", True, Text("无房户，不需鉴定", "No house, nothing to appraise"))
    if row.fits:
        day = row.appraised_on or "—"
        return Check("appraisal", True, Text(f"鉴定于 {day}", f"Appraised on {day}"))
    if row.appraised:
        grade = row.grade_before or "—"
        return Check(
            "appraisal", False, Text(f"鉴定记录中没有改造前的 {grade} 级", f"no appraisal says grade {grade} of before")
        )
    return Check("appraisal", False, Text("房屋没有鉴定", "the house is not appraised"))


def _method(row: Any) -> Check:
    if method_fits(row.grade_before, row.method):
        return Check("method", True, Text("改造方式与等级相符", "The method fits the grade"))
    if row.method_reason:
        return Check("method", True, Text("方式与等级不符，已写明理由", "Unusual for the grade, with a reason"))
    return Check(
        "method", False, Text("改造方式与等级不符，没有理由", "the method does not fit the grade, without a reason")
    )


def _responsible(row: Any) -> Check:
    if row.responsible:
        return Check("responsible", True, Text(row.responsible, row.responsible))
    return Check("responsible", False, Text("没有责任人", "nobody answers for it"))
