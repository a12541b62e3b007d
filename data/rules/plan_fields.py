"""What a work plan may hold: each table with its fields, and what is expected of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from data.rules.plan_words import CALENDAR, COHORT_RULE, EVERY, TOPIC, VISITOR_RULE
from data.rules.words import AID_GROUP, KEY_GROUP, MODE, OUTCOME
from geo.errors import Text

MOST_TEXT = 2000
MOST_ROWS = 2000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}\Z")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d\Z")
# A campaign of a year before this one or after that one is a slip of the pen.
_DAYS = (date(1949, 10, 1), date(2200, 1, 1))


class Unexpected(Exception):
    """A value is none that its field takes; ``expected`` says what it takes."""

    def __init__(self, expected: Text) -> None:
        super().__init__(expected.en)
        self.expected = expected


@dataclass(frozen=True)
class Field:
    """One field: ``take`` gives the value as it is stored or raises ``Unexpected``."""

    take: Callable[[Any], Any]
    required: bool = False
    default: Any = None


@dataclass(frozen=True)
class Table:
    """A table: its fields, the tables inside it, whether it is a list of tables and what names one of a list."""

    fields: Mapping[str, Field]
    listed: bool = True
    inner: Mapping[str, Table] | None = None
    named_by: str = "key"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_TEXT or "\0" in value:
        raise Unexpected(Text(f"文字，1 到 {MOST_TEXT} 字", f"a text of 1 to {MOST_TEXT} characters"))
    return value.strip()


def _key(value: Any) -> str:
    if not isinstance(value, str) or not _KEY.match(value):
        raise Unexpected(
            Text("小写字母开头，只含小写字母、数字、下划线", "a key of small letters, digits and _, a letter first")
        )
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise Unexpected(
            Text("方案编号：字母、数字、- _ .，最多 80 个", "an id of letters, digits, - _ ., at most 80 of them")
        )
    return value


def _number(least: float, most: float = 1e9, *, above: bool = False, whole: bool = False) -> Callable[[Any], Any]:
    ends = f"{least:g}", f"{most:g}"
    sort = ("整数", "a whole number") if whole else ("数", "a number")
    if most >= 1e9:
        zh = f"{sort[0]}，{'大于' if above else '不小于'} {ends[0]}"
        en = f"{sort[1]} {'above' if above else 'of at least'} {ends[0]}"
    else:
        zh = f"{sort[0]}，{'大于' if above else '不小于'} {ends[0]}、不大于 {ends[1]}"
        en = f"{sort[1]} {'above' if above else 'from'} {ends[0]}, at most {ends[1]}"
    expected = Text(zh, en)

    def take(value: Any) -> Any:
        kinds = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or value != value:
            raise Unexpected(expected)
        if value < least or (above and value == least) or value > most:
            raise Unexpected(expected)
        return value

    return take


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unexpected(Text("true 或 false", "true or false"))
    return value


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime) or not _DAYS[0] <= value < _DAYS[1]:
        raise Unexpected(Text("日期，如 2026-06-30（不加引号）", "a day such as 2026-06-30, without quotes"))
    return value


def _clock(value: Any) -> str:
    if not isinstance(value, str) or not _CLOCK.match(value):
        raise Unexpected(Text('时刻，如 "07:00"', 'a time of day such as "07:00"'))
    return value


def _one_of(known: Collection[str]) -> Callable[[Any], str]:
    listed = Text("其一：" + "、".join(known), "one of " + ", ".join(known))

    def take(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise Unexpected(listed)
        return value

    return take


def _topic(value: Any) -> str:
    """A class of the questionnaire by its key or by its Chinese name."""
    for key, words in TOPIC.items():
        if value in (key, words.zh):
            return key
    raise Unexpected(Text("其一：" + "、".join(words.zh for words in TOPIC.values()), "one of " + ", ".join(TOPIC)))


def _list_of(take_one: Callable[[Any], Any], *, least: int = 0, once: bool = True) -> Callable[[Any], list[Any]]:
    def take(value: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) < least or len(value) > MOST_ROWS:
            raise Unexpected(
                Text(
                    '列表，如 ["…"]' + ("，至少一项" if least else ""),
                    'a list such as ["…"]' + ", not empty" * bool(least),
                )
            )
        taken = [take_one(one) for one in value]
        if once and len({str(one) for one in taken}) < len(taken):
            raise Unexpected(Text("各项不重复", "each of them once"))
        return taken

    return take


_WHERE = {"clause": Field(_text), "clause_ref": Field(_text)}
_NAMED = {"name_zh": Field(_text, required=True), "name_en": Field(_text, required=True), **_WHERE}
_KEYED = {"key": Field(_key, required=True), **_NAMED}
_GROUPS = _list_of(_one_of([*KEY_GROUP, *AID_GROUP]))
_SPAN = {"starts_on": Field(_day), "ends_on": Field(_day)}

VISIT = {
    "min_minutes": Field(_number(0, 1440)),
    "remote_modes": Field(_list_of(_one_of([mode for mode in MODE if mode != "home"])), default=[]),
    "remote_needs_reason": Field(_flag, default=True),
    "remote_reasons": Field(_list_of(_key), default=[]),
    "done_outcomes": Field(_list_of(_one_of(OUTCOME), least=1), default=["done"]),
    "done_statuses": Field(_list_of(_text), default=[]),
    "per_inspector_day": Field(_number(0, 1000, above=True)),
    "max_distance_m": Field(_number(0, 1_000_000, above=True)),
    "max_accuracy_m": Field(_number(0, 1_000_000, above=True)),
    "max_fix_age_s": Field(_number(0, 1_000_000, above=True)),
    "earliest": Field(_clock),
    "latest": Field(_clock),
    "lookback_modes": Field(_list_of(_one_of(MODE), least=1), default=list(MODE)),
}

TABLES: dict[str, Table] = {
    "source": Table(
        {
            "title_zh": Field(_text),
            "title_en": Field(_text),
            "issued_by": Field(_text),
            "issued_on": Field(_day),
            "document_no": Field(_text),
            **_WHERE,
        },
        listed=False,
    ),
    "campaign": Table(
        {
            "id": Field(_id, required=True),
            **_NAMED,
            "target": Field(_number(0, 1, above=True), required=True),
            "cohort": Field(_key, default="all_households"),
        },
        listed=False,
    ),
    "cohort": Table(
        {
            **_KEYED,
            "rule": Field(_one_of(COHORT_RULE), required=True),
            "groups": Field(_GROUPS, default=[]),
            "since": Field(_day),
            "until": Field(_day),
        }
    ),
    "stage": Table({**_KEYED, **_SPAN}),
    "round": Table(
        {
            "no": Field(_number(1, 99, whole=True), required=True),
            **_NAMED,
            **_SPAN,
            "cohort": Field(_key),
            "stage": Field(_key),
            "target": Field(_number(0, 1, above=True)),
        },
        named_by="no",
    ),
    "visit": Table(
        {**VISIT, **_WHERE},
        listed=False,
        inner={
            "clauses": Table({name: Field(_text) for name in VISIT}, listed=False),
            "clause_refs": Table({name: Field(_text) for name in VISIT}, listed=False),
        },
    ),
    "visitor": Table(
        {
            "kind": Field(_key, required=True),
            **_NAMED,
            "rule": Field(_one_of(VISITOR_RULE), required=True),
            "share": Field(_number(0, 1, above=True)),
            "count": Field(_number(0, 10_000_000, whole=True)),
            "due_on": Field(_day),
            "priority_groups": Field(_GROUPS, default=[]),
            "repeats": Field(_flag, default=False),
        },
        inner={
            "unit": Table(
                {
                    "name": Field(_text, required=True),
                    "village": Field(_text),
                    "households": Field(_number(0, 10_000_000, whole=True)),
                    **_WHERE,
                },
                named_by="",
            )
        },
        named_by="kind",
    ),
    "question": Table(
        {
            "key": Field(_key, required=True),
            "topic": Field(_topic),
            "also": Field(_list_of(_topic), default=[]),
            "text_zh": Field(_text, required=True),
            "text_en": Field(_text, required=True),
            **_WHERE,
        }
    ),
    "work": Table(_KEYED),
    "deadline": Table(
        {
            **_KEYED,
            "days": Field(_number(0, 3650, whole=True), required=True),
            "at_most": Field(_number(0, 3650, whole=True)),
            "calendar": Field(_one_of(CALENDAR), required=True),
            "after": Field(_key),
            "stage": Field(_key),
        }
    ),
    "scoring": Table(
        {"start": Field(_number(0, 1_000_000)), "talk_at": Field(_number(1, 1_000_000, whole=True)), **_WHERE},
        listed=False,
    ),
    "score": Table({**_KEYED, "points": Field(_number(0, 1_000_000), required=True)}),
    "publicity": Table({**_KEYED, "every": Field(_one_of(EVERY), required=True)}),
    "demand_class": Table(_KEYED),
    "demands": Table({"classes_stated": Field(_number(0, 1000, whole=True)), **_WHERE}, listed=False),
    "figure": Table(
        {
            **_KEYED,
            "stated": Field(_number(-1e9), required=True),
            "unit": Field(_text),
            "parts": Field(_list_of(_number(-1e9), once=False), default=[]),
            "ratio_of": Field(_list_of(_number(0), once=False), default=[]),
            "decimals": Field(_number(0, 6, whole=True), default=0),
        }
    ),
    "contradiction": Table(
        {
            **_KEYED,
            "against": Field(_text),
            "against_ref": Field(_text),
            "taken_zh": Field(_text),
            "taken_en": Field(_text),
        }
    ),
}
