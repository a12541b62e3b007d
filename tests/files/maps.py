"""Map files: KML, GPX, Shapefile, GeoJSON and GeoPackage."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from tests.files.case import Build, Case, Found, written

POINT = "<Point><coordinates>118.1,36.2,12</coordinates></Point>"
PLACE = "POINT (118.1 36.2)"
RING = "118,36 118.1,36 118.1,36.1 118,36"
DTD = '<!DOCTYPE kml [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


def kml(inside: str, head: str = "<?xml version='1.0' encoding='UTF-8'?>") -> str:
    """A KML document."""
    return f'{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>全镇</name>{inside}</Document></kml>'


def mark(name: str, inside: str = POINT) -> str:
    """A placemark."""
    return f"<Placemark><name>{name}</name>{inside}</Placemark>"


def packed(members: dict[str, str]) -> Build:
    """A KMZ of members."""

    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return build


def found(
    records: dict[str, list[Any]], *notes: tuple[int | None, str], crs: str | None = "wgs84", **more: Any
) -> Found:
    """What comes of a map: rows 1, 2 …"""
    count = len(next(iter(records.values())))
    return Found(records, list(range(1, count + 1)), notes=notes, crs=crs, **more)


OSM = """<osm version="0.6"><node id="1" lat="36" lon="118"/><node id="2" lat="36" lon="118.1"/>
<node id="3" lat="36.1" lon="118.1"/><node id="4" lat="36.2" lon="118.2"><tag k="building" v="yes"/></node>
<way id="5"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>
<tag k="building" v="house"/><tag k="name" v="甲"/></way>
<way id="6"><nd ref="7"/><nd ref="8"/><tag k="building" v="yes"/></way></osm>"""


ONE = found({"name": ["甲"], "geometry": [PLACE]}, kind="kml")

SHAPES = mark("线", "<LineString><coordinates>118,36\n118.1 , 36.1,5</coordinates></LineString>") + mark(
    "面",
    f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{RING}</coordinates></LinearRing></outerBoundaryIs>"
    "<innerBoundaryIs><LinearRing><coordinates>118.01,36.005 118.05,36.005 118.05,36.01 118.01,36.005</coordinates>"
    "</LinearRing></innerBoundaryIs></Polygon>",
)
SHAPES += mark("多", f"<MultiGeometry>{POINT}<Point><coordinates>119,37</coordinates></Point></MultiGeometry>")
SHAPES += mark(
    "杂", f"<MultiGeometry>{POINT}<LineString><coordinates>1,2 3,4</coordinates></LineString></MultiGeometry>"
)
SHAPES += mark(
    "迹", "<gx:Track><when>2024-05-01</when><gx:coord>118 36 9</gx:coord><gx:coord>118.1 36 9</gx:coord></gx:Track>"
)
SHAPES += mark("无", "")
SHAPES += mark("坏", "<Point><coordinates>东,北</coordinates></Point>")
SHAPES += mark("半", f"<MultiGeometry>{POINT}<Point><coordinates/></Point></MultiGeometry>")

EXTENDED = """<Folder><name>甲村</name><Folder><name>一组</name><Placemark><name>张三</name>
<description><![CDATA[<p>户主：<b>张三</b><br>人口&nbsp;3</p><script src="http://127.0.0.1:9/x.js"></script>]]></description>
<styleUrl>http://127.0.0.1:9/style.kml#a</styleUrl><TimeStamp><when>2024-05-01</when></TimeStamp>
<ExtendedData><Data name="证号"><displayName>x</displayName><value>007</value></Data>
<SchemaData schemaUrl="http://127.0.0.1:9/schema.kml#s"><SimpleData name="等级">C级</SimpleData>
<SimpleData name="name">别名</SimpleData></SchemaData></ExtendedData>
<Point><coordinates>118.1,36.2</coordinates></Point></Placemark></Folder></Folder>"""

LINKS = """<NetworkLink><name>远</name><Link><href>http://127.0.0.1:9/a.kml</href></Link></NetworkLink>
<GroundOverlay><Icon><href>http://127.0.0.1:9/a.png</href></Icon></GroundOverlay>"""

