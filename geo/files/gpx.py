"""GPX of hand-held receivers and phones: waypoints, tracks and routes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geo.crs import parse_system
from geo.errors import Text
from geo.files.guards import check_foreign, too_large
from geo.files.markup import parse_markup
from geo.files.sheet import MAX_ROWS, Note, Sheet, object_frame, storable, unreadable

_EXPECTED = Text("GPX 航点或轨迹文件", "a GPX file of waypoints or tracks")
_POINT_COLUMNS = ("name", "time", "ele", "desc", "cmt", "sym", "type")
_LINE_COLUMNS = ("name", "desc", "cmt", "number", "type", "begin", "end")
_POINTS = {"wpt": "waypoints", "trkpt": "tracks", "rtept": "routes"}
_LINES = {"trk": "tracks", "rte": "routes"}
_MAX_PLACES = 5_000_000
_MAX_TEXT = 1 << 20
_NO_PLACE = Text("坐标读不出来，这个航点没有位置。", "Its coordinates cannot be read; the waypoint has no place.")
_BAD_PLACES = Text(
    "有{n}个轨迹点的坐标读不出来，已略过。", "Track points left out as their coordinates cannot be read: {n}."
)


def read_gpx(path: Path) -> list[Sheet]:
    """Read a GPX file (1.0 or 1.1).

    Parameters
    ----------
    path : Path
        A checked local file.

    Returns
    -------
    list of Sheet
        ``waypoints`` (points), ``tracks`` and ``routes`` (lines, one for each segment, together a MultiLineString
        where there are several) as far as there are any, in WGS-84. Columns, each as far as it has content, all text:
        ``name``, ``desc``, ``cmt``, ``type`` and for points ``time``, ``ele``, ``sym``, for lines ``number``,
        ``begin`` and ``end`` (times of the first and last point). Times are as written, mostly in UTC. A track of
        fewer than two points has no shape. Links are not followed.

    Raises
    ------
    FileUnreadable
        If it is no GPX, damaged, or holds too much.
    """
    check_foreign(path, _EXPECTED)
    handler = _Tracks(path)
    with path.open("rb") as stream:
        parse_markup(stream, path, "GPX", handler)
    return handler.sheets()


class _Tracks:
    """Gathers what a receiver has recorded as the document goes by."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack: list[str] = []
        self._found: dict[str, list[tuple[dict[str, str], Any]]] = {"waypoints": [], "tracks": [], "routes": []}
        self._notes: dict[str, list[Note]] = {kind: [] for kind in self._found}
        self._point: dict[str, str] = {}
        self._line: dict[str, str] = {}
        self._segments: list[list[tuple[float, float]]] = []
        self._words: list[str] | None = None
        self._words_at = 0
        self._size, self._places, self._bad = 0, 0, 0

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if not self._stack and name != "gpx":
            raise unreadable(
                self._path,
                Text(f"根元素是“{name[:40]}”", f"its root element is “{name[:40]}”"),
                _EXPECTED,
                Text("请检查文件种类", "Check what kind of file it is"),
            )
        above = self._stack[-1] if self._stack else ""
        self._stack.append(name)
        if name in _LINES:
            self._line, self._segments = {}, [[]]
        elif name == "trkseg":
            self._segments.append([])
        elif name in _POINTS:
            self._point = {key: attributes.get(key, "") for key in ("lat", "lon")}
        elif (above in _POINTS and name in _POINT_COLUMNS) or (above in _LINES and name in _LINE_COLUMNS):
            self._words, self._words_at, self._size = [], len(self._stack), 0

    def end(self, name: str) -> None:
        """Take an end tag."""
        depth = len(self._stack)
        self._stack.pop()
        above = self._stack[-1] if self._stack else ""
        if self._words is not None and depth > self._words_at:
            return
        if self._words is not None:
            words, self._words = storable("".join(self._words).strip()), None
            if words:
                (self._point if above in _POINTS else self._line).setdefault(name, words)
        elif name == "wpt":
            self._end_waypoint()
        elif name in ("trkpt", "rtept") and self._segments:
            self._end_place()
        elif name in _LINES:
            self._end_line(_LINES[name])

    def text(self, text: str) -> None:
        """Take text."""
        if self._words is not None:
            self._size += len(text)
            if self._size > _MAX_TEXT:
                raise too_large(self._path)
            self._words.append(text)

    def sheets(self) -> list[Sheet]:
        """Make sheets of what was found."""
        sheets = []
        for kind, found in self._found.items():
            columns = _POINT_COLUMNS if kind == "waypoints" else _LINE_COLUMNS
            used = [column for column in columns if any(column in values for values, _ in found)]
            cells = [tuple(values.get(column) for column in used) for values, _ in found]
            shapes = gpd.GeoSeries([shape for _, shape in found], dtype="geometry")
            frame = gpd.GeoDataFrame(object_frame(used, cells), geometry=shapes)
            rows = np.arange(1, len(found) + 1, dtype=np.int64)
            if found:
                notes = tuple(self._notes[kind])
                sheets.append(Sheet(kind, frame, rows, parse_system("wgs84"), 0, "gpx", (), notes))
        return sheets

    def _end_waypoint(self) -> None:
        found = self._found["waypoints"]
        place = _place(self._point)
        found.append((self._point, None if place is None else shapely.Point(place)))
        if place is None and len(self._notes["waypoints"]) < 20:
            self._notes["waypoints"].append(Note(len(found), _NO_PLACE))
        self._check_size(len(found))

    def _end_place(self) -> None:
        place = _place(self._point)
        if place is None:
            self._bad += 1
            return
        if "time" in self._point:
            self._line.setdefault("begin", self._point["time"])
            self._line["end"] = self._point["time"]
        self._segments[-1].append(place)
        self._places += 1
        self._check_size(0)

    def _end_line(self, kind: str) -> None:
        lines = [shapely.LineString(segment) for segment in self._segments if len(segment) > 1]
        shape = None if not lines else lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)
        found = self._found[kind]
        found.append((self._line, shape))
        if self._bad:
            self._notes[kind].append(Note(len(found), _BAD_PLACES.fill(n=self._bad)))
        self._segments, self._bad = [], 0
        self._check_size(len(found))

    def _check_size(self, count: int) -> None:
        if count > MAX_ROWS or self._places > _MAX_PLACES:
            raise too_large(self._path)


def _place(values: dict[str, str]) -> tuple[float, float] | None:
    """Read longitude and latitude; None where they are no place on earth."""
    try:
        lon, lat = float(values.get("lon", "")), float(values.get("lat", ""))
    except ValueError:
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None
