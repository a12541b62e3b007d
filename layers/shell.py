"""The rendered shell of a map: Folium's element, script and links, with every asset local and no record inside.

Folium writes text into template literals, where even an escaped name runs as script. So what it renders here is fixed
Python; it is served as a file of its own, under a policy that permits no inline script.
"""

from __future__ import annotations

from dataclasses import dataclass

import folium
from branca.element import Figure

# Folium's names for its assets, and where they lie here; None = not needed by these maps, so not loaded.
ASSETS: dict[str, str | None] = {
    "leaflet": "vendor/leaflet/leaflet.js",
    "leaflet_css": "vendor/leaflet/leaflet.css",
    "jquery": None,
    "bootstrap": None,
    "bootstrap_css": None,
    "awesome_markers": None,
    "awesome_markers_css": None,
    "awesome_markers_font_css": None,
    "glyphicons_css": None,
    "awesome_rotate_css": None,
}
# What the page states itself: Folium's own viewport forbids zooming, its rules belong in a style file.
_SWITCHES = "L_NO_TOUCH = false;\nL_DISABLE_3D = false;\n"


class AssetUnknown(LookupError):
    """Folium asks for a script or style that has no local copy."""


@dataclass(frozen=True)
class Shell:
    """What a page and its script file need of a map.

    Attributes
    ----------
    map_name : str
        Name of the element and of the script's variable.
    body : str
        The map's element.
    script : str
        JavaScript that makes the map and adds its layers; the same for everyone.
    scripts, styles : tuple of str
        Paths under ``static`` to load before it.
    """

    map_name: str
    body: str
    script: str
    scripts: tuple[str, ...]
    styles: tuple[str, ...]


def render_shell(drawn: folium.Map) -> Shell:
    """Render a map whose every asset is local.

    Raises
    ------
    AssetUnknown
        If a plugin brings a link that is not in :data:`ASSETS`.
    """
    # A fixed name, so that the script is the same for everyone and can be kept by browsers.
    drawn._id = "township"
    root = drawn.get_root()
    assert isinstance(root, Figure)
    root.render()
    paths: list[str] = []
    for name, element in root.header._children.items():
        url = getattr(element, "url", None)
        if url is None:
            continue
        if name not in ASSETS:
            raise AssetUnknown(f"{name} ({url}) has no local copy; add it to static/package.json and ASSETS")
        local = ASSETS[name]
        if local is not None:
            paths.append(local)
    return Shell(
        map_name=drawn.get_name(),
        body=root.html.render().strip(),
        script=_SWITCHES + root.script.render(),
        scripts=tuple(path for path in paths if path.endswith(".js")),
        styles=tuple(path for path in paths if path.endswith(".css")),
    )