GPX = """<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata><name>x</name>
<link href="http://127.0.0.1:9/"/></metadata>
<wpt lat="36.2" lon="118.1"><ele>12.5</ele><time>2024-05-01T01:30:00Z</time><name>张<x>!</x>三</name></wpt>
<wpt lat="136.2" lon="118.1"><name>李四</name></wpt>
<trk><name>走访</name><trkseg><trkpt lat="36" lon="118"><time>2024-05-01T01:00:00Z</time></trkpt>
<trkpt lat="36.1" lon="118"><time>2024-05-01T02:00:00Z</time></trkpt><trkpt lat="x" lon="118"/></trkseg>
<trkseg><trkpt lat="36.2" lon="118"/><trkpt lat="36.3" lon="118"/></trkseg></trk>
<rte><name>短</name><rtept lat="36" lon="118"/></rte></gpx>"""


def deep_kml(path: Path) -> None:
    """Two hundred megabytes of folders in folders."""
    with path.open("wb") as file:
        file.write(b"<kml>")
        for _ in range(200):
            file.write(b"<Folder>" * (1 << 17))


def houses() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"名称": ["甲村", "乙村"], "户数": [12, 7]},
        geometry=[shapely.Point(118, 36), shapely.Point(119, 37)],
        crs="EPSG:4490",
    )


PLACES = ["POINT (118 36)", "POINT (119 37)"]
NAMED = {"名称": ["甲村", "乙村"], "户数": [12, 7], "geometry": PLACES}


def shapefile(change: Callable[[Path], Any] = lambda _: None, encoding: str = "GBK") -> Build:
    """A Shapefile with its parts changed."""

    def build(path: Path) -> None:
        houses().to_file(path, encoding=encoding)
        change(path)

    return build


def without(*endings: str) -> Callable[[Path], None]:
    """Take parts away."""

    def change(path: Path) -> None:
        for ending in endings:
            path.with_suffix(ending).unlink()

    return change


def shorter_table(path: Path) -> None:
    """Take the table of a layer with one shape less."""
    other = path.with_name("other.shp")
    houses().head(1).to_file(other, encoding="GBK")
    other.with_suffix(".dbf").replace(path.with_suffix(".dbf"))


def saying(text: str) -> Callable[[Path], Any]:
    """Let the .cpg say something else."""
    return lambda path: path.with_suffix(".cpg").write_text(text)


def feature(properties: dict[str, Any], geometry: Any) -> str:
    return json.dumps({"type": "Feature", "properties": properties, "geometry": geometry}, ensure_ascii=False)


