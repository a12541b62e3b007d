"""How two versions of a work plan differ, rule by rule, and what decided a visit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from data.rules.plan import VisitRule
from data.rules.plan_fields import TABLES
from data.rules.plan_words import TABLE, VISIT_FIELD
from data.rules.validity import VisitFacts, check_visit
from data.rules.words import MODE, OUTCOME
from geo.errors import Text

_WORDS_ONLY = ("clause", "clause_ref", "clauses", "clause_refs")
# What a visit rule says when it asks nothing: to see which visits a rule decides, it is left out.
NEUTRAL: dict[str, Any] = {
    "min_minutes": None,
    "remote_modes": tuple(mode for mode in MODE if mode != "home"),
    "remote_needs_reason": False,
    "remote_reasons": (),
    "done_outcomes": tuple(OUTCOME),
    "done_statuses": (),
    "max_distance_m": None,
    "max_accuracy_m": None,
    "max_fix_age_s": None,
    "earliest": None,
    "latest": None,
}


@dataclass(frozen=True)
class Rule:
    """One number or word of a plan.

    Attributes
    ----------
    name : str
        As it is asked for: ``visit.min_minutes``, ``round.2.cohort``, ``deadline.ordinary.days``.
    value : object
    clause, clause_ref : str or None
        Of the number itself where it has one, else of its table.
    """

    name: str
    value: Any
    clause: str | None
    clause_ref: str | None


@dataclass(frozen=True)
class Difference:
    """A rule that is otherwise in a later version; None where it is not there."""

    rule: str
    before: Any
    after: Any


def rules_of(plan: Mapping[str, Any]) -> dict[str, Rule]:
    """Every rule of a stored plan by its name, in the plan's order; tables of a list go by their keys.

    Parameters
    ----------
    plan : mapping
        As in ``campaign.plan``; one stored before there was more than ``visit`` has those rules only.
    """
    found: dict[str, Rule] = {}
    for name, table in TABLES.items():
        content = plan.get(name)
        if not content:
            continue
        if not table.listed:
            _add(found, name, content)
            continue
        for row in content:
            prefix = f"{name}.{row[table.named_by]}"
            _add(found, prefix, row)
            for unit in _units(row):
                place = f"{prefix}.unit.{unit['name']}" + (f"@{unit['village']}" if "village" in unit else "")
                _add(found, place, unit)
    return found


def _units(row: Mapping[str, Any]) -> list[Any]:
    """Units of a kind of visitors; of a figure ``unit`` is a word, that of measure."""
    units = row.get("unit")
    return units if isinstance(units, list) else []


def _add(found: dict[str, Rule], prefix: str, row: Mapping[str, Any]) -> None:
    clauses, refs = row.get("clauses", {}), row.get("clause_refs", {})
    for field, value in row.items():
        if field in _WORDS_ONLY or (isinstance(value, list) and field == "unit"):
            continue
        clause = clauses.get(field, row.get("clause"))
        ref = refs.get(field, row.get("clause_ref"))
        found[f"{prefix}.{field}"] = Rule(f"{prefix}.{field}", value, clause, ref)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Rules that differ between two stored plans; clauses are no rules."""
    old, new = rules_of(before), rules_of(after)
    return [
        Difference(name, old[name].value if name in old else None, new[name].value if name in new else None)
        for name in [*old, *(name for name in new if name not in old)]
        if (old[name].value if name in old else None) != (new[name].value if name in new else None)
    ]


def deciding_fields(before: VisitRule, after: VisitRule, facts: VisitFacts) -> tuple[str, ...]:
    """Which changed fields of the visit rule bring a visit from one verdict to another.

    Returns
    -------
    tuple of str
        The fields that alone lead to the new verdict; where none does, those without which it would not be reached.
    """
    changed = [name for name in vars(after) if getattr(before, name) != getattr(after, name)]
    verdict = check_visit(facts, after)
    alone = [name for name in changed if check_visit(facts, replace(before, **{name: getattr(after, name)})) == verdict]
    needed = [
        name for name in changed if check_visit(facts, replace(after, **{name: getattr(before, name)})) != verdict
    ]
    return tuple(alone or needed or changed)


def is_decided_by(rule: VisitRule, field: str, facts: VisitFacts) -> bool:
    """Whether a visit would get another verdict if this field of the rule asked nothing."""
    if field not in NEUTRAL:
        return False
    return check_visit(facts, rule) != check_visit(facts, replace(rule, **{field: NEUTRAL[field]}))


def words_of(name: str) -> Text:
    """A rule's name for people: its table and, of a visit rule, its field."""
    table, _, rest = name.partition(".")
    if table == "visit" and rest in VISIT_FIELD:
        return VISIT_FIELD[rest]
    if table not in TABLE:
        return Text(name, name)
    return Text(f"{TABLE[table].zh} {rest}", f"{TABLE[table].en} {rest}")


def find_rules(plan: Mapping[str, Any], asked: str) -> Iterator[Rule]:
    """The rules that a person means: one by its whole name, or all of a table (``deadline``, ``deadline.ordinary``)."""
    rules = rules_of(plan)
    if asked in rules:
        yield rules[asked]
        return
    yield from (rule for name, rule in rules.items() if name.startswith(asked + "."))
