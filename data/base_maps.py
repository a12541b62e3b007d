"""Other base maps (底图) as an installation offers them: files of tiles, and sources on the network for the browser.

The server itself asks no source for anything: it reads its files, and tells browsers the addresses of the rest.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from geo.errors import FangtuError, Text

SUFFIXES = (".pmtiles", ".mbtiles")
MOST_ENTRIES = 40
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# Letters of a host as a content policy may hold it; {s} stands for the subdomains.
_HOST = re.compile(r"(?:[a-z0-9-]|\{s\})+(?:\.(?:[a-z0-9-]|\{s\})+)*")
_PATH = re.compile(r"[\w./~%&=?:@+,;!$()*{}-]*", re.ASCII)
_PARTS = {"{z}", "{x}", "{y}", "{-y}", "{s}"}
_TIANDITU_LAYERS = {"vec": ("vec", "cva"), "img": ("img", "cia"), "ter": ("ter", "cta")}
_TIANDITU_NAMES = {
    "vec": Text("天地图·矢量", "Tianditu, map"),
    "img": Text("天地图·影像", "Tianditu, imagery"),
    "ter": Text("天地图·地形", "Tianditu, terrain"),
}
_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&LAYER={layer}"
    "&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&TileMatrix={{z}}&TileRow={{y}}&TileCol={{x}}&tk={key}"
)

_NOTHING = Text("", "")


class BaseMapUnfit(FangtuError):
    """The list of base maps names something that is unknown, missing or makes no sense."""

    code = "settings"


@dataclass(frozen=True)
class TileFile:
    """A file of tiles to offer.

    Attributes
    ----------
    name : str
        What stands in addresses; unique.
    path : Path
        PMTiles or MBTiles; need not exist yet.
    label, credit : Text or None
        Words of the list; without them the file's own title and attribution are shown.
    approval : str
        Map approval number (审图号), empty if none is to be shown.
    """

    name: str
    path: Path
    label: Text | None = None
    credit: Text | None = None
    approval: str = ""


@dataclass(frozen=True)
class OnlineSource:
    """Picture tiles on the network, fetched by the browser of who chooses them.

    Attributes
    ----------
    urls : tuple of str
        Addresses with ``{z}``, ``{x}``, ``{y}`` (or ``{-y}``, rows from the south) and perhaps ``{s}``, drawn one over
        the other. They may hold a key, so they are never repeated in an error and never logged.
    hosts : str
        Letters or words that ``{s}`` stands for.
    crs : str
        ``wgs84`` (also CGCS2000) or ``gcj02``, whose tiles are shifted back where they are drawn.
    referrer : str
        ``none``, or ``origin`` for sources whose key is bound to the address of this site.
    """

    name: str
    label: Text
    urls: tuple[str, ...] = field(repr=False)
    hosts: tuple[str, ...] = ()
    crs: str = "wgs84"
    min_zoom: int = 1
    max_zoom: int = 18
    credit: Text = _NOTHING
    approval: str = ""
    referrer: str = "none"

    def origins(self) -> list[str]:
        """Scheme and host of every address, sorted: exactly what a content policy has to permit."""
        found = set()
        for url in self.urls:
            parts = urlsplit(url)
            for host in self.hosts or ("",):
                found.add(f"{parts.scheme}://{parts.netloc.replace('{s}', host)}")
        return sorted(found)


@dataclass(frozen=True)
class BaseMaps:
    """Everything offered besides the own map."""

    files: tuple[TileFile, ...] = ()
    sources: tuple[OnlineSource, ...] = ()

    def origins(self) -> list[str]:
        """Hosts browsers may fetch pictures from, sorted."""
        return sorted({origin for source in self.sources for origin in source.origins()})


def read_base_maps(listed: Path | None, paths: str) -> BaseMaps:
    """Read what is to be offered.

    Parameters
    ----------
    listed : Path or None
        TOML with ``[[file]]`` and ``[[source]]``; relative paths in it are relative to its folder.
    paths : str
        Files and folders of files, separated by ``:``; each PMTiles or MBTiles file of a folder is offered.

    Raises
    ------
    BaseMapUnfit
        If the list cannot be read, or an entry has an unknown word, lacks one or makes no sense.
    """
    files: list[TileFile] = []
    sources: list[OnlineSource] = []
    taken: set[str] = set()
    if listed is not None:
        for kind, number, entry in _entries(listed):
            try:
                if kind == "file":
                    files.append(_file(entry, listed.parent, taken))
                else:
                    sources.append(_source(entry, taken))
            except _Unfit as unfit:
                text = unfit.text
                raise BaseMapUnfit(
                    Text(
                        f"底图清单 {listed.name} 第 {number} 个 [[{kind}]]：{text.zh}。",
                        f"List of base maps {listed.name}, [[{kind}]] no. {number}: {text.en}.",
                    ),
                    row=number,
                ) from None
    known = {file.path for file in files}
    for path in _listed_files(paths):
        if path not in known:
            files.append(TileFile(_free_name(path.stem, taken), path))
            known.add(path)
    return BaseMaps(tuple(files), tuple(sources))


class _Unfit(Exception):
    """What is wrong with one entry; never with a value that may be a key."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def _entries(listed: Path) -> list[tuple[str, int, Mapping[str, Any]]]:
    try:
        whole = tomllib.loads(listed.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BaseMapUnfit(
            Text(f"读不到底图清单 {listed}。", f"Cannot read the list of base maps {listed}."), found=str(listed)
        ) from error
    except ValueError as error:
        # The reader's own words may repeat a line, and with it a key.
        place = re.search(r"line \d+", str(error))
        raise BaseMapUnfit(
            Text(
                f"底图清单 {listed.name} 不是 TOML 文件（{place[0] if place else 'UTF-8'}）。",
                f"The list of base maps {listed.name} is no TOML file ({place[0] if place else 'UTF-8'}).",
            )
        ) from None
    found: list[tuple[str, int, Mapping[str, Any]]] = []
    for kind, entries in whole.items():
        if kind not in ("file", "source") or not isinstance(entries, list):
            raise BaseMapUnfit(
                Text(
                    f"底图清单 {listed.name} 里有不认识的“{kind}”，应为 [[file]] 或 [[source]]。",
                    f"The list of base maps {listed.name} holds '{kind}'; expected [[file]] or [[source]].",
                ),
                found=kind,
            )
        found += [(kind, number, entry) for number, entry in enumerate(entries, 1) if isinstance(entry, dict)]
    if len(found) > MOST_ENTRIES:
        raise BaseMapUnfit(
            Text(
                f"底图清单里有 {len(found)} 个底图，最多 {MOST_ENTRIES} 个。",
                f"The list of base maps has {len(found)} entries, at most {MOST_ENTRIES}.",
            ),
            found=len(found),
        )
    return found


def _file(entry: Mapping[str, Any], folder: Path, taken: set[str]) -> TileFile:
    _check_words(entry, {"name", "path", "label_zh", "label_en", "credit_zh", "credit_en", "approval"})
    path = folder / _words(entry, "path", needed=True, most=1000)
    if path.suffix.lower() not in SUFFIXES:
        raise _Unfit("path 应以 .pmtiles 或 .mbtiles 结尾", "path must end in .pmtiles or .mbtiles")
    name = _name(entry, taken) if "name" in entry else _free_name(path.stem, taken)
    return TileFile(
        name,
        path,
        label=_pair(entry, "label"),
        credit=_pair(entry, "credit"),
        approval=_words(entry, "approval"),
    )


def _source(entry: Mapping[str, Any], taken: set[str]) -> OnlineSource:
    shared = {"kind", "name", "label_zh", "label_en", "credit_zh", "credit_en", "approval", "referrer"}
    kind = entry.get("kind", "xyz")
    if kind == "tianditu":
        _check_words(entry, shared | {"style", "key"})
        style, key = entry.get("style", "vec"), _words(entry, "key", needed=True)
        if style not in _TIANDITU_LAYERS:
            raise _Unfit("style 应为 vec、img 或 ter", "style must be vec, img or ter")
        if not re.fullmatch(r"[0-9A-Za-z]{8,64}", key):
            raise _Unfit(
                "key 不像天地图的密钥，应为字母和数字", "key is no key of Tianditu: letters and digits expected"
            )
        urls = tuple(_TIANDITU.format(layer=layer, key=key) for layer in _TIANDITU_LAYERS[style])
        label = _pair(entry, "label") or _TIANDITU_NAMES[style]
        credit = _pair(entry, "credit") or Text("天地图 · 国家地理信息公共服务平台", "Tianditu, NGCC")
        hosts, crs, zooms = tuple("01234567"), "wgs84", (1, 18)
    elif kind == "xyz":
        _check_words(entry, shared | {"url", "overlay_url", "subdomains", "crs", "min_zoom", "max_zoom"})
        hosts = _subdomains(entry)
        urls = tuple(
            _address(_words(entry, key, needed=key == "url", most=2000), key, hosts)
            for key in ("url", "overlay_url")
            if key == "url" or key in entry
        )
        found = _pair(entry, "label")
        if found is None:
            raise _Unfit("缺少 label_zh", "label_zh is missing")
        label, credit, crs, zooms = found, _pair(entry, "credit") or _NOTHING, _crs(entry), _zooms(entry)
    else:
        raise _Unfit("kind 应为 xyz 或 tianditu", "kind must be xyz or tianditu")
    referrer = entry.get("referrer", "none")
    if referrer not in ("none", "origin"):
        raise _Unfit("referrer 应为 none 或 origin", "referrer must be none or origin")
    return OnlineSource(
        name=_name(entry, taken),
        label=label,
        urls=urls,
        hosts=hosts,
        crs=crs,
        min_zoom=zooms[0],
        max_zoom=zooms[1],
        credit=credit,
        approval=_words(entry, "approval"),
        referrer=referrer,
    )


def _check_words(entry: Mapping[str, Any], known: set[str]) -> None:
    for word in entry:
        if word not in known:
            raise _Unfit(f"不认识的“{word[:40]}”", f"unknown word '{word[:40]}'")


def _words(entry: Mapping[str, Any], key: str, *, needed: bool = False, most: int = 200) -> str:
    value = entry.get(key, "")
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise _Unfit(f"{key} 应为一行文字", f"{key} must be one line of text")
    if needed and not value.strip():
        raise _Unfit(f"缺少 {key}", f"{key} is missing")
    return value.strip()


def _pair(entry: Mapping[str, Any], key: str) -> Text | None:
    zh, en = _words(entry, f"{key}_zh"), _words(entry, f"{key}_en")
    return Text(zh or en, en or zh) if zh or en else None


def _name(entry: Mapping[str, Any], taken: set[str]) -> str:
    name = _words(entry, "name", needed=True)
    if not _NAME.fullmatch(name) or name in ("own", "none"):
        raise _Unfit("name 应为小写字母、数字、- 和 _", "name must be of small letters, digits, - and _")
    if name in taken:
        raise _Unfit(f"name“{name}”重复", f"name '{name}' is there twice")
    taken.add(name)
    return name


def _free_name(stem: str, taken: set[str]) -> str:
    """A name for addresses, from the file's own: Chinese letters have none there, so they fall away."""
    base = re.sub(r"[^a-z0-9_]+", "-", stem.lower()).strip("-_")[:36] or "file"
    name, number = base if base not in ("own", "none") else f"{base}-map", 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def _subdomains(entry: Mapping[str, Any]) -> tuple[str, ...]:
    value = entry.get("subdomains", "")
    hosts = (
        tuple(value) if isinstance(value, str) else tuple(str(one) for one in value) if isinstance(value, list) else ()
    )
    if len(hosts) > 16 or not all(re.fullmatch(r"[a-z0-9-]{1,20}", host) for host in hosts):
        raise _Unfit('subdomains 应为字母数字，如 "0123"', 'subdomains must be letters and digits, as in "0123"')
    return hosts


def _address(url: str, key: str, hosts: tuple[str, ...]) -> str:
    """Check an address so strictly that its host can stand in a content policy."""
    unfit = _Unfit(
        f"{key} 应为 http(s) 地址，含 {{z}}、{{x}}、{{y}}",
        f"{key} must be an http(s) address with {{z}}, {{x}} and {{y}}",
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise unfit from None
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or "#" in url:
        raise unfit
    if not _PATH.fullmatch(url[len(parts.scheme) + 3 + len(parts.netloc) :]):
        raise unfit
    marks = re.findall(r"\{[^{}]*\}", url)
    if not set(marks) <= _PARTS or re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", url)):
        raise unfit
    if "{z}" not in marks or "{x}" not in marks or ("{y}" in marks) == ("{-y}" in marks):
        raise unfit
    if ("{s}" in marks) != ("{s}" in host):
        raise unfit
    if "{s}" in host and not hosts:
        raise _Unfit(f"{key} 里有 {{s}}，但没有 subdomains", f"{key} has {{s}} but there are no subdomains")
    return url


def _crs(entry: Mapping[str, Any]) -> str:
    crs = str(entry.get("crs", "wgs84")).lower()
    if crs in ("bd09", "bd-09"):
        raise _Unfit(
            "百度地图用自己的瓦片网格，不能作底图；crs 应为 wgs84 或 gcj02",
            "Baidu's map has a tile grid of its own and cannot be used; crs must be wgs84 or gcj02",
        )
    if crs == "cgcs2000":
        return "wgs84"  # the same to within centimetres
    if crs not in ("wgs84", "gcj02"):
        raise _Unfit("crs 应为 wgs84、cgcs2000 或 gcj02", "crs must be wgs84, cgcs2000 or gcj02")
    return crs


def _zooms(entry: Mapping[str, Any]) -> tuple[int, int]:
    low, high = entry.get("min_zoom", 1), entry.get("max_zoom", 18)
    if not (isinstance(low, int) and isinstance(high, int) and 0 <= low <= high <= 22):
        raise _Unfit("min_zoom 和 max_zoom 应为 0 至 22 的整数", "min_zoom and max_zoom must be whole numbers, 0 to 22")
    return low, high


def _listed_files(paths: str) -> list[Path]:
    found: list[Path] = []
    for part in filter(None, paths.split(":")):
        path = Path(part)
        if path.suffix.lower() in SUFFIXES:
            found.append(path)
        elif path.is_dir():
            found += sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)[:MOST_ENTRIES]
        else:
            raise BaseMapUnfit(
                Text(
                    f"FANGTU_BASEMAP_FILE 中的 {part} 不是文件夹，也不是 .pmtiles 或 .mbtiles 文件。",
                    f"{part} in FANGTU_BASEMAP_FILE is neither a folder nor a .pmtiles or .mbtiles file.",
                ),
                found=part,
            )
    return found
