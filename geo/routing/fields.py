"""Fields of a JSON file, read one by one: a fault names the field, what was found and what is expected."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from geo.errors import Text
from geo.routing.problem import ProblemError

_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")


def parse(text: str, file: str) -> Any:
    """A JSON text as values.

    Raises
    ------
    ProblemError
        Naming line and column where it is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ProblemError(
            Text(
                f"{file} 第 {error.lineno} 行第 {error.colno} 列不是有效的 JSON：{error.msg}。",
                f"{file}, line {error.lineno}, column {error.colno}: no valid JSON: {error.msg}.",
            ),
            file=file,
            line=error.lineno,
        ) from None
    except RecursionError:
        raise ProblemError(Text(f"{file}：JSON 嵌套过深。", f"{file}: the JSON is nested too deeply.")) from None


class Fields:
    """The fields of one object, with the path that leads to it; each has to be asked for, or is unknown.

    Parameters
    ----------
    file : str
        Name for what is said about faults.
    path : str
        Such as ``households[3].windows[0]``.
    values : object
        What stands there.
    """

    def __init__(self, file: str, path: str, values: Any) -> None:
        self.file, self.path = file, path
        if not isinstance(values, Mapping):
            raise self.wrong("", values, Text("一个对象 {…}", "an object {…}"))
        self.values = values
        self._asked: set[str] = set()

    def require_form(self, name: str) -> None:
        """Refuse an object that does not say by this field that it is of version 1 of a form.

        Raises
        ------
        ProblemError
        """
        if (found := self.raw(name)) != 1:
            raise self.wrong(name, found, Text("1（本格式的版本）", "1, the version of this form"))

    def wrong(self, name: str, found: Any, expected: Text) -> ProblemError:
        """A fault of a field."""
        path = ".".join(part for part in (self.path, name) if part) or "(file)"
        shown = "什么也没有" if found is None else json.dumps(found, ensure_ascii=False)[:60]
        shown_en = "nothing" if found is None else shown
        return ProblemError(
            Text(
                f"{self.file} 的 {path}：读到 {shown}，应为{expected.zh}。",
                f"{self.file}, {path}: found {shown_en}; expected {expected.en}.",
            ),
            file=self.file,
            field=path,
        )

    def end(self) -> None:
        """Refuse fields nobody asked for: a misspelt one would do nothing in silence."""
        strange = sorted(set(self.values) - self._asked)
        if strange:
            known = ", ".join(sorted(self._asked))
            raise self.wrong(
                strange[0], self.values[strange[0]], Text(f"已知字段之一：{known}", f"one of the known fields: {known}")
            )

    def has(self, name: str) -> bool:
        """Whether a field is there and not null."""
        self._asked.add(name)
        return self.values.get(name) is not None

    def raw(self, name: str) -> Any:
        """The field as it stands."""
        self._asked.add(name)
        return self.values.get(name)

    def text(self, name: str, default: str | None = None) -> str:
        """A text that is not empty; a whole number is taken as one."""
        found = self.raw(name)
        if found is None and default is not None:
            return default
        if isinstance(found, int) and not isinstance(found, bool):
            return str(found)
        if not isinstance(found, str) or (not found.strip() and default is None):
            raise self.wrong(name, found, Text("文字", "a text"))
        return found

    def text_or_none(self, name: str) -> str | None:
        """A text, or None."""
        return self.text(name) if self.has(name) else None

    def whole(self, name: str, default: int | None = None, *, least: int = 0, most: int = 10**9) -> int:
        """A whole number within limits."""
        found = self.raw(name)
        if found is None and default is not None:
            return default
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float)
            or not math.isfinite(found)
            or found != int(found)
            or not least <= found <= most
        ):
            raise self.wrong(name, found, Text(f"{least} 到 {most} 的整数", f"a whole number from {least} to {most}"))
        return int(found)

    def number(self, name: str, default: float | None = None, *, above: float = 0.0, most: float = 1e9) -> float:
        """A number above a limit."""
        found = self.raw(name)
        if found is None and default is not None:
            return default
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float)
            or not math.isfinite(found)
            or not above < found <= most
        ):
            raise self.wrong(
                name,
                found,
                Text(f"大于 {above:g}、不大于 {most:g} 的数", f"a number above {above:g}, {most:g} at most"),
            )
        return float(found)

    def flag(self, name: str) -> bool:
        """True or false; false by default."""
        found = self.raw(name)
        if found is not None and not isinstance(found, bool):
            raise self.wrong(name, found, Text("true 或 false", "true or false"))
        return bool(found)

    def many(self, name: str) -> list[Any]:
        """A list; an empty one by default."""
        found = self.raw(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise self.wrong(name, found, Text("列表 […]", "a list […]"))
        return found

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found = self.many(name)
        for at, one in enumerate(found):
            if not isinstance(one, str) or not one:
                raise self.wrong(f"{name}[{at}]", one, Text("文字", "a text"))
        return found

    def objects(self, name: str) -> list[Fields]:
        """A list of objects."""
        inner = f"{self.path}.{name}" if self.path else name
        return [Fields(self.file, f"{inner}[{at}]", one) for at, one in enumerate(self.many(name))]

    def clock(self, name: str, default: int | None = None) -> int:
        """A time of day ``HH:MM`` as seconds; 24:00 is the end of the day."""
        found = self.raw(name)
        if found is None and default is not None:
            return default
        match = _CLOCK.fullmatch(found) if isinstance(found, str) else None
        seconds = -1 if match is None else int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        if not 0 <= seconds <= 86_400:
            raise self.wrong(name, found, Text('时刻，如 "08:30"', 'a time of day such as "08:30"'))
        return seconds
