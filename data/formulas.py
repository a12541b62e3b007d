"""Text that a spreadsheet would run as a formula: how it is written, and how it is known again."""

from __future__ import annotations

import re

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_GUARDED = re.compile(r"[\s\x00-\x1f'\u3000]*[=+\-@|%＝＋－＠｜％]")


def is_guarded(text: str) -> bool:
    """Whether a spreadsheet might run this text as a formula: the first character that shows is ``= + - @ | %``."""
    return _GUARDED.match(text) is not None


def guarded(value: str) -> str:
    """Make text harmless in spreadsheets.

    Parameters
    ----------
    value : str

    Returns
    -------
    str
        With a single quote in front if its first character that shows is ``= + - @ | %`` (also full-width, after
        blanks, control characters or quotes), else unchanged. The import takes exactly one such quote off.

    >>> guarded(" =1+1"), guarded("-41146"), guarded("赵德顺")
    ("' =1+1", "'-41146", '赵德顺')
    """
    return "'" + value if is_guarded(value) else value


def printable(value: str) -> str:
    """Text with a blank for each character that a workbook cannot hold."""
    return _UNPRINTABLE.sub(" ", value)
