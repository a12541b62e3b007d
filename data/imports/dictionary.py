"""The words ledgers use for their columns: spellings of fields, columns that are left out, units and options in heads.

``headings.tsv`` and ``left_out.tsv`` hold one spelling a line; what a spelling means for a kind of file is decided in
:mod:`data.imports.headings`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NamedTuple

from data.imports.measures import UNITS
from geo.errors import Text

_HEADINGS = Path(__file__).with_name("headings.tsv")
_LEFT_OUT = Path(__file__).with_name("left_out.tsv")
REASONS = {
    "minimal": Text("用不到，不读取", "not needed, so not read"),
    "computed": Text("系统自己算得出，不读取", "worked out by the system itself, so not read"),
    "other_ledger": Text("属于另一种台账，不在这里读取", "belongs to another ledger, so not read here"),
    "system": Text("原系统的记录信息，不读取", "bookkeeping of the system it comes from, so not read"),
    "form": Text("表单的签字、意见或资料清单，不读取", "a form's signatures, opinions or list of papers, so not read"),
}
MARKS = {
    "demands": Text("诉求或工单台账", "a ledger of demands or hotline orders"),
    "petitions": Text("信访台账", "a ledger of petitions"),
    "payments": Text("资金兑付台账", "a ledger of payments"),
    "monitoring": Text("监测帮扶台账", "a ledger of monitoring"),
    "statistics": Text("汇总统计表", "a table of totals"),
}
_BRACKETS = re.compile(r"\[([^\]]*)\]|\(([^)]*)\)|【([^】]*)】|〔([^〕]*)〕|<([^>]*)>|\{([^}]*)\}")
_MARKS = re.compile(r"[\s*_\-:.、,/;|·“”\"']+")
_UNIT_WORDS = frozenset(unit for table in UNITS.values() for unit in table) | {
    *("米", "m", "公里", "km", "人", "口", "户", "层", "年", "月", "岁", "个", "间", "度")
}
_UNIT_TAIL = re.compile(r"(?:m2|平方米|平米|万元|千元|(?<!单)元|亩|公顷|分钟|小时|m|米)$")
_OPTION = re.compile(r"(\d{1,2})\s*[.、:=：]?\s*([^\d\s/、,;.:=：][^/、,;]*?)(?=\s*(?:$|[/、,;]|\d{1,2}\s*[^\d\s]))")
# Words in brackets with which a column speaks of somebody or something else.
_TURNS = re.compile(
    r"配偶|联系人|监护|干部|组长|主任|书记|负责人|子女|父|母|占地|计划|拟|预计|不含|其中|非|已|未|合计|小计|上年|去年|备用"
)
# Heads over several columns that add nothing: 户主信息 over 姓名 is 姓名, 高德坐标 over 经度 is 经度.
_GROUP = re.compile(
    r"(?:户主|农户|家庭|房屋|农房|住房|危房|改造|鉴定|位置|坐标|地理|定位|基本|基础|补助|资金|验收|项目|对象|改造对象|改造户|走访)*"
    r"(?:基本|主要|相关)?(?:信息|情况|资料|概况)"
    r"|(?:高德|百度|腾讯|天地图|奥维|gps|北斗|rtk|地图|地理|房屋|住房|位置|定位|wgs-?84|cgcs2000|国家2000|gcj-?02|bd-?09)*"
    r"(?:坐标|经纬度)(?:信息|位置)?"
)
_ADDRESS_TAIL = re.compile(r"(?<=[址地])[省市县区旗乡镇街道村组屯号]{2,}$")
_FORMAT_TAIL = re.compile(r"\s\S*字\S*号$")


@dataclass(frozen=True)
class HeadingHints:
    """What a heading says of its cells.

    Attributes
    ----------
    unit : str or None
        Unit of the numbers, as ``万元`` or ``亩``.
    legend : mapping of str to str
        Numbered options, ``{"1": "未鉴定", "2": "A"}``.
    """

    unit: str | None = None
    legend: Mapping[str, str] = field(default_factory=dict)


NO_HINTS = HeadingHints()


class Spelling(NamedTuple):
    """One line of ``headings.tsv``: ``rank`` is its place in the file."""

    field: str
    heading: str
    sure: bool
    hints: HeadingHints
    rank: int


class LeftOut(NamedTuple):
    """One line of ``left_out.tsv``."""

    heading: str
    reason: str
    mark: str


def fold_heading(heading: str) -> str:
    """Bring a heading to one form: plain characters, small letters, no blanks, marks, units and remarks in brackets.

    >>> fold_heading("*户 主（姓名）")
    '户主'
    >>> fold_heading("Head-Name")
    'headname'
    """
    text = _plain(heading)
    bare = _squash(_BRACKETS.sub("", text))
    bare = re.sub(r"(?:m2|平方米|平米)$", "", bare) if not text.rstrip().endswith("_m2") else bare
    return bare or _squash(text)


def forms_of(heading: str) -> Iterator[tuple[str, bool]]:
    """Give the folded forms a heading may stand in the dictionary with, the most telling first.

    Yields
    ------
    tuple of (str, bool)
        The form, and whether what was left out of it adds nothing. ``补助金额(已发放)`` gives ``补助金额已发放``, True,
        then ``补助金额``, False.
    """
    text = _plain(heading)
    remarks = [part for found in _BRACKETS.findall(text) for part in found if part]
    harmless = not any(_TURNS.search(part) for part in remarks if not _is_unit(part) and not _lists_options(part))
    bare = _BRACKETS.sub("", text)
    seen: set[str] = set()
    shorter = _FORMAT_TAIL.sub("", text)
    parts = bare.split()
    for form, same in (
        (_squash(text), True),
        (_squash(bare), harmless),
        (_UNIT_TAIL.sub("", _squash(bare)), harmless),
        (_ADDRESS_TAIL.sub("", _squash(bare)), harmless),
        (_squash(_BRACKETS.sub("", shorter)), harmless),
        (_squash(parts[-1]) if len(parts) > 1 and _GROUP.fullmatch("".join(parts[:-1])) else "", harmless),
        (re.sub(r"\d+$", "", _squash(bare)), harmless),
    ):
        if form and form not in seen:
            seen.add(form)
            yield form, same


def read_hints(heading: str) -> HeadingHints:
    """Read unit and numbered options from a heading.

    >>> read_hints("补助资金（万元）").unit
    '万元'
    >>> dict(read_hints("房屋结构[①混凝土②砌体③木]").legend)
    {'1': '混凝土', '2': '砌体', '3': '木'}
    """
    text = _plain(heading)
    unit: str | None = None
    legend: dict[str, str] = {}
    for part in (part for found in _BRACKETS.findall(text) for part in found if part):
        if _is_unit(part):
            unit = unit or _bare_unit(part)
            continue
        legend |= _options(part)
    tail = _UNIT_TAIL.search(_squash(_BRACKETS.sub("", text)))
    if unit is None and tail and not text.rstrip().endswith("_m2"):
        unit = tail[0]
    return HeadingHints(unit, legend)


@cache
def spellings(kind: str) -> Mapping[str, tuple[Spelling, ...]]:
    """Give the spellings of a kind's fields by their folded form; several where a word may mean two fields."""
    found: dict[str, list[Spelling]] = {}
    for rank, (kinds, name, heading, sure, hints, _) in enumerate(_lines(_HEADINGS, 6)):
        if kind in kinds.split():
            told = HeadingHints(hints.removeprefix("unit=")) if hints else NO_HINTS
            found.setdefault(_squash(_plain(heading)), []).append(Spelling(name, heading, sure == "1", told, rank))
    return {form: tuple(words) for form, words in found.items()}


