"""Doubts in words: what each detector found, with its numbers. A machine says 存疑; a person may say 虚假."""

from __future__ import annotations

from collections.abc import Mapping

from data.rules.words import SUSPECT
from geo.counting import with_forms
from geo.errors import Text

# What is marked without a detector: by the import from the places, and where a second organisation came.
MARK: Mapping[str, Text] = {name: SUSPECT[name] for name in ("far_from_house", "two_places", "duplicate")}
DETECTOR: Mapping[str, Text] = {
    **MARK,
    "too_short": Text("时间过短", "Too short"),
    "off_hours": Text("不在走访时段", "Outside visiting hours"),
    "typed_later": Text("事后集中补录", "Typed in later, several at once"),
    "at_minimum": Text("时长正好是下限", "Exactly the minimum"),
    "crowded_day": Text("一天走访过多", "Too many in one day"),
    "far_fix": Text("定位离房屋远", "Position far from the house"),
    "one_spot": Text("多户在同一处记录", "Several households recorded at one spot"),
    "impossible_travel": Text("来不及赶到", "No time for the way"),
    "still_fix": Text("定位一动不动", "Position does not tremble"),
    "on_the_house": Text("定位与房屋坐标重合", "Position is exactly the house's"),
    "copied_photo": Text("照片与另一户相同", "Photograph of another household"),
    "similar_photo": Text("照片与另一户近似", "Photograph nearly that of another household"),
    "cloned_answers": Text("答案与另一户雷同", "Answers the same as another household's"),
    "no_trace": Text("没有定位或照片", "No position or photograph"),
    "unlike_peers": Text("习惯与同行不同", "Habits unlike those of peers"),
    "household_denies": Text("住户说没有来过", "The household says nobody came"),
}
RULING = {
    "genuine": Text("属实", "Genuine"),
    "false": Text("虚假入户", "False visit"),
    "void": Text("作废", "Void"),
}
STATE = {
    "open": Text("待判定", "To be ruled on"),
    "answered": Text("已说明", "Answered"),
    "ruled": Text("已判定", "Ruled on"),
}
WORD = {
    "confirmed": Text("来过", "Came"),
    "denied": Text("没有来过", "Did not come"),
    "unsure": Text("不清楚", "Not sure"),
}
_SENTENCE: Mapping[str, Text] = {
    "far_from_house": Text(
        "定位离房屋 {value:.0f} 米，界限 {against:.0f} 米", "{value:.0f} m from the house, limit {against:.0f} m"
    ),
    "two_places": Text("同一走访员另有同时段的走访在别处", "the same visitor was elsewhere at that time"),
    "duplicate": Text(
        "本轮别的单位已先走访过这一户", "another organisation visited the household before in this round"
    ),
    "too_short": Text(
        "记录 {value:.0f} 分钟，要求 {against:.0f} 分钟", "{value:.0f} min recorded, {against:.0f} asked"
    ),
    "off_hours": Text("开始于 {value:.1f} 时，时限 {against:.1f} 时", "began at {value:.1f} h, limit {against:.1f} h"),
    "typed_later": Text(
        "结束后 {value:.0f} 分钟才录入，同一时段共录入 {against:.0f} 条",
        "entered {value:.0f} min after its end, {against:.0f} {against:record|records} at one sitting",
    ),
    "at_minimum": Text(
        "前后几次有 {value:.0f}% 正好是下限，同行一般 {against:.0f}%",
        "{value:.0f}% of those around it are exactly the minimum, peers have {against:.0f}%",
    ),
    "crowded_day": Text(
        "当天 {value:.0f} 户，同行一般 {against:.0f} 户", "{value:.0f} that day, peers have {against:.0f}"
    ),
    "far_fix": Text(
        "离房屋 {value:.0f} 米，误差可解释 {against:.0f} 米",
        "{value:.0f} m from the house, errors explain {against:.0f} m",
    ),
    "one_spot": Text(
        "与另一户的定位只差 {value:.0f} 米，两户相距 {against:.0f} 米",
        "{value:.0f} m from the position of another household's visit, the houses are {against:.0f} m apart",
    ),
    "impossible_travel": Text(
        "与另一次走访相距 {value:.0f} 米，间隔 {against:.0f} 分钟",
        "{value:.0f} m from another visit, {against:.0f} min between them",
    ),
    "still_fix": Text("{value:.0f} 户的定位分毫不差", "the very same position for {value:.0f} households"),
    "on_the_house": Text(
        "离房屋坐标 {value:.1f} 米，手机误差约 {against:.0f} 米",
        "{value:.1f} m from the recorded place, the phone's error is about {against:.0f} m",
    ),
    "copied_photo": Text("与另一户走访是同一个文件", "the same file as for another household"),
    "similar_photo": Text(
        "与另一户的照片仅差 {value:.0f} 位（共 64 位）", "differs in {value:.0f} of 64 bits from another household's"
    ),
    "cloned_answers": Text(
        "{value:.0f} 户答案相同，按常理约 {against:.1f} 户",
        "{value:.0f} households with the same answers, {against:.1f} expected",
    ),
    "no_trace": Text("{against:.0f}% 的走访有定位或照片", "{against:.0f}% of visits have a position or a photograph"),
    "unlike_peers": Text(
        "偏离同行 {value:.1f} 个标准差，界限 {against:.0f}", "{value:.1f} deviations from peers, limit {against:.0f}"
    ),
    "household_denies": Text("住户凭户卡否认", "denied by the household's card"),
}


def evidence_text(detector: str, value: float | None, against: float | None) -> Text:
    """What a detector found, in words with its numbers; its name alone where a number is missing or it is unknown."""
    sentence = _SENTENCE.get(detector)
    if sentence is None:
        return Text(detector, detector)
    if ("{value" in sentence.zh and value is None) or ("{against" in sentence.zh and against is None):
        return DETECTOR[detector]
    shown = {name: f"{n:.0f}" for name, n in (("value", value), ("against", against)) if n is not None}
    english = with_forms(sentence.en, shown)
    return Text(sentence.zh.format(value=value, against=against), english.format(value=value, against=against))
