"""Renovation sites and their money on the screen: a renovation from found to paid by the forms a person fills in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from data.areas import number_range
from data.households import place
from data.local_time import today
from data.renovation.listing import SiteWish, count_sites, site_page
from data.rules.gates import GATES, STALLS_AFTER, gates_of
from data.sealing import load_sealer
from tests.field_records import from_field
from tests.township import TOWNSHIP, VILLAGES
from tests.web.conftest import Web

CARD = "6200000000000000018"
DAY = date(2026, 5, 1)
YEAR = 2026


class Hand:
    """One account at the pages: posts forms as the browser would, by a token instead of a cookie."""

    def __init__(self, app: Flask, web: Web, account: str = "supervisor") -> None:
        self.client = app.test_client()
        self.headers = {"Authorization": f"Bearer {web.tokens[account]}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(path, headers=self.headers)

    def post(self, path: str, **values: object) -> TestResponse:
        return self.client.post(path, headers=self.headers, data=values)

    def read(self, path: str) -> str:
        """Words of a page, without its tags."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


@pytest.fixture(scope="module", autouse=True)
def poor(web: Web) -> None:
    """Households H2 (grade C) and H3 (no house) have a group; H2 has an account number."""
    sealer, home = load_sealer(web.settings.key_file), web.town.households["H2"]
    with Session(web.owner) as session, session.begin():
        session.execute(text("update household set aid_group = 'minimum_living'"))
        session.execute(
            text("update household set card_sealed = :sealed, card_index = :index where id = :id"),
            {
                "id": home,
                "sealed": sealer.seal(CARD, place("card_sealed"), home),
                "index": sealer.index(CARD, "bank_card"),
            },
        )


@pytest.fixture
def hand(app: Flask, web: Web) -> Hand:
    return Hand(app, web)


def begin(hand: Hand, web: Web, home: str, method: str, **more: object) -> str:
    """Begin a renovation by its form; gives the address of the site."""
    with Session(web.owner) as session:
        house = session.scalar(text("select id from house where household_id = :id"), {"id": web.town.households[home]})
    given = {"house_id": house or "", "method": method, "on_day": DAY, "year": YEAR, "responsible": "责任人甲", **more}
    answer = hand.post(f"/households/{web.town.households[home]}/site", **given)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def pass_gates(hand: Hand, site: str, method: str, last: str, on_day: date = DAY) -> None:
    gates = gates_of(method)
    for gate in gates[1 : gates.index(last) + 1]:
        answer = hand.post(f"{site}/advance", gate=gate, on_day=on_day)
        assert answer.status_code == 303, answer.text


def drop_sites(web: Web, home: str) -> None:
    with Session(web.owner) as session, session.begin():
        keys = {"id": web.town.households[home]}
        sites = "select id from renovation_site where household_id = :id"
        for table in ("bank_return_row", "payment", "entitlement", "site_gate", "site_inspection"):
            column = f"payment_id in (select id from payment where site_id in ({sites}))"
            where = column if table == "bank_return_row" else f"site_id in ({sites})"
            session.execute(text(f"delete from {table} where {where}"), keys)
        session.execute(text("delete from renovation_site where household_id = :id"), keys)


@pytest.fixture
def fresh(web: Web) -> Iterator[None]:
    """No renovation of H2 and H3 before, none left after."""
    yield
    for home in ("H2", "H3"):
        drop_sites(web, home)


