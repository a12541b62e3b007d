"""Giving households a place on the work lists: by the map, by the keyboard, by proposals, one and many, with undo."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Request, expect
from sqlalchemy import text
from sqlalchemy.orm import Session

from data.areas import assign_places, number_range, settle_jurisdiction
from data.tables import Area, House, Household
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.look import MapPage
from tests.browser.stand import Stand, commit_township, served
from tests.browser.test_accessible import check
from tests.browser.test_language import chinese_of
from tests.browser.watch import Watch
from tests.township import TOWNSHIP, VILLAGES, square

# A street in village 002 with known numbers 1 and 9; 5 lies half way.
STREET = ((1, 118.8141), (9, 118.8149))
HALF_WAY = (118.8145, 36.4032)
# Two hamlets of one name, in villages 001 and 003.
TWINS = ((VILLAGES[0], 118.8035), (VILLAGES[2], 118.8235))


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    made = commit_township("fangtu_test_browser_placing")
    with Session(made.owner) as session, session.begin():
        add_settlements(session, made)
        add_households(session, made)
    yield made
    made.owner.dispose()


@pytest.fixture(scope="module")
def site(stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(stand.settings, tmp_path_factory.mktemp("placing") / "web.log") as address:
        yield address


@pytest.fixture(autouse=True)
def nobody_placed(stand: Stand) -> Iterator[None]:
    """Each test starts with the households where they were made."""
    yield
    with stand.owner.begin() as connection:
        connection.execute(text("delete from placement"))
        connection.execute(
            text("""
                update household h set geom = null, quality = b.quality, village_id = b.village_id, grid_id = null,
                       group_id = b.group_id, jur = b.jur, placed_by = null, source_system = null
                  from before_placing b where b.id = h.id""")
        )


def add_settlements(session: Session, stand: Stand) -> None:
    """老庄 in village 002, and 前庄 twice."""
    places = [("老庄", VILLAGES[1], 118.8145), *(("前庄", village, lon) for village, lon in TWINS)]
    for name, village, lon in places:
        jur, jur_end = number_range(village)
        session.add(
            Area(
                code=f"{village}-N01",
                name=name,
                level="natural_village",
                parent_id=stand.town.areas[village],
                jur=jur,
                jur_end=jur_end,
                geom=square(lon - 0.001, 36.402, lon + 0.001, 36.405),
                centre=f"SRID=4326;POINT({lon} 36.4035)",
            )
        )
    session.flush()


def add_households(session: Session, stand: Stand) -> None:
    """One of each kind that is to be placed, and two neighbours that have a place."""
    hamlet = session.query(Area).filter_by(name="老庄").one()
    village = stand.town.areas[VILLAGES[1]]
    inside, anywhere = number_range(VILLAGES[1])[0], number_range(TOWNSHIP)[0]

    def add(code: str, head: str, **values: object) -> Household:
        made = Household(
            **{
                "natural_key": f"{TOWNSHIP}:{code}",
                "code": code,
                "head_name": head,
                "people": 2,
                "quality": 7,
                "jur": anywhere,
                **values,
            }
        )
        session.add(made)
        session.flush()
        return made

    known = {"stated_hamlet": "老庄", "village_id": village, "group_id": hamlet.id, "jur": inside}
    for number, lon in STREET:
        spot = f"SRID=4326;POINT({lon} {HALF_WAY[1]})"
        add(f"K{number}", "韩已知", address=f"老庄{number}号", geom=spot, **known | {"quality": 3})
    assign_places(session, "household")
    settle_jurisdiction(session, "household")
    add("U1", "杨门牌", address="老庄5号", **known | {"quality": 5})
    named = add("U2", "朱有房", stated_area="测试2村", village_id=village, jur=inside, quality=6)
    add("U3", "秦歧义", address="前庄8号", stated_hamlet="前庄")
    session.add(
        House(
            natural_key=f"{TOWNSHIP}:house-U2",
            code="F-U2",
            household_id=named.id,
            jur=inside,
            village_id=village,
            geom="SRID=4326;POINT(118.8162 36.4071)",
            quality=3,
        )
    )
    session.add(
        House(
            natural_key=f"{TOWNSHIP}:house-lost",
            code="F-lost",
            jur=inside,
            village_id=village,
            geom="SRID=4326;POINT(118.8150 36.4051)",
            quality=3,
        )
    )
    session.flush()
    session.execute(
        text("""
            create table before_placing as select id, quality, village_id, group_id, jur from household
             where geom is null""")
    )


def open_lists(open_page: OpenPage, role: str = "supervisor", address: str = "/worklists", **options: object) -> Page:
    page = open_page(address, role, **options)
    page.wait_for_selector("body[data-ready=true]")
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator(".placing-row", has_text=name)


def select(page: Page, name: str) -> None:
    row(page, name).locator(".placing-open").click()
    expect(row(page, name).locator(".placing-open")).to_have_attribute("aria-expanded", "true")


def place_of(stand: Stand, code: str) -> tuple[float, float] | None:
    with Session(stand.owner) as session:
        found = session.execute(
            text("select st_x(geom) as lon, st_y(geom) as lat from household where code = :code"), {"code": code}
        ).one()
    return None if found.lon is None else (found.lon, found.lat)


def quality_of(stand: Stand, code: str) -> int:
    with Session(stand.owner) as session:
        return int(session.scalar(text("select quality from household where code = :code"), {"code": code}) or 0)


def toast(page: Page) -> Locator:
    return page.locator(".toast")


def test_each_household_stands_with_what_is_known_of_its_place(open_page: OpenPage) -> None:
    page = open_lists(open_page)
    expect(page.locator("#placing-total")).to_have_text("4 户待定位")
    expect(page.locator(".placing-row")).to_have_count(4)
    expect(row(page, "杨门牌").locator(".tag")).to_have_text("有建议")
    expect(row(page, "秦歧义").locator(".tag")).to_have_text("有歧义")
    expect(row(page, "杨门牌")).to_contain_text("老庄5号")
    expect(page.locator("#placing-plain")).to_be_hidden()


def test_selecting_a_household_moves_the_map_and_marks_its_proposals(open_page: OpenPage) -> None:
    page = open_lists(open_page)
    seen = MapPage(page)
    select(page, "朱有房")
    expect(page.locator("#placing-what")).to_contain_text("朱有房")
    marks = page.evaluate("() => window.fangtu.page && map_township.getCenter()")
    assert abs(marks["lng"] - 118.8162) < 0.001
    x, y = seen.place(118.8162, 36.4071)
    box = page.locator("#map-frame").bounding_box()
    assert box is not None
    assert box["x"] < x < box["x"] + box["width"]
    assert box["y"] < y < box["y"] + box["height"]
    select(page, "秦歧义")
    for _village, lon in TWINS:
        x, _y = seen.place(lon, 36.4035)
        assert box["x"] < x < box["x"] + box["width"]
    assert "household=" in page.url


@pytest.mark.parametrize("size", [{}, {"viewport": PHONE}])
def test_the_crosshair_is_on_the_proposal_a_link_opens(open_page: OpenPage, size: dict[str, object]) -> None:
    page = open_lists(open_page, **size)
    select(page, "朱有房")
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    page.wait_for_timeout(300)  # a change of the map's size is noticed a little later
    x, y = MapPage(page).place(118.8162, 36.4071)
    cross = page.locator(".crosshair").bounding_box()
    assert cross is not None
    assert max(abs(cross["x"] + cross["width"] / 2 - x), abs(cross["y"] + cross["height"] / 2 - y)) < 2


def test_a_click_on_the_map_places_and_the_next_household_follows(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page)
    select(page, "杨门牌")
    MapPage(page).click(118.8143, 36.4036)
    expect(toast(page)).to_be_visible()
    expect(toast(page)).to_contain_text("杨门牌：已放到")
    expect(row(page, "杨门牌")).to_have_count(0)
    expect(page.locator("#placing-total")).to_have_text("3 户待定位")
    expect(page.locator(".placing-row.is-selected")).to_have_count(1)
    found = place_of(stand, "U1")
    assert found is not None
    assert abs(found[0] - 118.8143) < 1e-5
    assert abs(found[1] - 36.4036) < 1e-5
    assert quality_of(stand, "U1") == 2
    toast(page).get_by_role("button", name="撤销").click()
    expect(row(page, "杨门牌")).to_have_count(1)
    expect(toast(page)).to_contain_text("已撤销")
    assert place_of(stand, "U1") is None
    assert quality_of(stand, "U1") == 5


def test_a_household_is_placed_by_keyboard_alone(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page)
    page.locator(".placing-open").first.focus()
    while "杨门牌" not in (page.evaluate("document.activeElement.textContent") or ""):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    while not page.evaluate("document.activeElement.classList.contains('leaflet-container')"):
        page.keyboard.press("Tab")
    before = page.evaluate("map_township.getCenter().lng")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(before) => map_township.getCenter().lng > before", arg=before)
    page.wait_for_timeout(400)
    centre = page.evaluate("[map_township.getCenter().lng, map_township.getCenter().lat]")
    page.keyboard.press("Enter")
    expect(toast(page)).to_contain_text("杨门牌：已放到")
    expect(page.locator("#say")).to_contain_text("下一户")
    found = place_of(stand, "U1")
    assert found is not None
    assert abs(found[0] - centre[0]) < 1e-6
    assert abs(found[1] - centre[1]) < 1e-6


def test_on_a_phone_the_crosshair_places_and_a_tap_does_not(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page, viewport=PHONE, has_touch=True, is_mobile=True)
    select(page, "杨门牌")
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", note)
    box = page.locator("#map-frame").bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 60, box["y"] + 200)
    page.wait_for_timeout(400)
    assert sent == []
    centre = page.evaluate("[map_township.getCenter().lng, map_township.getCenter().lat]")
    button = page.get_by_role("button", name="放在十字处")
    size = button.bounding_box()
    assert size is not None
    assert size["height"] >= 44
    button.tap()
    expect(toast(page)).to_be_visible()
    found = place_of(stand, "U1")
    assert found is not None
    assert abs(found[0] - centre[0]) < 1e-6
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_a_proposal_is_accepted_from_the_list(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page)
    select(page, "杨门牌")
    row(page, "杨门牌").get_by_role("button", name="按门牌号推算").click()
    expect(row(page, "杨门牌")).to_have_count(0)
    expect(toast(page)).to_contain_text("杨门牌：已定位")
    found = place_of(stand, "U1")
    assert found is not None
    assert abs(found[0] - HALF_WAY[0]) < 1e-4
    assert quality_of(stand, "U1") == 4


def test_one_of_several_areas_is_chosen_from_the_list(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page)
    select(page, "秦歧义")
    buttons = row(page, "秦歧义").locator(".placing-ways button")
    expect(buttons).to_have_count(2)
    buttons.first.click()
    expect(toast(page)).to_contain_text("秦歧义")
    expect(row(page, "秦歧义").locator(".tag")).to_have_count(0)
    assert place_of(stand, "U3") is None, "an area is no place of a house"
    assert quality_of(stand, "U3") == 6


def test_many_proposals_are_accepted_at_once_and_taken_back_at_once(open_page: OpenPage, stand: Stand) -> None:
    page = open_lists(open_page)
    expect(page.locator("#placing-accept")).to_be_disabled()
    for name in ("杨门牌", "朱有房"):
        row(page, name).get_by_role("checkbox").check()
    page.get_by_role("button", name="接受 2 处建议").click()
    expect(toast(page)).to_contain_text("已定位 2 户")
    expect(page.locator("#placing-total")).to_have_text("2 户待定位")
    assert place_of(stand, "U1") is not None
    assert place_of(stand, "U2") is not None
    toast(page).get_by_role("button", name="撤销").click()
    expect(page.locator("#placing-total")).to_have_text("4 户待定位")
    assert place_of(stand, "U1") is None
    assert place_of(stand, "U2") is None


def test_the_list_is_filtered_and_the_address_keeps_it(open_page: OpenPage) -> None:
    page = open_lists(open_page)
    page.get_by_role("group", name="筛选").get_by_role("button", name="有歧义").click()
    expect(page.locator(".placing-row")).to_have_count(1)
    expect(page.locator("#placing-total")).to_have_text("筛出 1 户")
    page.reload()
    page.wait_for_selector("body[data-ready=true]")
    expect(page.locator(".placing-row")).to_have_count(1)
    expect(page.locator(".placing-row")).to_contain_text("秦歧义")


def test_a_filter_without_rows_says_which(open_page: OpenPage) -> None:
    page = open_lists(open_page, address=f"/worklists?area={VILLAGES[1]}#only=ambiguous")
    expect(page.locator("#placing-empty")).to_contain_text("没有这样的农户")
    page.get_by_role("button", name="清除筛选").click()
    expect(page.locator("#placing-filter [aria-pressed=true]")).to_have_text("全部")


def test_a_place_outside_the_own_area_is_refused_in_words(open_page: OpenPage, stand: Stand, watch: Watch) -> None:
    watch.expect(422)
    page = open_lists(open_page)
    select(page, "杨门牌")
    page.evaluate("map_township.setView([36.43, 118.86], 15, { animate: false })")
    page.get_by_role("button", name="放在十字处").click()
    expect(row(page, "杨门牌").locator(".field-error")).to_contain_text("不在您的辖区内")
    assert place_of(stand, "U1") is None


@pytest.mark.parametrize("role", ["leader", "inspector"])
def test_who_may_not_place_sees_the_list_without_acts(open_page: OpenPage, role: str) -> None:
    page = open_page("/worklists", role)
    expect(page.get_by_role("heading", name=re.compile("待定位的农户"))).to_be_visible()
    assert page.locator("#placing, #map_township").count() == 0


def test_a_house_of_nobody_known_is_listed_with_households_nearby(open_page: OpenPage) -> None:
    page = open_lists(open_page)
    houses = page.locator("section", has=page.get_by_role("heading", name=re.compile("不知是哪户的农房")))
    expect(houses.locator("tbody tr")).to_have_count(1)
    expect(houses.locator("tbody tr")).to_contain_text("F-lost")
    expect(houses.locator(".candidates li").first).to_contain_text(re.compile(r"吴\*六.*米"))
    expect(page.locator(".answer")).to_contain_text("不知是哪户的农房 1 座")


def test_without_scripts_the_households_are_still_listed(open_page: OpenPage, watch: Watch) -> None:
    page = open_page("/worklists", "supervisor", java_script_enabled=False)
    expect(page.locator("#placing-plain")).to_contain_text("杨门牌")
    watch.failed = [line for line in watch.failed if "/static/js/" not in line and "/scripts/" not in line]


def test_list_and_map_have_names_headings_and_contrast(open_page: OpenPage) -> None:
    page = open_lists(open_page)
    for name in ("杨门牌", "秦歧义"):
        select(page, name)
        check(page)


def test_in_english_only_the_records_are_chinese(open_page: OpenPage) -> None:
    page = open_lists(open_page, language="en")
    records = (
        "杨门牌 朱有房 秦歧义 陈测十 韩已知 老庄5号 老庄1号 老庄9号 老庄 前庄8号 前庄 测试1村 测试2村 测试3村 测试镇"
    )
    records += " （）"  # a namesake's township stands in brackets behind it, as in Chinese
    for name in ("杨门牌", "朱有房", "秦歧义"):
        select(page, name)
        assert [word for word in chinese_of(page) if word not in records] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_nothing_scrolls_sideways(open_page: OpenPage, language: str) -> None:
    page = open_lists(open_page, viewport=PHONE, language=language)
    select(page, "秦歧义")
    for width in (PHONE["width"], 320):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, width