def find_left_out(heading: str, kind: str) -> LeftOut | None:
    """Give the line of ``left_out.tsv`` that a heading matches, whole spellings before patterns."""
    exact, patterns = _left_out(kind)
    forms = [form for form, _ in forms_of(heading)]
    for form in forms:
        if form in exact:
            return exact[form]
    for form in forms:
        for pattern, line in patterns:
            if fnmatchcase(form, pattern):
                return line
    return None


@cache
def _left_out(kind: str) -> tuple[dict[str, LeftOut], list[tuple[str, LeftOut]]]:
    exact: dict[str, LeftOut] = {}
    patterns: list[tuple[str, LeftOut]] = []
    for kinds, heading, reason, mark, _ in _lines(_LEFT_OUT, 5):
        if kinds != "*" and kind not in kinds.split():
            continue
        line = LeftOut(heading, reason, mark)
        if "*" in heading:
            patterns.append((re.sub(r"[()]", "", _plain(heading)), line))
        else:
            exact.setdefault(_squash(_plain(heading)), line)
    return exact, patterns


def _lines(path: Path, width: int) -> Iterator[list[str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            cells = line.split("\t")
            yield [*cells, *[""] * (width - len(cells))]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _squash(text: str) -> str:
    return _MARKS.sub("", re.sub(r"[\[\]()【】〔〕<>{}]", "", text))


def _bare_unit(part: str) -> str:
    return re.sub(r"^单位:?|\s", "", part)


def _options(part: str) -> dict[str, str]:
    """Read numbered options: they begin with the bracket and count on from 0 or 1."""
    options = {number: word.strip().upper() for number, word in _OPTION.findall(part)}
    first = next(iter(options), "")
    in_order = [int(number) for number in options] == list(range(int(first or 0), int(first or 0) + len(options)))
    return options if len(options) > 1 and in_order and first in ("0", "1") and part.startswith(first) else {}


def _lists_options(part: str) -> bool:
    return bool(re.search(r"[/|→]", part)) or bool(_options(part))


def _is_unit(part: str) -> bool:
    return _bare_unit(part) in _UNIT_WORDS
