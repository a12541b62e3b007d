"""Who may get help: words of lists to groups and offices, and the verdict of a household on a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.imports.vocabulary import read_aid_group
from data.rules.aid_groups import (
    BECAME,
    CURRENT,
    DECIDED_BY,
    SPELLINGS,
    UNSURE,
    UNTIL,
    Meaning,
    is_same_group,
    meaning_of,
)
from data.rules.eligibility import STOPPING, Exclusion, Listing, eligibility_on
from data.rules.words import AID_GROUP, ELIGIBILITY, EXCLUSION, MONITORED, OFFICE

DAY = date(2026, 11, 20)
SOONER, LATER = DAY - timedelta(days=30), DAY + timedelta(days=1)


def of(office: str, group: str | None, on_day: date = SOONER, **more: object) -> Listing:
    """A list with the household on it, or with others alone."""
    facts: dict[str, object] = {"list_id": 1, "groups": ("minimum_living", "margin"), "listed": group is not None}
    return Listing(office=office, on_day=on_day, group=group, **{**facts, **more})  # type: ignore[arg-type]


def verdict(group: str | None, *listings: Listing, exclusions: tuple[Exclusion, ...] = (), day: date = DAY) -> str:
    return eligibility_on(day, group, listings, exclusions).verdict


def test_there_are_six_groups_each_with_an_office_and_words_for_all() -> None:
    assert len(CURRENT) == 6
    assert set(DECIDED_BY) == set(AID_GROUP)
    assert all(office in OFFICE for offices in DECIDED_BY.values() for office in offices)
    assert {code for code in AID_GROUP if code not in CURRENT} == set(UNTIL)
    assert all(group in CURRENT for groups in BECAME.values() for group in groups)
    assert len(MONITORED) == 3


@pytest.mark.parametrize(
    ("word", "group", "monitored"),
    [
        ("五保户", "five_guarantee", None),
        ("建档立卡", "registered_poor", None),
        ("脱贫享受政策户", "registered_poor", None),
        ("（二）农村低保户", "minimum_living", None),
        ("2、 农 村低保户", "minimum_living", None),
        ("脱贫不稳定户", "monitored", "unstable"),
        ("边缘易致贫户", "monitored", "near_poverty"),
        ("突发严重困难户", "hardship_sudden", "sudden"),
        ("支出型困难家庭", "hardship_sudden", None),
        ("minimum_living", "minimum_living", None),
        ("监测户", "monitored", None),
    ],
)
def test_a_word_means_one_group(word: str, group: str, monitored: str | None) -> None:
    assert meaning_of(word) == Meaning(group, monitored)


@pytest.mark.parametrize("word", ["", "脱贫户", "边缘户", "低保户、残疾户", "困难户", "12", "x" * 5000])
def test_a_word_that_is_unknown_or_means_several_is_not_guessed(word: str) -> None:
    assert meaning_of(word) is None


def test_no_alias_stands_for_two_groups_and_the_ledger_reads_each_as_the_list_does() -> None:
    aliases = [(alias, code) for code, words in SPELLINGS.items() for alias in words.split()]
    assert len({alias for alias, _ in aliases}) == len(aliases)
    assert not {alias for alias, _ in aliases} & set(UNSURE)
    assert {read_aid_group(alias) for alias, _ in aliases} == set(AID_GROUP)
    for alias, code in aliases:
        assert read_aid_group(alias) == code
        assert meaning_of(alias) == Meaning(code, getattr(meaning_of(alias), "monitored", None))


@given(st.sampled_from(list(AID_GROUP)), st.sampled_from(list(AID_GROUP)))
def test_being_the_same_group_does_not_depend_on_who_says_it(one: str, two: str) -> None:
    assert is_same_group(one, two) == is_same_group(two, one)
    assert is_same_group(one, one)
    if one in CURRENT and two in CURRENT:
        assert is_same_group(one, two) == (one == two)


@pytest.mark.parametrize(
    ("expected", "group", "listings"),
    [
        ("no_group", None, []),
        ("unproven", "minimum_living", []),
        ("eligible", "minimum_living", [of("civil_affairs", "minimum_living")]),
        ("contradicted", "minimum_living", [of("civil_affairs", "margin")]),
        ("contradicted", "minimum_living", [of("civil_affairs", None)]),
        # A list that names no household of the group says nothing of it.
        ("unproven", "dispersed_poor", [of("civil_affairs", None)]),
        # Nor does the list of an office that does not decide the group, or one of a later day.
        ("unproven", "minimum_living", [of("disabled", "minimum_living")]),
        ("unproven", "minimum_living", [of("civil_affairs", "minimum_living", LATER)]),
        # The newest of an office counts.
        (
            "contradicted",
            "minimum_living",
            [of("civil_affairs", "minimum_living"), of("civil_affairs", None, DAY, list_id=2)],
        ),
        # Of two lists of one day that one which names it.
        (
            "eligible",
            "minimum_living",
            [of("civil_affairs", "minimum_living", DAY), of("civil_affairs", None, DAY, list_id=2)],
        ),
        # Either of two offices that decide a group together.
        (
            "eligible",
            "hardship_sudden",
            [
                of("civil_affairs", "hardship_sudden", groups=("hardship_sudden",)),
                of("rural", None, DAY, groups=("hardship_sudden",)),
            ],
        ),
        # Monitored and on the allowance at once: the office that decides its own group agrees.
        ("eligible", "minimum_living", [of("civil_affairs", "minimum_living"), of("rural", "monitored", DAY)]),
        ("contradicted", "minimum_living", [of("rural", "monitored", groups=("monitored",))]),
        ("older_group", "five_guarantee", []),
        ("eligible", "five_guarantee", [of("civil_affairs", "dispersed_poor", groups=("dispersed_poor",))]),
        ("contradicted", "disabled_poor", [of("civil_affairs", "minimum_living")]),
        ("no_group", None, [of("civil_affairs", "minimum_living")]),
    ],
)
def test_the_verdict_follows_the_lists(expected: str, group: str | None, listings: list[Listing]) -> None:
    found = eligibility_on(DAY, group, listings, [])
    assert found.verdict == expected
    assert found.reasons
    assert (found.source is not None) == (expected in ("eligible", "contradicted") or (not group and bool(listings)))


def test_an_older_group_holds_on_days_before_it_ended() -> None:
    assert verdict("five_guarantee", day=date(2020, 12, 31)) == "unproven"
    assert verdict("five_guarantee", day=date(2021, 1, 1)) == "older_group"


@pytest.mark.parametrize(
    ("expected", "start", "end"),
    [
        ("eligible", DAY, DAY),
        ("eligible", None, None),
        ("contradicted", LATER, None),
        ("contradicted", None, DAY - timedelta(days=1)),
    ],
)
def test_a_row_holds_on_its_first_and_last_day(expected: str, start: date | None, end: date | None) -> None:
    row = of("civil_affairs", "minimum_living", valid_from=start, valid_until=end)
    assert verdict("minimum_living", row) == expected


def test_an_exclusion_holds_from_its_day_until_it_is_lifted() -> None:
    row = of("civil_affairs", "minimum_living")
    for found, lifted in (("excluded", None), ("excluded", LATER), ("eligible", DAY)):
        out = (Exclusion("second_house", DAY, lifted),)
        assert verdict("minimum_living", row, exclusions=out) == found
    assert verdict("minimum_living", row, exclusions=(Exclusion("other", LATER),)) == "eligible"


_LISTING = st.builds(
    Listing,
    list_id=st.integers(1, 5),
    office=st.sampled_from(list(OFFICE)),
    on_day=st.dates(DAY - timedelta(days=3), LATER),
    groups=st.lists(st.sampled_from(list(AID_GROUP)), max_size=3),
    listed=st.just(True),
    group=st.sampled_from(list(AID_GROUP)),
    valid_until=st.none() | st.dates(SOONER, LATER),
) | st.builds(
    Listing,
    list_id=st.integers(1, 5),
    office=st.sampled_from(list(OFFICE)),
    on_day=st.dates(DAY - timedelta(days=3), LATER),
    groups=st.lists(st.sampled_from(list(AID_GROUP)), max_size=3),
    listed=st.just(False),
)


@given(
    st.none() | st.sampled_from(list(AID_GROUP)),
    st.lists(_LISTING, max_size=5),
    st.lists(st.builds(Exclusion, st.sampled_from(list(EXCLUSION)), st.dates(SOONER, LATER)), max_size=2),
)
def test_a_verdict_is_known_has_reasons_and_heeds_no_list_of_a_later_day(
    group: str | None, listings: list[Listing], exclusions: list[Exclusion]
) -> None:
    found = eligibility_on(DAY, group, listings, exclusions)
    assert found.verdict in ELIGIBILITY
    assert found.reasons
    assert found.stops == (found.verdict in STOPPING)
    assert (found.verdict == "excluded") == any(one.holds_on(DAY) for one in exclusions)
    later = [one for one in listings if one.on_day <= DAY]
    assert eligibility_on(DAY, group, later, exclusions) == found
    if found.verdict == "eligible":
        assert found.source is not None
        assert found.source.is_valid_on(DAY)
        assert is_same_group(group or "", found.source.group or "")
