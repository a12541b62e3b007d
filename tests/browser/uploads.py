"""Uploads as the server tells of them, made up in the small township: for what a page shows and does with an answer."""

from __future__ import annotations

import copy
from typing import Any

from tests.township import TOWNSHIP

UPLOAD = "0b9f6a52-6a55-4d0e-8a37-3d9a4be0c001"
JOB = "0b9f6a52-6a55-4d0e-8a37-3d9a4be0c0aa"
ROWS, REFUSED, WARNED = 1284, 25, 18
FIELDS = [
    ("code", "户编号", False),
    ("head_name", "户主", True),
    ("id_number", "身份证号", False),
    ("stated_area", "行政村", False),
    ("natural_village", "自然村", False),
    ("house_no", "门牌号", False),
    ("grade", "鉴定等级", False),
    ("lat", "纬度", False),
    ("lon", "经度", False),
    ("subsidy_yuan", "补助金额", False),
    ("remark", "备注", False),
]
COLUMNS = [
    ("户主姓名", "head_name", "exact", "赵*一", None),
    ("证件号码", "id_number", "exact", "3****************2", None),
    ("村（居）", "stated_area", "exact", "测试1村", None),
    ("自然庄", "natural_village", "likely", "老庄", "“自然庄”多指自然村，请核对。"),
    ("门牌", "house_no", "exact", "21", None),
    ("危房等级", "grade", "exact", "D", None),
    ("坐标维度", "lat", "likely", "36.4050", "“维度”应是“纬度”，请核对。"),
    ("坐标经度", "lon", "exact", "118.8020", None),
    ("补助（万）", "subsidy_yuan", "remembered", "3.5", None),
    ("宗教信仰", None, "left_out", "（不读取）", "办事用不上，不读取。"),
]
# About what GCJ-02 read as WGS-84 looks like here, in degrees.
SHIFT = (0.0058, 0.0003)


def points(shift: tuple[float, float] = (0.0, 0.0)) -> list[list[float]]:
    """120 places in villages 001 and 002, in three loose clusters."""
    made = []
    for n in range(120):
        lon0, lat0 = ((118.8022, 36.4032), (118.8075, 36.4062), (118.8150, 36.4044))[n % 3]
        made.append(
            [
                round(lon0 + (n * 7 % 20) * 1.1e-4 + shift[0], 6),
                round(lat0 + (n * 11 % 17) * 9e-5 + shift[1], 6),
            ]
        )
    return made


def reading(name: str, label: str, inside: int, shift: tuple[float, float], **more: Any) -> dict[str, Any]:
    """One way to read the numbers."""
    return {
        "name": name,
        "crs": name,
        "swapped": False,
        "label": label,
        "inside": inside,
        "n": 1212,
        "median_to_centre_m": 140.0,
        "median_to_ground_m": 12.0,
        "points": points(shift),
        **more,
    }


def group(code: str, reason: str, n: int, rows: list[int], *, refused: bool = False) -> dict[str, Any]:
    """Rows with one reason."""
    return {"code": code, "reason": reason, "n": n, "refused": refused, "rows": rows}


