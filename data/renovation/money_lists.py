"""Lists of the money page (资金): what came in, which rates hold, and what the bank sent back, as they are read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown

# Areas that money is received for and batches are made in; a village has no account of its own.
_LEVELS = ("city", "county", "township")


def money_areas(session: Session, asker: Asker) -> list[dict[str, Any]]:
    """Areas the asker answers for as a whole, the largest first: ``id, code, name, level``."""
    rows = session.execute(
        text("""
            select id, code, name, level, jur, jur_end from area where level = any (:levels)
             order by jur_end - jur desc, code"""),
        {"levels": list(_LEVELS)},
    )
    return [dict(row) for row in rows.mappings() if asker.covers(row["jur"], row["jur_end"])]


def money_years(session: Session, within: tuple[int, int]) -> list[int]:
    """Years of which there are sites, money received, rates or batches, the newest first."""
    return list(
        session.scalars(
            text("""
                select year from renovation_site where jur >= :lo and jur < :hi and year is not null
                union select year from funding where jur >= :lo and jur_end <= :hi
                union select year from payment_batch where jur >= :lo and jur_end <= :hi
                union select year from subsidy_rate where jur < :hi and jur_end > :lo order by 1 desc"""),
            {"lo": within[0], "hi": within[1]},
        )
    )


def funding_list(session: Session, within: tuple[int, int], year: int | None) -> list[dict[str, Any]]:
    """Money received in an area and year, newest first; cancelled entries stay in the list with their reason."""
    rows = session.execute(
        text("""
            select f.id, f.year, f.source, f.document, f.received_on, f.fen, f.remark, f.cancelled_at, f.cancel_reason,
                   a.name as area, f.account_id, c.full_name as who
              from funding f join area a on a.id = f.area_id left join account c on c.id = f.account_id
             where f.jur >= :lo and f.jur_end <= :hi and (cast(:year as integer) is null or f.year = :year)
             order by f.received_on desc, f.id desc"""),
        {"lo": within[0], "hi": within[1], "year": year},
    )
    return [dict(row) for row in rows.mappings()]


def find_funding(session: Session, funding_id: int) -> None:
    """Say that there is no such entry of money received, where the asker sees none.

    Raises
    ------
    RecordUnknown
    """
    if session.scalar(text("select 1 from funding where id = :id"), {"id": funding_id}) is None:
        raise RecordUnknown


def rate_list(session: Session, within: tuple[int, int], year: int | None) -> list[dict[str, Any]]:
    """Rates that hold in an area or a part of it, by year, grade, method and group; those of the smaller area first."""
    rows = session.execute(
        text("""
            select r.id, r.year, r.grade, r.method, r.aid_group, r.fen, r.source, a.name as area
              from subsidy_rate r join area a on a.id = r.area_id
             where r.ended_at is null and r.jur < :hi and r.jur_end > :lo
               and (cast(:year as integer) is null or r.year = :year)
             order by r.year desc, r.grade, r.method, r.aid_group, r.jur_end - r.jur, r.jur"""),
        {"lo": within[0], "hi": within[1], "year": year},
    )
    return [dict(row) for row in rows.mappings()]


def return_list(session: Session, batch_id: int) -> list[dict[str, Any]]:
    """Files the bank sent back for a batch, newest first, each with its counts by outcome."""
    rows = session.execute(
        text("""
            select r.id, r.name, r.counts, r.at, r.account_id, c.full_name as who
              from bank_return r left join account c on c.id = r.account_id
             where r.batch_id = :id order by r.id desc"""),
        {"id": batch_id},
    )
    return [dict(row) for row in rows.mappings()]


def find_return(session: Session, batch_id: int, return_id: int) -> dict[str, Any]:
    """One such file with its rows: ``no, reference, fen`` as read, ``expected`` of the line, ``outcome, why``.

    Raises
    ------
    RecordUnknown
        If the asker sees no such file of the batch.
    """
    found = (
        session.execute(
            text("select id, name, counts, at from bank_return where id = :id and batch_id = :batch"),
            {"id": return_id, "batch": batch_id},
        )
        .mappings()
        .one_or_none()
    )
    if found is None:
        raise RecordUnknown
    rows = session.execute(
        text("""
            select r.no, r.reference, r.fen, r.outcome, r.why, p.fen as expected, p.site_id, p.line_no
              from bank_return_row r left join payment p on p.id = r.payment_id
             where r.return_id = :id order by r.no"""),
        {"id": return_id},
    )
    return {**found, "rows": [dict(row) for row in rows.mappings()]}
