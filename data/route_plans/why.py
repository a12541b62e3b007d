"""Why a household is left out and what would help; why it is this inspector at this time for one that is planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import RecordUnknown
from data.route_plans.acts import place_of
from data.route_plans.held import DUTY, closed_routes
from data.route_plans.keeping import Kept, key_of
from data.route_plans.making import LEFT_OUT
from data.route_plans.naming import name_words
from data.route_plans.showing import Faces, faces_of, homes_of
from geo.errors import Text
from geo.routing.explain import Explainer
from geo.routing.problem import clock
from geo.routing.reasons import Reason, RunnerUp
from geo.routing.slots import Unfit


def explain_left(session: Session, kept: Kept, language: str) -> list[dict[str, Any]]:
    """Every household left out with its reason in words and the cheapest remedy, the most important first."""
    faces = _faces(session, kept)
    explainer = _explainer(kept)
    reasons = {} if explainer is None else {one.household: one for one in explainer.reasons()}
    priority = {one.id: one.priority for one in kept.base.households}
    told = []
    for key, why in _left(session, kept):
        reason = _in_duty(kept, reasons.get(f"h{key}"))
        told.append((-priority.get(f"h{key}", 0), key, _left_json(key, why, reason, faces, language)))
    return [one for _, _, one in sorted(told, key=lambda one: one[:2])]


def explain_home(session: Session, kept: Kept, household_id: int, language: str) -> dict[str, Any]:
    """Why one household is left out, or who else could visit it and what that would cost.

    Raises
    ------
    RecordUnknown
        If it is no household of the plan that the asker may see.
    """
    faces = _faces(session, kept)
    if household_id not in faces.homes:
        raise RecordUnknown
    name = f"h{household_id}"
    found = place_of(kept.plan, name)
    explainer = _explainer(kept)
    if found is None:
        why = dict(_left(session, kept)).get(household_id)
        if why is None:
            raise RecordUnknown
        reasons = {} if explainer is None else {one.household: one for one in explainer.reasons()}
        return _left_json(household_id, why, _in_duty(kept, reasons.get(name)), faces, language)
    route, start = found
    other = None
    if explainer is not None:
        other = next((one for one in explainer.runners_up() if one.household == name), None)
    return {
        "household": household_id,
        "planned": True,
        "inspector": key_of(route.inspector),
        "day": route.day,
        "start": start,
        "message": name_words(_why_this(other).in_language(language), faces, language),
        "runner_up": None
        if other is None
        else {
            "inspector": {"id": key_of(other.inspector), "name": faces.person(key_of(other.inspector))},
            "day": other.day,
            "start": other.start_s,
            "extra_minutes": other.extra_minutes,
        },
    }


def _in_duty(kept: Kept, reason: Reason | None) -> Reason | None:
    """A reason without a remedy that would send somebody outside the own area of duty, where he sees nothing."""
    if reason is None or reason.remedy is None or not reason.remedy.kind.startswith("anyone"):
        return reason
    home = kept.problem.households[kept.problem.by_household[reason.household]]
    who = kept.problem.inspectors[kept.problem.by_inspector[reason.remedy.inspector]]
    duty = {skill for skill in home.skills if skill.startswith(DUTY)}
    return reason if duty <= who.skills else replace(reason, remedy=None)


def _why_this(other: RunnerUp | None) -> Text:
    if other is None:
        return Text("按现在的方案，别人都排不进去。", "As the plan is, nobody else could fit it in.")
    extra = round(other.extra_minutes)
    when = f"{clock(other.start_s // 60 * 60)}"
    if extra < 0:
        return Text(
            f"也可由 {other.inspector} 第 {other.day + 1} 天 {when} 走访，路程少 {-extra} 分钟。",
            f"{other.inspector} could go on day {other.day + 1} at {when} with {-extra} min less of travel.",
        )
    return Text(
        f"由别人走访都更远：最近的是 {other.inspector} 第 {other.day + 1} 天 {when}，路程多 {extra} 分钟。",
        f"Anybody else has a longer way: the nearest is {other.inspector} on day {other.day + 1} at {when}, with "
        f"{extra} min more of travel.",
    )


def _left(session: Session, kept: Kept) -> list[tuple[int, str]]:
    rows = session.execute(
        text("select household_id, reason from route_unplanned where plan_id = :plan"), {"plan": kept.row.id}
    )
    return [(row.household_id, row.reason) for row in rows]


def _left_json(key: int, why: str, reason: Reason | None, faces: Faces, language: str) -> dict[str, Any]:
    remedy = reason.remedy if reason is not None else None
    if reason is not None:
        words = reason.text.in_language(language)
    else:
        about = LEFT_OUT.get(why, Text("没有排入", "not planned")).in_language(language)
        words = f"h{key}: {about}." if language.startswith("en") else f"h{key}：{about}。"
    return {
        "household": key,
        "planned": False,
        "reason": reason.kind if reason is not None else why,
        "message": name_words(words, faces, language),
        "remedy": None
        if remedy is None
        else {
            "kind": remedy.kind,
            "message": name_words(remedy.text.in_language(language), faces, language),
            "inspector": key_of(remedy.inspector),
            "day": remedy.day,
            "start": remedy.start_s,
            "minutes": remedy.minutes,
            "instead_of": key_of(remedy.instead_of) if remedy.instead_of else None,
        },
    }


def _explainer(kept: Kept) -> Explainer | None:
    """Answers about the plan; None where a household went away since, so that its times no longer hold."""
    try:
        return Explainer(kept.problem, kept.plan, closed_routes(kept.problem, kept.held))
    except Unfit:
        return None


def _faces(session: Session, kept: Kept) -> Faces:
    people = [key_of(one.id) for one in kept.base.inspectors]
    return faces_of(session, kept.row, homes_of(session, kept), people)
