"""Importing from the page: sending, looking, trying, importing, taking back; nobody reaches what is another's."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.count_words import COUNT_WORDS
from data.upload_files import refused_path, upload_path
from geo.china import wgs84_to_gcj02
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import ELSEWHERE, Web, commit_web
from tests.web.sending import Sender, changed, row_of, work

HEAD = "户编号,户主姓名,身份证号,行政村,经度,纬度,宗教信仰"
GOOD = "N1,赵新一,,测试1村,118.8021,36.4051,无此项"
BAD = "N2,钱新二,340299199001020009,测试2村,118.8121,36.4052,"


def ledger(*rows: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *rows]).encode()


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A township of this module's own: what is imported here is committed."""
    made = commit_web("fangtu_test_uploads")
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    made = create_app(web.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture
def sender(app: Flask, web: Web) -> Iterator[Sender]:
    """The township's supervisor, with nothing sent yet; afterwards nothing is left."""
    yield Sender(app, web, "supervisor")
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from upload"))
        session.execute(text("delete from job"))
        session.execute(text("delete from column_memory"))
    for folder in ("uploads", "refused"):
        for path in (web.settings.var / folder).glob("*"):
            path.unlink()


def rows(web: Web, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with Session(web.owner) as session:
        return [tuple(row) for row in session.execute(text(sql), values)]


def files(web: Web) -> list[str]:
    """Names of everything uploads have left on the disk."""
    return [
        path.name
        for folder in ("uploads", "refused", "work")
        for path in (web.settings.var / folder).glob("*")
        if (web.settings.var / folder).is_dir()
    ] + [path.name for path in (web.settings.var / "uploads").glob(".*")]


def own_path(web: Web, address: str) -> Path:
    return upload_path(web.settings, row_of(web, "upload", address.rpartition("/")[2]).id)


# Sending


def test_a_file_is_taken_sealed_under_a_name_of_its_own(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD), "../台账/杏花岭\u202e.csv", sender=" 镇建设办 ")
    path = own_path(web, address)
    assert path.stat().st_mode & 0o777 == 0o600
    assert "赵新一".encode() not in path.read_bytes()
    found = sender.read(address)
    assert (found["file_name"], found["sender"], found["state"]) == ("杏花岭.csv", "镇建设办", "new")
    assert found["size_bytes"] == len(ledger(GOOD))
    assert found["area"] == {"code": TOWNSHIP, "name": "测试镇"}
    assert (found["job"]["kind"], found["job"]["state"]) == ("preview", "waiting")
    assert "没有运行" in found["job"]["step"]  # nobody works here yet, and the page says so


def test_a_browser_is_sent_on_to_the_wizard(sender: Sender) -> None:
    answer = sender.call(
        "POST",
        "/imports",
        data={"file": (io.BytesIO(ledger(GOOD)), "a.csv"), "area": TOWNSHIP},
        headers={"Accept": "text/html"},
    )
    assert answer.status_code == 303
    assert re.fullmatch(r"/imports/[0-9a-f-]{36}", answer.headers["Location"])
    assert sender.call("GET", answer.headers["Location"], headers={"Accept": "text/html"}).status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"area": ""}, 422, "upload_unfit"),
        ({"area": "990101"}, 422, "upload_unfit"),
        ({"area": ELSEWHERE}, 404, "area_unknown"),
        ({"area": "all"}, 404, "area_unknown"),
        ({"kind": "poems"}, 422, "upload_unfit"),
        ({"file": (io.BytesIO(b""), "a.csv")}, 422, "upload_unfit"),
        ({"file": "no file"}, 422, "upload_unfit"),
        ({"sender": "a\0b"}, 400, "bad_request"),
    ],
)
def test_a_form_that_is_refused_leaves_nothing(
    sender: Sender, web: Web, form: dict[str, Any], status: int, error: str
) -> None:
    whole = {"file": (io.BytesIO(ledger(GOOD)), "a.csv"), "area": TOWNSHIP, **form}
    answer = sender.call("POST", "/imports", data=whole, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["error"]) == (status, error)
    assert answer.json["message"]
    assert rows(web, "select count(*) from upload") == [(0,)]
    assert files(web) == []


