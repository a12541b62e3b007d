"""Operating curves of the look-back that certifies, beside a fixed sample of 10 %, by simulation.

A village of N households all of which count is to be certified "true coverage >= 95 %" with an error of 5 %. False
visits are placed evenly, where the risk is (20 to 1), or, against the weights, only where it is low; a tenth of the
households carries the risk. Every point of a curve is 10,000 look-backs, each a draw of its own by the weights the
product would use, judged by its usual plan. ``python -m tests.benchmarks.bench_lookback``.

Wrong statements are counted as if nobody followed the advice to stop; visits as if everybody did, and ended with the
first of a certificate, a refutation and that advice.

At equal power means: the fixed sample accepts with a probability known exactly (hypergeometric, with the largest number
of false visits that keeps its error). The look-back gets the plan that reckons with as many false visits as there are,
and of those the least power with which it certifies as often; its mean number of visits is compared with the fixed
sample's, and with the fewest any test could have (:mod:`tests.benchmarks.fewest_visits`, and
:mod:`tests.benchmarks.fewest_visits_placed` where false visits lie only where the risk is low).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nchypergeom_wallenius

from data.rules.lookback import least_visits
from data.rules.lookback_claim import USUAL, Claim, Plan
from data.rules.lookback_draw import weights_of
from data.rules.lookback_evidence import Frame, evidence_against, evidence_for, frame_of
from data.rules.lookback_fixed import accept_number, chance_of_at_most, least_sample
from data.settings import ROOT
from tests.benchmarks.fewest_visits import fewest_visits
from tests.benchmarks.fewest_visits_placed import fewest_visits_placed
from tests.benchmarks.figures import Figure

ABOUT = "Operating curves of the look-back: its error and its visits beside a fixed sample of 10 %."
SIZES = (30, 100, 300, 1000, 3000)
# Besides these, the true coverages next to the line on either side, where wrong statements are likeliest.
TRUTHS = (0.90, 0.93, 0.97, 0.98, 0.99, 1.0)
PLACES = ("even", "risk", "low")
COVERAGE, ERROR = 0.95, 0.05
ENOUGH = 1 / ERROR - 1e-9
LOOKS, PIECE = 10_000, 1000
# Draws looked at in the largest villages: whatever is not decided by then counts as undecided.
MOST = 600
RISKY = 0.1
# Up to this size it takes seconds to find the fewest visits where false ones lie only where the risk is low.
PLACED = 1000
PICTURE = ROOT / "templates" / "docs" / "img" / "bench-lookback-curves.svg"


@dataclass(frozen=True)
class Point:
    """What came of many look-backs at one size, truth and placement; times are infinite where it never happened.

    After how many draws each was certified, was refuted, and was better stopped.
    """

    certified: NDArray[np.float64]
    refuted: NDArray[np.float64]
    stopped: NDArray[np.float64]

    def wrongly_certified(self) -> float:
        """How many were certified before they were refuted, whether or not they were better stopped."""
        return float(np.mean(np.isfinite(self.certified) & (self.certified < self.refuted)))

    def share(self) -> float:
        """How many were certified before anything else."""
        return float(np.mean(self.certified < np.minimum(self.refuted, self.stopped)))

    def refused(self) -> float:
        """How many were refuted before they were certified, whether or not they were better stopped."""
        return float(np.mean(self.refuted < self.certified))

    def visits(self, most: int) -> float:
        """Mean number of households asked until anything was said."""
        return float(np.minimum(np.minimum(self.certified, self.refuted), np.minimum(self.stopped, most)).mean())


@dataclass(frozen=True)
class Draws:
    """Many look-backs at one size, truth and placement, in pieces: what each draw finds, with which probabilities.

    And after how many draws each was refuted, whatever the plan.
    """

    size: int
    pieces: list[tuple[NDArray[np.bool_], Frame]]
    refuted: NDArray[np.float64]

    @property
    def claim(self) -> Claim:
        """What is to be proved."""
        return Claim(self.size, self.size, COVERAGE, ERROR)

    def judged_by(self, plan: Plan) -> Point:
        """What comes of them by a plan."""
        told = []
        for found, frame in self.pieces:
            proof = evidence_for(found, frame, self.claim.tolerable, error=ERROR, plan=plan)
            told.append((first(proof >= ENOUGH), first(proof <= plan.least(ERROR))))
        certified, stopped = (np.concatenate(parts) for parts in zip(*told, strict=True))
        return Point(certified, self.refuted, stopped)


def households(size: int) -> tuple[NDArray[np.float64], int]:
    """Weights of a village's households as the product gives them, the risky ones first, and how many are risky."""
    risky = max(1, round(size * RISKY))
    return np.array(weights_of([("suspect",)] * risky + [()] * (size - risky))), risky


