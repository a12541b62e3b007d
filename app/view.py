"""What part of the work a page speaks of: campaign, round and area, as its address says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask import request
from sqlalchemy.orm import Session

from data.areas import EVERYWHERE, area_range, breadcrumb
from data.askers import Asker
from data.campaigns import current_round, find_campaign, list_campaigns, list_rounds, target_of
from data.history import read_day
from data.live import version_tag
from data.local_time import ZONE, today
from data.scopes import Scope, find_scope
from data.tables import Campaign, Round

__all__ = ["ZONE", "View", "current_scope", "current_view", "page_number", "past_day", "place_of", "today"]


@dataclass(frozen=True)
class View:
    """Campaign, round and range of jurisdiction numbers of one request."""

    campaigns: Sequence[Campaign]
    campaign: Campaign
    rounds: Sequence[Round]
    round_no: int
    area: str | None
    within: tuple[int, int]

    @property
    def planned(self) -> Round:
        """The round itself."""
        return next(one for one in self.rounds if one.no == self.round_no)

    @property
    def target(self) -> float:
        """Share of the eligible households that are to be visited in the round."""
        return target_of(self.campaign, self.planned)


def current_view(session: Session, who: Asker) -> View:
    """Read ``campaign``, ``round`` and ``area`` of the request; the newest campaign and current round by default.

    Without an area a person with one area of duty gets that area, anyone else everything that is visible to them.
    """
    campaigns = list_campaigns(session)
    campaign = find_campaign(session, request.args.get("campaign"), campaigns)
    rounds = list_rounds(session, campaign.id)
    area = request.args.get("area") or None
    if area:
        within = area_range(session, area)
    else:
        within = who.duty[0] if len(who.duty) == 1 else EVERYWHERE
    return View(
        campaigns=campaigns,
        campaign=campaign,
        rounds=rounds,
        round_no=current_round(rounds, request.args.get("round"), today()),
        area=area,
        within=within,
    )


def place_of(session: Session, view: View) -> str | None:
    """Name of the area a page was asked for, of a grid that of its village; None where none was asked for.

    A list of one village looks like that of a township but for its numbers: the page says which it is.
    """
    crumbs = breadcrumb(session, *view.within) if view.area else []
    return str(crumbs[-1].name) if crumbs else None


def current_scope(session: Session, who: Asker) -> Scope:
    """Read ``campaign`` and ``round`` of the request like :func:`current_view`, with the version of that round.

    For answers of which there are many: one statement instead of four, and nothing of a campaign but its key.
    """
    wanted = request.args.get("campaign"), request.args.get("round")
    found = find_scope(session, *wanted, today())
    if found:
        return found
    view = current_view(session, who)  # says what is wrong
    return Scope(view.campaign.id, view.round_no, version_tag(session, view.campaign.id, view.round_no))


def page_number(name: str = "page") -> int:
    """Read the page of a list from the request: 1 where none, or nothing like one, is asked for."""
    value = request.args.get(name, "")
    return max(1, int(value)) if value.isascii() and value.isdigit() and len(value) < 7 else 1


def past_day() -> date | None:
    """Read ``day`` of the request: a day gone by, or None for the present (also when it is today).

    Raises
    ------
    DayUnknown
        If it is no day, or one to come.
    """
    words = request.args.get("day")
    if not words:
        return None
    day = read_day(words, today())
    return day if day < today() else None
