"""What an act of assignment did, and what the plan asks for and cannot have, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.rules.sharing import Unmet
from data.rules.visitors import VisitorKind
from geo.counting import counted
from geo.errors import Text


def unmet_words(one: Unmet, kinds: Sequence[VisitorKind]) -> Text:
    """Say with numbers what cannot be met."""
    kind = next((kind.name for kind in kinds if kind.kind == one.kind), Text(one.kind, one.kind))
    who = Text(f"{kind.zh} {one.name}", f"{kind.en} {one.name}") if one.name else kind
    if one.code == "too_few":
        return Text(
            f"{who.zh}：应访 {one.wanted} 户，能给 {one.given} 户，差 {one.wanted - one.given} 户。",
            f"{who.en}: to visit {counted(one.wanted, 'household')}, can be given {one.given}, "
            f"{counted(one.wanted - one.given, 'is', 'are')} missing.",
        )
    if one.code == "village_unknown":
        return Text(
            f"{who.zh}：所写的村不在这个辖区，没有指派。",
            f"{who.en}: its village is not in this area; nothing assigned.",
        )
    if one.code == "no_number":
        return Text(
            f"{who.zh}：实施方案没有写需走访户数或比例，没有指派。",
            f"{who.en}: the plan says neither how many households nor which share; nothing assigned.",
        )
    if one.wanted and not one.given and not kind_has_people(one, kinds):
        return Text(f"{who.zh}：实施方案没有写有哪些人。", f"{who.en}: the plan names nobody.")
    return Text(
        f"{who.zh}：{one.wanted} 户没有人可指派（不在任何人或单位的范围内）。",
        f"{who.en}: nobody for {counted(one.wanted, 'household')} (in no person's or unit's area).",
    )


def kind_has_people(one: Unmet, kinds: Sequence[VisitorKind]) -> bool:
    """Whether the people of a kind can be found without the plan's naming them."""
    return not any(kind.kind == one.kind and kind.rule == "near" and not kind.units for kind in kinds)


def counts_words(counts: Mapping[str, int]) -> Text:
    """Say what an act changed."""
    added, moved, removed = (counts.get(name, 0) for name in ("added", "moved", "removed"))
    return Text(
        f"新指派 {added} 户，换人 {moved} 户，取消 {removed} 户；"
        f"手工指派的 {counts.get('kept_drawn', 0)} 户、已走访的 {counts.get('kept_visited', 0)} 户不动。",
        f"{added} newly assigned, {moved} to somebody else, {removed} taken away; "
        f"left alone: {counts.get('kept_drawn', 0)} drawn by hand, {counts.get('kept_visited', 0)} visited.",
    )
