"""The further totals of an import in words, in the order people want them; a name without words is not shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo.errors import Text

COUNT_WORDS = {
    "inserted": Text("新增", "Added"),
    "updated": Text("更新", "Updated"),
    "unchanged": Text("与库中相同", "As stored already"),
    "houses_inserted": Text("新增房屋", "Houses added"),
    "houses_updated": Text("更新房屋", "Houses updated"),
    "houses_unchanged": Text("房屋与库中相同", "Houses as stored already"),
    "sites_inserted": Text("新增改造点", "Renovation sites added"),
    "sites_updated": Text("更新改造点", "Renovation sites updated"),
    "sites_unchanged": Text("改造点与库中相同", "Renovation sites as stored already"),
    "upper": Text("随文件带入的上级辖区", "Areas above, taken from the file"),
    "appraised": Text("新增鉴定", "Appraisals added"),
    "valid": Text("计入覆盖率的走访", "Visits that count"),
    "judged_again": Text("重新判定的走访", "Visits judged again"),
    "recognised_by_code": Text("按户编号认出", "Recognised by household code"),
    "recognised_by_number": Text("按身份证号认出", "Recognised by ID number"),
    "recognised_by_address": Text("按姓名和地址认出", "Recognised by name and address"),
    "matched_by_number": Text("按身份证号对上农户", "Matched to a household by ID number"),
    "matched_by_name": Text("按姓名和地址对上农户", "Matched to a household by name and address"),
    "matched_by_place": Text("按位置对上农户", "Matched to a household by place"),
    "outlined": Text("取得房屋轮廓", "Given the outline of a building"),
    "linked_houses": Text("对上农户的房屋", "Houses that found their household"),
    "linked_sites": Text("对上农户的改造点", "Renovation sites that found their household"),
    "linked_visits": Text("对上农户的走访", "Visits that found their household"),
    "unmatched": Text("对不上农户", "Without a known household"),
    "placed_by_hamlet": Text("按地址定到自然村", "Known to the natural village by the address"),
    "placed_by_village": Text("按地址定到村", "Known to the village by the address"),
    "ambiguous": Text("地址有歧义", "Ambiguous address"),
    "near_spelling": Text("地名近似，待核对", "A similar place name, to be checked"),
    "unknown": Text("地址认不出", "Address not recognised"),
    "contradicts_place": Text("位置与所写村名不一致", "Place and stated village contradict"),
    "unplaced": Text("待定位", "To be placed"),
    "outside": Text("村界外", "Outside every village"),
    "kept_place": Text("保留原有更准的位置", "Better place kept"),
    "derived": Text("推算边界", "Boundaries derived"),
    "moved": Text("归属变动的农户", "Households that changed their village"),
    "edges_removed": Text("撤下的路段", "Pieces of road taken away"),
    "ends_joined": Text("接上的路端", "Ends of roads joined"),
    "crossings": Text("打断的交叉口", "Crossings cut"),
    "doubles": Text("重复的路段", "Pieces given twice"),
    "waiting": Text("等村界入库的网格", "Grids that wait for their village"),
}
_ADDED = ("inserted", "houses_inserted", "sites_inserted", "upper")
_CHANGED = ("updated", "houses_updated", "sites_updated")
_ALWAYS = ("inserted", "updated", "unchanged")


def counts_in_words(counts: Mapping[str, Any], language: str) -> list[tuple[str, int]]:
    """Give label and number of each total that is not 0; added, updated and unchanged always."""
    return [
        (words.in_language(language), counts[name])
        for name, words in COUNT_WORDS.items()
        if isinstance(counts.get(name), int) and (counts[name] or name in _ALWAYS)
    ]


def changes_in(counts: Mapping[str, Any]) -> dict[str, int] | None:
    """Say what taking a batch back puts right: rows restored, removed and found again; None if that is not known."""
    if not isinstance(counts.get("inserted"), int):
        return None
    return {
        "restored": sum(int(counts.get(name) or 0) for name in _CHANGED),
        "removed": sum(int(counts.get(name) or 0) for name in _ADDED),
        "returned": 0,
    }


def unplaced_in(counts: Mapping[str, Any]) -> int | None:
    """Give how many households of an import are still to be placed; None for a file of other things."""
    found = counts.get("unplaced")
    return found if isinstance(found, int) else None
