"""What area a file speaks of, and which village a ledger means by a name or code."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import area_range

TOWNSHIP = 10**6


@dataclass(frozen=True)
class Scope:
    """The area given with ``--area``.

    Attributes
    ----------
    code : str
        Its current official code, empty without one.
    jur, jur_end : int
        Its range of jurisdiction numbers; everything without one.
    """

    code: str
    jur: int
    jur_end: int

    @property
    def key(self) -> str:
        """What natural keys of the file begin with: the first 9 digits, so that a township's ledgers agree."""
        return self.code[:9]

    @property
    def township_jur(self) -> int:
        """Jurisdiction number for records in no known area: the township's, or 0 without an area."""
        return self.jur // TOWNSHIP * TOWNSHIP if self.code else 0


def open_scope(session: Session, area: str | None) -> Scope:
    """Find the area of an import by code, older code or name.

    Raises
    ------
    CodeUnknown
        If there is no such area.
    """
    if not area:
        return Scope("", *area_range(session, None))
    jur, jur_end = area_range(session, area.strip())
    digits = 16 - len(str(jur_end - jur))
    return Scope(f"{jur:015d}"[:digits], jur, jur_end)


def key_scope(scope: Scope, stated: str | None, village: str | None = None) -> str:
    """Give the township digits a record's key begins with, so that all who import it mean the same record.

    Parameters
    ----------
    scope : Scope
        The area of the import; from the township down it settles the digits.
    stated : str or None
        What the record says of its village; a 12-digit code tells its township.
    village : str or None
        Code of the village that is meant by it, if known.
    """
    if len(scope.code) >= 9:
        return scope.key
    if stated and re.fullmatch(r"\d{12}", stated.strip()):
        return stated.strip()[:9]
    return village[:9] if village else scope.key


class Gazetteer:
    """Villages of an area by code, older code, name and alias.

    Names are compared as written first, then with their endings (村民委员会, 居委会 …) folded. A name that two
    villages share means none of them.
    """

    def __init__(self, session: Session, scope: Scope) -> None:
        rows = session.execute(
            text("""
                select a.id, a.code, a.name, a.jur, coalesce(array_agg(x.name) filter (where x.name is not null), '{}')
                           as names, coalesce(array_agg(x.code) filter (where x.code is not null), '{}') as codes
                from area a left join area_alias x on x.area_id = a.id
                where a.level = 'village' and a.valid_to is null and a.jur >= :jur and a.jur < :jur_end
                group by a.id"""),
            {"jur": scope.jur, "jur_end": scope.jur_end},
        ).all()
        self._scope = scope
        self.jur = {row.id: row.jur for row in rows}
        self.code = {row.id: row.code for row in rows}
        self._codes = {code: row.id for row in rows for code in row.codes} | {row.code: row.id for row in rows}
        self._exact = _unique((name, row.id) for row in rows for name in (row.name, *row.names))
        self._folded = _unique((fold_village(name), row.id) for row in rows for name in (row.name, *row.names))

    def find(self, stated: str | None) -> int | None:
        """Give the key of the village a ledger means, None if unknown or ambiguous."""
        if not stated:
            return None
        wanted = unicodedata.normalize("NFKC", stated).strip()
        return self._codes.get(wanted) or self._exact.get(wanted) or self._folded.get(fold_village(wanted))

    def key_scope(self, stated: str | None) -> str:
        """Give the township digits a record with this stated village is keyed by (:func:`key_scope`)."""
        key = self.find(stated) if len(self._scope.code) < 9 else None
        return key_scope(self._scope, stated, self.code[key] if key else None)

    def find_all(self, stated: Iterable[str | None]) -> dict[str, int | None]:
        """Give :meth:`find` for each different name."""
        return {name: self.find(name) for name in set(stated) if name}


def fold_village(name: str) -> str:
    """Bring a village's name to its stem, for comparing only.

    >>> fold_village("旗杆村村民委员会"), fold_village("旗杆村委会"), fold_village("旗杆村"), fold_village("旗杆")
    ('旗杆', '旗杆', '旗杆', '旗杆')
    """
    stem = re.sub(r"\s", "", unicodedata.normalize("NFKC", name))
    stem = re.sub(r"(村民委员会|居民委员会|村委会|居委会|委员会)$", "", stem)
    bare = re.sub(r"(社区|村)$", "", stem)
    return bare if bare else stem


def display_village(name: str) -> str:
    """Shorten an official name for display; the official one stays as an alias.

    >>> [display_village(n) for n in ("方塘社区居民委员会", "旗杆村村民委员会", "岗桥村委会", "北关居委会")]
    ['方塘社区', '旗杆村', '岗桥村', '北关居委会']
    """
    found = re.fullmatch(r"(.+?)(村民委员会|村委会)", name)
    if found:
        return found[1] if found[1].endswith("村") else found[1] + "村"
    found = re.fullmatch(r"(.+?)(居民委员会|居委会)", name)
    if found:
        return found[1] if found[1].endswith(("社区", "村")) else found[1] + "居委会"
    return name


def _unique(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    shared: set[str] = set()
    for name, key in pairs:
        if name and found.setdefault(name, key) != key:
            shared.add(name)
    return {name: key for name, key in found.items() if name not in shared}
