"""What phones send: accepted once whatever comes again, refused with a reason and kept, never outside the duty."""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.factory import create_app
from data.areas import place_visits
from data.askers import Asker, RecordUnknown, Role, read_ranges
from data.audit import Origin, bind_asker
from data.db import enter
from data.duplicates import find_companions
from data.folding import fold
from data.sealing import load_sealer
from data.sync.devices import list_devices, revoke_device
from data.sync.line import LINE, PHOTOS, RECORDS
from data.sync.photos import photo_path, read_photo, sweep_photos
from data.sync.refusals import open_refused
from tests.database.test_isolation import open_session
from tests.web.conftest import Web, commit_web
from tests.web.field import DEVICE, NOON, Phone, named, picture, visit_body


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """A township of these tests' own, since they change it."""
    made = commit_web("fangtu_test_field")
    fold(made.owner)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    made = create_app(web.settings)
    made.config["TESTING"] = True
    return made


@pytest.fixture
def phone_of(app: Flask, web: Web) -> Callable[[str], Phone]:
    return lambda account: Phone(app, web, account)


@pytest.fixture
def phone(phone_of: Callable[[str], Phone]) -> Phone:
    return phone_of("inspector")


def rows(web: Web, sql: str, **values: Any) -> list[Any]:
    with Session(web.owner) as session:
        return list(session.execute(text(sql), values))


def row(web: Web, sql: str, **values: Any) -> Any:
    found = rows(web, sql, **values)
    assert len(found) == 1, found
    return found[0]


def visit_of(web: Web, visit_id: str) -> Any:
    return row(web, "select * from visit where id = cast(:id as uuid)", id=visit_id)


def test_a_visit_is_accepted_once_and_the_same_bytes_change_nothing(web: Web, phone: Phone) -> None:
    key, body = str(uuid.uuid4()), json.dumps(visit_body(web, "H4")).encode()
    first = phone.send(body, key)
    assert first.status_code == 201, first.text
    assert first.json["missing"] == []
    assert first.json["flags"] == []
    assert first.json["household"] == {"id": web.town.households["H4"], "status": 1}
    again = phone.send(body, key)
    assert again.status_code == 200
    assert again.json == first.json
    stored = visit_of(web, key)
    assert (stored.verdict, stored.counts, stored.minutes, stored.visitor) == ("valid", True, 40.0, "测试inspector")
    assert stored.account_id == web.accounts["inspector"]
    assert row(web, "select count(*) from audit where act = 'visit_add' and object_id = :id", id=key)[0] == 1


