"""Back-test of the forecast on many simulated campaigns that nothing was set on.

Run with ``python -m tests.benchmarks.bench_forecast``.
"""

from __future__ import annotations

import time

from tests.campaigns import result_of

SEEDS = range(400_000, 404_000)


def main() -> None:
    """Print the figures."""
    began = time.perf_counter()
    found = result_of(SEEDS)
    print(
        f"{found.tested} campaigns: 80 % intervals held in {100 * found.held:.1f} %, width {found.width:.1f} points; "
        f"error of the median {found.error:.2f} points, straight line {found.line_error:.2f}; "
        f"Brier score of the probability {found.brier:.4f}, straight line {found.line_brier:.4f}; "
        f"{time.perf_counter() - began:.0f} s"
    )


if __name__ == "__main__":
    main()
