"""Sessions a second: our length-bucketed loop beside Transformers4Rec's own Trainer.

Both train the same model (GPT-2, d 128, 2 layers, 20 clicks) from the same weights on the same
sessions with the same batch size, optimiser and number of threads, in one process, taking turns.
The Trainer is given its batches from memory and spared gradient clipping, logging and saving, so
that what is compared is padding to full width and a loss over all logits, against neither. Our
loop runs with the output layer in float32, in bfloat16, and with the library's sampled softmax.

    python benchmarks/training.py [--sessions 2000] [--repeats 5] [--threads 1]

Reads the YooChoose 1/64 sessions from RECMIA_DATA where they are there, else draws sessions of the
same shape, and writes training.json and training.md beside this file.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np

from recmia.device import processor_name

HERE = Path(__file__).parent
LENGTH, BATCH = 20, 128
LEARNING_RATE = 2e-3
RECENT = 40_000
SAMPLED = 1000
MIDDLE_AND_ENDS = (np.median, np.min, np.max)


def yoochoose(path: Path) -> list[np.ndarray]:
    """The most recent cleaned sessions: no consecutive repeats, 2 to 20 clicks."""
    sessions = []
    with gzip.open(path, "rt") as file:
        for line in file:
            items = np.array(line.replace(",", " ").split(), dtype=np.int64)
            items = items[np.r_[True, items[1:] != items[:-1]]][-LENGTH:]
            if len(items) >= 2:
                sessions.append(items)
    return sessions[-RECENT:]


def drawn(rng: np.random.Generator) -> list[np.ndarray]:
    """Sessions with YooChoose's mean length and a long-tailed catalogue of about 13,000 items."""
    lengths = np.minimum(1 + rng.geometric(0.33, RECENT), LENGTH)
    items = np.minimum(rng.zipf(1.3, lengths.sum()), 13_000)
    return np.split(items, np.cumsum(lengths)[:-1])


def load(data: Path) -> tuple[str, list[np.ndarray], int]:
    """Name of the data, sessions in ids from 3, and the vocabulary size."""
    path = data / "yoochoose1_64_train_sessions.txt.gz"
    name = "YooChoose 1/64" if path.exists() else "drawn at random"
    sessions = yoochoose(path) if path.exists() else drawn(np.random.default_rng(0))
    catalogue, ids = np.unique(np.concatenate(sessions), return_inverse=True)
    ends = np.cumsum([len(session) for session in sessions])[:-1]
    return name, np.split(ids + 3, ends), len(catalogue) + 3


