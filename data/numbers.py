"""One written form for ID, telephone and bank card numbers, whatever way they were typed."""

from __future__ import annotations

import re
import unicodedata

from stdnum.cn.ric import calc_check_digit


def normalise(value: str, kind: str) -> str:
    """The number without blanks, dashes and brackets, in plain digits and capitals.

    Parameters
    ----------
    value : str
        As typed or read: full-width digits, ``138-1234-5678``, ``+86 138…``, ``…002x``.
    kind : str
        ``id_number``, ``phone`` or ``bank_card``; a mobile number also loses its country code, and an ID number of 15
        digits gets its form of 18 (GB 11643-1999: the century 19 and the check character), so that both are one person.
    """
    plain = re.sub(r"[\s\-‐-―_.()]", "", unicodedata.normalize("NFKC", value)).upper()
    if kind == "phone":
        plain = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", plain)
    if kind == "id_number" and re.fullmatch(r"\d{15}", plain, re.ASCII):
        longer = f"{plain[:6]}19{plain[6:]}"
        return longer + calc_check_digit(longer + "0")
    return plain
