"""Attacks on one target that learn from several shadows, like it or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.attacks.score_mlp import ScoreMLP
from recmia.evaluation.folds import group_folds, link_groups
from recmia.evaluation.metrics import allowed_false_positives, fpr_is_measurable
from recmia.papers.proposal.names import HELDOUT, MLP, REAL_SESSIONS, SHADOW, TARGET
from recmia.papers.proposal.scoring import Case, Comparison, World
from recmia.registry import accepted
from recmia.sessions import END, Sessions, concatenate
from recmia.storage import read_arrays

# False positive rates that a threshold is fixed for where membership is known.
ASKED = (0.1, 0.01)
# Measures in nats of a choice among all candidates: what a blind guess has is their logarithm.
OF_THE_CATALOGUE = ("log_probability", "log_rank", "entropy", "max_log_probability")


class Lesson(NamedTuple):
    """What an attack learns from: a shadow at one epoch of its training."""

    shadow: str
    epoch: int


def case_of(attack: str, epoch: int, lesson: Lesson) -> Case:
    """An attack on the target at an epoch that learned from a shadow."""
    return Case(attack, HELDOUT, SHADOW, epoch, f"{lesson.shadow} at {lesson.epoch}")


def own_case(attack: str, epoch: int, lesson: Lesson) -> Case:
    """The same on the shadow's own sessions, by cross-fitting: what the adversary expects."""
    return Case(attack, HELDOUT, SHADOW, epoch, f"{lesson.shadow} at {lesson.epoch}, itself")


def own_units(lesson: Lesson) -> str:
    """Name of the shadow's own sessions among the kept arrays."""
    return f"{lesson.shadow}, itself"


def aligned(features: np.ndarray, names: Sequence[str], of: int, to: int) -> np.ndarray:
    """Score features of a model as if it had chosen from a catalogue of another size.

    A session's summaries do not depend on the width it is padded to, and both logs are cut to the
    same longest session; so the columns are the same in number and meaning. Their scale is not: a
    blind guess among C candidates has a log-probability of -log C, an entropy of log C, and ranks
    up to log C. These measures (`OF_THE_CATALOGUE`) are given in units of that of the other
    catalogue, that is multiplied by log C' / log C. Every summary is proportional to its measure,
    so that this may be done after it. Margin and z-score compare logits and are left.

    Args:
        features: float32 [n, F], of `recmia.recommenders.scoring.score_features`.
        names: of the features.
        of: vocabulary size V of the model; the candidates are its items and the end token.
        to: V of the other catalogue; where it is the same, nothing is changed.

    Returns:
        float32 [n, F].
    """
    if of == to:
        return features
    factor = log(to - END) / log(of - END)
    beginnings = tuple(f"{measure}_" for measure in OF_THE_CATALOGUE)
    scaled = [name.startswith(beginnings) for name in names]
    return np.where(scaled, features * np.float32(factor), features)


