"""OpenStreetMap extracts (.osm, .osm.pbf) by theme: buildings, roads, places, landuse, water.

Data © OpenStreetMap contributors (ODbL); whoever shows it says so.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pyogrio
import shapely
from pyogrio.errors import DataSourceError
from shapely import MultiPolygon

from geo.crs import STORED, parse_system
from geo.errors import Text
from geo.files.guards import check_foreign, check_xml, damaged, local_file
from geo.files.markup import parse_markup
from geo.files.sheet import IgnoredRow, Sheet, object_frame, storable, unreadable

THEMES = ("buildings", "roads", "places", "landuse", "water")
_EXPECTED = Text("OpenStreetMap 文件（.osm 或 .osm.pbf）", "an OpenStreetMap file (.osm or .osm.pbf)")
_CONFIG = Path(__file__).with_name("osm.ini")
_NATURAL_LAND = ("wood", "scrub", "grassland", "heath", "wetland", "bare_rock", "scree", "sand", "fell")
_FIXED = {
    "buildings": ("building", "name", "building:levels", "building:material", "start_date"),
    "roads": ("highway", "name", "ref", "surface", "oneway", "bridge", "tunnel", "service", "access"),
    "places": ("place", "name", "alt_name", "population"),
    "landuse": ("landuse", "natural", "name"),
    "water": ("natural", "waterway", "water", "name"),
}


# What is asked of GDAL, by its own layers; the rest of an extract is never built.
_LAYERS = {
    "points": "place IS NOT NULL OR building IS NOT NULL",
    "lines": "highway IS NOT NULL OR waterway IS NOT NULL OR building IS NOT NULL",
    "multipolygons": " OR ".join(
        f"{key} IS NOT NULL"
        for key in ("building", "place", "landuse", "natural", "waterway", "water", "leisure", "highway")
    ),
}
_NO_OUTLINE = {
    "points": Text("标为房屋的点，没有轮廓", "a building drawn as a point, without an outline"),
    "lines": Text("房屋轮廓没有闭合或缺少顶点", "a building whose outline is not closed or lacks corners"),
}


class _Feature(NamedTuple):
    osm_id: str
    layer: str
    tags: dict[str, str]
    shape: Any


def read_osm(path: Path | str) -> dict[str, gpd.GeoDataFrame]:
    """Read an extract by theme.

    Parameters
    ----------
    path : Path or str
        Local ``.osm`` or ``.osm.pbf`` file, at most 1 GiB.

    Returns
    -------
    dict of GeoDataFrame
        Keys ``buildings``, ``roads``, ``places``, ``landuse``, ``water``, each in EPSG:4326 and possibly empty.
        ``osm_id`` is text such as ``way/275436099``, unique within a theme; ``tags`` is JSON text of all tags; the
        usual tags and every ``addr:…`` found have a column of their own. Buildings are Polygon or MultiPolygon,
        roads LineString, places points or polygons, water polygons and lines. Of a square that one may cross on foot
        the outline is a road, as routers go along it (MultiLineString where it has holes). Shapes may be invalid, as
        mapped.

    Raises
    ------
    FileUnreadable
        If it is no such file, damaged, or XML with a document type.
    """
    return _frames(_read_features(local_file(path)))


def read_osm_sheets(path: Path) -> list[Sheet]:
    """Read an extract as sheets, one for each theme that has anything in it.

    The sheet of the buildings lists as ignored what is tagged as a building but is no outline: points and open lines
    (in ``.osm`` files outlines with missing corners too), with row 0.
    """
    features = _read_features(path)
    frames = _frames(features)
    ignored = _no_outlines(path, features)
    wgs84 = parse_system("wgs84")
    return [
        Sheet(
            theme,
            frame,
            np.arange(1, len(frame) + 1, dtype=np.int64),
            wgs84,
            0,
            "osm",
            ignored if theme == "buildings" else (),
        )
        for theme, frame in frames.items()
        if len(frame)
    ]


def _check_kind(file: Path) -> None:
    """Make sure of the kind before GDAL sees the file, as GDAL goes by content and knows 80 kinds."""
    start = check_foreign(file, _EXPECTED)
    if b"OSMHeader" not in start[:64]:
        if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            raise unreadable(
                file,
                Text("内容不是 OSM 数据", "its content is no OSM data"),
                _EXPECTED,
                Text("请重新下载", "Download it again"),
            )
        with file.open("rb") as stream:
            check_xml(stream, file, ("osm",))


def _read_features(file: Path) -> list[_Feature]:
    """Read everything of any theme, layer by layer as GDAL has it."""
    _check_kind(file)
    features: list[_Feature] = []
    for layer, where in _LAYERS.items():
        try:
            with warnings.catch_warnings():
                # Open rings at the edge of an extract; what comes of them is checked as any outline is.
                warnings.simplefilter("ignore")
                meta, _, wkb, values = pyogrio.raw.read(
                    file,
                    layer=layer,
                    where=where,
                    CONFIG_FILE=str(_CONFIG),
                    TAGS_FORMAT="JSON",
                    # Editors save new things under negative numbers, which GDAL's own index cannot hold.
                    USE_CUSTOM_INDEXING="NO" if file.suffix.lower() == ".osm" else "YES",
                )
        except (DataSourceError, ValueError, RuntimeError) as error:
            raise damaged(file, "OSM", error) from error
        columns = dict(zip(meta["fields"].tolist(), values, strict=True))
        ways = columns.get("osm_way_id", np.full(len(wkb), None, dtype=object))
        kind = {"points": "node", "lines": "way"}.get(layer, "relation")
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
        for way, other, text, shape in zip(ways, columns["osm_id"], columns["all_tags"], shapes, strict=True):
            osm_id = f"way/{way}" if isinstance(way, str) else f"{kind}/{other}"
            tags = json.loads(storable(text)) if isinstance(text, str) else {}
            feature = _Feature(osm_id, layer, tags, _single(shape))
            is_square = layer == "multipolygons" and "highway" in tags and not _is_building(feature)
            features.append(feature._replace(shape=_outline(shape)) if is_square else feature)
    return features


def _single(shape: Any) -> Any:
    """Take a polygon out of a collection of one, as GDAL gives nothing but collections."""
    return shape.geoms[0] if isinstance(shape, MultiPolygon) and len(shape.geoms) == 1 else shape


def _outline(shape: Any) -> Any:
    """Take the rings of polygons as lines."""
    return shapely.line_merge(shapely.boundary(shape))


def _is_building(feature: _Feature) -> bool:
    return feature.tags.get("building", "no") != "no"


def _theme(feature: _Feature) -> str | None:
    """Sort a feature into its one theme: buildings before roads before places before water before landuse."""
    tags = feature.tags
    if feature.layer == "multipolygons":
        if _is_building(feature):
            return "buildings"
        if "highway" in tags:
            return "roads"
        if "place" in tags:
            return "places"
        if tags.get("natural") == "water" or tags.get("waterway") == "riverbank" or "water" in tags:
            return "water"
        if tags.get("landuse") in ("reservoir", "basin"):
            return "water"
        green = tags.get("natural") in _NATURAL_LAND or tags.get("leisure") in ("park", "nature_reserve")
        return "landuse" if "landuse" in tags or green else None
    if feature.layer == "lines":
        return "roads" if "highway" in tags else "water" if "waterway" in tags else None
    return "places" if "place" in tags else None


def _frames(features: list[_Feature]) -> dict[str, gpd.GeoDataFrame]:
    themes: dict[str, list[_Feature]] = {theme: [] for theme in THEMES}
    for feature in features:
        theme = _theme(feature)
        if theme is not None:
            themes[theme].append(feature)
    return {theme: _frame(theme, found) for theme, found in themes.items()}


def _frame(theme: str, features: list[_Feature]) -> gpd.GeoDataFrame:
    addresses = sorted({key for feature in features for key in feature.tags if key.startswith("addr:")})
    keys = [*_FIXED[theme], *addresses]
    cells = [
        (osm_id, *(tags.get(key) for key in keys), json.dumps(tags, ensure_ascii=False))
        for osm_id, _, tags, _ in features
    ]
    shapes = gpd.GeoSeries([feature.shape for feature in features], dtype="geometry", crs=STORED)
    return gpd.GeoDataFrame(object_frame(["osm_id", *keys, "tags"], cells), geometry=shapes)


def _no_outlines(file: Path, features: list[_Feature]) -> tuple[IgnoredRow, ...]:
    buildings = {feature.osm_id: feature.layer for feature in features if _is_building(feature)}
    found = {osm_id: _NO_OUTLINE[layer] for osm_id, layer in buildings.items() if layer in _NO_OUTLINE}
    if file.suffix.lower() == ".osm":
        # GDAL drops outlines without corners in silence; XML extracts are small enough to look again.
        found |= {osm_id: _NO_OUTLINE["lines"] for osm_id in _tagged_in_xml(file) if osm_id not in buildings}
    return tuple(IgnoredRow(0, Text(f"{why.zh}（{osm_id}）", f"{why.en} ({osm_id})")) for osm_id, why in found.items())


def _tagged_in_xml(file: Path) -> list[str]:
    handler = _Tagged()
    with file.open("rb") as stream:
        parse_markup(stream, file, "OSM", handler)
    return handler.found


class _Tagged:
    """Names the ways and relations that are tagged as a building."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._id = ""

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Take a start tag."""
        if name in ("node", "way", "relation"):
            self._id = "" if name == "node" else f"{name}/{attributes.get('id')}"
        elif name == "tag" and self._id and attributes.get("k") == "building" and attributes.get("v") != "no":
            self.found.append(self._id)

    def end(self, name: str) -> None:
        """Take an end tag."""

    def text(self, text: str) -> None:
        """Take text."""
