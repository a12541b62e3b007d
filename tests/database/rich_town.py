"""A township with some of everything in it, loaded from files as people send them, and files that change it.

Three square villages in a row (see ``tests.township``), a neighbouring township of one village, and households, houses,
appraisals, sites, visits, natural villages and a base map. Nobody in it exists.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.database.importing import TOWNSHIP, VILLAGES, Store, square_ring, write_csv, write_geojson
from tests.township import PLAN

NEIGHBOUR = "990101002"
NEIGHBOUR_VILLAGE = NEIGHBOUR + "001"
OLD_VILLAGE = TOWNSHIP + "009"
HOUSEHOLDS = ["户编号", "户主姓名", "身份证号", "联系电话", "行政村", "自然村", "地址", "经度", "纬度", "备注"]
PEOPLE: list[tuple[Any, ...]] = [
    ("H1", "赵测一", "340299199001010000", "13800138000", "测试1村", "", "一号", 118.802, 36.405, ""),
    ("H2", "钱测二", "", "", "测试1村", "", "二号", 118.803, 36.405, "独居"),
    ("H3", "孙测三", "", "", "测试1村", "", "三号", 118.807, 36.405, ""),
    ("H4", "李测四", "", "", "测试2村", "", "四号", 118.815, 36.405, ""),
    ("H5", "周测五", "", "", "测试3村", "", "五号", "", "", ""),
    ("H6", "吴测六", "", "", "测试2村", "", "六号", 118.85, 36.405, ""),
]
HOUSES = ["房屋编号", "户编号", "鉴定等级", "鉴定日期", "鉴定标准", "结构类型", "建筑面积", "经度", "纬度"]
SITES = ["改造编号", "户编号", "房屋编号", "改造方式", "批准日期", "开工日期"]
LEDGER = [
    *("户编号", "户主姓名", "行政村", "地址", "房屋编号", "鉴定等级", "鉴定日期", "结构类型", "建筑面积"),
    *("改造编号", "改造方式", "补助资金（元）", "经度", "纬度"),
]
VISITS = ["走访编号", "户编号", "走访人", "开始时间", "结束时间", "走访方式", "走访结果", "经度", "纬度"]
LATER_PLAN = PLAN.replace("min_minutes = 30", "min_minutes = 45").replace("name_en", "# changed\nname_en", 1)
SECOND_ROUND = '[[round]]\nno = 2\nname_zh = "第二轮"\nname_en = "Round two"\n'
_ROAD = {"type": "LineString", "coordinates": [[118.79, 36.404], [118.84, 36.404]]}
_RIVER = {"type": "LineString", "coordinates": [[118.80, 36.40], [118.81, 36.40]]}


class Change(NamedTuple):
    """A file that changes the town: its kind, how to write it, the options, and the tables it is to change."""

    kind: str
    write: Callable[[Path], Path]
    tables: set[str]
    options: dict[str, Any] | None = None


def build(store: Store, folder: Path) -> None:
    """Empty the store and load the town."""
    store.empty()
    store.township(folder)
    areas = write_csv(
        folder / "neighbour.csv",
        ["code", "name", "level"],
        [
            (NEIGHBOUR, "邻测镇", "township"),
            (NEIGHBOUR_VILLAGE, "邻测村", "village"),
            (OLD_VILLAGE, "测试旧村", "village"),
        ],
    )
    store.load("areas", areas)
    rings = [(NEIGHBOUR, square_ring(118.83, 118.84)), (NEIGHBOUR_VILLAGE, square_ring(118.83, 118.84))]
    rings.append((OLD_VILLAGE, square_ring(118.80, 118.81, 36.41, 36.415)))
    store.load("areas", write_geojson(folder / "neighbour.geojson", [({"code": c}, ring) for c, ring in rings]))
    hamlets = write_csv(
        folder / "hamlets.csv",
        ["自然村", "行政村", "级别"],
        [("东测庄", "测试1村", "自然村"), ("西测庄", "测试1村", "自然村")],
    )
    store.load("areas", hamlets, area=TOWNSHIP)
    visits = [
        ("V1", "H1", "测试员", "2026-05-01 09:00", "2026-05-01 09:35", "入户", "完成", 118.802, 36.405),
        ("V2", "H2", "测试员", "2026-05-01 10:00", "2026-05-01 10:29", "入户", "完成", 118.803, 36.405),
        ("V3", "H3", "测试员", "2026-05-01 11:00", "2026-05-01 11:50", "入户", "完成", 118.807, 36.405),
        ("V4", "H9", "测试员", "2026-05-01 12:00", "2026-05-01 12:40", "入户", "完成", 118.8155, 36.405),
    ]
    houses = [
        ("F1", "H1", "C", "2025-03-01", "JGJ/T 363-2014", "砖木", 80.5, "", ""),
        ("F2", "H2", "B", "2025-03-02", "JGJ/T 363-2014", "砖混", 90, 118.8031, 36.4051),
        ("F4", "H4", "D", "2025-03-03", "JGJ/T 363-2014", "土木", 60, "", ""),
        ("F9", "H9", "", "", "", "砖混", 70, "", ""),
    ]
    sites = [("G4", "H4", "F4", "拆除重建", "2025-06-01", ""), ("G9", "H9", "", "修缮加固", "2025-06-02", "")]
    home = {"area": TOWNSHIP}
    store.load("households", write_csv(folder / "households.csv", HOUSEHOLDS, PEOPLE), **home)
    store.load("houses", write_csv(folder / "houses.csv", HOUSES, houses), **home)
    store.load("sites", write_csv(folder / "sites.csv", SITES, sites), **home)
    store.load("visits", write_csv(folder / "visits.csv", VISITS, visits), **home)
    store.load(
        "base", write_geojson(folder / "base.geojson", [({"kind": "road_main", "name": "测试路"}, _ROAD)]), **home
    )
    others = [("N1", "冯邻一", "", "", "邻测村", "", "一号", 118.835, 36.405, "")]
    store.load("households", write_csv(folder / "others.csv", HOUSEHOLDS, others), area=NEIGHBOUR)


def _csv(headings: list[str], rows: list[tuple[Any, ...]]) -> Callable[[Path], Path]:
    return lambda folder: write_csv(folder / "change.csv", headings, rows)


def _layer(features: list[tuple[dict[str, Any], Any]]) -> Callable[[Path], Path]:
    return lambda folder: write_geojson(folder / "change.geojson", features)


def _plan(content: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "change.toml"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def _person(code: str, **changes: Any) -> tuple[Any, ...]:
    names = ["code", "head", "number", "phone", "village", "hamlet", "address", "lon", "lat", "remark"]
    row = dict(zip(names, next(row for row in PEOPLE if row[0] == code), strict=True)) | changes
    return tuple(row.values())


_COUNTED = {"standing", "coverage_folded"}
_FOLLOWING = {"household", *_COUNTED}
CHANGES = {
    "new households": Change(
        "households",
        _csv(HOUSEHOLDS, [("H7", "郑测七", "", "", "测试3村", "", "七号", 118.825, 36.405, "")]),
        _FOLLOWING,
    ),
    "a household that a visit, a house and a site have waited for": Change(
        "households",
        _csv(HOUSEHOLDS, [("H9", "王测九", "", "", "测试2村", "", "九号", 118.816, 36.405, "")]),
        {*_FOLLOWING, "visit", "house", "renovation_site"},
    ),
    "households with other numbers and remarks": Change(
        "households",
        _csv(
            HOUSEHOLDS,
            [
                _person("H1", phone="13900139000", remark="新电话"),
                _person("H2", number="340299199001020022", remark=""),
                _person("H5", head="周测五改", hamlet="东测庄", village="测试1村"),
            ],
        ),
        {"household", *_COUNTED},
    ),
    "households with other places, in other villages": Change(
        "households",
        _csv(
            HOUSEHOLDS,
            [_person("H1", lon=118.813), _person("H4", lon=118.822), _person("H5", lon=118.826, lat=36.406)],
        ),
        {*_FOLLOWING, "house", "renovation_site", "visit", "appraisal"},
    ),
    "new houses with appraisals": Change(
        "houses",
        _csv(HOUSES, [("F3", "H3", "A", "2025-04-01", "JGJ/T 363-2014", "砖混", 120, 118.8071, 36.4051)]),
        {"house", "appraisal"},
    ),
    "houses graded anew": Change(
        "houses",
        _csv(
            HOUSES,
            [
                ("F1", "H1", "B", "2025-03-01", "JGJ/T 363-2014", "砖木", 80.5, "", ""),
                ("F4", "H4", "C", "2026-03-03", "JGJ/T 363-2014", "土木", 61, "", ""),
            ],
        ),
        {"house", "appraisal"},
    ),
    "a house that goes to another household": Change(
        "houses",
        _csv(HOUSES, [("F2", "H4", "", "", "", "砖混", 90, "", "")]),
        {"house", "appraisal"},
    ),
    "sites new and further on": Change(
        "sites",
        _csv(
            SITES, [("G4", "H4", "F4", "拆除重建", "2025-06-01", "2025-07-01"), ("G1", "H1", "F1", "修缮加固", "", "")]
        ),
        {"renovation_site"},
    ),
    "visits new, longer, and at two places at once": Change(
        "visits",
        _csv(
            VISITS,
            [
                ("V2", "H2", "测试员", "2026-05-01 10:00", "2026-05-01 10:31", "入户", "完成", 118.803, 36.405),
                ("V5", "H4", "测试员", "2026-05-01 09:10", "2026-05-01 09:50", "入户", "完成", 118.815, 36.405),
                ("V6", "H8", "测试员", "2026-05-02 09:10", "2026-05-02 09:50", "入户", "完成", "", ""),
            ],
        ),
        {"visit", *_COUNTED},
    ),
    "boundaries that move households": Change(
        "areas",
        _layer(
            [
                ({"code": VILLAGES[0]}, square_ring(118.80, 118.806)),
                ({"code": VILLAGES[1]}, square_ring(118.806, 118.8205)),
            ]
        ),
        {"area", *_FOLLOWING, "visit"},
    ),
    "grids, changed and new": Change(
        "areas",
        _layer(
            [
                ({"code": VILLAGES[0] + "001", "level": "grid"}, square_ring(118.80, 118.8025)),
                ({"code": VILLAGES[1] + "001", "level": "grid"}, square_ring(118.81, 118.82)),
            ]
        ),
        {"grid", *_FOLLOWING, "house", "visit"},
    ),
    "names, aliases and new villages": Change(
        "areas",
        _csv(
            ["code", "name", "level", "别名"],
            [(VILLAGES[0], "新名村", "village", "老庄"), (TOWNSHIP + "004", "测试4村", "village", "")],
        ),
        {"area", "area_alias"},
    ),
    "a village under a new code": Change(
        "areas",
        _csv(
            ["区划代码", "名称", "级别", "原代码"],
            [
                (TOWNSHIP + "103", "测试3村", "行政村", NEIGHBOUR_VILLAGE),
                (TOWNSHIP + "104", "测试新村", "行政村", "990101009001"),
            ],
        ),
        {"area", "area_alias"},
    ),
    "natural villages": Change(
        "areas",
        _csv(["自然村", "行政村", "级别", "经度", "纬度"], [("南测庄", "测试3村", "自然村", 118.825, 36.405)]),
        {"area"},
        {"area": TOWNSHIP},
    ),
    "a ledger of rural houses": Change(
        "ledger",
        _csv(
            LEDGER,
            [
                (
                    "H1",
                    "赵测一",
                    "测试1村",
                    "一号",
                    "F1",
                    "D",
                    "2026-01-05",
                    "砖木",
                    80.5,
                    "G11",
                    "拆除重建",
                    30000,
                    "",
                    "",
                ),
                ("H10", "冯测十", "测试2村", "十号", "F10", "C", "2026-01-06", "土木", 70, "", "", "", 118.812, 36.406),
                ("H9", "王测九", "测试2村", "九号", "F9", "B", "2026-01-07", "", "", "G9", "修缮加固", 9000.5, "", ""),
            ],
        ),
        {*_FOLLOWING, "house", "appraisal", "renovation_site", "visit"},
    ),
    "a base map": Change(
        "base",
        _layer(
            [
                (
                    {"kind": "water", "name": "测试河"},
                    {"type": "LineString", "coordinates": [[118.8, 36.4], [118.81, 36.4]]},
                )
            ]
        ),
        {"base_feature"},
    ),
    "a new campaign": Change(
        "campaigns", _plan(PLAN.replace("test-2026", "other-2026")), {"campaign", "round", *_COUNTED}
    ),
    "a campaign's rule that judges visits otherwise": Change(
        "campaigns", _plan(LATER_PLAN), {"campaign", "visit", *_COUNTED}
    ),
    "a further round": Change("campaigns", _plan(PLAN + SECOND_ROUND), {"campaign", "round", *_COUNTED}),
}