class Transfers(World):
    """One target and its shadows, all of them scored before; ``arrays`` as in `World`.

    Args:
        cohorts: ``<side>_members`` and ``<side>_heldout`` of the target and of each shadow, and
            the reference population.
        observed: side to what its model's scores say of them.
        lessons: epoch of the target to what its attacks learn from.
        vocabularies: side to V.
        same: all others as of `World`.
    """

    def __init__(
        self,
        cohorts: dict[str, Sessions],
        observed: Mapping[str, Path],
        lessons: Mapping[int, Sequence[Lesson]],
        vocabularies: Mapping[str, int],
        **same: Any,
    ) -> None:
        super().__init__(
            cohorts,
            cohorts["target_members"],
            {},
            reading=REAL_SESSIONS,
            vocabulary_size=vocabularies["target"],
            **same,
        )
        self.observed = {side: read_arrays(path) for side, path in observed.items()}
        self.lessons, self.vocabularies = lessons, vocabularies

    def attack_epoch(self, epoch: int, last: bool) -> None:
        """Attack by the target's own labels, then by those of each shadow."""
        (comparison,) = self.comparisons
        seen, membership = self._observed("target", comparison, self._seen("target", epoch))
        case = Case(MLP, comparison.nonmembers, TARGET, epoch)
        self._cross_fitted(case, seen, membership, MLP, comparison.nonmembers, epoch)
        for lesson in dict.fromkeys(self.lessons[epoch]):
            self._learn(comparison, epoch, lesson)

    def _seen(self, side: str, epoch: int) -> dict[str, tuple[np.ndarray]]:
        arrays, sizes = self.observed[side], self.vocabularies
        names = arrays["names"].tolist()
        return {
            cohort: (aligned(arrays[f"{cohort}|{epoch}"], names, sizes[side], sizes["target"]),)
            for cohort in ("members", "heldout")
        }

    def _learn(self, comparison: Comparison, epoch: int, lesson: Lesson) -> None:
        """Attack the target, and the shadow itself, with what a shadow teaches.

        Seeds do not tell shadows apart, so that shadows differ by their scores alone.
        """
        side, name = lesson.shadow, comparison.nonmembers
        seen, _ = self._observed("target", comparison, self._seen("target", epoch))
        known, labels = self._observed(side, comparison, self._seen(side, lesson.epoch))
        both = concatenate(*self._sessions(side, comparison))
        groups, units = link_groups(both.hashes(), both.row_ids), own_units(lesson)
        self.arrays |= {f"{units}|membership": labels, f"{units}|row_ids": groups}
        folds = group_folds(groups, self.n_folds, self._child("folds", units))
        for attack, kind in ({MLP: ScoreMLP} | self.others).items():

            def fresh(*fold: int, attack: str = attack, kind: type[Attack] = kind) -> Attack:
                if attack == MLP:
                    return self._mlp("shadow", name, epoch, *fold)
                seed = self._child("shadow", attack, name, epoch, *fold)
                return kind(**accepted(kind, seed=seed, device=self.device))

            made, case = fresh().fit(known, labels), case_of(attack, epoch, lesson)
            self._keep(case, made.score(seen), made.threshold)
            own, shares = own_scores(fresh, known, labels, folds, seen)
            self._keep(own_case(attack, epoch, lesson), own, made.threshold)
            for rate, share in shares.items():
                self.arrays[f"{accused_name(case, rate)}|scores"] = share
                self.arrays[f"{accused_name(case, rate)}|threshold"] = np.float64(0.5)


def accused_name(case: Case, rate: float) -> str:
    """Of the arrays that say who of the target is accused where a false positive rate is asked."""
    return f"{case.name}, {rate:g} asked for"


def own_scores(
    fresh: Callable[[int], Attack],
    known: Observations,
    labels: np.ndarray,
    folds: np.ndarray,
    seen: Observations,
) -> tuple[np.ndarray, dict[float, np.ndarray]]:
    """Cross-fitting on a shadow: what the attack has there, and whom its thresholds accuse.

    A threshold belongs to the attack whose scores it was fixed on. So each fold's attack has its
    own: the lowest at which no more than the rate asked for of this fold's non-members, from whom
    it did not learn, is accused. With this it judges the target.

    Args:
        fresh: fold number to a fresh attack.
        known: n sessions of the shadow.
        labels: bool [n], its members.
        folds: int64 [n].
        seen: m sessions of the target.

    Returns:
        float64 [n], scores of the shadow's sessions; and for each rate of `ASKED` for which every
        fold has non-members enough, float64 [m]: by what share of the attacks one is accused.
    """
    own, numbers = np.empty(len(labels)), np.unique(folds)
    accused: dict[float, list[np.ndarray]] = {rate: [] for rate in ASKED}
    for fold in map(int, numbers):
        held = folds == fold
        made = fresh(fold).fit(known[~held], labels[~held])
        own[held], of_target = made.score(known[held]), made.score(seen)
        falling = np.sort(own[held & ~labels])[::-1]
        for rate in ASKED:
            if fpr_is_measurable(rate, len(falling)):
                barrier = falling[allowed_false_positives(rate, len(falling))]
                accused[rate].append(of_target > barrier)
    whole = {rate: found for rate, found in accused.items() if len(found) == len(numbers)}
    return own, {rate: np.mean(found, axis=0) for rate, found in whole.items()}
