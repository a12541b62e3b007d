"""Recount by position: where every household lies, found in the program from points and polygons alone.

The rule is that of :mod:`data.areas`. It is stated there in SQL, for writing; here a million points are read once and
sorted into the areas (:mod:`data.point_areas`), which takes about half of the processor time. Nothing that is kept is
used, so that what is kept can be held against it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import GRIDS, VILLAGES, members_of
from data.point_areas import Areas, find_places, pick, read_areas
from data.whole_numbers import read_bytes, read_numbers
from geo.covering import covering_areas

# Households read at once, by their ids: 48 to 80 MB, within what one value of the database can hold.
_PART = 2_000_000
# A point as it comes: written as PostgreSQL's own kind of point, in three quarters of the time that WKB takes. An empty
# one has no coordinates, and is covered by nothing.
_POINT = [("x", ">f8"), ("y", ">f8")]
_WRITTEN = "coalesce(point_send(cast(geom as point)), point_send(point(float8 'NaN', float8 'NaN')))"
# So many households that seem to lie elsewhere are asked about one by one; of more the rule is asked whole.
_FEW = 1_000


def wrongly_placed(session: Session) -> int:
    """Count households whose village or grid is not that of their position.

    Parameters
    ----------
    session : Session
        As the owner, so that every row is seen.

    Returns
    -------
    int
        Households without a position are not looked at. Whatever seems to lie elsewhere is asked about once more in the
        database: its rule decides, should the two read a point on a border differently in the last digit.
    """
    villages, grids = read_areas(session, VILLAGES), read_areas(session, GRIDS)
    doubtful: list[int] = []
    for ids, kept, x, y in _positions(session, "geom is not null", "village_id", "grid_id"):
        found = find_places(x, y, villages, grids)
        doubtful += ids[(found.village_ids != kept[0]) | (found.grid_ids != kept[1])].tolist()
    if not doubtful:
        return 0
    few = len(doubtful) <= _FEW
    points = f"(select id, geom from household where id in ({', '.join(map(str, doubtful))}))" if few else "household"
    return int(
        session.scalar(
            text(f"""
                select count(*) from household h join ({members_of(points)}) found on found.id = h.id
                where (h.village_id, h.grid_id) is distinct from (found.village_id, found.grid_id)""")
        )
        or 0
    )


def recount_grids(
    session: Session, campaign_id: int, round_no: int, *, cut_at_villages: bool = True
) -> dict[int, tuple[int, int]]:
    """Count the eligible and the visited households of each grid from positions and visits alone.

    Parameters
    ----------
    session : Session
        As the owner.
    cut_at_villages : bool
        Whether a household in another village than its grid's does not count to the grid: the rule. Without it
        villages are not read, and a point counts to the first grid by code that covers it.

    Returns
    -------
    dict
        Eligible and visited by id of the grid; grids without an eligible household are left out. A household without a
        position counts where it is said to be.
    """
    rule, low, high = session.execute(
        text("""
            select r.cohort_rule, c.jur, c.jur_end from round r join campaign c on c.id = r.campaign_id
            where r.campaign_id = :campaign and r.no = :round"""),
        {"campaign": campaign_id, "round": round_no},
    ).one()
    # Everybody is who is there; whom any other cohort takes in the view says.
    meant = f"removed_at is null and jur >= {int(low)} and jur < {int(high)}"
    key = {"campaign": campaign_id, "round": round_no}
    if rule != "all_households":
        meant += f""" and id in (select household_id from eligible
                                  where campaign_id = {int(campaign_id)} and round_no = {int(round_no)})"""
    visited = np.frombuffer(
        read_bytes(
            session,
            """
            select coalesce(string_agg(int8send(household_id), ''), '') from visit
            where campaign_id = :campaign and round_no = :round and counts and superseded_by is null""",
            key,
        ),
        dtype=">i8",
    )
    villages = read_areas(session, VILLAGES) if cut_at_villages else None
    grids = read_areas(session, GRIDS)
    eligible, reached = np.zeros((2, len(grids.ids) + 1), dtype=np.int64)
    has_visit = np.zeros(int(visited.max(initial=0)) + 1, dtype=bool)
    has_visit[visited] = True
    for ids, place in _in_grids(session, meant, villages, grids):
        eligible += np.bincount(place + 1, minlength=len(eligible))
        known = ids < len(has_visit)
        reached += np.bincount(place[known][has_visit[ids[known]]] + 1, minlength=len(eligible))
    counts = zip(grids.ids.tolist(), eligible[1:].tolist(), reached[1:].tolist(), strict=True)
    return {grid: (n, m) for grid, n, m in counts if n}


def _in_grids(
    session: Session, meant: str, villages: Areas | None, grids: Areas
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Ids of households and the places of their grids, -1 for none: by position, and then those that have none."""
    for ids, _, x, y in _positions(session, f"{meant} and geom is not null"):
        place = covering_areas(x, y, grids.shapes)
        if villages is not None:
            in_village = covering_areas(x, y, villages.shapes)
            place[(in_village >= 0) & (pick(grids.village_ids, place) != pick(villages.ids, in_village))] = -1
        yield ids, place
    order = np.argsort(grids.ids)
    told = read_numbers(
        session, f"select id, grid_id from household where {meant} and geom is null and grid_id is not null", {}, 2
    )
    yield told[:, 0], order[np.searchsorted(grids.ids, told[:, 1], sorter=order)]


def _positions(
    session: Session, meant: str, *columns: str
) -> Iterator[tuple[NDArray[np.int64], list[NDArray[np.int64]], NDArray[np.float64], NDArray[np.float64]]]:
    """Ids, whole-number columns (0 for null) and coordinates of households, part by part."""
    last = int(session.scalar(text("select coalesce(max(id), 0) from household")) or 0)
    wanted = " || ".join(f"int8send(coalesce({name}, 0))" for name in ("id", *columns))
    row = np.dtype([(name, ">i8") for name in ("id", *columns)] + _POINT)
    for begin in range(0, last + 1, _PART):
        # One value, since a million rows take longer to hand over one by one than to find.
        told = read_bytes(
            session,
            f"""
            select coalesce(string_agg({wanted} || {_WRITTEN}, ''), '') from household
            where {meant} and id >= :first and id < :next""",
            {"first": begin, "next": begin + _PART},
        )
        rows = np.frombuffer(told, dtype=row)
        numbers = [rows[name].astype(np.int64) for name in ("id", *columns)]
        yield numbers[0], numbers[1:], rows["x"].astype(np.float64), rows["y"].astype(np.float64)
