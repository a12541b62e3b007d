"""How long an edit of a border between two grids takes in the database: about 1,000 households, real st_covers.

    .venv/bin/python -m tests.benchmarks.bench_edit [--households 1000] [--runs 20]

The sample township, with two of its grids filled up until they hold that many households, in a database of its own
that is dropped afterwards. The border is moved out and back to where it was, so that it has as many corners in the last
run as in the first, and the recheck must find no drift. Told apart: the preview, the reassignment alone, and the whole
edit with its notes for taking it back.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from data.areas import number_range, reassign_within
from data.askers import Asker, Role
from data.edit_wishes import Wish
from data.edits import apply_edit, limits_of, preview_edit
from data.recheck import recheck
from data.samples.township import TOWNSHIP
from tests.benchmarks.figures import AnswersDiffer, Figure, load_average, print_figures
from tests.browser.sample import commit_sample

ABOUT = "An edit of a border between two grids: its preview, the reassignment alone, and the whole edit."
DATABASE = "fangtu_bench_edit"
GOAL_MS = 100


def main() -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--households", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=20)
    chosen = parser.parse_args()
    figures = measure(chosen.households, chosen.runs)
    print_figures(figures)
    return int(any(figure.met is False for figure in figures))


def run(households: int | None = None) -> list[Figure]:
    """Measure with as many households in two grids; 1,000 by default."""
    return measure(households or 1000, 20)


def measure(households: int, runs: int) -> list[Figure]:
    """Move the border to and fro so often; counts are compared with the recheck.

    Raises
    ------
    AnswersDiffer
        If the recheck finds drift afterwards.
    """
    stand = commit_sample(DATABASE)
    duty = number_range(TOWNSHIP)
    who = Asker(1, "bench", "bench", Role.SUPERVISOR, None, (duty,))
    taken = {name: Taken() for name in ("preview", "reassignment", "whole edit")}
    try:
        with Session(stand.owner) as session, session.begin():
            one, other = two_grids(session)
            enlarge(session, (one, other), households)
        with Session(stand.owner) as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(text("vacuum analyze"))
        with Session(stand.owner) as session:
            began = {code: shape_of(session, code) for code in (one, other)}
        outward = moved_border(began[one], began[other])
        corners = sum(map(int, shapely.get_num_coordinates([outward, *began.values()])))
        held, moved = 0, []
        for turn in range(runs):
            with Session(stand.owner) as session:
                shapes = {code: shape_of(session, code) for code in (one, other)}
                held = count(session, (one, other))
                wish = Wish("change", (one,), began[one] if turn % 2 else outward)
                with taken["preview"].timed(session):
                    seen = preview_edit(session, wish, who)
                with taken["whole edit"].timed(session):
                    done = apply_edit(session, wish, seen.plan.revision, limits_of(who), account_id=None)
                    session.commit()
                moved.append(done.moved)
                if done.moved != seen.moved:
                    raise AnswersDiffer(f"the preview said {seen.moved} and {done.moved} moved")
                # The same reassignment once more from the other side, without notes, and taken back.
                session.execute(text("update grid set geom = :shape where code = :code"), write(one, shapes[one]))
                session.execute(text("update grid set geom = :shape where code = :code"), write(other, shapes[other]))
                with taken["reassignment"].timed(session):
                    reassign_within(session, seen.plan.ground)
                session.rollback()
        with Session(stand.owner) as session:
            drift = recheck(session)["drift"]
        if drift:
            raise AnswersDiffer(f"recheck finds {drift} rows that differ after {runs} edits")
        told = f"{held} households in two grids, {statistics.median(moved):.0f} move, {runs} runs, "
        told += f"{corners} corners in both and in the border moved, {load_average()}"
        return [
            Figure(
                name,
                statistics.median(part.wall) * 1000,
                "ms",
                None if name == "preview" else GOAL_MS,
                conditions=f"{told}; {min(part.wall) * 1000:.0f} to {max(part.wall) * 1000:.0f} ms; processor time "
                f"{statistics.median(part.client) * 1000:.0f} ms here, {statistics.median(part.server) * 1000:.0f} ms "
                "in the database (medians)",
            )
            for name, part in taken.items()
        ]
    finally:
        stand.owner.dispose()
        server = create_engine(stand.settings.admin_url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as connection:
            connection.execute(text(f'drop database if exists "{stand.settings.admin_url.database}" with (force)'))
        server.dispose()


@dataclass
class Taken:
    """Seconds of each run: by the clock, and of processor time here and in the database's process."""

    wall: list[float] = field(default_factory=list)
    client: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)

    @contextmanager
    def timed(self, session: Session) -> Iterator[None]:
        pid = int(session.scalar(text("select pg_backend_pid()")) or 0)
        client, server, wall = time.process_time(), processor_s(pid), time.perf_counter()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.client.append(time.process_time() - client)
        self.server.append(processor_s(pid) - server)


def processor_s(pid: int) -> float:
    """Seconds of processor time a process of this machine has had, by Linux's own count."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def two_grids(session: Session) -> tuple[str, str]:
    """The two neighbouring grids of one village with the longest common border."""
    row = session.execute(
        text("""
            select a.code, b.code from grid a join grid b on b.village_id = a.village_id and b.code > a.code
             where st_intersects(a.geom, b.geom)
             order by st_length(st_intersection(a.geom, b.geom)) desc limit 1""")
    ).one()
    return str(row[0]), str(row[1])


def enlarge(session: Session, codes: tuple[str, str], wanted: int) -> None:
    """Add copies of the two grids' households at random places inside until there are as many as wanted."""
    there = count(session, codes)
    session.execute(text("select setseed(0.5)"))
    session.execute(
        text("""
            insert into household (natural_key, head_name, jur, village_id, grid_id, geom, quality)
            select 'bench:' || g.code || ':' || (d.path)[1], '测', g.jur, g.village_id, g.id, d.geom, 3
              from grid g cross join lateral st_dump(st_generatepoints(g.geom, :each, 7)) d
             where g.code = any (:codes)"""),
        {"each": max(0, wanted - there) // 2, "codes": list(codes)},
    )


def count(session: Session, codes: tuple[str, str]) -> int:
    return int(
        session.scalar(
            text("select count(*) from household h join grid g on g.id = h.grid_id where g.code = any (:codes)"),
            {"codes": list(codes)},
        )
        or 0
    )


def shape_of(session: Session, code: str) -> BaseGeometry:
    return shapely.from_wkb(
        bytes(session.scalar(text("select st_asbinary(geom) from grid where code = :code"), {"code": code}) or b"")
    )


def moved_border(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """The first grid with some 60 metres more of the second."""
    return shapely.union(one, shapely.intersection(shapely.buffer(one, 60 / 100_000), other))


def write(code: str, shape: BaseGeometry) -> dict[str, str]:
    return {"code": code, "shape": shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)}


if __name__ == "__main__":
    sys.exit(main())
