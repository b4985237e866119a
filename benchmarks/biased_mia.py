"""Biased-MIA on lists: seconds and memory against the number of users, plain loops beside it.

Users are made up: 50 tastes over 10,000 items; members' lists hold more of their own taste than
non-members', with much overlap, so that the attack is neither easy nor hopeless. Every size runs in
a process of its own: arrays in, scores out, after imports; reading the same users from CSV files is
measured in another one. Also: what larger steps change (`recmia.attacks.biased_mia.units_a_step`),
and the same work done by plain loops, one user and one step of one model at a time.

    python benchmarks/biased_mia.py [--users 2000 6000 20000 60000 200000] [--part NAME]

Parts are sizes, steps and loops; each rewrites its own part of biased_mia.json and biased_mia.md
beside this file. All take about an hour, most of it the four million single steps of "steps".
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from recmia.device import processor_name

HERE = Path(__file__).parent
ITEMS, TASTES, DIM = 10_000, 50, 100
HISTORY, LIST = 50, 100
MEMBER_TASTE, NONMEMBER_TASTE, SPREAD = 0.50, 0.25, 8
SIZES = (2_000, 6_000, 20_000, 60_000, 200_000)
STEP_SIZES = (20_000, 60_000, 200_000)
SEEDS, LOOP_MODELS = 5, 27
POPULARITY = np.cumsum(1 / (np.arange(ITEMS) + 10.0))


def drawn(users: int, name: str):
    """A side of made-up users: every other one a member."""
    import pyarrow as pa

    from recmia.audit.sides import Side
    from recmia.seeds import generator

    draw = generator(0, "benchmark", name, users)
    taste = draw.integers(0, TASTES, users)
    member = np.arange(users) % 2 == 0
    mean = np.where(member, MEMBER_TASTE, NONMEMBER_TASTE)
    share = draw.beta(SPREAD * mean, SPREAD * (1 - mean))
    return Side(
        users=pa.array(np.arange(users)).cast(pa.string()),
        history_items=_items(draw, taste, np.full(users, 0.6), HISTORY),
        history_offsets=np.arange(users + 1) * HISTORY,
        list_items=_items(draw, taste, share, LIST),
        list_offsets=np.arange(users + 1) * LIST,
        membership=member,
        labelled=np.ones(users, dtype=bool),
        file_order=np.arange(users),
        counts={},
        skipped={},
    )


def _items(draw, taste: np.ndarray, share: np.ndarray, length: int) -> np.ndarray:
    """int32 [n * length]: a share from each user's taste, popular or not, the rest popular."""
    parts = []
    for rows in np.array_split(np.arange(len(taste)), max(1, len(taste) // 10_000)):
        shape = (len(rows), length)
        popular = np.searchsorted(POPULARITY, draw.random(shape) * POPULARITY[-1])
        own = draw.random(shape, dtype=np.float32) < share[rows, None]
        niche = draw.integers(0, ITEMS // TASTES, shape) * TASTES + taste[rows, None]
        items = np.where(own, niche, popular)
        parts.append(items.astype(np.int32).ravel())
    return np.concatenate(parts)


def item_vectors() -> np.ndarray:
    """float32 [ITEMS, DIM]: factorised from 2,000 other users, as the attack does it."""
    from threadpoolctl import threadpool_limits

    from recmia.attacks.item_vectors import factorise
    from recmia.sessions import FIRST_ITEM

    histories = drawn(2_000, "others").history_items.reshape(2_000, HISTORY) + FIRST_ITEM
    lengths = np.full(2_000, HISTORY)
    with threadpool_limits(1):
        vectors = factorise(
            histories.astype(np.int64), lengths, ITEMS + FIRST_ITEM, dim=DIM, seed=0
        )
    return vectors[FIRST_ITEM:]


def attack_once(users: int, vectors: np.ndarray) -> dict:
    """Arrays in, scores out."""
    import torch

    from recmia.attacks.biased_mia import units_a_step
    from recmia.audit.scoring import AuditSettings, attack_lists
    from recmia.evaluation.metrics import hard_label_auc, roc_auc

    shadow, target = drawn(users, "shadow"), drawn(users, "target")
    settings = AuditSettings()
    wall, cpu = time.perf_counter(), time.process_time()
    scores, threshold = attack_lists(shadow, target, vectors, settings)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    mean = scores.mean(axis=0)
    return {
        "users": users,
        "seeds": settings.seeds,
        "threads": torch.get_num_threads(),
        "batch_size": units_a_step(users),
        "seconds": wall,
        "cpu_seconds": cpu,
        "peak_mib": _peak_mib(),
        "roc_auc": roc_auc(mean, target.membership),
        "hard_label_auc": hard_label_auc(mean >= threshold, target.membership),
    }


def write_side(users: int, name: str, folder: Path) -> None:
    """The three files of a side, with lists whose items are made distinct."""
    import pyarrow as pa
    import pyarrow.csv as pcsv

    side = drawn(users, name)
    folder.mkdir()
    names = np.array([f"user{n:07d}" for n in range(users)])
    products = pa.array([f"item{n:05d}" for n in range(ITEMS)])
    # Distinct within a list: consecutive items from the first on.
    first = side.list_items.reshape(users, LIST)[:, :1]
    listed = ((first + np.arange(LIST)) % ITEMS).ravel()
    columns = {
        "interactions": (HISTORY, {"item_id": products.take(pa.array(side.history_items))}),
        "recommendations": (
            LIST,
            {
                "item_id": products.take(pa.array(listed)),
                "rank": np.tile(np.arange(1, LIST + 1), users),
            },
        ),
        "membership": (1, {"member": side.membership.astype(int)}),
    }
    for name, (length, values) in columns.items():
        table = pa.table(
            {"user_id": pa.array(names).take(pa.array(_owners(users, length)))} | values
        )
        pcsv.write_csv(table, folder / f"{name}.csv")


def _owners(users: int, length: int) -> np.ndarray:
    return np.repeat(np.arange(users), length)


def read_once(folder: Path) -> dict:
    """CSV files in, arrays out, for one side."""
    import pyarrow as pa

    from recmia.audit.sides import read_side
    from recmia.audit.vectors import ItemSpace

    names = pa.array([f"item{n:05d}" for n in range(ITEMS)])
    space = ItemSpace(names, np.zeros((ITEMS, DIM), dtype=np.float32), "benchmark", ())
    wall, cpu = time.perf_counter(), time.process_time()
    side = read_side(folder, space, top_k=None, labels=True)
    return {
        "rows": side.counts["interactions"] + side.counts["recommendations"] + len(side),
        "mib": sum(path.stat().st_size for path in folder.iterdir()) / 2**20,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": _peak_mib(),
    }


def sizes(users: list[int], vectors: Path) -> list[dict]:
    """Attack and reading at every size, each in a fresh process."""
    rows = []
    for n in users:
        row = {"load": os.getloadavg()[0]} | _in_process("attack", str(n), str(vectors))
        with tempfile.TemporaryDirectory() as folder:
            write_side(n, "shadow", Path(folder) / "side")
            row["reading"] = _in_process("read", str(Path(folder) / "side"))
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def steps(users: list[int], vectors: np.ndarray) -> list[dict]:
    """ROC AUC of each seed for single steps and for the steps that the rule takes."""
    import torch

    from recmia.attacks.biased_mia import units_a_step
    from recmia.attacks.difference_vectors import difference_vectors_flat
    from recmia.attacks.stacked import train_stacked
    from recmia.evaluation.metrics import hard_label_auc, roc_auc

    rows = []
    for n in users:
        sides = [drawn(n, "shadow"), drawn(n, "target")]
        x, z = (
            torch.from_numpy(
                difference_vectors_flat(
                    s.history_items, s.history_offsets, s.list_items, s.list_offsets, vectors
                )
            )
            for s in sides
        )
        y, truth = torch.from_numpy(sides[0].membership), sides[1].membership
        row = {"users": n, "seeds": SEEDS}
        batch = units_a_step(n)
        tried = {"rule": (batch, 0.01 * batch), "unscaled": (batch, 0.01), "single": (1, 0.01)}
        for name, (batch, rate) in tried.items():
            begin = time.process_time()
            stack = train_stacked(
                x.expand(SEEDS, -1, -1),
                y.expand(SEEDS, -1),
                batch_size=batch,
                learning_rate=rate,
                seeds=list(range(SEEDS)),
            )
            scores = stack.probabilities(z.expand(SEEDS, -1, -1))[:, :, 1].numpy()
            row[name] = {
                "batch_size": batch,
                "learning_rate": rate,
                "cpu_seconds": time.process_time() - begin,
                "roc_auc": [roc_auc(s, truth) for s in scores],
                "hard_label_auc": [hard_label_auc(s >= 0.5, truth) for s in scores],
            }
            print(json.dumps({"users": n, **row[name]}), flush=True)
        rows.append(row)
    return rows


def loops(vectors: np.ndarray) -> dict:
    """Features and training of 2,000 users, beside plain loops, one thread for all."""
    import torch

    from recmia.attacks.difference_vectors import difference_vectors_flat
    from recmia.attacks.stacked import train_stacked

    torch.set_num_threads(1)  # so that CPU seconds are what one core needs
    side = drawn(2_000, "shadow")
    flat = (side.history_items, side.history_offsets, side.list_items, side.list_offsets)

    rows = torch.from_numpy(vectors)

    def user_by_user() -> np.ndarray:
        result = np.empty((len(side), DIM), dtype=np.float32)
        for user in range(len(side)):
            centre, listed = torch.zeros(DIM), torch.zeros(DIM)
            for item in side.history_items[user * HISTORY : (user + 1) * HISTORY]:
                centre = centre + rows[item]
            for item in side.list_items[user * LIST : (user + 1) * LIST]:
                listed = listed + rows[item] / LIST
            result[user] = (centre / HISTORY - listed).numpy()
        return result

    def mean_by_mean() -> np.ndarray:
        histories = side.history_items.reshape(-1, HISTORY)
        lists = side.list_items.reshape(-1, LIST)
        pairs = zip(histories, lists, strict=True)
        return np.stack([vectors[h].mean(axis=0) - vectors[r].mean(axis=0) for h, r in pairs])

    ours, seconds = _timed(lambda: difference_vectors_flat(*flat, vectors), 5)
    plain, plain_seconds = _timed(user_by_user, 1)
    means, mean_seconds = _timed(mean_by_mean, 3)
    for other in (plain, means):
        np.testing.assert_allclose(ours, other, atol=1e-4)

    x, y = torch.from_numpy(ours), torch.from_numpy(side.membership)

    def stacked() -> None:
        train_stacked(
            x.expand(LOOP_MODELS, -1, -1),
            y.expand(LOOP_MODELS, -1),
            epochs=2,
            seeds=list(range(LOOP_MODELS)),
        )

    def one_model() -> None:
        torch.manual_seed(0)
        sizes = (DIM, 32, 8, 2)
        layers = [torch.nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
        hidden = [part for layer in layers[:-1] for part in (layer, torch.nn.ReLU())]
        model = torch.nn.Sequential(*hidden, layers[-1])
        optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.7)
        label = y.long()
        for row in torch.randperm(len(x)):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[row : row + 1]), label[row : row + 1])
            loss.backward()
            optimiser.step()

    _, stacked_seconds = _timed(stacked, 3)
    _, single_seconds = _timed(one_model, 3)
    per_model = stacked_seconds / 2 / LOOP_MODELS
    return {
        "users": len(side),
        "models": LOOP_MODELS,
        "features": {
            "ours": seconds,
            "item_by_item": plain_seconds,
            "mean_by_mean": mean_seconds,
            "ratio": plain_seconds / seconds,
            "ratio_to_means": mean_seconds / seconds,
        },
        "training": {
            "stacked_seconds_a_model_and_epoch": per_model,
            "plain_seconds_a_model_and_epoch": single_seconds,
            "ratio": single_seconds / per_model,
        },
    }


def _timed(function, repeats: int):
    """Result and median CPU seconds."""
    seconds = []
    for _ in range(repeats):
        begin = time.process_time()
        result = function()
        seconds.append(time.process_time() - begin)
    return result, float(np.median(seconds))


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _in_process(*arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, "--child", *arguments], check=True, stdout=subprocess.PIPE
    )
    return json.loads(done.stdout)


