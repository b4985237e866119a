"""Notebook 05: Biased-MIA, DL-MIA and random guess on lists of the same target (Table 2)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from recmia import networks
from recmia.attacks import (
    bessel,
    biased_mia,
    difference_vectors,
    disentanglement,
    dl_mia,
    gaussian_autoencoders,
    item_vectors,
    popular_share,
    random_guess,
    stacked,
    stacked_dl_mia,
    stacked_layers,
    von_mises_fisher,
)
from recmia.attacks.base import Attack, Observations
from recmia.attacks.biased_mia import BiasedMIA
from recmia.attacks.dl_mia import DLMIA
from recmia.attacks.item_vectors import factorise
from recmia.attacks.popular_share import PopularShare
from recmia.attacks.random_guess import RandomGuess
from recmia.cohorts import SIDES
from recmia.evaluation.folds import link_groups
from recmia.evaluation.intervals import ScoredUnits, evaluate
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.papers.proposal import READINGS, STUDY
from recmia.papers.proposal.attacking import HELDOUT, NEAR_MISS
from recmia.papers.proposal.augmenting import read_cohorts
from recmia.papers.proposal.training import model_folder, study_vocabulary
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import without_last_click
from recmia.recommenders.training import load_record
from recmia.recommenders.transformer import recommend
from recmia.seeds import child_seed
from recmia.sessions import Sessions, concatenate
from recmia.storage import (
    content_hash,
    read_arrays,
    read_json,
    source_hash,
    write_arrays,
    write_json,
)

STEP = "05_baselines"
READING = "augmented_as_nonmembers"
# Modules whose change makes saved scores stale, beside this one.
DECISIVE = (
    biased_mia, stacked, dl_mia, stacked_dl_mia, stacked_layers, disentanglement,
    gaussian_autoencoders, von_mises_fisher, bessel, difference_vectors, networks, popular_share,
    random_guess,
)  # fmt: skip

ONE_MODEL = "one model for everybody"
AFTER_THE_END = "one model for everybody, asked after the last click"
POPULARITY_LISTS = "popularity lists for non-members"

BIASED = "Biased-MIA"
DL = "DL-MIA"
POPULAR_SHARE = "share of the list among the most popular"
RANDOM = "random guess"


@dataclass(frozen=True)
class Serving:
    """How the lists of members and non-members are made, and who the non-members are."""

    setting: str
    condition: str


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
# Lists of members and of non-members under each setting, by their names in the saved file.
LISTS = {
    ONE_MODEL: ("served", "served"),
    AFTER_THE_END: ("after the end", "after the end"),
    POPULARITY_LISTS: ("served", "popular"),
}
NOTES = {
    AFTER_THE_END: "the model knows by heart that members' sessions have ended: it is that which "
    "may be found",
    POPULARITY_LISTS: "non-members are served by another algorithm: it may be that which is found",
}
# Longest first, so that both workers end at about the same time.
ATTACKS = (DL, BIASED, POPULAR_SHARE, RANDOM)


@dataclass(frozen=True)
class BaselineJob:
    """One attack on one serving of one seed."""

    study: Study
    seed: int
    serving: Serving
    attack: str

    @property
    def path(self) -> Path:
        """Where its scores are kept."""
        name = "-".join((self.attack, self.serving.setting, self.serving.condition))
        return self.study.folder(STEP) / f"seed{self.seed}" / (name.replace(" ", "_") + ".npz")


def make_lists(study: Study) -> None:
    """Recommendation lists and item vectors of every seed, saved; finished ones are kept."""
    jobs = [(study, seed) for seed in study.seeds()]
    run_jobs(_lists_of_seed, jobs, workers=study.workers, total=len(jobs), label="lists")


def _lists_path(study: Study, seed: int) -> Path:
    return study.folder(STEP) / f"seed{seed}" / "lists.npz"


def _lists_identity(study: Study, seed: int) -> str:
    return content_hash(
        [
            read_json(model_folder(study, READING, seed, side) / "identity.json")["identity"]
            for side in SIDES
        ],
        study.settings.fingerprint("baselines", "cohorts", "root_seed"),
        source_hash(item_vectors, sys.modules[__name__]),
    )


def _lists_of_seed(job: tuple[Study, int], progress: Callable[[float], None]) -> None:
    study, seed = job
    path, identity = _lists_path(study, seed), _lists_identity(study, seed)
    if path.exists() and str(read_arrays(path)["identity"]) == identity:
        progress(1)
        return
    cohorts, settings = read_cohorts(study, seed), study.settings.baselines
    arrays: dict[str, np.ndarray] = {"identity": np.array(identity)}
    arrays["item_vectors"] = factorise(
        cohorts.reference.clicks,
        cohorts.reference.lengths,
        study_vocabulary(study),
        dim=settings.item_vector_dim,
        epochs=settings.item_vector_epochs,
        seed=child_seed(study.settings.root_seed, STEP, "item vectors", seed),
    )
    for side in SIDES:
        record = load_record(model_folder(study, READING, seed, side))
        model = record.load(study.settings.target.epochs)
        popularity = Popularity(vocabulary_size=study_vocabulary(study)).fit(cohorts.members[side])
        for kind in ("members", "heldout", "near_misses"):
            sessions = getattr(cohorts, kind)[side]
            before, _ = without_last_click(sessions)
            for served, asked in (("served", before), ("after the end", sessions)):
                arrays[f"{side}|{kind}|{served}"] = recommend(
                    model, asked, settings.top_k, study.device
                )
            arrays[f"{side}|{kind}|popular"] = popularity.recommend(sessions, settings.top_k)
    write_arrays(path, **arrays)
    progress(1)


def attack_lists(study: Study) -> list[BaselineJob]:
    """Run every baseline on every serving and seed; finished ones are kept."""
    jobs = [
        BaselineJob(study, seed, serving, attack)
        for attack in ATTACKS
        for serving in SERVINGS
        for seed in study.seeds()
    ]
    run_jobs(_attack, jobs, workers=study.workers, total=len(jobs), label="baselines")
    return jobs


def observe(
    study: Study, seed: int, serving: Serving, side: str
) -> tuple[Observations, np.ndarray]:
    """What the adversary sees of one side, and who is a member (kept apart from it)."""
    cohorts, lists = read_cohorts(study, seed), read_arrays(_lists_path(study, seed))
    kind = "near_misses" if serving.condition == NEAR_MISS else "heldout"
    of_members, of_others = LISTS[serving.setting]
    members, others = cohorts.members[side], getattr(cohorts, kind)[side]
    both = concatenate(members, others)
    observations = Observations(
        row_ids=both.row_ids,
        histories=both.clicks,
        lengths=both.lengths,
        lists=np.concatenate(
            [lists[f"{side}|members|{of_members}"], lists[f"{side}|{kind}|{of_others}"]]
        ),
        score_features=None,
    )
    return observations, np.arange(len(both)) < len(members)


def _make_attack(job: BaselineJob) -> Attack:
    settings = job.study.settings.baselines
    seed = child_seed(
        job.study.settings.root_seed,
        STEP,
        job.seed,
        job.attack,
        job.serving.setting,
        job.serving.condition,
    )
    if job.attack == RANDOM:
        return RandomGuess(seed=seed)
    lists = read_arrays(_lists_path(job.study, job.seed))
    if job.attack == POPULAR_SHARE:
        return PopularShare(lists["target|heldout|popular"][0])
    if job.attack == BIASED:
        return BiasedMIA(
            item_vectors=lists["item_vectors"], epochs=settings.biased_epochs, seed=seed
        )
    return DLMIA(
        item_vectors=lists["item_vectors"],
        pretrain_epochs=settings.dl_pretrain_epochs,
        alternating_epochs=settings.dl_alternating_epochs,
        seed=seed,
        device=job.study.device,
    )


def _attack(job: BaselineJob, progress: Callable[[float], None]) -> None:
    stamp = job.path.with_suffix(".json")
    identity = content_hash(
        _lists_identity(job.study, job.seed),
        job.attack,
        job.study.settings.fingerprint("baselines"),
        source_hash(sys.modules[__name__], *DECISIVE),
    )
    if job.path.exists() and stamp.exists() and read_json(stamp) == identity:
        progress(1)
        return
    stamp.unlink(missing_ok=True)
    shadow, shadow_membership = observe(job.study, job.seed, job.serving, "shadow")
    target, membership = observe(job.study, job.seed, job.serving, "target")
    attack = _make_attack(job).fit(shadow, shadow_membership, target)
    hashes = Sessions(target.histories, target.lengths, target.row_ids).hashes()
    write_arrays(
        job.path,
        scores=attack.score(target),
        membership=membership,
        groups=link_groups(hashes, target.row_ids),
        threshold=np.float64(attack.threshold),
    )
    write_json(stamp, identity)
    progress(1)


def measure(study: Study, jobs: list[BaselineJob]) -> pd.DataFrame:
    """Metrics with intervals of every baseline, tidy."""
    by_claim: dict[tuple[Serving, str], list[ScoredUnits]] = {}
    for job in jobs:
        saved = read_arrays(job.path)
        by_claim.setdefault((job.serving, job.attack), []).append(
            ScoredUnits(
                saved["scores"], saved["membership"], saved["groups"], float(saved["threshold"])
            )
        )
    records = []
    for (serving, attack), runs in by_claim.items():
        for measured in evaluate(
            runs,
            repeats=study.settings.intervals.repeats,
            level=study.settings.intervals.level,
            seed=child_seed(study.settings.root_seed, "intervals"),
        ):
            records.append(
                {
                    "setting": serving.setting,
                    "condition": serving.condition,
                    "attack": attack,
                    "metric": measured.metric,
                    "value": measured.value,
                    "ci_low": measured.ci_low,
                    "ci_high": measured.ci_high,
                    "n_seeds": measured.n_seeds,
                }
            )
    return pd.DataFrame(records)


def result_rows(study: Study, table: pd.DataFrame) -> list[ResultRow]:
    """Rows of Table 2 for the baselines."""
    rows = []
    for record in table.to_dict("records"):
        if record["attack"] == POPULAR_SHARE:
            reading, note = "control", "no learning: tells popular lists from others"
        elif record["setting"] in NOTES:
            reading, note = "control", NOTES[record["setting"]]
        else:
            reading = "as published" if record["condition"] == NEAR_MISS else "corrected"
            note = ""
        rows.append(
            ResultRow(
                study=STUDY,
                artefact="Controls" if record["attack"] == POPULAR_SHARE else "Table 2",
                dataset=study.settings.dataset,
                setting=f"{READINGS[READING]}; {record['setting']}",
                attack=record["attack"],
                reading=reading,
                condition=f"{record['condition']}; epoch {study.settings.target.epochs}",
                metric=record["metric"],
                value=record["value"],
                ci_low=record["ci_low"],
                ci_high=record["ci_high"],
                n_seeds=record["n_seeds"],
                note=note,
            )
        )
    return rows
