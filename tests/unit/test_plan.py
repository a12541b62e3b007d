"""Reading a work plan: every fault at once, with its line, its field and what is expected."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.rules.plan import PlanError, VisitRule, read_plan
from data.rules.plan_contradictions import earliest_end, find_contradictions
from data.rules.plan_differences import differences, rules_of
from data.rules.plan_lines import lines_of
from data.rules.plan_reading import read_text

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "samples" / "campaign.toml"
SHIPPED = sorted((ROOT / "data" / "plans").glob("*.toml"))
PLAN = """
[campaign]
id = "spring"
name_zh = "春季走访"
name_en = "Spring visits"
target = 0.9

[[cohort]]
key = "first"
name_zh = "五个重点访"
name_en = "Key groups first"
rule = "key_groups"
groups = [
    "lone_elder",   # 孤寡老人
    "petitioner",
]

[[stage]]
key = "visiting"
name_zh = "集中走访"
name_en = "Visiting"
ends_on = 2026-06-30

[[round]]
no = 1
name_zh = "第一轮"
name_en = "First round"
cohort = "first"
stage = "visiting"
target = 1.0

[[round]]
no = 2
name_zh = "第二轮"
name_en = "Second round"

[visit]
min_minutes = 30
remote_modes = ["phone"]
earliest = "07:00"
latest = "21:30"
clause = '''每户访问时间
不少于30分钟'''

[visit.clauses]
min_minutes = "每户访问时间不少于30分钟"

[[visitor]]
kind = "unit"
name_zh = "区直部门"
name_en = "District departments"
rule = "count"
    [[visitor.unit]]
    name = "住建局"
    village = "东村"
    households = 40
    [[visitor.unit]]
    name = "教育局"
    village = "西村"
    households = 25
