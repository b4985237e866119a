"""Notebook 05: Biased-MIA, DL-MIA and simple rules on the target's lists."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

from recmia.attacks.registry import ATTACKS
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row
from recmia.experiments.study import Study
from recmia.papers.proposal.list_attacks import keep_attack
from recmia.papers.proposal.names import (
    AUGMENTED,
    HELDOUT,
    NEAR_MISS,
    POPULAR_SHARE,
    PUBLISHED_READING,
    STUDY,
    title_of,
)
from recmia.papers.proposal.served import (
    AFTER_THE_END,
    ONE_MODEL,
    POPULARITY_LISTS,
    Serving,
    keep_lists,
)
from recmia.papers.proposal.subsets import parts_of
from recmia.papers.proposal.training import cohorts_path, model, study_vocabulary
from recmia.seeds import child_seed

STEP = "05_baselines"
# A list is what the session was served last, before its last click. After that click the model
# expects the end token, by heart for members, and what it says of items there is another question:
# asked as a control. The proposal serves everybody from one model; the CCS and KDD papers give
# non-members the popular items, so that an attack may succeed by telling two algorithms apart.
SERVINGS = (
    Serving(ONE_MODEL, NEAR_MISS),
    Serving(ONE_MODEL, HELDOUT),
    Serving(AFTER_THE_END, HELDOUT),
    Serving(POPULARITY_LISTS, HELDOUT),
)
NOTES = {
    AFTER_THE_END: "the model knows by heart that members' sessions have ended: it is that which "
    "may be found",
    POPULARITY_LISTS: "non-members are served by another algorithm: it may be that which is found",
}
STUDIED = ("dl-mia", "biased-mia", "popular-share", "random-guess")
COSTS = {"dl-mia": 10.0}  # about, beside the others' 1


@cache  # a result's identity is remembered with it
def lists(study: Study, seed: int) -> Kept:
    """Recommendation lists of both models, and item vectors."""
    settings = study.settings.baselines
    return Kept(
        study.folder(STEP) / f"seed{seed}" / "lists.npz",
        keep_lists,
        cohorts_path(study, seed),
        model(study, PUBLISHED_READING, seed, "target"),
        model(study, PUBLISHED_READING, seed, "shadow"),
        epoch=study.settings.target.epochs,
        top_k=settings.top_k,
        vector_dim=settings.item_vector_dim,
        vector_epochs=settings.item_vector_epochs,
        vocabulary_size=study_vocabulary(study),
        vector_seed=child_seed(study.settings.root_seed, STEP, "item vectors", seed),
        device=study.device,
    )


def scores(study: Study, attack: str, serving: Serving, seed: int) -> Kept:
    """Scores of a registered attack on one serving of one seed."""
    title, settings = title_of(attack), study.settings.baselines
    name = "-".join((attack, serving.serving, serving.nonmembers)).replace(" ", "_")
    chosen = {
        "biased-mia": {"epochs": settings.biased_epochs},
        "dl-mia": {
            "epochs": settings.dl_pretrain_epochs,
            "alternating_epochs": settings.dl_alternating_epochs,
        },
        "me-mia": {"asked": "history" if serving.serving == AFTER_THE_END else "prefix"},
    }.get(attack, {})
    words = (STEP, seed, title, serving.serving, serving.nonmembers)
    seeded = child_seed(study.settings.root_seed, *words)
    return Kept(
        study.folder(STEP) / f"seed{seed}" / f"{name}.npz",
        keep_attack,
        cohorts_path(study, seed),
        lists(study, seed),
        name=title,
        attack=ATTACKS[attack],
        options=ATTACKS.arguments(attack, chosen, seed=seeded, device=study.device),
        serving=serving,
        vocabulary_size=study_vocabulary(study),
    )


def attack_lists(study: Study) -> dict[tuple[Serving, str], Runs]:
    """Attack the lists of every serving and seed; what is current is kept.

    Returns:
        Serving and attack to where the scores are.
    """
    make_all(study, [lists(study, seed) for seed in study.seeds()], label="lists")
    attacks = (*STUDIED, *study.settings.baselines.others)
    kept = {
        (serving, attack): [scores(study, attack, serving, seed) for seed in study.seeds()]
        for serving, attack in product(SERVINGS, attacks)
    }
    make_all(
        study,
        [k for found in kept.values() for k in found],
        label="baselines",
        costs=[COSTS.get(attack, 1.0) for (_, attack), found in kept.items() for _ in found],
    )
    return {
        (serving, title_of(attack)): tuple(Place(k, title_of(attack)) for k in found)
        for (serving, attack), found in kept.items()
    }


def baseline_rows(study: Study, runs: dict[tuple[Serving, str], Runs]) -> list[Row]:
    """Rows of Table 2 for the baselines, and of the controls for the rule that learns nothing."""
    return line_rows(study, study.folder(STEP) / "metrics", _lines(study, runs))


def _lines(study: Study, runs: dict[tuple[Serving, str], Runs]) -> Iterator[Line]:
    for (serving, attack), places in runs.items():
        note = NOTES.get(serving.serving, "")
        reading = AS_PUBLISHED if serving.nonmembers == NEAR_MISS else CORRECTED
        reading = CONTROL if note else reading
        if attack == POPULAR_SHARE:
            reading, note = CONTROL, "no learning: tells popular lists from others"
        columns = {
            "study": STUDY,
            "artefact": "Controls" if attack == POPULAR_SHARE else "Table 2",
            "dataset": study.settings.dataset,
            "attack": attack,
            "reading": reading,
            "augmented": AUGMENTED[PUBLISHED_READING],
            "serving": serving.serving,
            "nonmembers": serving.nonmembers,
            "epoch": study.settings.target.epochs,
            "note": note,
        }
        for subset, runs in parts_of(places):
            # The published numbers are about all sessions.
            changed = {
                "subset": subset,
                "reading": CORRECTED if reading == AS_PUBLISHED and subset else reading,
            }
            yield Line(columns | changed, runs)
