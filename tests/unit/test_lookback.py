"""The look-back that certifies: its error, counted exactly over every order of small villages, and its draw."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy.optimize import linprog

from app.commands_lookback import in_words
from data.lookback import VillageState
from data.rules.lookback import CONFIRMED, NOT_REACHED, NOT_VISITED, STOPPED, UNTRUE, judge, least_visits
from data.rules.lookback_claim import USUAL, Claim, LookbackError, Plan
from data.rules.lookback_draw import (
    MOST_WEIGHT,
    RISK,
    SURCHARGE,
    Facts,
    draw_order,
    reasons_of,
    weights_of,
)
from data.rules.lookback_evidence import evidence_against, evidence_for, frame_of
from data.rules.lookback_fixed import accept_number, chance_of_at_most, least_sample
from tests.benchmarks.fewest_visits import fewest_visits
from tests.benchmarks.fewest_visits_placed import fewest_visits_placed

WEIGHTS = ((1, 1, 1, 1, 1), (1, 1, 1, 2, 9), (9, 9, 1, 1, 1), (1, 2, 3, 4, 5))
# Of those, one bets everything at once, one nearly nothing, and one was the rule before there were plans.
PLANS = (USUAL, Plan(0, 0.1), Plan(0.4, 0.9), Plan(0.9, 0.3), None)
ORDERS = np.array(list(itertools.permutations(range(5))))
PLACEMENTS = np.array(list(itertools.product((False, True), repeat=5)))


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("error", [0.05, 0.2, 0.4])
def test_the_error_is_kept_for_every_placement_of_false_visits(weights: tuple[int, ...], error: float) -> None:
    frame = frame_of(np.array(weights, dtype=float)[ORDERS])
    chance = np.prod(1 / frame.inverse, axis=1)
    assert chance.sum() == pytest.approx(1)
    found = PLACEMENTS[:, ORDERS]
    for tolerable in (0, 1, 2):
        too_many = PLACEMENTS.sum(axis=1) > tolerable
        against = (evidence_against(found, frame, tolerable) >= 1 / error).any(axis=2) @ chance
        assert (against[~too_many] <= error + 1e-12).all()
        # Without an error there is an answer at the latest when all are asked.
        assert against[too_many] == pytest.approx(1)
        for plan in PLANS:
            proof = evidence_for(found, frame, tolerable, error=error, plan=plan)
            certified = (proof >= 1 / error - 1e-9).any(axis=2) @ chance
            assert (certified[too_many] <= error + 1e-12).all(), plan
            assert certified[~too_many] == pytest.approx(1), plan


@pytest.mark.parametrize("plan", PLANS)
def test_the_evidence_never_gains_on_average_when_just_too_many_are_false(plan: Plan | None) -> None:
    weights = (1.0, 2.0, 3.0, 4.0, 5.0)
    frame = frame_of(np.array(weights)[ORDERS])
    chance = np.prod(1 / frame.inverse, axis=1)
    false = np.array([False, True, False, False, True])[ORDERS]
    means = (evidence_for(false, frame, 1, error=0.05, plan=plan)[:, :3] * chance[:, None]).sum(axis=0)
    assert (means <= 1 + 1e-12).all()


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("weights", [(3, 1, 2, 5, 1), (9, 9, 1, 9, 1), (1, 9, 1, 9, 2)])
def test_more_false_visits_leave_no_more_evidence_after_any_draw(plan: Plan | None, weights: tuple[int, ...]) -> None:
    frame = frame_of(np.array(weights, dtype=float))
    for tolerable, error in itertools.product((0, 1, 2, 3), (0.05, 0.3)):
        evidence = evidence_for(PLACEMENTS, frame, tolerable, error=error, plan=plan)
        for at in range(5):
            worse = PLACEMENTS.copy()
            worse[:, at] = True
            assert (evidence_for(worse, frame, tolerable, error=error, plan=plan) <= evidence + 1e-9).all()


def test_with_equal_weights_it_is_walds_test() -> None:
    size, tolerable, error, plan = 400, 20, 0.05, Plan(0.4, 0.95)
    found = np.zeros(60, dtype=bool)
    found[[9, 30]] = True
    lower = (1 - 0.95) / (1 - 0.05)
    ratio, expected, need = 1.0, [], tolerable + 1
    for at, false in enumerate(found):
        # Of the false visits H0 needs the share of 0.4 is false: the ratio of the two probabilities of this draw.
        left = size - at
        ratio *= 0.4 if false else (left - 0.4 * need) / (left - need)
        need -= int(false)
        expected.append((ratio - lower) / (1 - lower))
    evidence = evidence_for(found, frame_of(np.ones(size)), tolerable, error=error, plan=plan)
    assert evidence == pytest.approx(np.array(expected))
    assert 0 < evidence.min() < 1 < evidence.max() < 1 / error


def test_a_plan_certifies_with_its_power_before_it_gives_up() -> None:
    rng, claim = np.random.default_rng(1), Claim(300, 300, 0.95, 0.05)
    weights = np.array(weights_of([("suspect",)] * 30 + [()] * 270))
    order = np.argsort(rng.standard_exponential((2000, 300)) / weights, axis=1)
    for plan in (USUAL, Plan(0.4, 0.5)):
        # Where the weights do not reach: among the last, which carry no risk.
        found = order >= 300 - int(plan.reckoned * (claim.tolerable + 1))
        evidence = evidence_for(found, frame_of(weights[order]), claim.tolerable, error=0.05, plan=plan)
        certified = np.argmax(evidence >= 20 - 1e-9, axis=1)
        given_up = evidence <= plan.least(0.05)
        first = np.where(given_up.any(axis=1), given_up.argmax(axis=1), 300)
        assert plan.power <= np.mean(certified < first) < plan.power + 0.15


def test_coverage_is_counted_without_a_digit_too_many() -> None:
    assert Claim(100, 100, 0.95, 0.05).needed == 95
    assert Claim(100, 100, 0.55, 0.05).needed == 55
    assert Claim(101, 101, 0.95, 0.05).needed == 96
    assert Claim(100, 97, 0.95, 0.05).tolerable == 2


@pytest.mark.parametrize(("coverage", "error"), [(0.0, 0.05), (1.01, 0.05), (0.95, 0.0), (0.95, 0.5)])
def test_a_claim_that_cannot_be_is_refused(coverage: float, error: float) -> None:
    with pytest.raises(LookbackError):
        Claim(10, 10, coverage, error)


@pytest.mark.parametrize(("reckoned", "power"), [(-0.1, 0.8), (0.95, 0.8), (0.2, 0.01), (0.2, 1.0)])
def test_a_plan_that_cannot_be_is_refused(reckoned: float, power: float) -> None:
    with pytest.raises(LookbackError):
        Plan(reckoned, power)


def test_a_clean_village_is_certified_with_little_more_than_a_sample_that_accepts_no_failure() -> None:
    for size in (30, 100, 300, 1000):
        claim = Claim(size, size, 0.95, 0.05)
        plain = least_sample(size, claim.tolerable + 1, 0.05)
        assert plain <= least_visits(claim, [1.0] * size) <= plain * 1.2 + 1
        # And with exactly as many by a plan that reckons with none.
        assert least_visits(claim, [1.0] * size, Plan(0, 0.5)) == plain


def test_still_counts_down_and_ends_in_a_certificate() -> None:
    claim, weights = Claim(400, 395, 0.95, 0.05), [1.0] * 395
    least = least_visits(claim, weights)
    for asked in range(0, least, 7):
        assert judge(claim, weights, [CONFIRMED] * asked).still == least - asked
    done = judge(claim, weights, [CONFIRMED] * least)
    assert (done.state, done.decided_at, done.still) == ("certified", least, 0)
    # Asking on changes nothing about when it was proved.
    assert judge(claim, weights, [CONFIRMED] * (least + 30)).decided_at == least


def test_a_false_visit_costs_more_households() -> None:
    claim, weights = Claim(400, 400, 0.95, 0.05), [1.0] * 400
    with_one = judge(claim, weights, [CONFIRMED] * 10 + [NOT_VISITED])
    assert with_one.still is not None
    assert with_one.still + with_one.asked > least_visits(claim, weights)


def test_too_few_counted_households_need_no_look_back() -> None:
    verdict = judge(Claim(100, 94, 0.95, 0.05), [1.0] * 94, [])
    assert (verdict.state, verdict.asked, verdict.by_count) == ("refuted", 0, True)


def test_a_small_village_is_counted_in_full() -> None:
    claim = Claim(15, 15, 1.0, 0.05)
    assert least_visits(claim, [1.0] * 15) == 15
    assert judge(claim, [1.0] * 15, [CONFIRMED] * 15).by_count
    assert judge(claim, [1.0] * 15, [CONFIRMED] * 3 + [NOT_VISITED]).state == "refuted"


def test_who_is_not_reached_proves_nothing_either_way() -> None:
    claim, weights = Claim(60, 60, 0.95, 0.05), [1.0] * 60
    away = judge(claim, weights, [NOT_REACHED] * 10)
    assert (away.state, away.unreached, away.false, away.still) == ("going_on", 10, 0, None)
    assert judge(claim, weights, [NOT_VISITED] * 10).state == "refuted"
    assert judge(claim, weights, [UNTRUE] * 10).state == STOPPED
    # A household passed over counts as not reached until it is asked.
    passed = judge(claim, weights, [None, *[CONFIRMED] * 20])
    assert passed.unreached == 1
    assert passed == judge(claim, weights, [NOT_REACHED, *[CONFIRMED] * 20])


def test_what_counting_shows_goes_before_what_was_proved() -> None:
    claim, weights = Claim(100, 100, 0.95, 0.05), [1.0] * 100
    proved = [CONFIRMED] * least_visits(claim, weights)
    assert judge(claim, weights, proved).state == "certified"
    late = judge(claim, weights, [*proved, *[NOT_VISITED] * 6])
    assert (late.state, late.by_count) == ("refuted", True)


def test_a_look_back_without_much_hope_is_better_stopped() -> None:
    claim, weights = Claim(1000, 1000, 0.95, 0.05), [1.0] * 1000
    found = [CONFIRMED] * 5 + [NOT_VISITED] + [CONFIRMED] * 5 + [NOT_VISITED]
    assert judge(claim, weights, found[:-1]).state == "going_on"
    stopped = judge(claim, weights, found)
    assert (stopped.state, stopped.decided_at, stopped.asked, stopped.false) == (STOPPED, None, 12, 2)
    # It is advice: whoever goes on may still prove it, with the least number told.
    assert stopped.still is not None
    after = [*found, *[CONFIRMED] * stopped.still]
    assert judge(claim, weights, after).state == "certified"
    assert judge(claim, weights, after[:-1]).state != "certified"
    # More power is more patience; what was drawn before there were plans is never given up.
    assert judge(claim, weights, found, Plan(0.4, 0.95)).state == "going_on"
    assert judge(claim, weights, found, None).state == "going_on"


def test_nobody_is_given_up_for_those_who_were_not_reached() -> None:
    claim, weights, plan = Claim(1000, 1000, 0.95, 0.05), [1.0] * 1000, Plan(0.2, 0.5)
    away = judge(claim, weights, [CONFIRMED] * 5 + [NOT_REACHED] * 4, plan)
    assert (away.state, away.still) == ("going_on", None)
    assert judge(claim, weights, [CONFIRMED] * 5 + [NOT_VISITED] * 3 + [NOT_REACHED], plan).state == STOPPED


def test_a_weight_for_each_household() -> None:
    with pytest.raises(ValueError, match="one weight"):
        judge(Claim(10, 10, 0.95, 0.05), [1.0] * 9, [])


def test_the_order_is_the_same_for_the_same_seed_only() -> None:
    keys, weights = [f"h{n}" for n in range(50)], [1.0] * 50
    order = draw_order("2026-06-30", keys, weights)
    assert sorted(order) == list(range(50))
    assert order == draw_order("2026-06-30", keys, weights)
    assert order != draw_order("2026-07-01", keys, weights)
    # By household, whatever the order they are listed in.
    turned = draw_order("2026-06-30", keys[::-1], weights)
    assert [keys[at] for at in order] == [keys[::-1][at] for at in turned]


def test_households_are_drawn_as_readily_as_they_weigh() -> None:
    keys, weights = ["a", "b", "c"], [1.0, 2.0, 5.0]
    orders = Counter(tuple(draw_order(str(seed), keys, weights)) for seed in range(8000))
    for order in itertools.permutations(range(3)):
        left, chance = sum(weights), 1.0
        for at in order:
            chance *= weights[at] / left
            left -= weights[at]
        sd = math.sqrt(8000 * chance * (1 - chance))
        assert abs(orders[order] - 8000 * chance) < 4 * sd, order


def test_risk_costs_a_clean_village_a_twentieth_at_most() -> None:
    for risky in (1, 20, 100, 400):
        reasons = [("suspect", "remote")] * risky + [("never_looked_at",)] * (400 - risky)
        weights = weights_of(reasons)
        assert min(weights) == 1
        assert max(weights) <= MOST_WEIGHT
        assert sum(weights) / 400 <= 1 + SURCHARGE + 1e-9
        claim = Claim(400, 400, 0.95, 0.05)
        order = draw_order("x", [str(n) for n in range(400)], weights)
        drawn = [weights[at] for at in order]
        assert least_visits(claim, drawn) <= least_visits(claim, [1.0] * 400) * (1 + SURCHARGE) + 2
    assert weights_of([]) == []


def test_reasons_are_those_of_the_visit() -> None:
    assert reasons_of(Facts(looked_at=True)) == ()
    assert reasons_of(Facts()) == ("never_looked_at",)
    everything = Facts(True, 2, 20, 1, True, 2.0, False, True)
    assert reasons_of(everything) == tuple(RISK)
    assert "visitor_suspect" not in reasons_of(Facts(visitor_suspect=1, visitor_all=20))
    assert "barely" not in reasons_of(Facts(spare_minutes=2.1))


def test_a_fixed_sample_keeps_its_error_exactly() -> None:
    for population, false, sample in ((20, 3, 8), (50, 5, 20), (300, 16, 60)):
        accepted = accept_number(population, false, sample, 0.05)
        if accepted is None:
            assert chance_of_at_most(0, population, false, sample) > 0.05
            continue
        assert chance_of_at_most(accepted, population, false, sample) <= 0.05
        assert chance_of_at_most(accepted + 1, population, false, sample) > 0.05
    # Every sample of 2 from 5 by hand: none of 2 false ones in 3 of 10.
    assert chance_of_at_most(0, 5, 2, 2) == pytest.approx(0.3)
    assert accept_number(300, 16, 30, 0.05) is None
    assert accept_number(3000, 151, 300, 0.05) == 8


def test_the_fewest_visits_of_any_test_are_known_where_none_is_false() -> None:
    # Whoever knows of no false visit can only ask until 5 % are reached, and toss a coin about the last household.
    least = least_sample(100, 6, 0.05)
    before, after = (chance_of_at_most(0, 100, 6, sample) for sample in (least - 1, least))
    asked = least - 1 + (before - 0.05) / (before - after)
    assert fewest_visits(100, 6, 0, 0.05, 1.0) == pytest.approx(asked, rel=1e-3)


def test_without_replacement_somewhat_fewer_visits_do_than_wald_has_with_it() -> None:
    size, too_many, false, error, power = 150, 9, 2, 0.05, 0.5
    high, low = too_many / size, false / size
    gained = power * math.log(power / error) + (1 - power) * math.log((1 - power) / (1 - error))
    each = low * math.log(low / high) + (1 - low) * math.log((1 - low) / (1 - high))
    assert 0.8 * gained / each < fewest_visits(size, too_many, false, error, power) < gained / each


def test_where_no_household_is_risky_the_fewest_visits_are_those_of_false_visits_anywhere() -> None:
    bound, reached = fewest_visits_placed(40, 0, 8, 2, 0.1, 0.7, near=1e-4)
    assert bound <= reached <= bound + 1e-4
    assert fewest_visits(40, 8, 2, 0.1, 0.7) == pytest.approx(bound, abs=1e-3)


def test_the_fewest_visits_where_the_risk_is_low_are_those_of_the_whole_linear_programme() -> None:
    size, risky, too_many, false, error, power = 12, 3, 4, 1, 0.2, 0.8
    bound, reached = fewest_visits_placed(size, risky, too_many, false, error, power, near=1e-4)
    assert bound <= _whole_programme(size, risky, too_many, false, error, power) + 1e-9 <= reached + 2e-9
    assert reached - bound <= 1e-4
    # What is known of where the risk is saves something.
    assert reached < fewest_visits(size, too_many, false, error, power)


def _whole_programme(size: int, risky: int, too_many: int, false: int, error: float, power: float) -> float:
    """The same with a variable for how often each act is done in each state (risky asked, others asked, found)."""
    others = size - risky
    states = [
        (r, o, s)
        for r, o, s in itertools.product(range(risky + 1), range(others + 1), range(false + 1))
        if s <= o <= others - false + s
    ]
    at = {state: n for n, state in enumerate(states)}
    columns = [
        (state, act)
        for state, act in itertools.product(states, ("stop", "certify", "risky", "other"))
        if (act != "risky" or state[0] < risky) and (act != "other" or state[1] < others)
    ]
    flow = np.zeros((len(states), len(columns)))
    wrong = np.zeros((too_many, len(columns)))
    for n, ((r, o, s), act) in enumerate(columns):
        flow[at[r, o, s], n] += 1
        if act == "risky":
            flow[at[r + 1, o, s], n] -= 1
        if act == "other":
            chance = (false - s) / (others - o)
            for found, odds in ((s + 1, chance), (s, 1 - chance)):
                if odds:
                    flow[at[r, o + 1, found], n] -= odds
        if act == "certify":
            here = math.perm(risky, r) * math.perm(false, s) * math.perm(others - false, o - s)
            for k in range(too_many):
                there = math.perm(risky - k, r) * math.perm(too_many - k, s) * math.perm(others - too_many + k, o - s)
                wrong[k, n] = there / here
    certifies = np.array([act == "certify" for _, act in columns], dtype=float)
    found = linprog(
        [float(act in ("risky", "other")) for _, act in columns],
        A_ub=np.vstack([-certifies, wrong]),
        b_ub=[-power] + [error] * too_many,
        A_eq=flow,
        b_eq=[float(state == (0, 0, 0)) for state in states],
    )
    return float(found.fun)


@pytest.mark.parametrize(
    ("results", "told"),
    [
        ([UNTRUE] * 3, {"不属实的户太多，证明不了", "too many are false to prove it"}),
        ([NOT_REACHED] * 3, {"须先找到未联系上的户", "those not reached have to be reached"}),
    ],
)
def test_why_a_look_back_without_a_plan_cannot_go_on_is_said(results: list[str], told: set[str]) -> None:
    # It is never given up, so that the reason has to be said while it goes on.
    verdict = judge(Claim(20, 20, 0.9, 0.05), [1.0] * 20, results, None)
    assert (verdict.state, verdict.still) == ("going_on", None)
    assert in_words(VillageState(1, "990101001001", "测试1村", 20, 20, 18, verdict.state, verdict)) in told
