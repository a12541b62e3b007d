"""The grade of a house from what was found: the worst part, a dangerous site, what is lacking, other standards."""

from __future__ import annotations

from itertools import product

import pytest

from data.rules.appraising import GUIDELINE, MOVE, PART, Appraised, Findings, FindingsUnfit, Part, appraise


def found(levels: str, site: str | None = "safe", measures: str | None = None) -> Findings:
    """Findings from one letter for each part; ``-`` for no such part and ``.`` for one nobody looked at."""
    parts = {}
    for key, level in zip(PART, levels, strict=True):
        if level != ".":
            parts[key] = Part("none" if level == "-" else level, "" if level in "a-" else "裂缝")
    return Findings(site, parts, measures)


def graded(levels: str, site: str | None = "safe") -> Appraised:
    return appraise(GUIDELINE, found(levels, site))


@pytest.mark.parametrize(
    ("levels", "grade"),
    [("aaaaa", "A"), ("abaaa", "B"), ("abcaa", "C"), ("aacda", "D"), ("a---a", "A"), ("-b---", "B")],
)
def test_a_house_is_as_its_worst_part(levels: str, grade: str) -> None:
    assert graded(levels).grade == grade


def test_of_every_combination_the_grade_is_the_worst_level_or_open() -> None:
    for levels in product("abcd-.", repeat=5):
        grade = graded("".join(levels)).grade
        judged = [level for level in levels if level in "abcd"]
        if "d" in judged:
            assert grade == "D"
        elif "." in levels or not judged:
            assert grade is None
        else:
            assert grade == max(judged).upper()


def test_a_dangerous_site_makes_the_house_d_whatever_its_parts_are() -> None:
    for levels in ("aaaaa", ".....", "abcda"):
        result = graded(levels, "dangerous")
        assert (result.grade, result.advice) == ("D", MOVE)


def test_a_part_nobody_looked_at_is_said_and_never_taken_for_safe() -> None:
    result = graded("aaa.a")
    assert result.grade is None
    assert result.lacking == ("roof",)
    assert "楼（屋）盖" in result.reasons[0].zh
    assert graded("aaaaa", None).lacking == ("site",)


def test_a_house_that_is_d_already_stays_so_and_says_what_is_lacking() -> None:
    result = graded("d...a", None)
    assert result.grade == "D"
    assert result.lacking == ("site", "walls", "frame", "roof")


def test_the_reason_names_the_worst_parts_alone() -> None:
    said = graded("bcaca").reasons[0].zh
    assert said == "承重墙、楼（屋）盖：c 局部危险"


def test_measures_against_disasters_change_no_grade() -> None:
    assert {appraise(GUIDELINE, found("aabaa", measures=one)).grade for one in ("full", "partial", "none", None)} == {
        "B"
    }


@pytest.mark.parametrize("standard", ["jgjt363", "jgj125", "guideline_2009"])
@pytest.mark.parametrize("raw", ["C", "c", "C级"])
def test_a_letter_of_another_standard_stays(standard: str, raw: str) -> None:
    assert appraise(standard, Findings(raw=raw)).grade == "C"


def test_a_provincial_level_is_translated_by_nobody_but_a_person() -> None:
    result = appraise("provincial_levels", Findings(raw="二级危房"))
    assert result.grade is None
    assert "二级危房" in result.reasons[0].zh


@pytest.mark.parametrize(
    ("standard", "findings", "field"),
    [
        ("by_eye", Findings(), "standard"),
        (GUIDELINE, Findings(site="swampy"), "site"),
        (GUIDELINE, Findings("safe", {"chimney": Part("a")}), "chimney"),
        (GUIDELINE, Findings("safe", {"walls": Part("e", "裂缝")}), "walls"),
        (GUIDELINE, Findings("safe", {"walls": Part("a", "裂缝")}), "walls"),
        (GUIDELINE, Findings("safe", {"walls": Part("c")}), "walls"),
        (GUIDELINE, Findings("safe", {"walls": Part("none", "裂缝")}), "walls"),
        (GUIDELINE, Findings(measures="some"), "measures"),
        ("jgj125", Findings(), "raw"),
        ("jgj125", Findings(raw="三级"), "raw"),
        ("provincial_levels", Findings(raw=""), "raw"),
    ],
)
def test_findings_that_are_none_are_refused_by_their_field(standard: str, findings: Findings, field: str) -> None:
    with pytest.raises(FindingsUnfit) as refusal:
        appraise(standard, findings)
    assert refusal.value.details["column"] == field
