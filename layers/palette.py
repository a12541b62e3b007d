"""Colours for paper: the light ones of ``static/css/tokens.css``, which is the one file of colours."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_TOKENS = Path(__file__).resolve().parent.parent / "static" / "css" / "tokens.css"
_COLOUR = re.compile(r"--([\w-]+):\s*(#[0-9A-Fa-f]{6})\b")


@cache
def light_colours() -> dict[str, str]:
    """Colours by their names without dashes in front, as ``#RRGGBB``; those that are no plain colour are left out."""
    light = _TOKENS.read_text(encoding="utf-8").split('[data-bs-theme="dark"]')[0]
    return dict(_COLOUR.findall(light))
