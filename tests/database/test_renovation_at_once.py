"""Renovations that several people change at once, and many of them at once: what is refused, and what the log says."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation import gates
from data.renovation.gates import advance, advance_many
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
    monkeypatch.setattr(gates, "locked_site", lambda *_: stale[site])
    with pytest.raises(RenovationMoved):
        advance(owner, None, site, "appraised", on_day=DAY)
    monkeypatch.setattr(gates, "locked_sites", lambda *_: stale)
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
