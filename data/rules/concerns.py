"""Sites of concern (环境整治点): words, where observations lead, and when the next one is due."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

from geo.errors import Text

SEEN = {
    "untouched": Text("未整治", "Untouched"),
    "clearing": Text("整治中", "Being cleared"),
    "cleared": Text("已整治", "Cleared"),
}
STATE = {**SEEN, "relapsed": Text("反弹", "Relapsed")}
# Days after which a site is to be seen again; the number and its clause stand in the file.
WITHIN_DAYS: int = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["observation"][
    "within_days"
]


def standing(seen: Iterable[str]) -> list[str]:
    """State of a site after each of its observations (整治状态).

    Parameters
    ----------
    seen : iterable of str
        Words of ``SEEN`` in the order of their days, those that were superseded left out.

    Returns
    -------
    list of str
        Words of ``STATE``, one for each observation; empty for none. Whatever is seen after it was cleared, but that it
        still is, is a relapse (反弹), and it stays one until somebody is at work or it is cleared again.

    Notes
    -----
    domain C3. The database decides by the same rule on write: ``concern_standing``.
    """
    states: list[str] = []
    for one in seen:
        before = states[-1] if states else "untouched"
        if before == "cleared" and one != "cleared":
            states.append("relapsed")
        else:
            states.append("relapsed" if before == "relapsed" and one == "untouched" else one)
    return states


def look_by(last_on: date) -> date:
    """Last day to see a site again (每周观测) after it was seen on a day, local dates (domain C3)."""
    return last_on + timedelta(days=WITHIN_DAYS)