@pytest.mark.usefixtures("fresh")
def test_a_renovation_goes_from_found_to_paid_by_its_forms(hand: Hand, web: Web, app: Flask) -> None:
    site = begin(hand, web, "H2", "repair")
    assert "办理“鉴定”" in hand.read(site)
    pass_gates(hand, site, "repair", "accepted")
    # Nothing is entitled yet, and no rate is set: the page says what to do and keeps the form open.
    refused = hand.post(f"{site}/entitle", by="rate")
    assert refused.status_code == 422
    assert "没有适用的补助标准" in refused.text
    town = web.town.areas[TOWNSHIP]
    rate = hand.post(
        "/money/rates", area_id=town, year=YEAR, grade="C", method="repair", amount="0.75", unit="wan", source="文件一"
    )
    assert rate.status_code == 303, rate.text
    assert hand.post(f"{site}/entitle", by="rate").status_code == 303
    assert "7,500.00" in hand.read("/money?year=2026")
    batch = hand.post("/money/batches", area_id=town, year=YEAR, name="第一批").headers["Location"]
    assert "列入全部待付 1 户 7,500.00 元" in hand.read(batch)
    assert hand.post(f"{batch}/list").status_code == 303
    # The file names account numbers in full: not without a reason, and not for those who may not see them.
    assert hand.post(f"{batch}/file", format=".csv", reason="是").status_code == 422
    assert Hand(app, web, "leader").post(f"{batch}/file", format=".csv", reason="年底报盘").status_code == 403
    sent = hand.post(f"{batch}/file", format=".csv", reason="年底报盘")
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert CARD in sent.data.decode("utf-8-sig")
    reference = re.search(r"\d+-\d{4}", sent.data.decode("utf-8-sig"))
    assert reference is not None
    with Session(web.owner) as session:
        noted = session.execute(text("select reason from audit where act = 'bank_out' order by id desc limit 1"))
        assert noted.scalar() == "年底报盘"
    rows = f"明细号,金额,处理结果\n{reference[0]},7500.00,成功\n9-9999,1,成功\n"
    answer = send_file(hand, batch, rows)
    assert answer.status_code == 303, answer.text
    told = hand.read(answer.headers["Location"])
    assert "入账 1" in told
    assert "本系统没有这一笔" in told
    again = send_file(hand, batch, rows)
    assert again.headers["Location"] == answer.headers["Location"]
    page = hand.read(site)
    assert "已付 0.75" in page
    assert "未付 0.00" in page
    assert "办理“入住”" in page


def send_file(hand: Hand, batch: str, content: str | bytes, name: str = "回盘.csv") -> TestResponse:
    body = content.encode("utf-8-sig") if isinstance(content, str) else content
    return hand.post(f"{batch}/returns", return_file=(io.BytesIO(body), name))


def test_a_return_file_that_is_none_is_refused_in_words(hand: Hand, web: Web) -> None:
    batch = hand.post("/money/batches", area_id=web.town.areas[TOWNSHIP], year=YEAR, name="空批").headers["Location"]
    nothing = hand.post(f"{batch}/returns")
    assert (nothing.status_code, "请选择银行回盘文件" in nothing.text) == (422, True)
    odd = send_file(hand, batch, b"\x7fELF\x00\x01" * 50, "回盘.xlsx")
    assert odd.status_code == 422, odd.text
    large = send_file(hand, batch, b"0" * ((8 << 20) + 1))
    assert (large.status_code, "超过 8 MB" in large.text) == (413, True)
    not_sent = send_file(hand, batch, "明细号,金额,处理结果\n1-0001,1,成功\n")
    assert (not_sent.status_code, "还没有报盘" in not_sent.text) == (422, True)
    # None of these left its file behind.
    assert list((web.settings.var / "uploads").glob("*-*")) == []


@pytest.mark.usefixtures("fresh")
def test_what_is_refused_says_why_and_keeps_what_was_typed(hand: Hand, web: Web) -> None:
    wrong = hand.post(f"/households/{web.town.households['H2']}/site", house_id="", method="repair", responsible="某甲")
    assert wrong.status_code == 422
    assert "请写明理由" in wrong.text
    assert 'value="某甲"' in wrong.text
    site = begin(hand, web, "H2", "repair")
    skipped = hand.post(f"{site}/advance", gate="approved", note="先批后补")
    assert skipped.status_code == 422
    assert "不能直接到“批准”" in skipped.text
    assert "先批后补" in skipped.text
    stale = hand.post(f"{site}/advance", gate="appraised", revision=99)
    assert (stale.status_code, "别人刚改过" in stale.text) == (422, True)
    no_day = hand.post(f"{site}/advance", gate="appraised", on_day="昨天")
    assert (no_day.status_code, "不是日期" in no_day.text) == (422, True)
    for path, values in (("end", {"how": "withdrawn"}), ("back", {"gate": "paid", "reason": "不合格"})):
        assert hand.post(f"{site}/{path}", **values).status_code == 422
    unit = hand.post(f"{site}/entitle", by="amount", amount="100", reason="特殊")
    assert (unit.status_code, "请选择元或万元" in unit.text) == (422, True)


