"""Cells to days, years and moments, with a doubt where a ledger writes less than the whole day."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Any

from data.imports.checks import cannot, doubt
from data.imports.findings import Cannot, Doubtful
from data.imports.values import BLANKS, LOCAL_ZONE, plain, read_text
from geo.errors import Text

_EXCEL_ZERO = date(1899, 12, 30)
_FIRST_YEAR, _LAST_YEAR = 1800, 2200
# The Republic of China counts from 1912 as its first year; on the mainland until 1949, its 38th.
_REPUBLIC_ZERO, _REPUBLIC_LAST = 1911, 38
_DAY = Text("日期，如 2018-05-01", "a day such as 2018-05-01")
_YEAR = Text("年份，如 1985", "a year such as 1985")
_MOMENT = Text("时间，如 2026-05-01 09:30", "a moment such as 2026-05-01 09:30")
_NO_DAY = Text("读不出日期", "no day can be read from it")


def read_date(cell: Any) -> date | Doubtful | None:
    """Read a day: ``2018-05-01``, ``2018年5月1日``, ``20180501``, a spreadsheet's number (1900 system).

    A year or month alone (``2017``, ``2017年``, ``2018.5``, ``2018年5月``, ``201805``) is its first day, with a doubt.
    The figure 2018.1 may have been 2018.10 before a spreadsheet dropped the 0, which text does not: a doubt too.

    Raises
    ------
    Cannot
        If there is no such day, or no day can be read.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    text = plain(cell)
    if text.casefold() in BLANKS:
        return None
    found = (
        re.fullmatch(r"(\d{4})(?:[-./年](\d{1,2})(?:[-./月](\d{1,2})[日号]?|月(?:份)?)?|年(?:度)?)?", text)
        or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
        or re.fullmatch(r"(\d{4})(0[1-9]|1[0-2])", text)
    )
    if found and _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        return _of_parts(cell, found)
    stamped = re.fullmatch(r"(\d{4}[-./年]\d{1,2}[-./月]\d{1,2})日?T?\d{1,2}:\d{2}.*", text)
    if stamped:
        return read_date(stamped[1])
    if re.fullmatch(r"\d{5}(\.\d+)?", text):
        return _EXCEL_ZERO + timedelta(days=int(float(text)))
    raise Cannot(_DAY, _NO_DAY)


def read_year(cell: Any) -> int | Doubtful | None:
    """Read a year from a year or a day (``1985``, ``1985年``, ``1990-05``).

    A decade (``80年代``, ``1980年代``) is its first year and a year of the Republic (``民国25年``) that of our era,
    each with a doubt.

    Raises
    ------
    Cannot
        If there is no year in it (``解放前``); the rule is one that leaves the cell blank.
    """
    text = plain(cell)
    republic = re.fullmatch(r"民国(\d{1,2})年?", text)
    if republic and 1 <= int(republic[1]) <= _REPUBLIC_LAST:
        year = _REPUBLIC_ZERO + int(republic[1])
        return doubt("date_republic", year, year=year)
    decade = re.fullmatch(r"(?:(?:上世纪|20世纪)?([3-9]0)|((?:19|20)\d0))(?:年)?代(?:初|中期?|末|左右)?", text)
    if decade:
        year = int(decade[2] or f"19{decade[1]}")
        return doubt("decade_only", year, year=year)
    try:
        day = read_date(re.sub(r"(?<=\d)年?(?:左右|前后)$", "", text) if isinstance(cell, str) else cell)
    except Cannot:
        raise cannot("year_unreadable", _YEAR) from None
    day = day.value if isinstance(day, Doubtful) else day
    return day.year if day else None


def read_moment(cell: Any) -> datetime | time | None:
    """Read a moment; without a zone it is Beijing time. A time of day alone (``9:30``) is given as ``time``, for the
    date beside it; a day alone as its midnight."""
    if isinstance(cell, datetime):
        return cell if cell.tzinfo else cell.replace(tzinfo=LOCAL_ZONE)
    if isinstance(cell, time):
        return cell
    if isinstance(cell, date):
        return _midnight(cell)
    if isinstance(cell, str) and re.match(r"\d{4}-\d\d-\d\d[ T]", cell):
        try:
            moment = datetime.fromisoformat(cell)
        except ValueError:
            pass  # not quite ISO 8601: read below
        else:
            return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
    text = unicodedata.normalize("NFKC", read_text(cell) or "").strip()
    if text.casefold() in BLANKS:
        return None
    clock = re.fullmatch(r"(上午|下午|晚上)?\s*(\d{1,2})[:时点](\d{1,2})?(?:[:分](\d{1,2})?秒?)?", text)
    if clock:
        return _time(clock)
    if re.fullmatch(r"\d{5}\.\d+", text):
        return _midnight(_EXCEL_ZERO) + timedelta(seconds=round(float(text) * 86400))
    neat = re.sub(r"[年月./](?=\d)", "-", re.sub(r"^(\d{4})/(\d)", r"\1-\2", text.split(" ")[0].split("T")[0])).rstrip(
        "日"
    )
    rest = text[len(text.split(" ")[0].split("T")[0]) :].strip(" T")
    # ISO 8601 allows a zone of hours alone, which Python's reader takes only with minutes.
    rest = re.sub(r"([+-]\d{2})$", r"\1:00", rest)
    try:
        day = _certain(read_date(neat if rest else text))
        if not rest:
            return _midnight(day)
        moment = datetime.fromisoformat(f"{day.isoformat()}T{_two_digits(rest)}")
        return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)
    except (ValueError, Cannot):
        raise Cannot(_MOMENT, Text("读不出时间", "no moment can be read from it")) from None


def _of_parts(cell: Any, found: re.Match[str]) -> date | Doubtful:
    """Make a day of year, month and day, the latter two as far as they are there."""
    parts = [int(part) for part in found.groups() if part]
    try:
        day = date(parts[0], *[*parts[1:], 1, 1][:2])
    except ValueError:
        raise cannot("date_impossible", _DAY) from None
    if isinstance(cell, float) and not cell.is_integer() and parts[1:] == [1]:
        return doubt("date_ambiguous", day, found=read_text(cell))
    if len(parts) == 1:
        return doubt("year_only", day)
    return doubt("month_only", day) if len(parts) == 2 else day


def _certain(read: date | Doubtful | None) -> date:
    day: date | None = read.value if isinstance(read, Doubtful) else read
    if day is None:
        raise Cannot(_MOMENT, _NO_DAY)
    return day


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL_ZONE)


def _time(found: re.Match[str]) -> time:
    hour, minute, second = (int(part or 0) for part in found.groups()[1:])
    if found[1] in ("下午", "晚上") and hour < 12:
        hour += 12
    try:
        return time(hour, minute, second)
    except ValueError:
        raise Cannot(
            Text("时刻，如 09:30", "a time of day such as 09:30"), Text("没有这个时刻", "there is no such time of day")
        ) from None


def _two_digits(clock: str) -> str:
    return re.sub(r"^(\d):", r"0\1:", clock)
