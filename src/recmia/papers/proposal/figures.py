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
from recmia.experiments.results import join_paper_values, read_results
from recmia.experiments.study import Study
from recmia.experiments.words import Words
from recmia.papers.proposal import READINGS, STUDY
from recmia.papers.proposal.attacking import (
    ALL,
    BLIND,
    HELDOUT,
    LOSS,
    MLP,
    NEAR_MISS,
    SHADOW_LABELS,
    TARGET_LABELS,
    Claim,
    SeedScores,
    features_path,
    scores_path,
)
from recmia.papers.proposal.measuring import table_path
from recmia.papers.proposal.paper import PAPER
from recmia.papers.proposal.training import best_epochs, curves, load_records
from recmia.recommenders.training import TrainingRecord
from recmia.seeds import child_seed, generator
from recmia.storage import read_arrays

FIGURES = Path(__file__).with_name("figures.yaml")
READING = "augmented_as_nonmembers"


def draw_all(study: Study) -> list[dict]:
    """Draw every figure into the report's folder.

    Returns:
        What ``figures.json`` holds: file, title, caption and source of each figure.
    """
    figures = FigureSet(study, STUDY)
    records = load_records(study)
    best = best_epochs(study, curves(records))
    last = study.settings.target.epochs
    _correlations(figures, 1, best[READING], "generalises best")
    _correlations(figures, 2, last, "is overfitted")
    _pipeline(figures)
    _attack_inputs(figures, last)
    _leakage(figures, records, best)
    _roc(figures, last)
    _training(figures, records)
    steps = ("04_attack", "05_baselines")
    rows = [row for step in steps for row in read_results(study.need(f"{step}/results.csv"))]
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
    saved = read_arrays(features_path(figures.study, READING, epoch))
    frame = _embed(
        figures.study,
        {
            "members": saved["target_members|correlation"],
            "nonmembers": saved["target_heldout|correlation"],
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
    saved = read_arrays(features_path(figures.study, READING, epoch))
    panels = []
    for condition, cohort in ((NEAR_MISS, "near_misses"), (HELDOUT, "heldout")):
        panels.append(
            _embed(
                figures.study,
                {
                    "members": saved["target_members|features"],
                    "nonmembers": saved[f"target_{cohort}|features"],
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
    figures: FigureSet, records: dict[tuple[str, int, str], TrainingRecord], best: dict[str, int]
) -> None:
    study = figures.study
    curve = curves(records)
    curve = curve[curve.side == "target"]
    table = pd.read_parquet(table_path(study))
    wanted = [(MLP, TARGET_LABELS), (MLP, SHADOW_LABELS), (LOSS, SHADOW_LABELS)]
    for reading in study.settings.readings:
        ndcg = curve[curve.reading == reading].groupby("epoch").validation_ndcg_20.mean()
        parts = []
        for attack, setting in wanted:
            rows = table[
                (table.proposal_reading == reading)
                & (table.attack == attack)
                & (table.setting == setting)
                & table.condition.isin([HELDOUT, NEAR_MISS])
                & (table.subset == ALL)
                & (table.metric == ROC_AUC)
            ]
            name = attack if attack == LOSS else f"{attack}, {setting}"
            parts.append(rows.assign(attack=name, ndcg=rows.epoch.map(ndcg)))
        suffix = "" if reading == READING else f"_{reading}"
        figures.add(
            plots.leakage_curves(
                pd.concat(parts),
                best_epoch=best[reading],
                title=f"Leakage against training and ranking quality, {READINGS[reading]}",
            ),
            f"leakage_curves{suffix}",
            f"Leakage curves ({READINGS[reading]})",
            "ROC AUC of the attacks at every recorded epoch (epoch 0: untrained), and against the "
            "target's ranking quality on unseen sessions. Bands: 95% bootstrap over seeds and "
            "groups of sessions. The dashed line is the checkpoint that validation would choose.",
            ["04_attack", "03_train"],
        )


def _roc(figures: FigureSet, epoch: int) -> None:
    study = figures.study
    claims = [
        Claim(TARGET_LABELS, MLP, HELDOUT, epoch),
        Claim(TARGET_LABELS, MLP, NEAR_MISS, epoch),
        Claim(SHADOW_LABELS, MLP, HELDOUT, epoch),
        Claim("no model", BLIND, HELDOUT, 0),
        Claim("no model", BLIND, NEAR_MISS, 0),
    ]
    saved = SeedScores.load(scores_path(study, READING, 0))
    parts = []
    for claim in claims:
        fpr, tpr = roc_curve(saved.scores[claim], saved.membership[claim.condition])[:2]
        name = claim.attack if claim.attack == BLIND else f"{claim.attack}, {claim.setting}"
        parts.append(
            pd.DataFrame({"fpr": fpr, "tpr": tpr, "attack": name, "condition": claim.condition})
        )
    figures.add(
        plots.roc_curves(pd.concat(parts), title=f"ROC curves, epoch {epoch}, first seed"),
        "roc",
        "ROC curves on logarithmic axes",
        "What an attacker who must not be wrong can still claim: true positive rate at low false "
        "positive rates, at the last epoch, for the first seed.",
        ["04_attack"],
    )


def _training(figures: FigureSet, records: dict[tuple[str, int, str], TrainingRecord]) -> None:
    curve = curves(records)
    curve = curve[curve.side == "target"].replace({"reading": READINGS})
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
        "Training loss and ranking quality on unseen sessions of every target: means, and the range "
        "over seeds.",
        ["03_train"],
    )
