"""Records by vector tile: households by visit status, houses, renovation sites and visits; and what is no point."""

from __future__ import annotations

from layers.drawn import Drawn

# Below this zoom a tile holds cells with counts, from it single records.
POINTS_FROM_ZOOM = 14
LAST_TILE_ZOOM = 17


def records_layer(source: str) -> Drawn:
    """Households, houses, sites and visits; which of them are shown is the page's legend.

    Parameters
    ----------
    source : str
        Tile address with ``{z}/{x}/{y}``; one tile holds all four.
    """
    return Drawn("records", {"url": source, "points_from": POINTS_FROM_ZOOM, "last_zoom": LAST_TILE_ZOOM})


def settled_layer(source: str) -> Drawn:
    """Households known only to their natural village or village: their number at its centre, never a dot for each.

    Parameters
    ----------
    source : str
        Address of the numbers with the places of the settlements; campaign and round are added by the page.
    """
    return Drawn("settled", {"url": source, "from_zoom": POINTS_FROM_ZOOM})