def test_two_files_at_once_are_refused(sender: Sender, web: Web) -> None:
    two = [(io.BytesIO(b"a\n1\n"), "a.csv"), (io.BytesIO(b"a\n1\n"), "b.csv")]
    answer = sender.call("POST", "/imports", data={"file": two, "area": TOWNSHIP}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert files(web) == []


def test_a_file_without_the_form_token_is_refused_and_gone(app: Flask, sender: Sender, web: Web) -> None:
    client = app.test_client()
    client.set_cookie("fangtu_session", web.tokens["supervisor"])
    form = {"file": (io.BytesIO(ledger(GOOD)), "a.csv"), "area": TOWNSHIP}
    answer = client.post("/imports", data=form, content_type="multipart/form-data")
    assert answer.status_code == 400
    assert files(web) == []
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/imports").text)
    assert token is not None
    form = {"file": (io.BytesIO(ledger(GOOD)), "a.csv"), "area": TOWNSHIP, "csrf_token": token.group(1)}
    assert client.post("/imports", data=form, content_type="multipart/form-data").status_code == 303


class _Unread(io.RawIOBase):
    """A body of some length that may not be read."""

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (self._size if whence == 2 else 0)
        return self._at

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("the body was read")

    def readinto(self, buffer: Any) -> int:
        raise AssertionError("the body was read")


def unread(sender: Sender, size: int) -> Any:
    return sender.call("POST", "/imports", input_stream=_Unread(size), content_type="multipart/form-data; boundary=x")


def test_a_file_that_is_too_large_is_refused_unread(sender: Sender, web: Web) -> None:
    answer = unread(sender, 202 << 20)
    assert (answer.status_code, answer.json["error"]) == (413, "too_large")
    assert "201 MB" in answer.json["message"]
    assert files(web) == []


def test_a_full_disk_is_said_before_the_file_is_read(sender: Sender, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("data.sealed_files.shutil.disk_usage", lambda folder: usage(1, 1, 200 << 20))
    answer = unread(sender, 100 << 20)
    assert (answer.status_code, answer.json["error"]) == (507, "disk_full")
    assert "磁盘已满" in answer.json["message"]
    assert files(web) == []


def test_nobody_without_the_role_gets_as_far_as_sending(app: Flask, web: Web) -> None:
    for account, status in (("leader", 403), ("inspector", 403)):
        assert unread(Sender(app, web, account), 1000).status_code == status
    answer = app.test_client().post("/imports", input_stream=_Unread(1000), headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert not (web.settings.var / "uploads").exists() or files(web) == []


def test_five_files_may_wait_and_no_more(sender: Sender, web: Web) -> None:
    sent = [sender.upload(ledger(GOOD)) for _ in range(5)]
    answer = unread(sender, 1000)
    assert (answer.status_code, answer.json["error"]) == (429, "too_many_uploads")
    assert sender.call("DELETE", sent[0]).status_code == 200
    assert sender.send(ledger(GOOD)).status_code == 201
    assert len(files(web)) == 5


def test_the_session_is_not_held_while_a_file_comes_in(app: Flask, sender: Sender, web: Web) -> None:
    """Other windows of the same person must answer during a long upload."""
    seen: list[tuple[Any, ...]] = []

    class Watched(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            seen.extend(rows(web, "select state from pg_stat_activity where application_name = 'fangtu'"))
            return super().readinto(buffer)

    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na\n1\n\r\n--x--\r\n'
    answer = sender.call(
        "POST",
        "/imports",
        input_stream=Watched(body),
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status_code == 422  # no area was named
    assert seen
    assert ("idle in transaction",) not in seen


# Looking


def test_a_preview_says_what_is_in_the_file(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD, BAD))
    work(web.settings)
    found = sender.read(address)
    assert (found["state"], found["kind"], found["job"]["state"]) == ("ready", "households", "done")
    preview = found["preview"]
    assert set(preview) == {"kinds", "sheets", "fields", "columns", "remembered", "coordinates", "summary"}
    assert preview["kinds"][0]["kind"] == "households"
    assert {kind["kind"] for kind in preview["kinds"]} >= {"ledger", "houses", "visits", "areas"}
    assert preview["sheets"] == [
        {
            "name": "台账",
            "rows": 2,
            "header_row": 1,
            "ignored_n": 1,
            "ignored": [{"row": 1, "why": "表头"}],
            "notes": [],
        }
    ]
    assert {"name", "label", "required", "repeats"} == set(preview["fields"][0])
    assert {"head_name", "lon", "stated_area"} <= {field["name"] for field in preview["fields"]}
    columns = {column["heading"]: column for column in preview["columns"]}
    assert [columns[name]["field"] for name in ("户编号", "户主姓名", "行政村", "经度")] == [
        "code",
        "head_name",
        "stated_area",
        "lon",
    ]
    assert columns["户主姓名"]["sample"] == "赵*一"
    assert columns["身份证号"]["sample"] == "340299************"
    assert (columns["宗教信仰"]["how"], columns["宗教信仰"]["field"]) == ("left_out", None)
    assert columns["宗教信仰"]["sample"] == "（不读取）"
    summary = preview["summary"]
    assert (summary["rows"], summary["ok"], summary["refused"]) == (2, 1, 1)
    (group,) = [group for group in summary["groups"] if group["refused"]]
    assert (group["code"], group["n"], group["rows"]) == ("id_check_digit", 1, [3])


def test_nothing_of_a_person_in_full_is_stored_with_the_preview(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger("N1,赵新一,340299199001020006,测试1村,118.8021,36.4051,秘密"))
    work(web.settings)
    stored = json.dumps(row_of(web, "upload", address.rpartition("/")[2]).preview, ensure_ascii=False)
    for word in ("赵新一", "340299199001020006", "秘密"):
        assert word not in stored
    assert "赵*一" in stored


def test_a_long_number_is_hidden_under_whatever_heading(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger("N1,赵新一,紧急联系 13800001234 或 340299199001020006", head="户编号,户主姓名,另记"))
    work(web.settings)
    (column,) = [c for c in sender.read(address)["preview"]["columns"] if c["heading"] == "另记"]
    assert column["sample"] == "紧急联系 *********** 或 ******************"


def test_coordinates_are_shown_by_every_system_they_could_be_in(sender: Sender, web: Web) -> None:
    many = [f"G{n},赵新{n},,测试1村,{118.8005 + n % 10 / 1200:.6f},{36.4012 + n / 4000:.6f}," for n in range(30)]
    address = sender.upload(ledger(*many, "G90,钱新,,测试1村,0,0,", "G91,孙新,,测试1村,,,"))
    work(web.settings)
    found = sender.read(address)["preview"]["coordinates"]
    assert (found["n"], found["blank_n"], found["zero_n"]) == (30, 1, 1)
    readings = {reading["name"]: reading for reading in found["readings"]}
    assert {"wgs84", "gcj02", "bd09"} <= set(readings)
    assert found["best"] == found["declared"] == "wgs84"
    assert not found["alarm"]
    assert readings["wgs84"]["inside"] == 30
    assert readings["wgs84"]["points"][0] == [118.8005, 36.4012]
    assert found["sentence"]


def test_shifted_coordinates_raise_an_alarm_that_names_the_system(sender: Sender, web: Web) -> None:
    places = [(118.8008 + n % 9 / 1000, 36.4010 + n % 7 / 1000) for n in range(60)]
    moved = [wgs84_to_gcj02(*place) for place in places]
    many = [f"G{n},赵新{n},,测试1村,{lon:.6f},{lat:.6f}," for n, (lon, lat) in enumerate(moved)]
    address = sender.upload(ledger(*many))
    work(web.settings)
    found = sender.read(address)["preview"]["coordinates"]
    assert (found["alarm"], found["best"]) == (True, "gcj02")
    assert 300 < found["shift_m"] < 1300
    assert "GCJ-02" in found["sentence"]
    sender.call("PATCH", address, json={"choices": {"crs": "gcj02"}})
    work(web.settings)
    after = sender.read(address)
    assert (after["preview"]["coordinates"]["alarm"], after["preview"]["coordinates"]["declared"]) == (False, "gcj02")
    done = sender.do(address, "trial")["trial"]
    assert (done["accepted"], done["outside"]) == (60, 0)


def test_a_choice_makes_a_new_preview(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD, BAD))
    work(web.settings)
    answer = sender.call("PATCH", address, json={"choices": {"mapping": {"身份证号": "-"}}})
    assert answer.status_code == 200
    assert answer.json["job"]["state"] == "waiting"
    work(web.settings)
    preview = sender.read(address)["preview"]
    (column,) = [column for column in preview["columns"] if column["heading"] == "身份证号"]
    assert (column["how"], column["field"], column["sample"]) == ("told", None, "（不读取）")
    assert preview["summary"]["refused"] == 0


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ([], 400),
        ({"state": "imported"}, 400),
        ({"choices": {"mapping": {"户编号": 3}}}, 422),
        ({"choices": {"other": 1}}, 422),
        ({"choices": {"snap": "3"}}, 422),
        ({"choices": {"snap": True}}, 422),
        ({"choices": {"snap": -1}}, 422),
        ({"choices": {"source": 7}}, 422),
        ({"kind": "poems"}, 422),
        ({"kind": 5}, 422),
        ({"area": "990101"}, 422),
        ({"area": 3}, 400),
        ({"sender": 3}, 400),
    ],
)
def test_a_change_that_is_badly_formed_changes_nothing(sender: Sender, web: Web, wanted: Any, status: int) -> None:
    address = sender.upload(ledger(GOOD))
    before = row_of(web, "upload", address.rpartition("/")[2])
    assert sender.call("PATCH", address, json=wanted).status_code == status
    assert row_of(web, "upload", address.rpartition("/")[2]) == before
    assert rows(web, "select count(*) from job") == [(1,)]


def test_many_changes_in_a_row_end_with_the_last_one(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD, BAD))
    for field in ("remark", "address", "-"):
        assert sender.call("PATCH", address, json={"choices": {"mapping": {"宗教信仰": field}}}).status_code == 200
    work(web.settings)
    assert sorted(rows(web, "select state from job")) == [("cancelled",)] * 3 + [("done",)]
    found = sender.read(address)
    assert found["choices"]["mapping"] == {"宗教信仰": "-"}
    assert found["job"]["state"] == "done"