def main() -> None:
    """Measure and write the two files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

    import torch
    from transformers4rec.config.trainer import T4RecTrainingArguments
    from transformers4rec.torch import Trainer

    from recmia.recommenders import training, transformer
    from recmia.recommenders.settings import Target
    from recmia.sessions import Sessions
    from recmia.storage import write_json, write_text

    torch.set_num_threads(arguments.threads)
    name, sessions, vocabulary = load(Path(os.environ.get("RECMIA_DATA", HERE.parent / "data")))
    chosen = np.random.default_rng(0).choice(len(sessions), arguments.sessions, replace=False)
    lengths = np.array([len(sessions[row]) for row in chosen])
    clicks = np.zeros((len(chosen), LENGTH), dtype=np.int64)
    clicks[np.arange(LENGTH) < lengths[:, None]] = np.concatenate([sessions[r] for r in chosen])
    tokens = torch.from_numpy(Sessions(clicks, lengths, chosen).tokens())
    target = Target(
        d_model=128,
        layers=2,
        heads=2,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        epochs=1,
        recorded_epochs=(1,),
    )

    def ours(n: int, precision=torch.float32, **changes) -> None:
        chosen = target.model_copy(update=changes)
        model = transformer.build_model(chosen, vocabulary, LENGTH + 2, seed=0)
        optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
        yield
        training.train_epoch(
            model, optimiser, tokens[:n], lengths[:n], BATCH, seed=0, epoch=1, precision=precision
        )
        yield

    def theirs(n: int) -> None:
        model = transformer.build_model(target, vocabulary, LENGTH + 2, seed=0)
        loader = torch.utils.data.DataLoader(
            tokens[:n],
            batch_size=BATCH,
            shuffle=True,
            collate_fn=lambda rows: ({transformer.ITEM: torch.stack(rows)}, {}),
        )
        loader._batch_size = BATCH  # the Trainer asks its loader for this
        with tempfile.TemporaryDirectory() as folder:
            settings = T4RecTrainingArguments(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=BATCH,
                learning_rate=LEARNING_RATE,
                lr_scheduler_type="constant",
                max_sequence_length=LENGTH + 2,
                max_grad_norm=0.0,
                optim="adamw_torch",
                logging_strategy="no",
                save_strategy="no",
                report_to=[],
                disable_tqdm=True,
                no_cuda=True,
            )
            trainer = Trainer(model=model, args=settings, train_dataloader=loader)
            yield
            trainer.train()
        yield

    def seconds(loop, n: int) -> tuple[float, float]:
        steps = loop(n)
        next(steps)  # building is not timed
        wall, cpu = time.perf_counter(), time.process_time()
        next(steps)
        return time.perf_counter() - wall, time.process_time() - cpu

    loops = {
        "ours": ours,
        "ours, bfloat16": partial(ours, precision=torch.bfloat16),
        f"ours, {SAMPLED:,} sampled": partial(ours, sampled_negatives=SAMPLED),
        "trainer": theirs,
    }
    for loop in loops.values():
        seconds(loop, 2 * BATCH)
    rounds = [
        {name: seconds(loop, len(tokens)) for name, loop in loops.items()}
        for _ in range(arguments.repeats)
    ]
    rate = {loop: [len(tokens) / turn[loop][0] for turn in rounds] for loop in loops}
    ratios = {loop: np.divide(rate[loop], rate["trainer"]) for loop in loops if loop != "trainer"}
    result = {
        "data": name,
        "sessions": len(tokens),
        "mean_clicks": float(lengths.mean()),
        "vocabulary": vocabulary,
        "d_model": 128,
        "layers": 2,
        "length": LENGTH,
        "batch_size": BATCH,
        "threads": torch.get_num_threads(),
        "processor": processor_name(),
        "versions": {p: version(p) for p in ("torch", "transformers", "transformers4rec")},
        "sessions_per_second": rate,
        "cpu_seconds": {loop: [turn[loop][1] for turn in rounds] for loop in rate},
        "median_sessions_per_second": {loop: float(np.median(rate[loop])) for loop in rate},
        "ratios": {loop: [float(f(r)) for f in MIDDLE_AND_ENDS] for loop, r in ratios.items()},
    }
    write_json(HERE / "training.json", result)
    write_text(HERE / "training.md", _page(result))
    print(_page(result))


def _page(result: dict) -> str:
    median, ratios = result["median_sessions_per_second"], result["ratios"]
    titles = {"ours": "length-bucketed (`recmia.recommenders.training`)"}
    titles |= {"trainer": "Transformers4Rec's Trainer, padded to full width"}
    lines = []
    for loop, rate in median.items():
        title = titles.get(loop, loop.replace("ours", "length-bucketed"))
        ratio = "1"
        if loop in ratios:
            middle, low, high = ratios[loop]
            ratio = f"**{middle:.2f}** ({low:.2f} to {high:.2f})"
        lines.append(f"| {title} | {rate:,.0f} | {ratio} |\n")
    times = len(result["sessions_per_second"]["ours"])
    return f"""# Training: sessions a second

| loop | sessions a second (median of {times}) | ratio (median of the pairs; range) |
|---|---|---|
{"".join(lines)}
{result["data"]}, {result["sessions"]:,} sessions, {result["mean_clicks"]:.2f} clicks on average,
{result["vocabulary"]:,} ids; GPT-2, d {result["d_model"]}, {result["layers"]} layers, length
{result["length"]}, batches of {result["batch_size"]}, AdamW, float32 but for what is named,
{result["threads"]} thread(s) for all on {result["processor"]}; in one process, taking turns, from
the same weights.

Written by `python benchmarks/training.py`.
"""


if __name__ == "__main__":
    main()
