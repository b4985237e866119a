"""Notebook 06: the proposal's figures and the leakage curves, from saved results only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recmia import plots
from recmia.evaluation.metrics import ROC_AUC, roc_curve
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.results import frame, join_paper_values, read_results
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.experiments.study import Study
from recmia.experiments.words import Words
from recmia.papers.proposal.attacking import pictured_epochs, scores
from recmia.papers.proposal.names import (
    AUGMENTED,
    BLIND,
    HELDOUT,
    KNOWN,
    LOSS,
    MLP,
    NEAR_MISS,
    NONE,
    PUBLISHED_READING,
    SHADOW,
    TARGET,
)
from recmia.papers.proposal.paper import PAPER
from recmia.papers.proposal.pictures import Picture, pictures
from recmia.papers.proposal.scoring import Case
from recmia.papers.proposal.training import best_epochs, curves, load_records
from recmia.storage import read_arrays

FIGURES = DeclaredFigures(PAPER.name, Path(__file__).with_name("figures.yaml"))
WORDS = Words()
NDCG = "validation_ndcg_20"
KNOWN_CAPTION = (
    " Among sessions whose every item another training session holds, so that no item gives a "
    "session away."
)


def draw_all(study: Study) -> list[dict]:
    """Draw every figure into the report's folder.

    Returns:
        What ``figures.json`` holds: file, title, caption and source of each figure.
    """
    figures, last = FigureSet(study, FIGURES.folder), study.settings.target.epochs
    steps = ("04_attack", "05_baselines")
    rows = [row for step in steps for row in read_results(study.need(f"{step}/results.csv"))]
    curve = curves(load_records(study))
    best = best_epochs(study, curve)
    curve = curve[curve.side == "target"]
    made = pictures(study, best)
    make_all(study, list(made.values()), label="t-SNE pictures")
    FIGURES.draw_into(figures, join_paper_values(rows, [PAPER]))
    _correlations(figures, made, best, curve)
    _pipeline(figures)
    _attack_inputs(figures, made, last)
    for reading in study.settings.readings:
        for subset in (None, KNOWN):
            _leakage(figures, rows, reading, curve[curve.reading == reading], best[reading], subset)
    _roc(figures, last)
    _training(figures, curve)
    return figures.close()


def _points(kept: Kept) -> pd.DataFrame:
    """x, y and membership."""
    points = read_arrays(kept.path)["points"]
    members = np.arange(len(points)) < len(points) // 2
    return pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "membership": members})


def _correlations(
    figures: FigureSet, made: dict[Picture, Kept], best: dict[str, int], curve: pd.DataFrame
) -> None:
    """Figures 1 and 2; each picture says how well the target ranked by then."""
    ndcg = curve[curve.reading == PUBLISHED_READING].groupby("epoch")[NDCG].mean()
    epochs = pictured_epochs(figures.study, best)
    titles = {
        "Figure 1": "output-input correlation early in training, and where the target ranks best",
        "Figure 2": "output-input correlation where the target is overfitted",
    }
    for artefact, title in titles.items():
        panels = [
            _points(kept).assign(
                panel=f"epoch {(epoch := epochs[picture.checkpoint])}: NDCG@20 {ndcg[epoch]:.3f}"
            )
            for picture, kept in made.items()
            if picture.artefact == artefact
        ]
        figures.add(
            plots.tsne_scatter(
                pd.concat(panels), title=f"{artefact}: output-input correlation", panel="panel"
            ),
            artefact.lower().replace(" ", ""),
            f"{artefact}: {title}",
            "t-SNE of how far the target's output at each step points at the item clicked next "
            "(quartiles and last of the standardised score of the clicked item), for training and "
            "held-out sessions of the first seed. The table has the ROC AUC of telling the two "
            "apart by the nearest points: one half where the colours mix.",
            ["04_attack"],
            artefact,
        )


def _attack_inputs(figures: FigureSet, made: dict[Picture, Kept], epoch: int) -> None:
    panels = [
        _points(kept).assign(panel=f"against {picture.nonmembers} sessions")
        for picture, kept in made.items()
        if picture.artefact == "Figure 4"
    ]
    figures.add(
        plots.tsne_scatter(
            pd.concat(panels), title=f"What the attack sees, epoch {epoch}", panel="panel"
        ),
        "figure4",
        "Figure 4: the attack's inputs",
        "t-SNE of the score features that the attack learns from, members beside near-miss "
        "(the proposal's non-members) and held-out sessions, first seed, at the last epoch.",
        ["04_attack"],
        "Figure 4",
    )


def _pipeline(figures: FigureSet) -> None:
    ran = [step for step in figures.study.settings.steps if step in PAPER.steps]
    steps = [(step.name, step.title, step.inputs, step.outputs) for step in ran]
    figures.add(
        plots.pipeline_diagram(steps),
        "figure3",
        "Figure 3: the pipeline",
        "Drawn from the steps that the pipeline runs: notebooks, what they read and write.",
        ["recmia.papers.proposal.paper"],
        "Figure 3",
    )


def _leakage(
    figures: FigureSet,
    rows: list[Row],
    reading: str,
    curve: pd.DataFrame,
    best: int,
    subset: str | None,
) -> None:
    """Of all sessions, or of a subset that every seed has."""
    ndcg, parts = curve.groupby("epoch")[NDCG].mean(), []
    for attack, labels in ((MLP, TARGET), (MLP, SHADOW), (LOSS, SHADOW)):
        wanted = {"artefact": "Leakage curve", "metric": ROC_AUC, "attack": attack}
        wanted |= {"labels": labels, "augmented": AUGMENTED[reading], "subset": subset}
        found = frame(select(rows, wanted | {"nonmembers": [HELDOUT, NEAR_MISS]}))
        name = attack if attack == LOSS else f"{attack}, {labels} labels"
        parts.append(found.assign(attack=name, ndcg=found.epoch.map(ndcg).astype(float)))
    if not all(map(len, parts)):
        return  # some seed has no such sessions
    table = pd.concat(parts).astype({"epoch": int}).sort_values("nonmembers", kind="stable")
    table = table.assign(condition=table.nonmembers)
    said = WORDS.word("augmented", AUGMENTED[reading]) + (f", {subset}" if subset else "")
    name = "leakage_curves" + (f"_{subset.replace(' ', '_')}" if subset else "")
    among = KNOWN_CAPTION if subset == KNOWN else ""
    figures.add(
        plots.leakage_curves(
            table, best_epoch=best, title=f"Leakage against training and ranking quality, {said}"
        ),
        f"{name}{'' if reading == PUBLISHED_READING else f'_{reading}'}",
        f"Leakage curves ({said})",
        "ROC AUC of the attacks at every recorded epoch (epoch 0: untrained), and against the "
        "target's ranking quality on unseen sessions. Bands: 95% bootstrap over seeds and groups "
        f"of sessions. The dashed line is the checkpoint that validation would choose.{among}",
        ["the rows of Leakage curve", "03_train"],
        "Leakage curve",
    )


def _roc(figures: FigureSet, epoch: int) -> None:
    saved, parts = read_arrays(scores(figures.study, PUBLISHED_READING, 0).path), []
    for case in (
        Case(MLP, HELDOUT, TARGET, epoch),
        Case(MLP, NEAR_MISS, TARGET, epoch),
        Case(MLP, HELDOUT, SHADOW, epoch),
        Case(BLIND, HELDOUT, NONE, None),
        Case(BLIND, NEAR_MISS, NONE, None),
    ):
        fpr, tpr = roc_curve(saved[f"{case.name}|scores"], saved[f"{case.units}|membership"])[:2]
        name = case.attack if case.attack == BLIND else f"{case.attack}, {case.labels} labels"
        corners = {"fpr": fpr, "tpr": tpr, "attack": name, "condition": case.nonmembers}
        parts.append(pd.DataFrame(corners))
    figures.add(
        plots.roc_curves(pd.concat(parts), title=f"ROC curves, epoch {epoch}, first seed"),
        "roc",
        "ROC curves on logarithmic axes",
        "What an attacker who must not be wrong can still claim: true positive rate at low false "
        "positive rates, at the last epoch, for the first seed.",
        ["04_attack"],
        "Table 2",
    )


def overfitting(curve: pd.DataFrame) -> Figure:
    """Training loss and ranking quality on unseen sessions, epoch by epoch.

    Args:
        curve: of the targets (`recmia.papers.proposal.training.curves`).
    """
    measures = {"train_loss": "training loss, nats a click", NDCG: "NDCG@20"}
    said = {reading: WORDS.word("augmented", kind) for reading, kind in AUGMENTED.items()}
    long = curve.replace({"reading": said}).melt(["epoch", "reading"], list(measures), "row")
    long = long.replace({"row": measures}).dropna()
    seeds = long.groupby(["row", "reading", "epoch"], sort=False)["value"]
    table = seeds.agg(value="mean", ci_low="min", ci_high="max").reset_index()
    table = table.rename(columns={"epoch": "x", "reading": "series"})
    table = table.assign(panel="", style="", paper_value=np.nan)
    return plots.curves(table, title="Overfitting", xlabel="epoch")


def _training(figures: FigureSet, curve: pd.DataFrame) -> None:
    figures.add(
        overfitting(curve),
        "overfitting",
        "The overfitting curve",
        "Training loss and ranking quality on unseen sessions of every target: means, and the "
        "range over seeds.",
        ["03_train"],
        "Ranking quality",
    )