def look(rng: np.random.Generator, size: int, false: int, place: str, length: int) -> tuple[NDArray[np.bool_], Frame]:
    """Draw ``PIECE`` look-backs: what each draw finds, shape (PIECE, length), and with which probabilities."""
    weights, risky = households(size)
    times = rng.standard_exponential((PIECE, size), dtype=np.float32) / weights.astype(np.float32)
    if length < size:
        # Of the households beyond those looked at it does not matter who comes first.
        order = np.argpartition(times, length, axis=1)
        ahead = order[:, :length]
        order[:, :length] = np.take_along_axis(ahead, np.argsort(np.take_along_axis(times, ahead, 1), axis=1), 1)
    else:
        order = np.argsort(times, axis=1)
    # Households of one weight are alike, so that only how many of them are false is left to chance.
    among_risky = np.zeros(PIECE, dtype=np.int64)
    if false and place != "low":
        odds = 20.0 if place == "risk" else 1.0
        among_risky = nchypergeom_wallenius.rvs(size, risky, false, odds, size=PIECE, random_state=rng)
    elif false > size - risky:
        among_risky[:] = false - (size - risky)
    drawn, of_risky = order[:, :length], among_risky[:, None]
    is_false = np.where(drawn < risky, drawn < of_risky, drawn - risky < false - of_risky)
    whole = frame_of(weights[order])
    inverse, greatest = (np.ascontiguousarray(part[:, :length]) for part in (whole.inverse, whole.greatest))
    return is_false, Frame(inverse, greatest, whole.left[:, :length])


