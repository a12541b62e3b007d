"""A ledger of the sample as an office would send it: a workbook that grew for ten years, with everything that is odd in
such files. It is not imported with the sample; it is there to be tried on the import page."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from data.samples.township import SEED, Township
from geo.china import wgs84_to_gcj02

NAME = "危改台账（2016–2026）.xlsx"
ROWS = 1284
DAMAGED, YEAR_ONLY, UNKNOWN_VILLAGE, NO_PLACE, SAME_DOOR, HIDDEN = 21, 7, 4, 72, 11, 30
_VILLAGES = ("漳河北村", "泉头村", "时马村", "青上村")
_AID = ("低保户", "分散供养特困人员", "易返贫致贫户", "低保边缘家庭", "突发严重困难户", "其他脱贫户", "一般户")
_AID_SHARES = (0.11, 0.04, 0.03, 0.05, 0.01, 0.16, 0.60)
# Two head lines: a group over several columns, and below it the columns' own names.
_HEADS = (
    ("序号", None),
    ("户主姓名", None),
    ("证件号码", None),
    ("村（居）", None),
    ("自然庄", None),
    ("门牌", None),
    ("农户类型", None),
    ("宗教信仰", None),
    ("危房等级", None),
    ("鉴定时间", None),
    ("改造方式", None),
    ("竣工时间", None),
    ("补助（万）", None),
    ("高德坐标", "坐标维度"),
    (None, "坐标经度"),
    ("备注", None),
)
_FIRST = 5


def write_ledger(township: Township, folder: Path | str) -> Path:
    """Write the ledger.

    Parameters
    ----------
    township : Township
        Whose households it lists.
    folder : path
        An existing folder; a file of the same name is replaced.

    Returns
    -------
    Path
        An xlsx file of 1,284 records under a title, two merged head lines and a line for signatures, with a total after
        each village and remarks among the rows; households without codes, coordinates as AMap gives them (GCJ-02),
        subsidies in units of ten thousand yuan, ID numbers of which a spreadsheet has turned 21 into numbers, 72 rows
        without coordinates, 7 dates that are years only, and a column that is nobody's business.
    """
    records = _choose_records(township)
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = "危改台账"
    _write_head(page)
    row = _FIRST
    hidden = np.random.default_rng(SEED + 2).choice(ROWS, HIDDEN, replace=False)
    for village, listed in records.groupby("stated_area", sort=False):
        start = row
        for number, record in zip(listed.index, listed.to_dict("records"), strict=True):
            _write_record(page, row, int(number) + 1, record)
            page.row_dimensions[row].hidden = bool(number in hidden)
            row += 1
        page.cell(row, 1, f"{village}小计")
        page.cell(row, 13, f"=SUM(M{start}:M{row - 1})")
        row += 1
    page.cell(row, 1, "备注：坐标由镇建设办在高德地图上量取；补助为中央、省、市、县合计。").font = Font(italic=True)
    page.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(_HEADS))
    path = Path(folder, NAME)
    book.save(path)
    return path


def _choose_records(township: Township) -> pd.DataFrame:
    """Give the households of four villages with what the ledger says of them, odd things among it."""
    rng = np.random.default_rng(SEED + 1)
    homes = township.households[township.households["stated_area"].isin(_VILLAGES)]
    homes = homes.sort_values("code").head(ROWS).reset_index(drop=True)
    houses = township.houses.drop_duplicates("household_code").set_index("household_code")
    sites = township.sites.drop_duplicates("household_code").set_index("household_code")
    told = homes.assign(
        aid=rng.choice(_AID, len(homes), p=_AID_SHARES),
        grade=homes["code"].map(houses["grade"]).fillna(""),
        appraised=pd.to_datetime(homes["code"].map(houses["appraised_on"]), errors="coerce"),
        method=homes["code"].map(sites["method"]),
        completed=pd.to_datetime(homes["code"].map(sites["completed_on"]), errors="coerce"),
        damaged=False,
        year_only=False,
    )
    order = rng.permutation(len(told))
    # A number that ends in zeros anyway shows no damage.
    order = order[np.argsort(told["id_number"].str.endswith("0").to_numpy()[order], kind="stable")]
    told.loc[order[:DAMAGED], "damaged"] = True
    told.loc[order[DAMAGED : DAMAGED + UNKNOWN_VILLAGE], ["stated_area", "natural_village"]] = ["北坡新居", None]
    dated = told.index[told["appraised"].notna() & ~told["damaged"]]
    told.loc[rng.choice(dated, YEAR_ONLY, replace=False), "year_only"] = True
    told.loc[order[-NO_PLACE:], ["lon", "lat"]] = np.nan
    # The same door twice, as when a family divides.
    for at in order[200 : 200 + SAME_DOOR]:
        other = at + 1 if at + 1 < len(told) else at - 1
        told.loc[at, ["natural_village", "house_no"]] = told.loc[other, ["natural_village", "house_no"]].tolist()
    lon, lat = wgs84_to_gcj02(told["lon"].to_numpy(), told["lat"].to_numpy())
    return told.assign(lon=lon, lat=lat)


def _write_head(page: Worksheet) -> None:
    width = len(_HEADS)
    page.cell(1, 1, "鄌郚镇东片农村危房改造台账（2016–2026）").font = Font(bold=True, size=16)
    page.merge_cells(start_row=1, end_row=1, start_column=1, end_column=width)
    page.cell(2, 1, "填报单位：镇建设办    填报日期：2026年11月")
    page.merge_cells(start_row=2, end_row=2, start_column=1, end_column=width)
    for column, (upper, lower) in enumerate(_HEADS, start=1):
        for line, words in ((3, upper), (4, lower)):
            if words:
                cell = page.cell(line, column, words)
                cell.font, cell.alignment = Font(bold=True), Alignment(horizontal="center", vertical="center")
        if upper and not lower:
            page.merge_cells(start_row=3, end_row=4, start_column=column, end_column=column)
    page.merge_cells(start_row=3, end_row=3, start_column=14, end_column=15)
    page.freeze_panes = "A5"


def _write_record(page: Worksheet, row: int, number: int, record: dict[Any, Any]) -> None:
    subsidy = None
    if isinstance(record["method"], str):
        subsidy = 0.75 if record["method"] == "修缮加固" else 3.5
    # Where a spreadsheet took the number for one, its last three digits are gone.
    identity: Any = int(record["id_number"][:15] + "000") if record["damaged"] else record["id_number"]
    placed = not np.isnan(record["lon"])
    cells = (
        number,
        record["head_name"],
        identity,
        record["stated_area"],
        record["natural_village"],
        record["house_no"],
        record["aid"],
        "无",
        f"{record['grade']}级" if record["grade"] else "未鉴定",
        _day(record["appraised"], "year" if record["year_only"] else "day"),
        record["method"] if isinstance(record["method"], str) else None,
        _day(record["completed"], "month"),
        subsidy,
        round(float(record["lat"]), 6) if placed else None,
        round(float(record["lon"]), 6) if placed else None,
        None,
    )
    for column, value in enumerate(cells, start=1):
        if value is not None:
            page.cell(row, column, value)


def _day(day: Any, how: str) -> str | date | None:
    if pd.isna(day):
        return None
    if how == "year":
        return f"{day:%Y}年"
    return f"{day:%Y}年{day.month}月" if how == "month" else day.date()
