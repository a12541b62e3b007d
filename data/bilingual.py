"""Sentences in both languages inside stored JSON: written as ``{"zh": …, "en": …}``, read in one language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geo.errors import Text


def both(text: Text) -> dict[str, str]:
    """Give a sentence as it is stored."""
    return {"zh": text.zh, "en": text.en}


def in_language(stored: Any, language: str) -> Any:
    """Give stored JSON with each ``{"zh": …, "en": …}`` in it replaced by the one of the language."""
    if isinstance(stored, Mapping):
        if set(stored) == {"zh", "en"}:
            return in_language(stored["en" if language.startswith("en") else "zh"], language)
        return {key: in_language(value, language) for key, value in stored.items()}
    if isinstance(stored, list):
        return [in_language(value, language) for value in stored]
    return stored
