"""Plans of routes as files: every visit is in each of them, with its time, and no name that is not masked."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as Xml

import openpyxl
import pypdf
import pytest
from flask import Flask, render_template

from app.paper import pages
from app.route_files import MAP_WIDTH_MM, PAPER_STYLE, minute
from layers.paper_routes import draw_route, fit_sheet
from tests.web.conftest import Web
from tests.web.sending import Sender
from tests.web.test_routes import made, open_round, plan_of

__all__ = ["open_round"]
NAMES = ("钱测二", "李测四", "周测五", "吴测六", "郑测七", "王测八", "冯测九", "陈测十")


@pytest.fixture(scope="module")
def taken(app: Flask, web: Web, open_round: None) -> tuple[Sender, dict[str, Any]]:
    """A supervisor with a plan."""
    by = Sender(app, web, "supervisor")
    return by, plan_of(by, made(by))


def stops_of(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [stop for route in plan["routes"] for stop in route["stops"]]


def file_of(taken: tuple[Sender, dict[str, Any]], name: str, media: str) -> bytes:
    by, plan = taken
    answer = by.call("GET", f"/routes/{plan['id']}/{name}")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == media
    assert not any(name.encode() in answer.data for name in NAMES)
    return bytes(answer.data)


def test_the_sheet_has_a_page_for_each_day_of_an_inspector(taken: tuple[Sender, dict[str, Any]]) -> None:
    by, plan = taken
    whole = pypdf.PdfReader(io.BytesIO(file_of(taken, "sheet.pdf", "application/pdf")))
    assert len(whole.pages) == len(plan["routes"])
    for page, route in zip(whole.pages, plan["routes"], strict=True):
        words = page.extract_text()
        assert route["date"] in words
        for stop in route["stops"]:
            assert stop["head"] in words
            assert f"{stop['start'] // 3600:02d}:{stop['start'] // 60 % 60:02d}" in words
        assert not any(name in words for name in NAMES)
    one = plan["routes"][0]
    answer = by.call("GET", f"/routes/{plan['id']}/sheet.pdf?inspector={one['inspector']['id']}&day={one['day']}")
    assert len(pypdf.PdfReader(io.BytesIO(answer.data)).pages) == 1
    none = by.call("GET", f"/routes/{plan['id']}/sheet.pdf?inspector=999999")
    assert none.status_code == 422


def test_the_workbook_has_every_visit_and_who_is_left_out_with_the_reason(taken: tuple[Sender, dict[str, Any]]) -> None:
    _, plan = taken
    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = openpyxl.load_workbook(io.BytesIO(file_of(taken, "routes.xlsx", media)))
    planned, left = (list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets)
    assert len(planned) == 1 + len(stops_of(plan))
    assert [row[7] for row in planned[1:]] == [stop["code"] for stop in stops_of(plan)]
    assert {row[0] for row in left[1:]} == {one["code"] for one in plan["unplanned"]}
    assert all(row[6] for row in left[1:])
    text = str(planned) + str(left)
    assert not any(name in text for name in NAMES)


def test_maps_navigators_and_calendars_get_every_visit_in_order(taken: tuple[Sender, dict[str, Any]]) -> None:
    _, plan = taken
    stops = stops_of(plan)
    track = Xml.fromstring(file_of(taken, "routes.gpx", "application/gpx+xml"))
    form = "{http://www.topografix.com/GPX/1/1}"
    points = [(float(one.get("lon", "")), float(one.get("lat", ""))) for one in track.iter(f"{form}rtept")]
    assert points == [(round(stop["lon"], 6), round(stop["lat"], 6)) for stop in stops]
    assert len(list(track.iter(f"{form}trkseg"))) == len(stops) + len(plan["routes"])
    globe = Xml.fromstring(file_of(taken, "routes.kml", "application/vnd.google-earth.kml+xml"))
    assert len(list(globe.iter("{http://www.opengis.net/kml/2.2}Point"))) == len(stops)
    features = json.loads(file_of(taken, "routes.geojson", "application/geo+json"))["features"]
    kinds = [one["geometry"]["type"] for one in features]
    assert (kinds.count("Point"), kinds.count("LineString")) == (len(stops), len(stops) + len(plan["routes"]))
    calendar = file_of(taken, "routes.ics", "text/calendar")
    assert all(len(line) <= 75 for line in calendar.split(b"\r\n"))
    assert calendar.count(b"BEGIN:VEVENT") == len(stops)
    first = plan["routes"][0]
    at = first["stops"][0]["start"]
    moment = f"{first['date'].replace('-', '')}T{at // 3600:02d}{at // 60 % 60:02d}{at % 60:02d}"
    assert f"DTSTART;TZID=Asia/Shanghai:{moment}" in calendar.decode()


def test_lines_follow_each_other_from_stop_to_stop_and_home(taken: tuple[Sender, dict[str, Any]]) -> None:
    by, plan = taken
    route = plan["routes"][0]
    part = f"inspector={route['inspector']['id']}&day={route['day']}"
    lines = by.call("GET", f"/api/v1/routes/{plan['id']}/legs?{part}").json["features"]
    assert [one["properties"]["position"] for one in lines] == list(range(len(route["stops"]) + 1))
    assert [one["properties"]["metres"] for one in lines[:-1]] == [stop["travel_m"] for stop in route["stops"]]
    for one, stop in zip(lines, route["stops"], strict=False):
        assert one["geometry"]["coordinates"][-1] == pytest.approx([stop["lon"], stop["lat"]], abs=1e-5)
    assert by.call("GET", f"/api/v1/routes/{plan['id']}/legs?day=x").status_code == 400


@pytest.mark.parametrize("visits", [3, 9, 12])
def test_who_is_left_out_does_not_go_on_to_a_second_page(app: Flask, visits: int) -> None:
    # Names and sentences as long as they come.
    words = [
        f"370725108200-000{at} 赵*顺：{'能去的走访员当天户数已满，其中有优先级更低的，' * (at + 1)}。"
        for at in range(6)
    ]
    height, named = fit_sheet(visits, 1, words)
    stop = {"head": "赵*顺", "code": "370725108200-0001", "village": "东庄村", "household": 1, "start": 30_600,
            "grade": "C", "key_groups": ["low_income"], "overdue_days": 3}  # fmt: skip
    route = {"inspector": {"name": "李伟"}, "date": "2026-11-30", "visits": visits, "leave": 30_600, "back": 63_000,
             "travel_m": 12_000, "travel_s": 3_600, "stops": [stop] * visits, "companions": [{"name": "王芳"}],
             "breaks": [{"after": 2, "start": 43_200, "end": 46_800}]}  # fmt: skip
    places = [(118.80 + at / 1000, 36.40) for at in range(visits + 2)]
    picture = draw_route(places, [(places, True)], [], width=MAP_WIDTH_MM, height=height)
    sheet = {
        "route": route,
        "picture": picture,
        "code": (29, "M2 2h1v1h-1z"),
        "left": [{"message": one} for one in words[:named]],
    }
    with app.test_request_context():
        html = render_template(
            "route_sheet.html",
            sheets=[sheet],
            plan={"id": 7, "revision": 5, "estimated": 1.0},
            campaign=SimpleNamespace(name_zh="二〇二六年农村危房大走访", name_en="Visits"),
            left_all=300,
            facts={1: {"house_no": "5排3号", "last_at": "2026-11-01"}},
            words={"low_income": "低保户"},
            minute=minute,
        )
    made = pypdf.PdfReader(io.BytesIO(pages(html, PAPER_STYLE.read_text("utf-8"))))
    assert len(made.pages) == 1
    assert named >= 2 or visits == 12
    # Where none is named there is no heading over an empty list.
    assert ("<h2>未排入 300 户</h2>" in html, "全方案未排入 300 户，名单见网页。" in html) == (named > 0, named == 0)


def test_the_arrow_to_the_north_stands_clear_of_the_numbers() -> None:
    west = [(118.80 + at / 100_000, 36.42) for at in range(5)]
    picture = draw_route([(118.86, 36.40), *west, (118.86, 36.40)], [], [], width=186, height=60)
    x, y = picture.north
    assert not any(abs(stop.at_x - x) < 5 and -5 < stop.at_y - y < 12 for stop in picture.stops)
