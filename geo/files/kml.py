"""KML and KMZ: the placemarks with their words and shapes, and nothing the file points at."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import parse_system
from geo.errors import Text
from geo.files.guards import check_foreign, open_zip, too_large
from geo.files.markup import Element, Gatherer, parse_markup
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Note, Sheet, column_names, object_frame, storable, unreadable

_EXPECTED = Text("KML 或 KMZ 地标文件", "a KML or KMZ file of placemarks")
_FOLDERS = ("Folder", "Document")
_WORDS = ("name", "address", "phoneNumber")
_TIMES = ("when", "begin", "end")
_SHAPES = frozenset(["Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"])
_OVERLAYS = frozenset(["GroundOverlay", "PhotoOverlay", "ScreenOverlay"])
_NOTED = 20
_LINKS = Text(
    "有{n}个网络链接（NetworkLink）没有打开，其中的内容不在内。",
    "Network links left unopened, with all they hold: {n}.",
)
_PICTURES = Text("有{n}个叠加图片没有读取。", "Pictures laid over the map, not read: {n}.")
_NO_SHAPE = Text("坐标读不出来，这一条没有位置。", "Its coordinates cannot be read; the record has no place.")
_COMMA = re.compile(r"\s*,\s*")
_TAG = re.compile(r"<[^<>]{1,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/tr|/div|/li)\b[^<>]{0,2000}>", re.IGNORECASE)


def read_kml(path: Path) -> list[Sheet]:
    """Read the placemarks of a KML or KMZ file, all folders together.

    Parameters
    ----------
    path : Path
        A checked local file; whether it is packed is told by its content.

    Returns
    -------
    list of Sheet
        One sheet of kind ``kml`` in WGS-84 (OGC 12-007r2, 6.2). Columns: ``name``, ``description`` (its words without
        markup), ``address``, ``phoneNumber``, ``when``, ``begin``, ``end`` as far as there are any, ``folder`` (names
        of the folders round it), and one for each piece of extended data; all cells are text or None. Shapes are
        points, lines and polygons, several of them a collection, without heights; None where a placemark has none or
        one that does not parse. Network links, pictures, overlays, styles and schemas are not followed; links and
        overlays left out are noted.

    Raises
    ------
    FileUnreadable
        If it is no KML, damaged, or holds too much.
    """
    start = check_foreign(path, _EXPECTED)
    handler = _Placemarks(path)
    notes: list[Note] = []
    if start.startswith(b"PK\x03\x04"):
        with open_zip(path, "KMZ") as archive, archive.open(_document(archive, path)) as stream:
            parse_markup(stream, path, "KML", handler)
    else:
        encoding = None if _is_utf8(path, start) else "gb18030"
        if encoding:
            text = Text("文字不是 UTF-8 编码，已按 GB18030 读取。", "Its text is not UTF-8; it was read as GB18030.")
            notes.append(Note(None, text))
        with path.open("rb") as stream:
            parse_markup(stream, path, "KML", handler, encoding=encoding)
    return [handler.sheet(path.stem, notes)]


def _document(archive: zipfile.ZipFile, path: Path) -> zipfile.ZipInfo:
    """Find the main document of a KMZ: ``doc.kml``, else the first one of its kind (OGC 12-007r2, annex C)."""
    found = [member for member in archive.infolist() if member.filename.lower().endswith(".kml")]
    if not found:
        raise unreadable(
            path,
            Text("压缩包里没有 .kml", "there is no .kml in the archive"),
            _EXPECTED,
            Text("请用原来的软件重新导出", "Export it again from the software it comes from"),
        )
    return next((member for member in found if member.filename.lower() == "doc.kml"), found[0])


def _is_utf8(path: Path, start: bytes) -> bool:
    """Whether a file that says nothing else of its encoding is UTF-8; Chinese programs often write GBK unsaid."""
    said = re.match(rb"\s*<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)", start.removeprefix(b"\xef\xbb\xbf"))
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or (said and said[1].lower() != b"utf-8"):
        return True
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return False
    return True


class _Placemarks:
    """Takes the placemarks out of a document as it goes by."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack: list[str] = []
        self._folders: list[str] = []
        self._folder_name: list[str] | None = None
        self._placemark = Gatherer(path)
        self._found: list[tuple[dict[str, str], Any]] = []
        self._keys: dict[str, None] = {}
        self._lost: list[int] = []
        self._left_out = {"NetworkLink": 0, **dict.fromkeys(_OVERLAYS, 0)}

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if self._placemark.is_open or name == "Placemark":
            self._placemark.begin(name, attributes)
            return
        if not self._stack and name not in ("kml", *_FOLDERS):
            raise unreadable(
                self._path,
                Text(f"根元素是“{name[:40]}”", f"its root element is “{name[:40]}”"),
                _EXPECTED,
                Text("请检查文件种类", "Check what kind of file it is"),
            )
        if name in _FOLDERS:
            self._folders.append("")
        elif name == "name" and self._stack[-1] in _FOLDERS:
            self._folder_name = []
        elif name in self._left_out:
            self._left_out[name] += 1
        self._stack.append(name)

    def end(self, name: str) -> None:
        """Take an end tag."""
        if self._placemark.is_open:
            placemark = self._placemark.end()
            if placemark is not None:
                self._take(placemark)
            return
        self._stack.pop()
        if name in _FOLDERS:
            self._folders.pop()
        elif self._folder_name is not None:
            self._folders[-1] = " ".join("".join(self._folder_name).split())[:200]
            self._folder_name = None

    def text(self, text: str) -> None:
        """Take text."""
        if self._placemark.is_open:
            self._placemark.text(text)
        elif self._folder_name is not None and len(self._folder_name) < 100:
            self._folder_name.append(text)

    def sheet(self, name: str, notes: list[Note]) -> Sheet:
        """Make a sheet of what was found."""
        keys = list(self._keys)
        cells = [tuple(values.get(key) for key in keys) for values, _ in self._found]
        shapes = gpd.GeoSeries([shape for _, shape in self._found], dtype="geometry")
        frame = gpd.GeoDataFrame(object_frame(column_names(["geometry", *keys])[1:], cells), geometry=shapes)
        links = self._left_out.pop("NetworkLink")
        for count, text in ((links, _LINKS), (sum(self._left_out.values()), _PICTURES)):
            if count:
                notes.append(Note(None, text.fill(n=count)))
        notes += [Note(row, _NO_SHAPE) for row in self._lost[:_NOTED]]
        rows = np.arange(1, len(cells) + 1, dtype=np.int64)
        return Sheet(name, frame, rows, parse_system("wgs84"), 0, "kml", (), tuple(notes))

    def _take(self, placemark: Element) -> None:
        values: dict[str, str] = {}
        for name in _WORDS:
            _put(values, name, placemark.word(name))
        _put(values, "description", _plain_words(placemark.word("description")))
        for time in (*placemark.all("TimeStamp"), *placemark.all("TimeSpan")):
            for name in _TIMES:
                _put(values, name, time.word(name))
        # The first of them is the document; its name is that of the file.
        _put(values, "folder", "/".join(name for name in self._folders[1:] if name))
        for extended in placemark.all("ExtendedData"):
            for data in extended.all("Data"):
                _put(values, data.attributes.get("name", ""), data.word("value"))
            for schema in extended.all("SchemaData"):
                for simple in schema.all("SimpleData"):
                    _put(values, simple.attributes.get("name", ""), simple.words)
        parts = [part for part in placemark.children if part.name in _SHAPES]
        shapes = [_shape(part) for part in parts]
        self._found.append((values, _together([shape for shape in shapes if shape is not None])))
        if any(shape is None for shape in shapes):
            self._lost.append(len(self._found))
        self._keys.update(dict.fromkeys(values))
        if len(self._found) > MAX_ROWS or len(self._keys) > MAX_COLUMNS:
            raise too_large(self._path)


