"""Plays trials: one attack each, from the item profile to the sensitive user list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recmia.inversion.attack import (
    Attacker,
    Recommender,
    craft_along,
    draw_decoys,
    poisoned_lists,
)
from recmia.inversion.detector import Detector
from recmia.inversion.exposure import decoys_recommended
from recmia.inversion.factorisation import Model
from recmia.inversion.poisoning import Poison, simulated_users
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
HIGHEST_ONLY = "raters of the item: highest only"
HIGHEST_SHUFFLED = "raters of the item: highest only, shuffled"
# Whom the adversary simulates: k users drawn at random (section 3.6), as many as there are (section
# 3.5.2), or, to see what the draw costs, the very users.
MANY_SIMULATED = "as many simulated users as there are"
KNOWN_USERS = "user profile known"
# What can be measured of a trial beside its lists.
DETECTION, QUALITY = "detection", "quality"
# A step along the path of a descent moves the steepest rating by this share of Λ at first.
SHORT_STEP = 0.05
# How the detector learns: as described, or with a PCA that sees the malicious users too.
DESCRIBED, SEES_ALL = "", "PCA of honest and malicious users"


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
        case: what is changed to find a reason: decoys from the least rated fifth of the items, the
            raters of the sensitive item, or whom the adversary simulates (see above).
        move: first step of the descent, as a share of Λ.
        steps: most steps of the descent; None for the profile's.
    """

    choice: str
    alpha: float
    mu: float = 0.0
    beta: float | None = None
    item: int = 1
    epsilon: float | None = None
    factors: int | None = None
    case: str | None = None
    move: float = 1.0
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
    chosen = [trial for trial in trials if trial.item <= len(known.sensitive)]
    played = Scene(known, tuple(chosen), also, **scene)
    write_json(path, [{"trial": asdict(trial)} | played.play(trial) for trial in chosen])


def read_trials(path: Path) -> list[tuple[Trial, Found]]:
    """What `keep_trials` wrote, a trial each."""
    return [(Trial(**found.pop("trial")), found) for found in read_json(path)]


@dataclass(frozen=True)
class Scene:
    """A system before poisoning, and what trials on it share.

    Attributes:
        world: the data.
        trials: all that will be played.
        also: what is measured beside the lists.
        recommender: the system.
        decoys: |Y|.
        descent_steps: most steps of Algorithm 2.
        posterior_sweeps: sweeps of the Gibbs sampler.
        seed: of trainings, simulated users and decoys.
        cache: models, malicious ratings and lists, made when first needed.
    """

    world: World
    trials: tuple[Trial, ...]
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
        poison = self._poison(trial, training, sensitive, decoys)
        model, lists = self._served(trial, training, poison)
        found = {
            "malicious": len(poison.ratings),
            "rated": float(np.mean((poison.ratings > 0).sum(axis=1))) if trial.alpha else 0.0,
            "utility": [poison.utility[0], poison.utility[-1]] if poison.utility else None,
        }
        found |= self._counts(training, decoys_recommended(lists, decoys), sensitive)
        if self.also == DETECTION:
            found["detected"] = self._detected(poison.ratings)
        if self.also == QUALITY or not trial.alpha:
            length = self.recommender.length
            found["quality"] = asdict(measure_quality(model, training, self.world.testing, length))
        return found

    def _system(self, trial: Trial) -> Recommender:
        return replace(self.recommender, factors=trial.factors or self.recommender.factors)

    def _poison(
        self, trial: Trial, training: Ratings, sensitive: np.ndarray, decoys: np.ndarray
    ) -> Poison:
        """M'; trials that differ in their number of steps alone are stops of one descent."""
        descent = replace(trial, steps=None)
        if ("poison", descent) not in self.cache:
            stops = sorted(
                {self._steps(t) for t in {*self.trials, trial} if replace(t, steps=None) == descent}
            )
            system = self._system(trial)
            profile = self._profile(training, system, trial)
            attacker = Attacker(
                share=trial.alpha,
                most_rated=max(round(training.mean_items()), 1 + self.decoys),
                camouflage=trial.mu,
                choice=trial.choice,
                first_move=trial.move,
            )
            users = None
            if trial.case == MANY_SIMULATED:
                users = simulated_users(training.shape[0], system.factors, self.seed)
            elif trial.case == KNOWN_USERS:
                users = profile.users
            items, optimised = profile.items, trial.beta != 0.0
            found = craft_along(
                *(training, items, sensitive, decoys, system, attacker, self.seed),
                stops=stops,
                optimised=optimised,
                users=users,
            )
            self.cache["poison", descent] = dict(zip(stops, found, strict=True))
        return self.cache["poison", descent][self._steps(trial)]

    def _steps(self, trial: Trial) -> int:
        return self.descent_steps if trial.steps is None else trial.steps

    def _served(self, trial: Trial, training: Ratings, poison: Poison) -> tuple[Model, np.ndarray]:
        """The honest users' model and lists; trials with the same malicious ratings share them."""
        raters = trial.case if training is not self.world.training else None
        told = (poison.ratings.shape, poison.ratings.tobytes())
        key = ("served", trial.factors, trial.epsilon, raters, trial.item if raters else 0, told)
        if key not in self.cache:
            system = self._system(trial)
            self.cache[key] = (
                poisoned_lists(training, poison.ratings, system, self.seed)
                if trial.epsilon is None
                else self._private(training, trial.epsilon, poison.ratings, system)
            )
        return self.cache[key]

    def _detected(self, malicious: np.ndarray) -> dict[str, int]:
        """Malicious users that the detector finds, by how it learns."""
        key = ("detected", malicious.shape, malicious.tobytes())
        if key not in self.cache:
            training, factors = self.world.training, self.recommender.factors
            sees_all = Detector(training, factors, self.seed, others=malicious)
            self.cache[key] = {
                name: int(detector.flagged(malicious).sum())
                for name, detector in ((DESCRIBED, self._detector), (SEES_ALL, sees_all))
            }
        return self.cache[key]

    def _training(self, case: str | None, item: int) -> Ratings:
        """M, or M with fewer ratings of one item, or with these handed to users drawn at random."""
        training = self.world.training
        if case not in (HIGHEST_ONLY, SHUFFLED, HIGHEST_SHUFFLED):
            return training
        columns = training.matrix.tocsc()
        given = columns[:, [item]].toarray()[:, 0]
        if case != SHUFFLED:
            given = np.where(given >= training.scale.highest, given, 0.0)
        if case != HIGHEST_ONLY:
            given = generator(self.seed, "other raters").permutation(given)
        parts = [columns[:, :item], sparse.csc_matrix(given[:, None]), columns[:, item + 1 :]]
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

    def _profile(self, training: Ratings, system: Recommender, trial: Trial) -> Model:
        """What the adversary knows: V, or makes of the ratings of some users (section 4.4)."""
        raters = trial.case if training is not self.world.training else None
        key = ("profile", system.factors, trial.beta, raters, trial.item if raters else 0)
        if key not in self.cache:
            if trial.beta is not None:
                m = training.shape[0]
                order = generator(self.seed, "known users").permutation(m)
                training = training.of_users(np.sort(order[: round(trial.beta * m)]))
            k, n = system.factors, training.shape[1]
            self.cache[key] = (
                system.train(training, self.seed)
                if training.shape[0]
                else Model(np.zeros((0, k)), np.zeros((n, k)))
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
