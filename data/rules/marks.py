"""Words of marks from the field (标房): kinds, states, fields that may be corrected, parts of a house."""

from __future__ import annotations

from data.rules.appraising import GRADE_OF, PART
from geo.errors import Text

__all__ = ["AT_ONCE", "CHANGE_STATE", "CONCERNS", "FIELD", "FLAG", "KIND", "PART", "PART_GRADES", "STATE"]

KIND = {
    "new_house": Text("新房", "New house"),
    "moved": Text("移动位置", "Moved point"),
    "impression": Text("等级印象", "Impression of the grade"),
    "ruin": Text("残垣断壁", "Ruin"),
    "abandoned": Text("废弃宅基地", "Abandoned homestead"),
    "illegal": Text("私搭乱建", "Illegal building"),
    "waste": Text("垃圾", "Waste"),
    "correction": Text("信息更正", "Correction"),
}
# Sites of concern (环境整治点): what is to be cleared away rather than appraised.
CONCERNS = ("ruin", "abandoned", "illegal", "waste")
STATE = {
    "proposed": Text("待主管确认", "Waits for a supervisor"),
    "suspected": Text("疑似危房，待鉴定", "Suspected, to be appraised"),
    "accepted": Text("已采纳", "Accepted"),
    "refused": Text("未采纳", "Not accepted"),
}
# An impression names the parts and levels of an appraisal (PART is the same table); it is none by that.
PART_GRADES = tuple(GRADE_OF)
CHANGE_STATE = {
    "proposed": Text("待确认", "Waits"),
    "applied": Text("已生效", "Applied"),
    "refused": Text("不采纳", "Not accepted"),
}
FIELD = {
    "address": Text("地址", "Address"),
    "house_no": Text("门牌号", "House number"),
    "people": Text("人口", "People"),
    "key_groups": Text("重点群体", "Key groups"),
    "hamlet": Text("自然村", "Natural village"),
    "head_name": Text("户主", "Head of household"),
}
# Applied at once where nobody has changed them since the phone had them. Whoever heads a household and to which groups
# it belongs decides whom a round is for, and waits for a person always.
AT_ONCE = ("address", "house_no", "people")
FLAG = {
    "household_gone": Text("该户已不在名册或不在辖区", "Household gone or elsewhere"),
    "clock_off": Text("手机时钟不准", "Clock of the phone is off"),
    "rough": Text("定位误差较大", "Rough position"),
    "elsewhere": Text("位置不在辖区内", "Place outside the area of duty"),
}
