"""Words by which a piece of an address says what it is: numbers, lanes, endings, and what only looks like one."""

from __future__ import annotations

import re

from geo.addresses.near import TELLING
from geo.addresses.parts import NUMBER
from geo.addresses.units import TOWNSHIP

_CHINESE_NUMBER = NUMBER.removeprefix("(?:\\d+|").removesuffix(")")
_WORD = (
    r"(?:村民小组|村民组|居民小组|居民组|生产小组|生产队|合作社|小组|组|队|社(?!区)|号楼|号院|号|#|栋|幢|座|单元|室|户)"
)
PART = re.compile(
    rf"(?:第|村民|附|门牌|[甲乙丙丁东西南北](?=\d))?"
    rf"(?:\d+(?:-\d+)*(?:{_WORD})*|[A-Za-z]+(?:栋|幢|座|单元|\d+)|{_CHINESE_NUMBER}(?:{_WORD})+)(?:[东西南北]\d*(?:户|室))?"
)
LANE = re.compile(r"[\u4e00-\u9fff]{2,7}?(?:大道|大街|胡同|路|街(?!道)|巷|弄)(?=\d|$|\||第|[一二三四五六七八九十]+号)")
# After a bare stem these leave it a name of its own.
BESIDE = re.compile(r"(?:[东西南北中](?:头|边|侧|首|面|端|口|区|片)|旁|附近|对面|村民)")
LANDMARK = re.compile(r"(?:旁|附近|对面|隔壁|交界|方向|斜对面|[东西南北]侧)")
# Endings by which a piece of unknown text says what it is. Longer ones first.
ENDS = (
    (TOWNSHIP, re.compile(r"(?:街道办事处|街道办|街道|街办|办事处|镇|乡|苏木)$")),
    ("village", re.compile(r"(?:村民委员会|居民委员会|村委会|居委会|行政村|自然村|社区|村)$")),
    ("county", re.compile(r"(?:省|市|县|区|旗|自治州)$")),
    ("lane", re.compile(r"(?:大道|大街|胡同|路|街|巷|弄)$")),
)
ENDING_SIGN = frozenset("镇乡道处办木会村区省市县旗州街路巷弄同")
# These look like a township or a county and are none.
COMMON = re.compile(
    r"^(?:[本全我该原老古小新]?[镇乡县市区]|[集城市老古小新本]镇|[本家下]乡|老?街道|[城超门菜夜本]市|本[县区])$"
    r"|(?:[小园校厂库林矿牧景新老城郊市片辖宅]|生活|工业|开发|示范)区$"
)
# A development zone; many have villages of their own.
ZONE = re.compile(r"(?:工业园区?|开发区|产业集中区|产业园区?|示范区)$")
# After a known name these make it part of another one: 沈村 in 沈村镇.
NAME_GOES_ON = re.compile(r"[镇乡县]|街道|社区")
# After a village's name: 潘村 in 潘村山村.
LONGER_VILLAGE = re.compile(r"[\u4e00-\u9fff](?:村|社区)")
# Endings of which one character may be wrong, missing or doubled after a known stem; 村 alone has look-alikes only.
ENDINGS = (
    "社区居民委员会", "村村民委员会", "居民委员会", "村民委员会", "社区居委会", "街道办事处", "村村委会", "居委会",
    "村委会", "自然村", "社区", "街道",
)  # fmt: skip
LIKE_VILLAGE = "材邨忖寸"
TELLING_END = re.compile(rf"[{''.join(sorted(TELLING))}]区")
