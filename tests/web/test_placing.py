"""Households put at a place by hand: what is proposed, who may, where, and taking it back to the bit."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.factory import create_app
from data.recheck import recheck
from data.tables import Area, BaseFeature, House, Household
from tests.township import TOWNSHIP, VILLAGES, square
from tests.web.conftest import ELSEWHERE, Web, commit_web

LIST = "/api/v1/worklists/unplaced"
# name: house number, address, stated village, stated natural village, village it is known to, natural village
UNPLACED: dict[str, tuple[str | None, str | None, str | None, str | None, int | None, str | None]] = {
    "U-house": (None, None, "测试1村", None, 1, None),
    "U-number": ("7", None, "测试1村", "东庄", 1, "东庄"),
    "U-side": ("6", None, "测试1村", "东庄", 1, "东庄"),
    "U-end": ("13", None, "测试1村", "东庄", 1, "东庄"),
    "U-building": (None, None, "测试2村", "柳树沟", 2, "柳树沟"),
    "U-ambiguous": (None, "小王庄5号", None, None, None, None),
    "U-near": (None, "柳树勾5号", None, None, None, None),
    "U-nothing": (None, None, None, None, None, None),
}
HAMLETS = {"东庄": (1, 118.802), "柳树沟": (2, 118.812), "小王庄": (1, 118.808), "小王庄 ": (3, 118.822)}


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    made = commit_web("fangtu_test_placing")
    with Session(made.owner) as session, session.begin():
        _people(session, made)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> Flask:
    return create_app(web.settings)


Ask = Callable[..., TestResponse]


@pytest.fixture
def ask(app: Flask, web: Web) -> Ask:
    """Make a call with an account's token."""

    def call(account: str, method: str, path: str, **options: Any) -> TestResponse:
        client: FlaskClient = app.test_client()
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return client.open(path, method=method, headers=headers, **options)

    return call


def _people(session: Session, web: Web) -> None:
    areas: dict[str, Area] = {}
    for number, (name, (village, west)) in enumerate(HAMLETS.items()):
        parent = session.get_one(Area, web.town.areas[VILLAGES[village - 1]])
        area = Area(
            code=f"{parent.code}-N{number:02}", name=name.strip(), level="natural_village", parent_id=parent.id,
            jur=parent.jur, jur_end=parent.jur_end, geom=square(west, 36.401, west + 0.002, 36.404),
            centre=f"SRID=4326;POINT({west + 0.001} 36.4025)",
        )  # fmt: skip
        session.add(area)
        areas[name] = area
    session.flush()
    # A lane with odd numbers on one side and even ones on the other.
    for number, lat in ((1, 36.4015), (3, 36.4016), (9, 36.4019), (4, 36.4020), (12, 36.4030)):
        _household(session, web, f"N{number}", str(number), None, "测试1村", "东庄", 1, areas["东庄"], (118.8025, lat))
    for name, (house_no, address, stated, hamlet, village, group) in UNPLACED.items():
        home = _household(
            session, web, name, house_no, address, stated, hamlet, village, areas[group] if group else None, None
        )
        if name == "U-house":
            session.add(
                House(
                    natural_key="x:F", code="F-U", household_id=home.id, jur=home.jur, quality=3, placed_by="import",
                    geom="SRID=4326;POINT(118.8031 36.4051)",
                )
            )  # fmt: skip
        if name == "U-number":
            house = House(natural_key="x:G", code="F-N", household_id=home.id, jur=home.jur, quality=5)
            house.village_id = home.village_id
            session.add(house)
    for west in (118.8125, 118.8130):
        kind = "building" if west == 118.8125 else "water"
        shape = square(west, 36.402, west + 0.0002, 36.4022)
        session.add(BaseFeature(kind=kind, geom=shape, jur=int(TOWNSHIP + "000000")))