def preview() -> dict[str, Any]:
    """What was found in the file."""
    return {
        "kinds": [
            {"kind": "ledger", "label": "农房台账", "score": 0.96},
            {"kind": "households", "label": "农户", "score": 0.7},
            {"kind": "areas", "label": "辖区", "score": 0.05},
        ],
        "sheets": [
            {
                "name": "台账",
                "rows": ROWS,
                "header_row": 3,
                "ignored_n": 3,
                "ignored": [{"row": 1, "why": "标题"}, {"row": 2, "why": "填报单位"}, {"row": 1288, "why": "合计"}],
                "notes": [{"row": 40, "text": "隐藏的行，也读入"}],
            }
        ],
        "fields": [{"name": name, "label": label, "required": required} for name, label, required in FIELDS],
        "columns": [
            {
                "sheet": "台账",
                "heading": heading,
                "field": field,
                "how": how,
                "confidence": 0.7 if how == "likely" else 1.0,
                "why": why,
                "sample": sample,
            }
            for heading, field, how, sample, why in COLUMNS
        ],
        "remembered": {"sender": "镇建设办", "used_at": "2026-11-01T09:00:00+08:00", "n": 1},
        "coordinates": {
            "n": 1212,
            "blank_n": 72,
            "zero_n": 0,
            "readings": [
                reading("gcj02", "GCJ-02（高德、腾讯）", 1195, (0.0, 0.0)),
                reading("wgs84", "WGS-84 / CGCS2000", 136, SHIFT, median_to_centre_m=620.0, median_to_ground_m=88.0),
            ],
            "best": "gcj02",
            "declared": "wgs84",
            "alarm": True,
            "certain": True,
            "shift_m": 560.0,
            "bearing": "偏东",
            "sentence": "按“WGS-84”读取，1,187 点整体偏东约 560 米，落在田里。这种偏移常见于 GCJ-02。",
            "evidence": "按 3 个村界和 212 段道路判断。",
        },
        "summary": {
            "rows": ROWS,
            "ok": ROWS - REFUSED,
            "warned": WARNED,
            "refused": REFUSED,
            "groups": [
                group("house_no_repeats", "门牌重复", 11, [8, 19, 44, 51, 90]),
                group("year_only", "日期只有年份", 7, [5, 6]),
                group("id_damaged", "身份证号末三位为 000，已被表格软件损坏", 21, [12], refused=True),
                group("area_unknown", "村名不明", 4, [77, 78, 79, 80], refused=True),
            ],
        },
    }


def report() -> dict[str, Any]:
    """What a trial of the file told."""
    found = preview()["summary"]
    return {
        "batch": None,
        "read": ROWS,
        "accepted": ROWS - REFUSED,
        "refused": REFUSED,
        "ignored": 3,
        "problems": [
            {
                "sheet": "台账",
                "row": 12,
                "column": "证件号码",
                "found": "3****************0",
                "expected": "18 位身份证号",
                "reason": "身份证号末三位为 000，可能被表格软件损坏。",
                "code": "id_damaged",
            }
        ],
        "warnings": [
            {
                "sheet": "台账",
                "row": 8,
                "column": "门牌",
                "found": "21",
                "expected": None,
                "reason": "门牌重复。",
                "code": "house_no_repeats",
            }
        ],
        "kind": "ledger",
        "dry_run": True,
        "groups": [{key: group[key] for key in ("code", "reason", "n", "refused")} for group in found["groups"]],
        "unplaced": 72,
        "at": "2026-11-20T18:04:00+08:00",
    }


def upload(**changes: Any) -> dict[str, Any]:
    """The JSON of an upload that was looked at and not yet tried; ``changes`` replace its keys."""
    told = {
        "id": UPLOAD,
        "file_name": "危改台账（2016–2026）.xlsx",
        "size_bytes": 412_345,
        "sender": "镇建设办",
        "area": {"code": TOWNSHIP, "name": "测试镇"},
        "kind": "ledger",
        "state": "ready",
        "expires_at": "2026-11-21T18:00:00+08:00",
        "choices": {
            "sheet": None,
            "crs": None,
            "swapped": False,
            "mapping": {},
            "campaign": None,
            "round": None,
            "level": None,
        },
        "job": None,
        "preview": preview(),
        "trial": None,
        "batch": None,
        "refused_file": None,
    }
    return copy.deepcopy({**told, **changes})


def job(kind: str, state: str = "running", **changes: Any) -> dict[str, Any]:
    """The JSON of a job."""
    told = {"id": JOB, "kind": kind, "state": state, "step": None, "done": None, "total": None, "error": None}
    return {**told, "can_cancel": kind != "undo", **changes}
