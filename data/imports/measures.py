"""Cells to numbers: counts, areas, amounts of money and lengths of time, with the units that ledgers write."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from data.imports.checks import cannot
from data.imports.findings import Cannot, Parser
from data.imports.values import BLANKS, plain
from geo.errors import Text

_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:e[+-]?\d+)?"
NO_NUMBER = Text("读不出数字", "no number can be read from it")
# 1 亩 is ten thousand fifteenths of a square metre (1 公顷 = 15 亩).
AREA_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("平方米", "平米", "平方", "平", "㎡", "m²", "m2", "平方公尺", "sqm"), 1.0),
    "亩": 10_000 / 15,
    "公顷": 10_000.0,
    "分": 1_000 / 15,
}
MONEY_UNITS: Mapping[str, Decimal] = {
    **dict.fromkeys(("元", "圆", "块", "yuan", "cny", "rmb"), Decimal(1)),
    **dict.fromkeys(("百元",), Decimal(100)),
    **dict.fromkeys(("千元", "千"), Decimal(1_000)),
    **dict.fromkeys(("万元", "万", "w"), Decimal(10_000)),
}
MINUTE_UNITS: Mapping[str, float] = {
    **dict.fromkeys(("分钟", "分", "min", "mins", "minutes"), 1.0),
    **dict.fromkeys(("小时", "时", "h", "hour", "hours"), 60.0),
    **dict.fromkeys(("秒", "s", "sec", "seconds"), 1 / 60),
}
UNITS = {"area": AREA_UNITS, "money": MONEY_UNITS, "minutes": MINUTE_UNITS}
_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


def read_float(low: float | None = None, high: float | None = None) -> Parser:
    """Make a reader of numbers between two bounds; units after the number (``10.0 m``) are left out."""
    expected = _between(Text("数字", "a number"), low, high)

    def read(cell: Any) -> float | None:
        number = _number(cell, expected)
        return None if number is None else _inside(number, low, high, expected)

    return read


def read_int(low: int | None = None, high: int | None = None) -> Parser:
    """Make a reader of whole numbers between two bounds; ``4人`` and ``四人`` are 4."""
    expected = _between(Text("整数", "a whole number"), low, high)

    def read(cell: Any) -> int | None:
        spelled = _spelled(plain(cell)) if isinstance(cell, str) else None
        number = _number(cell, expected) if spelled is None else float(spelled)
        if number is None:
            return None
        if not _inside(number, low, high, expected).is_integer():
            raise Cannot(expected, Text("不是整数", "it is not whole"))
        return int(number)

    return read


def read_storeys(cell: Any) -> int | None:
    """Read a number of storeys: ``2``, ``2层``, ``两层``, ``单层``, ``平房``; other words leave it blank."""
    text = plain(cell).casefold()
    if re.fullmatch(r"(单|平)(层|房)", text):
        return 1
    try:
        storeys: int | None = _read_storeys(re.sub(r"(地上|共)|楼(?=$)", "", text))
    except Cannot as reason:
        raise cannot("storeys_unreadable", reason.expected) from None
    return storeys


def read_area(unit: str | None = None) -> Parser:
    """Make a reader of areas in square metres; a cell's own unit (``0.3亩``, ``120㎡``) goes before the heading's."""
    return _measure(AREA_UNITS, unit or "平方米", Text("面积（平方米）", "an area in square metres"), 0, 1e6)


def read_minutes(unit: str | None = None) -> Parser:
    """Make a reader of lengths of time in minutes; ``1小时20分`` is 80."""
    expected = Text("时长（分钟）", "a length of time in minutes")
    simple = _measure(MINUTE_UNITS, unit or "分钟", expected, 0, 100_000)

    def read(cell: Any) -> float | None:
        both = re.fullmatch(r"(\d+)(?:小时|h)(\d+)(?:分钟?|min)?", plain(cell).casefold())
        if both:
            return float(both[1]) * 60 + float(both[2])
        minutes: float | None = simple(cell)
        return minutes

    return read


def read_money(unit: str | None = None) -> Parser:
    """Make a reader of amounts in yuan, exact to the fen.

    Parameters
    ----------
    unit : str, optional
        What the heading says (``万元``); a cell's own unit (``3.5万``) goes before it. Without either it is yuan.

    Returns
    -------
    Parser
        Gives a Decimal with two places; raises Cannot for negative amounts, more than 100 million yuan, or parts of a
        fen.
    """
    expected = Text("金额（元，可写万元）", "an amount in yuan, or with 万")

    def read(cell: Any) -> Decimal | None:
        if isinstance(cell, bool):
            raise Cannot(expected, NO_NUMBER)
        # A spreadsheet computes in binary: of 0.30000000000000004 the first 15 digits are meant.
        told = f"{cell:.15g}" if isinstance(cell, float) else plain(cell).casefold()
        text = re.sub(r"^[¥￥]|(?:整|正)$", "", told)
        if text in BLANKS:
            return None
        found = re.fullmatch(rf"({_NUMBER})(\D{{0,4}})", text)
        factor = MONEY_UNITS.get((found[2] if found else "") or unit or "元")
        if not found or factor is None:
            raise Cannot(expected, NO_NUMBER)
        amount = Decimal(found[1].replace(",", "")) * factor
        if not 0 <= amount <= 10**8:
            raise Cannot(expected, Text("超出范围", "out of range"))
        if amount != amount.quantize(Decimal("0.01")):
            raise Cannot(expected, Text("不到一分钱的尾数", "it has parts of a fen"))
        return amount.quantize(Decimal("0.01"))

    return read


def _measure(units: Mapping[str, float], unit: str, expected: Text, low: float, high: float) -> Callable[[Any], Any]:
    def read(cell: Any) -> float | None:
        text = plain(cell).casefold() if not isinstance(cell, bool) else ""
        found = re.fullmatch(rf"({_NUMBER})(.*)", text) if isinstance(cell, str) else None
        own = found[2] if found and found[2] in units else None
        number = _number(found[1] if found and own else cell, expected)
        if number is None:
            return None
        # 36.58㎡ must stay 36.58 and not pick up digits from a multiplication.
        factor = units[own or unit]
        return _inside(number if factor == 1 else number * factor, low, high, expected)

    return read


def _number(cell: Any, expected: Text) -> float | None:
    if isinstance(cell, bool):
        raise Cannot(expected, Text("不是数字", "it is no number"))
    if isinstance(cell, int | float):
        number = float(cell)
    else:
        text = plain(cell).casefold()
        if text in BLANKS:
            return None
        found = re.fullmatch(rf"({_NUMBER})[^\d.,]{{0,6}}", text)
        if not found:
            raise Cannot(expected, NO_NUMBER)
        number = float(found[1].replace(",", ""))
    if math.isnan(number):
        return None
    if math.isinf(number):
        raise Cannot(expected, Text("不是有限的数", "it is not finite"))
    return number


def _inside(number: float, low: float | None, high: float | None, expected: Text) -> float:
    if (low is not None and number < low) or (high is not None and number > high):
        raise Cannot(expected, Text("超出范围", "out of range"))
    return number


def _spelled(text: str) -> int | None:
    """Read a small number in Chinese numerals with at most one word after it: ``两层`` 2, ``十二人`` 12."""
    found = re.fullmatch(r"([一二两三四五六七八九]?)(十?)([一二三四五六七八九]?)(?:人|口|口人|层|户|个|间)?", text)
    if not found or not "".join(found.groups()) or (found[1] and found[3] and not found[2]):
        return None
    tens = (_DIGITS.get(found[1], 1) if found[2] else 0) * 10
    ones = _DIGITS[found[3]] if found[3] else 0 if found[2] else _DIGITS[found[1]]
    return tens + ones


def _between(kind: Text, low: float | None, high: float | None) -> Text:
    if low is None and high is None:
        return kind
    if high is None:
        return Text(f"{kind.zh}，不小于{low:g}", f"{kind.en}, {low:g} or more")
    return Text(f"{kind.zh}，{low:g} 至 {high:g}", f"{kind.en} from {low:g} to {high:g}")


_read_storeys = read_int(0, 200)
