"""The file of a household on paper: what is in it, for whom, and that it was taken out is written down."""

from __future__ import annotations

import io
import uuid

import pypdf
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.web.conftest import Web
from tests.web.test_renovation_pages import Hand
from tests.web.test_site_files import picture, send


def words_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).replace("\n", "")


@pytest.fixture(scope="module")
def site(web: Web) -> int:
    with Session(web.owner) as session:
        found = session.scalar(
            text("select id from renovation_site where household_id = :id"), {"id": web.town.households["H6"]}
        )
    assert found is not None
    return int(found)


def test_the_file_holds_gates_money_and_photographs_under_the_name_of_who_made_it(
    app: Flask, web: Web, site: int
) -> None:
    hand, home = Hand(app, web), web.town.households["H6"]
    address = f"/households/{home}/file.pdf"
    before = len(pypdf.PdfReader(io.BytesIO(hand.get(address).data)).pages)
    assert send(hand, site, picture(31), uuid.uuid4(), phase="after").status_code == 201
    made = hand.get(address)
    assert made.mimetype == "application/pdf"
    told = words_of(made.data)
    for expected in ("一户一档", "目录", "应补", "改造后", "测试supervisor"):
        assert expected in told, expected
    reader = pypdf.PdfReader(io.BytesIO(made.data))
    assert len(reader.pages) >= before >= 2
    assert sum(len(page.images) for page in reader.pages) >= 1
    assert "测试supervisor" in reader.pages[-1].extract_text()  # across each page
    with Session(web.owner) as session:
        acts = session.scalar(
            text("select count(*) from audit where act = 'household_file' and object_id = :id"), {"id": str(home)}
        )
    assert acts == 2


def test_money_and_photographs_are_for_those_who_see_them_elsewhere(app: Flask, web: Web, site: int) -> None:
    home = web.town.households["H6"]
    send(Hand(app, web), site, picture(32), uuid.uuid4(), phase="after")
    inspector = Hand(app, web, "inspector_two").get(f"/households/{home}/file.pdf").data
    assert "应补" not in words_of(inspector)
    leader = pypdf.PdfReader(io.BytesIO(Hand(app, web, "leader").get(f"/households/{home}/file.pdf").data))
    assert sum(len(page.images) for page in leader.pages) == 0
    assert Hand(app, web, "outsider").get(f"/households/{home}/file.pdf").status_code == 404
