"""Where the villages of a large plan stand while it is solved."""

from __future__ import annotations

from dataclasses import replace

from geo.routing.board import DONE, FIRST, UNDER_WAY, WAITING, Board
from geo.routing.solve import Progress, solve
from tests.benchmarks.route_towns import make_town
from tests.routing import hamlet

HOMES = tuple(replace(one, village="east" if one.id < "h4" else "west") for one in hamlet().households)
PROBLEM = replace(hamlet(), households=HOMES)


def test_a_village_goes_from_waiting_to_done() -> None:
    board = Board(PROBLEM, [[0, 1, 2], [3, 4, 5]], 1)
    assert board.stands() == {"east": WAITING, "west": WAITING}
    board.end(0)
    assert board.stands() == {"east": FIRST, "west": WAITING}
    board.end(1)
    board.begin_properly()
    assert board.stands() == {"east": UNDER_WAY, "west": FIRST}
    board.end(0)
    assert board.stands() == {"east": DONE, "west": UNDER_WAY}


def test_a_village_in_two_parts_is_done_with_the_last_of_them() -> None:
    board = Board(PROBLEM, [[0, 1], [2, 3, 4, 5]], 2)
    board.begin_properly()
    board.end(0)
    assert board.stands() == {"east": UNDER_WAY, "west": UNDER_WAY}
    board.end(1)
    assert board.stands() == {"east": DONE, "west": DONE}


def test_a_town_is_told_village_by_village() -> None:
    town = make_town(600, 12, 1, seed=2)
    town = replace(
        town, households=tuple(replace(one, village=str(at // 60)) for at, one in enumerate(town.households))
    )
    seen: list[Progress] = []
    solve(town, rounds=2, workers=1, progress=seen.append)
    parts = [one for one in seen if one.step == "parts"]
    done = [sum(state == DONE for state in one.stands.values()) for one in parts]
    assert done == sorted(done)
    assert set(parts[-1].stands.values()) == {DONE}
    assert len(parts[-1].stands) == 10
