"""Faults planted into phone and server still fit what they are planted into; games that find them are elsewhere."""

from __future__ import annotations

import pytest

from tests.field_modules import PLANTED, STATIC
from tests.field_mutants import MUTANTS


@pytest.mark.parametrize("name", PLANTED)
def test_the_texts_of_a_fault_of_the_phone_are_in_its_module(name: str) -> None:
    file, changes = PLANTED[name]
    text = (STATIC / "js" / "field" / file).read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)


@pytest.mark.parametrize("name", MUTANTS)
def test_what_a_fault_of_the_server_takes_the_place_of_is_there(name: str) -> None:
    with MUTANTS[name]():
        pass
