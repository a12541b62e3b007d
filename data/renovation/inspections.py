"""Looks at the quality of the work on a site (质量巡查), and orders to mend what falls short (整改督办单)."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.local_time import today
from data.renovation.unfit import RenovationUnfit, clean_words, lacking
from data.tables import RenovationSite, SiteInspection
from geo.errors import Text


def add_inspection(
    session: Session,
    asker: Asker | None,
    site_id: int,
    *,
    on_day: date | None,
    inspector: str | None,
    findings: str | None,
    order_text: str | None = None,
    due_on: date | None = None,
) -> int:
    """Write down a look at a site; with ``order_text`` and ``due_on`` it orders something mended until a day.

    Parameters
    ----------
    on_day : date or None
        Day of the look; today without one.
    inspector, findings : str or None
        Who looked, and what was seen; both are needed.
    order_text : str, optional
        What is to be mended. It needs a day by when, which is not before the look.

    Returns
    -------
    int
        Key of the inspection.

    Raises
    ------
    RecordUnknown
        If the asker sees no such site.
    RenovationUnfit
        If something is lacking, or a day is in the future or out of order.
    """
    jur = session.scalar(select(RenovationSite.jur).where(RenovationSite.id == site_id))
    if jur is None:
        raise RecordUnknown
    day = _past_day(on_day, "on_day")
    who, seen, order = clean_words(inspector, 200), clean_words(findings), clean_words(order_text)
    if not who:
        raise lacking("inspector", "请写明巡查人", "say who inspected")
    if not seen:
        raise lacking("findings", "请写明巡查情况", "say what was found")
    if order and due_on is None:
        raise lacking("due_on", "整改要求须有整改期限", "what is to be mended needs a day by when")
    if due_on is not None and not order:
        raise lacking("order_text", "有整改期限，请写明整改要求", "there is a day by when: say what is to be mended")
    if due_on is not None and due_on < day:
        raise lacking(
            "due_on",
            f"整改期限 {due_on} 早于巡查日期 {day}",
            f"{due_on} lies before the inspection on {day}",
            found=str(due_on),
            expected=str(day),
        )
    made = SiteInspection(
        site_id=site_id,
        jur=jur,
        on_day=day,
        inspector=who,
        findings=seen,
        order_text=order,
        due_on=due_on,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    record(
        session,
        act="site_inspect",
        object_kind="renovation_site",
        object_id=site_id,
        details={"inspection": made.id, "order": order is not None},
        jur=jur,
    )
    return made.id


def mend_inspection(
    session: Session, site_id: int, inspection_id: int, *, note: str | None, mended_on: date | None = None
) -> None:
    """Say that what an inspection ordered is mended (整改完成), how and when.

    Raises
    ------
    RecordUnknown
        If the asker sees no such inspection of the site.
    RenovationUnfit
        If it ordered nothing, is mended already, or how is not said.
    """
    row = session.execute(
        select(SiteInspection.jur, SiteInspection.on_day, SiteInspection.order_text, SiteInspection.mended_on)
        .where(SiteInspection.id == inspection_id, SiteInspection.site_id == site_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise RecordUnknown
    if row.order_text is None or row.mended_on is not None:
        raise RenovationUnfit(
            Text("没有保存：这次巡查没有待整改的事项。", "Not saved: nothing of this inspection waits to be mended.")
        )
    words = clean_words(note)
    if not words:
        raise lacking("mended_note", "请写明整改情况", "say how it was mended")
    day = _past_day(mended_on, "mended_on")
    if day < row.on_day:
        raise lacking(
            "mended_on",
            f"整改日期 {day} 早于巡查日期 {row.on_day}",
            f"{day} lies before the inspection on {row.on_day}",
            found=str(day),
            expected=str(row.on_day),
        )
    session.execute(
        text("""
            update site_inspection set mended_on = :day, mended_note = :note, revision = revision + 1,
                   updated_at = now() where id = :id"""),
        {"id": inspection_id, "day": day, "note": words},
    )
    record(
        session,
        act="site_mend",
        object_kind="renovation_site",
        object_id=site_id,
        details={"inspection": inspection_id},
        jur=row.jur,
    )


def list_inspections(session: Session, site_id: int) -> list[dict[str, Any]]:
    """Inspections of a site, newest first, each with ``overdue``: days past the day by when it was to be mended.

    ``overdue`` is 0 where nothing is to be mended, it is mended, or the day is not over.
    """
    rows = session.execute(
        text("""
            select i.id, i.on_day, i.inspector, i.findings, i.order_text, i.due_on, i.mended_on, i.mended_note,
                   case when i.mended_on is null then greatest(0, cast(:today as date) - i.due_on) else 0 end as overdue
              from site_inspection i where i.site_id = :id order by i.on_day desc, i.id desc"""),
        {"id": site_id, "today": today()},
    )
    return [{**row, "overdue": row["overdue"] or 0} for row in rows.mappings()]


def _past_day(day: date | None, column: str) -> date:
    now = today()
    if day is not None and day > now:
        raise lacking(column, f"日期 {day} 在今天之后", f"{day} lies after today", found=str(day), expected=str(now))
    return day or now
