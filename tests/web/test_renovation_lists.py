"""The list of renovations as JSON and as pages from either end: the same sites in the same order, each once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import number_range
from data.local_time import today
from data.renovation.listing import SiteWish, count_sites, site_page, sites_after
from tests.renovation import new_site
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

Get = Callable[..., Any]


@pytest.fixture(scope="module")
def sites(web: Web) -> list[int]:
    """Eleven sites beside that of the township: paid and unpaid, some of no known day."""
    with Session(web.owner) as session, session.begin():
        own = [new_site(session, web.town, "H2"), new_site(session, web.town, "H5", "appraised")]
        made = session.scalars(
            text("""
                insert into renovation_site (natural_key, code, jur, village_id, quality, method, stage, approved_on,
                                             started_on, paid_on, year)
                select 'list:' || n, 'L' || n, v.jur, v.id, 7, 'rebuild',
                       (array['approved', 'started', 'paid'])[1 + n % 3],
                       case when n % 4 > 0 then date '2024-01-01' + n % 5 end,
                       case when n % 4 > 0 then date '2024-02-01' + n % 5 end,
                       case when n % 4 > 0 then date '2024-03-01' + n % 5 end, 2024
                  from generate_series(1, 9) n join area v on v.code = :village returning id"""),
            {"village": VILLAGES[0]},
        ).all()
    return [*own, *made]


@pytest.fixture
def get(app: Flask, web: Web) -> Get:
    def ask(who: str, path: str) -> Any:
        return app.test_client().get(path, headers={"Authorization": f"Bearer {web.tokens[who]}"})

    return ask


def walk(get: Get, who: str, size: int, more: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    for _ in range(40):
        answer = get(who, f"/api/v1/sites?size={size}{more}" + (f"&after={after}" if after else "")).json
        assert (answer["total"] is None) == bool(after)
        rows += answer["rows"]
        after = answer["next"]
        if not after:
            return rows
    raise AssertionError("the list does not end")


def test_pages_from_either_end_and_the_parts_of_the_list_are_the_same_sites_in_the_same_order(
    web: Web, sites: list[int]
) -> None:
    wish = SiteWish(number_range(TOWNSHIP))
    with Session(web.owner) as session:
        found = count_sites(session, wish, today()).found
        assert found >= len(sites)
        whole = [row["id"] for row in sites_after(session, wish, today(), None, money=True, size=1000)]
        pages = [
            [row["id"] for row in site_page(session, wish, today(), n, found, money=True, size=3).rows]
            for n in range(1, -(-found // 3) + 1)
        ]
    assert len(set(whole)) == len(whole) == found
    assert [key for page in pages for key in page] == whole
    assert {len(page) for page in pages[:-1]} == {3}


def test_programs_read_the_list_in_parts_by_role_and_filter(get: Get, sites: list[int]) -> None:
    rows = walk(get, "supervisor", 2)
    assert set(sites) <= {row["id"] for row in rows}
    assert len({row["id"] for row in rows}) == len(rows)
    assert [row["id"] for row in rows] == [row["id"] for row in walk(get, "supervisor", 500)]
    paid = walk(get, "supervisor", 4, "&stage=paid&year=2024")
    assert [row["stage"] for row in paid] == ["paid"] * 3
    assert all(row["paid_fen"] == 0 for row in paid)
    seen = walk(get, "inspector", 3)
    assert seen
    assert all(row["late"] is row["paid_fen"] is row["entitled_fen"] is None for row in seen)
    assert get("outsider", "/api/v1/sites").json["rows"] == []


@pytest.mark.parametrize(
    "odd", ["size=0", "size=501", "size=x", "after=1", "after=2..3", "after=1.2026-13-01.3", "after=0..x", "stage=done"]
)
def test_odd_questions_are_refused_in_words(get: Get, sites: list[int], odd: str) -> None:
    answer = get("supervisor", f"/api/v1/sites?{odd}")
    assert (answer.status_code, answer.json["error"]) == (400, "view_unknown")
