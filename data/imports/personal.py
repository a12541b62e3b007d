"""Personal numbers in ledgers: identity cards (GB 11643), telephones, bank cards; and the damage spreadsheets do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from stdnum import luhn, numdb
from stdnum.cn.ric import calc_check_digit

from data.imports.checks import cannot, doubt
from data.imports.findings import Doubtful
from data.imports.values import plain, read_text
from data.masks import MASKS
from geo.errors import Text

_ID = Text("18 位身份证号（或 15 位旧号），按文本保存", "an ID number of 18 (or formerly 15) characters, kept as text")
_PHONE = Text("手机或固定电话号码，按文本保存", "a mobile or fixed-line number, kept as text")
_CARD = Text("8 至 32 位卡号或账号，按文本保存", "a card or account number of 8 to 32 digits, kept as text")
_BORN_FROM, _BORN_TO = 1900, 2100
_NOTHING = frozenset({"", "-", "--", "—", "/", "无", "没有", "空", "none", "null", "nan"})


def read_id_number(cell: Any) -> str | Doubtful | None:
    """Read an ID number (GB 11643-1999: 17 digits and a check of modulus 11-2, or the older 15 digits).

    Returns
    -------
    str, Doubtful or None
        Capital X, without blanks; with a doubt an old number of 15 digits and one of a county that never was. None for
        a blank cell or a masked number (``110105************``), which says nothing.

    Raises
    ------
    Cannot
        If the number is damaged, or its check or its date of birth is wrong. The number itself is never in the words.
    """
    if isinstance(cell, float):
        raise cannot("id_damaged", _ID)
    text = plain(cell).upper()
    if text.casefold() in _NOTHING or "*" in text:
        return None
    whole = re.fullmatch(r"\d{17}[\dX]", text, re.ASCII) is not None
    # A spreadsheet keeps 15 digits: a figure that ends in 000 is damaged even where the check happens to fit.
    if _is_damaged(text) or (
        whole and text.endswith("000") and (isinstance(cell, int) or calc_check_digit(text) != "0")
    ):
        raise cannot("id_damaged", _ID)
    if re.fullmatch(r"\d{15}", text, re.ASCII):
        _check_birthday("19" + text[6:12])
        return doubt("id_15", text)
    if not whole:
        raise cannot("id_length", _ID, n=len(text))
    _check_birthday(text[6:14])
    if calc_check_digit(text) != text[17]:
        raise cannot("id_check_digit", _ID)
    return text if _is_county(text[:6]) else doubt("id_unknown_county", text)


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
    if _is_damaged(text):
        raise cannot("phone_damaged", _PHONE)
    if not re.search(r"\d{5}", re.sub(r"[-()]", "", text)):
        raise cannot("phone_none", _PHONE)
    bare = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", re.sub(r"[-()]", "", text))
    shown = read_text(cell) or text
    if re.fullmatch(r"1[3-9]\d{9}|0\d{9,11}|\d{7,8}", bare):
        return shown
    if re.search(r"[/、,;，；]", text):
        return doubt("two_phones", shown)
    return doubt("phone_odd", shown)


def read_bank_card(cell: Any) -> str | Doubtful | None:
    """Read a bank card or passbook number; one that fails the card check (Luhn) is kept and reported.

    Many rural passbooks (一折通) are no cards and need not pass it.
    """
    if isinstance(cell, float) and abs(cell) >= 1e15:
        raise cannot("bank_damaged", _CARD)
    text = plain(cell).replace("-", "")
    if text.casefold() in _NOTHING or "*" in text:
        return None
    if _is_damaged(text):
        raise cannot("bank_damaged", _CARD)
    if not re.fullmatch(r"[\dA-Za-z]{8,32}", text):
        raise cannot("bank_length", _CARD, n=len(text))
    if text.isdigit() and 16 <= len(text) <= 19 and luhn.is_valid(text):
        return text
    return doubt("bank_luhn", text)


def mask_found(field: str, cell: Any) -> str:
    """Show a refused cell in a report: personal numbers masked, anything else as it is (200 characters)."""
    text = str(cell)
    mask: Callable[[str], str] | None = MASKS.get(field) if field != "head_name" else None
    if mask is None:
        return text[:200]
    return mask(text) if not _is_damaged(plain(cell)) else text[:3] + "…"


def _is_damaged(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d(?:\.\d+)?[eE]\+?\d+", text) is not None


def _check_birthday(digits: str) -> None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise cannot("id_birth_impossible", _ID) from None
    if not _BORN_FROM <= born.year <= _BORN_TO:
        raise cannot("id_birth_impossible", _ID)


@lru_cache(maxsize=4096)
def _is_county(code: str) -> bool:
    """Whether six digits are a county of any year.

    The list gives years as well, but numbers are issued years after a birth, and by today's county; so years are not
    looked at.
    """
    return any("county" in facts for _, facts in numdb.get("cn/loc").info(code))
