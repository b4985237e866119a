"""Runs the trials of notebook 13: a job for each system, group and repeat; finished ones stay."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.inversion import (
    attack,
    cooccurrence,
    detector,
    exposure,
    factorisation,
    poisoning,
    private,
    projection,
    ratings,
    recommending,
    utility,
)
from recmia.inversion.attack import Attacker, Recommender, craft, draw_decoys, poisoned_lists
from recmia.inversion.detector import Detector
from recmia.inversion.exposure import decoys_recommended
from recmia.inversion.factorisation import Model
from recmia.inversion.private import inverse_temperature, sample_posterior
from recmia.inversion.ratings import Ratings
from recmia.inversion.recommending import measure_quality, top_items
from recmia.jobs import run_jobs
from recmia.papers.model_inversion import trials as trial_lists
from recmia.papers.model_inversion.choosing import recommender_of
from recmia.papers.model_inversion.preparing import STEP, World, read_world, world_identity
from recmia.papers.model_inversion.trials import (
    AS_THEY_DID,
    CAMOUFLAGE,
    DEFENCE,
    HIGHEST_SHUFFLED,
    POISONING,
    Trial,
    groups_of,
    trials_of,
)
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_json, source_hash, write_json

# Modules whose change makes saved trials stale, beside this one.
DECISIVE = (
    attack, cooccurrence, detector, exposure, factorisation, poisoning, private, projection,
    ratings, recommending, utility, trial_lists,
)  # fmt: skip
# A step along the descent moves the steepest rating by this share of Λ at first.
SHORT_STEP = 0.05


@dataclass(frozen=True)
class Batch:
    """The trials of one group on one system with one seed."""

    study: Study
    system: str
    group: str
    repeat: int

    @property
    def path(self) -> Path:
        """Where what they found is kept."""
        name = f"{self.group.lower().replace(' ', '-')}-{self.repeat}.json"
        return self.study.folder(STEP) / "trials" / self.system / name

    @property
    def seed(self) -> int:
        """Of trainings, simulated users and decoys: all groups of a repeat have the same."""
        data = self.study.settings.model_inversion.systems[self.system].data
        return child_seed(self.study.settings.root_seed, "model inversion", data, self.repeat)


def batches(study: Study) -> list[Batch]:
    """All jobs, whole repeats first, so that a stopped run has something of everything."""
    settings = study.settings.model_inversion
    return [
        Batch(study, system, group, repeat)
        for repeat in range(max(settings.repeats, settings.control_repeats))
        for system in settings.systems
        for group, repeats in groups_of(settings, system).items()
        if repeat < repeats
    ]


def attack_all(study: Study) -> None:
    """Run every trial; finished ones are kept."""
    jobs = batches(study)
    run_jobs(_run, jobs, workers=study.workers, total=len(jobs), label="attacks")


def read_batch(batch: Batch) -> list[tuple[Trial, dict[str, Any]]]:
    """Saved findings of a batch, a trial each."""
    return [(Trial(**saved["trial"]), saved) for saved in read_json(batch.path)]


def identity_of(batch: Batch) -> str:
    """Hash of everything that a batch's findings depend on."""
    settings = batch.study.settings.model_inversion
    system = settings.systems[batch.system]
    recommender = recommender_of(batch.study, batch.system)
    # A batch does not depend on the settings of other groups: its trials say what it is.
    return content_hash(
        world_identity(batch.study, system.data),
        asdict(recommender),
        [asdict(t) for t in trials_of(settings, batch.system, batch.group, 10**6)],
        [system.zeros_observed, settings.datasets[system.data].decoys],
        [settings.descent_steps, settings.posterior_sweeps],
        source_hash(sys.modules[__name__], *DECISIVE),
    )


def _run(batch: Batch, progress: Callable[[float], None]) -> None:
    stamped(batch.path, identity_of(batch), lambda: write_json(batch.path, run_batch(batch)))
    progress(1)


def run_batch(batch: Batch) -> list[dict[str, Any]]:
    """Every trial of a batch on one training of the system before poisoning."""
    settings = batch.study.settings.model_inversion
    system = settings.systems[batch.system]
    world = read_world(batch.study, system.data, zeros_observed=system.zeros_observed)
    chosen = trials_of(settings, batch.system, batch.group, len(world.sensitive))
    scene = Scene(batch, world, recommender_of(batch.study, batch.system), {})
    return [scene.play(trial) for trial in chosen]


