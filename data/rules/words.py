"""The words of the field: each code with its Chinese and English label. Codes are stored, labels are shown."""

from __future__ import annotations

from enum import IntEnum

from geo.errors import Text


class Status(IntEnum):
    """Where a household stands in a round (走访状态), as stored in ``standing.status``."""

    UNVISITED = 0
    HOME = 1
    REMOTE = 2
    NOBODY_HOME = 3
    REFUSED = 4
    LONG_AWAY = 5
    SUSPECT = 6
    OTHER = 7


# A household counts as visited when one of its visits is valid; a suspect one is valid until a person rules on it.
VISITED = (Status.HOME, Status.REMOTE, Status.SUSPECT)

STATUS = {
    Status.UNVISITED: Text("未走访", "Not visited"),
    Status.HOME: Text("已入户", "Home visit"),
    Status.REMOTE: Text("电话、微信等远程", "Remote visit"),
    Status.NOBODY_HOME: Text("无人在家，待再访", "Nobody home"),
    Status.REFUSED: Text("拒访", "Refused"),
    Status.LONG_AWAY: Text("长期外出", "Long away"),
    Status.SUSPECT: Text("存疑走访", "Suspect visit"),
    Status.OTHER: Text("有走访但不计入", "Visit that does not count"),
}
LEVEL = {
    "province": Text("省", "Province"),
    "city": Text("市", "City"),
    "county": Text("县", "County"),
    "township": Text("乡镇", "Township"),
    "village": Text("村", "Village"),
    "natural_village": Text("自然村", "Natural village"),
    "group": Text("村民小组", "Village group"),
    "grid": Text("网格", "Grid"),
}
GRADE = {
    "A": Text("A级 安全", "A, safe"),
    "B": Text("B级 基本安全", "B, basically safe"),
    "C": Text("C级 局部危险", "C, partly dangerous"),
    "D": Text("D级 整体危险", "D, wholly dangerous"),
}
# C and D are dilapidated (危房).
DILAPIDATED = ("C", "D")
MODE = {
    "home": Text("入户", "Home visit"),
    "phone": Text("电话", "Telephone"),
    "wechat": Text("微信", "WeChat"),
    "sms": Text("短信", "SMS"),
}
OUTCOME = {
    "done": Text("完成走访", "Done"),
    "nobody_home": Text("无人在家", "Nobody home"),
    "refused": Text("拒访", "Refused"),
    "long_away": Text("长期外出", "Long away"),
    "demolished": Text("房屋已拆", "House demolished"),
    "moved": Text("已搬走", "Moved away"),
    "not_found": Text("查无此户", "No such household"),
    "other": Text("其他", "Other"),
}
VERDICT = {
    "valid": Text("有效走访", "Valid visit"),
    "too_short": Text("时间不足", "Too short"),
    "no_duration": Text("没有起止时间", "No start or end time"),
    "no_reason": Text("远程走访未注明原因", "Remote visit without a reason"),
    "not_done": Text("未完成走访", "Not done"),
    "other_reason": Text("远程原因不在认可之列", "Reason for remote visit not accepted"),
    "no_place": Text("没有定位", "No position"),
    "rough_fix": Text("定位误差过大", "Position too uncertain"),
    "old_fix": Text("定位时间过久", "Position too old"),
    "too_far": Text("离房屋过远", "Too far from the house"),
    "off_hours": Text("不在走访时段", "Outside visiting hours"),
    "ruled_false": Text("虚假入户", "False visit (ruled)"),
    "void": Text("作废", "Void"),
}
SUSPECT = {
    "far_from_house": Text("位置离房屋过远", "Far from the house"),
    "two_places": Text("同一时间在两处", "At two places at once"),
    "duplicate": Text("别的单位已走访过", "Visited by another organisation before"),
}
# What is odd about a visit as it came from a phone; its receipt says so, and nothing is refused for it.
FIELD_FLAG = {
    "duplicate": Text("本轮已有有效走访", "Visited in this round already"),
    "not_assigned": Text("不是指派给本人的户", "Assigned to somebody else"),
    "household_gone": Text("户已注销或不在辖区", "Household gone or outside the area of duty"),
    "clock_off": Text("手机时间不准", "The phone's clock is off"),
    "order": Text("时间先后不符", "Times in the wrong order"),
    "far": Text("离房屋超过 200 米", "More than 200 m from the house"),
    "rough": Text("定位误差超过 50 米", "Position error above 50 m"),
    "outside_round": Text("不在本轮日期内", "Outside the days of the round"),
}
RETURN = {
    "tonight": Text("今晚", "Tonight"),
    "tomorrow": Text("明天", "Tomorrow"),
    "weekend": Text("周末", "At the weekend"),
    "phone": Text("先打电话", "Telephone first"),
}
METHOD = {
    "repair": Text("修缮加固", "Repair"),
    "rebuild": Text("拆除重建", "Rebuild"),
    "rebuild_elsewhere": Text("选址新建", "Rebuild elsewhere"),
    "new": Text("无房户新建", "New house for a household with none"),
    "turn_key": Text("交钥匙", "Turn-key"),
    "public_rental": Text("集体公租房", "Public rental"),
    "swap": Text("房屋置换", "Swap"),
    "rent_subsidy": Text("租赁补贴", "Rent subsidy"),
}
STAGE = {
    "found": Text("发现", "Found"),
    "appraised": Text("鉴定", "Appraised"),
    "compared": Text("比对", "Eligibility checked"),
    "reviewed": Text("评议公示", "Reviewed and posted"),
    "approved": Text("批准", "Approved"),
    "agreed": Text("协议", "Agreement signed"),
    "started": Text("开工", "Started"),
    "foundation": Text("主基础完工", "Foundation laid"),
    "completed": Text("竣工", "Completed"),
    "accepted": Text("验收", "Accepted"),
    "paid": Text("打卡发放", "Paid to card"),
    "moved_in": Text("入住", "Moved in"),
    "looked_back": Text("回访", "Looked back"),
}
GATE_ACT = {
    "passed": Text("通过", "Passed"),
    "rejected": Text("未通过", "Rejected"),
    "withdrawn": Text("农户放弃", "Withdrawn"),
    "resumed": Text("恢复办理", "Taken up again"),
    "returned": Text("退回", "Sent back"),
}
SITE_STATE = {
    "open": Text("办理中", "Under way"),
    "rejected": Text("未通过，已终止", "Rejected"),
    "withdrawn": Text("农户放弃，已终止", "Withdrawn"),
}
RENOVATION_CLASS = {
    "c_repair": Text("C级维修加固", "C, repaired"),
    "d_rebuild": Text("D级拆除重建", "D, rebuilt"),
    "turn_key": Text("交钥匙", "Turn-key"),
    "other": Text("其他方式", "Other"),
}
FUND_SOURCE = {
    "central": Text("中央", "Central"),
    "province": Text("省级", "Province"),
    "city": Text("市级", "City"),
    "county": Text("县级", "County"),
    "other": Text("其他", "Other"),
}
BATCH_STATE = {
    "draft": Text("编制中", "Being made up"),
    "sent": Text("已报盘", "Sent to the bank"),
    "settled": Text("已回盘结清", "Settled"),
    "cancelled": Text("已撤销", "Cancelled"),
}
PLAN_STATE = {
    "draft": Text("草稿", "Draft"),
    "applied": Text("现行", "In force"),
    "replaced": Text("已被替换", "Replaced"),
    "dropped": Text("已放弃", "Let go"),
}
PAYMENT_STATE = {
    "listed": Text("待报盘", "Listed"),
    "sent": Text("已报盘", "Sent to the bank"),
    "paid": Text("已发放", "Paid"),
    "failed": Text("银行退回", "Failed at the bank"),
    "cancelled": Text("已撤销", "Cancelled"),
}
RETURN_OUTCOME = {
    "paid": Text("入账", "Booked as paid"),
    "failed": Text("失败，须核对后重报", "Failed, to be reworked"),
    "already": Text("此前已登记，未重复", "Booked before, not again"),
    "contrary": Text("与此前结果相反，未改", "Contrary to what was booked, left as it was"),
    "unknown": Text("本系统没有这一笔", "No such payment"),
    "double": Text("文件内重复，未重复入账", "Twice in the file, booked once"),
    "contradiction": Text("文件内既成功又失败，未入账", "Paid and failed in one file, not booked"),
    "amount": Text("金额不符，未入账", "Another amount, not booked"),
    "other_batch": Text("属于别的批次", "Of another batch"),
    "unreadable": Text("读不懂", "Not readable"),
}
MONITOR_STAGE = {
    "to_check": Text("待排查", "To be checked"),
    "reported": Text("疑似，待鉴定", "Suspected, to be appraised"),
    "appraised": Text("已鉴定，待处置", "Appraised, to be followed"),
    "following": Text("改造中", "Being renovated"),
    "followed": Text("已处置，待销号", "Followed, to be closed"),
    "safe": Text("排查安全", "Checked, safe"),
    "closed": Text("监测已销号", "Closed in monitoring"),
}
MONITOR_ACT = {
    "checked_safe": Text("排查安全", "Checked, safe"),
    "reported": Text("上报疑似", "Reported as suspected"),
    "appraised": Text("完成鉴定", "Appraised"),
    "followed": Text("落实处置", "Followed"),
    "finished": Text("改造验收", "Renovation accepted"),
    "unfollowed": Text("改造终止，重新处置", "Renovation ended, to be followed again"),
    "closed": Text("销号", "Closed off"),
    "reopened": Text("退回", "Taken back"),
}
MONITOR_FOLLOW = {
    "site": Text("列入改造", "Renovation opened"),
    "moved_out": Text("已搬出", "Moved out"),
    "not_needed": Text("无需处置", "Nothing needed"),
}
HOUSING_STATUS = {
    "unknown": Text("未知", "Unknown"),
    "safe": Text("住房安全", "Safe"),
    "dangerous": Text("住危房", "In a dangerous house"),
    "renovated": Text("已改造", "Renovated"),
    "vacant": Text("房屋空置", "House vacant"),
    "demolished": Text("房屋拆除", "House pulled down"),
    "no_house": Text("无房", "Without a house"),
}
HOUSING_CAUSE = {
    "person": Text("人工登记", "Entered"),
    "appraisal": Text("随鉴定", "By the appraisal"),
    "site": Text("随改造验收", "By the renovation"),
}
PETITION_CHANNEL = {
    "visit": Text("来访", "In person"),
    "letter": Text("来信", "By letter"),
    "online": Text("网上信访", "Online"),
    "hotline": Text("热线", "Hotline"),
    "transferred": Text("上级转办", "Passed on from above"),
    "other": Text("其他", "Other"),
}
PETITION_CAUSE = {
    "not_listed": Text("未列入改造", "Not on the list"),
    "appraisal": Text("不认可鉴定", "Disputes the appraisal"),
    "quality": Text("工程质量", "Quality of the work"),
    "delay": Text("工期拖延", "Work delayed"),
    "money_late": Text("补助发放晚", "Money late"),
    "money_amount": Text("补助金额异议", "Disputes the amount"),
    "neighbour": Text("邻里纠纷", "Neighbour dispute"),
    "conduct": Text("工作作风", "Conduct of officials"),
    "other": Text("其他", "Other"),
}
SATISFACTION = {
    "unsatisfied": Text("不满意", "Unsatisfied"),
    "satisfied": Text("满意", "Satisfied"),
    "unknown": Text("未评价", "Not known"),
}
# Who of a household spoke of the work on its house, and what was said (农户参与监督和验收).
RELATION = {
    "self": Text("户主本人", "The head of the household"),
    "spouse": Text("配偶", "Spouse"),
    "child": Text("子女", "Child"),
    "parent": Text("父母", "Parent"),
    "relative": Text("其他家庭成员", "Another member of the household"),
    "entrusted": Text("受委托人", "Somebody entrusted by the household"),
}
HOUSEHOLD_SAID = {
    "satisfied": Text("满意", "Satisfied"),
    "objection": Text("有异议", "Objection"),
}
KEY_GROUP = {
    "party_veteran": Text("老党员", "Veteran party member"),
    "hardship": Text("困难群众", "Hardship"),
    "lone_elder": Text("孤寡老人", "Lone elder"),
    "left_behind_child": Text("留守儿童", "Left-behind child"),
    "petitioner": Text("上访老户", "Long-time petitioner"),
}
# The six low-income groups that may get help with their house, then those of older files (until 2020).
AID_GROUP = {
    "monitored": Text("易返贫致贫户", "At risk of returning to poverty"),
    "minimum_living": Text("农村低保户", "Minimum living allowance"),
    "dispersed_poor": Text("分散供养特困人员", "Extremely poor, supported at home"),
    "hardship_sudden": Text("突发严重困难户", "Sudden severe hardship"),
    "margin": Text("低保边缘家庭", "On the margin of the allowance"),
    "other_out_of_poverty": Text("其他脱贫户", "Other household out of poverty"),
    "registered_poor": Text("建档立卡贫困户", "Registered poor (until 2020)"),
    "disabled_poor": Text("贫困残疾人家庭", "Poor family with a disabled member"),
    "five_guarantee": Text("五保户", "Five guarantees (older files)"),
}
# Three kinds of monitored household (三类监测对象).
MONITORED = {
    "unstable": Text("脱贫不稳定户", "Out of poverty, not stable"),
    "near_poverty": Text("边缘易致贫户", "On the edge of poverty"),
    "sudden": Text("突发严重困难户", "Sudden severe hardship"),
}
# Offices whose lists households are compared with.
OFFICE = {
    "civil_affairs": Text("民政", "Civil affairs"),
    "rural": Text("农业农村（乡村振兴）", "Agriculture and rural affairs"),
    "disabled": Text("残联", "Disabled persons' federation"),
    "housing": Text("住建", "Housing and construction"),
    "land": Text("自然资源", "Natural resources"),
    "other": Text("其他单位", "Another office"),
}
# What keeps a household out whatever its group.
EXCLUSION = {
    "second_house": Text("另有安全住房", "Has another safe house"),
    "bought_home": Text("已购商品房或安置房", "Has bought or been given a flat"),
    "not_only_house": Text("不是唯一住房", "Not its only house"),
    "illegal_building": Text("违法建筑", "Illegal building"),
    "lives_elsewhere": Text("长期在外居住", "Has long lived elsewhere"),
    "other_owner": Text("房屋登记在他人名下", "House registered to somebody else"),
    "renovated_before": Text("政策年限内已改造", "Renovated within the years of the policy"),
    "public_employee": Text("家庭成员为财政供养人员", "A member is paid from public funds"),
    "other": Text("其他", "Other"),
}
ELIGIBILITY = {
    "eligible": Text("符合", "Eligible"),
    "unproven": Text("未经名单比对", "Not compared with a list"),
    "contradicted": Text("与名单不符", "A list says otherwise"),
    "no_group": Text("未认定类别", "No group determined"),
    "older_group": Text("旧类别，须重新认定", "An older group, to be determined anew"),
    "excluded": Text("不予享受", "Excluded"),
}
LIST_OUTCOME = {
    "agrees": Text("一致", "Agrees"),
    "differs": Text("类别不同", "Another group"),
    "to_confirm": Text("按姓名和村对上，待确认", "By name and village, to be confirmed"),
    "several": Text("同名多户", "Several households of the name"),
    "double": Text("名单内重复", "Twice in the list"),
    "bad_id": Text("证号有误", "Wrong ID number"),
    "unclear": Text("类别读不懂", "Group not understood"),
    "other_office": Text("不由该单位认定", "Not for that office to decide"),
    "lapsed": Text("不在有效期内", "Not valid on the day"),
    "absent": Text("名单有，本系统无", "In the list, not with us"),
    "missing": Text("本系统有，名单无", "With us, not in the list"),
}
HAND_OVER_OUTCOME = {
    "agrees": Text("一致", "Agrees"),
    "changed": Text("内容不同", "Changed"),
    "double": Text("重复", "Twice"),
    "unknown": Text("记录中没有", "Not in the records"),
    "missing": Text("文件中没有", "Missing in the file"),
}
QUALITY = {
    1: Text("现场定位", "GPS on the spot"),
    2: Text("影像上点选", "Clicked on imagery"),
    3: Text("导入坐标", "Imported"),
    4: Text("门牌号推算", "Interpolated house number"),
    5: Text("自然村中心", "Natural-village centre"),
    6: Text("村中心", "Village centre"),
    7: Text("未定位", "Not placed"),
}
# A place known only to its settlement is never drawn as a point.
EXACT_QUALITY = 4
# Rungs of the ladder that the program itself gives.
CLICKED, IMPORTED, BY_NUMBER, BY_HAMLET, BY_VILLAGE, NOT_PLACED = 2, 3, 4, 5, 6, 7
ROLE = {
    "inspector": Text("走访员", "Inspector"),
    "supervisor": Text("主管", "Supervisor"),
    "leader": Text("领导", "Leader"),
    "admin": Text("管理员", "Administrator"),
}
