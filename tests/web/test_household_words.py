"""The household's own part in supervision and acceptance: written down, answered, and what an objection stops."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.areas import number_range
from data.local_time import today
from data.renovation.gates import advance_many
from data.renovation.household_words import words_of
from data.renovation.ranking import ranking
from tests.renovation import new_site
from tests.township import TOWNSHIP
from tests.web.conftest import Web
from tests.web.test_household_paper import words_of as paper_words
from tests.web.test_renovation_pages import Hand

SAID = {"occasion": "completed", "person": "赵测一", "relation": "spouse", "said": "satisfied"}
OBJECTS = SAID | {"said": "objection", "objection": "西墙角渗水"}


@pytest.fixture
def site(web: Web) -> int:
    """A renovation that is completed and waits for its acceptance."""
    with Session(web.owner) as session, session.begin():
        session.execute(text("update household set aid_group = 'minimum_living'"))
        session.execute(
            text("update renovation_site set state = 'withdrawn' where household_id = :id"),
            {"id": web.town.households["H2"]},
        )
        return new_site(session, web.town, "H2", "completed")


def stage(web: Web, site: int) -> str:
    with Session(web.owner) as session:
        return str(session.scalar(text("select stage from renovation_site where id = :id"), {"id": site}))


def test_an_objection_stops_the_acceptance_until_it_is_answered(app: Flask, web: Web, site: int) -> None:
    hand = Hand(app, web)
    assert hand.post(f"/sites/{site}/words", **OBJECTS).status_code == 303
    shown = hand.read(f"/sites/{site}")
    for expected in ("西墙角渗水", "赵测一", "配偶", "异议待答复 1", "暂不能验收"):
        assert expected in shown, expected
    refused = hand.post(f"/sites/{site}/advance", gate="accepted")
    assert refused.status_code == 422
    assert "1 条异议没有答复" in refused.text
    with Session(web.owner) as session:
        ((_site, why),) = advance_many(session, None, [site], "accepted").left_out
        assert "异议" in why.zh
        word = words_of(session, [site])[site][0]
    assert word["is_open"]
    where = f"/sites/{site}/words/{word['id']}/answer"
    assert "请写明答复" in hand.post(where).text
    assert hand.post(where, answer="已返工，雨后复看不渗").status_code == 303
    assert hand.post(where, answer="再答一次").status_code == 422  # it is answered once
    assert hand.post(f"/sites/{site}/advance", gate="accepted").status_code == 303
    assert stage(web, site) == "accepted"
    assert "已返工" in hand.read(f"/sites/{site}")


def test_with_a_reason_it_is_accepted_all_the_same_and_the_reason_stays(app: Flask, web: Web, site: int) -> None:
    hand = Hand(app, web)
    hand.post(f"/sites/{site}/words", **OBJECTS)
    assert hand.post(f"/sites/{site}/advance", gate="accepted", override="属邻里纠纷，另行调处").status_code == 303
    assert stage(web, site) == "accepted"
    assert "属邻里纠纷" in hand.read(f"/sites/{site}")


def test_the_database_keeps_the_gate_shut_whoever_writes(app: Flask, web: Web, site: int) -> None:
    Hand(app, web).post(f"/sites/{site}/words", **OBJECTS)
    with Session(web.owner) as session, pytest.raises(IntegrityError, match="objection"):
        session.execute(
            text("""
                insert into site_gate (site_id, jur, no, act, gate, on_day)
                select id, jur, 0, 'passed', 'accepted', current_date from renovation_site where id = :id"""),
            {"id": site},
        )


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"person": " "}, "请填写表态人姓名"),
        ({"relation": "neighbour"}, "与户主的关系"),
        ({"said": ""}, "请选择满意或有异议"),
        ({"said": "objection"}, "请写明异议内容"),
        ({"objection": "还是漏水"}, "请选择“有异议”"),
        ({"occasion": "found"}, "哪一环节"),
        ({"occasion": "999999"}, "哪一环节"),
        ({"on_day": (today() + timedelta(days=9)).isoformat()}, "在今天之后"),
        ({"attachment": "x"}, "不属于这处改造"),
    ],
)
def test_what_lacks_something_is_refused_in_words(
    app: Flask, web: Web, site: int, change: dict[str, str], expected: str
) -> None:
    answer = Hand(app, web).post(f"/sites/{site}/words", **(SAID | change))
    assert answer.status_code == 422
    assert expected in answer.text
    with Session(web.owner) as session:
        assert words_of(session, [site]) == {}


def test_it_stands_in_the_file_of_the_household_and_in_the_ranking(app: Flask, web: Web, site: int) -> None:
    hand, home = Hand(app, web), web.town.households["H2"]
    hand.post(f"/sites/{site}/words", **OBJECTS)
    assert "西墙角渗水" in hand.read(f"/households/{home}")
    assert "西墙角渗水" in paper_words(hand.get(f"/households/{home}/file.pdf").data)
    with Session(web.owner) as session:
        year = session.scalar(text("select year from renovation_site where id = :id"), {"id": site})
        (town,) = ranking(session, number_range(TOWNSHIP), year, today(), "township")
    assert town.objections >= 1
    hand.post(f"/sites/{site}/advance", gate="accepted", override="先验收，再整改")
    with Session(web.owner) as session:
        (after,) = ranking(session, number_range(TOWNSHIP), year, today(), "township")
    assert (after.heard, after.accepted) == (town.heard + 1, town.accepted + 1)


def test_it_is_written_by_supervisors_of_the_place(app: Flask, web: Web, site: int) -> None:
    for who in ("inspector", "leader", "admin"):
        assert Hand(app, web, who).post(f"/sites/{site}/words", **SAID).status_code == 403, who
    assert Hand(app, web, "outsider").post(f"/sites/{site}/words", **SAID).status_code in (403, 404)
