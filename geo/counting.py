"""English numbers that agree with their nouns: one household, two households.

Chinese has one form for both. A sentence says both English forms and names the value that chooses,
``{n:household|households}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# static/js/i18n.js reads the same mark; tests/unit/test_counting.py holds the two together.
_FORMS = re.compile(r"\{(\w+):([^{}|]*)\|([^{}|]*)\}", re.ASCII)


def form(n: object, one: str, many: str) -> str:
    """Give the English form that goes with a number.

    Parameters
    ----------
    n : object
        A number, or the text it is shown as (``"1,234"``).
    one : str
        The form for exactly 1, such as ``household`` or ``is``.
    many : str
        The form for everything else: 0, 1.0, -1, ``"—"`` for an unknown number.

    Returns
    -------
    str
        ``one`` if ``n`` is shown as ``1``, else ``many``.
    """
    return one if str(n) == "1" else many


def counted(n: object, one: str, many: str | None = None) -> str:
    """Give a number with its English noun: ``1 household``, ``12 households``.

    Parameters
    ----------
    n : object
        A number, or the text it is to be shown as.
    one : str
        The noun for exactly 1.
    many : str, optional
        The noun for everything else; ``one`` with an ``s`` by default.

    Returns
    -------
    str
        Number and noun with a space between.
    """
    return f"{n} {form(n, one, f'{one}s' if many is None else many)}"


def with_forms(sentence: str, values: Mapping[str, Any]) -> str:
    """Choose the English forms in a sentence before its values are put in.

    Parameters
    ----------
    sentence : str
        A sentence of the program, as ``%(n)s {n:household|households}``, with nothing filled in yet: what a record
        says must not be read as a mark.
    values : Mapping[str, Any]
        The values that are put in later, by name.

    Returns
    -------
    str
        The sentence with the first form of each mark where its value is shown as ``1``, else the second. A mark whose
        value is not given stays as it is.
    """
    if "{" not in sentence:
        return sentence
    return _FORMS.sub(lambda mark: form(values[mark[1]], mark[2], mark[3]) if mark[1] in values else mark[0], sentence)
