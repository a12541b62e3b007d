"""Hand-over files on the page and by the API: for those who see money, of their own area, and logged."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.renovation.funds import entitle
from data.sealing import load_sealer
from tests.renovation import YEAR, new_site, settle
from tests.township import TOWNSHIP
from tests.web.conftest import Web

ADDRESS = f"/api/v1/houses/hand-over?area={TOWNSHIP}&year={YEAR}"


@pytest.fixture(scope="module")
def site(web: Web) -> int:
    with Session(web.owner) as session, session.begin():
        settle(session, web.town, load_sealer(web.settings.key_file))
        made = new_site(session, web.town, "H3", "accepted")
        entitle(session, None, made)
    return made


def test_the_zip_is_for_those_who_see_money_and_of_their_own_area(
    client_as: Callable[[str | None], FlaskClient], web: Web, site: int
) -> None:
    answer = client_as("supervisor").get(ADDRESS)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as pack:
        manifest = json.loads(pack.read("manifest.json"))
        content = pack.read(f"{TOWNSHIP}-{YEAR}.csv").decode("utf-8-sig")
    assert (manifest["rows"], manifest["entitled_fen"], manifest["paid_fen"]) == (1, 21_000_00, 0)
    assert client_as("leader").get(ADDRESS).data == answer.data, "the same records, the same bytes"
    assert client_as("inspector").get(ADDRESS).status_code == 403
    assert client_as("outsider").get(ADDRESS).status_code == 404
    with web.owner.connect() as connection:
        heads = connection.scalars(text("select head_name from household where head_name is not null")).all()
        actors = connection.scalars(text("select distinct actor from audit where act = 'hand_over'")).all()
    assert not [name for name in heads if name in content]
    assert len(actors) == 2
    listed = client_as("supervisor").get("/api/v1/houses/hand-over").json["townships"]
    assert TOWNSHIP in [one["code"] for one in listed]
    for wrong in (f"?area={TOWNSHIP}&year=20x6", f"?area={TOWNSHIP}&year=2019"):
        assert client_as("supervisor").get(f"/api/v1/houses/hand-over{wrong}").status_code == 422


def test_a_file_that_comes_back_is_compared_on_the_page_and_nothing_is_booked(app: Flask, web: Web, site: int) -> None:
    client = app.test_client()
    headers = {"Authorization": f"Bearer {web.tokens['supervisor']}"}
    with zipfile.ZipFile(io.BytesIO(client.get(ADDRESS, headers=headers).data)) as pack:
        head, row = csv.reader(io.StringIO(pack.read(f"{TOWNSHIP}-{YEAR}.csv").decode("utf-8-sig")))
    row[head.index("应补（分）")] = "1"
    row[head.index("备注")] = "<b>外来的话</b>"
    out = io.StringIO(newline="")
    csv.writer(out).writerows([head, row, row])

    def send(address: str, who: str = "supervisor", content: str = out.getvalue()):  # type: ignore[no-untyped-def]
        return app.test_client().post(
            address,
            data={"hand_over_file": (io.BytesIO(content.encode("utf-8-sig")), "回传.csv")},
            headers={"Authorization": f"Bearer {web.tokens[who]}"},
        )

    found = send("/api/v1/houses/hand-over-check").json
    assert found["counts"] == {"rows": 2, "agrees": 0, "changed": 1, "double": 1, "unknown": 0, "missing": 0}
    assert found["rows"][0]["no"] == 2
    page = send("/money/hand-over")
    assert page.status_code == 200
    assert "应补（分）：记录为 2100000，文件为 1" in page.text
    assert "<b>外来" not in page.text
    assert "&lt;b&gt;外来的话" in page.text
    assert send("/money/hand-over", content="姓名\n某人\n").status_code == 422
    assert send("/api/v1/houses/hand-over-check", "inspector").status_code == 403
    assert send("/api/v1/houses/hand-over-check", "outsider").status_code == 422, "of an area it does not see"
    with web.owner.connect() as connection:
        assert (
            connection.scalar(text("select entitled_fen from renovation_site where id = :id"), {"id": site}) == 2100000
        )


def test_the_page_of_money_offers_it(client_as: Callable[[str | None], FlaskClient], site: int) -> None:
    page = client_as("supervisor").get(f"/money?year={YEAR}").text
    assert f'<option value="{TOWNSHIP}">' in page
    assert "下载移交文件" in page