@pytest.mark.usefixtures("fresh")
def test_a_renovation_ends_and_is_taken_up_again_and_all_stays_on_record(hand: Hand, web: Web) -> None:
    site = begin(hand, web, "H2", "repair")
    pass_gates(hand, site, "repair", "compared")
    assert hand.post(f"{site}/back", gate="found", reason="材料不全").status_code == 303
    assert hand.post(f"{site}/end", how="withdrawn", reason="农户外出").status_code == 303
    assert "农户放弃，已终止" in hand.read(site)
    assert hand.post(f"{site}/resume", reason="农户返乡").status_code == 303
    changed = hand.post(f"{site}/change", method="repair", responsible="责任人乙", revision=revision(hand, site))
    assert changed.status_code == 303, changed.text
    page = hand.read(site)
    for words in ("原因：材料不全", "原因：农户外出", "原因：农户返乡", "测试supervisor", "责任人乙"):
        assert words in page, words


def revision(hand: Hand, site: str) -> str:
    found = re.search(r'name="revision" value="(\d+)"', hand.get(site).text)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("fresh")
def test_an_order_to_mend_is_overdue_until_it_is_mended(hand: Hand, web: Web) -> None:
    site = begin(hand, web, "H2", "repair")
    looked, due = today() - timedelta(days=20), today() - timedelta(days=5)
    no_day = hand.post(f"{site}/inspections", inspector="巡查员", findings="梁未加固", order_text="加固")
    assert (no_day.status_code, "须有整改期限" in no_day.text) == (422, True)
    made = hand.post(
        f"{site}/inspections", on_day=looked, inspector="巡查员", findings="梁未加固", order_text="加固梁", due_on=due
    )
    assert made.status_code == 303, made.text
    assert "整改超期 5 天" in hand.read(site)
    with Session(web.owner) as session:
        number = session.scalar(text("select max(id) from site_inspection"))
    early = hand.post(f"{site}/inspections/{number}/mended", mended_note="已加固", mended_on=looked - timedelta(days=1))
    assert early.status_code == 422
    assert hand.post(f"{site}/inspections/{number}/mended", mended_note="已加固").status_code == 303
    assert "整改超期" not in hand.read(site)
    assert hand.post(f"{site}/inspections/{number}/mended", mended_note="再次").status_code == 422


@pytest.mark.usefixtures("fresh")
def test_inspectors_see_how_far_it_is_and_no_money(app: Flask, hand: Hand, web: Web) -> None:
    site = begin(hand, web, "H2", "repair")
    pass_gates(hand, site, "repair", "accepted", DAY)
    assert hand.post(f"{site}/entitle", by="amount", amount="7777", unit="yuan", reason="个别核定").status_code == 303
    inspector = Hand(app, web, "inspector")
    for path in (site, "/sites"):
        words = inspector.read(path)
        assert "验收" in words
        for hidden in ("7,777", "应补", "未付", "核定", "超期未付"):
            assert hidden not in words, (path, hidden)
    assert "7,777.00" in hand.read("/sites")
    assert "补助超期未付" in hand.read(site)
    # Asking for those that wait for money tells an inspector nothing.
    assert inspector.read("/sites?late=1") == inspector.read("/sites")
    assert inspector.get("/sites.xlsx").status_code == 403
    leader = Hand(app, web, "leader").get(site).text
    assert "7,777" in leader
    assert f'action="{site}' not in leader


@pytest.mark.usefixtures("fresh")
def test_many_pass_at_once_and_those_left_out_are_named_with_their_reason(hand: Hand, web: Web) -> None:
    first, second = begin(hand, web, "H2", "repair"), begin(hand, web, "H3", "new")
    pass_gates(hand, second, "new", "compared")
    keys = [site.rsplit("/", 1)[1] for site in (first, second)]
    form = MultiDict([*(("site", key) for key in keys), ("site", "999999999"), ("gate", "appraised")])
    answer = hand.client.post("/sites/advance", headers=hand.headers, data=form)
    assert answer.status_code == 200
    words = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert "1 处已通过，2 处没有办理" in words
    assert "孙测三" in words
    assert "下一步是“评议公示”" in words
    nobody = hand.post("/sites/advance", gate="appraised", query="stage=found")
    assert (nobody.status_code, nobody.headers["Location"]) == (303, "/sites?stage=found")