def _household(
    session: Session,
    web: Web,
    name: str,
    house_no: str | None,
    address: str | None,
    stated: str | None,
    hamlet: str | None,
    village: int | None,
    group: Area | None,
    place: tuple[float, float] | None,
) -> Household:
    code = VILLAGES[village - 1] if village else None
    home = Household(
        natural_key=f"{TOWNSHIP}:{name}", code=name, head_name="褚测试", house_no=house_no, address=address,
        stated_area=stated, stated_hamlet=hamlet, village_id=web.town.areas[code] if code else None,
        group_id=group.id if group else None, jur=int((code or TOWNSHIP + "000") + "000"),
        quality=3 if place else 5 if group else 6 if code else 7,
        geom=f"SRID=4326;POINT({place[0]} {place[1]})" if place else None,
    )  # fmt: skip
    session.add(home)
    session.flush()
    if place:
        session.execute(
            text("""
                update household h set grid_id = g.id, jur = g.jur from grid g
                 where h.id = :id and st_covers(g.geom, h.geom)"""),
            {"id": home.id},
        )
        session.expire(home)
    web.town.households[name] = home.id
    return home


def key(web: Web, name: str) -> int:
    return web.town.households[name]


def state(web: Web) -> list[Any]:
    """All that a placing may change, but the revision and the moment."""
    with Session(web.owner) as session:
        columns = ("geom", "source_system", "placed_by", "accuracy_m", "quality", "village_id", "grid_id", "jur")
        return [
            session.execute(text(f"select id, {', '.join(columns)}{more} from {table} order by id")).all()
            for table, more in (("household", ", group_id"), ("house", ""), ("renovation_site", ""))
        ] + [session.execute(text("select * from coverage_folded order by 1, 2, 3, 4")).all(),
             session.execute(text("select * from standing order by 1, 2, 3")).all()]  # fmt: skip


def drift(web: Web) -> int:
    with Session(web.owner) as session:
        return int(recheck(session)["drift"])


def by_code(answer: TestResponse) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return {row["code"]: row for row in answer.json["rows"]}


def test_the_list_tells_of_each_household_where_it_may_be(ask: Ask, web: Web) -> None:
    answer = ask("supervisor", "GET", LIST)
    rows = by_code(answer)
    assert answer.json["total"] == len(rows) == len(UNPLACED) + 1  # and H10
    proposed = {code: [p["method"] for p in row["proposals"]] for code, row in rows.items() if row["proposals"]}
    assert proposed == {
        "U-house": ["house"],
        "U-number": ["house_number"],
        "U-side": ["house_number"],
        "U-building": ["building"],
        "U-near": ["hamlet"],
    }
    number = rows["U-number"]["proposals"][0]
    assert (number["lon"], number["lat"]) == pytest.approx((118.8025, 36.4016 + 4 / 6 * 0.0003))
    assert (number["quality"], rows["U-side"]["proposals"][0]["lat"]) == (4, pytest.approx(36.4020 + 2 / 8 * 0.001))
    assert (rows["U-house"]["proposals"][0]["lon"], rows["U-house"]["proposals"][0]["quality"]) == (118.8031, 3)
    assert rows["U-building"]["proposals"][0]["lon"] == pytest.approx(118.8126)
    candidates = {(area["name"], area["township"]) for area in rows["U-ambiguous"]["candidates"]}
    assert candidates == {("测试1村", "测试镇"), ("测试3村", "测试镇")}
    assert all(area["lon"] and area["lat"] for area in rows["U-ambiguous"]["candidates"])
    assert rows["U-number"]["village"]["name"] == "测试1村"
    assert rows["U-number"]["hamlet"] == {"name": "东庄", "lon": pytest.approx(118.803), "lat": 36.4025}
    assert rows["U-number"]["quality_label"] == "自然村中心"
    assert all(row["why"] for row in rows.values())


def test_the_list_can_be_filtered_and_is_bound_to_an_area(ask: Ask) -> None:
    assert set(by_code(ask("supervisor", "GET", f"{LIST}?only=ambiguous"))) == {"U-ambiguous"}
    assert len(by_code(ask("supervisor", "GET", f"{LIST}?only=proposed"))) == 5
    assert set(by_code(ask("supervisor", "GET", f"{LIST}?area={VILLAGES[1]}"))) == {"U-building", "H10"}
    assert ask("supervisor", "GET", f"{LIST}?only=everything").status_code == 400
    assert ask("outsider", "GET", LIST).json["rows"] == []
    assert ask("outsider", "GET", f"{LIST}?area={VILLAGES[1]}").status_code == 404


