"""The township's map: our own base map drawn from local tiles, and the layers given, in the order of their panes."""

from __future__ import annotations

from collections.abc import Sequence

import folium

from layers.drawn import Drawn, Start

# Where a map opens before it knows its area of duty; the page then fits the view to the area.
_MIDDLE = (36.447, 118.860)


def base_layer(source: str, *, others: str | None = None, names: str | None = None) -> Drawn:
    """Land, water, woods, roads and buildings from vector tiles of our own store; works with no internet.

    Parameters
    ----------
    source : str
        Tile address with ``{z}/{x}/{y}``.
    others : str, optional
        Address of the list of other base maps to choose from; without it there is no choice but none.
    names : str, optional
        Address, with ``{z}/{x}/{y}``, of the names of natural villages.
    """
    return Drawn("base", {"url": source, "others": others, "names": names})


def township_map(layers: Sequence[Drawn]) -> folium.Map:
    """The map shell: no outside tiles, our own tools instead of Leaflet's, layers from bottom to top."""
    drawn = folium.Map(
        location=_MIDDLE,
        zoom_start=12,
        tiles=None,
        zoom_control=False,
        control_scale=False,
        prefer_canvas=False,
    )
    # Folium sets a limit only through a tile layer; without one, Leaflet refuses to zoom to a selection.
    drawn.options.update({"minZoom": 3, "maxZoom": 20, "zoomSnap": 0.5, "attributionControl": False})
    for layer in layers:
        drawn.add_child(layer)
    drawn.add_child(Start())
    return drawn
