"""How one target of notebook 04 is attacked, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.attacks.cross_fit import cross_fit
from recmia.attacks.score_mlp import ScoreMLP
from recmia.cohorts import load_cohorts
from recmia.evaluation.controls import blind_scores, permuted_membership
from recmia.evaluation.coverage import all_trained_on
from recmia.evaluation.folds import group_folds, link_groups
from recmia.papers.proposal.names import (
    BLIND,
    COVERAGE,
    HELDOUT,
    LAST_STEP,
    LOSS,
    MLP,
    NEAR_MISS,
    NONE,
    OTHER_MODEL,
    RANDOM,
    REAL_SESSIONS,
    REPLACED,
    SHADOW,
    TARGET,
    seed_word,
)
from recmia.papers.proposal.subsets import subsets_of
from recmia.recommenders.epochs import load_record
from recmia.recommenders.scoring import (
    last_step_features,
    output_input_correlation,
    score_features,
)
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.registry import accepted
from recmia.seeds import child_seed
from recmia.sessions import Sessions, concatenate
from recmia.storage import write_arrays


class Comparison(NamedTuple):
    """Members and non-members; cohorts by their names in `CohortSet.named`, without the side."""

    nonmembers: str
    member_cohort: str
    nonmember_cohort: str


def comparisons(reading: str) -> list[Comparison]:
    """Who is held against whom under a reading of the proposal, or among real sessions alone."""
    replaced = Comparison(REPLACED, "near_misses", "heldout_near_misses")
    heldout = Comparison(HELDOUT, "members", "heldout")
    if reading == REAL_SESSIONS:
        return [heldout]
    if reading == "augmented_trained":
        return [heldout, replaced]
    return [heldout, Comparison(NEAR_MISS, "members", "near_misses"), replaced]


@dataclass(frozen=True)
class Case:
    """One attack on one comparison.

    Attributes:
        attack: its name.
        nonmembers: whom members are held against.
        labels: where the attack's labels come from; None where the scores are another model's.
        epoch: of the target; None where no model is seen.
        variant: what is done otherwise.
    """

    attack: str
    nonmembers: str
    labels: str | None
    epoch: int | None
    variant: str | None = None

    @property
    def name(self) -> str:
        """Of its arrays in the kept file."""
        return ", ".join(str(value) for value in vars(self).values())

    @property
    def is_control(self) -> bool:
        """Whether what it finds is no membership: no model is seen, or nothing is there to find."""
        return self.labels in (NONE, RANDOM) or self.variant == OTHER_MODEL

    @property
    def units(self) -> str:
        """Name of its units' arrays: randomly labelled ones are units of their own."""
        return f"{self.nonmembers} at random" if self.labels == RANDOM else self.nonmembers


def cases(reading: str, recorded: Sequence[int], others: Sequence[str] = (LOSS,)) -> list[Case]:
    """Every attack under a reading of the proposal: curves, then what is done at the end only.

    Args:
        reading: of the proposal.
        recorded: epochs.
        others: attacks that learn from the shadow beside the MLP.
    """
    found, last = [], recorded[-1]
    for epoch in recorded:
        for comparison in comparisons(reading):
            name = comparison.nonmembers
            if epoch == last or name != REPLACED:
                found += [Case(MLP, name, TARGET, epoch), Case(MLP, name, SHADOW, epoch)]
                found += [Case(other, name, SHADOW, epoch) for other in others]
    for comparison in comparisons(reading):
        name = comparison.nonmembers
        found += [Case(LAST_STEP, name, TARGET, last), Case(MLP, name, RANDOM, last)]
        found += [Case(MLP, name, None, last, OTHER_MODEL)]
        found += [Case(BLIND, name, NONE, None), Case(COVERAGE, name, NONE, None)]
    return found


