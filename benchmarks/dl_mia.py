"""DL-MIA: seconds and memory of a fit, and how they grow with units, length and models in a stack.

Vectors are the made-up ones of `recmia.papers.dl_mia.planted_vectors`, widened to length l by a
random rotation: memory and time do not depend on what they hold. Every measurement runs in a
process of its own on one thread: arrays in, trained models out, after imports.

    python benchmarks/dl_mia.py [--part NAME]

Parts are fit (the paper's 200 + 100 epochs on 2,000 + 2,000 vectors, from beginning to end),
growth (units and lengths), stack (models side by side, the three encoders, a smaller decoder) and
steps (what the size of a step changes); each rewrites its own part of dl_mia.json and dl_mia.md
beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from recmia.device import processor_name

HERE = Path(__file__).parent
UNITS, WIDTH = 2_000, 100
MODEL_EPOCHS = 250  # 200, and half of the alternating 100
GROWTH = [(n, WIDTH) for n in (1_000, 2_000, 4_500, 9_000)] + [(UNITS, w) for w in (20, 50)]
STACKS = [
    ("disentangled", 1, 100), ("disentangled", 3, 100), ("disentangled", 6, 100),
    ("disentangled", 6, 50), ("beta-vae", 6, 100), ("factor-vae", 6, 100),
]  # fmt: skip
STEPS, STEP_UNITS, STEP_EPOCHS, SEEDS = (25, 50, 100), 1_000, 60, 4
TIMED = 3


def drawn(units: int, width: int, models: int):
    """Sides of made-up units, widened to ``width``: [M, n, l], and labels [M, n]."""
    from recmia.papers.dl_mia.planted_vectors import planted
    from recmia.seeds import generator

    case = planted(units, transfers=True, draws=models)
    known = case.shadow.shape[2]
    turn = generator(0, "benchmark", width).normal(size=(known, width)) / np.sqrt(known)
    wide = [(side @ turn).astype(np.float32) for side in (case.shadow, case.target)]
    return wide[0], case.membership, wide[1], case.truth


def measured(units: int, width: int, models: int, **schedule) -> dict:
    """CPU seconds of an epoch of each model, the least of a few; memory of the process."""
    import torch

    from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA

    torch.set_num_threads(1)
    shadow, membership, target, _ = drawn(units, width, models)
    marks = []
    stack = StackedDLMIA(
        seeds=range(models),
        schedule=Schedule(pretrain_epochs=TIMED + 1, **schedule),
        progress=lambda epochs: marks.append(time.process_time()),
    )
    stack.pretrain(shadow, membership, target)
    least = float(np.diff(marks).min()) / models
    return {
        "units": units,
        "width": width,
        "models": models,
        **schedule,
        "cpu_seconds_an_epoch": least,
        "cpu_seconds_a_fit": MODEL_EPOCHS * least,
        "peak_mib": _peak_mib(),
    }


def whole_fit() -> dict:
    """One model at the paper's 200 + 100 epochs, from beginning to end."""
    import torch

    from recmia.attacks.stacked_dl_mia import StackedDLMIA
    from recmia.evaluation.metrics import roc_auc

    torch.set_num_threads(1)
    shadow, membership, target, truth = drawn(UNITS, WIDTH, 1)
    wall, cpu = time.perf_counter(), time.process_time()
    stack = StackedDLMIA(seeds=[0]).pretrain(shadow, membership, target).alternate()
    return {
        "units": UNITS,
        "width": WIDTH,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
        "roc_auc": roc_auc(stack.score(target)[0], truth[0]),
        "peak_mib": _peak_mib(),
    }


def stepped(batch_size: int) -> dict:
    """ROC AUC of several seeds where a step takes so many shadow units."""
    import torch

    from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
    from recmia.evaluation.metrics import roc_auc

    torch.set_num_threads(1)
    sides = drawn(STEP_UNITS, WIDTH, 1)
    shadow, membership, target, truth = (np.repeat(part, SEEDS, axis=0) for part in sides)
    schedule = Schedule(
        pretrain_epochs=STEP_EPOCHS, alternating_epochs=STEP_EPOCHS // 2, batch_size=batch_size
    )
    cpu = time.process_time()
    stack = StackedDLMIA(seeds=range(SEEDS), schedule=schedule)
    stack = stack.pretrain(shadow, membership, target).alternate()
    areas = [roc_auc(s, t) for s, t in zip(stack.score(target), truth, strict=True)]
    return {
        "batch_size": batch_size,
        "cpu_seconds": (time.process_time() - cpu) / SEEDS,
        "roc_auc": areas,
    }


