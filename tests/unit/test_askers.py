"""Areas of duty as number ranges."""

import pytest

from data.askers import Asker, Role, read_ranges


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        (None, ()),
        ("{}", ()),
        ("{[1,5)}", ((1, 5),)),
        ("{[370725108000000,370725109000000),[370725111000000,370725112000000)}",
         ((370725108000000, 370725109000000), (370725111000000, 370725112000000))),
    ],
)  # fmt: skip
def test_ranges_are_read_as_the_database_writes_them(text, ranges):
    assert read_ranges(text) == ranges


def test_a_range_is_covered_only_by_one_area_of_duty():
    asker = Asker(1, "a", "A", Role.SUPERVISOR, None, ((10, 20), (20, 30)))
    assert asker.covers(10)
    assert asker.covers(10, 20)
    assert not asker.covers(9)
    assert not asker.covers(15, 25)
    assert not asker.covers(30)
