"""The rule of an appraisal as plain data, for phones that say a grade without a network."""

from __future__ import annotations

from typing import Any

from data.rules.appraising import (
    ABSENT,
    ALL_MILD,
    AT_ONCE,
    CAUSE,
    GRADE_OF,
    GUIDELINE,
    LACKING,
    LETTERED,
    LEVEL,
    MEASURES,
    NO_LETTER,
    NO_LEVEL,
    OWN_LETTER,
    PART,
    SITE,
    SITE_NAME,
    STANDARD,
    WITH_POINTS,
)
from geo.errors import Text

_SAYS = {
    "site": SITE_NAME,
    "lacking": LACKING,
    "no_level": NO_LEVEL,
    "all_mild": ALL_MILD,
    "own_letter": OWN_LETTER,
    "no_letter": NO_LETTER,
}
_TABLES = {
    "standards": STANDARD,
    "site": SITE,
    "parts": PART,
    "levels": LEVEL,
    "measures": MEASURES,
    "causes": CAUSE,
}


def rules_told() -> dict[str, Any]:
    """The rule and the words of its form as plain data, from which a phone says the grade without a network.

    Returns
    -------
    dict
        ``guideline``, ``absent``, ``lettered``, ``grade_of`` (levels from the mildest to the worst), ``with_points``,
        ``at_once`` and ``says`` hold the rule of :func:`data.rules.appraising.appraise`; ``standards, site, parts,
        levels, measures, causes`` the words, each a list of ``key, zh, en`` in the order of the form. Its twin is
        ``static/js/field/appraising.js``.
    """
    field_, (value, grade, why, advice) = next(iter(AT_ONCE.items()))
    return {
        "guideline": GUIDELINE,
        "absent": ABSENT,
        "lettered": list(LETTERED),
        "grade_of": [[level, letter] for level, letter in GRADE_OF.items()],
        "with_points": list(WITH_POINTS),
        "at_once": {"field": field_, "is": value, "grade": grade, "why": _pair(why), "advice": _pair(advice)},
        "says": {name: _pair(sentence) for name, sentence in _SAYS.items()},
        **{name: [{"key": key, **_pair(word)} for key, word in table.items()] for name, table in _TABLES.items()},
    }


def _pair(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
