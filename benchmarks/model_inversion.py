"""What one model-inversion attack costs, and how a step of Algorithm 2 grows with m', n and k.

A whole attack (optimise, poison, factorise, recommend) at the paper's sizes, on made-up ratings,
and the seconds of one gradient step beside the paper's O((k + m')nk).

    python benchmarks/model_inversion.py [--repeats 3]

Writes model_inversion.json and model_inversion.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
# Users, items, ratings of a user, k, λ, l, decoys: section 4 of the paper.
SIZES = {
    "Foursquare": (1722, 1983, 15, 30, 0.01, 5, 3),
    "MovieLens": (814, 1124, 62, 30, 0.02, 10, 5),
}
BASE = {"m'": 80, "n": 2000, "k": 30}
GRID = {"m'": (20, 40, 80, 160, 320), "n": (500, 1000, 2000, 4000, 8000), "k": (10, 20, 30, 60)}


def main() -> None:
    """Measure and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    from recmia.inversion.attack import DESCENT, HELD, Attacker, Recommender, draw_decoys, invert
    from recmia.inversion.poisoning import Simulation, linked_start
    from recmia.inversion.ratings import HALF_STARS, VISITS, make_ratings
    from recmia.inversion.utility import Utility
    from recmia.storage import write_json, write_text

    def ratings(users: int, items: int, each: int, scale, zeros: bool):
        rng = np.random.default_rng(0)
        order = rng.random((users, items))
        rated = order <= np.partition(order, each - 1, axis=1)[:, each - 1 : each]
        user, item = rated.nonzero()
        stars = rng.integers(1, 11, len(user)) / 2 if scale is HALF_STARS else np.ones(len(user))
        return make_ratings(user, item, stars, rated.shape, scale, zeros)

    attacks = []
    for name, (users, items, each, k, regularisation, length, decoys) in SIZES.items():
        scale = VISITS if name == "Foursquare" else HALF_STARS
        for zeros in (True, False):
            world = ratings(users, items, each, scale, zeros)
            system = Recommender(k, regularisation, length, sweeps=15)
            chosen = draw_decoys(items, np.array([0]), decoys, 1)
            for choice, camouflage in ((DESCENT, 0.0), (HELD, 0.0), (HELD, 1.0)):
                attacker = Attacker(0.05, each, camouflage, choice)
                seconds = []
                for repeat in range(arguments.repeats):
                    began = time.perf_counter()
                    invert(world, np.array([0]), chosen, system, attacker, repeat)
                    seconds.append(time.perf_counter() - began)
                attacks.append(
                    {
                        "size": name, "zeros_observed": zeros, "choice": choice,
                        "camouflage": camouflage, "seconds": seconds,
                    }
                )  # fmt: skip

    def step(sizes: dict[str, int]) -> float:
        fake, n, k = sizes["m'"], sizes["n"], sizes["k"]
        rng = np.random.default_rng(0)
        world = Simulation(rng.random((n, k)), rng.random((k, k)), 0.1, VISITS, True, sweeps=1)
        utility = Utility(world.items, np.array([0]), np.arange(1, 4), 1.0)
        start = linked_start(fake, n, np.arange(4), 1.0)
        seconds = []
        for _ in range(3 * arguments.repeats):
            began = time.perf_counter()
            world.poisoned(start).gradient(utility)
            seconds.append(time.perf_counter() - began)
        return float(np.median(seconds))

    steps = [
        {"varied": name, **(sizes := BASE | {name: value}), "seconds": step(sizes)}
        for name, values in GRID.items()
        for value in values
    ]
    for one in steps:
        one["operations"] = (one["k"] + one["m'"]) * one["n"] * one["k"]
    result = {"threads": 1, "attacks": attacks, "steps": steps}
    write_json(HERE / "model_inversion.json", result)
    page = _page(result)
    write_text(HERE / "model_inversion.md", page)
    print(page)


def _page(result: dict) -> str:
    lines = ["# Model inversion: what an attack costs", ""]
    lines += ["| size | missing ratings | attack | μ | seconds (median; slowest) |"]
    lines += ["|---|---|---|---|---|"]
    for one in result["attacks"]:
        missing = "observed zeros" if one["zeros_observed"] else "not observed"
        seconds = f"{np.median(one['seconds']):.2f}; {max(one['seconds']):.2f}"
        lines.append(
            f"| {one['size']} | {missing} | {one['choice']} | {one['camouflage']:g} | {seconds} |"
        )
    lines += ["", "One step of Algorithm 2 beside (k + m')nk:", ""]
    lines += [
        "| varied | m' | n | k | milliseconds | ns for each (k + m')nk |",
        "|---|---|---|---|---|---|",
    ]
    for one in result["steps"]:
        rate, fake = 1e9 * one["seconds"] / one["operations"], one["m'"]
        lines.append(
            f"| {one['varied']} | {fake} | {one['n']} | {one['k']} | "
            f"{1e3 * one['seconds']:.1f} | {rate:.2f} |"
        )
    lines += [
        "",
        "One thread; the paper's sizes on made-up ratings, α = 0.05. An attack is a training,",
    ]
    lines += ["the optimisation, a training with the malicious users, and the lists."]
    lines += ["", "Written by `python benchmarks/model_inversion.py`."]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
