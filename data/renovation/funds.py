"""Money of a year: what was received (到位资金), what each household is entitled to (补助标准, 应补金额). Whole fen."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import today
from data.renovation.unfit import RenovationUnfit, clean_words, judged, lacking
from data.rules.gates import has_passed
from data.rules.words import AID_GROUP, FUND_SOURCE, METHOD
from data.tables import Area, Entitlement, Funding, RenovationSite, SubsidyRate
from geo.errors import Text

GRADES = ("A", "B", "C", "D", "none")
MOST_YUAN = 10**10
_AMOUNT = re.compile(r"[+]?\d{1,13}(?:\.\d{1,6})?")


def fen_of(written: Any, column: str = "amount", *, unit: int = 100) -> int:
    """Fen of an amount as people write it, exactly.

    Parameters
    ----------
    written : str, int or Decimal
        ``35,000.00``, ``3.5`` … Thousands may be parted by commas; full-width digits are read. Never a float: an amount
        that has been one is no longer what was written.
    unit : int
        Fen in one unit: 100 for yuan, 1,000,000 for 万元.

    Raises
    ------
    RenovationUnfit
        If it is no amount, is negative, or has parts of a fen.
    """
    if isinstance(written, bool | float):
        raise TypeError("amounts are read from text or whole numbers")
    plain = str(written).strip().translate(_WIDTH).replace(",", "").removeprefix("¥").removesuffix("元").strip()
    if not _AMOUNT.fullmatch(plain):
        raise lacking(
            column, f"“{written}”不是金额，应如 35000.00", f"'{written}' is no amount such as 35000.00", found=written
        )
    fen = Decimal(plain) * unit
    if fen != fen.to_integral_value():
        raise lacking(column, f"“{written}”有不足一分的零头", f"'{written}' has parts of a fen", found=written)
    if fen > MOST_YUAN * 100:
        raise lacking(column, f"“{written}”过大", f"'{written}' is too large", found=written)
    return int(fen)


_WIDTH = str.maketrans("０１２３４５６７８９．，￥", "0123456789.,¥")


def yuan(fen: int) -> str:
    """Yuan with two places and commas: ``35,000.00``."""
    return f"{Decimal(fen).scaleb(-2):,.2f}"


def wan(fen: int) -> str:
    """万元 as exactly as needed, with two places at least: ``468.45``."""
    number = f"{Decimal(fen).scaleb(-6):.6f}"
    whole, places = number.split(".")
    return f"{int(whole):,}.{places.rstrip('0'):0<2}"


def add_funding(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    year: int,
    source: str,
    fen: int,
    received_on: date,
    document: str | None = None,
    remark: str | None = None,
) -> int:
    """Enter money received for an area and year; returns its key.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the whole area.
    """
    area = _area(session, asker, area_id)
    if source not in FUND_SOURCE:
        raise lacking("source", "请选择资金来源", "choose where the money came from", found=source)
    if fen <= 0:
        raise lacking("amount", "金额须大于零", "the amount must be above zero", found=fen)
    if received_on > today():
        raise lacking("received_on", "到位日期在今天之后", "the day lies after today", found=str(received_on))
    made = Funding(
        area_id=area_id,
        jur=area.jur,
        jur_end=area.jur_end,
        year=_year(year),
        source=source,
        document=clean_words(document, 200),
        received_on=received_on,
        fen=fen,
        remark=clean_words(remark),
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    record(session, act="funding_add", object_kind="funding", object_id=made.id, details={"fen": fen}, jur=area.jur)
    return made.id


def cancel_funding(session: Session, funding_id: int, reason: str) -> None:
    """Cancel an entry that was a mistake; it stays and no longer counts."""
    words = clean_words(reason)
    if not words:
        raise lacking("reason", "请写明原因", "give the reason")
    row = session.execute(
        update(Funding)
        .where(Funding.id == funding_id, Funding.cancelled_at.is_(None))
        .values(cancelled_at=func.now(), cancel_reason=words)
        .returning(Funding.jur, Funding.fen)
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    record(
        session,
        act="funding_cancel",
        object_kind="funding",
        object_id=funding_id,
        reason=words,
        details={"fen": row.fen},
        jur=row.jur,
    )


def set_rate(
    session: Session,
    asker: Asker | None,
    *,
    area_id: int,
    year: int,
    grade: str,
    method: str,
    fen: int,
    source: str,
    aid_group: str = "",
) -> int:
    """Set what a household is entitled to in an area and year; an earlier rate of the same kind ends and stays.

    Parameters
    ----------
    grade : str
        Grade before: ``A`` … ``D`` or ``none`` for a household without a house.
    aid_group : str
        A key of ``AID_GROUP``, or '' for every group that has no rate of its own.
    source : str
        The document and clause the amount comes from.
    """
    area = _area(session, asker, area_id)
    if grade not in GRADES:
        raise lacking("grade", "请选择等级", "choose a grade", found=grade, expected=list(GRADES))
    if method not in METHOD:
        raise lacking("method", "请选择改造方式", "choose a method", found=method, expected=list(METHOD))
    if aid_group and aid_group not in AID_GROUP:
        raise lacking("aid_group", "没有这个对象类别", "there is no such group", found=aid_group)
    words = clean_words(source)
    if not words:
        raise lacking("source", "请写明文件依据", "name the document it comes from")
    year = _year(year)
    session.execute(
        update(SubsidyRate)
        .where(
            SubsidyRate.area_id == area_id,
            SubsidyRate.year == year,
            SubsidyRate.grade == grade,
            SubsidyRate.method == method,
            SubsidyRate.aid_group == aid_group,
            SubsidyRate.ended_at.is_(None),
        )
        .values(ended_at=func.now())
    )
    made = SubsidyRate(
        area_id=area_id,
        jur=area.jur,
        jur_end=area.jur_end,
        year=year,
        grade=grade,
        method=method,
        aid_group=aid_group,
        fen=fen,
        source=words,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    record(session, act="rate_set", object_kind="subsidy_rate", object_id=made.id, details={"fen": fen}, jur=area.jur)
    return made.id


def find_rate(session: Session, site_id: int) -> Any:
    """The rate a site falls under: of the smallest area that has one, that of its own group before that of any.

    Returns
    -------
    Row of ``id, fen, source`` or None where nothing is set for its year, grade, method and place.
    """
    return session.execute(
        text("""
            select r.id, r.fen, r.source from renovation_site s
              left join household h on h.id = s.household_id
              join subsidy_rate r on r.ended_at is null and r.jur <= s.jur and r.jur_end > s.jur and r.year = s.year
                   and r.grade = coalesce(s.grade_before, 'none') and r.method = s.method
                   and r.aid_group in ('', coalesce(h.aid_group, ''))
             where s.id = :id
             order by r.jur_end - r.jur, r.aid_group = '', r.id desc limit 1"""),
        {"id": site_id},
    ).one_or_none()


def entitle(
    session: Session, asker: Asker | None, site_id: int, *, fen: int | None = None, reason: str | None = None
) -> int:
    """Set what a site's household is entitled to: by the rate, or another amount for a reason.

    Parameters
    ----------
    fen : int, optional
        None takes the rate of its year, grade, method, group and place.

    Returns
    -------
    int
        Fen.

    Raises
    ------
    RenovationUnfit
        If it is not approved yet, no rate is set, the reason is missing, or more is paid or on its way already.
    """
    site = session.execute(
        select(RenovationSite.jur, RenovationSite.stage, RenovationSite.method, RenovationSite.year)
        .where(RenovationSite.id == site_id)
        .with_for_update(key_share=True)
    ).one_or_none()
    if site is None:
        raise RecordUnknown
    if not has_passed(site.method, site.stage, "approved"):
        raise RenovationUnfit(
            Text("没有保存：审批以后才能核定补助。", "Not saved: the subsidy is set once the renovation is approved."),
            found=site.stage,
            expected="approved",
        )
    words = clean_words(reason)
    rate = None
    if fen is None:
        rate = find_rate(session, site_id)
        if rate is None:
            raise RenovationUnfit(
                Text(
                    f"没有保存：{site.year or '—'} 年没有适用的补助标准。请先在资金页设定标准，或写明金额和理由。",
                    f"Not saved: no rate is set for {site.year or '—'}. Set one on the money page, or give amount and "
                    "reason.",
                ),
                column="amount",
                found=site.year,
            )
        fen = int(rate.fen)
    elif not words:
        raise lacking("reason", "不按标准的金额须写明理由", "an amount other than the rate needs a reason")
    gone = int(
        session.scalar(
            text("""
                select coalesce(sum(fen), 0) from payment
                 where site_id = :id and state in ('listed', 'sent', 'paid')"""),
            {"id": site_id},
        )
        or 0
    )
    if fen < gone:
        raise lacking(
            "amount",
            f"应补 {yuan(fen)} 元少于已列入批次和已发放的 {yuan(gone)} 元",
            f"{yuan(fen)} yuan is less than the {yuan(gone)} yuan listed and paid already",
            found=fen,
            expected=gone,
        )
    with judged(session):
        session.add(
            Entitlement(
                site_id=site_id,
                jur=site.jur,
                fen=fen,
                rate_id=rate.id if rate else None,
                reason=words,
                account_id=asker.account_id if asker else None,
            )
        )
    record(session, act="entitle", object_kind="renovation_site", object_id=site_id, details={"fen": fen}, jur=site.jur)
    return fen


def _area(session: Session, asker: Asker | None, area_id: int) -> Any:
    area = session.execute(select(Area.jur, Area.jur_end).where(Area.id == area_id)).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    return area


def _year(year: int) -> int:
    if not 2000 <= year <= 2100:
        raise lacking("year", f"年度“{year}”应为四位年份", f"'{year}' is no year", found=year)
    return year
