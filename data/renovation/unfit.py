"""What is said when something of a renovation is refused."""

from __future__ import annotations

from typing import Any

from geo.errors import FangtuError, Text

LONGEST = 2000


class RenovationUnfit(FangtuError):
    """A gate, an amount or a payment does not fit what stands; nothing was written."""

    code = "renovation_unfit"


def lacking(column: str, zh: str, en: str, **details: Any) -> RenovationUnfit:
    """The refusal of one field: what is missing or wrong with it, in words that end a sentence."""
    return RenovationUnfit(Text(f"没有保存：{zh}。", f"Not saved: {en}."), column=column, **details)


def clean_words(value: Any, longest: int = LONGEST) -> str | None:
    """A person's words with white space in order; None for nothing."""
    if not isinstance(value, str):
        return None
    lines = (" ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in value.splitlines())
    return "\n".join(lines).strip()[:longest] or None
