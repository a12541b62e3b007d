"""Who asks: the account of a request, its role and its areas of duty (辖区), and what is said when the answer is no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from geo.errors import FangtuError, Text


class Role(StrEnum):
    """What an account is for; the words are those of the table ``account``."""

    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    LEADER = "leader"
    ADMIN = "admin"


@dataclass(frozen=True)
class Asker:
    """The account that asks, as the database itself confirmed it from the session token.

    Attributes
    ----------
    account_id : int
        Key of the account.
    username, full_name : str
        Sign-in name, and the name people read.
    role : Role
        What the account may do.
    language : str or None
        ``zh`` or ``en`` if the account has chosen, else None.
    duty : tuple of (int, int)
        Ranges ``[from, to)`` of jurisdiction numbers, ascending.
    demo : bool
        True for the accounts of the demonstration.
    """

    account_id: int
    username: str
    full_name: str
    role: Role
    language: str | None
    duty: tuple[tuple[int, int], ...]
    demo: bool = False

    def covers(self, jur: int, jur_end: int | None = None) -> bool:
        """Whether one area of duty holds the whole range ``[jur, jur_end)`` (one number if no end is given)."""
        end = jur + 1 if jur_end is None else jur_end
        return any(low <= jur and end <= high for low, high in self.duty)


class RecordUnknown(FangtuError):
    """There is no such record, or it is of another area: one answer, so that nobody learns which."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__(
            Text(
                "没有这条记录，或它不在您的辖区。如需查看请联系管理员。",
                "There is no such record, or it lies outside your area of duty. Ask your administrator if you need it.",
            )
        )


class NotAllowed(FangtuError):
    """The role of the asker does not include this act."""

    code = "not_allowed"

    def __init__(self, **details: Any) -> None:
        super().__init__(
            Text(
                "您的角色不能做这件事。如需办理请联系管理员。",
                "Your role does not include this. Ask your administrator if you need it.",
            ),
            **details,
        )


def read_ranges(multirange: str | None) -> tuple[tuple[int, int], ...]:
    """Read an ``int8multirange`` as the driver hands it over.

    Parameters
    ----------
    multirange : str or None
        Text such as ``{[370725108000000,370725109000000)}``.

    Returns
    -------
    tuple of (int, int)
        Half-open ranges; empty for None.
    """
    found = re.findall(r"\[(-?\d+),(-?\d+)\)", multirange or "")
    return tuple((int(low), int(high)) for low, high in found)
