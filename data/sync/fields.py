"""Reading the JSON of a phone field by field: each value is what it should be, or all is refused with the place."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from data.sync.refusals import ItemUnfit
from geo.counting import counted
from geo.errors import Text

T = TypeVar("T")
MOST_DEPTH = 6
# Whole numbers that JavaScript and the database both hold.
_MOST_NUMBER = 2**53
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_YEARS = (1970, 2200)
_OBJECT = Text("一个 JSON 对象", "a JSON object")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object a body holds.

    Raises
    ------
    ItemUnfit
        If it is no UTF-8, no JSON, no object, or nested deeper than anything here.
    """
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ItemUnfit("JSON", counted(len(body), "byte"), Text("UTF-8 的 JSON", "JSON in UTF-8")) from error
    if not isinstance(found, dict):
        raise ItemUnfit("JSON", type(found).__name__, _OBJECT)
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


class Fields:
    """The fields of one JSON object, asked for by name; :meth:`end` refuses those that nobody asked for.

    Parameters
    ----------
    values : mapping
    where : str
        Place of the object in the whole, ``demands[0].``; empty for the whole.
    """

    def __init__(self, values: Any, where: str = "") -> None:
        if not isinstance(values, Mapping):
            raise ItemUnfit(where.rstrip(".") or "JSON", type(values).__name__, _OBJECT)
        self._values = values
        self._where = where
        self._asked: set[str] = set()

    def end(self) -> None:
        """Refuse fields that are unknown: what nobody reads would be lost in silence."""
        for name in self._values:
            if name not in self._asked:
                raise ItemUnfit(f"{self._where}{name}", "", Text("已知的字段", "a field that is known"))

    def _take(self, name: str, needed: bool) -> Any:
        self._asked.add(name)
        value = self._values.get(name)
        if value is None and needed:
            raise self.unfit(name, None, Text("必填", "given"))
        return value

    def unfit(self, name: str, found: Any, expected: Text) -> ItemUnfit:
        """The refusal of one field."""
        return ItemUnfit(f"{self._where}{name}", found, expected)

    def words(self, name: str, most: int, *, needed: bool = False) -> str | None:
        """A text of at most so many characters; None where it is absent, null or blank."""
        value = self._take(name, needed)
        if value is None:
            return None
        if not is_words(value, most):
            raise self.unfit(
                name, value, Text(f"文字，最多 {most} 字", f"a text of at most {counted(most, 'character')}")
            )
        if not value.strip() and needed:
            raise self.unfit(name, value, Text("文字，不为空", "a text that is not blank"))
        return str(value).strip() or None

    def one_of(self, name: str, known: Collection[str], *, needed: bool = False) -> str | None:
        """One of some words."""
        value = self._take(name, needed)
        if value is not None and (not isinstance(value, str) or value not in known):
            listed = Text("其一：" + "、".join(known), "one of " + ", ".join(known))
            raise self.unfit(name, value, listed)
        return value

    def whole(self, name: str, least: int, most: int = _MOST_NUMBER, *, needed: bool = False) -> int | None:
        """A whole number within bounds."""
        value = self._take(name, needed)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.unfit(name, value, Text(f"{least} 到 {most} 的整数", f"a whole number from {least} to {most}"))
        return value

    def number(self, name: str, least: float, most: float, *, needed: bool = False) -> float | None:
        """A finite number within bounds."""
        value = self._take(name, needed)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.unfit(name, value, Text(f"{least:g} 到 {most:g} 的数", f"a number from {least:g} to {most:g}"))
        return float(value)

    def flag(self, name: str) -> bool:
        """True or false; false where it is absent."""
        value = self._take(name, needed=False)
        if value is not None and not isinstance(value, bool):
            raise self.unfit(name, value, Text("true 或 false", "true or false"))
        return bool(value)

    def moment(self, name: str, *, needed: bool = False) -> datetime | None:
        """A moment in ISO 8601 with its offset, in UTC."""
        value = self._take(name, needed)
        if value is None:
            return None
        expected = Text("带时区的 ISO 8601 时间", "a moment in ISO 8601 with its offset")
        try:
            found = datetime.fromisoformat(value)
            moment = found.astimezone(UTC) if found.tzinfo is not None else None
        except (TypeError, ValueError, OverflowError) as error:
            raise self.unfit(name, value, expected) from error
        if moment is None or not _YEARS[0] <= moment.year < _YEARS[1]:
            raise self.unfit(name, value, expected)
        return moment

    def key(self, name: str, *, needed: bool = False) -> uuid.UUID | None:
        """A UUID in lower case."""
        value = self._take(name, needed)
        if value is None:
            return None
        if not isinstance(value, str) or not _UUID.match(value):
            raise self.unfit(name, value, Text("小写 UUID", "a UUID in lower case"))
        return uuid.UUID(value)

    def digest(self, name: str) -> bytes:
        """SHA-256 in hexadecimal."""
        value = self._take(name, needed=True)
        if not isinstance(value, str) or not _SHA256.match(value):
            raise self.unfit(name, value, Text("SHA-256（64 位小写十六进制）", "SHA-256 in 64 hexadecimal digits"))
        return bytes.fromhex(value)

    def each(self, name: str, most: int, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        """A list of at most so many, each read by ``read(value, where)``; empty where it is absent."""
        value = self._take(name, needed=False)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            raise self.unfit(name, type(value).__name__, Text(f"列表，最多 {most} 项", f"a list of at most {most}"))
        return tuple(read(one, f"{self._where}{name}[{at}]") for at, one in enumerate(value))

    def inner(self, name: str) -> Fields | None:
        """An object inside; None where it is absent."""
        value = self._take(name, needed=False)
        return None if value is None else Fields(value, f"{self._where}{name}.")

    def free(self, name: str, most_keys: int, most_bytes: int) -> dict[str, Any] | None:
        """An object of whatever the database can hold; None where it is absent or empty."""
        value = self._take(name, needed=False)
        if not value and (value is None or isinstance(value, dict)):
            return None
        expected = Text(
            f"对象，最多 {most_keys} 项、{most_bytes // 1000} KB",
            f"an object of at most {most_keys} fields and {most_bytes // 1000} kB",
        )
        if not isinstance(value, dict) or len(value) > most_keys or not _is_plain(value, MOST_DEPTH):
            raise self.unfit(name, type(value).__name__, expected)
        if len(json.dumps(value, ensure_ascii=False).encode()) > most_bytes:
            raise self.unfit(name, "larger", expected)
        return value


def is_words(value: Any, most: int) -> bool:
    """Whether a value is a text the database can hold, of at most so many characters."""
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        return False
    # Half of a surrogate pair is a character in JSON's notation and in no encoding.
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def words_of(value: Any, where: str, most: int) -> str:
    """One text of a list."""
    if not is_words(value, most) or not value.strip():
        raise ItemUnfit(where, value, Text(f"文字，1 到 {most} 字", f"a text of 1 to {counted(most, 'character')}"))
    return str(value).strip()


def key_of(value: Any, where: str) -> uuid.UUID:
    """One UUID of a list."""
    if not isinstance(value, str) or not _UUID.match(value):
        raise ItemUnfit(where, value, Text("小写 UUID", "a UUID in lower case"))
    return uuid.UUID(value)


def _is_plain(value: Any, depth: int) -> bool:
    """Whether JSON can be stored as such: texts without NUL, numbers of usual size, not nested too deep."""
    if isinstance(value, str):
        return is_words(value, 100_000)
    if isinstance(value, bool) or value is None:
        return True
    if isinstance(value, int):
        return abs(value) <= _MOST_NUMBER
    if isinstance(value, float):
        return math.isfinite(value)
    if depth == 0:
        return False
    if isinstance(value, list):
        return all(_is_plain(one, depth - 1) for one in value)
    return all(is_words(name, 200) and _is_plain(one, depth - 1) for name, one in value.items())
