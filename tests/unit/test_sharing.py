"""Sharing households out: everybody one owner, numbers met or said, balanced, lying together, the same each time."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.rules.sharing import Held, Home, Party, bisect, fill_evenly, share_out
from data.rules.visitors import GRID_WORKERS, VisitorKind, find_kind, kinds_of, names_kinds
from geo.errors import Text

VILLAGE = ((100, 200),)
GRIDS = (((100, 110),), ((110, 120),))
BOUNDED = settings(derandomize=True, max_examples=25, deadline=None)


def kind(key: str, rule: str, **values: object) -> VisitorKind:
    return VisitorKind(key, Text(key, key), rule, **values)  # type: ignore[arg-type]


GROUPS = kind("support", "share", share=0.3, priority_groups=("petitioner", "hardship"))
CITY = kind("city", "count")
SECRETARY = kind("secretary", "all", repeats=True)
KIN = kind("committee", "near", count=3)
REST = kind("grid", "remainder")


def row(n: int, jur: int = 105, **values: object) -> list[Home]:
    return [Home(at, jur, float(at), 0.0, **values) for at in range(n)]  # type: ignore[arg-type]


@st.composite
def towns(draw: st.DrawFn) -> list[Home]:
    n = draw(st.integers(0, 30))
    homes = []
    for at in range(n):
        known = draw(st.booleans()) or draw(st.booleans())
        homes.append(
            Home(
                at,
                draw(st.sampled_from([105, 115, 150])),
                draw(st.integers(0, 50)) * 1.0 if known else None,
                draw(st.integers(0, 50)) * 1.0 if known else None,
                frozenset(draw(st.sets(st.sampled_from(["petitioner", "hardship", "lone_elder"])))),
                draw(st.integers(0, 4)) == 0,
            )
        )
    return homes


@st.composite
def wishes(draw: st.DrawFn) -> list[tuple[VisitorKind, list[Party]]]:
    workers = [Party(n, f"网{n}", draw(st.sampled_from(GRIDS))) for n in range(draw(st.integers(0, 3)))]
    return [
        (SECRETARY, [Party(90, "书记", VILLAGE)]),
        (REST, [*workers, Party(80, "村管", VILLAGE)]),
        (CITY, [Party(None, f"局{n}", VILLAGE, households=draw(st.integers(0, 30))) for n in range(2)]),
        (GROUPS, [Party(None, "帮扶组", VILLAGE)]),
        (KIN, [Party(70, "委员", VILLAGE, place=(10.0, 10.0)), Party(71, "委员乙", VILLAGE, place=(40.0, 40.0))]),
    ]


@BOUNDED
@given(towns(), wishes())
def test_each_household_has_one_owner_of_those_who_complement_one_another(
    homes: list[Home], demands: list[tuple[VisitorKind, list[Party]]]
) -> None:
    shared = share_out(homes, demands)
    single = Counter(home for home, kind in shared.owners if kind != "secretary")
    assert set(single.values()) <= {1}
    # The rest is whoever is left: with somebody for the whole village nobody is missed but those visited already.
    assert set(single) == {home.id for home in homes if not home.visited}
    assert {home for home, kind in shared.owners if kind == "secretary"} == {home.id for home in homes}
    assert [one for one in shared.unmet if one.code == "nobody"] == []


@BOUNDED
@given(towns(), wishes())
def test_numbers_are_met_or_it_is_said_by_how_much_they_are_not(
    homes: list[Home], demands: list[tuple[VisitorKind, list[Party]]]
) -> None:
    shared = share_out(homes, demands)
    got = Counter((kind, holder.name) for (_, kind), holder in shared.owners.items())
    wanted = {("city", party.name): party.households or 0 for party in demands[2][1]}
    wanted["support", "帮扶组"] = math.ceil(round(0.3 * len(homes), 9))
    wanted |= {("committee", name): 3 for name in ("委员", "委员乙")}
    short = {(one.kind, one.name): (one.wanted, one.given) for one in shared.unmet}
    for key, n in wanted.items():
        if got[key] < n:
            assert short.pop(key) == (n, got[key])
        else:
            assert got[key] == n
    assert short == {}


@BOUNDED
@given(towns(), wishes(), st.randoms(use_true_random=False))
def test_the_result_is_the_same_whatever_the_order_and_stays_when_it_is_done_again(homes, demands, random) -> None:  # type: ignore[no-untyped-def]
    first = share_out(homes, demands)
    mixed = list(homes)
    random.shuffle(mixed)
    assert share_out(mixed, demands).owners == first.owners
    again = share_out(homes, demands, first.owners)
    assert again.owners == first.owners
    assert again.unmet == first.unmet


@BOUNDED
@given(towns(), wishes(), st.data())
def test_what_is_kept_stays_and_nobody_else_gets_it(homes, demands, data) -> None:  # type: ignore[no-untyped-def]
    held = {
        (home.id, "city"): Held(None, "手画", kept=True)
        for home in homes
        if data.draw(st.booleans(), label=f"drawn {home.id}")
    }
    shared = share_out(homes, demands, held)
    for key, holder in held.items():
        assert shared.owners[key] == holder
    single = Counter(home for home, kind in shared.owners if kind != "secretary")
    assert set(single.values()) <= {1}


@BOUNDED
@given(st.integers(0, 200), st.lists(st.integers(0, 20), min_size=1, max_size=6))
def test_what_each_has_in_the_end_differs_by_one_unless_somebody_had_more(n: int, had: list[int]) -> None:
    got = fill_evenly(n, [1.0] * len(had), had)
    assert sum(got) == n
    ends = [one + two for one, two in zip(had, got, strict=True)]
    assert max((end for end, more in zip(ends, got, strict=True) if more), default=0) <= min(ends) + 1


def test_weights_are_followed() -> None:
    assert fill_evenly(12, [1.0, 2.0, 3.0], [0, 0, 0]) == [2, 4, 6]


@BOUNDED
@given(st.integers(1, 6), st.integers(0, 80), st.integers(0, 999))
def test_parts_have_their_sizes_and_are_parted_by_straight_lines(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.permutation(400)[:n, None] // np.array([[20, 1]]) % np.array([[999, 20]]) + rng.random((n, 2)) * 0.4
    sizes = fill_evenly(n, [1.0] * k, [0] * k)
    parts = bisect(places, sizes)
    assert [len(part) for part in parts] == sizes
    assert sorted(at for part in parts for at in part) == list(range(n))
    # Any two parts lie on two sides of a line: some direction parts them.
    turns = np.linspace(0, np.pi, 360, endpoint=False)
    for one in range(k):
        for two in range(one):
            if not parts[one] or not parts[two]:
                continue
            rays = np.stack([np.cos(turns), np.sin(turns)])
            a, b = places[parts[one]] @ rays, places[parts[two]] @ rays
            gap = np.maximum(a.min(axis=0) - b.max(axis=0), b.min(axis=0) - a.max(axis=0))
            assert gap.max() > -0.05, (one, two)


def test_a_street_is_cut_into_stretches_and_not_mixed() -> None:
    shared = share_out(row(10), [(REST, [Party(1, "甲", VILLAGE), Party(2, "乙", VILLAGE)])])
    owners = [shared.owners[at, "grid"].name for at in range(10)]
    assert owners in (["甲"] * 5 + ["乙"] * 5, ["乙"] * 5 + ["甲"] * 5)


def test_a_support_group_takes_thirty_in_a_hundred_petitioners_and_hardship_first() -> None:
    homes = [
        Home(at, 105, float(at), 0.0, frozenset({"petitioner"} if at % 10 == 9 else {"hardship"} if at == 44 else ()))
        for at in range(101)
    ]
    shared = share_out(homes, [(GROUPS, [Party(None, "帮扶组", VILLAGE)]), (REST, [Party(1, "网格员", VILLAGE)])])
    chosen = {home for home, key in shared.owners if key == "support"}
    assert len(chosen) == 31  # 30 % of 101 are 30.3: at least
    assert {home.id for home in homes if home.groups} <= chosen
    assert len({home for home, key in shared.owners if key == "grid"}) == 70


def test_a_target_above_the_households_there_are_is_said_with_numbers() -> None:
    parties = [Party(None, "住建局", VILLAGE, households=8), Party(None, "水务局", VILLAGE, households=4)]
    shared = share_out(row(6), [(CITY, parties)])
    assert Counter(holder.name for holder in shared.owners.values()) == {"住建局": 4, "水务局": 2}
    assert {(one.name, one.code, one.wanted, one.given) for one in shared.unmet} == {
        ("住建局", "too_few", 8, 4),
        ("水务局", "too_few", 4, 2),
    }


def test_a_kind_without_a_number_is_said() -> None:
    shared = share_out(row(4), [(kind("odd", "count"), [Party(None, "某局", VILLAGE)])])
    assert shared.owners == {}
    assert [(one.code, one.name) for one in shared.unmet] == [("no_number", "某局")]


def test_kin_and_neighbours_are_those_near_the_own_house() -> None:
    parties = [Party(1, "东头", VILLAGE, place=(0.0, 0.0)), Party(2, "西头", VILLAGE, place=(19.0, 0.0))]
    shared = share_out(row(20), [(KIN, parties)])
    assert {at for (at, _), one in shared.owners.items() if one.name == "东头"} == {0, 1, 2}
    assert {at for (at, _), one in shared.owners.items() if one.name == "西头"} == {17, 18, 19}


def test_who_answers_for_a_grid_comes_before_who_answers_for_the_village() -> None:
    homes = [Home(1, 105, 0.0, 0.0), Home(2, 150, 1.0, 0.0)]
    shared = share_out(homes, [(REST, [Party(1, "村管", VILLAGE), Party(2, "网格员", GRIDS[0])])])
    assert {at: one.name for (at, _), one in shared.owners.items()} == {1: "网格员", 2: "村管"}


def test_households_for_which_there_is_nobody_are_counted() -> None:
    shared = share_out(row(5, jur=150), [(REST, [Party(2, "网格员", GRIDS[0])])])
    assert [(one.code, one.wanted, one.name) for one in shared.unmet] == [("nobody", 5, None)]


def test_visited_households_go_to_nobody_further_but_count_for_who_visited_them() -> None:
    homes = [Home(at, 105, float(at), 0.0, visited=at < 4) for at in range(10)]
    held = {(at, "grid"): Held(1, "甲", kept=True) for at in range(4)}
    shared = share_out(homes, [(REST, [Party(1, "甲", VILLAGE), Party(2, "乙", VILLAGE)])], held)
    assert Counter(one.name for one in shared.owners.values()) == {"甲": 5, "乙": 5}


def test_a_plan_without_kinds_has_grid_workers() -> None:
    assert kinds_of({"visit": {}}) == (GRID_WORKERS,)
    assert not names_kinds({"visit": {}})


def test_kinds_are_read_from_a_stored_plan_and_found_by_any_of_their_names() -> None:
    plan = {
        "visitor": [
            {"kind": "city", "name_zh": "市直单位", "name_en": "Municipal units", "rule": "count",
             "unit": [{"name": "市水务局", "village": "990101001001", "households": 40}]},
            {"kind": "secretary", "name_zh": "村书记", "rule": "all", "repeats": True},
        ]
    }  # fmt: skip
    city, secretary = kinds_of(plan)
    assert (city.rule, city.units[0].households, city.repeats) == ("count", 40, False)
    assert (secretary.name, secretary.repeats) == (Text("村书记", "村书记"), True)
    assert names_kinds(plan)
    for words in ("city", "市直单位", "Municipal units", " city "):
        assert find_kind((city, secretary), words) is city
    assert find_kind((city, secretary), "别的") is None
    assert find_kind((city, secretary), None) is None
