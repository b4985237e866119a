"""Notebook 06: the proposal's figures and the leakage curves, from saved results only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from recmia import plots
from recmia.embedding import tsne_embedding
from recmia.evaluation.metrics import ROC_AUC, roc_curve
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import draw_declared
from recmia.experiments.results import frame, join_paper_values, read_results
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.experiments.words import Words
from recmia.papers.proposal.attacking import pictured, scores
from recmia.papers.proposal.names import (
    AUGMENTED,
    BLIND,
    HELDOUT,
    LOSS,
    MLP,
    NEAR_MISS,
    NONE,
    PUBLISHED_READING,
    SHADOW,
    STUDY,
    TARGET,
)
from recmia.papers.proposal.paper import PAPER
from recmia.papers.proposal.scoring import Case
from recmia.papers.proposal.training import Key, best_epochs, curves, load_records
from recmia.recommenders.training import TrainingRecord
from recmia.seeds import child_seed, generator
from recmia.storage import read_arrays

FIGURES = Path(__file__).with_name("figures.yaml")
STEPS = ("04_attack", "05_baselines")


def draw_all(study: Study) -> list[dict]:
    """Draw every figure into the report's folder.

    Returns:
        What ``figures.json`` holds: file, title, caption and source of each figure.
    """
    figures = FigureSet(study, STUDY)
    records = load_records(study)
    best = best_epochs(study, curves(records))
    last = study.settings.target.epochs
    rows = [row for step in STEPS for row in read_results(study.need(f"{step}/results.csv"))]
    _correlations(figures, 1, best[PUBLISHED_READING], "generalises best")
    _correlations(figures, 2, last, "is overfitted")
    _pipeline(figures)
    _attack_inputs(figures, last)
    _leakage(figures, rows, records, best)
    _roc(figures, last)
    draw_training(figures, records)
    draw_declared(figures, FIGURES, join_paper_values(rows, [PAPER]), Words())
    return figures.close()


def _embed(study: Study, parts: dict[str, np.ndarray], name: str) -> pd.DataFrame:
    """t-SNE of an equal sample of members and non-members: x, y, membership."""
    rng = generator(study.settings.root_seed, "tsne", name)
    count = min(study.settings.figures.tsne_sessions, *(len(part) for part in parts.values()))
    sample = [part[rng.permutation(len(part))[:count]] for part in parts.values()]
    points = tsne_embedding(
        np.concatenate(sample),
        perplexity=study.settings.figures.perplexity,
        seed=child_seed(study.settings.root_seed, "tsne", name, "start"),
    )
    members = np.repeat([kind == "members" for kind in parts], count)
    return pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "membership": members})


def _correlations(figures: FigureSet, number: int, epoch: int, what: str) -> None:
    saved = read_arrays(pictured(figures.study, PUBLISHED_READING, epoch).ensure())
    frame = _embed(
        figures.study,
        {
            "members": saved["members|correlation"],
            "nonmembers": saved["heldout|correlation"],
        },
        f"figure{number}",
    )
    figures.add(
        plots.tsne_scatter(frame, title=f"Output-input correlation, epoch {epoch}"),
        f"figure{number}",
        f"Figure {number}: output-input correlation where the target {what}",
        f"t-SNE of how far the target's output at each step points at the item clicked next "
        f"(quartiles and last of the standardised score of the clicked item), for training and "
        f"held-out sessions of the first seed, at epoch {epoch}.",
        ["04_attack"],
    )


def _attack_inputs(figures: FigureSet, epoch: int) -> None:
    saved = read_arrays(pictured(figures.study, PUBLISHED_READING, epoch).ensure())
    panels = []
    for condition, cohort in ((NEAR_MISS, "near_misses"), (HELDOUT, "heldout")):
        panels.append(
            _embed(
                figures.study,
                {
                    "members": saved["members|features"],
                    "nonmembers": saved[f"{cohort}|features"],
                },
                f"figure4 {condition}",
            ).assign(panel=f"against {condition} sessions")
        )
    figures.add(
        plots.tsne_scatter(
            pd.concat(panels), title=f"What the attack sees, epoch {epoch}", panel="panel"
        ),
        "figure4",
        "Figure 4: the attack's inputs",
        "t-SNE of the score features that the attack learns from, members beside near-miss "
        "(the proposal's non-members) and held-out sessions, first seed, at the last epoch.",
        ["04_attack"],
    )


def _pipeline(figures: FigureSet) -> None:
    steps = [(step.name, step.title, step.inputs, step.outputs) for step in PAPER.steps]
    figures.add(
        plots.pipeline_diagram(steps),
        "figure3",
        "Figure 3: the pipeline",
        "Drawn from the steps that the pipeline runs: notebooks, what they read and write.",
        ["recmia.papers.proposal.paper"],
    )


def _leakage(
    figures: FigureSet,
    rows: list[Row],
    records: dict[Key, TrainingRecord],
    best: dict[str, int],
) -> None:
    curve = curves(records)
    curve = curve[curve.side == "target"]
    table = frame(row for row in rows if row.artefact == "Leakage curve" and row.metric == ROC_AUC)
    table = table[table.nonmembers.isin([HELDOUT, NEAR_MISS])].rename(
        columns={"nonmembers": "condition"}
    )
    for reading in figures.study.settings.readings:
        ndcg = curve[curve.reading == reading].groupby("epoch").validation_ndcg_20.mean()
        own = table[table.augmented == AUGMENTED[reading]]
        parts = [
            own[(own.attack == attack) & (own.labels == labels)].assign(
                attack=attack if attack == LOSS else f"{attack}, {labels} labels"
            )
            for attack, labels in ((MLP, TARGET), (MLP, SHADOW), (LOSS, SHADOW))
        ]
        shown = pd.concat(parts).astype({"epoch": int})
        what = f"augmented as {AUGMENTED[reading]}"
        figures.add(
            plots.leakage_curves(
                shown.assign(ndcg=shown.epoch.map(ndcg)),
                best_epoch=best[reading],
                title=f"Leakage against training and ranking quality, {what}",
            ),
            "leakage_curves" + ("" if reading == PUBLISHED_READING else f"_{reading}"),
            f"Leakage curves ({what})",
            "ROC AUC of the attacks at every recorded epoch (epoch 0: untrained), and against the "
            "target's ranking quality on unseen sessions. Bands: 95% bootstrap over seeds and "
            "groups of sessions. The dashed line is the checkpoint that validation would choose.",
            ["04_attack", "03_train"],
        )


def _roc(figures: FigureSet, epoch: int) -> None:
    cases = [Case(MLP, name, TARGET, epoch) for name in (HELDOUT, NEAR_MISS)]
    cases += [Case(MLP, HELDOUT, SHADOW, epoch)]
    cases += [Case(BLIND, name, NONE, None) for name in (HELDOUT, NEAR_MISS)]
    saved = read_arrays(scores(figures.study, PUBLISHED_READING, 0).ensure())
    parts = []
    for case in cases:
        fpr, tpr = roc_curve(saved[f"{case.name}|scores"], saved[f"{case.units}|membership"])[:2]
        name = case.attack if case.attack == BLIND else f"{case.attack}, {case.labels} labels"
        parts.append(
            pd.DataFrame({"fpr": fpr, "tpr": tpr, "attack": name, "condition": case.nonmembers})
        )
    figures.add(
        plots.roc_curves(pd.concat(parts), title=f"ROC curves, epoch {epoch}, first seed"),
        "roc",
        "ROC curves on logarithmic axes",
        "What an attacker who must not be wrong can still claim: true positive rate at low false "
        "positive rates, at the last epoch, for the first seed.",
        ["04_attack"],
    )


def draw_training(figures: FigureSet, records: dict[Key, TrainingRecord]) -> None:
    """The overfitting curve: training loss and ranking quality of every target."""
    curve = curves(records)
    curve = curve[curve.side == "target"]
    curve = curve.assign(reading=curve.reading.map(AUGMENTED))
    measures = {"train_loss": "training loss, nats a click", "validation_ndcg_20": "NDCG@20"}
    long = curve.melt(["epoch", "reading"], list(measures), "row").replace({"row": measures})
    seeds = long.dropna().groupby(["row", "reading", "epoch"], sort=False).value
    frame = seeds.agg(value="mean", ci_low="min", ci_high="max").reset_index()
    frame = frame.rename(columns={"epoch": "x", "reading": "series"})
    figures.add(
        plots.curves(
            frame.assign(panel="", style="", paper_value=np.nan),
            title="Overfitting",
            xlabel="epoch",
        ),
        "overfitting",
        "The overfitting curve",
        "Training loss and ranking quality on unseen sessions of every target: means, and the "
        "range over seeds.",
        ["03_train"],
    )
