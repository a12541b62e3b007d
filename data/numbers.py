"""One written form for ID, telephone and bank card numbers, whatever way they were typed."""

from __future__ import annotations

import re
import unicodedata


def normalise(value: str, kind: str) -> str:
    """The number without blanks, dashes and brackets, in plain digits and capitals.

    Parameters
    ----------
    value : str
        As typed or read: full-width digits, ``138-1234-5678``, ``+86 138…``, ``…002x``.
    kind : str
        ``id_number``, ``phone`` or ``bank_card``; a mobile number also loses its country code.
    """
    plain = re.sub(r"[\s\-‐-―_.()]", "", unicodedata.normalize("NFKC", value)).upper()
    if kind == "phone":
        plain = re.sub(r"^(?:\+|00)?86(?=1\d{10}$)", "", plain)
    return plain
