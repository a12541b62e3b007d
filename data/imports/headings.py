"""Which column is which field: a dictionary of the words ledgers use, and what the user says."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from data.imports.fields import fields_of
from geo.errors import FangtuError, Text


class MappingWrong(FangtuError):
    """A column given with ``--map`` is not in the file, or its field does not exist."""

    code = "mapping_wrong"


class Columns(NamedTuple):
    """How the columns of a sheet are understood.

    Attributes
    ----------
    used : dict of str to list of str
        Field name to its columns, in the order of the sheet (one, unless the field repeats).
    unused : list of str
        Columns that are not read.
    """

    used: dict[str, list[str]]
    unused: list[str]


def match_columns(headings: Sequence[str], kind: str, mapping: Mapping[str, str]) -> Columns:
    """Say which column is which field.

    Parameters
    ----------
    headings : sequence of str
        Column names as the file has them.
    kind : str
        Kind of file (``data.imports.fields.FIELDS``).
    mapping : mapping of str to str
        Heading to field as the user says; goes before the dictionary. A field of ``-`` leaves the column out. Headings
        that this sheet does not have are left to :func:`check_mapping`.

    Raises
    ------
    MappingWrong
        If a field does not exist.
    """
    fields = fields_of(kind)
    told = {fold_heading(heading): field for heading, field in mapping.items()}
    for field in told.values():
        if field != "-" and field not in fields:
            known = ", ".join(fields)
            raise MappingWrong(
                Text(f"没有字段“{field}”。可用字段：{known}。", f"There is no field '{field}'. Fields: {known}."),
                found=field,
            )
    ranked: dict[str, list[tuple[int, str]]] = {}
    for heading in headings:
        meant, rank = _recognise(heading, kind, told)
        if meant and meant != "-":
            ranked.setdefault(meant, []).append((rank, heading))
    used: dict[str, list[str]] = {}
    for name, found in ranked.items():
        best = min(rank for rank, _ in found)
        first = next(heading for rank, heading in found if rank == best)
        used[name] = [heading for _, heading in found] if fields[name].repeats else [first]
    taken = {heading for names in used.values() for heading in names}
    return Columns(used, [heading for heading in headings if heading not in taken])


def check_mapping(headings: Sequence[str], mapping: Mapping[str, str]) -> None:
    """Refuse a ``--map`` for a column that no sheet of the file has.

    Raises
    ------
    MappingWrong
        Naming the column, and the columns there are.
    """
    known = {fold_heading(heading) for heading in headings}
    for heading in mapping:
        if fold_heading(heading) not in known:
            listed = "、".join(headings)[:500]
            raise MappingWrong(
                Text(
                    f"文件里没有“{heading}”这一列。有：{listed}。",
                    f"The file has no column '{heading}'. It has: {listed}.",
                ),
                found=heading,
            )


def fold_heading(heading: str) -> str:
    """Bring a heading to one form: plain characters, small letters, no blanks, marks, units and remarks in brackets.

    >>> fold_heading("*户 主（姓名）")
    '户主'
    >>> fold_heading("Head-Name")
    'headname'
    """
    text = unicodedata.normalize("NFKC", heading).casefold()
    bare = re.sub(r"\[.*?\]|\(.*?\)|【.*?】", "", text)
    bare = re.sub(r"(?:m²|m2|㎡|平方米|平米)$", "", bare) if not bare.endswith("_m2") else bare
    bare = re.sub(r"[\s*_\-:.、,/：]+", "", bare)
    return bare or re.sub(r"\s", "", text)


def _recognise(heading: str, kind: str, told: Mapping[str, str]) -> tuple[str | None, int]:
    folded = fold_heading(heading)
    if folded in told:
        return told[folded], -1
    words = _dictionary(kind)
    plain = re.sub(r"[\s*_\-:.、,/：]+", "", unicodedata.normalize("NFKC", heading).casefold())
    # With its brackets first: 村(社区) is a word of its own.
    return words.get(plain) or words.get(folded) or (None, 0)


@cache
def _dictionary(kind: str) -> dict[str, tuple[str, int]]:
    words: dict[str, tuple[str, int]] = {}
    for field in fields_of(kind).values():
        for rank, word in enumerate(field.words):
            folded = re.sub(r"[\s*_\-:.、,/：]+", "", unicodedata.normalize("NFKC", word).casefold())
            # The first field to claim a word keeps it.
            words.setdefault(folded, (field.name, rank))
    return words
