"""Appraisals: the form and the API go by one rule, nothing is ever changed, and what is due is listed."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.view import today
from data.imports.report import ImportOptions
from data.imports.run import import_file
from data.rules.appraising import PART
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

Ask = Callable[..., Any]
A_HOUSE = {key: {"level": "a"} for key in PART}
FIRST, SECOND = VILLAGES[0], VILLAGES[1]


@pytest.fixture
def ask(app: Any, web: Web) -> Ask:
    """One request with an account's token, where no form token is asked for."""

    def asked(account: str, method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {web.tokens[account]}"}
        return app.test_client().open(path, method=method, headers=headers, **more)

    return asked


@pytest.fixture(autouse=True)
def as_before(web: Web) -> Iterator[None]:
    """What a test enters is gone afterwards, as only the owner of the database can do."""
    yield
    with Session(web.owner) as session, session.begin():
        session.execute(text("delete from disaster"))
        session.execute(text("delete from appraisal where account_id is not null"))
        session.execute(text("delete from mark"))
        session.execute(
            text("""update house h set grade = (select result from latest_appraisal l where l.house_id = h.id)
                     where grade is distinct from (select result from latest_appraisal l where l.house_id = h.id)""")
        )


def one(web: Web, sql: str, **values: Any) -> Any:
    with Session(web.owner) as session, session.begin():
        return session.scalar(text(sql), values)


def house_of(web: Web, household: str) -> int:
    return int(one(web, "select id from house where code = :code", code=f"F-{household}"))


def told(**more: Any) -> dict[str, Any]:
    """A whole appraisal by the guideline: a safe house."""
    return {
        "id": str(uuid.uuid4()),
        "standard": "guideline_2019",
        "site": "safe",
        "parts": A_HOUSE,
        "measures": "full",
        "appraised_on": "2026-05-06",
        "appraiser": "测试鉴定小组",
        "cause": "again",
    } | more


def grade_of(ask: Ask, house: int) -> Any:
    return ask("supervisor", "GET", f"/api/v1/houses/{house}").json["grade"]


def part(key: str, level: str, points: str = "裂缝") -> dict[str, Any]:
    return {**A_HOUSE, key: {"level": level, "points": points}}


def test_the_worst_part_becomes_the_grade_of_the_house(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    answer = ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=told(parts=part("walls", "c")))
    assert answer.status_code == 201, answer.json
    assert (answer.json["grade"], answer.json["computed"]) == ("C", "C")
    card = ask("supervisor", "GET", f"/api/v1/houses/{house}").json
    assert (card["grade"], card["standard"], card["appraised_on"]) == ("C", "guideline_2019", "2026-05-06")
    assert [row["stands"] for row in card["appraisals"]] == [True, False]
    assert card["appraisals"][0]["findings"]["parts"]["walls"] == {"level": "c", "points": "裂缝"}


def test_the_same_appraisal_again_changes_nothing_and_another_with_its_id_is_refused(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    path, body = f"/api/v1/houses/{house}/appraisals", told()
    first, again = ask("supervisor", "POST", path, json=body), ask("supervisor", "POST", path, json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json["id"] == again.json["id"]
    other = ask("supervisor", "POST", path, json={**body, "appraiser": "别人"})
    assert (other.status_code, other.json["error"]) == (409, "appraisal_differs")
    assert one(web, "select count(*) from appraisal where client_id = :id", id=body["id"]) == 1


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"appraiser": " "}, "appraiser"),
        ({"appraised_on": "tomorrow"}, "appraised_on"),
        ({"appraised_on": "2999-01-01"}, "appraised_on"),
        ({"cause": "whim"}, "cause"),
        ({"id": "1"}, "id"),
        ({"standard": "by_eye"}, "standard"),
        ({"parts": {"walls": {"level": "a"}}}, "grade"),
        ({"parts": []}, "parts"),
        ({"parts": {"walls": "a"}}, "parts"),
        ({"parts": {"walls": {"points": "裂缝"}}}, "walls"),
        ({"parts": {"walls": {"level": "c"}}}, "walls"),
        ({"grade": "B"}, "reason"),
        ({"grade": "E", "reason": "看着像"}, "grade"),
        ({"valid_until": "2026-05-06"}, "valid_until"),
        ({"supersedes": 999_999}, "supersedes"),
        ({"mark": "x"}, "mark"),
        ({"remark": 5}, "remark"),
        ({"standard": "jgj125", "raw": "三级"}, "raw"),
    ],
)
def test_what_lacks_or_contradicts_itself_is_refused_by_its_field(
    ask: Ask, web: Web, change: dict[str, Any], column: str
) -> None:
    house = house_of(web, "H1")
    before = one(web, "select count(*) from appraisal")
    answer = ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=told(**change))
    assert answer.status_code == 422, answer.json
    assert answer.json["details"]["column"] == column
    assert one(web, "select count(*) from appraisal") == before


