"""The bank's files: what goes out, and what comes back booked once, to the fen, with every row accounted for."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.bank_files import reference_of, write_bank_file
from data.renovation.payments import cancel_line, find_batch, list_sites
from data.renovation.unfit import RenovationUnfit
from data.sealing import Sealer, load_sealer
from data.settings import Settings
from tests.renovation import CARD, answer, book, new_batch, new_site, settle
from tests.township import SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def sealer(settings: Settings) -> Sealer:
    return load_sealer(settings.key_file)


@pytest.fixture
def sent(owner: Session, town: SmallTownship, sealer: Sealer) -> tuple[int, list[int]]:
    """A batch of three sites (7,500, 21,000 and 21,000 yuan) that went to the bank."""
    settle(owner, town, sealer)
    sites = [new_site(owner, town, home, "accepted") for home in ("H2", "H3", "H5")]
    batch = new_batch(owner, town, "一批", sites)
    write_bank_file(owner, batch, sealer, ".csv")
    return batch, sites


def states(owner: Session, batch: int) -> list[str]:
    return list(owner.scalars(text("select state from payment where batch_id = :id order by line_no"), {"id": batch}))


def stages(owner: Session, sites: list[int]) -> list[str]:
    rows = owner.execute(text("select id, stage from renovation_site where id = any (:ids)"), {"ids": sites}).all()
    found = {row.id: row.stage for row in rows}
    return [found[site] for site in sites]


def test_the_file_has_names_and_accounts_in_full_and_is_the_same_when_asked_again(
    owner: Session, sent: tuple[int, list[int]], sealer: Sealer, town: SmallTownship
) -> None:
    batch, _ = sent
    first = write_bank_file(owner, batch, sealer, ".csv")
    rows = list(csv.reader(io.StringIO(first.decode("utf-8-sig"))))
    assert rows[0] == ["序号", "明细号", "户名", "账号", "金额（元）", "用途"]
    assert rows[1][:5] == ["1", f"{batch}-0001", "钱测二", f"\t{CARD[:-2]}01", "7500.00"]
    # What went out stays what it was, whatever the household's card becomes.
    owner.execute(
        text("update household set card_sealed = null, head_name = '改名' where id = :id"),
        {"id": town.households["H2"]},
    )
    assert write_bank_file(owner, batch, sealer, ".csv") == first
    sheet = openpyxl.load_workbook(io.BytesIO(write_bank_file(owner, batch, sealer, ".xlsx"))).active
    assert sheet is not None
    assert [cell.value for cell in sheet[2]][:5] == [1, f"{batch}-0001", "钱测二", f"{CARD[:-2]}01", "7500.00"]
    assert owner.scalar(text("select count(*) from audit where act = 'bank_out'")) == 4
    assert CARD[:-2] not in (owner.scalar(text("select string_agg(details::text, '') from audit")) or "")


def test_lines_without_an_account_are_named_and_nothing_is_sent(
    owner: Session, town: SmallTownship, sealer: Sealer
) -> None:
    settle(owner, town, sealer, ("H2",))
    owner.execute(text("update household set aid_group = 'margin' where id = :id"), {"id": town.households["H3"]})
    batch = new_batch(owner, town, "一批", [new_site(owner, town, home, "accepted") for home in ("H2", "H3")])
    with pytest.raises(RenovationUnfit) as refused:
        write_bank_file(owner, batch, sealer, ".csv")
    assert refused.value.details["found"] == [2]
    assert states(owner, batch) == ["listed", "listed"]
    line = owner.scalar(text("select id from payment where batch_id = :id and line_no = 2"), {"id": batch}) or 0
    cancel_line(owner, batch, line)
    write_bank_file(owner, batch, sealer, ".csv")
    assert states(owner, batch) == ["sent", "cancelled"]


def test_a_return_books_paid_and_failed_and_a_failed_one_is_reworked(
    owner: Session, town: SmallTownship, sealer: Sealer, sent: tuple[int, list[int]], tmp_path: Path
) -> None:
    batch, sites = sent
    rows = [
        (reference_of(batch, 1), "7500.00", "成功", ""),
        (reference_of(batch, 2), "21,000.00", "失败", "账号与户名不符"),
        (reference_of(batch, 3), "21000", "成功", ""),
    ]
    found = book(owner, batch, answer(tmp_path, rows), sealer)
    assert found.counts == {"paid": 2, "failed": 1, "rows": 3}
    assert (found.paid_fen, found.failed_fen, found.left) == (28_500_00, 21_000_00, 0)
    assert stages(owner, sites) == ["paid", "accepted", "paid"]
    assert find_batch(owner, batch).state == "settled"
    again = new_batch(owner, town, "二批", [sites[1]])
    assert states(owner, again) == ["listed"]
    write_bank_file(owner, again, sealer, ".csv")
    book(owner, again, answer(tmp_path, [(reference_of(again, 1), "21000", "成功", "")]), sealer)
    assert stages(owner, sites) == ["paid", "paid", "paid"]
    assert states(owner, batch) == ["paid", "failed", "paid"]  # what failed stays on record


def test_every_odd_row_is_listed_and_nothing_is_booked_twice(
    owner: Session, town: SmallTownship, sealer: Sealer, sent: tuple[int, list[int]], tmp_path: Path
) -> None:
    batch, sites = sent
    home = town.households["H7"]
    owner.execute(text("update household set aid_group = 'margin' where id = :id"), {"id": home})
    other = new_batch(owner, town, "别批", [new_site(owner, town, "H7", "accepted")])
    rows = [
        (reference_of(batch, 1), "7500.00", "成功", ""),
        (reference_of(batch, 1), "7500.00", "成功", ""),  # twice
        (reference_of(batch, 2), "2100.00", "成功", ""),  # wrong amount
        (reference_of(other, 1), "21000.00", "成功", ""),  # another batch's
        (reference_of(batch, 77), "1.00", "成功", ""),  # unknown
        ("", "1.00", "成功", ""),  # tells nothing
        (reference_of(batch, 3), "21000.00", "成功", ""),
        (reference_of(batch, 3), "21000.00", "失败", "户名不符"),  # both ways
        (reference_of(batch, 2), "abc", "成功", ""),
        (reference_of(batch, 2), "21000.00", "处理中", ""),
    ]
    path = answer(tmp_path, rows)
    found = book(owner, batch, path, sealer)
    assert [row["outcome"] for row in found.rows] == [
        "paid",
        "double",
        "amount",
        "other_batch",
        "unknown",
        "unknown",
        "contradiction",
        "contradiction",
        "unreadable",
        "unreadable",
    ]
    assert [row["no"] for row in found.rows] == list(range(2, 12))
    assert (found.paid_fen, found.left) == (7_500_00, 2)
    assert states(owner, batch) == ["paid", "sent", "sent"]
    assert states(owner, other) == ["listed"]
    assert find_batch(owner, batch).state == "sent"
    # The very same file again, and another that repeats what is booked.
    same = book(owner, batch, path, sealer)
    assert same.again
    assert same.rows == found.rows
    later = book(
        owner,
        batch,
        answer(
            tmp_path,
            [
                (reference_of(batch, 1), "7500.00", "成功", ""),
                (reference_of(batch, 1), "7500.00", "失败", "迟到的退回"),
                (reference_of(batch, 2), "21000.00", "成功", ""),
                (reference_of(batch, 3), "21000.00", "成功", ""),
            ],
        ),
        sealer,
    )
    assert [row["outcome"] for row in later.rows] == ["already", "contrary", "paid", "paid"]
    total = owner.scalar(text("select sum(fen) from payment where state = 'paid'"))
    assert total == 49_500_00
    assert find_batch(owner, batch).state == "settled"
    assert list_sites(owner, None, other, sites).added == 0  # paid in full: nothing is due


def test_rows_without_a_reference_are_known_by_account_and_amount(
    owner: Session, sealer: Sealer, sent: tuple[int, list[int]], tmp_path: Path
) -> None:
    batch, _ = sent
    path = answer(
        tmp_path,
        [(f"\t{CARD[:-2]}02", "21000.00", "交易成功"), ("6200000000000009999", "7500.00", "交易成功")],
        ("收款账号", "交易金额", "交易状态"),
    )
    found = book(owner, batch, path, sealer)
    assert [row["outcome"] for row in found.rows] == ["paid", "unknown"]
    assert states(owner, batch) == ["sent", "paid", "sent"]


def test_a_file_that_is_no_return_is_refused_with_its_columns(
    owner: Session, sealer: Sealer, sent: tuple[int, list[int]], tmp_path: Path
) -> None:
    batch, _ = sent
    with pytest.raises(RenovationUnfit) as refused:
        book(owner, batch, answer(tmp_path, [("a", "b")], ("姓名", "村")), sealer)
    assert "姓名、村" in refused.value.text.zh
    assert owner.scalar(text("select count(*) from bank_return")) == 0


def test_a_batch_that_was_not_sent_takes_no_return(
    owner: Session, town: SmallTownship, sealer: Sealer, tmp_path: Path
) -> None:
    settle(owner, town, sealer)
    batch = new_batch(owner, town, "一批", [new_site(owner, town, "H2", "accepted")])
    with pytest.raises(RenovationUnfit):
        book(owner, batch, answer(tmp_path, [(reference_of(batch, 1), "7500", "成功", "")]), sealer)
    assert states(owner, batch) == ["listed"]
