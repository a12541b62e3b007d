"""Back-test of the forecast on many simulated campaigns that nothing was set on.

Run with ``python -m tests.benchmarks.bench_forecast``.
"""

from __future__ import annotations

import sys
import time

from tests.benchmarks.figures import Figure, alone
from tests.campaigns import result_of

ABOUT = "Back-test of the forecast: how often 80 % intervals hold what came, beside a straight line."
SEEDS = range(400_000, 404_000)


def run(households: int | None = None) -> list[Figure]:
    """Measure on simulated campaigns; their sizes are their own."""
    began = time.perf_counter()
    found = result_of(SEEDS)
    line = f"straight line {found.line_error:.2f}"
    told = f"{found.tested} campaigns, {time.perf_counter() - began:.0f} s"
    brier_line = f"straight line {found.line_brier:.4f}"
    return [
        Figure("80 % intervals that hold what came", 100 * found.held, "%", 75, at_least=True, conditions=told),
        Figure("the same, at most", 100 * found.held, "%", 85, conditions=told),
        Figure("width of the intervals", found.width, "points", conditions=told),
        Figure("error of the median", found.error, "points", found.line_error, peer=line),
        Figure("Brier score of the probability", found.brier, "", found.line_brier, peer=brier_line),
    ]


if __name__ == "__main__":
    sys.exit(alone(run))
