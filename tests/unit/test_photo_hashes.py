"""The difference hash: the same for a picture saved again, another for another picture, none for what is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from data.photo_hashes import difference_hash
from data.rules.detectors.records import NEAR_BITS


def picture(seed: int) -> Image.Image:
    """Some soft blotches, as a yard out of focus."""
    spots = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(spots).resize((640, 480), Image.Resampling.BICUBIC)


def saved(image: Image.Image, form: str, **how: int) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def bits_between(one: bytes, other: bytes) -> int:
    a, b = difference_hash(one), difference_hash(other)
    assert a is not None
    assert b is not None
    return ((a ^ b) & (2**64 - 1)).bit_count()


@pytest.mark.parametrize("seed", range(6))
def test_a_picture_saved_again_stays_near_and_another_is_far(seed: int) -> None:
    image = picture(seed)
    first = saved(image, "JPEG", quality=92)
    again = saved(image.resize((320, 240)), "JPEG", quality=40)
    brighter = saved(image.point(lambda value: min(255, value + 12)), "PNG")
    assert bits_between(first, again) <= NEAR_BITS
    assert bits_between(first, brighter) <= NEAR_BITS + 2
    assert bits_between(first, saved(picture(seed + 100), "JPEG")) > 12


def test_what_is_no_picture_has_no_hash() -> None:
    assert difference_hash(b"") is None
    assert difference_hash(b"%PDF-1.7") is None
    assert difference_hash(saved(picture(1), "JPEG")[:200]) is None
    assert difference_hash(saved(Image.new("RGB", (64, 64), "white"), "PNG")) is None


def test_it_fits_into_a_column_of_the_database() -> None:
    for seed in range(40):
        value = difference_hash(saved(picture(seed), "PNG"))
        assert value is None or -(2**63) <= value < 2**63
