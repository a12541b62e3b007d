"""What the map says of renovations: counts that agree with the list, days in tiles by role, density of danger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.local_time import today
from data.rules.gates import STALLS_AFTER
from geo.tiles import world_xy
from tests.township import TOWNSHIP, VILLAGES
from tests.vector_tiles import read_tile
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
SPOT = (118.8021, 36.4051)


@pytest.fixture(scope="module", autouse=True)
def sites(web: Web) -> Iterator[None]:
    """Three sites in the first village: one accepted 40 days ago, one paid after 20 days, one that ended."""
    day = today() - timedelta(days=40)
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                insert into renovation_site (natural_key, code, jur, village_id, quality, method, stage, state,
                                             accepted_on, paid_on, geom)
                select 'map:' || n, 'M' || n, v.jur, v.id, 1, 'rebuild', (array['accepted', 'paid', 'found'])[n],
                       case n when 3 then 'withdrawn' else 'open' end, case when n < 3 then cast(:day as date) end,
                       case n when 2 then cast(:day as date) + 20 end,
                       st_setsrid(st_makepoint(:lon, :lat), 4326)
                  from generate_series(1, 3) n join area v on v.code = :village"""),
            {"day": day, "lon": SPOT[0], "lat": SPOT[1], "village": VILLAGES[0]},
        )
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from renovation_site where natural_key like 'map:%'"))


def numbers(client_as: ClientAs, who: str, query: str = "") -> Any:
    return client_as(who).get(f"/map/renovation.json{query}").json


def test_counts_are_those_of_the_list_and_money_is_not_for_inspectors(client_as: ClientAs, web: Web) -> None:
    found = numbers(client_as, "supervisor")
    village = found["villages"][str(web.town.areas[VILLAGES[0]])]
    assert (village["waiting"], village["late"], village["days"]) == (1, 1, [20, 1])
    assert (found["payments"]["late_0"], found["payments"]["paid_1"]) == (1, 1)
    assert found["standings"]["ended"] == 1
    listed = client_as("supervisor").get("/api/v1/sites?stalled=1").json
    assert found["standings"]["stalled"] == listed["total"]
    assert sum(found["standings"].values()) == client_as("supervisor").get("/api/v1/sites").json["total"]
    assert found["as_of"] == today().isoformat()
    seen = numbers(client_as, "inspector")
    assert seen["payments"] is None
    assert all(one["late"] == one["waiting"] == 0 for one in seen["villages"].values())
    assert client_as("outsider").get("/map/renovation.json").json.get("villages", {}) == {}


def test_a_tile_holds_days_and_those_of_money_only_for_whoever_sees_money(client_as: ClientAs) -> None:
    x, y = (int(part) for part in world_xy(*SPOT, zoom=16))

    def of(who: str) -> dict[str, dict[str, Any]]:
        tile = read_tile(client_as(who).get(f"/api/v1/tiles/sites/16/{x}/{y}.mvt").data)
        return {one.properties["st"]: one.properties for one in tile["sites"]}

    accepted = (today() - timedelta(days=40)).toordinal() - 719_163
    seen = of("supervisor")
    assert seen["accepted"]["sd"] == accepted + STALLS_AFTER["accepted"]
    assert seen["accepted"]["dd"] == accepted + 30
    assert seen["paid"]["w"] == 20
    assert seen["found"]["e"] is True
    hidden = of("inspector")
    assert "dd" not in hidden["accepted"]
    assert "w" not in hidden["paid"]
    assert hidden["accepted"]["sd"] == seen["accepted"]["sd"]


def test_a_plan_s_days_move_the_limit_and_the_version_of_the_map(client_as: ClientAs, web: Web) -> None:
    before = client_as("supervisor").get("/map/setup.json").json["tag"]
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""
                insert into renovation_plan (area_id, jur, jur_end, year, name, pay_within_days)
                select a.id, a.jur, a.jur_end, s.year, 'a', 60 from area a, renovation_site s
                 where a.code = :town and s.natural_key = 'map:1'"""),
            {"town": TOWNSHIP},
        )
    try:
        assert client_as("supervisor").get("/map/setup.json").json["tag"] != before
        assert numbers(client_as, "supervisor")["payments"]["due"] == 1
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from renovation_plan where name = 'a'"))


def test_danger_is_a_share_of_what_is_appraised(client_as: ClientAs, web: Web) -> None:
    found = client_as("supervisor").get("/map/danger.json?by=township").json["areas"]
    with Session(web.owner) as session:
        row = session.execute(
            text("""
                select count(*) filter (where grade in ('C', 'D')) as danger, count(grade) as appraised,
                       count(*) as houses from house h join area a on a.code = :town
                 where h.jur >= a.jur and h.jur < a.jur_end"""),
            {"town": TOWNSHIP},
        ).one()
    assert found == {str(web.town.areas[TOWNSHIP]): [row.danger, row.appraised, row.houses]}
    for by in ("village", "grid"):
        parts = client_as("supervisor").get(f"/map/danger.json?by={by}").json["areas"]
        assert sum(one[0] for one in parts.values()) <= row.danger
    assert client_as("inspector").get("/map/danger.json?by=township").json["areas"] == {}
    assert client_as("supervisor").get("/map/danger.json?by=nothing").status_code == 400