def test_an_unreadable_file_is_told_by_its_own_name(sender: Sender, web: Web) -> None:
    address = sender.upload(b"%PDF-1.7 nothing", "台账.xlsx")
    work(web.settings)
    job = sender.read(address)["job"]
    assert (job["state"], job["error"]["code"]) == ("failed", "file_unreadable")
    assert "“台账.xlsx”" in job["error"]["message"]
    assert "upload" not in job["error"]["message"]
    english = sender.call("GET", address, headers={"Accept-Language": "en"}).json["job"]["error"]["message"]
    assert re.search(r"Cannot read .台账.xlsx", english)


def test_a_file_of_no_known_kind_waits_for_its_kind(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger("1,2", head="甲项,乙项"), "x.csv")
    work(web.settings)
    found = sender.read(address)
    assert found["kind"] is None
    assert found["preview"]["summary"] is None
    assert found["preview"]["sheets"][0]["rows"] == 1
    refused = sender.do(address, "trial")["job"]
    assert (refused["state"], refused["error"]["code"]) == ("failed", "upload_closed")


def test_what_is_shown_comes_in_the_language_of_the_caller(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD, BAD))
    work(web.settings)
    english = sender.call("GET", address, headers={"Accept-Language": "en"}).json
    told = json.dumps({**english["preview"], "columns": [], "kinds": []}, ensure_ascii=False)
    assert re.search(r"[一-鿿]", told.replace("台账", "")) is None
    assert english["preview"]["kinds"][0]["label"] == "Households"
    assert english["preview"]["columns"][-1]["sample"] == "(not read)"


