"""Changing numbers in the text of a plan, and how two versions differ."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.stage_line import WIDTH, stage_line
from data.rules.plan import VisitRule, read_plan
from data.rules.plan_differences import deciding_fields, differences, find_rules, is_decided_by, rules_of
from data.rules.plan_editing import FieldUnknown, change_value, form_of
from data.rules.plan_reading import read_text
from data.rules.validity import VisitFacts

PLANS = Path(__file__).resolve().parents[2] / "data" / "plans"
HUTIAN = (PLANS / "hutian-2022.toml").read_text(encoding="utf-8")
TEXT = """# 方案
[campaign]
id = "a"
name_zh = "一 # 二"   # 名称
name_en = "A"
target = 0.9   # 目标

[[round]]
no = 1
name_zh = "一"
name_en = "One"
ends_on = 2026-06-30    # 月底

[visit]
min_minutes = 30   # 不少于30分钟
latest = "21:30"
"""


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("campaign.target", 0.95, "target = 0.95   # 目标"),
        ("round[1].ends_on", "2026-07-15", "ends_on = 2026-07-15    # 月底"),
        ("round[1].target", 1, "target = 1"),
        ("visit.min_minutes", 20.5, "min_minutes = 20.5   # 不少于30分钟"),
        ("visit.latest", "22:00", 'latest = "22:00"'),
        ("visit.remote_needs_reason", False, "remote_needs_reason = false"),
    ],
)
def test_one_line_changes_and_its_comment_stays(field: str, value: object, line: str) -> None:
    changed = change_value(TEXT, field, value)
    assert read_text(changed).faults == []
    before, after = set(TEXT.split("\n")), set(changed.split("\n"))
    assert after - before == {line}
    assert len(before - after) <= 1


def test_a_number_is_taken_out_with_its_line() -> None:
    changed = change_value(TEXT, "visit.min_minutes", None)
    assert read_plan(changed).visit.min_minutes is None
    assert change_value(changed, "visit.min_minutes", None) == changed


@pytest.mark.parametrize("field", ["campaign.id", "visit.min_minute", "round[2].ends_on", "round.ends_on.x", "x", ""])
def test_what_the_form_does_not_have_is_refused(field: str) -> None:
    with pytest.raises(FieldUnknown):
        change_value(TEXT, field, 1)


def test_what_is_typed_cannot_become_more_than_a_value() -> None:
    changed = change_value(TEXT, "visit.latest", '22:00"\n[visitor]\nx = "')
    assert [one.field for one in read_text(changed).faults] == ["visit.latest"]


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.toml")), ids=lambda path: path.stem)
def test_each_number_of_the_form_can_be_written_back_as_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    plan = read_plan(text).stored()
    numbers = [one for part in form_of(read_text(text).content) for one in part["fields"] if one["value"] is not None]
    assert numbers
    for one in numbers:
        value = one["value"].isoformat() if isinstance(one["value"], date) else one["value"]
        assert read_plan(change_value(text, one["field"], value)).stored() == plan, one["field"]


def test_versions_differ_by_rules_and_not_by_words() -> None:
    before = read_plan(HUTIAN).stored()
    words = HUTIAN.replace('clause_ref = "二（一）3"', 'clause_ref = "二（一）三"')
    assert differences(before, read_plan(words).stored()) == []
    after = read_plan(HUTIAN.replace("share = 0.3", "share = 0.4").replace("min_minutes = 30", "min_minutes = 20"))
    assert [(one.rule, one.before, one.after) for one in differences(before, after.stored())] == [
        ("visit.min_minutes", 30, 20),
        ("visitor.support_group.share", 0.3, 0.4),
    ]
    assert len(differences({"visit": before["visit"]}, before)) > 50, "a plan stored before had its visit rule only"


def test_a_rule_is_found_with_the_clause_nearest_to_it() -> None:
    rules = rules_of(read_plan(HUTIAN).stored())
    minutes, share = rules["visit.min_minutes"], rules["visitor.support_group.share"]
    assert (minutes.clause, minutes.clause_ref) == ("每户访问时间不少于30分钟", "一（一）")
    assert (share.value, share.clause_ref) == (0.3, "二（一）3")
    assert {rule.name for rule in find_rules(read_plan(HUTIAN).stored(), "deadline.major")} >= {
        "deadline.major.days",
        "deadline.major.calendar",
    }


def test_a_change_of_verdict_is_laid_to_the_rule_that_makes_it() -> None:
    old = VisitRule(min_minutes=30, remote_modes=("phone",))
    short = VisitFacts("home", "done", 25)
    new = VisitRule(min_minutes=20, remote_modes=("phone",), remote_needs_reason=False)
    assert deciding_fields(old, new, short) == ("min_minutes",)
    assert deciding_fields(old, new, VisitFacts("phone", "done")) == ("remote_needs_reason",)
    both = VisitRule(min_minutes=30, remote_modes=("phone", "sms"), remote_needs_reason=False)
    assert deciding_fields(old, both, VisitFacts("sms", "done")) == ("remote_modes", "remote_needs_reason")


def test_a_rule_decides_a_visit_that_would_count_without_it() -> None:
    rule = VisitRule(min_minutes=30, remote_modes=("phone",))
    assert is_decided_by(rule, "min_minutes", VisitFacts("home", "done", 29))
    assert not is_decided_by(rule, "min_minutes", VisitFacts("home", "done", 30))
    assert is_decided_by(rule, "remote_modes", VisitFacts("sms", "done", None, "外出"))
    assert is_decided_by(rule, "done_outcomes", VisitFacts("home", "refused", 40))
    assert not is_decided_by(rule, "per_inspector_day", VisitFacts("home", "done", 29))


def test_stages_lie_on_a_line_with_today() -> None:
    stages = read_plan(HUTIAN).stored()["stage"]
    line = stage_line(stages, date(2022, 7, 15))
    assert line is not None
    assert [bar.state for bar in line.bars] == ["over", "over", "now", "to_come", "to_come"]
    assert line.bars[0].x == 0
    assert line.bars[-1].x + line.bars[-1].width == pytest.approx(WIDTH)
    visiting, rectifying = line.bars[1], line.bars[2]
    assert rectifying.x == pytest.approx(visiting.x + visiting.width), "a stage begins where the one before it ends"
    assert line.today is not None
    assert rectifying.x < line.today < rectifying.x + rectifying.width
    later = stage_line(stages, date(2026, 1, 1))
    assert later is not None
    assert later.today is None
    assert stage_line([{"key": "a"}], date(2026, 1, 1)) is None
