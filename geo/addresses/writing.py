"""One way of writing for all addresses, so that they can be compared letter by letter."""

from __future__ import annotations

import re
import unicodedata

SEPARATOR = "|"
_BREAKS = re.compile(r"[,;:!?、。·|/\\\"'“”‘’<>《》\[\]{}【】〔〕~*+=]+")
# What stands in brackets after such a word is another place than the address.
_ASIDE = re.compile(r"\((?:原|旧|曾|现|已|即|又|附近|旁|靠|对面|近|属)[^()]*\)")
_TWICE = re.compile(r"([\u4e00-\u9fff]{3,12}?)\1+")
_DASHES = re.compile(r"[－—–−‐‑]")
_OPENING = re.compile(
    r"^(?:(?:户籍|家庭|现|常|通讯|居住|身份证)?(?:住址|地址|住所|所在地|居住地|户籍地|户籍)(?:为|是|在)?|现?居住?[在于]|现住|家住|住在|位于)+"
)


def neat(text: str, *, spaces: str = "") -> str:
    """Write an address in half-width digits and letters, without spaces, its pieces separated by ``|``.

    Spaces are left out, as ledgers have them inside names; ``spaces`` puts something in their place.

    Remarks in brackets that speak of another place (原…, 旁…) are left out, as are opening words (现住, 户籍地址) and
    the repetition of three characters and more that are written twice in a row.

    >>> neat("户籍地址：湖田街道　商家村 （原商家庄）３组")
    '湖田街道商家村|3组'
    """
    plain = unicodedata.normalize("NFKC", text)
    plain = _DASHES.sub("-", re.sub(r"[\s\u200b\ufeff]+", spaces, plain.strip()))
    plain = _ASIDE.sub(SEPARATOR, plain)
    plain = re.sub(r"[()]", SEPARATOR, plain)
    plain = _BREAKS.sub(SEPARATOR, plain)
    plain = re.sub(rf"^\{SEPARATOR}|\{SEPARATOR}$", "", _OPENING.sub("", plain))
    return re.sub(rf"\{SEPARATOR}+", SEPARATOR, _TWICE.sub(r"\1", plain))