def test_another_content_with_the_same_id_is_a_conflict_and_both_are_kept(web: Web, phone: Phone) -> None:
    key = str(uuid.uuid4())
    assert phone.send(visit_body(web, "H5"), key).status_code == 201
    other = json.dumps(visit_body(web, "H5", remark="另一份")).encode()
    for _ in range(2):
        answer = phone.send(other, key)
        assert answer.status_code == 409
        assert answer.json["error"] == "visit_differs"
        assert answer.json["details"] == {"kept": True}
    kept = row(web, "select * from sync_reject where item_id = cast(:id as uuid)", id=key)
    assert kept.times == 2
    with Session(web.owner) as session:
        assert open_refused(session, load_sealer(web.settings.key_file), kept.id) == other
    assert visit_of(web, key).remark is None


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"mode": "telegram"}, "mode"),
        ({"outcome": None}, "outcome"),
        ({"schema": 9}, "schema"),
        ({"campaign": 987654}, "campaign"),
        ({"round": 7}, "campaign"),
        ({"started_at": "2026-05-06 12:00"}, "started_at"),
        ({"remark": "a\0b"}, "remark"),
        ({"satisfaction": 6}, "satisfaction"),
        ({"colour": "red"}, "colour"),
        ({"a\0b": None}, "a�b"),
        ({"\ud800": None}, "?"),
        ({"answers": {"q": "\ud800"}}, "answers"),
        ({"fix": {"lon": 200, "lat": 1}}, "fix.lon"),
        ({"demands": [{"id": "x"}]}, "demands[0].id"),
        ({"photos": [{"id": str(uuid.UUID(int=1)), "sha256": "00", "size": 1}]}, "photos[0].sha256"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_its_place_and_kept(
    web: Web, phone: Phone, change: dict[str, Any], where: str
) -> None:
    key = str(uuid.uuid4())
    answer = phone.send(visit_body(web, "H1") | change, key)
    assert answer.status_code == 422, answer.text
    assert answer.json["error"] == "item_unfit"
    assert answer.json["details"]["where"] == where
    assert answer.json["details"]["kept"] is True
    assert row(web, "select details->>'where' from sync_reject where item_id = cast(:id as uuid)", id=key)[0] == where
    assert rows(web, "select 1 from visit where id = cast(:id as uuid)", id=key) == []
    assert rows(web, "select 1 from synced_item where id = cast(:id as uuid)", id=key) == []
    receipt = phone.call("POST", "/api/v1/receipts", json={"ids": [key]}).json["items"][0]
    assert (receipt["state"], receipt["kind"]) == ("refused", "visit")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[]", b"{", b'{"a":NaN}', b"[" * 50_000])
def test_bytes_that_are_no_json_object_are_refused_and_kept(phone: Phone, body: bytes) -> None:
    answer = phone.send(body)
    assert (answer.status_code, answer.json["details"]["kept"]) == (422, True)


def test_a_visit_of_somebody_else_is_unknown(web: Web, phone_of: Callable[[str], Phone]) -> None:
    key, body = str(uuid.uuid4()), visit_body(web, "H1")
    photo = named(picture(1))
    body["photos"] = [photo]
    assert phone_of("inspector").send(body, key).status_code == 201
    other = phone_of("supervisor")
    assert other.send(body, key).status_code == 404
    assert other.send(body | {"remark": "x"}, key).status_code == 404
    assert other.send_photo(key, photo["id"], picture(1)).status_code == 404
    outsider = phone_of("outsider")
    assert outsider.send_photo(key, photo["id"], picture(1)).status_code == 404
    receipts = outsider.call("POST", "/api/v1/receipts", json={"ids": [key]}).json["items"]
    assert [(one["state"], one["kind"]) for one in receipts] == [("unknown", None)]


def test_a_household_outside_the_duty_is_no_known_house(web: Web, phone: Phone) -> None:
    key = str(uuid.uuid4())
    answer = phone.send(visit_body(web, "H6", fix={"lon": 118.802, "lat": 36.405, "accuracy_m": 9.0}), key)
    assert answer.status_code == 201
    assert answer.json["household"] == {"id": None, "status": None}
    assert "household_gone" in answer.json["flags"]
    stored = visit_of(web, key)
    assert (stored.household_id, stored.household_ref) == (None, "H6")
    own = row(web, "select jur from household where id = :id", id=web.town.households["H1"])
    assert stored.jur == own.jur  # that of the place
    far = str(uuid.uuid4())
    assert phone.send(visit_body(web, "H6"), far).status_code == 201
    assert visit_of(web, far).jur == 990101001001000  # the first of the duty


def test_what_is_odd_is_flagged_and_never_refused(web: Web, phone: Phone) -> None:
    def flags(**other: Any) -> set[str]:
        answer = phone.send(visit_body(web, "H2", outcome="nobody_home", **other))
        assert answer.status_code == 201, answer.text
        return set(answer.json["flags"])

    assert flags(start=NOON + timedelta(days=900)) == {"clock_off", "outside_round"}
    assert flags(clock_offset_ms=3 * 86_400_000) == {"clock_off"}
    assert flags(minutes=-10, duration_s=None) == {"order"}
    assert flags(fix={"lon": 118.81, "lat": 36.405, "accuracy_m": 5}) == {"far"}
    assert flags(fix={"lon": 118.803, "lat": 36.405, "accuracy_m": 3000}) == {"rough"}
    assert flags(fix={"lon": 0, "lat": 90, "accuracy_m": None}) == {"rough"}


def test_a_clock_three_days_off_is_set_right_by_what_the_phone_knew(web: Web, phone: Phone) -> None:
    key, days = str(uuid.uuid4()), 3
    told = visit_body(web, "H2", start=NOON - timedelta(days=days), clock_offset_ms=days * 86_400_000)
    assert phone.send(told, key).status_code == 201
    assert visit_of(web, key).started_at == NOON


def test_a_second_visit_that_counts_is_kept_and_flagged(web: Web, phone_of: Callable[[str], Phone]) -> None:
    first, second = phone_of("supervisor"), phone_of("admin")
    assert first.send(visit_body(web, "H8")).json["flags"] == []
    answer = second.send(visit_body(web, "H8", start=NOON + timedelta(days=1)))
    assert answer.json["flags"] == ["duplicate"]
    assert answer.json["household"]["status"] == 1


@pytest.mark.parametrize("first", ["original", "correction"])
def test_a_correction_stands_in_place_of_the_visit_whichever_comes_first(web: Web, phone: Phone, first: str) -> None:
    old, new, demand = str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4())
    raised = {"id": demand, "class": "road", "text": "路灯坏了", "solved": False}
    before, added = (named(picture(seed), kind="demand") for seed in (31, 32))
    again = raised | {"text": "路灯坏了两盏", "photos": [added["id"]]}
    bodies = {
        "original": (
            visit_body(web, "H3", demands=[raised | {"photos": [before["id"]]}], photos=[before]),
            old,
        ),
        "correction": (
            visit_body(web, "H3", supersedes=old, remark="更正", demands=[again], photos=[added]),
            new,
        ),
    }
    order = ["original", "correction"] if first == "original" else ["correction", "original"]
    for name in order:
        answer = phone.send(*bodies[name])
        assert answer.status_code == 201, answer.text
    assert str(visit_of(web, old).superseded_by) == new
    assert visit_of(web, new).superseded_by is None
    kept = row(web, "select * from demand where id = cast(:id as uuid)", id=demand)
    assert (str(kept.visit_id), kept.words) == (new, "路灯坏了两盏")
    assert [str(photo) for photo in kept.photos] == [before["id"], added["id"]]


def test_demands_lie_where_their_visit_lies(web: Web, phone: Phone) -> None:
    key, demand = str(uuid.uuid4()), str(uuid.uuid4())
    content = picture(5)
    photo = named(content, kind="demand")
    raised = {"id": demand, "class": "water", "text": "水压低", "from_question": "q1", "photos": [photo["id"]]}
    body = visit_body(web, "H5", demands=[raised], photos=[photo], answers={"q1": "水压低"}, satisfaction=4)
    answer = phone.send(body, key)
    assert answer.status_code == 201, answer.text
    assert answer.json["missing"] == [photo["id"]]
    kept = row(web, "select *, st_x(geom) as lon from demand where id = cast(:id as uuid)", id=demand)
    assert (kept.class_key, kept.words, kept.solved, kept.household_id) == (
        "water",
        "水压低",
        False,
        web.town.households["H5"],
    )
    assert kept.lon == pytest.approx(118.81)
    assert visit_of(web, key).answers == {"q1": "水压低"}
    assert row(web, "select satisfaction from field_visit where visit_id = cast(:id as uuid)", id=key)[0] == 4


def test_a_photograph_is_stored_sealed_once_and_completes_its_visit(web: Web, phone: Phone) -> None:
    key, content = str(uuid.uuid4()), picture(2)
    photo = named(content, taken_at=NOON.isoformat())
    body = json.dumps(visit_body(web, "H1", photos=[photo], outcome="nobody_home")).encode()
    assert phone.send(body, key).json["missing"] == [photo["id"]]
    first = phone.send_photo(key, photo["id"], content)
    assert first.status_code == 200, first.text
    assert phone.send_photo(key, photo["id"], content).json == first.json
    assert phone.send(body, key).json["missing"] == []
    kept = row(web, "select * from attachment where id = cast(:id as uuid)", id=photo["id"])
    assert (str(kept.visit_id), kept.content_type, kept.size_bytes) == (key, "image/jpeg", len(content))
    assert kept.household_id == web.town.households["H1"]
    assert kept.perceptual_hash is not None
    number = uuid.UUID(photo["id"])
    assert content not in photo_path(web.settings, number).read_bytes()
    assert read_photo(web.settings, load_sealer(web.settings.key_file), number) == content
    state = phone.call("POST", "/api/v1/receipts", json={"ids": [key]}).json["items"][0]
    assert state["state"] == "done"


def test_bytes_that_are_not_the_photograph_announced_are_refused(web: Web, phone: Phone) -> None:
    key, content, text_file = str(uuid.uuid4()), picture(3), b"%PDF-1.7 no picture"
    photos = [named(content), named(text_file)]
    assert phone.send(visit_body(web, "H1", photos=photos), key).status_code == 201
    refused = phone.send_photo(key, photos[0]["id"], picture(4))
    assert (refused.status_code, refused.json["error"]) == (422, "photo_unfit")
    assert phone.send_photo(key, photos[0]["id"], content, **{"X-SHA256": "0" * 64}).status_code == 422
    assert phone.send_photo(key, photos[1]["id"], text_file).status_code == 422
    assert phone.send_photo(key, str(uuid.uuid4()), content).status_code == 404
    assert phone.send_photo(str(uuid.uuid4()), photos[0]["id"], content).status_code == 404
    assert phone.send_photo(key, photos[0]["id"], b"x" * (600 * 1024 + 1)).status_code == 413
    assert not photo_path(web.settings, uuid.UUID(photos[1]["id"])).exists()


def test_practice_is_acknowledged_and_kept_nowhere(web: Web, phone: Phone) -> None:
    key = str(uuid.uuid4())
    assert phone.send(visit_body(web, "H1", practice=True, photos=[named(picture(1))]), key).json["missing"] == []
    assert rows(web, "select 1 from visit where id = cast(:id as uuid)", id=key) == []
    assert phone.call("POST", "/api/v1/receipts", json={"ids": [key]}).json["items"][0]["state"] == "done"


def test_without_the_header_of_a_phone_nothing_is_taken(web: Web, phone: Phone) -> None:
    for named_as in ("", "mine", str(uuid.uuid4()).upper()):
        answer = phone.call("POST", "/api/v1/receipts", json={"ids": []}, headers={DEVICE: named_as})
        assert (answer.status_code, answer.json["error"]) == (400, "device_needed"), named_as


def test_a_phone_pulls_its_households_and_then_what_changed(web: Web, phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("inspector_two")
    first = phone.pull()
    assert first["full"] is True
    assert {one["code"] for one in first["households"]} == {"H6", "H7", "H10"}
    assert first["campaign"]["visit"]["min_minutes"] == 30
    one = next(one for one in first["households"] if one["code"] == "H6")
    assert (one["head"], one["grade"], one["village"]["code"]) == ("吴*六", "D", "990101001002")
    nothing = phone.pull(since=first["since"])
    assert (nothing["full"], nothing["households"], nothing["gone"]) == (False, [], [])
    assert phone.send(visit_body(web, "H7", return_at=(NOON + timedelta(hours=9)).isoformat())).status_code == 201
    changed = phone.pull(since=nothing["since"])
    assert [(one["code"], one["status"], one["return_at"] is not None) for one in changed["households"]] == [
        ("H7", 1, True)
    ]
    # The answer before was lost: the same question gives the same again.
    assert phone.pull(since=nothing["since"])["households"] == changed["households"]
    assert phone.pull(since="forgotten")["full"] is True


# Everything that a phone is told of a household, written by somebody else.
CHANGES = {
    "household": "update household set people = 9 where id = :home",
    "house": "update house set grade = 'D' where household_id = :home",
    "village": "update area set name = name || '甲' where id = (select village_id from household where id = :home)",
    "grid": "update grid set name = name || '甲' where id = (select grid_id from household where id = :home)",
    "visit": "update visit set visitor = '某乙' where household_id = :home",
    "standing": "update standing set status = 5 where household_id = :home",
    "beside a visit": """insert into field_visit (visit_id, household_id, jur, return_at)
                         select id, household_id, jur, '2026-05-09 10:00+08' from visit where household_id = :home
                         on conflict (visit_id) do update set return_at = excluded.return_at""",
    "reserved": """insert into reservation (campaign_id, round_no, household_id, jur, kind, account_id, who, until)
                   select campaign_id, round_no, household_id, jur, 'grid', :account, '甲', now() + interval '1 day'
                     from standing where household_id = :home limit 1""",
    "not reserved any more": "update reservation set ended_at = now() where household_id = :home",
    "act": """insert into assignment_act (campaign_id, round_no, jur, jur_end, how, account_id, counts)
              select campaign_id, 1, jur, jur + 1, 'drawn', :account, '{}' from standing
               where household_id = :home limit 1""",
    "assigned": """insert into assignment (campaign_id, round_no, household_id, kind, jur, repeats, owner, how, act_id,
                                           account_id)
                   select campaign_id, round_no, household_id, 'grid', jur, false, '甲', 'drawn',
                          (select max(id) from assignment_act), :account from standing
                    where household_id = :home and round_no = 1""",
}


def test_a_phone_is_told_of_every_change_and_of_nothing_where_there_is_none(
    web: Web, phone_of: Callable[[str], Phone]
) -> None:
    phone = phone_of("inspector")
    keys = {"home": web.town.households["H1"], "account": web.accounts["inspector"]}
    kept = "select count(*) from pulled where account_id = :account"
    since = phone.pull()["since"]
    for what, change in CHANGES.items():
        with Session(web.owner) as session, session.begin():
            session.execute(text(change), keys)
        told = phone.pull(since=since)
        # The act alone is nothing that phones are told of.
        assert (keys["home"] in [one["id"] for one in told["households"]]) == (what != "act"), what
        since = told["since"]
        before = row(web, kept, account=keys["account"])[0]
        again = phone.pull(since=since)
        assert (again["since"], again["full"], again["households"], again["gone"]) == (since, False, [], []), what
        assert again["form"]["questions"] == told["form"]["questions"]
        assert row(web, kept, account=keys["account"])[0] == before, what
    # Somebody else's phone was not told this.
    other = phone_of("inspector").pull(since=since)
    assert other["full"] is True
    assert len(other["households"]) == 5


def test_what_has_left_the_duty_is_gone(web: Web, phone_of: Callable[[str], Phone]) -> None:
    phone = phone_of("inspector_two")
    before = phone.pull()
    move = "update duty set jur = :low, jur_end = :high where account_id = :account"
    account = web.accounts["inspector_two"]
    with Session(web.owner) as session, session.begin():
        session.execute(text(move), {"low": 990101001003000, "high": 990101001004000, "account": account})
    try:
        after = phone.pull(since=before["since"])
        assert [one["code"] for one in after["households"]] == ["H8"]
        assert sorted(after["gone"]) == sorted(web.town.households[name] for name in ("H6", "H7", "H10"))
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text(move), {"low": 990101001002000, "high": 990101001003000, "account": account})


def test_pages_of_a_pull_join_to_the_whole(
    web: Web, phone_of: Callable[[str], Phone], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.sync.pulling.PAGE", 2)
    monkeypatch.setattr("data.sync.pulling._STEP", 3)
    phone = phone_of("supervisor")
    pages = [phone.pull()]
    while pages[-1]["more"]:
        again = phone.pull(after=pages[-1]["more"])
        pages.append(phone.pull(after=pages[-1]["more"]))
        assert again["households"] == pages[-1]["households"]
    codes = [one["code"] for page in pages for one in page["households"]]
    assert sorted(codes) == sorted(set(codes))
    assert len(codes) == 10
    assert phone.pull(since=pages[-1]["since"])["households"] == []
    assert phone.call("GET", "/api/v1/pull?after=x.1").status_code == 422


def test_ping_says_who_is_there(app: Flask, phone: Phone) -> None:
    nobody = app.test_client().get("/api/v1/ping").json
    assert (nobody["fangtu"], nobody["signed_in"], nobody["device"], nobody["kill"]) == ("field", False, None, False)
    mine = phone.call("GET", "/api/v1/ping").json
    assert (mine["account"]["role"], mine["device"]) == ("inspector", {"state": "unknown", "wipe": False})


ABOUT = {
    "name": "红米",
    "platform": "Android 15",
    "app": "1",
    "schema": 1,
    "standalone": True,
    "persisted": True,
    "unsent": 3,
    "unsent_photos": 2,
    "oldest_unsent_at": NOON.isoformat(),
    "clock_offset_ms": -120,
}


def signed_in(app: Flask, web: Web, account: str, token: str) -> FlaskClient:
    """A browser of an account with a session of its own, that may be ended."""
    with Session(web.owner) as session, session.begin():
        open_session(session, web.settings, web.accounts[account], token)
    client = app.test_client()
    client.set_cookie("fangtu_session", token)
    return client


def test_a_session_becomes_that_of_a_phone_and_ends_when_it_is_revoked(web: Web, app: Flask) -> None:
    device, token = str(uuid.uuid4()), "to-be-a-phone"
    client, headers = signed_in(app, web, "inspector", token), {DEVICE: device}
    # No form token: the header of the field stands in for it.
    answer = client.put(f"/api/v1/devices/{device}", json=ABOUT, headers=headers)
    assert answer.status_code == 200, answer.text
    assert (answer.json["state"], answer.json["wipe"]) == ("open", False)
    assert "Expires=" in answer.headers["Set-Cookie"]
    kept = row(web, "select * from session where device_id = cast(:id as uuid)", id=device)
    assert (kept.kind, kept.expires_at - kept.created_at) == ("device", timedelta(days=30))
    with Session(web.owner) as session, session.begin():
        session.execute(text("update session set seen_at = now() - interval '9 days' where kind = 'device'"))
    assert client.get("/api/v1/ping", headers=headers).json["device"] == {"state": "open", "wipe": False}
    assert client.get("/api/v1/pull", headers=headers).status_code == 200
    asker = entered(app, web, "supervisor")
    with asker as session:
        listed = {str(one.id): one for one in list_devices(session)}
        assert (listed[device].who, listed[device].unsent) == ("测试inspector", 3)
        revoke_device(session, uuid.UUID(device), wipe=True)
        session.commit()
    refused = client.get("/api/v1/pull", headers=headers)
    assert (refused.status_code, refused.json["error"]) == (403, "device_revoked")
    assert refused.json["details"] == {"wipe": True}
    assert client.get("/map/setup.json").status_code == 401
    ping = client.get("/api/v1/ping", headers=headers).json
    assert (ping["signed_in"], ping["device"]) == (False, {"state": "revoked", "wipe": True})
    # Also for who signs in anew on it.
    fresh = signed_in(app, web, "inspector", "again-on-that-phone")
    assert fresh.put(f"/api/v1/devices/{device}", json=ABOUT, headers=headers).status_code == 403


def test_work_of_one_account_does_not_come_in_under_another(web: Web, app: Flask) -> None:
    """Somebody signs in in another tab after the phone asked who is there, and before it sends."""
    phone = Phone(app, web, "inspector")
    body = visit_body(web, "H2")
    visit_id = str(uuid.uuid4())
    own, other = (str(web.accounts[name]) for name in ("inspector", "inspector_two"))
    for method, path, content in (
        ("PUT", f"/api/v1/visits/{visit_id}", body),
        ("POST", "/api/v1/receipts", {"ids": [visit_id]}),
        ("GET", "/api/v1/pull", None),
    ):
        refused = phone.call(method, path, json=content, headers={"X-Fangtu-Account": other})
        assert (refused.status_code, refused.json["error"]) == (403, "other_account")
    with Session(web.owner) as session:
        for table, column in (("synced_item", "id"), ("sync_reject", "item_id")):
            found = session.scalar(
                text(f"select count(*) from {table} where {column} = cast(:id as uuid)"), {"id": visit_id}
            )
            assert found == 0
    headers = {"X-Fangtu-Account": own}
    assert phone.call("PUT", f"/api/v1/visits/{visit_id}", json=body, headers=headers).status_code == 201


def test_a_phone_is_that_of_one_account_and_revoked_by_those_above_it(web: Web, app: Flask) -> None:
    phone = Phone(app, web, "inspector_two")
    path = f"/api/v1/devices/{phone.id}"
    assert phone.call("PUT", path, json=ABOUT).status_code == 200
    other = Phone(app, web, "inspector")
    other.id = phone.id
    refused = other.call("PUT", path, json=ABOUT)
    assert (refused.status_code, refused.json["error"]) == (409, "device_of_another")
    assert other.call("PUT", f"/api/v1/devices/{uuid.uuid4()}", json=ABOUT).status_code == 400
    assert phone.call("PUT", path, json=ABOUT | {"unsent": -1}).status_code == 422
    for account in ("inspector", "outsider", "leader"):
        with entered(app, web, account) as session, pytest.raises(RecordUnknown):
            revoke_device(session, uuid.UUID(phone.id), wipe=False)
    assert phone.call("GET", "/api/v1/pull").status_code == 200


@contextmanager
def entered(app: Flask, web: Web, account: str) -> Iterator[Session]:
    """A session of the application as an account."""
    with Session(app.extensions["fangtu"].engine) as session:
        found = enter(session, web.tokens[account])
        assert found is not None
        duty = read_ranges(found.duty)
        who = Asker(found.account_id, found.username, found.full_name, Role(found.role), None, duty)
        bind_asker(session, who, Origin())
        yield session


def test_companions_are_the_same_accounts_as_in_an_import(web: Web, app: Flask) -> None:
    names = ["测试supervisor", "测试inspector", "测试inspector", "nobody", "测试outsider"]
    jur = 990101001001001
    with Session(web.owner) as session:
        session.execute(
            text("create temporary table twin (at int, companions text, companion_ids bigint[], jur bigint)")
        )
        session.execute(
            text("insert into twin values (1, :names, null, :jur)"), {"names": "、".join(names), "jur": jur}
        )
        find_companions(session, "twin")
        bulk = session.scalar(text("select companion_ids from twin"))
        one = session.scalar(text("select sec.known_people(:names, :jur)"), {"names": names, "jur": jur})
        session.rollback()
    assert one == bulk == sorted([web.accounts["inspector"], web.accounts["supervisor"]])
    with entered(app, web, "inspector_two") as session:
        # Who answers for another village is told to nobody.
        assert session.scalar(text("select sec.known_people(:names, :jur)"), {"names": names, "jur": jur}) == []


@pytest.mark.parametrize(
    "spot", [(118.802, 36.405), (118.81, 36.405), (118.805, 36.405), (118.825, 36.405), (118.85, 36.4)]
)
def test_a_place_has_the_same_jurisdiction_as_in_an_import(web: Web, spot: tuple[float, float]) -> None:
    with Session(web.owner) as session:
        token = web.tokens["leader"]
        session.execute(text("select set_config('fangtu.token', :token, true)"), {"token": token})
        point = {"lon": spot[0], "lat": spot[1]}
        key = session.scalar(text("select id from visit where household_id is null limit 1"))
        place = "st_setsrid(st_makepoint(:lon, :lat), 4326)"
        session.execute(text(f"update visit set geom = {place} where id = :id"), {**point, "id": key})
        place_visits(session, where="h.id = :id", params={"id": key})
        bulk = session.scalar(text("select place_jur from visit where id = :id"), {"id": key})
        assert session.scalar(text(f"select sec.jur_of_place({place})"), point) == bulk
        session.rollback()


def archive(phone: Phone, items: dict[str, bytes], photos: list[tuple[str, str, bytes]], **other: Any) -> bytes:
    """The ZIP of a phone: items by id, photographs with id, item and bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        manifest = {
            "schema": 1,
            "device": phone.id,
            "account": phone.web.accounts["inspector"],
            "made_at": NOON.isoformat(),
            "items": [{"kind": "visit", "id": key, "file": f"visits/{key}.json"} for key in items],
            "photos": [
                {"id": key, "of": of, "file": f"photos/{key}", "sha256": hashlib.sha256(content).hexdigest()}
                for key, of, content in photos
            ],
            **other,
        }
        packed.writestr("outbox.json", json.dumps(manifest))
        for key, body in items.items():
            packed.writestr(f"visits/{key}.json", body)
        for key, _, content in photos:
            packed.writestr(f"photos/{key}", content)
    return out.getvalue()


def test_the_archive_of_a_phone_goes_the_way_of_the_single_items(web: Web, phone_of: Callable[[str], Phone]) -> None:
    keys = [str(uuid.uuid4()) for _ in range(4)]
    content = picture(9)
    photo = named(content)
    phone, boss = phone_of("inspector"), phone_of("supervisor")
    bodies = [
        json.dumps(visit_body(web, "H1", start=NOON + timedelta(days=n), photos=[photo] if n == 0 else [])).encode()
        for n in range(3)
    ]
    assert phone.send(bodies[1], keys[1]).status_code == 201
    packed = archive(phone, dict(zip(keys, [*bodies, b"{broken"], strict=True)), [(photo["id"], keys[0], content)])
    for account in ("inspector_two", "outsider", "leader"):
        assert phone_of(account).call("POST", "/api/v1/outbox", data=packed).status_code == 403, account
    answer = boss.call("POST", "/api/v1/outbox", data=packed)
    assert answer.status_code == 200, answer.text
    assert [one["state"] for one in answer.json["items"]] == ["applied", "already", "applied", "refused"]
    assert [one["state"] for one in answer.json["photos"]] == ["applied"]
    stored = visit_of(web, keys[0])
    assert (stored.account_id, stored.visitor) == (web.accounts["inspector"], "测试inspector")
    assert (
        row(web, "select sent_by from synced_item where id = cast(:id as uuid)", id=keys[0])[0]
        == (web.accounts["supervisor"])
    )
    # The phone that comes back later finds everything there, and its own refusal.
    states = phone.call("POST", "/api/v1/receipts", json={"ids": keys}).json["items"]
    assert [one["state"] for one in states] == ["done", "done", "done", "refused"]
    again = phone.call("POST", "/api/v1/outbox", data=packed).json
    assert [one["state"] for one in again["items"]] == ["already", "already", "already", "refused"]
    assert [one["state"] for one in again["photos"]] == ["applied"]


def test_an_archive_that_lacks_a_photograph_says_so(web: Web, phone: Phone) -> None:
    key, photo = str(uuid.uuid4()), named(picture(11))
    body = json.dumps(visit_body(web, "H1", outcome="refused", photos=[photo])).encode()
    packed = archive(phone, {key: body}, [(photo["id"], key, picture(12))])
    answer = phone.call("POST", "/api/v1/outbox", data=packed).json
    assert [one["state"] for one in answer["items"]] == ["missing_photos"]
    assert [(one["state"], one["error"]) for one in answer["photos"]] == [("refused", "photo_unfit")]


@pytest.mark.parametrize("broken", ["nothing", "cut", "no list", "bomb", "directory", "many", "account"])
def test_an_archive_that_is_none_is_refused_whole(web: Web, phone: Phone, broken: str) -> None:
    whole = archive(phone, {str(uuid.uuid4()): b"{}"}, [])
    out = io.BytesIO()
    if broken == "no list":
        with zipfile.ZipFile(out, "w") as packed:
            packed.writestr("a.json", "{}")
    if broken == "bomb":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("outbox.json", b" " * (64 << 20))
    if broken == "many":
        with zipfile.ZipFile(out, "w") as packed:
            for n in range(6001):
                packed.writestr(str(n), b"")
    # A directory said to be of 4 GB.
    forged = whole[:-10] + b"\xff\xff\xff\xff" + whole[-6:]
    content = {
        "nothing": b"",
        "cut": whole[:-30],
        "directory": forged,
        "account": archive(phone, {}, [], account="me"),
    }.get(broken, out.getvalue())
    before = row(web, "select count(*) from synced_item")[0]
    answer = phone.call("POST", "/api/v1/outbox", data=content)
    assert (answer.status_code, answer.json["error"]) == (422, "outbox_unfit"), answer.text
    assert row(web, "select count(*) from synced_item")[0] == before


@pytest.mark.parametrize(("hold", "most"), [(LINE.photo, PHOTOS), (LINE.record, RECORDS + 1)])
def test_photographs_are_shed_when_too_much_comes_at_once_and_visits_are_not(
    web: Web, phone: Phone, hold: Callable[[], AbstractContextManager[None]], most: int
) -> None:
    key, content = str(uuid.uuid4()), picture(20)
    photo = named(content)
    with ExitStack() as full:
        for _ in range(most):
            full.enter_context(hold())
        assert phone.send(visit_body(web, "H1", outcome="refused", photos=[photo]), key).status_code == 201
        shed = phone.send_photo(key, photo["id"], content)
        assert (shed.status_code, shed.json["error"]) == (429, "too_many_photos")
        assert int(shed.headers["Retry-After"]) > 0
    assert phone.send_photo(key, photo["id"], content).status_code == 200


def test_what_a_killed_process_leaves_of_a_photograph_is_swept_up(web: Web, phone: Phone) -> None:
    key, content = str(uuid.uuid4()), picture(30)
    photo = named(content)
    assert phone.send(visit_body(web, "H1", outcome="refused", photos=[photo]), key).status_code == 201
    assert phone.send_photo(key, photo["id"], content).status_code == 200
    kept = photo_path(web.settings, uuid.UUID(photo["id"]))
    orphan = kept.with_name(str(uuid.uuid4()))
    orphan.write_bytes(b"x")
    draft = kept.with_name(f".{uuid.uuid4()}.1-1-gone")
    draft.write_bytes(b"x")
    os.utime(orphan, (0, 0))
    os.utime(kept, (0, 0))
    with web.owner.connect() as connection:
        sweep_photos(connection, web.settings, int(kept.parent.name, 16))
    assert (kept.exists(), orphan.exists(), draft.exists()) == (True, False, False)
    # A file the disk has lost is taken again.
    kept.unlink()
    assert phone.send_photo(key, photo["id"], content).status_code == 200
    assert kept.exists()


def test_the_example_of_the_description_is_one_that_is_accepted(web: Web, phone: Phone, app: Flask) -> None:
    told = app.test_client().get("/openapi.json").json["paths"]["/api/v1/visits/{visit_id}"]["put"]
    content = told["requestBody"]["content"]["application/json"]
    example = content["example"] | {"campaign": web.town.campaign_id, "round": 1}
    example["household_id"] = web.town.households["H1"]
    answer = phone.send(example)
    assert answer.status_code == 201, answer.text
    assert set(answer.json) == set(told["responses"]["201"]["content"]["application/json"]["example"])
    assert set(example) == set(content["schema"]["properties"])
    for name in content["schema"]["required"]:
        assert phone.send({key: value for key, value in example.items() if key != name}).status_code == 422, name
    assert {"name": DEVICE, "in": "header"}.items() <= told["parameters"][-1].items()
