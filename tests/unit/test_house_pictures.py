"""Drawn pictures of houses: the same each time, and different for each house and phase."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from data.rules.site_files import PHASE
from data.samples.house_pictures import SITES, SIZE, draw_house


@pytest.mark.parametrize("rebuilt", [False, True])
def test_each_house_and_phase_has_its_own_picture(rebuilt: bool) -> None:
    made = {(phase, n): draw_house(phase, n, rebuilt=rebuilt) for phase in PHASE for n in range(SITES)}
    assert len(set(made.values())) == len(made)
    for key, content in made.items():
        assert draw_house(*key, rebuilt=rebuilt) == content
        assert Image.open(io.BytesIO(content)).size == SIZE
