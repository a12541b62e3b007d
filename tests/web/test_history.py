"""Past days asked for by address: what was shown then on the list, days of visits on the map, and only one's own."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from itertools import accumulate, islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.cli import main
from tests.unit.test_cli import run
from tests.unit.test_letters import from_letters
from tests.web.conftest import Web, commit_web

ClientAs = Callable[[str | None], FlaskClient]


def days_on(days: int) -> date:
    """The day so many days from now; asked for when it is needed, as midnight may have come since the tests began."""
    return datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=days)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    """The township as it was put in yesterday; today the visit to H3 has turned out false."""
    made = commit_web("fangtu_test_web_history")
    with made.owner.begin() as connection:
        connection.execute(text("select fold_changes()"))
        connection.execute(text("update coverage_shown_folded set day = day - 1"))
        connection.execute(text("update coverage_known set since = since - 1"))
        connection.execute(
            text("update visit set ruling = 'false', verdict = 'ruled_false', counts = false where id = :id"),
            {"id": made.town.visits["V3"]},
        )
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def app(web: Web) -> object:
    from app.factory import create_app

    made = create_app(web.settings)
    made.config["TESTING"] = True
    return made


def test_the_list_shows_what_was_shown_on_that_day(client_as: ClientAs) -> None:
    client = client_as("leader")
    now = client.get("/api/v1/coverage").json
    then = client.get(f"/api/v1/coverage?day={days_on(-1)}").json
    assert (now["as_of"], now["total"]["visited"]) == (None, 1)
    assert (then["as_of"], then["total"]["visited"], then["total"]["ratio"]) == (days_on(-1).isoformat(), 2, 0.2)
    assert sum(row["visited"] for row in then["rows"]) == 2
    assert set(then["total"]) == set(now["total"])
    page = client.get(f"/coverage?day={days_on(-1)}").text
    assert "，历史" in page
    assert "2 / 10" in page
    assert "day=" not in page.split("在地图看")[0].rsplit("href=", 1)[1], "the map counts by another day"


def test_today_is_the_present(client_as: ClientAs) -> None:
    answer = client_as("leader").get(f"/api/v1/coverage?day={days_on(0)}").json
    assert (answer["as_of"], answer["total"]["visited"], answer["total"]["counts"]["0"]) == (None, 1, 6)


def test_before_the_first_day_it_is_unknown_and_not_zero(client_as: ClientAs) -> None:
    before = days_on(-2)
    client = client_as("leader")
    total = client.get(f"/api/v1/coverage?day={before}").json["total"]
    assert {total[name] for name in ("eligible", "visited", "remaining", "ratio")} == {None}
    assert total["known_since"] == days_on(-1).isoformat()
    page = client.get(f"/coverage?day={before}").text
    assert "未知：" in page
    assert "0.0%" not in page
    rows = list(csv.reader(io.StringIO(client.get(f"/api/v1/coverage.csv?day={before}").text)))
    assert [row[2:6] for row in rows[1:]] == [["", "", "", ""]] * 3
    assert {row[-1] for row in rows[1:]} == {before.isoformat()}


@pytest.mark.parametrize("day", ["tomorrow", "2026-13-01", "gestern", "20260501"])
@pytest.mark.parametrize("url", ["/coverage", "/api/v1/coverage", "/api/v1/coverage.csv"])
def test_a_day_to_come_or_none_at_all_is_refused_in_words(client_as: ClientAs, url: str, day: str) -> None:
    day = days_on(1).isoformat() if day == "tomorrow" else day
    answer = client_as("leader").get(url, query_string={"day": day})
    assert answer.status_code == 400
    assert day in answer.text


def test_an_inspector_sees_past_days_of_the_own_village_only(client_as: ClientAs) -> None:
    total = client_as("inspector_two").get(f"/api/v1/coverage?day={days_on(-1)}").json["total"]
    assert (total["visited"], total["eligible"]) == (0, 3)
    days = client_as("inspector_two").get("/map/days.json?by=village&heat=1").json
    assert (days["first"], days["total"], days["levels"]["village"]) == (None, {"undated": 0, "days": []}, {})
    assert sum(days["heat"]["cells"][3::4]) == 2
    assert client_as("outsider").get(f"/api/v1/coverage?day={days_on(-1)}").status_code == 404


def _in_full(told: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Areas that came in columns, as they come without ``form=steps``."""
    areas, undated, lengths, days, counts = (
        from_letters(told[name]) for name in ("areas", "undated", "lengths", "days", "counts")
    )
    rest = iter(zip(days, counts, strict=True))
    return {
        str(area): {"undated": before, "days": [number for pair in islice(rest, length) for number in pair]}
        for area, before, length in zip(accumulate(areas), undated, lengths, strict=True)
    }


