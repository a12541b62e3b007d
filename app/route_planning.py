"""The work behind ``./fangtu route plan``: a plan of a round, chosen, solved and kept by the machine's operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from data.areas import area_range
from data.campaigns import current_round, find_campaign, list_rounds
from data.db import owner_session
from data.local_time import today
from data.route_plans.keeping import find_plan, load_plan
from data.route_plans.making import budget_of, look_round, make_plan
from data.route_plans.refusals import refuse
from data.route_plans.showing import plan_json
from data.route_plans.solving import solve_plan
from data.route_plans.wishes import read_wish
from data.tables import Account
from geo.errors import Text


def plan_now(
    engine: Engine,
    campaign: str | None,
    round_no: str | None,
    area: str | None,
    names: list[str],
    body: dict[str, Any],
    language: str,
    say: Callable[[Text], None],
) -> dict[str, Any]:
    """Make a plan and solve it in this process.

    Parameters
    ----------
    engine : Engine
        The owner's.
    names : list of str
        Sign-in names of those to send; all of the area if empty.
    body : dict
        The form, without inspectors.

    Returns
    -------
    dict
        The plan as pages read it.

    Raises
    ------
    RouteRefused
        If no plan can come of it, or a name is unknown.
    """
    with owner_session(engine) as session:
        chosen = find_campaign(session, campaign)
        rounds = list_rounds(session, chosen.id)
        number = current_round(rounds, round_no, today())
        within = area_range(session, area) if area else (chosen.jur, chosen.jur_end)
        wish = read_wish({**body, "inspectors": [{"id": _account(session, name)} for name in names]})
        ground = look_round(session, chosen, next(one for one in rounds if one.no == number), within, wish)
        plan_id, _ = make_plan(session, None, ground, within, wish, body)
    payload = {"plan": plan_id, "seed": wish.seed, **budget_of(wish)}
    solve_plan(engine, None, payload, lambda words, done, total: say(words), lambda: False)
    with owner_session(engine) as session:
        return plan_json(session, load_plan(session, find_plan(session, plan_id)), language)


def _account(session: Session, name: str) -> int:
    found = session.scalar(select(Account.id).where(Account.username == name))
    if found is None:
        raise refuse(
            f"没有登录名为“{name}”的账号。./fangtu user list 列出全部。",
            f"There is no account '{name}'. ./fangtu user list shows all.",
            found=name,
        )
    return int(found)
