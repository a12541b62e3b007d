"""Tiles in memory: those asked for last, never more than they may take."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from data.tile_shelf import Kept, TileShelf

ACTS = st.lists(st.tuples(st.booleans(), st.integers(0, 12), st.integers(0, 3000)), max_size=60)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(most=st.integers(0, 12_000), acts=ACTS)
def test_it_gives_what_was_put_last_and_never_takes_more_than_it_may(
    most: int, acts: list[tuple[bool, int, int]]
) -> None:
    shelf, order, latest = TileShelf(most), [], {}
    for is_put, key, size in acts:
        if is_put:
            tile = Kept(bytes(size), None)
            shelf.put(key, tile)
            if tile.size <= most:
                latest[key] = tile
                order = [*(one for one in order if one != key), key]
                while sum(latest[one].size for one in order) > most:
                    order.pop(0)
        else:
            assert shelf.find(key) is (latest[key] if key in order else None)
            order = [*(one for one in order if one != key), *([key] if key in order else [])]
        assert shelf.bytes == sum(latest[one].size for one in order) <= most


def test_both_forms_of_a_tile_count() -> None:
    assert Kept(b"x" * 100, b"y" * 40).size == Kept(b"x" * 100, None).size + 40


def test_with_no_room_nothing_is_kept() -> None:
    shelf = TileShelf(0)
    shelf.put("a", Kept(b"", None))
    assert shelf.find("a") is None
