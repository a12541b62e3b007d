"""What reading a cell can come to besides its value: it cannot be read, or it is taken with a doubt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from geo.errors import Text

UNREADABLE = "unreadable"


class Cannot(Exception):
    """A cell that cannot be read: what was expected, why this is not it, and the rule of ``checks.toml`` it breaks."""

    def __init__(self, expected: Text, reason: Text, code: str = UNREADABLE) -> None:
        super().__init__(reason.en)
        self.expected = expected
        self.reason = reason
        self.code = code


class Doubtful(NamedTuple):
    """A value that can be taken although something about it looks wrong.

    Attributes
    ----------
    value : object
        As it is to be stored.
    reason : Text
        What looks wrong.
    code : str
        The rule of ``checks.toml``; its severity decides whether the row is taken.
    """

    value: Any
    reason: Text
    code: str


Parser = Callable[[Any], Any]
"""From a cell that is not blank to its value, None for 'says nothing', or a :class:`Doubtful`; raises Cannot."""
