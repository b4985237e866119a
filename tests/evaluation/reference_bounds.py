"""Bounds of jax-privacy on random tables, and how ``reference_bounds.json`` was made with it.

In an environment of its own, for jax-privacy wants a newer NumPy than the study:

    python -m venv reference && reference/bin/pip install jax-privacy==2.0.0
    reference/bin/python tests/evaluation/reference_bounds.py
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np

PATH = Path(__file__).with_suffix(".json")
ERRORS, DELTAS = (0.01, 0.05, 0.1), (1e-6, 1e-5, 1e-4, 1e-3)
TABLES = 50


def main() -> None:
    rng = np.random.default_rng(0)
    made = {
        "source": f"jax-privacy {version('jax_privacy')}, scipy {version('scipy')}",
        "made_by": "tests/evaluation/reference_bounds.py",
        "pair": [one_threshold(rng) for _ in range(TABLES)],
        "thresholds": [several_thresholds(rng) for _ in range(TABLES)],
        "one_run": [one_run(rng, largest=20_000) for _ in range(TABLES)],
        "f_dp": [one_run(rng, largest=2_000) for _ in range(TABLES)],
    }
    for kind in ("pair", "thresholds", "one_run", "f_dp"):
        for table in made[kind]:
            table["bounds"] = of_jax_privacy(kind, table)
    lines = [f'  "{name}": {json.dumps(made[name])}' for name in ("source", "made_by")]
    for kind in ("pair", "thresholds", "one_run", "f_dp"):
        tables = ",\n".join("    " + json.dumps(table) for table in made[kind])
        lines.append(f'  "{kind}": [\n{tables}\n  ]')
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def of_jax_privacy(kind: str, table: dict) -> dict[str, float]:
    """What jax-privacy says of a table, by the names of our functions."""
    from jax_privacy import auditing

    at = auditing.Explicit(0.5)
    error, delta = table["error"], table["delta"]
    if kind == "thresholds":
        auditor = auditing.CanaryScoreAuditor(*scores_of(table))
        return {
            "pair_epsilon": float(auditor.epsilon_clopper_pearson(error, delta, one_sided=False)),
            "gaussian_pair_epsilon": float(auditor.epsilon_from_gdp(error, delta, eps_tol=1e-12)),
        }
    right, wrong = table["hits"], table["alarms"]
    auditor = auditing.CanaryScoreAuditor(
        np.arange(table["members"]) < right, np.arange(table["nonmembers"]) < wrong
    )
    if kind == "pair":
        sides = {"pair_epsilon": False, "one_sided": True}
        return {
            name: float(auditor.epsilon_clopper_pearson(error, delta, side, threshold_strategy=at))
            for name, side in sides.items()
        }
    if kind == "one_run":
        found = auditor.epsilon_one_run(error, delta, threshold_strategy=at)
        return {"one_run_epsilon": float(found)}
    found = auditor.epsilon_one_run_fdp(error, delta, threshold_strategy=at)
    return {"one_run_f_dp_epsilon": float(found)}


def one_threshold(rng: np.random.Generator) -> dict:
    members, nonmembers = (int(10 ** rng.uniform(1, 4.5)) for _ in range(2))
    rates = np.sort(rng.beta(0.5, 0.5, 2))[::-1]
    counts = dict(zip(("hits", "alarms"), rng.binomial([members, nonmembers], rates), strict=True))
    counts = {name: int(count) for name, count in counts.items()}
    return {"members": members, "nonmembers": nonmembers, **counts, **limits(rng)}


def several_thresholds(rng: np.random.Generator) -> dict:
    """Counts at the thresholds that jax-privacy takes: the corners of the hull of the ROC curve.

    Its μ is the largest absolute value of Φ⁻¹(1 - FPR⁺) - Φ⁻¹(FNR⁺), ours the largest value: only
    tables on which both are the same one are taken.
    """
    from jax_privacy import auditing
    from scipy.stats import beta, norm

    while True:
        members, nonmembers = (int(10 ** rng.uniform(2, 4)) for _ in range(2))
        inside = rng.binomial(6, rng.uniform(0.5, 0.95), members)
        outside = rng.binomial(6, rng.uniform(0.05, 0.5), nonmembers)
        auditor = auditing.CanaryScoreAuditor(inside, outside)
        misses, rejected = auditor._fn_counts, auditor._tn_counts
        asked = limits(rng)
        share = asked["error"] / (2 * len(misses))
        fnr = beta.isf(share, misses[:-1] + 1, members - misses[:-1])
        fpr = beta.isf(share, nonmembers - rejected[1:] + 1, rejected[1:])
        mu = norm.isf(fpr[:-1]) - norm.ppf(fnr[1:])  # without the two ends, where a rate is 1
        if mu.max() > -mu.min():
            break
    return {
        "members": members,
        "nonmembers": nonmembers,
        "hits": (members - misses).tolist(),
        "alarms": (nonmembers - rejected).tolist(),
        **asked,
    }


def scores_of(table: dict) -> list[np.ndarray]:
    """Scores of members and non-members that give a table's falling counts."""
    levels = np.arange(len(table["hits"]))
    sides = []
    for name in ("hits", "alarms"):
        reached = np.array([*table[name], 0])
        sides.append(np.repeat(levels, reached[:-1] - reached[1:]))
    return sides


def one_run(rng: np.random.Generator, largest: int) -> dict:
    """Guesses "in" on some of the canaries, right with some probability of one half or more."""
    canaries = int(10 ** rng.uniform(1.3, np.log10(largest)))
    guesses = int(rng.integers(2, canaries // 2 + 2))
    right = int(rng.binomial(guesses, 1 - rng.beta(0.5, 1) / 2))
    members = right + int(rng.integers(1, canaries - guesses + 1)) if guesses < canaries else right
    members = min(max(members, right, 1), canaries - 1)
    nonmembers = canaries - members
    counts = {"hits": right, "alarms": min(guesses - right, nonmembers)}
    return {"members": members, "nonmembers": nonmembers, **counts, **limits(rng)}


def limits(rng: np.random.Generator) -> dict:
    return {"error": float(rng.choice(ERRORS)), "delta": float(rng.choice(DELTAS))}


if __name__ == "__main__":
    main()