# Trying and importing


def test_nothing_is_imported_before_a_trial(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    work(web.settings)
    answer = sender.call("POST", f"{address}/run", json={})
    assert (answer.status_code, answer.json["error"]) == (409, "upload_closed")
    assert "试算" in answer.json["message"]


def test_an_import_needs_a_trial_with_the_same_choices(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    work(web.settings)
    assert sender.do(address, "trial")["trial"]["accepted"] == 1
    changed_again = sender.call("PATCH", address, json={"choices": {"crs": "gcj02"}})
    assert changed_again.json["trial"] is None
    work(web.settings)
    assert sender.call("POST", f"{address}/run", json={}).status_code == 409
    sender.call("PATCH", address, json={"choices": {}})
    work(web.settings)
    assert sender.read(address)["trial"]["accepted"] == 1  # the choices are those that were tried
    assert sender.do(address, "run")["state"] == "imported"


def test_the_worker_itself_holds_the_trial_against_the_choices(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger("W1,赵新一,,测试1村,118.8021,36.4051,"))
    work(web.settings)
    sender.do(address, "trial")
    assert sender.call("POST", f"{address}/run", json={}).status_code == 200
    with Session(web.owner) as session, session.begin():
        session.execute(text("update upload set choices = jsonb_set(choices, '{crs}', '\"gcj02\"')"))
    work(web.settings)
    job = sender.read(address)["job"]
    assert (job["state"], job["error"]["code"]) == ("failed", "upload_closed")
    assert rows(web, "select count(*) from household where code = 'W1'") == [(0,)]


def test_a_trial_writes_nothing_and_an_import_what_the_trial_said(sender: Sender, web: Web) -> None:
    before = rows(web, "select count(*) from household")
    address = sender.upload(ledger("T1,赵新一,,测试1村,118.8021,36.4051,", BAD), sender="镇建设办")
    work(web.settings)
    trial = sender.do(address, "trial")["trial"]
    assert rows(web, "select count(*) from household") == before
    assert (trial["read"], trial["accepted"], trial["refused"], trial["batch"]) == (2, 1, 1, None)
    assert {"label": "新增", "n": 1} in trial["count_words"]
    found = sender.do(address, "run")
    assert (found["state"], found["job"]["state"]) == ("imported", "done")
    assert {name: found["batch"][name] for name in ("read", "accepted", "refused")} == {
        "read": 2,
        "accepted": 1,
        "refused": 1,
    }
    (batch,) = rows(
        web,
        "select file_name, sender, account_id, jur, counts from batch where id = :id",
        id=found["batch"]["id"],
    )
    assert batch[:4] == ("台账.csv", "镇建设办", web.accounts["supervisor"], int(TOWNSHIP) * 10**6)
    assert set(batch[4]) <= set(COUNT_WORDS), "every total has its words"
    assert rows(web, "select head_name from household where code = 'T1'") == [("赵新一",)]
    assert not own_path(web, address).exists()
    assert list((web.settings.var / "work").iterdir()) == []
    again = sender.call("POST", f"{address}/run", json={})
    assert (again.status_code, again.json["error"]) == (409, "upload_closed")


def test_the_columns_of_a_sender_are_remembered(sender: Sender, web: Web) -> None:
    head = HEAD.replace("宗教信仰", "另记事项").replace("户主姓名", "当家人")
    office = {"sender": "镇建设办", "kind": "households"}
    address = sender.upload(ledger("M1,赵新一,,测试1村,118.8021,36.4051,甲", head=head), **office)
    work(web.settings)
    told = {"当家人": "head_name", "另记事项": "remark"}
    sender.call("PATCH", address, json={"choices": {"mapping": told}})
    work(web.settings)
    sender.do(address, "trial")
    assert sender.do(address, "run")["state"] == "imported"
    content = ledger("M2,钱新二,,测试1村,118.8022,36.4051,乙", head=head)
    again = sender.upload(content, **office)
    other = sender.upload(content, sender="县民政局", kind="households")
    work(web.settings)
    known = sender.read(again)["preview"]
    assert {c["heading"]: (c["field"], c["how"]) for c in known["columns"] if c["heading"] in told} == {
        "当家人": ("head_name", "remembered"),
        "另记事项": ("remark", "remembered"),
    }
    assert (known["remembered"]["sender"], known["remembered"]["n"]) == ("镇建设办", 2)
    assert sender.read(other)["preview"]["remembered"] is None
    sender.do(again, "trial")
    assert sender.do(again, "run")["state"] == "imported"
    assert rows(web, "select head_name, remark from household where code = 'M2'") == [("钱新二", "乙")]
    assert "镇建设办" in sender.call("GET", "/imports", headers={"Accept": "text/html"}).text


def test_each_step_is_in_the_log_with_its_person(sender: Sender, web: Web) -> None:
    last = rows(web, "select coalesce(max(id), 0) from audit")[0][0]
    found = sender.imported(ledger("L1,赵新一,,测试1村,118.8021,36.4051,", BAD))
    sender.call("GET", found["refused_file"]["href"])
    sender.call("DELETE", sender.upload(ledger(GOOD)))
    sender.call("POST", f"/api/v1/batches/{found['batch']['id']}/undo", json={})
    work(web.settings)
    written = rows(web, "select act, actor, role from audit where id > :last order by id", last=last)
    acts = ["upload", "import", "refused_download", "upload", "upload_discard", "import_undo"]
    assert written == [(act, "supervisor", "supervisor") for act in acts]


def test_an_account_that_may_no_longer_do_it_imports_nothing(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger("D1,赵新一,,测试1村,118.8021,36.4051,"))
    work(web.settings)
    sender.do(address, "trial")
    own = {"id": web.accounts["supervisor"]}
    for statement, back in (
        (
            "update account set disabled_at = now() where id = :id",
            "update account set disabled_at = null where id = :id",
        ),
        ("update account set role = 'leader' where id = :id", "update account set role = 'supervisor' where id = :id"),
        (
            "update duty set jur = jur + 1000 where account_id = :id",
            "update duty set jur = jur - 1000 where account_id = :id",
        ),
    ):
        assert sender.call("POST", f"{address}/run", json={}).status_code == 200
        with changed(web, statement, back, **own):
            work(web.settings)
        job = sender.read(address)["job"]
        assert (job["state"], job["error"]["code"]) == ("failed", "job_not_allowed"), statement
    assert rows(web, "select count(*) from household where code = 'D1'") == [(0,)]
    assert sender.do(address, "run")["state"] == "imported"


def test_rows_of_the_neighbour_are_refused_without_a_word_of_them(app: Flask, web: Web, sender: Sender) -> None:
    village = Sender(app, web, "supervisor")
    found = village.imported(
        ledger("A1,赵新一,,测试1村,118.8021,36.4051,", "A2,钱新二,,测试2村,118.8121,36.4052,"), area=VILLAGES[0]
    )
    assert (found["batch"]["accepted"], found["batch"]["refused"]) == (1, 1)
    assert rows(web, "select count(*) from household where code = 'A2'") == [(0,)]


def test_a_waiting_step_can_be_cancelled(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    answer = sender.call("POST", f"{address}/cancel", json={})
    assert answer.json["job"]["state"] == "cancelled"
    work(web.settings)
    found = sender.read(address)
    assert (found["state"], found["job"]["state"], found["preview"]) == ("new", "cancelled", None)


def test_two_steps_at_once_are_refused(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    work(web.settings)
    assert sender.call("POST", f"{address}/trial", json={}).status_code == 200
    for act in ("trial", "run"):
        answer = sender.call("POST", f"{address}/{act}", json={})
        assert answer.status_code == 409, act
    assert sender.call("PATCH", address, json={"choices": {}}).json["error"] == "job_running"


def test_what_is_dropped_is_gone_at_once(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    work(web.settings)
    sender.do(address, "trial")
    assert sender.call("DELETE", address).json == {"state": "discarded"}
    assert files(web) == []
    stored = row_of(web, "upload", address.rpartition("/")[2])
    assert (stored.state, stored.preview, stored.trial) == ("discarded", None, None)
    assert sender.call("POST", f"{address}/trial", json={}).status_code == 409
    assert sender.read(address)["state"] == "discarded"


def test_an_upload_past_its_day_is_closed_and_swept(sender: Sender, web: Web) -> None:
    address = sender.upload(ledger(GOOD))
    work(web.settings)
    with Session(web.owner) as session, session.begin():
        session.execute(text("update upload set expires_at = now() - interval '1 second'"))
    assert sender.read(address)["state"] == "expired"
    assert sender.call("POST", f"{address}/trial", json={}).json["error"] == "upload_closed"
    work(web.settings)
    stored = row_of(web, "upload", address.rpartition("/")[2])
    assert (stored.state, stored.preview) == ("expired", None)
    old = time.time() - 3600
    for path in (web.settings.var / "uploads").iterdir():
        os.utime(path, (old, old))
    work(web.settings)
    assert files(web) == []


# Refused rows


def refused_rows(sender: Sender, found: dict[str, Any]) -> bytes:
    answer = sender.call("GET", found["refused_file"]["href"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return answer.data


def test_refused_rows_of_a_text_come_back_as_text_and_can_be_mended(sender: Sender, web: Web) -> None:
    found = sender.imported(
        ledger("R1,赵新一,,测试1村,118.8021,36.4051,", "R2,钱新二,340299199001030009,测试2村,118.8121,36.4052,=1+1")
    )
    content = refused_rows(sender, found)
    assert content.startswith(b"\xef\xbb\xbf")
    assert not found["refused_file"]["href"].endswith(".csv")
    head, row = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    assert head == [*HEAD.split(","), "退回原因"]
    assert row[:4] == ["R2", "钱新二", "340299199001030009", "测试2村"]
    assert row[6] == "'=1+1"
    assert "校验码" in row[-1]
    mended = content.replace(b"340299199001030009", b"340299199001030001")
    again = sender.imported(mended, "改好.csv")
    assert (again["batch"]["accepted"], again["batch"]["refused"]) == (1, 0), again["trial"]["problems"]
    assert rows(web, "select head_name from household where code = 'R2'") == [("钱新二",)]


def workbook(*sheets: tuple[str, list[list[Any]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for title, lines in sheets:
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_refused_rows_of_a_workbook_keep_sheets_cells_and_types(sender: Sender, web: Web) -> None:
    head = ["户编号", "户主姓名", "身份证号", "家庭人口", "备注"]
    content = workbook(
        ("一村", [head, ["X1", "赵新一", None, 3, None], ["X2", "钱新二", "340299199001020009", 4, "=SUM(A1)"]]),
        ("二村", [["二村农户台账"], head, ["X3", "孙新三", "34029919900101000", 2.5, "甲"]]),
        ("三村", [head, ["X4", "李新四", None, 1, None]]),
    )
    found = sender.imported(content, "台账.xlsx")
    assert (found["batch"]["accepted"], found["batch"]["refused"]) == (2, 2)
    book = openpyxl.load_workbook(io.BytesIO(refused_rows(sender, found)))
    assert book.sheetnames == ["一村", "二村"]
    (one_head, one) = book["一村"].iter_rows(values_only=True)
    assert one_head == (*head, "退回原因")
    assert one[:4] == ("X2", "钱新二", "340299199001020009", 4)
    assert all(cell.data_type != "f" for row in book["一村"].iter_rows() for cell in row)
    (_, two) = book["二村"].iter_rows(values_only=True)
    assert two[:4] == ("X3", "孙新三", "34029919900101000", 2.5)
    assert "身份证号" in two[-1]


def test_refused_shapes_come_back_as_geojson(sender: Sender, web: Web) -> None:
    def feature(code: str, lon: float, number: str | None) -> dict[str, Any]:
        properties = {"户编号": code, "户主姓名": "赵新一", "身份证号": number}
        point = {"type": "Point", "coordinates": [lon, 36.4051]}
        return {"type": "Feature", "properties": properties, "geometry": point}

    layer = {"type": "FeatureCollection", "features": [feature("J1", 118.802, None), feature("J2", 118.803, "123")]}
    found = sender.imported(json.dumps(layer).encode(), "农户.geojson", kind="households")
    (one,) = json.loads(refused_rows(sender, found))["features"]
    assert one["properties"]["户编号"] == "J2"
    assert "身份证号" in one["properties"]["退回原因"]
    assert one["geometry"] == {"type": "Point", "coordinates": [118.803, 36.4051]}


def test_without_refused_rows_there_is_no_file_of_them(sender: Sender, web: Web) -> None:
    found = sender.imported(ledger("Z1,赵新一,,测试1村,118.8021,36.4051,"))
    assert found["refused_file"] is None
    assert sender.call("GET", f"/imports/{found['id']}/refused").status_code == 404
    assert files(web) == []


def test_refused_rows_are_sealed_and_for_their_sender_for_seven_days(app: Flask, sender: Sender, web: Web) -> None:
    found = sender.imported(ledger(BAD.replace("N2", "Y2")))
    (path,) = (web.settings.var / "refused").iterdir()
    assert "钱新二".encode() not in path.read_bytes()
    assert Sender(app, web, "admin").call("GET", found["refused_file"]["href"]).status_code == 404
    with Session(web.owner) as session, session.begin():
        session.execute(text("update upload set expires_at = now() - interval '1 second'"))
    assert sender.call("GET", found["refused_file"]["href"]).status_code == 404
    work(web.settings)
    assert files(web) == []


def test_refused_rows_that_a_killed_process_left_undone_are_made_by_the_next(
    sender: Sender, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        os._exit(9)

    address = sender.upload(ledger(BAD.replace("N2", "K2")))
    work(web.settings)
    sender.do(address, "trial")
    with monkeypatch.context() as patch:
        patch.setattr("data.imports.tasks.settle_import", die)
        found = sender.do(address, "run")
    assert (found["state"], found["job"]["state"]) == ("imported", "done")
    assert own_path(web, address).exists()
    waiting = sender.call("GET", found["refused_file"]["href"])
    assert (waiting.status_code, waiting.json["error"]) == (409, "upload_closed")
    work(web.settings)
    assert "K2" in refused_rows(sender, sender.read(address)).decode()
    assert not own_path(web, address).exists()
    assert refused_path(web.settings, row_of(web, "upload", found["id"]).id).exists()


# Batches


def undo(sender: Sender, batch: int, **wanted: Any) -> dict[str, Any]:
    answer = sender.call("POST", f"/api/v1/batches/{batch}/undo", json=wanted)
    assert answer.status_code == 200, answer.text
    work(sender.web.settings)
    return sender.read(f"/api/v1/jobs/{answer.json['job']['id']}")


def test_a_batch_is_shown_and_taken_back(sender: Sender, web: Web) -> None:
    found = sender.imported(ledger("U1,赵新一,,测试1村,118.8021,36.4051,", BAD.replace("N2", "UNTOLD-2")))
    address, batch = found["batch"]["href"], found["batch"]["id"]
    page = sender.call("GET", address, headers={"Accept": "text/html"}).text
    assert "读到 2 行 = 导入 1 + 退回 1" in page
    assert "校验码" in page
    assert "UNTOLD-2" not in page  # rows are told by their number and rule, not by their content
    assert undo(sender, batch, check=True)["result"] == {"blockers": []}
    assert rows(web, "select count(*) from household where code = 'U1'") == [(1,)]
    assert undo(sender, batch)["state"] == "done"
    assert rows(web, "select count(*) from household where code = 'U1'") == [(0,)]
    assert "撤销" in sender.call("GET", address, headers={"Accept": "text/html"}).text
    again = undo(sender, batch)
    assert (again["state"], again["error"]["code"]) == ("failed", "undo_refused")


def test_what_stands_in_the_way_of_an_undo_is_told(sender: Sender, web: Web) -> None:
    first = sender.imported(ledger("V1,赵新一,,测试1村,118.8021,36.4051,"))
    second = sender.imported(ledger("V1,赵新改,,测试1村,118.8021,36.4051,"))
    blocked = undo(sender, first["batch"]["id"])
    assert (blocked["state"], blocked["error"]["code"]) == ("failed", "undo_blocked")
    (reason,) = blocked["result"]["blockers"]
    assert "农户" in reason
    assert reason in sender.call("GET", first["batch"]["href"], headers={"Accept": "text/html"}).text
    assert undo(sender, first["batch"]["id"], check=True)["result"]["blockers"] == [reason]
    assert rows(web, "select head_name from household where code = 'V1'") == [("赵新改",)]
    assert undo(sender, second["batch"]["id"])["state"] == "done"
    assert undo(sender, first["batch"]["id"])["state"] == "done"


def test_a_batch_of_another_area_is_nobody_elses(app: Flask, sender: Sender, web: Web) -> None:
    found = sender.imported(ledger("Q1,赵新一,,测试1村,118.8021,36.4051,"))
    outsider = Sender(app, web, "outsider")
    for method, path in (("GET", found["batch"]["href"]), ("POST", f"/api/v1/batches/{found['batch']['id']}/undo")):
        assert outsider.call(method, path, json={}).status_code == 404
    # Not even with a job of its own making: the worker holds the batch against the job's area.
    with Session(web.owner) as session, session.begin():
        key = session.scalar(
            text("""
                insert into job (kind, account_id, jur, jur_end, batch_id)
                select 'undo', id, jur, jur_end, :batch from account where id = :account returning id"""),
            {"batch": found["batch"]["id"], "account": web.accounts["outsider"]},
        )
    work(web.settings)
    assert rows(web, "select state, error_code from job where id = :id", id=key) == [("failed", "job_not_allowed")]
    assert rows(web, "select count(*) from household where code = 'Q1'") == [(1,)]


def test_problems_are_listed_by_rule(sender: Sender, web: Web) -> None:
    many = [f"P{n},钱新{n},34029919900101000,测试2村,118.8121,36.4052," for n in range(60)]
    found = sender.imported(ledger(*many, BAD.replace("N2", "P99")))
    address = found["batch"]["href"]

    def page(query: str) -> str:
        return sender.call("GET", f"{address}?{query}", headers={"Accept": "text/html"}).text

    assert "第 62 行" not in page("")
    assert "第 62 行" in page("page=2")
    assert "第 62 行" in page("rule=id_check_digit")
    assert "第 2 行" not in page("rule=id_check_digit")
    assert page("rule=none&page=9999").count("第 2 行") == 0


def test_a_problem_names_a_field_in_words_where_the_file_has_no_such_column(sender: Sender) -> None:
    found = sender.imported(b"\xef\xbb\xbf" + "户主姓名,备注\n赵新一,甲\n".encode())
    assert found["batch"]["refused"] == 1
    text = sender.call("GET", found["batch"]["href"], headers={"Accept": "text/html"}).text
    assert "<td>户编号</td>" in re.sub(r"<td[^>]*>", "<td>", text)


def test_the_page_lists_own_files_batches_and_templates(sender: Sender, web: Web) -> None:
    found = sender.imported(ledger("E1,赵新一,,测试1村,118.8021,36.4051,"), "本次台账.csv")
    page = sender.call("GET", "/imports", headers={"Accept": "text/html"}).text
    assert "本次台账.csv" in page
    assert found["batch"]["href"] in page
    assert "/imports/templates/ledger.xlsx" in page
    assert 'aria-current="page"' in page
    assert "测试supervisor" in page
    answer = sender.call("GET", "/imports/templates/ledger.xlsx?lang=en")
    assert answer.mimetype.endswith("spreadsheetml.sheet")
    assert openpyxl.load_workbook(io.BytesIO(answer.data)).sheetnames
    assert sender.call("GET", "/imports/templates/poems.xlsx").status_code == 404


def test_the_web_server_loads_no_map_libraries_for_all_this() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import app.factory, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert {"geopandas", "pyogrio", "pyproj", "openpyxl", "scipy", "sklearn", "mapclassify", "weasyprint"} & set(
        loaded
    ) == set()


def test_source_and_tolerance_of_roads_are_chosen_on_the_page(sender: Sender, web: Web) -> None:
    street = {"type": "LineString", "coordinates": [[118.800, 36.4052], [118.803, 36.4052]]}
    lane = {"type": "LineString", "coordinates": [[118.8015, 36.40525], [118.8015, 36.407]]}
    features = [{"type": "Feature", "properties": {}, "geometry": one} for one in (street, lane)]
    content = json.dumps({"type": "FeatureCollection", "features": features}).encode()
    address = sender.upload(content, "路.geojson", kind="roads")
    sender.call("PATCH", address, json={"choices": {"source": "交通局", "snap": 8}})
    sender.do(address, "trial")
    found = sender.do(address, "run")
    assert found["state"] == "imported", found
    with Session(web.owner) as session, session.begin():
        edges = session.execute(text("select source, count(*) from road_edge group by 1")).tuples().all()
        session.execute(text("delete from road_edge"))
    # The lane ends 5 m from the street: joined to it within 8 m, which is cut there.
    assert dict(edges) == {"交通局": 3}
    address = sender.upload(content, "路.geojson", kind="roads")
    sender.call("PATCH", address, json={"choices": {"snap": 60}})
    assert "0 到 50" in str(sender.do(address, "trial"))
