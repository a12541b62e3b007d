"""The rule for new passwords, and checking one."""

import time

import pytest

from data.passwords import PasswordUnfit, check_new_password, hash_password, make_password, password_matches


@pytest.mark.parametrize("password", ["Short-1", "alllowercaseletters", "ALLCAPS12345", "a" * 201])
def test_short_and_plain_passwords_are_refused(password):
    with pytest.raises(PasswordUnfit):
        check_new_password(password)


@pytest.mark.parametrize(
    "password", ["Password-2026", "Fangtu!123456", "P@ssw0rd-1234", "Admin_20261121", "Tangwu-370725", "Aa1-Aa1-Aa1-"]
)
def test_well_known_words_with_digits_around_them_are_refused(password):
    with pytest.raises(PasswordUnfit):
        check_new_password(password)


def test_the_sign_in_name_inside_is_refused():
    with pytest.raises(PasswordUnfit):
        check_new_password("Liang-xiaoman-77", "liang")


@pytest.mark.parametrize("password", ["kettle-Bridge-41", "三户人家-Abc-9", "dT7 qvLw 2mZ"])
def test_good_passwords_are_taken(password):
    check_new_password(password, "liang")


def test_made_passwords_keep_the_rule():
    made = {make_password() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        check_new_password(password)


def test_a_password_matches_its_hash_only():
    stored = hash_password("kettle-Bridge-41")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert password_matches(stored, "kettle-Bridge-41")
    assert not password_matches(stored, "kettle-bridge-41")
    assert not password_matches("not a hash", "kettle-Bridge-41")
    assert not password_matches(None, "kettle-Bridge-41")


def test_a_name_nobody_has_takes_as_long():
    stored = hash_password("kettle-Bridge-41")
    password_matches(None, "warm up")

    def took(hash_):
        begin = time.perf_counter()
        password_matches(hash_, "wrong-Password-1")
        return time.perf_counter() - begin

    known, unknown = (min(took(hash_) for _ in range(5)) for hash_ in (stored, None))
    assert unknown > known / 3
