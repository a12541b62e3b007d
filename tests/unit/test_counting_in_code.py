"""Sentences that the code says in both languages: a number agrees with its English noun there as well."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_translations import PLURALS

ROOT = Path(__file__).resolve().parents[2]
HAN = re.compile("[一-鿿]")
# A value stands as ‹…›; a constant of the program, such as MOST_ROWS, is known to whoever writes the sentence.
CONSTANT = re.compile(r"‹_?[A-Z][A-Z_0-9]*(?: // 1000)?›")
COUNTED = re.compile(rf"‹[^›]*› (?:[a-z-]+ ){{0,2}}(?:{PLURALS})\b|\b(?:are|were) ‹|[a-z]\(e?s\)")
# What needs no form, by the reason.
UNMARKED = {
    said: reason
    for reason, listed in {
        "more than the most, or none at all": [
            "‹len(plan['routes'])› sheets; at most ‹MOST_SHEETS› at once. Choose an inspector or a day.",
            "At most ‹MOST_DRAWN› households at once; ‹len(household_ids)› were chosen.",
            "Not divided: there would be ‹len(rows) // wish.size› grids; ‹MOST_GRIDS› are the most. "
            "Let a grid hold more households.",
            "Not made: ‹n› households, at most ‹MOST_FILES› at once. Choose a smaller area, such as a village.",
            "the file has ‹len(rows)› rows; 1 to ‹MOST_ROWS› are expected",
            "Not compared: the list has ‹len(rows)› rows, at most ‹MOST_ROWS›. Split the file.",
            "At most ‹MOST_PLACES› places are measured at once, here are ‹len(points)›. Split them by village.",
            "‹shown› households are chosen; one plan takes ‹MOST_HOUSEHOLDS› at most. "
            "Choose a township or village, or add a condition.",
            "Entry ‹number› of the special arrangements has ‹len(chosen)› households visited in a row; "
            "‹MOST_IN_A_ROW› are possible. Choose fewer for it.",
            "Not applied: the shape has ‹n› corners; ‹most› are the most. Simplify it first.",
            "‹len(problem.households)› households; one plan takes ‹MOST_HOUSEHOLDS› at most. Plan by township.",
            "‹times› times; expected 1 to 100000.",
            "a tile of ‹len(found)› bytes is too large",
            "a directory has ‹length› bytes, absurdly many",
            "it is cut off: ‹offset + length› bytes expected, ‹self._size› found",
        ],
        "several by what they say": [
            "‹made.crowded› households are at one place, more than a grid should hold: they cannot be parted, and "
            "their grid is larger",
            "the very same position for ‹value› households",
            "‹value› households with the same answers, ‹against› expected",
            "“‹who›” has ‹times› routes on one day",
            "household “‹who›” is there ‹times› times",
        ],
        "a setting of the caller, hundreds": ["at most ‹longest› characters, ‹len(words)› found"],
        "other things are counted": [
            "there is no column of methods: subsidies and dates of renovation of ‹counted(dropped, 'row')› were "
            "left out",
            "‹value› m from the position of another household's visit, the houses are ‹against› m apart",
            "“‹one.id›” takes ‹stop.leave_s - stop.start_s› s; ‹one.service_s› s are expected",
            "Not reserved: ‹owner.owner› visits this household.",
            "No layer '‹layer›'; there are ‹', '.join(LAYERS)›.",
            "found “‹found›”; ‹what.en› are expected.",
            "‹whose› are to be visited together: by one inspector, on one day, one after the other",
            "‹key› must be an http(s) address with {z}, {x} and {y}",
            "the roads are ‹km› km from the nearest house: a file of another place perhaps, or longitude and latitude "
            "exchanged",
            "its zoom levels are ‹low› to ‹high›, expected within 0 to ‹DEEPEST_ZOOM›",
        ],
    }.items()
    for said in listed
}


def english_of(node: ast.expr) -> str | None:
    """The English of an argument, with ‹…› for its values; None for anything else."""
    if isinstance(node, ast.JoinedStr):
        said = "".join(
            str(part.value) if isinstance(part, ast.Constant) else f"‹{ast.unparse(part.value)}›"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        said = re.sub(r"\{(\w+)(?::[^{}|]*)?\}", r"‹\1›", node.value)
    else:
        return None
    return None if HAN.search(re.sub("‹[^›]*›", "", said)) else said


def sentences(code: str) -> Iterator[str]:
    """The English of every call that says something in Chinese too."""
    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call) and any(HAN.search(ast.unparse(one)) for one in call.args):
            yield from (said for one in call.args if (said := english_of(one)))


def test_a_rule_of_imports_agrees_with_its_numbers() -> None:
    told = tomllib.loads((ROOT / "data" / "imports" / "checks.toml").read_text(encoding="utf-8"))
    assert [rule["en"] for rule in told.values() if COUNTED.search(re.sub(r"\{(\w+)\}", r"‹\1›", rule["en"]))] == []


def unmarked(code: str) -> list[str]:
    return [said for said in sentences(code) if COUNTED.search(CONSTANT.sub("most", said))]


def test_a_number_agrees_with_its_noun() -> None:
    found = {
        said: f"{path.relative_to(ROOT)}"
        for top in ("app", "layers", "data", "geo")
        for path in sorted((ROOT / top).rglob("*.py"))
        if "migrations" not in path.parts
        for said in unmarked(path.read_text(encoding="utf-8"))
    }
    assert {said: path for said, path in found.items() if said not in UNMARKED} == {}
    assert sorted(set(UNMARKED) - set(found)) == []


@pytest.mark.parametrize(
    "code",
    [
        'Text(f"{n} 户", f"{n} households")',
        'words("有 {n} 户", "{n} more households")',
        'refuse(f"差 {len(bare)} 户", f"{len(bare)} are missing", found=1)',
        'Text("{n} 户", "{n} household(s)")',
        'Text(f"{n:,} 户", f"There are {n:,} of them")',
    ],
)
def test_a_number_that_does_not_agree_is_noticed(code: str) -> None:
    assert len(unmarked(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        'Text(f"{n} 户", f"{counted(n, \'household\')} left")',
        'Text("{n} 户", "{n} {n:household is|households are} left")',
        'Text(f"最多 {MOST} 户", f"at most {MOST} households")',
        'log(f"{n} households")',
    ],
)
def test_what_agrees_is_left_alone(code: str) -> None:
    assert unmarked(code) == []
