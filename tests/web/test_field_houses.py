"""What phones hand in of houses and sites: applied by the desk's functions once, or refused and kept."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from werkzeug.test import TestResponse

from data.local_time import today
from data.rules.appraising import PART
from tests.township import TOWNSHIP
from tests.web.conftest import Web
from tests.web.field import Phone, named, picture
from tests.web.test_field_bad_input import MANY, VALUES

ClientAs = Callable[[str | None], FlaskClient]
A_HOUSE = {key: {"level": "a"} for key in PART}
WALLS_C = {**A_HOUSE, "walls": {"level": "c", "points": "山墙外闪"}}


def one(web: Web, sql: str, **keys: Any) -> Any:
    with web.owner.connect() as connection:
        return connection.scalar(text(sql), keys)


def run(web: Web, sql: str, **keys: Any) -> Any:
    with web.owner.begin() as connection:
        found = connection.execute(text(sql), keys)
        return found.scalar() if found.returns_rows else None


def packed(account: int, kind: str, key: str, body: dict[str, Any]) -> bytes:
    """The ZIP of a phone with one thing in it."""
    listed = {
        "schema": 1,
        "device": str(uuid.uuid4()),
        "account": account,
        "made_at": f"{today()}T12:00:00+08:00",
        "items": [{"kind": kind, "id": key, "file": "it.json"}],
        "photos": [],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("outbox.json", json.dumps(listed))
        archive.writestr("it.json", json.dumps(body))
    return out.getvalue()


def house_of(web: Web, household: str) -> int:
    return int(one(web, "select id from house where code = :code", code=f"F-{household}"))


def appraisal(web: Web, household: str = "H1", **more: Any) -> dict[str, Any]:
    return {
        "schema": 1,
        "at": f"{today()}T00:30:00+08:00",
        "clock_offset_ms": 0,
        "house_id": house_of(web, household),
        "standard": "guideline_2019",
        "site": "safe",
        "parts": WALLS_C,
        "measures": "partial",
        "appraiser": "测试鉴定小组",
        "cause": "again",
        **more,
    }


def put(phone: Phone, path: str, told: dict[str, Any] | bytes, item_id: str | None = None) -> TestResponse:
    content = told if isinstance(told, bytes) else json.dumps(told).encode()
    return phone.call("PUT", f"/api/v1/{path}/{item_id or uuid.uuid4()}", data=content, content_type="application/json")


@pytest.fixture
def phone(app: Flask, web: Web) -> Phone:
    return Phone(app, web, "supervisor")


@pytest.fixture(autouse=True)
def as_before(web: Web) -> Iterator[None]:
    """No appraisal, site or round besides those the township has."""
    yield
    for statement in (
        "delete from disaster",
        "delete from monitoring_act",
        "delete from housing_status",
        "delete from monitored",
        "delete from monitoring_round",
        "delete from attachment where appraisal_id is not null or mark_id is not null",
        "delete from concern_observation",
        "delete from appraisal where account_id is not null",
        "delete from mark",
        "delete from sync_reject",
        """update house h set grade = (select result from latest_appraisal l where l.house_id = h.id)
            where grade is distinct from (select result from latest_appraisal l where l.house_id = h.id)""",
    ):
        run(web, statement)


def site_of_concern(web: Web, household: str = "H1", day: str = "2026-05-01") -> int:
    return int(
        run(
            web,
            """insert into mark (id, kind, account_id, marked_by, jur, at, state, quality)
               select gen_random_uuid(), 'waste', :account, '测试员', h.jur, cast(:day as timestamptz), 'accepted', 7
                 from household h where h.id = :id returning no""",
            id=web.town.households[household],
            account=web.accounts["inspector"],
            day=f"{day}T09:00:00+08:00",
        )
    )


def disaster(web: Web) -> None:
    """All houses of the township are to be appraised again."""
    run(
        web,
        """insert into disaster (area_id, jur, jur_end, kind, happened_on, account_id)
           select id, jur, jur_end, 'storm', :day, :account from area where code = :code""",
        code=TOWNSHIP,
        day=today(),
        account=web.accounts["supervisor"],
    )


def monitored(web: Web, household: str = "H1") -> int:
    return int(
        run(
            web,
            """with made as (
                   insert into monitoring_round (area_id, jur, jur_end, month, opened_on, names_by, appraised_by,
                                                 closed_by, source)
                   select a.id, a.jur, a.jur_end, date_trunc('month', cast(:day as date)), :day, :day, :day, :day, 'x'
                     from area a join household h on h.village_id = a.id where h.id = :id returning id)
               insert into monitored (round_id, household_id, jur, aid_group)
               select made.id, h.id, h.jur, 'dibao' from made, household h where h.id = :id returning id""",
            id=web.town.households[household],
            day=today(),
        )
    )


# Appraisals.


def test_an_appraisal_from_a_phone_is_that_of_the_form_and_comes_once(web: Web, phone: Phone) -> None:
    key, told = str(uuid.uuid4()), appraisal(web)
    first, again = put(phone, "appraisals", told, key), put(phone, "appraisals", told, key)
    other = put(phone, "appraisals", told | {"appraiser": "别的小组"}, key)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409), first.json
    assert (first.json["grade"], first.json["computed"], first.json["missing"]) == ("C", "C", [])
    assert again.json["appraisal"] == first.json["appraisal"]
    assert other.json["error"] == "appraisal_differs"
    assert other.json["details"]["kept"] is True
    assert one(web, "select count(*) from appraisal where client_id = cast(:id as uuid)", id=key) == 1
    assert one(web, "select grade from house where id = :id", id=told["house_id"]) == "C"
    row = "select appraised_on::text || account_id from appraisal where client_id = cast(:id as uuid)"
    assert one(web, row, id=key) == f"{today()}{web.accounts['supervisor']}"


def test_what_stood_before_stays(web: Web, phone: Phone) -> None:
    house = house_of(web, "H1")
    before = one(web, "select count(*) from appraisal where house_id = :id", id=house)
    put(phone, "appraisals", appraisal(web))
    put(phone, "appraisals", appraisal(web, site="dangerous", parts={}))
    assert one(web, "select count(*) from appraisal where house_id = :id", id=house) == before + 2
    assert one(web, "select grade from house where id = :id", id=house) == "D"


def test_a_dangerous_site_is_d_and_a_phone_whose_clock_runs_ahead_dates_by_today(web: Web, phone: Phone) -> None:
    answer = put(phone, "appraisals", appraisal(web, site="dangerous", parts={}, at="2099-01-01T00:00:00+08:00"))
    assert (answer.status_code, answer.json["grade"]) == (201, "D")
    assert one(web, "select appraised_on from appraisal where id = :id", id=answer.json["appraisal"]) == today()


def test_an_appraisal_settles_the_impression_that_started_it(web: Web, phone: Phone) -> None:
    mark = int(
        run(
            web,
            """insert into mark (id, kind, account_id, marked_by, household_id, jur, at, state, quality, grade,
                                 suspected)
               select gen_random_uuid(), 'impression', :account, '测试员', h.id, h.jur, now(), 'suspected', 7, 'D', true
                 from household h where h.id = :id returning no""",
            id=web.town.households["H1"],
            account=web.accounts["inspector"],
        )
    )
    work = phone.call("GET", "/api/v1/house-work").json
    due = next(house for house in work["houses"] if house["id"] == house_of(web, "H1"))
    assert (due["why"][0], due["mark"], due["impression"]) == ("impression", mark, "D")
    assert put(phone, "appraisals", appraisal(web, mark=mark)).status_code == 201
    assert one(web, "select state from mark where no = :no", no=mark) == "accepted"
    after = phone.call("GET", "/api/v1/house-work").json
    assert house_of(web, "H1") not in [house["id"] for house in after["houses"] if "impression" in house["why"]]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"standard": "by_eye"}, "standard"),
        ({"cause": None}, "cause"),
        ({"appraiser": " "}, "appraiser"),
        ({"parts": {"cellar": {"level": "a"}}}, "parts.cellar"),
        ({"parts": {"walls": {"level": "e"}}}, "parts.walls.level"),
        ({"parts": {**A_HOUSE, "walls": {"level": "c"}}}, "walls"),
        ({"parts": {**A_HOUSE, "walls": {"level": "a", "points": "裂缝"}}}, "walls"),
        ({"parts": {}}, "grade"),
        ({"grade": "A"}, "reason"),
        ({"appraised_on": "2099-01-01"}, "appraised_on"),
        ({"appraised_on": "soon"}, "appraised_on"),
        ({"valid_until": "2001-01-01"}, "valid_until"),
        ({"house_id": 999_999_999}, "house_id"),
        ({"mark": 999_999_999}, "house_id"),
        ({"colour": "red"}, "colour"),
        ({"at": None}, "at"),
    ],
)
def test_what_the_form_would_not_take_is_refused_in_its_words_and_kept(
    web: Web, phone: Phone, change: dict[str, Any], where: str
) -> None:
    key = str(uuid.uuid4())
    before = one(web, "select count(*) from appraisal")
    answer = put(phone, "appraisals", appraisal(web) | change, key)
    assert (answer.status_code, answer.json["details"]["kept"]) == (422, True), answer.json
    assert answer.json["details"]["where"].startswith(where)
    assert one(web, "select count(*) from appraisal") == before
    assert one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=key) == 1


def test_a_grade_of_ones_own_needs_a_reason_and_then_stands(web: Web, phone: Phone) -> None:
    answer = put(phone, "appraisals", appraisal(web, grade="D", reason="整体倾斜"))
    assert (answer.json["grade"], answer.json["computed"]) == ("D", "C")


def test_who_may_not_appraise_is_refused_without_stopping_the_phone(app: Flask, web: Web) -> None:
    answer = put(Phone(app, web, "inspector"), "appraisals", appraisal(web))
    # Not 403, after which a phone would send nothing any more.
    assert (answer.status_code, answer.json["error"]) == (422, "item_refused")
    assert one(web, "select count(*) from appraisal where account_id is not null") == 0


def test_a_house_of_elsewhere_is_like_none(app: Flask, web: Web) -> None:
    answer = put(Phone(app, web, "outsider"), "appraisals", appraisal(web))
    nobodys = put(Phone(app, web, "outsider"), "appraisals", appraisal(web, house_id=999_999_999))
    assert (answer.status_code, answer.json["message"]) == (422, nobodys.json["message"])


def test_photographs_by_part_are_shown_with_the_appraisal(web: Web, phone: Phone, client_as: ClientAs) -> None:
    key, content = str(uuid.uuid4()), picture(5)
    photo = named(content, kind="walls")
    answer = put(phone, "appraisals", appraisal(web, photos=[photo]), key)
    assert answer.json["missing"] == [photo["id"]]
    path = f"/api/v1/appraisals/{key}/photos/{photo['id']}"
    headers = {"X-SHA256": photo["sha256"]}
    sent = [phone.call("PUT", path, data=content, content_type="image/jpeg", headers=headers) for _ in range(2)]
    assert [one.status_code for one in sent] == [200, 200]
    row = "select kind || (house_id > 0) || (appraisal_id > 0) from attachment where id = cast(:id as uuid)"
    assert one(web, row, id=photo["id"]) == "wallstruetrue"
    page = client_as("supervisor").get(f"/houses/{house_of(web, 'H1')}").text
    assert f"/field-work/photos/{photo['id']}" in page
    assert client_as("supervisor").get(f"/field-work/photos/{photo['id']}").status_code == 200
    assert client_as("leader").get(f"/houses/{house_of(web, 'H1')}").text.count(photo["id"]) == 0
    assert client_as("outsider").get(f"/field-work/photos/{photo['id']}").status_code == 404
    receipts = phone.call("POST", "/api/v1/receipts", json={"ids": [key]}).json["items"]
    assert (receipts[0]["kind"], receipts[0]["state"]) == ("appraisal", "done")


def test_an_exported_appraisal_is_handed_in_for_one_who_may_appraise_only(app: Flask, web: Web) -> None:
    for owner, state in (("inspector", "refused"), ("supervisor", "applied")):
        key = str(uuid.uuid4())
        box = packed(web.accounts[owner], "appraisal", key, appraisal(web))
        answer = Phone(app, web, "admin").call("POST", "/api/v1/outbox", data=box, content_type="application/zip")
        assert [item["state"] for item in answer.json["items"]] == [state], answer.json
        found = one(web, "select account_id from appraisal where client_id = cast(:id as uuid)", id=key)
        assert found == (web.accounts[owner] if state == "applied" else None)


FIELDS = st.sampled_from(
    ["at", "clock_offset_ms", "house_id", "standard", "site", "parts", "measures", "raw", "grade", "reason", "mark",
     "appraised_on", "appraiser", "appraised_by", "cause", "valid_until", "remark", "photos", "practice", "schema"]
)  # fmt: skip


@MANY
@given(odd=st.dictionaries(FIELDS, VALUES, min_size=1, max_size=3))
def test_whatever_stands_in_an_appraisal_it_is_stored_whole_or_refused_and_kept(
    web: Web, phone: Phone, odd: dict[str, Any]
) -> None:
    key = str(uuid.uuid4())
    answer = put(phone, "appraisals", appraisal(web) | odd, key)
    assert answer.status_code in (201, 422), answer.text
    stored = one(web, "select count(*) from appraisal where client_id = cast(:id as uuid)", id=key)
    kept = one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=key)
    practice = odd.get("practice") is True
    assert (stored, kept) == ((0 if practice else 1, 0) if answer.status_code == 201 else (0, 1))


# Looks at sites of concern.


def look(no: int, seen: str = "cleared", **more: Any) -> dict[str, Any]:
    return {"schema": 1, "at": f"{today()}T00:30:00+08:00", "clock_offset_ms": 0, "concern": no, "seen": seen, **more}


def test_a_look_moves_its_site_once_and_relapse_follows(app: Flask, web: Web) -> None:
    no, phone, key = site_of_concern(web), Phone(app, web, "inspector"), str(uuid.uuid4())
    first, again = put(phone, "observations", look(no), key), put(phone, "observations", look(no), key)
    assert (first.status_code, again.status_code) == (201, 200), first.json
    assert (first.json["state"], again.json["state"]) == ("cleared", "cleared")
    dirty = put(phone, "observations", look(no, "untouched", note="又堆了垃圾"))
    assert dirty.json["state"] == "relapsed"
    assert one(web, "select count(*) from concern_observation") == 2
    assert one(web, "select relapses from mark where no = :no", no=no) == 1


def test_the_photograph_of_a_look_is_the_after_of_its_site(app: Flask, web: Web, client_as: ClientAs) -> None:
    no, phone, key, content = site_of_concern(web), Phone(app, web, "inspector"), str(uuid.uuid4()), picture(6)
    photo = named(content, kind="concern")
    assert put(phone, "observations", look(no, photos=[photo]), key).status_code == 201
    path = f"/api/v1/observations/{key}/photos/{photo['id']}"
    answer = phone.call("PUT", path, data=content, content_type="image/jpeg", headers={"X-SHA256": photo["sha256"]})
    assert answer.status_code == 200
    assert photo["id"] in client_as("supervisor").get(f"/concerns/{no}").text


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seen": "fine"}, "seen"),
        ({"concern": 999_999_999}, "concern"),
        ({"at": "2020-01-01T00:00:00+08:00"}, "on_day"),
        ({"note": 7}, "note"),
    ],
)
def test_a_look_that_does_not_fit_is_refused_and_kept(app: Flask, web: Web, change: dict[str, Any], where: str) -> None:
    key = str(uuid.uuid4())
    answer = put(Phone(app, web, "inspector"), "observations", look(site_of_concern(web)) | change, key)
    assert (answer.status_code, answer.json["details"]["where"]) == (422, where), answer.json
    assert one(web, "select count(*) from concern_observation") == 0
    assert one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=key) == 1


# Checks of the monitoring.


def check(key: int, act: str = "checked_safe", **more: Any) -> dict[str, Any]:
    return {"schema": 1, "at": f"{today()}T00:30:00+08:00", "monitored": key, "act": act, **more}


def test_a_check_moves_its_household_once(web: Web, phone: Phone) -> None:
    home, key = monitored(web), str(uuid.uuid4())
    first, again = put(phone, "checks", check(home), key), put(phone, "checks", check(home), key)
    assert (first.status_code, again.status_code, first.json["stage"]) == (201, 200, "safe"), first.json
    # A second phone that says the same has not done anything wrong.
    assert put(phone, "checks", check(home)).status_code == 201
    assert one(web, "select count(*) from monitoring_act") == 1
    worse = put(phone, "checks", check(home, "reported", reason="西山墙开裂"))
    assert (worse.status_code, worse.json["stage"]) == (201, "reported")
    assert one(web, "select suspected from monitored where id = :id", id=home) == "西山墙开裂"
    late = put(phone, "checks", check(home))
    assert (late.status_code, late.json["details"]["where"]) == (422, "monitored")
    assert "已" in late.json["message"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"act": "closed"}, "act"),
        ({"act": "reported"}, "reason"),
        ({"monitored": 999_999_999}, "monitored"),
        ({"at": "2020-01-01T00:00:00+08:00", "act": "perhaps"}, "act"),
    ],
)
def test_a_check_that_does_not_fit_is_refused_and_kept(
    web: Web, phone: Phone, change: dict[str, Any], where: str
) -> None:
    key = str(uuid.uuid4())
    answer = put(phone, "checks", check(monitored(web)) | change, key)
    assert (answer.status_code, answer.json["details"]["where"]) == (422, where), answer.json
    assert one(web, "select count(*) from sync_reject where item_id = cast(:id as uuid)", id=key) == 1


# What phones are told.


def test_each_is_told_what_it_may_enter_in_its_own_area(app: Flask, web: Web) -> None:
    disaster(web)
    site_of_concern(web, "H1")
    site_of_concern(web, "H6")
    monitored(web, "H1")
    told = {name: Phone(app, web, name).call("GET", "/api/v1/house-work").json for name in web.tokens}
    sizes = {name: (bool(w["houses"]), len(w["concerns"]), len(w["monitored"])) for name, w in told.items()}
    assert sizes["inspector"] == (False, 1, 0)
    assert sizes["leader"] == (False, 0, 0)
    assert sizes["outsider"] == (False, 0, 0)
    assert sizes["supervisor"] == (True, 2, 1)
    assert sizes["admin"][2] == 0
    first = told["supervisor"]["houses"][0]
    assert "*" in (first["head"] or "*")


def test_the_list_of_due_houses_goes_on_page_by_page(app: Flask, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    disaster(web)
    phone = Phone(app, web, "supervisor")
    whole = phone.call("GET", "/api/v1/house-work").json
    monkeypatch.setattr("data.sync.house_work.PAGE", 1)
    found, after = [], ""
    while after is not None:
        page = phone.call("GET", "/api/v1/house-work", query_string={"after": after} if after else {}).json
        found += [house["id"] for house in page["houses"]]
        after = page["more"]
    assert found == [house["id"] for house in whole["houses"]]
    assert len(found) == whole["total"] > 1


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.text(max_size=30))
def test_any_question_for_work_is_answered(phone: Phone, after: str) -> None:
    word = after.encode("utf-8", "replace").decode()
    assert phone.call("GET", "/api/v1/house-work", query_string={"after": word}).status_code in (200, 422)


def test_arrivals_tell_the_desk_of_each_kind_and_of_its_own_area_only(
    app: Flask, web: Web, client_as: ClientAs, phone: Phone
) -> None:
    no, home = site_of_concern(web), monitored(web)
    put(phone, "appraisals", appraisal(web))
    put(Phone(app, web, "inspector"), "observations", look(no))
    put(phone, "checks", check(home))
    told = client_as("leader").get("/field-work/arrivals.json").json
    found = {row["what"]: (row["label"], row["said"], row["address"]) for row in told["rows"] if row["what"] != "mark"}
    assert found["observation"] == ("整治观测", "已整治", f"/concerns/{no}")
    assert found["appraisal"][:2] == ("鉴定", "C级 局部危险")
    assert found["monitoring"][2] == f"/households/{web.town.households['H1']}"
    assert told["today"]["houses"] == 3
    for other in ("outsider", "inspector_two"):
        rows = client_as(other).get("/field-work/arrivals.json").json["rows"]
        assert [row for row in rows if row["what"] in found] == []
    assert "农房任务 3 条" in client_as("supervisor").get("/field-work").text


def test_what_was_refused_is_named_for_the_supervisor(app: Flask, web: Web, client_as: ClientAs) -> None:
    put(Phone(app, web, "inspector"), "appraisals", appraisal(web))
    page = client_as("supervisor").get("/field-phones").text
    assert "这个账号不能登记这一项" in page
    assert "鉴定</span>" in page


def test_open_maps_hear_of_a_check_and_of_a_look(app: Flask, web: Web, phone: Phone) -> None:
    def version() -> Any:
        return one(web, "select coalesce(sum(version), 0) from map_version where campaign_id = 0")

    home, no = monitored(web), site_of_concern(web)
    for path, told in (
        ("checks", check(home)),
        ("observations", look(no)),
        ("appraisals", appraisal(web, parts=A_HOUSE)),
    ):
        before = version()
        assert put(phone, path, told).status_code == 201
        assert version() > before, path