MAPS: tuple[Case, ...] = (
    Case("plain", "a.kml", written(kml(mark("甲"))), (ONE,), apart=True),
    Case(
        "packed", "a.kmz", packed({"files/x": "1", "b.kml": "<kml/>", "doc.kml": kml(mark("甲"))}), (ONE,), apart=True
    ),
    Case("packed under the wrong ending", "a.kml", packed({"doc.kml": kml(mark("甲"))}), (ONE,)),
    Case("not packed under the wrong ending", "a.kmz", written(kml(mark("甲"))), (ONE,)),
    Case("a placemark is all there is", "a.kml", written(mark("甲")), (ONE,)),
    Case(
        "shapes of every kind, none, and some that do not parse",
        "a.kml",
        written(kml(SHAPES)),
        (
            found(
                {
                    "name": ["线", "面", "多", "杂", "迹", "无", "坏", "半"],
                    "geometry": [
                        "LINESTRING (118 36, 118.1 36.1)",
                        "POLYGON ((118 36, 118.1 36, 118.1 36.1, 118 36), "
                        "(118.01 36.005, 118.05 36.005, 118.05 36.01, 118.01 36.005))",
                        "MULTIPOINT ((118.1 36.2), (119 37))",
                        "GEOMETRYCOLLECTION (POINT (118.1 36.2), LINESTRING (1 2, 3 4))",
                        "LINESTRING (118 36, 118.1 36)",
                        None,
                        None,
                        None,
                    ],
                },
                (7, "坐标读不出来"),
                (8, "坐标读不出来"),
            ),
        ),
        apart=True,
    ),
    Case(
        "folders, extended data, markup in the description, addresses everywhere",
        "a.kml",
        written(kml(EXTENDED)),
        (
            found(
                {
                    "name": ["张三"],
                    "description": ["户主：张三\n人口 3"],
                    "when": ["2024-05-01"],
                    "folder": ["甲村/一组"],
                    "证号": ["007"],
                    "等级": ["C级"],
                    "geometry": [PLACE],
                }
            ),
        ),
    ),
    Case(
        "a network link and an overlay",
        "a.kml",
        written(kml(mark("甲") + LINKS)),
        (found({"name": ["甲"], "geometry": [PLACE]}, (None, "1个网络链接"), (None, "1个叠加图片")),),
        apart=True,
    ),
    Case(
        "GBK, as declared", "a.kml", written(kml(mark("甲"), "<?xml version='1.0' encoding='GB2312'?>"), "gbk"), (ONE,)
    ),
    Case(
        "GBK, declared as UTF-8",
        "a.kml",
        written(kml(mark("甲")), "gbk"),
        (found({"name": ["甲"], "geometry": [PLACE]}, (None, "按 GB18030 读取")),),
    ),
    Case("UTF-16", "a.kml", written(kml(mark("甲"), "<?xml version='1.0' encoding='UTF-16'?>"), "utf-16"), (ONE,)),
    Case("entities", "a.kml", written(kml(mark("&e;"), DTD)), "DTD", apart=True),
    Case("folders in folders without end", "a.kml", deep_kml, "nested too deeply", apart=True, large=True),
    Case(
        "another kind of XML",
        "a.kml",
        written("<svg><image href='http://127.0.0.1:9/'/></svg>"),
        "root element is “svg”",
    ),
    Case("an encoding that is none", "a.kml", written("<?xml version='1.0' encoding='x-y'?><kml/>"), "encoding x-y"),
    Case("no placemark", "a.kml", written(kml("")), "nothing in it"),
    Case("a KMZ without KML", "a.kmz", packed({"a.txt": "x"}), "no .kml in the archive"),
    Case("torn", "a.kml", written(kml(mark("甲"))[:-20]), "damaged"),
    Case(
        "waypoints, a track of two pieces with a point that is none, a route of one point",
        "a.gpx",
        written(GPX),
        (
            found(
                {
                    "name": ["张!三", "李四"],
                    "time": ["2024-05-01T01:30:00Z", None],
                    "ele": ["12.5", None],
                    "geometry": [PLACE, None],
                },
                (2, "坐标读不出来"),
                name="waypoints",
                kind="gpx",
            ),
            found(
                {
                    "name": ["走访"],
                    "begin": ["2024-05-01T01:00:00Z"],
                    "end": ["2024-05-01T02:00:00Z"],
                    "geometry": ["MULTILINESTRING ((118 36, 118 36.1), (118 36.2, 118 36.3))"],
                },
                (1, "1个轨迹点"),
                name="tracks",
            ),
            found({"name": ["短"], "geometry": [None]}, name="routes"),
        ),
        apart=True,
    ),
    Case("a GPX with nothing in it", "a.gpx", written("<gpx/>"), "nothing in it"),
    Case("entities in GPX", "a.gpx", written("<!DOCTYPE gpx [<!ENTITY e 'x'>]><gpx/>"), "DTD"),
    Case("a KML called gpx", "a.gpx", written(kml(mark("甲"))), "root element is “kml”"),
    Case(
        "a building, a building drawn as a point, and one whose outline has no corners",
        "a.osm",
        written(OSM),
        (
            found(
                {
                    "osm_id": ["way/5"],
                    "building": ["house"],
                    "name": ["甲"],
                    **{f"building:{key}": [None] for key in ("levels", "material")},
                    "start_date": [None],
                    "tags": ['{"building": "house", "name": "甲"}'],
                    "geometry": ["POLYGON ((118 36, 118.1 36, 118.1 36.1, 118 36))"],
                },
                name="buildings",
                kind="osm",
                ignored=[0, 0],
            ),
        ),
        apart=True,
    ),
    Case("torn behind the last way", "a.osm", written(OSM.replace("</osm>", "<osm")), "damaged"),
    Case(
        "OSM in an encoding expat does not know",
        "a.osm",
        written("<?xml version='1.0' encoding='gbk'?><osm/>"),
        "damaged",
    ),
    Case("plain", "a.shp", shapefile(), (found(NAMED, crs="cgcs2000", kind="shapefile"),), apart=True),
    Case(
        "the .cpg says UTF-8 and the table is GBK",
        "a.shp",
        shapefile(saying("UTF-8")),
        (found(NAMED, (None, ".cpg 写的编码是UTF-8，与属性表不符，已按GB18030读取"), crs="cgcs2000"),),
        apart=True,
    ),
    Case("the .cpg says nonsense", "a.shp", shapefile(saying("\0\0 ???")), (found(NAMED, crs="cgcs2000"),)),
    Case("no .cpg", "a.shp", shapefile(without(".cpg")), (found(NAMED, crs="cgcs2000"),)),
    Case(
        "the encoding is told",
        "a.shp",
        shapefile(saying("UTF-8")),
        (found(NAMED, crs="cgcs2000"),),
        {"encoding": "gbk"},
    ),
    Case("no .prj", "a.shp", shapefile(without(".prj")), (found(NAMED, crs=None),)),
    Case("no .shx", "a.shp", shapefile(without(".shx")), (found(NAMED, (None, "缺少 .shx"), crs="cgcs2000"),)),
    Case(
        "nothing but the shapes",
        "a.shp",
        shapefile(without(".shx", ".dbf", ".prj", ".cpg")),
        (found({"geometry": PLACES}, (None, "缺少 .dbf"), (None, "缺少 .shx"), crs=None),),
        apart=True,
    ),
    Case(
        "a table of one byte", "a.shp", shapefile(lambda p: p.with_suffix(".dbf").write_bytes(b"x")), "damaged (.dbf)"
    ),
    Case(
        "a table cut in its last record",
        "a.shp",
        shapefile(lambda p: p.with_suffix(".dbf").write_bytes(p.with_suffix(".dbf").read_bytes()[:-60])),
        "damaged (.dbf)",
    ),
    Case(
        "a table of fewer rows than shapes",
        "a.shp",
        shapefile(shorter_table),
        "damaged (.shp 2, .dbf 1)",
    ),
    Case("cut in the middle", "a.shp", shapefile(lambda p: p.write_bytes(p.read_bytes()[:110])), "damaged"),
    Case("a text called shp", "a.shp", written("/vsicurl/http://127.0.0.1:9/a.shp"), "no Shapefile"),
    Case(
        "GeoJSON in GBK",
        "a.geojson",
        written(feature({"村": "鄌郚", "n": 1.5}, {"type": "Point", "coordinates": [118.1, 36.2]}), "gbk"),
        (found({"村": ["鄌郚"], "n": [1.5], "geometry": [PLACE]}, crs=None),),
        apart=True,
    ),
    Case(
        "lists in lists without end",
        "a.geojson",
        written(b"[" * 3_000_000),
        "nested too deeply",
        apart=True,
        large=True,
    ),
    Case(
        "objects in objects without end",
        "a.geojson",
        written('{"type":"Feature","properties":{"a":' + '{"a":' * 100_000),
        "nested too deeply",
        apart=True,
    ),
    Case(
        "a geometry beside points of infinity",
        "a.geojson",
        written(feature({"a": 1}, {"type": "Point", "coordinates": [1e999, 1]})),
        (found({"a": [1], "geometry": [None]}, crs=None),),
    ),
    Case(
        "a layer of a GeoPackage",
        "a.gpkg",
        lambda path: houses().to_file(path, layer="村"),
        (found(NAMED, crs="cgcs2000", name="村", kind="gpkg"),),
        apart=True,
    ),
)
