"""What stands after the village in an address: group, lane, house number, building, unit and room."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_ROUND = {"十": 10, "百": 100, "千": 1000}
_TENS = {"廿": "二十", "卅": "三十"}
_CHINESE = "〇零一二两三四五六七八九十百千廿卅"
NUMBER = rf"(?:\d+|[{_CHINESE}]+)"
# Groups are called 组 in most provinces, 社 in Sichuan, and 队 after the production teams they once were.
_GROUP = re.compile(
    rf"(?:第|村民)?(?P<group>{NUMBER})(?:号)?(?:村民小组|村民组|居民小组|居民组|生产小组|生产队|合作社|小组|组|队|社(?!区))"
)
_LANE = re.compile(
    r"(?P<lane>[\u4e00-\u9fff]{1,7}?(?:大道|大街|胡同|巷子|路|街(?!道)|巷|弄|里弄)(?:[东西南北中一二三四五六]段)?)"
)
_BUILDING = re.compile(rf"第?(?P<building>[A-Za-z]?{NUMBER}|[A-Za-z]|[甲乙丙丁])(?:号楼|栋|幢|座)")
_UNIT = re.compile(rf"第?(?P<unit>{NUMBER}|[A-Za-z]|[甲乙丙丁])单元")
_ROOM = re.compile(rf"(?P<room>[A-Za-z]?{NUMBER})(?:号房|室|户(?!籍))")
_CHAIN = re.compile(r"(?<![\d-])(?P<building>\d{1,3})-(?P<unit>\d{1,2})-(?P<room>\d{1,4})(?:室|号|户)?(?![\d-])")
_HOUSE = re.compile(
    rf"(?<!附)(?:门牌)?(?P<sign>[东西南北甲乙丙丁临新]?)第?(?P<number>{NUMBER}(?:-\d+)?)(?:号(?:门牌|院子|院落|院|宅)?|#)"
    rf"(?:之(?P<of>{NUMBER})|-(?P<dash>\d+)|附(?P<extra>{NUMBER})号?)?"
)
_EXTRA = re.compile(rf"附(?P<extra>{NUMBER})号?")
_BARE = re.compile(r"^(?P<number>\d{1,4}(?:-\d{1,3})?)$")


@dataclass(frozen=True)
class Parts:
    """Numbers in Arabic digits without leading zeros; None where the address tells none.

    Attributes
    ----------
    group : str or None
        Number of the village group (村民小组, also 队 and 社).
    lane : str or None
        Road, street or lane as written.
    house_no : str or None
        ``12``, ``5-2``, ``5附1``, ``附1``, ``甲5``.
    building, unit, room : str or None
        楼栋, 单元, 室.
    rest : str
        All that was not understood, in order, pieces separated by a space.
    """

    group: str | None = None
    lane: str | None = None
    house_no: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    rest: str = ""


def split_parts(tail: str) -> Parts:
    """Read group, lane and numbers from the end of an address.

    Parameters
    ----------
    tail : str
        What follows the village or natural village. Arabic, Chinese and full-width digits.

    Returns
    -------
    Parts
        Of two parts of one kind the first counts, the other stays in ``rest``. A number alone at the end is a house
        number; a number in a telephone or of five digits and more is not.

    Examples
    --------
    >>> split_parts("第三村民小组李家巷12号院")
    Parts(group='3', lane='李家巷', house_no='12', building=None, unit=None, room=None, rest='')
    >>> split_parts("5-2-301").room
    '301'
    """
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", tail)).strip()
    text = re.sub(r"[－—–−_]", "-", text)
    found: dict[str, str | None] = {}
    text = _take(text, _GROUP, found, "group")
    chained = _CHAIN.search(text)
    if chained:
        for part in ("building", "unit", "room"):
            found[part] = _plain(chained[part])
        text = _cut(text, chained)
    else:
        text = _take(text, _BUILDING, found, "building")
        text = _take(text, _UNIT, found, "unit")
        text = _take(text, _ROOM, found, "room")
    text = _take_house(text, found)
    lane = re.search(_LANE, text)
    if lane:
        found["lane"] = lane["lane"]
        text = _cut(text, lane)
    text = text.strip(" ,.;:，。；、")
    bare = _BARE.match(text)
    if bare and not (found.get("house_no") and found.get("room")):
        alone = "room" if found.get("building") and not found.get("room") else "house_no"
        if not found.get(alone):
            found[alone], text = _plain(bare["number"]), ""
    return Parts(
        **{part: found.get(part) for part in ("group", "lane", "house_no", "building", "unit", "room")}, rest=text
    )


def number_of(text: str) -> int | None:
    """Value of a whole number in Arabic or Chinese digits, None if it is none.

    >>> [number_of(t) for t in ("12", "十二", "二十一", "廿三", "一〇五", "一百零五", "两", "十", "号")]
    [12, 12, 21, 23, 105, 105, 2, 10, None]
    """
    if text.isdecimal():
        return int(text)
    for sign, plain in _TENS.items():
        text = text.replace(sign, plain)
    if not text or any(sign not in _DIGITS and sign not in _ROUND for sign in text):
        return None
    if not any(sign in _ROUND for sign in text):
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, last = 0, None
    for sign in text:
        if sign in _ROUND:
            total += (1 if last is None else last) * _ROUND[sign]
            last = None
        else:
            last = _DIGITS[sign] or None
    return total + (last or 0)


def _plain(text: str) -> str:
    """Write each number of a part in Arabic digits; letters and signs stay."""
    pieces = re.findall(rf"{NUMBER}|[^\d{_CHINESE}]+", text)
    numbers = [number_of(piece) for piece in pieces]
    return "".join(p if n is None else str(n) for p, n in zip(pieces, numbers, strict=True)).upper()


def _take(text: str, pattern: re.Pattern[str], found: dict[str, str | None], part: str) -> str:
    match = pattern.search(text)
    if not match:
        return text
    found[part] = _plain(match[part])
    return _cut(text, match)


def _take_house(text: str, found: dict[str, str | None]) -> str:
    match = _HOUSE.search(text)
    if match:
        number = match["sign"] + _plain(match["number"])
        if match["of"] or match["dash"]:
            number += "-" + _plain(match["of"] or match["dash"])
        if match["extra"]:
            number += "附" + _plain(match["extra"])
        found["house_no"] = number
        return _cut(text, match)
    match = _EXTRA.search(text)
    if match:
        found["house_no"] = "附" + _plain(match["extra"])
        return _cut(text, match)
    return text


def _cut(text: str, match: re.Match[str]) -> str:
    before, after = text[: match.start()].strip(), text[match.end() :].strip()
    return f"{before} {after}".strip()
