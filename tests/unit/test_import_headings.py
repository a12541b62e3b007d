"""Which column is which field, and what areas' codes and names mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from data.imports.area_codes import level_of, neat_code, next_code, parent_prefix, range_of, read_level
from data.imports.dictionary import fold_heading, spellings
from data.imports.fields import KindUnknown, all_fields, fields_of
from data.imports.headings import USED_FROM, Decision, MappingWrong, check_mapping, match_columns
from data.imports.kinds import guess_kind
from data.imports.scope import Scope, display_village, fold_village, key_scope
from data.imports.suspects import Stay, at_two_places


def test_headings_of_real_ledgers_are_known() -> None:
    headings = [
        "序号",
        "*户号",
        "户主姓名(必填)",
        "身份证号码",
        "联系电话",
        "村(社区)",
        "自然村",
        "坐标经度",
        "坐标维度(sic)",
    ]
    matched = match_columns(headings, "households", {})
    assert {field: columns[0] for field, columns in matched.used.items()} == {
        "code": "*户号",
        "head_name": "户主姓名(必填)",
        "id_number": "身份证号码",
        "phone": "联系电话",
        "stated_area": "村(社区)",
        "natural_village": "自然村",
        "lon": "坐标经度",
        "lat": "坐标维度(sic)",
    }
    assert matched.unused == ["序号"]


def test_the_more_telling_of_two_columns_is_read() -> None:
    matched = match_columns(["姓名", "户主姓名"], "households", {})
    assert matched.used["head_name"] == ["户主姓名"]
    assert matched.unused == ["姓名"]


def test_the_user_goes_before_the_dictionary() -> None:
    matched = match_columns(["户主", "boss"], "households", {"boss": "head_name", "户主": "-"})
    assert matched.used == {"head_name": ["boss"]}
    with pytest.raises(MappingWrong):
        match_columns(["boss"], "households", {"boss": "chief"})
    with pytest.raises(MappingWrong):
        check_mapping(["户主"], {"boss": "head_name"})


def test_every_field_has_words_and_a_word_means_two_fields_only_where_it_is_to_be_looked_at() -> None:
    for kind, fields in all_fields().items():
        for field in fields.values():
            assert field.words
            assert field.label.zh
            assert field.label.en
            assert field.about.zh
            assert field.about.en
        for form, lines in spellings(kind).items():
            assert {line.field for line in lines} <= set(fields)
            named = [line.field for line in lines]
            assert len(named) == len(set(named)), (kind, form)
            assert len(named) == 1 or not any(line.sure for line in lines), (kind, form)


def test_every_spelling_and_the_name_of_every_field_leads_to_its_field() -> None:
    for kind, fields in all_fields().items():
        for field in fields.values():
            for word in (field.name, *field.words):
                decision = decide(word, kind)
                assert decision.field in {line.field for line in spellings(kind)[fold(word)]}, (kind, word)


def fold(word: str) -> str:
    """Fold a spelling as it stands, what is in its brackets too."""
    return fold_heading(word.replace("(", "").replace(")", "")) if not word.endswith("_m2") else fold_heading(word)


def decide(heading: str, kind: str, *others: str, **said: dict[str, str]) -> Decision:
    """Give the decision on one column of a table, which may have others."""
    return match_columns([heading, *others], kind, said.get("told", {}), said.get("kept", {})).decisions[0]


def test_every_heading_gets_a_decision_with_a_confidence() -> None:
    headings = ["户主姓名", "坐标维度", "户主联系电括", "宗教信仰", "甲乙丙丁", "姓名"]
    matched = match_columns(headings, "households", {})
    assert [(d.heading, d.field, d.how, d.confidence) for d in matched.decisions] == [
        ("户主姓名", "head_name", "exact", 1.0),
        ("坐标维度", "lat", "likely", 0.7),
        ("户主联系电括", "phone", "likely", 0.6),
        ("宗教信仰", None, "left_out", 1.0),
        ("甲乙丙丁", None, "unknown", 0.0),
        ("姓名", None, "left_out", 1.0),
    ]
    # A near spelling is only proposed; it is not read before somebody says so.
    assert set(matched.used) == {"head_name", "lat"}
    assert all(d.why is not None for d in matched.decisions if d.how in ("likely", "left_out"))
    assert "“户主姓名”" in (matched.decisions[5].why or ("", ""))[0]


@pytest.mark.parametrize(
    ("heading", "kind", "field"),
    [
        ("*所在村", "households", "stated_area"),
        ("户主姓名（必填）", "households", "head_name"),
        ("户　主", "households", "head_name"),
        ("户主信息 姓名", "households", "head_name"),
        ("房屋基本情况 建筑面积(㎡)", "ledger", "area_m2"),
        ("补助资金（万元）", "sites", "subsidy_yuan"),
        ("补助（万）", "ledger", "subsidy_yuan"),
        ("建筑面积m²", "houses", "area_m2"),
        ("地址 省县镇村组", "ledger", "address"),
        ("档案编号 镇(乡)危改字[年度]号", "sites", "code"),
        ("村（居）", "households", "stated_area"),
        ("村(社区)名称", "ledger", "stated_area"),
        ("鉴定等级[1未鉴定/2A/3B/4C/5D]", "houses", "grade"),
        ("经纬度", "visits", "lonlat"),
        ("门牌", "houses", "house_no"),
    ],
)
def test_marks_units_options_and_joined_heads_do_not_hide_a_field(heading: str, kind: str, field: str) -> None:
    decision = decide(heading, kind)
    assert (decision.field, decision.how) == (field, "exact")


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("D级 补助资金(万元)", "ledger"),
        ("合计 总户数", "households"),
        ("C级", "houses"),
        ("无房户 户数", "ledger"),
        ("小计", "households"),
        ("联系人 姓名", "households"),
        ("联系人姓名", "ledger"),
        ("建设方式", "sites"),
        ("安全隐患初判", "houses"),
        ("占地面积", "houses"),
        ("计划开工时间", "sites"),
        ("安全性", "ledger"),
        ("被走访人电话", "visits"),
        ("开户名", "households"),
        ("乡镇", "households"),
    ],
)
def test_what_only_looks_like_a_field_is_not_read(heading: str, kind: str) -> None:
    decision = decide(heading, kind)
    assert decision.field is None
    assert decision.confidence < USED_FROM or decision.how == "left_out"


@pytest.mark.parametrize(
    "heading", ["补助金额(已发放)", "姓名(配偶)", "面积（占地）", "联系电话(村干部)", "开工时间(计划)"]
)
def test_a_remark_in_brackets_that_turns_the_meaning_is_asked_about(heading: str) -> None:
    decision = decide(heading, "ledger")
    assert decision.how in ("likely", "left_out", "unknown")
    assert not match_columns([heading], "ledger", {}).used


def test_what_is_not_needed_about_people_is_not_read() -> None:
    headings = [
        "宗教",
        "宗教信仰",
        "民族",
        "政治面貌",
        "婚姻状况",
        "健康状况",
        "学历",
        "文化程度",
        "疫苗接种情况",
        "血型",
    ]
    for kind in ("households", "ledger", "houses", "sites", "visits"):
        matched = match_columns(headings, kind, {})
        assert matched.used == {}
        assert {d.how for d in matched.decisions} == {"left_out"}
        assert {d.why.zh for d in matched.decisions if d.why} == {"用不到，不读取"}


def test_a_word_with_two_meanings_takes_the_one_that_is_left() -> None:
    assert decide("村组", "households").field == "stated_area"
    assert decide("村组", "households", "行政村").field == "natural_village"
    alone = match_columns(["村组", "行政村", "自然村"], "households", {})
    assert alone.unused == ["村组"]


def test_two_columns_of_one_name_are_told_apart() -> None:
    headings = ["联系电话", "验收人姓名", "联系电话 (2)"]
    matched = match_columns(headings, "ledger", {})
    assert matched.used == {"phone": ["联系电话"]}
    asked = match_columns(headings, "ledger", {"联系电话": "-", "联系电话 (2)": "phone"})
    assert asked.used == {"phone": ["联系电话 (2)"]}


def test_what_was_accepted_before_goes_before_the_dictionary_and_after_the_user() -> None:
    kept = {"编码一": "code", "姓名": "-", "户主": "chief_of_old"}
    decision = decide("编码一", "households", kept=kept)
    assert (decision.field, decision.how) == ("code", "remembered")
    assert decision.confidence >= USED_FROM
    assert decide("姓名", "households", kept=kept) == Decision(
        "姓名", None, "remembered", 0.95, decide_why("姓名", kept)
    )
    both = match_columns(["户主姓名", "甲"], "households", {}, {"甲": "head_name"})
    assert both.used == {"head_name": ["甲"]}
    # A field that is no more says nothing.
    assert decide("户主", "households", kept=kept).how == "exact"
    assert decide("编码一", "households", told={"编码一": "remark"}, kept=kept).field == "remark"
    # In another file of the sender the marks may differ.
    assert decide("编码一（必填）", "households", kept=kept).field == "code"


def decide_why(heading: str, kept: dict[str, str]) -> object:
    return decide(heading, "households", kept=kept).why


def test_a_column_somebody_named_is_read_although_another_fits_better() -> None:
    matched = match_columns(["户主姓名", "甲"], "households", {"甲": "head_name"})
    assert matched.used == {"head_name": ["甲"]}
    assert matched.unused == ["户主姓名"]


def test_in_a_list_of_children_the_numbers_are_not_taken_for_the_heads() -> None:
    headings = ["姓名", "身份证号码", "联系电话", "户编号", "户主姓名", "户主电话"]
    matched = match_columns(headings, "households", {})
    assert matched.used == {"code": ["户编号"], "head_name": ["户主姓名"], "phone": ["户主电话"]}
    assert matched.decisions[1].how == "likely"
    # Where a column says who is the head, its row is the head's.
    assert "id_number" in match_columns([*headings, "与户主关系"], "households", {}).used
    assert "id_number" in match_columns(["姓名", "身份证号码"], "households", {}).used


def test_another_beginning_of_a_short_word_is_another_thing() -> None:
    assert decide("客户类型", "households").field is None
    assert decide("农户类性", "households").field == "aid_group"


def test_a_table_that_is_another_ledger_keeps_its_people() -> None:
    petitions = ["序号", "姓名", "身份证号", "信访类型", "信访内容", "信访结果", "管控人姓名"]
    assert match_columns(petitions, "households", {}).used == {}
    # Said by a person it is read all the same.
    assert match_columns(petitions, "households", {"姓名": "head_name"}).used == {"head_name": ["姓名"]}


@pytest.mark.parametrize(
    ("headings", "kind"),
    [
        (["户编号", "户主姓名", "身份证号", "联系电话", "行政村", "经度", "纬度"], "households"),
        (["户编号", "户主姓名", "鉴定等级", "建筑面积", "改造方式", "补助资金（万元）"], "ledger"),
        (["房屋编号", "户编号", "鉴定等级", "建筑面积", "层数"], "houses"),
        (["改造编号", "户编号", "改造方式", "开工日期", "竣工日期"], "sites"),
        (["户编号", "走访日期", "走访人", "走访结果"], "visits"),
        (["代码", "名称", "级别", "上级代码"], "areas"),
        (["osm_id", "highway", "name"], "base"),
    ],
)
def test_the_kind_is_guessed_from_the_headings(headings: list[str], kind: str) -> None:
    guesses = guess_kind({"Sheet1": headings})
    assert guesses[0].kind == kind
    assert [guess.score for guess in guesses] == sorted((guess.score for guess in guesses), reverse=True)


def test_the_best_sheet_of_a_file_decides_its_kind() -> None:
    sheets = {"说明": ["一", "二"], "数据": ["户编号", "走访日期", "走访人"]}
    assert guess_kind(sheets)[0].kind == "visits"
    assert guess_kind({"说明": ["一", "二"]}) == []
    assert guess_kind({}) == []


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(KindUnknown) as refused:
        fields_of("secrets")
    assert "households" in refused.value.text.en


@pytest.mark.parametrize(
    ("code", "neat", "level"),
    [
        ("340200", "3402", "city"),
        ("340000", "34", "province"),
        ("370725000000", "370725", "county"),
        ("370725108000", "370725108", "township"),
        ("370725108201", "370725108201", "village"),
        ("370725108201001", "370725108201001", "grid"),
        ("370725108201-N01", "370725108201-N01", "natural_village"),
        ("12345", "12345", None),
    ],
)
def test_the_length_of_a_code_tells_its_level(code: str, neat: str, level: str | None) -> None:
    assert neat_code(code, None) == neat
    assert level_of(neat) == level


def test_parents_ranges_and_local_numbers() -> None:
    assert parent_prefix("370725108201") == "370725108"
    assert parent_prefix("370725108201-N01") == "370725108201"
    assert range_of("370725108201-N01") == (370725108201000, 370725108202000)
    assert next_code("370725108", "village", {"370725108900"}) == "370725108901"
    assert next_code("370725108201", "natural_village", set()) == "370725108201-N01"
    assert next_code("370725108201", "grid", {"370725108201001"}) == "370725108201002"
    with pytest.raises(ValueError, match="under"):
        next_code("370725", "village", set())
    assert read_level("行政村") == "village"
    assert read_level("district") == "county"


def test_official_names_are_shortened_for_display_and_folded_for_comparing() -> None:
    names = ["方塘社区居民委员会", "旗杆村村民委员会", "李家村民委员会", "岗桥村委会", "北关居委会", "鑫盛嘉园社区"]
    shown = ["方塘社区", "旗杆村", "李家村", "岗桥村", "北关居委会", "鑫盛嘉园社区"]
    assert [display_village(name) for name in names] == shown
    assert len({fold_village(name) for name in ("旗杆村村民委员会", "旗杆村委会", "旗杆村", "旗杆")}) == 1


def test_keys_of_one_township_agree_whoever_imports() -> None:
    assert key_scope(Scope("370725108", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("370725", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("", 0, 1), "370725108201") == "370725108"
    assert key_scope(Scope("", 0, 1), "东村") == ""


def stay(visitor: str, start: int, minutes: int, lon: float) -> Stay:
    begin = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(minutes=start)
    return Stay(visitor, begin, begin + timedelta(minutes=minutes), lon, 36.4)


def test_overlapping_stays_far_apart_are_two_places() -> None:
    stays = [
        stay("甲", 0, 40, 118.800),
        stay("甲", 30, 30, 118.810),  # overlaps the first, 900 m away
        stay("甲", 60, 30, 118.800),  # begins as the second ends
        stay("乙", 0, 40, 118.900),  # somebody else
        stay("丙", 0, 40, 118.800),
        stay("丙", 10, 40, 118.802),  # 180 m: next door
        stay("丁", 0, 500, 118.800),
        stay("丁", 10, 5, 118.800),
        stay("丁", 400, 5, 118.900),  # the long one again, with a short one between
    ]
    assert at_two_places(stays) == [True, True, False, False, False, False, True, False, True]
    assert at_two_places([]) == []


@pytest.mark.parametrize("group", ["高德坐标", "坐标", "经纬度", "GPS坐标", "位置坐标", "国家2000坐标"])
def test_a_head_over_both_coordinates_adds_nothing(group: str) -> None:
    found = match_columns([f"{group} 纬度", f"{group} 经度"], "ledger", {})
    assert [(decision.field, decision.how) for decision in found.decisions] == [("lat", "exact"), ("lon", "exact")]
