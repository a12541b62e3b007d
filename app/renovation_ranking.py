"""The daily ranking (每日排名) of townships or villages by their renovations."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.access import require
from app.field_work import within
from app.renovation import SEES_MONEY
from app.session import db
from app.view import today
from data.areas import EVERYWHERE
from data.renovation.listing import site_years
from data.renovation.ranking import LEVELS, ranking

bp = Blueprint("renovation_ranking", __name__)


@bp.get("/sites/ranking")
@require(*SEES_MONEY)
def page() -> str:
    """Areas of the view in their order: townships where the view holds several, else villages."""
    range_ = within()
    years = site_years(db(), range_)
    given = request.args.get("year", "")
    year = (
        int(given) if given.isascii() and given.isdigit() and len(given) == 4 else (years[0] if years else today().year)
    )
    level = request.args.get("by", "")
    if level not in LEVELS:
        level = "township" if _is_wide(range_) else "village"
    areas = ranking(db(), range_, year, today(), level)
    return render_template("sites_ranking.html", areas=areas, year=year, years=years, level=level, today=today())


def _is_wide(range_: tuple[int, int]) -> bool:
    """Whether a range is more than a township (six digits of its fifteen)."""
    return range_ == EVERYWHERE or range_[1] - range_[0] > 10**6
