"""Sites of concern on the screen: a mark accepted, seen week by week with photographs, relapsed, and who sees what."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta

import openpyxl
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text
from werkzeug.test import TestResponse

from data.local_time import today
from tests.web.conftest import Web
from tests.web.field import Phone, named, picture
from tests.web.test_marks import SPOT, body, number_of, one, put, run
from tests.web.test_renovation_pages import Hand


@pytest.fixture(autouse=True)
def nothing_left(web: Web) -> Iterator[None]:
    yield
    run(web, "delete from attachment where mark_id is not null")
    run(web, "delete from mark")


@pytest.fixture
def number(app: Flask, web: Web) -> int:
    """A ruin with a photograph, found long ago and accepted."""
    phone = Phone(app, web, "inspector")
    content = picture(3)
    photo = named(content, kind="house")
    answer = put(phone, body("ruin", remark="=院墙倒塌", photos=[photo], **SPOT))
    path = f"/api/v1/marks/{answer.json['id']}/photos/{photo['id']}"
    sent = phone.call("PUT", path, data=content, content_type="image/jpeg", headers={"X-SHA256": photo["sha256"]})
    assert sent.status_code == 200, sent.text
    number = number_of(web, answer)
    run(web, "update mark set state = 'accepted', at = now() - interval '60 days' where no = :no", no=number)
    return number


def look(hand: Hand, number: int, ago: int, seen: str, **other: object) -> TestResponse:
    day = (today() - timedelta(days=ago)).isoformat()
    return hand.post(f"/concerns/{number}/observations", on_day=day, seen=seen, **other)


def test_a_site_is_cleared_relapses_and_shows_before_and_after(app: Flask, web: Web, number: int) -> None:
    desk = Hand(app, web)
    assert "发现 1 处：已整治 0（0/1）" in desk.read("/concerns")
    assert look(desk, number, 20, "cleared", photo=(io.BytesIO(picture(4)), "后.jpg")).status_code == 303
    words = desk.read("/concerns")
    assert "已整治 1（1/1）" in words
    assert "7 天以上未观测 1" in words
    assert look(desk, number, 2, "untouched", note="又堆上了").status_code == 303
    words = desk.read("/concerns")
    assert "已整治 0（0/1）， 反弹 1" in words.replace("，反弹", "， 反弹")
    page = desk.get(f"/concerns/{number}").text
    assert "反弹" in page
    assert "又堆上了" in page
    card = desk.get(f"/api/v1/concerns/{number}").json
    assert (card["state"], card["relapses"], card["unseen"]) == ("relapsed", 1, False)
    assert [seen["state"] for seen in card["observations"]] == ["relapsed", "cleared"]
    assert card["before"] != card["after"]
    for photo in (card["before"], card["after"]):
        assert f"/field-work/photos/{photo}" in page
        assert desk.get(f"/field-work/photos/{photo}").mimetype == "image/jpeg"


def test_of_a_photograph_only_the_picture_is_kept(app: Flask, web: Web, number: int) -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = "third house from the east"
    Image.open(io.BytesIO(picture(5))).save(out, "JPEG", exif=exif)
    assert b"third house from the east" in out.getvalue()
    assert look(Hand(app, web), number, 1, "clearing", photo=(io.BytesIO(out.getvalue()), "a.jpg")).status_code == 303
    from data.sealing import load_sealer
    from data.sync.photos import read_photo

    key = one(web, "select id from attachment where observation_id is not null")
    kept = read_photo(web.settings, load_sealer(web.settings.key_file), key)
    assert b"third house from the east" not in kept
    assert one(web, "select count(*) from audit where act = 'concern_observe' and object_id = :no", no=str(number)) == 1


@pytest.mark.parametrize("content", [b"no picture at all", b"GIF89a" + b"\0" * 40])
def test_what_is_no_photograph_is_refused_and_nothing_written(
    app: Flask, web: Web, number: int, content: bytes
) -> None:
    answer = look(Hand(app, web), number, 1, "clearing", note="正在清运", photo=(io.BytesIO(content), "a.jpg"))
    assert answer.status_code == 422
    assert "照片打不开" in answer.text
    assert "正在清运" in answer.text  # what was typed is still there
    assert one(web, "select count(*) from concern_observation") == 0


def test_a_look_without_a_word_or_with_a_wrong_day_says_why(app: Flask, web: Web, number: int) -> None:
    desk = Hand(app, web)
    assert "请选择看到的情况" in look(desk, number, 1, "relapsed").text
    assert "观测日期为" in look(desk, number, -1, "cleared").text
    unread = desk.post(f"/concerns/{number}/observations", on_day="昨天", seen="cleared")
    assert unread.status_code == 422
    assert "不是日期" in unread.text
    other = look(desk, number, 1, "cleared", supersedes="x", note="a")
    assert "不在这一处" in other.text


def test_who_observes_and_who_is_made_to_answer(app: Flask, web: Web, number: int) -> None:
    inspector, leader = Hand(app, web, "inspector"), Hand(app, web, "leader")
    assert look(inspector, number, 3, "clearing").status_code == 303
    assert look(leader, number, 3, "clearing").status_code == 403
    for hand, status in ((inspector, 403), (leader, 403), (Hand(app, web), 303)):
        due = (today() - timedelta(days=1)).isoformat()
        assert hand.post(f"/concerns/{number}/charge", responsible="梁树生", due_on=due).status_code == status
    words = leader.read(f"/concerns/{number}")
    assert "梁树生" in words
    assert "超期" in words
    assert "外业照片只给主管" in words
    assert "/field-work/photos/" not in leader.get(f"/concerns/{number}").text


def test_nothing_of_it_is_told_outside_the_duty(app: Flask, web: Web, number: int) -> None:
    look(Hand(app, web), number, 3, "clearing")
    for account in ("inspector_two", "outsider"):
        hand = Hand(app, web, account)
        assert hand.get("/api/v1/concerns").json["counts"]["all"]["found"] == 0
        for path in (f"/concerns/{number}", f"/api/v1/concerns/{number}"):
            assert hand.get(path).status_code == 404
    assert look(Hand(app, web, "inspector_two"), number, 1, "cleared").status_code == 404


def test_the_application_cannot_change_what_was_seen(app: Flask, web: Web, number: int) -> None:
    sql = """select privilege_type from information_schema.role_table_grants
              where table_name = 'concern_observation' and grantee = 'fangtu_app'"""
    with web.owner.connect() as connection:
        granted = set(connection.scalars(text(sql)))
    assert granted == {"SELECT", "INSERT"}


def test_counts_filters_and_the_workbook(app: Flask, web: Web, number: int) -> None:
    desk = Hand(app, web)
    look(desk, number, 9, "cleared")
    told = desk.get("/api/v1/concerns?kind=ruin&unseen=1").json
    assert told["total"] == 1
    expected = {"found": 1, "cleared": 1, "relapsed": 0, "overdue": 0, "unseen": 1}
    assert told["counts"]["kinds"]["ruin"] == expected
    assert [{name: one[name] for name in expected} for one in told["villages"]] == [expected]
    assert desk.get("/api/v1/concerns?kind=waste").json["total"] == 0
    assert desk.get("/api/v1/concerns?kind=castle").status_code == 400
    book = openpyxl.load_workbook(io.BytesIO(desk.get("/concerns.xlsx").data))
    rows = list(book.active.iter_rows(values_only=True))
    assert len(rows) == 2
    told_row = dict(zip(rows[0], rows[1], strict=True))
    assert (told_row["编号"], told_row["整治状态"]) == (number, "已整治")
    assert told_row["备注"] != "=院墙倒塌"  # no formula


def test_the_map_shows_how_a_site_stands(app: Flask, web: Web, number: int) -> None:
    from tests.web.test_mark_reading import drawn

    desk = Hand(app, web)

    class Asking:
        def get(self, path: str) -> TestResponse:
            return desk.get(path)

    def shown() -> object:
        return drawn(Asking(), SPOT["lon"], SPOT["lat"])[number]  # type: ignore[arg-type]

    assert shown() == {"k": "ruin", "st": "accepted", "cs": "untouched"}
    look(desk, number, 5, "cleared")
    look(desk, number, 1, "untouched")
    assert shown() == {"k": "ruin", "st": "accepted", "cs": "relapsed"}
    assert desk.get(f"/api/v1/marks/{number}").json["concern"] == "relapsed"
