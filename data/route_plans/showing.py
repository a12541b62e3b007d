"""A plan as pages read it: routes with their stops, who is left out and why, sums, and how fairly it is shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.assigning import assignable_people
from data.households import iso
from data.jobs import OPEN, is_worker_there, job_json
from data.masks import mask_name
from data.route_plans.choosing import overdue_days
from data.route_plans.held import Held
from data.route_plans.history import step_back, step_forward
from data.route_plans.keeping import Kept, key_of
from data.route_plans.visiting_times import EVENING_S, is_weekend
from data.route_plans.ways import spot_of
from data.rules.words import EXACT_QUALITY, VISITED
from data.tables import Campaign, Job, Round, RoutePlan
from geo.routing.plan import Plan

# How far back shares are added up.
FAIR_WEEKS = 4
_NOBODY = "—"


@dataclass(frozen=True)
class Faces:
    """What numbers are called at the moment: inspectors by account, households with what a list shows of them."""

    people: Mapping[int, str]
    homes: Mapping[int, Mapping[str, Any]]

    def person(self, key: int) -> str:
        return self.people.get(key, _NOBODY)

    def home(self, key: int) -> str:
        """Code and masked name of a household, for sentences."""
        found = self.homes.get(key)
        return f"{found['code'] or key} {found['head']}" if found else str(key)


def faces_of(session: Session, row: RoutePlan, keys: Sequence[int], people: Sequence[int]) -> Faces:
    """Names of inspectors and facts of households of a plan, as far as the asker sees them."""
    planned = session.get(Round, (row.campaign_id, row.round_no))
    names = {owner.account_id or 0: owner.name for owner, _, _ in assignable_people(session)}
    missing = [key for key in people if key not in names]
    if missing:
        found = session.execute(text("select id, full_name from account where id = any (:ids)"), {"ids": missing})
        names |= dict(found.tuples().all())
    homes = {}
    for one in session.execute(_HOMES, {"campaign": row.campaign_id, "round": row.round_no, "ids": list(keys)}):
        homes[one.id] = {
            "code": one.code,
            "head": mask_name(one.head_name),
            "lon": one.lon,
            "lat": one.lat,
            "village": one.village,
            "address": one.address,
            "house_no": one.house_no,
            "grade": one.grade,
            "key_groups": list(one.key_groups or ()),
            "overdue_days": overdue_days(one.return_at, one.status, planned.ends_on if planned else None),
            "visited": one.status in VISITED,
            "last_at": iso(one.last_visit_at),
        }
    return Faces(names, homes)


_HOMES = text(f"""
    select h.id, h.code, h.head_name, h.address, h.house_no, h.key_groups, v.name as village, w.grade, s.status,
           s.last_visit_at, f.return_at,
           case when h.quality <= {EXACT_QUALITY} then st_x(h.geom) end as lon,
           case when h.quality <= {EXACT_QUALITY} then st_y(h.geom) end as lat
      from household h
      left join area v on v.id = h.village_id
      left join standing s on s.campaign_id = :campaign and s.round_no = :round and s.household_id = h.id
      left join lateral (select max(u.grade) as grade from house u where u.household_id = h.id) w on true
      left join lateral (
        select d.return_at from visit i join field_visit d on d.visit_id = i.id
         where i.household_id = h.id and i.campaign_id = :campaign and i.round_no = :round and i.superseded_by is null
         order by coalesce(i.ended_at, i.started_at) desc nulls last, i.no desc limit 1) f on true
     where h.id = any (:ids)""")


def homes_of(session: Session, kept: Kept) -> list[int]:
    """Numbers of all households a plan speaks of, those that no plan can hold with them."""
    left = session.scalars(
        text("select household_id from route_unplanned where plan_id = :plan"), {"plan": kept.row.id}
    )
    return sorted({key_of(one.id) for one in kept.base.households} | set(left))


def plan_json(session: Session, kept: Kept, language: str) -> dict[str, Any]:
    """The whole plan for a page.

    Returns
    -------
    dict
        As the guide ``routes.md`` shows it.
    """
    row = kept.row
    people = [key_of(one.id) for one in kept.base.inspectors]
    faces = faces_of(session, row, homes_of(session, kept), people)
    campaign = session.get(Campaign, row.campaign_id)
    job = session.get(Job, row.job_id) if row.job_id is not None else None
    told = None
    if job is not None:
        there = job.state not in OPEN or is_worker_there(session)
        told = job_json(job, language, worker_there=there)
    before = step_back(session, row)
    after = step_forward(session, row)
    return {
        "id": row.id,
        "revision": row.revision,
        "published_revision": row.published_revision,
        "state": row.state,
        "campaign": campaign.code if campaign else None,
        "round": row.round_no,
        "kind": row.kind,
        "days": [day.isoformat() for day in row.days],
        "choices": row.choices,
        "made_by": faces.people.get(row.made_by) if row.made_by is not None else None,
        "made_at": iso(row.made_at),
        "estimated": row.estimated,
        "can_undo": before is not None and row.state != "solving",
        "can_redo": after is not None and row.state != "solving",
        "inspectors": [
            {
                "id": key_of(one.id),
                "name": faces.person(key_of(one.id)),
                "mode": kept.base.travel.modes[one.mode],
                "start": spot_of(kept.base, one.start),
                "end": spot_of(kept.base, one.end),
                "most_visits": one.most_visits,
                "locked": one.id in kept.held.inspectors,
                "absent": sorted(day for who, day in kept.held.absent if who == one.id),
            }
            for one in kept.base.inspectors
        ],
        "locked_days": sorted(kept.held.days),
        "routes": routes_json(session, kept, faces),
        "unplanned": _left_json(session, kept, faces),
        "totals": totals_json(kept.plan),
        "fairness": fairness(session, kept, faces),
        "job": told,
        "villages": _villages_json(session, kept),
    }


def _villages_json(session: Session, kept: Kept) -> list[dict[str, Any]]:
    """Where each village stands while a plan is solved part by part; empty otherwise."""
    stands = kept.row.villages if kept.row.state == "solving" else {}
    if not stands:
        return []
    many = Counter(one.village for one in kept.base.households)
    planned = {stop.household for route in kept.plan.routes for stop in route.stops}
    visits = Counter(one.village for one in kept.base.households if one.id in planned)
    names = session.execute(
        text("select id, name from area where id = any (:ids) order by code"), {"ids": [int(key) for key in stands]}
    )
    return [
        {"name": row.name, "state": stands[str(row.id)], "households": many[str(row.id)], "visits": visits[str(row.id)]}
        for row in names
    ]


def totals_json(plan: Plan) -> dict[str, int]:
    """Sums of a plan."""
    return {
        "visits": plan.visits,
        "unplanned": len(plan.unplanned),
        "weight": plan.weight,
        "travel_s": plan.travel_s,
        "travel_m": plan.travel_m,
        "work_s": sum(route.back_s - route.leave_s for route in plan.routes),
        "routes": len(plan.routes),
    }


def routes_json(session: Session, kept: Kept, faces: Faces) -> list[dict[str, Any]]:
    """Routes with their stops, by day and inspector."""
    stored = {
        one.household_id: one
        for one in session.execute(
            text("""
                select s.household_id, s.estimated, r.reported, o.reported_at
                  from route_stop s
                  left join route_stop r on r.plan_id = s.plan_id and r.household_id = s.household_id and r.published
                  left join route o on o.plan_id = r.plan_id and o.published and o.account_id = r.account_id
                                   and o.day = r.day
                 where s.plan_id = :plan and not s.published"""),
            {"plan": kept.row.id},
        )
    }
    problem = kept.problem
    told = []
    for route in kept.plan.routes:
        who = problem.inspectors[problem.by_inspector[route.inspector]]
        stops: list[dict[str, Any]] = []
        for stop in route.stops:
            key = key_of(stop.household)
            about = stored.get(key)
            stops.append(
                {
                    "household": key,
                    **_short(faces.homes.get(key)),
                    "arrive": stop.arrival_s,
                    "start": stop.start_s,
                    "leave": stop.leave_s,
                    "travel_s": stop.travel_s,
                    "travel_m": stop.travel_m,
                    "estimated": about.estimated if about is not None else problem.travel.estimated,
                    "locked": is_locked(kept.held, stop.household, route.inspector, route.day),
                    "done": stop.done,
                    "reported": about.reported if about is not None else None,
                }
            )
        told.append(
            {
                "inspector": {"id": key_of(who.id), "name": faces.person(key_of(who.id))},
                "companions": [{"id": key_of(one), "name": faces.person(key_of(one))} for one in route.companions],
                "day": route.day,
                "date": problem.days[route.day],
                "mode": problem.travel.modes[who.mode],
                "leave": route.leave_s,
                "back": route.back_s,
                "back_travel_s": route.back_travel_s,
                "back_travel_m": route.back_travel_m,
                "travel_s": route.travel_s,
                "travel_m": route.travel_m,
                "visits": len(route.stops),
                "locked": kept.held.is_frozen(route.inspector, route.day),
                "breaks": [{"start": one.start_s, "end": one.end_s, "after": one.after} for one in route.breaks],
                "stops": stops,
            }
        )
    return told


def is_locked(held: Held, household: str, inspector: str, day: int) -> bool:
    """Whether a visit is settled: by itself, or with its whole route."""
    return household in held.visits or held.is_frozen(inspector, day)


def _short(home: Mapping[str, Any] | None) -> dict[str, Any]:
    names = ("code", "head", "lon", "lat", "village", "grade", "key_groups", "overdue_days", "visited")
    return {name: home[name] if home is not None else None for name in names}


def _left_json(session: Session, kept: Kept, faces: Faces) -> list[dict[str, Any]]:
    rows = session.execute(
        text("select household_id, reason from route_unplanned where plan_id = :plan"), {"plan": kept.row.id}
    )
    priority = {key_of(one.id): one.priority for one in kept.base.households}
    told = [
        {
            "household": one.household_id,
            **_short(faces.homes.get(one.household_id)),
            "priority": priority.get(one.household_id),
            "reason": one.reason,
        }
        for one in rows
    ]
    return sorted(told, key=lambda one: (-(one["priority"] or 0), one["household"]))


def fairness(session: Session, kept: Kept, faces: Faces) -> list[dict[str, Any]]:
    """What each inspector has in this plan, and with what was given out to him in the weeks before.

    Returns
    -------
    list of dict
        By inspector: visits, metres on foot, evenings and weekend days, of ``plan`` and of ``weeks`` together (those
        of the plan with them).
    """
    problem = kept.problem
    first = kept.row.days[0]
    now: dict[int, Counter[str]] = {key_of(one.id): Counter() for one in kept.base.inspectors}
    for route in kept.plan.routes:
        mode = problem.travel.modes[problem.inspectors[problem.by_inspector[route.inspector]].mode]
        late = any(stop.leave_s > EVENING_S[0] for stop in route.stops)
        day = date.fromisoformat(problem.days[route.day])
        for who in (route.inspector, *route.companions):
            now[key_of(who)] += _share(len(route.stops), route.travel_m if mode == "walk" else 0, late, day)
    weeks = {key: Counter(count) for key, count in now.items()}
    for row in session.execute(
        text("""
            select r.account_id, r.on_day, r.mode, r.back_travel_m, count(s.household_id) as visits,
                   coalesce(sum(s.travel_m), 0) as metres, coalesce(max(s.leave_s), 0) as last_s
              from route r left join route_stop s using (plan_id, published, account_id, day)
             where r.published and r.plan_id <> :plan and r.account_id = any (:people)
               and r.on_day >= :since and r.on_day < :first
             group by r.plan_id, r.account_id, r.day, r.on_day, r.mode, r.back_travel_m"""),
        {
            "plan": kept.row.id,
            "people": list(now),
            "since": first - timedelta(weeks=FAIR_WEEKS),
            "first": first,
        },
    ):
        walked = int(row.metres) + row.back_travel_m if row.mode == "walk" else 0
        weeks[row.account_id] += _share(row.visits, walked, row.last_s > EVENING_S[0], row.on_day)
    names = ("visits", "walk_m", "evenings", "weekends")
    return [
        {
            "inspector": {"id": key, "name": faces.person(key)},
            "plan": {name: now[key][name] for name in names},
            "weeks": {name: weeks[key][name] for name in names},
        }
        for key in now
    ]


def _share(visits: int, walk_m: int, late: bool, day: date) -> Counter[str]:
    return Counter(visits=visits, walk_m=walk_m, evenings=int(late), weekends=int(is_weekend(day)))
