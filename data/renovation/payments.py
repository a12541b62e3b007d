"""Payments of subsidies in batches (报盘批次): listed after acceptance, sent to the bank, booked from its return file.

No payment before acceptance, none above what the household is entitled to, one at a time for each site: asked here,
guarded by ``payment_judged`` (migration 0031).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from data.askers import Asker, RecordUnknown
from data.audit import record
from data.db import rows_changed
from data.renovation.unfit import RenovationUnfit, clean_words, judged, lacking
from data.rules.gates import GATES
from data.tables import Area, PaymentBatch
from geo.errors import Text

# Stages from which a subsidy may be paid; every method has them in this order.
PAYABLE = GATES[GATES.index("accepted") :]


@dataclass(frozen=True)
class Listed:
    """What came of listing sites in a batch.

    Attributes
    ----------
    added : int
        Sites listed.
    fen : int
        Their amounts together.
    left_out : list of (int, Text)
        Sites not listed, each with its reason.
    """

    added: int
    fen: int
    left_out: list[tuple[int, Text]]


def open_batch(session: Session, asker: Asker | None, *, area_id: int, year: int, name: str) -> int:
    """Open a batch of an area and year; returns its key.

    Raises
    ------
    RecordUnknown
        If the asker does not answer for the whole area.
    RenovationUnfit
        If it has no name, or one of the area and year bears it.
    """
    area = session.execute(select(Area.jur, Area.jur_end).where(Area.id == area_id)).one_or_none()
    if area is None or (asker is not None and not asker.covers(area.jur, area.jur_end)):
        raise RecordUnknown
    words = clean_words(name, 80)
    if not words:
        raise lacking("name", "请写批次名称", "name the batch")
    if not 2000 <= year <= 2100:
        raise lacking("year", f"年度“{year}”应为四位年份", f"'{year}' is no year", found=year)
    made = session.scalar(
        text("""
            insert into payment_batch (area_id, jur, jur_end, year, name, account_id)
            values (:area, :jur, :jur_end, :year, :name, :account) on conflict (area_id, year, name) do nothing
            returning id"""),
        {
            "area": area_id,
            "jur": area.jur,
            "jur_end": area.jur_end,
            "year": year,
            "name": words,
            "account": asker.account_id if asker else None,
        },
    )
    if made is None:
        raise lacking("name", f"已有名为“{words}”的批次", f"there is a batch named '{words}' already", found=words)
    record(session, act="batch_open", object_kind="payment_batch", object_id=made, jur=area.jur)
    return int(made)


def payable_sites(session: Session, batch_id: int, *, most: int = 10_000) -> list[Row[Any]]:
    """Sites of a batch's area and year that wait for money: accepted, entitled to more than is paid, none under way.

    Rows of ``id, code, head_name, village, accepted_on, fen`` with what is still due; longest waiting first.
    """
    return list(
        session.execute(
            text("""
                select s.id, s.code, h.code as household_code, h.head_name, v.name as village, s.accepted_on,
                       s.entitled_fen - paid.fen as fen, h.card_sealed is not null as card
                  from payment_batch b
                  join renovation_site s on s.jur >= b.jur and s.jur < b.jur_end and s.year = b.year
                  left join household h on h.id = s.household_id
                  left join area v on v.id = s.village_id
                  cross join lateral (select coalesce(sum(p.fen) filter (where p.state = 'paid'), 0)::bigint as fen,
                                             coalesce(bool_or(p.state in ('listed', 'sent')), false) as under_way
                                        from payment p where p.site_id = s.id) paid
                 where b.id = :batch and s.state = 'open' and s.stage = any (:payable)
                   and s.entitled_fen > paid.fen and not paid.under_way
                 order by s.accepted_on nulls last, s.id limit :most"""),
            {"batch": batch_id, "payable": list(PAYABLE), "most": most},
        )
    )


def list_sites(session: Session, asker: Asker | None, batch_id: int, site_ids: Sequence[int] | None = None) -> Listed:
    """List sites in a batch that is being made up, each with what is still due to it.

    Parameters
    ----------
    site_ids : sequence of int, optional
        None lists every site that waits for money (:func:`payable_sites`). Sites that cannot be paid are left out and
        said, each with its reason; a site twice in the list is taken once.
    """
    batch = _batch(session, batch_id, lock=True)
    _draft(batch)
    waiting = {row.id: int(row.fen) for row in payable_sites(session, batch_id)}
    wanted = list(waiting) if site_ids is None else list(dict.fromkeys(site_ids))
    chosen = [site for site in wanted if site in waiting]
    left_out = _why_not(session, batch, [site for site in wanted if site not in waiting])
    first = (
        session.scalar(text("select coalesce(max(line_no), 0) from payment where batch_id = :id"), {"id": batch_id})
        or 0
    )
    if chosen:
        with judged(session):
            session.execute(
                text("""
                    insert into payment (batch_id, line_no, site_id, jur, fen, account_id)
                    select :batch, :first + n, s.id, s.jur, w.fen, :account
                      from unnest(cast(:ids as bigint[]), cast(:fen as bigint[])) with ordinality as w (id, fen, n)
                      join renovation_site s on s.id = w.id order by n"""),
                {
                    "batch": batch_id,
                    "first": first,
                    "ids": chosen,
                    "fen": [waiting[site] for site in chosen],
                    "account": asker.account_id if asker else None,
                },
            )
        _touch(session, batch_id)
    total = sum(waiting[site] for site in chosen)
    record(
        session,
        act="batch_list",
        object_kind="payment_batch",
        object_id=batch_id,
        details={"lines": len(chosen), "fen": total},
        jur=batch.jur,
    )
    return Listed(len(chosen), total, left_out)


def cancel_line(session: Session, batch_id: int, payment_id: int) -> None:
    """Take a line out of a batch that is being made up: it stays as cancelled and the site can be listed again."""
    batch = _batch(session, batch_id, lock=True)
    _draft(batch)
    done = session.execute(
        text("""
            update payment set state = 'cancelled', updated_at = now()
             where id = :id and batch_id = :batch and state = 'listed'"""),
        {"id": payment_id, "batch": batch_id},
    )
    if not rows_changed(done):
        raise RecordUnknown
    _touch(session, batch_id)
    record(session, act="payment_cancel", object_kind="payment", object_id=payment_id, jur=batch.jur)


def cancel_batch(session: Session, batch_id: int) -> None:
    """Cancel a batch that was not sent; its lines are cancelled with it."""
    batch = _batch(session, batch_id, lock=True)
    _draft(batch)
    session.execute(
        text("update payment set state = 'cancelled', updated_at = now() where batch_id = :id and state = 'listed'"),
        {"id": batch_id},
    )
    session.execute(
        text(
            "update payment_batch set state = 'cancelled', revision = revision + 1, updated_at = now() where id = :id"
        ),
        {"id": batch_id},
    )
    record(session, act="batch_cancel", object_kind="payment_batch", object_id=batch_id, jur=batch.jur)


def find_batch(session: Session, batch_id: int) -> Row[Any]:
    """One batch with its sums.

    Raises
    ------
    RecordUnknown
        If there is none for the asker.
    """
    return _batch(session, batch_id)


def batch_list(session: Session, within: tuple[int, int], year: int | None) -> list[Row[Any]]:
    """Batches of the areas inside a range, newest first, each with lines and fen by state."""
    return list(
        session.execute(
            text(f"""
                {_BATCH} where b.jur >= :lo and b.jur_end <= :hi and (cast(:year as integer) is null or b.year = :year)
                order by b.year desc, b.id desc"""),
            {"lo": within[0], "hi": within[1], "year": year},
        )
    )


def batch_lines(session: Session, batch_id: int) -> list[dict[str, Any]]:
    """The lines of a batch in their order; names of heads as they are stored, numbers of cards never."""
    rows = session.execute(
        text("""
            select p.id, p.line_no, p.site_id, p.fen, p.state, p.paid_on, p.failure, s.code as site_code,
                   h.code as household_code, h.head_name, v.name as village, s.accepted_on,
                   coalesce(p.card_sealed, h.card_sealed) is not null as card
              from payment p join renovation_site s on s.id = p.site_id
              left join household h on h.id = s.household_id left join area v on v.id = s.village_id
             where p.batch_id = :id order by p.line_no"""),
        {"id": batch_id},
    )
    return [dict(row) for row in rows.mappings()]


_BATCH = """
    select b.id, b.area_id, b.jur, b.jur_end, b.year, b.name, b.state, b.sent_on, b.revision, b.created_at,
           a.name as area, t.lines, t.fen, t.paid, t.paid_fen, t.failed, t.failed_fen, t.sent, t.sent_fen
      from payment_batch b join area a on a.id = b.area_id
      cross join lateral (select count(*) filter (where p.state <> 'cancelled')::integer as lines,
                                 coalesce(sum(p.fen) filter (where p.state <> 'cancelled'), 0)::bigint as fen,
                                 count(*) filter (where p.state = 'paid')::integer as paid,
                                 coalesce(sum(p.fen) filter (where p.state = 'paid'), 0)::bigint as paid_fen,
                                 count(*) filter (where p.state = 'failed')::integer as failed,
                                 coalesce(sum(p.fen) filter (where p.state = 'failed'), 0)::bigint as failed_fen,
                                 count(*) filter (where p.state = 'sent')::integer as sent,
                                 coalesce(sum(p.fen) filter (where p.state = 'sent'), 0)::bigint as sent_fen
                            from payment p where p.batch_id = b.id) t"""


def _batch(session: Session, batch_id: int, *, lock: bool = False) -> Row[Any]:
    if lock and session.scalar(select(PaymentBatch.id).where(PaymentBatch.id == batch_id).with_for_update()) is None:
        raise RecordUnknown
    row = session.execute(text(f"{_BATCH} where b.id = :id"), {"id": batch_id}).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def _draft(batch: Row[Any]) -> None:
    if batch.state != "draft":
        raise RenovationUnfit(
            Text(
                "没有保存：这一批已报盘或已撤销，不能再改。请另开一批。",
                "Not saved: this batch was sent or cancelled and stays as it is. Open another one.",
            ),
            found=batch.state,
            expected="draft",
        )


def _touch(session: Session, batch_id: int) -> None:
    session.execute(
        text("update payment_batch set revision = revision + 1, updated_at = now() where id = :id"), {"id": batch_id}
    )


def _why_not(session: Session, batch: Row[Any], site_ids: list[int]) -> list[tuple[int, Text]]:
    known = {
        row.id: row
        for row in session.execute(
            text("""
                select s.id, s.jur, s.year, s.state, s.stage, s.entitled_fen,
                       coalesce(sum(p.fen) filter (where p.state = 'paid'), 0)::bigint as paid,
                       coalesce(bool_or(p.state in ('listed', 'sent')), false) as under_way
                  from renovation_site s left join payment p on p.site_id = s.id
                 where s.id = any (:ids) group by s.id"""),
            {"ids": site_ids},
        )
    }
    return [(site, _reason(batch, known.get(site))) for site in site_ids]


def _reason(batch: Row[Any], site: Row[Any] | None) -> Text:
    if site is None or not batch.jur <= site.jur < batch.jur_end:
        return Text("不在本批次的辖区", "not in the area of this batch")
    if site.state != "open":
        return Text("改造已终止", "the renovation has ended")
    if site.stage not in PAYABLE:
        return Text("还没有验收，验收前不能付款", "not accepted yet: nothing is paid before acceptance")
    if site.entitled_fen is None:
        return Text("没有核定应补金额", "what it is entitled to is not set")
    if site.under_way:
        return Text("已列入别的批次", "listed in a batch already")
    if site.paid >= site.entitled_fen:
        return Text("已全部发放", "paid in full already")
    return Text(f"属于 {site.year} 年", f"of the year {site.year}")
