"""What the reading "as released" costs: a draw of all nine cells, and the perceptron's step.

On made-up users of MovieLens-1M's size after the split by record (3,938 a side, 78 items each,
3,706 items): vectors, lists, features, three perceptrons, nine cells. NCF's network, which is
trained once a split and not once a draw, is measured apart.

    python benchmarks/released.py [--draws 4]

Writes released.json and released.md beside this file.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
USERS, ITEMS, EACH = 3938, 3706, 78


def main() -> None:
    """Measure and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    import torch

    from recmia.attacks.stacked import train_stacked
    from recmia.data.interactions import Interactions
    from recmia.released import neural_cf, perceptron
    from recmia.released.draws import Draw, everything
    from recmia.released.noise import popular_items
    from recmia.released.recipe import Recipe
    from recmia.released.splits import split_records
    from recmia.released.world import world_of
    from recmia.sessions import FIRST_ITEM
    from recmia.storage import write_json, write_text

    def seconds(work) -> tuple[float, object]:
        begin = time.process_time()
        made = work()
        return time.process_time() - begin, made

    rng, n = np.random.default_rng(0), 3 * EACH
    weights = 1 / np.arange(1, ITEMS + 1) ** 0.7
    items = (rng.random((USERS, ITEMS)) ** (1 / weights)).argpartition(-n, axis=1)[:, -n:]
    users = np.repeat(np.arange(USERS), n)
    known = Interactions(users, items.ravel() + FIRST_ITEM, np.arange(USERS), np.arange(ITEMS))
    split = split_records(known, least=60, seed=1)
    ncf, lists = seconds(lambda: neural_cf.lists(split.shadow, seed=1, epochs=1))
    world = world_of(
        split, 2000, ncf={"lists": lists, "popular": popular_items(split.target, 2000)}
    )
    recipe, found = Recipe(), []
    for number in range(arguments.draws + 1):  # the first one compiles
        made, seen = seconds(
            lambda number=number: everything(Draw(world, 1, number), recipe, world.kinds)
        )
        trained, models = seconds(
            lambda seen=seen: [
                perceptron.train(*seen[kind, "shadow"], seed=1) for kind in world.kinds
            ]
        )
        scored, _ = seconds(
            lambda seen=seen, models=models: [
                perceptron.probabilities(np.stack(models), seen[kind, "target"][0])
                for kind in world.kinds
            ]
        )
        found.append((made, trained, scored))
    of_draw = np.array(found[1:])
    features, membership = seen["lfm", "shadow"]
    rows = np.concatenate([np.arange(500), len(features) - 500 + np.arange(500)])
    compiled, _ = seconds(lambda: perceptron.train(features[rows], membership[rows], seed=1))
    x, y = torch.from_numpy(features[rows])[None], torch.from_numpy(membership[rows])[None]
    plain, _ = seconds(
        lambda: train_stacked(
            x, y, epochs=20, momentum=0.9, shuffle=False, softmax_twice=True, seeds=[1]
        )
    )
    names = ("vectors, lists, features", "three perceptrons, 20 epochs", "scores of nine cells")
    result = {
        "draws": arguments.draws,
        "seconds": dict(zip(names, of_draw.mean(axis=0).tolist(), strict=True)),
        "draw": float(of_draw.sum(axis=1).mean()),
        "20 draws": float(20 * of_draw.sum(axis=1).mean()),
        "NCF, an epoch": ncf,
        "compiled": compiled,
        "plain": plain,
    }
    write_json(HERE / "released.json", result)
    lines = [
        "# The reading as released\n",
        f"CPU seconds of one thread, mean of {arguments.draws} draws; {USERS:,} users a side with "
        f"about {EACH} items each, {ITEMS:,} items.\n",
        "| part of a draw | CPU seconds |",
        "|---|---:|",
        *(f"| {name} | {value:.2f} |" for name, value in result["seconds"].items()),
        f"| a draw of all nine cells | {result['draw']:.2f} |",
        f"| 20 draws | {result['20 draws']:.0f} |",
        "",
        f"NCF as released takes {ncf:.0f} seconds an epoch, 20 epochs a split. The perceptron's "
        f"steps, 1,000 users and 20 epochs: {compiled:.2f} s compiled, {plain:.1f} s in tensor "
        f"operations, **{plain / compiled:.0f}** times as long.\n",
        "Written by `python benchmarks/released.py`.",
    ]
    write_text(HERE / "released.md", "\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
