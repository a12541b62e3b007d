"""Renovations that several people change at once, and many of them at once: what is refused, and what the log says."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.askers import Asker, Role
from data.renovation import gates, passing
from data.renovation.gates import advance, advance_many
from data.renovation.listing import SiteWish
from data.renovation.steps import locked_sites
from data.renovation.unfit import RenovationMoved
from tests.renovation import DAY, new_site
from tests.township import SmallTownship, make_township


@pytest.fixture
def town(owner: Session) -> SmallTownship:
    return make_township(owner)


def acts_of(owner: Session, site: int) -> list[str]:
    return list(owner.scalars(text("select gate from site_gate where site_id = :id order by no"), {"id": site}))


def test_the_second_of_two_people_is_told_in_words_and_nothing_is_lost(
    owner: Session, town: SmallTownship, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = new_site(owner, town, "H2")
    stale = locked_sites(owner, [site])
    advance(owner, None, site, "appraised", on_day=DAY)
    # What the second one asked before the row was free: as if read before the first one's commit.
    monkeypatch.setattr(gates, "locked_site", lambda *_, **__: stale[site])
    with pytest.raises(RenovationMoved):
        advance(owner, None, site, "appraised", on_day=DAY)
    monkeypatch.setattr(gates, "locked_sites", lambda *_, **__: stale)
    with pytest.raises(RenovationMoved):
        advance_many(owner, None, [site], "appraised", on_day=DAY)
    assert acts_of(owner, site) == ["found", "appraised"]


def test_many_at_once_are_noted_in_each_jurisdiction(owner: Session, town: SmallTownship) -> None:
    homes = ("H1", "H2", "H3", "H5")
    sites = [new_site(owner, town, home, "appraised") for home in homes]
    where: dict[int, set[int]] = {}
    for row in owner.execute(text("select id, jur from renovation_site where id = any (:ids)"), {"ids": sites}):
        where.setdefault(row.jur, set()).add(row.id)
    assert len(where) > 1, "the township of the tests has sites in one village only"
    assert advance_many(owner, None, sites, "compared", on_day=DAY).moved == len(sites)
    noted: dict[int, Any] = {
        row.jur: set(row.details["sites"])
        for row in owner.execute(text("select jur, details from audit where act = 'site_pass_many'"))
    }
    assert noted == where


def test_all_that_fit_are_passed_part_by_part_and_can_be_stopped_between_parts(
    owner: Session, town: SmallTownship, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = [new_site(owner, town, home, "appraised") for home in ("H1", "H2", "H3")]
    early = new_site(owner, town, "H5")
    wish = SiteWish((0, 10**15), state="open")
    everybody = Asker(1, "a", None, Role.SUPERVISOR, None, ((0, 10**15),))
    asked = passing.ask_all(owner, None, [*ready, early], "compared", on_day=DAY)
    assert (asked.moved, [site for site, _why in asked.left_out]) == (3, [early])
    assert acts_of(owner, ready[0])[-1] == "appraised", "to ask changes nothing"
    monkeypatch.setattr(passing, "PART", 2)
    monkeypatch.setattr(passing, "matching", lambda *_: [*ready, early])
    payload = passing.payload_of(wish, "compared", DAY, None, DAY)
    looked: list[int] = []

    def run(stop_at: int) -> dict[str, Any]:
        looked.clear()
        return passing.pass_as_asked(
            lambda: nullcontext(owner),
            dataclasses.replace(everybody, account_id=None),  # type: ignore[arg-type]
            payload,
            lambda _words, done, _of: looked.append(done),
            lambda: len(looked) >= stop_at,
        )

    first = run(1)
    assert (first["looked"], first["total"], first["moved"]) == (2, 4, 2)
    assert [acts_of(owner, site)[-1] for site in ready] == ["compared", "compared", "appraised"]
    rest = run(99)
    assert (rest["looked"], rest["moved"], rest["left_out"]) == (4, 1, 3)
    assert sum(reason["n"] for reason in rest["reasons"]) == 3
    assert all(set(reason["why"]) == {"zh", "en"} for reason in rest["reasons"])
