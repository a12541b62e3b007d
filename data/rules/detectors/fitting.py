"""How the weights of the detectors were found: logistic regression on simulated rounds, weights not below zero.

Run with ``python -m data.rules.detectors.fitting``; it prints the contents of ``weights.py``. First the detectors are
weighed against one another, then a visit's own sum against the doubt about the visits that stand with it.
"""

from __future__ import annotations

import numpy as np

from data.rules.detectors.arrays import Bools, Floats
from data.rules.detectors.combine import COMPANY_LEVELS, DETECTORS, LEVELS, Asked, company, features
from data.samples.cheating import make_round

# Rounds for fitting; never those of a benchmark or a test.
SEEDS = tuple(range(1_000, 1_008))
WORKERS = 320
# Share of visits that took place which may be flagged on the rounds for fitting; half of what is promised.
_ALARMS = 0.005
_RIDGE = 2.0


def fit(features: Floats, is_false: Bools) -> tuple[float, Floats]:
    """Weights that make the log-odds of visits.

    Parameters
    ----------
    features : ndarray, shape (n, k)
    is_false : ndarray of bool, shape (n,)

    Returns
    -------
    (float, ndarray of shape (k,))
        Bias and weights; a detector can only speak against a visit.
    """
    from scipy.optimize import minimize

    sign = np.where(is_false, 1.0, -1.0)

    def loss(beta: Floats) -> tuple[float, Floats]:
        margin = sign * (beta[0] + features @ beta[1:])
        value = np.logaddexp(0, -margin).sum() + _RIDGE * (beta[1:] ** 2).sum()
        pull = -sign / (1 + np.exp(np.clip(margin, -50, 50)))
        slope = np.concatenate([[pull.sum()], features.T @ pull + 2 * _RIDGE * beta[1:]])
        return float(value), slope

    start = np.zeros(features.shape[1] + 1)
    bounds = [(None, None), *[(0.0, None)] * features.shape[1]]
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    return float(best.x[0]), np.asarray(best.x[1:])


def flag_from(log_odds: Floats, is_false: Bools, alarms: float = _ALARMS) -> float:
    """Log-odds above which no more than a share of the visits that took place lie."""
    return float(np.quantile(log_odds[~is_false], 1 - alarms))


def main() -> None:
    """Fit on the rounds for it and print the weights."""
    asked = Asked(min_minutes=30.0, earliest_h=7.0, latest_h=21.5)
    rounds = [make_round(WORKERS, seed) for seed in SEEDS]
    done = np.concatenate([one.visits.done for one in rounds])
    is_false = np.concatenate([one.is_false for one in rounds])[done]
    tables = [
        features(one.visits, {name: look(one.visits, asked) for name, look in DETECTORS.items()}) for one in rounds
    ]
    bias, weights = fit(np.concatenate(tables)[done], is_false)
    beside = [company(one.visits, bias + table @ weights) for one, table in zip(rounds, tables, strict=True)]
    with_company = np.concatenate(beside)[done]
    company_bias, company_weights = fit(with_company, is_false)
    threshold = flag_from(company_bias + with_company @ company_weights, is_false)
    names = [f"{name}.{level}" for name in DETECTORS for level in LEVELS]
    print(f"BIAS = {bias:.3f}\nCOMPANY_BIAS = {company_bias:.3f}\nFLAG_FROM = {threshold:.3f}")
    _print_table("WEIGHTS", dict(zip(names, weights, strict=True)))
    _print_table("COMPANY", dict(zip(COMPANY_LEVELS, company_weights, strict=True)), least=0.0)


def _print_table(name: str, values: dict[str, float], least: float = 0.0005) -> None:
    print(f"{name}: dict[str, float] = {{")
    for key, value in values.items():
        if value >= least:
            print(f'    "{key}": {value:.3f},')
    print("}")


if __name__ == "__main__":
    main()
