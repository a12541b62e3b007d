"""Passing one gate for all sites that fit a list: asked first how many may, then done part by part.

Each part is a transaction of its own: somebody can stop it between two of them, and no site is left half done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from data.askers import Asker
from data.bilingual import both
from data.renovation.gates import Moved, advance_many, fitting
from data.renovation.listing import SiteWish, keys_of_sites
from data.renovation.unfit import RenovationMoved, lacking
from geo.errors import Text

KIND = "gate"
# So many at a time are done while somebody waits; more are a job.
AT_ONCE = 200
PART = 200
MOST = 100_000
_MOST_SHOWN = 100
_ASKED_PART = 5000
_STOPPED = "57014"  # PostgreSQL: query_canceled


def matching(session: Session, wish: SiteWish, today: date) -> list[int]:
    """Keys of all sites that fit a list, ascending.

    Raises
    ------
    RenovationUnfit
        If they are more than :data:`MOST`.
    """
    found = keys_of_sites(session, wish, today, MOST + 1)
    if len(found) > MOST:
        raise lacking("site", f"符合条件的超过 {MOST} 处，请缩小范围", f"more than {MOST} fit; narrow the list")
    return found


def ask_all(
    session: Session, asker: Asker | None, site_ids: Sequence[int], gate: str, *, on_day: date | None = None
) -> Moved:
    """Say how many of the sites may pass a gate now, and why the others may not; nothing is written or held."""
    passes, left_out = 0, []
    for part in _parts(site_ids, _ASKED_PART):
        _sites, rows, out = fitting(session, asker, part, gate, on_day=on_day, hold=False)
        passes += len(rows)
        left_out += out
    return Moved(passes, left_out)


def grouped(left_out: Sequence[tuple[int, Text]]) -> list[dict[str, Any]]:
    """Reasons with how many sites each holds back and the first of them, the most frequent first."""
    found: dict[tuple[str, str], list[int]] = {}
    for site, why in left_out:
        # Of one act it is said that it was not saved; here nothing was to be saved yet, or the others were.
        words = (why.zh.removeprefix("没有保存："), why.en.removeprefix("Not saved: "))
        found.setdefault(words, []).append(site)
    return [
        {"why": both(Text(*words)), "n": len(sites), "sites": sites[:5]}
        for words, sites in sorted(found.items(), key=lambda item: -len(item[1]))[:_MOST_SHOWN]
    ]


def payload_of(wish: SiteWish, gate: str, on_day: date | None, note: str | None, today: date) -> dict[str, Any]:
    """What a job of this kind carries."""
    return {
        "wish": {**asdict(wish), "within": list(wish.within)},
        "gate": gate,
        "on_day": on_day.isoformat() if on_day else None,
        "note": note,
        "today": today.isoformat(),
    }


def pass_as_asked(
    begin: Callable[[], AbstractContextManager[Session]],
    asker: Asker,
    wanted: Mapping[str, Any],
    say: Callable[[Text, int, int], None],
    stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Pass a gate for all sites that fit, part by part.

    Parameters
    ----------
    begin : callable
        Opens a transaction as the owner, with the asker's authority checked anew.
    asker : Asker
        Who answers for the whole range of the wish.
    wanted : mapping
        As :func:`payload_of` gives it.
    say : callable
        Gets a sentence, how many were looked at, and of how many.
    stopped : callable
        Says whether somebody asked to stop; looked at before each part.

    Returns
    -------
    dict
        ``gate``, ``total`` (that fitted), ``looked`` (at), ``moved``, ``left_out`` (number) and ``reasons``.
    """
    given = wanted["wish"]
    wish = SiteWish(**{**given, "within": (given["within"][0], given["within"][1])})
    gate, note = str(wanted["gate"]), wanted["note"]
    on_day = date.fromisoformat(wanted["on_day"]) if wanted["on_day"] else None
    with begin() as session:
        keys = matching(session, wish, date.fromisoformat(wanted["today"]))
    moved, looked = 0, 0
    left_out: list[tuple[int, Text]] = []
    for part in _parts(keys, PART):
        if stopped():
            break
        say(Text("逐批办理", "Passing the gate part by part"), looked, len(keys))
        try:
            done = _pass_part(begin, asker, part, gate, on_day, note)
        except DBAPIError as error:
            # The request to stop met a statement: this part was taken back, what was done before stays.
            if getattr(error.orig, "pgcode", None) == _STOPPED and stopped():
                break
            raise
        moved, looked = moved + done.moved, looked + len(part)
        left_out += done.left_out
    return {
        "gate": gate,
        "total": len(keys),
        "looked": looked,
        "moved": moved,
        "left_out": len(left_out),
        "reasons": grouped(left_out),
    }


def _pass_part(
    begin: Callable[[], AbstractContextManager[Session]],
    asker: Asker,
    part: Sequence[int],
    gate: str,
    on_day: date | None,
    note: str | None,
) -> Moved:
    try:
        with begin() as session:
            return advance_many(session, asker, part, gate, on_day=on_day, note=note)
    except RenovationMoved as refusal:
        if len(part) == 1:
            return Moved(0, [(part[0], refusal.text)])
    # Somebody moved one of them at this moment: each alone, so that the others do not wait for another day.
    alone = [_pass_part(begin, asker, [site], gate, on_day, note) for site in part]
    return Moved(sum(one.moved for one in alone), [pair for one in alone for pair in one.left_out])


def _parts(keys: Sequence[int], size: int) -> list[Sequence[int]]:
    return [keys[at : at + size] for at in range(0, len(keys), size)]
