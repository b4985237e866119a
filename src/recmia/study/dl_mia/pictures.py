"""The paper's t-SNE pictures (figures 1 and 5), and how far apart their two classes are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recmia import plots
from recmia.attacks.difference_vectors import difference_vectors
from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.evaluation.intervals import Measurement, ScoredUnits, evaluate
from recmia.evaluation.metrics import ROC_AUC
from recmia.parallel import run_jobs
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_arrays, write_arrays
from recmia.study.biased_mia import serving
from recmia.study.biased_mia.measuring import bootstrap
from recmia.study.biased_mia.serving import Model, side_of
from recmia.study.dl_mia.fits import Fit
from recmia.study.dl_mia.fitting import features, fit_identity, schedule_of
from recmia.study.dl_mia.halves import GENERAL, STEP, half_of, view_of
from recmia.study.figure_set import FigureSet
from recmia.study.stamped import stamped
from recmia.study.workspace import Study

RAW, INVARIANT, SPECIFIC = "difference vectors", "invariant features", "specific features"
BEFORE, AFTER = "before debiasing", "after debiasing"
NEIGHBOURS = 15
JUDGE = f"{NEIGHBOURS} nearest neighbours, cross-validated"
SIDES = ("shadow", "target")
MADE_FROM = ("factors of the attacker", "hidden states of the recommender")
CLASSES = {"sides": SIDES, "kinds": MADE_FROM}


def make_pictures(study: Study) -> None:
    """Embed both pictures' points for every seed; finished ones are kept."""
    jobs = [(study, seed) for seed in study.seeds()]
    run_jobs(_make, jobs, workers=study.workers, total=len(jobs), label="t-SNE pictures")


def _path(study: Study, seed: int) -> Path:
    return study.folder(STEP) / "pictures" / f"seed{seed}.npz"


def _make(job: tuple[Study, int], progress: Callable[[float], None]) -> None:
    study, seed = job
    settings = study.settings.dl_mia
    fit = _pictured(study)
    identity = content_hash(
        fit_identity(study, GENERAL, fit, seed),
        [settings.hidden_of, settings.pretrain_epochs, settings.alternating_epochs],
        [settings.turn_epochs, settings.steps, settings.general.tsne_users],
        settings.general.perplexity,
        JUDGE,
    )
    path = _path(study, seed)
    stamped(path, identity, lambda: write_arrays(path, **_points(study, seed)))
    progress(1)


def _pictured(study: Study) -> Fit:
    setting = study.settings.dl_mia.pictured
    return Fit(view_of(study, GENERAL, setting[:2]), view_of(study, GENERAL, setting[2:]))


def _points(study: Study, seed: int) -> dict[str, np.ndarray]:
    """Points of each picture, and how neighbours tell its two classes apart."""
    fit, settings = _pictured(study), study.settings.dl_mia
    shadow, known = features(study, GENERAL, fit.shadow, "shadow", seed)
    target, _ = features(study, GENERAL, fit.target, "target", seed)
    trained = _trained(study, seed, shadow, known.membership, target)
    sides = {RAW: (shadow, target)}
    for name, number in ((INVARIANT, 0), (SPECIFIC, 1)):
        sides[name] = tuple(trained.features(x[None])[number][0] for x in (shadow, target))

    from_factors, from_states = hidden_state_vectors(study, seed)
    view = view_of(study, GENERAL, settings.hidden_of)
    own, seen = features(study, GENERAL, view, "shadow", seed)
    # The attacker's own vectors teach the encoder; it then meets both kinds of the target's.
    again = _trained(study, seed, own, seen.membership, from_factors)
    kinds = {BEFORE: (_standardised(from_factors), _standardised(from_states))}
    kinds[AFTER] = tuple(
        np.concatenate([part[0] for part in again.features(x[None])], axis=1)
        for x in (from_factors, _like(from_states, from_factors))
    )

    arrays = {}
    for what, pairs in (("sides", sides), ("kinds", kinds)):
        for name, pair in pairs.items():
            draw = generator(study.settings.root_seed, "dl-mia", "tsne", name, seed)
            kept = [
                x[np.sort(draw.permutation(len(x))[: settings.general.tsne_users])] for x in pair
            ]
            x = np.concatenate(kept)
            first = np.repeat([True, False], [len(part) for part in kept])
            key = f"{what}|{name}"
            if seed == 0:
                arrays[f"{key}|points"] = plots.tsne_embedding(
                    x,
                    perplexity=settings.general.perplexity,
                    seed=child_seed(study.settings.root_seed, "dl-mia", "tsne", name),
                )
            arrays[f"{key}|first"] = first
            arrays[f"{key}|scores"] = _told_apart(x, first)
    return arrays