def test_a_result_other_than_the_computed_keeps_both_and_the_reason(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    body = told(parts=part("roof", "b"), grade="C", reason="屋架整体变形，综合判定")
    made = ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=body).json["id"]
    row = ask("supervisor", "GET", f"/api/v1/houses/{house}").json["appraisals"][0]
    assert (row["id"], row["computed"], row["result"], row["override_reason"]) == (
        made, "B", "C", "屋架整体变形，综合判定",
    )  # fmt: skip
    page = ask("supervisor", "GET", f"/houses/{house}").text
    assert "人工认定，计算为 B" in page
    assert "屋架整体变形，综合判定" in page


def test_a_provincial_level_needs_a_person_who_says_the_grade(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    body = told(standard="provincial_levels", raw="二级危房")
    refused = ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=body)
    assert refused.json["details"]["column"] == "grade"
    said = ask(
        "supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json={**body, "grade": "C", "reason": "局部"}
    )
    assert said.status_code == 201
    row = ask("supervisor", "GET", f"/api/v1/houses/{house}").json["appraisals"][0]
    assert (row["raw"], row["computed"], row["result"]) == ("二级危房", None, "C")


def test_a_mistake_is_superseded_and_stays_in_the_list(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    path = f"/api/v1/houses/{house}/appraisals"
    wrong = ask("supervisor", "POST", path, json=told(parts=part("walls", "d"))).json["id"]
    assert grade_of(ask, house) == "D"
    right = ask("supervisor", "POST", path, json=told(appraised_on="2026-05-01", supersedes=wrong))
    assert right.status_code == 201
    # The corrected one is the later of the two days, and yet sets the grade no more.
    assert grade_of(ask, house) == "A"
    rows = {row["id"]: row for row in ask("supervisor", "GET", f"/api/v1/houses/{house}").json["appraisals"]}
    assert rows[wrong]["superseded_by"] == right.json["id"]
    assert rows[right.json["id"]]["stands"]
    assert ask("supervisor", "GET", f"/houses/{house}").text.count("superseded") == 1
    twice = ask("supervisor", "POST", path, json=told(supersedes=wrong))
    assert (twice.status_code, twice.json["details"]["column"]) == (422, "supersedes")
    elsewhere = ask(
        "supervisor", "POST", f"/api/v1/houses/{house_of(web, 'H6')}/appraisals", json=told(supersedes=wrong)
    )
    assert (elsewhere.status_code, elsewhere.json["details"]["column"]) == (422, "supersedes")


def test_only_those_who_settle_the_desk_appraise_and_only_inside_their_duty(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    answers = {
        who: ask(who, "POST", f"/api/v1/houses/{house}/appraisals", json=told()).status_code
        for who in ("inspector", "leader", "outsider", "supervisor", "admin")
    }
    assert answers == {"inspector": 403, "leader": 403, "outsider": 404, "supervisor": 201, "admin": 201}
    assert ask("inspector", "GET", f"/houses/{house}").status_code == 200
    assert ask("inspector", "GET", f"/houses/{house_of(web, 'H6')}").status_code == 404
    assert "新增鉴定" not in ask("inspector", "GET", f"/houses/{house}").text


def test_the_form_comes_back_as_it_was_filled_in_with_what_lacks(ask: Ask, web: Web) -> None:
    house = house_of(web, "H2")
    form = {
        **{key: value for key, value in told(cause="first").items() if isinstance(value, str)},
        **dict.fromkeys(PART, "a"),
        "roof": "c",
    }
    answer = ask("supervisor", "POST", f"/houses/{house}/appraise", data=form)
    assert answer.status_code == 422
    assert '<a href="#roof">' in answer.text
    assert re.search(r'<option value="c" selected>', answer.text)
    form["roof_points"] = "屋面塌陷"
    assert ask("supervisor", "POST", f"/houses/{house}/appraise", data=form).status_code == 303
    assert "楼（屋）盖 c（屋面塌陷）" in ask("supervisor", "GET", f"/houses/{house}").text


@pytest.mark.parametrize(
    ("query", "grade", "said"),
    [
        ("site=dangerous", "D", "迁址重建"),
        ("site=safe&foundation=a&walls=b&walls_points=1&frame=none&roof=a&enclosure=a", "B", "承重墙：b 有危险点"),
        ("site=safe&foundation=a&walls=b&walls_points=1", None, "还没有鉴定：木柱、梁、檩"),
        ("site=safe&walls=b", None, "请写明承重墙的危险点"),
    ],
)
def test_the_form_is_told_the_grade_by_the_same_rule(ask: Ask, query: str, grade: str | None, said: str) -> None:
    answer = ask("supervisor", "GET", f"/appraisals/grade.json?standard=guideline_2019&{query}").json
    assert answer["grade"] == grade
    assert said in " ".join([*answer["reasons"], answer["advice"] or ""])


def impression(web: Web, household: str, grade: str, at: date, *, with_house: bool = True) -> int:
    """A suspicion of danger that a phone handed in; gives its number."""
    return int(
        one(
            web,
            """insert into mark (id, kind, account_id, marked_by, household_id, house_id, jur, at, grade, suspected,
                                 state)
               select gen_random_uuid(), 'impression', :account, '测试', k.id, case when :with then h.id end,
                      k.jur, (cast(:at as date) + time '04:00') at time zone 'UTC', :grade, true, 'suspected'
                 from household k join house h on h.household_id = k.id where k.id = :home returning no""",
            account=web.accounts["inspector"], home=web.town.households[household], at=at, grade=grade,
            **{"with": with_house},
        )
    )  # fmt: skip


def due(ask: Ask, why: str, account: str = "supervisor", **query: str) -> set[str]:
    """Codes of the houses listed for a reason."""
    more = "".join(f"&{name}={value}" for name, value in query.items())
    page = ask(account, "GET", f"/appraisals?why={why}{more}")
    assert page.status_code == 200
    return set(re.findall(r'<th scope="row"><a href="/houses/\d+">([^<]+)</a>', page.text))


@pytest.mark.parametrize("with_house", [True, False])
def test_an_impression_waits_until_the_house_is_appraised_because_of_it(ask: Ask, web: Web, with_house: bool) -> None:
    house = house_of(web, "H1")
    assert due(ask, "impression") == set()
    number = impression(web, "H1", "C", date(2026, 5, 6), with_house=with_house)
    assert due(ask, "impression") == {"F-H1"}
    assert due(ask, "impression", "inspector_two") == set()
    assert f"?mark={number}" in ask("supervisor", "GET", f"/houses/{house}").text
    made = ask(
        "supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=told(mark=number, appraised_on="2026-05-02")
    )
    assert made.status_code == 201, made.json
    assert due(ask, "impression") == set()
    assert one(web, "select state from mark where no = :no", no=number) == "accepted"


def test_an_impression_is_answered_by_an_appraisal_of_that_day_or_later_and_by_none_before(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    impression(web, "H1", "D", date(2026, 5, 6))
    path = f"/api/v1/houses/{house}/appraisals"
    ask("supervisor", "POST", path, json=told(appraised_on="2026-05-05"))
    assert due(ask, "impression") == {"F-H1"}
    later = ask("supervisor", "POST", path, json=told(appraised_on="2026-05-06")).json["id"]
    assert due(ask, "impression") == set()
    ask("supervisor", "POST", path, json=told(appraised_on="2026-05-04", supersedes=later))
    assert due(ask, "impression") == {"F-H1"}


def test_a_mark_of_another_house_starts_no_appraisal(ask: Ask, web: Web) -> None:
    number = impression(web, "H2", "C", date(2026, 5, 6))
    path = f"/api/v1/houses/{house_of(web, 'H1')}/appraisals"
    answer = ask("supervisor", "POST", path, json=told(mark=number))
    assert (answer.status_code, answer.json["details"]["column"]) == (422, "mark")


def test_a_house_never_appraised_is_a_state_of_its_own(ask: Ask, web: Web) -> None:
    with Session(web.owner) as session, session.begin():
        session.execute(
            text("""insert into house (natural_key, code, household_id, jur, village_id)
                    select 'test:bare', 'F-bare', id, jur, village_id from household where id = :home"""),
            {"home": web.town.households["H2"]},
        )
    try:
        assert due(ask, "never") == {"F-bare"}
        assert due(ask, "never", grade="A") == set()
        assert due(ask, "never", grade="none") == {"F-bare"}
        page = ask("supervisor", "GET", "/appraisals?why=never").text
        houses = one(web, "select count(*) from house")
        assert f"未鉴定 1/{houses}" in page
        bare = one(web, "select id from house where code = 'F-bare'")
        assert "未鉴定不等于安全" in ask("supervisor", "GET", f"/houses/{bare}").text
    finally:
        one(web, "delete from house where code = 'F-bare' returning id")


def test_an_appraisal_past_its_validity_is_due_until_a_newer_one_stands(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    path = f"/api/v1/houses/{house}/appraisals"
    past = (today() - timedelta(days=1)).isoformat()
    ask("supervisor", "POST", path, json=told(appraised_on="2026-01-05", valid_until=past))
    assert due(ask, "expired") == {"F-H1"}
    assert due(ask, "expired", area=SECOND) == set()
    ask("supervisor", "POST", path, json=told(appraised_on="2026-01-06", valid_until=today().isoformat()))
    assert due(ask, "expired") == set()


def test_a_setting_says_how_long_an_appraisal_is_valid(ask: Ask, app: Any, web: Web, monkeypatch: Any) -> None:
    kept = app.extensions["fangtu"]
    monkeypatch.setitem(app.extensions, "fangtu", replace(kept, settings=replace(kept.settings, appraisal_months=18)))
    path = f"/api/v1/houses/{house_of(web, 'H1')}/appraisals"
    days = {"2026-01-31": "2027-07-31", "2025-08-31": "2027-02-28"}
    for day, until in days.items():
        made = ask("supervisor", "POST", path, json=told(appraised_on=day)).json["id"]
        assert one(web, "select valid_until::text from appraisal where id = :id", id=made) == until


def test_after_a_disaster_the_houses_of_its_area_are_due_until_appraised_since(ask: Ask, web: Web) -> None:
    form = {"area": FIRST, "kind": "flood", "happened_on": "2026-05-06", "remark": "连日暴雨"}
    assert ask("supervisor", "POST", "/appraisals/disasters", data=form).status_code == 303
    assert due(ask, "disaster") == {"F-H1", "F-H2"}
    assert due(ask, "disaster", grade="C") == {"F-H2"}
    assert "连日暴雨" in ask("inspector", "GET", "/appraisals").text
    assert "连日暴雨" not in ask("inspector_two", "GET", "/appraisals").text
    path = f"/api/v1/houses/{house_of(web, 'H1')}/appraisals"
    ask("supervisor", "POST", path, json=told(appraised_on="2026-05-05"))
    assert due(ask, "disaster") == {"F-H1", "F-H2"}
    ask("supervisor", "POST", path, json=told(appraised_on="2026-05-06", cause="disaster"))
    assert due(ask, "disaster") == {"F-H2"}
    assert "已复核 1/2 栋" in ask("supervisor", "GET", "/appraisals").text
    disaster = one(web, "select max(id) from disaster")
    assert ask("supervisor", "POST", f"/appraisals/disasters/{disaster}/end").status_code == 303
    assert due(ask, "disaster") == set()
    assert one(web, "select count(*) from disaster where ended_at is not null") == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "rain"}, "kind"),
        ({"happened_on": "2999-01-01"}, "happened_on"),
        ({"happened_on": "gestern"}, "happened_on"),
        ({"area": "990101002"}, "area"),
        ({"area": "9901"}, "area"),
    ],
)
def test_a_disaster_that_lacks_something_is_said_by_its_field(
    ask: Ask, web: Web, change: dict[str, str], field: str
) -> None:
    form = {"area": TOWNSHIP, "kind": "flood", "happened_on": "2026-05-06"} | change
    answer = ask("supervisor", "POST", "/appraisals/disasters", data=form)
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert one(web, "select count(*) from disaster") == 0


