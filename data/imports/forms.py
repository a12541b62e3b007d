"""How the cells of each kind's fields are read: the parser, and what to write there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from data.imports.checks import cannot
from data.imports.days import read_date, read_moment, read_year
from data.imports.findings import Cannot, Parser
from data.imports.measures import read_area, read_float, read_int, read_minutes, read_money, read_storeys
from data.imports.personal import read_bank_card, read_id_number, read_phone
from data.imports.values import plain, read_code, read_label, read_list, read_name, read_text, read_yes
from data.imports.vocabulary import (
    read_aid_group,
    read_grade,
    read_groups,
    read_method,
    read_mode,
    read_outcome,
    read_relation,
    read_ruling,
    read_stage,
)
from data.rules.words import AID_GROUP, GRADE, KEY_GROUP, LEVEL, METHOD, MODE, OUTCOME, STAGE
from geo.coordinates import NotACoordinate, Pair, read_coordinate, read_pair
from geo.errors import Text


class Form(NamedTuple):
    """How a cell is read: its parser, what to write there, and whether its heading may bring a unit or options."""

    parse: Parser
    words: Text
    measure: str | None = None
    choices: Mapping[str, Text] | None = None
    as_text: bool = False
    has_legend: bool = False


def with_legend(parse: Parser, legend: Mapping[str, str]) -> Parser:
    """Put words for the numbered options of a heading; words themselves and ``2.砌体`` are read as well."""
    listed = "、".join(f"{number} {word}" for number, word in legend.items())

    def read(cell: Any) -> Any:
        told = re.match(r"(\d{1,2})[.、:：]?", plain(cell))
        if told and told[1] in legend and plain(cell)[told.end() :].upper() in ("", plain(legend[told[1]]).upper()):
            return parse(legend[told[1]])
        if plain(cell).isdigit():
            raise cannot("not_in_legend", Text(f"列名所列：{listed}", f"as the heading lists: {listed}"))
        return parse(cell)

    return read


def _read_axis(cell: Any) -> float | None:
    try:
        return read_coordinate(cell)
    except NotACoordinate as reason:
        raise Cannot(_COORDINATE, reason.text, "coordinate_unreadable") from None


def _read_both(cell: Any) -> Pair | None:
    try:
        return read_pair(cell)
    except NotACoordinate as reason:
        raise Cannot(_COORDINATE, reason.text, "coordinate_unreadable") from None


_COORDINATE = Text("坐标，如 118.3763 或 118°22′34.8″", "a coordinate such as 118.3763 or 118°22′34.8″")
_TEXT = Form(read_text, Text("文字", "text"))
_OPTION = Form(read_text, Text("文字", "text"), has_legend=True)
_LABEL = Form(read_label, Text("文字", "text"))
_CODE = Form(read_code, Text("编号，按文本保存", "a code, kept as text"), as_text=True)
_NAME = Form(read_name, Text("姓名", "a name"))
_ID_NUMBER = Form(read_id_number, Text("18 位，按文本保存", "18 characters, kept as text"), as_text=True)
_PHONE = Form(read_phone, Text("号码，按文本保存", "a number, kept as text"), as_text=True)
_CARD = Form(read_bank_card, Text("8 至 32 位，按文本保存", "8 to 32 digits, kept as text"), as_text=True)
_DAY = Form(read_date, Text("日期，如 2024-05-01；只有年月也可", "a day such as 2024-05-01; a month alone will do"))
_MOMENT = Form(read_moment, Text("时间，如 2024-05-01 09:30 或 09:30", "a moment, or a time of day beside a date"))
_YEAR = Form(read_year, Text("年份，如 1985", "a year such as 1985"))
_YES = Form(read_yes, Text("是或否", "yes or no"), has_legend=True)
_GRADE = Form(read_grade, Text("等级", "a grade"), choices=GRADE, has_legend=True)
_STOREYS = Form(read_storeys, Text("整数", "a whole number"))
_AXIS = Form(_read_axis, Text("坐标", "a coordinate"))
_NUMBERED = Text("整数", "a whole number")
_LISTED = Text("下列之一", "one of these")

_PLACE: dict[str, Form] = {
    "lon": _AXIS,
    "lat": _AXIS,
    "lonlat": Form(_read_both, Text("经度,纬度", "longitude, latitude")),
    "accuracy_m": Form(read_float(0, 1e6), Text("米", "metres")),
    "quality": Form(read_int(1, 7), Text("1 至 7", "1 to 7")),
    "source_system": _TEXT,
    "placed_by": _TEXT,
}
# Number of the record in our own exports; it finds a record that has no code of its own.
_OWN = {"fangtu_id": Form(read_int(1, 2**53), _NUMBERED)}
# These find the household of a house, site or visit and are not stored there.
_FINDING = {"head_name": _NAME, "id_number": _ID_NUMBER}
_KEY_GROUPS = ("party_veteran", "hardship", "lone_elder", "left_behind_child", "petitioner")
_HOUSEHOLD: dict[str, Form] = {
    "code": _CODE,
    "head_name": _NAME,
    "id_number": _ID_NUMBER,
    "phone": _PHONE,
    "bank_card": _CARD,
    "people": Form(read_int(0, 200), _NUMBERED),
    "aid_group": Form(read_aid_group, _LISTED, choices=AID_GROUP, has_legend=True),
    "key_groups": Form(read_groups, Text("下列几类，用顿号隔开", "some of these, parted by 、"), choices=KEY_GROUP),
    **{f"group_{group}": _YES for group in _KEY_GROUPS},
    "relation": Form(read_relation, Text("户主、配偶等", "head, spouse and so on"), has_legend=True),
    "address": _TEXT,
    "house_no": _TEXT,
    "stated_area": _TEXT,
    "natural_village": _TEXT,
}
_BUILDING: dict[str, Form] = {
    "grade": _GRADE,
    "appraised_on": _DAY,
    "standard": _TEXT,
    "appraiser": _TEXT,
    "structure": _OPTION,
    "built_year": _YEAR,
    "area_m2": Form(read_area(), Text("平方米", "square metres"), measure="area"),
    "storeys": _STOREYS,
}
_RENOVATION: dict[str, Form] = {
    "method": Form(read_method, _LISTED, choices=METHOD, has_legend=True),
    "grade_before": _GRADE,
    "stage": Form(read_stage, _LISTED, choices=STAGE, has_legend=True),
    "subsidy_yuan": Form(read_money(), Text("元，精确到分", "yuan, exact to the fen"), measure="money"),
    **dict.fromkeys(("approved_on", "started_on", "completed_on", "accepted_on", "paid_on"), _DAY),
}
FORMS: dict[str, dict[str, Form]] = {
    "households": {**_OWN, **_HOUSEHOLD, "remark": _TEXT, **_PLACE},
    "houses": {
        **_OWN,
        "code": _CODE,
        "osm_id": _TEXT,
        "household_code": _CODE,
        **_FINDING,
        **_BUILDING,
        "address": _TEXT,
        "house_no": _TEXT,
        "street": _TEXT,
        "stated_area": _TEXT,
        "remark": _TEXT,
        **_PLACE,
    },
    "sites": {
        **_OWN,
        "code": _CODE,
        "household_code": _CODE,
        "house_code": _CODE,
        **_FINDING,
        **_RENOVATION,
        "stated_area": _TEXT,
        "remark": _TEXT,
        **_PLACE,
    },
    # One row is a household with its house and its renovation: the ledger of an office (农房台账).
    "ledger": {
        **_OWN,
        **_HOUSEHOLD,
        "house_code": _CODE,
        **_BUILDING,
        "site_code": _CODE,
        **_RENOVATION,
        "remark": _TEXT,
        **_PLACE,
    },
    "visits": {
        "code": _CODE,
        "household_code": _CODE,
        **_FINDING,
        "campaign": _TEXT,
        "round": Form(read_int(1, 999), _NUMBERED),
        "visited_on": _DAY,
        "started_at": _MOMENT,
        "ended_at": _MOMENT,
        "minutes": Form(read_minutes(), Text("分钟", "minutes"), measure="minutes"),
        "mode": Form(read_mode, _LISTED, choices=MODE, has_legend=True),
        "reason": _TEXT,
        "outcome": Form(read_outcome, _LISTED, choices=OUTCOME, has_legend=True),
        "source_status": _TEXT,
        "not_done_reason": _TEXT,
        "visitor": _TEXT,
        "visitor_kind": _TEXT,
        "companions": _TEXT,
        "ruled": Form(read_ruling, Text("虚假入户、作废，或留空", "false, void, or blank")),
        "remark": _TEXT,
        **_PLACE,
    },
    "areas": {
        "code": _CODE,
        "name": _LABEL,
        "level": Form(read_text, _LISTED, choices=LEVEL),
        "parent_code": _CODE,
        "parent_name": _LABEL,
        "aliases": Form(read_list, Text("几个名称，用顿号隔开", "names parted by 、")),
        "old_code": _CODE,
        "old_name": _LABEL,
        "valid_from": _DAY,
        "valid_to": _DAY,
        **{f"{level}_code": _CODE for level in ("town", "county", "city", "prov")},
        **{f"{level}_name": _LABEL for level in ("town", "county", "city", "prov")},
        "lon": _AXIS,
        "lat": _AXIS,
        "lonlat": _PLACE["lonlat"],
        "derived": _YES,
    },
    "base": dict.fromkeys(("kind", "name", "highway", "waterway", "natural", "landuse", "water"), _TEXT),
    "roads": dict.fromkeys(
        ("road_class", "name", "width", "oneway", "bridge", "tunnel", "layer", "access", "osm_id", "tags"), _TEXT
    ),
}
