"""The words of a work plan: rules of cohorts and visitors, calendars, the nine classes of the questionnaire."""

from __future__ import annotations

from geo.errors import Text

COHORT_RULE = {
    "all_households": Text("全部农户", "All households"),
    "key_groups": Text("重点户", "Key groups"),
    "renovated": Text("已改造户", "Renovated households"),
    "new_renovation": Text("新改造户", "Newly renovated households"),
}
VISITOR_RULE = {
    "all": Text("户户到", "Every household"),
    "share": Text("按比例", "A share of the households"),
    "count": Text("按户数", "A number of households"),
    "near": Text("就近、家族、邻里", "Kin and neighbours"),
    "remainder": Text("兜底", "Everyone who is left"),
}
CALENDAR = {"working": Text("个工作日", "working days"), "days": Text("天", "days")}
EVERY = {"once": Text("一次", "Once"), "week": Text("每周", "Weekly"), "month": Text("每月", "Monthly")}
TOPIC = {
    "childcare": Text("幼有善育", "Care for the young"),
    "schooling": Text("学有优教", "Good schooling"),
    "work": Text("劳有厚得", "Fair work"),
    "health": Text("病有良医", "Good medical care"),
    "old_age": Text("老有颐养", "Care in old age"),
    "housing": Text("住有宜居", "Good housing"),
    "support": Text("弱有众扶", "Help for the weak"),
    "culture": Text("民有文乐", "Culture and leisure"),
    "safety": Text("安有保全", "Safety"),
}
TABLE = {
    "source": Text("来源文件", "Source document"),
    "campaign": Text("行动", "Campaign"),
    "cohort": Text("走访对象", "Cohort"),
    "stage": Text("阶段", "Stage"),
    "round": Text("轮次", "Round"),
    "visit": Text("有效走访", "What counts as a visit"),
    "visitor": Text("走访力量", "Kind of visitors"),
    "question": Text("入户必问", "Questionnaire"),
    "work": Text("遍访工作清单", "Work list"),
    "deadline": Text("办结时限", "Deadline"),
    "scoring": Text("计分", "Scoring"),
    "score": Text("扣分事项", "Deduction"),
    "publicity": Text("宣传", "Publicity"),
    "demand_class": Text("诉求类别", "Class of demands"),
    "demands": Text("诉求", "Demands"),
    "figure": Text("文中数字", "Figure of the document"),
    "contradiction": Text("文中矛盾", "Contradiction of the document"),
}
VISIT_FIELD = {
    "min_minutes": Text("最少停留（分钟）", "Least presence (minutes)"),
    "remote_modes": Text("可用的远程方式", "Remote ways that count"),
    "remote_needs_reason": Text("远程须注明原因", "A remote visit needs a reason"),
    "remote_reasons": Text("认可的远程原因", "Reasons accepted for a remote visit"),
    "done_outcomes": Text("计入的结果", "Outcomes that count"),
    "done_statuses": Text("计入的来源状态", "Status words of the source that count"),
    "per_inspector_day": Text("每人每日户数", "Visits a day of one inspector"),
    "max_distance_m": Text("离房屋最远（米）", "Farthest from the house (m)"),
    "max_accuracy_m": Text("定位误差最大（米）", "Largest position error (m)"),
    "max_fix_age_s": Text("定位时间最久（秒）", "Oldest position (s)"),
    "earliest": Text("最早时刻", "Earliest time of day"),
    "latest": Text("最晚时刻", "Latest time of day"),
    "lookback_modes": Text("回头看方式", "Ways of looking back"),
}
# The fields of the form, besides those of a visit.
FORM_FIELD = {
    "target": Text("目标比例（0 到 1）", "Target (0 to 1)"),
    "since": Text("自（含）", "From, included"),
    "until": Text("至（不含）", "Until, not included"),
    "starts_on": Text("开始", "Begins"),
    "ends_on": Text("截止", "Ends"),
    "share": Text("比例（0 到 1）", "Share (0 to 1)"),
    "count": Text("户数", "Households"),
    "due_on": Text("完成期限", "Due"),
    "days": Text("天数", "Days"),
    "at_most": Text("最多天数", "At most, days"),
    "start": Text("起始分", "Score at the start"),
    "talk_at": Text("约谈线（起）", "Talk at, cases"),
    "points": Text("扣分", "Points off"),
    **VISIT_FIELD,
}