def _trained(study: Study, seed: int, shadow, membership, target) -> StackedDLMIA:
    root = child_seed(study.settings.root_seed, "dl-mia", "pictures", seed)
    stack = StackedDLMIA(seeds=[root], schedule=schedule_of(study), device=study.device)
    return stack.pretrain(shadow[None], membership[None], target[None]).alternate()


def hidden_state_vectors(study: Study, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Difference vectors [n, l] of a target's users: from the attacker's factors of items, and from
    the item vectors that the recommender itself learned (the hidden states of figure 1b)."""
    lists = half_of(study, GENERAL)
    view = view_of(study, GENERAL, study.settings.dl_mia.hidden_of)
    model = Model(view.letter, view.algorithm, "target", seed)
    recommender = serving.make_recommender(lists, model).fit(side_of(lists, model).members)
    from_factors, seen = features(study, GENERAL, view, "target", seed)
    own = recommender.item_matrix.numpy()
    return from_factors, difference_vectors(seen.histories.clicks, seen.lists, own)


def _standardised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)


def _like(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``x`` with the means and deviations of ``other``: the two live in different spaces."""
    return (_standardised(x) * other.std(axis=0) + other.mean(axis=0)).astype(np.float32)


def _told_apart(x: np.ndarray, first: np.ndarray) -> np.ndarray:
    """float64 [n]: share of the first class among neighbours in the other folds.

    Neighbourhoods are what t-SNE draws; a linear classifier would see no more than means, which
    are equal by construction where both kinds are standardised.
    """
    model = make_pipeline(StandardScaler(), KNeighborsClassifier(NEIGHBOURS))
    return cross_val_predict(model, x, first, cv=5, method="predict_proba")[:, 1]


def distances(study: Study) -> list[tuple[str, str, Measurement]]:
    """Picture, panel, and the ROC AUC of telling its two classes apart: 0.5 where they coincide."""
    saved = [read_arrays(_path(study, seed)) for seed in study.seeds()]
    names = [key.rsplit("|", 1)[0] for key in saved[0] if key.endswith("|scores")]
    found = []
    for name in names:
        runs = [
            ScoredUnits(
                s[f"{name}|scores"], s[f"{name}|first"], np.arange(len(s[f"{name}|first"])), 0.5
            )
            for s in saved
        ]
        measured = next(m for m in evaluate(runs, **bootstrap(study)) if m.metric == ROC_AUC)
        found.append((*name.split("|"), measured))
    return found


def draw_pictures(figures: FigureSet, study: Study) -> None:
    """Figures 1 and 5, of the first seed."""
    setting, hidden = study.settings.dl_mia.pictured, study.settings.dl_mia.hidden_of
    saved = read_arrays(_path(study, 0))

    def frame(what: str, names: tuple[str, ...]) -> pd.DataFrame:
        return pd.concat(
            [
                pd.DataFrame(
                    saved[f"{what}|{name}|points"], columns=["x", "y"]
                ).assign(membership=saved[f"{what}|{name}|first"], panel=name)
                for name in names
            ]
        )  # fmt: skip

    for name, artefact, what, panels, classes, title in (
        ("figure1a", "Figure 1", "sides", (RAW,), SIDES, f"{setting}: shadow and target"),
        ("figure1b", "Figure 1", "kinds", (BEFORE,), MADE_FROM, f"{hidden}: vectors of one target"),
        ("figure5ab", "Figure 5", "sides", (INVARIANT, SPECIFIC), SIDES, f"{setting}: latents"),
        ("figure5cd", "Figure 5", "kinds", (BEFORE, AFTER), MADE_FROM, f"{hidden}: debiasing"),
    ):
        figures.add(
            plots.tsne_scatter(frame(what, panels), title=title, panel="panel", classes=classes),
            name,
            f"{artefact}: {title}",
            "Colours are named below. The table has the ROC AUC of telling the two apart by their "
            "neighbours. First seed.",
            ["saved lists and fits of notebook 12"],
            artefact,
        )
