"""The phone's reading of the rule of an appraisal is that of the server, in every case there is."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

from data.rules.appraising import (
    ABSENT,
    GUIDELINE,
    LETTERED,
    LEVEL,
    PART,
    SITE,
    STANDARD,
    Findings,
    FindingsUnfit,
    Part,
    appraise,
)
from data.rules.appraising_told import rules_told
from data.rules.marks import PART as OF_MARKS
from data.rules.marks import PART_GRADES
from tests.field_modules import STATIC, run_node

FIELD = STATIC / "js" / "field"


def server(case: dict[str, Any]) -> dict[str, Any]:
    """What the server says, in the form of the phone."""
    parts = {key: Part(one["level"], one["points"]) for key, one in case["parts"].items() if one["level"]}
    findings = (
        Findings(case["site"], parts) if case["standard"] == GUIDELINE else Findings(raw=case["raw"].strip() or None)
    )
    try:
        found = appraise(case["standard"], findings)
    except FindingsUnfit as why:
        return {"grade": None, "reasons": [], "lacking": [], "advice": None, "wrong": why.details["column"]}
    pairs = [{"zh": one.zh, "en": one.en} for one in found.reasons]
    advice = {"zh": found.advice.zh, "en": found.advice.en} if found.advice else None
    return {"grade": found.grade, "reasons": pairs, "lacking": list(found.lacking), "advice": advice, "wrong": None}


def phone(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    file = folder / "cases.json"
    file.write_text(json.dumps({"rules": rules_told(), "cases": cases}), encoding="utf-8")
    told: list[dict[str, Any]] = json.loads(run_node("appraising.mjs", FIELD, file))
    # The table holds the words by key besides.
    for one in told:
        one["reasons"] = [{"zh": pair["zh"], "en": pair["en"]} for pair in one["reasons"]]
    return told


def test_the_phone_and_the_server_give_one_grade_whatever_was_found(tmp_path: Path) -> None:
    levels = [None, *LEVEL, ABSENT]
    cases = [
        {
            "standard": GUIDELINE,
            "site": site,
            "parts": {
                key: {"level": level, "points": "裂缝" if level in ("b", "c", "d") else ""}
                for key, level in zip(PART, chosen, strict=True)
            },
        }
        for site in (None, *SITE)
        for chosen in itertools.product(levels, repeat=len(PART))
    ]
    assert len(cases) == 3 * 6**5
    told = phone(cases, tmp_path)
    assert [(case, one) for case, one in zip(cases, told, strict=True) if one != server(case)][:3] == []
    assert {one["grade"] for one in told} == {None, "A", "B", "C", "D"}


def test_danger_points_contradict_a_level_on_both_sides(tmp_path: Path) -> None:
    cases = [
        {"standard": GUIDELINE, "site": site, "parts": {"walls": {"level": level, "points": points}}}
        for site in (None, *SITE)
        for level in (*LEVEL, ABSENT)
        for points in ("", "裂缝", "  ")
    ]
    told = phone(cases, tmp_path)
    # What is blank is nothing, as the form of the desk reads it.
    for case in cases:
        case["parts"]["walls"]["points"] = case["parts"]["walls"]["points"].strip()
    assert [(case, one) for case, one in zip(cases, told, strict=True) if one != server(case)] == []
    assert {one["wrong"] for one in told} == {None, "walls"}


def test_grades_of_other_standards_are_read_alike(tmp_path: Path) -> None:
    raws = ["", " ", "C", "c级", "C 级", "D级 ", "E", "二级危房", "{raw}", "$&"]
    cases = [
        {"standard": standard, "site": None, "parts": {}, "raw": raw}
        for standard in STANDARD
        if standard != GUIDELINE
        for raw in raws
    ]
    told = phone(cases, tmp_path)
    known = [server(case | {"raw": case["raw"].strip()}) for case in cases]
    assert [pair for pair in zip(cases, told, known, strict=True) if pair[1] != pair[2]] == []
    assert {one["grade"] for one in told} == {None, "C", "D"}
    assert set(LETTERED) < set(STANDARD)


def test_an_impression_has_the_parts_and_levels_of_an_appraisal() -> None:
    assert OF_MARKS is PART
    assert tuple(LEVEL) == PART_GRADES
    # The popup of the map, which has no table at hand, says the same words.
    script = (STATIC / "js" / "map" / "mark-words.js").read_text(encoding="utf-8")
    words = script.split("MARK_PARTS = {")[1].split("}")[0]
    assert dict(re.findall(r'(\w+): \(\) => t\("([^"]+)"\)', words)) == {key: word.zh for key, word in PART.items()}


def test_no_script_has_a_list_of_parts_of_its_own() -> None:
    for path in FIELD.glob("*.js"):
        assert not re.search(r"\b(foundation|enclosure)\b", path.read_text(encoding="utf-8")), path.name