def test_the_report_is_a_file_of_one_appraisal_and_is_noted(ask: Ask, web: Web) -> None:
    house = house_of(web, "H1")
    made = ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=told(parts=part("walls", "c"))).json[
        "id"
    ]
    answer = ask("supervisor", "GET", f"/appraisals/{made}.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    words = PdfReader(io.BytesIO(answer.data)).pages[0].extract_text()
    assert "承重墙" in words
    assert "裂缝" in words
    assert "赵测一" in words
    masked = PdfReader(io.BytesIO(ask("leader", "GET", f"/appraisals/{made}.pdf").data)).pages[0].extract_text()
    assert "赵*一" in masked
    assert "赵测一" not in masked
    assert ask("inspector_two", "GET", f"/appraisals/{made}.pdf").status_code == 404
    noted = "select count(*) from audit where act = 'appraisal_report' and object_id = cast(:id as text)"
    assert one(web, noted, id=made) == 2


def test_a_ledger_that_says_the_same_again_adds_nothing_to_what_was_entered(ask: Ask, web: Web, tmp_path: Path) -> None:
    path = tmp_path / "houses.csv"

    def import_grade(grade: str, day: str, standard: str) -> None:
        row = f"F-9,H1,{grade},{day},{standard}"
        path.write_text(f"房屋编号,户编号,鉴定等级,鉴定日期,鉴定标准\n{row}\n", encoding="utf-8")
        report = import_file(web.owner, web.settings, "houses", path, ImportOptions(area=TOWNSHIP))
        assert report.refused == 0, report.problems

    def rows() -> list[tuple[str, str, bool]]:
        with Session(web.owner) as session:
            found = session.execute(
                text("""select a.standard, a.result, a.account_id is not null from appraisal a
                          join house h on h.id = a.house_id where h.code = 'F-9' order by a.id""")
            )
            return [tuple(row) for row in found]

    try:
        import_grade("B", "2025-01-01", "旧标准")
        house = one(web, "select id from house where code = 'F-9'")
        assert ask("supervisor", "POST", f"/api/v1/houses/{house}/appraisals", json=told()).status_code == 201
        expected = [("旧标准", "B", False), ("guideline_2019", "A", True)]
        import_grade("A", "2026-05-06", "guideline_2019")
        assert rows() == expected
        # Another result of that day is another row; the one entered by hand is as it was.
        import_grade("C", "2026-05-06", "guideline_2019")
        assert rows() == [*expected, ("guideline_2019", "C", False)]
    finally:
        with Session(web.owner) as session, session.begin():
            session.execute(text("delete from appraisal a using house h where h.id = a.house_id and h.code = 'F-9'"))
            session.execute(text("delete from house where code = 'F-9'"))
