"""Coordinates as people write them: one axis in a cell, or both; degrees, minutes and seconds, or metres.

Nothing is guessed: text that could mean two things is refused, and of two numbers without a word about their order the
caller gets them as they stand.
"""

from __future__ import annotations

import math
import numbers
import re
import unicodedata
from typing import Any, Literal, NamedTuple

from geo.errors import Text

Axis = Literal["lon", "lat"]
Order = Literal["lonlat", "latlon"]


class NotACoordinate(ValueError):
    """A cell that is not blank and holds no coordinate; ``text`` says so in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Pair(NamedTuple):
    """Two numbers as they stand in a cell, and what they are if the cell says so.

    ``order`` is ``lonlat`` (longitude or easting first), ``latlon`` (latitude or northing first), or None.
    """

    first: float
    second: float
    order: Order | None

    @property
    def lonlat(self) -> tuple[float, float] | None:
        """Longitude (or easting) and latitude (or northing); None if the cell does not say which is which."""
        if self.order is None:
            return None
        return (self.first, self.second) if self.order == "lonlat" else (self.second, self.first)


class _Axis(NamedTuple):
    value: float
    axis: Axis | None
    groups: int


_BLANKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "无", "空", "null", "none", "nan", "n/a", "na", "#n/a"})
# Signs for degrees, minutes and seconds, before NFKC, which would take the ring for an o and a double prime apart.
_SIGNS = str.maketrans(
    {
        **dict.fromkeys("º˚∘゜⁰", "°"),
        **dict.fromkeys("″〃”“＂˝", '"'),
        **dict.fromkeys("′’‘´`ʹ＇ˊ", "'"),
        **dict.fromkeys("，、；／｜", ","),
        **dict.fromkeys("−﹣－–", "-"),
    }
)
_WORDS = {
    "东经": ("lon", 1),
    "西经": ("lon", -1),
    "北纬": ("lat", 1),
    "南纬": ("lat", -1),
    "e": ("lon", 1),
    "w": ("lon", -1),
    "n": ("lat", 1),
    "s": ("lat", -1),
    **dict.fromkeys(("经度", "longitude", "lon", "lng", "long", "easting", "横坐标", "东坐标"), ("lon", 0)),
    **dict.fromkeys(("纬度", "latitude", "lat", "northing", "纵坐标", "北坐标"), ("lat", 0)),
    # X means the easting to one writer and the northing to the other: it names no axis.
    **dict.fromkeys(("坐标", "x坐标", "y坐标", "x", "y"), (None, 0)),
}
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_HEAD = re.compile(rf"(?:({_WORD})\s*[:=]?\s*)(?:({_WORD})\s*[:=]?\s*)?")
_TAIL = re.compile(rf"\s*({_WORD}|m|米)$")
_LATE_POINT = re.compile(r"(\d)([\"']) \.(\d+)$")
_ANY_WORD, _MARK_BEHIND = re.compile(_WORD), re.compile(r"(?<=[\d°'\"])\s*[nsew]")
_CHINESE_POINT, _SIGN_GAPS = re.compile(r"(?<=\d)[。·](?=\d)"), re.compile(r"\s*([°'\"])\s*")
_DEGREES = re.compile(r"(?<=\d)\s*度")
_MINUTES, _SECONDS = re.compile(r"(?<=\d)\s*分"), re.compile(r"(?<=\d)\s*秒")
_PART = r"\d{1,2}(?:\.\d+)?"
_PLAIN = re.compile(r"([+-]?\d+(?:\.\d*)?(?:e[+-]\d{1,3})?)\s*°?")
# 594,013.60 and 39 594 013.6: groups of three after the first, which minutes and seconds never have.
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3})+|(?: \d{3})+)(?:\.\d+)?")
_MARKED = re.compile(rf"([+-]?\d{{1,3}})° ?(?:({_PART})(?:' ?(?:({_PART})\"?)?)?)?")
_SPACED = re.compile(rf"([+-]?\d{{1,3}})(?:[ :]({_PART})(?:[ :]({_PART}))?|-({_PART})-({_PART})|\.(\d\d?)\.({_PART}))")
_WKT = re.compile(r"(?:srid=\d+;)?\s*point\s*(?:z|m|zm)?\s*\(\s*(\S+)\s+(\S+)(?:\s+\S+){0,2}\s*\)")
_GEOJSON = re.compile(r'\{.*"coordinates"\s*:\s*\[\s*([^\s,\]]+)\s*,\s*([^\s,\]]+)\s*(?:,[^\]]*)?\].*\}', re.DOTALL)
_BRACKETS = re.compile(r"[(\[{<（【]\s*(.*?)\s*[)\]}>）】]", re.DOTALL)
_TITLE = re.compile(r"^(?:经纬度|坐标|位置|gps)+\s*[:=]?\s*")
_COMMA = re.compile(r"\s*[,;/|\n]\s*")
_GAP = re.compile(r"\s*[,;/|\n\t]\s*|\s+")
_LONGEST, _LONGEST_PAIR = 120, 300


def read_coordinate(cell: Any) -> float | None:
    """Read one axis.

    Parameters
    ----------
    cell : Any
        A number, or text such as ``118.37``, ``118°22′34.8″``, ``E118°22'34.8"``, ``118度22分34.8秒``, ``118 22 34.8``,
        ``118°22.58′``, ``东经118.37``, ``N31.3256``, ``39594013.6``, ``594,013.60 m``; full-width characters too.

    Returns
    -------
    float or None
        Degrees or metres as written, west and south negative; None for a blank cell.

    Raises
    ------
    NotACoordinate
        A ValueError: there is no number, or minutes or seconds reach 60, or there are two numbers.
    """
    number = _number(cell)
    if number is not None or cell is None:
        return number
    text = _plain(cell)
    return None if text in _BLANKS else _axis(text, cell).value


def read_pair(cell: Any) -> Pair | None:
    """Read both axes from one cell.

    Parameters
    ----------
    cell : Any
        Text such as ``118.3763,31.3256``, ``(31.3256, 118.3763)``, ``N31°19′ E118°22′``, ``31.3256N 118.3763E``,
        ``经度:118.3 纬度:31.3``, ``POINT (118.3 31.3)``, GeoJSON; or a sequence of two numbers.

    Returns
    -------
    Pair or None
        The two as written. ``order`` comes from hemisphere letters and words, or from a form that fixes it (WKT,
        GeoJSON); letters that only say x and y do not. None for a blank cell.

    Raises
    ------
    NotACoordinate
        A ValueError: the cell does not hold exactly two numbers, or both are said to be of one axis.
    """
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if _number(cell) is not None:
        raise _one_number(cell)
    if isinstance(cell, list | tuple) and len(cell) == 2:
        values = [_number(value) for value in cell]
        if values[0] is not None and values[1] is not None:
            return Pair(values[0], values[1], None)
    raw = cell.strip().casefold() if isinstance(cell, str) else ""
    fixed = (_WKT.fullmatch(raw) or _GEOJSON.fullmatch(raw)) if len(raw) <= _LONGEST_PAIR else None
    if fixed:
        return Pair(_axis(fixed[1], cell).value, _axis(fixed[2], cell).value, "lonlat")
    text = _TITLE.sub("", _plain(cell))
    if text in _BLANKS:
        return None
    if len(text) > _LONGEST_PAIR:
        raise _no_number(cell)
    inner = _BRACKETS.fullmatch(text)
    return _split(inner[1] if inner else text, cell)


def _split(text: str, cell: Any) -> Pair:
    """Cut the text where both sides read as one axis, with as many figures on either side as on the other."""
    if _parse(text) is not None:
        raise _one_number(cell)
    commas = list(_COMMA.finditer(text))
    if len(commas) == 1:
        cuts = {commas[0].span()}
    else:
        cuts = {gap.span() for gap in _GAP.finditer(text)}
        cuts |= {(word.start(), word.start()) for word in _ANY_WORD.finditer(text)}
        cuts |= {(word.end(), word.end()) for word in _MARK_BEHIND.finditer(text)}
    found: dict[tuple[float, float], tuple[int, _Axis, _Axis]] = {}
    for start, end in sorted(cuts):
        first = _parse(text[:start].strip())
        second = _parse(text[end:].strip()) if first is not None else None
        if first is None or second is None or math.isnan(first.value + second.value):
            continue
        if first.axis is None or first.axis != second.axis:
            uneven = abs(first.groups - second.groups)
            key = (first.value, second.value)
            # The same two numbers cut before or after a word: the cut that leaves both with a word says more.
            if key not in found or (first.axis is not None) + (second.axis is not None) > sum(
                part.axis is not None for part in found[key][1:]
            ):
                found[key] = (uneven, first, second)
    best = min((uneven for uneven, *_ in found.values()), default=0)
    pairs = [(first, second) for uneven, first, second in found.values() if uneven == best]
    if len(pairs) != 1:
        raise _no_number(cell)
    first, second = pairs[0]
    said: Order | None = None
    if first.axis or second.axis:
        said = "lonlat" if first.axis == "lon" or second.axis == "lat" else "latlon"
    return Pair(first.value, second.value, said)


def _axis(text: str, cell: Any) -> _Axis:
    found = _parse(text)
    if found is None:
        raise _no_number(cell)
    if math.isnan(found.value):
        raise NotACoordinate(
            Text(
                f"“{_shown(cell)}”的度数超过 180，或分、秒达到 60，请核对。",
                f"“{_shown(cell)}” has more than 180 degrees, or 60 minutes or seconds; check it.",
            )
        )
    return found


def _parse(text: str) -> _Axis | None:
    """Read one axis from text made plain; None if there is none, NaN if minutes or seconds reach 60."""
    if len(text) > _LONGEST:
        return None
    head = _HEAD.match(text)
    tail = _TAIL.search(text)
    words = head.groups() if head else ()
    start, end = (head.end() if head else 0), (tail.start() if tail else len(text))
    value = _value(text[start:end]) if start < end else None
    if value is None:
        return None
    said = [_WORDS[word] for word in (*words, tail[1] if tail else None) if word in _WORDS]
    axes = {axis for axis, _ in said if axis}
    signs = {sign for _, sign in said if sign}
    if len(axes) > 1 or len(signs) > 1 or (-1 in signs and value[0] < 0):
        return None
    axis: Axis | None = "lon" if axes == {"lon"} else "lat" if axes == {"lat"} else None
    return _Axis(-value[0] if -1 in signs else value[0], axis, value[1])


def _value(body: str) -> tuple[float, int] | None:
    """Value of the figures, and how many figures there are."""
    plain = _PLAIN.fullmatch(body)
    if plain:
        number = float(plain[1])
        return (number, 1) if math.isfinite(number) else None
    if _GROUPED.fullmatch(body):
        return float(re.sub("[, ]", "", body)), 1
    # Seconds written 34".8 have their point behind the sign.
    if "°" in body:
        found = _MARKED.fullmatch(_LATE_POINT.sub(r"\1.\3\2", body))
    else:
        found = _SPACED.fullmatch(body)
    parts = [part for part in found.groups() if part is not None] if found else []
    if not parts or any("." in part for part in parts[:-1]):
        return None
    degrees, *smaller = (float(part) for part in parts)
    if any(part >= 60 for part in smaller) or abs(degrees) > 180:
        return math.nan, len(parts)
    size = abs(degrees) + sum(part / 60**power for power, part in enumerate(smaller, start=1))
    return (-size if parts[0].startswith("-") else size), len(parts)


def _number(cell: Any) -> float | None:
    """Give a number as float; None for text, blank and NaN."""
    if isinstance(cell, numbers.Real) and not isinstance(cell, bool):
        value = float(cell)
        if math.isinf(value):
            raise _no_number(cell)
        return None if math.isnan(value) else value
    return None


def _plain(cell: Any) -> str:
    """Make full-width characters, signs and words plain; Chinese stops between figures are points."""
    if isinstance(cell, numbers.Real) and not isinstance(cell, bool):
        return ""  # not a number (NaN): a blank cell
    if not isinstance(cell, str):
        raise _no_number(cell)
    if cell.isascii():
        text = cell.casefold().strip().replace("''", '"')
    else:
        text = unicodedata.normalize("NFKC", cell.translate(_SIGNS)).translate(_SIGNS).casefold().strip()
        text = _DEGREES.sub("°", _CHINESE_POINT.sub(".", text.replace("''", '"')))
        if "°" in text:
            text = _SECONDS.sub('"', _MINUTES.sub("'", text))
    return _SIGN_GAPS.sub(r"\1 ", text).strip("。.;,: ")


def _shown(cell: Any) -> str:
    text = str(cell).strip()
    return text if len(text) <= 40 else text[:40] + "…"


def _one_number(cell: Any) -> NotACoordinate:
    return NotACoordinate(
        Text(
            f"“{_shown(cell)}”里只有一个数，应有经度和纬度两个。",
            f"“{_shown(cell)}” holds one number; a longitude and a latitude are expected.",
        )
    )


def _no_number(cell: Any) -> NotACoordinate:
    return NotACoordinate(
        Text(
            f"“{_shown(cell)}”读不出坐标。请写成 118.3763、118°22′34.8″，或米数 39594013.6。",
            f"No coordinate can be read from “{_shown(cell)}”. Write 118.3763, 118°22′34.8″, or metres as 39594013.6.",
        )
    )
