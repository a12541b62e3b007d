"""What the bank sends back for a batch (银行回盘): booked row by row, each with what became of it.

Nothing is booked twice, whatever the file repeats or the same file is read again.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.askers import Asker
from data.audit import record
from data.local_time import today
from data.renovation.bank_files import reference_of
from data.renovation.funds import fen_of
from data.renovation.payments import find_batch
from data.renovation.unfit import RenovationUnfit
from data.sealing import Sealer
from data.tables import BankReturn, BankReturnRow
from geo.errors import FangtuError, Text

if TYPE_CHECKING:
    from geo.files import Sheet

_HEADINGS = {
    "reference": ("明细号", "对账号", "业务编号", "流水备注", "附言", "摘要"),
    "amount": ("金额（元）", "金额(元)", "金额", "发放金额", "交易金额", "实发金额"),
    "result": ("处理结果", "结果", "状态", "处理状态", "交易状态", "是否成功", "回盘结果"),
    "why": ("失败原因", "原因", "退回原因", "结果说明", "备注"),
    "card": ("账号", "卡号", "银行账号", "收款账号", "账户"),
    "on_day": ("入账日期", "交易日期", "发放日期", "日期"),
}
_GOOD = {
    *("成功", "已成功", "交易成功", "处理成功", "发放成功", "已入账", "入账", "是"),
    *("s", "y", "success", "0", "00", "0000"),
}
_BAD = {
    *("失败", "交易失败", "处理失败", "发放失败", "未成功", "退回", "退票", "退汇", "否"),
    *("f", "n", "fail", "failed"),
}
_REFERENCE = re.compile(r"(?<!\d)(\d{1,18})-(\d{4,9})(?!\d)")


# Rows a person has to look at: nothing was booked for them.
NOT_BOOKED = ("contrary", "unknown", "contradiction", "amount", "other_batch", "unreadable")


@dataclass(frozen=True)
class Returned:
    """What came of a return file.

    Attributes
    ----------
    id : int
        Key of the return.
    counts : dict of str to int
        Rows by outcome, and ``rows`` for all of them.
    paid_fen, failed_fen : int
        Booked by this file.
    rows : list of dict
        Each row with ``no, reference, fen, expected, outcome, why``: what the line asked for, and the bank's own words.
    left : int
        Lines of the batch the bank has not answered yet.
    again : bool
        True if the very same file was read before: then nothing was booked now.
    """

    id: int
    counts: dict[str, int]
    paid_fen: int
    failed_fen: int
    rows: list[dict[str, Any]]
    left: int
    again: bool


@dataclass(frozen=True)
class _Answer:
    """One row of a return file as it was read; ``why`` of one without ``good`` is the cell that could not be read."""

    no: int
    reference: str | None
    fen: int | None
    good: bool | None
    why: str | None
    card: str | None
    on_day: date | None


def book_return(
    session: Session,
    asker: Asker | None,
    batch_id: int,
    name: str,
    content: bytes,
    sheets: Sequence[Sheet],
    sealer: Sealer,
) -> Returned:
    """Book what the bank sent back for a batch: paid, failed with the bank's reason, or why a row was not booked.

    Parameters
    ----------
    name : str
        Name of the file.
    content : bytes
        The file whole, by which it is known again.
    sheets : sequence of Sheet
        The file as read (:func:`geo.files.read_table`); the first sheet with the columns of an answer is taken.

    Returns
    -------
    Returned
        A site whose entitlement is paid in full passes the gate ``paid`` by this.

    Raises
    ------
    RecordUnknown
        If there is no such batch for the asker.
    RenovationUnfit
        If the batch was not sent, or no sheet has a result and a reference or account: the columns it has are named.
    """
    session.execute(text("select 1 from payment_batch where id = :id for update"), {"id": batch_id})
    batch = find_batch(session, batch_id)
    digest = hashlib.sha256(content).digest()
    before = session.execute(
        text("select id, counts from bank_return where batch_id = :id and sha256 = :sha"),
        {"id": batch_id, "sha": digest},
    ).one_or_none()
    if before is not None:
        return _told(session, batch_id, before.id, before.counts, again=True)
    if batch.state not in ("sent", "settled"):
        raise RenovationUnfit(
            Text("没有入账：这一批还没有报盘。", "Not booked: this batch was not sent to the bank."),
            found=batch.state,
            expected="sent",
        )
    answers = _read(sheets)
    lines = session.execute(
        text("""
            select id, line_no, fen, state, card_index from payment
             where batch_id = :id and state <> 'cancelled' order by line_no"""),
        {"id": batch_id},
    ).all()
    rows = _judge(session, batch_id, lines, answers, sealer)
    counts = dict(Counter(row["outcome"] for row in rows)) | {"rows": len(rows)}
    # Written once with its counts: what a return came to is not changed, and the application has no right to.
    made = BankReturn(
        batch_id=batch_id,
        jur=batch.jur,
        jur_end=batch.jur_end,
        name=name[:200],
        sha256=digest,
        counts=counts,
        account_id=asker.account_id if asker else None,
    )
    session.add(made)
    session.flush()
    _book(session, rows)
    session.add_all(
        BankReturnRow(
            return_id=made.id,
            no=row["no"],
            jur=batch.jur,
            jur_end=batch.jur_end,
            reference=row["reference"],
            fen=row["fen"],
            outcome=row["outcome"],
            payment_id=row["payment_id"],
            why=row["why"],
        )
        for row in rows
    )
    session.flush()
    _pass_paid(session, asker, batch_id)
    _settle(session, batch_id)
    record(session, act="bank_return", object_kind="payment_batch", object_id=batch_id, details=counts, jur=batch.jur)
    return _told(session, batch_id, made.id, counts, again=False)


def _told(session: Session, batch_id: int, return_id: int, counts: dict[str, int], *, again: bool) -> Returned:
    rows = [
        dict(row)
        for row in session.execute(
            text("""
                select r.no, r.reference, r.fen, p.fen as expected, r.outcome, r.why
                  from bank_return_row r left join payment p on p.id = r.payment_id
                 where r.return_id = :id order by r.no"""),
            {"id": return_id},
        ).mappings()
    ]
    left = session.scalar(
        text("select count(*) from payment where batch_id = :id and state = 'sent'"), {"id": batch_id}
    )
    booked = {way: sum(row["fen"] or 0 for row in rows if row["outcome"] == way) for way in ("paid", "failed")}
    return Returned(return_id, counts, booked["paid"], booked["failed"], rows, int(left or 0), again)


def _read(sheets: Sequence[Sheet]) -> list[_Answer]:
    for sheet in sheets:
        columns = _columns(list(sheet.frame.columns))
        if "result" in columns and ("reference" in columns or "card" in columns) and "amount" in columns:
            return [
                _answer(int(no), {name: values[at] for name, at in columns.items()})
                for no, values in zip(sheet.rows, sheet.frame.itertuples(index=False, name=None), strict=True)
            ]
    found = "、".join(str(name) for sheet in sheets for name in sheet.frame.columns)[:300] or "—"
    raise RenovationUnfit(
        Text(
            f"没有入账：回盘文件须有“明细号”（或“账号”）、“金额”和“处理结果”三列，文件里是：{found}。",
            f"Not booked: a return file needs the columns 明细号 (or 账号), 金额 and 处理结果; the file has: {found}.",
        ),
        found=found,
        expected=["明细号", "金额", "处理结果"],
    )


def _columns(names: list[Any]) -> dict[str, int]:
    plain = [re.sub(r"\s", "", str(name)) for name in names]
    found: dict[str, int] = {}
    for field, words in _HEADINGS.items():
        at = next((plain.index(word) for word in words if word in plain), None)
        if at is not None:
            found[field] = at
    return found


def _answer(no: int, cells: dict[str, Any]) -> _Answer:
    result = _text(cells.get("result"))
    word = (result or "").lower()
    good = True if word in _GOOD else False if word in _BAD else None
    unread = None if good is not None else result or ""
    fen = None
    try:
        fen = fen_of(_text(cells.get("amount")) or "")
    except FangtuError:
        unread = _text(cells.get("amount")) or ""
    day = cells.get("on_day")
    return _Answer(
        no,
        _text(cells.get("reference")),
        fen,
        good if unread is None else None,
        _text(cells.get("why")) if unread is None else unread,
        _text(cells.get("card")),
        _date(day),
    )


def _text(value: Any) -> str | None:
    if value is None or value != value:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())[:200] or None


def _date(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    digits = re.sub(r"\D", "", str(value or ""))
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None
    except ValueError:
        return None


def _judge(
    session: Session, batch_id: int, lines: Sequence[Row[Any]], answers: list[_Answer], sealer: Sealer
) -> list[dict[str, Any]]:
    by_reference = {reference_of(batch_id, line.line_no): line for line in lines}
    met: dict[int, list[_Answer]] = {}
    found: list[tuple[_Answer, Row[Any] | None, str | None, str | None]] = []
    for answer in answers:
        line, outcome, why = _match(session, batch_id, by_reference, lines, answer, sealer)
        found.append((answer, line, outcome, why))
        if line is not None and outcome is None:
            met.setdefault(line.id, []).append(answer)
    rows = []
    booked: set[int] = set()
    for answer, line, outcome, why in found:
        if outcome is None and line is not None:
            outcome, why = _outcome(line, answer, met[line.id], booked)
        rows.append(
            {
                "no": answer.no,
                "reference": answer.reference,
                "fen": answer.fen,
                "outcome": outcome,
                "payment_id": line.id if line is not None else None,
                "why": why,
                "on_day": answer.on_day,
            }
        )
    return rows


def _match(
    session: Session,
    batch_id: int,
    by_reference: dict[str, Row[Any]],
    lines: Sequence[Row[Any]],
    answer: _Answer,
    sealer: Sealer,
) -> tuple[Row[Any] | None, str | None, str | None]:
    if answer.good is None:
        return None, "unreadable", answer.why
    told = _REFERENCE.search(answer.reference or "")
    if told:
        number, no = int(told[1]), int(told[2])
        line = by_reference.get(reference_of(number, no))
        if line is not None:
            return line, None, None
        if number != batch_id and session.scalar(
            text("select 1 from payment_batch where id = :id"), {"id": min(number, 2**63 - 1)}
        ):
            return None, "other_batch", None
        return None, "unknown", None
    if answer.card:
        indexes = sealer.indexes(answer.card, "bank_card")
        same = [line for line in lines if bytes(line.card_index) in indexes]
        if len(same) > 1:
            same = [line for line in same if line.fen == answer.fen]
        if len(same) == 1:
            return same[0], None, None
    return None, "unknown", None


def _outcome(line: Row[Any], answer: _Answer, all_answers: list[_Answer], booked: set[int]) -> tuple[str, str | None]:
    if answer.fen != line.fen:
        return "amount", None
    if line.state != "sent":
        return ("already" if (line.state == "paid") == answer.good else "contrary"), answer.why
    if len({one.good for one in all_answers if one.fen == line.fen}) > 1:
        return "contradiction", answer.why
    if line.id in booked:
        return "double", answer.why
    booked.add(line.id)
    # The bank's own words; it need not give any.
    return ("paid", None) if answer.good else ("failed", answer.why or "")


def _book(session: Session, rows: list[dict[str, Any]]) -> None:
    now = today()
    paid = [
        {"id": row["payment_id"], "day": min(row["on_day"] or now, now)} for row in rows if row["outcome"] == "paid"
    ]
    failed = [{"id": row["payment_id"], "why": row["why"]} for row in rows if row["outcome"] == "failed"]
    if paid:
        session.execute(
            text("update payment set state = 'paid', paid_on = :day, updated_at = now() where id = :id"), paid
        )
    if failed:
        session.execute(
            text("update payment set state = 'failed', failure = :why, updated_at = now() where id = :id"), failed
        )


def _pass_paid(session: Session, asker: Asker | None, batch_id: int) -> None:
    """Sites of the batch whose entitlement is paid in full pass the gate ``paid``, on the day of the last payment."""
    session.execute(
        text("""
            insert into site_gate (site_id, jur, no, act, gate, on_day, account_id)
            select s.id, s.jur, 0, 'passed', 'paid',
                   greatest(p.last, s.stage_on, (select max(g.on_day) from site_gate g where g.site_id = s.id)),
                   :account
              from renovation_site s
              join (select site_id, sum(fen) as fen, max(paid_on) as last from payment
                     where state = 'paid' and site_id in (select site_id from payment where batch_id = :batch)
                     group by site_id) p on p.site_id = s.id
             where s.stage = 'accepted' and s.state = 'open' and p.fen >= s.entitled_fen order by s.id"""),
        {"batch": batch_id, "account": asker.account_id if asker else None},
    )


def _settle(session: Session, batch_id: int) -> None:
    session.execute(
        text("""
            update payment_batch set state = case when exists (select 1 from payment p where p.batch_id = :id
                       and p.state = 'sent') then 'sent' else 'settled' end, revision = revision + 1, updated_at = now()
             where id = :id"""),
        {"id": batch_id},
    )
