"""Notebook 04: the attack on score features, epoch by epoch, with its controls.

Each (reading, seed) is one job that saves its scores; measuring them is a second, cheap pass, so
that a change of interval or table attacks nothing anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recmia import networks
from recmia.attacks import cross_fit as cross_fitting
from recmia.attacks import loss_threshold, score_mlp
from recmia.attacks.base import Attack, Observations
from recmia.attacks.cross_fit import cross_fit
from recmia.attacks.loss_threshold import LossThreshold
from recmia.attacks.score_mlp import ScoreMLP
from recmia.cohorts import CohortSet
from recmia.evaluation import controls, folds, neighbours
from recmia.evaluation.controls import blind_scores, permuted_membership
from recmia.evaluation.folds import group_folds, link_groups
from recmia.evaluation.intervals import ScoredUnits
from recmia.evaluation.neighbours import neighbour_kinds
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.papers.proposal.augmenting import read_cohorts
from recmia.papers.proposal.training import model_folder, study_vocabulary
from recmia.recommenders import scoring
from recmia.recommenders.scoring import (
    last_step_features,
    output_input_correlation,
    position_scores,
    score_features,
)
from recmia.recommenders.training import load_record
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

STEP = "04_attack"
# Modules whose change makes saved scores stale, beside this one.
DECISIVE = (
    scoring, score_mlp, loss_threshold, networks, controls, cross_fitting, folds, neighbours,
)  # fmt: skip

MLP = "MLP on scores"
LAST_STEP = "MLP on the last step's scores"
LOSS = "loss threshold"
BLIND = "blind baseline"

TARGET_LABELS = "target labels"
SHADOW_LABELS = "shadow labels"
NO_MODEL = "no model"
OTHER_MODEL = "scores of a model that saw neither cohort"
RANDOM_LABELS = "random cohort labels"

HELDOUT = "held-out"
NEAR_MISS = "near-miss"
REPLACED = "replaced members against replaced held-out"

ALL = "all sessions"
UNIQUE = "unique sessions"
NO_NEIGHBOURS = "without neighbours"


@dataclass(frozen=True)
class Claim:
    """What was attacked, how, and against whom."""

    setting: str
    attack: str
    condition: str
    epoch: int

    def key(self) -> str:
        """Name of its arrays in the saved file."""
        return "|".join((self.setting, self.attack, self.condition, str(self.epoch)))

    @classmethod
    def parse(cls, key: str) -> Claim:
        """Inverse of :meth:`key`."""
        setting, attack, condition, epoch = key.split("|")
        return cls(setting, attack, condition, int(epoch))


@dataclass
class SeedScores:
    """Scores of one (reading, seed).

    Attributes:
        membership: condition to bool [n].
        groups: condition to int64 [n]: identical sessions, and a near-miss with its original.
        subsets: condition to subset name to bool [n].
        scores: claim to float64 [n].
        thresholds: claim to the threshold fixed on the fitting side.
    """

    membership: dict[str, np.ndarray] = field(default_factory=dict)
    groups: dict[str, np.ndarray] = field(default_factory=dict)
    subsets: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    scores: dict[Claim, np.ndarray] = field(default_factory=dict)
    thresholds: dict[Claim, float] = field(default_factory=dict)

    def units(self, claim: Claim, subset: str = ALL) -> ScoredUnits:
        """The scored units of a claim, for the intervals."""
        rows = self.subsets[claim.condition][subset]
        return ScoredUnits(
            self.scores[claim][rows],
            self.membership[claim.condition][rows],
            self.groups[claim.condition][rows],
            self.thresholds[claim],
        )

    def save(self, path: Path) -> None:
        """Write everything into one ``.npz``, atomically."""
        arrays = {}
        for condition, membership in self.membership.items():
            arrays[f"membership|{condition}"] = membership
            arrays[f"groups|{condition}"] = self.groups[condition]
            for subset, rows in self.subsets[condition].items():
                arrays[f"subset|{condition}|{subset}"] = rows
        for claim, scores in self.scores.items():
            arrays[f"scores|{claim.key()}"] = scores
            arrays[f"threshold|{claim.key()}"] = np.float64(self.thresholds[claim])
        write_arrays(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> SeedScores:
        """Read what :meth:`save` wrote."""
        result = cls()
        for name, array in read_arrays(path).items():
            kind, key = name.split("|", 1)
            if kind == "membership":
                result.membership[key] = array
            elif kind == "groups":
                result.groups[key] = array
            elif kind == "subset":
                condition, subset = key.split("|")
                result.subsets.setdefault(condition, {})[subset] = array
            elif kind == "scores":
                result.scores[Claim.parse(key)] = array
            else:
                result.thresholds[Claim.parse(key)] = float(array)
        return result


@dataclass(frozen=True)
class Comparison:
    """Members and non-members of one condition, on one side."""

    condition: str
    member_cohort: str
    nonmember_cohort: str


def comparisons(reading: str) -> list[Comparison]:
    """Conditions of a reading of the proposal; names are those of :meth:`CohortSet.named`."""
    replaced = Comparison(REPLACED, "near_misses", "heldout_near_misses")
    heldout = Comparison(HELDOUT, "members", "heldout")
    if reading == "augmented_trained":
        return [heldout, replaced]
    return [heldout, Comparison(NEAR_MISS, "members", "near_misses"), replaced]


def attack_all(study: Study) -> dict[tuple[str, int], Path]:
    """Attack every (reading, seed), several side by side; unchanged ones are kept.

    Returns:
        (reading, seed) to the saved scores.
    """
    jobs = [(study, reading, seed) for seed in study.seeds() for reading in study.settings.readings]
    epochs = len(study.settings.target.recorded_epochs)
    paths = run_jobs(
        attack_one, jobs, workers=study.workers, total=epochs * len(jobs), label="attacks"
    )
    return {(reading, seed): path for (_, reading, seed), path in zip(jobs, paths, strict=True)}


def scores_path(study: Study, reading: str, seed: int) -> Path:
    """Where the scores of a (reading, seed) are kept."""
    return study.folder(STEP) / reading / f"seed{seed}.npz"


def features_path(study: Study, reading: str, epoch: int) -> Path:
    """Where the first seed's features of an epoch are kept, for the figures."""
    return study.folder(STEP) / reading / f"features_epoch{epoch}.npz"


