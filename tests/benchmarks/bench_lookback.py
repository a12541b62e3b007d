"""Operating curves of the look-back that certifies, beside a fixed sample of 10 %, by simulation.

A village of N households all of which count is to be certified "true coverage >= 95 %" with an error of 5 %. False
visits are placed evenly, where the risk is (20 to 1), or, against the weights, only where it is low; a tenth of the
households carries the risk. Every point of a curve is 10,000 look-backs, each a draw of its own by the weights the
product would use. ``python -m tests.benchmarks.bench_lookback``.

At equal power means: the fixed sample accepts with a probability known exactly (hypergeometric, with the largest number
of false visits that keeps its error). The look-back gets the least budget of visits with which it certifies as often,
and stops early as soon as it is decided or can no longer be certified within that budget; its mean number of visits is
compared with the fixed sample's.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nchypergeom_wallenius

from data.rules.lookback import SHARES, STAKES, Claim, Frame, evidence_against, evidence_for, frame_of, least_visits
from data.rules.lookback_draw import weights_of
from data.rules.lookback_fixed import accept_number, chance_of_at_most, least_sample
from data.settings import ROOT
from tests.benchmarks.figures import Figure

ABOUT = "Operating curves of the look-back: its error and its visits beside a fixed sample of 10 %."
SIZES = (30, 100, 300, 1000, 3000)
# Besides these, the true coverages next to the line on either side, where wrong statements are likeliest.
TRUTHS = (0.90, 0.93, 0.97, 0.98, 0.99, 1.0)
PLACES = ("even", "risk", "low")
COVERAGE, ERROR = 0.95, 0.05
LOOKS, PIECE = 10_000, 1000
# Draws looked at in the largest villages: whatever is not decided by then counts as undecided.
MOST = 600
RISKY = 0.1
PICTURE = ROOT / "templates" / "docs" / "img" / "bench-lookback-curves.svg"


@dataclass(frozen=True)
class Point:
    """What came of many look-backs at one size, truth and placement; times are infinite where it never happened."""

    certified: NDArray[np.float64]
    refuted: NDArray[np.float64]
    hopeless: NDArray[np.float64]

    def share(self, budget: float = math.inf) -> float:
        """How many were certified, before anything else and within the budget."""
        return float(np.mean((self.certified <= budget) & (self.certified < self.refuted)))

    def refused(self) -> float:
        """How many were refuted before anything else."""
        return float(np.mean(self.refuted < self.certified))


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
    return is_false, frame_of(weights[order])


def first(reached: NDArray[np.bool_]) -> NDArray[np.float64]:
    """After how many draws something held, for each row; infinite if it never did."""
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def simulate(size: int, false: int, place: str, seed: int, budget: int | None = None) -> Point:
    """Look back ``LOOKS`` times; with a budget also when it was clear that it would not be certified within it."""
    rng = np.random.default_rng([seed, size, false, PLACES.index(place)])
    claim = Claim(size, size, COVERAGE, ERROR)
    length = min(size, MOST)
    pieces = []
    for _ in range(LOOKS // PIECE):
        found, frame = look(rng, size, false, place, length)
        proof = first(evidence_for(found, frame, claim.tolerable) >= 1 / ERROR)
        against = first(evidence_against(found, frame, claim.tolerable) >= 1 / ERROR)
        gone = np.full(PIECE, np.inf) if budget is None else hopeless(found, frame, claim.tolerable, budget)
        pieces.append((proof, against, gone))
    return Point(*(np.concatenate(parts) for parts in zip(*pieces, strict=True)))


def hopeless(found: NDArray[np.bool_], frame: Frame, tolerable: int, budget: int) -> NDArray[np.float64]:
    """After how many draws confirmations alone could not certify within the budget; every tenth draw is looked at."""
    gone = np.full(len(found), np.inf)
    bad = found.astype(float)
    before = np.cumsum(bad, axis=1) - bad
    need = tolerable + 1 - before
    greatest = frame.greatest[:, : found.shape[1]]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(need > 0, (need - bad * frame.inverse[:, : found.shape[1]]) / (greatest - need), 0.0)
        logs = np.cumsum(np.log1p(np.maximum(gain[..., None] * SHARES, -1.0)), axis=1)
        for at in range(10, budget, 10):
            left = (need - bad)[:, at - 1][:, None]
            later = left / np.maximum(greatest[:, at:budget] - left, 1e-9)
            ahead = np.log1p(np.maximum(later, 0.0)[..., None] * SHARES).sum(axis=1)
            best = (np.exp(np.minimum(logs[:, at - 1] + ahead, 600.0)) * STAKES).sum(axis=1)
            out = ((best < 1 / ERROR) | (left[:, 0] <= 0)) & np.isinf(gone)
            gone[out] = at
    return gone


def at_equal_power(size: int, false: int, place: str, power: float, seed: int) -> tuple[float, int]:
    """Mean number of visits with the least budget that certifies at least as often as ``power``, and that budget."""
    once = simulate(size, false, place, seed)
    times = np.sort(once.certified[once.certified < once.refuted])
    wanted = math.ceil(power * LOOKS)
    budget = int(times[wanted - 1]) if 0 < wanted <= len(times) else min(size, MOST)
    point = simulate(size, false, place, seed, budget)
    stop = np.minimum(np.minimum(point.certified, point.refuted), np.minimum(point.hopeless, budget))
    return float(stop.mean()), budget


def cases() -> Iterator[tuple[int, float, int]]:
    """Sizes and true coverages, with the number of false visits."""
    for size in SIZES:
        line = Claim(size, size, COVERAGE, ERROR).tolerable
        for false in sorted({line, line + 1, *(round(size * (1 - truth)) for truth in TRUTHS)}, reverse=True):
            yield size, 1 - false / size, false


def run(households: int | None = None) -> list[Figure]:
    """Simulate all points; the size of the data is fixed by what a village is."""
    began = os.times()
    worst_proof, worst_disproof = (0.0, ""), (0.0, "")
    curves: dict[tuple[int, str], list[tuple[float, float]]] = {}
    print(f"{'N':>5} {'true':>7} {'place':>5} {'certified':>9} {'refuted':>8} {'mean visits':>11}")
    for size, truth, false in cases():
        bad = false > Claim(size, size, COVERAGE, ERROR).tolerable
        for place in PLACES if false else ("even",):
            point = simulate(size, false, place, seed=1)
            mean = float(np.minimum(np.minimum(point.certified, point.refuted), min(size, MOST)).mean())
            words = f"N = {size}, {truth:.1%} true, {place}"
            if bad:
                worst_proof = max(worst_proof, (point.share(), words))
            else:
                worst_disproof = max(worst_disproof, (point.refused(), words))
            for each in PLACES if not false else (place,):
                curves.setdefault((size, each), []).append((truth, point.share()))
            print(
                f"{size:>5} {truth:>7.2%} {place:>5} {point.share():>9.4f} {point.refused():>8.4f} {mean:>11.1f}",
                flush=True,
            )
    figures = [
        Figure("greatest share certified below 95 %", 100 * worst_proof[0], "%", 6.0, conditions=worst_proof[1]),
        Figure(
            "greatest share refuted at 95 % or more", 100 * worst_disproof[0], "%", 6.0, conditions=worst_disproof[1]
        ),
    ]
    figures += list(beside_fixed())
    ended = os.times()
    PICTURE.write_text(draw_curves(curves), encoding="utf-8")
    print(f"processor time {ended.user + ended.system - began.user - began.system:.0f} s; curves in {PICTURE.name}")
    return figures


def beside_fixed() -> Iterator[Figure]:
    """Visits beside a fixed sample of 10 %, at the same power, where it proves anything."""
    print(f"\n{'N':>5} {'true':>7} {'fixed':>5} {'power':>6} {'place':>5} {'visits':>7} {'budget':>6} {'fewer':>6}")
    for size in SIZES:
        fixed = size // 10
        too_many = Claim(size, size, COVERAGE, ERROR).tolerable + 1
        accepted = accept_number(size, too_many, fixed, ERROR)
        if accepted is None:
            weights, _ = households(size)
            clean = least_visits(Claim(size, size, COVERAGE, ERROR), [*weights[::-1]])
            yield Figure(
                f"visits to certify {size} without a false one",
                clean,
                "",
                peer=f"10 % = {fixed} proves nothing at 5 %; the least fixed sample that does: "
                f"{least_sample(size, too_many, ERROR)}",
                conditions="all confirmed, the least likely drawn first",
            )
            continue
        for truth in (0.98, 0.99, 1.0):
            false = round(size * (1 - truth))
            power = chance_of_at_most(accepted, size, false, fixed)
            for place in PLACES if false else ("even",):
                mean, budget = at_equal_power(size, false, place, power, seed=2)
                fewer = 100 * (1 - mean / fixed)
                words = f"{size:>5} {truth:>7.2%} {fixed:>5} {power:>6.3f} {place:>5} {mean:>7.1f} {budget:>6}"
                print(f"{words} {fewer:>5.0f}%", flush=True)
                yield Figure(
                    f"visits, N = {size}, {truth:.1%} true, false visits {place}",
                    mean,
                    "",
                    round(0.6 * fixed, 1),
                    peer=f"fixed 10 %: {fixed}",
                    ratio=fixed / mean,
                    conditions=f"power {power:.3f}, budget {budget}",
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
