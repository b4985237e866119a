"""Plays trials: one attack each, from the item profile to the sensitive user list."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recmia.inversion.attack import Attacker, Recommender, craft, draw_decoys, poisoned_lists
from recmia.inversion.detector import Detector
from recmia.inversion.exposure import decoys_recommended
from recmia.inversion.factorisation import Model
from recmia.inversion.private import inverse_temperature, sample_posterior
from recmia.inversion.ratings import Ratings
from recmia.inversion.recommending import measure_quality, top_items
from recmia.papers.model_inversion.worlds import World, read_world
from recmia.seeds import generator
from recmia.storage import read_json, write_json

# What a trial can change to find a reason. The sensitive item's raters are others, drawn at random,
# so that it has nothing to do with anybody's taste.
FEW_RATED = "decoys that few rated"
SHUFFLED = "raters of the item: shuffled"
HIGHEST_SHUFFLED = "raters of the item: highest only, shuffled"
# What can be measured of a trial beside its lists.
DETECTION, QUALITY = "detection", "quality"
# A step along the descent moves the steepest rating by this share of Λ at first.
SHORT_STEP = 0.05


@dataclass(frozen=True)
class Trial:
    """One attack on one system; its fields but the first are columns of the result table.

    Attributes:
        choice: which items malicious users rate, see `recmia.inversion.attack.Attacker`.
        alpha: share α of malicious users; 0 for no poisoning at all.
        mu: weight μ of camouflage.
        beta: share β of the users whose ratings the adversary knows; None where V is known.
        item: which sensitive item, from 1: that which most users rated highest.
        epsilon: ε of the differentially private factorisation; None for least squares.
        factors: k where it is not the system's.
        case: what is changed to find a reason: decoys from the least rated fifth of the items, or
            the raters of the sensitive item (see above).
        steps: most steps of the descent, short ones; None for the profile's.
    """

    choice: str
    alpha: float
    mu: float = 0.0
    beta: float | None = None
    item: int = 1
    epsilon: float | None = None
    factors: int | None = None
    case: str | None = None
    steps: int | None = None


Found = dict[str, Any]  # what a trial found


def keep_trials(
    path: Path,
    world: Path,
    trials: Sequence[Trial],
    *,
    zeros_observed: bool,
    also: str | None = None,
    **scene: Any,
) -> None:
    """Play trials on one training of a system before poisoning and write what each found.

    Args:
        path: of the result.
        world: kept data set.
        trials: those of sensitive items that there are not are left out.
        zeros_observed: see `recmia.inversion.ratings.Ratings`.
        also: `DETECTION` or `QUALITY`, measured too; quality without poisoning always is.
        scene: the other attributes of a `Scene`.
    """
    known = read_world(world, zeros_observed=zeros_observed)
    played = Scene(known, also, **scene)
    chosen = [trial for trial in trials if trial.item <= len(known.sensitive)]
    write_json(path, [{"trial": asdict(trial)} | played.play(trial) for trial in chosen])


def read_trials(path: Path) -> list[tuple[Trial, Found]]:
    """What `keep_trials` wrote, a trial each."""
    return [(Trial(**found.pop("trial")), found) for found in read_json(path)]


@dataclass(frozen=True)
class Scene:
    """A system before poisoning, and what trials on it share.

    Attributes:
        world: the data.
        also: what is measured beside the lists.
        recommender: the system.
        decoys: |Y|.
        descent_steps: most steps of Algorithm 2.
        posterior_sweeps: sweeps of the Gibbs sampler.
        seed: of trainings, simulated users and decoys.
        cache: models, made when first needed.
    """

    world: World
    also: str | None
    recommender: Recommender
    decoys: int
    descent_steps: int
    posterior_sweeps: int
    seed: int
    cache: dict[Any, Any] = field(default_factory=dict)

    def play(self, trial: Trial) -> Found:
        """One trial from the item profile to the sensitive user list."""
        sensitive = self.world.sensitive[[trial.item - 1]]
        training = self._training(trial.case, int(sensitive[0]))
        decoys = draw_decoys(
            training.shape[1], self._barred(trial.case, training), self.decoys, self.seed
        )
        system = replace(self.recommender, factors=trial.factors or self.recommender.factors)
        attacker = Attacker(
            share=trial.alpha,
            most_rated=max(round(training.mean_items()), 1 + self.decoys),
            camouflage=trial.mu,
            choice=trial.choice,
            steps=self.descent_steps if trial.steps is None else trial.steps,
            first_move=1.0 if trial.steps is None else SHORT_STEP,
        )
        items = self._item_profile(training, system, trial)
        began = time.perf_counter()
        optimised = trial.beta != 0.0
        poison = craft(
            training, items, sensitive, decoys, system, attacker, self.seed, optimised=optimised
        )
        if trial.epsilon is None:
            model, lists = poisoned_lists(training, poison.ratings, system, self.seed)
        else:
            model, lists = self._private(training, trial.epsilon, poison.ratings, system)
        found = {
            "seconds": time.perf_counter() - began,
            "malicious": len(poison.ratings),
            "utility": [poison.utility[0], poison.utility[-1]] if poison.utility else None,
        }
        found |= self._counts(training, decoys_recommended(lists, decoys), sensitive)
        if self.also == DETECTION:
            flagged = self._detector.flagged(poison.ratings) if len(poison.ratings) else []
            found["detected"] = int(np.sum(flagged))
        if self.also == QUALITY or not trial.alpha:
            length = self.recommender.length
            found["quality"] = asdict(measure_quality(model, training, self.world.testing, length))
        return found

    def _training(self, case: str | None, item: int) -> Ratings:
        """M, or M with the ratings of one item handed to users drawn at random."""
        training = self.world.training
        if case not in (SHUFFLED, HIGHEST_SHUFFLED):
            return training
        columns = training.matrix.tocsc()
        given = columns[:, [item]].toarray()[:, 0]
        if case == HIGHEST_SHUFFLED:
            given = np.where(given >= training.scale.highest, given, 0.0)
        given = generator(self.seed, "other raters").permutation(given)[:, None]
        parts = [columns[:, :item], sparse.csc_matrix(given), columns[:, item + 1 :]]
        return replace(training, matrix=sparse.hstack(parts, format="csr"))

    def _barred(self, case: str | None, training: Ratings) -> np.ndarray:
        """Items that are no decoys."""
        if case != FEW_RATED:
            return self.world.barred
        raters = np.diff(training.matrix.tocsc().indptr)
        return np.union1d(self.world.barred, np.flatnonzero(raters > np.quantile(raters, 0.2)))

    def _counts(self, training: Ratings, counts: np.ndarray, sensitive: np.ndarray) -> Found:
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
        raters = trial.case if training is not self.world.training else None
        key = (system.factors, trial.beta, raters)
        if key not in self.cache:
            if trial.beta is not None:
                m = training.shape[0]
                order = generator(self.seed, "known users").permutation(m)
                training = training.of_users(np.sort(order[: round(trial.beta * m)]))
            self.cache[key] = (
                system.train(training, self.seed).items
                if training.shape[0]
                else np.zeros((training.shape[1], system.factors))
            )
        return self.cache[key]

    def _private(
        self, training: Ratings, epsilon: float, poison: np.ndarray, system: Recommender
    ) -> tuple[Model, np.ndarray]:
        """Lists from a posterior sample of the poisoned factorisation (section 4.5)."""
        joint = training.with_users(poison)
        if "least squares" not in self.cache:
            self.cache["least squares"] = system.train(joint, self.seed)
        sample = sample_posterior(
            joint,
            self.cache["least squares"],
            regularisation=system.regularisation,
            inverse_temperature=inverse_temperature(training, epsilon),
            sweeps=self.posterior_sweeps,
            seed=self.seed,
        )
        model = Model(sample.users[: training.shape[0]], sample.items)
        return model, top_items(model, training, system.length)

    @cached_property
    def _detector(self) -> Detector:
        return Detector(self.world.training, self.recommender.factors, self.seed)