@dataclass(frozen=True)
class Scene:
    """A system before poisoning, and what a batch's trials share.

    Attributes:
        batch: whose trials these are.
        world: the data.
        recommender: the system.
        cache: models and the detector, made when first needed.
    """

    batch: Batch
    world: World
    recommender: Recommender
    cache: dict[Any, Any]

    @property
    def decoys(self) -> int:
        """|Y|."""
        settings = self.batch.study.settings.model_inversion
        return settings.datasets[settings.systems[self.batch.system].data].decoys

    def play(self, trial: Trial) -> dict[str, Any]:
        """One trial from the item profile to the sensitive user list."""
        settings, seed = self.batch.study.settings.model_inversion, self.batch.seed
        sensitive = self.world.sensitive[[trial.item]]
        training = self._training(trial.raters, int(sensitive[0]))
        barred = self.world.barred
        if trial.rare:
            raters = np.diff(training.matrix.tocsc().indptr)
            barred = np.union1d(barred, np.flatnonzero(raters > np.quantile(raters, 0.2)))
        decoys = draw_decoys(training.shape[1], barred, self.decoys, seed)
        system = replace(self.recommender, factors=trial.factors or self.recommender.factors)
        attacker = Attacker(
            share=trial.share,
            most_rated=max(round(training.mean_items()), 1 + self.decoys),
            camouflage=trial.camouflage,
            choice=trial.choice,
            steps=settings.descent_steps if trial.steps is None else trial.steps,
            first_move=1.0 if trial.steps is None else SHORT_STEP,
        )
        items = self._item_profile(training, system, trial)
        began = time.perf_counter()
        poison = craft(
            training, items, sensitive, decoys, system, attacker, seed,
            optimised=trial.known != 0.0,
        )  # fmt: skip
        if trial.epsilon is None:
            model, lists = poisoned_lists(training, poison.ratings, system, seed)
        else:
            model, lists = self._private(training, trial.epsilon, poison.ratings, system)
        seconds = time.perf_counter() - began
        counts = decoys_recommended(lists, decoys)
        found = self._counts(training, counts, sensitive)
        found |= {
            "trial": asdict(trial),
            "malicious": len(poison.ratings),
            "rated": float((poison.ratings > 0).sum(axis=1).mean()) if len(poison.ratings) else 0.0,
            "utility": [poison.utility[0], poison.utility[-1]] if poison.utility else None,
            "steps": max(len(poison.utility) - 1, 0),
            "seconds": seconds,
        }
        if self.batch.group == CAMOUFLAGE and len(poison.ratings):
            found["detected"] = float(self._detector().flagged(poison.ratings).mean())
        if self.batch.group == DEFENCE or (self.batch.group == POISONING and trial.share == 0):
            found["quality"] = asdict(
                measure_quality(model, training, self.world.testing, self.recommender.length)
            )
        return found

    def _training(self, raters: str, item: int) -> Ratings:
        """M, or M with the ratings of one item handed to users drawn at random."""
        training = self.world.training
        if raters == AS_THEY_DID:
            return training
        columns = training.matrix.tocsc()
        given = columns[:, [item]].toarray()[:, 0]
        if raters == HIGHEST_SHUFFLED:
            given = np.where(given >= training.scale.highest, given, 0.0)
        given = generator(self.batch.seed, "other raters").permutation(given)[:, None]
        parts = [columns[:, :item], sparse.csc_matrix(given), columns[:, item + 1 :]]
        return replace(training, matrix=sparse.hstack(parts, format="csr"))

    def _counts(
        self, training: Ratings, counts: np.ndarray, sensitive: np.ndarray
    ) -> dict[str, Any]:
        """Who is listed at every l', among all, those who rated highest, and those who rated."""
        highest, raters = training.high_raters(sensitive), training.raters(int(sensitive[0]))

        def listed(among: np.ndarray) -> list[int]:
            return [int((counts[among] >= least).sum()) for least in range(1, self.decoys + 1)]

        return {
            "users": len(counts),
            "sensitive": int(highest.sum()),
            "raters": int(raters.sum()),
            "listed": listed(np.ones(len(counts), dtype=bool)),
            "found": listed(highest),
            "found_raters": listed(raters),
        }

    def _item_profile(self, training: Ratings, system: Recommender, trial: Trial) -> np.ndarray:
        """V, or what the adversary makes of the ratings of some users (section 4.4)."""
        key = (system.factors, trial.known, trial.raters)
        if key not in self.cache:
            if trial.known is not None:
                m = training.shape[0]
                order = generator(self.batch.seed, "known users").permutation(m)
                training = training.of_users(np.sort(order[: round(trial.known * m)]))
            self.cache[key] = (
                system.train(training, self.batch.seed).items
                if training.shape[0]
                else np.zeros((training.shape[1], system.factors))
            )
        return self.cache[key]

    def _private(
        self, training: Ratings, epsilon: float, poison: np.ndarray, system: Recommender
    ) -> tuple[Model, np.ndarray]:
        """Lists from a posterior sample of the poisoned factorisation (section 4.5)."""
        joint, seed = training.with_users(poison), self.batch.seed
        if "least squares" not in self.cache:
            self.cache["least squares"] = system.train(joint, seed)
        sample = sample_posterior(
            joint,
            self.cache["least squares"],
            regularisation=system.regularisation,
            inverse_temperature=inverse_temperature(training, epsilon),
            sweeps=self.batch.study.settings.model_inversion.posterior_sweeps,
            seed=seed,
        )
        model = Model(sample.users[: training.shape[0]], sample.items)
        return model, top_items(model, training, system.length)

    def _detector(self) -> Detector:
        if "detector" not in self.cache:
            self.cache["detector"] = Detector(
                self.world.training, self.recommender.factors, self.batch.seed
            )
        return self.cache["detector"]
