"""The ground that steps of a renovation share: the site as it is held, what is refused and how, and the row written.

The database guards the same rules by ``site_gate_judged`` (migration 0031) whoever writes; here they are asked first,
so that a person is told what is missing and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import today
from data.renovation.unfit import RenovationUnfit, clean_words, judged, lacking
from data.rules.gates import gates_of
from data.rules.words import METHOD, STAGE
from data.tables import RenovationSite, SiteGate
from geo.errors import Text


def locked_sites(session: Session, site_ids: Sequence[int], *, hold: bool = True) -> dict[int, Row[Any]]:
    """The sites of a step, held in ascending order until the transaction ends; those the asker cannot see are missing.

    With ``hold`` False they are only read.

    Rows with the day of the latest act, the grade of the house's latest appraisal, and whether money is listed or paid.
    """
    rows = session.execute(
        text(f"""
            select s.id, s.jur, s.method, s.grade_before, s.stage, s.state, s.revision, s.entitled_fen, s.house_id,
                   greatest(s.stage_on, (select max(on_day) from site_gate g where g.site_id = s.id)) as latest,
                   (select h.grade from house h where h.id = s.house_id) as graded,
                   exists (select 1 from payment p
                            where p.site_id = s.id and p.state in ('listed', 'sent', 'paid')) as money
              from renovation_site s where s.id = any (:ids) order by s.id
             {"for no key update of s" if hold else ""}"""),
        {"ids": list(site_ids)},
    )
    return {row.id: row for row in rows}


def locked_site(session: Session, site_id: int) -> Row[Any]:
    """One site as :func:`locked_sites` gives it.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    """
    found = locked_sites(session, [site_id])
    if site_id not in found:
        raise RecordUnknown
    return found[site_id]


def expect_revision(site: Row[Any], revision: int | None) -> None:
    """Refuse a step made on a page that is no longer what stands."""
    if revision is not None and revision != site.revision:
        raise RenovationUnfit(
            Text(
                "没有保存：别人刚改过这处改造。请重新打开，再办一次。",
                "Not saved: somebody has just changed this renovation. Open it again and repeat the step.",
            ),
            found=revision,
            expected=site.revision,
        )


def expect_open(site: Row[Any]) -> None:
    """Refuse a step of a renovation that has ended."""
    if site.state != "open":
        raise RenovationUnfit(
            Text(
                "没有保存：这处改造已终止。如要继续，请先恢复办理。",
                "Not saved: this renovation has ended. Take it up again first.",
            ),
            found=site.state,
        )


def expect_no_money(site: Row[Any]) -> None:
    """Refuse what may not be while money is paid or on its way."""
    if site.money:
        raise RenovationUnfit(
            Text(
                "没有保存：补助已列入批次或已发放，不能退回验收之前或终止。请先撤销未报盘的付款。",
                "Not saved: its subsidy is listed or paid, so it cannot end or fall back behind its acceptance. "
                "Cancel the listed payment first.",
            ),
            found=site.stage,
        )


def not_next(site: Row[Any], gate: str, wanted: str | None) -> RenovationUnfit:
    """The refusal of a gate that is not the next one: which is, and why."""
    now, asked = STAGE[site.stage], STAGE[gate]
    if wanted is None:
        return RenovationUnfit(
            Text("没有保存：各环节都已办完。", "Not saved: all gates are passed."), column="gate", found=gate
        )
    if gate not in gates_of(site.method):
        way = METHOD[site.method]
        return RenovationUnfit(
            Text(f"没有保存：{way.zh}没有“{asked.zh}”这一环节。", f"Not saved: {way.en} has no gate '{asked.en}'."),
            column="gate",
            found=gate,
            expected=wanted,
        )
    return RenovationUnfit(
        Text(
            f"没有保存：现在是“{now.zh}”，下一步是“{STAGE[wanted].zh}”，不能直接到“{asked.zh}”。",
            f"Not saved: it stands at '{now.en}', next is '{STAGE[wanted].en}', not '{asked.en}'.",
        ),
        column="gate",
        found=gate,
        expected=wanted,
    )


def misfit(grade: str | None, method: str) -> RenovationUnfit:
    """The refusal of a method that is unusual for a grade, without a reason."""
    stated = Text(f"{grade} 级", f"grade {grade}") if grade else Text("无房户", "a household without a house")
    way = METHOD[method]
    return lacking(
        "method_reason",
        f"{stated.zh}一般不用“{way.zh}”，请写明理由",
        f"'{way.en}' is unusual for {stated.en}: give the reason",
        found=method,
    )


def stated_reason(words: str | None) -> str:
    """A reason in a person's own words; refused if there is none."""
    clean = clean_words(words)
    if not clean or len(clean) < 2:
        raise lacking("reason", "请写明原因", "give the reason")
    return clean


def fit_day(on_day: date | None, latest: date | None) -> date:
    """The day of a step: not after today, not before ``latest``; without one today."""
    now = today()
    if on_day is None:
        return max(now, latest) if latest else now
    if on_day > now:
        raise lacking(
            "on_day", f"日期 {on_day} 在今天之后", f"{on_day} lies after today", found=str(on_day), expected=str(now)
        )
    if latest and on_day < latest:
        raise lacking(
            "on_day",
            f"日期 {on_day} 早于上一环节的 {latest}",
            f"{on_day} lies before {latest}, the day of the step before",
            found=str(on_day),
            expected=str(latest),
        )
    return on_day


def write_act(
    session: Session,
    asker: Asker | None,
    site: Row[Any] | RenovationSite,
    act: str,
    gate: str,
    on_day: date,
    *,
    noted_as: str,
    details: dict[str, Any] | None = None,
    **more: Any,
) -> None:
    """Write one act of a site and its line in the log; the database judges it again and moves the site.

    Parameters
    ----------
    site : Row or RenovationSite
        As :func:`locked_sites` gives it, or one that has just begun.
    noted_as : str
        The act of the log; ``details`` go with it.
    **more
        Further columns of the act.

    Raises
    ------
    RenovationMoved
        If somebody else moved the site meanwhile.
    """
    with judged(session):
        session.add(
            SiteGate(
                site_id=site.id,
                jur=site.jur,
                no=0,  # the database numbers it
                act=act,
                gate=gate,
                on_day=on_day,
                account_id=asker.account_id if asker else None,
                **more,
            )
        )
    record(session, act=noted_as, object_kind="renovation_site", object_id=site.id, details=details, jur=site.jur)
