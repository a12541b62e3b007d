"""Hand-over files: the same records give the same bytes, sums to the fen, and a file that comes back is compared."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.bank_files import reference_of, write_bank_file
from data.renovation.hand_over import HEADINGS, hand_over_rows, pack_hand_over
from data.renovation.hand_over_check import Checked, check_hand_over
from data.renovation.unfit import RenovationUnfit
from data.sealing import load_sealer
from data.settings import Settings
from geo.files import read_table
from tests.renovation import YEAR, answer, book, new_batch, new_site, settle
from tests.township import TOWNSHIP, VILLAGES, SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


@pytest.fixture
def sites(owner: Session, town: SmallTownship, settings: Settings, tmp_path: Path) -> list[int]:
    """H2 and H3 sent to the bank, H2 paid; H5 just begun."""
    sealer = load_sealer(settings.key_file)
    settle(owner, town, sealer)
    made = [new_site(owner, town, home, "accepted") for home in ("H2", "H3")]
    batch = new_batch(owner, town, "一批", made)
    write_bank_file(owner, batch, sealer, ".csv")
    headings = ("明细号", "金额", "处理结果", "入账日期")
    sent = [(reference_of(batch, 1), "7500.00", "成功", "2026-06-01")]
    book(owner, batch, answer(tmp_path, sent, headings), sealer)
    made.append(new_site(owner, town, "H5"))
    owner.execute(
        text("update renovation_site set year = :year, remark = '=1+1' where id = any (:ids)"),
        {"year": YEAR, "ids": made},
    )
    return made


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def table(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def checked(owner: Session, folder: Path, rows: list[list[str]]) -> Checked:
    path = folder / "回传.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    return check_hand_over(owner, read_table(path))


def test_the_same_records_give_the_same_bytes_and_the_manifest_says_what_is_in_them(
    owner: Session, sites: list[int]
) -> None:
    first = pack_hand_over(owner, TOWNSHIP, YEAR, reason="移交")
    assert pack_hand_over(owner, TOWNSHIP, YEAR) == first
    files = unpacked(first)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["rows"], manifest["households"]) == (3, 3)
    assert (manifest["entitled_fen"], manifest["rows_without_entitlement"]) == (28_500_00, 1)
    assert manifest["paid_fen"] == 7_500_00
    for one in manifest["files"]:
        assert hashlib.sha256(files[one["name"]]).hexdigest() == one["sha256"]
    rows = table(files[f"{TOWNSHIP}-{YEAR}.csv"])
    assert rows[0] == list(HEADINGS)
    assert rows[1][HEADINGS.index("银行结果")] == "已发放"
    assert rows[1][HEADINGS.index("备注")] == "'=1+1"
    assert rows[3][HEADINGS.index("应补（元）")] == "", "what is not set is unknown, not 0"
    sheet = openpyxl.load_workbook(io.BytesIO(files[f"{TOWNSHIP}-{YEAR}.xlsx"])).active
    assert sheet is not None
    assert sheet.max_row == 4
    noted = owner.execute(text("select reason, details from audit where act = 'hand_over' order by id")).all()
    assert [one.reason for one in noted] == ["移交", None]
    assert noted[0].details["rows"] == 3


def test_names_and_numbers_of_people_do_not_leave_in_full(owner: Session, sites: list[int]) -> None:
    found = hand_over_rows(owner, TOWNSHIP, YEAR)
    whole = set(owner.scalars(text("select head_name from household where head_name is not null")))
    for row in found.rows:
        assert "*" in str(row["户主姓名"])
        assert row["户主姓名"] not in whole
        assert set(str(row["身份证号"] or "*")) == {"*"}


def test_its_day_is_that_of_the_newest_booking_not_of_the_clock(owner: Session, sites: list[int]) -> None:
    owner.execute(text("update bank_return set at = '2026-06-02 20:00+00'"))
    assert hand_over_rows(owner, TOWNSHIP, YEAR).as_of == date(2026, 6, 3), "the day at the place, not in UTC"


def test_a_file_comes_back_as_it_went_or_each_difference_is_named_with_its_row(
    owner: Session, sites: list[int], tmp_path: Path
) -> None:
    files = unpacked(pack_hand_over(owner, TOWNSHIP, YEAR))
    for form in ("csv", "xlsx"):
        path = tmp_path / f"same.{form}"
        path.write_bytes(files[f"{TOWNSHIP}-{YEAR}.{form}"])
        same = check_hand_over(owner, read_table(path))
        assert (same.counts["agrees"], same.rows, same.without) == (3, [], []), form
    before = owner.execute(text("select id, revision, entitled_fen from renovation_site order by id")).all()
    head, *rows = table(files[f"{TOWNSHIP}-{YEAR}.csv"])
    changed = [*rows[0]]
    changed[HEADINGS.index("已发放（分）")] = "750001"
    strange = [*rows[0]]
    strange[HEADINGS.index("改造号")] = "999999"
    found = checked(owner, tmp_path, [head, changed, rows[1], rows[1], strange])
    assert found.counts == {"rows": 4, "agrees": 1, "changed": 1, "double": 1, "unknown": 1, "missing": 1}
    assert [(row.no, row.outcome) for row in found.rows] == [
        (2, "changed"),
        (4, "double"),
        (5, "unknown"),
        (None, "missing"),
    ]
    assert found.rows[0].changes == [{"heading": "已发放（分）", "ours": "750000", "theirs": "750001"}]
    assert found.rows[3].site == str(sites[2])
    assert owner.execute(text("select id, revision, entitled_fen from renovation_site order by id")).all() == before


def test_what_cannot_be_compared_is_said(owner: Session, sites: list[int], tmp_path: Path) -> None:
    with pytest.raises(RenovationUnfit, match="改造号"):
        checked(owner, tmp_path, [["姓名", "金额"], ["某人", "1"]])
    with pytest.raises(RenovationUnfit):
        checked(owner, tmp_path, [["乡镇代码", "年度", "改造号"], ["999999999", "2026", "1"]])
    with pytest.raises(RenovationUnfit, match="no township"):
        pack_hand_over(owner, VILLAGES[0], YEAR)
    with pytest.raises(RenovationUnfit, match="no renovation of 2019"):
        pack_hand_over(owner, TOWNSHIP, 2019)
