"""What a list may be filtered by, as its address says."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from app.maps import ViewUnknown
from geo.errors import Text


def asked_words(choices: Mapping[str, Mapping[str, Text]]) -> dict[str, str]:
    """Read the filters of a list: the word of each, '' where all are asked for.

    Parameters
    ----------
    choices : mapping
        Of each filter the words it may have.

    Raises
    ------
    ViewUnknown
        If a filter is none of its words.
    """
    given: dict[str, str] = {}
    for name, known in choices.items():
        value = request.args.get(name, "")
        if value and value not in known:
            raise ViewUnknown(
                Text(
                    f"{name} 为“{value}”，应为 {'、'.join(known)}。",
                    f"{name} is '{value}'; expected {', '.join(known)}.",
                ),
                found=value,
            )
        given[name] = value
    return given
