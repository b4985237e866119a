"""The paper's t-SNE pictures (figures 1 and 5), and how far apart their two classes are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recmia.attacks.difference_vectors import difference_vectors
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.embedding import tsne_embedding
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place
from recmia.experiments.rows import CONTROL, Row
from recmia.experiments.scores import arrays_of
from recmia.experiments.study import Study
from recmia.lists.cohorts import Side, load_vocabulary_size
from recmia.lists.views import Scene, Seen
from recmia.papers.dl_mia.fits import Fit
from recmia.papers.dl_mia.fitting import Fits
from recmia.papers.dl_mia.scoring import attacked, schedule_of
from recmia.papers.dl_mia.tables import columns_of, fit_of
from recmia.papers.dl_mia.worlds import GENERAL, STEP, worlds
from recmia.recommenders.latent_factors import LatentFactors
from recmia.seeds import child_seed, generator
from recmia.storage import read_arrays, write_arrays

RAW, INVARIANT, SPECIFIC = "difference vectors", "invariant features", "specific features"
BEFORE, AFTER = "before debiasing", "after debiasing"
NEIGHBOURS = 15
JUDGE = f"{NEIGHBOURS} nearest neighbours, cross-validated"
SIDES = ("shadow", "target")
MADE_FROM = ("factors of the attacker", "hidden states of the recommender")
CLASSES = {"sides": SIDES, "kinds": MADE_FROM}
# Picture and panel, to the features that it shows and the figures that do.
PANELS = {
    ("sides", RAW): ("difference vectors", ("Figure 1", "Figure 5")),
    ("sides", INVARIANT): ("invariant", ("Figure 5",)),
    ("sides", SPECIFIC): ("specific", ("Figure 5",)),
    ("kinds", BEFORE): ("difference vectors", ("Figure 1", "Figure 5")),
    ("kinds", AFTER): ("invariant and specific", ("Figure 5",)),
}


def kept_pictures(study: Study) -> list[Kept]:
    """Points of both pictures, a file a seed (`keep_points`)."""
    fits, fit = Fits(study), _pictured(study)
    world = fits.worlds[GENERAL]
    return [
        Kept(
            world.folder / "pictures" / f"seed{seed}.npz",
            keep_points,
            fits.attacked(GENERAL, fit.shadow, "shadow", seed),
            fits.attacked(GENERAL, fit.target, "target", seed),
            *world.recommender(fit.target.model("target", seed)),
            schedule=schedule_of(study.settings.dl_mia),
            shown=world.settings.tsne_users,
            perplexity=world.settings.perplexity if seed == 0 else None,
            device=study.device,
            seed=seed,
            root_seed=study.settings.root_seed,
        )
        for seed in study.seeds()
    ]


def picture_rows(study: Study) -> list[Row]:
    """How well the two classes of each picture are told apart: a ROC AUC of 0.5 if they coincide.

    What Figure 1 shows, Figure 5 shows again before it shows what becomes of it.
    """
    kept, columns = kept_pictures(study), columns_of(study, _pictured(study))
    make_all(study, kept, label="t-SNE pictures")
    rows = []
    for (what, panel), (features, artefacts) in PANELS.items():
        runs = tuple(Place(of_seed, f"{what}|{panel}") for of_seed in kept)
        about = {"attack": JUDGE, "reading": CONTROL, "features": features}
        lines = [Line(columns | about | {"artefact": artefact}, runs) for artefact in artefacts]
        metric = f"ROC AUC of telling {' from '.join(CLASSES[what])}"
        found = line_rows(study, study.folder(STEP) / "cells", lines, [ROC_AUC])
        rows += [replace(row, metric=metric) for row in found]
    return rows


def points(study: Study, what: str, panels: tuple[str, ...]) -> pd.DataFrame:
    """Embedded points of the first seed: x, y, membership (of the first class) and panel."""
    saved = read_arrays(kept_pictures(study)[0].ensure())
    return pd.concat(
        [
            pd.DataFrame(saved[f"{what}|{name}|points"], columns=["x", "y"]).assign(
                membership=saved[f"{what}|{name}|membership"], panel=name
            )
            for name in panels
        ]
    )


def _pictured(study: Study) -> Fit:
    return fit_of(GENERAL, worlds(study)[GENERAL], study.settings.dl_mia.pictured)


def keep_points(
    path: Path,
    shadow: dict[str, Any],
    target: dict[str, Any],
    recommender: Callable[..., Any],
    options: dict[str, Any],
    *,
    schedule: Schedule,
    shown: int,
    perplexity: float | None,
    device: str,
    seed: int,
    root_seed: int,
) -> None:
    """Write points of each picture, and how neighbours tell its two classes apart.

    Args:
        path: of the result: for each picture and panel what a `Place` names, and "points".
        shadow: arguments of `attacked`.
        target: arguments of `attacked`.
        recommender: the target's, called with ``vocabulary_size`` and the options.
        options: of the recommender.
        schedule: of DL-MIA.
        shown: points of a class.
        perplexity: of t-SNE; None where nothing is embedded.
        device: torch device.
        seed: repetition.
        root_seed: of the study.
    """
    (shadow_vectors, known), (vectors, served) = attacked(**shadow), attacked(**target)
    root = child_seed(root_seed, "dl-mia", "pictures", seed)
    stack = StackedDLMIA(seeds=[root], schedule=schedule, device=device)
    stack.pretrain(shadow_vectors[None], known.membership[None], vectors[None])
    trained = stack.alternate()

    def latents(x: np.ndarray) -> list[np.ndarray]:
        return [part[0] for part in trained.features(x[None])]

    size = load_vocabulary_size(target["scene"]["split"])
    model = recommender(vocabulary_size=size, **options)
    states = hidden_state_vectors(model, Scene(**target["scene"]).users, served)
    invariant, specific = zip(latents(shadow_vectors), latents(vectors), strict=True)
    # The two kinds live in different spaces: each is standardised, or takes the other's place.
    after = (np.concatenate(latents(x), axis=1) for x in (vectors, _like(states, vectors)))
    classes = {
        ("sides", RAW): (shadow_vectors, vectors),
        ("sides", INVARIANT): invariant,
        ("sides", SPECIFIC): specific,
        ("kinds", BEFORE): (_standardised(vectors), _standardised(states)),
        ("kinds", AFTER): tuple(after),
    }
    arrays = {}
    for (what, panel), pair in classes.items():
        draw = generator(root_seed, "dl-mia", "tsne", panel, seed)
        kept = [x[np.sort(draw.permutation(len(x))[:shown])] for x in pair]
        x, first = np.concatenate(kept), np.repeat([True, False], [len(part) for part in kept])
        units = ScoredUnits(_told_apart(x, first), first, np.arange(len(first)), 0.5)
        arrays |= arrays_of(f"{what}|{panel}", units)
        if perplexity is not None:
            draw_seed = child_seed(root_seed, "dl-mia", "tsne", panel)
            embedded = tsne_embedding(x, perplexity=perplexity, seed=draw_seed)
            arrays[f"{what}|{panel}|points"] = embedded
    write_arrays(path, **arrays)


def hidden_state_vectors(model: LatentFactors, users: Side, seen: Seen) -> np.ndarray:
    """Difference vectors [n, l] of users of the target from item vectors that it learned itself:
    the hidden states of figure 1b.

    Args:
        model: the target's recommender, untrained.
        users: everybody on its side.
        seen: lists of some of them.
    """
    own = model.fit(users.members).item_matrix.numpy()
    return difference_vectors(seen.observations.histories, seen.observations.lists, own)


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
