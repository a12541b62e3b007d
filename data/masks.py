"""How personal data looks to those who need not see it: one shape per field, on every surface.

Two masks that hide different parts of the same number give it away together; so there is one function per kind and
nobody writes another.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from data.askers import Role
from data.numbers import normalise

SEES_NAMES = frozenset({Role.INSPECTOR, Role.SUPERVISOR})  # one must greet people by name
REVEALS: dict[str, frozenset[Role]] = {
    "phone": frozenset({Role.INSPECTOR, Role.SUPERVISOR}),
    "id_number": frozenset({Role.SUPERVISOR}),
    "bank_card": frozenset({Role.SUPERVISOR}),
}


def mask_name(name: str) -> str:
    """Name with its middle hidden: 赵德顺 → 赵*顺, 李明 → 李*, one character → ``*``."""
    plain = name.strip()
    if len(plain) <= 1:
        return "*" * len(plain)
    if len(plain) == 2:
        return plain[0] + "*"
    return plain[0] + "*" * (len(plain) - 2) + plain[-1]


def mask_id(number: str) -> str:
    """ID number with the area part only: ``340221************``; anything else is hidden wholly."""
    plain = normalise(number, "id_number")
    if re.fullmatch(r"[0-9]{17}[0-9X]|[0-9]{15}", plain):
        return plain[:6] + "*" * 12
    return "*" * 12


def mask_phone(number: str) -> str:
    """Mobile number as ``138****5678``; of any other number the last four digits: ``****4321``."""
    plain = normalise(number, "phone")
    if re.fullmatch(r"1[0-9]{10}", plain):
        return f"{plain[:3]}****{plain[-4:]}"
    return "****" + plain[-4:] if len(plain) >= 7 else "****"


def mask_card(number: str) -> str:
    """Bank card with its last four digits: ``************1234``."""
    plain = normalise(number, "bank_card")
    return "*" * 12 + plain[-4:] if len(plain) >= 12 else "*" * 12


MASKS: dict[str, Callable[[str], str]] = {
    "head_name": mask_name,
    "id_number": mask_id,
    "phone": mask_phone,
    "bank_card": mask_card,
}


def shown_name(name: str, role: Role) -> str:
    """The head's name on the screen of this role: whole for those who visit and those who lead them, else masked.

    Lists that are printed or exported use :func:`mask_name` whoever asks.
    """
    return name if role in SEES_NAMES else mask_name(name)


def revealable(role: Role) -> list[str]:
    """Fields this role may have shown in full, one at a time and with a reason."""
    return [field for field, roles in REVEALS.items() if role in roles]
