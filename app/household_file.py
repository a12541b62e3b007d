"""What the page and the paper of a household's file (一户一档) show of its houses, renovations, demands and marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.renovation import WORDS as SITE_WORDS
from app.renovation import SiteFiles, sees_money, shown_words, sort_files
from app.session import asker, db
from data.askers import Role
from data.household_file import appraisals_of, demands_of, marks_of
from data.renovation.files import list_files
from data.renovation.household_words import words_of
from data.renovation.site_file import SiteFile, site_file
from data.rules.appraising import STANDARD
from data.rules.marks import KIND, STATE

WORDS = {**SITE_WORDS, "standard": STANDARD, "mark_kind": KIND, "mark_state": STATE}
# Renovations shown whole, the newest; others are named with their address. It bounds what one page asks of the store.
MOST_SITES = 2


@dataclass(frozen=True)
class HouseholdFile:
    """Parts of a household's file; ``sites`` are the newest :data:`MOST_SITES`, ``more`` those beyond them, ``heard``
    what was said at each of ``sites``."""

    appraisals: list[dict[str, Any]]
    sites: list[tuple[SiteFile, SiteFiles]]
    more: list[dict[str, Any]]
    demands: list[dict[str, Any]]
    marks: list[dict[str, Any]]
    heard: dict[int, list[dict[str, Any]]]


def read_file(card: dict[str, Any]) -> HouseholdFile:
    """The parts of the file of a household whose card is read, as the asker may see them."""
    home, sites = card["id"], card["sites"]
    return HouseholdFile(
        appraisals_of(db(), home),
        [(site_file(db(), one["id"], money=sees_money()), files_of(one["id"])) for one in sites[:MOST_SITES]],
        sites[MOST_SITES:],
        demands_of(db(), home),
        marks_of(db(), home),
        heard_at([one["id"] for one in sites[:MOST_SITES]]),
    )


def heard_at(site_ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """What the household said of the work at each site, names as the asker's role reads them."""
    return {site: shown_words(heard) for site, heard in words_of(db(), site_ids).items()}


def files_of(site_id: int) -> SiteFiles:
    """Files of a site; none for leaders, who see no photographs of homes."""
    return sort_files([] if asker().role is Role.LEADER else list_files(db(), asker(), site_id))