def test_names_are_masked_for_those_who_need_not_see_them(ask: Ask) -> None:
    assert by_code(ask("supervisor", "GET", LIST))["U-house"]["head_name"] == "褚测试"
    assert by_code(ask("admin", "GET", LIST))["U-house"]["head_name"] == "褚*试"


@pytest.mark.parametrize("account", ["inspector", "leader"])
def test_only_supervisors_and_administrators_place(ask: Ask, web: Web, account: str) -> None:
    place = f"/api/v1/households/{key(web, 'U-nothing')}/place"
    assert ask(account, "GET", LIST).status_code == 403
    for path in (place, "/api/v1/placements", f"/api/v1/placements/{uuid.uuid4()}/undo"):
        assert ask(account, "POST", path, json={"lon": 118.802, "lat": 36.405}).status_code == 403


def test_a_click_places_a_household_and_can_be_taken_back_to_the_bit(ask: Ask, web: Web) -> None:
    before = state(web)
    household = key(web, "U-number")
    answer = ask("supervisor", "POST", f"/api/v1/households/{household}/place", json={"lon": 118.8071, "lat": 36.4061})
    assert answer.status_code == 200, answer.text
    told = answer.json
    assert (told["village"], told["grid"], told["quality"]) == ("测试1村", "002 网格", 2)
    with Session(web.owner) as session:
        row = session.execute(
            text("""
                select st_x(h.geom), h.quality, h.placed_by, h.jur, h.revision, f.geom = h.geom, f.placed_by, f.jur,
                       (select count(*) from standing s
                         where s.household_id = h.id and s.jur = h.jur and s.x is not null)
                  from household h join house f on f.household_id = h.id where h.id = :id"""),
            {"id": household},
        ).one()
        grid = int(VILLAGES[0] + "002")
        assert tuple(row) == (118.8071, 2, "click", grid, 2, True, "household", grid, 1)
        audit = session.execute(text("select act, object_id, jur from audit order by id desc limit 1")).one()
        assert tuple(audit) == ("place", str(household), grid)
    assert drift(web) == 0
    assert "U-number" not in by_code(ask("supervisor", "GET", LIST))
    undone = ask("supervisor", "POST", f"/api/v1/placements/{told['bulk_id']}/undo", json={})
    assert (undone.status_code, undone.json) == (200, {"restored": 1, "kept": []})
    assert state(web) == before
    assert drift(web) == 0
    again = ask("supervisor", "POST", f"/api/v1/placements/{told['bulk_id']}/undo", json={})
    assert (again.status_code, again.json["error"]) == (409, "cannot_restore")


@pytest.mark.parametrize(
    ("account", "lon", "lat"),
    [
        ("supervisor", 118.85, 36.405),  # outside the township
        ("two", 118.81, 36.405),  # on the edge of village 1, which has the lower code
        ("two", 118.8099, 36.405),
        ("two", 118.9, 36.405),
    ],
)
def test_nothing_is_placed_outside_the_area_of_duty(ask: Ask, web: Web, account: str, lon: float, lat: float) -> None:
    account = _supervisor_of_village_two(web) if account == "two" else account
    before = state(web)
    path = f"/api/v1/households/{key(web, 'U-building')}/place"
    answer = ask(account, "POST", path, json={"lon": lon, "lat": lat})
    assert (answer.status_code, answer.json["error"]) == (422, "place_refused")
    assert "村" not in answer.json["message"].replace("自然村", "")
    assert state(web) == before


def _supervisor_of_village_two(web: Web) -> str:
    """Let the second inspector be a supervisor of that village, for this module's database only."""
    with Session(web.owner) as session, session.begin():
        session.execute(text("update account set role = 'supervisor' where username = 'inspector_two'"))
    return "inspector_two"


def test_a_neighbours_household_is_as_unknown_as_none(ask: Ask, web: Web) -> None:
    body = {"lon": 118.802, "lat": 36.405}
    foreign = ask("outsider", "POST", f"/api/v1/households/{key(web, 'U-house')}/place", json=body)
    nothing = ask("outsider", "POST", "/api/v1/households/999999999/place", json=body)
    assert foreign.status_code == nothing.status_code == 404
    assert foreign.data == nothing.data
    items = [{"household_id": key(web, "U-house"), "method": "click", **body}]
    items += [{"household_id": 999999999, "method": "click", **body}]
    answer = ask("outsider", "POST", "/api/v1/placements", json={"items": items}).json
    assert answer["placed"] == 0
    assert len({refusal["message"] for refusal in answer["refused"]}) == 1


