"""Which sheets of a map extract a kind is made of."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd

from data.imports.report import ImportRefused
from geo.errors import Text
from geo.files import Sheet

_THEMES = {"houses": ("buildings",), "base": ("roads", "landuse", "water"), "areas": ("places",), "roads": ("roads",)}


def choose_themes(sheets: list[Sheet], kind: str) -> list[Sheet]:
    """Take the themes of an OpenStreetMap extract that serve a kind; other files are taken whole.

    For the base map each theme names its features by its own tags.

    Raises
    ------
    ImportRefused
        If the extract has none of them.
    """
    if not sheets or sheets[0].kind != "osm":
        return sheets
    wanted = _THEMES.get(kind, ())
    chosen = [sheet for sheet in sheets if sheet.name in wanted]
    if not chosen:
        has = "、".join(sheet.name for sheet in sheets) or "-"
        raise ImportRefused(
            Text(
                f"OSM 文件里没有可作为“{kind}”的内容（有：{has}）。"
                "OSM 可导入为 houses（房屋轮廓）、base（底图）或 roads（路网）。",
                f"The OSM extract has nothing for '{kind}' (it has: {has}). OSM serves as houses, base or roads.",
            ),
            found=has,
        )
    if kind == "base":
        return [replace(sheet, frame=_plain(sheet)) for sheet in chosen]
    return chosen


def _plain(sheet: Sheet) -> gpd.GeoDataFrame:
    frame = sheet.frame
    assert isinstance(frame, gpd.GeoDataFrame)
    keep = [name for name in ("highway", "waterway", "natural", "landuse", "water", "name") if name in frame.columns]
    plain = frame[[*keep, frame.geometry.name]].copy()
    if sheet.name == "landuse":
        # What is there for its leisure alone is a park or a reserve.
        bare = plain["landuse"].isna() & plain["natural"].isna()
        plain.loc[bare, "natural"] = "wood"
    return plain
