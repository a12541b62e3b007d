"""Sentences about a plan speak of numbers (``h12``, ``i3``) until somebody reads them; then of names."""

from __future__ import annotations

import re

from data.route_plans.showing import Faces
from geo.errors import Text

_TOKEN = re.compile(r"(?<![A-Za-z0-9_])([hi])(\d{1,18})(?![A-Za-z0-9_])")
_ONLY = re.compile(r"\[?'?only:\d+'?\]?")
_DUTY = re.compile(r"\[?'?duty:\d+'?\]?")


def name_words(words: str, faces: Faces, language: str) -> str:
    """A sentence with the names of those it speaks of.

    Parameters
    ----------
    words : str
        Such as ``“i3”第 1 天：…“h12”…``.
    """

    def name(found: re.Match[str]) -> str:
        key = int(found[2])
        return faces.home(key) if found[1] == "h" else faces.person(key)

    duty = "the duty of those who are sent" if language.startswith("en") else "所派走访员的辖区"
    only = "one of those named for it" if language.startswith("en") else "特别安排里指定的人"
    words = _ONLY.sub(only, words)
    return _DUTY.sub(duty, _TOKEN.sub(name, words))


def name_text(text: Text, faces: Faces) -> Text:
    """Both languages of :func:`name_words`."""
    return Text(name_words(text.zh, faces, "zh"), name_words(text.en, faces, "en"))
