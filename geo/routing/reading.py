"""A problem of routes from a file. The form is described in the guide ``route-problems.md``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geo.counting import counted
from geo.errors import Text
from geo.routing.fields import Fields, parse
from geo.routing.problem import (
    MOST_HOUSEHOLDS,
    SAME_INSPECTOR_S,
    TOP_PRIORITY,
    Break,
    Done,
    Household,
    Inspector,
    Lock,
    Now,
    Pair,
    Problem,
    ProblemError,
    Shift,
    Window,
)
from geo.routing.solomon import is_solomon, read_solomon
from geo.routing.travel import DETOUR, NO_WAY, MatrixTravel, PointTravel, Travel

# A matrix in a file: more places are given as points.
MOST_PLACES = 3_000
_MODE_SPEEDS = {"walk": 4.5, "ebike": 18.0, "car": 30.0}
_BY_DEFAULT = 5
# The largest file that is read: a matrix of 3,000 places for three modes takes less.
_MOST_BYTES = 400_000_000


def load_problem(path: Path) -> Problem:
    """Read a problem: an instance of Solomon's form, or JSON.

    Raises
    ------
    ProblemError
        Naming the file with line or field, what was found and what is expected.
    """
    text = read_text(path)
    if is_solomon(text):
        return read_solomon(text, path)
    if not text.lstrip().startswith(("{", "[")):
        raise ProblemError(
            Text(
                f"{path.name} 第 1 行：既不是 Solomon 实例（有 VEHICLE 和 CUSTOMER 两节），也不是 JSON。",
                f"{path.name}, line 1: neither an instance of Solomon (with sections VEHICLE and CUSTOMER) nor JSON.",
            ),
            file=path.name,
        )
    return read_problem(parse(text, path.name), path.name)


def read_text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ProblemError(
                Text(f"{path.name} 超过 400 MB。", f"{path.name} is larger than 400 MB."), file=path.name
            )
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ProblemError(
            Text(f"读不了 {path}：{error.strerror}。", f"{path} cannot be read: {error.strerror}."), file=path.name
        ) from None
    except UnicodeDecodeError:
        raise ProblemError(
            Text(f"{path.name} 不是 UTF-8 文本。", f"{path.name} is no text in UTF-8."), file=path.name
        ) from None


class _Reader:
    """One problem while it is read: places and days are counted as they come up."""

    def __init__(self, top: Fields) -> None:
        self.top = top
        days = top.raw("days")
        if days is None:
            days = 1
        if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= 31:
            self.days = tuple(str(at + 1) for at in range(days))
        elif isinstance(days, list) and 1 <= len(days) <= 31 and all(isinstance(one, str) and one for one in days):
            self.days = tuple(days)
        else:
            raise top.wrong(
                "days", days, Text("1 到 31 的天数，或日期列表", "a number of days from 1 to 31, or a list of dates")
            )
        if len(set(self.days)) != len(self.days):
            raise top.wrong("days", days, Text("互不相同的日期", "days that differ"))
        self.points: list[tuple[float, float]] = []
        self.travel_fields = Fields(top.file, "travel", top.raw("travel") if top.has("travel") else {})
        self.kind = self.travel_fields.text("kind", "points")
        self.matrix = self._matrix() if self.kind == "matrix" else None
        if self.kind == "points":
            self._points_settings()
        elif self.matrix is None:
            raise self.travel_fields.wrong("kind", self.kind, Text('"points" 或 "matrix"', '"points" or "matrix"'))
        self.travel_fields.end()

    def _points_settings(self) -> None:
        given = self.travel_fields
        self.detour = given.number("detour", DETOUR, above=0.999, most=10)
        self.degrees = given.text("coordinates", "lonlat") == "lonlat"
        if not self.degrees and given.text("coordinates") != "metres":
            raise given.wrong(
                "coordinates", given.raw("coordinates"), Text('"lonlat" 或 "metres"', '"lonlat" or "metres"')
            )
        speeds = given.raw("speeds_kmh") or _MODE_SPEEDS
        inner = Fields(given.file, "travel.speeds_kmh", speeds)
        self.speeds = {name: inner.number(name, above=0, most=300) for name in speeds}
        if not self.speeds:
            raise given.wrong("speeds_kmh", speeds, Text("至少一种出行方式", "at least one way of moving"))

    def _matrix(self) -> MatrixTravel:
        given = self.travel_fields
        seconds = self._tables(given, "seconds")
        metres = self._tables(given, "metres") if given.has("metres") else seconds
        if list(metres) != list(seconds) or any(metres[mode].shape != seconds[mode].shape for mode in seconds):
            raise given.wrong(
                "metres", list(metres), Text("与 seconds 相同的方式和大小", "the modes and size of seconds")
            )
        return MatrixTravel(tuple(seconds), np.stack(list(seconds.values())), np.stack(list(metres.values())))

    def _tables(self, given: Fields, name: str) -> dict[str, np.ndarray[Any, np.dtype[np.int64]]]:
        found = given.raw(name)
        if isinstance(found, list):
            found = {"way": found}
        if not isinstance(found, Mapping) or not found:
            raise given.wrong(name, found, Text("矩阵，或每种方式一个矩阵", "a matrix, or one for each way of moving"))
        tables = {mode: self._table(given, f"{name}.{mode}", rows) for mode, rows in found.items()}
        sizes = {len(table) for table in tables.values()}
        if len(sizes) > 1:
            raise given.wrong(name, sorted(sizes), Text("大小相同的矩阵", "matrices of one size"))
        return tables

    def _table(self, given: Fields, name: str, rows: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
        if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
            raise given.wrong(name, None, Text("数字的方阵", "a square of numbers"))
        if len(rows) > MOST_PLACES:
            raise given.wrong(
                name,
                len(rows),
                Text(
                    f"不超过 {MOST_PLACES} 个地点；更多请用 points",
                    f"{MOST_PLACES} places at most; give points for more",
                ),
            )
        for at, row in enumerate(rows):
            if len(row) != len(rows):
                raise given.wrong(f"{name}[{at}]", len(row), Text(f"{len(rows)} 个数", counted(len(rows), "number")))
            for to, value in enumerate(row):
                if value is None:
                    row[to] = NO_WAY
                elif (
                    isinstance(value, bool)
                    or not isinstance(value, int | float)
                    or not math.isfinite(value)
                    or not 0 <= value <= NO_WAY
                ):
                    shown = str(value) if isinstance(value, float) else value
                    raise given.wrong(
                        f"{name}[{at}][{to}]",
                        shown,
                        Text(
                            "不小于 0 的有限数；没有路写 null",
                            "a finite number of at least 0; null where there is no way",
                        ),
                    )
        table = np.rint(np.array(rows, dtype=float)).astype(np.int64)
        np.fill_diagonal(table, 0)
        return table

    def travel(self) -> Travel:
        if self.matrix is not None:
            return self.matrix
        return PointTravel(np.array(self.points).reshape(-1, 2), self.speeds, self.detour, self.degrees)

    def place(self, one: Fields, name: str) -> int:
        """A place: a row of the matrix, or a point that is put down."""
        if self.matrix is not None:
            return one.whole(name, least=0, most=self.matrix.places - 1)
        found = one.raw(name)
        good = isinstance(found, list) and len(found) == 2 and all(
            isinstance(part, int | float) and not isinstance(part, bool) and math.isfinite(part) for part in found
        )  # fmt: skip
        if not good or (self.degrees and not (-180 <= found[0] <= 180 and -90 <= found[1] <= 90)):
            raise one.wrong(
                name,
                found,
                Text("[经度, 纬度]", "[longitude, latitude]")
                if self.degrees
                else Text("[x, y]（米）", "[x, y] in metres"),
            )
        self.points.append((float(found[0]), float(found[1])))
        return len(self.points) - 1

    def day(self, one: Fields, name: str = "day") -> int | None:
        """A day by its label or its number from 1; None for every day."""
        if not one.has(name):
            return None
        found = one.raw(name)
        if isinstance(found, str) and found in self.days:
            return self.days.index(found)
        if isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= len(self.days):
            return found - 1
        raise one.wrong(
            name,
            found,
            Text(
                f"{'、'.join(self.days[:7])} 之一，或 1 到 {len(self.days)}",
                f"one of {', '.join(self.days[:7])}, or 1 to {len(self.days)}",
            ),
        )

    def days_of(self, one: Fields, name: str) -> list[int | None]:
        return [
            self.day(Fields(one.file, f"{one.path}.{name}[{at}]", {"day": day}))
            for at, day in enumerate(one.many(name))
        ]

    def mode(self, one: Fields) -> int:
        modes = self.matrix.modes if self.matrix is not None else tuple(self.speeds)
        name = one.text("mode", modes[0])
        if name not in modes:
            raise one.wrong("mode", name, Text(f"{'、'.join(modes)} 之一", f"one of {', '.join(modes)}"))
        return modes.index(name)

    def span(self, one: Fields, opens: str, closes: str) -> tuple[int, int]:
        first, last = one.clock(opens, 0), one.clock(closes, 86_400)
        if first > last:
            raise one.wrong(
                closes, one.raw(closes), Text("不早于开始的时刻", "a time that is not before the beginning")
            )
        return first, last

    def inspector(self, one: Fields) -> Inspector:
        start = self.place(one, "start")
        end = self.place(one, "end") if one.has("end") else start
        away = set(self.days_of(one, "absent"))
        shifts = []
        given = (
            one.objects("shifts")
            if one.has("shifts")
            else [Fields(one.file, one.path, {key: one.raw(key) for key in ("from", "to")})]
        )
        for shift in given:
            first, last = self.span(shift, "from", "to")
            day = self.day(shift)
            shift.end()
            shifts += [Shift(first, last, at) for at in range(len(self.days)) if day in (None, at) and at not in away]
        breaks = []
        for pause in one.objects("breaks"):
            first, last = self.span(pause, "from", "to")
            length = pause.whole("minutes", most=1440) * 60
            # The break lies within its span, so it begins no later than its length before the end.
            if last - length < first:
                raise pause.wrong(
                    "minutes", pause.raw("minutes"), Text("不长于休息时段的分钟数", "minutes that fit into the span")
                )
            breaks.append(Break(first, last - length, length, self.day(pause)))
            pause.end()
        made = Inspector(
            one.text("id"), start, end, tuple(shifts), self.mode(one),
            one.whole("most_visits", most=1000) if one.has("most_visits") else None,
            frozenset(one.texts("skills")), tuple(breaks),
            one.whole("capacity") if one.has("capacity") else None, one.text("name", ""), self.extra_visits(one),
        )  # fmt: skip
        one.raw("from"), one.raw("to")
        one.end()
        return made

    def extra_visits(self, one: Fields) -> tuple[tuple[int, int], ...]:
        """Days on which an inspector may make more visits than on others."""
        extra = []
        for more in one.objects("extra_visits"):
            day = self.day(more)
            extra += [(at, more.whole("visits", most=1000)) for at in range(len(self.days)) if day in (None, at)]
            more.end()
        return tuple(extra)

    def household(self, one: Fields) -> Household:
        place = self.place(one, "at")
        service = one.whole("minutes", 30, most=1440) * 60
        windows = []
        for window in one.objects("windows"):
            first, last = self.span(window, "from", "to")
            # A household is at home from … to …, so a visit begins no later than its length before the end.
            if last - service < first:
                raise window.wrong(
                    "to",
                    window.raw("to"),
                    Text(
                        f"至少容得下 {service // 60} 分钟访问的时段",
                        f"a span that holds a visit of {counted(service // 60, 'minute')}",
                    ),
                )
            windows.append(Window(first, last - service, self.day(window)))
            window.end()
        made = Household(
            one.text("id"), place, service, one.whole("priority", _BY_DEFAULT, most=TOP_PRIORITY), tuple(windows),
            frozenset(one.texts("skills")), one.text_or_none("inspector"), one.text_or_none("last_inspector"),
            one.flag("pair"), one.text_or_none("group"), one.text_or_none("village"), one.whole("load", 0),
            one.text("name", ""), one.text_or_none("together"),
        )  # fmt: skip
        one.end()
        return made


def read_problem(values: Any, file: str = "problem") -> Problem:
    """A problem from the values of its JSON form.

    Raises
    ------
    ProblemError
        Naming the field, what was found and what is expected.
    """
    top = Fields(file, "", values)
    top.require_form("fangtu_route_problem")
    if len(top.many("households")) > MOST_HOUSEHOLDS:
        raise top.wrong(
            "households",
            len(top.many("households")),
            Text(
                f"不超过 {MOST_HOUSEHOLDS} 户；请按乡镇分开", f"{MOST_HOUSEHOLDS} households at most; plan by township"
            ),
        )
    reader = _Reader(top)
    inspectors = tuple(reader.inspector(one) for one in top.objects("inspectors"))
    households = tuple(reader.household(one) for one in top.objects("households"))
    pairs = []
    for one in top.objects("pairs"):
        days = [day for day in reader.days_of(one, "days") if day is not None]
        pairs.append(Pair(one.text("lead"), one.text("companion"), tuple(days) if one.has("days") else None))
        one.end()
    locks = []
    for one in top.objects("locks"):
        start = one.clock("start") if one.has("start") else None
        locks.append(Lock(one.text("household"), one.text_or_none("inspector"), reader.day(one), start))
        one.end()
    done = []
    for one in top.objects("done"):
        first, last = one.clock("start"), one.clock("leave")
        if last < first:
            raise one.wrong(
                "leave", one.raw("leave"), Text("不早于开始的时刻", "a time that is not before the beginning")
            )
        done.append(Done(one.text("household"), one.text("inspector"), reader.day(one) or 0, first, last))
        one.end()
    now = None
    if top.has("now"):
        moment = Fields(file, "now", top.raw("now"))
        now = Now(reader.day(moment) or 0, moment.clock("time"))
        moment.end()
    wish = top.whole("same_inspector_minutes", SAME_INSPECTOR_S // 60, most=1440) * 60
    top.raw("note")
    top.end()
    return Problem(
        reader.travel(), inspectors, households, reader.days, tuple(pairs), tuple(locks), tuple(done), now, wish
    )
