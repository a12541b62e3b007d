"""The fields of each kind of file and how a cell is read; ``headings.toml`` has the words ledgers use for them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from data.imports.personal import read_bank_card, read_id_number, read_phone
from data.imports.values import (
    Parser,
    read_code,
    read_date,
    read_float,
    read_grade,
    read_groups,
    read_int,
    read_label,
    read_list,
    read_method,
    read_mode,
    read_moment,
    read_name,
    read_outcome,
    read_ruling,
    read_stage,
    read_text,
    read_year,
    read_yes,
)
from geo.errors import FangtuError, Text

_WORDS = Path(__file__).with_name("headings.toml")


class KindUnknown(FangtuError):
    """There is no such kind of file to import or export."""

    code = "kind_unknown"


@dataclass(frozen=True)
class Field:
    """One field of a kind.

    Attributes
    ----------
    name : str
        As ``--map`` and our own files call it.
    parse : callable
        Reads a cell.
    words : tuple of str
        How columns are called; of several in one file the one that stands first here is read.
    required : bool
        A file without the column is refused.
    repeats : bool
        Several columns may have it; the values then form a list in their order.
    """

    name: str
    parse: Parser
    words: tuple[str, ...]
    required: bool = False
    repeats: bool = False


_PLACE: dict[str, Parser] = {
    "lon": read_float(),
    "lat": read_float(),
    "accuracy_m": read_float(0, 1e6),
    "quality": read_int(1, 7),
    "source_system": read_text,
    "placed_by": read_text,
}
# Number of the record in our own exports; it finds a record that has no code of its own.
_OWN: dict[str, Parser] = {"fangtu_id": read_int(1, 2**53)}
_KEY_GROUPS = ("party_veteran", "hardship", "lone_elder", "left_behind_child", "petitioner")
_PARSERS: dict[str, dict[str, Parser]] = {
    "households": {
        **_OWN,
        "code": read_code,
        "head_name": read_name,
        "id_number": read_id_number,
        "phone": read_phone,
        "bank_card": read_bank_card,
        "people": read_int(0, 200),
        "key_groups": read_groups,
        **{f"group_{group}": read_yes for group in _KEY_GROUPS},
        "address": read_text,
        "house_no": read_text,
        "stated_area": read_text,
        "natural_village": read_text,
        "remark": read_text,
        **_PLACE,
    },
    "houses": {
        **_OWN,
        "code": read_code,
        "osm_id": read_text,
        "household_code": read_code,
        "grade": read_grade,
        "appraised_on": read_date,
        "standard": read_text,
        "appraiser": read_text,
        "structure": read_text,
        "built_year": read_year,
        "area_m2": read_float(0, 1e6),
        "storeys": read_int(0, 200),
        "address": read_text,
        "house_no": read_text,
        "street": read_text,
        "stated_area": read_text,
        "remark": read_text,
        **_PLACE,
    },
    "sites": {
        **_OWN,
        "code": read_code,
        "household_code": read_code,
        "house_code": read_code,
        "method": read_method,
        "grade_before": read_grade,
        "stage": read_stage,
        "approved_on": read_date,
        "started_on": read_date,
        "completed_on": read_date,
        "accepted_on": read_date,
        "paid_on": read_date,
        "stated_area": read_text,
        "remark": read_text,
        **_PLACE,
    },
    "visits": {
        "code": read_code,
        "household_code": read_code,
        "campaign": read_text,
        "round": read_int(1, 999),
        "visited_on": read_date,
        "started_at": read_moment,
        "ended_at": read_moment,
        "minutes": read_float(0, 100_000),
        "mode": read_mode,
        "reason": read_text,
        "outcome": read_outcome,
        "source_status": read_text,
        "not_done_reason": read_text,
        "visitor": read_text,
        "visitor_kind": read_text,
        "companions": read_text,
        "ruled": read_ruling,
        "remark": read_text,
        **_PLACE,
    },
    "areas": {
        "code": read_code,
        "name": read_label,
        "level": read_text,
        "parent_code": read_code,
        "parent_name": read_label,
        "aliases": read_list,
        "old_code": read_code,
        "old_name": read_label,
        "valid_from": read_date,
        "valid_to": read_date,
        "town_code": read_code,
        "town_name": read_label,
        "county_code": read_code,
        "county_name": read_label,
        "city_code": read_code,
        "city_name": read_label,
        "prov_code": read_code,
        "prov_name": read_label,
        "lon": read_float(),
        "lat": read_float(),
        "derived": read_yes,
    },
    "base": {
        "kind": read_text,
        "name": read_text,
        "highway": read_text,
        "waterway": read_text,
        "natural": read_text,
        "landuse": read_text,
        "water": read_text,
    },
}
_REQUIRED = {("sites", "method")}
_REPEATS = {("areas", "old_code"), ("areas", "old_name")}
KINDS = (*_PARSERS, "campaigns")


@lru_cache(maxsize=1)
def all_fields() -> Mapping[str, Mapping[str, Field]]:
    """Give the fields of every kind of table, by kind and name."""
    words = tomllib.loads(_WORDS.read_text(encoding="utf-8"))
    return {
        kind: {
            name: Field(
                name, parse, tuple(words[kind][name].split()), (kind, name) in _REQUIRED, (kind, name) in _REPEATS
            )
            for name, parse in parsers.items()
        }
        for kind, parsers in _PARSERS.items()
    }


def fields_of(kind: str) -> Mapping[str, Field]:
    """Give the fields of a kind by name.

    Raises
    ------
    KindUnknown
        If there is no such kind of table.
    """
    if kind not in all_fields():
        raise unknown_kind(kind)
    return all_fields()[kind]


def unknown_kind(kind: str) -> KindUnknown:
    """Build the error for a kind there is not."""
    known = ", ".join(KINDS)
    return KindUnknown(
        Text(f"不认识的类别“{kind}”，应为：{known}。", f"Unknown kind '{kind}'; expected one of: {known}."),
        found=kind,
    )
