"""The coverage list by page and order: each row once, the unknown last, and the whole of it as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.coverage import in_order
from data.coverage_rows import AreaCoverage
from tests.township import VILLAGES

ClientAs = Callable[[str | None], FlaskClient]


@pytest.fixture
def by_twos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of two rows, so that the small township has several."""
    monkeypatch.setattr("app.coverage.PAGE", 2)
    monkeypatch.setattr("data.worklists.PAGE", 2)


def _codes(page: str) -> list[str]:
    """Areas of the rows, as their links to the map name them; households outside every area have none."""
    body = page.split("<tbody>")[-1].split("</tbody>")[0]
    return re.findall(r"#sel=area%3A([0-9A-Z-]+)", body) + ["outside"] * body.count("不在所列辖区内")


def test_each_area_is_on_one_page_and_a_page_too_far_is_the_last(client_as: ClientAs, by_twos: None) -> None:
    client = client_as("leader")
    pages = [_codes(client.get(f"/coverage?sort=code&page={n}").text) for n in (1, 2, 3)]
    assert pages == [list(VILLAGES[:2]), [VILLAGES[2], "outside"], [VILLAGES[2], "outside"]]
    rows = client.get("/api/v1/coverage?page=2").json["rows"]
    assert [row["code"] for row in rows] == [*VILLAGES, None]


def test_rows_go_by_the_figure_asked_for(client_as: ClientAs) -> None:
    client = client_as("leader")
    assert _codes(client.get("/coverage").text)[:3] == [VILLAGES[1], VILLAGES[2], VILLAGES[0]]
    falling = client.get("/coverage?sort=remaining&order=desc").text
    assert _codes(falling)[:3] == [VILLAGES[0], VILLAGES[1], VILLAGES[2]]
    head = re.search(r'<th scope="col"[^>]*aria-sort="descending"[^>]*><a class="sort" href="([^"]*)"', falling)
    assert head is not None
    assert "sort=remaining" in head[1]
    assert "order=asc" in head[1]


@pytest.mark.parametrize("falls", [False, True])
def test_what_has_no_ratio_is_last_whichever_way_the_others_go(falls: bool) -> None:
    counts = {"empty": (0, 0), "half": (4, 2), "full": (4, 4), "one": (1, 1)}
    rows = [
        AreaCoverage(n, code, code, "grid", False, eligible, visited, ())
        for n, (code, (eligible, visited)) in enumerate(counts.items())
    ]
    rows.append(AreaCoverage(9, "before", "before", "grid", False, 0, 0, (), known=False))
    told = [row.code for row in in_order(rows, "ratio", falls=falls)]
    known = ["full", "one", "half"] if falls else ["half", "full", "one"]
    assert told == [*known, "before", "empty"]
    assert [row.code for row in in_order(rows, "visited", falls=falls)][-1] == "before"


def test_an_order_that_does_not_exist_is_refused(client_as: ClientAs) -> None:
    for query in ("sort=age", "order=up", "by=planet"):
        assert client_as("leader").get(f"/coverage?{query}").status_code == 400


def test_other_rounds_days_and_levels_begin_with_the_first_page(client_as: ClientAs, by_twos: None) -> None:
    page = client_as("leader").get("/coverage?sort=code&page=2").text
    links = re.findall(r'href="\?([^"#]*)(#page)?"', page)
    assert links
    assert {query for query, _here in links if "page=" in query} == {"sort=code&amp;page=1"}
