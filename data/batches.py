"""Imported files (批次) as pages list them: totals, what was refused and why, whether one can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from data.askers import RecordUnknown

PAGE = 50


@dataclass(frozen=True)
class BatchPage:
    """One page of batches or problems, with the number of all."""

    rows: Sequence[Row[Any]]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Number of pages, at least one."""
        return max(1, -(-self.total // PAGE))


_BATCH = """
    select b.id, b.kind, b.file_name, b.sender, b.created_at, b.read, b.accepted, b.refused, b.ignored, b.counts, b.jur,
           b.jur_end, b.account_id, b.undone_at, b.purged_at, a.full_name as who, u.full_name as undone_by,
           r.code as area_code, r.name as area_name
      from batch b left join account a on a.id = b.account_id left join account u on u.id = b.undone_by
      left join lateral (
        select code, name from area where jur = b.jur and jur_end = b.jur_end and valid_to is null
           and level not in ('natural_village', 'group') order by code limit 1) r on true"""


def list_batches(session: Session, page: int = 1) -> BatchPage:
    """Give one page of the imported batches the asker may read, newest first; edits of boundaries have their own list.

    Who imported one is named where the asker may see that account.
    """
    total = session.scalar(text("select count(*) from batch where kind <> 'edit'")) or 0
    rows = session.execute(
        text(f"{_BATCH} where b.kind <> 'edit' order by b.created_at desc, b.id desc limit :limit offset :skip"),
        {"limit": PAGE, "skip": PAGE * (page - 1)},
    ).all()
    return BatchPage(rows, int(total), page)


def find_batch(session: Session, batch_id: int) -> Row[Any]:
    """Give one batch.

    Raises
    ------
    RecordUnknown
        If there is none of that number among those the asker may read.
    """
    row = session.execute(text(f"{_BATCH} where b.id = :id and b.kind <> 'edit'"), {"id": batch_id}).one_or_none()
    if row is None:
        raise RecordUnknown
    return row


def problem_groups(session: Session, batch_id: int) -> Sequence[Row[Any]]:
    """Give how many problems of each rule a batch has, refusing ones first, the most frequent first.

    ``code`` is None for a problem of no rule; those are told apart by their words.
    """
    return session.execute(
        text("""
            select code, refused, count(*) as n, min(reason_zh) as reason_zh, min(reason_en) as reason_en
              from batch_problem where batch_id = :id
             group by code, refused, case when code is null then reason_zh end
             order by refused desc, n desc, reason_zh"""),
        {"id": batch_id},
    ).all()


def list_problems(session: Session, batch_id: int, rule: str | None, page: int = 1) -> BatchPage:
    """Give one page of a batch's problems in the order of the file, of one rule only if it is named."""
    where = "batch_id = :id and (cast(:rule as text) is null or code = :rule)"
    keys = {"id": batch_id, "rule": rule, "limit": PAGE, "skip": PAGE * (page - 1)}
    total = session.scalar(text(f"select count(*) from batch_problem where {where}"), keys) or 0
    rows = session.execute(
        text(f"""
            select sheet, row, "column", found, expected_zh, expected_en, reason_zh, reason_en, refused, code
              from batch_problem where {where}
             order by refused desc, sheet nulls last, row nulls last, id limit :limit offset :skip"""),
        keys,
    ).all()
    return BatchPage(rows, int(total), page)


def unplaced_of(session: Session, batch_id: int) -> int:
    """Give how many households of a batch have no exact place yet, of those the asker may see."""
    return int(
        session.scalar(
            text("select count(*) from household where batch_id = :id and geom is null and removed_at is null"),
            {"id": batch_id},
        )
        or 0
    )