def test_another_areas_placing_cannot_be_taken_back(ask: Ask, web: Web) -> None:
    path = f"/api/v1/households/{key(web, 'U-nothing')}/place"
    bulk = ask("supervisor", "POST", path, json={"lon": 118.802, "lat": 36.405}).json["bulk_id"]
    foreign = ask("outsider", "POST", f"/api/v1/placements/{bulk}/undo", json={})
    nothing = ask("outsider", "POST", f"/api/v1/placements/{uuid.uuid4()}/undo", json={})
    assert foreign.status_code == nothing.status_code == 404
    assert foreign.data == nothing.data
    assert ask("admin", "POST", f"/api/v1/placements/{bulk}/undo", json={}).json["restored"] == 1


def test_what_was_changed_since_stays(ask: Ask, web: Web) -> None:
    before = state(web)
    path = f"/api/v1/households/{key(web, 'U-nothing')}/place"
    first = ask("supervisor", "POST", path, json={"lon": 118.802, "lat": 36.405}).json["bulk_id"]
    second = ask("supervisor", "POST", path, json={"lon": 118.803, "lat": 36.405}).json["bulk_id"]
    changed = ask("supervisor", "POST", f"/api/v1/placements/{first}/undo", json={})
    assert (changed.status_code, changed.json["error"]) == (409, "cannot_restore")
    for bulk in (second, first):
        assert ask("supervisor", "POST", f"/api/v1/placements/{bulk}/undo", json={}).json["restored"] == 1
    assert state(web) == before


def test_proposals_and_areas_are_taken_in_one_act_and_taken_back(ask: Ask, web: Web) -> None:
    before = state(web)
    rows = by_code(ask("supervisor", "GET", LIST))
    number = rows["U-number"]["proposals"][0]
    items = [
        {"household_id": rows["U-number"]["id"], "method": "house_number", "lon": number["lon"], "lat": number["lat"]},
        {"household_id": rows["U-house"]["id"], "method": "house", "lon": 118.9, "lat": 36.4},  # not what was proposed
        {"household_id": rows["U-end"]["id"], "method": "house_number", "lon": 118.8025, "lat": 36.402},  # never was
        {"household_id": rows["U-near"]["id"], "method": "hamlet"},
        {"household_id": rows["U-ambiguous"]["id"], "area_id": rows["U-ambiguous"]["candidates"][0]["area_id"]},
        {"household_id": rows["U-nothing"]["id"], "area_id": 999999999},
    ]
    answer = ask("supervisor", "POST", "/api/v1/placements", json={"items": items}).json
    assert answer["placed"] == 3
    assert {refusal["household_id"] for refusal in answer["refused"]} == {
        rows[name]["id"] for name in ("U-house", "U-end", "U-nothing")
    }
    after = by_code(ask("supervisor", "GET", LIST))
    assert "U-number" not in after
    assert (after["U-near"]["quality"], after["U-near"]["hamlet"]["name"]) == (5, "柳树沟")
    assert (after["U-ambiguous"]["quality"], after["U-ambiguous"]["candidates"]) == (6, [])
    assert drift(web) == 0
    undone = ask("supervisor", "POST", f"/api/v1/placements/{answer['bulk_id']}/undo", json={})
    assert undone.json["restored"] == 3
    assert state(web) == before