def _child(kind: str, *arguments: str) -> None:
    if kind == "attack":
        from recmia.storage import read_arrays

        vectors = read_arrays(arguments[1])["vectors"]
        print(json.dumps(attack_once(int(arguments[0]), vectors)))
    else:
        print(json.dumps(read_once(Path(arguments[0]))))


def main() -> None:
    """Measure and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, nargs="+", default=SIZES)
    parser.add_argument("--part", choices=["sizes", "steps", "loops"])
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(*arguments.child)
        return

    from recmia.storage import read_json, write_arrays, write_json, write_text

    wanted = [arguments.part] if arguments.part else ["sizes", "steps", "loops"]
    vectors = item_vectors()
    measured: dict = {}
    if "sizes" in wanted:
        with tempfile.TemporaryDirectory() as folder:
            path = write_arrays(Path(folder) / "vectors.npz", vectors=vectors)
            measured["sizes"] = sizes(list(arguments.users), path)
    if "steps" in wanted:
        measured["steps"] = steps([n for n in arguments.users if n in STEP_SIZES], vectors)
    if "loops" in wanted:
        measured["loops"] = loops(vectors)
    path = HERE / "biased_mia.json"
    result = (read_json(path) if path.exists() else {}) | measured
    result["machine"] = {
        "cores": os.cpu_count(),
        "processor": processor_name(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("torch", "numpy", "pyarrow")},
    }
    write_json(path, result)
    write_text(HERE / "biased_mia.md", _page(result))
    print(_page(result))


def _page(result: dict) -> str:
    parts = [(name, render) for name, render in _PARTS.items() if name in result]
    machine = result["machine"]
    return f"""# Biased-MIA on lists

