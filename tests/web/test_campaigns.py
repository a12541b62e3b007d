"""The pages of campaigns, and the editor's way from a text to a new version."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.campaign_changes import revision_of
from data.claims import HEAVY, claim_job
from data.job_work import do_job
from data.tables import Campaign
from tests.township import PLAN
from tests.web.conftest import Web

ClientAs = Callable[[str | None], FlaskClient]
EDITED = PLAN.replace("min_minutes = 30", "min_minutes = 20")


def post(client: FlaskClient, path: str, **body: object) -> tuple[int, dict[str, object]]:
    page = client.get("/campaigns/new").text
    token = page.split('csrf-token" content="')[1].split('"')[0]
    answer = client.post(path, json=body, headers={"X-CSRFToken": token})
    return answer.status_code, answer.get_json()


@pytest.fixture
def as_before(web: Web) -> Iterator[None]:
    """The plan is put back, for the database is shared."""
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from job where kind = 'plan'"))


def test_the_campaign_page_shows_each_rule_with_its_clause(client_as: ClientAs, web: Web) -> None:
    page = client_as("leader").get(f"/campaigns/{web.town.campaign_id}").text
    assert "什么算一次有效走访" in page
    assert 'data-rule="visit.min_minutes"' in page
    assert "第 1 版" in page
    assert f'href="/campaigns/{web.town.campaign_id}/edit"' not in page
    assert f'href="/campaigns/{web.town.campaign_id}/edit"' in client_as("supervisor").get(
        f"/campaigns/{web.town.campaign_id}"
    ).text.replace("&#39;", "'")


def test_a_campaign_elsewhere_is_not_there(client_as: ClientAs, web: Web) -> None:
    outsider = client_as("outsider")
    assert "测试" not in outsider.get("/campaigns").text.split("<main")[1]
    for path in ("/campaigns/{}", "/api/v1/campaigns/{}", "/api/v1/campaigns/{}/rules/visit", "/campaigns/{}/edit"):
        foreign = outsider.get(path.format("test-2026"))
        nothing = outsider.get(path.format("none-2026"))
        assert foreign.status_code == nothing.status_code == 404
        assert foreign.text.replace("test-2026", "") == nothing.text.replace("none-2026", "") or path.startswith("/c")


def test_figures_are_those_of_the_askers_area(client_as: ClientAs, web: Web) -> None:
    whole = client_as("leader").get("/api/v1/campaigns/test-2026").get_json()["rounds"][0]
    part = client_as("inspector").get("/api/v1/campaigns/test-2026").get_json()["rounds"][0]
    assert (whole["eligible"], part["eligible"]) == (10, 5)
    assert part["visited"] <= whole["visited"]


def test_faults_come_with_their_line_and_numbers_are_set_in_the_text(client_as: ClientAs, web: Web) -> None:
    client = client_as("supervisor")
    status, found = post(client, "/api/v1/campaigns/check", text=PLAN.replace("min_minutes", "min_minute"))
    assert status == 200
    assert [one["field"] for one in found["faults"]] == ["visit.min_minute"]
    assert "min_minutes" in found["faults"][0]["expected"]
    assert found["form"] == []
    status, found = post(client, "/api/v1/campaigns/check", text=PLAN, set={"visit.min_minutes": 20})
    assert (status, found["text"], found["faults"]) == (200, EDITED, [])
    assert post(client, "/api/v1/campaigns/check", text=PLAN, set={"campaign.id": "x"})[0] == 422
    assert post(client, "/api/v1/campaigns/check", text="x" * 300_000)[0] == 413
    assert post(client, "/api/v1/campaigns/check", text=3)[0] == 400


def test_a_preview_is_for_those_who_answer_for_the_campaign(client_as: ClientAs, web: Web) -> None:
    status, found = post(client_as("supervisor"), "/api/v1/campaigns/preview", text=EDITED)
    assert status == 200
    assert found["visits"] > 0
    assert found["differences"][0]["rule"] == "visit.min_minutes"
    assert found["rounds"][0]["after"]["visited"] > found["rounds"][0]["before"]["visited"]
    assert post(client_as("supervisor"), "/api/v1/campaigns/preview", text="[campaign]")[0] == 422


def test_nothing_is_applied_without_the_preview_of_just_that(client_as: ClientAs, web: Web) -> None:
    client = client_as("supervisor")
    status, found = post(client, "/api/v1/campaigns/preview", text=EDITED)
    assert status == 200
    for body in ({"text": EDITED, "revision": ""}, {"text": EDITED + "\n# x", "revision": found["revision"]}):
        status, answer = post(client, "/api/v1/campaigns", **body)
        assert (status, answer["error"]) == (409, "plan_conflict")
    assert post(client, "/api/v1/campaigns", text=EDITED)[0] == 400


@pytest.mark.usefixtures("as_before")
def test_a_previewed_plan_is_applied_by_the_background_program(client_as: ClientAs, web: Web) -> None:
    """And put back the same way, for the database is shared."""
    client = client_as("supervisor")
    for version, wanted in enumerate((EDITED, PLAN), start=2):
        _, found = post(client, "/api/v1/campaigns/preview", text=wanted)
        status, answer = post(client, "/api/v1/campaigns", text=wanted, revision=found["revision"], note="试行")
        assert status == 200
        with web.owner.connect() as connection:
            claim = claim_job(connection, HEAVY)
        assert claim is not None
        do_job(web.settings, claim, lambda *_: None, lambda: False)
        job = client.get(f"/api/v1/jobs/{answer['job']['id']}").get_json()
        assert (job["state"], job["result"]["version"]) == ("done", version)
        assert job["result"]["visits"] == found["visits"]
    with Session(web.owner) as session:
        campaign = session.get_one(Campaign, web.town.campaign_id)
        assert (campaign.plan_text, campaign.version) == (PLAN, 3)
        assert session.scalar(text("select count(*) from audit where act = 'campaign_change'")) == 2
        assert revision_of(PLAN, 3, (campaign.jur, campaign.jur_end))
    first = client.get("/api/v1/campaigns/test-2026/versions/1").get_json()
    assert first["text"] == PLAN
    assert client.get("/api/v1/campaigns/test-2026/versions/9").status_code == 404
