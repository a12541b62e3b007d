"""The overview page and its JSON: who may ask, what stands in it, and that a foreign area looks like none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.factory import create_app
from tests.hamlet import HOUSEHOLDS, UNVISITED, add_hamlet
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import ELSEWHERE, Web, commit_web

ClientAs = Callable[[str | None], FlaskClient]
READERS = ("leader", "supervisor", "admin")


@pytest.fixture(scope="module")
def hamlet() -> Iterator[Web]:
    """The township with its hamlet, in a database of this module's own."""
    made = commit_web("fangtu_test_overview")
    with Session(made.owner) as session, session.begin():
        add_hamlet(session, made.town)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def hamlet_app(hamlet: Web) -> Flask:
    made = create_app(hamlet.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture
def client_as(hamlet_app: Flask, hamlet: Web) -> ClientAs:
    def client(name: str | None) -> FlaskClient:
        made = hamlet_app.test_client()
        if name is not None:
            made.set_cookie("fangtu_session", hamlet.tokens[name])
        return made

    return client


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace(" ", "")


@pytest.mark.parametrize("name", READERS)
def test_the_sentence_comes_first(client_as: ClientAs, name: str) -> None:
    page = client_as(name).get("/overview").text
    said = words(re.search(r"<h1.*?</h1>", page, re.S)[0])  # type: ignore[index]
    assert said == "测试镇：还有30户未走访，其中22户集中在1片。"
    assert page.index("<h1") < page.index("over-figures") < page.index("over-ranking")
    assert "4/34户" in words(page)
    assert "· 测试inspector_two、测试supervisor（主管）</small>" in page
    assert "1户没有单户位置（其中1户未访）" in words(page)


def test_inspectors_and_nobody_do_not_see_it(client_as: ClientAs) -> None:
    for address in ("/overview", "/api/v1/gaps"):
        assert client_as("inspector").get(address).status_code == 403
        assert client_as(None).get(address).status_code in (302, 401)


def test_everyone_begins_where_the_role_begins(client_as: ClientAs) -> None:
    begins = {name: client_as(name).get("/").headers["Location"] for name in ("leader", "supervisor", "inspector")}
    assert begins == {"leader": "/overview", "supervisor": "/map", "inspector": "/map"}
    assert client_as(None).get("/").headers["Location"] == "/sign-in"


def test_the_gaps_are_told_as_json_with_their_outlines(client_as: ClientAs) -> None:
    told = client_as("leader").get("/api/v1/gaps").json
    assert (told["found"], told["inside"], told["inexact"], told["too_many"]) == (1, UNVISITED, 1, False)
    gap = told["gaps"][0]
    assert (gap["unvisited"], gap["eligible"]) == (UNVISITED, HOUSEHOLDS)
    assert gap["responsible"] == [
        {"name": "测试inspector_two", "role": "inspector", "code": VILLAGES[1], "area": "测试2村"},
        {"name": "测试supervisor", "role": "supervisor", "code": TOWNSHIP, "area": "测试镇"},
    ]
    assert gap["name"].startswith("测试2村 ")
    assert gap["outline"]["type"] == "Polygon"
    assert gap["bbox"][0] < 118.82 < gap["bbox"][2]
    assert gap["last_contact_at"].startswith("2026-05-01T")


def test_a_foreign_area_looks_like_none(client_as: ClientAs) -> None:
    for address in ("/overview", "/api/v1/gaps"):
        foreign = client_as("leader").get(f"{address}?area={ELSEWHERE}", headers={"Accept": "application/json"})
        nowhere = client_as("leader").get(f"{address}?area=990909909", headers={"Accept": "application/json"})
        assert foreign.status_code == nowhere.status_code >= 400
        assert foreign.text.replace(ELSEWHERE, "?") == nowhere.text.replace("990909909", "?")
    told = client_as("outsider").get("/api/v1/gaps").json
    assert "error" in told or (told["gaps"], told["considered"], told["inexact"]) == ([], 0, 0)
    page = client_as("outsider").get("/overview").text
    assert "测试镇" not in page
    assert "测试2村" not in page


def test_a_link_restores_area_and_round(client_as: ClientAs) -> None:
    page = client_as("leader").get(f"/overview?area={VILLAGES[2]}&round=1").text
    assert "测试3村：还有12户未走访" in words(page)
    assert 'href="/overview?round=1&amp;area=990101001"' in page
    assert f"round=1&amp;area={VILLAGES[2]}" in page
    assert "/map?" in page
    assert "99010100100" in page


def test_small_units_are_marked_and_the_least_covered_comes_first(client_as: ClientAs) -> None:
    page = client_as("leader").get("/overview").text
    assert page.count("户数少，仅供参考") == 3  # no village has twenty households
    ranking = page[page.index("over-ranking-title") :]
    # 1 of 15, 1 of 13, 2 of 5
    assert re.findall(r"/overview\?area=(\d+)", ranking) == [VILLAGES[1], VILLAGES[2], VILLAGES[0]]
    assert "另有0/1户不在所列辖区内" in words(ranking)


def test_the_brief_is_the_same_page_ready_for_paper(client_as: ClientAs) -> None:
    page = client_as("leader").get("/overview?brief=1").text
    assert 'overview-brief.css" media="all"' in page or re.search(r'overview-brief[^"]*" media="all"', page)
    assert "is-brief" in page
    assert re.search(r'overview-brief[^"]*" media="print"', client_as("leader").get("/overview").text)


def test_english_is_whole(client_as: ClientAs) -> None:
    client = client_as("leader")
    client.set_cookie("fangtu_lang", "en")
    page = client.get("/overview").text
    assert "30 households" in page
    assert "still to visit" in page
    assert client.get("/api/v1/gaps").json["gaps"][0]["name"].startswith("测试2村, ")


def test_numbers_of_the_page_are_those_of_the_json(client_as: ClientAs) -> None:
    client = client_as("leader")
    total = client.get("/api/v1/coverage").json["total"]
    told = client.get("/api/v1/gaps").json
    assert sum(area["eligible"] for area in told["below"]) == total["eligible"] == told["considered"] + told["inexact"]
    assert f"{total['visited']}/{total['eligible']}户" in words(client.get("/overview").text)


def test_the_way_down_is_for_leaders_of_the_township(client_as: ClientAs) -> None:
    page = client_as("leader").get("/overview").text
    assert f"/overview?area={VILLAGES[1]}" in page
    assert TOWNSHIP not in re.findall(r"/overview\?area=(\d+)", page)
