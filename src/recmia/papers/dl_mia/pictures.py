"""The paper's t-SNE pictures (figures 1 and 5), and how far apart their two classes are."""

from __future__ import annotations

import sys
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
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.lists import serving
from recmia.lists.serving import Model, side_of
from recmia.lists.views import Seen
from recmia.papers.biased_mia.measuring import bootstrap
from recmia.papers.dl_mia.fits import Fit
from recmia.papers.dl_mia.fitting import fit_identity
from recmia.papers.dl_mia.halves import GENERAL, STEP, half_of, view_of
from recmia.papers.dl_mia.scoring import features, schedule_of
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

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
        [settings.pretrain_epochs, settings.alternating_epochs, settings.turn_epochs],
        [settings.steps, settings.general.most_users],
        [settings.general.tsne_users, settings.general.perplexity],
        source_hash(sys.modules[__name__]),
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
    shadow, seen = features(study, GENERAL, fit.shadow, "shadow", seed)
    target, served = features(study, GENERAL, fit.target, "target", seed)
    root = child_seed(study.settings.root_seed, "dl-mia", "pictures", seed)
    stack = StackedDLMIA(seeds=[root], schedule=schedule_of(study), device=study.device)
    trained = stack.pretrain(shadow[None], seen.membership[None], target[None]).alternate()

    def latents(vectors: np.ndarray) -> list[np.ndarray]:
        return [part[0] for part in trained.features(vectors[None])]

    found = [latents(vectors) for vectors in (shadow, target)]
    sides = {RAW: (shadow, target)} | {
        name: tuple(parts[number] for parts in found)
        for number, name in enumerate((INVARIANT, SPECIFIC))
    }
    states = hidden_state_vectors(study, seed, served)
    # The two kinds live in different spaces: each is standardised, or takes the other's place.
    kinds = {
        BEFORE: (_standardised(target), _standardised(states)),
        AFTER: tuple(
            np.concatenate(latents(vectors), axis=1) for vectors in (target, _like(states, target))
        ),
    }

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


def hidden_state_vectors(study: Study, seed: int, seen: Seen) -> np.ndarray:
    """Difference vectors [n, l] of users of the target from item vectors that it learned itself:
    the hidden states of figure 1b."""
    lists, view = half_of(study, GENERAL), _pictured(study).target
    model = Model(view.letter, view.algorithm, "target", seed)
    recommender = serving.make_recommender(lists, model).fit(side_of(lists, model).members)
    own = recommender.item_matrix.numpy()
    return difference_vectors(seen.histories.clicks, seen.lists, own)


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


def points(study: Study, what: str, panels: tuple[str, ...]) -> pd.DataFrame:
    """Embedded points of the first seed: x, y, membership (of the first class) and panel."""
    saved = read_arrays(_path(study, 0))
    return pd.concat(
        [
            pd.DataFrame(saved[f"{what}|{name}|points"], columns=["x", "y"]).assign(
                membership=saved[f"{what}|{name}|first"], panel=name
            )
            for name in panels
        ]
    )