def test_all_proposals_of_an_area_are_accepted_at_once(ask: Ask, web: Web) -> None:
    before = state(web)
    answer = ask("supervisor", "POST", "/api/v1/placements", json={"all": "proposed", "area": VILLAGES[0]}).json
    assert (answer["placed"], answer["refused"]) == (3, [])
    with Session(web.owner) as session:
        methods = session.scalars(
            text("select method from placement where bulk_id = :b order by 1"), {"b": answer["bulk_id"]}
        )
        assert list(methods) == ["house", "house_number", "house_number"]
        assert session.scalar(text("select details from audit order by id desc limit 1"))["households"] == 3
    assert drift(web) == 0
    assert ask("supervisor", "POST", f"/api/v1/placements/{answer['bulk_id']}/undo", json={}).json["restored"] == 3
    assert state(web) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"lon": "118.8", "lat": 36.4}, 422),
        ({"lon": 0, "lat": 0}, 422),
        ({"lon": 36.4, "lat": 118.8}, 422),
        ({"lon": True, "lat": 36.4}, 422),
        ({"lon": 118.8}, 422),
        ([118.8, 36.4], 400),
    ],
)
def test_what_is_no_place_is_refused(ask: Ask, web: Web, body: Any, status: int) -> None:
    path = f"/api/v1/households/{key(web, 'U-house')}/place"
    assert ask("supervisor", "POST", path, json=body).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"items": {}},
        {"items": [1]},
        {"items": [{"household_id": "1", "method": "click"}]},
        {"items": [{"household_id": 1, "method": "guess"}]},
        {"all": "proposed", "area": 5},
    ],
)
def test_what_is_no_list_of_placements_is_refused(ask: Ask, body: Any) -> None:
    assert ask("supervisor", "POST", "/api/v1/placements", json=body).status_code == 400


def test_more_than_five_hundred_at_a_time_are_refused(ask: Ask) -> None:
    items = [{"household_id": n + 1, "area_id": 1} for n in range(501)]
    answer = ask("supervisor", "POST", "/api/v1/placements", json={"items": items})
    assert (answer.status_code, answer.json["details"]["found"]) == (422, 501)


def test_a_household_located_on_the_spot_is_not_moved_by_a_click(ask: Ask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(text("update household set quality = 1 where id = :id"), {"id": key(web, "H8")})
    path = f"/api/v1/households/{key(web, 'H8')}/place"
    answer = ask("supervisor", "POST", path, json={"lon": 118.825, "lat": 36.405})
    assert (answer.status_code, answer.json["error"]) == (422, "place_refused")


def test_a_visit_recorded_far_from_the_new_place_is_in_doubt_and_cleared_again(ask: Ask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                update visit set household_id = :id, jur = :jur, household_ref = null, accuracy_m = 10
                 where natural_key = 'test:V0'"""),
            {"id": key(web, "U-building"), "jur": int(VILLAGES[1] + "000")},
        )
    before = state(web)
    path = f"/api/v1/households/{key(web, 'U-building')}/place"
    bulk = ask("supervisor", "POST", path, json={"lon": 118.8101, "lat": 36.4095}).json["bulk_id"]
    doubt = text("select suspect, distance_m is not null from visit where natural_key = 'test:V0'")
    with Session(web.owner) as session:
        assert tuple(session.execute(doubt).one()) == (["far_from_house"], True)
    assert drift(web) == 0
    ask("supervisor", "POST", f"/api/v1/placements/{bulk}/undo", json={})
    with Session(web.owner) as session:
        assert tuple(session.execute(doubt).one()) == ([], False)
    assert state(web) == before


def test_houses_of_nobody_known_are_listed_with_masked_candidates(app: Flask, web: Web, ask: Ask) -> None:
    with Session(web.owner) as session, session.begin():
        session.add(
            House(
                natural_key="x:loose", code="F-LOOSE", jur=int(VILLAGES[0] + "000"), quality=3,
                village_id=web.town.areas[VILLAGES[0]], geom="SRID=4326;POINT(118.8021 36.405)",
            )
        )  # fmt: skip
    page = ask("supervisor", "GET", "/worklists")
    assert page.status_code == 200
    assert "F-LOOSE" in page.text
    assert "赵*一" in page.text
    assert "F-LOOSE" not in ask("outsider", "GET", "/worklists").text


def test_without_a_boundary_of_the_own_area_nothing_is_refused_for_lying_outside(ask: Ask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        low = int(ELSEWHERE + "000000")
        home = Household(natural_key="e:1", code="E1", head_name="卫测试", jur=low, quality=7)
        session.add(home)
        session.flush()
        key_of = home.id
    path = f"/api/v1/households/{key_of}/place"
    inside_neighbour = ask("outsider", "POST", path, json={"lon": 118.802, "lat": 36.405})
    assert inside_neighbour.status_code == 422
    answer = ask("outsider", "POST", path, json={"lon": 118.9, "lat": 36.405})
    assert (answer.status_code, answer.json["village"]) == (200, None)
    assert drift(web) == 0
