"""Recheck: count everything anew from the facts and say where what is kept differs. Drift is 0, or it is a fault."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.duplicates import flagged_wrongly
from data.judging import judged_differently
from data.recount import recount_grids, wrongly_placed

# Eligible households by place, and how many have a counting visit: from visits and households alone, past standing.
_COUNTED = """
            select e.campaign_id, e.round_no, e.jur, e.group_id, count(*) as eligible,
                   count(*) filter (where exists (
                       select 1 from visit v where v.household_id = e.household_id and v.campaign_id = e.campaign_id
                          and v.round_no = e.round_no and v.counts and v.superseded_by is null)) as visited
            from eligible e group by 1, 2, 3, 4"""

# Each query counts rows that are kept otherwise than the facts say.
_CHECKS = {
    "jurisdiction": """
        select count(*) from household h left join grid g on g.id = h.grid_id left join area v on v.id = h.village_id
        where h.jur <> coalesce(g.jur, v.jur, h.jur / 1000000 * 1000000)""",
    "enrolment": """
        select count(*) from standing s full join eligible e
            on (e.campaign_id, e.round_no, e.household_id) = (s.campaign_id, s.round_no, s.household_id)
        where (s.jur, s.group_id, s.x, s.y, s.morton, s.quality, s.key_groups) is distinct from
              (e.jur, e.group_id, e.x, e.y, e.morton, e.quality, e.key_groups)""",
    "standing": """
        select count(*) from standing s left join visit_facts f
            on (f.campaign_id, f.round_no, f.household_id) = (s.campaign_id, s.round_no, s.household_id)
        where (s.status, s.visits, s.valid_visits, s.first_valid_on, s.last_visit_at, s.kinds) is distinct from
              (coalesce(f.status, 0), coalesce(f.visits, 0), coalesce(f.valid_visits, 0),
               f.first_valid_on, f.last_visit_at, coalesce(f.kinds, '{}'))""",
    "coverage": f"""
        with counted as ({_COUNTED}),
        kept as (select campaign_id, round_no, jur, group_id, sum(eligible) as eligible, sum(visited) as visited
                   from coverage group by 1, 2, 3, 4 having sum(eligible) <> 0)
        select count(*) from kept c full join counted n
            on (n.campaign_id, n.round_no, n.jur, n.group_id) = (c.campaign_id, c.round_no, c.jur, c.group_id)
        where (c.eligible, c.visited) is distinct from (n.eligible, n.visited)""",
    "coverage_by_day": """
        with first as (
            select campaign_id, round_no, household_id,
                   coalesce(min(started_at at time zone 'Asia/Shanghai')::date, '-infinity') as day
            from visit where counts and superseded_by is null and household_id is not null group by 1, 2, 3),
        counted as (
            select campaign_id, round_no, e.jur, e.group_id, f.day, count(*) as visited
            from eligible e join first f using (campaign_id, round_no, household_id) group by 1, 2, 3, 4, 5),
        kept as (select campaign_id, round_no, jur, group_id, day, sum(visited) as visited from coverage_day
                  group by 1, 2, 3, 4, 5 having sum(visited) <> 0)
        select count(*) from kept c full join counted n
            on (n.campaign_id, n.round_no, n.jur, n.group_id, n.day)
             = (c.campaign_id, c.round_no, c.jur, c.group_id, c.day)
        where c.visited is distinct from n.visited""",
    # What was shown is not in the records any more; that all its changes lead to the present is.
    "coverage_as_shown": f"""
        with counted as ({_COUNTED}),
        shown as (
            select campaign_id, round_no, jur, group_id, sum(eligible) as eligible, sum(visited) as visited
            from coverage_shown group by 1, 2, 3, 4)
        select count(*) from shown c full join counted n
            on (n.campaign_id, n.round_no, n.jur, n.group_id) = (c.campaign_id, c.round_no, c.jur, c.group_id)
        where (coalesce(c.eligible, 0), coalesce(c.visited, 0)) is distinct from
              (coalesce(n.eligible, 0), coalesce(n.visited, 0))""",
    "coverage_known_since": """
        select count(*) from round r left join coverage_known k on (k.campaign_id, k.round_no) = (r.campaign_id, r.no)
        where k.since is null or exists (
            select 1 from coverage_shown c
             where c.campaign_id = r.campaign_id and c.round_no = r.no and c.day < k.since)""",
    "coverage_by_status": """
        with kept as (
            select campaign_id, round_no, jur, group_id, sum(unvisited) as unvisited, sum(home) as home,
                   sum(remote) as remote, sum(nobody_home) as nobody_home, sum(refused) as refused,
                   sum(long_away) as long_away, sum(suspect) as suspect, sum(other) as other
              from coverage group by 1, 2, 3, 4 having sum(eligible) <> 0)
        select count(*) from kept c full join counted_coverage n
            on (n.campaign_id, n.round_no, n.jur, n.group_id) = (c.campaign_id, c.round_no, c.jur, c.group_id)
        where (c.unvisited, c.home, c.remote, c.nobody_home, c.refused, c.long_away, c.suspect, c.other)
            is distinct from
              (n.unvisited, n.home, n.remote, n.nobody_home, n.refused, n.long_away, n.suspect, n.other)""",
    # By kind of visitor and key group, from the visits and households themselves.
    "coverage_parts": """
        with person as (
            select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.key_groups,
                   count(v.id) > 0 as visited,
                   array_agg(distinct coalesce(nullif(btrim(v.visitor_kind), ''), '-'))
                       filter (where v.id is not null) as kinds
            from eligible e left join visit v on v.household_id = e.household_id and v.campaign_id = e.campaign_id
                and v.round_no = e.round_no and v.counts and v.superseded_by is null
            group by 1, 2, 3, 4, 5, 6),
        counted as (
            select campaign_id, round_no, jur, group_id, k.kind, g.key_group,
                   count(*) filter (where k.kind = '') as eligible, count(*) filter (where visited) as visited
            from person cross join lateral (select '' as kind union select unnest(kinds)) k
            cross join lateral (select '' as key_group union select unnest(key_groups)) g
            where k.kind <> '' or g.key_group <> '' group by 1, 2, 3, 4, 5, 6),
        kept as (select campaign_id, round_no, jur, group_id, kind, key_group, sum(eligible) as eligible,
                        sum(visited) as visited
                   from coverage_part group by 1, 2, 3, 4, 5, 6 having (sum(eligible), sum(visited)) <> (0, 0))
        select count(*) from kept c full join counted n
            on (n.campaign_id, n.round_no, n.jur, n.group_id, n.kind, n.key_group)
             = (c.campaign_id, c.round_no, c.jur, c.group_id, c.kind, c.key_group)
        where (c.eligible, c.visited) is distinct from (n.eligible, n.visited)""",
    "visit_tallies": """
        select count(*) from visit_tally c full join counted_visits n
            on (n.campaign_id, n.round_no, n.jur) = (c.campaign_id, c.round_no, c.jur)
        where (coalesce(c.valid, 0), coalesce(c.suspect, 0), coalesce(c.other, 0), coalesce(c.unmatched, 0),
               c.last_visit_at)
            is distinct from (coalesce(n.valid, 0), coalesce(n.suspect, 0), coalesce(n.other, 0),
                              coalesce(n.unmatched, 0), n.last_visit_at)""",
    "heat": """
        select count(*) from heat k full join counted_heat n
            on (n.campaign_id, n.round_no, n.jur) = (k.campaign_id, k.round_no, k.jur)
        where k.cells is distinct from n.cells""",
    "owner_tallies": """
        select count(*) from owner_tally k full join counted_owners n
            on (n.campaign_id, n.round_no, n.jur, n.kind, n.repeats)
             = (k.campaign_id, k.round_no, k.jur, k.kind, k.repeats)
        where k.remaining is distinct from n.remaining""",
    # Cells follow with the folding; what is not folded in is added here.
    "cells": """
        with kept as (
            select campaign_id, round_no, level, morton, jur, sum(n) as n, sum(visited) as visited, sum(sum_x) as sum_x,
                   sum(sum_y) as sum_y, sum(grade_c) as grade_c, sum(grade_d) as grade_d
            from (select campaign_id, round_no, level, morton, jur, n, visited, sum_x, sum_y, grade_c, grade_d from cell
                  union all
                  select campaign_id, round_no, level, cell >> (2 * (16 - level)), jur, n,
                         case when status in (1, 2, 6) then n else 0 end, n * x::bigint, n * y::bigint, 0, 0
                  from standing_change cross join cell_levels() where cell is not null) both_places
            group by 1, 2, 3, 4, 5 having (sum(n), sum(grade_c), sum(grade_d)) <> (0, 0, 0))
        select count(*) from kept c full join counted_cells f
            on (f.campaign_id, f.round_no, f.level, f.morton, f.jur)
             = (c.campaign_id, c.round_no, c.level, c.morton, c.jur)
        where (c.n, c.visited, c.sum_x, c.sum_y, c.grade_c, c.grade_d) is distinct from
              (f.n, f.visited, f.sum_x, f.sum_y, f.grade_c, f.grade_d)""",
    "grades": """
        select count(*) from house h join latest_appraisal latest on latest.house_id = h.id
        where h.grade is distinct from latest.result""",
}


def recheck(session: Session) -> dict[str, Any]:
    """Recount membership, standings and coverage.

    Parameters
    ----------
    session : Session
        As the owner, so that every row is seen.

    Returns
    -------
    dict
        ``drift``: rows kept otherwise than the facts say, in total; ``checks``: the same for each check;
        ``counts``: how many households, visits and coverage rows were looked at.
    """
    # Whole tables are compared. Loops would be quadratic where the planner has no statistics yet, and so would merging
    # by campaign and round alone: it takes them for hundreds. Hashing uses all keys.
    for way in ("nestloop", "mergejoin"):
        session.execute(text(f"set local enable_{way} = off"))
    checks = {name: int(session.scalar(text(sql)) or 0) for name, sql in _CHECKS.items()}
    for way in ("nestloop", "mergejoin"):
        session.execute(text(f"set local enable_{way} = on"))
    checks["membership"] = wrongly_placed(session)
    checks["grids_by_position"] = _grids_otherwise(session)
    checks["verdicts"] = judged_differently(session)
    checks["duplicates"] = flagged_wrongly(session)
    counts = {
        name: int(session.scalar(text(f"select count(*) from {name}")) or 0)
        for name in ("household", "visit", "standing", "coverage_folded", "coverage_part_folded")
    }
    return {"drift": sum(checks.values()), "checks": checks, "counts": counts}


def _grids_otherwise(session: Session) -> int:
    """Count grids whose coverage in a round is not what positions and visits say, past all that is kept."""
    otherwise = 0
    for campaign_id, round_no in session.execute(text("select campaign_id, no from round order by 1, 2")).all():
        kept = session.execute(
            text("""
                select g.id, sum(c.eligible)::bigint, sum(c.visited)::bigint
                from coverage c join grid g on g.jur = c.jur
                where c.campaign_id = :campaign and c.round_no = :round group by 1 having sum(c.eligible) <> 0"""),
            {"campaign": campaign_id, "round": round_no},
        )
        told = {grid: (eligible, visited) for grid, eligible, visited in kept}
        counted = recount_grids(session, campaign_id, round_no)
        otherwise += sum(told.get(grid) != counted.get(grid) for grid in told.keys() | counted.keys())
    return otherwise
