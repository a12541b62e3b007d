"""Words of the road network."""

from __future__ import annotations

from geo.errors import Text

MODE = {
    "walk": Text("步行", "On foot"),
    "ebike": Text("电动车", "E-bike"),
    "car": Text("汽车", "Car"),
}
