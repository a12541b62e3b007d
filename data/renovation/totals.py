"""Totals of renovation: sites by class, grade, method and stage, and money to the fen. Each is a sum of records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.local_time import today
from data.rules.gates import CLASS_SQL, CLASSES, PAY_WITHIN_DAYS, within_days
from data.rules.words import METHOD, SITE_STATE, STAGE

GRADES = ("A", "B", "C", "D", "none")


def renovation_totals(
    session: Session, within: tuple[int, int], year: int | None = None, *, money: bool = True
) -> dict[str, Any]:
    """Count the sites inside a range and sum its money.

    Parameters
    ----------
    within : tuple of (int, int)
        Range of jurisdiction numbers.
    year : int, optional
        Year of the plan; all years without one, those of unknown year included.
    money : bool
        False leaves money out, for those who may not see it.

    Returns
    -------
    dict
        ``sites`` with ``total`` and counts ``by_class`` (exclusive: they sum to the total), ``by_grade`` (``none`` = no
        house or not graded), ``by_method``, ``by_stage``, ``by_state``; and ``money`` in fen: ``received`` with
        ``by_source``, ``entitled`` (``sites_entitled`` sites, ``sites_without`` approved ones without), ``paid``,
        ``under_way`` (listed or sent), ``failed`` (not reworked), ``unspent`` = received − paid, ``batches``; and
        ``payment`` with ``days`` from acceptance to payment (average, longest) and ``late``: accepted, not paid in full
        :data:`PAY_WITHIN_DAYS` days (or those of the year's plan) after.
    """
    keys = {"lo": within[0], "hi": within[1], "year": year}
    return {
        "year": year,
        "sites": _sites(session, keys),
        **({"money": _money(session, keys), "payment": _payment(session, keys)} if money else {}),
    }


_INSIDE = "s.jur >= :lo and s.jur < :hi and (cast(:year as integer) is null or s.year = :year)"


def _sites(session: Session, keys: dict[str, Any]) -> dict[str, Any]:
    by: dict[str, dict[str, int]] = {
        "class": dict.fromkeys(CLASSES, 0),
        "grade": dict.fromkeys(GRADES, 0),
        "method": dict.fromkeys(METHOD, 0),
        "stage": dict.fromkeys(STAGE, 0),
        "state": dict.fromkeys(SITE_STATE, 0),
    }
    total = 0
    found = session.execute(
        text(f"""
            select {CLASS_SQL} as class, coalesce(s.grade_before, 'none') as grade, s.method, s.stage, s.state,
                   count(*)::integer as n
              from renovation_site s where {_INSIDE} group by 1, 2, 3, 4, 5"""),
        keys,
    )
    for row in found.mappings():
        total += row["n"]
        for name, counts in by.items():
            counts[row[name]] += row["n"]
    return {"total": total, **{f"by_{name}": counts for name, counts in by.items()}}


def _money(session: Session, keys: dict[str, Any]) -> dict[str, Any]:
    sources = session.execute(
        text("""
            select source, sum(fen)::bigint as fen from funding
             where jur >= :lo and jur_end <= :hi and cancelled_at is null
               and (cast(:year as integer) is null or year = :year) group by 1 order by 1"""),
        keys,
    ).all()
    entitled = session.execute(
        text(f"""
            select coalesce(sum(s.entitled_fen), 0)::bigint as fen, count(s.entitled_fen)::integer as n,
                   (count(*) filter (where s.entitled_fen is null and s.state = 'open'
                                            and s.stage = any (:approved)))::integer as without
              from renovation_site s where {_INSIDE}"""),
        {**keys, "approved": list(STAGE)[list(STAGE).index("approved") :]},
    ).one()
    paid = session.execute(
        text(f"""
            select coalesce(sum(p.fen) filter (where p.state = 'paid'), 0)::bigint as paid,
                   count(*) filter (where p.state = 'paid') as payments,
                   coalesce(sum(p.fen) filter (where p.state in ('listed', 'sent')), 0)::bigint as under_way,
                   coalesce(sum(p.fen) filter (where p.state = 'failed' and not exists (
                       select 1 from payment q where q.site_id = p.site_id and q.id > p.id
                          and q.state in ('listed', 'sent', 'paid'))), 0)::bigint as failed
              from payment p join renovation_site s on s.id = p.site_id where {_INSIDE}"""),
        keys,
    ).one()
    batches = session.execute(
        text(f"""
            select b.id, b.name, b.state, count(*) filter (where p.state = 'paid')::integer as households,
                   coalesce(sum(p.fen) filter (where p.state = 'paid'), 0)::bigint as paid
              from payment_batch b join payment p on p.batch_id = b.id join renovation_site s on s.id = p.site_id
             where {_INSIDE} group by b.id order by b.id"""),
        keys,
    ).mappings()
    received = sum(row.fen for row in sources)
    return {
        "unit": "fen",
        "received": received,
        "by_source": {row.source: row.fen for row in sources},
        "entitled": entitled.fen,
        "sites_entitled": entitled.n,
        "sites_without": entitled.without,
        "paid": paid.paid,
        "payments": paid.payments,
        "under_way": paid.under_way,
        "failed": paid.failed,
        "unspent": received - paid.paid,
        "batches": [dict(row) for row in batches],
    }


# Days within which is paid.
WITHIN_DAYS = within_days("s", PAY_WITHIN_DAYS)
# A site that waits for money longer than that.
LATE = f"""(s.state = 'open' and s.stage = 'accepted' and s.accepted_on is not null
    and s.accepted_on + {WITHIN_DAYS} < :today)"""


def _payment(session: Session, keys: dict[str, Any]) -> dict[str, Any]:
    row = session.execute(
        text(f"""
            select count(*) filter (where s.paid_on >= s.accepted_on)::integer as n,
                   avg(s.paid_on - s.accepted_on) filter (where s.paid_on >= s.accepted_on)::float8 as average,
                   max(s.paid_on - s.accepted_on)::integer as longest,
                   count(*) filter (where s.paid_on > s.accepted_on + {WITHIN_DAYS})::integer as paid_late,
                   count(*) filter (where {LATE})::integer as late,
                   count(*) filter (where s.state = 'open' and s.stage = 'accepted')::integer as waiting
              from renovation_site s where {_INSIDE}"""),
        {**keys, "today": today()},
    ).one()
    return {
        "paid_sites": row.n,
        "average_days": None if row.average is None else round(row.average, 1),
        "longest_days": row.longest,
        "paid_late": row.paid_late,
        "waiting": row.waiting,
        "late": row.late,
    }
