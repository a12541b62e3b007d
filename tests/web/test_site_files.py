"""Photographs and papers of a renovation: sent, refused in words, sorted, withdrawn, and seen by whom they concern."""

from __future__ import annotations

import io
import os
import re
import uuid

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from data.renovation.files import MOST_FILE_BYTES
from data.sync.photos import sweep_photos
from tests.field_records import from_field
from tests.unit.test_photo_facts import degrees, photo
from tests.web.conftest import Web
from tests.web.test_renovation_pages import Hand

PAPER = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


@pytest.fixture
def hand(app: Flask, web: Web) -> Hand:
    return Hand(app, web)


@pytest.fixture(scope="module")
def site(web: Web) -> int:
    with Session(web.owner) as session:
        found = session.scalar(
            text("select id from renovation_site where household_id = :id"), {"id": web.town.households["H6"]}
        )
    assert found is not None
    return int(found)


def send(hand: Hand, site: int, content: bytes, file_id: uuid.UUID | None = None, **query: str) -> TestResponse:
    address = f"/api/v1/sites/{site}/files/{file_id or uuid.uuid4()}"
    return hand.client.put(address, headers=hand.headers, data=content, query_string={"name": "北面.jpg"} | query)


def picture(shade: int) -> bytes:
    """A picture like no other."""
    drawn = Image.linear_gradient("L").convert("RGB")
    drawn.putpixel((0, 0), (shade, 0, 0))
    out = io.BytesIO()
    drawn.save(out, "PNG")
    return out.getvalue()


def acts(web: Web, name: str, site: int) -> list[dict[str, object]]:
    with Session(web.owner) as session:
        rows = session.scalars(
            text("select details from audit where act = :act and object_id = :id order by id"),
            {"act": name, "id": str(site)},
        )
        return list(rows)


def test_a_photograph_tells_when_and_where_it_was_taken_and_is_shown_without(hand: Hand, web: Web, site: int) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("update renovation_site set geom = st_setsrid(st_makepoint(118.8, 36.405), 4326) where id = :id"),
            {"id": site},
        )
    taken = photo(taken="2026:03:04 08:00:00", gps={1: "N", 2: degrees(36, 24, 21.6), 3: "E", 4: degrees(118, 48, 0)})
    key = uuid.uuid4()
    assert send(hand, site, taken, key, phase="before").status_code == 201
    assert send(hand, site, taken, key, phase="before").status_code == 200
    page = hand.read(f"/sites/{site}")
    assert "改造前 2026-03-04 08:00" in page or "3月4日" in page
    assert "拍摄处距改造点 111 米" in page
    shown = hand.get(f"/field-work/photos/{key}")
    assert shown.mimetype == "image/jpeg"
    assert not Image.open(io.BytesIO(shown.data)).getexif()
    assert acts(web, "site_file_add", site)[-1] == {"file": str(key), "phase": "before"}


def test_what_is_no_photograph_or_paper_is_refused_in_words(hand: Hand, site: int) -> None:
    cases = (
        (b"GIF89a nothing", {"phase": "before"}, "file", "JPEG、PNG 或 WebP"),
        (picture(1), {}, "phase", "请选择照片的阶段"),
        (picture(1), {"phase": "before", "paper": "agreement"}, "phase", "请选择照片的阶段"),
        (PAPER, {"phase": "before"}, "phase", "材料种类"),
        (PAPER[:-7], {"paper": "agreement"}, "file", "完整的 PDF"),
        (picture(1), {"phase": "before", "taken_on": "2999-01-01"}, "taken_on", "在今天之后"),
        (picture(1), {"phase": "before", "taken_on": "gestern"}, "taken_on", "不是日期"),
        (b"\xff" * (MOST_FILE_BYTES + 1), {"phase": "before"}, "file", "最多 20 MB"),
    )
    for content, query, column, words in cases:
        answer = send(hand, site, content, **query)
        assert answer.status_code == 422, query
        assert answer.json is not None
        assert answer.json["details"]["column"] == column, query
        assert words in answer.json["message"], query


