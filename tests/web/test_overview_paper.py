"""The brief as a file: one page of A4 that says what the page says, and nothing from outside the duty."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.areas import number_range
from data.tables import Account, Duty
from tests.database.test_isolation import open_session
from tests.hamlet import add_hamlet
from tests.hostile import PAYLOADS
from tests.township import VILLAGES
from tests.web.conftest import ELSEWHERE, Web, commit_web

ClientAs = Callable[[str | None], FlaskClient]
HOSTILE = "<img src=http://127.0.0.1:9/x onerror=alert(1)>{{7*7}}"


@pytest.fixture(scope="module")
def hamlet() -> Iterator[Web]:
    made = commit_web("fangtu_test_paper")
    with Session(made.owner) as session, session.begin():
        add_hamlet(session, made.town)
        low, high = number_range(VILLAGES[1])
        account = Account(username="two-leader", full_name="二村领导", role="leader", jur=low, jur_end=high)
        session.add(account)
        session.flush()
        session.add(Duty(account_id=account.id, jur=low, jur_end=high))
        session.flush()
        made.tokens["two-leader"] = "token-of-two-leader"
        open_session(session, made.settings, account.id, made.tokens["two-leader"])
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


def read(pdf: bytes) -> tuple[PdfReader, str]:
    reader = PdfReader(io.BytesIO(pdf))
    return reader, re.sub(r"\s+", "", "".join(page.extract_text() for page in reader.pages))


def test_it_is_one_page_of_a4_with_its_fonts_inside(client_as: ClientAs) -> None:
    answer = client_as("leader").get("/overview.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert re.search(
        r"attachment; filename=fangtu-test-2026-1-\d{4}-\d\d-\d\d\.pdf", answer.headers["Content-Disposition"]
    )
    reader, _ = read(answer.data)
    assert len(reader.pages) == 1
    assert [round(float(side)) for side in reader.pages[0].mediabox[2:]] == [595, 842]
    fonts = reader.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    inside = [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert inside
    assert all({"/FontFile", "/FontFile2", "/FontFile3"} & set(one) for one in inside)
    assert reader.metadata is not None
    assert reader.metadata.title == "测试走访 · 第一轮 · 测试镇 · 工作简报"


def test_its_figures_are_those_of_the_page(client_as: ClientAs) -> None:
    client = client_as("leader")
    _, said = read(client.get("/overview.pdf").data)
    page = re.sub(r"<[^>]+>|\s+", "", client.get("/overview").text)
    told = client.get("/api/v1/gaps").json
    total = client.get("/api/v1/coverage").json["total"]
    for words in (
        "测试镇：还有30户未走访，其中22户集中在1片。",
        f"{total['visited']}/{total['eligible']}户",
        "（合计22户，占未访73.3%）",
        "1户没有单户位置（其中1户未访）",
        "目标95%",
    ):
        assert words in said
        assert words in page
    assert f"{told['gaps'][0]['unvisited']}/{told['gaps'][0]['eligible']}" in said
    assert "测试inspector_two、测试supervisor（主管）" in said
    for area in told["below"]:
        if area["code"]:
            assert area["name"] in said
            assert f"{area['ratio'] * 100:.1f}%{area['visited']}/{area['eligible']}" in said
    assert "数据截至2026-05-01" in said


def test_the_map_is_drawn_as_paths_with_names_and_numbers(client_as: ClientAs) -> None:
    reader, said = read(client_as("leader").get("/overview.pdf").data)
    assert len(reader.pages[0].images) == 0
    assert said.count("测试2村") >= 3  # on the map, in the gap's name, in the ranking
    assert "低于50%3村" in said
    assert "达标≥95%0村" in said
    assert "米" in said


def test_english_is_whole(client_as: ClientAs) -> None:
    client = client_as("leader")
    client.set_cookie("fangtu_lang", "en")
    _, said = read(client.get("/overview.pdf").data)
    assert "30householdsstilltovisit" in said or "30households" in said
    assert "Testcampaign·Roundone" in said
    assert "测试supervisor(supervisor)" in said
    chinese = set(re.findall(r"[一-鿿]+", said))
    assert chinese <= {"测试", "测试镇", "村"}, chinese


def test_nothing_from_outside_the_duty_is_in_it(client_as: ClientAs, hamlet: Web) -> None:
    _, said = read(client_as("two-leader").get("/overview.pdf").data)
    assert "测试2村" in said
    for foreign in ("测试1村", "测试3村", "测试supervisor", "测试inspector、", "/34户"):
        assert foreign not in said
    assert "测试inspector_two" in said
    assert "11/12" in said  # its half of the hamlet
    # Nothing is to be visited in the neighbour's township: there is no campaign, so there is no paper.
    answer = client_as("outsider").get("/overview.pdf", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.mimetype) == (404, "application/json")
    for address in (f"/overview.pdf?area={ELSEWHERE}", "/overview.pdf?area=990909909"):
        assert client_as("leader").get(address).status_code >= 400
    assert client_as("inspector").get("/overview.pdf").status_code == 403
    assert client_as(None).get("/overview.pdf").status_code in (302, 401)


def test_hostile_names_are_text_on_one_page(client_as: ClientAs, hamlet: Web) -> None:
    with Session(hamlet.owner) as session, session.begin():
        old = dict(session.execute(text("select code, name from area where level = 'village'")).tuples().all())
        session.execute(text("update area set name = :name where code = :code"), {"name": HOSTILE, "code": VILLAGES[1]})
        session.execute(
            text("update area set name = :name where code = :code"), {"name": "长" * 300, "code": VILLAGES[0]}
        )
        session.execute(
            text("update account set full_name = :name where username = 'supervisor'"), {"name": PAYLOADS["image"]}
        )
    try:
        reader, said = read(client_as("leader").get("/overview.pdf").data)
        assert len(reader.pages) == 1
        assert "<imgsrc=http://127" in said
        assert "{{7*7}}" in said
        assert "/Annots" not in reader.pages[0]
    finally:
        with Session(hamlet.owner) as session, session.begin():
            for code, name in old.items():
                session.execute(text("update area set name = :name where code = :code"), {"name": name, "code": code})
            session.execute(text("update account set full_name = '测试supervisor' where username = 'supervisor'"))


def test_an_area_without_boundaries_says_so(client_as: ClientAs, hamlet: Web) -> None:
    with Session(hamlet.owner) as session:
        kept = session.execute(text("select code, geom from area where level = 'village'")).all()
    with Session(hamlet.owner) as session, session.begin():
        session.execute(text("update area set geom = null where level = 'village'"))
    try:
        _, said = read(client_as("leader").get("/overview.pdf").data)
        assert "没有辖区边界，地图画不出来。" in said
    finally:
        with Session(hamlet.owner) as session, session.begin():
            for code, geom in kept:
                session.execute(text("update area set geom = :geom where code = :code"), {"geom": geom, "code": code})


def test_nothing_is_fetched() -> None:
    from app.paper import one_page

    asked = "<img src='http://127.0.0.1:9/a.png'><img src='file:///etc/hostname'><link rel=stylesheet href='http://127.0.0.1:9/x.css'>"
    reader, said = read(one_page(lambda _height: f"<p>纸{asked}</p>", (1.0,), ""))
    assert len(reader.pages[0].images) == 0
    assert said == "纸"


def test_the_largest_size_that_fits_is_taken() -> None:
    from app.paper import one_page

    tried: list[float] = []

    def draw(height: float) -> str:
        tried.append(height)
        return f"<div style='height: {height}mm'></div><p>{height}</p>"

    reader, said = read(one_page(draw, (400.0, 280.0, 100.0, 50.0), "@page { size: A4; margin: 12mm }"))
    assert tried == [400.0, 280.0, 100.0]
    assert (len(reader.pages), said) == (1, "100.0")


def test_paper_is_not_loaded_with_the_application() -> None:
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, app.factory; print('weasyprint' in sys.modules, 'fontTools' in sys.modules)",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.split() == ["False", "False"]