"""


def faults(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.field) for one in read_text(text).faults]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_a_plan_keeps_its_tables_under_their_own_names() -> None:
    plan = read_plan(PLAN)
    stored = plan.stored()
    assert stored["visitor"][0]["unit"][1] == {"name": "教育局", "village": "西村", "households": 25}
    assert stored["visitor"][0]["repeats"] is False
    assert stored["stage"][0]["ends_on"] == "2026-06-30"
    assert stored["deadline"] == []
    assert plan.visit == VisitRule.from_plan(stored)
    assert (plan.visit.min_minutes, plan.visit.earliest, plan.visit.remote_modes) == (30, "07:00", ("phone",))


def test_a_round_has_its_own_cohort_and_target_or_those_of_the_campaign() -> None:
    first, second = read_plan(PLAN).rounds
    assert (first.cohort.rule, first.cohort.groups, first.target) == ("key_groups", ("lone_elder", "petitioner"), 1.0)
    assert (second.cohort.rule, second.target) == ("all_households", 0.9)


def test_the_plans_of_before_are_still_read() -> None:
    plan = read_plan(SAMPLE.read_text(encoding="utf-8"))
    assert [one.cohort.rule for one in plan.rounds] == ["all_households"] * 2


@pytest.mark.parametrize(
    ("change", "to", "line", "field"),
    [
        ("min_minutes = 30", 'min_minutes = "30"', "min_minutes =", "visit.min_minutes"),
        ("target = 0.9", "target = 95", "target =", "campaign.target"),
        ('"petitioner",', '"petitioners",', "groups =", "cohort[1].groups"),
        ("no = 2", "no = 3", "no = 3", "round[2].no"),
        ('stage = "visiting"', 'stage = "visit"', "stage =", "round[1].stage"),
        ('earliest = "07:00"', 'earliest = "7:00"', "earliest =", "visit.earliest"),
        ('latest = "21:30"', 'latest = "06:30"', "latest =", "visit.latest"),
        ("households = 25", "households = -1", "households = -1", "visitor[1].unit[2].households"),
        ("ends_on = 2026-06-30", 'ends_on = "2026-06-30"', "ends_on =", "stage[1].ends_on"),
        ('rule = "count"', 'rule = "share"', "[[visitor]]", "visitor[1].share"),
        ("ends_on = 2026-06-30", "starts_on = 2026-07-01\nends_on = 2026-06-30", "ends_on =", "stage[1].ends_on"),
        ('name_zh = "春季走访"\n', "", "[campaign]", "campaign.name_zh"),
        ('cohort = "first"', "cohort = 3", "cohort = 3", "round[1].cohort"),
        ('key = "first"', 'key = "First"', "key =", "cohort[1].key"),
    ],
)
def test_a_fault_names_its_line_and_field(change: str, to: str, line: str, field: str) -> None:
    text = PLAN.replace(change, to, 1)
    found = faults(text)
    assert (line_of(text, line), field) in found
    # A key that is wrong leaves those that name it without it; nothing else is said.
    assert len(found) <= 2


def test_several_faults_are_told_at_once_in_order() -> None:
    text = PLAN.replace("target = 0.9", "target = 9").replace("remote_modes", "remote_mode").replace("40", "'40'")
    found = read_text(text).faults
    assert [one.field for one in found] == ["campaign.target", "visit.remote_mode", "visitor[1].unit[1].households"]
    assert "remote_modes" in found[1].expected.zh
    with pytest.raises(PlanError) as raised:
        read_plan(text)
    assert raised.value.details["line"] == found[0].line
    assert len(raised.value.faults) == 3


def test_what_is_no_toml_names_its_line() -> None:
    text = PLAN.replace("no = 2", "no = = 2")
    assert faults(text) == [(line_of(text, "no = = 2"), "")]
    assert faults("[campaign") == [(1, "")]


@pytest.mark.parametrize("key", ["round = 1", "visit = []", "campaign = 3", "[cohort]", "visitor = [1]", "strange = 1"])
def test_a_table_of_the_wrong_shape_is_a_fault_and_no_more(key: str) -> None:
    assert read_text(f"{key}\n").faults


def test_lines_are_found_past_long_values_and_comments() -> None:
    text = 'a = """\n[b]\nc = 1\n"""\n[d]  # [e]\nf = [\n  "]", # ]\n  { g = 1 },\n]\nh.i = 2\n'
    text += "[[j]]\n[[j.k]]\nl = 1\n[[j]]\nm = 1"
    assert lines_of(text) == {
        ("a",): 1,
        ("d",): 5,
        ("d", "f"): 6,
        ("d", "h", "i"): 10,
        ("j",): 11,
        ("j", 0): 11,
        ("j", 0, "k"): 12,
        ("j", 0, "k", 0): 12,
        ("j", 0, "k", 0, "l"): 13,
        ("j", 1): 14,
        ("j", 1, "m"): 15,
    }


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(st.data())
def test_whatever_is_cut_out_of_a_plan_it_is_read_or_refused(data: st.DataObject) -> None:
    rows = PLAN.split("\n")
    first = data.draw(st.integers(0, len(rows)))
    left = rows[:first] + rows[first + data.draw(st.integers(1, 6)) :]
    if data.draw(st.booleans()):
        left.insert(
            data.draw(st.integers(0, len(left))), data.draw(st.sampled_from(["[", '"', "no = []", "key = 1.5"]))
        )
    reading = read_text("\n".join(left))
    assert all(1 <= one.line <= len(left) + 1 for one in reading.faults)
    if not reading.faults:
        find_contradictions(reading)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_plan_is_read_and_each_rule_has_its_clause(path: Path) -> None:
    plan = read_plan(path.read_text(encoding="utf-8"))
    stored = plan.stored()
    assert plan.id == path.stem
    for name in ("cohort", "stage", "round", "visitor", "work", "deadline", "score", "publicity", "demand_class"):
        for row in stored[name]:
            assert row.get("clause"), (name, row)
            assert row.get("clause_ref"), (name, row)
    for field in ("min_minutes", "remote_modes"):
        if stored["visit"].get(field):
            assert stored["visit"]["clauses"][field]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_change_of_any_shipped_plan_is_told_as_its_rule(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    before = read_plan(text).stored()
    after = read_plan(text.replace("[visit]\n", "[visit]\nmax_distance_m = 321\n", 1)).stored()
    assert [(one.rule, one.after) for one in differences(before, after)] == [("visit.max_distance_m", 321.0)]
    figures = [f"figure.{one['key']}.unit" for one in before["figure"] if one.get("unit")]
    assert all(isinstance(rules_of(before)[name].value, str) for name in figures)  # of measure, none of visitors
    assert bool(figures) is (path.stem in ("bazhou-demands", "city-2021", "tangwu-2023"))


def test_the_five_documents_are_shipped() -> None:
    assert [path.stem for path in SHIPPED] == [
        "bazhou-demands", "city-2021", "hutian-2022", "tangwu-2023", "wuhu-2024",
    ]  # fmt: skip


def contradictions(name: str, change: str = "", to: str = "") -> list[tuple[str, str]]:
    text = (ROOT / "data" / "plans" / f"{name}.toml").read_text(encoding="utf-8")
    assert change in text
    return [(one.field, one.text.zh) for one in find_contradictions(read_text(text.replace(change, to))) if one.counted]


def test_four_classes_stated_and_five_named_is_reported() -> None:
    assert contradictions("bazhou-demands") == [
        ("demands.classes_stated", "写明 4 类，列出的是 5 类：政策咨询、意见建议、个人求决、集体诉求、其他诉求")
    ]
    assert contradictions("bazhou-demands", "classes_stated = 4", "classes_stated = 5") == []


def test_sums_and_shares_of_the_documents_are_counted() -> None:
    assert contradictions("tangwu-2023") == []
    assert contradictions("tangwu-2023", "91.3", "91.4") == [("figure[1]", "问题办结率：写明 91.4%，116/127 为 91.3%")]
    assert contradictions("city-2021") == [("figure[4]", "资金全部发放：写明 579.7万元，各项合计 468.45万元")]
    found = contradictions("city-2021", "parts = [227, 72, 42]", "parts = [227, 72, 41]")
    assert found[0] == ("figure[1]", "改造户数：写明 341户，各项合计 227 + 72 + 41 = 340户")


def test_days_that_cannot_be_kept_are_reported() -> None:
    found = dict(contradictions("hutian-2022"))
    assert "2022-09-22" in found["deadline[4]"]
    assert "deadline[2]" not in found, "15 working days from the end of June end in July"
    assert "2022-12-31" in found["visitor[4].due_on"]
    assert "没有户数" in found["visitor[2].rule"]


def test_working_days_leave_out_weekends() -> None:
    friday = date(2026, 11, 20)
    assert earliest_end(friday, 1, working=True) == date(2026, 11, 23)
    assert earliest_end(friday, 1, working=False) == date(2026, 11, 21)
    assert earliest_end(friday, 10, working=True) == date(2026, 12, 4)
    assert earliest_end(friday, 0, working=True) == friday