def _in_process(function: str, **arguments) -> dict:
    """A measurement in a fresh process; load is the load average when it began."""
    command = [sys.executable, __file__, "--child", function, json.dumps(arguments)]
    load = os.getloadavg()[0]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = {"load": load} | json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), flush=True)
    return found


def _peak_mib() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _growth() -> list[dict]:
    return [_in_process("measured", units=n, width=w, models=1) for n, w in GROWTH]


def _stack() -> list[dict]:
    return [
        _in_process(
            "measured", units=1_000, width=WIDTH, models=m, encoder=encoder, decoder_hidden=hidden
        )
        for encoder, m, hidden in STACKS
    ]


PARTS = {
    "fit": lambda: _in_process("whole_fit"),
    "growth": _growth,
    "stack": _stack,
    "steps": lambda: [_in_process("stepped", batch_size=size) for size in STEPS],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, values = arguments.child
        print(json.dumps(globals()[name](**json.loads(values))))
        return

    from recmia.storage import read_json, write_json, write_text

    path = HERE / "dl_mia.json"
    for part in [arguments.part] if arguments.part else PARTS:
        result = (read_json(path) if path.exists() else {}) | {part: PARTS[part]()}
        result["machine"] = {
            "cores": os.cpu_count(),
            "processor": processor_name(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in ("torch", "numpy")},
        }
        write_json(path, result)
        write_text(HERE / "dl_mia.md", _page(result))
    print(_page(read_json(path)))


def _page(result: dict) -> str:
    machine = result["machine"]
    text = f"""# DL-MIA

Made-up difference vectors, one thread; {machine["cores"]} cores of {machine["processor"]}, Python \
{machine["python"]}, torch {machine["versions"]["torch"]}. Load is the load average when a
measurement began: where it is above the number of cores, other work ran as well, and seconds are
upper bounds.

"""
    renderers = {"fit": _fit_page, "growth": _growth_page, "stack": _stack_page}
    for part, render in (renderers | {"steps": _steps_page}).items():
        if part in result:
            text += render(result[part])
    return text + "Written by `python benchmarks/dl_mia.py`.\n"


def _fit_page(row: dict) -> str:
    return f"""## One fit

{row["units"]:,} + {row["units"]:,} vectors of length {row["width"]}, one model alone, 200 + 100 \
epochs: {row["cpu_seconds"]:.0f} CPU seconds, {row["seconds"]:.0f} seconds, peak \
{row["peak_mib"]:,.0f} MiB, ROC AUC {row["roc_auc"]:.3f}; load {row["load"]:.1f}.

"""


def _growth_page(rows: list[dict]) -> str:
    lines = "".join(
        f"| {r['units']:,} | {r['width']} | {1000 * r['cpu_seconds_an_epoch']:.0f} | "
        f"{r['cpu_seconds_a_fit']:.0f} | {r['peak_mib']:,.0f} | {r['load']:.1f} |\n"
        for r in rows
    )
    return f"""## Growth

One model alone. An epoch has about twenty steps up to 20,480 shadow units, so what a step costs
whatever its size shows at the small sizes. A fit is {MODEL_EPOCHS} epochs of the model.

| units a side | l | CPU ms an epoch | CPU seconds a fit | peak (MiB) | load |
|---:|---:|---:|---:|---:|---:|
{lines}
"""


def _stack_page(rows: list[dict]) -> str:
    first = rows[0]["cpu_seconds_an_epoch"]
    lines = "".join(
        f"| {r['encoder']} | {r['models']} | {r['decoder_hidden']} | "
        f"{1000 * r['cpu_seconds_an_epoch']:.0f} | {r['cpu_seconds_a_fit']:.1f} | "
        f"{first / r['cpu_seconds_an_epoch']:.1f} | {r['load']:.1f} |\n"
        for r in rows
    )
    return f"""## Models side by side

{rows[0]["units"]:,} units a side, l = {rows[0]["width"]}; per model of the stack.

| encoder | models | decoder's hidden units | CPU ms an epoch | CPU seconds a fit | times faster | \
load |
|---|---:|---:|---:|---:|---:|---:|
{lines}
"""


def _steps_page(rows: list[dict]) -> str:
    lines = "".join(
        f"| {r['batch_size']} | {np.mean(r['roc_auc']):.4f} ± {np.std(r['roc_auc'], ddof=1):.4f} | "
        f"{r['cpu_seconds']:.1f} |\n"
        for r in rows
    )
    return f"""## What the size of a step changes

{STEP_UNITS:,} units a side, {STEP_EPOCHS} + {STEP_EPOCHS // 2} epochs; mean and standard \
deviation over {SEEDS} seeds of the attack on the same vectors. The rule takes 50.

| shadow units a step | ROC AUC | CPU seconds a model |
|---:|---:|---:|
{lines}
"""


if __name__ == "__main__":
    main()