def test_the_same_file_is_kept_once_and_an_id_is_one_files_own(hand: Hand, site: int) -> None:
    key = uuid.uuid4()
    assert send(hand, site, picture(2), key, phase="during").status_code == 201
    again = send(hand, site, picture(2), phase="during")
    assert again.json is not None
    assert "已有同一个文件" in again.json["message"]
    assert send(hand, site, picture(3), key, phase="during").status_code == 422


def test_first_before_and_last_after_are_compared_and_a_phase_may_be_changed(hand: Hand, web: Web, site: int) -> None:
    old, new = uuid.uuid4(), uuid.uuid4()
    send(hand, site, picture(4), old, phase="before", taken_on="2001-01-01")
    send(hand, site, picture(5), new, phase="during", taken_on="2001-06-01")
    hand.post(f"/sites/{site}/files", file=new, act="phase", phase="after")
    compared = re.search(r"data-compare>(.*?)</div>", hand.get(f"/sites/{site}").text, re.S)
    assert compared is not None
    assert re.findall(r"photos/([0-9a-f-]{36})", compared.group(1)) == [str(old), str(new)]
    assert acts(web, "site_file_phase", site)[-1] == {"file": str(new), "before": "during", "phase": "after"}
    refused = hand.post(f"/sites/{site}/files", file=new, act="phase", phase="later")
    assert "请选择阶段" in refused.text


def test_a_withdrawn_photograph_stays_in_the_history_with_its_reason(hand: Hand, site: int) -> None:
    key = uuid.uuid4()
    send(hand, site, picture(6), key, phase="during")
    assert "至少 4 个字" in hand.post(f"/sites/{site}/files", file=key, act="withdraw", reason="错").text
    hand.post(f"/sites/{site}/files", file=key, act="withdraw", reason="拍的是邻居家")
    page = hand.get(f"/sites/{site}").text
    assert f"photos/{key}?small" not in page
    assert "原因：拍的是邻居家" in page
    assert hand.post(f"/sites/{site}/files", file=key, act="withdraw", reason="再撤一次").status_code == 404
    assert send(hand, site, picture(6), phase="after").status_code == 201


def test_a_paper_is_taken_out_as_a_file_and_that_is_written_down(hand: Hand, app: Flask, web: Web, site: int) -> None:
    key = uuid.uuid4()
    assert send(hand, site, PAPER, key, paper="acceptance").status_code == 201
    address = f"/sites/{site}/papers/{key}"
    assert address in hand.get(f"/sites/{site}").text
    answer = hand.get(address)
    assert answer.data == PAPER
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert acts(web, "site_paper_show", site)[-1] == {"file": str(key)}
    assert hand.get(f"/field-work/photos/{key}").status_code == 404
    for other in ("outsider", "inspector"):
        assert Hand(app, web, other).get(address).status_code == 404


def test_a_photograph_of_a_mark_is_given_to_the_renovation_of_its_household(hand: Hand, web: Web, site: int) -> None:
    home = web.town.households["H6"]
    with Session(web.owner) as session, session.begin():
        mark_photo = from_field(session, web.settings, home, web.accounts["inspector_two"])["picture_id"]
        session.execute(
            text("""
                update attachment a set site_id = null, phase = null, mark_id = m.id
                  from mark m where a.id = :photo and m.household_id = :home"""),
            {"photo": mark_photo, "home": home},
        )
    assert f"photos/{mark_photo}" in hand.get(f"/sites/{site}").text
    hand.post(f"/sites/{site}/files", file=mark_photo, act="assign", phase="before")
    assert acts(web, "site_file_assign", site)[-1] == {"file": str(mark_photo), "phase": "before"}
    again = hand.post(f"/sites/{site}/files", file=mark_photo, act="assign", phase="before")
    assert again.status_code == 404


def test_the_sweep_leaves_files_of_sites_where_they_are(hand: Hand, web: Web, site: int) -> None:
    key = uuid.uuid4()
    send(hand, site, picture(7), key, phase="during")
    folder = web.settings.var / "photos" / key.hex[:2]

    os.utime(folder / str(key), (0, 0))
    (stray := folder / str(uuid.uuid4())).write_bytes(b"x")
    os.utime(stray, (0, 0))
    with web.owner.connect() as connection:
        sweep_photos(connection, web.settings, int(key.hex[:2], 16))
    assert (folder / str(key)).exists()
    assert not stray.exists()