@pytest.mark.usefixtures("fresh")
def test_money_received_is_entered_in_its_unit_and_cancelled_with_a_reason(hand: Hand, web: Web) -> None:
    town = web.town.areas[TOWNSHIP]
    given = {"area_id": town, "year": 2024, "source": "central", "amount": "170.5", "unit": "wan"}
    assert hand.post("/money/funding", **given, received_on="2024-04-12").status_code == 303
    assert "到位 170.50 万元" in hand.read("/money?year=2024")
    with Session(web.owner) as session:
        number = session.scalar(text("select max(id) from funding"))
    assert hand.post(f"/money/funding/{number}/cancel", reason="", year=2024).status_code == 422
    assert hand.post(f"/money/funding/{number}/cancel", reason="重复登记", year=2024).status_code == 303
    page = hand.read("/money?year=2024")
    assert "到位 0.00 万元" in page
    assert "作废原因：重复登记" in page
    odd = hand.post("/money/funding", **{**given, "amount": "1.234567891"}, received_on="2024-04-12")
    assert (odd.status_code, 'value="1.234567891"' in odd.text) == (422, True)
    # An area beyond one's own is none.
    county = hand.post("/money/funding", **{**given, "area_id": web.town.areas["990101"]}, received_on="2024-04-12")
    assert county.status_code == 404


@pytest.mark.usefixtures("fresh")
def test_counts_beside_the_filters_are_those_of_the_lists_behind_them(hand: Hand, web: Web) -> None:
    begin(hand, web, "H2", "repair")
    pass_gates(hand, begin(hand, web, "H3", "new"), "new", "accepted")
    with Session(web.owner) as session:
        within = number_range(TOWNSHIP)
        whole = count_sites(session, SiteWish(within), today())
        assert whole.total == whole.found >= 2
        for name, counts in whole.by.items():
            assert sum(counts.values()) == whole.total, name
            for key, n in counts.items():
                if key in (None, False):
                    continue
                wish = SiteWish(within, **{name: key})
                found = count_sites(session, wish, today())
                assert found.found == n, (name, key)
                rows = site_page(session, wish, today(), 1, n, money=True, size=1000).rows
                assert len({row["id"] for row in rows}) == n, (name, key)
        pages = [site_page(session, SiteWish(within), today(), no, whole.found, money=False, size=1) for no in (1, 2)]
        assert pages[0].rows[0]["id"] != pages[1].rows[0]["id"]
        assert pages[0].rows[0]["entitled_fen"] is None
    page = hand.read("/sites?" + urlencode({"stage": "accepted", "year": YEAR}))
    assert "共 1 处" in page
    assert "孙测三" in page


@pytest.mark.parametrize(("past", "stalled"), [(0, False), (1, True)])
@pytest.mark.usefixtures("fresh")
def test_a_site_stalls_the_day_after_its_limit(hand: Hand, web: Web, past: int, stalled: bool) -> None:
    day = today() - timedelta(days=STALLS_AFTER["found"] + past)
    site = begin(hand, web, "H2", "repair", on_day=day)
    with Session(web.owner) as session:
        within = number_range(VILLAGES[0])
        assert count_sites(session, SiteWish(within), today()).stalled == int(stalled)
    assert ("停滞：已停" in hand.read(site)) is stalled


def test_photographs_of_a_site_are_shown_to_those_who_see_photographs(hand: Hand, web: Web, app: Flask) -> None:
    home = web.town.households["H6"]
    with Session(web.owner) as session, session.begin():
        shown = from_field(session, web.settings, home, web.accounts["inspector_two"])["picture_id"]
        site = session.scalar(text("select id from renovation_site where household_id = :id"), {"id": home})
        session.execute(
            text("""
                update attachment set visit_id = null, household_id = null, mark_id = null, site_id = :site
                 where id = :id"""),
            {"site": site, "id": shown},
        )
        session.execute(
            text("""
                insert into attachment (id, jur, site_id, kind, file_name, content_type, size_bytes, sha256)
                select gen_random_uuid(), jur, id, 'photo', 'a', 'image/jpeg', 1, '\\x00' from renovation_site
                 where id = :site"""),
            {"site": site},
        )
    photo = f"/field-work/photos/{shown}"
    page = hand.get(f"/sites/{site}").text
    assert photo in page
    assert "data-compare" in page
    assert hand.get(photo).mimetype == "image/jpeg"
    assert photo not in Hand(app, web, "leader").get(f"/sites/{site}").text
    assert Hand(app, web, "outsider").get(photo).status_code == 404


def test_every_gate_up_to_the_payment_has_a_limit() -> None:
    assert set(STALLS_AFTER) == set(GATES[: GATES.index("paid")])


def test_a_filter_that_is_none_is_refused(hand: Hand) -> None:
    for query in ("stage=x", "grade=E", "village=x", "year=x"):
        assert hand.get(f"/sites?{query}").status_code in (400, 404, 422), query
