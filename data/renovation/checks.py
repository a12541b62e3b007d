"""The checks before approval: identity, appraisal and method agree or have a reason (三精准), and somebody answers for
each (三落实)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.audit import record
from data.renovation.eligibility import eligibility_of, joined
from data.renovation.steps import expect_open, expect_revision, locked_site
from data.renovation.unfit import clean_words, lacking
from data.rules.eligibility import Eligibility
from data.rules.gates import method_fits
from data.tables import SiteCheck
from geo.errors import Text

CHECK = {
    "identity": Text("身份认定精准", "Identity"),
    "appraisal": Text("房屋鉴定精准", "Appraisal"),
    "method": Text("房屋实施精准", "Method"),
    "responsible": Text("责任到人", "Somebody answers for it"),
}
THREE = ("identity", "appraisal", "method")


@dataclass(frozen=True)
class Check:
    """One check of a site.

    Attributes
    ----------
    name : str
        A key of :data:`CHECK`.
    met : bool
        Whether it agrees, or a reason is given why it may stand.
    why : Text
        By what it is met, or what is lacking.
    agrees : bool
        Whether it agrees without a reason.
    reason : str or None
        The reason that was given.
    who : str or None
        Who answers for it; of a site with nobody of its own for the check, whoever answers for the site.
    """

    name: str
    met: bool
    why: Text
    agrees: bool = True
    reason: str | None = None
    who: str | None = None


def site_checks(session: Session, site_ids: Sequence[int]) -> dict[int, list[Check]]:
    """The four checks of each site, in the order of :data:`CHECK` (domain E2; city summary 2021: 三落实、三精准).

    Identity: the household is of one of the groups that get help, no list of an office says otherwise and nothing
    excludes it. Appraisal: the grade the renovation began with is that of an appraisal of its house, or there is no
    house. Method: it is the usual one for the grade. Each may stand for a reason instead. Responsible: each of the
    three has a person. Sites the asker does not see are missing.
    """
    rows = session.execute(
        text("""
            select s.id, s.household_id, s.grade_before, s.method, s.method_reason, s.responsible, s.house_id,
                   h.aid_group, a.appraised_on, coalesce(a.fits, false) as fits,
                   coalesce(a.appraised, false) as appraised,
                   (select g.reason from site_gate g where g.site_id = s.id and g.act = 'passed'
                       and g.gate in ('compared', 'approved') and g.reason is not null
                       and not exists (select from exclusion e where e.household_id = s.household_id
                                          and e.lifted_on is null and e.at > g.at)
                     order by g.no desc limit 1) as passed_over
              from renovation_site s left join household h on h.id = s.household_id
              left join lateral (
                  select max(a.appraised_on) filter (where a.result = s.grade_before) as appraised_on,
                         bool_or(a.result = s.grade_before) as fits, count(*) > 0 as appraised
                    from appraisal a where a.house_id = s.house_id
                     and not exists (select 1 from appraisal b where b.supersedes = a.id)) a on true
             where s.id = any (:ids)"""),
        {"ids": list(site_ids)},
    ).all()
    said: dict[tuple[int, str], Any] = {
        (one.site_id, one.name): one
        for one in session.execute(
            text("""
                select distinct on (site_id, name) site_id, name, responsible, reason from site_check
                 where site_id = any (:ids) order by site_id, name, id desc"""),
            {"ids": list(site_ids)},
        )
    }
    judged = eligibility_of(session, [row.household_id for row in rows if row.household_id is not None])
    found = {}
    for row in rows:
        three = [_identity(row, judged.get(row.household_id)), _appraisal(row), _method(row)]
        checks = [_with_person(row, one, said.get((row.id, one.name))) for one in three]
        found[row.id] = [*checks, _responsible(checks)]
    return found


def _with_person(row: Any, check: Check, said: Any) -> Check:
    """A check with who answers for it, and with the reason why it may stand. No reason stands against an exclusion
    but one that was given at a gate."""
    who = (said.responsible if said else None) or row.responsible
    reason = check.reason or (said.reason if said else None)
    is_final = check.name == "identity" and not check.met and check.why.zh.startswith(_EXCLUDED.zh)
    met = check.met or (reason is not None and not is_final)
    return Check(check.name, met, check.why, check.agrees, reason, who)


_EXCLUDED = Text("不予享受：", "excluded: ")


def _identity(row: Any, judged: Eligibility | None) -> Check:
    if judged is None or not row.aid_group:
        why = Text("农户的对象类别没有认定", "the household's group is not determined")
        return Check("identity", False, why, agrees=False)
    why = joined(judged.reasons)
    if judged.verdict == "excluded":
        why = Text(_EXCLUDED.zh + why.zh, _EXCLUDED.en + why.en)
    if judged.stops:
        return Check("identity", row.passed_over is not None, why, agrees=False, reason=row.passed_over)
    if judged.verdict == "unproven":
        why = Text(f"对象类别已认定；{why.zh}", f"The household's group is determined; {why.en}")
    return Check("identity", True, why)


def _appraisal(row: Any) -> Check:
    if row.house_id is None:
        return Check("appraisal", True, Text("无房户，不需鉴定", "No house, nothing to appraise"))
    if row.fits:
        day = row.appraised_on or "—"
        return Check("appraisal", True, Text(f"鉴定于 {day}", f"Appraised on {day}"))
    if row.appraised:
        grade = row.grade_before or "—"
        why = Text(f"鉴定记录中没有改造前的 {grade} 级", f"no appraisal says grade {grade} of before")
        return Check("appraisal", False, why, agrees=False)
    return Check("appraisal", False, Text("房屋没有鉴定", "the house is not appraised"), agrees=False)


def _method(row: Any) -> Check:
    if method_fits(row.grade_before, row.method):
        return Check("method", True, Text("改造方式与等级相符", "The method fits the grade"))
    if row.method_reason:
        why = Text("方式与等级不符，已写明理由", "Unusual for the grade, with a reason")
        return Check("method", True, why, agrees=False, reason=row.method_reason)
    why = Text("改造方式与等级不符，没有理由", "the method does not fit the grade, without a reason")
    return Check("method", False, why, agrees=False)


def _responsible(checks: Sequence[Check]) -> Check:
    without = [CHECK[one.name] for one in checks if not one.who]
    if not without:
        names = list(dict.fromkeys(one.who or "" for one in checks))
        return Check("responsible", True, Text("、".join(names), ", ".join(names)))
    if len(without) == len(checks):
        return Check("responsible", False, Text("没有责任人", "nobody answers for it"), agrees=False)
    zh, en = "、".join(one.zh for one in without), ", ".join(one.en for one in without)
    return Check("responsible", False, Text(f"{zh}没有责任人", f"nobody answers for: {en}"), agrees=False)


def state_check(
    session: Session,
    asker: Asker | None,
    site_id: int,
    name: str,
    *,
    responsible: str | None,
    reason: str | None,
    revision: int | None = None,
) -> None:
    """Say who answers for one of the three checks, and why it may stand though it does not agree; earlier words stay.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    RenovationUnfit
        If there is no such check, nobody is named, or the site has ended or was changed meanwhile.
    """
    site = locked_site(session, site_id)
    expect_revision(site, revision)
    expect_open(site)
    if name not in THREE:
        raise lacking("name", "没有这一项核对", "there is no such check", found=name, expected=list(THREE))
    who = clean_words(responsible, 200)
    if not who:
        raise lacking("responsible", "请填写责任人", "say who answers for it")
    session.add(
        SiteCheck(
            site_id=site_id,
            jur=site.jur,
            name=name,
            responsible=who,
            reason=clean_words(reason),
            account_id=asker.account_id if asker else None,
        )
    )
    session.flush()
    record(
        session,
        act="site_check",
        object_kind="renovation_site",
        object_id=site_id,
        fields=["responsible", "reason"],
        details={"check": name},
        jur=site.jur,
    )
