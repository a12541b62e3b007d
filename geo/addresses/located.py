"""What an address was found to mean, and the sentences that say how."""

from __future__ import annotations

from dataclasses import dataclass

from geo.addresses.parts import Parts
from geo.errors import Text


@dataclass(frozen=True)
class Located:
    """Where an address lies among the user's own areas.

    Attributes
    ----------
    village : int or None
        Key of the village; None if unknown or ambiguous.
    hamlet : int or None
        Key of the natural village or village group.
    level : str or None
        Finest level that is certain: ``group``, ``natural_village``, ``village``, ``township``; None if none is.
    candidates : tuple of int
        Keys of the villages (or, inside a known village, hamlets) it may be, most likely first, when ambiguous.
    parts : Parts
        Group, lane, house number, building, unit, room and the rest.
    why : Text
        One sentence: how it was matched or why not.
    typo : bool
        Matched by a near spelling: a proposal, to be confirmed.
    """

    village: int | None
    hamlet: int | None
    level: str | None
    candidates: tuple[int, ...]
    parts: Parts
    why: Text
    typo: bool


EMPTY = Text("没有填写地址。", "No address is given.")
NOTHING = Text(
    "没有找到辖区内的村名；请补写村名，或把别名加入辖区名录。",
    "No village of the area is named; add the village's name, or the alias to the list of areas.",
)


def by_name(name: str) -> Text:
    """The name was found as written."""
    return Text(f"按名称“{name}”匹配。", f"Matched by the name '{name}'.")


def by_hamlet(name: str, village: str) -> Text:
    """A natural village or group told the village."""
    return Text(f"按“{name}”匹配，它属于{village}。", f"Matched by '{name}', which belongs to {village}.")


def by_ledger(stated: str) -> Text:
    """The ledger's own column decided."""
    return Text(f"按台账所填的“{stated}”匹配。", f"Matched by '{stated}' as the ledger states it.")


def by_slip(written: str, name: str) -> Text:
    """A near spelling, to be checked."""
    return Text(
        f"“{written}”与“{name}”写法相近，没有其他相近的名称；请核对。",
        f"'{written}' is written much like '{name}' and like no other name; check it.",
    )


def only_township(name: str) -> Text:
    """The township is known, the village is not."""
    return Text(
        f"只认出“{name}”，没有找到其中的村；请补写村名。",
        f"Only '{name}' is recognised, no village in it; add the village's name.",
    )


def outside(name: str) -> Text:
    """Another county's or township's name stands in it."""
    return Text(f"地址写的是“{name}”，不在本辖区内。", f"The address names '{name}', which is outside this area.")


def not_inside(name: str, upper: str) -> Text:
    """The village exists, but not in the township that the address names."""
    return Text(f"“{upper}”内没有“{name}”；请核对乡镇和村名。", f"There is no '{name}' in '{upper}'; check both names.")


def ambiguous(name: str, labels: list[str]) -> Text:
    """Several areas have the name."""
    shown = labels[:4]
    more = "等" if len(labels) > len(shown) else ""
    return Text(
        f"“{name}”可能是：{'、'.join(shown)}{more}；请写明属于哪一个。",
        f"'{name}' may be {', '.join(shown)}{' and others' if more else ''}; say which one it is.",
    )


def contradicts(stated: str, name: str) -> Text:
    """The ledger's column and the address name different places."""
    return Text(
        f"台账所填的“{stated}”与地址中的“{name}”不一致；请核对。",
        f"The ledger states '{stated}', the address '{name}'; check which one is right.",
    )
