"""What is said when something of a renovation is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo.errors import FangtuError, Text

LONGEST = 2000


class RenovationUnfit(FangtuError):
    """A gate, an amount or a payment does not fit what stands; nothing was written."""

    code = "renovation_unfit"


class RenovationMoved(RenovationUnfit):
    """Somebody else changed the same renovation while this was being written; nothing was written."""

    code = "renovation_moved"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有保存：办理的同时，别人改动了同一处改造（例如刚办了下一环节或列入了付款）。请重新打开，核对后再办。",
                "Not saved: somebody changed the same renovation at this moment, by passing a gate or listing a "
                "payment. Open it again, look, and repeat the step.",
            )
        )


@contextmanager
def judged(session: Session) -> Iterator[None]:
    """Write what the guards of the database judge once more (migration 0031).

    What was asked before the row was held may be past: of two people at once the second is told so in words, and the
    transaction goes on as it was before.

    Raises
    ------
    RenovationMoved
        If a guard refuses.
    """
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        if getattr(error.orig, "pgcode", None) not in _REFUSED:
            raise
        raise RenovationMoved from error


# PostgreSQL: check_violation, foreign_key_violation (the site is gone), unique_violation (a payment is under way).
_REFUSED = ("23514", "23503", "23505")


def lacking(column: str, zh: str, en: str, **details: Any) -> RenovationUnfit:
    """The refusal of one field: what is missing or wrong with it, in words that end a sentence."""
    return RenovationUnfit(Text(f"没有保存：{zh}。", f"Not saved: {en}."), column=column, **details)


def clean_words(value: Any, longest: int = LONGEST) -> str | None:
    """A person's words with white space in order; None for nothing."""
    if not isinstance(value, str):
        return None
    lines = (" ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in value.splitlines())
    return "\n".join(lines).strip()[:longest] or None
