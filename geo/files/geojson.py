"""GeoJSON, read by hand: values keep their types, and the ``crs`` member of older files is heeded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from geo.crs import CrsUnknown, System, parse_system
from geo.errors import Text
from geo.files.encoding import find_encoding
from geo.files.guards import check_foreign, damaged, too_large
from geo.files.sheet import MAX_COLUMNS, MAX_ROWS, Sheet, column_names, object_frame, storable, unreadable

MAX_JSON_BYTES = 1 << 29
_MAX_DEPTH = 20
_AT_A_TIME = 10_000
_EXPECTED = Text("GeoJSON 要素集合（FeatureCollection）", "a GeoJSON FeatureCollection")
_GEOMETRIES = frozenset(
    ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"]
)


def read_geojson(path: Path, *, encoding: str | None = None) -> Sheet:
    """Read a FeatureCollection, a Feature or a bare geometry.

    Parameters
    ----------
    path : Path
        A checked local file.
    encoding : str, optional
        By default UTF-8, else GB18030.

    Returns
    -------
    Sheet
        ``crs`` is None where the file names none; by the standard that is WGS-84. A geometry that does not parse is
        None; lists and objects among the properties become JSON text; an ``id`` beside the properties is a column.

    Raises
    ------
    FileUnreadable
        If it is no GeoJSON, nested too deeply, or too large.
    CrsUnknown
        If it names a system that cannot be converted.
    """
    check_foreign(path, _EXPECTED)
    if path.stat().st_size > MAX_JSON_BYTES:
        raise too_large(path)
    try:
        content = json.loads(
            path.read_text(encoding=find_encoding(path, encoding)).removeprefix("\ufeff"), object_hook=_packed
        )
    except RecursionError:
        raise _too_deep(path) from None
    except ValueError as error:
        raise damaged(path, "GeoJSON", error) from error
    if isinstance(content, _Packed):
        content = {"type": "Feature", "properties": {}, "geometry": content}
    features = _features(content, path)
    crs = _named_system(content, path)
    del content
    shapes = _shapes(features, path)
    columns, cells = _properties(features, path)
    del features
    frame = gpd.GeoDataFrame(object_frame(columns, cells), geometry=gpd.GeoSeries(shapes, dtype="geometry"))
    return Sheet(path.stem, frame, np.arange(1, len(frame) + 1, dtype=np.int64), crs, 0, "geojson")


class _Packed:
    """A geometry as JSON text: as numbers in lists it takes ten times the memory of the file."""

    __slots__ = ("text",)

    def __init__(self, geometry: dict[str, Any]) -> None:
        self.text = json.dumps(geometry)


def _packed(member: dict[str, Any]) -> dict[str, Any] | _Packed:
    """An object just read; a geometry of plain coordinates is packed at once."""
    if len(member) == 2 and member.get("type") in _GEOMETRIES and isinstance(member.get("coordinates"), list):
        return _Packed(member)
    return member


def _dump(value: Any, *, ensure_ascii: bool = True) -> str:
    """JSON text of what was read."""
    return json.dumps(value, ensure_ascii=ensure_ascii, default=lambda packed: json.loads(packed.text))


def _features(content: Any, path: Path) -> list[dict[str, Any]]:
    kind = _kind(content)
    if kind == "Feature":
        features = [content]
    elif kind in _GEOMETRIES:
        features = [{"type": "Feature", "properties": {}, "geometry": content}]
    elif kind == "FeatureCollection" and isinstance(content.get("features"), list):
        features = content["features"]
    else:
        found = str(kind)[:40] if kind else "?"
        raise unreadable(
            path,
            Text(f"这不是 GeoJSON（类型为“{found}”）", f"it is no GeoJSON (its type is “{found}”)"),
            _EXPECTED,
            Text("请用原来的软件导出为 GeoJSON", "Export it as GeoJSON from the software it comes from"),
        )
    if len(features) > MAX_ROWS:
        raise too_large(path)
    for number, feature in enumerate(features, start=1):
        if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
            raise damaged(path, "GeoJSON", f"feature {number}")
    return features


def _kind(member: Any) -> str | None:
    """Give the type of an object, None for anything else."""
    kind = member.get("type") if isinstance(member, dict) else None
    return kind if isinstance(kind, str) else None


def _named_system(content: dict[str, Any], path: Path) -> System | None:
    """Read the ``crs`` member (GeoJSON of 2008)."""
    member = content.get("crs")
    if member is None:
        return None
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") or properties.get("code") if isinstance(properties, dict) else None
    if not isinstance(name, str | int):
        raise CrsUnknown(
            Text(
                f"“{path.name}”的 crs 成员没有写明坐标系名称，应为 EPSG:编号。",
                f"The crs member of “{path.name}” names no system; expected EPSG:number.",
            ),
            found=_dump(member)[:200],
            expected="EPSG:n",
        )
    return parse_system(str(name))


def _shapes(features: list[dict[str, Any]], path: Path) -> NDArray[np.object_]:
    """Geometries of the features, which lose them: large files would stand in memory twice."""
    shapes = np.empty(len(features), dtype=object)
    for start in range(0, len(features), _AT_A_TIME):
        part = slice(start, start + _AT_A_TIME)
        texts = [_geometry_text(feature.pop("geometry", None), path) for feature in features[part]]
        shapes[part] = shapely.from_geojson(np.array(texts, dtype=object), on_invalid="ignore")
    return shapes


def _geometry_text(geometry: Any, path: Path) -> str | None:
    """Give a geometry back as JSON text, which GEOS parses faster than Python builds it."""
    if isinstance(geometry, _Packed):
        return geometry.text
    if _kind(geometry) not in _GEOMETRIES:
        return None
    if _collections(geometry) > _MAX_DEPTH:
        raise _too_deep(path)
    return _dump(geometry)


def _collections(geometry: dict[str, Any]) -> int:
    """Count how deep collections stand in collections; anything else is nested as deep as its type wants it."""
    depth, level = 0, [geometry]
    while level and depth <= _MAX_DEPTH:
        depth += 1
        members = [one["geometries"] for one in level if isinstance(one.get("geometries"), list)]
        level = [child for group in members for child in group if isinstance(child, dict)]
    return depth


def _properties(features: list[dict[str, Any]], path: Path) -> tuple[list[str], list[tuple[Any, ...]]]:
    keys: dict[str, None] = {}
    for feature in features:
        keys.update(dict.fromkeys(feature.get("properties") or ()))
    if "id" not in keys and any("id" in feature for feature in features):
        keys = {"id": None, **keys}
        features = [
            {**feature, "properties": {"id": feature.get("id"), **(feature.get("properties") or {})}}
            for feature in features
        ]
    if len(keys) > MAX_COLUMNS:
        raise too_large(path)
    names = column_names(["geometry", *keys])[1:]
    cells = []
    for feature in features:
        properties = feature.get("properties") or {}
        cells.append(tuple(_plain(properties.get(key)) for key in keys))
    return names, cells


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value) if value.strip() else None
    if isinstance(value, dict | list | _Packed):
        return storable(_dump(value, ensure_ascii=False))
    return value


def _too_deep(path: Path) -> Exception:
    return unreadable(
        path,
        Text("嵌套层数过多", "it is nested too deeply"),
        Text(f"不超过{_MAX_DEPTH}层的 GeoJSON", f"GeoJSON of at most {_MAX_DEPTH} levels"),
        Text("请用原来的软件重新导出", "Export it again from the software it comes from"),
    )
