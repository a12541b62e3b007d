"""A layer drawn by our own script inside Folium's map: its kind, and options that never hold a record."""

from __future__ import annotations

from collections.abc import Mapping

from branca.element import MacroElement
from folium.template import Template

Option = str | int | float | bool | None | list[float] | list[int] | list[str] | dict[str, str]


class Drawn(MacroElement):
    """A layer of ``static/js/map``, added by ``fangtu.addLayer(map, kind, options)``.

    Parameters
    ----------
    kind : str
        ``base``, ``areas``, ``heat``, ``records`` or ``settled``.
    options : mapping
        How it looks and the address its data come from.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            fangtu.addLayer({{ this._parent.get_name() }}, {{ this.kind|tojson }}, {{ this.options|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, kind: str, options: Mapping[str, Option]) -> None:
        super().__init__()
        self._name = kind
        self.kind = kind
        self.options = dict(options)


class Start(MacroElement):
    """The last word of a map's script: all layers are there, show the view."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            fangtu.start({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "start"
