"""Beginning a renovation, and changing how it is done and who answers for it."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.renovation.steps import expect_revision, fit_day, locked_site, misfit, write_act
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.rules.gates import has_passed, method_fits
from data.rules.words import METHOD
from data.tables import House, Household, RenovationSite
from geo.errors import Text


def open_site(
    session: Session,
    asker: Asker | None,
    *,
    household_id: int,
    method: str,
    house_id: int | None = None,
    on_day: date | None = None,
    year: int | None = None,
    responsible: str | None = None,
    method_reason: str | None = None,
) -> int:
    """Begin a renovation: a household with a house to repair or rebuild, or with none at all.

    Parameters
    ----------
    household_id, house_id : int
        The house gives the grade before and the place; without a house the household's place stands and the grade is
        open (无房户).
    method : str
        A key of ``METHOD``. One that does not fit the grade needs ``method_reason`` (房屋实施精准).
    on_day : date, optional
        The day it was found; today by default.
    year : int, optional
        Year of the plan it belongs to; that of ``on_day`` by default.

    Returns
    -------
    int
        Key of the site, which stands at ``found``.

    Raises
    ------
    RecordUnknown
        If the asker sees no such household, or no such house of it.
    RenovationUnfit
        If the household has an open renovation already, or something is lacking.
    """
    household = session.execute(
        select(Household.id, Household.jur, Household.village_id, Household.grid_id, Household.code).where(
            Household.id == household_id, Household.removed_at.is_(None)
        )
    ).one_or_none()
    if household is None:
        raise RecordUnknown
    house = None
    if house_id is not None:
        house = session.execute(
            select(House.id, House.jur, House.grade).where(House.id == house_id, House.household_id == household_id)
        ).one_or_none()
        if house is None:
            raise RecordUnknown
    if method not in METHOD:
        raise lacking("method", "请选择改造方式", "choose a method", found=method, expected=list(METHOD))
    day = fit_day(on_day, None)
    grade = house.grade if house else None
    reason = clean_words(method_reason)
    if not method_fits(grade, method) and not reason:
        raise misfit(grade, method)
    # Two at once: the second waits for the household, and then finds the site of the first.
    session.execute(text("select pg_advisory_xact_lock(hashtextextended('site:' || :id, 0))"), {"id": household_id})
    under_way = session.scalar(
        text("""
            select min(id) from renovation_site
             where household_id = :id and state = 'open'
               and not stage = any (array['paid', 'moved_in', 'looked_back'])"""),
        {"id": household_id},
    )
    if under_way:
        raise RenovationUnfit(
            Text(
                "这一户已有办理中的改造，请在原改造上继续。",
                "This household has a renovation under way; go on with that one.",
            ),
            found=under_way,
        )
    site = RenovationSite(
        natural_key=f"own:{uuid.uuid4()}",
        household_id=household_id,
        house_id=house.id if house and house.jur == household.jur else None,
        jur=household.jur,
        village_id=household.village_id,
        grid_id=household.grid_id,
        method=method,
        method_reason=reason,
        grade_before=grade,
        stage="found",
        year=year or day.year,
        responsible=clean_words(responsible, 200),
    )
    session.add(site)
    session.flush()
    session.execute(
        text("""
            update renovation_site s set geom = p.geom, source_system = p.source_system, placed_by = p.placed_by,
                   accuracy_m = p.accuracy_m, quality = p.quality
              from (select geom, source_system, placed_by, accuracy_m, quality from house where id = :house
                     union all select geom, source_system, placed_by, accuracy_m, quality from household where id = :id
                     limit 1) p
             where s.id = :site"""),
        {"house": site.house_id, "id": household_id, "site": site.id},
    )
    write_act(session, asker, site, "passed", "found", day, noted_as="site_open")
    return site.id


def change_site(
    session: Session,
    site_id: int,
    *,
    revision: int,
    method: str,
    responsible: str | None,
    method_reason: str | None,
) -> None:
    """Change how a site is renovated and who answers for it. The method is fixed once it was approved.

    Raises
    ------
    RenovationUnfit
        If the method is fixed already, does not fit the grade without a reason, or somebody changed the site meanwhile.
    """
    site = locked_site(session, site_id)
    expect_revision(site, revision)
    if method not in METHOD:
        raise lacking("method", "请选择改造方式", "choose a method", found=method, expected=list(METHOD))
    reason = clean_words(method_reason)
    if method != site.method and has_passed(site.method, site.stage, "approved"):
        raise lacking("method", "审批后改造方式不能改，请先退回", "after approval the method stays: send it back first")
    if not method_fits(site.grade_before, method) and not reason:
        raise misfit(site.grade_before, method)
    session.execute(
        text("""
            update renovation_site set method = :method, method_reason = :reason, responsible = :responsible,
                   revision = revision + 1, updated_at = now() where id = :id"""),
        {"id": site_id, "method": method, "reason": reason, "responsible": clean_words(responsible, 200)},
    )
    record(
        session,
        act="site_change",
        object_kind="renovation_site",
        object_id=site_id,
        fields=["method", "responsible", "method_reason"],
        jur=site.jur,
    )


def find_site(session: Session, told: str) -> int:
    """Key of a site by its number or by the code of its ledger, which must be of one site alone.

    Raises
    ------
    RecordUnknown
        If there is none, or several bear the code.
    """
    found = session.scalars(select(RenovationSite.id).where(RenovationSite.code == told).limit(2)).all()
    if not found and told.isascii() and told.isdigit() and len(told) < 19:
        found = session.scalars(select(RenovationSite.id).where(RenovationSite.id == int(told))).all()
    if len(found) != 1:
        raise RecordUnknown
    return found[0]
