"""Every column of 24 real ledgers, against what a person reads in its heading."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

from data.imports.dictionary import REASONS, find_left_out
from data.imports.fields import all_fields
from data.imports.headings import USED_FROM, match_columns
from data.imports.kinds import foreign_to_all, guess_kind
from geo.files.sheet import column_names

LABELS = Path(__file__).parents[1] / "data" / "ledger_columns.tsv"
# A table that is none of ours must stay unread whatever kind somebody takes it for.
ANY_KIND = ("households", "ledger", "houses", "sites", "visits")


class Label(NamedTuple):
    """One line of the labelled table, with the heading as a reader of the file names it."""

    kind: str
    heading: str
    expected: str


def read_labels() -> dict[str, list[Label]]:
    rows = defaultdict(list)
    for line in LABELS.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            ledger, _, kind, heading, expected = line.split("\t")
            rows[ledger].append((kind, heading, expected))
    ledgers = {}
    for ledger, labels in rows.items():
        names = column_names([heading for _, heading, _ in labels])
        ledgers[ledger] = [Label(kind, name, told) for name, (kind, _, told) in zip(names, labels, strict=True)]
    return ledgers


LEDGERS = read_labels()


def test_the_table_of_right_answers_is_whole() -> None:
    assert len(LEDGERS) == 24
    labels = [label for ledger in LEDGERS.values() for label in ledger]
    assert len(labels) == 435
    for label in labels:
        fields = all_fields()[label.kind] if label.kind != "-" else {}
        assert label.expected in {*fields, *REASONS, "second", "none"}, label


@pytest.mark.parametrize("ledger", LEDGERS)
def test_no_column_of_a_real_ledger_is_taken_for_something_else(ledger: str) -> None:
    labels = LEDGERS[ledger]
    headings = [label.heading for label in labels]
    for kind in ANY_KIND if labels[0].kind == "-" else (labels[0].kind,):
        decisions = match_columns(headings, kind, {}).decisions
        wrong = [
            (kind, label.heading, decision.field, label.expected)
            for label, decision in zip(labels, decisions, strict=True)
            if decision.field is not None and decision.field != label.expected
        ]
        assert wrong == []


@pytest.mark.parametrize("ledger", LEDGERS)
def test_every_column_that_is_left_out_says_the_right_reason(ledger: str) -> None:
    labels = LEDGERS[ledger]
    kind = labels[0].kind if labels[0].kind != "-" else "ledger"
    decisions = match_columns([label.heading for label in labels], kind, {}).decisions
    for label, decision in zip(labels, decisions, strict=True):
        if label.expected in REASONS:
            line = find_left_out(label.heading, kind)
            assert line is not None, label
            assert (decision.how, line.reason) == ("left_out", label.expected), label
        elif label.expected == "second":
            assert decision.how == "left_out", label
            assert "已作为" in (decision.why.zh if decision.why else ""), label


def test_the_columns_that_matter_are_found_without_help(capsys: pytest.CaptureFixture[str]) -> None:
    found: Counter[str] = Counter()
    missed = []
    for labels in LEDGERS.values():
        kind = labels[0].kind if labels[0].kind != "-" else "ledger"
        matched = match_columns([label.heading for label in labels], kind, {})
        for label, decision in zip(labels, matched.decisions, strict=True):
            if decision.field and decision.confidence >= USED_FROM:
                found["exact" if decision.how == "exact" else "likely"] += 1
            else:
                found[decision.how] += 1
                if label.expected in all_fields()[kind]:
                    missed.append(label)
    assert missed == []
    with capsys.disabled():
        print(f"\n435 headings of 24 ledgers: {dict(found)}")
    # Said in the guide; to be changed there as well.
    assert found == {"exact": 110, "likely": 11, "left_out": 311, "unknown": 3}


@pytest.mark.parametrize("ledger", LEDGERS)
def test_the_kind_of_a_real_ledger_is_guessed_or_left_open(ledger: str) -> None:
    labels = LEDGERS[ledger]
    headings = [label.heading for label in labels]
    guesses = guess_kind({"Sheet1": headings})
    fields = [label.expected for label in labels if label.expected in all_fields().get(label.kind, {})]
    assert [guess.kind for guess in guesses][:1] == ([labels[0].kind] if fields else [])
    assert all(0 < guess.score <= 1 and guess.why.zh and guess.why.en for guess in guesses)


def test_other_ledgers_are_called_by_their_name() -> None:
    named = {
        ledger.split()[0]: words.zh
        for ledger, labels in LEDGERS.items()
        if labels[0].kind == "-" and (words := foreign_to_all(label.heading for label in labels))
    }
    assert named == {
        "fund_plan_table": "汇总统计表",
        "fund_allocation_table": "汇总统计表",
        "petition_focus": "信访台账",
        "visit_coverage": "汇总统计表",
        "hotline_order": "诉求或工单台账",
        "hotline_flow": "诉求或工单台账",
        "petition_ledger": "信访台账",
        "demand_states": "诉求或工单台账",
    }
