"""Words of the road network."""

from __future__ import annotations

from geo.errors import Text
from geo.roads.shift import ALARM_M, Shift

MODE = {
    "walk": Text("步行", "On foot"),
    "ebike": Text("电动车", "E-bike"),
    "car": Text("汽车", "Car"),
}
_NAMES = {
    "gcj02": Text("GCJ-02（高德、腾讯）", "GCJ-02 (AMap, Tencent)"),
    "bd09": Text("BD-09（百度）", "BD-09 (Baidu)"),
}


def shift_words(shift: Shift) -> Text:
    """Say what the distances mean."""
    zh = f"房屋离道路的距离中位数为 {shift.median_m:.0f} 米（超过 {ALARM_M:g} 米）。"
    en = f"Half of the houses are more than {shift.median_m:.0f} m from a road (alarm above {ALARM_M:g} m)."
    if shift.likely:
        name = _NAMES[shift.likely]
        zh += f"若按 {name.zh} 理解则为 {shift.likely_m:.0f} 米。"
        en += f" Read as {name.en} it would be {shift.likely_m:.0f} m."
    return Text(zh, en)