def keep_scores(
    path: Path,
    cohorts: Path,
    target: Path,
    shadow: Path,
    *,
    reading: str,
    recorded: Sequence[int],
    mlp: dict[str, Any],
    others: dict[str, type[Attack]],
    folds: int,
    vocabulary_size: int,
    names: Sequence[str | int],
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Attack a target at every recorded epoch, then the controls; see `cases`.

    Args:
        path: an ``.npz`` for `recmia.experiments.measuring.Place`: scores and threshold of each
            case; membership, row_ids and subsets of each kind of units.
        cohorts: of the seed.
        target: folder of the model under attack.
        shadow: folder of the adversary's own.
        reading: of the proposal.
        recorded: epochs.
        mlp: settings of the MLP.
        others: attacks on scores that learn from the shadow as well, by their names in results.
        folds: of cross-fitting.
        vocabulary_size: V.
        names: what seeds are made from, the root seed first.
        device: torch device.
        progress: called with 1 after each epoch.
    """
    drawn = load_cohorts(cohorts)
    world = World(
        drawn.named(),
        drawn.trained_on("target", reading),
        {"target": target, "shadow": shadow},
        reading=reading,
        mlp=mlp,
        others=others,
        folds=folds,
        vocabulary_size=vocabulary_size,
        names=names,
        device=device,
    )
    world.keep_all(path, recorded, progress)


def keep_features(
    path: Path, cohorts: Path, target: Path, *, reading: str, epoch: int, device: str
) -> None:
    """What t-SNE pictures of one epoch show: score features and output-input correlations.

    Writes float32 ``<cohort>|features`` and ``<cohort>|correlation`` of the target's cohorts.
    """
    named = load_cohorts(cohorts).named()
    model = SessionTransformer.trained(load_record(target), epoch, device)
    arrays = {}
    compared = [c for c in comparisons(reading) if c.nonmembers != REPLACED]
    for kind in dict.fromkeys(k for c in compared for k in c[1:]):
        sessions = named[f"target_{kind}"]
        scores = model.score(sessions)
        arrays[f"{kind}|features"] = score_features(scores, sessions.lengths)[0]
        arrays[f"{kind}|correlation"] = output_input_correlation(scores, sessions.lengths)
    write_arrays(path, **arrays)


class World:
    """One target with its cohorts and its shadow; the attacks on it fill ``arrays``.

    Args:
        cohorts: by the names of `CohortSet.named`.
        trained: what the target learned from.
        models: "target" and "shadow" to their folders.
        reading: see `comparisons`; all others as of `keep_scores`.
    """

    def __init__(
        self,
        cohorts: dict[str, Sessions],
        trained: Sessions,
        models: dict[str, Path],
        *,
        reading: str,
        mlp: dict[str, Any],
        others: dict[str, type[Attack]],
        folds: int,
        vocabulary_size: int,
        names: Sequence[str | int],
        device: str,
    ) -> None:
        self.cohorts, self.trained = cohorts, trained
        self.records = {side: load_record(folder) for side, folder in models.items()}
        self.comparisons, self.vocabulary_size = comparisons(reading), vocabulary_size
        self.mlp, self.others, self.n_folds = mlp, others, folds
        self.names, self.device = names, device
        self.arrays: dict[str, np.ndarray] = {}
        self.folds: dict[str, np.ndarray] = {}
        for comparison in self.comparisons:
            self._describe(comparison)

    def _describe(self, comparison: Comparison) -> None:
        members, others = self._sessions("target", comparison)
        both, name = concatenate(members, others), comparison.nonmembers
        groups = link_groups(both.hashes(), both.row_ids)
        kept = {"membership": np.arange(len(both)) < len(members), "row_ids": groups}
        kept |= subsets_of(members, others, self.trained, name, self.vocabulary_size)
        self.arrays |= {f"{name}|{what}": values for what, values in kept.items()}
        self.folds[name] = group_folds(groups, self.n_folds, self._child("folds", seed_word(name)))

    def _sessions(self, side: str, comparison: Comparison) -> tuple[Sessions, Sessions]:
        return tuple(self.cohorts[f"{side}_{kind}"] for kind in comparison[1:])

    def _child(self, *names: str | int) -> int:
        return child_seed(*self.names, *names)

    def _mlp(self, *names: str | int) -> Attack:
        return ScoreMLP(**self.mlp, seed=self._child(*names))

    def _features(
        self, of_side: str, by_side: str, epoch: int, compared: list[Comparison]
    ) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Features of one side's cohorts from a side's model: of all positions, the last step."""
        model = SessionTransformer.trained(self.records[by_side], epoch, self.device)
        found = {}
        for kind in dict.fromkeys(kind for c in compared for kind in c[1:]):
            sessions = self.cohorts[f"{of_side}_{kind}"]
            scores = model.score(sessions)
            made = (make(scores, sessions.lengths) for make in (score_features, last_step_features))
            found[kind] = tuple(features for features, _ in made)
        return found

    def _observed(
        self, side: str, comparison: Comparison, features: dict, which: int = 0
    ) -> tuple[Observations, np.ndarray]:
        members, others = self._sessions(side, comparison)
        both = concatenate(members, others)
        stacked = np.concatenate([features[kind][which] for kind in comparison[1:]])
        observed = Observations(both.row_ids, both.clicks, both.lengths, score_features=stacked)
        return observed, np.arange(len(both)) < len(members)

    def _keep(self, case: Case, scores: np.ndarray, threshold: float) -> None:
        self.arrays[f"{case.name}|scores"] = scores
        self.arrays[f"{case.name}|threshold"] = np.float64(threshold)

    def _cross_fitted(
        self, case: Case, seen: Observations, labels: np.ndarray, *names: str | int
    ) -> None:
        folds = self.folds[case.nonmembers]
        self._keep(case, *cross_fit(lambda fold: self._mlp(*names, fold), seen, labels, folds))

    def keep_all(
        self, path: Path, epochs: Sequence[int], progress: Callable[[float], None]
    ) -> None:
        """Attack at some epochs, with the controls at the last, and write ``arrays``."""
        for epoch in epochs:
            self.attack_epoch(epoch, last=epoch == epochs[-1])
            progress(1)
        self.attack_blindly()
        write_arrays(path, **self.arrays)

    def attack_epoch(self, epoch: int, last: bool) -> None:
        """Attack by labels of the target and of the shadow; the controls on the last epoch."""
        compared = [c for c in self.comparisons if last or c.nonmembers != REPLACED]
        target = self._features("target", "target", epoch, compared)
        shadow = self._features("shadow", "shadow", epoch, compared)
        for comparison in compared:
            name = comparison.nonmembers
            word = seed_word(name)
            for which, attack in enumerate((MLP, LAST_STEP) if last else (MLP,)):
                seen, membership = self._observed("target", comparison, target, which)
                case = Case(attack, name, TARGET, epoch)
                self._cross_fitted(case, seen, membership, attack, word, epoch)
            seen, _ = self._observed("target", comparison, target)
            known, labels = self._observed("shadow", comparison, shadow)
            fresh = {MLP: self._mlp("shadow", word, epoch)}
            for attack, kind in self.others.items():
                seed = self._child("shadow", attack, word, epoch)
                fresh[attack] = kind(**accepted(kind, seed=seed, device=self.device))
            for attack, made in fresh.items():
                made.fit(known, labels)
                self._keep(Case(attack, name, SHADOW, epoch), made.score(seen), made.threshold)
        if last:
            self._controls(epoch, target)

    def _controls(self, epoch: int, target: dict) -> None:
        other = self._features("target", "shadow", epoch, self.comparisons)
        for comparison in self.comparisons:
            name = comparison.nonmembers
            word = seed_word(name)
            seen, membership = self._observed("target", comparison, other)
            case = Case(MLP, name, None, epoch, OTHER_MODEL)
            self._cross_fitted(case, seen, membership, "other model", word)
            seen, _ = self._observed("target", comparison, target)
            groups = self.arrays[f"{name}|row_ids"]
            labels = permuted_membership(membership, groups, self._child("permuted", word))
            # Fitted to and judged by the random labels: nothing but chance can be found.
            case = Case(MLP, name, RANDOM, epoch)
            self.arrays |= {f"{case.units}|membership": labels, f"{case.units}|row_ids": groups}
            self._cross_fitted(case, seen, labels, "random labels", word)

    def attack_blindly(self) -> None:
        """What can be told without any model: from sessions, and from the items of members."""
        for comparison in self.comparisons:
            name = comparison.nonmembers
            scores, _ = blind_scores(
                *self._sessions("target", comparison),
                self.cohorts["reference"],
                self.arrays[f"{name}|row_ids"],
                n_items=self.vocabulary_size,
                folds=self.n_folds,
                seed=self._child("blind", seed_word(name)),
            )
            self._keep(Case(BLIND, name, NONE, None), scores, 0.5)
            both = concatenate(*self._sessions("target", comparison))
            known = all_trained_on(both, self.trained).astype(np.float64)
            self._keep(Case(COVERAGE, name, NONE, None), known, 0.5)