def _put(values: dict[str, str], key: str, words: str) -> None:
    key, words = " ".join(storable(key).split())[:200], storable(words.strip())
    if key and words:
        values.setdefault(key, words)


def _shape(element: Element) -> Any:
    """Build a shape; None if it does not parse, or a part of it does not."""
    if element.name in ("MultiGeometry", "MultiTrack"):
        shapes = [_shape(part) for part in element.children if part.name in _SHAPES]
        return None if any(shape is None for shape in shapes) else _together(shapes)
    try:
        if element.name == "Polygon":
            rings = [_places(ring.word("coordinates")) for ring in _rings(element, "outerBoundaryIs")]
            holes = [_places(ring.word("coordinates")) for ring in _rings(element, "innerBoundaryIs")]
            return shapely.Polygon(rings[0], holes)
        if element.name == "Track":
            words = " ".join(",".join(place.words.split()) for place in element.all("coord"))
            places = _places(words)
        else:
            places = _places(element.word("coordinates"))
        return shapely.Point(places[0]) if element.name == "Point" else shapely.LineString(places)
    except (ValueError, IndexError, shapely.errors.ShapelyError):
        return None


def _rings(polygon: Element, boundary: str) -> list[Element]:
    return [ring for side in polygon.all(boundary) for ring in side.all("LinearRing")]


def _places(words: str) -> NDArray[np.float64]:
    """Read ``lon,lat[,height] lon,lat[,height] …``; blanks round the commas are wrong and common."""
    places = _COMMA.sub(",", words.strip()).split()
    read = np.array([place.split(",")[:2] for place in places], dtype=float).reshape(-1, 2)
    if not np.isfinite(read).all():
        raise ValueError("coordinates")
    return read


def _together(shapes: list[Any]) -> Any:
    """Make one shape of several: of one kind where they are of one kind."""
    if len(shapes) < 2:
        return shapes[0] if shapes else None
    kinds = {shape.geom_type for shape in shapes}
    many: dict[str, Any] = {
        "Point": shapely.MultiPoint,
        "LineString": shapely.MultiLineString,
        "Polygon": shapely.MultiPolygon,
    }
    kind = many.get(kinds.pop()) if len(kinds) == 1 else None
    return kind(shapes) if kind else shapely.GeometryCollection(shapes)


def _plain_words(text: str) -> str:
    """Take the markup out of a description; programs write whole web pages into it."""
    if "<" not in text:
        return text
    words = html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ")
    return "\n".join(line.strip() for line in words.split("\n") if line.strip())
