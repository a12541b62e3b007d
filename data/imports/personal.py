"""Personal numbers in ledgers: identity cards (GB 11643), telephones, bank cards; and the damage spreadsheets do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from data.imports.values import Cannot, Doubtful, plain, read_text
from data.masks import MASKS
from geo.errors import Text

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_ID = Text("18 位身份证号（或 15 位旧号），按文本保存", "an ID number of 18 (or formerly 15) characters, kept as text")
_DAMAGED = Text(
    "被电子表格改成了数值，后几位已丢失", "a spreadsheet turned it into a number and its last digits are lost"
)
_NOTHING = frozenset({"", "-", "--", "—", "/", "无", "没有", "空", "none", "null", "nan"})


def read_id_number(cell: Any) -> str | None:
    """Read an ID number (GB 11643-1999: 17 digits and a check of modulus 11-2, or the older 15 digits).

    Returns
    -------
    str or None
        Capital X, without blanks; None for a blank cell or a masked number (``110105************``), which says
        nothing.

    Raises
    ------
    Cannot
        If the number is damaged, or its check or its date of birth is wrong. The number itself is never in the words.
    """
    if isinstance(cell, float):
        raise Cannot(_ID, _DAMAGED)
    text = plain(cell).upper()
    if text.casefold() in _NOTHING or "*" in text:
        return None
    if _is_damaged(text) or (re.fullmatch(r"\d{15}000", text) and not _id_checks(text)):
        raise Cannot(_ID, _DAMAGED)
    if re.fullmatch(r"\d{15}", text):
        _birthday("19" + text[6:12])
        return text
    if not re.fullmatch(r"\d{17}[\dX]", text):
        raise Cannot(_ID, Text(f"有 {len(text)} 个字符", f"it has {len(text)} characters"))
    _birthday(text[6:14])
    if not _id_checks(text):
        raise Cannot(_ID, Text("校验码不对", "its check character is wrong"))
    return text


def read_phone(cell: Any) -> str | Doubtful | None:
    """Read a telephone number as it is written; odd ones are kept and reported.

    Raises
    ------
    Cannot
        If a spreadsheet destroyed it or there is no number in it at all.
    """
    text = plain(cell)
    if text.casefold() in _NOTHING or "*" in text:
        return None
    expected = Text("手机或固定电话号码", "a mobile or fixed-line number")
    if _is_damaged(text):
        raise Cannot(expected, _DAMAGED)
    if not re.search(r"\d{5}", re.sub(r"[-()]", "", text)):
        raise Cannot(expected, Text("没有号码", "there is no number in it"))
    bare = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", re.sub(r"[-()]", "", text))
    shown = read_text(cell) or text
    if re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}|\d{7,8}", bare):
        return shown
    if re.search(r"[/、,;，；]", text):
        return Doubtful(shown, Text("一格里有几个号码，原样保留", "several numbers in one cell, kept as written"))
    return Doubtful(shown, Text("号码位数不对，原样保留", "an unusual number of digits, kept as written"))


def read_bank_card(cell: Any) -> str | Doubtful | None:
    """Read a bank card or passbook number; one that fails the card check (Luhn) is kept and reported.

    Many rural passbooks (一折通) are no cards and need not pass it.
    """
    if isinstance(cell, float) and abs(cell) >= 1e15:
        raise Cannot(Text("按文本保存的卡号", "a number kept as text"), _DAMAGED)
    text = plain(cell).replace("-", "")
    if text.casefold() in _NOTHING or "*" in text:
        return None
    expected = Text("8 至 32 位卡号或账号，按文本保存", "a card or account number of 8 to 32 digits, kept as text")
    if _is_damaged(text):
        raise Cannot(expected, _DAMAGED)
    if not re.fullmatch(r"[\dA-Za-z]{8,32}", text):
        raise Cannot(expected, Text(f"有 {len(text)} 个字符", f"it has {len(text)} characters"))
    if text.isdigit() and 16 <= len(text) <= 19 and luhn(text):
        return text
    return Doubtful(text, Text("不符合银行卡校验规则，可能是存折账号", "fails the bank-card check; perhaps a passbook"))


def luhn(digits: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812, Luhn)."""
    doubled = [int(d) if at % 2 == 0 else sum(divmod(2 * int(d), 10)) for at, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def mask_found(field: str, cell: Any) -> str:
    """Show a refused cell in a report: personal numbers masked, anything else as it is (200 characters)."""
    text = str(cell)
    mask: Callable[[str], str] | None = MASKS.get(field) if field != "head_name" else None
    if mask is None:
        return text[:200]
    return mask(text) if not _is_damaged(plain(cell)) else text[:3] + "…"


def _is_damaged(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d(?:\.\d+)?[eE]\+?\d+", text) is not None


def _id_checks(text: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False))
    return _CHECKS[total % 11] == text[17]


def _birthday(digits: str) -> None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise Cannot(_ID, Text("其中没有这一天出生日期", "there is no such date of birth")) from None
    if not 1900 <= born.year <= 2100:
        raise Cannot(_ID, Text("出生年份不对", "its year of birth is wrong"))