def attack_one(job: tuple[Study, str, int], progress: Callable[[float], None]) -> Path:
    """Attack the target of one (reading, seed) at every recorded epoch, unless it is done."""
    study, reading, seed = job
    path = scores_path(study, reading, seed)
    cohorts = read_cohorts(study, seed)
    identity = content_hash(
        [cohort.content_hash() for cohort in cohorts.named().values()],
        [
            read_json(model_folder(study, reading, seed, side) / "identity.json")
            for side in ("target", "shadow")
        ],
        study.settings.fingerprint("root_seed", "attack", "target"),
        source_hash(sys.modules[__name__], *DECISIVE),
    )
    stamp = path.with_suffix(".json")
    if path.exists() and stamp.exists() and read_json(stamp) == identity:
        progress(len(study.settings.target.recorded_epochs))
        return path
    stamp.unlink(missing_ok=True)
    _AttackRun(study, reading, seed, cohorts).result(progress).save(path)
    write_json(stamp, identity)
    return path


class _AttackRun:
    """The attacks of one (reading, seed)."""

    def __init__(self, study: Study, reading: str, seed: int, cohorts: CohortSet) -> None:
        self.study, self.reading, self.seed = study, reading, seed
        self.cohorts = cohorts.named()
        self.comparisons = comparisons(reading)
        self.scores = SeedScores()
        self.folds: dict[str, np.ndarray] = {}
        for comparison in self.comparisons:
            self._describe(comparison)

    def result(self, progress: Callable[[float], None]) -> SeedScores:
        """Attack every recorded epoch, then the controls on the last."""
        epochs = self.study.settings.target.recorded_epochs
        for epoch in epochs:
            compared = [
                c for c in self.comparisons if epoch == epochs[-1] or c.condition != REPLACED
            ]
            target = self._features("target", epoch, compared)
            shadow = self._features("shadow", epoch, compared)
            self._attack_epoch(epoch, compared, target, shadow)
            self._keep_for_figures(epoch, target)
            if epoch == epochs[-1]:
                self._controls(epoch, target)
            progress(1)
        self._blind()
        return self.scores

    def _sessions(self, side: str, comparison: Comparison) -> tuple[Sessions, Sessions]:
        return (
            self.cohorts[f"{side}_{comparison.member_cohort}"],
            self.cohorts[f"{side}_{comparison.nonmember_cohort}"],
        )

    def _describe(self, comparison: Comparison) -> None:
        members, others = self._sessions("target", comparison)
        both = concatenate(members, others)
        membership = np.arange(len(both)) < len(members)
        hashes = both.hashes()
        groups = link_groups(hashes, both.row_ids)
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        subsets = {ALL: np.ones(len(both), dtype=bool), UNIQUE: counts[inverse] == 1}
        if comparison.condition == HELDOUT:
            # A neighbour across the line, seen from either side; near-misses all have one.
            across = [neighbour_kinds(members, others), neighbour_kinds(others, members)]
            subsets[NO_NEIGHBOURS] = np.concatenate([~(k.prefix | k.one_edit) for k in across])
        condition = comparison.condition
        self.scores.membership[condition] = membership
        self.scores.groups[condition] = groups
        self.scores.subsets[condition] = subsets
        self.folds[condition] = group_folds(
            groups, self.study.settings.attack.folds, self._child("folds", condition)
        )

    def _child(self, *names: str | int) -> int:
        return child_seed(self.study.settings.root_seed, STEP, self.reading, self.seed, *names)

    def _features(
        self, side: str, epoch: int, compared: list[Comparison], of_side: str | None = None
    ) -> dict[str, tuple]:
        """Score features (all positions, last step) of the compared cohorts of ``of_side``."""
        model = load_record(model_folder(self.study, self.reading, self.seed, side)).load(epoch)
        kinds = dict.fromkeys(k for c in compared for k in (c.member_cohort, c.nonmember_cohort))
        features = {}
        for kind in kinds:
            name = f"{of_side or side}_{kind}"
            sessions = self.cohorts[name]
            scores = position_scores(model, sessions, device=self.study.device)
            features[name] = (
                score_features(scores, sessions.lengths)[0],
                last_step_features(scores, sessions.lengths)[0],
                output_input_correlation(scores, sessions.lengths),
            )
        return features

    def _observations(self, side: str, comparison: Comparison, features: dict, which: int):
        members, others = self._sessions(side, comparison)
        both = concatenate(members, others)
        stacked = np.concatenate(
            [
                features[f"{side}_{comparison.member_cohort}"][which],
                features[f"{side}_{comparison.nonmember_cohort}"][which],
            ]
        )
        membership = np.arange(len(both)) < len(members)
        return Observations(
            row_ids=both.row_ids,
            histories=both.clicks,
            lengths=both.lengths,
            lists=None,
            score_features=stacked,
        ), membership

    def _mlp(self, *names: str | int) -> Attack:
        attack = self.study.settings.attack
        return ScoreMLP(
            hidden=attack.hidden,
            epochs=attack.epochs,
            batch_size=attack.batch_size,
            learning_rate=attack.learning_rate,
            weight_decay=attack.weight_decay,
            seed=self._child(*names),
        )

    def _keep(self, claim: Claim, scores: np.ndarray, threshold: float) -> None:
        self.scores.scores[claim] = scores
        self.scores.thresholds[claim] = threshold

    def _attack_epoch(
        self, epoch: int, compared: list[Comparison], target: dict, shadow: dict
    ) -> None:
        last = epoch == self.study.settings.target.epochs
        for comparison in compared:
            condition = comparison.condition
            for which, attack in ((0, MLP), (1, LAST_STEP)) if last else ((0, MLP),):
                seen, membership = self._observations("target", comparison, target, which)
                self._keep(
                    Claim(TARGET_LABELS, attack, condition, epoch),
                    *cross_fit(
                        lambda fold, a=attack, c=condition: self._mlp(a, c, epoch, fold),
                        seen,
                        membership,
                        self.folds[condition],
                    ),
                )
            seen, _ = self._observations("target", comparison, target, 0)
            trained_on, labels = self._observations("shadow", comparison, shadow, 0)
            for attack_name, attack in (
                (MLP, self._mlp("shadow", condition, epoch)),
                (LOSS, LossThreshold(seed=0)),
            ):
                attack.fit(trained_on, labels)
                self._keep(
                    Claim(SHADOW_LABELS, attack_name, condition, epoch),
                    attack.score(seen),
                    attack.threshold,
                )

    def _controls(self, epoch: int, target: dict) -> None:
        other = self._features("shadow", epoch, self.comparisons, of_side="target")
        for comparison in self.comparisons:
            condition = comparison.condition
            groups, folds = self.scores.groups[condition], self.folds[condition]
            seen, membership = self._observations("target", comparison, other, 0)
            scores, threshold = cross_fit(
                lambda fold, c=condition: self._mlp("other model", c, fold), seen, membership, folds
            )
            self._keep(Claim(OTHER_MODEL, MLP, condition, epoch), scores, threshold)
            seen, _ = self._observations("target", comparison, target, 0)
            labels = permuted_membership(membership, groups, self._child("permuted", condition))
            scores, threshold = cross_fit(
                lambda fold, c=condition: self._mlp("random labels", c, fold), seen, labels, folds
            )
            # Fitted to and judged by the random labels: nothing but chance can be found.
            random = f"{condition}, {RANDOM_LABELS}"
            self.scores.membership[random] = labels
            self.scores.groups[random] = groups
            self.scores.subsets[random] = {ALL: np.ones(len(labels), dtype=bool)}
            self._keep(Claim(RANDOM_LABELS, MLP, random, epoch), scores, threshold)

    def _blind(self) -> None:
        for comparison in self.comparisons:
            condition = comparison.condition
            scores, _ = blind_scores(
                *self._sessions("target", comparison),
                self.cohorts["reference"],
                self.scores.groups[condition],
                n_items=study_vocabulary(self.study),
                folds=self.study.settings.attack.folds,
                seed=self._child("blind", condition),
            )
            self._keep(Claim(NO_MODEL, BLIND, condition, 0), scores, 0.5)

    def _keep_for_figures(self, epoch: int, target: dict) -> None:
        """What the first seed's t-SNE pictures show (figures 1, 2 and 4), at every epoch."""
        if self.seed != 0:
            return
        arrays = {}
        for name, (features, _, correlation) in target.items():
            arrays[f"{name}|features"] = features
            arrays[f"{name}|correlation"] = correlation
        write_arrays(features_path(self.study, self.reading, epoch), **arrays)
