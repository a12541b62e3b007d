"""Fields of a JSON body read one by one, and values of a record as JSON writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from geo.errors import FangtuError

# What refuses a field: its name and the sentence in Chinese and English.
Refusal = Callable[[str, str, str], FangtuError]


def plain(value: Any) -> Any:
    """A value of a record for JSON: days and moments as ISO text, anything else as it is."""
    return value.isoformat() if isinstance(value, date) else value


def is_key(value: Any) -> bool:
    """Whether a value may be the key of a record: a whole number that fits the column."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def text_field(given: dict[str, Any], name: str, refusal: Refusal) -> str | None:
    """A field of text; None where it is not given.

    Raises
    ------
    FangtuError
        What ``refusal`` makes, if it is no text.
    """
    value = given.get(name)
    if value is not None and not isinstance(value, str):
        raise refusal(name, f"“{name}”应为文字", f"'{name}' must be text")
    return value


def day_field(value: Any, refusal: Refusal) -> date | None:
    """The day of a field ``on``; None where it is not given.

    Raises
    ------
    FangtuError
        What ``refusal`` makes, if it is no day.
    """
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise refusal("on", f"“{value}”不是日期，应如 2026-11-20", f"'{value}' is no day such as 2026-11-20") from error
