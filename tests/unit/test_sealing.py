"""Sealed values: bound to their place, of any key generation, searchable by keyed hash only."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.numbers import normalise
from data.sealing import KeyPair, KeysUnfit, SealBroken, Sealer, load_sealer, load_secret

OLD = KeyPair(bytes(range(64)), bytes(32))
NEW = KeyPair(bytes(range(64, 128)), bytes([7]) * 32)
PLACE = "household.phone_sealed"


@given(st.text(max_size=60), st.integers(1, 2**62))
def test_what_was_sealed_opens_again(value, row):
    sealer = Sealer({1: OLD}, 1)
    assert sealer.open(sealer.seal(value, PLACE, row), PLACE, row) == value


def test_a_value_moved_to_another_row_or_column_does_not_open():
    sealer = Sealer({1: OLD}, 1)
    sealed = sealer.seal("13812345678", PLACE, 5)
    for place, row in ((PLACE, 6), ("household.id_sealed", 5), ("house.phone_sealed", 5)):
        with pytest.raises(SealBroken):
            sealer.open(sealed, place, row)


@pytest.mark.parametrize("at", [0, 1, 16, -1])
def test_a_changed_byte_is_found(at):
    sealer = Sealer({1: OLD}, 1)
    sealed = bytearray(sealer.seal("13812345678", PLACE, 5))
    sealed[at] ^= 1
    with pytest.raises(SealBroken):
        sealer.open(bytes(sealed), PLACE, 5)


def test_an_empty_value_does_not_open():
    with pytest.raises(SealBroken):
        Sealer({1: OLD}, 1).open(b"", PLACE, 5)


def test_keys_can_change_without_touching_old_rows():
    before = Sealer({1: OLD}, 1)
    after = Sealer({1: OLD, 2: NEW}, 2)
    old = before.seal("13812345678", PLACE, 5)
    assert after.open(old, PLACE, 5) == "13812345678"
    assert not after.is_current(old)
    new = after.seal("13812345678", PLACE, 5)
    assert after.is_current(new)
    assert new[0] == 2
    with pytest.raises(SealBroken):
        before.open(new, PLACE, 5)


def test_search_finds_rows_indexed_with_older_keys():
    before = Sealer({1: OLD}, 1)
    after = Sealer({1: OLD, 2: NEW}, 2)
    hashes = after.indexes("138 1234 5678", "phone")
    assert hashes[0] == after.index("13812345678", "phone")
    assert before.index("+86 13812345678", "phone") in hashes


def test_equal_digits_of_two_kinds_have_different_hashes():
    sealer = Sealer({1: OLD}, 1)
    assert sealer.index("110105194912310021", "id_number") != sealer.index("110105194912310021", "bank_card")


def test_the_hash_needs_the_key():
    assert Sealer({1: OLD}, 1).index("1", "phone")[1:] != Sealer({1: NEW}, 1).index("1", "phone")[1:]


@pytest.mark.parametrize(
    ("typed", "kind", "plain"),
    [
        ("１３８１２３４５６７８", "phone", "13812345678"),
        ("0086 138-1234-5678", "phone", "13812345678"),
        ("(0536) 678 1234", "phone", "05366781234"),
        ("11010519491231002x", "id_number", "11010519491231002X"),
        ("6222 0200—0000", "bank_card", "622202000000"),
    ],
)
def test_a_number_has_one_form_however_it_was_typed(typed, kind, plain):
    assert normalise(typed, kind) == plain


def _write(path, **changes):
    keys = {
        "current": "1",
        "keys": {"1": {"seal": "ab" * 64, "index": "cd" * 32}},
        "session": "01" * 32,
        "flask": "02" * 32,
    }
    path.write_text(json.dumps(keys | changes), encoding="utf-8")
    return path


def test_keys_are_read_from_their_file(tmp_path):
    path = _write(tmp_path / "keys.json")
    sealer = load_sealer(path)
    assert sealer.open(sealer.seal("x", PLACE, 1), PLACE, 1) == "x"
    assert load_secret(path, "session") == bytes([1]) * 32


@pytest.mark.parametrize(
    "changes",
    [
        {"current": "2"},
        {"keys": {"1": {"seal": "ab" * 32, "index": "cd" * 32}}},
        {"keys": {"1": {"seal": "ab" * 64, "index": "cd"}}},
        {"keys": {"300": {"seal": "ab" * 64, "index": "cd" * 32}}, "current": "300"},
        {"keys": {"1": {"seal": "zz" * 64, "index": "cd" * 32}}},
        {"keys": []},
    ],
)
def test_an_unfit_key_file_stops_the_start(tmp_path, changes):
    with pytest.raises(KeysUnfit):
        load_sealer(_write(tmp_path / "keys.json", **changes))


def test_a_missing_key_file_and_a_short_secret_stop_the_start(tmp_path):
    with pytest.raises(KeysUnfit):
        load_sealer(tmp_path / "none.json")
    with pytest.raises(KeysUnfit):
        load_secret(_write(tmp_path / "keys.json", flask="02"), "flask")