Made-up users, {HISTORY} interactions and lists of {LIST} each, {ITEMS:,} items, vectors of {DIM}
dimensions, 20 epochs; {machine["cores"]} cores of {machine["processor"]}, Python \
{machine["python"]}, torch {machine["versions"]["torch"]}. Other work ran on the machine: read CPU
seconds, wall seconds are upper bounds; load is the load average when a measurement began.

{"".join(render(result[name]) for name, render in parts)}
Written by `python benchmarks/biased_mia.py`.
"""


def _sizes_page(rows: list[dict]) -> str:
    lines, before = [], None
    for row in rows:
        growth = ""
        if before:
            more = row["users"] / before["users"]
            growth = f"{row['cpu_seconds'] / before['cpu_seconds']:.1f}x for {more:.1f}x"
        reading = row["reading"]
        cells = [
            f"{row['users']:,}",
            row["batch_size"],
            f"{row['seconds']:.1f}",
            f"{row['cpu_seconds']:.1f}",
            growth,
            f"{row['peak_mib']:,.0f}",
            f"{row['roc_auc']:.3f}",
            f"{reading['rows'] / 1e6:.1f}",
            f"{reading['seconds']:.1f}",
            f"{reading['cpu_seconds']:.1f}",
            f"{reading['peak_mib']:,.0f}",
            f"{row['load']:.1f}",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |\n")
        before = row
    return f"""## Seconds and memory against users