def draws(size: int, false: int, place: str, seed: int) -> Draws:
    """Draw ``LOOKS`` look-backs."""
    rng = np.random.default_rng([seed, size, false, PLACES.index(place)])
    pieces = [look(rng, size, false, place, min(size, MOST)) for _ in range(LOOKS // PIECE)]
    tolerable = Claim(size, size, COVERAGE, ERROR).tolerable
    refuted = [first(evidence_against(found, frame, tolerable) >= ENOUGH) for found, frame in pieces]
    return Draws(size, pieces, np.concatenate(refuted))


def first(reached: NDArray[np.bool_]) -> NDArray[np.float64]:
    """After how many draws something held, for each row; infinite if it never did."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def plan_for(drawn: Draws, false: int, power: float) -> tuple[Plan, Point]:
    """The plan that reckons with so many false visits and certifies as often with the least power, to a thousandth."""
    reckoned = round(false / (drawn.claim.tolerable + 1), 4)
    low, high = 50, 1000
    while high - low > 1:
        middle = (low + high) // 2
        if drawn.judged_by(Plan(reckoned, middle / 1000)).share() >= power:
            high = middle
        else:
            low = middle
    # A thousandth below certainty there is still room.
    plan = Plan(reckoned, min(high / 1000, 0.9999))
    return plan, drawn.judged_by(plan)


def cases() -> Iterator[tuple[int, float, int]]:
    """Sizes and true coverages, with the number of false visits."""
    for size in SIZES:
        line = Claim(size, size, COVERAGE, ERROR).tolerable
        for false in sorted({line, line + 1, *(round(size * (1 - truth)) for truth in TRUTHS)}, reverse=True):
            yield size, 1 - false / size, false


def run(households: int | None = None) -> list[Figure]:
    """Simulate all points; the size of the data is fixed by what a village is."""
    began = os.times()
    worst_proof, worst_disproof, least_power = (0.0, ""), (0.0, ""), (1.0, "")
    curves: dict[tuple[int, str], list[tuple[float, float]]] = {}
    print(f"{'N':>5} {'true':>7} {'place':>5} {'certified':>9} {'if gone on':>10} {'refuted':>8} {'mean visits':>11}")
    for size, truth, false in cases():
        tolerable = Claim(size, size, COVERAGE, ERROR).tolerable
        for place in PLACES if false else ("even",):
            point = draws(size, false, place, seed=1).judged_by(USUAL)
            words = f"N = {size}, {truth:.2%} true, {place}"
            if false > tolerable:
                worst_proof = max(worst_proof, (point.wrongly_certified(), words))
            else:
                worst_disproof = max(worst_disproof, (point.refused(), words))
            if false <= USUAL.reckoned * (tolerable + 1):
                least_power = min(least_power, (point.share(), words))
            for each in PLACES if not false else (place,):
                curves.setdefault((size, each), []).append((truth, point.share()))
            print(
                f"{size:>5} {truth:>7.2%} {place:>5} {point.share():>9.4f} {point.wrongly_certified():>10.4f} "
                f"{point.refused():>8.4f} {point.visits(min(size, MOST)):>11.1f}",
                flush=True,
            )
    figures = [
        Figure("greatest share certified below 95 %", 100 * worst_proof[0], "%", 6.0, conditions=worst_proof[1]),
        Figure(
            "greatest share refuted at 95 % or more", 100 * worst_disproof[0], "%", 6.0, conditions=worst_disproof[1]
        ),
        Figure(
            "least share certified of what the usual plan reckons with",
            100 * least_power[0],
            "%",
            conditions=f"{least_power[1]}; stated {USUAL.power:.0%}",
        ),
    ]
    figures += list(beside_fixed())
    ended = os.times()
    PICTURE.write_text(draw_curves(curves), encoding="utf-8")
    print(f"processor time {ended.user + ended.system - began.user - began.system:.0f} s; curves in {PICTURE.name}")
    return figures


def beside_fixed() -> Iterator[Figure]:
    """Visits beside a fixed sample of 10 %, at the same power, where it proves anything."""
    titles = ("N", "true", "fixed", "power", "place", "visits", "fewer", "at best", "certified", "plan", "wrongly")
    print("\n" + " ".join(f"{title:>11}" for title in titles))
    worst = (0.0, "")
    for size in SIZES:
        fixed = size // 10
        too_many = Claim(size, size, COVERAGE, ERROR).tolerable + 1
        accepted = accept_number(size, too_many, fixed, ERROR)
        if accepted is None:
            yield _without_false(size, too_many, fixed)
            continue
        beyond = {place: draws(size, too_many, place, seed=3) for place in PLACES}
        for truth in (0.98, 0.99, 1.0):
            false = round(size * (1 - truth))
            power = chance_of_at_most(accepted, size, false, fixed)
            bound = fewest_visits(size, too_many, false, ERROR, power)
            for place in PLACES if false else ("even",):
                plan, point = plan_for(draws(size, false, place, seed=2), false, power)
                mean = point.visits(min(size, MOST))
                wrongly = max((beyond[each].judged_by(plan).wrongly_certified(), each) for each in PLACES)
                worst = max(worst, (wrongly[0], f"N = {size}, {wrongly[1]}, plan for {truth:.0%}, {place}"))
                best = f"{bound:.1f}" if place == "even" else "-"
                if place == "low" and size <= PLACED:
                    least, _ = fewest_visits_placed(size, households(size)[1], too_many, false, ERROR, power)
                    best = f"{math.floor(100 * least) / 100:.2f}"  # a bound is not rounded up
                fewer = f"{100 * (1 - mean / fixed):.0f} %"
                row = (
                    *(size, f"{truth:.2%}", fixed, f"{power:.4f}", place, f"{mean:.1f}", fewer, best),
                    *(f"{point.share():.4f}", f"{plan.reckoned:.3f}/{plan.power:.3f}", f"{wrongly[0]:.4f}"),
                )
                print(" ".join(f"{each:>11}" for each in row), flush=True)
                yield Figure(
                    f"visits, N = {size}, {truth:.1%} true, false visits {place}",
                    mean,
                    "",
                    round(0.6 * fixed, 1),
                    peer=f"fixed 10 %: {fixed}" + (f"; no test has fewer than {best}" if best != "-" else ""),
                    ratio=fixed / mean,
                    conditions=f"power {power:.3f}, plan {plan.reckoned:.3f} at {plan.power:.3f}",
                )
    yield Figure("greatest share these plans certify just below 95 %", 100 * worst[0], "%", 6.0, conditions=worst[1])


def _without_false(size: int, too_many: int, fixed: int) -> Figure:
    """Where the fixed sample proves nothing: households to ask in a village without a false visit."""
    weights, _ = households(size)
    return Figure(
        f"visits to certify {size} without a false one",
        least_visits(Claim(size, size, COVERAGE, ERROR), [*weights[::-1]]),
        "",
        peer=f"10 % = {fixed} proves nothing at 5 %; the least fixed sample that does: "
        f"{least_sample(size, too_many, ERROR)}",
        conditions="all confirmed, the least likely drawn first",
    )


def draw_curves(curves: dict[tuple[int, str], list[tuple[float, float]]]) -> str:
    """The operating curves as SVG: share certified by true coverage, one panel for each size."""
    wide, high, left, top = 250, 150, 46, 34
    colour = {"even": "#0C5A63", "risk": "#B5551A", "low": "#5B3390"}
    label = {"even": "false visits anywhere", "risk": "where the risk is", "low": "only where it is low"}
    parts = []
    for n, size in enumerate(SIZES):
        x0, y0 = left + (n % 3) * (wide + 46), top + (n // 3) * (high + 62)
        low = 0.90

        def at(truth: float, share: float, x0: int = x0, y0: int = y0, low: float = low) -> str:
            return f"{x0 + (truth - low) / (1 - low) * wide:.1f} {y0 + (1 - share) * high:.1f}"

        parts.append(f'<text x="{x0}" y="{y0 - 8}" font-weight="600">{size} households</text>')
        parts.append(f'<path d="M{at(low, 1)}V{y0 + high}H{x0 + wide}" fill="none" stroke="#22272B"/>')
        parts.append(f'<path d="M{at(low, ERROR)}H{x0 + wide}" stroke="#9B1C12" stroke-dasharray="3 3" fill="none"/>')
        parts.append(f'<path d="M{at(COVERAGE, 1)}V{y0 + high}" stroke="#B9B2A3" stroke-dasharray="3 3" fill="none"/>')
        for share in (0, 0.5, 1):
            parts.append(
                f'<text x="{x0 - 6}" y="{y0 + (1 - share) * high + 4:.0f}" text-anchor="end">{share:.0%}</text>'
            )
        for truth in (0.90, 0.95, 1.0):
            x = at(truth, 0).split()[0]
            parts.append(f'<text x="{x}" y="{y0 + high + 16}" text-anchor="middle">{truth:.0%}</text>')
        for place in PLACES:
            line = "L".join(at(truth, share) for truth, share in sorted(curves[size, place]) if truth >= low)
            parts.append(f'<path d="M{line}" fill="none" stroke="{colour[place]}" stroke-width="1.6"/>')
    bottom = top + 2 * (high + 62)
    for n, place in enumerate(PLACES):
        x = left + n * 210
        parts.append(f'<path d="M{x} {bottom - 4}h24" stroke="{colour[place]}" stroke-width="2"/>')
        parts.append(f'<text x="{x + 30}" y="{bottom}">{label[place]}</text>')
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + 3 * (wide + 46)} {bottom + 16}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="#22272B">\n<title>Share of look-backs that certify "true '
        f'coverage at least 95 %" by true coverage; the red line is the error of 5 %</title>\n'
        f'<rect width="100%" height="100%" fill="#FFFFFF"/>\n{body}\n</svg>\n'
    )


if __name__ == "__main__":
    from tests.benchmarks.figures import print_figures

    print_figures(run())
