"""The groups that may get help with a dangerous house (六类低收入群体): their aliases and the offices that decide them.

The table is ``aid_groups.toml``; ledgers are imported and lists compared by it: a word means one group everywhere.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from data.rules.words import AID_GROUP

_TABLE = tomllib.loads(Path(__file__).with_name("aid_groups.toml").read_text(encoding="utf-8"))
# The six of today in their order, then those of older files.
CURRENT = tuple(code for code, group in _TABLE["group"].items() if group["current"])
UNTIL: dict[str, date] = {code: group["until"] for code, group in _TABLE["group"].items() if "until" in group}
BECAME: dict[str, tuple[str, ...]] = {code: tuple(group.get("became", ())) for code, group in _TABLE["group"].items()}
DECIDED_BY: dict[str, tuple[str, ...]] = {code: tuple(group["decided_by"]) for code, group in _TABLE["group"].items()}
UNSURE: dict[str, str] = _TABLE["unsure"]
SPELLINGS: dict[str, str] = {code: " ".join(group["aliases"]) for code, group in _TABLE["group"].items()}


@dataclass(frozen=True)
class Meaning:
    """What a word of a list says: a key of ``AID_GROUP``, and of ``MONITORED`` where it names the kind."""

    group: str
    monitored: str | None = None


def folded(word: str) -> str:
    """A word without blanks, numbering and differences of width or case: ``（2）农村低保户`` → ``农村低保户``."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", word)).casefold()
    return re.sub(r"^(?:[(]?\d+[).、]|[(][一二三四五六七八九十][)]|[一二三四五六七八九十][.、])", "", plain)


_KIND = {folded(alias): code for code, kind in _TABLE["monitored"].items() for alias in kind["aliases"]}
_GROUP = (
    {code: code for code in AID_GROUP}
    | {folded(label.zh): code for code, label in AID_GROUP.items()}
    | {folded(label.en): code for code, label in AID_GROUP.items()}
    | {folded(alias): code for code, group in _TABLE["group"].items() for alias in group["aliases"]}
)


def meaning_of(word: str) -> Meaning | None:
    """What the word of a list means; None for one that is not known or may mean several groups: it is never guessed.

    Parameters
    ----------
    word : str
        As written: ``五保户``, ``（二）农村低保户``, ``脱贫不稳定户``.
    """
    plain = folded(word)
    group = _GROUP.get(plain)
    return Meaning(group, _KIND.get(plain)) if group else None


def is_decided_by(group: str, office: str) -> bool:
    """Whether an office (a key of ``OFFICE``) decides who belongs to a group."""
    return office in DECIDED_BY.get(group, ())


def is_same_group(ours: str, theirs: str) -> bool:
    """Whether two words may name one household: the same group, or an older name of it (五保户 is now 特困).

    A household of a group that has several names today agrees with each of them; the office's word is the newer one.
    """
    return ours == theirs or theirs in BECAME.get(ours, ()) or ours in BECAME.get(theirs, ())