Difference vectors of both sides, {rows[0]["seeds"]} seeds of the attack trained on the shadow side,
scores of the target's users: arrays in, scores out, after imports, each size in a fresh process.
{rows[0]["threads"]} thread(s). Peak memory is that process's, imports and made-up users included.
Reading: the three CSV files of one side, in another process.

| users a side | users a step | seconds | CPU seconds | growth | peak (MiB) | ROC AUC | \
reading: million rows | seconds | CPU seconds | peak (MiB) | load |
|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{"".join(lines)}
"""


def _steps_page(rows: list[dict]) -> str:
    names = {
        "single": "single steps",
        "rule": "larger steps, learning rate with them",
        "unscaled": "larger steps, learning rate as it was",
    }
    lines = []
    for row in rows:
        for kind, name in names.items():
            found = row[kind]
            areas, hard = np.array(found["roc_auc"]), np.array(found["hard_label_auc"])
            lines.append(
                f"| {row['users']:,} | {name} | {found['batch_size']} | "
                f"{found['learning_rate']:g} | {areas.mean():.4f} ± {areas.std(ddof=1):.4f} | "
                f"{hard.mean():.4f} ± {hard.std(ddof=1):.4f} | {found['cpu_seconds']:.0f} |\n"
            )
    return f"""## What larger steps change

From 20,000 users on a step takes users // 10,000 of them, at most 20, at as many times the
learning rate. Mean and standard deviation over {rows[0]["seeds"]} seeds of the attack on the same
users (the target has as many users as the shadow side).

| users a side | steps | users a step | learning rate | ROC AUC | hard-label AUC | CPU seconds |
|---:|---|---:|---:|---:|---:|---:|
{"".join(lines)}
"""


def _loops_page(found: dict) -> str:
    features, training = found["features"], found["training"]
    return f"""## Against plain loops

{found["users"]:,} users; CPU seconds of one thread, all in one process.

| work | plain | ours | ratio |
|---|---:|---:|---:|
| difference vectors, item after item (as the paper's code does) | \
{1000 * features["item_by_item"]:,.0f} ms | {1000 * features["ours"]:,.1f} ms | \
**{features["ratio"]:.0f}** |
| difference vectors, user after user with NumPy means | \
{1000 * features["mean_by_mean"]:,.0f} ms | {1000 * features["ours"]:,.1f} ms | \
{features["ratio_to_means"]:.0f} |
| training, one model and epoch: autograd and SGD against a stack of {found["models"]} | \
{training["plain_seconds_a_model_and_epoch"]:.2f} s | \
{training["stacked_seconds_a_model_and_epoch"]:.4f} s | **{training["ratio"]:.0f}** |

"""


_PARTS = {"sizes": _sizes_page, "steps": _steps_page, "loops": _loops_page}


if __name__ == "__main__":
    main()
