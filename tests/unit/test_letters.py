"""Numbers written as letters are those numbers, as a program that reads letter by letter finds them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.letters import as_letters


def from_letters(letters: str) -> list[int]:
    """Read letters as the browser does."""
    numbers, value, place = [], 0, 0
    for letter in letters:
        bits = ord(letter) - 63
        value += bits % 32 << place
        place += 5
        if bits < 32:
            numbers.append(value)
            value = place = 0
    assert place == 0, "the last number has an end"
    return numbers


@settings(derandomize=True, max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 40) | st.integers(0, 2**62), max_size=30))
def test_letters_are_read_back_as_the_numbers(numbers: list[int]) -> None:
    letters = as_letters(np.array(numbers, dtype=np.int64))
    assert from_letters(letters) == numbers
    assert all("?" <= letter <= "~" for letter in letters)


def test_a_small_number_is_one_letter_and_a_negative_one_none() -> None:
    assert as_letters(np.array([0, 1, 31, 32])) == "?@^_@"
    with pytest.raises(ValueError, match="below 0"):
        as_letters(np.array([3, -1]))
