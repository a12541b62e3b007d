"""The sample written as files of the kind offices send: csv ledgers with Chinese headings and GeoPackage layers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyogrio
from geopandas import GeoDataFrame

from data.samples.road_network import HEADINGS as ROAD_HEADINGS
from data.samples.township import Township

QUALITY = {1: "现场定位", 2: "影像上点选", 3: "导入坐标", 4: "门牌号推算", 5: "自然村中心", 6: "村中心", 7: "未定位"}
HOUSEHOLD_HEADINGS = {
    "code": "户编号",
    "head_name": "户主姓名",
    "id_number": "身份证号",
    "phone": "联系电话",
    "bank_card": "银行卡号",
    "people": "家庭人口",
    "key_groups": "重点人群",
    "stated_area": "村",
    "natural_village": "自然村",
    "house_no": "门牌号",
    "address": "地址",
    "lon": "经度",
    "lat": "纬度",
    "quality": "定位质量",
    "placed_by": "定位方式",
    "accuracy_m": "定位误差(米)",
}
HOUSE_HEADINGS = {
    "code": "房屋编号",
    "household_code": "户编号",
    "grade": "鉴定等级",
    "appraised_on": "鉴定日期",
    "structure": "结构类型",
    "built_year": "建成年份",
    "area_m2": "建筑面积(平方米)",
    "storeys": "层数",
    "address": "地址",
}
SITE_HEADINGS = {
    "code": "改造编号",
    "household_code": "户编号",
    "house_code": "房屋编号",
    "method": "改造方式",
    "grade_before": "改造前等级",
    "stage": "阶段",
    "approved_on": "批准日期",
    "started_on": "开工日期",
    "completed_on": "竣工日期",
    "accepted_on": "验收日期",
    "paid_on": "发放日期",
    "lon": "经度",
    "lat": "纬度",
}
VISIT_HEADINGS = {
    "code": "走访编号",
    "household_code": "户编号",
    "campaign": "行动",
    "round": "轮次",
    "started_at": "开始时间",
    "ended_at": "结束时间",
    "mode": "方式",
    "reason": "远程原因",
    "outcome": "结果",
    "visitor": "走访员",
    "visitor_kind": "走访人员类别",
    "companions": "陪同人员",
    "lon": "经度",
    "lat": "纬度",
    "accuracy_m": "定位误差(米)",
    "ruled": "认定属实",
    "remark": "备注",
}
_MADE_AT = "2026-11-20T10:00:00.000Z"


def write_township(township: Township, folder: Path | str) -> dict[str, Path]:
    """Write the sample as files that the importer takes.

    Parameters
    ----------
    township : Township
    folder : path
        Made if it does not exist; files of the same names are replaced.

    Returns
    -------
    dict of str to Path
        ``areas`` and ``boundaries`` (layers township, village, grid), ``households``, ``houses``, ``sites``,
        ``visits``, ``base``, ``roads``, ``campaign``. Equal townships give equal bytes.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.csv" for name in ("areas", "households", "sites", "visits")}
    paths |= {name: folder / f"{name}.gpkg" for name in ("boundaries", "houses", "base", "roads")}
    paths["campaign"] = folder / "campaign.toml"
    shutil.copyfile(Path(__file__).with_name("campaign.toml"), paths["campaign"])

    write_csv(area_list(township), paths["areas"])
    ledger = township.households.assign(placed_by=township.households["quality"].map(QUALITY))
    write_csv(ledger[list(HOUSEHOLD_HEADINGS)].rename(columns=HOUSEHOLD_HEADINGS), paths["households"])
    write_csv(township.sites.rename(columns=SITE_HEADINGS), paths["sites"])
    # A ledger says 否 where a check found that nobody had been there.
    records = township.visits.assign(ruled=township.visits["ruled"].map({"虚假入户": "否", "": ""}))
    write_csv(records[list(VISIT_HEADINGS)].rename(columns=VISIT_HEADINGS), paths["visits"])
    with fixed_date():
        paths["boundaries"].unlink(missing_ok=True)
        for level in ("township", "village", "grid"):
            layer = township.boundaries[township.boundaries["level"] == level]
            write_layer(layer, paths["boundaries"], level)
        write_layer(township.houses.rename(columns=HOUSE_HEADINGS), paths["houses"], "houses", replace=True)
        write_layer(township.base, paths["base"], "base", replace=True)
        write_layer(township.roads.rename(columns=ROAD_HEADINGS), paths["roads"], "roads", replace=True)
    return paths


def area_list(township: Township) -> pd.DataFrame:
    """Areas from the province to natural villages and grids in one list.

    Returns
    -------
    DataFrame
        ``code``, ``name``, ``level``, ``parent_code``, ``aliases`` (joined by ``、``), ``lon``, ``lat``.
    """
    columns = ["code", "name", "level", "parent_code", "aliases", "lon", "lat"]
    return pd.concat(
        [
            township.units[columns],
            township.natural_villages.assign(level="natural_village")[columns],
            township.grids.assign(level="grid", aliases="")[columns],
        ],
        ignore_index=True,
    )


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write UTF-8 with a byte order mark (spreadsheet programs need it) and plain line ends."""
    frame.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n", date_format="%Y-%m-%d %H:%M:%S")


def write_layer(frame: GeoDataFrame, path: Path, layer: str, *, replace: bool = False) -> None:
    if replace:
        path.unlink(missing_ok=True)
    pyogrio.write_dataframe(frame, path, layer=layer, driver="GPKG", append=path.exists())


@contextmanager
def fixed_date() -> Iterator[None]:
    """Let GDAL write one fixed date into GeoPackages, so that equal content gives equal bytes."""
    before = os.environ.get("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _MADE_AT})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
