"""What is kept on write, made anew from the records: for loads of many rows, past the triggers that keep it otherwise.

Each table is filled by one statement for a round, from what defines it: ``eligible`` and ``visit_facts`` say how a
household stands, ``counted_coverage`` and its like what is counted, ``counted_cells`` what lies in a cell. A test holds
this and the triggers to the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.folding import hold_folding

# Campaign and round of what belongs to all of them.
_HOUSES = (0, 0)
_SPAN = "campaign_id = :campaign and round_no = :round and jur >= :jur and jur < :jur_end"
_PLACE = "campaign_id, round_no, jur, group_id"
_STATUSES = "unvisited, home, remote, nobody_home, refused, long_away, suspect, other"
# Table, its columns, and the view that counts them from the records.
_COUNTED = (
    ("coverage_folded", f"{_PLACE}, eligible, visited, {_STATUSES}", "counted_coverage"),
    ("coverage_day_folded", f"{_PLACE}, day, visited", "counted_days"),
    ("coverage_part_folded", f"{_PLACE}, kind, key_group, eligible, visited", "counted_parts"),
    (
        "visit_tally_folded",
        "campaign_id, round_no, jur, valid, suspect, other, unmatched, last_visit_at",
        "counted_visits",
    ),
    ("heat_folded", "campaign_id, round_no, jur, cells", "counted_heat"),
    ("owner_tally_folded", "campaign_id, round_no, jur, kind, repeats, remaining", "counted_owners"),
)
_CELL = "campaign_id, round_no, level, morton, jur, n, visited, sum_x, sum_y, grade_c, grade_d"


def rebuild(session: Session, campaign_id: int, round_no: int, jur: int, jur_end: int) -> None:
    """Make anew how households stand in a round, and everything that is counted from it.

    Parameters
    ----------
    session : Session
        As the owner, with ``standing`` locked against writing and its triggers set aside
        (``data.upkeep.upkeep_aside``).
    campaign_id, round_no : int
        The round.
    jur, jur_end : int
        Jurisdiction numbers ``[jur, jur_end)`` to do it for. Everything kept carries its number, so that what lies
        outside is right as it is; no household may have left the range since it was kept.

    Notes
    -----
    Nothing is folded in until the end of the transaction. What was shown on earlier days (``coverage_shown``) is not in
    the records: those rows stay, and today's row takes the difference, as it would have with the triggers.
    """
    span = {"campaign": campaign_id, "round": round_no, "jur": jur, "jur_end": jur_end}
    hold_folding(session)
    _stand(session, span)
    _cover(session, span)
    _count_cells(session, span)
    # Coverage was counted of all standings: a hundredth of the rows.
    _raise_versions(session, f"select distinct campaign_id, round_no, jur from coverage_folded where {_SPAN}", span)


def rebuild_houses(session: Session, jur: int, jur_end: int) -> None:
    """Count dilapidated houses by cell anew and tell maps of it; the session and the range as for :func:`rebuild`."""
    span = dict(zip(("campaign", "round"), _HOUSES, strict=True)) | {"jur": jur, "jur_end": jur_end}
    _count_cells(session, span)
    _raise_versions(
        session, "select distinct 0::bigint, 0::smallint, jur from house where jur >= :jur and jur < :jur_end", span
    )


def rounds_within(session: Session, jur: int, jur_end: int) -> Sequence[tuple[int, int]]:
    """Campaign and number of each round that is for some of these jurisdiction numbers."""
    found = session.execute(
        text("""
            select r.campaign_id, r.no from round r join campaign c on c.id = r.campaign_id
             where c.jur < :jur_end and c.jur_end > :jur order by 1, 2"""),
        {"jur": jur, "jur_end": jur_end},
    )
    return [(row.campaign_id, row.no) for row in found]


def _stand(session: Session, span: dict[str, int]) -> None:
    session.execute(text(f"delete from standing where {_SPAN}"), span)
    session.execute(
        text(f"""
            insert into standing (campaign_id, round_no, household_id, jur, group_id, x, y, morton, quality, status,
                                  visits, valid_visits, first_valid_on, last_visit_at, kinds, key_groups)
            select e.campaign_id, e.round_no, e.household_id, e.jur, e.group_id, e.x, e.y, e.morton, e.quality,
                   coalesce(f.status, 0), coalesce(f.visits, 0), coalesce(f.valid_visits, 0), f.first_valid_on,
                   f.last_visit_at, coalesce(f.kinds, '{{}}'), e.key_groups
            from (select * from eligible where {_SPAN}) e
            left join (select * from visit_facts where campaign_id = :campaign and round_no = :round) f
              on f.household_id = e.household_id"""),
        span,
    )
    # A table that is thought empty is sorted where it could be counted in memory: five times the work.
    session.execute(text("analyze standing"))


def _cover(session: Session, span: dict[str, int]) -> None:
    """Add up standings to coverage as it is, in parts, by day of visit and as shown from today; and tally visits."""
    # What is not folded in is in the standings already.
    session.execute(text(f"delete from standing_change where {_SPAN}"), span)
    for table, columns, counted in _COUNTED:
        _count_anew(session, table, columns, counted, "jur", span)
    session.execute(
        text(f"""
            insert into coverage_shown_folded as c (campaign_id, round_no, jur, group_id, day, eligible, visited)
            select campaign_id, round_no, jur, group_id, day_of_change(), sum(eligible), sum(visited) from (
                select campaign_id, round_no, jur, group_id, eligible, visited from coverage_folded where {_SPAN}
                union all
                select campaign_id, round_no, jur, group_id, -eligible, -visited from coverage_shown_folded
                 where {_SPAN}) d
            group by 1, 2, 3, 4 having (sum(eligible), sum(visited)) <> (0, 0) order by 1, 2, 3, 4
            on conflict (campaign_id, round_no, jur, group_id, day) do update set
                eligible = c.eligible + excluded.eligible, visited = c.visited + excluded.visited"""),
        span,
    )


def _count_cells(session: Session, span: dict[str, int]) -> None:
    _count_anew(session, "cell", _CELL, "counted_cells", "level, morton, jur", span)


def _count_anew(session: Session, table: str, columns: str, counted: str, order: str, span: dict[str, int]) -> None:
    """Fill a table from the view that counts its rows.

    Counted into a table of its own first: PostgreSQL counts with several processes then, which it never does for rows
    that are inserted. What is counted is small beside what it is counted from.
    """
    session.execute(text(f"delete from {table} where {_SPAN}"), span)
    session.execute(text("drop table if exists pg_temp.counted"))
    session.execute(
        text(f"create temporary table counted on commit drop as select {columns} from {counted} where {_SPAN}"), span
    )
    session.execute(text(f"insert into {table} ({columns}) select {columns} from pg_temp.counted order by {order}"))


def _raise_versions(session: Session, places: str, span: dict[str, int]) -> None:
    """Raise the number of each campaign, round and jurisdiction number of a query: browsers keep no older answer."""
    session.execute(
        text(f"""
            select note_map(array_agg(c), array_agg(r), array_agg(j)) from ({places}) as t (c, r, j)
            having count(*) > 0"""),
        span,
    )
