"""The file of a batch for the bank (报盘): names and account numbers as they go out are kept with its lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from data.audit import record
from data.formulas import guarded
from data.households import place
from data.local_time import today
from data.renovation.funds import yuan
from data.renovation.payments import find_batch
from data.renovation.unfit import RenovationUnfit, lacking
from data.sealing import Sealer
from geo.counting import counted
from geo.errors import Text

OUT_HEADINGS = ("序号", "明细号", "户名", "账号", "金额（元）", "用途")
FORMATS = (".csv", ".xlsx")
_SEALED = "payment.card_sealed"


def reference_of(batch_id: int, line_no: int) -> str:
    """What the bank sends back for a line: ``12-0034``."""
    return f"{batch_id}-{line_no:04d}"


def write_bank_file(
    session: Session, batch_id: int, sealer: Sealer, format: str, *, reason: str | None = None
) -> bytes:
    """The file of a batch for the bank, and the batch as sent.

    Cards and names are kept with the lines as they went out; a second call gives the same file and changes nothing.

    Parameters
    ----------
    format : str
        ``.csv`` (UTF-8 with byte order mark) or ``.xlsx``; account numbers are text in both.
    reason : str, optional
        Why the numbers are needed in full; kept in the audit.

    Raises
    ------
    RecordUnknown
        If there is no such batch for the asker.
    RenovationUnfit
        If the batch is empty or cancelled, or lines have no account number: they are named by their numbers.
    """
    if format not in FORMATS:
        raise lacking(
            "format", "文件须为 .csv 或 .xlsx", "the file must be .csv or .xlsx", found=format, expected=list(FORMATS)
        )
    session.execute(text("select 1 from payment_batch where id = :id for update"), {"id": batch_id})
    batch = find_batch(session, batch_id)
    if batch.state == "cancelled" or not batch.lines:
        raise RenovationUnfit(
            Text("没有生成：这一批没有可报盘的明细。", "Not made: this batch has no lines to send."), found=batch.state
        )
    if batch.state == "draft":
        _freeze(session, batch_id, sealer)
    lines = session.execute(
        text("""
            select id, line_no, payee, card_sealed, fen from payment
             where batch_id = :id and state <> 'cancelled' order by line_no"""),
        {"id": batch_id},
    ).all()
    rows = [
        (
            n,
            reference_of(batch_id, line.line_no),
            guarded(line.payee or ""),
            sealer.open(line.card_sealed, _SEALED, line.id),
            yuan(line.fen).replace(",", ""),
            f"{batch.year}年农村危房改造补助",
        )
        for n, line in enumerate(lines, start=1)
    ]
    record(
        session,
        act="bank_out",
        object_kind="payment_batch",
        object_id=batch_id,
        fields=["bank_card", "head_name"],
        reason=reason,
        details={"lines": len(rows), "fen": int(batch.fen)},
        jur=batch.jur,
    )
    return _csv(rows) if format == ".csv" else _xlsx(rows)


def _freeze(session: Session, batch_id: int, sealer: Sealer) -> None:
    lines = session.execute(
        text("""
            select p.id, p.line_no, h.id as household_id, h.head_name, h.card_sealed
              from payment p join renovation_site s on s.id = p.site_id left join household h on h.id = s.household_id
             where p.batch_id = :id and p.state = 'listed' order by p.line_no"""),
        {"id": batch_id},
    ).all()
    without = [line.line_no for line in lines if line.card_sealed is None]
    if without:
        some = "、".join(map(str, without[:20])) + (" …" if len(without) > 20 else "")
        raise RenovationUnfit(
            Text(
                f"没有生成：{len(without)} 户没有银行账号（明细 {some}）。请先补录账号，或把这些明细移出本批。",
                f"Not made: {counted(len(without), 'household has', 'households have')} no account number "
                f"(line no. {some}). Enter what is missing first, or take such lines out of the batch.",
            ),
            found=without[:200],
        )
    session.execute(
        text("""
            update payment set state = 'sent', payee = :payee, card_sealed = :sealed, card_index = :index,
                   updated_at = now() where id = :id"""),
        [_frozen(line, sealer) for line in lines],
    )
    session.execute(
        text("""
            update payment_batch set state = 'sent', sent_on = :today, revision = revision + 1, updated_at = now()
             where id = :id"""),
        {"id": batch_id, "today": today()},
    )


def _frozen(line: Row[Any], sealer: Sealer) -> dict[str, Any]:
    card = sealer.open(line.card_sealed, place("card_sealed"), line.household_id)
    return {
        "id": line.id,
        "payee": line.head_name,
        "sealed": sealer.seal(card, _SEALED, line.id),
        "index": sealer.index(card, "bank_card"),
    }


def _csv(rows: Sequence[tuple[Any, ...]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(OUT_HEADINGS)
    # A tab in front keeps a spreadsheet from making a number of the account.
    writer.writerows((*row[:3], f"\t{row[3]}", *row[4:]) for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _xlsx(rows: Sequence[tuple[Any, ...]]) -> bytes:
    # Read here, so that the web server starts without it.
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "报盘"
    sheet.append(OUT_HEADINGS)
    for row in rows:
        sheet.append(row)
        for cell in sheet[sheet.max_row][1:5]:
            cell.number_format = "@"
            cell.data_type = "s"
    for column, width in zip("ABCDEF", (6, 16, 14, 26, 14, 28), strict=True):
        sheet.column_dimensions[column].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
