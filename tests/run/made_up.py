"""Made-up results in the columns that the notebooks use, for the report's tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recmia.experiments.results import write_results
from recmia.experiments.rows import Row

STEPS_OF_ROWS = ("01_preprocess", "02_augment", "03_train", "04_attack", "05_baselines")
AUGMENTED = ("non-members", "trained on")
EPOCHS = (0, 15, 45, 90)


def row(artefact: str, metric: str, value: float | int, half: float = 0.012, **columns: Any) -> Row:
    """A row of the main study on made-up data."""
    limits = {"ci_low": value - half, "ci_high": value + half} if half else {}
    given = {"study": "proposal", "artefact": artefact, "dataset": "YooChoose, made up"}
    return Row(**given | {"metric": metric, "value": value} | limits | columns)


def rows_of(step: str) -> list[Row]:
    """Rows that a step would write."""
    return list(
        {
            "01_preprocess": _data,
            "02_augment": _audit,
            "03_train": _ranking,
            "04_attack": _attacks,
            "05_baselines": _baselines,
        }[step]()
    )


def _data():
    facts = {"days": 182, "items": 17745, "sessions": 131491, "interactions": 557248}
    facts |= {"mean session length": 4.238, "Gini index": 0.871}
    for metric, value in facts.items():
        yield row("Table 1", metric, value, half=0)


def _audit():
    audit = {"near-misses that were members, drawn again": 402, "share with neither": 0.3125}
    for fact, value in audit.items():
        yield row("Cohort audit", fact, value, half=0, reading="control", n_seeds=3)


def _ranking():
    for augmented in AUGMENTED:
        for checkpoint, value in (("best validation", 0.31), ("last", 0.28)):
            columns = {"recommender": "gpt2", "augmented": augmented, "checkpoint": checkpoint}
            yield row("Ranking quality", "HR@20", value, **columns)
    yield row("Ranking quality", "HR@20", 0.011, recommender="popularity")
    columns = {"augmented": "non-members"}
    target = {"recommender": "gpt2", "checkpoint": "best validation"}
    yield row("Ranking quality", "NDCG@20", 0.19, **columns | target)
    yield row("Ranking quality", "NDCG@20", 0.23, **columns | {"recommender": "item-neighbours"})


def _attacks():
    for i, augmented in enumerate(AUGMENTED):
        for j, labels in enumerate(("target", "shadow")):
            for k, nonmembers in enumerate(("held-out", "near-miss")):
                if i and k:
                    continue
                for epoch in EPOCHS:
                    value = 0.5 + 0.465 * (epoch / 90) ** 0.5 - 0.03 * j - 0.02 * k - 0.01 * i
                    published = not i and not j and k == 1
                    columns = {"augmented": augmented, "labels": labels, "nonmembers": nonmembers}
                    yield from _attack(value, epoch, published, columns)
        for nonmembers, value in (("near-miss", 0.61), ("held-out", 0.5)):
            columns = {"attack": "blind baseline", "reading": "control", "labels": "none"}
            columns |= {"augmented": augmented, "nonmembers": nonmembers}
            yield row("Controls", "ROC AUC", value, **columns)
        yield from _coverage(columns | {"nonmembers": "held-out"})


def _coverage(columns: dict[str, Any]):
    """What is known of items alone, and what is left where they tell nothing."""
    yield row("Controls", "ROC AUC", 0.64, **columns | {"attack": "coverage baseline"})
    known = columns | {"subset": "known items"}
    yield row("Controls", "ROC AUC", 0.5, **known)
    other = {"attack": "MLP on scores", "variant": "scores of a model that saw neither cohort"}
    yield row("Controls", "ROC AUC", 0.502, **known | other)
    attack = known | {"attack": "MLP on scores", "labels": "shadow", "reading": "corrected"}
    best = {"checkpoint": "best validation", "epoch": 15}
    yield row("Leakage curve", "ROC AUC", 0.62, **attack | best)
    yield row("Table 2", "ROC AUC", 0.9, **attack | {"epoch": 90})


def _attack(value: float, epoch: int, published: bool, columns: dict[str, Any]):
    columns = columns | {"attack": "MLP on scores", "epoch": epoch, "n_seeds": 3}
    columns["checkpoint"] = "best validation" if epoch == 15 else None
    columns["reading"] = "as published" if published else "corrected"
    yield row("Leakage curve", "ROC AUC", value, **columns)
    if epoch == EPOCHS[-1]:
        note = "" if columns["labels"] == "target" else "realistic: no label of the target is used"
        yield row("Table 2", "ROC AUC", value, note=note, **columns)
        yield row("Table 2", "TPR at 1% FPR", 0.312, **columns)
        subset = columns | {"reading": "corrected", "subset": "unique sessions"}
        yield row("Table 2", "ROC AUC", value - 0.004, **subset)


def _baselines():
    for attack, value in (("Biased-MIA", 0.507), ("DL-MIA", 0.497), ("random guess", 0.501)):
        columns = {"attack": attack, "augmented": "non-members", "nonmembers": "near-miss"}
        columns |= {"epoch": 90, "n_seeds": 3}
        one = {"serving": "one model for everybody", "reading": "as published"}
        yield row("Table 2", "ROC AUC", value, **columns | one)
        two = {"serving": "popularity lists for non-members", "reading": "control"}
        note = "it may be the other algorithm that is found"
        yield row("Controls", "ROC AUC", min(value + 0.45, 0.985), note=note, **columns | two)


def write_figures(folder: Path) -> None:
    """Two figures with their list."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, title in (("figure1", "t-SNE, generalising"), ("leakage_curves", "Leakage curve")):
        figure = Figure(figsize=(6, 4))
        axes = figure.subplots()
        axes.plot(EPOCHS, [0.5, 0.7, 0.85, 0.95], marker="o")
        axes.set(xlabel="epoch", ylabel="ROC AUC")
        for suffix, metadata in (("png", None), ("svg", {"Date": None})):
            figure.savefig(folder / f"{name}.{suffix}", dpi=110, metadata=metadata)
        entries.append(
            {
                "file": f"{name}.png",
                "title": title,
                "caption": "Members and non-members at the best-validation checkpoint.",
                "source": ["results.csv"],
                "artefact": "Figure 1" if name == "figure1" else "Leakage curve",
            }
        )
    (folder / "figures.json").write_text(json.dumps(entries))


def write_step(step: str, artifacts: Path) -> None:
    """What a step's notebook would write."""
    write_results(rows_of(step), artifacts / step)