def test_days_of_the_map_add_up_to_the_map(client_as: ClientAs) -> None:
    client = client_as("leader")
    for by in ("township", "village", "grid"):
        answer = client.get(f"/map/days.json?by={by}").json
        assert date.fromisoformat(answer["first"]) == date(2025, 12, 31), "the day before the round began"
        assert (date.fromisoformat(answer["first"]) + timedelta(days=answer["total"]["days"][0])) == date(2026, 5, 1)
        told = {int(key): sum(one["days"][1::2]) + one["undated"] for key, one in answer["levels"][by].items()}
        features = client.get(f"/map/areas.json?by={by}").json["features"]
        assert told == {f["id"]: f["properties"]["visited"] for f in features if f["properties"]["visited"]}
    both = client.get("/map/days.json?by=village,grid&heat=1").json
    assert set(both["levels"]) == {"village", "grid"}
    cells = both["heat"]["cells"]
    steps = client.get("/map/days.json?by=village,grid&heat=1&form=steps").json
    assert {**steps, "heat": None, "levels": None} == {**both, "heat": None, "levels": None}
    assert {by: _in_full(told) for by, told in steps["levels"].items()} == both["levels"]
    assert from_letters(steps["heat"]["counts"]) == cells[3::4]
    assert [day for day, n in zip(*[iter(steps["heat"]["days"])] * 2, strict=True) for _ in range(n)] == cells[2::4]
    visited = sum(n for day, n in zip(cells[2::4], cells[3::4], strict=True) if day != -2)
    assert visited == sum(client.get("/map/heat.json?kind=visited").json["cells"][2::3])
    assert sum(cells[3::4]) - visited == sum(client.get("/map/heat.json?kind=unvisited").json["cells"][2::3])


def test_an_unknown_level_of_days_is_refused(client_as: ClientAs) -> None:
    assert client_as("leader").get("/map/days.json?by=village,planet").status_code == 400


def test_the_command_refuses_what_is_no_day() -> None:
    assert "coverage" in main.commands
    for day in ("2026-02-30", days_on(1).isoformat()):
        answer = run("coverage", "--as-of", day)
        assert answer.exit_code == 1
        assert day in answer.output
        assert "Traceback" not in answer.output


def test_the_command_tells_what_was_shown(web: Web) -> None:
    import json

    env = {
        "FANGTU_DATABASE_URL": web.settings.admin_url.render_as_string(hide_password=False),
        "FANGTU_VAR_DIR": str(web.settings.var),
        "FANGTU_KEY_FILE": str(web.settings.key_file),
    }
    told = json.loads(run("coverage", "--as-of", days_on(-1).isoformat(), "--json", **env).stdout)
    assert (told["as_of"], told["total"]["visited"], told["total"]["eligible"]) == (days_on(-1).isoformat(), 2, 10)
    before = days_on(-2).isoformat()
    unknown = json.loads(run("coverage", "--as-of", before, "--json", **env).stdout)
    assert (unknown["total"]["ratio"], unknown["total"]["known_since"]) == (None, days_on(-1).isoformat())
    said = run("coverage", "--as-of", before, **env).output
    assert days_on(-1).isoformat() in said
    assert "%" not in said
