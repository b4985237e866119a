"""Notebook 05: Biased-MIA, DL-MIA and simple rules on the target's lists."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from recmia.attacks.registry import ATTACKS
from recmia.cohorts import load_cohorts
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row
from recmia.experiments.stacking import stacked
from recmia.experiments.study import Study
from recmia.papers.proposal.list_attacks import keep_attack, keep_dl_mia
from recmia.papers.proposal.names import (
    AUGMENTED,
    DL,
    HELDOUT,
    NEAR_MISS,
    POPULAR_SHARE,
    PUBLISHED_READING,
    STUDY,
    title_of,
)
from recmia.papers.proposal.served import (
    AFTER_THE_END,
    COHORTS,
    ONE_MODEL,
    POPULARITY_LISTS,
    Serving,
    keep_lists,
)
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
ALONE = ("biased-mia", "popular-share", "random-guess")
MOST_MODELS = 6  # that share a stack: enough to fill the vector units, few enough for two processes


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


def _seed(study: Study, seed: int, attack: str, serving: Serving) -> int:
    return child_seed(
        study.settings.root_seed, STEP, seed, attack, serving.serving, serving.nonmembers
    )


def fitted(study: Study, attack: str, serving: Serving, seed: int) -> Kept:
    """Scores of a registered attack that is fitted by itself."""
    title, settings = title_of(attack), study.settings.baselines
    name = "-".join((attack, serving.serving, serving.nonmembers)).replace(" ", "_")
    chosen = {"epochs": settings.biased_epochs} if attack == "biased-mia" else {}
    seeded = _seed(study, seed, title, serving)
    return Kept(
        study.folder(STEP) / f"seed{seed}" / f"{name}.npz",
        keep_attack,
        cohorts_path(study, seed),
        lists(study, seed),
        name=title,
        attack=ATTACKS[attack],
        options=ATTACKS.arguments(attack, chosen, seed=seeded, device=study.device),
        serving=serving,
    )


def dl_mia(study: Study) -> dict[tuple[Serving, int], Place]:
    """Where the scores of DL-MIA on each serving and seed are; equal shapes share a stack."""

    def shape(fit: tuple[Serving, int]) -> tuple[int, ...]:
        drawn, kind = load_cohorts(cohorts_path(study, fit[1])), COHORTS[fit[0].nonmembers]
        return tuple(len(getattr(drawn, kind)[side]) for side in ("shadow", "target"))

    places = {}
    fits = product(SERVINGS, study.seeds())
    for number, (_, members) in enumerate(stacked(fits, shape, lambda _: MOST_MODELS)):
        kept = Kept(
            study.folder(STEP) / "dl-mia" / f"stack{number}.npz",
            keep_dl_mia,
            [cohorts_path(study, seed) for _, seed in members],
            [lists(study, seed) for _, seed in members],
            name=DL,
            servings=[serving for serving, _ in members],
            epochs=study.settings.baselines.dl_pretrain_epochs,
            alternating_epochs=study.settings.baselines.dl_alternating_epochs,
            seeds=[_seed(study, seed, DL, serving) for serving, seed in members],
            device=study.device,
        )
        places |= {fit: Place(kept, DL, row) for row, fit in enumerate(members)}
    return places


def attack_lists(study: Study) -> dict[tuple[Serving, str], Runs]:
    """Attack the lists of every serving and seed; what is current is kept.

    Returns:
        Serving and attack to where the scores are.
    """
    seeds = study.seeds()
    alone = {title_of(attack): attack for attack in (*ALONE, *study.settings.baselines.others)}
    make_all(study, [lists(study, seed) for seed in seeds], label="lists")
    stacks = dl_mia(study)
    runs = {(s, DL): tuple(stacks[s, seed] for seed in seeds) for s in SERVINGS}
    runs |= {
        (s, title): tuple(Place(fitted(study, attack, s, seed), title) for seed in seeds)
        for s in SERVINGS
        for title, attack in alone.items()
    }
    wanted = {p.kept.path: p for places in runs.values() for p in places}
    costs = [10.0 if place.name == DL else 1.0 for place in wanted.values()]
    make_all(study, [p.kept for p in wanted.values()], label="baselines", costs=costs)
    return runs


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
        yield Line(columns, places)
